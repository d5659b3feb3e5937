package journey

// Travellers numbers those who travel and has the journeys of each: most of what is asked of journeys is asked person by
// person, and numbers are told apart far quicker than names.
type Travellers struct {
	Names []string // of each number, in the order of their first journeys
	Of    []int32  // number of each journey's
	start []int32
	legs  []int
}

// Number numbers the travellers of a list. Cost: linear in journeys.
func Number(list []*Journey) *Travellers {
	t := &Travellers{}
	t.Of, t.Names = number(list, (*Journey).Traveller)
	t.start, t.legs = places(t.Of, len(t.Names))
	return t
}

// Journeys are the places of a traveller's journeys, in order. They are not to be changed.
func (t *Travellers) Journeys(n int32) []int { return part(t.start, t.legs, n) }

// number gives each journey the number of what it says; -1 where it says nothing.
func number(list []*Journey, says func(*Journey) string) (of []int32, names []string) {
	of = make([]int32, len(list))
	known := map[string]int32{}
	for i, j := range list {
		s := says(j)
		if s == "" {
			of[i] = -1
			continue
		}
		n, ok := known[s]
		if !ok {
			n = int32(len(names))
			known[s], names = n, append(names, s)
		}
		of[i] = n
	}
	return of, names
}

// places lists, one number after the other, where it stands.
func places(of []int32, numbers int) (start []int32, at []int) {
	start = make([]int32, numbers+1)
	for _, n := range of {
		if n >= 0 {
			start[n+1]++
		}
	}
	for n := range numbers {
		start[n+1] += start[n]
	}
	at = make([]int, start[numbers])
	next := append([]int32(nil), start...)
	for i, n := range of {
		if n >= 0 {
			at[next[n]] = i
			next[n]++
		}
	}
	return start, at
}

func part(start []int32, at []int, n int32) []int { return at[start[n]:start[n+1]:start[n+1]] }
