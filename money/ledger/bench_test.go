package ledger_test

import (
	"context"
	"fmt"
	"testing"

	"tarir/money/ledger"
	"tarir/world"
)

// BenchmarkImport is the cost of the ledger alone: payments come from memory.
func BenchmarkImport(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprintf("n=%.0e", float64(n)), func(b *testing.B) {
			payments := make([]ledger.Payment, 0, n)
			err := world.New(world.Spec{Payments: int64(n), Seed: 1}).Each(func(p *ledger.Payment) error {
				payments = append(payments, *p)
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			var bytes int64
			for b.Loop() {
				dir := b.TempDir()
				im, err := ledger.Begin(context.Background(), dir)
				if err != nil {
					b.Fatal(err)
				}
				im.Source("world")
				for i := range payments {
					if _, err := im.Add(&payments[i]); err != nil {
						b.Fatal(err)
					}
				}
				if err := im.Commit(); err != nil {
					b.Fatal(err)
				}
				l, err := ledger.Open(context.Background(), dir)
				if err != nil {
					b.Fatal(err)
				}
				p, a, k := l.Bytes()
				bytes = p + a + k
			}
			b.ReportMetric(float64(b.N)*float64(n)/b.Elapsed().Seconds(), "payments/s")
			b.ReportMetric(float64(bytes)/float64(n), "B/payment")
		})
	}
}
