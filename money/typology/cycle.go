package typology

import (
	"context"
	"fmt"
	"slices"

	"tarir/money/flow"
)

// cycle finds money that comes back to where it started (M06).
//
// Two searches. The first follows the money: from a payment a→b through payments in order of time, each carrying on a
// good part of the one before, back to a, within the window and at most max_hops payments. It is a depth-first search
// whose branches die quickly, since few payments match in both time and amount.
//
// The second takes the payments of the window as a picture without order: a ring a→b→…→a among strangers, which
// accounts with no dealings form hardly ever by chance. In a random graph the expected number of rings of k payments
// is d^k/k for a mean number d of payments per account and window, so rings mean something only where d is below one
// (Erdős and Rényi's threshold). The window is therefore shortened until d is at most ring_density, which also bounds
// the search: it visits 1/(1-d) accounts on average. Amounts do not count here, as whoever builds a ring may mix its
// money with other money.
type cycle struct {
	seconds   int64
	hops      int
	low, high float64 // share of the payment before that a hop carries on
	returns   float64
	ringHops  int
	density   float64
	ring      int64 // length of the ring's window in seconds; 0: too dense, or too short to say anything
	ringMin   int64
}

func newCycle(p params) detector {
	return &cycle{
		seconds: p.days("window_days"), hops: p.int("max_hops"), low: p.num("low_ratio"), high: p.num("high_ratio"), returns: p.num("min_returned"),
		ringHops: p.int("ring_max_hops"), density: p.num("ring_density"), ringMin: p.days("ring_min_days"),
	}
}

func (c *cycle) prepare(_ context.Context, g *flow.Graph, rel *relations) (string, error) {
	first, last := g.Span()
	d := rel.branching(g) // strangers paid on, over the whole span, per payment to a stranger
	span := float64(max(last-first, flow.Day))
	c.ring = c.seconds
	if d > 0 {
		c.ring = min(c.ring, int64(c.density*span/d))
	}
	if c.ring < c.ringMin {
		c.ring = 0
		return "rings without order of time are not assessable: so many strangers pay each other that rings arise by chance", nil
	}
	if c.ring < c.seconds {
		return fmt.Sprintf("rings without order of time are assessed within %.1f days: over longer times they arise by chance", float64(c.ring)/flow.Day), nil
	}
	return "", nil
}

// branching is how many payments to strangers follow on average from one payment to a stranger, over the whole span.
func (r *relations) branching(g *flow.Graph) float64 {
	var pairs, payments float64
	for a := 1; a < len(r.outAt)-1; a++ {
		if r.hub[a>>6]>>(a&63)&1 == 1 {
			continue
		}
		var in, out float64
		for _, s := range r.outStranger[r.outAt[a]:r.outAt[a+1]] {
			if s {
				out++
			}
		}
		for _, s := range r.inStranger[r.inAt[a]:r.inAt[a+1]] {
			if s {
				in++
			}
		}
		pairs += in * out
		payments += out
	}
	if payments == 0 {
		return 0
	}
	return pairs / payments
}

// step is one payment of a path: entry i of an account's out list.
type step struct {
	account flow.Account
	i       int
	e       flow.Entry
}

func (c *cycle) scan(s *scan) {
	if len(s.out) == 0 || len(s.in) == 0 || s.hub(s.account) {
		return
	}
	c.follow(s)
	if c.ring > 0 {
		c.rings(s)
	}
}

