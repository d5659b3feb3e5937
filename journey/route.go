package journey

import (
	"cmp"
	"slices"
)

// Route is a way from one place to another by one mode of travel.
type Route struct {
	From, To string
	Mode     Mode
	Journeys int
	People   int
	First    int64 // milliseconds since 1970
	Last     int64
}

// Routes counts journeys by way, the most travelled by different people first.
func Routes(list []*Journey) []Route {
	type way struct {
		from, to string
		mode     Mode
	}
	index := map[way]int{}
	people := map[way]map[string]bool{}
	var out []Route
	for _, j := range list {
		w := way{j.From, j.To, j.Mode}
		k, ok := index[w]
		if !ok {
			k = len(out)
			index[w], people[w] = k, map[string]bool{}
			out = append(out, Route{From: j.From, To: j.To, Mode: j.Mode, First: j.When(), Last: j.When()})
		}
		r := &out[k]
		r.Journeys++
		people[w][j.Traveller()] = true
		r.First, r.Last, r.People = min(r.First, j.When()), max(r.Last, j.When()), len(people[w])
	}
	slices.SortFunc(out, func(a, b Route) int {
		return cmp.Or(b.People-a.People, b.Journeys-a.Journeys, cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.Mode, b.Mode))
	})
	return out
}
