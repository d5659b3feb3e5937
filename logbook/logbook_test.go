package logbook_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"tarir/logbook"
)

var ctx = context.Background()

func open(t testing.TB, dir string) *logbook.Book {
	t.Helper()
	b, err := logbook.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// TestEveryEntryAndEveryGrowthIsProven: of a log that grew in batches and was closed and opened between them.
func TestEveryEntryAndEveryGrowthIsProven(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		var want [][]byte
		var roots []tlog.Tree
		for range rapid.IntRange(1, 6).Draw(rt, "batches") {
			b, err := logbook.Open(dir)
			if err != nil {
				rt.Fatal(err)
			}
			batch := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 40), 0, 9).Draw(rt, "batch")
			first, err := b.Append(batch...)
			if err != nil || first != int64(len(want)) {
				rt.Fatal(first, err)
			}
			want = append(want, batch...)
			root, err := b.Root(b.Size())
			if err != nil {
				rt.Fatal(err)
			}
			roots = append(roots, tlog.Tree{N: b.Size(), Hash: root})
			if err := b.Verify(ctx, roots...); err != nil {
				rt.Fatal(err)
			}
			if err := b.Close(); err != nil {
				rt.Fatal(err)
			}
		}
		b, err := logbook.Open(dir)
		if err != nil {
			rt.Fatal(err)
		}
		defer b.Close()
		last := roots[len(roots)-1]
		for n, e := range want {
			got, err := b.Entry(int64(n))
			if err != nil || string(got) != string(e) {
				rt.Fatalf("entry %d is %q, %v", n, got, err)
			}
			p, err := b.ProveEntry(last.N, int64(n))
			if err != nil {
				rt.Fatal(err)
			}
			if err := tlog.CheckRecord(p, last.N, last.Hash, int64(n), tlog.RecordHash(e)); err != nil {
				rt.Fatal(err)
			}
		}
		for _, old := range roots {
			if old.N == 0 {
				continue
			}
			p, err := b.ProveGrowth(last.N, old.N)
			if err != nil {
				rt.Fatal(err)
			}
			if err := tlog.CheckTree(p, last.N, last.Hash, old.N, old.Hash); err != nil {
				rt.Fatal(err)
			}
		}
	})
}

// TestAChangeOfOneByteIsFoundAndNamed: anywhere in any file.
func TestAChangeOfOneByteIsFoundAndNamed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		b, err := logbook.Open(dir)
		if err != nil {
			rt.Fatal(err)
		}
		n := rapid.IntRange(1, 20).Draw(rt, "entries")
		var starts []int
		length := 0
		for i := range n {
			e := fmt.Sprintf("entry %d", i)
			starts, length = append(starts, length), length+len(e)
			if _, err := b.Append([]byte(e)); err != nil {
				rt.Fatal(err)
			}
		}
		b.Close()
		name := rapid.SampledFrom([]string{"entries", "hashes", "ends"}).Draw(rt, "file")
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			rt.Fatal(err)
		}
		at := rapid.IntRange(0, len(text)-1).Draw(rt, "at")
		text[at] ^= byte(rapid.IntRange(1, 255).Draw(rt, "bits"))
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			rt.Fatal(err)
		}
		var d *logbook.Damage
		b, err = logbook.Open(dir)
		if err == nil {
			defer b.Close()
			err = b.Verify(ctx)
		}
		if !errors.As(err, &d) {
			rt.Fatalf("byte %d of %s was changed and nobody says so: %v", at, name, err)
		}
		if name == "entries" {
			which := 0
			for i, s := range starts {
				if s <= at {
					which = i
				}
			}
			if d.Entry != int64(which) {
				rt.Fatalf("entry %d was changed, and %d is named", which, d.Entry)
			}
		}
	})
}

