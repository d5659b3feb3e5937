package signal

import (
	"slices"

	"tarir/entity"
	"tarir/journey"
)

// travelPayer finds who pays the journeys of many people who are no family (T01), who share neither an address nor an
// employer with each other (R04), or stands on late one-way bookings that no account paid for (T02). Agencies pay for more
// people than anybody else.
func travelPayer(s *scan) {
	for _, p := range s.in.Payers {
		who := p.Account
		if a, ok := s.in.Held.Account(p.Account); ok {
			who = s.in.Held.Subject(a)
		}
		d := s.hit(who, "J", over(float64(len(p.Persons)), float64(s.int("min_travellers"))), "T01").journeys(p.Journeys...).
			because("pays_many", "travellers", len(p.Persons), "names", p.Names)
		if s.strangers(p.Persons) >= s.int("strangers") {
			d.h.Indicators, d.h.Data = append(d.h.Indicators, "R04"), "J E"
			d.because("pays_strangers", "travellers", s.strangers(p.Persons))
		}
		if late := s.lateOneWay(p.Journeys, false); s.people(late) >= s.int("late_travellers") {
			d.h.Indicators = append(d.h.Indicators, "T02")
			d.because("late_one_way", "journeys", len(late), "hours", s.int("late_hours"))
		}
		d.done()
	}
	for _, phone := range sortedKeys(s.phones) {
		if len(s.phones[phone]) < s.int("late_travellers") {
			continue
		}
		late := s.mostTravellers(s.lateOneWay(s.phones[phone], true), s.days("window_days"))
		if n := s.people(late); n >= s.int("late_travellers") {
			who := s.in.Held.Bearer(entity.Selector{Kind: entity.Phone, Value: phone})
			s.hit(who, "J", over(float64(n), float64(s.int("late_travellers"))), "T02").journeys(late...).
				because("late_one_way_cash", "journeys", len(late), "travellers", n, "hours", s.int("late_hours")).done()
		}
	}
}

// lateOneWay keeps the journeys that were booked late, go one way and, if asked, were paid by no account.
func (s *scan) lateOneWay(list []int, unpaid bool) []int {
	hours := s.int("late_hours")
	return slices.DeleteFunc(slices.Clone(list), func(i int) bool {
		j := s.in.Journeys[i]
		return !j.Late(hours) || !s.in.OneWay[i] || unpaid && !j.Unpaid()
	})
}

// strangers is how many of the people share neither a family name, nor an address, nor an employer with another of them.
func (s *scan) strangers(persons []string) int {
	count := map[string]int{}
	marks := make([][]string, len(persons))
	for i, p := range persons {
		e := s.in.Held.Entity(p)
		if e == nil {
			continue
		}
		for _, v := range append(slices.Clone(e.Properties["address"]), e.Properties["addressEntity"]...) {
			marks[i] = append(marks[i], "at "+v)
		}
		for _, v := range s.employs[e.ID] {
			marks[i] = append(marks[i], "for "+v)
		}
		marks[i] = append(marks[i], "of "+e.First("lastName"))
		for _, m := range marks[i] {
			count[m]++
		}
	}
	n := 0
	for i := range persons {
		if len(marks[i]) > 0 && !slices.ContainsFunc(marks[i], func(m string) bool { return count[m] > 1 }) {
			n++
		}
	}
	return n
}

// escort is somebody who travels again and again with others who do not, and comes back alone (T03).
func escort(s *scan) {
	for k := range s.in.Escorts {
		e := &s.in.Escorts[k]
		var list []int
		for _, g := range e.Groups {
			list = append(list, s.in.Groups[g].Journeys...)
		}
		s.hit(s.in.Held.Canonical(e.Person), "J", over(float64(len(e.Groups)), float64(journey.Default().EscortGroups)), "T03").journeys(list...).
			because("escort_alone", "groups", len(e.Groups), "companions", len(e.Companions), "alone", e.Alone).done()
	}
}
