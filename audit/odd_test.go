package audit

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestWhatStandsOut(t *testing.T) {
	day := func(d, hour int) time.Time { return time.Date(2026, 3, 1+d, hour, 0, 0, 0, time.UTC) }
	o := NewOddities()
	ask := func(person string, at time.Time, mark, inCase string) {
		o.Add(&Entry{At: at, Person: person, Action: Query, Mark: mark, Case: inCase})
	}
	for d := range 20 {
		for i := range 10 {
			ask("usual", day(d, 9+i%8), fmt.Sprint(d, i), "C-1")
			ask("many", day(d, 9), fmt.Sprint(d, i), "C-1")
			ask("night", day(d, 9), fmt.Sprint(d, i), "C-1")
			ask("nobody's case", day(d, 9), fmt.Sprint(d, i), "")
			ask("program", day(d, 3), "x", "client desk")
		}
		if d%4 == 0 {
			ask("ex", day(d, 9), "the same", "")
		}
		ask("colleague", day(d, 9), "the same", "C-2")
	}
	for i := range 200 {
		ask("many", day(21, 9), fmt.Sprint("m", i), "C-1")
	}
	for i := range 12 {
		ask("night", day(21, 3), fmt.Sprint("n", i), "C-1")
		o.Add(&Entry{At: day(1, 9), Person: "refused", Action: Decision, Result: "refused"})
		_ = i
	}
	o.Add(&Entry{At: day(1, 9), Person: "emergency", Action: Decision, Result: "emergency"})
	o.Add(&Entry{At: day(1, 9), Person: "node", Action: Query, Mark: "x"})
	var got []string
	for _, x := range o.Report() {
		got = append(got, x.Person+":"+x.What)
		if x.First.After(x.Last) || x.Count == 0 || x.Sentence == "" {
			t.Errorf("%+v", x)
		}
	}
	if s := strings.Join(got, " "); s != "emergency:emergency ex:again many:many night:hours nobody's case:no_case refused:refused" {
		t.Error(s)
	}
}

// Whatever is read, nothing is said of a person who did nothing, and the count is never more than what they did.
func TestNobodyStandsOutForNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := NewOddities()
		did := map[string]int{}
		at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
		for range rapid.IntRange(0, 300).Draw(t, "entries") {
			at = at.Add(time.Duration(rapid.IntRange(0, 3600).Draw(t, "seconds")) * time.Second * 7)
			p := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "person")
			did[p]++
			o.Add(&Entry{At: at, Person: p, Action: rapid.SampledFrom([]Action{Query, Decision}).Draw(t, "action"), Mark: rapid.SampledFrom([]string{"", "m", "n"}).Draw(t, "mark"), Case: rapid.SampledFrom([]string{"", "C"}).Draw(t, "case"), Result: rapid.SampledFrom([]string{"", "refused", "emergency"}).Draw(t, "result")})
		}
		for _, x := range o.Report() {
			if x.Count > did[x.Person] || x.Count < 1 {
				t.Fatalf("%+v of %d", x, did[x.Person])
			}
		}
	})
}
