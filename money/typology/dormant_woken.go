package typology

import "tarir/money/flow"

// dormantWoken finds accounts that were still for a long time and then move far more than ever before (M10).
type dormantWoken struct {
	quiet, seconds int64
	times          float64
	min            int
}

func newDormantWoken(p params) detector {
	return dormantWoken{p.days("quiet_days"), p.days("window_days"), p.num("times_before"), p.int("min_payments")}
}

func (t dormantWoken) scan(s *scan) {
	if s.hub(s.account) || len(s.in)+len(s.out) < t.min+1 {
		return
	}
	// Walk both lists together in order of time, with the largest turnover of any window before the gap.
	i, k := 0, 0
	var before, peak, sinceWindow, windowStart, last int64
	first := true
	for i < len(s.in) || k < len(s.out) {
		var e flow.Entry
		if k == len(s.out) || i < len(s.in) && s.in[i].At() <= s.out[k].At() {
			e = s.in[i]
		} else {
			e = s.out[k]
		}
		if !first && e.At()-max(last, s.rel.watched.since(e.At())) >= t.quiet && before > 0 {
			t.wake(s, i, k, last, peak)
		}
		if first || e.At()-windowStart >= t.seconds {
			windowStart, sinceWindow = e.At(), 0
		}
		first = false
		if amount, ok := s.worth(e, t.currency(s)); ok {
			sinceWindow += amount
		}
		peak = max(peak, sinceWindow)
		before++
		last = e.At()
		if k == len(s.out) || i < len(s.in) && s.in[i].At() <= s.out[k].At() {
			i++
		} else {
			k++
		}
	}
}

// currency is that of the account's first payment; amounts that do not compare with it are not counted.
func (t dormantWoken) currency(s *scan) uint8 {
	if len(s.in) > 0 {
		return s.in[0].Currency()
	}
	return s.out[0].Currency()
}

func (t dormantWoken) wake(s *scan, i, k int, last, peak int64) {
	start := int64(1) << 62
	if i < len(s.in) {
		start = s.in[i].At()
	}
	if k < len(s.out) {
		start = min(start, s.out[k].At())
	}
	var total int64
	cur := t.currency(s)
	i1, k1 := i, k
	for ; i1 < len(s.in) && s.in[i1].At() < start+t.seconds; i1++ {
		if amount, ok := s.worth(s.in[i1], cur); ok {
			total += amount
		}
	}
	for ; k1 < len(s.out) && s.out[k1].At() < start+t.seconds; k1++ {
		if amount, ok := s.worth(s.out[k1], cur); ok {
			total += amount
		}
	}
	if i1-i+k1-k < t.min || float64(total) <= t.times*float64(peak) {
		return
	}
	h := s.hit(over(float64(total), t.times*float64(peak)), "M10")
	for ; i < i1; i++ {
		h.in(i)
	}
	for ; k < k1; k++ {
		h.out(k)
	}
	h.because("dormant_woken", "quiet", int((start-last)/flow.Day), "sum", s.money(total, cur), "peak", s.money(peak, cur), "days", int(t.seconds/flow.Day))
	h.done()
}
