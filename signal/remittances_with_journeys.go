package signal

import (
	"slices"
	"strings"

	"tarir/entity"
	"tarir/money/flow"
)

// remittancesWithJourneys finds money that goes abroad and back in step with the journeys that its holder pays for or stands
// on as a contact (T07): the same two countries, within days, again and again.
func remittancesWithJourneys(s *scan) {
	trips := map[string][]int{} // journeys by who pays them or is called about them
	for _, p := range s.in.Payers {
		if a, ok := s.in.Held.Account(p.Account); ok {
			trips[s.in.Held.Subject(a)] = append(trips[s.in.Held.Subject(a)], p.Journeys...)
		}
	}
	const families = 3 // that a phone number stands for, or it is a family's own
	for phone, list := range s.phones {
		if len(list) < s.int("times") || s.people(list) < families {
			continue
		}
		who := s.in.Held.Bearer(entity.Selector{Kind: entity.Phone, Value: phone})
		if s.in.Held.Entity(who) != nil && s.surnames(s.travellers(list)) >= families {
			trips[who] = append(trips[who], list...)
		}
	}
	near := int64(s.num("near_days") * 86_400)
	for _, who := range sortedKeys(trips) {
		home := s.country(who)
		list := trips[who]
		slices.Sort(list)
		list = slices.Compact(list)
		for _, a := range s.accountsOf(who) {
			peers := map[string][]int{} // payments by the other country
			lists := [2][]flow.Entry{s.v.Out(a), nil}
			for i, e := range lists[0] {
				if e.Peer() == flow.Outside || business(e) {
					continue
				}
				if c := s.country(s.in.Held.Subject(e.Peer())); c != "" && home != "" && c != home {
					peers[c] = append(peers[c], i)
				}
			}
			for _, there := range sortedKeys(peers) {
				var with []int
				var paid []int
				for _, i := range peers[there] {
					k := slices.IndexFunc(list, func(t int) bool {
						j := s.in.Journeys[t]
						at, from, to := j.When()/1000, placeCountry(j.From), placeCountry(j.To)
						return at > lists[0][i].At()-near && at < lists[0][i].At()+near && (from == home && to == there || from == there && to == home)
					})
					if k >= 0 {
						with, paid = append(with, list[k]), append(paid, i)
					}
				}
				if len(paid) < s.int("times") {
					continue
				}
				d := s.hit(who, "P J", over(float64(len(paid)), s.num("times")), "T07").journeys(with...)
				for _, i := range paid {
					d.payment(s.v, a, lists[0], i, true)
				}
				d.because("remittances", "times", len(paid), "days", s.int("near_days"), "from", home, "to", there).done()
			}
		}
	}
}

// accountsOf are the accounts behind a subject.
func (s *scan) accountsOf(who string) []flow.Account {
	if s.in.Held.Entity(who) != nil {
		return s.in.Held.Accounts(who)
	}
	if a, ok := s.in.Held.Account(who); ok {
		return []flow.Account{a}
	}
	return nil
}

// country is the one country that is told of somebody, in upper case; it serves as the end of a corridor, not as a mark of
// the person.
func (s *scan) country(who string) string {
	e := s.in.Held.Entity(who)
	if e == nil {
		return ""
	}
	if c := e.Properties["country"]; len(c) == 1 {
		return entity.Country(c[0])
	}
	return ""
}

// placeCountry is the country of a UN/LOCODE.
func placeCountry(code string) string {
	if len(code) != 5 || strings.ToUpper(code) != code {
		return ""
	}
	return code[:2]
}
