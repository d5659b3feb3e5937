package node

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"mime"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tarir/audit"
	"tarir/casework"
	"tarir/exchange/envelope"
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
		Kind: kindCase, ID: c.ID, Owner: c.Owner, State: string(c.State), Recorded: c.Opened, Changed: n.now(), Ends: l.Until, Label: mustJSON(l), Body: mustJSON(c),
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

// NewEntry is something to be put into a case.
type NewEntry struct {
	Kind casework.EntryKind `json:"kind"`
	ID   string             `json:"id,omitempty"` // where the content has none of its own; the same one again is the same entry
	Body json.RawMessage    `json:"body"`
}

// Put is what became of an entry.
type Put struct {
	Seq    int64  `json:"seq"`
	ID     string `json:"id"`
	Was    string `json:"was"` // new, same, changed
	Minor  bool   `json:"minor,omitempty"`
	Reason string `json:"reason,omitempty"` // it was refused for
}

// AddToCase puts entries into a case, all of them or none.
func (n *Node) AddToCase(ctx context.Context, w Who, id string, list []NewEntry) (out []Put, err error) {
	read, err := n.readEntries(list)
	if err != nil {
		return nil, err
	}
	err = n.work(ctx, w, id, casework.CaseWrite, audit.Change, "add", func(tx *store.Tx, c *casework.Case) (err error) {
		out, err = n.putEntries(tx, w, c, read)
		return err
	})
	return out, err
}

// entryRead is an entry that was read and checked.
type entryRead struct {
	kind    casework.EntryKind
	content *casework.Content
}

func (n *Node) readEntries(list []NewEntry) ([]entryRead, error) {
	var out []entryRead
	for _, e := range list {
		c, err := casework.ReadEntry(e.Kind, e.Body)
		if err != nil {
			return nil, err
		}
		if c.ID = cmp.Or(c.ID, e.ID); c.ID == "" {
			if c.ID, err = newID(); err != nil {
				return nil, err
			}
		}
		out = append(out, entryRead{e.Kind, c})
	}
	return out, nil
}

// putEntries puts entries into a case. What is there already is left, or changed where it says something else.
func (n *Node) putEntries(tx *store.Tx, w Who, c *casework.Case, list []entryRead) ([]Put, error) {
	now := n.now()
	var out []Put
	var fresh []*store.Entry
	var words [][]string
	var selectors []string
	at := map[string]int{} // of those in this list
	for _, r := range list {
		e := &store.Entry{
			Num: c.Num, Kind: string(r.kind), ID: r.content.ID, At: r.content.At, Due: r.content.Due, Recorded: now, Changed: now, Person: w.Person, Title: r.content.Title, Body: r.content.Body,
		}
		if e.At.IsZero() {
			e.At = now
		}
		p := Put{ID: e.ID, Was: "new"}
		key := e.Kind + "\x00" + e.ID
		have, err := tx.EntryByID(c.Num, e.Kind, e.ID)
		i, again := at[key]
		switch {
		case again && bytes.Equal(fresh[i].Body, e.Body):
			p.Was = "same"
		case again:
			return nil, fmt.Errorf("%w: the %s %s comes twice, and says two things", casework.ErrEntry, e.Kind, e.ID)
		case err == nil && bytes.Equal(have.Body, e.Body):
			p.Seq, p.Was = have.Seq, "same"
		case err == nil && r.kind == casework.DocumentEntry:
			n.dropDocument(e) // the same text, sealed once more
			p.Seq, p.Was = have.Seq, "same"
		case err == nil:
			p.Seq, p.Was = have.Seq, "changed"
			if err := n.changeEntry(tx, w, c, have, have.Version, r.content); err != nil {
				return nil, err
			}
		case errors.Is(err, store.ErrNone):
			at[key] = len(fresh)
			fresh, words, selectors = append(fresh, e), append(words, withSelectors(r.content)), append(selectors, r.content.Selectors...)
			c.Counts[r.kind]++
		default:
			return nil, err
		}
		if r.kind == casework.VictimEntry && p.Was != "same" {
			var v casework.Victim
			if json.Unmarshal(r.content.Body, &v) == nil && v.Minor() {
				p.Minor = true
				task := store.Task{ID: "safeguard/" + c.ID + "/" + e.ID, Kind: "safeguard", Subject: kindCase + "/" + c.ID, Due: now}
				if err := tx.AddTask(task); err != nil {
					return nil, err
				}
			}
		}
		out = append(out, p)
	}
	if err := tx.AddEntries(fresh, words); err != nil {
		return nil, err
	}
	k := 0
	for i := range out {
		if out[i].Was == "new" {
			out[i].Seq, k = fresh[k].Seq, k+1
		}
	}
	slices.Sort(selectors)
	return out, tx.AddSelectors(kindCase, c.ID, slices.Compact(selectors))
}

