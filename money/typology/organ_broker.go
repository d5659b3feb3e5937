package typology

import "tarir/money/flow"

// organBroker finds an account that receives a very large sum from one person and pays a small share of it on to
// another within a fortnight (O02), as the broker of an organ pays the donor's side.
type organBroker struct {
	seconds   int64
	sums      []Amount
	low, high float64
}

func newOrganBroker(p params) detector {
	return organBroker{p.days("window_days"), p.amounts("organ_price"), p.num("low_share"), p.num("high_share")}
}

func (t organBroker) scan(s *scan) {
	if s.hub(s.account) || len(s.in) == 0 || len(s.out) == 0 || len(s.in) > s.lim.expand {
		return
	}
	for i, e := range s.in {
		if !s.strangerIn[i] || !t.large(s, e) {
			continue
		}
		for k := after(s.out, e.At()-t.seconds); k < len(s.out) && s.out[k].At() <= e.At()+t.seconds; k++ {
			r, ok := s.ratio(s.out[k], e)
			if !ok || r < t.low || r > t.high || !s.strangerOut[k] || s.out[k].Peer() == e.Peer() {
				continue
			}
			h := s.hit(0.4, "O02")
			h.in(i)
			h.out(k)
			h.because("organ_broker", "sum", s.money(e.Amount(), e.Currency()), "share", s.money(s.out[k].Amount(), s.out[k].Currency()), "days", int(t.seconds/flow.Day))
			h.done()
			break
		}
	}
}

func (t organBroker) large(s *scan, e flow.Entry) bool {
	v, ok := s.price(t.sums, e)
	if !ok {
		return false
	}
	for _, a := range t.sums {
		if a.Currency == v.code && v.above(a.Low) && !v.above(a.High) {
			return true
		}
	}
	return false
}
