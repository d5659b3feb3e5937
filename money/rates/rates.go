// Package rates reads dated exchange rates, by which amounts of different currencies are compared.
//
// The table has the shape in which the European Central Bank publishes its euro reference rates (eurofxref-hist.csv): a
// header "Date,USD,JPY,…", then one line a day with the units of each currency that one euro buys; N/A or nothing where
// there is none. Order of lines does not matter.
//
// A rate holds for its day and, as no rates are fixed on weekends and holidays, until the next one, at most MaxAge days.
// Beyond that, and for a currency that the table lacks, there is no rate and amounts do not compare: nothing is guessed.
// A comparison is by the day of each payment; it is not what a bank gave its customer.
//
// Converting costs a binary search over the days. Memory: nine bytes a day and currency.
package rates

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"sort"
	"strings"
	"time"

	"tarir/money/ledger"
)

// MaxAge is the number of days that a rate holds when no later one is fixed: a long weekend with holidays.
const MaxAge = 10

const daySeconds = 86_400

// Table is a table of rates. The zero value has none; it is immutable and safe for concurrent use.
type Table struct {
	days    []int64 // since 1970
	columns map[string]int
	rates   [][]rate // by day and column
}

// rate is units × 10^-scale of a currency for one euro; units 0 where there is none.
type rate struct {
	units int64
	scale uint8
}

var euro = rate{1, 0}

// Read reads a table. The error names the line and says what is expected there.
func Read(r io.Reader) (*Table, error) {
	cr := csv.NewReader(r)
	cr.FieldsPerRecord = -1
	cr.ReuseRecord = true
	header, err := cr.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("read rates: the file is empty; a header Date,USD,JPY,… is expected, as the ECB publishes it")
	}
	if err != nil {
		return nil, fmt.Errorf("read rates: %w", err)
	}
	t := &Table{columns: map[string]int{}}
	var at []int // column of each field; -1 for none
	for i, h := range header {
		h = strings.TrimSpace(strings.TrimPrefix(h, "\uFEFF"))
		switch {
		case i == 0 && !strings.EqualFold(h, "date"):
			return nil, fmt.Errorf("read rates: line 1: the first column is %q; a header Date,USD,JPY,… is expected, as the ECB publishes it", clip(h))
		case i == 0 || h == "":
			at = append(at, -1)
		case !ledger.KnownCurrency(h):
			return nil, fmt.Errorf("read rates: line 1: %q is no currency", clip(h))
		default:
			if _, twice := t.columns[h]; twice {
				return nil, fmt.Errorf("read rates: line 1: %s stands there twice", h)
			}
			t.columns[h] = len(t.columns)
			at = append(at, t.columns[h])
		}
	}
	for {
		fields, err := cr.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read rates: %w", err)
		}
		line, _ := cr.FieldPos(0)
		if err := t.line(fields, at); err != nil {
			return nil, fmt.Errorf("read rates: line %d: %w", line, err)
		}
	}
	sort.Sort((*byDay)(t))
	for i := 1; i < len(t.days); i++ {
		if t.days[i] == t.days[i-1] {
			return nil, fmt.Errorf("read rates: %s stands there twice", time.Unix(t.days[i]*daySeconds, 0).UTC().Format(time.DateOnly))
		}
	}
	return t, nil
}

func (t *Table) line(fields []string, at []int) error {
	day, err := time.Parse(time.DateOnly, strings.TrimSpace(fields[0]))
	if err != nil {
		return fmt.Errorf("%q is no date; 2024-01-31 is expected", clip(fields[0]))
	}
	if len(fields) > len(at) {
		return fmt.Errorf("%d fields where the header has %d", len(fields), len(at))
	}
	row := make([]rate, len(t.columns))
	for i, f := range fields {
		f = strings.TrimSpace(f)
		if at[i] < 0 || f == "" || f == "N/A" {
			continue
		}
		units, scale, err := ledger.ParseDecimal(f, '.')
		if err != nil || units <= 0 {
			return fmt.Errorf("%q is no rate; a decimal with a point, or N/A, is expected", clip(f))
		}
		row[at[i]] = rate{units, scale}
	}
	t.days = append(t.days, day.Unix()/daySeconds)
	t.rates = append(t.rates, row)
	return nil
}

type byDay Table

func (t *byDay) Len() int           { return len(t.days) }
func (t *byDay) Less(i, j int) bool { return t.days[i] < t.days[j] }
func (t *byDay) Swap(i, j int) {
	t.days[i], t.days[j] = t.days[j], t.days[i]
	t.rates[i], t.rates[j] = t.rates[j], t.rates[i]
}

// at is the rate of a currency that holds on a day.
func (t *Table) at(code string, day int64) (rate, bool) {
	if code == "EUR" {
		return euro, true
	}
	c, ok := t.columns[code]
	if !ok {
		return rate{}, false
	}
	i, found := slices.BinarySearch(t.days, day)
	if !found {
		i--
	}
	for ; i >= 0 && day-t.days[i] <= MaxAge; i-- {
		if r := t.rates[i][c]; r.units > 0 {
			return r, true
		}
	}
	return rate{}, false
}

// Convert gives what m was worth at a second in another currency, in units of 10^-scale, rounded half up. ok is false
// where the table has no rate for one of the two, and for a nil table unless the currency is the same.
func (t *Table) Convert(m ledger.Money, at int64, to string, scale uint8) (units int64, ok bool) {
	if m.Currency == to {
		return m.Rescale(scale)
	}
	if t == nil {
		return 0, false
	}
	day := at / daySeconds
	from, ok := t.at(m.Currency, day)
	if !ok {
		return 0, false
	}
	into, ok := t.at(to, day)
	if !ok {
		return 0, false
	}
	above := new(big.Int).Mul(big.NewInt(m.Units), big.NewInt(into.units))
	above.Mul(above, power(int(scale)+int(from.scale)))
	below := new(big.Int).Mul(big.NewInt(from.units), power(int(m.Scale)+int(into.scale)))
	above.Add(above.Lsh(above, 1), below) // half up: (2a + b) / 2b
	above.Quo(above, below.Lsh(below, 1))
	if !above.IsInt64() {
		return 0, false
	}
	return above.Int64(), true
}

func power(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}
