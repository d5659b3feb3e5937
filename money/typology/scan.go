package typology

import (
	"iter"
	"slices"

	"tarir/money/flow"
	"tarir/money/ledger"
	"tarir/money/rates"
)

// detector is one typology. scan looks at s.account and emits what it sees; it runs in several goroutines at once, each
// with its own scan, so a detector holds only parameters.
type detector interface {
	scan(s *scan)
}

// scan is one worker's look at one account: its lists, what is known of each counterparty, and scratch space.
type scan struct {
	v     *flow.View // for the accounts around
	own   *flow.View // for the scanned account, whose lists stay valid meanwhile
	g     *flow.Graph
	rel   *relations
	lim   limits
	have  fields
	rates *rates.Table                      // nil: amounts of different currencies do not compare
	apart func(a, b string) (float64, bool) // nil: nobody knows

	account flow.Account
	out, in []flow.Entry
	// strangerOut[i] says that out[i] is to a counterparty with whom the account has no lasting relation.
	strangerOut, strangerIn []bool

	seen  counter // scratch of detectors
	seen2 counter
	kinds []byte
	pairs []uint64
	sizes [sizeClasses]flow.Account // the last account that received a sum of this size
	spots []int
	name  string // of the running detector
	emit  func(Hit)
}

// limits are the pack's bounds on searches.
type limits struct {
	hubCounterparties int
	expand            int // accounts that a search around one payment may visit
}

// fields says what the ledger's payments tell at all.
type fields struct {
	time, mcc, place, device, purpose, cash, crypto bool
}

// hub says that the account has too many payments to be expanded by a search from elsewhere.
func (s *scan) hub(a flow.Account) bool { return bit(s.rel.hubOut, a) || bit(s.rel.hubIn, a) }

// spreads says that the account has so many payees that a search for where its money went does not go through it.
func (s *scan) spreads(a flow.Account) bool { return bit(s.rel.hubOut, a) }

// before says which of several accounts that could tell the same tells it: the first by name, so that the order in which
// files were read does not matter.
func (s *scan) before(a, b flow.Account) bool {
	return s.g.Ledger().Accounts().Compare(uint32(a), uint32(b)) < 0
}

// window is a stretch of a list: entries [lo, hi).
type window struct{ lo, hi int }

// windows finds the maximal runs of windows of the given length in which at least min entries that keep accepts have
// different peers. Runs that overlap are joined. Linear in the list.
func (s *scan) windows(list []flow.Entry, seconds int64, min int, keep func(i int) bool) []window {
	if len(list) < min {
		return nil
	}
	var out []window
	c := &s.seen
	c.reset()
	lo := 0
	for hi := range list {
		if !keep(hi) {
			continue
		}
		c.add(list[hi].Peer(), 1)
		for list[hi].At()-list[lo].At() >= seconds {
			if keep(lo) {
				c.add(list[lo].Peer(), -1)
			}
			lo++
		}
		if c.n < min {
			continue
		}
		if k := len(out) - 1; k >= 0 && out[k].hi > lo {
			out[k].hi = hi + 1
		} else {
			out = append(out, window{lo, hi + 1})
		}
	}
	return out
}

// byPeer goes through the counterparties with at least min entries of a list, in order of their numbers, each with the
// places of its entries; where there are fewer than peers of them, through none. Outside and the scanned account itself are
// none. The places are valid until the next step.
func (s *scan) byPeer(list []flow.Entry, min, peers int) iter.Seq2[flow.Account, []int] {
	return func(yield func(flow.Account, []int) bool) {
		s.seen2.reset()
		enough := 0
		for _, e := range list {
			if p := e.Peer(); int(s.seen2.add(p, 1)) == max(min, 1) && p != flow.Outside && p != s.account {
				enough++
			}
		}
		if enough < peers {
			return
		}
		s.pairs = s.pairs[:0]
		for i, e := range list {
			if p := e.Peer(); p != flow.Outside && p != s.account && int(s.seen2.get(p)) >= min {
				s.pairs = append(s.pairs, uint64(p)<<32|uint64(i))
			}
		}
		slices.Sort(s.pairs)
		for lo := 0; lo < len(s.pairs); {
			p := flow.Account(s.pairs[lo] >> 32)
			s.spots = s.spots[:0]
			for ; lo < len(s.pairs) && flow.Account(s.pairs[lo]>>32) == p; lo++ {
				s.spots = append(s.spots, int(uint32(s.pairs[lo])))
			}
			if !yield(p, s.spots) {
				return
			}
		}
	}
}

// marks gives n zeros of scratch space.
func (s *scan) marks(n int) []byte {
	s.kinds = slices.Grow(s.kinds[:0], n)[:n]
	clear(s.kinds)
	return s.kinds
}

// hit starts a Hit about the scanned account.
func (s *scan) hit(strength float64, indicators ...string) *draft {
	return &draft{s: s, h: Hit{Typology: s.name, Indicators: indicators, Strength: clamp(strength)}}
}

