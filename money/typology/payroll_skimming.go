package typology

import (
	"cmp"
	"slices"

	"tarir/money/flow"
)

// payrollSkimming looks from the account where workers' wages end. Wages come in at several workers and leave the same
// day or the next to one beneficiary whom they share (L01); several wages are paid straight into one account (L02); a
// good part of the wages goes back to who paid them (L05); workers who receive wages and buy nothing to live on (L04).
//
// The workers are possible victims: the finding's subject is the beneficiary.
type payrollSkimming struct {
	seconds          int64
	workers, periods int
	share, most      float64
	employers        int
	backShare        float64
	livingShare      float64
	living           []string
}

func newPayrollSkimming(p params) detector {
	t := payrollSkimming{
		seconds: p.hours("within_hours"), workers: p.int("min_workers"), periods: p.int("min_periods"), share: p.num("share"), most: p.num("most"),
		employers: p.int("min_employers"), backShare: p.num("back_share"), livingShare: p.num("living_share"),
	}
	for _, c := range []string{"food", "lodging", "phone", "rent"} {
		t.living = append(t.living, p.category(c)...)
	}
	return t
}

// wages are the places of the wages in what an account received.
func (t payrollSkimming) wages(v *flow.View, a flow.Account) []int {
	var out []int
	for i, e := range v.In(a) {
		if isWage(e) {
			out = append(out, i)
		}
	}
	return out
}

func (t payrollSkimming) scan(s *scan) {
	if s.hub(s.account) || len(s.in) < t.workers {
		return
	}
	t.several(s)
	// Who pays here several times, shortly after wages of their own came.
	h := s.hit(0, "L01")
	workers, noLiving, back := 0, 0, 0
	times := 0
	for w, paid := range s.byPeer(s.in, t.periods, t.workers) {
		if s.hub(w) || !bit(s.rel.waged, w) {
			continue
		}
		in := s.v.In(w)
		if len(in) > 4*s.lim.expand {
			h.h.Truncated = true
			continue
		}
		wages := t.wages(s.v, w)
		matched := 0
		fromHere := false
		next := 0
		for _, i := range wages {
			for next < len(paid) && s.in[paid[next]].At() < in[i].At() {
				next++
			}
			var gone int64
			k := next
			for ; k < len(paid) && s.in[paid[k]].At()-in[i].At() <= s.patience(in[i], s.in[paid[k]], t.seconds); k++ {
				gone += s.paidIn(s.in[paid[k]], in[i].Currency())
			}
			share := t.share
			if in[i].Peer() == s.account {
				share = t.backShare
			}
			if in[i].Amount() == 0 || float64(gone) < share*float64(in[i].Amount()) {
				continue
			}
			// Who passes on more than the wages that came passes on something else.
			if float64(gone) > t.most*float64(earnedBetween(in, wages, in[i].Currency(), in[i].At()-t.seconds, s.in[paid[k-1]].At())) {
				continue
			}
			fromHere = fromHere || in[i].Peer() == s.account
			matched++
			h.pay(w, in, i, false)
			for _, j := range paid[next:k] {
				h.in(j)
			}
		}
		if matched < t.periods {
			continue
		}
		workers++
		times += matched
		if fromHere {
			back++
		}
		if t.livesOnNothing(s, w, wages) {
			noLiving++
		}
	}
	if workers < t.workers {
		return
	}
	h.h.Strength = over(float64(workers), float64(t.workers))
	h.because("payroll_skimming", "workers", workers, "times", times, "percent", int(t.share*100), "hours", int(t.seconds/3600))
	if back >= t.workers {
		h.h.Indicators = append(h.h.Indicators, "L05")
		h.because("wages_back", "workers", back)
	}
	if noLiving >= t.workers {
		h.h.Indicators = append(h.h.Indicators, "L04")
		h.because("no_living_costs", "workers", noLiving, "percent", int(t.livingShare*100))
	}
	h.done()
}

// earnedBetween sums the wages, by their places in what came in, of one currency and a span of time.
func earnedBetween(in []flow.Entry, wages []int, currency uint8, from, to int64) (sum int64) {
	first, _ := slices.BinarySearchFunc(wages, from, func(i int, at int64) int { return cmp.Compare(in[i].At(), at) })
	for _, i := range wages[first:] {
		if in[i].At() > to {
			break
		}
		if in[i].Currency() == currency {
			sum += in[i].Amount()
		}
	}
	return sum
}

// paidIn is what the payer of a payment received here paid, if in the given currency.
func (s *scan) paidIn(e flow.Entry, currency uint8) int64 {
	if e.Currency() != currency {
		if e, _ = s.v.Twin(s.account, e, false); e.Currency() != currency {
			return 0
		}
	}
	return e.Amount()
}

// livesOnNothing says that an account with wages over two months or more spends hardly any on food, rent and phone.
func (t payrollSkimming) livesOnNothing(s *scan, w flow.Account, wages []int) bool {
	if !s.have.mcc || len(wages) < 2 {
		return false
	}
	in, out := s.v.In(w), s.v.Out(w)
	if len(out) > 4*s.lim.expand {
		return false
	}
	if in[wages[len(wages)-1]].At()-in[wages[0]].At() < 30*flow.Day {
		return false
	}
	var earned, spent int64
	for _, i := range wages {
		earned += in[i].Amount()
	}
	for k := range out {
		if out[k].Purpose() == flow.PurposeRent || out[k].Merchant() && slices.Contains(t.living, s.v.Context(w, k, true).MCC) {
			spent += out[k].Amount()
		}
	}
	return float64(spent) < t.livingShare*float64(earned)
}

// several finds wages of several employers in one account (L02).
func (t payrollSkimming) several(s *scan) {
	employers := map[flow.Account]bool{}
	var wages []int
	if !bit(s.rel.waged, s.account) || len(s.in) > 4*s.lim.expand || s.rel.watched.total < 30*flow.Day {
		return
	}
	for _, i := range t.wages(s.own, s.account) {
		employers[s.in[i].Peer()] = true
		wages = append(wages, i)
	}
	if len(employers) < t.employers {
		return
	}
	h := s.hit(over(float64(len(employers)), float64(t.employers)), "L02")
	for _, i := range wages {
		h.in(i)
	}
	h.because("several_wages", "employers", len(employers), "wages", len(wages))
	h.done()
}