func TestALogWrittenAnewDoesNotFitItsCheckpoint(t *testing.T) {
	skey, vkey, err := note.GenerateKey(rand.Reader, "bureau")
	if err != nil {
		t.Fatal(err)
	}
	signer, err1 := note.NewSigner(skey)
	verifier, err2 := note.NewVerifier(vkey)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	b := open(t, t.TempDir())
	if _, err := b.Append([]byte("one"), []byte("two")); err != nil {
		t.Fatal(err)
	}
	msg, _, err := b.Checkpoint("bureau/audit", signer)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := logbook.ReadCheckpoint(msg, "bureau/audit", verifier)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Verify(ctx, tree); err != nil {
		t.Fatal(err)
	}
	if _, err := logbook.ReadCheckpoint(msg, "other/audit", verifier); !errors.Is(err, logbook.ErrCheckpoint) {
		t.Errorf("a checkpoint of another log: %v", err)
	}
	msg[0] ^= 1
	if _, err := logbook.ReadCheckpoint(msg, "bureau/audit", verifier); !errors.Is(err, logbook.ErrCheckpoint) {
		t.Errorf("a checkpoint that was changed: %v", err)
	}
	for _, list := range [][][]byte{{[]byte("one")}, {[]byte("one"), []byte("2")}} {
		other := open(t, t.TempDir())
		if _, err := other.Append(list...); err != nil {
			t.Fatal(err)
		}
		var d *logbook.Damage
		if err := other.Verify(ctx, tree); !errors.As(err, &d) {
			t.Errorf("a log of %q passes for the one that was signed: %v", list, err)
		}
	}
}

func TestWhatACrashLeftIsCutOff(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir)
	if _, err := b.Append([]byte("one"), []byte("two"), []byte("three")); err != nil {
		t.Fatal(err)
	}
	b.Close()
	// The process died after it had written an entry and its hashes, and half of its end.
	for name, more := range map[string]string{"entries": "four", "hashes": "0123456789", "ends": "\x00\x00\x00"} {
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(more); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	b = open(t, dir)
	if b.Size() != 3 {
		t.Fatalf("%d entries", b.Size())
	}
	if n, err := b.Append([]byte("four")); err != nil || n != 3 {
		t.Fatal(n, err)
	}
	if err := b.Verify(ctx); err != nil {
		t.Fatal(err)
	}
}

// TestWhatWasAcknowledgedSurvivesACrash: the process or the machine stops at any moment. Of the three files the disk then has what was
// there when the journal began anew, or anything written since; of the last append nothing, all, or a part.
func TestWhatWasAcknowledgedSurvivesACrash(t *testing.T) {
	defer logbook.SetJournalSize(logbook.SetJournalSize(600))
	files := []string{"entries", "hashes", "ends", "journal"}
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		read := func() (out [4][]byte) {
			for i, name := range files {
				if out[i], err = os.ReadFile(filepath.Join(dir, name)); err != nil {
					rt.Fatal(err)
				}
			}
			return out
		}
		b, err := logbook.Open(dir)
		if err != nil {
			rt.Fatal(err)
		}
		var want []string
		synced := read() // what of the files is surely on disk
		before := synced
		for range rapid.IntRange(1, 12).Draw(rt, "batches") {
			before = read()
			for _, e := range rapid.SliceOfN(rapid.StringN(0, 200, 400), 1, 4).Draw(rt, "batch") {
				want = append(want, e)
			}
			var list [][]byte
			for _, e := range want[b.Size():] {
				list = append(list, []byte(e))
			}
			if _, err := b.Append(list...); err != nil {
				rt.Fatal(err)
			}
			if now := read(); string(now[3][8:16]) != string(before[3][8:16]) { // the journal begins with another entry
				synced = before
			}
		}
		now := read()
		lost := 0 // of the last append, which was perhaps never acknowledged
		switch rapid.SampledFrom([]string{"nothing", "files", "journal"}).Draw(rt, "missing") {
		case "files": // some of what was not synced is not on disk, or as zeros
			for i := range 3 {
				keep := rapid.IntRange(len(synced[i]), len(now[i])).Draw(rt, "keep")
				if rapid.Bool().Draw(rt, "zeros") {
					clear(now[i][keep:])
				} else {
					now[i] = now[i][:keep]
				}
			}
		case "journal": // the last append is there up to a byte, and the files do not have it
			diff := 0
			for diff < len(now[3]) && diff < len(before[3]) && now[3][diff] == before[3][diff] {
				diff++
			}
			end := len(now[3])
			for end > diff && (end > len(before[3]) || now[3][end-1] == before[3][end-1]) && now[3][end-1] == 0 {
				end--
			}
			if cut := rapid.IntRange(diff, end).Draw(rt, "cut"); cut < end {
				torn := append([]byte(nil), before[3]...)
				torn = append(torn, make([]byte, max(0, len(now[3])-len(torn)))...)
				copy(torn, now[3][:cut])
				now[3] = torn
				now[0], now[1], now[2] = before[0], before[1], before[2]
				lost = len(want) - len(before[2])/8
			}
		}
		b.Close()
		for i, name := range files {
			if err := os.WriteFile(filepath.Join(dir, name), now[i], 0o600); err != nil {
				rt.Fatal(err)
			}
		}
		b, err = logbook.Open(dir)
		if err != nil {
			rt.Fatal(err)
		}
		defer b.Close()
		if size := int(b.Size()); size != len(want) && size != len(want)-lost {
			rt.Fatalf("%d entries of %d, of which %d may be lost", size, len(want), lost)
		}
		for n := range b.Size() {
			if e, err := b.Entry(n); err != nil || string(e) != want[n] {
				rt.Fatalf("entry %d is %q, %v", n, e, err)
			}
		}
		if err := b.Verify(ctx); err != nil {
			rt.Fatal(err)
		}
		if _, err := b.Append([]byte("next")); err != nil {
			rt.Fatal(err)
		}
		if err := b.Verify(ctx); err != nil {
			rt.Fatal(err)
		}
	})
}

