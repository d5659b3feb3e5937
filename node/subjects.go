package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"tarir/audit"
	"tarir/casework"
	"tarir/entity"
	"tarir/handling"
	"tarir/match"
	"tarir/name"
	"tarir/store"
)

// What a node holds on a person, and the requests of persons. Whoever searches learns where something is, not what it says, and of cases whom to
// ask; the vault stays shut, and its keepers are asked. Every search and every step stands in the audit log.

const kindSubject = "subject"

// Held is something that a node holds and that may be about a person.
type Held struct {
	Kind     string           `json:"kind"`
	ID       string           `json:"id"`
	Owner    string           `json:"owner,omitempty"`
	By       string           `json:"by"` // by what it was found: a name and how alike, a number, words
	Score    float64          `json:"score,omitempty"`
	Recorded time.Time        `json:"recorded,omitzero"`
	Ends     time.Time        `json:"ends,omitzero"` // of retention
	Ask      []string         `json:"ask,omitempty"` // of a case: who leads it
	Entries  int              `json:"entries,omitempty"`
	Copies   []store.Delivery `json:"copies,omitempty"` // sent to others, and how they stand
	Logged   int              `json:"logged,omitempty"` // entries of the audit log about it
}

// HeldOn is the answer.
type HeldOn struct {
	Held    []Held         `json:"held"`
	Queries map[string]int `json:"queries,omitempty"` // how often a number was asked about here
	Vault   string         `json:"vault"`             // whom to ask
	Cut     bool           `json:"cut,omitempty"`     // not everything was looked at
}

// SubjectFind lists everything on this node that may be about a person, by names and numbers (KIND:VALUE).
func (n *Node) SubjectFind(ctx context.Context, w Who, names, numbers []string) (*HeldOn, error) {
	if err := n.allow(w, "subject"); err != nil {
		return nil, err
	}
	if w.Purpose == "" || strings.TrimSpace(w.LegalBasis) == "" {
		return nil, fmt.Errorf("%w: give purpose and legal basis before a query", ErrNotAllowed)
	}
	if len(names)+len(numbers) == 0 {
		return nil, errors.New("there is nothing to look for: give a name or a number")
	}
	for _, s := range names {
		if err := name.Check(s); err != nil {
			return nil, err
		}
	}
	if err := n.record(w, audit.Query, kindSubject, "", "", "find"); err != nil {
		return nil, err
	}
	if err := n.tellIndex(ctx); err != nil {
		return nil, err
	}
	// Whoever asks about themselves is asked for as a person; numbers meet whatever has them.
	a, err := n.find(ctx, &match.Ask{Schema: "Person", Names: names, Selectors: numbers}, match.Options{Limit: 500})
	if err != nil {
		return nil, err
	}
	out := &HeldOn{Held: []Held{}, Queries: map[string]int{}, Cut: a.Cut || len(a.Hits) == 500, Vault: "the vault is not searched: ask its keepers (" + cmp.Or(strings.Join(n.config.Vault.People, ", "), "nobody is named") + ")"}
	err = n.store.Read(ctx, func(tx *store.Tx) error {
		out.Held = []Held{} // it may be run again
		seen := map[string]bool{}
		for i := range a.Hits {
			h := &a.Hits[i]
			if h.Record.Dataset != own {
				out.Held = append(out.Held, Held{Kind: "list", ID: h.Record.Dataset + "/" + h.Record.ID, By: "name or number", Score: h.Score})
				continue
			}
			kind, id, _ := strings.Cut(h.Record.ID, "/")
			it, err := tx.Get(kind, id)
			if errors.Is(err, store.ErrNone) {
				continue
			}
			if err != nil {
				return err
			}
			seen[kind+"/"+id] = true
			if err := n.held(tx, out, it, "name or number", h.Score); err != nil {
				return err
			}
			leads, err := tx.Find(kindLead, []string{"lead:" + kind + "/" + id})
			if err != nil {
				return err
			}
			for _, m := range leads {
				if it, err := tx.Get(kindLead, m.ID); err == nil && !seen[kindLead+"/"+m.ID] {
					seen[kindLead+"/"+m.ID] = true
					if err := n.held(tx, out, it, "it is about "+kind+"/"+id, 0); err != nil {
						return err
					}
				}
			}
		}
		if err := n.heldInCases(tx, out, names, numbers); err != nil {
			return err
		}
		return n.heldInWords(tx, out, names, numbers, seen)
	})
	if err != nil {
		return nil, err
	}
	return out, n.loggedAbout(ctx, out, numbers)
}

// held adds an item.
func (n *Node) held(tx *store.Tx, out *HeldOn, it *store.Item, by string, score float64) error {
	copies, err := tx.Deliveries(it.Kind + "/" + it.ID)
	out.Held = append(out.Held, Held{Kind: it.Kind, ID: it.ID, Owner: it.Owner, By: by, Score: score, Recorded: it.Recorded, Ends: it.Ends, Copies: copies})
	return err
}

