package ledger_test

import (
	"context"
	"slices"
	"testing"

	"tarir/money/ledger"
)

// TestReferencesAreThoseOfThePayments asks for the references of rows of a ledger of several segments and pages, where some
// payments have a reference and some go by their file and line.
func TestReferencesAreThoseOfThePayments(t *testing.T) {
	dir := t.TempDir()
	n := 0
	for _, many := range []int{40_000, 1, 700} {
		var ps []*ledger.Payment
		for range many {
			p := payment(n)
			if n%3 == 0 {
				p.Ref = ""
			}
			if n%1000 > 500 {
				p.File = "other.csv"
			}
			ps, n = append(ps, p), n+1
		}
		importAll(t, dir, ps...)
	}
	l, err := ledger.Open(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Segments()) < 3 {
		t.Fatalf("%d segments", len(l.Segments()))
	}
	for _, step := range []int64{1, 7, 20_011} {
		var rows []int64
		for r := int64(0); r < int64(n); r += step {
			rows = append(rows, r)
		}
		want, err := l.Read(context.Background(), rows)
		if err != nil {
			t.Fatal(err)
		}
		got, err := l.References(context.Background(), rows)
		if err != nil {
			t.Fatal(err)
		}
		for i := range rows {
			if got[i] != want[i].Reference() {
				t.Fatalf("row %d goes by %q, want %q", rows[i], got[i], want[i].Reference())
			}
		}
	}
	for _, rows := range [][]int64{{-1}, {int64(n)}, {0, int64(n)}} {
		if _, err := l.References(context.Background(), rows); err == nil {
			t.Errorf("rows %v are there", rows)
		}
	}
	if got, err := l.References(context.Background(), nil); err != nil || !slices.Equal(got, []string{}) {
		t.Errorf("of nothing %v, %v", got, err)
	}
}
