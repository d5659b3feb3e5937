package typology

import (
	"slices"

	"tarir/money/flow"
)

// cycle finds money that comes back to where it started (M06). Both of its searches weigh what they find against chance.
//
// The first follows the money: from a payment a→b through payments to strangers in order of time, each carrying on a good
// part of the one before, back to a, within the window and at most max_hops payments.
//
// The second takes the payments of the window as a picture without order: a ring a→b→…→a. Amounts do not count here, as
// whoever builds a ring may mix its money with other money, and booking days may hide the order.
//
// The third looks without order for a ring of equal sums, over a longer time and whatever the dealings of its accounts:
// what comes back is the same money even where each payment is split or stands weeks apart.
//
// Chance: an account that makes r payments to strangers within a window of this length leads a search on to r accounts,
// so a way through accounts with rates r1, r2, … is one of r1·r2·… that start at the same payment. A way is given up
// where that product exceeds max_ways, which also bounds the search, and a cycle is reported where it is at most
// max_chance: through accounts that hardly ever pay strangers a ring does not arise by itself; among busy ones it does
// (in a random graph rings of any length abound as soon as the mean rate exceeds one, Erdős and Rényi 1960). In the third
// search an account leads on to as many as it makes payments in the time, times the share of the ledger's payments that
// are of this size.
type cycle struct {
	seconds   int64
	hops      int
	low, high float64 // share of the payment before that a hop carries on
	returns   float64
	ringHops  int
	ways      float64
	chance    float64
	amounts   float64 // share of unrelated payments that fit in amount by chance
	visits    int     // accounts that the search around one payment may visit
	known     int     // payments of a ring that may be between accounts with lasting dealings

	equalSeconds int64
	equal        float64 // how far equal sums may lie apart
}

func newCycle(p params) detector {
	return cycle{
		seconds: p.days("window_days"), hops: p.int("max_hops"), low: p.num("low_ratio"), high: p.num("high_ratio"), returns: p.num("min_returned"),
		ringHops: p.int("ring_max_hops"), ways: p.num("max_ways"), chance: p.num("max_chance"), amounts: p.num("amount_chance"), known: p.int("max_known"),
		visits: p.int("ring_visits"), equalSeconds: p.days("equal_window_days"), equal: p.num("equal_share"),
	}
}

// maxHops is how many payments a cycle may have at most.
const maxHops = 31

// step is one payment of a path: entry i of an account's out list.
type step struct {
	account flow.Account
	i       int
	e       flow.Entry
}

func (c cycle) scan(s *scan) {
	if len(s.out) == 0 || len(s.in) == 0 || s.spreads(s.account) {
		return
	}
	c.follow(s)
	c.rings(s)
	c.equals(s)
}

// follow searches from each payment made for a way back in order of time. To come back, money must be received here
// after it was paid.
func (c cycle) follow(s *scan) {
	k := 0
	var path [maxHops + 1]step
	for i, e := range s.out {
		if !s.strangerOut[i] || e.Peer() == s.account || e.Amount() == 0 || s.spreads(e.Peer()) {
			continue
		}
		for k < len(s.in) && s.in[k].At() < e.At() {
			k++
		}
		if k == len(s.in) {
			return
		}
		if s.in[k].At() > e.At()+c.seconds || !c.couldReturn(s, k, e) {
			continue
		}
		path[0] = step{s.account, i, e}
		budget := s.lim.expand
		if found := c.extend(s, path[:1], e.At()+c.seconds, 1, &budget); found != nil {
			c.report(s, found, budget <= 0)
		}
	}
}

// couldReturn says that some payment received within the window carries enough of e.
func (c cycle) couldReturn(s *scan, k int, e flow.Entry) bool {
	least, most := int64(float64(e.Amount())*c.returns), int64(float64(e.Amount())*c.high)
	for n := 0; k < len(s.in) && s.in[k].At() <= e.At()+c.seconds && n < 64; k, n = k+1, n+1 {
		if x, ok := s.worth(s.in[k], e.Currency()); ok && x >= least && x <= most {
			return true
		}
	}
	return false
}

