package typology

import "tarir/money/flow"

// randomWalk finds one sum that goes through several accounts one after the other, each keeping a little (M07).
//
// A chain is followed only from its beginning: from an account that passes a payment on, whose payer did not himself
// pass it on. Each account continues with the first payment that fits in time and amount.
type randomWalk struct {
	gap       int64
	low, high float64
	hops      int
}

func newRandomWalk(p params) detector {
	return randomWalk{p.days("max_gap_days"), p.num("low_ratio"), p.num("high_ratio"), p.int("min_hops")}
}

// onward finds the payment that carries e on from the account that received it.
func (t randomWalk) onward(s *scan, v *flow.View, e flow.Entry, here flow.Account) (i int, ok bool) {
	out := v.Out(here)
	n := 0
	for i := after(out, e.At()); i < len(out) && out[i].At()-e.At() <= t.gap && n < 16; i, n = i+1, n+1 {
		if out[i].Peer() == here || out[i].Peer() == flow.Outside {
			continue
		}
		if r, ok := s.ratio(out[i], e); ok && r >= t.low && r <= t.high {
			return i, true
		}
	}
	return 0, false
}

// fed says that an account received, shortly before it made the payment e, a sum of which e is the remainder.
func (t randomWalk) fed(s *scan, a flow.Account, e flow.Entry) bool {
	in := s.v.In(a)
	n := 0
	for i := after(in, e.At()+1) - 1; i >= 0 && e.At()-in[i].At() <= t.gap && n < 16; i, n = i-1, n+1 {
		if r, ok := s.ratio(e, in[i]); ok && r >= t.low && r <= t.high && in[i].Peer() != a {
			return true
		}
	}
	return false
}

func (t randomWalk) scan(s *scan) {
	if s.hub(s.account) || len(s.in) == 0 || len(s.out) == 0 {
		return
	}
	keepIn := func(i int) bool {
		return s.strangerIn[i] && s.in[i].Amount() > 0 && !s.hub(s.in[i].Peer())
	}
	for _, l := range s.links(t.gap, t.low, t.high, keepIn, func(i int) bool { return s.strangerOut[i] }) {
		first := s.in[l.in]
		if t.fed(s, first.Peer(), first) {
			continue
		}
		path := []step{{s.account, l.out, s.out[l.out]}}
		for len(path) < s.lim.expand {
			last := path[len(path)-1].e
			here := last.Peer()
			if here == flow.Outside || s.hub(here) || here == s.account || onPath(path, here) {
				break
			}
			i, ok := t.onward(s, s.v, last, here)
			if !ok {
				break
			}
			path = append(path, step{here, i, s.v.Out(here)[i]})
		}
		if len(path)+1 < t.hops {
			continue
		}
		h := s.hit(over(float64(len(path)+1), float64(t.hops)), "M07")
		h.in(l.in)
		for _, p := range path {
			h.pay(p.account, s.v.Out(p.account), p.i, true)
		}
		end := path[len(path)-1].e
		h.because("random_walk", "hops", len(path)+1, "first", s.money(first.Amount(), first.Currency()), "last", s.money(end.Amount(), end.Currency()), "days", days(h.h.First, h.h.Last))
		h.done()
	}
}
