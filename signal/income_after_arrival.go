package signal

import (
	"slices"

	"tarir/money/flow"
)

// incomeAfterArrival finds people whose accounts, quiet before, are paid by several strangers within a month of a journey
// from which they do not come back (F02). Whoever holds such an account may be made to: it points to who runs the place, and
// to a victim.
func incomeAfterArrival(s *scan) {
	span, before := int64(s.num("days")*86_400), int64(s.num("quiet_days")*86_400)
	for _, who := range sortedKeys(s.byPerson) {
		accounts := s.in.Held.Accounts(who)
		if len(accounts) == 0 {
			continue
		}
		trips := s.byPerson[who]
		last := trips[len(trips)-1]
		if !s.in.OneWay[last] {
			continue
		}
		arrived := s.in.Journeys[last].When() / 1000
		for _, a := range accounts {
			in := s.v.In(a)
			known := map[flow.Account]bool{}
			quiet := 0
			strangers := map[flow.Account]bool{}
			var list []int
			for i, e := range in {
				switch {
				case e.Peer() == flow.Outside || business(e):
				case e.At() <= arrived:
					known[e.Peer()] = true
					if e.At() > arrived-before {
						quiet++
					}
				case e.At() <= arrived+span && !known[e.Peer()] && !s.paid(a, e.Peer()):
					strangers[e.Peer()] = true
					list = append(list, i)
				}
			}
			if len(strangers) < s.int("payers") || quiet > s.int("quiet_payments") {
				continue
			}
			d := s.hit(who, "P J", over(float64(len(strangers)), s.num("payers")), "F02").journeys(last)
			for _, i := range list {
				d.payment(s.v, a, in, i, false)
			}
			d.because("income_after_arrival", "payers", len(strangers), "days", s.int("days")).done()
		}
	}
}

// paid says that an account has paid another.
func (s *scan) paid(a, to flow.Account) bool {
	return slices.ContainsFunc(s.peer.Out(a), func(e flow.Entry) bool { return e.Peer() == to })
}
