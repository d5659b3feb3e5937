package typology

import (
	"math"

	"tarir/money/flow"
)

// fanIn finds accounts that many strangers pay within a short time (M05; M03 where each sum is small): the shape in
// which takings, fees and smurfed deposits arrive. Merchants and landlords have it every week, so a run counts only
// where it stands out from the account's own rate.
//
// A second, slow window looks for the same over months: strangers of whom the account has far more than the usual account
// of this ledger in that time, and fewer than a business.
type fanIn struct{ fan }

// fan holds what fanIn and fanOut share.
type fan struct {
	seconds, slowSeconds int64
	min, slowMin         int
	chance               float64
	slowMost             int
	small                smallSums
}

func newFan(p params) fan {
	return fan{
		seconds: p.days("window_days"), min: p.int("min_counterparties"), chance: p.num("chance"),
		slowSeconds: p.days("slow_window_days"), slowMin: p.int("slow_min_counterparties"), slowMost: p.int("slow_max_counterparties"),
	}
}

func newFanIn(p params) detector {
	f := fanIn{newFan(p)}
	f.small = newSmallSums(p, "small_wire", p.int("small_senders"))
	return f
}

func (f fanIn) scan(s *scan) {
	f.runs(s, s.in, s.strangerIn, s.rel.usualIn, func(w window, payers int, expected float64, slow bool) {
		h := s.hit(over(float64(payers), float64(f.min)), "M05")
		n, small := 0, true
		for i := w.lo; i < w.hi; i++ {
			if !s.strangerIn[i] || s.in[i].Peer() == s.account {
				continue
			}
			h.in(i)
			n++
			small = small && f.small.holds(s, s.in[i])
		}
		total, cur, mixed := s.sum(s.in[w.lo:w.hi], func(i int) bool { return s.strangerIn[w.lo+i] })
		h.because(slowCode("fan_in", slow), "payers", payers, "payments", n, "days", days(h.h.First, h.h.Last), "sum", s.g.Money(total, cur), "expected", expected)
		if mixed {
			h.because("currencies")
		}
		if small && payers >= f.small.senders && f.small.known {
			h.h.Indicators = append(h.h.Indicators, "M03")
			h.because("small_wires", "senders", payers, "limit", f.small.text)
		}
		h.done()
	})
}

func slowCode(code string, slow bool) string {
	if slow {
		return code + "_slow"
	}
	return code
}

// runs calls found for each stretch of the list in which enough strangers stand. The slow look comes only where the
// quick one finds nothing.
func (f fan) runs(s *scan, list []flow.Entry, stranger []bool, usual float64, found func(w window, peers int, expected float64, slow bool)) {
	if len(list) < min(f.min, f.slowMin) {
		return
	}
	strangers := 0
	for i := range list {
		if stranger[i] {
			strangers++
		}
	}
	if strangers < min(f.min, f.slowMin) {
		return
	}
	keep := func(i int) bool { return stranger[i] && list[i].Peer() != s.account }
	any := false
	if strangers >= f.min {
		for _, w := range s.windows(list, f.seconds, f.min, keep) {
			peers, inside := s.distinct(list, w, keep)
			length := max(f.seconds, list[w.hi-1].At()-list[w.lo].At())
			rest := s.rel.watched.total - float64(length)
			expected := 0.0
			if rest > 0 {
				expected = float64(strangers-inside) / rest * float64(length)
			}
			// An account has many windows, and each is a chance to stand out by accident (Bonferroni).
			windows := max(1, s.rel.watched.total/float64(f.seconds))
			if poissonTail(peers, expected) < f.chance/windows {
				any = true
				found(w, peers, expected, false)
			}
		}
	}
	if any || strangers < f.slowMin || strangers > f.slowMost*8 {
		return
	}
	if peers, _ := s.distinct(list, window{0, len(list)}, keep); peers > f.slowMost {
		return // a business: strangers are its trade
	}
	for _, w := range s.windows(list, f.slowSeconds, f.slowMin, keep) {
		peers, _ := s.distinct(list, w, keep)
		length := max(f.slowSeconds, list[w.hi-1].At()-list[w.lo].At())
		expected := usual * min(1, float64(length)/s.rel.watched.total)
		if poissonTail(peers, expected) < f.chance {
			found(w, peers, expected, true)
		}
	}
}

// distinct counts the different counterparties of the kept entries of a window, and those entries.
func (s *scan) distinct(list []flow.Entry, w window, keep func(i int) bool) (peers, entries int) {
	s.seen2.reset()
	for i := w.lo; i < w.hi; i++ {
		if keep(i) {
			s.seen2.add(list[i].Peer(), 1)
			entries++
		}
	}
	return s.seen2.n, entries
}

// poissonTail is the probability of k or more events where lambda are expected.
func poissonTail(k int, lambda float64) float64 {
	if k <= 0 {
		return 1
	}
	if lambda <= 0 {
		return 0
	}
	if lambda > 500 { // far from the tail a normal curve is as good
		return 0.5 * math.Erfc((float64(k)-0.5-lambda)/math.Sqrt(2*lambda))
	}
	term := math.Exp(-lambda)
	below := 0.0
	for i := range k {
		below += term
		term *= lambda / float64(i+1)
	}
	return max(0, 1-below)
}
