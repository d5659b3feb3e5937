package node

import (
	"context"
	"errors"
	"strings"

	"tarir/audit"
	"tarir/casework"
	"tarir/entity"
	"tarir/handling"
	"tarir/notice"
	"tarir/store"
)

// Everything gives all entities that somebody may take out of the node: those of the cases that they may export, those that the node watches, and those
// of notices and diffusions, as far as the rules of handling allow taking them out in bulk. Ids begin with where an entity is from, so that what is
// called the same in two cases stays two things. Possible victims and witnesses, and minors, are not among them.
func (n *Node) Everything(ctx context.Context, w Who, each func(e *entity.Entity, from string) error) error {
	if err := n.allow(w, "read"); err != nil {
		return err
	}
	if err := n.record(w, audit.Export, "entity", "", "", "everything"); err != nil {
		return err
	}
	var cases []*casework.Case
	if p := n.config.person(w.Person); p.may("case") {
		list, err := n.Cases(ctx, w)
		if err != nil {
			return err
		}
		cases = list
	}
	for _, c := range cases {
		if c.May(w.Person, casework.CaseExport) != nil || c.State == casework.CaseMerged {
			continue
		}
		x, err := n.exporterOf(ctx, w, c.ID, "ftm")
		var refused *Refused
		if errors.As(err, &refused) {
			continue
		}
		if err != nil {
			return err
		}
		err = x.each(casework.EntityEntry, func(e *store.Entry) error {
			f, _, err := entity.Decode(e.Body)
			if err != nil {
				return err
			}
			return each(within(f, "case-"+c.ID+"-"), "case/"+c.ID)
		})
		if err != nil {
			return err
		}
	}
	for _, kind := range []string{kindWatch, kindNotice, kindDiffusion} {
		var list []*store.Item
		if err := n.store.Read(ctx, func(tx *store.Tx) (err error) {
			list = nil // it may be run again
			all, err := tx.Items(store.Query{Kind: kind})
			for _, it := range all {
				if ok, err := n.bulk(tx, w, it); err != nil {
					return err
				} else if ok {
					list = append(list, it)
				}
			}
			return err
		}); err != nil {
			return err
		}
		for _, it := range list {
			f, err := entityOfItem(it)
			if err != nil || f == nil {
				if err != nil {
					return err
				}
				continue
			}
			if err := each(within(f, kind+"-"+it.ID+"-"), kind+"/"+it.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// bulk says whether the rules of handling let a person take a record out together with others.
func (n *Node) bulk(tx *store.Tx, w Who, it *store.Item) (bool, error) {
	me, err := n.me()
	if err != nil {
		return false, err
	}
	l := labelOf(it)
	if l == nil || l.Withdrawn || l.Minor || l.Status == handling.Victim || l.Status == handling.Witness {
		return false, nil
	}
	if it.Source != "" {
		last, err := lastContact(tx, it.Source)
		if err != nil {
			return false, err
		}
		l.Lease = last.Add(handling.LeaseTime)
	}
	r := handling.Request{Act: handling.Bulk, By: me.Party(), Person: w.Person, Second: w.Second, Purpose: w.Purpose, LegalBasis: w.LegalBasis, Reason: w.Reason}
	if p := n.config.person(w.Person); p != nil {
		r.Groups = p.Groups
	}
	return handling.Decide(l, r, n.now()).Allowed, nil
}

// entityOfItem is what a record tells of; nil: nobody and nothing that may be told.
func entityOfItem(it *store.Item) (*entity.Entity, error) {
	var f *notice.Form
	switch it.Kind {
	case kindWatch:
		if it.State == string(store.Marked) {
			return nil, nil
		}
		e, _, err := entity.Decode(it.Body)
		return e, err
	case kindNotice:
		b, err := body[noticeBody](it)
		if err != nil || b.Record == nil || b.Record.State != notice.Published {
			return nil, err
		}
		f = &b.Record.Form
	case kindDiffusion:
		b, err := body[Letter](it)
		if err != nil || b.Form == nil {
			return nil, err
		}
		f = b.Form
	}
	return entityOfForm(f), nil
}

// entityOfForm is the person or organisation that a notice is about; nil where it is about none, or about one who must be protected.
func entityOfForm(f *notice.Form) *entity.Entity {
	p := &f.Person
	if f.NoCoercion || f.Minor || p.TraffickingVictim || p.Name() == "" && p.OriginalScript == "" {
		return nil
	}
	schema := "Person"
	if p.Organisation != "" {
		schema = "Organization"
	}
	e := &entity.Entity{ID: string(f.Colour), Schema: schema, Properties: map[string][]string{}}
	e.Add("name", f.Names()...).Add("program", "interpol-notice/"+string(f.Colour))
	if schema == "Organization" {
		return e.Add("registrationNumber", p.RegistrationNumber).Add("country", strings.ToLower(entity.CountryNamed(p.OrganisationCountry)))
	}
	e.Add("firstName", p.Forename).Add("lastName", p.FamilyName).Add("birthDate", strings.ReplaceAll(string(p.Born), "/", "-")).Add("birthPlace", p.BornPlace)
	for _, c := range p.Nationalities {
		e.Add("nationality", strings.ToLower(entity.CountryNamed(c)))
	}
	switch p.Sex {
	case "M":
		e.Add("gender", "male")
	case "F":
		e.Add("gender", "female")
	}
	for _, d := range p.Documents {
		if d.Type == "passport" {
			e.Add("passportNumber", d.Number)
		} else {
			e.Add("idNumber", d.Number)
		}
	}
	return e.Add("phone", p.Phones...).Add("email", p.Emails...)
}

// within gives an entity whose id and references begin with where it is from.
func within(e *entity.Entity, prefix string) *entity.Entity {
	out := *e
	out.ID = prefix + e.ID
	out.Properties = make(map[string][]string, len(e.Properties))
	for p, values := range e.Properties {
		if entity.Reference(e.Schema, p) {
			list := make([]string, len(values))
			for i, v := range values {
				list[i] = prefix + v
			}
			values = list
		}
		out.Properties[p] = values
	}
	return &out
}
