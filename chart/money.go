package chart

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"tarir/money/flow"
	"tarir/money/ledger"
	"tarir/money/trace"
)

// Money is the payments of a case as a graph that traces run on. Close releases it.
type Money struct {
	p   *Picture
	g   *flow.Graph
	row []int32 // payment of each row of the ledger
}

// ErrNoPayments says that a case has none.
var ErrNoPayments = errors.New("there are no payments in this case: import them first")

// Money builds the graph. What it needs on disk for that lies in a folder below dir, which is gone when it returns.
func (p *Picture) Money(ctx context.Context, dir string) (m *Money, err error) {
	if len(p.Payments) == 0 {
		return nil, ErrNoPayments
	}
	at, err := os.MkdirTemp(dir, "trace-")
	if err != nil {
		return nil, fmt.Errorf("make room for a trace: %w", err)
	}
	defer func() {
		if gone := os.RemoveAll(at); gone != nil && err == nil {
			m, err = nil, errors.Join(gone, m.Close()) // payments must not stay behind on the disk unseen
		}
	}()
	im, err := ledger.Begin(ctx, at)
	if err != nil {
		return nil, err
	}
	im.Source("case")
	m = &Money{p: p}
	for i := range p.Payments {
		x := &p.Payments[i]
		// Each entry is a payment of its own; the case has joined what is told twice.
		pay := ledger.Payment{
			Ref: x.Ref, Key: fmt.Sprintf("entry-%d", x.Seq), At: x.At * 1000, From: ledger.ParseAccount(x.FromAcct), To: ledger.ParseAccount(x.ToAcct), Paid: x.Money, Purpose: x.Purpose,
			Status: ledger.Booked, File: "case", Line: int64(i) + 1,
		}
		if pay.Check() != nil {
			continue
		}
		if _, err := im.Add(&pay); err != nil {
			return nil, fmt.Errorf("trace a payment: %w", err)
		}
		m.row = append(m.row, int32(i))
	}
	if err := im.Commit(); err != nil {
		return nil, fmt.Errorf("trace payments: %w", err)
	}
	l, err := ledger.Open(ctx, at)
	if err != nil {
		return nil, err
	}
	if m.g, err = flow.Build(ctx, l); err != nil {
		return nil, fmt.Errorf("trace payments: %w", err)
	}
	return m, nil
}

// Close releases the graph.
func (m *Money) Close() error { return m.g.Close() }

// Question is what is traced: the payments that findings name, or those of one finding, or what one party received.
type Question struct {
	Finding string // its id; empty: all
	Party   int32  // -1: the findings' payments
	Policy  trace.Policy
	Until   int64 // second up to which is looked; 0: to the end
}

// Traced is where money went.
type Traced struct {
	Flow   *trace.Flow
	Rests  []Resting
	Totals []TracedTotal
	Seeds  int
	Cut    bool          // a bound ended it: there may be more
	Main   flow.Currency // of the flow
}

// Resting is traced money at one place, largest first by currency.
type Resting struct {
	Account string
	Party   int32 // -1: outside
	How     trace.How
	Money   ledger.Money
	At      int64
	Seqs    []int64 // entries of the payments by which it came, at most ten
}

// TracedTotal is the account of one currency.
type TracedTotal struct{ Started, Held, Left ledger.Money }

// Seeds are the numbers of the payments that a question starts from.
func (p *Picture) Seeds(q Question) (out []int32) {
	if q.Party >= 0 {
		for _, i := range p.payments[q.Party] {
			if p.Payments[i].To == q.Party {
				out = append(out, i)
			}
		}
		return out
	}
	for i := range p.Payments {
		for _, f := range p.flags[int32(i)] {
			if q.Finding == "" || p.Findings[f].ID == q.Finding {
				out = append(out, int32(i))
				break
			}
		}
	}
	return out
}

// dust is the sum in minor units below which a lot is not followed further: less than a unit of money.
const dust = 99

