package signal

import "tarir/money/flow"

// feeInHalves finds accounts to which several people pay two nearly equal sums, one before and one after a journey of theirs
// (T09): a fee that is due in halves. Instalments of a purchase go on.
func feeInHalves(s *scan) {
	type halves struct {
		from          flow.Account
		first, second int
		trip          int
	}
	found := map[flow.Account][]halves{}
	span, apart := int64(s.num("days")*86_400), s.num("apart")
	for _, a := range s.travelling {
		out := s.v.Out(a)
		to := map[flow.Account][]int{}
		for i, e := range out {
			if e.Peer() != flow.Outside && !business(e) {
				to[e.Peer()] = append(to[e.Peer()], i)
			}
		}
		for _, peer := range sortedKeys(to) {
			list := to[peer]
			if len(list) < 2 || len(list) > s.int("most_payments") {
				continue
			}
			for k := 1; k < len(list); k++ {
				x, y := out[list[k-1]], out[list[k]]
				if y.At()-x.At() > span || x.Currency() != y.Currency() || float64(max(x.Amount(), y.Amount())-min(x.Amount(), y.Amount())) > apart*float64(x.Amount()) {
					continue
				}
				if t, ok := s.tripBetween(s.travels[a], x.At(), y.At()); ok {
					found[peer] = append(found[peer], halves{a, list[k-1], list[k], t})
					break
				}
			}
		}
	}
	for _, peer := range sortedKeys(found) {
		people := map[string]bool{}
		for _, h := range found[peer] {
			people[s.travels[h.from]] = true
		}
		if len(people) < s.int("people") {
			continue
		}
		d := s.hit(s.in.Held.Subject(peer), "P J", over(float64(len(people)), s.num("people")), "T09")
		for _, h := range found[peer] {
			out := s.v.Out(h.from)
			d.payment(s.v, h.from, out, h.first, true).payment(s.v, h.from, out, h.second, true).journeys(h.trip)
		}
		d.because("fee_in_halves", "people", len(people), "days", s.int("days")).done()
	}
}

// tripBetween is the first journey that somebody begins between two moments, in seconds.
func (s *scan) tripBetween(who string, from, to int64) (journey int, ok bool) {
	for _, i := range s.byPerson[who] {
		if at := s.in.Journeys[i].When() / 1000; at > from && at < to {
			return i, true
		}
	}
	return 0, false
}