// extend continues a path by one payment and, if that does not close it, by further ones.
func (c cycle) extend(s *scan, path []step, until int64, ways float64, budget *int) []step {
	last := path[len(path)-1]
	here := last.e.Peer()
	*budget--
	if ways *= s.rel.rate(here, c.seconds) * c.amounts; *budget < 0 || ways > c.ways {
		return nil
	}
	out := s.v.Out(here)
	stranger := s.rel.outStranger[s.rel.outAt[here]:s.rel.outAt[here+1]]
	lo := after(out, last.e.At())
	home := path[0].account
	start := path[0].e.Amount()
	before, ok := s.worth(last.e, path[0].e.Currency())
	if !ok {
		return nil
	}
	low, high := int64(float64(before)*c.low), int64(float64(before)*c.high)
	low = max(low, int64(float64(start)*c.returns))
	tried := 0
	for i := lo; i < len(out) && out[i].At() <= until && tried < s.lim.expand; i++ {
		tried++
		e := out[i]
		if !stranger[i] || e.Peer() == here {
			continue
		}
		if amount, ok := s.worth(e, path[0].e.Currency()); !ok || amount < low || amount > high {
			continue
		}
		if e.Peer() == home {
			if ways <= c.chance {
				return append(path, step{here, i, e})
			}
			continue
		}
		if len(path)+1 >= c.hops || s.spreads(e.Peer()) || onPath(path, e.Peer()) {
			continue
		}
		if found := c.extend(s, append(path, step{here, i, e}), until, ways, budget); found != nil {
			return found
		}
		out = s.v.Out(here) // the search below may have used the view's space
	}
	return nil
}

func onPath(path []step, a flow.Account) bool {
	return slices.ContainsFunc(path, func(s step) bool { return s.account == a })
}

