package flow

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"tarir/money/ledger"
)

// builder makes one slab of a run of segments. The lists of all accounts together are far larger than a processor's
// cache, and to write each payment straight to its place in them costs a wait for memory each time. So the accounts are
// divided into parts (see parts), and payments first go to the part, one after another, then within it to their place:
//
//	count    how many payments each part gets from each worker's run of segments;
//	scatter  each payment to its two parts: who counted apart can write apart, without a lock;
//	arrange  each part by account and time.
type builder struct {
	l          *ledger.Ledger
	currencies []Currency
	index      map[string]uint8 // of a currency

	s     *slab
	parts parts
	// ownOut and ownIn tell of each entry, while it is in its part but not in its place, whose it is.
	ownOut, ownIn     []uint16
	outParts, inParts []uint32 // first entry of each part, one more at the end

	mu       sync.Mutex
	contexts contextTable
}

func build(ctx context.Context, l *ledger.Ledger, currencies []Currency, from, to int) (*slab, error) {
	b := &builder{
		l: l, currencies: currencies, index: map[string]uint8{}, s: &slab{from: from, to: to},
		contexts: newContextTable(),
	}
	for i, c := range currencies {
		b.index[c.Code] = uint8(i)
	}
	if n := l.Accounts().Len(); n > maxAccounts {
		return nil, fmt.Errorf("build payment graph: the ledger has %d accounts and a graph holds %d; split the ledger", n, maxAccounts)
	}
	if l.Rows() > 1<<32 {
		return nil, errors.New("build payment graph: the ledger has more than 2^32 payments; split it")
	}
	if err := b.run(ctx); err != nil {
		return nil, errors.Join(err, b.s.release())
	}
	return b.s, nil
}

// worker is one run of segments and where its next entry of each part goes.
type worker struct {
	from, to int
	out, in  []uint32
}

func (b *builder) run(ctx context.Context) error {
	workers := b.split()
	b.parts = divide(b.l.Accounts().Len())
	err := each(ctx, workers, func(ctx context.Context, w *worker) error {
		w.out, w.in = make([]uint32, b.parts.n), make([]uint32, b.parts.n)
		return b.count(ctx, w)
	})
	if err != nil {
		return err
	}
	b.outParts, b.s.n = cursors(workers, b.parts.n, func(w *worker) []uint32 { return w.out })
	b.inParts, _ = cursors(workers, b.parts.n, func(w *worker) []uint32 { return w.in })
	if err := b.s.allocate(); err != nil {
		return err
	}
	b.ownOut, b.ownIn = make([]uint16, b.s.n), make([]uint16, b.s.n)
	if err := each(ctx, workers, b.scatter); err != nil {
		return err
	}
	if err := b.arrange(ctx); err != nil {
		return err
	}
	b.s.sortOutside(&order{})
	b.s.out.thin(b.s.n)
	b.s.in.thin(b.s.n)
	return nil
}

// split gives each processor a run of segments of about the same number of payments.
func (b *builder) split() []*worker {
	segs := b.l.Segments()
	var total int64
	for _, s := range segs[b.s.from:b.s.to] {
		total += s.Rows
	}
	n := int64(runtime.GOMAXPROCS(0))
	var out []*worker
	var done int64
	for i := b.s.from; i < b.s.to; i++ {
		if k := int64(len(out)); k == 0 || k < n && done*n >= total*k {
			out = append(out, &worker{from: i})
		}
		out[len(out)-1].to = i + 1
		done += segs[i].Rows
	}
	return out
}

func each(ctx context.Context, workers []*worker, fn func(context.Context, *worker) error) error {
	eg, ctx := errgroup.WithContext(ctx)
	for _, w := range workers {
		eg.Go(func() error { return fn(ctx, w) })
	}
	return eg.Wait()
}

// cursors turns the workers' counts into the place where each begins to write, and gives the starts of all parts.
func cursors(workers []*worker, parts int, counts func(*worker) []uint32) (start []uint32, total int) {
	start = make([]uint32, parts+1)
	at := uint32(0)
	for p := range parts {
		start[p] = at
		for _, w := range workers {
			c := counts(w)
			c[p], at = at, at+c[p]
		}
	}
	start[parts] = at
	return start, int(at)
}

func (b *builder) count(ctx context.Context, w *worker) error {
	var c ledger.Columns
	accounts, shift := uint32(b.l.Accounts().Len()), b.parts.shift
	for seg := w.from; seg < w.to; seg++ {
		if err := b.l.ReadSides(ctx, seg, &c); err != nil {
			return err
		}
		booked := bookedRows(&c)
		for i := range c.N {
			if c.From[i] >= accounts || c.To[i] >= accounts {
				return fmt.Errorf("build payment graph: %w: an account has a number that the ledger does not know", ledger.ErrDamaged)
			}
			if booked == nil || booked[i] {
				w.out[c.From[i]>>shift]++
				w.in[c.To[i]>>shift]++
			}
		}
	}
	return nil
}

