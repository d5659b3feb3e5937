package flow

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"unsafe"

	"golang.org/x/sys/unix"

	"tarir/money/ledger"
)

// Currency is a currency of the graph and the digits after the point of its unit: the finest that the ledger holds.
type Currency struct {
	Code  string `json:"code"`
	Scale uint8  `json:"scale"`
}

// Context is what some payments say beyond who, when and how much.
type Context struct {
	MCC     string  `json:"mcc,omitempty"`
	Place   string  `json:"place,omitempty"`
	Device  string  `json:"device,omitempty"`
	Purpose Purpose `json:"purpose,omitempty"`
}

// Graph is the payment graph of a ledger. It is immutable and safe for concurrent use through Views.
type Graph struct {
	l             *ledger.Ledger
	slabs         []*slab
	currencies    []Currency
	currencyIndex map[string]uint8
	contexts      []Context // 0 is the empty one
	contextIndex  map[Context]uint32
	n             int64
	first, last   int64
	dateOnly      bool
	channels      uint16 // one bit for each channel that occurs
	exchanges     bool   // some payment was received as another amount than was paid
}

// Build makes the graph of all segments of l as one slab in memory. Close releases it.
func Build(ctx context.Context, l *ledger.Ledger) (*Graph, error) {
	g, err := newGraph(l)
	if err != nil {
		return nil, err
	}
	if len(l.Segments()) > 0 {
		s, err := (&builder{l, g}).build(ctx, 0, len(l.Segments()))
		if err != nil {
			return nil, err
		}
		g.slabs = []*slab{s}
	}
	g.finish()
	return g, nil
}

func newGraph(l *ledger.Ledger) (*Graph, error) {
	g := &Graph{l: l, currencyIndex: map[string]uint8{}, contexts: []Context{{}}, contextIndex: map[Context]uint32{}}
	scales := l.Scales()
	codes := sortedCodes(scales)
	if len(codes) > 256 {
		return nil, fmt.Errorf("build payment graph: %d currencies in one ledger; a graph holds 256", len(codes))
	}
	for i, c := range codes {
		g.currencies = append(g.currencies, Currency{c, scales[c]})
		g.currencyIndex[c] = uint8(i)
	}
	return g, nil
}

func (g *Graph) finish() {
	g.n, g.first, g.last = 0, 0, 0
	for _, s := range g.slabs {
		g.n += int64(s.n)
	}
	for i, s := range g.l.Segments() {
		if i == 0 || s.First < g.first {
			g.first = s.First
		}
		if i == 0 || s.Last > g.last {
			g.last = s.Last
		}
	}
	g.first, g.last = g.first/1000, g.last/1000
	// One payment with a time of day is enough to say that times are known.
	g.dateOnly = g.n > 0
	for _, s := range g.slabs {
		for _, e := range s.out.entries {
			g.channels |= 1 << e.Channel()
			g.dateOnly = g.dateOnly && e.DateOnly()
		}
	}
}

// Close releases the memory of the graph. No view may be used afterwards.
func (g *Graph) Close() error {
	var errs []error
	for _, s := range g.slabs {
		if s.mem != nil {
			errs = append(errs, unix.Munmap(s.mem))
			s.mem = nil
		}
	}
	g.slabs = nil
	return errors.Join(errs...)
}

// Ledger is the ledger that the graph was built from.
func (g *Graph) Ledger() *ledger.Ledger { return g.l }

// Payments is the number of payments in the graph.
func (g *Graph) Payments() int64 { return g.n }

// Accounts is one more than the highest account number.
func (g *Graph) Accounts() int { return g.l.Accounts().Len() }

// Span is the first and the last second of any payment.
func (g *Graph) Span() (first, last int64) { return g.first, g.last }

// DateOnly says that no payment has a time of day.
func (g *Graph) DateOnly() bool { return g.dateOnly }

// HasContext says whether any payment has a merchant category, a place, a device, a purpose.
func (g *Graph) HasContext() (mcc, place, device, purpose bool) {
	for _, c := range g.contexts {
		mcc = mcc || c.MCC != ""
		place = place || c.Place != ""
		device = device || c.Device != ""
		purpose = purpose || c.Purpose != PurposeNone
	}
	return mcc, place, device, purpose
}

// Currencies lists the graph's currencies by index.
func (g *Graph) Currencies() []Currency { return g.currencies }

// Money writes an amount in the graph's unit of a currency as Money.
func (g *Graph) Money(amount int64, currency uint8) ledger.Money {
	c := g.currencies[currency]
	return ledger.Money{Units: amount, Scale: c.Scale, Currency: c.Code}
}

// Bytes is what the graph occupies.
func (g *Graph) Bytes() int64 {
	var n int64
	for _, s := range g.slabs {
		n += int64(len(s.out.entries)+len(s.in.entries)) * 16
		n += int64(len(s.row)+len(s.ctx)+len(s.inCtx)+len(s.out.start)+len(s.in.start)+len(s.out.accounts)+len(s.in.accounts)) * 4
	}
	return n
}

// allocate gives the slab's arrays in one anonymous mapping with large pages, which the random writes of the building
// and the random reads of traces need: on small pages half of their time goes into finding the page. Pages that are
// never written, those of the contexts where there are none, are not resident.
func (s *slab) allocate() error {
	if s.n == 0 {
		return nil
	}
	mem, err := unix.Mmap(-1, 0, slabBytes(s.n), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return fmt.Errorf("build payment graph of %d payments: %w", s.n, err)
	}
	_ = unix.Madvise(mem, unix.MADV_HUGEPAGE) // a hint: without it the graph is only slower
	s.carve(mem)
	return nil
}

