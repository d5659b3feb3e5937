package signal

import (
	"strconv"
	"time"

	"tarir/entity"
	"tarir/money/flow"
	"tarir/money/ledger"
)

// beyondIncome finds people who own land, buildings or vehicles worth more than twice what comes in to their accounts in a year
// (M13). What was inherited or bought on credit looks alike.
func beyondIncome(s *scan) {
	first, last := s.in.Graph.Span()
	years := max(float64(last-first)/(365*float64(flow.Day)), s.num("least_years"))
	s.in.Held.Each("Ownership", func(o *entity.Entity) {
		for _, id := range o.Properties["asset"] {
			asset := s.in.Held.Entity(id)
			if asset == nil || !entity.Is(asset.Schema, "RealEstate") && !entity.Is(asset.Schema, "Vehicle") {
				continue
			}
			value, err := strconv.ParseFloat(asset.First("amount"), 64)
			currency := asset.First("currency")
			if err != nil || value <= 0 || currency == "" {
				continue
			}
			for _, owner := range o.Properties["owner"] {
				e := s.in.Held.Entity(owner)
				if e == nil || !entity.Is(e.Schema, "Person") || len(s.in.Held.Accounts(owner)) == 0 {
					continue
				}
				income, ok := s.income(e.ID, currency)
				if yearly := income / years; ok && value > s.num("times")*yearly {
					s.hit(e.ID, "P E", over(value/max(yearly, 1), s.num("times")), "M13").entities(asset.ID).
						because("beyond_income", "value", asset.First("amount")+" "+currency, "percent", int(100*value/max(yearly, 1))).done()
				}
			}
		}
	})
}

// income is what came in to somebody's accounts in a currency, in major units; ok is false where it came in others that do
// not compare.
func (s *scan) income(who, currency string) (sum float64, ok bool) {
	for _, a := range s.in.Held.Accounts(who) {
		for _, e := range s.v.In(a) {
			m := s.in.Graph.Money(e.Amount(), e.Currency())
			if m.Currency != currency {
				if s.in.Rates == nil {
					return 0, false
				}
				units, same := s.in.Rates.Convert(m, e.At(), currency, m.Scale)
				if !same {
					return 0, false
				}
				m.Units = units
			}
			sum += major(m)
		}
	}
	return sum, true
}

func major(m ledger.Money) float64 {
	v := float64(m.Units)
	for range m.Scale {
		v /= 10
	}
	return v
}

// minorsBusiness finds accounts of minors and students that deal with as many as a business does within a month (M14). The
// account of a minor is first of all a minor's: it is told as a safeguard.
func minorsBusiness(s *scan) {
	_, end := s.in.Graph.Span()
	now := time.Unix(end, 0).UTC()
	s.in.Held.Each("Person", func(e *entity.Entity) {
		minor := false
		if b := e.First("birthDate"); len(b) >= 10 {
			if t, err := time.Parse(time.DateOnly, b[:10]); err == nil {
				minor = t.AddDate(18, 0, 0).After(now)
			}
		}
		student := e.First("position") == "student" || e.First("occupation") == "student" || e.First("profession") == "student"
		if !minor && !student {
			return
		}
		for _, a := range s.in.Held.Accounts(e.ID) {
			list, paid := s.v.In(a), false
			best, from, to := 0, 0, 0
			for _, out := range []bool{false, true} {
				entries := s.v.In(a)
				if out {
					entries = s.v.Out(a)
				}
				times := make([]int64, len(entries))
				for i := range entries {
					times[i] = entries[i].At()
				}
				within(times, int64(s.num("window_days")*86_400), func(lo, hi int) {
					peers := map[flow.Account]bool{}
					for _, x := range entries[lo:hi] {
						if x.Peer() != flow.Outside && !business(x) {
							peers[x.Peer()] = true
						}
					}
					if len(peers) > best {
						best, from, to, list, paid = len(peers), lo, hi, entries, out
					}
				})
			}
			if best <= s.int("counterparties") {
				continue
			}
			d := s.hit(e.ID, "P E", over(float64(best), s.num("counterparties")), "M14")
			for i := from; i < to; i++ {
				d.payment(s.v, a, list, i, paid)
			}
			code := "students_business"
			if minor {
				code = "minors_business"
			}
			d.because(code, "counterparties", best, "days", s.int("window_days")).done()
		}
	})
}

// invoicesWithoutGoods finds companies that are paid for invoices and pay neither suppliers, nor wages, nor rent, nor tax, nor
// freight (M19): as far as the payments show, there are no goods.
func invoicesWithoutGoods(s *scan) {
	s.in.Held.Each("Organization", func(e *entity.Entity) {
		for _, a := range s.in.Held.Accounts(e.ID) {
			in := s.v.In(a)
			var invoices []int
			for i, x := range in {
				if x.Purpose() == flow.PurposeInvoice {
					invoices = append(invoices, i)
				}
			}
			if len(invoices) < s.int("invoices") {
				continue
			}
			costs, out := 0, s.v.Out(a)
			for _, x := range out {
				switch x.Purpose() {
				case flow.PurposeInvoice, flow.PurposeWage, flow.PurposeRent, flow.PurposeTax, flow.PurposeTravel:
					costs++
				default:
					if x.Purchase() {
						costs++
					}
				}
			}
			if costs > 0 || len(out) == 0 {
				continue
			}
			d := s.hit(e.ID, "P", over(float64(len(invoices)), s.num("invoices")), "M19")
			for _, i := range invoices {
				d.payment(s.v, a, in, i, false)
			}
			d.because("invoices_without_goods", "invoices", len(invoices)).done()
		}
	})
}
