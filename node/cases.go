package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tarir/audit"
	"tarir/casework"
	"tarir/chart"
	"tarir/entity"
	"tarir/handling"
	"tarir/store"
)

// Cases. A case's head is an item, what is in it are entries; the selectors of its entries are kept once a case, and by them cases that
// belong together are found. Whoever has no seat in a case does not see it, whatever else they may do on the node. Purpose and legal basis
// of what is done in a case are the case's own.

const kindCase = "case"

// NewCase opens a case, under the purpose and on the legal basis of who opens it.
func (n *Node) NewCase(ctx context.Context, w Who, title string, from []casework.Ref) (*casework.Case, error) {
	if err := n.allow(w, "case"); err != nil {
		return nil, err
	}
	id, err := newID()
	if err != nil {
		return nil, err
	}
	now := n.now()
	c, err := casework.NewCase(id, n.config.Member, title, w.Person, w.Purpose, w.LegalBasis, from, now)
	if err != nil {
		return nil, err
	}
	l := &handling.Label{Owners: []string{n.config.Member}, Purpose: w.Purpose, Recorded: now, Until: handling.Retain("case", now)}
	if err := n.record(w, audit.Change, kindCase, id, "", "opened"); err != nil {
		return nil, err
	}
	err = n.store.Write(ctx, func(tx *store.Tx) error {
		if c.Num, err = tx.NextBlock("case", 1); err != nil {
			return err
		}
		// What it was opened from and is a record of this node stands in it.
		var records []entryRead
		for _, ref := range from {
			if _, err := tx.Get(ref.Kind, ref.ID); errors.Is(err, store.ErrNone) || ref.Kind == kindCase || ref.Kind == kindCard {
				continue
			} else if err != nil {
				return err
			}
			r, err := casework.ReadEntry(casework.RecordEntry, mustJSON(ref))
			if err != nil {
				return err
			}
			records = append(records, entryRead{casework.RecordEntry, r})
		}
		c.Counts = map[casework.EntryKind]int64{} // it may be run again
		if _, err := n.putEntries(tx, w, c, records); err != nil {
			return err
		}
		return n.putCase(tx, c, l)
	})
	return c, err
}

func (n *Node) putCase(tx *store.Tx, c *casework.Case, l *handling.Label) error {
	return tx.Put(&store.Item{
		Kind: kindCase, ID: c.ID, Owner: c.Owner, State: string(c.State), Recorded: c.Opened, Changed: n.now(), Ends: l.Until, Due: c.Texts, Label: mustJSON(l), Body: mustJSON(c),
	})
}

// seated reads a case for a person who wants to do something in it.
func (n *Node) seated(tx *store.Tx, person, id string, act casework.CaseAct) (*casework.Case, *handling.Label, error) {
	it, err := tx.Get(kindCase, id)
	if errors.Is(err, store.ErrNone) {
		return nil, nil, casework.ErrNoSeat
	}
	if err != nil {
		return nil, nil, err
	}
	c, err := body[casework.Case](it)
	if err != nil {
		return nil, nil, err
	}
	if c.Counts == nil {
		c.Counts = map[casework.EntryKind]int64{}
	}
	l := labelOf(it)
	if l == nil {
		return nil, nil, casework.ErrNoSeat
	}
	return c, l, c.May(person, act)
}

// work does something in a case: it is allowed, accounted for, and done in one transaction.
func (n *Node) work(ctx context.Context, w Who, id string, act casework.CaseAct, as audit.Action, what string, fn func(tx *store.Tx, c *casework.Case) error) error {
	if err := n.allow(w, "case"); err != nil {
		return err
	}
	var head *casework.Case
	err := n.store.Read(ctx, func(tx *store.Tx) (err error) {
		head, _, err = n.seated(tx, w.Person, id, act)
		return err
	})
	if err != nil {
		if errors.Is(err, casework.ErrNoSeat) || errors.Is(err, casework.ErrSeat) {
			err = errors.Join(err, n.record(w.in(head, id), audit.Decision, kindCase, id, "", "refused", "seat"))
		}
		return err
	}
	if err := n.record(w.in(head, id), as, kindCase, id, "", what); err != nil {
		return err
	}
	if act == casework.CaseRead || act == casework.CaseExport {
		return n.store.Read(ctx, func(tx *store.Tx) error {
			c, _, err := n.seated(tx, w.Person, id, act)
			if err != nil {
				return err
			}
			return fn(tx, c)
		})
	}
	return n.store.Write(ctx, func(tx *store.Tx) error {
		c, l, err := n.seated(tx, w.Person, id, act)
		if err != nil {
			return err
		}
		if err := fn(tx, c); err != nil {
			return err
		}
		return n.putCase(tx, c, l)
	})
}

