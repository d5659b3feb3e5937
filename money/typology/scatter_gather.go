package typology

import "tarir/money/flow"

// scatterGather finds an account whose payments to several strangers meet again at one account (M05): money split over
// mules to pass below what is looked at.
type scatterGather struct {
	seconds int64
	min     int
}

func newScatterGather(p params) detector {
	return scatterGather{p.days("window_days"), p.int("min_between")}
}

func (t scatterGather) scan(s *scan) {
	if s.hub(s.account) || len(s.out) < t.min {
		return
	}
	keep := func(i int) bool {
		return s.strangerOut[i] && s.out[i].Peer() != s.account && !s.hub(s.out[i].Peer())
	}
	for _, w := range s.windows(s.out, t.seconds, t.min, keep) {
		t.look(s, w, keep)
	}
}

// eachSecond calls f for the payments to strangers that the receivers of a window's payments make within the time.
func (t scatterGather) eachSecond(s *scan, w window, keep func(int) bool, f func(i int, between flow.Account, out []flow.Entry, k int)) (cut bool) {
	visited := 0
	for i := w.lo; i < w.hi; i++ {
		if !keep(i) {
			continue
		}
		if visited++; visited > 4*s.lim.expand {
			return true
		}
		m := s.out[i].Peer()
		out := s.v.Out(m)
		stranger := s.rel.outStranger[s.rel.outAt[m]:s.rel.outAt[m+1]]
		n := 0
		for k := after(out, s.out[i].At()); k < len(out) && out[k].At() <= s.out[i].At()+t.seconds; k++ {
			if n++; n > s.lim.expand {
				cut = true
				break
			}
			if p := out[k].Peer(); stranger[k] && p != s.account && p != m && p != flow.Outside {
				f(i, m, out, k)
			}
		}
	}
	return cut
}

func (t scatterGather) look(s *scan, w window, keep func(int) bool) {
	// Count for each end the different accounts between; last remembers which one was counted last.
	ends, last := &s.seen, &s.seen2
	ends.reset()
	last.reset()
	best := flow.Outside
	cut := t.eachSecond(s, w, keep, func(_ int, m flow.Account, out []flow.Entry, k int) {
		end := out[k].Peer()
		if before := last.get(end); before == int32(m)+1 {
			return
		} else {
			last.add(end, int32(m)+1-before)
		}
		if n := ends.add(end, 1); best == flow.Outside || n > ends.get(best) || n == ends.get(best) && s.before(end, best) {
			best = end
		}
	})
	if best == flow.Outside || int(ends.get(best)) < t.min {
		return
	}
	between := int(ends.get(best))
	h := s.hit(over(float64(between), float64(t.min)), "M05")
	h.h.Truncated = cut
	type second struct {
		m flow.Account
		k int
	}
	var seconds []second
	var firsts []int
	t.eachSecond(s, w, keep, func(i int, m flow.Account, out []flow.Entry, k int) {
		if out[k].Peer() == best {
			firsts = append(firsts, i)
			seconds = append(seconds, second{m, k})
		}
	})
	for _, i := range firsts {
		h.out(i)
	}
	for _, x := range seconds {
		h.pay(x.m, s.v.Out(x.m), x.k, true)
	}
	h.because("scatter_gather", "between", between, "end", s.g.AccountName(best), "days", days(h.h.First, h.h.Last))
	h.done()
}
