package flow_test

import (
	"fmt"
	"testing"

	"tarir/money/flow"
	"tarir/money/ledger"
	"tarir/world"
)

// worldLedger imports a synthetic world.
func worldLedger(b *testing.B, n int64) *ledger.Ledger {
	dir := b.TempDir()
	im, err := ledger.Begin(ctx, dir)
	if err != nil {
		b.Fatal(err)
	}
	im.Source("world")
	err = world.New(world.Spec{Payments: n, Seed: 1}).Each(func(p *ledger.Payment) error {
		_, err := im.Add(p)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	if err := im.Commit(); err != nil {
		b.Fatal(err)
	}
	return open(b, dir)
}

func report(b *testing.B, n, bytes int64) {
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "payments/s")
	b.ReportMetric(float64(bytes)/float64(n), "B/payment")
}

func BenchmarkBuild(b *testing.B) {
	for _, n := range []int64{100_000, 1_000_000, 4_000_000} {
		b.Run(fmt.Sprintf("n=%.0e", float64(n)), func(b *testing.B) {
			l := worldLedger(b, n)
			var bytes int64
			for b.Loop() {
				g, err := flow.Build(ctx, l)
				if err != nil {
					b.Fatal(err)
				}
				bytes = g.Bytes()
				g.Close()
			}
			report(b, n, bytes)
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	for _, n := range []int64{100_000, 1_000_000, 4_000_000} {
		b.Run(fmt.Sprintf("n=%.0e", float64(n)), func(b *testing.B) {
			l := worldLedger(b, n)
			dir := b.TempDir()
			g, err := flow.Open(ctx, l, dir)
			if err != nil {
				b.Fatal(err)
			}
			g.Close()
			var bytes int64
			for b.Loop() {
				g, err := flow.Open(ctx, l, dir)
				if err != nil {
					b.Fatal(err)
				}
				bytes = g.Bytes()
				g.Close()
			}
			report(b, n, bytes)
		})
	}
}
