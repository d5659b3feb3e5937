package match

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"tarir/name"
)

// Rates are how often a question about a person is answered rightly from a score on, by what is asked beside the name. Who is asked for is
// on the list under another spelling or name; who is not is another person of the list with whom one word of the name is shared, which is
// the hardest stranger there is: two people drawn at random are told apart by their names alone.
type Rates struct {
	Asked []string // with what
	Rows  []Rate
}

// Rate counts the answers from one threshold on; each list has a place for each of Asked.
type Rate struct {
	Threshold float64
	Found     []int // of Known
	Alarms    []int // of Strangers
	Known     []int
	Strangers []int
}

var (
	ratedWith = []string{"name", "name, birth date", "name, country", "name, birth date, country", "name, year one off"}
	ratedFrom = []float64{0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95}
)

// MeasureRates asks a list for its own people: by each other name of theirs, with their dates and countries, for what the record says
// under its first name; and for people who share a word with them. Names that have nothing in common with the first (a score of 0) are left
// out: they are other names, not spellings.
func MeasureRates(records iter.Seq[Record]) Rates {
	out := Rates{Asked: ratedWith}
	for _, t := range ratedFrom {
		n := len(ratedWith)
		out.Rows = append(out.Rows, Rate{t, make([]int, n), make([]int, n), make([]int, n), make([]int, n)})
	}
	var people []Record
	byWord := map[name.Word][]int{}
	for r := range records {
		if r.Schema != "Person" || len(r.Births) != 1 || r.Births[0].Day == 0 || len(r.Countries) == 0 || len(r.Names) == 0 {
			continue
		}
		for _, w := range name.Parse(r.Names[0], name.Person).Words() {
			byWord[w] = append(byWord[w], len(people))
		}
		people = append(people, r)
	}
	known := func(*name.Name) bool { return false }
	rate := func(asked string, from, to *Record, stranger bool) {
		under := Record{Schema: "Person", Names: to.Names[:1], Births: to.Births, Countries: to.Countries}
		off := from.Births[0]
		off.Year++
		for i, q := range []Ask{
			{},
			{Births: from.Births},
			{Countries: from.Countries},
			{Births: from.Births, Countries: from.Countries},
			{Births: []Date{off}},
		} {
			q.Schema, q.Names = "Person", []string{asked}
			score, _ := want(&q).score(&under, known)
			for k := range out.Rows {
				row := &out.Rows[k]
				told := 0
				if score >= row.Threshold {
					told = 1
				}
				if stranger {
					row.Strangers[i]++
					row.Alarms[i] += told
				} else {
					row.Known[i]++
					row.Found[i] += told
				}
			}
		}
	}
	for i := range people {
		r := &people[i]
		first := name.Parse(r.Names[0], name.Person)
		for _, n := range r.Names[1:] {
			if name.Score(first, name.Parse(n, name.Person)) > 0 {
				rate(n, r, r, false)
			}
		}
	}
	for _, w := range slices.Sorted(maps.Keys(byWord)) {
		list := byWord[w]
		for i := 0; i+1 < len(list) && i < 50; i++ {
			a, b := &people[list[i]], &people[list[i+1]]
			if a.Births[0] != b.Births[0] { // else it may be one person, listed twice
				rate(a.Names[0], a, b, true)
			}
		}
	}
	return out
}

// String is the report.
func (r Rates) String() string {
	var b strings.Builder
	for i, with := range r.Asked {
		fmt.Fprintf(&b, "asked with %s: of %d questions about the person, and %d about another with a word in common, are told\n", with, r.Rows[0].Known[i], r.Rows[0].Strangers[i])
		for _, row := range r.Rows {
			fmt.Fprintf(&b, "  from %.2f on %7.2f %% and %6.2f %%\n", row.Threshold, 100*float64(row.Found[i])/float64(max(row.Known[i], 1)), 100*float64(row.Alarms[i])/float64(max(row.Strangers[i], 1)))
		}
	}
	return b.String()
}
