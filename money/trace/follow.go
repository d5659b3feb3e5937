package trace

import (
	"cmp"
	"context"
	"slices"

	"tarir/money/flow"
)

const defaultMaxLots = 10_000_000

// growFast is up to how many lots there is room for twice as many once there is none left. Beyond, room is dearer than copying.
const growFast = 1 << 16

// tracer is a trace on its way: accounts that hold traced money, in the order of their next payments.
type tracer struct {
	ctx    context.Context
	g      *flow.Graph
	v      *flow.View
	o      Options
	states map[key]*state
	heap   []due
	res    *Result
	seeds  []Seed
	// seedRows are the payments whose money is put in as seeds.
	seedRows map[int64]bool
	until    int64
}

// Run follows the seeds. Seeds of one payment and account are taken once.
func Run(ctx context.Context, g *flow.Graph, seeds []Seed, o Options) (*Result, error) {
	if o.MaxLots == 0 {
		o.MaxLots = defaultMaxLots
	}
	o.Dust = max(o.Dust, 1)
	t := &tracer{
		ctx: ctx, g: g, v: g.View(), o: o, states: map[key]*state{}, res: &Result{Totals: make([]Total, len(g.Currencies()))},
		seeds: slices.Clone(seeds), seedRows: map[int64]bool{}, until: int64(1) << 62,
	}
	if o.Until != 0 {
		t.until = o.Until
		if o.Backward {
			t.until = -o.Until
		}
	}
	for i := range t.seeds {
		if o.Backward {
			t.seeds[i].At = -t.seeds[i].At
		}
	}
	slices.SortStableFunc(t.seeds, func(a, b Seed) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Row, b.Row), cmp.Compare(a.Account, b.Account))
	})
	t.seeds = slices.CompactFunc(t.seeds, func(a, b Seed) bool { return a.Row >= 0 && a.Row == b.Row && a.Account == b.Account })
	for _, s := range t.seeds {
		if s.Row >= 0 {
			t.seedRows[s.Row] = true
		}
	}
	if err := t.run(); err != nil {
		return nil, err
	}
	t.finish()
	return t.res, nil
}

// The lists of an account in the direction of the trace: going out is what carries traced money on. Backward the lists
// are read from their ends and times are negative, so that one code serves both.
func (t *tracer) list(a flow.Account, out bool) []flow.Entry {
	if out != t.o.Backward {
		return t.v.Out(a)
	}
	return t.v.In(a)
}

func (t *tracer) entry(list []flow.Entry, i int) flow.Entry {
	if t.o.Backward {
		return list[len(list)-1-i]
	}
	return list[i]
}

func (t *tracer) time(e flow.Entry) int64 {
	if t.o.Backward {
		return -e.At()
	}
	return e.At()
}

func (t *tracer) row(a flow.Account, list []flow.Entry, i int, out bool) int64 {
	if t.o.Backward {
		i = len(list) - 1 - i
	}
	return t.v.Row(a, i, out != t.o.Backward)
}