// withSelectors are the words of an entry; its selectors are among them, so that they can be searched for, and so that it is known which
// of a case's selectors another entry has too.
func withSelectors(c *casework.Content) []string {
	out := slices.Concat(c.Words, c.Selectors)
	slices.Sort(out)
	return slices.Compact(out)
}

// changeEntry writes an entry anew, if it still has the version that was looked at.
func (n *Node) changeEntry(tx *store.Tx, w Who, c *casework.Case, e *store.Entry, version int64, to *casework.Content) error {
	if e.Kind == string(casework.DecisionEntry) {
		return fmt.Errorf("%w: a decision stands as it was taken: write down another one", casework.ErrEntry)
	}
	if e.Kind == string(casework.AssetEntry) {
		if err := casework.KeepsMoves(e.Body, to.Body); err != nil {
			return err
		}
	}
	return n.writeEntry(tx, w, c, e, version, to)
}

// writeEntry writes an entry that may be changed so.
func (n *Node) writeEntry(tx *store.Tx, w Who, c *casework.Case, e *store.Entry, version int64, to *casework.Content) error {
	old, err := casework.ReadEntry(casework.EntryKind(e.Kind), e.Body)
	if err != nil {
		return err
	}
	e.At, e.Due, e.Changed, e.Person, e.Title, e.Body, e.Version = to.At, to.Due, n.now(), w.Person, to.Title, to.Body, version
	if e.At.IsZero() {
		e.At = e.Recorded
	}
	ok, err := tx.ChangeEntry(e, withSelectors(to))
	if err != nil {
		return err
	}
	if !ok {
		return casework.ErrChanged
	}
	if err := tx.AddSelectors(kindCase, c.ID, to.Selectors); err != nil {
		return err
	}
	return n.dropSelectors(tx, c, e.Seq, old.Selectors)
}

