package signal

import (
	"slices"
	"strconv"
	"time"

	"tarir/money/flow"
)

// organTravel finds who brings pairs of an older and a younger traveller, no kin, to one town in the same week (O03), and
// who is paid a large sum by a traveller that pays a clinic within a month (O01).
func organTravel(s *scan) {
	for _, p := range s.in.Payers {
		pairs, list := s.pairs(p.Journeys)
		if pairs < s.int("pairs") {
			continue
		}
		who := p.Account
		if a, ok := s.in.Held.Account(p.Account); ok {
			who = s.in.Held.Subject(a)
		}
		s.hit(who, "J", over(float64(pairs), s.num("pairs")), "O03").journeys(list...).because("pairs_of_travellers", "pairs", pairs).done()
	}
	span := int64(s.num("days") * 86_400)
	for _, a := range s.travelling {
		clinics := s.bought(a, "clinic")
		if len(clinics) == 0 {
			continue
		}
		out := s.v.Out(a)
		for i, e := range out {
			if e.Peer() == flow.Outside || business(e) {
				continue
			}
			small, ok := s.below(e, "organ_sum")
			if !ok || small {
				continue
			}
			k := slices.IndexFunc(clinics, func(c int) bool { return out[c].At() >= e.At() && out[c].At() <= e.At()+span })
			t, went := s.tripBetween(s.travels[a], e.At(), e.At()+span)
			if k < 0 || !went {
				continue
			}
			s.hit(s.in.Held.Subject(e.Peer()), "P J", 0.5, "O01").payment(s.v, a, out, i, true).payment(s.v, a, out, clinics[k], true).journeys(t).
				because("paid_then_clinic", "days", s.int("days")).done()
		}
	}
}

// pairs counts pairs of an older and a younger traveller of different names to one town within a week.
func (s *scan) pairs(list []int) (n int, of []int) {
	type key struct {
		to   string
		week int64
	}
	by := map[key][]int{}
	for _, i := range list {
		j := s.in.Journeys[i]
		by[key{j.To, j.When() / (7 * dayMillis)}] = append(by[key{j.To, j.When() / (7 * dayMillis)}], i)
	}
	keys := make([]key, 0, len(by))
	for k := range by {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b key) int { return int(min(1, max(-1, a.week-b.week))) })
	for _, k := range keys {
		var old, young []int
		for _, i := range by[k] {
			j := s.in.Journeys[i]
			if len(j.Birth) < 4 {
				continue
			}
			born, err := strconv.Atoi(j.Birth[:4])
			if err != nil {
				continue
			}
			switch years := time.UnixMilli(j.When()).UTC().Year() - born; {
			case years >= s.int("recipient_age"):
				old = append(old, i)
			case years <= s.int("donor_age"):
				young = append(young, i)
			}
		}
		if len(old) == 1 && len(young) == 1 && s.in.Journeys[old[0]].FamilyName != s.in.Journeys[young[0]].FamilyName {
			n++
			of = append(of, old[0], young[0])
		}
	}
	return n, of
}
