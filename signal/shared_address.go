package signal

import (
	"maps"
	"slices"
	"strings"

	"tarir/entity"
	"tarir/money/flow"
)

// sharedAddress finds one address, phone number or e-mail address on the files of several people who are no family (T10), and
// workers who share theirs with the employer (L03). Hostels, student flats, shelters and a mentor's number look alike: alone
// it says nothing.
func sharedAddress(s *scan) {
	files := map[string][]string{}
	s.in.Held.Each("Person", func(e *entity.Entity) {
		for _, m := range s.marks(e) {
			files[m] = append(files[m], e.ID)
		}
	})
	maps.DeleteFunc(files, func(_ string, who []string) bool { return len(who) < s.int("people") })
	for _, m := range sortedKeys(files) {
		who := files[m]
		if len(who) > s.int("most_people") || s.surnames(who) < s.int("people")-1 {
			continue
		}
		kind, _, _ := strings.Cut(m, ":")
		d := s.hit(m, "E", over(float64(len(who)), s.num("people")), "T10").entities(who...)
		// The address is the subject: nobody at it is more than the others.
		d.because("shared_mark", "people", len(who), "kind", kind).done()
	}
	for _, firm := range sortedKeys(s.employed) {
		own := s.marks(s.in.Held.Entity(firm))
		var with []string
		for _, w := range s.employed[firm] {
			if e := s.in.Held.Entity(w.who); e != nil && slices.ContainsFunc(s.marks(e), func(m string) bool { return slices.Contains(own, m) }) {
				with = append(with, e.ID)
			}
		}
		slices.Sort(with)
		if with = slices.Compact(with); len(with) >= s.int("workers") {
			s.hit(firm, "E", over(float64(len(with)), s.num("workers")), "L03").entities(with...).because("workers_at_employers", "workers", len(with)).done()
		}
	}
}

// marks are the addresses, phone numbers and e-mail addresses of somebody, as texts that compare.
func (s *scan) marks(e *entity.Entity) []string {
	if e == nil {
		return nil
	}
	if m, ok := s.marked[e.ID]; ok {
		return m
	}
	return s.readMarks(e)
}

func (s *scan) readMarks(e *entity.Entity) []string {
	var out []string
	for _, x := range s.in.Held.Selectors(e.ID) {
		if x.Kind == entity.Phone || x.Kind == entity.Email {
			out = append(out, string(x.Kind)+":"+x.Value)
		}
	}
	for _, v := range e.Properties["address"] {
		out = append(out, "address:"+strings.Join(strings.Fields(strings.ToLower(v)), " "))
	}
	for _, v := range e.Properties["addressEntity"] {
		out = append(out, "address:"+s.in.Held.Canonical(v))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// work is somebody's time with an employer; dates are empty where they are not told.
type work struct{ who, from, to string }

// readWork reads who works for whom, both ways.
func (s *scan) readWork() {
	s.employed, s.employs = map[string][]work{}, map[string][]string{}
	s.in.Held.Each("Employment", func(e *entity.Entity) {
		for _, f := range e.Properties["employer"] {
			for _, w := range e.Properties["employee"] {
				firm, who := s.in.Held.Canonical(f), s.in.Held.Canonical(w)
				s.employed[firm] = append(s.employed[firm], work{who, e.First("startDate"), e.First("endDate")})
				s.employs[who] = append(s.employs[who], firm)
			}
		}
	})
}

// accountsOpenedTogether finds accounts that were opened within days of each other by people who give one phone number, mail
// or address (R08): somebody took them to the bank. A family that moves in opens accounts too, under one name.
func accountsOpenedTogether(s *scan) {
	type opened struct {
		who string
		at  string
		of  flow.Account
	}
	by := map[string][]opened{}
	s.in.Held.Each("BankAccount", func(e *entity.Entity) {
		date := e.First("openingDate")
		a, ok := s.in.Held.AccountOf(e)
		if who := s.in.Held.Holder(a); ok && len(date) >= 10 && who != "" {
			for _, m := range s.marks(s.in.Held.Entity(who)) {
				by[m] = append(by[m], opened{who, date[:10], a})
			}
		}
	})
	maps.DeleteFunc(by, func(_ string, list []opened) bool { return len(list) < s.int("accounts") })
	for _, m := range sortedKeys(by) {
		list := by[m]
		slices.SortFunc(list, func(a, b opened) int { return strings.Compare(a.at+a.who, b.at+b.who) })
		times := make([]int64, len(list))
		for k := range list {
			times[k] = dayOf(list[k].at) * dayMillis
		}
		var best []opened
		within(times, s.days("window_days"), func(lo, hi int) {
			if hi-lo > len(best) {
				best = list[lo:hi]
			}
		})
		var who []string
		for _, o := range best {
			who = append(who, o.who)
		}
		slices.Sort(who)
		who = slices.Compact(who)
		if len(who) < s.int("accounts") || s.surnames(who) < s.int("accounts") {
			continue
		}
		kind, _, _ := strings.Cut(m, ":")
		d := s.hit(m, "E", over(float64(len(who)), s.num("accounts")), "R08").entities(who...)
		d.because("opened_together", "accounts", len(best), "people", len(who), "days", s.int("window_days"), "kind", kind).done()
	}
}
