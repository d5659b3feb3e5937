// Package intaketest reads texts with one reader and gives back everything that came of it, for the tests of readers.
package intaketest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"tarir/entity"
	"tarir/intake"
	"tarir/journey"
	"tarir/money/ledger"
	"tarir/online"
)

// Result is what came of one input.
type Result struct {
	Payments   []ledger.Payment
	Entities   []*entity.Entity
	Adverts    []*online.Advert
	Journeys   []*journey.Journey
	Rejections []intake.Rejection
	Count      intake.Count
	Err        error // why reading stopped before the end
}

// Payment keeps a copy; like the ledger it refuses what Check refuses.
func (r *Result) Payment(p *ledger.Payment) (bool, error) {
	if err := p.Check(); err != nil {
		return false, ledger.Refusal{Reason: err.Error()}
	}
	r.Payments = append(r.Payments, *p)
	return false, nil
}

// Entity keeps e.
func (r *Result) Entity(e *entity.Entity) error {
	r.Entities = append(r.Entities, e)
	return nil
}

// Advert keeps a.
func (r *Result) Advert(a *online.Advert) (bool, error) {
	r.Adverts = append(r.Adverts, a)
	return false, nil
}

// Journey keeps j.
func (r *Result) Journey(j *journey.Journey) (bool, error) {
	r.Journeys = append(r.Journeys, j)
	return false, nil
}

// Open writes data into a file of the test's own folder and opens it as an input.
func Open(tb testing.TB, name string, data []byte) (*intake.Input, *intake.Text) {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		tb.Fatal(err)
	}
	ins, err := intake.Find([]string{path}, nil)
	if err != nil {
		tb.Fatal(err)
	}
	text, err := ins[0].Open(context.Background(), nil)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { text.Close() })
	return ins[0], text
}

// Read recognises data among formats and reads it. It fails the test where the format is not recognised.
func Read(tb testing.TB, formats []*intake.Format, name, data string) *Result {
	tb.Helper()
	in, text := Open(tb, name, []byte(data))
	f, err := intake.Recognise(formats, in.Name, text.Head())
	if err != nil {
		tb.Fatalf("recognise %s: %v", name, err)
	}
	r := &Result{}
	r.Count, r.Err = intake.Read(context.Background(), f, in, text, r, func(x intake.Rejection) error {
		r.Rejections = append(r.Rejections, x)
		return nil
	})
	if r.Count.Read != r.Count.Accepted+r.Count.Rejected {
		tb.Errorf("%s: %d read, but %d accepted and %d rejected", name, r.Count.Read, r.Count.Accepted, r.Count.Rejected)
	}
	return r
}

// Fuzz runs one reader over mutations of the seeds. Whatever the bytes: no panic, no endless loop, and every record
// that was read is either accepted or rejected with a reason.
func Fuzz(f *testing.F, format *intake.Format, seeds ...string) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := &Result{}
		text, err := intake.Decode(bytes.NewReader(data))
		if err != nil || !format.Sniff(text.Head()) {
			return
		}
		r.Count, r.Err = intake.Read(context.Background(), format, &intake.Input{Name: "fuzz"}, text, r, func(x intake.Rejection) error {
			if x.Reason == "" {
				t.Errorf("record %d was rejected without a reason", x.Record)
			}
			r.Rejections = append(r.Rejections, x)
			return nil
		})
		c := r.Count
		if c.Read != c.Accepted+c.Rejected || int64(len(r.Rejections)) != c.Rejected {
			t.Errorf("%d read, but %d accepted and %d rejected (%d of them told)", c.Read, c.Accepted, c.Rejected, len(r.Rejections))
		}
	})
}

// Golden compares what came of an input with the file testdata/NAME.golden beside the test, or writes the file when
// update is true.
func Golden(t *testing.T, update bool, name string, r *Result) {
	t.Helper()
	got := Describe(r)
	path := filepath.Join("testdata", name+".golden")
	if update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run go test with -update to write it, and look at it", err)
	}
	if got != string(want) {
		t.Errorf("%s reads otherwise than its golden file says (-update rewrites it).\ngot:\n%s\nwant:\n%s", name, got, want)
	}
}