// in is who works in a case, for its purpose and on its legal basis where they name no other.
func (w Who) in(c *casework.Case, id string) Who {
	w.Case = id
	if c != nil && w.Purpose == "" {
		w.Purpose, w.LegalBasis = c.Purpose, c.LegalBasis
	}
	return w
}

// CaseStep changes the head of a case.
func (n *Node) CaseStep(ctx context.Context, w Who, id string, s casework.CaseStep) (out *casework.Case, err error) {
	act := casework.CaseClose
	switch s.Do {
	case "seat":
		act = casework.CaseSeat
		if s.Person != "" && n.config.person(s.Person) == nil {
			return nil, fmt.Errorf("%w: %q; its administrator adds people in config.toml", ErrPerson, s.Person)
		}
	case "title":
		act = casework.CaseWrite
	}
	err = n.work(ctx, w, id, act, audit.Change, "case "+s.Do, func(_ *store.Tx, c *casework.Case) error {
		out = c
		return c.Apply(s, w.Person, n.now())
	})
	return out, err
}

// Cases are the cases in which a person has a seat, those that changed last first.
func (n *Node) Cases(ctx context.Context, w Who) (out []*casework.Case, err error) {
	if err := n.allow(w, "case"); err != nil {
		return nil, err
	}
	if err := n.record(w, audit.Decision, kindCase, "", "", "list"); err != nil {
		return nil, err
	}
	err = n.store.Read(ctx, func(tx *store.Tx) error {
		out = []*casework.Case{} // it may be run again
		list, err := tx.Items(store.Query{Kind: kindCase})
		for _, it := range list {
			if c, err := body[casework.Case](it); err == nil && c.May(w.Person, casework.CaseRead) == nil {
				out = append(out, c)
			}
		}
		return err
	})
	return out, err
}

// CaseView is what is seen first of a case.
type CaseView struct {
	Case   *casework.Case    `json:"case"`
	Due    []*casework.Entry `json:"due"`    // what has a deadline, the next first
	Latest []*casework.Entry `json:"latest"` // what happened, the last first
}

// Case opens a case.
func (n *Node) Case(ctx context.Context, w Who, id string) (out *CaseView, err error) {
	err = n.work(ctx, w, id, casework.CaseRead, audit.Access, "open", func(tx *store.Tx, c *casework.Case) error {
		due, err := tx.DueEntries(c.Num, 50)
		if err != nil {
			return err
		}
		latest, err := tx.Timeline(c.Num, time.Time{}, time.Time{}, 50)
		out = &CaseView{Case: c, Due: entriesOf(c, due), Latest: entriesOf(c, latest)}
		return err
	})
	return out, err
}

// Timeline is what happened in a case and around it, the last first: from a moment on, and before another one.
func (n *Node) Timeline(ctx context.Context, w Who, id string, from, before time.Time, limit int) (out []*casework.Entry, err error) {
	err = n.work(ctx, w, id, casework.CaseRead, audit.Access, "timeline", func(tx *store.Tx, c *casework.Case) error {
		list, err := tx.Timeline(c.Num, from, before, clampLimit(limit))
		out = entriesOf(c, list)
		return err
	})
	return out, err
}

func clampLimit(n int) int { return min(max(n, 1), 1000) }

// Entries gives what is in a case in the order in which it came, of one kind or of all, after an entry.
func (n *Node) Entries(ctx context.Context, w Who, id string, kind casework.EntryKind, after int64, limit int) (out []*casework.Entry, err error) {
	err = n.work(ctx, w, id, casework.CaseRead, audit.Access, "entries", func(tx *store.Tx, c *casework.Case) error {
		list, err := tx.Entries(c.Num, string(kind), after, clampLimit(limit))
		out = entriesOf(c, list)
		return err
	})
	return out, err
}