// dropSelectors takes those selectors from a case that no other entry of it has.
func (n *Node) dropSelectors(tx *store.Tx, c *casework.Case, except int64, list []string) error {
	for _, s := range list {
		has, err := tx.HasWord(c.Num, s, 0)
		if err == nil && !has {
			err = tx.DropSelector(kindCase, c.ID, s)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ChangeEntry changes an entry of a case; the version is the one that was looked at.
func (n *Node) ChangeEntry(ctx context.Context, w Who, id string, seq, version int64, text json.RawMessage) (out *casework.Entry, err error) {
	err = n.work(ctx, w, id, casework.CaseWrite, audit.Change, "change", func(tx *store.Tx, c *casework.Case) error {
		e, err := entryIn(tx, c, seq)
		if err != nil {
			return err
		}
		to, err := casework.ReadEntry(casework.EntryKind(e.Kind), text)
		if err != nil {
			return err
		}
		if to.ID != "" && to.ID != e.ID {
			return fmt.Errorf("%w: that is another %s: put it in as a new one", casework.ErrEntry, e.Kind)
		}
		if err := n.changeEntry(tx, w, c, e, version, to); err != nil {
			return err
		}
		out = entryOf(c, e)
		return nil
	})
	return out, err
}

// RemoveEntry destroys an entry of a case, with what stood in it before.
func (n *Node) RemoveEntry(ctx context.Context, w Who, id string, seq int64) error {
	if strings.TrimSpace(w.Reason) == "" {
		return fmt.Errorf("%w: say why it is taken out", casework.ErrEntry)
	}
	return n.work(ctx, w, id, casework.CaseWrite, audit.Delete, "entry", func(tx *store.Tx, c *casework.Case) error {
		e, err := entryIn(tx, c, seq)
		if err != nil {
			return err
		}
		old, err := casework.ReadEntry(casework.EntryKind(e.Kind), e.Body)
		if err != nil {
			return err
		}
		if err := tx.DeleteEntry(seq); err != nil {
			return err
		}
		if c.Counts[casework.EntryKind(e.Kind)]--; c.Counts[casework.EntryKind(e.Kind)] == 0 {
			delete(c.Counts, casework.EntryKind(e.Kind))
		}
		n.dropDocument(e)
		return n.dropSelectors(tx, c, seq, old.Selectors)
	})
}

func entryIn(tx *store.Tx, c *casework.Case, seq int64) (*store.Entry, error) {
	e, err := tx.EntryOf(seq)
	if err == nil && e.Num != c.Num {
		err = store.ErrNone
	}
	return e, err
}

func entryOf(c *casework.Case, e *store.Entry) *casework.Entry {
	out := &casework.Entry{
		Seq: e.Seq, Case: c.ID, Kind: casework.EntryKind(e.Kind), ID: e.ID, At: e.At, Due: e.Due, Recorded: e.Recorded, Changed: e.Changed, Person: e.Person, Version: e.Version, Title: e.Title, Body: e.Body,
	}
	if out.Kind == casework.DocumentEntry {
		var d casework.Document
		if json.Unmarshal(e.Body, &d) == nil {
			d.Sealed = nil // the key of a document stays here
			out.Body = mustJSON(d)
		}
	}
	return out
}

func entriesOf(c *casework.Case, list []*store.Entry) []*casework.Entry {
	out := make([]*casework.Entry, len(list))
	for i, e := range list {
		out[i] = entryOf(c, e)
	}
	return out
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
		out = &CaseFound{entriesOf(c, f.Entries), f.Cut}
		return nil
	})
	return out, err
}

// Link says that another case of this node may belong to one: they share selectors. Of a case in which the person has no seat it says
// whom to ask, and which of the own selectors it has.
type Link struct {
	Case   string   `json:"case,omitempty"`
	Title  string   `json:"title,omitempty"`
	Ask    []string `json:"ask,omitempty"` // who leads it
	Shared []string `json:"shared"`
	Weight float64  `json:"weight"` // a selector counts the less the more cases have it
}

// Links are the proposals for a case, the strongest first.
type Links struct {
	Links  []Link   `json:"links"`
	Common []string `json:"common,omitempty"` // selectors that so many cases have that they say nothing
	Cut    bool     `json:"cut,omitempty"`    // not all selectors of the case were looked for
}

const (
	mostLinked = 2000 // selectors of a case that are looked for
	mostShare  = 100  // cases that have a selector, before it is common
)

// CaseLinks proposes links to other cases of this node.
func (n *Node) CaseLinks(ctx context.Context, w Who, id string) (out *Links, err error) {
	err = n.work(ctx, w, id, casework.CaseRead, audit.Query, "links", func(tx *store.Tx, c *casework.Case) error {
		out = &Links{Links: []Link{}}
		mine, err := tx.SelectorsOf(kindCase, id, mostLinked+1)
		if err != nil {
			return err
		}
		if len(mine) > mostLinked {
			mine, out.Cut = mine[:mostLinked], true
		}
		found, common, err := tx.Sharing(kindCase, id, mine, mostShare)
		if err != nil {
			return err
		}
		out.Common = common
		have := map[string]int{}
		for _, m := range found {
			have[m.Value]++
		}
		by := map[string]*Link{}
		for _, m := range found {
			if by[m.ID] == nil {
				by[m.ID] = &Link{}
			}
			by[m.ID].Shared = append(by[m.ID].Shared, m.Value)
			by[m.ID].Weight += 1 / float64(have[m.Value])
		}
		for _, other := range slices.Sorted(maps.Keys(by)) {
			it, err := tx.Get(kindCase, other)
			if errors.Is(err, store.ErrNone) {
				continue
			}
			if err != nil {
				return err
			}
			o, err := body[casework.Case](it)
			if err != nil {
				return err
			}
			l := by[other]
			if o.May(w.Person, casework.CaseRead) == nil {
				l.Case, l.Title = o.ID, o.Title
			}
			for p, s := range o.Seats {
				if s == casework.Leads {
					l.Ask = append(l.Ask, p)
				}
			}
			slices.Sort(l.Ask)
			out.Links = append(out.Links, *l)
		}
		slices.SortStableFunc(out.Links, func(a, b Link) int { return cmp.Compare(b.Weight, a.Weight) })
		return nil
	})
	return out, err
}

// MergeCases lets a case live on in another one.
func (n *Node) MergeCases(ctx context.Context, w Who, id, into string) (out *casework.Case, err error) {
	err = n.work(ctx, w, into, casework.CaseClose, audit.Merge, "merge", func(tx *store.Tx, to *casework.Case) error {
		c, l, err := n.seated(tx, w.Person, id, casework.CaseClose)
		if err != nil {
			return err
		}
		if err := c.Merge(to, w.Person, w.Reason, n.now()); err != nil {
			return err
		}
		if err := tx.MoveEntries(c.Num, 0, to.Num); err != nil {
			return err
		}
		out = to
		return errors.Join(n.recount(tx, c), n.recount(tx, to), n.putCase(tx, c, l))
	})
	return out, err
}

// UnmergeCases takes a case out of the one that it was merged into, with all that came with it.
func (n *Node) UnmergeCases(ctx context.Context, w Who, id, from string) (out *casework.Case, err error) {
	err = n.work(ctx, w, from, casework.CaseClose, audit.Change, "unmerge", func(tx *store.Tx, was *casework.Case) error {
		it, err := tx.Get(kindCase, id)
		if errors.Is(err, store.ErrNone) {
			return casework.ErrNoSeat
		}
		if err != nil {
			return err
		}
		c, err := body[casework.Case](it)
		if err != nil {
			return err
		}
		if err := c.Unmerge(was, w.Person, w.Reason); err != nil {
			return err
		}
		homes, err := homesOf(tx, c)
		if err != nil {
			return err
		}
		for _, home := range homes {
			if err := tx.MoveEntries(was.Num, home, c.Num); err != nil {
				return err
			}
		}
		out = c
		l := labelOf(it)
		if l == nil {
			return casework.ErrNoSeat
		}
		return errors.Join(n.recount(tx, c), n.recount(tx, was), n.putCase(tx, c, l))
	})
	return out, err
}

// homesOf are the numbers of a case and of all that were merged into it, and into those.
func homesOf(tx *store.Tx, c *casework.Case) ([]int64, error) {
	out := []int64{c.Num}
	for _, id := range slices.Sorted(maps.Keys(c.Merged)) {
		it, err := tx.Get(kindCase, id)
		if err != nil {
			return nil, err
		}
		m, err := body[casework.Case](it)
		if err != nil {
			return nil, err
		}
		more, err := homesOf(tx, m)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}

// recount counts what is in a case and collects its selectors anew.
func (n *Node) recount(tx *store.Tx, c *casework.Case) error {
	c.Counts = map[casework.EntryKind]int64{}
	if err := tx.Select(kindCase, c.ID, nil); err != nil {
		return err
	}
	for after := int64(0); ; {
		list, err := tx.Entries(c.Num, "", after, 1000)
		if err != nil || len(list) == 0 {
			return err
		}
		var selectors []string
		for _, e := range list {
			r, err := casework.ReadEntry(casework.EntryKind(e.Kind), e.Body)
			if err != nil {
				return err
			}
			selectors = append(selectors, r.Selectors...)
			c.Counts[casework.EntryKind(e.Kind)]++
			after = e.Seq
		}
		slices.Sort(selectors)
		if err := tx.AddSelectors(kindCase, c.ID, slices.Compact(selectors)); err != nil {
			return err
		}
	}
}

// SplitCase takes entries out of a case and opens another one with them, with the same people.
func (n *Node) SplitCase(ctx context.Context, w Who, id, title string, seqs []int64) (out *casework.Case, err error) {
	fresh, err := newID()
	if err != nil {
		return nil, err
	}
	err = n.work(ctx, w, id, casework.CaseClose, audit.Change, "split", func(tx *store.Tx, c *casework.Case) error {
		if len(seqs) == 0 || c.State != casework.CaseOpen {
			return fmt.Errorf("%w: name what goes into the new case, out of an open one", casework.ErrCase)
		}
		now := n.now()
		out, err = casework.NewCase(fresh, c.Owner, title, w.Person, c.Purpose, c.LegalBasis, append(slices.Clone(c.From), casework.Ref{Kind: kindCase, ID: c.ID}), now)
		if err != nil {
			return err
		}
		maps.Copy(out.Seats, c.Seats)
		if out.Num, err = tx.NextBlock("case", 1); err != nil {
			return err
		}
		for _, seq := range seqs {
			if _, err := entryIn(tx, c, seq); err != nil {
				return err
			}
			if err := tx.MoveEntry(seq, out.Num); err != nil {
				return err
			}
		}
		c.Version++
		l := &handling.Label{Owners: []string{n.config.Member}, Purpose: c.Purpose, Recorded: now, Until: handling.Retain("case", now)}
		return errors.Join(n.recount(tx, c), n.recount(tx, out), n.putCase(tx, out, l))
	})
	return out, err
}

// CaseImport says what was read into a case, and what was refused and why.
type CaseImport struct {
	Read     int         `json:"read"`
	New      int         `json:"new"`
	Same     int         `json:"same"`
	Changed  int         `json:"changed"`
	Rejected []BadRecord `json:"rejected"`
}

const (
	fillBatch   = 5000   // entries of one transaction
	mostRefused = 10_000 // lines that are refused before it is given up: that is no file for a case
)

// errFill is wrapped where too much of a file is refused.
var errFill = errors.New("more than 10,000 lines are refused, so the rest is not read")

// fillCase puts lines into a case, each read by a function. A line that is wrong is refused and named; the others come in, batch by batch, so that
// what was read stays when it breaks off, and reading it again changes nothing. Two lines about one thing come in one after the other.
func (n *Node) fillCase(ctx context.Context, w Who, id string, r io.Reader, out *CaseImport, read func(line []byte) (*entryRead, error)) error {
	var batch []entryRead
	in := map[string]bool{}
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		var put []Put
		err := n.work(ctx, w, id, casework.CaseWrite, audit.Change, "import", func(tx *store.Tx, c *casework.Case) (err error) {
			put, err = n.putEntries(tx, w, c, batch)
			return err
		})
		if err != nil {
			return err
		}
		for _, p := range put {
			switch p.Was {
			case "new":
				out.New++
			case "same":
				out.Same++
			case "changed":
				out.Changed++
			}
		}
		batch = batch[:0]
		clear(in)
		return nil
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), 2*casework.MostEntry)
	for line := 1; lines.Scan(); line++ {
		text := bytes.TrimSpace(lines.Bytes())
		if len(text) == 0 {
			continue
		}
		out.Read++
		e, err := read(text)
		if err != nil {
			if out.Rejected = append(out.Rejected, BadRecord{Line: line, Reason: err.Error()}); len(out.Rejected) > mostRefused {
				return errors.Join(errFill, flush())
			}
			continue
		}
		key := string(e.kind) + "\x00" + e.content.ID
		if len(batch) == fillBatch || in[key] {
			if err := flush(); err != nil {
				return err
			}
		}
		in[key] = true
		batch = append(batch, *e)
	}
	if err := lines.Err(); err != nil {
		return errors.Join(fmt.Errorf("after %d lines: %w", out.Read, err), flush())
	}
	return flush()
}

