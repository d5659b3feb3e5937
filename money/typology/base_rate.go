package typology

import (
	"math"
	"math/bits"

	"tarir/money/flow"
)

// What is usual in a ledger is no sign of anything: where one payer in five is new, five new payers mean little, and
// where every tenth payment is of 50.00, so do two of that sum. The base rates here are counted over all payments of the
// ledger, and detectors ask how unlikely what they see is at those rates.

// sums counts payments by currency and size. A size class is a sixteenth of a doubling, some five per cent wide.
type sums struct {
	classes [][sizeClasses]uint32
	total   []uint64
}

const sizeClasses = 32 + (50-5)*16

func newSums(currencies int) *sums {
	return &sums{make([][sizeClasses]uint32, currencies), make([]uint64, currencies)}
}

// sizeClass of an amount: small ones each have their own.
func sizeClass(amount int64) int {
	n := bits.Len64(uint64(amount))
	if n <= 5 {
		return int(amount)
	}
	return 32 + (n-6)*16 + int(amount>>(n-5)&15)
}

func (h *sums) add(list []flow.Entry) {
	for _, e := range list {
		h.classes[e.Currency()][sizeClass(e.Amount())]++
		h.total[e.Currency()]++
	}
}

func (h *sums) join(o *sums) {
	for c := range h.classes {
		h.total[c] += o.total[c]
		for i, n := range o.classes[c] {
			h.classes[c][i] += n
		}
	}
}

// share is how many of a currency's payments lie between two amounts, both included: rather too many than too few, as
// the classes at the ends count whole.
func (h *sums) share(currency uint8, low, high int64) float64 {
	if h.total[currency] == 0 || high < low {
		return 0
	}
	n := uint64(0)
	for i := sizeClass(max(low, 0)); i <= sizeClass(high); i++ {
		n += uint64(h.classes[currency][i])
	}
	return float64(n) / float64(h.total[currency])
}

// binomialTail is the probability of k or more of n where each has probability p.
func binomialTail(k, n int, p float64) float64 {
	switch {
	case k <= 0:
		return 1
	case k > n || p <= 0:
		return 0
	case p >= 1:
		return 1
	}
	lg := func(x int) float64 { v, _ := math.Lgamma(float64(x) + 1); return v }
	sum := 0.0
	for i := k; i <= n; i++ {
		term := math.Exp(lg(n) - lg(i) - lg(n-i) + float64(i)*math.Log(p) + float64(n-i)*math.Log1p(-p))
		if sum += term; term < sum*1e-12 && float64(i) > float64(n)*p {
			break
		}
	}
	return min(1, sum)
}
