package casework

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func operation() Operation {
	return Operation{
		ID: "op1", Title: "Andes", Owner: "GS", Purpose: "inform", LegalBasis: "RPD 10", From: now, To: now.AddDate(0, 0, 4), State: Planned,
		Participants: []Participant{{Member: "NCB-AA"}, {Member: "NCB-BB"}},
	}
}

func TestTheLifeOfAnOperation(t *testing.T) {
	o := operation()
	step := func(to OperationState, why string) error {
		return o.Step(OperationStep{To: to, Person: "sec", At: now, Why: why})
	}
	if err := step(Live, ""); !errors.Is(err, ErrOperation) {
		t.Error("an operation went live without preparation:", err)
	}
	for _, s := range []OperationState{PreOperational, Live, Closing} {
		if err := step(s, ""); err != nil {
			t.Fatal(s, err)
		}
	}
	if err := step(Live, ""); !errors.Is(err, ErrOperation) {
		t.Error("it went back without a reason:", err)
	}
	if err := step(Live, "a count was missing"); err != nil {
		t.Error(err)
	}
	_ = step(Closing, "")
	if err := step(FollowUp, ""); !errors.Is(err, ErrOperation) {
		t.Error("the counts were closed although participants did not agree:", err)
	}
	for i := range o.Participants {
		o.Participants[i].Agreed = true
	}
	if err := step(FollowUp, ""); err != nil {
		t.Error(err)
	}
	if err := step(OperationOver, ""); err != nil || o.State != OperationOver {
		t.Error(err)
	}
	if d := o.FollowUps(); d[2].Sub(o.To) < 364*24*time.Hour {
		t.Error(d)
	}
}

func TestAReportIsAboutARecord(t *testing.T) {
	ok := Report{Measure: "arrests", Record: "arrest/1", Member: "NCB-AA", At: now, Tags: map[string]string{"offence": "THB", "phase": "during"}}
	if err := ok.Check(); err != nil {
		t.Fatal(err)
	}
	for name, broken := range map[string]func(*Report){
		"nothing counted": func(r *Report) { r.Measure = "glory" }, "no record": func(r *Report) { r.Record = "" }, "many in one": func(r *Report) { r.Number = 31 },
		"another word": func(r *Report) { r.Tags["offence"] = "being there" }, "another tag": func(r *Report) { r.Tags = map[string]string{"religion": "x"} },
		"nationality of those arrested": func(r *Report) { r.Tags = map[string]string{"nationality": "xx"} }, "money": func(r *Report) { r.Amount = "1" },
	} {
		r := ok
		r.Tags = map[string]string{"offence": "THB"}
		broken(&r)
		if err := r.Check(); !errors.Is(err, ErrOperation) {
			t.Errorf("%s: %v", name, err)
		}
	}
	batch := Report{Measure: "checks", Record: "checks/2026-03-01/documents", Member: "NCB-AA", At: now, Number: 44_000, Tags: map[string]string{"database": "documents"}}
	if err := batch.Check(); err != nil {
		t.Error(err)
	}
}

func TestWhatTwoMembersReportCountsOnce(t *testing.T) {
	later := now.Add(time.Hour)
	list := []Report{
		{Measure: "arrests", Record: "arrest/1", Member: "NCB-AA", At: now, Tags: map[string]string{"offence": "THB"}},
		{Measure: "arrests", Record: "arrest/1", Member: "NCB-BB", At: later, Tags: map[string]string{"offence": "SOM"}},
		{Measure: "arrests", Record: "arrest/2", Member: "NCB-BB", At: now},
		{Measure: "money", Record: "asset/1", Member: "NCB-AA", At: now, Amount: "1000.00", Currency: "USD", Tags: map[string]string{"state": "found"}},
		{Measure: "money", Record: "asset/1", Member: "NCB-BB", At: later, Amount: "600.00", Currency: "USD", Tags: map[string]string{"state": "frozen"}},
	}
	got, differ := Count(list, later)
	a, m := got["arrests"], got["money"]
	if a.Number != 2 || !slices.Equal(a.Records, []string{"arrest/1", "arrest/2"}) || a.By["offence"]["SOM"] != 1 || a.By["offence"]["THB"] != 0 {
		t.Errorf("%+v", a)
	}
	if m.Money["USD"] != "600.00" || m.ByState["found"] != nil || m.ByState["frozen"]["USD"] != "600.00" {
		t.Errorf("found and frozen of one asset were added: %+v", m)
	}
	if len(differ) != 2 || differ[0].What != "offence" || differ[1].What != "amount" {
		t.Errorf("%+v", differ)
	}
	if got, _ := Count(list, now); got["money"].ByState["found"]["USD"] != "1000.00" || got["arrests"].By["offence"]["THB"] != 1 {
		t.Errorf("as of an earlier day: %+v", got["money"])
	}
}

