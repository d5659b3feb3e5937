package audit_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"tarir/audit"
	"tarir/logbook"
)

var ctx = context.Background()

func keys(t testing.TB) (note.Signer, note.Verifier) {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, "bureau")
	if err != nil {
		t.Fatal(err)
	}
	s, err1 := note.NewSigner(skey)
	v, err2 := note.NewVerifier(vkey)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	return s, v
}

func open(t testing.TB, dir string, s note.Signer) *audit.Log {
	t.Helper()
	clock := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	l, err := audit.Open(dir, audit.Options{Member: "bureau", Signer: s, Secret: []byte("0123456789abcdef"), Now: func() time.Time { clock = clock.Add(time.Second); return clock }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func query(l *audit.Log, person, about string) audit.Entry {
	return audit.Entry{Person: person, Member: "bureau", Action: audit.Query, Purpose: "locate", LegalBasis: "art. 5", Kind: "phone", Mark: l.Mark(about), Result: "no hit"}
}

func TestNothingIsDoneWithoutPurposeAndLegalBasis(t *testing.T) {
	s, _ := keys(t)
	l := open(t, t.TempDir(), s)
	for name, e := range map[string]audit.Entry{
		"no action":      {Person: "p", Member: "m"},
		"nobody":         {Member: "m", Action: audit.Login},
		"no member":      {Person: "p", Action: audit.Login},
		"no purpose":     {Person: "p", Member: "m", Action: audit.Query, LegalBasis: "art. 5"},
		"no legal basis": {Person: "p", Member: "m", Action: audit.Export, Purpose: "locate", LegalBasis: " "},
	} {
		if _, err := l.Record(e); !errors.Is(err, audit.ErrEntry) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if l.Size() != 0 {
		t.Errorf("%d entries", l.Size())
	}
	if n, err := l.Record(audit.Entry{Person: "p", Member: "m", Action: audit.Login}); err != nil || n != 0 {
		t.Error(n, err)
	}
}

func TestTheLogHoldsNoContentAndFindsWhatWasAskedAbout(t *testing.T) {
	s, v := keys(t)
	dir := t.TempDir()
	l := open(t, dir, s)
	for _, about := range []string{"+33612345678", "+33611111111", "+33612345678"} {
		if _, err := l.Record(query(l, "officer-7", about)); err != nil {
			t.Fatal(err)
		}
	}
	var found []int64
	err := l.Each(ctx, audit.Filter{Mark: l.Mark("+33612345678")}, func(n int64, e *audit.Entry) error { found = append(found, n); return nil })
	if err != nil || len(found) != 2 || found[1] != 2 {
		t.Errorf("%v %v", found, err)
	}
	count := 0
	err = l.Each(ctx, audit.Filter{From: time.Date(2026, 1, 2, 3, 4, 7, 0, time.UTC), To: time.Date(2026, 1, 2, 3, 4, 8, 0, time.UTC), Person: "officer-7", Action: audit.Query}, func(int64, *audit.Entry) error { count++; return nil })
	if err != nil || count != 1 {
		t.Errorf("%d entries within a second, %v", count, err)
	}
	if _, err := l.Verify(ctx, []note.Verifier{v}); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "log", "*"))
	if err != nil || len(files) != 4 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		if b, err := os.ReadFile(f); err != nil || bytes.Contains(b, []byte("3361")) {
			t.Errorf("%s holds the number that was asked about (%v)", f, err)
		}
	}
}

// TestAnExportIsCheckedWithoutTheLog: by somebody who holds the member's key and nothing else.
func TestAnExportIsCheckedWithoutTheLog(t *testing.T) {
	s, v := keys(t)
	_, stranger := keys(t)
	l := open(t, t.TempDir(), s)
	for _, p := range []string{"a", "b", "a", "c", "a"} {
		if _, err := l.Record(query(l, p, "x")); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := l.Export(ctx, &b, audit.Filter{Person: "a"}); err != nil {
		t.Fatal(err)
	}
	if n, err := audit.CheckExport(strings.NewReader(b.String()), "bureau", v); err != nil || n != 3 {
		t.Fatal(n, err)
	}
	if _, err := audit.CheckExport(strings.NewReader(b.String()), "bureau", stranger); !errors.Is(err, logbook.ErrCheckpoint) {
		t.Errorf("with another's key: %v", err)
	}
	if _, err := audit.CheckExport(strings.NewReader(b.String()), "other", v); !errors.Is(err, logbook.ErrCheckpoint) {
		t.Errorf("as another's log: %v", err)
	}
	changed := strings.Replace(b.String(), `"no hit"`, `"hit"`, 1)
	if _, err := audit.CheckExport(strings.NewReader(changed), "bureau", v); err == nil || !strings.Contains(err.Error(), "entry 0 was changed") {
		t.Errorf("changed: %v", err)
	}
}

func TestALogWrittenAnewIsSeenByItsOwnAndByOthersCheckpoints(t *testing.T) {
	s, v := keys(t)
	dir := t.TempDir()
	l := open(t, dir, s)
	if _, err := l.Record(query(l, "a", "x")); err != nil {
		t.Fatal(err)
	}
	msg, _, err := l.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	// Somebody who holds the node's disk and its key writes another history and removes the checkpoints.
	if err := os.RemoveAll(filepath.Join(dir, "log")); err != nil {
		t.Fatal(err)
	}
	l = open(t, dir, s)
	if _, err := l.Record(query(l, "b", "x")); err != nil {
		t.Fatal(err)
	}
	var d *logbook.Damage
	if _, err := l.Verify(ctx, []note.Verifier{v}); !errors.As(err, &d) {
		t.Errorf("its own checkpoint says nothing: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, "checkpoints")); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Verify(ctx, []note.Verifier{v}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Verify(ctx, []note.Verifier{v}, msg); !errors.As(err, &d) {
		t.Errorf("the checkpoint that another kept says nothing: %v", err)
	}
}

func TestAWitnessSeesTwoHistories(t *testing.T) {
	s, v := keys(t)
	l, other, witness := open(t, t.TempDir(), s), open(t, t.TempDir(), s), open(t, t.TempDir(), s)
	record := func(l *audit.Log, persons ...string) []byte {
		for _, p := range persons {
			if _, err := l.Record(query(l, p, "x")); err != nil {
				t.Fatal(err)
			}
		}
		msg, _, err := l.Checkpoint()
		if err != nil {
			t.Fatal(err)
		}
		return msg
	}
	one := record(l, "a")
	three := record(l, "b", "c")
	growth, err := l.ProveGrowth(3, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := witness.Witness("bureau", []note.Verifier{v}, one, 0, nil); err != nil {
		t.Fatal(err)
	}
	var gap *audit.Gap
	if err := witness.Witness("bureau", []note.Verifier{v}, three, 0, nil); !errors.As(err, &gap) || gap.Kept != 1 {
		t.Errorf("growth that is not proven from there: %v", err)
	}
	if err := witness.Witness("bureau", []note.Verifier{v}, three, 1, nil); !errors.Is(err, audit.ErrTwoHistories) {
		t.Errorf("growth that is not proven: %v", err)
	}
	for _, msg := range [][]byte{three, three} {
		if err := witness.Witness("bureau", []note.Verifier{v}, msg, 1, growth); err != nil {
			t.Fatal(err)
		}
	}
	if err := witness.Witness("bureau", []note.Verifier{v}, one, 0, nil); !errors.As(err, &gap) || gap.Kept != 3 {
		t.Errorf("an old one that comes late: %v", err)
	}
	if kept, err := witness.Witnessed("bureau"); err != nil || !bytes.Equal(kept, three) {
		t.Errorf("kept %q %v", kept, err)
	}
	if kept, err := witness.Witnessed("nobody"); err != nil || kept != nil {
		t.Errorf("kept %q %v", kept, err)
	}
	record(other, "x")
	for _, msg := range [][]byte{record(other, "y", "z"), record(other, "w")} {
		if err := witness.Witness("bureau", []note.Verifier{v}, msg, 3, growth); !errors.Is(err, audit.ErrTwoHistories) {
			t.Errorf("another history passes: %v", err)
		}
	}
}