// draft collects a hit's payments and accounts.
type draft struct {
	s      *scan
	h      Hit
	others []flow.Account
}

// pay adds the i-th payment made by, or with paid false received by, account a, and its other side.
func (d *draft) pay(a flow.Account, list []flow.Entry, i int, paid bool) {
	e := list[i]
	if len(d.h.Payments) == 0 || e.At() < d.h.First {
		d.h.First = e.At()
	}
	if len(d.h.Payments) == 0 || e.At() > d.h.Last {
		d.h.Last = e.At()
	}
	d.h.Payments = append(d.h.Payments, d.s.v.Row(a, i, paid))
	d.others = append(d.others, a, e.Peer())
}

func (d *draft) out(i int) { d.pay(d.s.account, d.s.out, i, true) }
func (d *draft) in(i int)  { d.pay(d.s.account, d.s.in, i, false) }

// because adds a sentence.
func (d *draft) because(code string, params ...any) *draft {
	d.h.Reasons = append(d.h.Reasons, say(code, params...))
	return d
}

// done emits the hit.
func (d *draft) done() {
	d.h.Payments = sortRows(d.h.Payments)
	d.h.Accounts = distinctAfter(d.s.account, d.others)
	d.s.emit(d.h)
}

func clamp(x float64) float64 { return max(0, min(1, x)) }

// over grows from 0.4 at the threshold towards 1 at three times it.
func over(value, threshold float64) float64 {
	if threshold <= 0 {
		return 0.5
	}
	return clamp(0.4 + 0.3*(value/threshold-1))
}

func isCashIn(e flow.Entry) bool {
	return e.Channel() == ledger.ChannelCashDeposit || e.Peer() == flow.Outside && e.Channel() == ledger.ChannelUnknown
}

func isCashOut(e flow.Entry) bool { return e.Channel() == ledger.ChannelCashWithdrawal }

// counter counts by account: open addressing, emptied in the time of its use.
type counter struct {
	keys  []flow.Account // +1, so that 0 is empty
	count []int32
	used  []int32
	n     int // keys with a count above zero
}

func (c *counter) reset() {
	for _, i := range c.used {
		c.keys[i], c.count[i] = 0, 0
	}
	c.used, c.n = c.used[:0], 0
	if len(c.keys) == 0 {
		c.keys, c.count = make([]flow.Account, 64), make([]int32, 64)
	}
}

func (c *counter) slot(a flow.Account) int32 {
	mask := uint32(len(c.keys) - 1)
	i := uint32(a) * 2654435769 >> 7 & mask
	for c.keys[i] != 0 && c.keys[i] != a+1 {
		i = (i + 1) & mask
	}
	return int32(i)
}

// add changes the count of a and returns it.
func (c *counter) add(a flow.Account, by int32) int32 {
	i := c.slot(a)
	if c.keys[i] == 0 {
		if len(c.used)*2 >= len(c.keys) {
			c.grow()
			i = c.slot(a)
		}
		c.keys[i] = a + 1
		c.used = append(c.used, i)
	}
	before := c.count[i]
	c.count[i] += by
	switch {
	case before <= 0 && c.count[i] > 0:
		c.n++
	case before > 0 && c.count[i] <= 0:
		c.n--
	}
	return c.count[i]
}

// get is the count of a.
func (c *counter) get(a flow.Account) int32 {
	if len(c.keys) == 0 {
		return 0
	}
	return c.count[c.slot(a)]
}

func (c *counter) grow() {
	keys, count, used := c.keys, c.count, c.used
	c.keys, c.count = make([]flow.Account, 2*len(keys)), make([]int32, 2*len(keys))
	c.used = make([]int32, 0, len(keys))
	for _, i := range used {
		k := c.slot(keys[i] - 1)
		c.keys[k], c.count[k] = keys[i], count[i]
		c.used = append(c.used, k)
	}
}

// stretches finds the maximal runs of windows of the given length that hold at least min kept entries, whoever the
// counterparties. Linear in the list.
func (s *scan) stretches(list []flow.Entry, seconds int64, min int, keep func(i int) bool) []window {
	var out []window
	lo, n := 0, 0
	for hi := range list {
		if !keep(hi) {
			continue
		}
		n++
		for list[hi].At()-list[lo].At() >= seconds {
			if keep(lo) {
				n--
			}
			lo++
		}
		if n < min {
			continue
		}
		if k := len(out) - 1; k >= 0 && out[k].hi > lo {
			out[k].hi = hi + 1
		} else {
			out = append(out, window{lo, hi + 1})
		}
	}
	return out
}

// usualWithin is how many strangers the account meets in a time at its own rate, those just counted left out.
func (s *scan) usualWithin(stranger []bool, counted int, seconds int64) float64 {
	n := -counted
	for _, x := range stranger {
		if x {
			n++
		}
	}
	return float64(max(n, 0)) * min(1, float64(seconds)/s.rel.watched.total)
}
