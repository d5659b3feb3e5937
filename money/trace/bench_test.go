package trace_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"tarir/money/flow"
	"tarir/money/ledger"
	"tarir/money/trace"
	"tarir/world"
)

// BenchmarkQuestion follows single payments of a synthetic world for 90 days and 6 payments.
func BenchmarkQuestion(b *testing.B) {
	for _, n := range []int64{100_000, 1_000_000} {
		b.Run(fmt.Sprintf("n=%.0e", float64(n)), func(b *testing.B) {
			ctx := context.Background()
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
			l, err := ledger.Open(ctx, dir)
			if err != nil {
				b.Fatal(err)
			}
			g, err := flow.Build(ctx, l)
			if err != nil {
				b.Fatal(err)
			}
			defer g.Close()
			v := g.View()
			hub := func(a flow.Account) bool {
				out, in := v.Degree(a)
				return out+in > 20_000
			}
			rng := rand.New(rand.NewPCG(1, 2))
			var seeds []trace.Seed
			for len(seeds) < 1000 {
				a := flow.Account(1 + rng.IntN(g.Accounts()-1))
				in := v.In(a)
				if len(in) == 0 {
					continue
				}
				i := rng.IntN(len(in))
				e := in[i]
				seeds = append(seeds, trace.Seed{Row: v.Row(a, i, false), Account: a, Peer: e.Peer(), At: e.At(), Amount: e.Amount(), Currency: e.Currency()})
			}
			b.ReportAllocs()
			var took []time.Duration
			k := 0
			for b.Loop() {
				s := seeds[k%len(seeds)]
				k++
				began := time.Now()
				if _, err := trace.Run(ctx, g, []trace.Seed{s}, trace.Options{Hops: 6, Until: s.At + 90*flow.Day, Dust: 99, Hub: hub}); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}
