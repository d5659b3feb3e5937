package flow

import (
	"sort"
	"sync"
)

// View reads the graph. It is cheap, and belongs to one goroutine. The lists that it returns stay as they are.
type View struct {
	g       *Graph
	joined  [2]map[Account]*merged // what it had of Graph.joined, without asking again: in, out
	entries int                    // in them
}

// joined keeps lists that several slabs have a part of, for all views of a graph. A search goes to the same accounts again and
// again, and to join the list of a hub each time costs more than the search.
type joined struct {
	mu      sync.Mutex
	lists   [2]map[Account]*merged // in, out
	entries int
}

// keepJoined bounds the entries of joined lists that are kept, about 100 MB.
const keepJoined = 4 << 20

// merged is an account's list joined from several slabs, with the place of each entry.
type merged struct {
	entries []Entry
	places  []place
}

// place is where an entry lies.
type place struct {
	slab uint32
	pos  uint32
}

// View makes a view.
func (g *Graph) View() *View { return &View{g: g} }

// Graph is the graph the view reads.
func (v *View) Graph() *Graph { return v.g }

// Out is an account's payments made, In those received, in order of time.
func (v *View) Out(a Account) []Entry { return v.list(a, true) }

// In is an account's payments received, in order of time.
func (v *View) In(a Account) []Entry { return v.list(a, false) }

func (v *View) list(a Account, out bool) []Entry {
	if len(v.g.slabs) == 1 {
		d := v.g.slabs[0].side(out)
		lo, hi := d.span(a)
		return d.entries[lo:hi:hi]
	}
	var only []Entry
	parts := 0
	for _, s := range v.g.slabs {
		d := s.side(out)
		if lo, hi := d.span(a); lo < hi {
			only = d.entries[lo:hi:hi]
			parts++
		}
	}
	if parts <= 1 {
		return only
	}
	return v.merge(a, out).entries
}

// merge joins an account's lists, or finds it joined already. Linear in the list.
func (v *View) merge(a Account, out bool) *merged {
	side := 0
	if out {
		side = 1
	}
	if m := v.joined[side][a]; m != nil {
		return m
	}
	m := v.g.joined.get(v.g, a, side)
	if v.entries += len(m.entries); v.joined[side] == nil || v.entries > keepJoined {
		v.joined, v.entries = [2]map[Account]*merged{{}, {}}, len(m.entries)
	}
	v.joined[side][a] = m
	return m
}

func (j *joined) get(g *Graph, a Account, side int) *merged {
	j.mu.Lock()
	m := j.lists[side][a]
	j.mu.Unlock()
	if m != nil {
		return m
	}
	m = &merged{}
	for n, s := range g.slabs {
		d := s.side(side == 1)
		lo, hi := d.span(a)
		m.add(d.entries[lo:hi], uint32(n), uint32(lo))
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.entries += len(m.entries); j.lists[side] == nil || j.entries > keepJoined {
		j.lists, j.entries = [2]map[Account]*merged{{}, {}}, len(m.entries)
	}
	j.lists[side][a] = m
	return m
}

// add joins the entries of a slab, the first of which lies at a place of it. Slabs follow one another in the ledger, so of
// entries of one second those that are there already come first.
func (m *merged) add(list []Entry, slab, at uint32) {
	if len(list) == 0 {
		return
	}
	old, places := m.entries, m.places
	m.entries, m.places = make([]Entry, 0, len(old)+len(list)), make([]place, 0, len(old)+len(list))
	i := 0
	for k, e := range list {
		n := i + sort.Search(len(old)-i, func(n int) bool { return old[i+n].at > e.at })
		m.entries, m.places = append(append(m.entries, old[i:n]...), e), append(append(m.places, places[i:n]...), place{slab, at + uint32(k)})
		i = n
	}
	m.entries, m.places = append(m.entries, old[i:]...), append(m.places, places[i:]...)
}

// at finds the slab of the i-th entry of an account's list and its place there.
func (v *View) at(a Account, i int, out bool) (*slab, int) {
	var in *slab
	first, parts := 0, 0
	for _, s := range v.g.slabs {
		if lo, hi := s.side(out).span(a); lo < hi {
			in, first = s, lo
			parts++
		}
	}
	if parts == 1 {
		return in, first + i
	}
	p := v.merge(a, out).places[i]
	return v.g.slabs[p.slab], int(p.pos)
}

// Degree is the number of payments out and in, without joining any lists.
func (v *View) Degree(a Account) (out, in int) {
	for _, s := range v.g.slabs {
		lo, hi := s.out.span(a)
		out += hi - lo
		lo, hi = s.in.span(a)
		in += hi - lo
	}
	return out, in
}

// payer finds the i-th entry of an account's in list in its payer's out list, which knows the row and the context.
// Payments of one second between the same two accounts stand in the same order in both lists, so the k-th of one is the
// k-th of the other. It costs a binary search.
func (v *View) payer(a Account, i int) (*slab, int) {
	list := v.list(a, false)
	e := list[i]
	k := 0
	for j := i - 1; j >= 0 && list[j].at == e.at; j-- {
		if list[j].Peer() == e.Peer() {
			k++
		}
	}
	for _, s := range v.g.slabs {
		if pos, ok := s.find(e.Peer(), e.at, a, &k); ok {
			return s, pos
		}
	}
	panic("flow: an entry has no twin in the other side's list")
}

// Row gives the ledger row of the i-th entry of an account's out list (paid true) or in list.
func (v *View) Row(a Account, i int, paid bool) int64 {
	s, pos := v.payment(a, i, paid)
	return int64(s.row[pos])
}

func (v *View) payment(a Account, i int, paid bool) (*slab, int) {
	if paid {
		return v.at(a, i, true)
	}
	return v.payer(a, i)
}

// ContextNumber gives the number, in Graph.Contexts, of what the payment says beyond its entry.
func (v *View) ContextNumber(a Account, i int, paid bool) uint32 {
	if len(v.g.contexts) == 1 {
		return 0
	}
	s, pos := v.payment(a, i, paid)
	n := s.ctx.at(pos)
	if s.global != nil {
		n = s.global[n]
	}
	return n
}

// Context gives what the payment says beyond its entry.
func (v *View) Context(a Account, i int, paid bool) Context {
	return v.g.contexts[v.ContextNumber(a, i, paid)]
}

// Twin is the entry of the same payment at the other side of entry e of account a's out list (paid) or in list. Of
// several payments of one second between the same two accounts it takes the first that may be meant.
func (v *View) Twin(a Account, e Entry, paid bool) (Entry, bool) {
	list := v.list(e.Peer(), !paid)
	j := sort.Search(len(list), func(j int) bool { return list[j].at >= e.at })
	for ; j < len(list) && list[j].at == e.at; j++ {
		if list[j].Peer() == a {
			return list[j], true
		}
	}
	return Entry{}, false
}
