package journey

import "slices"

// oneWay is the time within which somebody who comes back makes a journey a return one (our default).
const oneWay = 30 * day

// OneWay says of each journey that the traveller neither goes back the same way within 30 days nor is on the way back of a
// journey of the 30 days before. The list is in order of time. Cost: n log n.
func OneWay(list []*Journey) []bool {
	type way struct{ who, from, to string }
	at := map[way][]int64{}
	for _, j := range list {
		k := way{j.Traveller(), j.From, j.To}
		at[k] = append(at[k], j.When())
	}
	out := make([]bool, len(list))
	for i, j := range list {
		back := at[way{j.Traveller(), j.To, j.From}]
		k, _ := slices.BinarySearch(back, j.When())
		returns := k < len(back) && back[k] <= j.When()+oneWay
		returning := k > 0 && back[k-1] >= j.When()-oneWay
		out[i] = !returns && !returning
	}
	return out
}

// Late says that a journey was booked at most so many hours before it began (T02). Where only days are known, it must be
// less by a day.
func (j *Journey) Late(hours int) bool {
	if !j.Booked.Known() || !j.Departure.Known() {
		return false
	}
	slack := int64(0)
	if j.Booked.DateOnly || j.Departure.DateOnly {
		slack = day
	}
	return j.Departure.At-j.Booked.At <= int64(hours)*3_600_000-slack
}

// Unpaid says that the journey was paid by nobody's account, in cash or by a prepaid card as far as is told.
func (j *Journey) Unpaid() bool { return j.Payer == "" }
