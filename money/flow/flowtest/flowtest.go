// Package flowtest makes a payment graph of a few payments, for the tests of what looks at one.
package flowtest

import (
	"context"
	"testing"

	"tarir/money/flow"
	"tarir/money/ledger"
)

// Graph keeps the payments in a ledger of the test's own, as of the file "f", and builds their graph; it is closed with the test.
func Graph(t testing.TB, payments []ledger.Payment) *flow.Graph {
	t.Helper()
	ctx := context.Background()
	dir := t.TempDir()
	im, err := ledger.Begin(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	im.Source("f")
	for i := range payments {
		if _, err := im.Add(&payments[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := im.Commit(); err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	g, err := flow.Build(ctx, l)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return g
}