func slabBytes(n int) int { return n * (16 + 16 + 4 + 4 + 4) }

// carve lays the slab's arrays over its memory: entries out, entries in, rows, contexts out, contexts in.
func (s *slab) carve(mem []byte) {
	s.mem = mem
	base, n := unsafe.Pointer(unsafe.SliceData(mem)), s.n
	s.out.entries = unsafe.Slice((*Entry)(base), n)
	s.in.entries = unsafe.Slice((*Entry)(unsafe.Add(base, n*16)), n)
	s.row = unsafe.Slice((*uint32)(unsafe.Add(base, n*32)), n)
	s.ctx = unsafe.Slice((*uint32)(unsafe.Add(base, n*36)), n)
	s.inCtx = unsafe.Slice((*uint32)(unsafe.Add(base, n*40)), n)
}

// View reads the graph. It is cheap, and belongs to one goroutine: lists that it returns are valid until two further
// calls of the same method.
type View struct {
	g   *Graph
	out [2]merged
	in  [2]merged
	k   int
}

type merged struct {
	entries []Entry
	row     []uint32
	ctx     []uint32
}

// View makes a view.
func (g *Graph) View() *View { return &View{g: g} }

// Graph is the graph the view reads.
func (v *View) Graph() *Graph { return v.g }

// Out is an account's payments made, In those received, in order of time.
func (v *View) Out(a Account) []Entry { return v.list(a, true) }

// In is an account's payments received, in order of time.
func (v *View) In(a Account) []Entry { return v.list(a, false) }

func (s *slab) side(out bool) *side {
	if out {
		return &s.out
	}
	return &s.in
}

func (v *View) list(a Account, out bool) []Entry {
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
	v.k ^= 1
	m := &v.in[v.k]
	if out {
		m = &v.out[v.k]
	}
	m.entries = m.entries[:0]
	for _, s := range v.g.slabs {
		d := s.side(out)
		lo, hi := d.span(a)
		m.entries = append(m.entries, d.entries[lo:hi]...)
	}
	// Slabs follow one another in the ledger, so a stable sort keeps the ledger's order within a second.
	if !inOrder(m.entries) {
		sort.SliceStable(m.entries, func(i, j int) bool { return m.entries[i].at < m.entries[j].at })
	}
	return m.entries
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

// Row gives the ledger row of the i-th entry of an account's out list (paid true) or in list.
func (v *View) Row(a Account, i int, paid bool) int64 {
	if paid {
		s, pos := v.at(a, i, true)
		return int64(s.row[pos])
	}
	list := v.list(a, false)
	// Payments of one second between the same two accounts stand in the same order in both lists, so the k-th of one
	// is the k-th of the other.
	e := list[i]
	s, pos := v.g.nth(e.Peer(), Entry{peer: uint32(a), at: e.at}, rank(list, i), true)
	return int64(s.row[pos])
}

// Context gives what the payment says beyond its entry.
func (v *View) Context(a Account, i int, paid bool) Context {
	if len(v.g.contexts) == 1 {
		return Context{}
	}
	s, pos := v.at(a, i, paid)
	ctx := s.inCtx
	if paid {
		ctx = s.ctx
	}
	if ctx == nil {
		return Context{}
	}
	return v.g.contexts[ctx[pos]]
}

// at finds the slab of the i-th entry of an account's list and its place there.
func (v *View) at(a Account, i int, paid bool) (*slab, int) {
	if len(v.g.slabs) == 1 {
		lo, _ := v.g.slabs[0].side(paid).span(a)
		return v.g.slabs[0], lo + i
	}
	list := v.list(a, paid)
	return v.g.nth(a, list[i], rank(list, i), paid)
}

// rank counts the entries before i of the same second and counterparty.
func rank(list []Entry, i int) int {
	k := 0
	for j := i - 1; j >= 0 && list[j].at == list[i].at; j-- {
		if list[j].Peer() == list[i].Peer() {
			k++
		}
	}
	return k
}

// nth finds the k-th entry of an account's list with the counterparty and second of e.
func (g *Graph) nth(a Account, e Entry, k int, paid bool) (*slab, int) {
	for _, s := range g.slabs {
		d := s.side(paid)
		lo, hi := d.span(a)
		entries := d.entries[lo:hi]
		j := sort.Search(len(entries), func(j int) bool { return entries[j].at >= e.at })
		for ; j < len(entries) && entries[j].at == e.at; j++ {
			if entries[j].Peer() != e.Peer() {
				continue
			}
			if k == 0 {
				return s, lo + j
			}
			k--
		}
	}
	panic("flow: an entry has no twin in the other side's list")
}

// HasChannel says whether any payment went one of the given ways.
func (g *Graph) HasChannel(channels ...ledger.Channel) bool {
	for _, c := range channels {
		if g.channels&(1<<c) != 0 {
			return true
		}
	}
	return false
}

// AccountName writes an account as findings do: INSTITUTION/NUMBER.
func (g *Graph) AccountName(a Account) string { return g.l.Accounts().Account(uint32(a)).String() }

// Exchanges says whether any payment was received in another amount or currency than it was paid in.
func (g *Graph) Exchanges() bool { return g.exchanges }

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
