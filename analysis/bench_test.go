package analysis_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tarir/analysis"
)

// BenchmarkAndes times what an analyst waits for: the whole of a large folder from files to report, one day more by a command that
// was there before (watched), and by a new one into a ledger that holds the rest. Each takes half a minute or more; the world is
// made once.
func BenchmarkAndes(b *testing.B) {
	input := filepath.Join(b.TempDir(), "world")
	if err := analysis.MakeSociety("andes", 7, input); err != nil {
		b.Fatal(err)
	}
	if err := os.Remove(filepath.Join(input, "truth.json")); err != nil {
		b.Fatal(err)
	}
	analyse := func(b *testing.B, o analysis.AnalyseOptions) {
		b.Helper()
		if _, err := analysis.Analyse(ctx, o); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("whole", func(b *testing.B) {
		for b.Loop() {
			analyse(b, analysis.AnalyseOptions{Inputs: []string{input}, Out: b.TempDir()})
		}
	})
	before, day := b.TempDir(), b.TempDir()
	apart(b, input, before, day, "2024-06-12")
	b.Run("watched", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			folder, out := b.TempDir(), b.TempDir()
			if err := os.CopyFS(folder, os.DirFS(before)); err != nil {
				b.Fatal(err)
			}
			if err := os.CopyFS(filepath.Join(folder, ".day"), os.DirFS(day)); err != nil { // not looked at
				b.Fatal(err)
			}
			ctx, end := context.WithCancel(ctx)
			var came chan error // the day, all at once and when nothing is being done
			err := analysis.Watch(ctx, analysis.AnalyseOptions{Inputs: []string{folder}, Out: out}, time.Millisecond, func(*analysis.Summary) error {
				if came == nil {
					came = make(chan error, 1)
					time.AfterFunc(2*time.Second, func() {
						b.StartTimer()
						came <- os.Rename(filepath.Join(folder, ".day"), filepath.Join(folder, "day"))
					})
					return nil
				}
				err := <-came
				b.StopTimer()
				end()
				return err
			})
			if !errors.Is(err, context.Canceled) {
				b.Fatal(err)
			}
			b.StartTimer()
		}
	})
	b.Run("day", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			out, ledger := b.TempDir(), filepath.Join(b.TempDir(), "ledger")
			analyse(b, analysis.AnalyseOptions{Inputs: []string{before}, Ledger: ledger, Out: out})
			b.StartTimer()
			analyse(b, analysis.AnalyseOptions{Inputs: []string{day}, Ledger: ledger, Out: out})
		}
	})
}

// apart puts what happened on a day apart from all else. A line belongs to the first date of the field that says when.
func apart(b *testing.B, input, before, day, date string) {
	b.Helper()
	for name, when := range map[string]func(line string) string{
		"payments.csv":   func(l string) string { return field(l, 1) },
		"journeys.csv":   func(l string) string { return field(l, 9) },
		"adverts.jsonl":  func(l string) string { _, at, _ := strings.Cut(l, `"posted_at":"`); return at },
		"entities.jsonl": nil,
		"statements.xml": nil,
		"reports.xml":    nil,
	} {
		all, err := os.ReadFile(filepath.Join(input, name))
		if err != nil {
			b.Fatal(err)
		}
		var first, second strings.Builder
		if when == nil {
			first.Write(all)
		} else {
			for i, l := range strings.SplitAfter(string(all), "\n") {
				switch {
				case i == 0 && strings.HasSuffix(name, ".csv"):
					first.WriteString(l)
					second.WriteString(l)
				case strings.HasPrefix(when(l), date):
					second.WriteString(l)
				default:
					first.WriteString(l)
				}
			}
			if second.Len() < 10_000 {
				b.Fatalf("%s holds next to nothing of %s", name, date)
			}
			if err := os.WriteFile(filepath.Join(day, name), []byte(second.String()), 0o600); err != nil {
				b.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(before, name), []byte(first.String()), 0o600); err != nil {
			b.Fatal(err)
		}
	}
}

func field(line string, n int) string {
	parts := strings.SplitN(line, ",", n+2)
	if len(parts) <= n {
		return ""
	}
	return parts[n]
}