// heldInCases looks into every case: how many entries may be about the person, and whom to ask.
func (n *Node) heldInCases(tx *store.Tx, out *HeldOn, names, numbers []string) error {
	cases, err := tx.Items(store.Query{Kind: kindCase})
	if err != nil {
		return err
	}
	var wanted []*name.Name
	for _, s := range names {
		wanted = append(wanted, name.Parse(s, name.Person))
	}
	for _, it := range cases {
		c, err := body[casework.Case](it)
		if err != nil {
			return err
		}
		entries, by := map[int64]bool{}, map[string]bool{}
		look := func(words []string, what string) error {
			f, err := tx.SearchEntries(c.Num, words, 1000)
			if err != nil {
				return err
			}
			for _, e := range f.Entries {
				entries[e.Seq], by[what] = true, true
			}
			out.Cut = out.Cut || f.Cut
			return nil
		}
		for _, s := range names {
			if err := look(casework.Words(s), "words of a name"); err != nil {
				return err
			}
		}
		for _, s := range numbers {
			if err := look([]string{s}, "number"); err != nil {
				return err
			}
		}
		if err := alikeIn(tx, c, wanted, func(seq int64) { entries[seq], by["a name that is alike"] = true, true }); err != nil {
			return err
		}
		if len(entries) == 0 {
			continue
		}
		h := Held{Kind: kindCase, ID: c.ID, Owner: c.Owner, By: strings.Join(slices.Sorted(maps.Keys(by)), ", "), Recorded: c.Opened, Ends: it.Ends, Entries: len(entries)}
		for p, s := range c.Seats {
			if s == casework.Leads {
				h.Ask = append(h.Ask, p)
			}
		}
		slices.Sort(h.Ask)
		out.Held = append(out.Held, h)
	}
	return nil
}

// alikeIn compares the names of every entity of a case: whoever asks about themselves is found in whatever spelling and script.
func alikeIn(tx *store.Tx, c *casework.Case, wanted []*name.Name, found func(seq int64)) error {
	if len(wanted) == 0 {
		return nil
	}
	return eachEntity(tx, c, func(e *store.Entry, f *entity.Entity) error {
		if slices.ContainsFunc(f.Names(), func(text string) bool {
			has := name.Parse(text, name.KindOf(f.Schema))
			return slices.ContainsFunc(wanted, func(x *name.Name) bool { return name.Score(x, has) >= name.Threshold })
		}) {
			found(e.Seq)
		}
		return nil
	})
}

// heldInWords reads what is in no index: letters, hits, requests to stop payments, reviews. They have all words of a name, or a number.
func (n *Node) heldInWords(tx *store.Tx, out *HeldOn, names, numbers []string, seen map[string]bool) error {
	var wanted [][]string
	for _, s := range names {
		wanted = append(wanted, casework.Words(s))
	}
	for _, s := range numbers {
		_, v, _ := strings.Cut(s, ":")
		wanted = append(wanted, casework.Words(v))
	}
	for _, kind := range []string{kindMessage, kindDiffusion, kindNotice, kindRequest, kindReview, kindHit, kindStop, kindOperation} {
		items, err := tx.Items(store.Query{Kind: kind})
		if err != nil {
			return err
		}
		for _, it := range items {
			if seen[kind+"/"+it.ID] {
				continue
			}
			has := map[string]bool{}
			for _, word := range casework.Words(string(it.Body)) {
				has[word] = true
			}
			for _, words := range wanted {
				if len(words) > 0 && !slices.ContainsFunc(words, func(s string) bool { return !has[s] }) {
					seen[kind+"/"+it.ID] = true
					if err := n.held(tx, out, it, "words", 0); err != nil {
						return err
					}
					break
				}
			}
		}
	}
	return nil
}

// loggedAbout counts what the audit log says about what was found, and how often the numbers were asked about.
func (n *Node) loggedAbout(ctx context.Context, out *HeldOn, numbers []string) error {
	marks := map[string]*int{}
	for i := range out.Held {
		h := &out.Held[i]
		marks[n.audit.Mark(h.Kind+"/"+h.ID)] = &h.Logged
	}
	asked := map[string]*int{}
	for _, s := range numbers {
		kind, _, _ := strings.Cut(s, ":")
		asked[s] = new(int)
		marks[n.audit.Mark(kind+"/"+s)] = asked[s]
	}
	err := n.audit.Each(ctx, audit.Filter{}, func(_ int64, e *audit.Entry) error {
		if k := marks[e.Mark]; k != nil && e.Mark != "" {
			*k++
		}
		return nil
	})
	for s, k := range asked {
		if *k > 0 {
			out.Queries[s] = *k
		}
	}
	return err
}

