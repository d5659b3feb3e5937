package analysis

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"tarir/money/flow"
	"tarir/money/ledger"
	"tarir/money/trace"
	"tarir/money/typology"
	"tarir/network"
	"tarir/world"
)

// BenchOptions say what to measure.
type BenchOptions struct {
	Payments int64
	Seed     uint64
	Dir      string // works there and leaves the ledger; empty: a temporary folder that is removed
	CSV      bool   // write the payments as CSV and import that, rather than hand them to the ledger
	Progress Progress
}

// BenchStage is one measured stage.
type BenchStage struct {
	Name            string  `json:"name"`
	Seconds         float64 `json:"seconds"`
	PerSecond       float64 `json:"payments_per_second"`
	BytesPerPayment float64 `json:"bytes_per_payment,omitempty"` // of what the stage leaves on disk or in memory
	PeakBytes       int64   `json:"peak_bytes"`                  // resident memory of the process, highest within the stage
}

// BenchResult is what Bench reports.
type BenchResult struct {
	Payments       int64           `json:"payments"`
	Accounts       int64           `json:"accounts"`
	LargestHub     int             `json:"largest_hub_payments"`
	Processors     int             `json:"processors"`
	Stages         []BenchStage    `json:"stages"`
	TraceP50       float64         `json:"trace_p50_ms"`
	TraceP99       float64         `json:"trace_p99_ms"`
	TraceMax       float64         `json:"trace_max_ms"`
	TraceQuestions int             `json:"trace_questions"`
	Findings       int             `json:"findings"`
	Strong         int             `json:"strong_findings"`
	Planted        map[string]Kind `json:"planted"`
	Precision      Rate            `json:"payments_found"`
	StrongRate     Rate            `json:"payments_found_strong"`
	InnocentNamed  int             `json:"innocent_patterns_named"`
	InnocentStrong int             `json:"innocent_patterns_named_strong"`
	Innocent       int             `json:"innocent_patterns"`
}

