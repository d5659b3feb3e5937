package typology

import (
	"slices"

	"tarir/money/flow"
)

// stack finds layers (M07) of accounts that only pass money on, made to hide where it came from. Seen from one of them,
// which takes in from several and passes nearly all of it on to several: either at least two of those do the same in
// turn, or other accounts stand beside it in its layer, taking in from the same payers and paying the same payees
// (Altman et al. 2023 call two such levels bipartite).
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
			if t.layer(s, window{inLo, inHi}, window{outLo, outHi}) {
				until = from + t.seconds
			}
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

// layer looks for accounts beside the scanned one: paid by at least min of its payers, and paying at least min of its
// payees, within the time.
func (t stack) layer(s *scan, in, out window) bool {
	from, until := s.in[in.lo].At(), s.in[in.lo].At()+t.seconds
	payers, payees := map[flow.Account]bool{}, map[flow.Account]bool{}
	for i := in.lo; i < in.hi; i++ {
		if p := s.in[i].Peer(); s.strangerIn[i] && p != s.account && !s.hub(p) {
			payers[p] = true
		}
	}
	for i := out.lo; i < out.hi; i++ {
		if p := s.out[i].Peer(); s.strangerOut[i] && p != s.account {
			payees[p] = true
		}
	}
	if len(payers) < t.min || len(payees) < t.min {
		return false
	}
	shared := map[flow.Account]int{}
	for _, p := range sorted(payers) {
		mine := map[flow.Account]bool{}
		list := s.v.Out(p)
		stranger := s.rel.outStranger[s.rel.outAt[p]:s.rel.outAt[p+1]]
		for k := after(list, from-t.seconds/2); k < len(list) && list[k].At() < until && len(mine) < s.lim.expand; k++ {
			if q := list[k].Peer(); stranger[k] && q != s.account && !s.hub(q) {
				mine[q] = true
			}
		}
		for q := range mine {
			shared[q]++
		}
	}
	beside := []flow.Account{s.account}
	for _, q := range sorted(shared) {
		if shared[q] >= t.min && t.pays(s, q, payees, from, until) >= t.min {
			beside = append(beside, q)
		}
	}
	if len(beside) < t.min {
		return false
	}
	h := s.hit(0.5+0.1*float64(len(beside)), "M07")
	for _, q := range beside {
		list := s.v.In(q)
		for k := after(list, from-t.seconds/2); k < len(list) && list[k].At() < until; k++ {
			if payers[list[k].Peer()] {
				h.pay(q, list, k, false)
			}
		}
		list = s.v.Out(q)
		for k := after(list, from); k < len(list) && list[k].At() < until; k++ {
			if payees[list[k].Peer()] {
				h.pay(q, list, k, true)
			}
		}
	}
	h.because("layer", "accounts", len(beside), "payers", len(payers), "payees", len(payees), "days", days(h.h.First, h.h.Last))
	h.done()
	return true
}

// pays counts how many of the payees an account pays within the time.
func (t stack) pays(s *scan, q flow.Account, payees map[flow.Account]bool, from, until int64) int {
	list := s.v.Out(q)
	met := map[flow.Account]bool{}
	for k := after(list, from); k < len(list) && list[k].At() < until; k++ {
		if p := list[k].Peer(); payees[p] {
			met[p] = true
		}
	}
	return len(met)
}

// sorted lists the accounts of a set in order of their numbers.
func sorted[V any](set map[flow.Account]V) []flow.Account {
	out := make([]flow.Account, 0, len(set))
	for a := range set {
		out = append(out, a)
	}
	slices.Sort(out)
	return out
}