// Describe writes a result for a person to check: the account, then a payment, entity or rejection a line.
func Describe(r *Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "read %d, accepted %d, rejected %d\n", r.Count.Read, r.Count.Accepted, r.Count.Rejected)
	for _, n := range r.Count.Notes {
		fmt.Fprintf(&b, "note: %s\n", n)
	}
	if r.Err != nil {
		fmt.Fprintf(&b, "stopped: %v\n", r.Err)
	}
	for i := range r.Payments {
		p := &r.Payments[i]
		at := p.Time().Format("2006-01-02T15:04:05Z07:00")
		if p.DateOnly {
			at = p.Time().Format("2006-01-02")
		}
		fmt.Fprintf(&b, "payment line %d: %s %s %s -> %s %s", p.Line, p.Status, at, side(p.From, p.FromName), side(p.To, p.ToName), p.Paid)
		if p.Received.Currency != "" {
			fmt.Fprintf(&b, " received %s", p.Received)
		}
		for _, f := range [][2]string{{"channel", p.Channel.String()}, {"ref", p.Ref}, {"key", p.Key}, {"mcc", p.MCC}, {"purpose", p.Purpose}, {"place", p.Place}, {"device", p.Device}, {"extra", p.Extra}} {
			if f[1] != "" {
				fmt.Fprintf(&b, " %s=%q", f[0], f[1])
			}
		}
		b.WriteByte('\n')
	}
	for _, e := range r.Entities {
		j, err := json.Marshal(e)
		if err != nil {
			j = []byte(err.Error())
		}
		fmt.Fprintf(&b, "entity %s\n", j)
	}
	for _, a := range r.Adverts {
		x := *a
		x.Extra = nil
		fmt.Fprintf(&b, "advert %+v extra %s\n", x, a.Extra)
	}
	for _, j := range r.Journeys {
		fmt.Fprintf(&b, "journey %+v\n", *j)
	}
	for _, x := range r.Rejections {
		fmt.Fprintf(&b, "rejected line %d: %s\n", x.Line, x.Reason)
	}
	return b.String()
}

func side(a ledger.Account, name string) string {
	s := a.String()
	if s == "" {
		s = "outside"
	}
	if name != "" {
		s += " (" + name + ")"
	}
	return s
}

// Bench measures the reading of head, n times one record, and tail, recognised among formats, without the ledger. %d in
// the record, if it is there, is its number.
func Bench(b *testing.B, formats []*intake.Format, name, head, record, tail string, n int) {
	var text strings.Builder
	text.WriteString(head)
	for i := range n {
		text.WriteString(strings.ReplaceAll(record, "%d", strconv.Itoa(i)))
	}
	text.WriteString(tail)
	in, t := Open(b, name, []byte(text.String()))
	f, err := intake.Recognise(formats, in.Name, t.Head())
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		t, err := in.Open(b.Context(), nil)
		if err != nil {
			b.Fatal(err)
		}
		c, err := intake.Read(b.Context(), f, in, t, Discard{}, func(r intake.Rejection) error { return errors.New(r.Reason) })
		if err != nil || c.Accepted < int64(n) {
			b.Fatalf("%d of %d records accepted, %v", c.Accepted, n, err)
		}
		t.Close()
	}
	b.ReportMetric(float64(b.N)*float64(n)/b.Elapsed().Seconds(), "records/s")
}

// Discard is a store that keeps nothing, for benchmarks.
type Discard struct{}

// Payment forgets p.
func (Discard) Payment(*ledger.Payment) (bool, error) { return false, nil }

// Entity forgets e.
func (Discard) Entity(*entity.Entity) error { return nil }

// Advert forgets a.
func (Discard) Advert(*online.Advert) (bool, error) { return false, nil }

// Journey forgets j.
func (Discard) Journey(*journey.Journey) (bool, error) { return false, nil }