// ImportIntoCase puts lines of JSON into a case, each an entry of a kind: entities as FollowTheMoney writes them, findings, payments.
func (n *Node) ImportIntoCase(ctx context.Context, w Who, id string, kind casework.EntryKind, r io.Reader) (*CaseImport, error) {
	out := &CaseImport{Rejected: []BadRecord{}}
	return out, n.fillCase(ctx, w, id, r, out, func(line []byte) (*entryRead, error) {
		c, err := casework.ReadEntry(kind, bytes.Clone(line))
		if err != nil {
			return nil, err
		}
		if c.ID == "" {
			sum := sha256.Sum256(c.Body)
			c.ID = hex.EncodeToString(sum[:16])
		}
		return &entryRead{kind, c}, nil
	})
}

// AddDocument puts a file into a case. Its text is sealed on the disk and known by its digest: the same file again is the same entry.
func (n *Node) AddDocument(ctx context.Context, w Who, id string, f File, d casework.Document) (out *Put, err error) {
	// Whoever may not write there leaves no file behind.
	if err := n.work(ctx, w, id, casework.CaseRead, audit.Decision, "document", func(_ *store.Tx, c *casework.Case) error {
		return c.May(w.Person, casework.CaseWrite)
	}); err != nil {
		return nil, err
	}
	src, err := os.Open(f.Path)
	if err != nil {
		return nil, fmt.Errorf("read the document: %w", err)
	}
	defer src.Close()
	d.Name = cmp.Or(f.Name, filepath.Base(f.Path))
	d.Type = cmp.Or(f.Type, mime.TypeByExtension(filepath.Ext(d.Name)))
	sum := sha256.New()
	a, err := n.attachFrom(io.TeeReader(src, sum), d.Name, d.Type)
	if err != nil {
		return nil, err
	}
	d.Size, d.SHA256, d.Sealed = a.Size, hex.EncodeToString(sum.Sum(nil)), mustJSON(a)
	var put []Put
	err = n.work(ctx, w, id, casework.CaseWrite, audit.Change, "document", func(tx *store.Tx, c *casework.Case) error {
		put = nil
		have, err := tx.EntryByID(c.Num, string(casework.DocumentEntry), d.SHA256)
		if err == nil {
			put = []Put{{Seq: have.Seq, ID: have.ID, Was: "same"}}
			return nil
		}
		if !errors.Is(err, store.ErrNone) {
			return err
		}
		r, err := casework.ReadEntry(casework.DocumentEntry, mustJSON(d))
		if err != nil {
			return err
		}
		put, err = n.putEntries(tx, w, c, []entryRead{{casework.DocumentEntry, r}})
		return err
	})
	if err != nil || put[0].Was == "same" {
		_ = os.Remove(n.attachmentPath(a.SHA256)) // nothing names this copy
	}
	if err != nil {
		return nil, err
	}
	return &put[0], nil
}

