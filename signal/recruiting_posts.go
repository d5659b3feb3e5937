package signal

import (
	"cmp"
	"slices"
	"strings"

	"tarir/entity"
	"tarir/online"
)

// recruitingPosts finds contacts under which work is offered as traffickers offer it: abroad with a debt (R01), in unrelated
// trades or countries (R02), for an employer that no register knows (R09), for pay far above what the trade pays there
// (R10). An employment agency offers many trades too, and pays what others pay.
func recruitingPosts(s *scan) {
	pay := s.usualPay()
	firms := s.firms()
	least, window := s.int("min_adverts"), s.days("window_days")
	for k := range s.in.Posters {
		p := &s.in.Posters[k]
		if p.Wide || len(p.Adverts) < least || p.Contact.Kind == entity.Image {
			continue
		}
		d := s.hit(s.bearers[k], "A", over(float64(len(p.Adverts)), float64(least)))
		if p.Says(online.Abroad) > 0 && p.Says(online.Debt) > 0 {
			d.h.Indicators = append(d.h.Indicators, "R01")
			d.adverts(p.Adverts...).because("abroad_debt", "adverts", len(p.Adverts))
		}
		s.unrelated(d, p, window)
		s.unknownFirm(d, p, firms)
		s.tooGood(d, p, pay)
		// A firm that seeks people in several trades, or pays well, is one; together they say more.
		if slices.Contains(d.h.Indicators, "R01") || len(d.h.Indicators) > 1 {
			d.done()
		}
	}
}

// unrelated adds R02.
func (s *scan) unrelated(d *draft, p *online.Poster, window int64) {
	var offers []int // adverts that name a trade, in order of time
	for _, i := range p.Adverts {
		if len(s.in.Adverts[i].Shows.Trades) > 0 {
			offers = append(offers, i)
		}
	}
	slices.SortStableFunc(offers, func(a, b int) int { return cmp.Compare(s.in.Adverts[a].At, s.in.Adverts[b].At) })
	times := make([]int64, len(offers))
	for k, i := range offers {
		times[k] = s.in.Adverts[i].At
	}
	least := s.int("unrelated")
	bestTrades, bestCountries, from, to := 0, 0, 0, 0
	trades, countries := counts{}, counts{}
	count := func(i, n int) {
		for _, t := range s.in.Adverts[i].Shows.Trades {
			trades.add(t, n)
		}
		countries.add(s.in.Adverts[i].Country, n)
	}
	left := 0
	within(times, window, func(lo, hi int) {
		count(offers[hi-1], 1)
		for ; left < lo; left++ {
			count(offers[left], -1)
		}
		if max(len(trades), len(countries)) > max(bestTrades, bestCountries) {
			bestTrades, bestCountries, from, to = len(trades), len(countries), lo, hi
		}
	})
	if max(bestTrades, bestCountries) < least {
		return
	}
	d.h.Indicators = append(d.h.Indicators, "R02")
	for _, o := range offers[from:to] {
		d.adverts(o)
	}
	d.because("unrelated_offers", "trades", bestTrades, "countries", bestCountries, "days", int(window/dayMillis))
}

// firms are the names of companies with the dates on which they were founded and dissolved.
func (s *scan) firms() map[string][]*entity.Entity {
	out := map[string][]*entity.Entity{}
	s.in.Held.Each("Organization", func(e *entity.Entity) {
		for _, n := range e.Names() {
			k := strings.Join(strings.Fields(strings.ToLower(n)), " ")
			out[k] = append(out[k], e)
		}
	})
	return out
}

// employer is the firm that an advert names in a column or field of its own.
func employer(a *online.Advert) string {
	for _, k := range []string{"employer", "company", "firm"} {
		if raw, ok := a.Extra[k]; ok {
			if v := strings.Trim(string(raw), `" `); v != "" && v != "null" {
				return strings.Join(strings.Fields(strings.ToLower(v)), " ")
			}
		}
	}
	return ""
}

// unknownFirm adds R09. It is silent where no company is told at all.
func (s *scan) unknownFirm(d *draft, p *online.Poster, firms map[string][]*entity.Entity) {
	if len(firms) == 0 {
		return
	}
	var list []int
	var name string
	for _, i := range p.Adverts {
		a := s.in.Adverts[i]
		firm := employer(a)
		if firm == "" {
			continue
		}
		day := dateOf(a.At)
		known := slices.ContainsFunc(firms[firm], func(e *entity.Entity) bool {
			founded, gone := e.First("incorporationDate"), e.First("dissolutionDate")
			return (founded == "" || founded <= dateOf(a.At-int64(s.int("young_firm_days"))*dayMillis)) && (gone == "" || gone > day)
		})
		if !known {
			list, name = append(list, i), firm
		}
	}
	if len(list) < s.int("unknown_firm_adverts") {
		return
	}
	d.h.Indicators, d.h.Data = append(d.h.Indicators, "R09"), "A E"
	d.adverts(list...).because("unknown_firm", "adverts", len(list), "firm", name)
}

// payKey is what offers are compared within.
type payKey struct{ trade, country, currency string }

// usualPay is the median pay by trade and country, where enough adverts name one.
func (s *scan) usualPay() map[payKey]float64 {
	all := map[payKey][]float64{}
	for i, a := range s.in.Adverts {
		v, ok := online.PriceOf(a)
		if !ok {
			continue
		}
		for _, t := range s.in.Adverts[i].Shows.Trades {
			k := payKey{t, a.Country, a.Currency}
			all[k] = append(all[k], v)
		}
	}
	out := map[payKey]float64{}
	for k, list := range all {
		if len(list) >= s.int("pay_sample") {
			out[k] = online.Median(list)
		}
	}
	return out
}

// tooGood adds R10.
func (s *scan) tooGood(d *draft, p *online.Poster, pay map[payKey]float64) {
	var list []int
	most := 0.0
	for _, i := range p.Adverts {
		a := s.in.Adverts[i]
		v, ok := online.PriceOf(a)
		if !ok {
			continue
		}
		for _, t := range s.in.Adverts[i].Shows.Trades {
			if m := pay[payKey{t, a.Country, a.Currency}]; m > 0 && v >= s.num("pay_times")*m {
				list = append(list, i)
				most = max(most, v/m)
				break
			}
		}
	}
	if len(list) >= s.int("min_adverts") {
		d.h.Indicators = append(d.h.Indicators, "R10")
		d.adverts(list...).because("too_good", "adverts", len(list), "times", most)
	}
}
