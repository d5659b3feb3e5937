package ledger_test

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"tarir/money/ledger"
)

// TestSumsLoseNothing: whatever is added at whatever scale, the sum is exact and does not depend on the order.
func TestSumsLoseNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := rapid.Custom(func(t *rapid.T) ledger.Money {
			return ledger.Money{Units: rapid.Int64Range(-1_000_000, 1_000_000).Draw(t, "units"), Scale: rapid.Uint8Range(0, 6).Draw(t, "scale"), Currency: "EUR"}
		})
		list := rapid.SliceOfN(draw, 1, 20).Draw(t, "amounts")
		var forth, back ledger.Money
		want := new(big.Rat)
		for i := range list {
			forth, back = forth.Plus(list[i]), back.Plus(list[len(list)-1-i])
			x, _ := new(big.Rat).SetString(list[i].Decimal())
			want.Add(want, x)
		}
		for _, m := range []ledger.Money{forth, back} {
			if got, _ := new(big.Rat).SetString(m.Decimal()); got.Cmp(want) != 0 || m.Currency != "EUR" {
				t.Fatalf("%v is the sum of %v, want %s", m, list, want.FloatString(6))
			}
		}
	})
}
