package typology

import (
	"slices"

	"tarir/money/flow"
)

// nightMerchant finds income of the night: most credits between 22:00 and 06:00 from many payers (S06), card takings of
// bars, massage and beauty shops after hours or on weekends (S13), and credits that keep to the price of a service
// (S11). Bakers, clubs and drivers work at night too, so none of these makes a finding alone.
//
// Hours are those of the payment's own offset where it has one; the graph keeps UTC, so the pack's shift_hours moves
// the window for a ledger that is elsewhere.
type nightMerchant struct {
	seconds            int64
	from, to, shift    int64
	share              float64
	payers             int
	venues             []string
	venueTimes         int
	prices             []Amount
	priceBand          float64
	priceTimes, priceP int
}

func newNightMerchant(p params) detector {
	return nightMerchant{
		seconds: p.days("window_days"), from: int64(p.num("from_hour")), to: int64(p.num("to_hour")), shift: int64(p.num("shift_hours")),
		share: p.num("night_share"), payers: p.int("min_payers"), venues: p.category("venue"), venueTimes: p.int("venue_times"),
		prices: p.amounts("service_price"), priceBand: p.num("price_band"), priceTimes: p.int("price_times"), priceP: p.int("price_payers"),
	}
}

func (t nightMerchant) night(e flow.Entry) bool {
	h := (e.At()/flow.Hour + t.shift) % 24
	return !e.DateOnly() && (h >= t.from || h < t.to)
}

func (t nightMerchant) scan(s *scan) {
	if len(s.in) < min(t.payers, t.venueTimes, t.priceTimes) {
		return
	}
	night := 0
	for _, e := range s.in {
		if t.night(e) {
			night++
		}
	}
	if night >= t.payers && float64(night) >= t.share*float64(len(s.in)) && !s.hub(s.account) {
		t.income(s, night)
	}
	if s.have.mcc && night >= t.venueTimes {
		t.venue(s)
	}
	if len(s.in) >= t.priceTimes {
		t.price(s)
	}
}

func (t nightMerchant) income(s *scan, night int) {
	isNight := func(i int) bool { return t.night(s.in[i]) && s.in[i].Peer() != s.account }
	for _, w := range s.windows(s.in, t.seconds, t.payers, isNight) {
		payers, n := s.distinct(s.in, w, isNight)
		rounds := 0
		h := s.hit(over(float64(payers), float64(t.payers)), "S06")
		for i := w.lo; i < w.hi; i++ {
			if isNight(i) {
				h.in(i)
				if round(s.g, s.in[i]) {
					rounds++
				}
			}
		}
		if rounds*2 < n {
			continue
		}
		h.because("night_income", "payers", payers, "payments", n, "percent", percent(int64(night), int64(len(s.in))), "round", percent(int64(rounds), int64(n)))
		h.done()
	}
}

// venue looks at the merchant's side of card payments.
func (t nightMerchant) venue(s *scan) {
	if len(s.in) > 64*s.lim.expand {
		return
	}
	at := func(i int) bool {
		e := s.in[i]
		return e.Purchase() && t.night(e) && slices.Contains(t.venues, s.own.Context(s.account, i, false).MCC)
	}
	for _, w := range s.stretches(s.in, t.seconds, t.venueTimes, at) {
		h := s.hit(0.4, "S13")
		n := 0
		for i := w.lo; i < w.hi; i++ {
			if at(i) {
				h.in(i)
				n++
			}
		}
		h.because("venue_at_night", "payments", n, "days", days(h.h.First, h.h.Last))
		h.done()
	}
}

func (t nightMerchant) price(s *scan) {
	for _, price := range t.prices {
		near := func(i int) bool {
			if s.in[i].Peer() == s.account {
				return false
			}
			_, ok := band(s, []Amount{price}, s.in[i], t.priceBand)
			return ok
		}
		for _, w := range s.windows(s.in, t.seconds, t.priceP, near) {
			payers, n := s.distinct(s.in, w, near)
			all := w.hi - w.lo
			if n < t.priceTimes || n*2 < all {
				continue
			}
			h := s.hit(over(float64(n), float64(t.priceTimes)), "S11")
			for i := w.lo; i < w.hi; i++ {
				if near(i) {
					h.in(i)
				}
			}
			h.because("service_price", "payments", n, "payers", payers, "price", price.High, "currency", price.Currency, "percent", int(t.priceBand*100))
			h.done()
		}
	}
}