// first is the first entry at or after a time of the trace.
func (t *tracer) first(list []flow.Entry, at int64) int {
	lo, hi := 0, len(list)
	for lo < hi {
		mid := (lo + hi) / 2
		if t.time(t.entry(list, mid)) < at {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

func (t *tracer) run() error {
	for n := 0; ; n++ {
		if n&0xffff == 0 {
			if err := t.ctx.Err(); err != nil {
				return err
			}
		}
		if len(t.seeds) > 0 && (len(t.heap) == 0 || t.seeds[0].At <= t.heap[0].at) {
			s := t.seeds[0]
			t.seeds = t.seeds[1:]
			if s.At > t.until {
				continue // it starts after the time that was asked about
			}
			t.res.Totals[s.Currency].Started += s.Amount
			t.arrive(Lot{Parent: -1, Row: s.Row, Account: s.Account, At: s.At, Amount: s.Amount, Currency: s.Currency, How: s.How}, s.Peer)
			continue
		}
		if len(t.heap) == 0 {
			return nil
		}
		s := t.heap[0].s
		if t.heap[0].at > t.until || s.traced == 0 || len(t.res.Lots) >= t.o.MaxLots {
			t.res.Truncated = t.res.Truncated || len(t.res.Lots) >= t.o.MaxLots
			t.remove(s)
			continue
		}
		t.step(s)
	}
}

// step handles an account's next second: what it received until then, then the next payment that it made.
func (t *tracer) step(s *state) {
	at := t.heap[s.heap].at
	t.count(s, at+1)
	if e := t.entry(s.leaving, s.out); t.time(e) == at {
		t.res.Events++
		s.out++
		if e.Currency() == s.currency && e.Peer() != s.account {
			t.pay(s, e, s.out-1, s.leaving)
		}
	}
	t.advance(s)
}

// count counts what an account received before a second.
func (t *tracer) count(s *state, before int64) {
	for s.in < len(s.arriving) {
		e := t.entry(s.arriving, s.in)
		at := t.time(e)
		if at >= before {
			return
		}
		s.in++
		t.res.Events++
		if e.Currency() == s.currency && e.Peer() != s.account {
			s.settle(e.Peer(), at, e.Amount(), 0)
		}
	}
}

// pay takes money out by the policy and lets the traced part of it arrive at the other side.
func (t *tracer) pay(s *state, e flow.Entry, i int, out []flow.Entry) {
	amount := e.Amount()
	if amount == 0 {
		return
	}
	balance := max(s.balance, s.traced)
	var taken []part
	switch t.o.Policy {
	case Haircut:
		share := s.traced
		if amount < balance {
			share = mulDiv(s.traced, amount, balance)
		}
		taken = s.draw(share, false)
	case Poison:
		taken = s.draw(min(amount, s.traced), false)
	case Presumed:
		share := min(amount, s.traced)
		if cash := Ends(e.Channel(), t.o.Backward) == Cash; !cash && (t.o.Inside == nil || !t.o.Inside(e.Peer())) {
			if bought := t.o.Cost != nil && e.Purchase() && t.o.Cost(t.row(s.account, out, i, true)); !bought {
				share = min(s.traced, max(0, amount-(balance-s.traced)))
			}
		}
		taken = s.draw(share, false)
	case FIFO:
		taken = s.draw(amount, false)
	case LIFO:
		taken = s.draw(amount, true)
	}
	s.balance = max(0, balance-amount)
	var traced int64
	for _, p := range taken {
		if p.lot >= 0 {
			traced += p.amount
		}
	}
	if traced == 0 {
		return
	}
	s.traced -= traced
	s.balance = max(s.balance, s.traced)
	row := t.row(s.account, out, i, true)
	if t.seedRows[row] {
		// The payment is itself a start: what it carries on of another was counted there and does not start twice.
		t.res.Totals[s.currency].Started -= traced
		return
	}
	received, currency := traced, s.currency
	other, paid := t.otherSide(e, s.account)
	if other.Currency() != s.currency || other.Amount() != paid {
		// Exchanged, or received less a charge: the lot arrives in the same proportion.
		received, currency = mulDiv(traced, other.Amount(), max(paid, 1)), other.Currency()
	}
	if t.o.Policy == FIFO || t.o.Policy == LIFO {
		t.forward(s, e, taken, traced, received, currency, row)
		return
	}
	// The parts of a pool go on as one lot, led back to the largest.
	largest := taken[0]
	for _, p := range taken {
		if p.amount > largest.amount {
			largest = p
		}
	}
	t.forward(s, e, []part{{largest.lot, traced}}, traced, received, currency, row)
}

func (t *tracer) forward(s *state, e flow.Entry, taken []part, traced, received int64, currency uint8, row int64) {
	if currency != s.currency || received != traced {
		t.res.Totals[s.currency].ExchangedOut += traced
		t.res.Totals[currency].ExchangedIn += received
	}
	left := received
	for k, p := range taken {
		if p.lot < 0 {
			continue
		}
		amount := p.amount
		if received != traced {
			amount = mulDiv(p.amount, received, traced)
		}
		last := true
		for _, q := range taken[k+1:] {
			last = last && q.lot < 0
		}
		if last {
			amount = left
		}
		left -= amount
		parent := t.res.Lots[p.lot]
		if amount == 0 {
			continue
		}
		t.arrive(Lot{
			Parent: p.lot, Row: row, Account: e.Peer(), At: t.time(e), Amount: amount, Currency: currency,
			Hops: parent.Hops + 1, How: Ends(e.Channel(), t.o.Backward),
		}, s.account)
	}
}

// otherSide is the entry of the same payment at the other side, and what this side's entry says was moved.
func (t *tracer) otherSide(e flow.Entry, a flow.Account) (flow.Entry, int64) {
	if !t.g.Exchanges() {
		return e, e.Amount()
	}
	x, ok := t.v.Twin(a, e, !t.o.Backward)
	if !ok {
		return e, e.Amount()
	}
	return x, e.Amount()
}

// arrive puts a lot where it goes.
func (t *tracer) arrive(l Lot, from flow.Account) {
	id := int32(len(t.res.Lots))
	if n := len(t.res.Lots); n == cap(t.res.Lots) && n < growFast {
		t.res.Lots = slices.Grow(t.res.Lots, n+64)
	}
	if l.How == Passed {
		switch {
		case l.Account == flow.Outside:
			l.How = Outside
		case t.o.Hub != nil && t.o.Hub(l.Account):
			l.How = Hub
		case t.o.Covered != nil && !t.o.Covered(l.Account):
			l.How = Institution
		case t.o.Hops > 0 && int(l.Hops) >= t.o.Hops || l.Amount <= t.o.Dust:
			l.How = Limit
		}
	}
	if l.How != Passed {
		l.Rest = l.Amount
		t.res.Lots = append(t.res.Lots, l)
		return
	}
	t.res.Lots = append(t.res.Lots, l)
	k := key{l.Account, l.Currency}
	s := t.states[k]
	if s == nil {
		s = t.open(k, l.At)
	}
	if s.heap >= 0 {
		t.count(s, l.At)
	}
	s.parts = append(s.parts, part{id, l.Amount})
	s.traced += l.Amount
	s.balance += l.Amount
	if s.heap < 0 {
		// It had nothing traced and was not followed meanwhile: catch up with what passed.
		t.catchUp(s, l.At)
	}
	s.settle(from, l.At, 0, l.Amount)
	if s.heap < 0 {
		t.advance(s)
	}
}

// open starts to follow an account: its balance before is what its payments leave it.
func (t *tracer) open(k key, at int64) *state {
	s := &state{account: k.account, currency: k.currency, heap: -1, pool: t.o.Policy != FIFO && t.o.Policy != LIFO}
	t.states[k] = s
	if t.o.Backward {
		// Seen backward, what stayed on the account after the payment came from its credits as well.
		s.balance = t.before(k, -at+1)
	} else {
		s.balance = t.before(k, at)
	}
	s.arriving, s.leaving = t.list(k.account, false), t.list(k.account, true)
	s.in, s.out = t.first(s.arriving, at), t.first(s.leaving, at)
	if !s.pool && s.balance > 0 {
		s.parts = append(s.parts, part{-1, s.balance})
	}
	return s
}

// before is the balance just before a second, from the ledger's payments alone and never below zero.
func (t *tracer) before(k key, at int64) int64 {
	in, out := t.v.In(k.account), t.v.Out(k.account)
	var b int64
	i, o := 0, 0
	for {
		haveIn := i < len(in) && in[i].At() < at
		haveOut := o < len(out) && out[o].At() < at
		switch {
		case !haveIn && !haveOut:
			return b
		case haveIn && (!haveOut || in[i].At() <= out[o].At()):
			if in[i].Currency() == k.currency {
				b += in[i].Amount()
			}
			i++
		default:
			if out[o].Currency() == k.currency {
				b = max(0, b-out[o].Amount())
			}
			o++
		}
	}
}

// catchUp applies the payments between the last one that was followed and a second, while nothing traced was there.
func (t *tracer) catchUp(s *state, at int64) {
	in, out := s.arriving, s.leaving
	for {
		haveIn := s.in < len(in) && t.time(t.entry(in, s.in)) < at
		haveOut := s.out < len(out) && t.time(t.entry(out, s.out)) < at
		switch {
		case !haveIn && !haveOut:
			return
		case haveIn && (!haveOut || t.time(t.entry(in, s.in)) <= t.time(t.entry(out, s.out))):
			if e := t.entry(in, s.in); e.Currency() == s.currency {
				s.balance += e.Amount()
				if !s.pool {
					last := len(s.parts) - 1 // the new lot came after these
					s.parts = slices.Insert(s.parts, last, part{-1, e.Amount()})
				}
			}
			s.in++
		default:
			if e := t.entry(out, s.out); e.Currency() == s.currency {
				other := max(0, s.balance-s.traced)
				gone := min(other, e.Amount())
				s.balance -= gone
				if !s.pool {
					newest := s.parts[len(s.parts)-1]
					s.parts = s.parts[:len(s.parts)-1]
					s.draw(gone, t.o.Policy == LIFO)
					s.parts = append(s.parts, newest)
				}
			}
			s.out++
		}
	}
}

// advance puts the account into the heap by its next second, or takes it out. What it receives between two payments made
// changes nothing but its balance and has no second of its own, unless the order of what lies on the account matters.
func (t *tracer) advance(s *state) {
	if s.out >= len(s.leaving) || s.traced == 0 {
		t.remove(s) // nothing more can leave
		return
	}
	next := t.time(t.entry(s.leaving, s.out))
	if !s.pool && s.in < len(s.arriving) {
		next = min(next, t.time(t.entry(s.arriving, s.in)))
	}
	t.put(s, next)
}

// finish says what rests where.
func (t *tracer) finish() {
	for _, s := range t.states {
		for _, p := range s.parts[s.head:] {
			if p.lot >= 0 && p.amount > 0 {
				t.res.Lots[p.lot].Rest += p.amount
				t.res.Lots[p.lot].How = Held
			}
		}
	}
	type placed struct {
		key
		how How
	}
	byPlace := map[placed]int32{} // of Rests
	of := make([]int32, len(t.res.Lots))
	var count []int32 // lots of each
	for i := range t.res.Lots {
		l := &t.res.Lots[i]
		if t.o.Backward {
			l.At = -l.At
		}
		if of[i] = -1; l.Rest == 0 {
			continue
		}
		tot := &t.res.Totals[l.Currency]
		if l.How == Held || l.How == Limit {
			tot.Held += l.Rest
		} else {
			tot.Left += l.Rest
		}
		k := placed{key{l.Account, l.Currency}, l.How}
		n, ok := byPlace[k]
		if !ok {
			n = int32(len(t.res.Rests))
			byPlace[k], count = n, append(count, 0)
			t.res.Rests = append(t.res.Rests, Rest{Account: l.Account, How: l.How, Currency: l.Currency})
		}
		r := &t.res.Rests[n]
		r.Amount += l.Rest
		r.At = max(r.At, l.At)
		of[i] = n
		count[n]++
	}
	for n := range t.res.Rests {
		t.res.Rests[n].Lots = make([]int32, 0, count[n])
	}
	for i, n := range of {
		if n >= 0 {
			t.res.Rests[n].Lots = append(t.res.Rests[n].Lots, int32(i))
		}
	}
	slices.SortFunc(t.res.Rests, func(a, b Rest) int {
		return cmp.Or(cmp.Compare(a.Currency, b.Currency), -cmp.Compare(a.Amount, b.Amount), cmp.Compare(a.Account, b.Account), cmp.Compare(a.How, b.How))
	})
}
