package typology_test

import (
	"context"
	"fmt"
	"testing"

	"tarir/money/flow"
	"tarir/money/ledger"
	"tarir/money/typology"
	"tarir/world"
)

func worldGraph(b *testing.B, n int64) *flow.Graph {
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
	b.Cleanup(func() { g.Close() })
	return g
}

func bench(b *testing.B, g *flow.Graph, p *typology.Pack) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := typology.Run(context.Background(), g, p, typology.Options{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*float64(g.Payments())/b.Elapsed().Seconds(), "payments/s")
}

// BenchmarkAll runs all typologies over worlds of several sizes.
func BenchmarkAll(b *testing.B) {
	for _, n := range []int64{100_000, 1_000_000, 4_000_000} {
		b.Run(fmt.Sprintf("n=%.0e", float64(n)), func(b *testing.B) { bench(b, worldGraph(b, n), typology.Default()) })
	}
}

// BenchmarkEach runs each typology alone; relations is what comes before all of them.
func BenchmarkEach(b *testing.B) {
	g := worldGraph(b, 1_000_000)
	only := func(name string) *typology.Pack {
		p := typology.Default()
		for n, t := range p.Typologies {
			t.Off = n != name
			p.Typologies[n] = t
		}
		return p
	}
	b.Run("relations", func(b *testing.B) { bench(b, g, only("")) })
	for _, name := range typology.Default().TypologyNames() {
		b.Run(name, func(b *testing.B) { bench(b, g, only(name)) })
	}
}
