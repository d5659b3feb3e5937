package typology

import (
	"context"
	"slices"

	"tarir/money/flow"
)

// advertSpending finds frequent small payments to advertising platforms in multiples of a small unit (S05), to foreign
// classified sites (S15), and prepaid or gift cards bought in bulk (M12), by which such adverts are paid.
type advertSpending struct {
	month, week    int64
	times, foreign int
	unit           float64
	cards          int
	advert, card   []string
	kind           []byte // of each context: a for an advert, c for a prepaid card
}

func newAdvertSpending(p params) detector {
	return &advertSpending{
		30 * flow.Day, 7 * flow.Day, p.int("times"), p.int("classified_times"), p.num("small_unit"), p.int("cards"),
		p.category("advert"), p.category("prepaid"), nil,
	}
}

// prepare sorts the merchant categories that occur.
func (t *advertSpending) prepare(_ context.Context, g *flow.Graph, _ *relations) (string, error) {
	t.kind = make([]byte, len(g.Contexts()))
	for i, c := range g.Contexts() {
		switch {
		case c.MCC == "":
		case slices.Contains(t.advert, c.MCC):
			t.kind[i] = 'a'
		case slices.Contains(t.card, c.MCC):
			t.kind[i] = 'c'
		}
	}
	return "", nil
}

func (t *advertSpending) scan(s *scan) {
	if len(s.out) < min(t.times, t.foreign, t.cards) || len(s.out) > 64*s.lim.expand {
		return
	}
	kind := s.marks(len(s.out))
	adverts, cards := 0, 0
	for i, e := range s.out {
		switch {
		case e.Purpose() == flow.PurposeAdvert:
			kind[i] = 'a'
			adverts++
		case e.Merchant():
			if kind[i] = t.kind[s.own.ContextNumber(s.account, i, true)]; kind[i] == 'a' {
				adverts++
			} else if kind[i] == 'c' {
				cards++
			}
		}
	}
	if adverts >= t.foreign {
		t.report(s, t.month, t.foreign, func(i int) bool { return kind[i] == 'a' }, "S15", "classified")
	}
	if adverts >= t.times {
		t.report(s, t.month, t.times, func(i int) bool {
			unit := units(s.g, s.out[i].Currency(), t.unit)
			return kind[i] == 'a' && unit > 0 && s.out[i].Amount()%unit == 0
		}, "S05", "adverts")
	}
	if cards >= t.cards {
		t.report(s, t.week, t.cards, func(i int) bool { return kind[i] == 'c' }, "M12", "prepaid_cards")
	}
}

func (t *advertSpending) report(s *scan, seconds int64, times int, keep func(int) bool, indicator, code string) {
	for _, w := range s.stretches(s.out, seconds, times, keep) {
		h := s.hit(0, indicator)
		n := 0
		for i := w.lo; i < w.hi; i++ {
			if keep(i) {
				h.out(i)
				n++
			}
		}
		h.h.Strength = over(float64(n), float64(times))
		h.because(code, "payments", n, "days", days(h.h.First, h.h.Last))
		h.done()
	}
}
