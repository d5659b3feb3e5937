package journey

import (
	"cmp"
	"slices"
	"time"
)

// Route is a way from one place to another by one mode of travel.
type Route struct {
	From, To string
	Mode     Mode
	Journeys int
	People   int
	First    int64 // milliseconds since 1970
	Last     int64
	Months   []Month // in which there were journeys, in order
}

// Month is how many journeys began in a month, by UTC.
type Month struct {
	Month    string `json:"month"` // YYYY-MM
	Journeys int    `json:"journeys"`
}

// Routes counts journeys by way, the most travelled by different people first. Who travelled is not told.
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
		month := time.UnixMilli(j.When()).UTC().Format("2006-01")
		if n := len(r.Months); n > 0 && r.Months[n-1].Month == month {
			r.Months[n-1].Journeys++
		} else {
			r.Months = append(r.Months, Month{month, 1})
		}
		people[w][j.Traveller()] = true
		r.First, r.Last, r.People = min(r.First, j.When()), max(r.Last, j.When()), len(people[w])
	}
	for k := range out {
		out[k].Months = joined(out[k].Months)
	}
	slices.SortFunc(out, func(a, b Route) int {
		return cmp.Or(b.People-a.People, b.Journeys-a.Journeys, cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.Mode, b.Mode))
	})
	return out
}

// joined puts months in order, each once.
func joined(list []Month) []Month {
	slices.SortStableFunc(list, func(a, b Month) int { return cmp.Compare(a.Month, b.Month) })
	var out []Month
	for _, m := range list {
		if n := len(out); n > 0 && out[n-1].Month == m.Month {
			out[n-1].Journeys += m.Journeys
		} else {
			out = append(out, m)
		}
	}
	return out
}
