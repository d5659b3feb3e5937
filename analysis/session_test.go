package analysis_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tarir/analysis"
)

// TestWhatComesIntoAWatchedFolderIsAnalysed drops the lines of a society into a folder batch by batch, each time a file that is
// written while the folder is looked at, one that is nothing and an archive that is broken, and compares with all of it at once.
func TestWhatComesIntoAWatchedFolderIsAnalysed(t *testing.T) {
	input, _ := society(t, 4)
	full := t.TempDir()
	if _, err := analysis.Analyse(ctx, analysis.AnalyseOptions{Inputs: []string{input}, Out: full}); err != nil {
		t.Fatal(err)
	}
	dirs := deal(t, rand.New(rand.NewPCG(3, 7)), input, 3)
	folder := t.TempDir()
	out := filepath.Join(folder, "results") // within what is watched: results are no inputs
	ctx, end := context.WithTimeout(ctx, 2*time.Minute)
	defer end()
	drop := func(batch int) {
		t.Helper()
		files, err := filepath.Glob(filepath.Join(dirs[batch], "*"))
		if err != nil || len(files) == 0 {
			t.Fatal(err)
		}
		into := filepath.Join(folder, filepath.Base(dirs[batch]))
		if err := os.MkdirAll(into, 0o700); err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(into, filepath.Base(f)), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for name, text := range map[string]string{"notes.bin": "\x00\x01", "cut.zip": "PK\x03\x04cut", "bad.csv": "id,time,from_bank,from_account,to_bank,to_account,amount,currency\nx,2024-01-01,A,1,B,2,-5,EUR\n"} {
			if err := os.WriteFile(filepath.Join(into, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	first := filepath.Join(folder, "first.csv")
	if err := os.WriteFile(first, []byte("id,time,from_bank,from_account,to_bank,to_account,amount,currency\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "cut.zip"), []byte("PK\x03\x04cut"), 0o600); err != nil {
		t.Fatal(err)
	}
	batch, problems, rejected := 0, 0, int64(0)
	var complete bool
	err := analysis.Watch(ctx, analysis.AnalyseOptions{Inputs: []string{folder}, Out: out}, 20*time.Millisecond, func(s *analysis.Summary) error {
		for _, in := range s.Inputs {
			if strings.HasPrefix(filepath.Base(in.Path), "results") || strings.Contains(in.Path, "/results/") {
				t.Errorf("a result was read: %s", in.Path)
			}
			if in.Read != in.Accepted+in.Rejected {
				t.Errorf("%+v", in)
			}
			if in.Problem != "" {
				problems++
			}
		}
		rejected += s.Counts.Rejected
		if batch == len(dirs) {
			complete = rejected == int64(len(dirs))
			if complete {
				end()
			}
			return nil
		}
		drop(batch)
		batch++
		return nil
	})
	if !errors.Is(err, context.Canceled) || !complete {
		t.Fatalf("%v, complete %v: %d lines rejected of %d", err, complete, rejected, len(dirs))
	}
	if problems != 2*len(dirs)+1 {
		t.Errorf("%d problems told, want one for each of %d files that are nothing", problems, 2*len(dirs)+1)
	}
	for _, f := range []string{analysis.NetworksFile, analysis.FindingsFile, analysis.RoutesFile, analysis.RoutesTable, analysis.MergesFile} {
		got, err := os.ReadFile(filepath.Join(out, f))
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join(full, f))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs from that of an analysis of everything at once: %s", f, firstDifference(want, got))
		}
	}
	for _, f := range []string{"families.memo", "phonebook"} { // what the next one need not find out again
		if _, err := os.Stat(filepath.Join(out, "ledger", "records", f)); err != nil {
			t.Error(err)
		}
	}
	b, err := os.ReadFile(filepath.Join(out, analysis.RejectedFile))
	if err != nil || bytes.Count(b, []byte("\n")) != len(dirs) {
		t.Errorf("%d lines of %s, want %d: %v", bytes.Count(b, []byte("\n")), analysis.RejectedFile, len(dirs), err)
	}
}

// TestAFileThatIsBeingWrittenIsReadWhenItIsWhole writes a file line by line, more slowly than the folder is looked at.
func TestAFileThatIsBeingWrittenIsReadWhenItIsWhole(t *testing.T) {
	folder, out := t.TempDir(), t.TempDir()
	const head = "id,time,from_bank,from_account,to_bank,to_account,amount,currency\n"
	if err := os.WriteFile(filepath.Join(folder, "a.csv"), []byte(head+"a,2024-01-01,A,1,B,2,5,EUR\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithTimeout(ctx, time.Minute)
	defer end()
	var writing chan error
	err := analysis.Watch(ctx, analysis.AnalyseOptions{Inputs: []string{folder}, Out: out, NoReport: true}, 100*time.Millisecond, func(s *analysis.Summary) error {
		if writing == nil {
			writing = make(chan error, 1)
			go func() {
				f, err := os.Create(filepath.Join(folder, "b.csv"))
				if err == nil {
					_, err = f.WriteString(head)
				}
				for i := 0; i < 30 && err == nil; i++ {
					_, err = f.WriteString("b" + string(rune('A'+i)) + ",2024-01-02,A,1,B,2,5,EUR\n")
					time.Sleep(10 * time.Millisecond)
				}
				writing <- errors.Join(err, f.Close())
			}()
			return nil
		}
		if s.Counts.Payments == 31 {
			end()
		}
		if s.Counts.Read < 30 && s.Counts.Payments != 31 {
			t.Logf("read %d lines while it was written", s.Counts.Read) // where the machine stood still for long; the rest follows
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if err := <-writing; err != nil {
		t.Fatal(err)
	}
}

func TestWhatCannotBeWatchedIsSaid(t *testing.T) {
	for _, o := range []analysis.AnalyseOptions{{Inputs: []string{"-"}, Out: t.TempDir()}, {Inputs: []string{filepath.Join(t.TempDir(), "none")}, Out: t.TempDir()}, {Inputs: []string{t.TempDir()}}} {
		if err := analysis.Watch(ctx, o, time.Second, nil); err == nil {
			t.Errorf("%+v is watched", o)
		}
	}
}
