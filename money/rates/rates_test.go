package rates_test

import (
	"math/big"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tarir/money/ledger"
	"tarir/money/rates"
)

// table has the shape of the ECB's file; the numbers are made up.
const table = `Date,USD,JPY,BGN,HRK,
2024-01-05,1.0921,158.00,1.9558,N/A,
2024-01-04,1.1000,160,1.9558,N/A,
2023-12-20,1.0800,155.5,1.9558,,
`

func read(t *testing.T, s string) *rates.Table {
	t.Helper()
	r, err := rates.Read(strings.NewReader(s))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func at(day string) int64 {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic(err)
	}
	return t.Unix() + 3600
}

func TestConvert(t *testing.T) {
	r := read(t, table)
	for _, c := range []struct {
		name  string
		units int64
		scale uint8
		from  string
		day   string
		to    string
		into  uint8
		want  int64
		ok    bool
	}{
		{"euro to dollar", 100_00, 2, "EUR", "2024-01-05", "USD", 2, 109_21, true},
		{"dollar to euro", 110_00, 2, "USD", "2024-01-04", "EUR", 2, 100_00, true},
		{"across two", 110_00, 2, "USD", "2024-01-04", "JPY", 0, 16_000, true},
		{"rounded half up", 1, 2, "EUR", "2024-01-04", "USD", 3, 11, true},
		{"weekend takes Friday's", 100_00, 2, "EUR", "2024-01-07", "USD", 2, 109_21, true},
		{"ten days later at most", 100_00, 2, "EUR", "2024-01-15", "USD", 2, 109_21, true},
		{"eleven days later there is none", 100_00, 2, "EUR", "2024-01-16", "USD", 2, 0, false},
		{"before the table there is none", 100_00, 2, "EUR", "2023-12-19", "USD", 2, 0, false},
		{"a gap of more than ten days", 100_00, 2, "EUR", "2024-01-01", "USD", 2, 0, false},
		{"no rate given", 100_00, 2, "EUR", "2024-01-05", "HRK", 2, 0, false},
		{"currency not in the table", 100_00, 2, "EUR", "2024-01-05", "CHF", 2, 0, false},
		{"the same needs no rate", 100_00, 2, "CHF", "1990-01-05", "CHF", 3, 100_000, true},
	} {
		got, ok := r.Convert(ledger.Money{Units: c.units, Scale: c.scale, Currency: c.from}, at(c.day), c.to, c.into)
		if got != c.want && c.ok || ok != c.ok {
			t.Errorf("%s: %d, %v; want %d, %v", c.name, got, ok, c.want, c.ok)
		}
	}
	var none *rates.Table
	if _, ok := none.Convert(ledger.Money{Units: 1, Currency: "EUR"}, 0, "USD", 2); ok {
		t.Error("no table converts")
	}
}

func TestConvertIsExactToHalfAUnit(t *testing.T) {
	r := read(t, table)
	rapid.Check(t, func(t *rapid.T) {
		m := ledger.Money{Units: rapid.Int64Range(0, 1<<50).Draw(t, "units"), Scale: uint8(rapid.IntRange(0, 4).Draw(t, "scale")), Currency: "USD"}
		into := uint8(rapid.IntRange(0, 4).Draw(t, "into"))
		got, ok := r.Convert(m, at("2024-01-05"), "JPY", into)
		if !ok {
			return // does not fit
		}
		exact := new(big.Rat).SetFrac(big.NewInt(m.Units), pow(m.Scale))
		exact.Mul(exact, big.NewRat(158_0000, 1_0921))
		exact.Mul(exact, new(big.Rat).SetInt(pow(into)))
		off := new(big.Rat).Sub(exact, new(big.Rat).SetInt64(got))
		if off.Abs(off).Cmp(big.NewRat(1, 2)) > 0 {
			t.Fatalf("%v is %d, exactly %s", m, got, exact.FloatString(3))
		}
	})
}

func pow(n uint8) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

func TestBadTablesAreNamed(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "empty"},
		{"other header", "Day,USD\n", "first column"},
		{"unknown currency", "Date,QQQ\n", "no currency"},
		{"currency twice", "Date,USD,USD\n", "twice"},
		{"bad date", "Date,USD\n05.01.2024,1.1\n", "line 2"},
		{"bad rate", "Date,USD\n2024-01-05,1.1\n2024-01-06,abc\n", "line 3"},
		{"negative rate", "Date,USD\n2024-01-05,-1.1\n", "no rate"},
		{"zero", "Date,USD\n2024-01-05,0\n", "no rate"},
		{"day twice", "Date,USD\n2024-01-05,1.1\n2024-01-05,1.2\n", "2024-01-05"},
		{"too many fields", "Date,USD\n2024-01-05,1.1,3\n", "3 fields"},
		{"open quote", "Date,USD\n\"2024-01-05,1.1\n", "read rates"},
	} {
		if _, err := rates.Read(strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", c.name, err, c.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(table)
	f.Add("Date,USD\n2024-01-05,1.1\n")
	f.Add("Date,USD\n2024-01-05,N/A\n2024-01-06,\n")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := rates.Read(strings.NewReader(s))
		if err != nil {
			return
		}
		r.Convert(ledger.Money{Units: 12345, Scale: 2, Currency: "EUR"}, at("2024-01-06"), "USD", 2)
	})
}
