package flow

import (
	"context"
	"fmt"
	"slices"
	"sort"

	"golang.org/x/sync/errgroup"

	"tarir/money/ledger"
)

// slab is an immutable part of the graph: the booked payments of the ledger segments [from, to).
type slab struct {
	from, to int
	n        int // payments

	out, in side
	row     []uint32 // ledger row of each out entry
	ctx     []uint32 // context of each out entry; nil where no payment has one
	inCtx   []uint32 // the same for each in entry

	mem []byte // what the slices lie in, to be released; nil on the heap
}

// side is one direction: the entries of each account, in order of time.
type side struct {
	// accounts lists the accounts of a sparse slab in ascending order; nil where start is indexed by account itself.
	accounts []uint32
	start    []uint32 // first entry of each account, one more at the end
	entries  []Entry
}

func (s *side) span(a Account) (lo, hi int) {
	i := int(a)
	if s.accounts != nil {
		var ok bool
		if i, ok = slices.BinarySearch(s.accounts, uint32(a)); !ok {
			return 0, 0
		}
	}
	if i+1 >= len(s.start) {
		return 0, 0
	}
	return int(s.start[i]), int(s.start[i+1])
}

// builder makes slabs and grows the graph's currencies and contexts while it does.
type builder struct {
	l *ledger.Ledger
	g *Graph
}

// decoded is one segment ready to be placed.
type decoded struct {
	n              int
	base           uint32
	from, to       []uint32
	channel        []uint8
	at             []uint32
	meta, received []uint64 // received is nil where it equals meta throughout
	ctx            []uint32 // nil where no row has one
	booked         []bool   // nil where all are
}

