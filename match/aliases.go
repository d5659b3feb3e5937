package match

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode"

	"tarir/name"
)

// Measured is how right names are compared, by the names of a list: those of one entity are of one, those of two are of two.
type Measured struct {
	Scripts []Scripted // another script against Latin letters, and Latin ones among themselves
	Strange int        // pairs of names of two entities, drawn at random
	Alarms  int        // of those, told as a match
	Near    int        // pairs of two entities that share a word
	NearBad int
	Misses  []Miss // the worst, with the commonest cause first
}

// Scripted counts the pairs of one script.
type Scripted struct {
	Script string
	Pairs  int
	Found  int
}

// Miss is a pair of names of one entity that was not told as a match.
type Miss struct {
	Cause string
	A, B  string
	Score float64
}

// scriptNames are the scripts that are told apart.
var scriptNames = []struct {
	name  string
	table *unicode.RangeTable
}{
	{"Arabic", unicode.Arabic},
	{"Cyrillic", unicode.Cyrillic},
	{"Han", unicode.Han},
	{"Hangul", unicode.Hangul},
	{"Hebrew", unicode.Hebrew},
	{"Greek", unicode.Greek},
	{"Georgian", unicode.Georgian},
	{"Armenian", unicode.Armenian},
	{"Devanagari", unicode.Devanagari},
	{"Thai", unicode.Thai},
	{"Katakana", unicode.Katakana},
	{"Hiragana", unicode.Hiragana},
}

func scriptOf(s string) string {
	for _, r := range s {
		for _, t := range scriptNames {
			if unicode.Is(t.table, r) {
				return t.name
			}
		}
	}
	return "Latin"
}

// MeasureAliases compares the first name of each record with its others, and names of different records. The draw of the latter is the
// same for the same records.
func MeasureAliases(records iter.Seq[Record]) Measured {
	var all []*name.Name
	var texts []string
	by := map[string]*Scripted{}
	var out Measured
	byWord := map[name.Word][]int{}
	for r := range records {
		if len(r.Names) == 0 {
			continue
		}
		k := name.KindOf(r.Schema)
		first := name.Parse(r.Names[0], k)
		for _, w := range first.Words() {
			byWord[w] = append(byWord[w], len(all))
		}
		all, texts = append(all, first), append(texts, r.Names[0])
		for _, n := range r.Names[1:] {
			s := scriptOf(n)
			if scriptOf(r.Names[0]) != "Latin" {
				continue
			}
			c := by[s]
			if c == nil {
				c = &Scripted{Script: s}
				by[s] = c
			}
			c.Pairs++
			got := name.Compare(first, name.Parse(n, k))
			if got.Score >= name.Threshold {
				c.Found++
			} else if s != "Latin" || got.Score > 0 {
				out.Misses = append(out.Misses, Miss{s + ": " + cause(got), r.Names[0], n, got.Score})
			}
		}
	}
	draw := rand.New(rand.NewPCG(1, 2))
	for range 20 * len(all) {
		a, b := draw.IntN(len(all)), draw.IntN(len(all))
		if a == b || all[a].Kind != all[b].Kind {
			continue
		}
		out.Strange++
		if name.Score(all[a], all[b]) >= name.Threshold {
			out.Alarms++
		}
	}
	for _, w := range slices.Sorted(maps.Keys(byWord)) {
		list := byWord[w]
		for i := 0; i+1 < len(list) && i < 50; i++ {
			if a, b := all[list[i]], all[list[i+1]]; a.Kind == b.Kind && texts[list[i]] != texts[list[i+1]] {
				out.Near++
				if name.Score(a, b) >= name.Threshold {
					out.NearBad++
				}
			}
		}
	}
	for _, s := range slices.Sorted(maps.Keys(by)) {
		out.Scripts = append(out.Scripts, *by[s])
	}
	causes := map[string]int{}
	for _, m := range out.Misses {
		causes[m.Cause]++
	}
	slices.SortStableFunc(out.Misses, func(a, b Miss) int {
		return cmp.Or(cmp.Compare(causes[b.Cause], causes[a.Cause]), cmp.Compare(a.Cause, b.Cause), cmp.Compare(a.Score, b.Score))
	})
	return out
}

// cause is what a miss is for.
func cause(r name.Result) string {
	has := func(c name.Code) bool {
		return slices.ContainsFunc(r.Reasons, func(x name.Reason) bool { return x.Code == c })
	}
	switch {
	case r.Score == 0:
		return "no word agrees"
	case has(name.Reversed):
		return "father and child reversed"
	case has(name.Different):
		return "another word in its place"
	case has(name.OneName):
		return "one word only"
	case has(name.OtherPlace):
		return "a country"
	}
	return "too many words that only one has"
}

// String is the report.
func (m Measured) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-12s %8s %8s %7s\n", "names in", "pairs", "found", "recall")
	for _, s := range m.Scripts {
		fmt.Fprintf(&b, "%-12s %8d %8d %7.3f\n", s.Script, s.Pairs, s.Found, float64(s.Found)/float64(s.Pairs))
	}
	fmt.Fprintf(&b, "of %d pairs of different entities %d are told as a match (%.4f %%)\n", m.Strange, m.Alarms, 100*float64(m.Alarms)/float64(max(m.Strange, 1)))
	fmt.Fprintf(&b, "of %d pairs of different entities that share a word %d are (%.2f %%)\n", m.Near, m.NearBad, 100*float64(m.NearBad)/float64(max(m.Near, 1)))
	count, last, shown := map[string]int{}, "", 0
	for _, x := range m.Misses {
		count[x.Cause]++
	}
	for _, x := range m.Misses {
		if x.Cause != last {
			last, shown = x.Cause, 0
			fmt.Fprintf(&b, "missed, %s: %d\n", x.Cause, count[x.Cause])
		}
		if shown++; shown <= 5 {
			fmt.Fprintf(&b, "  %.2f  %s  /  %s\n", x.Score, x.A, x.B)
		}
	}
	return b.String()
}
