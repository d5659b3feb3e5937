package network

import (
	"cmp"
	"math"
	"slices"
)

// What the rank is made of. Our defaults: nobody has published such weights.
const (
	rankHarm     = 0.5 // share of the harm that may be going on
	rankActive   = 0.3 // of how lately it was seen at work
	rankRestrain = 0.2 // of how much of its money can be restrained now
	muchHarm     = 30  // possible victims from which on there is no more to the harm; a minor counts twice
	halfActive   = 60  // days after which having been seen at work counts half
)

// Rank orders networks by harm and by what can be done now, as far as we are sure of them: share says of each network how
// much of what it received is still on its members' accounts, end is the end of the data in seconds since 1970.
func Rank(list []Network, share []float64, end int64) {
	value := map[string]float64{}
	for i := range list {
		n := &list[i]
		minors := 0
		for _, v := range n.Victims {
			if v.Minor {
				minors++
			}
		}
		harm := math.Sqrt(min(1, float64(len(n.Victims)+minors)/muchHarm))
		days := max(0, end-n.Last) / 86_400
		active := math.Exp2(-float64(days) / halfActive)
		n.Priority = math.Round(1000*n.Score*(rankHarm*harm+rankActive*active+rankRestrain*min(1, share[i]))) / 1000
		value[n.ID] = n.Priority
		say := func(code string, params ...any) {
			n.Reasons = append(n.Reasons, Reason{Reason: sentences.Say(code, params...)})
		}
		if len(n.Victims) > 0 {
			say("safeguard", "victims", len(n.Victims))
		}
		if minors > 0 {
			say("safeguard_minor", "minors", minors)
		}
		say("active", "days", days)
		if share[i] > 0 {
			say("can_restrain", "share", int(share[i]*100+0.5))
		}
	}
	slices.SortFunc(list, func(x, y Network) int {
		return cmp.Or(-cmp.Compare(value[x.ID], value[y.ID]), -cmp.Compare(x.Score, y.Score), cmp.Compare(x.ID, y.ID))
	})
	for i := range list {
		list[i].Rank = i + 1
	}
}

// adult is the age, in years, from which somebody is no minor.
const adult = 18

// minorAt says that somebody born on a date, perhaps a partial one, may be a minor at the end of the data.
func minorAt(birth string, year, month, day int) bool {
	if len(birth) < 4 {
		return false
	}
	part := func(from, to, missing int) int {
		if len(birth) < to {
			return missing
		}
		n := 0
		for _, c := range birth[from:to] {
			if c < '0' || c > '9' {
				return missing
			}
			n = n*10 + int(c-'0')
		}
		return n
	}
	y := part(0, 4, 0)
	if y == 0 {
		return false
	}
	// Of a date that is not whole the latest is taken: who may be a minor is protected as one.
	m, d := part(5, 7, 12), part(8, 10, 31)
	return cmp.Or(cmp.Compare(y+adult, year), cmp.Compare(m, month), cmp.Compare(d, day)) > 0
}