// TestAJournalThatWasChangedIsFoundAndNamed: of a log whose process was killed.
func TestAJournalThatWasChangedIsFoundAndNamed(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	b := open(t, dir)
	for _, e := range []string{"one", "two", "three"} {
		if _, err := b.Append([]byte(e)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.CopyFS(other, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(other, "journal")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text[bytes.Index(text, []byte("two"))] = 'T'
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	var d *logbook.Damage
	if _, err := logbook.Open(other); !errors.As(err, &d) || d.Entry != 1 {
		t.Errorf("the second entry was changed in the journal: %v", err)
	}
}

func FuzzParseBatch(f *testing.F) {
	dir := f.TempDir()
	b := open(f, dir)
	if _, err := b.Append([]byte("one"), nil, []byte("three")); err != nil {
		f.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "journal"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text[:200])
	f.Fuzz(func(t *testing.T, data []byte) {
		if whole, same := logbook.ParseBatch(data); whole && !same {
			t.Fatal("a batch is read as another one")
		}
	})
}

func TestSeveralAppendAtOnce(t *testing.T) {
	b := open(t, t.TempDir())
	const writers, each = 8, 25
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				e := []byte(fmt.Sprint(w, " ", i))
				n, err := b.Append(e)
				if err != nil {
					t.Error(err)
					return
				}
				if got, err := b.Entry(n); err != nil || string(got) != string(e) {
					t.Errorf("entry %d is %q, not %q: %v", n, got, e, err)
				}
			}
		})
	}
	wg.Wait()
	if b.Size() != writers*each {
		t.Errorf("%d entries", b.Size())
	}
	if err := b.Verify(ctx); err != nil {
		t.Error(err)
	}
	if _, err := b.Append(make([]byte, logbook.MaxEntry+1)); !errors.Is(err, logbook.ErrTooLarge) {
		t.Error(err)
	}
	b.Close()
	if _, err := b.Append([]byte("late")); !errors.Is(err, logbook.ErrClosed) {
		t.Error(err)
	}
}

func FuzzReadCheckpoint(f *testing.F) {
	skey, vkey, err := note.GenerateKey(rand.Reader, "bureau")
	if err != nil {
		f.Fatal(err)
	}
	signer, _ := note.NewSigner(skey)
	verifier, _ := note.NewVerifier(vkey)
	msg, err := note.Sign(&note.Note{Text: "o\n1\n" + tlog.RecordHash(nil).String() + "\n"}, signer)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(msg)
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := logbook.ReadCheckpoint(data, "o", verifier); err == nil && string(data) != string(msg) {
			t.Fatal("a checkpoint that nobody signed is read")
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	for _, batch := range []int{1, 100} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) {
			book := open(b, b.TempDir())
			list := make([][]byte, batch)
			for i := range list {
				list[i] = make([]byte, 300)
			}
			for b.Loop() {
				if _, err := book.Append(list...); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*float64(batch)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}
