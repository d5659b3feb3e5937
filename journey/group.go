package journey

import (
	"cmp"
	"slices"
	"strings"
)

// Params are the numbers by which journeys are judged; docs/indicators.md has their sources.
type Params struct {
	EscortGroups  int // groups with other companions that make an escort (T03)
	EscortDays    int
	PayerPersons  int // travellers that make a payer of many (T01)
	PayerDays     int
	AgencyPersons int // a payer of more travellers than this is a travel agency
	LateHours     int // a booking this short before the departure is late (T02)
}

// Default are the shipped numbers.
func Default() Params {
	return Params{EscortGroups: 3, EscortDays: 90, PayerPersons: 4, PayerDays: 30, AgencyPersons: 150, LateHours: 48}
}

// Group is people who travel on one booking, or are paid for by one account on the same leg at the same time.
type Group struct {
	Journeys []int // places, in order of person
	Persons  []string
	From, To string
	At       int64
	Payer    string
	Phone    string
}

// Groups finds the legs that several persons travel together, in order of time. The list is in order of time. Cost: n log n.
func Groups(list []*Journey) []Group {
	out := make([]Group, 0, len(list)/4) // some 30 bytes a journey: to let it grow takes five times what it comes to hold
	var run []int
	for lo := 0; lo < len(list); {
		at := list[lo].When()
		run = run[:0]
		for ; lo < len(list) && list[lo].When() == at; lo++ {
			if list[lo].Booking != "" || list[lo].Payer != "" {
				run = append(run, lo)
			}
		}
		if len(run) < 2 {
			continue
		}
		slices.SortFunc(run, func(a, b int) int {
			return cmp.Or(together(list[a], list[b]), strings.Compare(list[a].Traveller(), list[b].Traveller()), a-b)
		})
		for from, to := 0, 0; from < len(run); from = to {
			for to = from + 1; to < len(run) && together(list[run[from]], list[run[to]]) == 0; to++ {
			}
			if to-from == 1 {
				continue
			}
			if g := groupOf(list, run[from:to]); len(g.Persons) > 1 {
				out = append(out, g)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Group) int {
		return cmp.Or(cmp.Compare(a.At, b.At), strings.Compare(a.From, b.From), strings.Compare(a.To, b.To), strings.Compare(a.Persons[0], b.Persons[0]))
	})
	return out
}

// together compares journeys of one time by the leg and the booking, or by who pays where there is no booking.
func together(a, b *Journey) int {
	if c := cmp.Or(strings.Compare(a.From, b.From), strings.Compare(a.To, b.To), strings.Compare(a.Booking, b.Booking)); c != 0 || a.Booking != "" {
		return c
	}
	return strings.Compare(a.Payer, b.Payer)
}

// groupOf is the group of some journeys in order of traveller.
func groupOf(list []*Journey, members []int) Group {
	first := list[members[0]]
	g := Group{From: first.From, To: first.To, At: first.When()}
	for _, i := range members {
		if p := list[i].Traveller(); len(g.Persons) == 0 || g.Persons[len(g.Persons)-1] != p {
			g.Persons, g.Journeys = append(g.Persons, p), append(g.Journeys, i)
			g.Payer, g.Phone = cmp.Or(g.Payer, list[i].Payer), cmp.Or(g.Phone, list[i].Phone)
		}
	}
	return g
}

// Traveller is who travels: the person as the source names them, or the document, or the name.
func (j *Journey) Traveller() string {
	switch {
	case j.Person != "":
		return j.Person
	case j.Document != "":
		return "document " + j.DocCountry + ":" + j.Document
	}
	return "name " + j.GivenName + " " + j.FamilyName + " " + j.Birth
}

// Escort is somebody who travels again and again with others who do not, and comes back alone (T03).
type Escort struct {
	Person     string
	Groups     []int // places in the list of groups
	Companions []string
	Alone      int // journeys back, alone
	First      int64
	Last       int64
}

// Escorts finds them, those with the most groups first: they come back alone from a fifth of the legs and more, which a
// guide of tours does not. Families and colleagues do not make one: who travels with a person
// twice is no changing companion.
func Escorts(list []*Journey, who *Travellers, groups []Group, p Params) []Escort {
	in := make([][]int, len(who.Names))
	grouped := make([]bool, len(list))
	for k, g := range groups {
		for _, i := range g.Journeys {
			grouped[i] = true
			if len(g.Persons) <= 30 { // more are a coach party
				in[who.Of[i]] = append(in[who.Of[i]], k)
			}
		}
	}
	var out []Escort
	for n, ks := range in {
		if len(ks) < p.EscortGroups {
			continue
		}
		person := who.Names[n]
		// Companions met on one day's legs of one journey count once.
		with := map[string]int64{}
		var changing []int
		parties := 0
		for _, k := range ks {
			g := groups[k]
			fresh := 0
			for _, c := range g.Persons {
				if c == person {
					continue
				}
				if at, met := with[c]; !met {
					fresh++
					with[c] = g.At
				} else if g.At-at > 14*day { // the same people again: a family or colleagues
					fresh = -1 << 20
				}
			}
			if fresh > 0 {
				parties++
			}
			changing = append(changing, k)
		}
		if parties < p.EscortGroups {
			continue
		}
		e := Escort{Person: person, Groups: changing, First: groups[changing[0]].At, Last: groups[changing[len(changing)-1]].At}
		if !dense(groups, changing, p) {
			continue
		}
		for c := range with {
			e.Companions = append(e.Companions, c)
		}
		slices.Sort(e.Companions)
		for _, k := range changing {
			for _, i := range who.Journeys(int32(n)) {
				if j := list[i]; !grouped[i] && j.From == groups[k].To && j.When() > groups[k].At && j.When() < groups[k].At+30*day {
					e.Alone++
					break
				}
			}
		}
		if e.Alone >= p.EscortGroups && e.Alone*5 >= len(e.Groups) {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b Escort) int { return cmp.Or(len(b.Groups)-len(a.Groups), strings.Compare(a.Person, b.Person)) })
	return out
}

// dense says that enough groups lie within the time.
func dense(groups []Group, ks []int, p Params) bool {
	for i := p.EscortGroups - 1; i < len(ks); i++ {
		if groups[ks[i]].At-groups[ks[i-p.EscortGroups+1]].At <= int64(p.EscortDays)*day {
			return true
		}
	}
	return false
}

// Payer is an account that pays for many travellers (T01).
type Payer struct {
	Account string
	Persons []string
	// Journeys are places, in order of time.
	Journeys []int
	Phones   []string // contacts on the bookings
	First    int64
	Last     int64
	// Names is how many family names the travellers bear: a family has one or two.
	Names int
}

// Payers finds accounts that pay for many travellers of different names within the time, and are no agency's. The list is in
// order of time. Cost: linear in journeys.
func Payers(list []*Journey, who *Travellers, p Params) []Payer {
	of, accounts := number(list, func(j *Journey) string { return j.Payer })
	start, at := places(of, len(accounts))
	var out []Payer
	met := make([]int32, len(who.Names))    // the last account, by number from 1, that paid for each
	within := make([]int32, len(who.Names)) // journeys of each within the time
	for n, account := range accounts {
		members := part(start, at, int32(n))
		if len(members) < p.PayerPersons {
			continue
		}
		x := Payer{Account: account, First: list[members[0]].When(), Last: list[members[len(members)-1]].When()}
		lo, now, most := 0, 0, 0
		for _, i := range members {
			t := who.Of[i]
			if met[t] != int32(n)+1 {
				met[t] = int32(n) + 1
				x.Persons = append(x.Persons, who.Names[t])
			}
			if within[t]++; within[t] == 1 {
				now++
			}
			for list[i].When()-list[members[lo]].When() > int64(p.PayerDays)*day {
				gone := who.Of[members[lo]]
				if within[gone]--; within[gone] == 0 {
					now--
				}
				lo++
			}
			most = max(most, now)
		}
		for _, i := range members[lo:] {
			within[who.Of[i]] = 0
		}
		if most < p.PayerPersons || len(x.Persons) > p.AgencyPersons {
			continue
		}
		names, phones := map[string]bool{}, map[string]bool{}
		for _, i := range members {
			names[list[i].FamilyName] = true
			if phone := list[i].Phone; phone != "" && !phones[phone] {
				phones[phone] = true
				x.Phones = append(x.Phones, phone)
			}
		}
		if x.Names = differ(names); x.Names < p.PayerPersons {
			continue
		}
		x.Journeys = members
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b Payer) int {
		return cmp.Or(len(b.Persons)-len(a.Persons), strings.Compare(a.Account, b.Account))
	})
	return out
}

// differ is how many names there are, however they are written.
func differ(names map[string]bool) int {
	lower := map[string]bool{}
	for n := range names {
		lower[strings.ToLower(n)] = true
	}
	return len(lower)
}
