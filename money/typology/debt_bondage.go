package typology

import (
	"tarir/money/flow"
)

// debtBondage finds who receives instalments from several people month after month, on the same day or rising (R07),
// and who is paid by several newcomers (R03). Landlords, schools and lenders look alike: newcomers who pay for months
// and never before is what sets a recruiter apart, and one of the two alone makes no finding.
//
// A newcomer is an account that the ledger first sees less than the pack's days before, counted only where the ledger
// reaches further back than that: the opening date itself is not a payment's to tell. Both looks ask that such payers
// are a good share of all who pay the account, and more than chance makes of the share that newcomers have in the whole
// ledger: every shop and landlord has newcomers among many others.
type debtBondage struct {
	payers, months int
	share          float64
	dayTolerance   int64
	chance         float64
	newcomers      int
	life           int // payments with others by which a newcomer is seen to live
	window         int64
}

func newDebtBondage(p params) detector {
	return debtBondage{p.int("min_payers"), p.int("min_months"), p.num("min_share"), int64(p.num("day_tolerance")), p.num("chance"), p.int("min_newcomers"), p.int("min_life"), p.days("window_days")}
}

func (t debtBondage) scan(s *scan) {
	if s.hub(s.account) || len(s.in) < min(t.newcomers, t.payers*t.months) {
		return
	}
	t.instalments(s)
	t.newcomersPay(s)
}

func (t debtBondage) instalments(s *scan) {
	h := s.hit(0, "R07")
	payers, rising := 0, 0
	for p, list := range s.byPeer(s.in, t.months, t.payers) {
		// Who rises the sum four times running is not paying rent; on the same day every month, only a newcomer counts.
		up, regular := t.series(s, list)
		if !(up && len(list) >= t.months+1) && !((up || regular) && t.newcomer(s, p, s.in[list[0]].At())) || t.employed(s, p, list) {
			continue
		}
		payers++
		if up {
			rising++
		}
		for _, i := range list {
			h.in(i)
		}
	}
	if payers < t.payers || float64(payers) < t.share*float64(s.others(s.in)) {
		return
	}
	h.h.Strength = over(float64(payers), float64(t.payers))
	h.because("instalments", "payers", payers, "months", t.months, "rising", rising)
	h.done()
}

// employed says that the account pays the payer more than it is paid: deductions from wages are payroll_skimming's.
func (t debtBondage) employed(s *scan, p flow.Account, list []int) bool {
	var paid, got int64
	for _, i := range list {
		got += s.in[i].Amount()
	}
	for _, e := range s.out {
		if e.Peer() == p {
			paid += e.Amount()
		}
	}
	return paid > got
}

// series says whether payments rise from month to month, and whether they come once a month on about the same day.
func (t debtBondage) series(s *scan, list []int) (rising, regular bool) {
	months := 1
	rising, regular = true, true
	for k := 1; k < len(list); k++ {
		a, b := s.in[list[k-1]], s.in[list[k]]
		ta, tb := a.Time(), b.Time()
		if a.Currency() != b.Currency() {
			return false, false
		}
		if tb.Month() != ta.Month() || tb.Year() != ta.Year() {
			months++
		}
		if b.Amount() <= a.Amount() {
			rising = false
		}
		gap := (b.At() - a.At()) / flow.Day
		if gap < 28-t.dayTolerance || gap > 31+t.dayTolerance {
			regular = false
		}
	}
	if months < t.months {
		return false, false
	}
	return rising, regular
}

// newcomer says that an account was first seen shortly before a time, in a ledger that reaches further back and that sees
// the account live: of one that appears only to pay this one nobody knows how old it is.
func (t debtBondage) newcomer(s *scan, a flow.Account, at int64) bool {
	if is, known := s.rel.newcomer(a, at); !is || !known {
		return false
	}
	others := 0
	for _, list := range [][]flow.Entry{s.v.In(a), s.v.Out(a)} {
		for i := 0; i < len(list) && others < t.life; i++ {
			if list[i].Peer() != s.account {
				others++
			}
		}
	}
	return others >= t.life
}

func (t debtBondage) newcomersPay(s *scan) {
	known := map[flow.Account]bool{} // whether each payer that was looked at is a newcomer
	others := func(i int) bool { return s.in[i].Peer() != flow.Outside && s.in[i].Peer() != s.account }
	keep := func(i int) bool {
		p := s.in[i].Peer()
		if p == flow.Outside || p == s.account {
			return false
		}
		is, ok := known[p]
		if !ok {
			is = !s.hub(p) && t.newcomer(s, p, s.in[i].At())
			known[p] = is
		}
		return is
	}
	if len(s.in) > 16*s.lim.expand {
		return
	}
	for _, w := range s.windows(s.in, t.window, t.newcomers, keep) {
		n, _ := s.distinct(s.in, w, keep)
		all, _ := s.distinct(s.in, w, others)
		if float64(n) < t.share*float64(all) || binomialTail(n, all, s.rel.newcomers) > t.chance {
			continue
		}
		h := s.hit(over(float64(n), float64(t.newcomers)), "R03")
		for i := w.lo; i < w.hi; i++ {
			if keep(i) {
				h.in(i)
			}
		}
		h.because("newcomers", "payers", n, "days", int(s.rel.newSeconds/flow.Day), "window", int(t.window/flow.Day))
		h.done()
	}
}
