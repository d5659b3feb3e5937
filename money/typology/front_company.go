package typology

import (
	"tarir/money/flow"
	"tarir/money/ledger"
)

// frontCompany finds income like a business's without what a business pays: no wages, no rent, no purchases, no tax
// (S09 out of scale); where cash is drawn around pay day instead, L09. Payments whose other side is hidden behind a
// processor or missing are M17.
type frontCompany struct {
	payers    int
	months    int
	costShare float64
	hidden    int
	window    int64
}

func newFrontCompany(p params) detector {
	return frontCompany{p.int("min_payers"), p.int("min_months"), p.num("cost_share"), p.int("hidden_payments"), p.days("hidden_days")}
}

func (t frontCompany) scan(s *scan) {
	t.veiled(s)
	if len(s.in) < t.payers || len(s.in) > 64*s.lim.expand || s.in[len(s.in)-1].At()-s.in[0].At() < int64(t.months)*28*flow.Day {
		return
	}
	all := window{0, len(s.in)}
	payers, _ := s.distinct(s.in, all, func(i int) bool { return s.in[i].Peer() != s.account })
	if payers < t.payers {
		return
	}
	income, cur, _ := s.sum(s.in, nil)
	var costs int64
	paysWages := false
	for _, e := range s.out {
		switch e.Purpose() {
		case flow.PurposeWage, flow.PurposeTax:
			paysWages = true
		case flow.PurposeRent, flow.PurposeInvoice:
		default:
			if !e.Merchant() {
				continue
			}
		}
		if e.Currency() == cur {
			costs += e.Amount()
		}
	}
	if income == 0 || float64(costs) > t.costShare*float64(income) || paysWages {
		return
	}
	h := s.hit(0.5, "S09")
	for i := range s.in {
		h.in(i)
	}
	h.because("front_company", "payers", payers, "income", s.money(income, cur), "costs", s.money(costs, cur))
	// Cash drawn around one day of the month, two months or more: wages off the books.
	byDay := map[int]map[int]bool{}
	for _, e := range s.out {
		if !isCashOut(e) {
			continue
		}
		d := e.Time()
		for k := -2; k <= 2; k++ {
			day := d.AddDate(0, 0, k).Day()
			if byDay[day] == nil {
				byDay[day] = map[int]bool{}
			}
			byDay[day][d.Year()*12+int(d.Month())] = true
		}
	}
	most := 0
	for _, months := range byDay {
		most = max(most, len(months))
	}
	if most >= max(2, t.months-1) {
		h.h.Indicators = append(h.h.Indicators, "L09")
		h.because("cash_pay_day", "months", most)
	}
	h.done()
}

// veiled finds many credits whose payer the source does not name (M17).
func (t frontCompany) veiled(s *scan) {
	hidden := func(i int) bool {
		e := s.in[i]
		return e.Peer() == flow.Outside && !isCashIn(e) && e.Channel() != ledger.ChannelFee
	}
	for _, w := range s.stretches(s.in, t.window, t.hidden, hidden) {
		h := s.hit(0.3, "M17")
		n := 0
		for i := w.lo; i < w.hi; i++ {
			if hidden(i) {
				h.in(i)
				n++
			}
		}
		h.because("veiled", "payments", n, "days", days(h.h.First, h.h.Last))
		h.done()
	}
}
