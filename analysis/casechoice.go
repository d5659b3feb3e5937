package analysis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tarir/casework"
	"tarir/entity"
	"tarir/intake"
	"tarir/journey"
	"tarir/money/ledger"
	"tarir/online"
)

// A case that is opened from one thing takes of the files what belongs to that thing.

// ErrChoice is wrapped by the errors about a choice that the files do not have.
var ErrChoice = errors.New("this is not in what was given")

// choice is what of some files goes into a case: ids by the kind of entry. The zero value is everything.
type choice struct {
	ids     map[casework.EntryKind]map[string]bool
	victims map[string]bool // their accounts: who holds them is not told
}

// choose finds what belongs to network/ID or finding/ID of an analysis (the organisation, its findings, the payments, adverts and journeys that they stand on, and its
// members), or to family/ID or advert/ID (the adverts of one template).
func choose(ctx context.Context, paths []string, what string) (*choice, error) {
	if what == "" {
		return &choice{}, nil
	}
	kind, id, _ := strings.Cut(what, "/")
	if id == "" || !slices.Contains([]string{"network", "finding", "family", "advert"}, kind) {
		return nil, fmt.Errorf("%w: %q: name network/ID, finding/ID, family/ID or advert/ID", ErrChoice, what)
	}
	c := &choice{ids: map[casework.EntryKind]map[string]bool{}, victims: map[string]bool{}}
	if kind == "family" || kind == "advert" {
		return c, c.family(ctx, paths, kind, id)
	}
	return c, c.network(paths, kind, id)
}

func (c *choice) add(kind casework.EntryKind, ids ...string) {
	if c.ids[kind] == nil {
		c.ids[kind] = map[string]bool{}
	}
	for _, id := range ids {
		c.ids[kind][id] = true
	}
}

func (c *choice) network(paths []string, kind, id string) error {
	findings := map[string]bool{}
	found := kind == "finding"
	if found {
		findings[id] = true
	}
	// The files of a folder come in this order: the organisations first.
	err := eachResult(paths, func(_ casework.EntryKind, text []byte) error {
		var n Network
		if err := json.Unmarshal(text, &n); err != nil || n.ID == "" || n.Members == nil && n.Proceeds.Received == nil {
			return nil // a finding
		}
		for _, v := range n.Victims {
			for _, a := range v.Accounts {
				c.victims[a] = true
			}
		}
		if kind != "network" || n.ID != id {
			return nil
		}
		found = true
		c.add(casework.FindingEntry, n.ID)
		c.add(casework.AdvertEntry, n.Adverts...)
		c.add(casework.JourneyEntry, n.Journeys...)
		reasons := slices.Clone(n.Explanation)
		for _, m := range n.Members {
			c.add(casework.EntityEntry, m.Entity)
			reasons = append(reasons, m.Because...)
			for _, r := range m.Roles {
				reasons = append(reasons, r.Because...)
			}
		}
		for _, r := range reasons {
			c.add(casework.PaymentEntry, r.Payments...)
		}
		for _, f := range n.Findings {
			findings[f] = true
		}
		return nil
	})
	if err != nil {
		return err
	}
	seen := false
	err = eachResult(paths, func(_ casework.EntryKind, text []byte) error {
		var f struct {
			ID                          string
			Typology                    string
			Payments, Adverts, Journeys []string
		}
		if err := json.Unmarshal(text, &f); err != nil || f.Typology == "" || !findings[f.ID] {
			return nil // an organisation, or another finding
		}
		seen = true
		c.add(casework.FindingEntry, f.ID)
		c.add(casework.PaymentEntry, f.Payments...)
		c.add(casework.AdvertEntry, f.Adverts...)
		c.add(casework.JourneyEntry, f.Journeys...)
		return nil
	})
	if err == nil && (!found || kind == "finding" && !seen) {
		err = fmt.Errorf("%w: there is no %s %s: give the folder of the analysis that has it", ErrChoice, kind, id)
	}
	return err
}

// family keeps the adverts of a family, by its id or that of one of its adverts.
func (c *choice) family(ctx context.Context, paths []string, kind, id string) error {
	s := &advertSink{}
	if err := readCaseFiles(ctx, paths, s, func(intake.Rejection) error { return nil }); err != nil { // told when they are read again
		return err
	}
	families, err := online.Families(ctx, s.list, nil)
	if err != nil {
		return err
	}
	for i := range families {
		f := &families[i]
		if kind == "family" && f.ID == id || kind == "advert" && slices.ContainsFunc(f.Members, func(m int) bool { return s.list[m].ID == id }) {
			for _, m := range f.Members {
				c.add(casework.AdvertEntry, s.list[m].ID)
			}
			return nil
		}
	}
	if kind == "advert" && slices.ContainsFunc(s.list, func(a *online.Advert) bool { return a.ID == id }) {
		c.add(casework.AdvertEntry, id) // alone
		return nil
	}
	return fmt.Errorf("%w: there is no %s %s: give the files of adverts that have it", ErrChoice, kind, id)
}

// has says that a record goes into the case.
func (c *choice) has(kind casework.EntryKind, id string) bool { return c.ids == nil || c.ids[kind][id] }

// wants says that the line of a finding or an organisation goes into the case.
func (c *choice) wants(text []byte) (bool, error) {
	if c.ids == nil {
		return true, nil
	}
	var line struct{ ID string }
	err := json.Unmarshal(text, &line)
	return c.has(casework.FindingEntry, line.ID), err
}

// hidePayment takes the names and words from a payment of a possible victim: what is taken by choice tells of them no more than the organisation does.
func (c *choice) hidePayment(p *casework.CasePayment) {
	if c.victims[p.From] || c.victims[p.To] {
		p.Purpose = ""
	}
	if c.victims[p.From] {
		p.FromName = ""
	}
	if c.victims[p.To] {
		p.ToName = ""
	}
}

// hideJourney takes from a journey who travelled, for the same reason.
func (c *choice) hideJourney(j *casework.CaseJourney) {
	if c.ids != nil {
		j.Person, j.GivenName, j.FamilyName, j.Birth, j.Document, j.DocCountry, j.Phone, j.Email = "", "", "", "", "", "", "", ""
	}
}

// advertSink keeps adverts alone.
type advertSink struct{ list []*online.Advert }

func (s *advertSink) Payment(*ledger.Payment) (bool, error) { return false, nil }
func (s *advertSink) Entity(*entity.Entity) error           { return nil }
func (s *advertSink) Journey(*journey.Journey) (bool, error) {
	return false, nil
}

func (s *advertSink) Advert(a *online.Advert) (bool, error) {
	s.list = append(s.list, a)
	return false, nil
}
