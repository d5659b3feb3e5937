package typology

// fanOut finds accounts that pay many strangers within a short time (M05): a collector who distributes, an organiser
// who pays helpers. Its windows and its test against the account's own rate are those of fanIn.
type fanOut struct{ fan }

func newFanOut(p params) detector { return fanOut{newFan(p)} }

func (f fanOut) scan(s *scan) {
	f.runs(s, s.out, s.strangerOut, s.rel.usualOut, func(w window, payees int, expected float64, slow bool) {
		h := s.hit(over(float64(payees), float64(f.min)), "M05")
		n := 0
		for i := w.lo; i < w.hi; i++ {
			if s.strangerOut[i] && s.out[i].Peer() != s.account {
				h.out(i)
				n++
			}
		}
		total, cur, mixed := s.sum(s.out[w.lo:w.hi], func(i int) bool { return s.strangerOut[w.lo+i] })
		h.because(slowCode("fan_out", slow), "payees", payees, "payments", n, "days", days(h.h.First, h.h.Last), "sum", s.g.Money(total, cur), "expected", expected)
		if mixed {
			h.because("currencies")
		}
		h.done()
	})
}
