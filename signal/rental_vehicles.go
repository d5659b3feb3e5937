package signal

import (
	"maps"
	"slices"

	"tarir/journey"
	"tarir/money/flow"
)

// rentalVehicles finds accounts that rent several vehicles within a month (T13), while several people drive one way on
// journeys that the account pays for.
func rentalVehicles(s *scan) {
	drives := map[string][]int{}
	for i, j := range s.in.Journeys {
		if j.Mode == journey.Car && j.Payer != "" && s.in.OneWay[i] {
			drives[j.Payer] = append(drives[j.Payer], i)
		}
	}
	for _, payer := range sortedKeys(drives) {
		a, ok := s.in.Held.Account(payer)
		if !ok {
			continue
		}
		rented := s.bought(a, "rental")
		best := s.stretch(a, rented, int64(s.num("window_days")*86_400))
		if len(best) < s.int("rentals") {
			continue
		}
		out := s.v.Out(a)
		from, to := out[best[0]].At(), out[best[len(best)-1]].At()+int64(s.num("window_days")*86_400)
		list := slices.DeleteFunc(slices.Clone(drives[payer]), func(i int) bool {
			at := s.in.Journeys[i].When() / 1000
			return at < from || at > to
		})
		if s.people(list) < s.int("drivers") {
			continue
		}
		d := s.hit(s.in.Held.Subject(a), "P J", over(float64(len(best)), s.num("rentals")), "T13").journeys(list...)
		for _, i := range best {
			d.payment(s.v, a, out, i, true)
		}
		d.because("rentals", "rentals", len(best), "drivers", s.people(list), "days", s.int("window_days")).done()
	}
}

// bought lists the places in an account's payments of those at merchants of a category of the pack.
func (s *scan) bought(a flow.Account, category string) []int {
	codes := s.in.Pack.Categories[category].MCC
	var out []int
	for i, e := range s.v.Out(a) {
		if e.Merchant() && slices.Contains(codes, s.v.Context(a, i, true).MCC) {
			out = append(out, i)
		}
	}
	return out
}

// stretch is the longest run of an account's payments at these places within so many seconds.
func (s *scan) stretch(a flow.Account, at []int, seconds int64) []int {
	out := s.v.Out(a)
	times := make([]int64, len(at))
	for k, i := range at {
		times[k] = out[i].At()
	}
	var best []int
	within(times, seconds, func(lo, hi int) {
		if hi-lo > len(best) {
			best = at[lo:hi]
		}
	})
	return slices.Clone(best)
}

// roomsInBulk finds accounts that pay for several rooms on one day, or for one room from day to day (T06), while journeys of
// others are paid from them or end where they pay. A family on holiday has one room and leaves; a travel agency is a hub.
func roomsInBulk(s *scan) {
	paid := map[string][]int{}
	for i, j := range s.in.Journeys {
		if j.Payer != "" {
			paid[j.Payer] = append(paid[j.Payer], i)
		}
	}
	guests := s.int("guests")
	maps.DeleteFunc(paid, func(_ string, list []int) bool { return len(list) < guests })
	for _, p := range sortedKeys(paid) {
		a, ok := s.in.Held.Account(p)
		if !ok || s.people(paid[p]) < guests {
			continue
		}
		rooms := s.bought(a, "lodging")
		out := s.v.Out(a)
		atOnce := s.stretch(a, rooms, 86_399)
		renewed := s.renewed(a, rooms)
		if len(atOnce) < s.int("rooms") && len(renewed) < s.int("renewals") {
			continue
		}
		d := s.hit(s.in.Held.Subject(a), "P J", over(float64(max(len(atOnce), len(renewed))), s.num("rooms")), "T06").journeys(paid[p]...)
		if len(atOnce) >= s.int("rooms") {
			d.because("rooms_at_once", "rooms", len(atOnce))
		} else {
			atOnce = nil
		}
		if len(renewed) >= s.int("renewals") {
			d.because("rooms_renewed", "times", len(renewed))
			atOnce = append(atOnce, renewed...)
		}
		for _, i := range atOnce {
			d.payment(s.v, a, out, i, true)
		}
		d.done()
	}
}

// renewed is the longest run of payments to one place of lodging of which each is a day or two after the one before.
func (s *scan) renewed(a flow.Account, rooms []int) []int {
	out := s.v.Out(a)
	runs := map[flow.Account][]int{}
	var best []int
	for _, i := range rooms {
		at := out[i].Peer()
		run := runs[at]
		if n := len(run); n > 0 {
			if gap := out[i].At() - out[run[n-1]].At(); gap < flow.Day/2 {
				continue // another room of the same night
			} else if gap > 2*flow.Day {
				run = nil
			}
		}
		run = append(run, i)
		runs[at] = run
		if len(run) > len(best) {
			best = slices.Clone(run)
		}
	}
	return best
}