// after is the first entry at or after a second. Payments of the same second, or the same day where only days are
// known, may follow one another.
func after(list []flow.Entry, at int64) int {
	lo, hi := 0, len(list)
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); list[mid].At() < at {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// recent is who paid the scanned account within a window that moves along its payments made.
type recent struct {
	s         *scan
	lo, hi    int      // of s.in
	payers    *counter // in them, the account itself and cash left out
	strangers int      // payments of strangers among them
}

func (r *recent) move(from, to int64) {
	for ; r.hi < len(r.s.in) && r.s.in[r.hi].At() <= to; r.hi++ {
		r.count(r.hi, 1)
	}
	for ; r.lo < r.hi && r.s.in[r.lo].At() < from; r.lo++ {
		r.count(r.lo, -1)
	}
}

func (r *recent) count(i int, by int32) {
	p := r.s.in[i].Peer()
	if p == r.s.account || p == flow.Outside {
		return
	}
	r.payers.add(p, by)
	if r.s.strangerIn[i] {
		r.strangers += int(by)
	}
}

// rings searches from each payment as the latest of a ring, among payments to strangers of the window before it; where
// that finds none, once more with max_known payments between accounts that deal with each other anyway.
func (c cycle) rings(s *scan) {
	var path [maxHops + 1]step
	s.seen.reset()
	r := recent{s: s, payers: &s.seen}
	for i, e := range s.out {
		if e.Peer() == s.account || e.Peer() == flow.Outside || s.spreads(e.Peer()) {
			continue
		}
		from := e.At() - c.seconds
		if r.move(from, e.At()); r.payers.n == 0 {
			continue
		}
		path[0] = step{s.account, i, e}
		var found []step
		cut := false
		if s.strangerOut[i] {
			for allowed := 0; allowed <= c.known && found == nil; allowed++ {
				if allowed == 0 && r.strangers == 0 {
					continue
				}
				budget := c.visits
				found = c.ringFrom(&r, path[:1], from, e.At(), 1, allowed, &budget)
				cut = cut || budget < 0
			}
		} else if ways, rest := float64(i+1-after(s.out, from)), c.known-1; rest >= 0 && ways <= c.ways && (r.strangers > 0 || rest > 0) {
			// The latest payment of the ring is itself between old acquaintances.
			budget := c.visits
			found = c.ringFrom(&r, path[:1], from, e.At(), ways, rest, &budget)
			cut = budget < 0
		}
		if len(found) > 2 {
			c.reportRing(s, found, cut)
		}
	}
}

// ringFrom continues a way by one payment. Of those to come, known may be between accounts that deal with each other
// anyway: each counts as all the payments that the account makes within the window. Where only one more payment is
// allowed, it must be made by a payer of the account where the ring began: no other's list is opened.
func (c cycle) ringFrom(r *recent, path []step, from, to int64, ways float64, known int, budget *int) []step {
	s := r.s
	here := path[len(path)-1].e.Peer()
	closes := len(path) > 1 && r.payers.get(here) > 0
	onward := len(path)+1 < c.ringHops
	asStranger := ways * s.rel.rate(here, c.seconds)
	if !closes && !onward || known == 0 && asStranger > c.ways {
		return nil
	}
	if *budget--; *budget < 0 {
		return nil
	}
	stranger := s.rel.outStranger[s.rel.outAt[here]:s.rel.outAt[here+1]]
	out := s.v.Out(here)
	home := path[0].account
	lo := after(out, from)
	hi := lo
	for hi < len(out) && out[hi].At() <= to && hi < lo+s.lim.expand {
		hi++
	}
	asKnown := ways * float64(hi-lo)
	if known == 0 {
		asKnown = c.ways + 1
	}
	cost := func(i int) float64 {
		if stranger[i] {
			return asStranger
		}
		return asKnown
	}
	if closes {
		for i := lo; i < hi; i++ {
			if out[i].Peer() == home && cost(i) <= c.chance {
				return append(path, step{here, i, out[i]})
			}
		}
	}
	if !onward || min(asStranger, asKnown) > c.ways {
		return nil
	}
	last := len(path)+2 == c.ringHops
	for i := lo; i < hi; i++ {
		e := out[i]
		if cost(i) > c.ways || e.Peer() == here || e.Peer() == flow.Outside || last && r.payers.get(e.Peer()) == 0 || s.spreads(e.Peer()) || onPath(path, e.Peer()) {
			continue
		}
		if i > lo && slices.ContainsFunc(out[lo:i], func(x flow.Entry) bool { return x.Peer() == e.Peer() }) {
			continue // the same neighbour was tried
		}
		k := known
		if !stranger[i] {
			k--
		}
		if found := c.ringFrom(r, append(path, step{here, i, e}), from, to, cost(i), k, budget); found != nil {
			return found
		}
		out = s.v.Out(here) // the search below may have used the view's space
	}
	return nil
}

// addPath puts a path's payments into a hit, and with each those of the same pair that stand beside it in the window:
// a hop is often paid in several parts.
func addPath(h *draft, s *scan, path []step, from, to int64) (payments int) {
	for _, p := range path {
		out := s.v.Out(p.account)
		for i := after(out, from); i < len(out) && out[i].At() <= to; i++ {
			if out[i].Peer() == p.e.Peer() {
				h.pay(p.account, out, i, true)
				payments++
			}
		}
	}
	return payments
}

func (c cycle) report(s *scan, path []step, cut bool) {
	first, last := path[0].e, path[len(path)-1].e
	// Where all is of one time every account could be the start: one of them reports.
	if first.At() == last.At() {
		for _, p := range path[1:] {
			if s.before(p.account, s.account) {
				return
			}
		}
	}
	h := s.hit(0.7+0.3*float64(last.Amount())/float64(max(first.Amount(), 1)), "M06")
	n := addPath(h, s, path, first.At(), last.At())
	h.h.Truncated = cut
	h.because("cycle", "hops", len(path), "payments", n, "days", days(first.At(), last.At()), "out", s.money(first.Amount(), first.Currency()),
		"back", s.money(last.Amount(), last.Currency()), "percent", percent(last.Amount(), first.Amount()))
	h.done()
}

func (c cycle) reportRing(s *scan, path []step, cut bool) {
	from, to := path[0].e.At(), path[0].e.At()
	for _, p := range path {
		from = min(from, p.e.At())
	}
	if from == to {
		for _, p := range path[1:] {
			if s.before(p.account, s.account) {
				return
			}
		}
	}
	h := s.hit(0.6, "M06")
	n := addPath(h, s, path, from, to)
	h.h.Truncated = cut
	h.because("ring", "hops", len(path), "payments", n, "days", days(from, to), "window", int(c.seconds/flow.Day))
	h.done()
}
