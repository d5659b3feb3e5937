package signal

import (
	"cmp"
	"slices"

	"tarir/entity"
	"tarir/online"
)

// advertsOfSeveral finds contacts under which adverts show several people (S01), go round the towns (S02), are made from one
// template that stands under several contacts (S03), or speak as a third person does (S04). Somebody who works for herself
// tours and repeats herself, but has one name; what she wrote may be copied by others.
//
// Wording that may point to a minor counts for S04 and is told as a safeguard: the words are not shown.
func advertsOfSeveral(s *scan) {
	contacts := s.contactsOfFamilies()
	for k := range s.in.Posters {
		p := &s.in.Posters[k]
		if p.Wide || len(p.Adverts) < 2 || p.Says(online.Abroad)+p.Says(online.Debt) > 0 || s.offersWork(p) {
			continue
		}
		d := s.hit(s.bearers[k], "A", 0)
		best := 0.0
		met := func(id string, value, threshold float64) {
			d.h.Indicators = append(d.h.Indicators, id)
			best = max(best, over(value, threshold))
		}
		if names, ages, list := s.mostPeople(p); max(names, ages) >= s.int("people") {
			met("S01", float64(max(names, ages)), s.num("people"))
			d.adverts(list...).because("several_people", "names", names, "ages", ages, "days", s.int("people_days"))
		}
		stays, _ := online.Movement(s.in.Adverts, p.Adverts)
		if towns, from, to := online.Circuit(stays, s.int("circuit_days")); len(towns) >= s.int("circuit_towns") {
			met("S02", float64(len(towns)), s.num("circuit_towns"))
			for _, i := range p.Adverts {
				if at := s.in.Adverts[i].At; at >= from && at <= to {
					d.adverts(i)
				}
			}
			d.because("circuit", "towns", len(towns), "days", int((to-from)/dayMillis)+1)
		}
		for _, f := range p.Families {
			if n := len(s.in.Families[f].Members); n >= s.int("family_adverts") && contacts[f] >= s.int("family_contacts") && contacts[f] <= s.int("family_most_contacts") {
				met("S03", float64(n), s.num("family_adverts"))
				for _, i := range p.Adverts {
					if slices.Contains(s.in.Families[f].Members, i) {
						d.adverts(i)
					}
				}
				d.because("one_template", "adverts", n, "contacts", contacts[f])
				break
			}
		}
		switch {
		case p.Young > 0:
			met("S04", 2, 1)
			d.adverts(p.Adverts...).because("young_wording", "adverts", p.Young)
		case p.Says(online.Control)+p.Says(online.Restricted) > 0:
			met("S04", float64(p.Says(online.Control)+p.Says(online.Restricted)), 1)
			d.adverts(p.Adverts...).because("control_wording", "phrases", p.Says(online.Control)+p.Says(online.Restricted))
		}
		if d.h.Strength = best; len(d.h.Indicators) > 0 {
			d.done()
		}
	}
}

// offersWork says that most of the first adverts of a contact name a trade and a pay.
func (s *scan) offersWork(p *online.Poster) bool {
	const sample = 5
	n, list := 0, p.Adverts[:min(sample, len(p.Adverts))]
	for _, i := range list {
		if len(s.in.Adverts[i].Shows.Trades) > 0 {
			n++
		}
	}
	return 2*n > len(list)
}

// contactsOfFamilies counts the phones, addresses and wallets that each family of adverts names, those of directories left
// out.
func (s *scan) contactsOfFamilies() []int {
	out := make([]int, len(s.in.Families))
	for k := range s.in.Posters {
		p := &s.in.Posters[k]
		if p.Wide || p.Contact.Kind == entity.Image {
			continue
		}
		for _, f := range p.Families {
			out[f]++
		}
	}
	return out
}

// mostPeople is the most names and ages that stand under a contact within the time, and their adverts; nothing where there are
// too few at any time.
func (s *scan) mostPeople(p *online.Poster) (names, ages int, adverts []int) {
	least := s.int("people")
	if len(p.Adverts) < least {
		return 0, 0, nil
	}
	countNames, countAges := counts{}, counts{}
	for _, i := range p.Adverts {
		countAges.add(s.in.Adverts[i].Shows.Age, 1)
	}
	if max(len(p.Names), len(countAges)) < least {
		return 0, 0, nil
	}
	clear(countAges)
	order := slices.Clone(p.Adverts)
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(s.in.Adverts[a].At, s.in.Adverts[b].At) })
	times := make([]int64, len(order))
	for k, i := range order {
		times[k] = s.in.Adverts[i].At
	}
	lo := 0
	for hi := range times {
		countNames.add(s.in.Adverts[order[hi]].Shows.Person, 1)
		countAges.add(s.in.Adverts[order[hi]].Shows.Age, 1)
		for times[hi]-times[lo] > s.days("people_days") {
			countNames.add(s.in.Adverts[order[lo]].Shows.Person, -1)
			countAges.add(s.in.Adverts[order[lo]].Shows.Age, -1)
			lo++
		}
		if max(len(countNames), len(countAges)) > max(names, ages) {
			names, ages, adverts = len(countNames), len(countAges), order[lo:hi+1]
		}
	}
	return names, ages, adverts
}

// counts counts texts; those of which there is none are not in it.
type counts map[string]int

func (c counts) add(s string, n int) {
	if s == "" {
		return
	}
	if c[s] += n; c[s] == 0 {
		delete(c, s)
	}
}

// contactInAdverts finds people and companies with an account whose phone number, e-mail address or handle stands in adverts
// that show several people or speak as a third person does (S10). Adverts that show one person alone are left out: an account
// of somebody who works for herself is nobody's business.
func contactInAdverts(s *scan) {
	for k := range s.in.Posters {
		p := &s.in.Posters[k]
		who := s.bearers[k]
		if p.Wide || len(p.Adverts) < s.int("min_adverts") || len(s.in.Held.Accounts(who)) == 0 {
			continue
		}
		if names, ages, _ := s.mostPeople(p); max(names, ages) < s.int("people") && p.Says(online.Control) == 0 {
			continue
		}
		s.hit(who, "A E", over(float64(len(p.Adverts)), s.num("min_adverts")), "S10").adverts(p.Adverts...).
			because("contact_in_adverts", "adverts", len(p.Adverts), "kind", string(p.Contact.Kind)).done()
	}
}
