package journey

// oneWay is the time within which somebody who comes back makes a journey a return one (our default).
const oneWay = 30 * day

// OneWay says of each journey that the traveller neither goes back the same way within 30 days nor is on the way back of a
// journey of the 30 days before. The list is in order of time. Cost: linear in journeys.
func OneWay(list []*Journey, who *Travellers) []bool {
	type way struct{ from, to int32 }
	numbers := map[string]int32{}
	place := func(name string) int32 {
		n, ok := numbers[name]
		if !ok {
			n = int32(len(numbers))
			numbers[name] = n
		}
		return n
	}
	ways := make([]way, len(list))
	for i, j := range list {
		ways[i] = way{place(j.From), place(j.To)}
	}
	out := make([]bool, len(list))
	met := map[way]int64{} // when a way was last met
	for n := range who.Names {
		legs := who.Journeys(int32(n))
		clear(met)
		for lo, hi := 0, 0; lo < len(legs); lo = hi {
			at := list[legs[lo]].When()
			for hi = lo; hi < len(legs) && list[legs[hi]].When() == at; hi++ {
				w := ways[legs[hi]]
				before, ok := met[way{w.to, w.from}]
				out[legs[hi]] = !ok || before < at-oneWay
			}
			for _, i := range legs[lo:hi] {
				met[ways[i]] = at
			}
		}
		clear(met)
		for hi, lo := len(legs), len(legs); hi > 0; hi = lo {
			at := list[legs[hi-1]].When()
			for lo = hi; lo > 0 && list[legs[lo-1]].When() == at; lo-- {
				met[ways[legs[lo-1]]] = at
			}
			for _, i := range legs[lo:hi] {
				if after, ok := met[way{ways[i].to, ways[i].from}]; ok && after <= at+oneWay {
					out[i] = false
				}
			}
		}
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
