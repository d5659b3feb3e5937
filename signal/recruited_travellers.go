package signal

import (
	"slices"

	"tarir/entity"
	"tarir/online"
)

// recruitedTravellers finds numbers that stand under recruiting posts and on the bookings of several people to one town
// soon after (R11).
func recruitedTravellers(s *scan) {
	least, window := s.int("min_travellers"), s.days("window_days")
	for k := range s.in.Posters {
		p := &s.in.Posters[k]
		if p.Wide || p.Contact.Kind != entity.Phone || p.Says(online.Abroad)+p.Says(online.Debt)+p.Says(online.Documents)+p.Says(online.Secret) == 0 {
			continue
		}
		to := map[string][]int{}
		for _, i := range s.phones[p.Contact.Value] {
			if j := s.in.Journeys[i]; j.When() >= p.First && j.To != "" {
				to[j.To] = append(to[j.To], i)
			}
		}
		for _, town := range sortedKeys(to) {
			best := s.mostTravellers(to[town], window)
			if n := s.people(best); n >= least {
				s.hit(s.bearers[k], "A J", over(float64(n), float64(least)), "R11").
					adverts(p.Adverts...).journeys(best...).because("recruited_travellers", "travellers", n, "town", town, "days", int(window/dayMillis)).done()
			}
		}
	}
}

// mostTravellers is the stretch of journeys within a time with the most different travellers.
func (s *scan) mostTravellers(list []int, window int64) []int {
	times := make([]int64, len(list))
	for k, i := range list {
		times[k] = s.in.Journeys[i].When()
	}
	var best []int
	most, from := 0, 0
	who := func(k int) int32 { return s.same[s.in.Travellers.Of[list[k]]] }
	count := map[int32]int{}
	within(times, window, func(lo, hi int) {
		count[who(hi-1)]++
		for ; from < lo; from++ {
			who := who(from)
			if count[who]--; count[who] == 0 {
				delete(count, who)
			}
		}
		if len(count) > most {
			most, best = len(count), list[lo:hi]
		}
	})
	return slices.Clone(best)
}

// people is how many travel on journeys.
func (s *scan) people(list []int) int {
	who := make([]int32, len(list))
	for k, i := range list {
		who[k] = s.same[s.in.Travellers.Of[i]]
	}
	slices.Sort(who)
	return len(slices.Compact(who))
}

// travellers are the people of journeys, each once, in order.
func (s *scan) travellers(list []int) []string {
	out := make([]string, 0, len(list))
	for _, i := range list {
		out = append(out, s.person(i))
	}
	slices.Sort(out)
	return slices.Compact(out)
}
