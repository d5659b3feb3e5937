package audit

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Odd queries: a report for whoever oversees a node, so that looking up somebody for oneself is seen. It accuses nobody: a person looks at what it
// names, and asks. The limits are our choice.
const (
	oddAgain   = 5   // times one person asked about the same, on oddDays days or more, without naming a case
	oddDays    = 3   //
	oddMany    = 100 // queries of a day, where that is oddTimes times what the person asks on a usual day
	oddTimes   = 4   //
	oddNoCase  = 20  // queries without a case, where those are more than half of the person's
	oddRefused = 10  // refusals
	oddHours   = 10  // queries of a day at hours at which the person asks less than one query in fifty otherwise
)

// Odd is something that stands out.
type Odd struct {
	Person   string    `json:"person"`
	What     string    `json:"what"` // again, many, no_case, refused, hours, emergency
	Count    int       `json:"count"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
	Mark     string    `json:"mark,omitempty"` // of what was asked about
	Sentence string    `json:"sentence"`
}

// Oddities reads entries in the order of the log and finds what stands out in them.
type Oddities struct {
	people map[string]*habits
}

// habits are what a person does.
type habits struct {
	queries, noCase, refused, emergencies tally
	days                                  map[string]*tally
	hours                                 [24]int
	byDay                                 map[string]*[24]int
	about                                 map[string]*asking
}

type tally struct {
	n           int
	first, last time.Time
}

func (t *tally) add(at time.Time) {
	if t.n++; t.n == 1 {
		t.first = at
	}
	t.last = at
}

type asking struct {
	tally
	days map[string]bool
}

// NewOddities has read nothing.
func NewOddities() *Oddities { return &Oddities{people: map[string]*habits{}} }

// Add reads an entry. What the program itself does is no query.
func (o *Oddities) Add(e *Entry) {
	if e.Person == "node" {
		return
	}
	h := o.people[e.Person]
	if h == nil {
		h = &habits{days: map[string]*tally{}, byDay: map[string]*[24]int{}, about: map[string]*asking{}}
		o.people[e.Person] = h
	}
	at := e.At.UTC()
	if strings.HasPrefix(e.Result, "refused") {
		h.refused.add(at)
	}
	if e.Result == "emergency" {
		h.emergencies.add(at)
	}
	if e.Action != Query || strings.HasPrefix(e.Case, "client ") || e.Result == "list" { // a program asks all day
		return
	}
	day := at.Format(time.DateOnly)
	h.queries.add(at)
	if h.days[day] == nil {
		h.days[day], h.byDay[day] = &tally{}, &[24]int{}
	}
	h.days[day].add(at)
	h.hours[at.Hour()]++
	h.byDay[day][at.Hour()]++
	if e.Case != "" {
		return
	}
	h.noCase.add(at)
	if e.Mark == "" {
		return
	}
	a := h.about[e.Mark]
	if a == nil {
		a = &asking{days: map[string]bool{}}
		h.about[e.Mark] = a
	}
	a.add(at)
	a.days[day] = true
}

// Report gives what stands out, person by person.
func (o *Oddities) Report() []Odd {
	out := []Odd{}
	for _, p := range slices.Sorted(maps.Keys(o.people)) {
		h := o.people[p]
		add := func(what string, t tally, mark, sentence string, args ...any) {
			out = append(out, Odd{Person: p, What: what, Count: t.n, First: t.first, Last: t.last, Mark: mark, Sentence: fmt.Sprintf(sentence, args...)})
		}
		for _, m := range slices.SortedFunc(maps.Keys(h.about), func(a, b string) int {
			return cmp.Or(cmp.Compare(h.about[b].n, h.about[a].n), cmp.Compare(a, b))
		}) {
			if a := h.about[m]; a.n >= oddAgain && len(a.days) >= oddDays {
				add("again", a.tally, m, "asked %d times about the same, on %d days, without naming a case", a.n, len(a.days))
			}
		}
		var counts []int
		for _, d := range h.days {
			counts = append(counts, d.n)
		}
		slices.Sort(counts)
		for _, d := range slices.Sorted(maps.Keys(h.days)) {
			t := h.days[d]
			if usual := counts[len(counts)/2]; t.n >= oddMany && len(counts) > 1 && t.n > oddTimes*usual {
				add("many", *t, "", "asked %d times on %s; a usual day has %d", t.n, d, usual)
			}
			strange := 0
			for hour, n := range h.byDay[d] {
				if others := h.hours[hour] - n; others*50 < h.queries.n-t.n {
					strange += n
				}
			}
			if strange >= oddHours && len(h.days) > 5 {
				add("hours", *t, "", "asked %d times on %s at hours at which this person does not ask otherwise", strange, d)
			}
		}
		if h.noCase.n >= oddNoCase && 2*h.noCase.n > h.queries.n {
			add("no_case", h.noCase, "", "%d of %d queries name no case", h.noCase.n, h.queries.n)
		}
		if h.refused.n >= oddRefused {
			add("refused", h.refused, "", "was refused %d times", h.refused.n)
		}
		if h.emergencies.n > 0 {
			add("emergency", h.emergencies, "", "opened the vault %d times without a second person", h.emergencies.n)
		}
	}
	return out
}