// The counts depend neither on the order in which reports came nor on how often each came, and every number is that of its records.
func TestCountsDependOnTheRecordsAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var list []Report
		for range rapid.IntRange(0, 40).Draw(t, "reports") {
			r := Report{
				Measure: rapid.SampledFrom([]string{"arrests", "victims", "checks", "money"}).Draw(t, "measure"), Record: fmt.Sprint("r/", rapid.IntRange(1, 8).Draw(t, "record")),
				Member: rapid.SampledFrom([]string{"A", "B", "C"}).Draw(t, "member"), At: now.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "hour")) * time.Hour),
			}
			switch r.Measure {
			case "checks":
				r.Number = int64(rapid.IntRange(0, 1000).Draw(t, "number"))
			case "money":
				r.Amount, r.Currency = fmt.Sprint(rapid.IntRange(1, 1000).Draw(t, "amount")), "USD"
				r.Tags = map[string]string{"state": rapid.SampledFrom([]string{"found", "frozen", "confiscated"}).Draw(t, "state")}
			default:
				r.Tags = map[string]string{"sex": rapid.SampledFrom(sexes).Draw(t, "sex")}
			}
			if err := r.Check(); err != nil {
				t.Fatal(err)
			}
			list = append(list, r)
		}
		until := now.Add(2 * time.Hour)
		figures, differ := Count(list, until)
		again := append(slices.Clone(list), list...)
		rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)).Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
		figures2, differ2 := Count(again, until)
		a, _ := json.Marshal(figures)
		b, _ := json.Marshal(figures2)
		if string(a) != string(b) || !reflect.DeepEqual(differ, differ2) {
			t.Fatalf("in another order:\n%s\n%s", a, b)
		}
		for _, f := range figures {
			if !slices.IsSorted(f.Records) || len(slices.Compact(slices.Clone(f.Records))) != len(f.Records) || f.Measure != "checks" && f.Number != int64(len(f.Records)) {
				t.Fatalf("%+v", f)
			}
			for tag, by := range f.By {
				n := int64(0)
				for _, x := range by {
					n += x
				}
				if n > f.Number {
					t.Fatalf("more by %s than there are: %+v", tag, f)
				}
			}
		}
	})
}

func TestOperationsOfThePastAreReplayedToTheirPublicFigures(t *testing.T) {
	names, err := Presets()
	if err != nil || len(names) < 7 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		p, reports, err := PresetOf(name)
		if err != nil {
			t.Fatal(err)
		}
		o := Operation{ID: name, Title: p.Title, Owner: "GS", Purpose: "strategic", LegalBasis: "public figures", From: p.From, To: p.To}
		if err := o.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for i := range reports {
			reports[i].Member = "GS"
			if err := reports[i].Check(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	_, reports, _ := PresetOf("andes")
	for i := range reports {
		reports[i].Member = "GS"
	}
	count := func(day string) map[string]*Figure {
		at, _ := time.Parse(time.DateOnly, day)
		f, _ := Count(reports, at)
		return f
	}
	then, later := count("2018-11-30"), count("2019-09-10")
	if then["arrests"].Number != 49 || then["organisations"] != nil || then["checks"].Number != 44_000 || then["money"].ByState["found"]["USD"] != "2000000" {
		t.Errorf("on the last day: %+v", then["arrests"])
	}
	if later["arrests"].Number != 103 || later["organisations"].Number != 13 || later["investigations"].By["kind"]["follow_up"] != 30 || later["victims"].Number != 30 {
		t.Errorf("in September 2019: %+v", later["arrests"])
	}
	if _, _, err := PresetOf("nothing"); !errors.Is(err, ErrPreset) {
		t.Error(err)
	}
}

// Midnight is at one instant: whatever the offset of the clock that told a record, it belongs to one day, and the days add up to the whole.
func TestADayEndsOnceInEveryTimeZone(t *testing.T) {
	zones := []int{-12 * 60, -11*60 - 30, -5 * 60, 0, 5*60 + 45, 12*60 + 45, 14 * 60}
	rapid.Check(t, func(t *rapid.T) {
		base := time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC)
		var list []Report
		for i := range rapid.IntRange(1, 20).Draw(t, "reports") {
			offset := rapid.SampledFrom(zones).Draw(t, "offset")
			// Around a midnight, of UTC or of the clock's own place.
			at := base.AddDate(0, 0, rapid.IntRange(0, 4).Draw(t, "day")).Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, "ns")))
			if rapid.Bool().Draw(t, "own midnight") {
				at = at.Add(-time.Duration(offset) * time.Minute)
			}
			list = append(list, Report{Measure: "arrests", Record: fmt.Sprint("arrest/", i), Member: "A", At: at.In(time.FixedZone("", offset*60)), Tags: map[string]string{"offence": "THB"}})
		}
		total, before := int64(0), map[string]bool{}
		for d := -2; d <= 8; d++ {
			end := base.AddDate(0, 0, d+1).Add(-time.Nanosecond) // as count --at says it
			figures, _ := Count(list, end)
			f := figures["arrests"]
			if f == nil {
				continue
			}
			for _, r := range f.Records {
				if !before[r] {
					before[r] = true
					total++
					i, _ := strconv.Atoi(strings.TrimPrefix(r, "arrest/"))
					if day := list[i].At.UTC().Format(time.DateOnly); day != base.AddDate(0, 0, d).Format(time.DateOnly) {
						t.Fatalf("%s at %v counts on %s", r, list[i].At, base.AddDate(0, 0, d).Format(time.DateOnly))
					}
				}
			}
			if f.Number != int64(len(before)) {
				t.Fatalf("a record went away: %d, %d", f.Number, len(before))
			}
		}
		if total != int64(len(list)) {
			t.Fatalf("%d of %d records have a day", total, len(list))
		}
	})
}
