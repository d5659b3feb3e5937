package typology

import (
	"slices"

	"tarir/money/flow"
)

// equals searches from each payment as the latest of a ring of equal sums. Purchases and wages lead nowhere: a shop does
// not pay its customers, and whose wage it is does not pay the employer's suppliers.
func (c cycle) equals(s *scan) {
	mine := s.account + 1 // 0 is no account's
	for _, e := range s.in {
		if e.Peer() != s.account && e.Peer() != flow.Outside {
			s.sizes[sizeClass(e.Amount())] = mine
		}
	}
	var path [maxHops + 1]step
	for i, e := range s.out {
		if e.Amount() == 0 || e.Peer() == s.account || e.Peer() == flow.Outside || e.Purchase() || isWage(e) || s.spreads(e.Peer()) {
			continue
		}
		band := c.around(e)
		came := false
		for k := sizeClass(band.low); k <= sizeClass(band.high) && !came; k++ {
			came = s.sizes[k] == mine
		}
		from := e.At() - c.equalSeconds
		if !came || !band.came(s, from, e.At()) {
			continue
		}
		usual := s.rel.sums.share(e.Currency(), band.low, band.high)
		path[0] = step{s.account, i, e}
		budget := s.lim.expand
		if found, ways := c.equalFrom(s, path[:1], band, from, e.At(), usual, 1, &budget); len(found) > 2 {
			c.reportEqual(s, found, band, ways, budget < 0)
		}
	}
}

// sumBand is the sums that count as equal to one.
type sumBand struct {
	currency  uint8
	low, high int64
}

func (c cycle) around(e flow.Entry) sumBand {
	return sumBand{e.Currency(), int64(float64(e.Amount())*(1-c.equal)) + 1, int64(float64(e.Amount()) * (1 + c.equal))}
}

func (b sumBand) holds(e flow.Entry) bool {
	return e.Amount() >= b.low && e.Amount() <= b.high && e.Currency() == b.currency
}

// came says whether the scanned account received such a sum within the time.
func (b sumBand) came(s *scan, from, to int64) bool {
	for k := after(s.in, from); k < len(s.in) && s.in[k].At() <= to; k++ {
		if p := s.in[k].Peer(); b.holds(s.in[k]) && p != s.account && p != flow.Outside {
			return true
		}
	}
	return false
}

// equalFrom continues a way of equal sums by one payment. usual is the share of such sums in the ledger.
func (c cycle) equalFrom(s *scan, path []step, band sumBand, from, to int64, usual, ways float64, budget *int) ([]step, float64) {
	if *budget--; *budget < 0 {
		return nil, 0
	}
	here := path[len(path)-1].e.Peer()
	home := path[0].account
	out := s.v.Out(here)
	lo := after(out, from)
	hi := lo
	for hi < len(out) && out[hi].At() <= to {
		hi++
	}
	if ways *= float64(hi-lo) * usual; ways > c.ways {
		return nil, 0
	}
	fits := func(i int) bool {
		return band.holds(out[i]) && out[i].Peer() != here && out[i].Peer() != flow.Outside
	}
	for i := lo; i < hi; i++ {
		if out[i].Peer() == home && fits(i) && len(path) > 1 && ways <= c.chance {
			return append(path, step{here, i, out[i]}), ways
		}
	}
	if len(path)+1 >= c.ringHops {
		return nil, 0
	}
	for i := lo; i < hi; i++ {
		e := out[i]
		if !fits(i) || s.spreads(e.Peer()) || onPath(path, e.Peer()) ||
			slices.ContainsFunc(out[lo:i], func(x flow.Entry) bool { return x.Peer() == e.Peer() && band.holds(x) }) { // the same neighbour was tried
			continue
		}
		if found, ways := c.equalFrom(s, append(path, step{here, i, e}), band, from, to, usual, ways, budget); found != nil {
			return found, ways
		}
		out = s.v.Out(here) // the search below may have used the view's space
	}
	return nil, 0
}

func (c cycle) reportEqual(s *scan, path []step, band sumBand, ways float64, cut bool) {
	from, to := path[0].e.At(), path[0].e.At()
	for _, p := range path {
		from = min(from, p.e.At())
	}
	if from == to {
		for _, p := range path[1:] {
			if s.before(p.account, s.account) {
				return
			}
		}
	}
	h := s.hit(0.7, "M06")
	n := 0
	for _, p := range path {
		out := s.v.Out(p.account)
		for i := after(out, from); i < len(out) && out[i].At() <= to; i++ {
			if out[i].Peer() == p.e.Peer() && band.holds(out[i]) {
				h.pay(p.account, out, i, true)
				n++
			}
		}
	}
	h.h.Truncated = cut
	h.because("equal_ring", "sum", s.money(path[0].e.Amount(), band.currency), "percent", int(c.equal*100+0.5), "hops", len(path), "days", days(from, to), "payments", n, "expected", ways)
	h.done()
}
