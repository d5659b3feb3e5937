package node_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tarir/casework"
	"tarir/handling"
	"tarir/node"
	"tarir/store"
)

// BenchmarkCase opens and searches one large case: 100,000 entities, a million payments and 10,000 documents, or a share of that
// (TARIR_BENCH_CASE=0.1). The metrics of each are its p99.
func BenchmarkCase(b *testing.B) {
	share := 1.0
	if s := os.Getenv("TARIR_BENCH_CASE"); s != "" {
		var err error
		if share, err = strconv.ParseFloat(s, 64); err != nil {
			b.Fatal(err)
		}
	}
	n, ctx, w := alone(b, os.Getenv("TARIR_BENCH_DSN")), b.Context(), inform("ann")
	c, err := n.NewCase(ctx, w, "Large", nil)
	if err != nil {
		b.Fatal(err)
	}
	some := rand.New(rand.NewPCG(1, 1))
	word := func() string { return words1000[int(float64(len(words1000))*some.Float64()*some.Float64())] }
	fill := func(kind casework.EntryKind, many int, line func(i int) string) {
		r, wr := io.Pipe()
		go func() {
			out := bufio.NewWriter(wr)
			for i := range int(float64(many) * share) {
				fmt.Fprintln(out, line(i))
			}
			_ = wr.CloseWithError(out.Flush()) // the other end tells
		}()
		began := time.Now()
		got, err := n.ImportIntoCase(ctx, w, c.ID, kind, r)
		if err != nil || len(got.Rejected) > 0 {
			b.Fatal(err, got)
		}
		b.Logf("%d of kind %s in %v", got.New, kind, time.Since(began).Round(time.Millisecond))
	}
	fill(casework.EntityEntry, 100_000, func(i int) string {
		return fmt.Sprintf(`{"id":"p%d","schema":"Person","properties":{"name":["%s %s"],"phone":["+336%08d"],"address":["%d %s street, %s"]}}`, i, word(), word(), i, some.IntN(200), word(), word())
	})
	fill(casework.PaymentEntry, 1_000_000, func(i int) string {
		return fmt.Sprintf(`{"reference":"W%d","time":"%s","from":"BANKAAXX/%d","to":"BANKBBXX/%d","amount":"%d.00","currency":"EUR","from_name":"%s %s","purpose":"%s"}`,
			i, time.Date(2025, 1, 1, 0, 0, i*30, 0, time.UTC).Format(time.RFC3339), some.IntN(200_000), some.IntN(200_000), 1+some.IntN(5000), word(), word(), word())
	})
	began := time.Now()
	doc := filepath.Join(b.TempDir(), "document")
	for i := range int(10_000 * share) {
		if err := os.WriteFile(doc, fmt.Appendf(nil, "%d %s", i, strings.Repeat(word()+" ", 1500)), 0o600); err != nil {
			b.Fatal(err)
		}
		if _, err := n.AddDocument(ctx, w, c.ID, node.File{Path: doc, Name: fmt.Sprint("statement ", i, ".txt")}, casework.Document{Text: word() + " " + word()}); err != nil {
			b.Fatal(err)
		}
	}
	b.Logf("documents of 10 KB in %v", time.Since(began).Round(time.Millisecond))
	measure := func(name string, do func(i int) error) {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			for i := 0; b.Loop(); i++ {
				began := time.Now()
				if err := do(i); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
			b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "worst-ms")
		})
	}
	search := func(q string) error {
		_, err := n.SearchCase(ctx, w, c.ID, q, 50)
		return err
	}
	measure("open", func(int) error { _, err := n.Case(ctx, w, c.ID); return err })
	measure("timeline", func(i int) error {
		_, err := n.Timeline(ctx, w, c.ID, time.Time{}, time.Date(2025, 1, 1+i%300, 0, 0, 0, 0, time.UTC), 100)
		return err
	})
	measure("search/name", func(int) error { return search(word() + " " + word()) })
	measure("search/beginning", func(int) error { return search(word() + " " + word()[:3]) })
	measure("search/account", func(int) error { return search(fmt.Sprintf("account:BANKAAXX/%d", some.IntN(200_000))) })
	measure("search/common", func(int) error { return search("bankaaxx bankbbxx") })
	measure("search/common-and-rare", func(i int) error { return search(fmt.Sprintf("bankaaxx w%d", i)) })
	measure("search/nothing", func(int) error { return search("bankaaxx statement") })
	b.Run("export", func(b *testing.B) {
		most, stop, done := uint64(0), make(chan bool), make(chan bool)
		go func() {
			defer close(done)
			for {
				select {
				case <-stop:
					return
				case <-time.After(50 * time.Millisecond):
					var m runtime.MemStats
					runtime.ReadMemStats(&m)
					most = max(most, m.HeapInuse)
				}
			}
		}()
		// Once, however often the others are asked: it takes long.
		for range 1 {
			path := filepath.Join(b.TempDir(), "case.zip")
			began := time.Now()
			if _, err := n.ExportCase(ctx, w, c.ID, path); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(time.Since(began).Seconds(), "s-one")
			info, err := os.Stat(path)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(info.Size())/1e6, "MB")
		}
		close(stop)
		<-done
		b.ReportMetric(float64(most)/1e6, "most-heap-MB")
	})
}