// Trace follows money. left says in words how money left the data, source names who is not named.
func (m *Money) Trace(ctx context.Context, q Question, left func(trace.How) string, unnamed string) (*Traced, error) {
	index := map[string]uint8{}
	for i, c := range m.g.Currencies() {
		index[c.Code] = uint8(i)
	}
	wanted := m.p.Seeds(q)
	rows := make(map[int32]int64, len(m.row))
	for r, i := range m.row {
		rows[i] = int64(r)
	}
	table := m.g.Ledger().Accounts()
	var seeds []trace.Seed
	payer := map[int64]flow.Account{}
	for _, i := range wanted {
		x := &m.p.Payments[i]
		row, ok := rows[i]
		if !ok || q.Until > 0 && x.At > q.Until {
			continue
		}
		c, ok := index[x.Money.Currency]
		from, ok1 := table.Lookup(ledger.ParseAccount(x.FromAcct))
		to, ok2 := table.Lookup(ledger.ParseAccount(x.ToAcct))
		if !ok || !ok1 || !ok2 {
			continue
		}
		units, _ := x.Money.Rescale(m.g.Currencies()[c].Scale)
		seeds = append(seeds, trace.Seed{Row: row, Account: flow.Account(to), Peer: flow.Account(from), At: x.At, Amount: units, Currency: c})
		payer[row] = flow.Account(from)
	}
	r, err := trace.Run(ctx, m.g, seeds, trace.Options{Policy: q.Policy, Until: q.Until, Dust: dust})
	if err != nil {
		return nil, fmt.Errorf("trace: %w", err)
	}
	out := &Traced{Seeds: len(seeds), Cut: r.Truncated}
	if len(m.g.Currencies()) > 0 {
		out.Main = m.g.Currencies()[r.Main()]
	}
	out.Flow = r.Layers(r.Main(), trace.Saying{
		Payer: func(row int64) flow.Account { return payer[row] }, Account: m.g.AccountName, Left: left,
		Source: func(_ int64, payer flow.Account) string {
			if payer == flow.Outside {
				return unnamed
			}
			return m.g.AccountName(payer)
		},
	})
	for _, x := range r.Rests {
		rest := Resting{How: x.How, Money: m.g.Money(x.Amount, x.Currency), At: x.At, Party: -1}
		if x.Account != flow.Outside {
			rest.Account = m.g.AccountName(x.Account)
			rest.Party = m.p.PartyOf(rest.Account)
		}
		for _, l := range x.Lots {
			if row := r.Lots[l].Row; row >= 0 && len(rest.Seqs) < 10 {
				rest.Seqs = append(rest.Seqs, m.p.Payments[m.row[row]].Seq)
			}
		}
		out.Rests = append(out.Rests, rest)
	}
	for c, t := range r.Totals {
		if t.Started+t.ExchangedIn > 0 {
			out.Totals = append(out.Totals, TracedTotal{m.g.Money(t.Started+t.ExchangedIn, uint8(c)), m.g.Money(t.Held, uint8(c)), m.g.Money(t.Left+t.ExchangedOut, uint8(c))})
		}
	}
	return out, nil
}

// Money is an amount of the flow.
func (t *Traced) Money(units int64) ledger.Money {
	return ledger.Money{Units: units, Scale: t.Main.Scale, Currency: t.Main.Code}
}

// PartyOf is the party that an account belongs to; -1: none.
func (p *Picture) PartyOf(account string) int32 {
	if i, ok := p.owner[account]; ok {
		return i
	}
	return -1
}

// Row is a row of a statement.
type Row struct {
	*Payment
	In      bool
	Balance []ledger.Money // by currency, of what the case has
	Because []*Finding     // why it is marked
}

// Statement is what a party received and paid, in order of time, marked where a finding names it.
func (p *Picture) Statement(party int32) (out []Row) {
	var balance []ledger.Money
	for _, i := range p.payments[party] {
		x := &p.Payments[i]
		r := Row{Payment: x, In: x.To == party}
		m := x.Money
		if x.From == party {
			m.Units = -m.Units
		}
		if x.From != x.To {
			balance = plus(slices.Clone(balance), m)
		}
		r.Balance = balance
		for _, f := range p.flags[i] {
			r.Because = append(r.Because, &p.Findings[f])
		}
		out = append(out, r)
	}
	return out
}