// NumberOf is KIND:VALUE of a number in whatever way it is written; an error where it is none.
func NumberOf(kind, value string) (string, error) {
	var s entity.Selector
	ok := false
	switch kind {
	case "phone":
		s, ok = entity.ParsePhone(value)
	case "email":
		s, ok = entity.ParseEmail(value)
	case "account":
		bank, number := accountParts(value)
		s, ok = entity.ParseAccount(bank, number)
	case "iban":
		s, ok = entity.ParseIBAN(value)
	case "wallet":
		s, ok = entity.ParseWallet(value)
	case "document":
		country, number, _ := strings.Cut(value, "/")
		s, ok = entity.ParseDocument(number, country)
	}
	if !ok {
		return "", fmt.Errorf("this is no %s: give phone, email, account, iban, wallet, or document as COUNTRY/NUMBER", cmp.Or(kind, "number"))
	}
	return string(s.Kind) + ":" + s.Value, nil
}

// NewSubject takes a request of a person up.
func (n *Node) NewSubject(ctx context.Context, w Who, kind casework.SubjectKind, ref string, received time.Time) (*casework.Subject, error) {
	if err := n.allow(w, "subject"); err != nil {
		return nil, err
	}
	id, err := newID()
	if err != nil {
		return nil, err
	}
	if received.IsZero() {
		received = n.now()
	}
	s, err := casework.NewSubject(id, kind, ref, w.Person, received, n.now())
	if err != nil {
		return nil, err
	}
	if err := n.record(w, audit.Change, kindSubject, id, "", "received"); err != nil {
		return nil, err
	}
	return s, n.store.Write(ctx, func(tx *store.Tx) error { return n.putSubject(tx, s) })
}

func (n *Node) putSubject(tx *store.Tx, s *casework.Subject) error {
	now := n.now()
	l := handling.Label{Owners: []string{n.config.Member}, Purpose: handling.Inform, Recorded: s.Received, Until: handling.Retain("person", s.Received)}
	task := store.Task{ID: kindSubject + "/" + s.ID + "/" + string(s.State), Kind: kindSubject, Subject: kindSubject + "/" + s.ID, Due: s.Due, Note: "the step after " + string(s.State)}
	err := tx.DoneTasks(kindSubject, kindSubject+"/"+s.ID, now)
	if err == nil && !s.Due.IsZero() {
		err = n.addTask(tx, task)
	}
	if err != nil {
		return err
	}
	return tx.Put(&store.Item{Kind: kindSubject, ID: s.ID, Owner: n.config.Member, State: string(s.State), Number: s.Ref, Recorded: s.Received, Changed: now, Ends: l.Until, Label: mustJSON(l), Body: mustJSON(s)})
}

// SubjectStep takes a step about a request of a person.
func (n *Node) SubjectStep(ctx context.Context, w Who, id string, step casework.SubjectStep) (out *casework.Subject, err error) {
	if err := n.allow(w, "subject"); err != nil {
		return nil, err
	}
	step.Person, step.At, step.Why = w.Person, n.now(), cmp.Or(step.Why, w.Reason)
	if err := n.record(w, audit.Decision, kindSubject, id, "", string(step.To)); err != nil {
		return nil, err
	}
	err = n.store.Write(ctx, func(tx *store.Tx) error {
		it, err := tx.Get(kindSubject, id)
		if errors.Is(err, store.ErrNone) {
			return fmt.Errorf("%w: no request %s here", store.ErrNone, id)
		}
		if err != nil {
			return err
		}
		if out, err = body[casework.Subject](it); err != nil {
			return err
		}
		if err := out.Apply(step); err != nil {
			return err
		}
		return n.putSubject(tx, out)
	})
	return out, err
}

// Subject is a request.
func (n *Node) Subject(ctx context.Context, w Who, id string) (s *casework.Subject, err error) {
	if err := n.allow(w, "subject"); err != nil {
		return nil, err
	}
	err = n.store.Read(ctx, func(tx *store.Tx) error {
		it, err := tx.Get(kindSubject, id)
		if errors.Is(err, store.ErrNone) {
			return fmt.Errorf("%w: no request %s here", store.ErrNone, id)
		}
		if err == nil {
			s, err = body[casework.Subject](it)
		}
		return err
	})
	return s, err
}

// Subjects are the requests of persons, those that are due first.
func (n *Node) Subjects(ctx context.Context, w Who) (out []*casework.Subject, err error) {
	if err := n.allow(w, "subject"); err != nil {
		return nil, err
	}
	if err := n.record(w, audit.Decision, kindSubject, "", "", "list"); err != nil {
		return nil, err
	}
	err = n.store.Read(ctx, func(tx *store.Tx) error {
		out = []*casework.Subject{}
		items, err := tx.Items(store.Query{Kind: kindSubject})
		for _, it := range items {
			s, err := body[casework.Subject](it)
			if err != nil {
				return err
			}
			out = append(out, s)
		}
		return err
	})
	slices.SortStableFunc(out, func(a, b *casework.Subject) int {
		if a.Due.IsZero() != b.Due.IsZero() {
			return map[bool]int{true: 1, false: -1}[a.Due.IsZero()]
		}
		return a.Due.Compare(b.Due)
	})
	return out, err
}
