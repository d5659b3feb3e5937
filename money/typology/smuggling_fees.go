package typology

import "tarir/money/flow"

// smugglingFees finds collectors of fees: several unrelated payers whose sums lie in the band of a known route price
// (T08) and are of one size more often than chance makes them in this ledger, settled afterwards in few large payments as hawala does (M08); and the same with sums far beyond the price
// within days, which is how ransom for people held on the way is paid (T15, F04).
type smugglingFees struct {
	seconds, ransomSeconds int64
	senders, ransomPayers  int
	band                   float64
	ransomTimes            float64 // of the highest route price: more is ransom,
	ransomMost             float64 // and more than this no family can pay
	countRatio             float64
	chance                 float64
	prices                 []Amount
}

func newSmugglingFees(p params) detector {
	return smugglingFees{
		p.days("window_days"), p.days("ransom_days"), p.int("min_senders"), p.int("ransom_payers"),
		p.num("band"), p.num("ransom_times"), p.num("ransom_most"), p.num("settlement_ratio"), p.num("chance"), p.amounts("route_price"),
	}
}

func (t smugglingFees) scan(s *scan) {
	if s.hub(s.account) || len(s.in) < min(t.senders, t.ransomPayers) {
		return
	}
	inBand := func(i int) bool {
		if !s.strangerIn[i] || s.in[i].Peer() == s.account {
			return false
		}
		_, ok := band(s, t.prices, s.in[i], t.band)
		return ok
	}
	for _, w := range s.windows(s.in, t.seconds, t.senders, inBand) {
		// One price: the sums lie within the band of their own middle, not only somewhere among all prices.
		mid := s.median(s.in, w, inBand)
		same := func(i int) bool {
			return inBand(i) && float64(s.in[i].Amount()) >= (1-t.band)*float64(mid) && float64(s.in[i].Amount()) <= (1+t.band)*float64(mid)
		}
		senders, n := s.distinct(s.in, w, same)
		if senders < t.senders {
			continue
		}
		all, _ := s.distinct(s.in, w, func(i int) bool { return s.strangerIn[i] && s.in[i].Peer() != s.account })
		usual := s.rel.sums.share(s.in[w.lo].Currency(), int64((1-t.band)*float64(mid)), int64((1+t.band)*float64(mid)))
		if binomialTail(senders, all, usual) > t.chance {
			continue
		}
		h := s.hit(over(float64(senders), float64(t.senders)), "T08")
		var e flow.Entry
		for i := w.lo; i < w.hi; i++ {
			if same(i) {
				h.in(i)
				e = s.in[i]
			}
		}
		price, _ := band(s, t.prices, e, t.band)
		h.because("smuggling_fees", "senders", senders, "payments", n, "middle", s.money(mid, e.Currency()), "percent", int(t.band*100), "route", price.Name, "days", days(h.h.First, h.h.Last))
		t.settlement(s, h, w, n)
		h.done()
	}
	t.ransom(s)
}

// settlement adds M08 where what was collected leaves in few payments.
func (t smugglingFees) settlement(s *scan, h *draft, w window, in int) {
	lo := after(s.out, h.h.First)
	hi := lo
	for hi < len(s.out) && s.out[hi].At() <= h.h.Last+7*flow.Day {
		hi++
	}
	if hi == lo || float64(in) < t.countRatio*float64(hi-lo) {
		return
	}
	for i := lo; i < hi; i++ {
		h.out(i)
	}
	h.h.Indicators = append(h.h.Indicators, "M08")
	h.because("settlement", "in", in, "out", hi-lo)
}

func (t smugglingFees) ransom(s *scan) {
	large := func(i int) bool {
		e := s.in[i]
		if !s.strangerIn[i] || e.Peer() == s.account {
			return false
		}
		v, ok := s.price(t.prices, e)
		highest := 0.0
		for _, p := range t.prices {
			if p.Currency == v.code {
				highest = max(highest, p.High)
			}
		}
		return ok && v.above(highest*t.ransomTimes) && !v.above(highest*t.ransomMost)
	}
	for _, w := range s.windows(s.in, t.ransomSeconds, t.ransomPayers, large) {
		h := s.hit(0.5, "T15", "F04")
		for i := w.lo; i < w.hi; i++ {
			if large(i) {
				h.in(i)
			}
		}
		n, _ := s.distinct(s.in, w, large)
		h.because("ransom", "payers", n, "times", t.ransomTimes, "days", days(h.h.First, h.h.Last))
		h.done()
	}
}

// median is the middle amount of the kept entries of a window.
func (s *scan) median(list []flow.Entry, w window, keep func(int) bool) int64 {
	var all []int64
	for i := w.lo; i < w.hi; i++ {
		if keep(i) {
			all = append(all, list[i].Amount())
		}
	}
	return middle(all)
}