// History is what stood in an entry, the first first, and last what stands there now.
func (n *Node) History(ctx context.Context, w Who, id string, seq int64) (out []*casework.Entry, err error) {
	err = n.work(ctx, w, id, casework.CaseRead, audit.Access, "history", func(tx *store.Tx, c *casework.Case) error {
		e, err := entryIn(tx, c, seq)
		if err != nil {
			return err
		}
		old, err := tx.OldEntries(seq)
		for _, o := range old {
			o.Kind, o.ID, o.At, o.Recorded = e.Kind, e.ID, e.At, e.Recorded
		}
		out = entriesOf(c, append(old, e))
		return err
	})
	return out, err
}

// CaseFound is what a search in a case found.
type CaseFound struct {
	Entries []*casework.Entry `json:"entries"`
	Cut     bool              `json:"cut,omitempty"` // there is more, or not everything was looked at
}

// SearchCase finds the entries of a case that have all words of a question, in any script; the last may be the beginning of one. A number
// may be asked for as KIND:VALUE.
func (n *Node) SearchCase(ctx context.Context, w Who, id, question string, limit int) (out *CaseFound, err error) {
	if len(question) > 1000 {
		return nil, errors.New("the question is too long: give some words")
	}
	words := casework.Words(question)
	if k, _, ok := strings.Cut(question, ":"); ok && !strings.ContainsAny(k, " \t") && k != "" && len(words) > 0 {
		words = []string{strings.TrimSpace(question)}
	}
	if len(words) == 0 {
		return nil, errors.New("there is nothing to look for: give a word")
	}
	err = n.work(ctx, w, id, casework.CaseRead, audit.Query, "search", func(tx *store.Tx, c *casework.Case) error {
		f, err := tx.SearchEntries(c.Num, words[:min(len(words), 10)], clampLimit(limit))
		if err != nil {
			return err
		}
		// A number is written in many ways: where the words find nothing, what it is counts.
		for _, s := range numbersOf(question) {
			if len(f.Entries) > 0 {
				break
			}
			if f.Entries, err = tx.EntriesWith(c.Num, s, clampLimit(limit)); err != nil {
				return err
			}
		}
		out = &CaseFound{entriesOf(c, f.Entries), f.Cut}
		return nil
	})
	return out, err
}

// numbersOf are the selectors that a question may be, as a whole.
func numbersOf(question string) (out []string) {
	question = strings.TrimSpace(question)
	for _, parse := range []func(string) (entity.Selector, bool){
		func(s string) (entity.Selector, bool) { return entity.ParsePhone(s) },
		entity.ParseEmail, entity.ParseIBAN, entity.ParseWallet,
		func(s string) (entity.Selector, bool) {
			institution, number, _ := strings.Cut(s, "/")
			return entity.ParseAccount(institution, number)
		},
		func(s string) (entity.Selector, bool) { return entity.ParseDocument(s, "") },
	} {
		if s, ok := parse(question); ok {
			out = append(out, string(s.Kind)+":"+s.Value)
		}
	}
	return out
}

// EntryRef names an entry of a case by what it is.
type EntryRef struct {
	Kind casework.EntryKind
	ID   string
}

// EntriesByID gives those of some entries that the case has, in the order in which they were asked for.
func (n *Node) EntriesByID(ctx context.Context, w Who, id string, refs []EntryRef) (out []*casework.Entry, err error) {
	err = n.work(ctx, w, id, casework.CaseRead, audit.Access, "entries", func(tx *store.Tx, c *casework.Case) error {
		out = nil
		homes, err := homesOf(tx, c)
		if err != nil {
			return err
		}
		for _, r := range refs {
			for _, home := range homes {
				e, err := tx.EntryByID(home, string(r.Kind), r.ID)
				if errors.Is(err, store.ErrNone) {
					continue
				}
				if err != nil {
					return err
				}
				if e.Num == c.Num {
					out = append(out, entryOf(c, e))
					break
				}
			}
		}
		return nil
	})
	return out, err
}

