package typology

// structuring finds cash deposits that stay just below the sum from which they must be reported (M01). The threshold is
// the pack's for the currency; without one the currency is not assessed.
type structuring struct {
	seconds    int64
	times      int
	low        float64
	thresholds []Amount
}

func newStructuring(p params) detector {
	return structuring{p.days("window_days"), p.int("times"), p.num("low_share"), p.amounts("reporting_threshold")}
}

func (t structuring) scan(s *scan) {
	if len(s.in) < t.times {
		return
	}
	below := func(i int) (Amount, bool) {
		e := s.in[i]
		if !isCashIn(e) {
			return Amount{}, false
		}
		v, ok := s.price(t.thresholds, e)
		for _, a := range t.thresholds {
			if ok && a.Currency == v.code {
				return a, !v.atLeast(a.High) && v.atLeast(t.low*a.High)
			}
		}
		return Amount{}, false
	}
	for _, w := range s.stretches(s.in, t.seconds, t.times, func(i int) bool { _, ok := below(i); return ok }) {
		var n int
		var a Amount
		h := s.hit(0, "M01")
		for i := w.lo; i < w.hi; i++ {
			if x, ok := below(i); ok {
				a = x
				h.in(i)
				n++
			}
		}
		h.h.Strength = over(float64(n), float64(t.times))
		h.because("structuring", "deposits", n, "percent", int(t.low*100), "threshold", a.High, "currency", a.Currency, "days", days(h.h.First, h.h.Last))
		h.done()
	}
}
