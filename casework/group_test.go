package casework

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tarir/handling"
)

func experts(members ...string) *Group {
	g := &Group{ID: "g", Title: "Experts on trafficking", Owner: members[0], Purpose: handling.Strategic, LegalBasis: "RPD 10"}
	for _, m := range members {
		g.Members = append(g.Members, GroupMember{m, TallyKinds})
	}
	return g
}

func method() Knowledge {
	return Knowledge{Kind: MethodOf, Title: "Prepaid cards for drivers", Text: "Drivers get a prepaid card at the border.", Evidence: "several_sources", Sources: []string{"AA/2026/7"}, What: "method", Author: "A", Version: 1}
}

func TestWhatAnEntryOfAGroupLacks(t *testing.T) {
	ok := method()
	if err := ok.Check(); err != nil {
		t.Fatal(err)
	}
	for _, change := range []func(k *Knowledge){
		func(k *Knowledge) { k.Kind = "rumour" }, func(k *Knowledge) { k.Title = "" }, func(k *Knowledge) { k.Text = strings.Repeat("x", mostText+1) },
		func(k *Knowledge) { k.Evidence = "sure" }, func(k *Knowledge) { k.Sources = nil }, func(k *Knowledge) { k.What = "" }, func(k *Knowledge) { k.Stages = []string{"other"} },
		func(k *Knowledge) { k.Text = "call +33 6 12 34 56 78" }, func(k *Knowledge) { k.Text = "write to ana@example.org" }, func(k *Knowledge) { k.Text = "pays FR7630006000011234567890189" },
		func(k *Knowledge) { k.Kind = Threat }, func(k *Knowledge) { k.Kind = Trend }, func(k *Knowledge) { k.Kind = Route }, func(k *Knowledge) { k.Kind = Indicator },
	} {
		k := method()
		change(&k)
		if err := k.Check(); !errors.Is(err, ErrGroup) {
			t.Errorf("%+v: %v", k, err)
		}
	}
}

// An entry stands once enough others endorsed the version that there is, whatever happens in between.
func TestAnEntryStandsByTheEndorsementOfItsVersion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var members []string
		for i := range rapid.IntRange(2, 9).Draw(t, "members") {
			members = append(members, string(rune('A'+i)))
		}
		g := experts(members...)
		k := method()
		endorsed := map[string]bool{}
		now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
		for range rapid.IntRange(0, 30).Draw(t, "steps") {
			m := rapid.SampledFrom(append(members, "stranger")).Draw(t, "member")
			version := k.Version + int64(rapid.IntRange(-1, 0).Draw(t, "looked"))
			if rapid.IntRange(0, 4).Draw(t, "what") == 0 {
				to := method()
				to.Text += " More."
				next, err := k.Next(m, to, version, now)
				if (err == nil) != (version == k.Version) {
					t.Fatal(err)
				}
				if err == nil {
					k = *next
					clear(endorsed)
				}
				continue
			}
			err := k.Endorse(m, version, now)
			if ok := version == k.Version && m != k.Author; (err == nil) != ok {
				t.Fatalf("%v: %s endorsed version %d of %+v", err, m, version, k)
			} else if ok && m != "stranger" {
				endorsed[m] = true
			}
			if g.Stands(&k) != (len(endorsed) >= g.Quorum()) {
				t.Fatalf("%d endorsed, %d needed, stands: %v", len(endorsed), g.Quorum(), g.Stands(&k))
			}
		}
		if g.Quorum() >= len(members) && len(members) > 1 {
			t.Fatal("nobody can reach the quorum without the author")
		}
	})
}

func TestAPeriod(t *testing.T) {
	for s, want := range map[string]string{"2026-09": "2026-08", "2026-01": "2025-12", "2026-Q1": "2025-Q4", "2026-Q3": "2026-Q2"} {
		if got := Before(s); got != want {
			t.Errorf("before %s: %s, want %s", s, got, want)
		}
		from, to, err := Period(s)
		_, last, err2 := Period(want)
		if err != nil || err2 != nil || !last.Equal(from) || !from.Before(to) {
			t.Errorf("%s: %v to %v, %v", s, from, to, err)
		}
	}
	for _, bad := range []string{"", "2026", "2026-13", "2026-Q5", "26-01", "2026-1"} {
		if _, _, err := Period(bad); !errors.Is(err, ErrGroup) {
			t.Errorf("%q is taken", bad)
		}
	}
}

// Nothing that is small leaves a member, nothing that two members alone counted leaves the group, and a sum is what they told.
func TestNoSmallCountIsTold(t *testing.T) {
	after := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		members := []string{"A", "B", "C", "D", "E"}
		g := experts(members...)
		true_ := map[string]map[string]int64{}
		var list []Contribution
		for _, m := range members {
			var counts []Tally
			for range rapid.IntRange(0, 20).Draw(t, "counts") {
				x := Tally{rapid.SampledFrom([]string{"route", "typology", "name"}).Draw(t, "kind"), rapid.SampledFrom([]string{"FR>DE/rail", "PL>DE/car", "Ana Exemplar", "x"}).Draw(t, "key"), int64(rapid.IntRange(0, 12).Draw(t, "n"))}
				counts = append(counts, x)
				if true_[m] == nil {
					true_[m] = map[string]int64{}
				}
				true_[m][x.Kind+" "+x.Key] += x.Count
			}
			c, _, err := Contribute(g, m, "2026-04", counts, after)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Check(g); err != nil {
				t.Fatalf("%v: %+v", err, c)
			}
			for _, x := range c.Counts {
				if x.Count < SmallCell || x.Key == "Ana Exemplar" || x.Kind == "name" || true_[m][x.Kind+" "+x.Key] != x.Count {
					t.Fatalf("%s tells %+v of %v", m, x, true_[m])
				}
			}
			list = append(list, *c)
		}
		sums, _ := Together(list, "2026-04")
		for _, s := range sums {
			want, n := int64(0), 0
			for _, m := range members {
				if v := true_[m][s.Kind+" "+s.Key]; v >= SmallCell {
					want, n = want+v, n+1
				}
			}
			if s.Count != want || s.Members != n || n < LeastMembers {
				t.Fatalf("%+v, want %d of %d", s, want, n)
			}
		}
	})
}