// Bench makes a synthetic world of a size and measures each stage of an analysis on it. The truth of the world is used
// after detection only.
func Bench(ctx context.Context, o BenchOptions) (r *BenchResult, err error) {
	if o.Payments < 10_000 {
		return nil, errors.New("a world needs at least 10000 payments")
	}
	if o.Dir == "" {
		if o.Dir, err = os.MkdirTemp("", "tarir-bench-"); err != nil {
			return nil, fmt.Errorf("make a folder to work in: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(o.Dir)) }()
	}
	b := &bench{o: o, r: &BenchResult{Payments: o.Payments, Processors: runtime.GOMAXPROCS(0)}}
	if err := b.run(ctx); err != nil {
		return nil, err
	}
	return b.r, nil
}

type bench struct {
	o BenchOptions
	r *BenchResult
}

// stage measures fn; its result is the bytes that the stage leaves, if that is of interest.
func (b *bench) stage(name string, fn func() (int64, error)) error {
	runtime.GC()
	resetPeak()
	st := begin(b.o.Progress, name, 0, "payments")
	left, err := fn()
	if err != nil {
		return err
	}
	d := st.done().Seconds()
	n := float64(b.o.Payments)
	b.r.Stages = append(b.r.Stages, BenchStage{Name: name, Seconds: d, PerSecond: n / d, BytesPerPayment: float64(left) / n, PeakBytes: peak()})
	return nil
}

func (b *bench) run(ctx context.Context) error {
	var w *world.World
	err := b.stage("generate", func() (int64, error) {
		w = world.New(world.Spec{Payments: b.o.Payments, Seed: b.o.Seed})
		return 0, w.Each(func(*ledger.Payment) error { return ctx.Err() })
	})
	if err != nil {
		return err
	}
	dir := filepath.Join(b.o.Dir, ledgerDir)
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("clear the ledger of the run before: %w", err)
	}
	if b.o.CSV {
		err = b.importCSV(ctx, w, dir)
	} else {
		err = b.stage("generate and import", func() (int64, error) { return importWorld(ctx, w, dir) })
	}
	if err != nil {
		return err
	}
	var l *ledger.Ledger
	err = b.stage("open ledger", func() (n int64, err error) {
		l, err = ledger.Open(ctx, dir)
		return 0, err
	})
	if err != nil {
		return err
	}
	return b.analyse(ctx, l, w)
}

func importWorld(ctx context.Context, w *world.World, dir string) (int64, error) {
	im, err := ledger.Begin(ctx, dir)
	if err != nil {
		return 0, err
	}
	im.Source("world")
	err = w.Each(func(p *ledger.Payment) error {
		p.File = "world"
		_, err := im.Add(p)
		return err
	})
	if err != nil {
		im.Abort()
		return 0, err
	}
	if err := im.Commit(); err != nil {
		return 0, err
	}
	return folderSize(dir)
}

func (b *bench) importCSV(ctx context.Context, w *world.World, dir string) error {
	path := filepath.Join(b.o.Dir, "payments.csv")
	err := b.stage("write csv", func() (int64, error) {
		if err := WriteWorld(w, path); err != nil {
			return 0, err
		}
		st, err := os.Stat(path)
		if err != nil {
			return 0, err
		}
		return st.Size(), nil
	})
	if err != nil {
		return err
	}
	return b.stage("import csv", func() (int64, error) {
		if _, err := Import(ctx, ImportOptions{Inputs: []string{path}, Ledger: dir}); err != nil {
			return 0, err
		}
		return folderSize(dir)
	})
}

func (b *bench) analyse(ctx context.Context, l *ledger.Ledger, w *world.World) error {
	var g *flow.Graph
	err := b.stage("payment graph", func() (n int64, err error) {
		if g, err = flow.Build(ctx, l); err != nil {
			return 0, err
		}
		return g.Bytes(), nil
	})
	if err != nil {
		return err
	}
	defer g.Close()
	b.r.Accounts = int64(g.Accounts() - 1)
	v := g.View()
	for a := 1; a < g.Accounts(); a++ {
		out, in := v.Degree(flow.Account(a))
		b.r.LargestHub = max(b.r.LargestHub, out+in)
	}
	pack, _, err := LoadPack("")
	if err != nil {
		return err
	}
	var res *typology.Result
	err = b.stage("typologies", func() (n int64, err error) {
		res, err = typology.Run(ctx, g, pack, typology.Options{})
		return 0, err
	})
	if err != nil {
		return err
	}
	err = b.stage("full proceeds pass", func() (int64, error) {
		_, err := traceFindings(ctx, g, paymentsOf(l), res.Findings)
		return 0, err
	})
	if err != nil {
		return err
	}
	if err := b.questions(ctx, g); err != nil {
		return err
	}
	findings, err := describe(ctx, paymentsOf(l), network.Input{Graph: g}, res.Findings)
	if err != nil {
		return err
	}
	b.score(findings, w.Truth())
	return nil
}

// questions asks where the money of single payments went within 90 days and six payments.
func (b *bench) questions(ctx context.Context, g *flow.Graph) error {
	rng := rand.New(rand.NewPCG(b.o.Seed, 90))
	b.r.TraceQuestions = 2000
	hub, cover := hubs(g), covered(g)
	rows := make([]int64, 0, b.r.TraceQuestions)
	for range b.r.TraceQuestions {
		rows = append(rows, rng.Int64N(g.Ledger().Rows()))
	}
	seeds, err := paymentsOf(g.Ledger()).seeds(ctx, g, rows, false)
	if err != nil {
		return err
	}
	b.r.TraceQuestions = len(seeds)
	var took []float64
	for _, s := range seeds {
		start := time.Now()
		_, err := trace.Run(ctx, g, []trace.Seed{s}, trace.Options{Hops: 6, Until: s.At + 90*86_400, Hub: hub, Covered: cover, Dust: dust})
		if err != nil {
			return err
		}
		took = append(took, float64(time.Since(start).Nanoseconds())/1e6)
	}
	slices.Sort(took)
	b.r.TraceP50, b.r.TraceP99, b.r.TraceMax = took[len(took)/2], took[len(took)*99/100], took[len(took)-1]
	return nil
}

func (b *bench) score(findings []Finding, t world.Truth) {
	truth := Truth{IllicitPayments: t.Illicit}
	for _, p := range t.Patterns {
		truth.Patterns = append(truth.Patterns, Pattern(p))
	}
	for _, p := range t.Innocent {
		truth.InnocentPatterns = append(truth.InnocentPatterns, Pattern(p))
	}
	var strong []Finding
	for _, f := range findings {
		if !f.Weak {
			strong = append(strong, f)
		}
	}
	illicit := map[string]bool{}
	for _, p := range t.Illicit {
		illicit[p] = true
	}
	all, best := Evaluation{Typologies: map[string]Kind{}}, Evaluation{}
	all.payments(findings, illicit, b.o.Payments)
	all.kinds(findings, truth, nil)
	all.innocent(findings, nil, truth)
	best.payments(strong, illicit, b.o.Payments)
	best.innocent(strong, nil, truth)
	b.r.Findings, b.r.Strong, b.r.Planted = len(findings), len(strong), all.Typologies
	b.r.Precision, b.r.StrongRate = all.Payments, best.Payments
	b.r.InnocentNamed, b.r.InnocentStrong, b.r.Innocent = all.InnocentPatternsNamed, best.InnocentPatternsNamed, all.InnocentPatterns
}

func folderSize(dir string) (n int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		st, err := d.Info()
		if err == nil {
			n += st.Size()
		}
		return err
	})
	return n, err
}

// resetPeak makes Linux forget the highest resident memory so far; elsewhere peaks are those of the process.
func resetPeak() { _ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }

// peak is the highest resident memory since resetPeak, 0 where the system does not tell.
func peak() int64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(b) {
		if rest, ok := strings.CutPrefix(string(line), "VmHWM:"); ok {
			kb, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return kb << 10
		}
	}
	return 0
}
