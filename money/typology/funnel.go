package typology

import (
	"slices"

	"tarir/money/ledger"
)

// funnel finds accounts into which cash is paid in several places and from which it is taken elsewhere at once (M02):
// the way smuggling fees reach the border. Deposits at several branches within a day (T12) and transfers of small sums
// from several towns to one beneficiary (T11) are its companions; so is cash paid in where the holder never is (M20).
type funnel struct {
	seconds, quick int64
	places         int
	share          float64
	branchPlaces   int
	senders        int
	far            int64
	farPlaces      int
	farKm          float64
	small          smallSums
}

func newFunnel(p params) detector {
	return funnel{p.days("window_days"), p.days("out_within_days"), p.int("min_places"), p.num("out_share"), p.int("branches"), p.int("wire_cities"), p.days("far_days"), p.int("far_places"), p.num("far_km"), newSmallSums(p, "small_wire", 0)}
}

func (t funnel) scan(s *scan) {
	if s.hub(s.account) || len(s.in) < t.places {
		return
	}
	t.cash(s)
	t.distant(s)
	t.wires(s)
}

// distant finds cash paid in at several places far from where the holder is (M20): where its card is used or its money is drawn. Where
// nobody knows how far two places are apart, another name is far.
func (t funnel) distant(s *scan) {
	var own []string
	for i, e := range s.out {
		if e.Channel() == ledger.ChannelCard || isCashOut(e) {
			if p := s.own.Context(s.account, i, true).Place; p != "" && !slices.Contains(own, p) {
				own = append(own, p)
			}
		}
	}
	if len(own) == 0 || len(own) > s.lim.expand {
		return // nothing tells where the holder is
	}
	elsewhere := func(i int) string {
		if !isCashIn(s.in[i]) {
			return ""
		}
		p := s.own.Context(s.account, i, false).Place
		if slices.ContainsFunc(own, func(o string) bool { return t.near(s, p, o) }) {
			return ""
		}
		return p
	}
	for _, w := range s.stretches(s.in, t.far, t.farPlaces, func(i int) bool { return elsewhere(i) != "" }) {
		var places []string
		h := s.hit(0, "M20")
		for i := w.lo; i < w.hi; i++ {
			if p := elsewhere(i); p != "" {
				places = append(places, p)
				h.in(i)
			}
		}
		slices.Sort(places)
		if places = slices.Compact(places); len(places) < t.farPlaces {
			continue
		}
		h.h.Strength = over(float64(len(places)), float64(t.farPlaces))
		h.because("distant", "places", len(places), "payments", len(h.h.Payments), "days", days(h.h.First, h.h.Last))
		h.done()
	}
}

// near says whether two places are one, or known to be no farther from each other than far_km.
func (t funnel) near(s *scan, a, b string) bool {
	if a == b || s.apart == nil {
		return a == b
	}
	km, known := s.apart(a, b)
	return known && km <= t.farKm
}

func (t funnel) cash(s *scan) {
	for _, w := range s.stretches(s.in, t.seconds, t.places, func(i int) bool { return isCashIn(s.in[i]) }) {
		places := map[string]bool{}
		var in int64
		h := s.hit(0, "M02")
		byDay := map[int64]map[string]bool{}
		for i := w.lo; i < w.hi; i++ {
			if !isCashIn(s.in[i]) || s.in[i].Currency() != s.in[w.lo].Currency() {
				continue
			}
			p := s.own.Context(s.account, i, false).Place
			if p == "" {
				continue
			}
			places[p] = true
			d := s.in[i].At() / 86400
			if byDay[d] == nil {
				byDay[d] = map[string]bool{}
			}
			byDay[d][p] = true
			in += s.in[i].Amount()
			h.in(i)
		}
		if len(places) < t.places || in == 0 {
			continue
		}
		var out int64
		elsewhere := false
		for i := after(s.out, h.h.First); i < len(s.out) && s.out[i].At() <= h.h.Last+t.quick; i++ {
			if s.out[i].Currency() != s.in[w.lo].Currency() {
				continue
			}
			p := s.own.Context(s.account, i, true).Place
			elsewhere = elsewhere || p != "" && !places[p]
			out += s.out[i].Amount()
			h.out(i)
		}
		if float64(out) < t.share*float64(in) {
			continue
		}
		h.h.Strength = over(float64(len(places)), float64(t.places))
		if elsewhere {
			h.h.Strength = clamp(h.h.Strength + 0.2)
		}
		h.because("funnel", "places", len(places), "in", s.money(in, s.in[w.lo].Currency()), "percent", percent(out, in), "days", int(t.quick/86400))
		for _, ps := range byDay {
			if len(ps) >= t.branchPlaces {
				h.h.Indicators = append(h.h.Indicators, "T12")
				h.because("branches", "branches", t.branchPlaces)
				break
			}
		}
		h.done()
	}
}

func (t funnel) wires(s *scan) {
	if !t.small.known {
		return
	}
	small := func(i int) bool {
		switch s.in[i].Channel() {
		case ledger.ChannelTransfer, ledger.ChannelInstant, ledger.ChannelMVTS, ledger.ChannelUnknown:
			return s.strangerIn[i] && t.small.holds(s, s.in[i])
		}
		return false
	}
	for _, w := range s.windows(s.in, 30*86400, t.senders, small) {
		var places []string
		h := s.hit(0.5, "T11")
		for i := w.lo; i < w.hi; i++ {
			if !small(i) {
				continue
			}
			if p := s.own.Context(s.account, i, false).Place; p != "" {
				places = append(places, p)
				h.in(i)
			}
		}
		slices.Sort(places)
		if places = slices.Compact(places); len(places) < t.senders {
			continue
		}
		h.because("cities", "cities", len(places), "limit", t.small.text)
		h.done()
	}
}