// words1000 are made of syllables, for names and purposes.
var words1000 = func() (out []string) {
	some := rand.New(rand.NewPCG(7, 7))
	for range 5000 {
		s := ""
		for range 2 + some.IntN(2) {
			s += string("bcdfghjklmnprstvz"[some.IntN(17)]) + string("aeiou"[some.IntN(5)])
		}
		out = append(out, s)
	}
	return out
}()

// BenchmarkLinks proposes links of a new case with 100 selectors to a million others that have five each, some of them common.
func BenchmarkLinks(b *testing.B) {
	w := newWorld(b, nil, nil)
	ctx := b.Context()
	w.nodes["GS"].stop()
	s, err := store.Open(ctx, filepath.Join(w.dir, "GS", "tarir.db"))
	if err != nil {
		b.Fatal(err)
	}
	some := rand.New(rand.NewPCG(1, 1))
	label, _ := json.Marshal(handling.Label{Owners: []string{"GS"}, Purpose: handling.Inform, Recorded: w.clock.now(), Until: w.clock.now().AddDate(5, 0, 0)})
	const cases = 1_000_000
	began := time.Now()
	for from := 0; from < cases; from += 10_000 {
		err := s.Write(ctx, func(tx *store.Tx) error {
			for i := from; i < from+10_000; i++ {
				c := casework.Case{ID: fmt.Sprint("c", i), Num: int64(i + 1), Title: "other", Owner: "GS", State: casework.CaseOpen, Seats: map[string]casework.Seat{"bob": casework.Leads}}
				text, _ := json.Marshal(c)
				if err := tx.Put(&store.Item{Kind: "case", ID: c.ID, Owner: "GS", State: "open", Recorded: w.clock.now(), Changed: w.clock.now(), Label: label, Body: text}); err != nil {
					return err
				}
				var sel []string
				for range 4 {
					sel = append(sel, fmt.Sprintf("phone:+336%08d", some.IntN(2_000_000)))
				}
				if err := tx.AddSelectors("case", c.ID, append(sel, fmt.Sprintf("address:taxi%d", some.IntN(10)))); err != nil {
					return err
				}
			}
			return tx.Set("case", fmt.Sprint(cases+1))
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	b.Logf("%d cases in %v", cases, time.Since(began).Round(time.Second))
	w.start("GS")
	n := w.nodes["GS"].Node
	c, err := n.NewCase(ctx, inform("ann"), "New", nil)
	if err != nil {
		b.Fatal(err)
	}
	var list []node.NewEntry
	for i := range 100 {
		list = append(list, text(casework.EntityEntry, fmt.Sprintf(`{"id":"p%d","schema":"Person","properties":{"name":["N"],"phone":["+336%08d"]}}`, i, some.IntN(2_000_000))))
	}
	if _, err := n.AddToCase(ctx, inform("ann"), c.ID, list); err != nil {
		b.Fatal(err)
	}
	var took []time.Duration
	found := 0
	for b.Loop() {
		began := time.Now()
		l, err := n.CaseLinks(ctx, inform("ann"), c.ID)
		if err != nil {
			b.Fatal(err)
		}
		found = len(l.Links)
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(found), "links")
}

// BenchmarkCountOperation counts an operation of 196 participants with a day of a million checks, told by each every five minutes, and 5,000 records of other kinds.
func BenchmarkCountOperation(b *testing.B) {
	n, ctx, w := alone(b, ""), b.Context(), inform("ann")
	from := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	o, err := n.PlanOperation(ctx, w, casework.Operation{Title: "Large", From: from, To: from.AddDate(0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	for _, s := range []casework.OperationState{casework.PreOperational, casework.Live} {
		if _, err := n.StepOperation(ctx, w, o.ID, s); err != nil {
			b.Fatal(err)
		}
	}
	var list []casework.Report
	for m := range 196 {
		for k := range 288 {
			list = append(list, casework.Report{
				Measure: "checks", Record: fmt.Sprintf("checks/%d/%d", m, k), At: from.Add(time.Duration(k) * 5 * time.Minute), Number: 18, Tags: map[string]string{"database": "documents"},
			})
		}
	}
	for i := range 5000 {
		list = append(list, casework.Report{Measure: "arrests", Record: fmt.Sprint("arrest/", i), At: from, Tags: map[string]string{"offence": "SOM"}})
	}
	for chunk := range slices.Chunk(list, 5000) {
		if _, err := n.ReportOperation(ctx, w, o.ID, chunk); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		c, err := n.CountOperation(ctx, w, o.ID, from.AddDate(0, 0, 2))
		if err != nil || c.Figures["checks"].Number != 196*288*18 || c.Figures["arrests"].Number != 5000 {
			b.Fatal(err, c)
		}
	}
}

// BenchmarkLive is how long it takes from a participant's report to its line in the owner's feed, and to the owner's counts, where 60,000 reports are there
// already. The metrics are p99.
func BenchmarkLive(b *testing.B) {
	w := newWorld(b, map[string]handling.Kind{"NCB-AA": handling.Bureau}, nil)
	ctx, gs, aa := b.Context(), w.nodes["GS"].Node, w.nodes["NCB-AA"].Node
	from := time.Now()
	o, err := gs.PlanOperation(ctx, inform("ann"), casework.Operation{Title: "Live", From: from, To: from.AddDate(0, 0, 4), Participants: []casework.Participant{{Member: "NCB-AA"}}})
	if err != nil {
		b.Fatal(err)
	}
	for _, s := range []casework.OperationState{casework.PreOperational, casework.Live} {
		if _, err := gs.StepOperation(ctx, inform("ann"), o.ID, s); err != nil {
			b.Fatal(err)
		}
	}
	w.until("the participant knows that it is live", func() bool { return w.state("NCB-AA", "operation", o.ID) == "live" })
	var list []casework.Report
	for i := range 60_000 {
		list = append(list, casework.Report{Measure: "checks", Record: fmt.Sprint("checks/", i), Number: 17, At: from, Tags: map[string]string{"database": "documents"}})
	}
	for chunk := range slices.Chunk(list, 5000) {
		if _, err := gs.ReportOperation(ctx, inform("ann"), o.ID, chunk); err != nil {
			b.Fatal(err)
		}
	}
	last := int64(0)
	feed := func() (found string) {
		for {
			lines, err := gs.OperationFeed(ctx, inform("ann"), o.ID, last, 1000)
			if err != nil {
				b.Fatal(err)
			}
			if len(lines) == 0 {
				return found
			}
			for _, l := range lines {
				last, found = l.Seq, l.Record
			}
		}
	}
	feed()
	var told, counted []float64
	for i := 0; b.Loop(); i++ {
		record := fmt.Sprint("arrest/", i)
		began := time.Now()
		if _, err := aa.ReportOperation(ctx, inform("ann"), o.ID, []casework.Report{{Measure: "arrests", Record: record, At: from, Tags: map[string]string{"offence": "THB"}}}); err != nil {
			b.Fatal(err)
		}
		for feed() != record {
			time.Sleep(time.Millisecond)
		}
		told = append(told, float64(time.Since(began).Microseconds())/1000)
		got, err := gs.CountOperation(ctx, inform("ann"), o.ID, time.Now())
		if err != nil || got.Figures["arrests"].Number != int64(i+1) {
			b.Fatal(err)
		}
		counted = append(counted, float64(time.Since(began).Microseconds())/1000)
	}
	for name, list := range map[string][]float64{"feed-p99-ms": told, "count-p99-ms": counted} {
		slices.Sort(list)
		b.ReportMetric(list[(len(list)*99)/100], name)
	}
}
