package typology

// gatherScatter finds accounts that collect from several strangers and pay it out to several others within the window
// (M05): a hub of mules.
type gatherScatter struct {
	seconds   int64
	min       int
	low, high float64
	chance    float64
}

func newGatherScatter(p params) detector {
	return gatherScatter{p.days("window_days"), p.int("min_each_side"), p.num("low_ratio"), p.num("high_ratio"), p.num("chance")}
}

func (t gatherScatter) scan(s *scan) {
	if s.hub(s.account) || len(s.in) < t.min || len(s.out) < t.min {
		return
	}
	keepIn := func(i int) bool { return s.strangerIn[i] && s.in[i].Peer() != s.account }
	for _, w := range s.windows(s.in, t.seconds, t.min, keepIn) {
		first, last := s.in[w.lo].At(), s.in[w.hi-1].At()
		lo := after(s.out, first)
		hi := lo
		for hi < len(s.out) && s.out[hi].At() <= last+t.seconds {
			hi++
		}
		keepOut := func(i int) bool { return s.strangerOut[i] && s.out[i].Peer() != s.account }
		payees, _ := s.distinct(s.out, window{lo, hi}, keepOut)
		if payees < t.min {
			continue
		}
		payers, _ := s.distinct(s.in, w, keepIn)
		in, cur, _ := s.sum(s.in[w.lo:w.hi], func(i int) bool { return keepIn(w.lo + i) })
		out, cur2, _ := s.sum(s.out[lo:hi], func(i int) bool { return keepOut(lo + i) })
		length := max(t.seconds, last-first)
		if poissonTail(payers, s.usualWithin(s.strangerIn, payers, length))*poissonTail(payees, s.usualWithin(s.strangerOut, payees, length)) > t.chance {
			continue
		}
		compared := out
		if cur != cur2 {
			c, ok := s.g.Currencies()[cur], false
			if compared, ok = s.rates.Convert(s.g.Money(out, cur2), last, c.Code, c.Scale); !ok {
				continue
			}
		}
		if in == 0 || float64(compared) < t.low*float64(in) || float64(compared) > t.high*float64(in) {
			continue
		}
		h := s.hit(over(float64(payers+payees), float64(2*t.min)), "M05")
		for i := w.lo; i < w.hi; i++ {
			if keepIn(i) {
				h.in(i)
			}
		}
		for i := lo; i < hi; i++ {
			if keepOut(i) {
				h.out(i)
			}
		}
		h.because("gather_scatter", "payers", payers, "payees", payees, "in", s.money(in, cur), "out", s.money(out, cur2), "days", days(h.h.First, h.h.Last))
		h.done()
	}
}
