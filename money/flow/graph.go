package flow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"tarir/money/ledger"
)

// Currency is a currency of the graph and the digits after the point of its unit there.
type Currency struct {
	Code  string `json:"code"`
	Scale uint8  `json:"scale"`
}

// Context is what some payments say beyond who, when, how much and what for.
type Context struct {
	MCC    string `json:"mcc,omitempty"`
	Place  string `json:"place,omitempty"`
	Device string `json:"device,omitempty"`
}

// Graph is the payment graph of a ledger. It is immutable and safe for concurrent use through Views.
type Graph struct {
	l           *ledger.Ledger
	slabs       []*slab
	currencies  []Currency
	contexts    []Context // 0 is the empty one
	has         Context   // a value of each kind that occurs
	n           int64
	first, last int64
	purposes    bool
	timed       bool
	channels    uint16
	exchanges   bool
	unsaved     error
	joined      joined
}

// Build makes the graph of all segments of l in memory. Close releases it.
func Build(ctx context.Context, l *ledger.Ledger) (*Graph, error) {
	currencies, err := currenciesOf(l)
	if err != nil {
		return nil, err
	}
	var slabs []*slab
	if len(l.Segments()) > 0 {
		s, err := build(ctx, l, currencies, 0, len(l.Segments()))
		if err != nil {
			return nil, err
		}
		slabs = append(slabs, s)
	}
	return newGraph(l, currencies, slabs), nil
}

// currenciesOf lists a ledger's currencies in the order of the segments that brought them, so that those of a grown
// ledger begin with those of before, and chooses the unit of each.
func currenciesOf(l *ledger.Ledger) ([]Currency, error) {
	scales, digits := l.Scales(), l.Digits()
	seen := map[string]bool{}
	var out []Currency
	for _, s := range l.Segments() {
		codes := make([]string, 0, len(s.Scales))
		for c := range s.Scales {
			if !seen[c] {
				seen[c] = true
				codes = append(codes, c)
			}
		}
		slices.Sort(codes)
		for _, c := range codes {
			out = append(out, Currency{c, min(scales[c], amountDigit-min(digits[c], amountDigit))})
		}
	}
	if len(out) > 256 {
		return nil, fmt.Errorf("build payment graph: %d currencies in one ledger; a graph holds 256", len(out))
	}
	return out, nil
}

func newGraph(l *ledger.Ledger, currencies []Currency, slabs []*slab) *Graph {
	g := &Graph{l: l, currencies: currencies, slabs: slabs, contexts: []Context{{}}}
	for i, s := range l.Segments() {
		if i == 0 || s.First < g.first {
			g.first = s.First
		}
		if i == 0 || s.Last > g.last {
			g.last = s.Last
		}
	}
	g.first, g.last = g.first/1000, g.last/1000
	for _, s := range slabs {
		g.n += int64(s.n)
		g.channels |= s.channels
		g.timed = g.timed || s.timed
		g.exchanges = g.exchanges || s.exchanges
		g.purposes = g.purposes || s.purposes
	}
	g.joinContexts()
	for _, c := range g.contexts {
		g.has.MCC = cmp.Or(g.has.MCC, c.MCC)
		g.has.Place = cmp.Or(g.has.Place, c.Place)
		g.has.Device = cmp.Or(g.has.Device, c.Device)
	}
	return g
}

// joinContexts gives the contexts of all slabs common numbers.
func (g *Graph) joinContexts() {
	if len(g.slabs) == 1 {
		g.contexts = g.slabs[0].contexts
		return
	}
	numbers := map[Context]uint32{{}: 0}
	for _, s := range g.slabs {
		s.global = make([]uint32, len(s.contexts))
		for i, c := range s.contexts {
			n, ok := numbers[c]
			if !ok {
				n = uint32(len(g.contexts))
				numbers[c] = n
				g.contexts = append(g.contexts, c)
			}
			s.global[i] = n
		}
	}
}

// Close releases the memory of the graph. No view may be used afterwards.
func (g *Graph) Close() error {
	var errs []error
	for _, s := range g.slabs {
		errs = append(errs, s.release())
	}
	g.slabs = nil
	return errors.Join(errs...)
}

// Ledger is the ledger that the graph was built from.
func (g *Graph) Ledger() *ledger.Ledger { return g.l }

// Payments is the number of payments in the graph.
func (g *Graph) Payments() int64 { return g.n }

// Accounts is one more than the highest account number.
func (g *Graph) Accounts() int { return g.l.Accounts().Len() }

// Slabs is the number of parts the graph has.
func (g *Graph) Slabs() int { return len(g.slabs) }

// Span is the first and the last second of any payment.
func (g *Graph) Span() (first, last int64) { return g.first, g.last }

// DateOnly says that no payment has a time of day. One with a time is enough to say that times are known.
func (g *Graph) DateOnly() bool { return g.n > 0 && !g.timed }

// HasContext says whether any payment has a merchant category, a place, a device, a purpose.
func (g *Graph) HasContext() (mcc, place, device, purpose bool) {
	return g.has.MCC != "", g.has.Place != "", g.has.Device != "", g.purposes
}

// HasChannel says whether any payment went one of the given ways.
func (g *Graph) HasChannel(channels ...ledger.Channel) bool {
	for _, c := range channels {
		if g.channels&(1<<c) != 0 {
			return true
		}
	}
	return false
}

// Exchanges says whether any payment was received in another amount or currency than it was paid in.
func (g *Graph) Exchanges() bool { return g.exchanges }

// Currencies lists the graph's currencies by index.
func (g *Graph) Currencies() []Currency { return g.currencies }

// Contexts lists the graph's contexts by number; 0 is the empty one.
func (g *Graph) Contexts() []Context { return g.contexts }

// Money writes an amount in the graph's unit of a currency as Money.
func (g *Graph) Money(amount int64, currency uint8) ledger.Money {
	c := g.currencies[currency]
	return ledger.Money{Units: amount, Scale: c.Scale, Currency: c.Code}
}

// AccountName writes an account as findings do: INSTITUTION/NUMBER.
func (g *Graph) AccountName(a Account) string { return g.l.Accounts().Account(uint32(a)).String() }

// Bytes is what the graph occupies.
func (g *Graph) Bytes() int64 {
	var n int64
	for _, s := range g.slabs {
		n += s.bytes()
	}
	return n
}

// Unsaved is why the graph could not be kept on disk for the next time; nil if it was, or was not to be.
func (g *Graph) Unsaved() error { return g.unsaved }
