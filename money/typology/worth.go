package typology

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"tarir/money/flow"
	"tarir/money/ledger"
	"tarir/money/rates"
)

// worth is what an entry's amount was on its day in another currency of the graph, in the graph's unit of it. ok is
// false where no rate makes the two comparable: then they are not compared.
func (s *scan) worth(e flow.Entry, currency uint8) (amount int64, ok bool) {
	if e.Currency() == currency {
		return e.Amount(), true
	}
	if s.rates == nil {
		return 0, false
	}
	c := s.g.Currencies()[currency]
	return s.rates.Convert(s.g.Money(e.Amount(), e.Currency()), e.At(), c.Code, c.Scale)
}

// ratio is out over in where the two compare.
func (s *scan) ratio(out, in flow.Entry) (float64, bool) {
	amount, ok := s.worth(out, in.Currency())
	if !ok || in.Amount() == 0 {
		return 0, false
	}
	return float64(amount) / float64(in.Amount()), true
}

// sum is the total of the taken entries in the currency of the first; mixed says that some of other currencies could
// not be compared and are not in it.
func (s *scan) sum(list []flow.Entry, take func(i int) bool) (total int64, currency uint8, mixed bool) {
	first := true
	for i, e := range list {
		if take != nil && !take(i) {
			continue
		}
		if first {
			currency, first = e.Currency(), false
		}
		if amount, ok := s.worth(e, currency); ok {
			total += amount
		} else {
			mixed = true
		}
	}
	return total, currency, mixed
}

// priced is an entry's amount in a currency in which the pack has amounts.
type priced struct {
	code  string
	units int64
	scale uint8
}

// above compares with a decimal of the pack.
func (p priced) above(value float64) bool   { return p.units > p.of(value) }
func (p priced) atLeast(value float64) bool { return p.units >= p.of(value) }

func (p priced) of(value float64) int64 { return int64(math.Round(value * math.Pow10(int(p.scale)))) }

// price gives an entry's amount in its own currency where the pack has amounts in it, else, by the rate of its day, in
// the first of the pack's for which there is a rate.
func (s *scan) price(amounts []Amount, e flow.Entry) (p priced, ok bool) {
	own := s.g.Currencies()[e.Currency()]
	for _, a := range amounts {
		if a.Currency == own.Code {
			return priced{own.Code, e.Amount(), own.Scale}, true
		}
	}
	if s.rates == nil {
		return priced{}, false
	}
	m := s.g.Money(e.Amount(), e.Currency())
	for i, a := range amounts {
		if i > 0 && a.Currency == amounts[i-1].Currency {
			continue
		}
		scale := ledger.CurrencyScale(a.Currency)
		if units, ok := s.rates.Convert(m, e.At(), a.Currency, scale); ok {
			return priced{a.Currency, units, scale}, true
		}
	}
	return priced{}, false
}

// incomparable says once which of the graph's currencies cannot be compared with the pack's sums, and for which
// typologies.
func incomparable(g *flow.Graph, p *Pack, used map[string][]Amount, table *rates.Table) []string {
	type lack struct{ codes, into string }
	lacks := map[lack][]string{}
	for _, name := range p.TypologyNames() {
		var codes, into []string
		for _, a := range used[name] {
			into = append(into, a.Currency)
		}
		slices.Sort(into)
		into = slices.Compact(into)
		for _, c := range g.Currencies() {
			if len(into) > 0 && !slices.ContainsFunc(into, func(to string) bool { return leads(g, table, c.Code, to) }) {
				codes = append(codes, c.Code)
			}
		}
		if slices.Sort(codes); len(codes) > 0 {
			l := lack{strings.Join(codes, ", "), strings.Join(into, ", ")}
			lacks[l] = append(lacks[l], name)
		}
	}
	var notes []string
	for l, names := range lacks {
		notes = append(notes, fmt.Sprintf("%s: not comparable for amounts in %s, as no rate leads to %s (--rates gives a table of rates)", strings.Join(names, ", "), l.codes, l.into))
	}
	slices.Sort(notes)
	return notes
}

// leads says whether a rate leads from one currency to another on some day of the ledger's last year; a gap of the table
// shows at the payment.
func leads(g *flow.Graph, table *rates.Table, from, to string) bool {
	_, last := g.Span()
	for day := int64(0); day < 366; day += rates.MaxAge {
		if _, ok := table.Convert(ledger.Money{Units: 1, Currency: from}, last-day*flow.Day, to, 0); ok {
			return true
		}
	}
	return false
}