// dropDocument removes the sealed file of an entry that is destroyed.
func (n *Node) dropDocument(e *store.Entry) {
	if a, err := sealedDocument(e); err == nil {
		_ = os.Remove(n.attachmentPath(a.SHA256)) // if it is here at all
	}
}

var errNoDocument = errors.New("this is no document")

func sealedDocument(e *store.Entry) (*envelope.Attachment, error) {
	var d casework.Document
	var a envelope.Attachment
	if e.Kind != string(casework.DocumentEntry) || json.Unmarshal(e.Body, &d) != nil || json.Unmarshal(d.Sealed, &a) != nil {
		return nil, errNoDocument
	}
	return &a, nil
}

// ReadDocument writes a document of a case, and checks that it is what was put in.
func (n *Node) ReadDocument(ctx context.Context, w Who, id string, seq int64, to io.Writer) error {
	var e *store.Entry
	err := n.work(ctx, w, id, casework.CaseRead, audit.Access, "document", func(tx *store.Tx, c *casework.Case) (err error) {
		e, err = entryIn(tx, c, seq)
		return err
	})
	if err != nil {
		return err
	}
	sum := sha256.New()
	return n.openDocument(e, io.MultiWriter(to, sum), sum)
}

func (n *Node) openDocument(e *store.Entry, to io.Writer, sum hash.Hash) error {
	a, err := sealedDocument(e)
	if err != nil {
		return err
	}
	src, err := os.Open(n.attachmentPath(a.SHA256))
	if err != nil {
		return fmt.Errorf("open the document: %w", err)
	}
	defer src.Close()
	if err := a.Open(to, src); err != nil {
		return err
	}
	if hex.EncodeToString(sum.Sum(nil)) != e.ID {
		return fmt.Errorf("the document %s is not what was put into the case: restore it from a backup", e.ID[:12])
	}
	return nil
}

// dropEntries destroys what is in a case or an operation.
func (n *Node) dropEntries(tx *store.Tx, num int64) error {
	for {
		list, err := tx.Entries(num, "", 0, 1000)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, e := range list {
			if err := tx.DeleteEntry(e.Seq); err != nil {
				return err
			}
			n.dropDocument(e)
		}
	}
}
