package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"tarir/audit"
	"tarir/casework"
	"tarir/handling"
	"tarir/store"
)

// Cases that are one, or two after all: merged, taken apart again, split; and which cases may belong together.

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
	c.Drawn++
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
