package match_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"tarir/match"
	"tarir/name"
)

func open(t testing.TB, records ...match.Record) *match.Index {
	t.Helper()
	x, err := match.Open(t.TempDir(), true, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	seq := func(yield func(match.Record, error) bool) {
		for _, r := range records {
			if !yield(r, nil) {
				return
			}
		}
	}
	if _, err := x.Update(context.Background(), match.Source{Name: "test", Whole: true}, seq); err != nil {
		t.Fatal(err)
	}
	return x
}

// The index looks at few of the names that are there. What it must not do is overlook one that scoring every name would have found.
func TestTheIndexFindsWhatScoringEveryNameFinds(t *testing.T) {
	p := newPeople(5)
	var records []match.Record
	for range 5000 {
		records = append(records, p.record())
	}
	x := open(t, records...)
	parsed := make([]*name.Name, len(records))
	for i, r := range records {
		parsed[i] = name.Parse(r.Names[0], name.KindOf(r.Schema))
	}
	r := rand.New(rand.NewPCG(1, 1))
	should, found, logged := 0, 0, 0
	for range 150 {
		at := r.IntN(len(records))
		ask := &match.Ask{Schema: records[at].Schema, Names: []string{slip(r, records[at].Names[0])}}
		n := name.Parse(ask.Names[0], name.KindOf(ask.Schema))
		got, err := x.Find(context.Background(), ask, match.Options{Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		have := map[string]bool{}
		for _, h := range got.Hits {
			have[h.Record.ID] = true
		}
		for i := range records {
			if records[i].Schema != ask.Schema || len(got.Hits) >= 40 {
				continue
			}
			if s := name.Score(n, parsed[i]); s >= 0.75 {
				should++
				if have[records[i].ID] {
					found++
				} else if logged++; logged < 40 {
					t.Logf("%s is not found by %s: %.2f", records[i].Names[0], ask.Names[0], s)
				}
			}
		}
	}
	t.Logf("%d of %d found", found, should)
	if float64(found) < 0.95*float64(should) {
		t.Error("the index overlooks too much")
	}
}
