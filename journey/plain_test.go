package journey_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tarir/journey"
)

// drawn is a list of journeys of few people between few places, so that they meet.
func drawn(rt *rapid.T) []*journey.Journey {
	var list []*journey.Journey
	for i := range rapid.IntRange(0, 60).Draw(rt, "journeys") {
		pick := func(name string, n int) int { return rapid.IntRange(0, n-1).Draw(rt, name) }
		j := &journey.Journey{
			ID: fmt.Sprint(i), Person: []string{"", "a", "b", "c", "d", "e"}[pick("person", 6)], GivenName: "G", FamilyName: []string{"One", "one", "Two", "Three"}[pick("family", 4)],
			Document: []string{"", "1", "2"}[pick("document", 3)], DocCountry: []string{"PE", "CL"}[pick("country", 2)],
			From: []string{"P", "Q", "R"}[pick("from", 3)], To: []string{"P", "Q", "R"}[pick("to", 3)],
			Departure: journey.Time{At: int64(1+pick("day", 80)) * day}, Booking: []string{"", "x", "y"}[pick("booking", 3)], Payer: []string{"", "B/1", "B/2"}[pick("payer", 3)],
		}
		list = append(list, j)
	}
	return journey.Sort(list)
}

func TestOneWayIsWhatItsDefinitionSays(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		list := drawn(rt)
		got := journey.OneWay(list, journey.Number(list))
		for i, j := range list {
			want := !slices.ContainsFunc(list, func(o *journey.Journey) bool {
				apart := o.When() - j.When()
				return o.Traveller() == j.Traveller() && o.From == j.To && o.To == j.From && apart >= -30*day && apart <= 30*day
			})
			if got[i] != want {
				rt.Fatalf("journey %d %+v: %v", i, *j, got[i])
			}
		}
	})
}

func TestGroupsAreAllWhoGoTogether(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		list := drawn(rt)
		together := func(a, b *journey.Journey) bool {
			if a.When() != b.When() || a.From != b.From || a.To != b.To || a.Booking != b.Booking {
				return false
			}
			return a.Booking != "" || a.Payer != "" && a.Payer == b.Payer
		}
		grouped := map[int]bool{}
		for _, g := range journey.Groups(list) {
			first := list[g.Journeys[0]]
			for i, j := range list {
				in := slices.Contains(g.Persons, j.Traveller())
				if together(first, j) != (in && together(first, j)) {
					rt.Fatalf("%s goes along and is not in %v", j.Traveller(), g)
				}
				if slices.Contains(g.Journeys, i) && !together(first, j) {
					rt.Fatalf("journey %d is in %v and goes elsewhere", i, g)
				}
				grouped[i] = grouped[i] || together(first, j)
			}
			if len(g.Persons) < 2 || len(g.Persons) != len(g.Journeys) || !slices.IsSorted(g.Persons) || len(slices.Compact(slices.Clone(g.Persons))) != len(g.Persons) {
				rt.Fatalf("persons and journeys of %v", g)
			}
		}
		for i, a := range list {
			for _, b := range list {
				if together(a, b) && a.Traveller() != b.Traveller() && !grouped[i] {
					rt.Fatalf("%+v and %+v go together and are in no group", *a, *b)
				}
			}
		}
	})
}

func TestPayersAreThoseWhoPayForMany(t *testing.T) {
	p := journey.Params{PayerPersons: 3, PayerDays: 30, AgencyPersons: 4}
	rapid.Check(t, func(rt *rapid.T) {
		list := drawn(rt)
		found := map[string]journey.Payer{}
		for _, x := range journey.Payers(list, journey.Number(list), p) {
			found[x.Account] = x
		}
		for _, account := range []string{"B/1", "B/2"} {
			persons, names, most := map[string]bool{}, map[string]bool{}, 0
			var paid []int
			for i, j := range list {
				if j.Payer != account {
					continue
				}
				paid = append(paid, i)
				persons[j.Traveller()], names[map[string]string{"One": "one"}[j.FamilyName]+j.FamilyName] = true, true
				within := map[string]bool{}
				for _, o := range list[:i+1] {
					if o.Payer == account && j.When()-o.When() <= 30*day {
						within[o.Traveller()] = true
					}
				}
				most = max(most, len(within))
			}
			bears := len(names)
			if names["oneOne"] && names["one"] {
				bears--
			}
			want := most >= 3 && len(persons) <= 4 && bears >= 3
			if x, ok := found[account]; ok != want || ok && (!slices.Equal(x.Journeys, paid) || len(x.Persons) != len(persons) || x.Names != bears) {
				rt.Fatalf("%s: %+v, want %v with %d persons of %d names on %v", account, x, want, len(persons), bears, paid)
			}
		}
	})
}

func TestDoublesAreOfDocumentsThatSeveralBear(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		list := drawn(rt)
		want := map[string]bool{}
		last := map[string]*journey.Journey{}
		for _, j := range list {
			if j.Document == "" {
				continue
			}
			doc := j.DocCountry + ":" + j.Document
			if before := last[doc]; before != nil {
				a, b := before.FamilyName, j.FamilyName
				want[doc] = want[doc] || a != b && !(len(a) == 3 && len(b) == 3 && a[1:] == b[1:])
			}
			last[doc] = j
		}
		got := map[string]bool{}
		for _, d := range journey.Doubles(list) {
			if got[d.Document] = d.Names; !d.Names || !slices.IsSorted(d.Journeys) {
				rt.Fatalf("%+v", d)
			}
		}
		for doc, names := range want {
			if got[doc] != names {
				rt.Fatalf("%s: %v, want %v", doc, got[doc], names)
			}
		}
	})
}
