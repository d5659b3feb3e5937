package journey

import (
	"cmp"
	"slices"
	"strings"
)

// Double is a document that travels as two people, or in two places at once (T14).
type Double struct {
	Document string // COUNTRY:NUMBER
	Journeys []int  // places, in order of time
	Names    bool   // it goes under different names
	AtOnce   bool   // a journey begins elsewhere while another is under way
}

// Doubles finds documents that are used twice, in order of document. Cost: n log n in journeys.
func Doubles(list []*Journey) []Double {
	type document struct{ country, number string }
	first := map[document]int32{} // the first journey on it
	next := make([]int32, len(list))
	for i, j := range slices.Backward(list) {
		if j.Document == "" {
			continue
		}
		d := document{j.DocCountry, j.Document}
		after, ok := first[d]
		if !ok {
			after = -1
		}
		first[d], next[i] = int32(i), after
	}
	var out []Double
	var members []int
	for doc, i := range first {
		if next[i] < 0 {
			continue
		}
		members = members[:0]
		for ; i >= 0; i = next[i] {
			members = append(members, int(i))
		}
		d := Double{Document: doc.country + ":" + doc.number}
		for k := 1; k < len(members); k++ {
			a, b := list[members[k-1]], list[members[k]]
			if !sameName(a, b) {
				d.Names = true
				d.Journeys = append(d.Journeys, members[k-1], members[k])
			}
			if a.Departure.Known() && a.Arrival.Known() && b.Departure.Known() && !a.Arrival.DateOnly && !b.Departure.DateOnly &&
				b.Departure.At > a.Departure.At && b.Departure.At < a.Arrival.At && b.From != a.From && b.From != a.To {
				d.AtOnce = true
				d.Journeys = append(d.Journeys, members[k-1], members[k])
			}
		}
		if d.Names || d.AtOnce {
			slices.Sort(d.Journeys)
			d.Journeys = slices.Compact(d.Journeys)
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b Double) int {
		return cmp.Or(strings.Compare(a.Document, b.Document), cmp.Compare(a.Journeys[0], b.Journeys[0]))
	})
	return out
}

// sameName says that two journeys may be one person's by name and birth: what one of them does not tell contradicts
// nothing.
func sameName(a, b *Journey) bool {
	alike := func(x, y string) bool {
		if x == y {
			return true
		}
		x, y = strings.ToLower(strings.TrimSpace(x)), strings.ToLower(strings.TrimSpace(y))
		return x == "" || y == "" || strings.HasPrefix(x, y) || strings.HasPrefix(y, x)
	}
	return alike(a.FamilyName, b.FamilyName) && alike(a.GivenName, b.GivenName) && alike(a.Birth, b.Birth)
}