func TestWhatAContributionMayNotBe(t *testing.T) {
	g := experts("A", "B", "C")
	g.Members[1].Contributes = []string{"route"}
	now := time.Date(2026, 4, 15, 0, 0, 0, 0, time.UTC)
	if _, _, err := Contribute(g, "A", "2026-04", nil, now); !errors.Is(err, ErrGroup) {
		t.Error("a period that is not over:", err)
	}
	if _, _, err := Contribute(g, "Z", "2026-03", nil, now); !errors.Is(err, ErrGroup) {
		t.Error("a stranger contributes:", err)
	}
	if c, _, err := Contribute(g, "B", "2026-03", []Tally{{"route", "FR>DE/rail", 9}, {"typology", "fan_in", 9}}, now); err != nil || len(c.Counts) != 1 {
		t.Errorf("more than was agreed to: %v %+v", err, c)
	}
	for _, c := range []Contribution{
		{Group: "other", Member: "A", Period: "2026-03"},
		{Group: "g", Member: "Z", Period: "2026-03"},
		{Group: "g", Member: "A", Period: "yesterday"},
		{Group: "g", Member: "B", Period: "2026-03", Counts: []Tally{{"typology", "x", 9}}},
		{Group: "g", Member: "A", Period: "2026-03", Counts: []Tally{{"route", "x", 4}}},
		{Group: "g", Member: "A", Period: "2026-03", Counts: []Tally{{"route", "Ana Exemplar", 9}}},
		{Group: "g", Member: "A", Period: "2026-03", Counts: []Tally{{"route", "x", 9}, {"route", "x", 9}}},
	} {
		if err := c.Check(g); !errors.Is(err, ErrGroup) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// A way that doubled among many emerges; what stayed, what only one member saw, and what grew because a member came new, does not.
func TestWhatIsNewEmerges(t *testing.T) {
	g := experts("A", "B", "C", "D")
	var list []Contribution
	for i, m := range []string{"A", "B", "C"} {
		old := []Tally{{"route", "FR>DE/rail", 100}, {"route", "PL>DE/car", 40 + int64(i)}, {"route", "IT>FR/bus", 20}}
		now := []Tally{{"route", "FR>DE/rail", 104}, {"route", "PL>DE/car", 44}, {"route", "IT>FR/bus", 60}, {"route", "ES>FR/sea", 30}}
		if i == 0 {
			now = append(now, Tally{"route", "GR>IT/sea", 90}) // one member's alone
		}
		if i < 3 {
			now = append(now, Tally{"route", "LT>PL/car", 5}) // just passed the limit
		}
		list = append(list, Contribution{g.ID, m, "2026-02", old, time.Time{}}, Contribution{g.ID, m, "2026-03", now, time.Time{}})
	}
	list = append(list, Contribution{g.ID, "D", "2026-03", []Tally{{"route", "PL>DE/car", 5000}}, time.Time{}}) // new in the group
	var got []string
	for _, e := range Emerge(list, "2026-03") {
		got = append(got, fmt.Sprintf("%s %d>%d", e.Key, e.Before, e.Now))
		if p := e.Proposal("A", "2026-03", time.Time{}); p.Check() != nil {
			t.Error(p.Check())
		}
	}
	slices.Sort(got)
	if s := strings.Join(got, ", "); s != "ES>FR/sea 0>90, IT>FR/bus 60>180" {
		t.Error(s)
	}
	if Emerge(list[:4], "2026-03") != nil {
		t.Error("two members alone show each other's counts")
	}
}

// Where nothing changed but by chance, almost nothing emerges: at most one run in a hundred tells of something, with some room for chance.
func TestChanceDoesNotEmerge(t *testing.T) {
	told := 0
	const runs = 300
	for seed := range uint64(runs) {
		rng := newRand(seed)
		var list []Contribution
		for _, m := range []string{"A", "B", "C", "D", "E"} {
			for _, period := range []string{"2026-02", "2026-03"} {
				c := Contribution{Group: "g", Member: m, Period: period}
				for i := range 30 {
					n := int64(0)
					for range 60 * (i%5 + 1) { // binomial, near to Poisson
						if rng.Float64() < 0.2 {
							n++
						}
					}
					if n >= SmallCell {
						c.Counts = append(c.Counts, Tally{"typology", fmt.Sprint("t", i), n})
					}
				}
				list = append(list, c)
			}
		}
		if len(Emerge(list, "2026-03")) > 0 {
			told++
		}
	}
	if told > 9 {
		t.Errorf("%d of %d runs tell of what is chance", told, runs)
	}
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 7)) }
