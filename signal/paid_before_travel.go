package signal

import (
	"slices"

	"tarir/money/flow"
)

// paidBeforeTravel finds accounts that pay small sums to several people who leave for one place soon after and do not come
// back (R06). Friends who pay each other and then go on holiday come back.
func paidBeforeTravel(s *scan) {
	type paid struct {
		from  flow.Account
		i     int
		who   string
		trip  int
		start int64
	}
	wait, window := int64(s.num("days_before")*86_400), s.days("window_days")
	by := map[flow.Account][]paid{}
	for _, a := range s.travelling {
		in := s.v.In(a)
		trips := s.byPerson[s.travels[a]]
		for _, t := range trips {
			if !s.in.OneWay[t] {
				continue
			}
			when := s.in.Journeys[t].When() / 1000
			for i, e := range in {
				if e.Peer() == flow.Outside || e.At() > when || e.At() < when-wait || business(e) || s.travels[e.Peer()] == s.travels[a] {
					continue
				}
				if less, ok := s.below(e, "small_advance"); ok && less {
					by[e.Peer()] = append(by[e.Peer()], paid{a, i, s.travels[a], t, e.At() * 1000})
				}
			}
		}
	}
	for _, payer := range sortedKeys(by) {
		byPlace := map[string][]paid{}
		for _, p := range by[payer] {
			to := s.in.Journeys[p.trip].To
			byPlace[to] = append(byPlace[to], p)
		}
		for _, to := range sortedKeys(byPlace) {
			list := byPlace[to]
			slices.SortStableFunc(list, func(a, b paid) int { return int(min(1, max(-1, a.start-b.start))) })
			times := make([]int64, len(list))
			for k := range list {
				times[k] = list[k].start
			}
			var best []paid
			most := 0
			within(times, window, func(lo, hi int) {
				people := map[string]bool{}
				for _, p := range list[lo:hi] {
					people[p.who] = true
				}
				if len(people) > most {
					most, best = len(people), list[lo:hi]
				}
			})
			var who []string
			for _, p := range best {
				who = append(who, p.who)
			}
			if most < s.int("people") || s.surnames(who) < s.int("people") {
				continue
			}
			d := s.hit(s.in.Held.Subject(payer), "P J", over(float64(most), s.num("people")), "R06")
			for _, p := range best {
				d.payment(s.v, p.from, s.v.In(p.from), p.i, false).journeys(p.trip)
			}
			d.because("paid_before_travel", "people", most, "days", s.int("days_before"), "place", to).done()
		}
	}
}