// CaseLog is what the audit log says of a case from a moment on, the last first.
func (n *Node) CaseLog(ctx context.Context, w Who, id string, from time.Time, most int) (c *casework.Case, out []audit.Entry, err error) {
	err = n.work(ctx, w, id, casework.CaseRead, audit.Access, "log", func(_ *store.Tx, head *casework.Case) error {
		c = head
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	err = n.audit.Each(ctx, audit.Filter{Case: id, From: from}, func(_ int64, e *audit.Entry) error {
		if len(out) >= 2*most {
			out = append(out[:0], out[most:]...)
		}
		out = append(out, *e)
		return nil
	})
	slices.Reverse(out)
	return c, out[:min(len(out), most)], err
}

// EntriesForExport is EntriesByID for what leaves the node, by whoever may take it out.
func (n *Node) EntriesForExport(ctx context.Context, w Who, id string, refs []EntryRef) ([]*casework.Entry, error) {
	err := n.work(ctx, w, id, casework.CaseExport, audit.Export, "chart", func(*store.Tx, *casework.Case) error { return nil })
	if err != nil {
		return nil, err
	}
	return n.EntriesByID(ctx, w, id, refs)
}

// PartyTimeline is what happened in a case around somebody: entries that have one of their accounts or contacts, or name them by their id, the last first.
func (n *Node) PartyTimeline(ctx context.Context, w Who, id string, p *chart.Party, from, before time.Time, limit int) (out []*casework.Entry, err error) {
	questions := []string{p.ID}
	for _, a := range p.Accounts {
		institution, number, ok := strings.Cut(a, "/")
		if !ok {
			institution, number = "", a
		}
		if s, ok := entity.ParseAccount(institution, number); ok {
			questions = append(questions, string(s.Kind)+":"+s.Value)
		}
	}
	err = n.work(ctx, w, id, casework.CaseRead, audit.Access, "timeline", func(tx *store.Tx, c *casework.Case) error {
		found := map[int64]*store.Entry{}
		for i, q := range questions {
			words := []string{q}
			if i == 0 {
				words = casework.Words(q)
			}
			if len(words) == 0 {
				continue
			}
			f, err := tx.SearchEntries(c.Num, words[:min(len(words), 10)], 1000)
			if err != nil {
				return err
			}
			for _, e := range f.Entries {
				found[e.Seq] = e
			}
		}
		for _, s := range p.Contacts {
			for _, number := range numbersOf(s) {
				list, err := tx.EntriesWith(c.Num, number, 1000)
				if err != nil {
					return err
				}
				for _, e := range list {
					found[e.Seq] = e
				}
			}
		}
		var list []*store.Entry
		for _, e := range found {
			if !e.At.Before(from) && (before.IsZero() || e.At.Before(before)) {
				list = append(list, e)
			}
		}
		slices.SortFunc(list, func(a, b *store.Entry) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.Seq, a.Seq)) })
		out = entriesOf(c, list[:min(len(list), limit)])
		return nil
	})
	return out, err
}

// NewFindings is how many findings came into a case since a moment, and the last of them; at most a thousand are counted.
type NewFindings struct {
	Case  *casework.Case
	Count int
	Last  *casework.Entry
}

// LatestFindings are the cases of a person into which findings came since a moment, those that changed last first, at most so many.
func (n *Node) LatestFindings(ctx context.Context, w Who, since time.Time, most int) (out []NewFindings, err error) {
	list, err := n.Cases(ctx, w)
	if err != nil {
		return nil, err
	}
	err = n.store.Read(ctx, func(tx *store.Tx) error {
		out = nil
		for _, c := range list {
			if c.Counts[casework.FindingEntry] == 0 || c.State != casework.CaseOpen {
				continue
			}
			if len(out) == most {
				return nil
			}
			told, err := tx.Told(c.Num, since, 0, 1000)
			if err != nil {
				return err
			}
			f := NewFindings{Case: c}
			for _, e := range told {
				if e.Kind == string(casework.FindingEntry) {
					f.Count, f.Last = f.Count+1, entryOf(c, e)
				}
			}
			if f.Count > 0 {
				out = append(out, f)
			}
		}
		return nil
	})
	return out, err
}
