package online

import (
	"cmp"
	"slices"
)

const day = int64(86_400_000)

// blast is the number of places in one day from which on adverts are spread by a machine, not by somebody who travels (our
// default).
const blast = 3

// Stay is a stretch of days in which adverts place somebody in one town.
type Stay struct {
	City, Country string
	From, To      int64 // milliseconds since 1970: first and last advert
	Adverts       int
}

// Movement tells the stays that adverts show, in order of time, and how many days were left out because adverts stood in
// more than three places on them. Members are places in the list of adverts.
//
// Cost: n log n in members.
func Movement(adverts []*Advert, members []int) (stays []Stay, blasted int) {
	order := slices.DeleteFunc(slices.Clone(members), func(m int) bool { return adverts[m].City == "" })
	slices.SortFunc(order, func(a, b int) int {
		x, y := adverts[a], adverts[b]
		return cmp.Or(cmp.Compare(x.At/day, y.At/day), cmp.Compare(x.Country, y.Country), cmp.Compare(x.City, y.City), cmp.Compare(x.At, y.At), a-b)
	})
	for lo := 0; lo < len(order); {
		hi, places := lo, 0
		for ; hi < len(order) && adverts[order[hi]].At/day == adverts[order[lo]].At/day; hi++ {
			if hi == lo || adverts[order[hi]].City != adverts[order[hi-1]].City || adverts[order[hi]].Country != adverts[order[hi-1]].Country {
				places++
			}
		}
		if places > blast {
			blasted++
			lo = hi
			continue
		}
		for ; lo < hi; lo++ {
			a := adverts[order[lo]]
			if k := len(stays) - 1; k >= 0 && stays[k].City == a.City && stays[k].Country == a.Country {
				stays[k].From, stays[k].To = min(stays[k].From, a.At), max(stays[k].To, a.At)
				stays[k].Adverts++
			} else {
				stays = append(stays, Stay{a.City, a.Country, a.At, a.At, 1})
			}
		}
	}
	return stays, blasted
}

// Circuit finds the stretch of at most so many days with the most different towns, and those towns in order of coming
// there. Of several the first.
func Circuit(stays []Stay, days int) (towns []string, from, to int64) {
	best := 0
	lo := 0
	for hi := range stays {
		for stays[hi].From-stays[lo].To > int64(days)*day {
			lo++
		}
		if list := townsOf(stays[lo : hi+1]); len(list) > best {
			best, towns, from, to = len(list), list, stays[lo].From, stays[hi].To
		}
	}
	return towns, from, to
}

func townsOf(stays []Stay) []string {
	var out []string
	for _, s := range stays {
		if !slices.Contains(out, s.City) {
			out = append(out, s.City)
		}
	}
	return out
}
