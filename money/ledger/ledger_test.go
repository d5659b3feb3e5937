package ledger_test

import (
	"context"
	"fmt"
	"testing"

	"tarir/money/ledger"
)

func payment(i int) *ledger.Payment {
	return &ledger.Payment{
		Ref: fmt.Sprintf("T%d", i), At: 1_500_000_000_000 + int64(i)*1000,
		From: ledger.Account{Institution: "A", Number: fmt.Sprint(i % 7)}, To: ledger.Account{Institution: "B", Number: fmt.Sprint(i % 11)},
		Paid: ledger.Money{Units: int64(i), Scale: 2, Currency: "EUR"}, File: "f.csv", Line: int64(i + 2),
	}
}

func importAll(t testing.TB, dir string, ps ...*ledger.Payment) (fresh, known, refused int) {
	t.Helper()
	im, err := ledger.Begin(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	im.Source("f.csv")
	for _, p := range ps {
		k, err := im.Add(p)
		switch {
		case err != nil:
			refused++
		case k:
			known++
		default:
			fresh++
		}
	}
	if err := im.Commit(); err != nil {
		t.Fatal(err)
	}
	return fresh, known, refused
}

func TestImportTwiceChangesNothing(t *testing.T) {
	dir := t.TempDir()
	var ps []*ledger.Payment
	for i := range 10_000 {
		ps = append(ps, payment(i))
	}
	if fresh, known, refused := importAll(t, dir, ps[:6000]...); fresh != 6000 || known+refused != 0 {
		t.Fatalf("first reading of the cut file: %d new, %d known, %d refused", fresh, known, refused)
	}
	if fresh, known, refused := importAll(t, dir, ps...); fresh != 4000 || known != 6000 || refused != 0 {
		t.Fatalf("reading the completed file: %d new, %d known, %d refused", fresh, known, refused)
	}
	l, err := ledger.Open(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	got, err := l.Read(context.Background(), []int64{9999, 0, 5999, 6000})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{9999, 0, 5999, 6000} {
		if w := *payment(want); got[i] != w {
			t.Errorf("row %d:\n got %+v\nwant %+v", want, got[i], w)
		}
	}
	if d, err := l.Verify(context.Background()); err != nil || len(d) != 0 {
		t.Errorf("verify: %v %v", d, err)
	}
}