func (b *builder) scatter(ctx context.Context, w *worker) error {
	var c ledger.Columns
	var channels uint16
	var timed, exchanges, purposeful bool
	d := decoded{b: b, purposes: map[string]Purpose{}}
	shift, mask := b.parts.shift, uint32(1)<<b.parts.shift-1
	for seg := w.from; seg < w.to; seg++ {
		if err := b.l.ReadColumns(ctx, seg, &c); err != nil {
			return err
		}
		if err := d.decode(&c); err != nil {
			return err
		}
		s := b.s
		for i := range c.N {
			if d.booked != nil && !d.booked[i] {
				continue
			}
			paid, received := d.paid[i], d.paid[i]
			if d.received != nil {
				received = d.received[i]
			}
			channel := d.channels[c.Channel.Code[i]]
			channels |= 1 << channel
			timed = timed || paid&dateOnlyBit == 0
			exchanges = exchanges || paid != received
			purposeful = purposeful || paid>>purposeAt&15 != 0
			at := uint32(c.Time[i] / 1000)
			from, to := c.From[i], c.To[i]

			k := w.out[from>>shift]
			w.out[from>>shift] = k + 1
			s.out.entries[k] = Entry{to | uint32(channel)<<peerBits, at, paid}
			s.row[k] = uint32(c.Base) + uint32(i)
			b.ownOut[k] = uint16(from & mask)
			if d.ctx != nil && d.ctx[i] != 0 {
				s.ctx.set(int(k), d.ctx[i])
			}
			k = w.in[to>>shift]
			w.in[to>>shift] = k + 1
			s.in.entries[k] = Entry{from | uint32(channel)<<peerBits, at, received}
			b.ownIn[k] = uint16(to & mask)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.s.channels |= channels
	b.s.timed = b.s.timed || timed
	b.s.exchanges = b.s.exchanges || exchanges
	b.s.purposes = b.s.purposes || purposeful
	return nil
}

// bookedRows says which payments are booked; nil means all.
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

// decoded is what placing needs beyond a segment's columns. It belongs to one worker, who reads one segment after the
// other into it.
type decoded struct {
	b        *builder
	booked   []bool   // nil where all are
	channels []uint8  // by code
	paid     []uint64 // Entry.meta
	received []uint64 // nil where it equals paid throughout
	ctx      []uint32 // nil where no payment has one

	purposes map[string]Purpose
	codes    numbering
	shops    []uint32
	devices  []uint32
	texts    []Context
	space    [2][]uint64
	numbers  []uint32
}

func (d *decoded) decode(c *ledger.Columns) error {
	d.booked = bookedRows(c)
	d.channels = d.channels[:0]
	for _, t := range c.Channel.Texts {
		ch, ok := ledger.ParseChannel(t)
		if !ok {
			return fmt.Errorf("build payment graph: %w: unknown channel", ledger.ErrDamaged)
		}
		d.channels = append(d.channels, uint8(ch))
	}
	paid, err := d.b.unitsOf(&c.Currency)
	if err != nil {
		return err
	}
	received, err := d.b.unitsOf(&c.ReceivedCurrency)
	if err != nil {
		return err
	}
	merchant := make([]uint64, len(c.MCC.Texts))
	for i, t := range c.MCC.Texts {
		if t != "" {
			merchant[i] = merchantBit
		}
	}
	d.space[0] = slices.Grow(d.space[0][:0], c.N)
	d.paid = d.space[0][:c.N]
	for i := range c.N {
		m := paid[c.Currency.Code[i]].meta(c.Amount[i], c.Scale[i]) | merchant[c.MCC.Code[i]]
		if c.DateOnly[i] {
			m |= dateOnlyBit
		}
		d.paid[i] = m
	}
	for i := range c.Purpose.N() {
		d.paid[i] |= uint64(classify(c.Purpose.At(i), d.purposes)) << purposeAt
	}
	d.received = nil
	if slices.ContainsFunc(c.ReceivedCurrency.Texts, func(t string) bool { return t != "" }) {
		const shared = dateOnlyBit | merchantBit | 15<<purposeAt
		d.space[1] = append(d.space[1][:0], d.paid...)
		d.received = d.space[1]
		for i, code := range c.ReceivedCurrency.Code {
			if c.ReceivedCurrency.Texts[code] != "" {
				d.received[i] = received[code].meta(c.Received[i], c.ReceivedScale[i]) | d.paid[i]&shared
			}
		}
	}
	return d.contextsOf(c)
}

// classify remembers the purposes of texts, which repeat; the text is cloned only when it is new.
func classify(text []byte, known map[string]Purpose) Purpose {
	if len(text) == 0 {
		return PurposeNone
	}
	p, ok := known[string(text)]
	if !ok {
		p = ClassifyPurpose(string(text))
		if len(known) < 1<<16 { // texts that never repeat would fill the memory
			known[string(text)] = p
		}
	}
	return p
}

// unit is a currency's index in the graph and the digits after the point of its unit there.
type unit struct {
	index uint64
	scale int32
}

func (b *builder) unitsOf(col *ledger.Coded) ([]unit, error) {
	out := make([]unit, len(col.Texts))
	for i, code := range col.Texts {
		if code == "" {
			continue
		}
		n, ok := b.index[code]
		if !ok {
			return nil, fmt.Errorf("build payment graph: %w: currency %s is not in the manifest", ledger.ErrDamaged, code)
		}
		out[i] = unit{uint64(n), int32(b.currencies[n].Scale)}
	}
	return out, nil
}

// meta writes an amount in the graph's unit, rounded half up where that is coarser.
func (u unit) meta(units int64, scale int32) uint64 {
	for ; scale < u.scale; scale++ {
		units *= 10
	}
	for ; scale > u.scale; scale-- {
		if scale == u.scale+1 {
			units += 5
		}
		units /= 10
	}
	return u.index<<amountBits | uint64(min(units, amountMask))
}
