package journey

import (
	"cmp"
	"slices"
	"strings"
)

// Loop is somebody's round of places that ends where it began, travelled again and again.
type Loop struct {
	Person   string
	Places   []string // in order, from the first by name
	Times    int
	Journeys []int
}

// Loops finds people who go the same round of at least three places so many times, those with the most rounds first. Going
// to and fro is no round. Cost: linear in journeys.
func Loops(list []*Journey, times int) []Loop {
	by := map[string][]int{}
	var people []string
	for i, j := range list {
		p := j.Traveller()
		if by[p] == nil {
			people = append(people, p)
		}
		by[p] = append(by[p], i)
	}
	var out []Loop
	for _, person := range people {
		found := map[string]*Loop{}
		at := map[string]int{} // leg of the walk that left a place last
		legs := by[person]
		for k, i := range legs {
			j := list[i]
			if k > 0 && list[legs[k-1]].To != j.From {
				clear(at) // how they came here is not told
			}
			at[j.From] = k
			from, seen := at[j.To]
			if !seen || k-from+1 < 3 {
				continue
			}
			places := make([]string, 0, k-from+1)
			for _, m := range legs[from : k+1] {
				places = append(places, list[m].From)
			}
			first := slices.Index(places, slices.Min(places))
			round := append(slices.Clone(places[first:]), places[:first]...)
			key := strings.Join(round, ">")
			l := found[key]
			if l == nil {
				l = &Loop{Person: person, Places: round}
				found[key] = l
			}
			l.Times++
			l.Journeys = append(l.Journeys, legs[from:k+1]...)
			clear(at) // the next round begins anew
		}
		for _, l := range found {
			if l.Times >= times {
				out = append(out, *l)
			}
		}
	}
	slices.SortFunc(out, func(a, b Loop) int {
		return cmp.Or(b.Times-a.Times, strings.Compare(a.Person, b.Person), slices.Compare(a.Places, b.Places))
	})
	return out
}
