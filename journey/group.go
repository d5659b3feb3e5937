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

// Groups finds the legs that several persons travel together, in order of time.
func Groups(list []*Journey) []Group {
	type key struct {
		from, to, what string
		at             int64
	}
	by := map[key][]int{}
	for i, j := range list {
		what := j.Booking
		if what == "" {
			what = "payer " + j.Payer
			if j.Payer == "" {
				continue
			}
		}
		k := key{j.From, j.To, what, j.When()}
		by[k] = append(by[k], i)
	}
	var out []Group
	for k, members := range by {
		g := Group{From: k.from, To: k.to, At: k.at}
		slices.SortFunc(members, func(a, b int) int { return strings.Compare(list[a].Traveller(), list[b].Traveller()) })
		for _, i := range members {
			if p := list[i].Traveller(); !slices.Contains(g.Persons, p) {
				g.Persons, g.Journeys = append(g.Persons, p), append(g.Journeys, i)
				g.Payer, g.Phone = cmp.Or(g.Payer, list[i].Payer), cmp.Or(g.Phone, list[i].Phone)
			}
		}
		if len(g.Persons) > 1 {
			out = append(out, g)
		}
	}
	slices.SortFunc(out, func(a, b Group) int {
		return cmp.Or(cmp.Compare(a.At, b.At), strings.Compare(a.From, b.From), strings.Compare(a.To, b.To), strings.Compare(a.Persons[0], b.Persons[0]))
	})
	return out
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
func Escorts(list []*Journey, groups []Group, p Params) []Escort {
	in := map[string][]int{}
	for k, g := range groups {
		if len(g.Persons) > 30 {
			continue // a coach party
		}
		for _, person := range g.Persons {
			in[person] = append(in[person], k)
		}
	}
	alone := map[string][]*Journey{}
	grouped := map[int]bool{}
	for _, g := range groups {
		for _, i := range g.Journeys {
			grouped[i] = true
		}
	}
	for i, j := range list {
		if !grouped[i] {
			alone[j.Traveller()] = append(alone[j.Traveller()], j)
		}
	}
	var out []Escort
	for person, ks := range in {
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
			for _, j := range alone[person] {
				if j.From == groups[k].To && j.When() > groups[k].At && j.When() < groups[k].At+30*day {
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

// Payers finds accounts that pay for many travellers of different names within the time, and are no agency's.
func Payers(list []*Journey, p Params) []Payer {
	by := map[string][]int{}
	for i, j := range list {
		if j.Payer != "" {
			by[j.Payer] = append(by[j.Payer], i)
		}
	}
	var out []Payer
	for account, members := range by {
		x := Payer{Account: account, First: list[members[0]].When(), Last: list[members[len(members)-1]].When()}
		names := map[string]bool{}
		most := 0
		lo := 0
		seen := map[string]int{}
		for _, i := range members {
			j := list[i]
			if !slices.Contains(x.Persons, j.Traveller()) {
				x.Persons = append(x.Persons, j.Traveller())
			}
			if j.Phone != "" && !slices.Contains(x.Phones, j.Phone) {
				x.Phones = append(x.Phones, j.Phone)
			}
			names[strings.ToLower(j.FamilyName)] = true
			seen[j.Traveller()]++
			for j.When()-list[members[lo]].When() > int64(p.PayerDays)*day {
				t := list[members[lo]].Traveller()
				if seen[t]--; seen[t] == 0 {
					delete(seen, t)
				}
				lo++
			}
			most = max(most, len(seen))
		}
		x.Names = len(names)
		if most < p.PayerPersons || len(x.Persons) > p.AgencyPersons || x.Names < p.PayerPersons {
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
