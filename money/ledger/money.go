package ledger

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"golang.org/x/text/currency"
)

// Money is an exact decimal: Units × 10^-Scale of Currency. No float ever holds money.
type Money struct {
	Units    int64
	Scale    uint8 // digits after the point, 0 to 9 after trimming
	Currency string
}

// maxUnits is the largest number of minor units of one payment, 36 thousand billions; maxWhole the first number of
// whole units of any currency that no payment can have, a million milliards.
const (
	maxUnits = 1<<55 - 1
	maxWhole = 1_000_000_000_000_000
)

func (m Money) absurd() bool {
	return m.Units > maxUnits || m.Units < -maxUnits || m.Units/powers[min(m.Scale, maxScale)] >= maxWhole
}

const maxScale = 9

// powers are those of ten.
var powers = [maxScale + 1]int64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}

// wholeDigits is the number of digits before the point.
func wholeDigits(units int64, scale int) uint8 {
	n := uint8(0)
	for whole := units / powers[scale]; whole != 0; whole /= 10 {
		n++
	}
	return n
}

// Rescale gives Units at another scale; exact is false where digits would be lost or the result does not fit.
func (m Money) Rescale(scale uint8) (units int64, exact bool) {
	u := m.Units
	for s := m.Scale; s < scale; s++ {
		if u > maxUnits/10 || u < -maxUnits/10 {
			return u, false
		}
		u *= 10
	}
	for s := m.Scale; s > scale; s-- {
		if u%10 != 0 {
			return u / 10, false
		}
		u /= 10
	}
	return u, true
}

// Decimal writes the amount with a point and at least the currency's usual digits, without the currency.
func (m Money) Decimal() string {
	scale := m.Scale
	units := m.Units
	if want := CurrencyScale(m.Currency); want > scale {
		if u, ok := m.Rescale(want); ok {
			units, scale = u, want
		}
	}
	neg := units < 0
	s := strconv.FormatInt(units, 10)
	if neg {
		s = s[1:]
	}
	if scale > 0 {
		if pad := int(scale) + 1 - len(s); pad > 0 {
			s = strings.Repeat("0", pad) + s
		}
		s = s[:len(s)-int(scale)] + "." + s[len(s)-int(scale):]
	}
	if neg {
		s = "-" + s
	}
	return s
}

// String is Decimal with the currency: "250.00 EUR".
func (m Money) String() string { return m.Decimal() + " " + m.Currency }

// Plus adds an amount of the same currency, at the finer scale of the two. The zero Money is nothing of any currency.
func (m Money) Plus(x Money) Money {
	if m == (Money{}) {
		return x
	}
	scale := max(m.Scale, x.Scale)
	a, _ := m.Rescale(scale)
	b, _ := x.Rescale(scale)
	return Money{Units: a + b, Scale: scale, Currency: x.Currency}
}

// Float is the amount as a rounded number, for drawings and filters: never for sums.
func (m Money) Float() float64 { return float64(m.Units) / math.Pow10(int(m.Scale)) }

// What ParseDecimal can say.
var (
	errNoAmount  = errors.New("no amount")
	errBadAmount = errors.New("amount is not a decimal number")
	errBigAmount = errors.New("amount too large to be a payment")
)

// ParseDecimal reads a decimal: an optional sign, digits, and at most one mark followed by digits. Trailing zeros of
// the fraction are dropped, so "250.00000" has scale 0. Exponents, spaces and grouping are refused.
func ParseDecimal(s string, mark byte) (units int64, scale uint8, err error) {
	if s == "" {
		return 0, 0, errNoAmount
	}
	neg := false
	i := 0
	if s[0] == '-' || s[0] == '+' {
		neg = s[0] == '-'
		i++
	}
	digits, seen := 0, false
	zeros := 0 // zeros of the fraction not yet known to matter
	for ; i < len(s); i++ {
		c := s[i]
		switch {
		case c == mark && !seen:
			seen = true
		case c >= '0' && c <= '9':
			digits++
			if seen && c == '0' {
				zeros++
				continue
			}
			if seen {
				for ; zeros >= 0; zeros-- {
					if units > maxUnits/10 {
						return 0, 0, errBigAmount
					}
					units *= 10
					scale++
				}
				zeros = 0
			} else {
				if units > maxUnits/10 {
					return 0, 0, errBigAmount
				}
				units *= 10
			}
			units += int64(c - '0')
		default:
			return 0, 0, errBadAmount
		}
	}
	if digits == 0 {
		return 0, 0, errBadAmount
	}
	if neg {
		units = -units
	}
	return units, scale, nil
}

// Crypto-assets that payments name like currencies, with the digits of their smallest unit in common use. Ether's
// eighteen digits do not fit an integer of 55 bits; nine (gwei) are kept and finer amounts are refused as inexact.
var cryptoScale = map[string]uint8{
	"BTC": 8, "XBT": 8, "ETH": 9, "USDT": 6, "USDC": 6, "TRX": 6, "XMR": 9, "LTC": 8, "BCH": 8, "DOGE": 8, "DAI": 9, "BNB": 8, "SOL": 9, "XRP": 6,
}

type currencyInfo struct {
	scale uint8
	ok    bool
}

// isoScale is filled once from the list in golang.org/x/text, which has the historic codes as well.
var isoScale = func() map[string]currencyInfo {
	m := make(map[string]currencyInfo, 400)
	it := currency.Query(currency.Historical, currency.NonTender)
	for it.Next() {
		s, _ := currency.Standard.Rounding(it.Unit())
		m[it.Unit().String()] = currencyInfo{uint8(s), true}
	}
	it = currency.Query(currency.NonTender)
	for it.Next() {
		s, _ := currency.Standard.Rounding(it.Unit())
		m[it.Unit().String()] = currencyInfo{uint8(s), true}
	}
	for c, s := range cryptoScale {
		m[c] = currencyInfo{s, true}
	}
	delete(m, NoCurrency) // "no currency" and "testing" are not money
	delete(m, "XTS")
	return m
}()

// NoCurrency (ISO 4217) is the currency of amounts whose source names none. It is compared with no other.
const NoCurrency = "XXX"

// KnownCurrency reports whether code is an ISO 4217 code, past or present, or a crypto-asset that Tarir knows.
func KnownCurrency(code string) bool { return isoScale[code].ok }

// CurrencyScale is the number of digits after the point that the currency usually shows; 2 where unknown.
func CurrencyScale(code string) uint8 {
	if c := isoScale[code]; c.ok {
		return c.scale
	}
	return 2
}
