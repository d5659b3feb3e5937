package typology

import "tarir/money/flow"

// stack finds layers (M07): an account that takes in from several, passes nearly all of it on to several, of whom at
// least two do the same in turn. Three levels of accounts that only pass money on are made to hide where it came from.
type stack struct {
	seconds   int64
	min       int
	low, high float64
}

func newStack(p params) detector {
	return stack{p.days("window_days"), p.int("min_each_side"), p.num("low_ratio"), p.num("high_ratio")}
}

// passes tests that an account takes in from at least min strangers after from and passes on a like sum to at least min
// others before until. Its lists are those of the view v.
func (t stack) passes(s *scan, v *flow.View, a flow.Account, from, until int64) (inLo, inHi, outLo, outHi int, ok bool) {
	in, out := v.In(a), v.Out(a)
	if len(in) < t.min || len(out) < t.min {
		return
	}
	inLo, outLo = after(in, from), after(out, from)
	inHi, outHi = inLo, outLo
	var total, gone int64
	strangerIn := s.rel.inStranger[s.rel.inAt[a]:s.rel.inAt[a+1]]
	strangerOut := s.rel.outStranger[s.rel.outAt[a]:s.rel.outAt[a+1]]
	payers, payees := 0, 0
	for ; inHi < len(in) && in[inHi].At() < until && inHi-inLo < s.lim.expand; inHi++ {
		if strangerIn[inHi] && in[inHi].Currency() == in[inLo].Currency() {
			total += in[inHi].Amount()
			payers++
		}
	}
	if payers < t.min {
		return
	}
	for ; outHi < len(out) && out[outHi].At() < until && outHi-outLo < s.lim.expand; outHi++ {
		if strangerOut[outHi] && out[outHi].Currency() == in[inLo].Currency() {
			gone += out[outHi].Amount()
			payees++
		}
	}
	if payees < t.min || total == 0 {
		return
	}
	share := float64(gone) / float64(total)
	return inLo, inHi, outLo, outHi, share >= t.low && share <= t.high
}

func (t stack) scan(s *scan) {
	if s.hub(s.account) || len(s.in) < t.min || len(s.out) < t.min {
		return
	}
	until := int64(0)
	for i := range s.in {
		if !s.strangerIn[i] || s.in[i].At() < until {
			continue
		}
		from := s.in[i].At()
		inLo, inHi, outLo, outHi, ok := t.passes(s, s.own, s.account, from, from+t.seconds/2)
		if !ok {
			continue
		}
		var next []flow.Account
		for k := outLo; k < outHi; k++ {
			p := s.out[k].Peer()
			if !s.strangerOut[k] || p == s.account || s.hub(p) {
				continue
			}
			if _, _, _, _, ok := t.passes(s, s.v, p, s.out[k].At(), from+t.seconds); ok {
				next = append(next, p)
			}
		}
		next = distinctAfter(s.account, next)[1:]
		if len(next) < t.min {
			continue
		}
		h := s.hit(0.5+0.1*float64(len(next)), "M07")
		for k := inLo; k < inHi; k++ {
			if s.strangerIn[k] {
				h.in(k)
			}
		}
		for k := outLo; k < outHi; k++ {
			if s.strangerOut[k] {
				h.out(k)
			}
		}
		for _, p := range next {
			lo, hi, olo, ohi, _ := t.passes(s, s.v, p, from, from+t.seconds)
			for k := lo; k < hi; k++ {
				h.pay(p, s.v.In(p), k, false)
			}
			for k := olo; k < ohi; k++ {
				h.pay(p, s.v.Out(p), k, true)
			}
		}
		h.because("stack", "next", len(next), "levels", 3, "days", days(h.h.First, h.h.Last))
		h.done()
		until = from + t.seconds
	}
}