// build makes one slab of the segments [from, to).
func (b *builder) build(ctx context.Context, from, to int) (*slab, error) {
	nAcc := b.l.Accounts().Len()
	if nAcc > maxAccounts {
		return nil, fmt.Errorf("build payment graph: the ledger has %d accounts and a graph holds %d; split the ledger", nAcc, maxAccounts)
	}
	s := &slab{from: from, to: to}
	outStart, inStart := make([]uint32, nAcc+1), make([]uint32, nAcc+1)
	// Count: one goroutine for each direction, so that no counter is shared.
	counts := func(starts []uint32, payer bool) func() error {
		return func() error {
			var c ledger.Columns
			for seg := from; seg < to; seg++ {
				if err := b.l.ReadSides(ctx, seg, &c); err != nil {
					return err
				}
				ids := c.To
				if payer {
					ids = c.From
				}
				booked := bookedRows(&c)
				for i, a := range ids {
					if int(a) >= nAcc {
						return fmt.Errorf("build payment graph: %w: account %d of %d", ledger.ErrDamaged, a, nAcc)
					}
					if booked == nil || booked[i] {
						starts[a+1]++
					}
				}
			}
			for i := 1; i < len(starts); i++ {
				starts[i] += starts[i-1]
			}
			return nil
		}
	}
	g, gctx := errgroup.WithContext(ctx)
	g.Go(counts(outStart, true))
	g.Go(counts(inStart, false))
	if err := g.Wait(); err != nil {
		return nil, err
	}
	s.n = int(outStart[nAcc])
	hasCtx := false
	s.out.start, s.in.start = outStart, inStart
	var err error
	if err = s.allocate(); err != nil {
		return nil, err
	}
	outAt, inAt := slices.Clone(outStart[:nAcc]), slices.Clone(inStart[:nAcc])

	// Place: one goroutine decodes, two write, each its own direction.
	toOut, toIn := make(chan *decoded, 1), make(chan *decoded, 1)
	g, gctx = errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(toOut)
		defer close(toIn)
		var c ledger.Columns
		for seg := from; seg < to; seg++ {
			if err := b.l.ReadColumns(gctx, seg, &c); err != nil {
				return err
			}
			d, err := b.decode(&c)
			if err != nil {
				return err
			}
			for _, ch := range []chan *decoded{toOut, toIn} {
				select {
				case ch <- d:
				case <-gctx.Done():
					return gctx.Err()
				}
			}
		}
		return nil
	})
	g.Go(func() error {
		for d := range toOut {
			for i := range d.n {
				if d.booked != nil && !d.booked[i] {
					continue
				}
				a := d.from[i]
				k := outAt[a]
				outAt[a] = k + 1
				s.out.entries[k] = Entry{d.to[i] | uint32(d.channel[i])<<peerBits, d.at[i], d.meta[i]}
				s.row[k] = d.base + uint32(i)
				if d.ctx != nil {
					hasCtx = true
					s.ctx[k] = d.ctx[i]
				}
			}
		}
		return nil
	})
	g.Go(func() error {
		for d := range toIn {
			meta := d.meta
			if d.received != nil {
				meta = d.received
			}
			for i := range d.n {
				if d.booked != nil && !d.booked[i] {
					continue
				}
				a := d.to[i]
				k := inAt[a]
				inAt[a] = k + 1
				s.in.entries[k] = Entry{d.from[i] | uint32(d.channel[i])<<peerBits, d.at[i], meta[i]}
				if d.ctx != nil {
					s.inCtx[k] = d.ctx[i]
				}
			}
		}
		return nil
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	if !hasCtx {
		s.ctx, s.inCtx = nil, nil
	}
	g, _ = errgroup.WithContext(ctx)
	g.Go(func() error { s.sortOut(); return nil })
	g.Go(func() error { s.sortIn(); return nil })
	if err := g.Wait(); err != nil {
		return nil, err
	}
	s.thin()
	return s, nil
}

// thin keeps of a small slab in a large ledger only the accounts that occur in it.
func (s *slab) thin() {
	for _, d := range []*side{&s.out, &s.in} {
		if len(d.start) < 4*s.n || d.accounts != nil {
			continue
		}
		var accounts, start []uint32
		for a := range len(d.start) - 1 {
			if d.start[a] != d.start[a+1] {
				accounts = append(accounts, uint32(a))
				start = append(start, d.start[a])
			}
		}
		if accounts == nil {
			accounts = []uint32{}
		}
		d.accounts, d.start = accounts, append(start, uint32(s.n))
	}
}

// sortOut puts each list in order of time where the rows did not come so. Equal times keep the order of the ledger.
func (s *slab) sortOut() {
	type item struct {
		e   Entry
		row uint32
		ctx uint32
	}
	var buf []item
	for a := range len(s.out.start) - 1 {
		lo, hi := s.out.start[a], s.out.start[a+1]
		list := s.out.entries[lo:hi]
		if inOrder(list) {
			continue
		}
		buf = buf[:0]
		for i, e := range list {
			it := item{e: e, row: s.row[int(lo)+i]}
			if s.ctx != nil {
				it.ctx = s.ctx[int(lo)+i]
			}
			buf = append(buf, it)
		}
		slices.SortStableFunc(buf, func(x, y item) int { return int(int64(x.e.at) - int64(y.e.at)) })
		for i, it := range buf {
			list[i] = it.e
			s.row[int(lo)+i] = it.row
			if s.ctx != nil {
				s.ctx[int(lo)+i] = it.ctx
			}
		}
	}
}

func (s *slab) sortIn() {
	type item struct {
		e   Entry
		ctx uint32
	}
	var buf []item
	for a := range len(s.in.start) - 1 {
		lo := int(s.in.start[a])
		list := s.in.entries[lo:s.in.start[a+1]]
		if inOrder(list) {
			continue
		}
		if s.inCtx == nil {
			slices.SortStableFunc(list, func(x, y Entry) int { return int(int64(x.at) - int64(y.at)) })
			continue
		}
		buf = buf[:0]
		for i, e := range list {
			buf = append(buf, item{e, s.inCtx[lo+i]})
		}
		slices.SortStableFunc(buf, func(x, y item) int { return int(int64(x.e.at) - int64(y.e.at)) })
		for i, it := range buf {
			list[i], s.inCtx[lo+i] = it.e, it.ctx
		}
	}
}

func inOrder(list []Entry) bool {
	for i := 1; i < len(list); i++ {
		if list[i].at < list[i-1].at {
			return false
		}
	}
	return true
}

func bookedRows(c *ledger.Columns) []bool {
	all := true
	for _, t := range c.Status.Texts {
		all = all && t == ledger.Booked.String()
	}
	if all {
		return nil
	}
	out := make([]bool, c.N)
	for i, code := range c.Status.Code {
		out[i] = c.Status.Texts[code] == ledger.Booked.String()
	}
	return out
}

// decode turns a segment's columns into what is placed. It runs in one goroutine, which alone grows the contexts.
func (b *builder) decode(c *ledger.Columns) (*decoded, error) {
	d := &decoded{
		n: c.N, base: uint32(c.Base), from: slices.Clone(c.From), to: slices.Clone(c.To),
		channel: make([]uint8, c.N), at: make([]uint32, c.N), meta: make([]uint64, c.N), booked: bookedRows(c),
	}
	if c.Base+int64(c.N) > 1<<32 {
		return nil, fmt.Errorf("build payment graph: the ledger has more than 2^32 payments; split it")
	}
	channels := make([]uint8, len(c.Channel.Texts))
	for i, t := range c.Channel.Texts {
		ch, ok := ledger.ParseChannel(t)
		if !ok {
			return nil, fmt.Errorf("build payment graph: %w: unknown channel", ledger.ErrDamaged)
		}
		channels[i] = uint8(ch)
	}
	currency, err := b.currencies(c.Currency.Texts)
	if err != nil {
		return nil, err
	}
	received, err := b.currencies(c.ReceivedCurrency.Texts)
	if err != nil {
		return nil, err
	}
	meta := func(units int64, scale int32, cur uint8) (uint64, error) {
		if want := b.g.currencies[cur].Scale; int32(want) != scale {
			u, exact := ledger.Money{Units: units, Scale: uint8(scale)}.Rescale(want)
			if !exact {
				return 0, fmt.Errorf("build payment graph: an amount of %s does not fit %d digits after the point", b.g.currencies[cur].Code, want)
			}
			units = u
		}
		return uint64(cur)<<amountBits | uint64(units)&amountMask, nil
	}
	for i := range c.N {
		d.channel[i] = channels[c.Channel.Code[i]]
		d.at[i] = uint32(c.Time[i] / 1000)
		m, err := meta(c.Amount[i], c.Scale[i], currency[c.Currency.Code[i]])
		if err != nil {
			return nil, err
		}
		if c.DateOnly[i] {
			m |= dateOnlyBit
		}
		d.meta[i] = m
	}
	converted := false
	for _, t := range c.ReceivedCurrency.Texts {
		converted = converted || t != ""
	}
	if converted {
		b.g.exchanges = true
		d.received = slices.Clone(d.meta)
		for i := range c.N {
			if c.ReceivedCurrency.Texts[c.ReceivedCurrency.Code[i]] == "" {
				continue
			}
			m, err := meta(c.Received[i], c.ReceivedScale[i], received[c.ReceivedCurrency.Code[i]])
			if err != nil {
				return nil, err
			}
			d.received[i] = m | d.meta[i]&dateOnlyBit
		}
	}
	b.contexts(c, d)
	return d, nil
}

func (b *builder) currencies(codes []string) ([]uint8, error) {
	out := make([]uint8, len(codes))
	for i, code := range codes {
		if code == "" {
			continue
		}
		n, ok := b.g.currencyIndex[code]
		if !ok {
			return nil, fmt.Errorf("build payment graph: %w: currency %s is not in the manifest", ledger.ErrDamaged, code)
		}
		out[i] = n
	}
	return out, nil
}

// contexts numbers the distinct combinations of merchant category, place, device and purpose.
func (b *builder) contexts(c *ledger.Columns, d *decoded) {
	any := len(c.Purpose) > 0 && slices.ContainsFunc(c.Purpose, func(s string) bool { return s != "" })
	for _, col := range []*ledger.Coded{&c.MCC, &c.Place, &c.Device} {
		any = any || slices.ContainsFunc(col.Texts, func(s string) bool { return s != "" })
	}
	if !any {
		return
	}
	d.ctx = make([]uint32, c.N)
	for i := range c.N {
		x := Context{
			MCC: c.MCC.Texts[c.MCC.Code[i]], Place: c.Place.Texts[c.Place.Code[i]], Device: c.Device.Texts[c.Device.Code[i]],
			Purpose: ClassifyPurpose(c.Purpose[i]),
		}
		if x == (Context{}) {
			continue
		}
		n, ok := b.g.contextIndex[x]
		if !ok {
			n = uint32(len(b.g.contexts))
			b.g.contexts = append(b.g.contexts, x)
			b.g.contextIndex[x] = n
		}
		d.ctx[i] = n
	}
}

// sortedCodes lists a ledger's currencies so that equal ledgers give equal graphs.
func sortedCodes(scales map[string]uint8) []string {
	codes := make([]string, 0, len(scales))
	for c := range scales {
		codes = append(codes, c)
	}
	sort.Strings(codes)
	return codes
}