// follow searches from each payment made for a way back in order of time. To come back, money must be received here
// after it was paid.
func (c *cycle) follow(s *scan) {
	k := 0
	var path [32]step
	for i, e := range s.out {
		if e.Peer() == s.account || e.Amount() == 0 || s.hub(e.Peer()) {
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
		if found := c.extend(s, path[:1], e.At()+c.seconds, &budget); found != nil {
			c.report(s, found, budget <= 0)
		}
	}
}

// couldReturn says that some payment received within the window carries enough of e.
func (c *cycle) couldReturn(s *scan, k int, e flow.Entry) bool {
	least, most := int64(float64(e.Amount())*c.returns), int64(float64(e.Amount())*c.high)
	for n := 0; k < len(s.in) && s.in[k].At() <= e.At()+c.seconds && n < 64; k, n = k+1, n+1 {
		if x := s.in[k]; x.Currency() == e.Currency() && x.Amount() >= least && x.Amount() <= most {
			return true
		}
	}
	return false
}

// extend continues a path by one payment and, if that does not close it, by further ones.
func (c *cycle) extend(s *scan, path []step, until int64, budget *int) []step {
	last := path[len(path)-1]
	here := last.e.Peer()
	*budget--
	if *budget < 0 {
		return nil
	}
	out := s.v.Out(here)
	lo := after(out, last.e.At())
	home := path[0].account
	start := path[0].e.Amount()
	low, high := int64(float64(last.e.Amount())*c.low), int64(float64(last.e.Amount())*c.high)
	low = max(low, int64(float64(start)*c.returns))
	tried := 0
	for i := lo; i < len(out) && out[i].At() <= until && tried < s.lim.expand; i++ {
		tried++
		e := out[i]
		if e.Currency() != last.e.Currency() || e.Amount() < low || e.Amount() > high || e.Peer() == here {
			continue
		}
		if e.Peer() == home {
			return append(path, step{here, i, e})
		}
		if len(path)+1 >= c.hops || s.hub(e.Peer()) || onPath(path, e.Peer()) {
			continue
		}
		if found := c.extend(s, append(path, step{here, i, e}), until, budget); found != nil {
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
	i, _ := slices.BinarySearchFunc(list, at, func(e flow.Entry, t int64) int { return int(e.At() - t) })
	return i
}

// rings searches from each payment as the latest of a ring, among payments to strangers of the window before it.
func (c *cycle) rings(s *scan) {
	var path [32]step
	for i, e := range s.out {
		if !s.strangerOut[i] || e.Peer() == s.account || s.hub(e.Peer()) {
			continue
		}
		from := e.At() - c.ring
		if !c.receives(s, from, e.At()) {
			continue
		}
		path[0] = step{s.account, i, e}
		budget := s.lim.expand
		if found := c.ringFrom(s, path[:1], from, e.At(), &budget); found != nil && len(found) > 2 {
			c.reportRing(s, found, budget <= 0)
		}
	}
}

// receives says that the scanned account got a payment from a stranger within the time.
func (c *cycle) receives(s *scan, from, to int64) bool {
	for k := after(s.in, from); k < len(s.in) && s.in[k].At() <= to; k++ {
		if s.strangerIn[k] && s.in[k].Peer() != s.account {
			return true
		}
	}
	return false
}

func (c *cycle) ringFrom(s *scan, path []step, from, to int64, budget *int) []step {
	here := path[len(path)-1].e.Peer()
	*budget--
	if *budget < 0 {
		return nil
	}
	stranger := s.rel.outStranger[s.rel.outAt[here]:s.rel.outAt[here+1]]
	out := s.v.Out(here)
	home := path[0].account
	lo := after(out, from)
	for i := lo; i < len(out) && out[i].At() <= to && i < lo+s.lim.expand; i++ {
		if stranger[i] && out[i].Peer() == home {
			return append(path, step{here, i, out[i]})
		}
	}
	if len(path)+1 >= c.ringHops {
		return nil
	}
	for i := lo; i < len(out) && out[i].At() <= to && i < lo+s.lim.expand; i++ {
		e := out[i]
		if !stranger[i] || e.Peer() == here || s.hub(e.Peer()) || onPath(path, e.Peer()) {
			continue
		}
		if i > lo && slices.ContainsFunc(out[lo:i], func(x flow.Entry) bool { return x.Peer() == e.Peer() }) {
			continue // the same neighbour was tried
		}
		if found := c.ringFrom(s, append(path, step{here, i, e}), from, to, budget); found != nil {
			return found
		}
		out = s.v.Out(here)
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

func (c *cycle) report(s *scan, path []step, cut bool) {
	first, last := path[0].e, path[len(path)-1].e
	// Where all is of one time every account could be the start: one of them reports.
	if first.At() == last.At() {
		for _, p := range path[1:] {
			if p.account < s.account {
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

func (c *cycle) reportRing(s *scan, path []step, cut bool) {
	from, to := path[0].e.At(), path[0].e.At()
	for _, p := range path {
		from = min(from, p.e.At())
	}
	if from == to {
		for _, p := range path[1:] {
			if p.account < s.account {
				return
			}
		}
	}
	h := s.hit(0.6, "M06")
	n := addPath(h, s, path, from, to)
	h.h.Truncated = cut
	h.because("ring", "hops", len(path), "payments", n, "days", days(from, to), "window", float64(c.ring)/flow.Day)
	h.done()
}
