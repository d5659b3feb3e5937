package analysis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tarir/money/flow"
	"tarir/money/ledger"
	"tarir/money/trace"
	"tarir/money/typology"
)

// TraceLot is one line of trace.jsonl: money that a payment brought to an account, and what of it rests there.
type TraceLot struct {
	ID       int    `json:"id"`
	Parent   int    `json:"parent"` // id of the lot it came out of; 0 where the trace starts
	Payment  string `json:"payment"`
	Account  string `json:"account"` // empty: cash or unnamed
	At       string `json:"at"`
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
	Hops     int    `json:"hops"`
	Rest     string `json:"rest"` // of the amount, what rests there; 0 where all went on
	How      string `json:"how"`  // passed on, held, cash, outside, other institution, crypto, hub, limit
}

// graphDir is where a ledger's payment graph is kept, within the ledger.
const graphDir = "graph"

// openGraph makes a ledger's graph; kept, with what is kept of it beside the ledger.
func openGraph(ctx context.Context, l *ledger.Ledger, kept bool) (*flow.Graph, error) {
	if kept {
		return flow.Open(ctx, l, filepath.Join(l.Dir(), graphDir))
	}
	return flow.Build(ctx, l)
}

// hubCounterparties is the number of payments from which a trace takes an account for a hub.
const hubPayments = 20_000

// hubs says which accounts end a trace.
func hubs(g *flow.Graph) func(flow.Account) bool {
	v := g.View()
	return func(a flow.Account) bool {
		out, in := v.Degree(a)
		return out+in > hubPayments
	}
}

// covered says whether the ledger would see an account pay: its institution pays at least once in the ledger, or no
// institution is named.
func covered(g *flow.Graph) func(flow.Account) bool {
	pays := map[string]bool{"": true, "name": true}
	v := g.View()
	table := g.Ledger().Accounts()
	for a := 1; a < g.Accounts(); a++ {
		if out, _ := v.Degree(flow.Account(a)); out > 0 {
			pays[table.Account(uint32(a)).Institution] = true
		}
	}
	return func(a flow.Account) bool { return pays[table.Account(uint32(a)).Institution] }
}

// worthTracing are the findings whose money an analysis follows: those that are not weak, or all where all are.
func worthTracing(findings []typology.Finding) []typology.Finding {
	strong := slices.DeleteFunc(slices.Clone(findings), func(f typology.Finding) bool { return f.Weak })
	if len(strong) == 0 {
		return findings
	}
	return strong
}

// traceFindings follows all payments of the findings together, in proportion (haircut), to where they rest.
func traceFindings(ctx context.Context, g *flow.Graph, known *payments, findings []typology.Finding) (*trace.Result, error) {
	seeds, err := known.seeds(ctx, g, rowsOfFindings(findings), false)
	if err != nil {
		return nil, err
	}
	return trace.Run(ctx, g, seeds, trace.Options{Hub: hubs(g), Covered: covered(g), Dust: dust})
}

// dust is the sum in minor units below which a lot is not followed further: less than a unit of money.
const dust = 99

// seeds makes the starts of a trace from ledger rows; those that are not booked are none.
func (p *payments) seeds(ctx context.Context, g *flow.Graph, rows []int64, backward bool) ([]trace.Seed, error) {
	if err := p.load(ctx, rows); err != nil {
		return nil, err
	}
	rows = slices.Compact(slices.Sorted(slices.Values(rows)))
	index := map[string]int{}
	for i, c := range g.Currencies() {
		index[c.Code] = i
	}
	table := g.Ledger().Accounts()
	out := make([]trace.Seed, 0, len(rows))
	for _, row := range rows {
		x := p.at(row)
		if x.Status != ledger.Booked {
			continue
		}
		m := x.Paid
		if x.Received.Currency != "" && !backward {
			m = x.Received
		}
		n, known := index[m.Currency]
		from, ok1 := table.Lookup(x.From)
		to, ok2 := table.Lookup(x.To)
		if !known || !ok1 || !ok2 {
			return nil, fmt.Errorf("start of a trace: %w: row %d has an unknown account or currency", ledger.ErrDamaged, row)
		}
		units, _ := m.Rescale(g.Currencies()[n].Scale)
		s := trace.Seed{
			Row: row, Account: flow.Account(to), Peer: flow.Account(from), At: x.At / 1000, Amount: units, Currency: uint8(n),
			How: trace.Ends(x.Channel, backward),
		}
		if backward {
			s.Account, s.Peer = s.Peer, s.Account
		}
		out = append(out, s)
	}
	return out, nil
}

// lotsOf writes a trace's lots with names and references.
func lotsOf(ctx context.Context, known *payments, g *flow.Graph, r *trace.Result) ([]TraceLot, error) {
	if err := known.refer(ctx, rowsOf(r)); err != nil {
		return nil, err
	}
	out := make([]TraceLot, len(r.Lots))
	for i, x := range r.Lots {
		t := TraceLot{
			ID: i + 1, Parent: int(x.Parent) + 1, Account: g.AccountName(x.Account), At: stamp(x.At), Hops: int(x.Hops), How: x.How.String(),
			Amount: g.Money(x.Amount, x.Currency).Decimal(), Rest: g.Money(x.Rest, x.Currency).Decimal(), Currency: g.Currencies()[x.Currency].Code,
		}
		if x.Row >= 0 {
			t.Payment = known.reference(x.Row)
		}
		out[i] = t
	}
	return out, nil
}

// rowsOf are the payments that lots came by.
func rowsOf(r *trace.Result) []int64 {
	rows := make([]int64, 0, len(r.Lots))
	for _, x := range r.Lots {
		if x.Row >= 0 {
			rows = append(rows, x.Row)
		}
	}
	return rows
}

// TraceOptions are a question to a ledger: from where, how, and how far.
type TraceOptions struct {
	Ledger   string   // folder of a ledger, or of an analysis
	Payments []string // references
	Accounts []string // all that they received
	Findings []string // ids; the folder must be an analysis
	Policy   string
	Backward bool
	Days     int
	Hops     int
	From     time.Time // payments of accounts before are not starts
}

// TraceAnswer is what a trace says.
type TraceAnswer struct {
	Policy    string      `json:"policy"`
	Backward  bool        `json:"backward"`
	Started   []Sum       `json:"started"`
	Rests     []TraceRest `json:"rests"`
	Lots      []TraceLot  `json:"lots"`
	Events    int64       `json:"payments_looked_at"`
	Truncated bool        `json:"truncated"`
}

// Sum is an amount of one currency.
type Sum struct {
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

// TraceRest is money at one place, with the chain of payments of its largest lot.
type TraceRest struct {
	Account  string   `json:"account"`
	How      string   `json:"how"`
	Amount   string   `json:"amount"`
	Currency string   `json:"currency"`
	AsOf     string   `json:"as_of"`
	Through  []string `json:"through"`
}

// Trace answers a question.
func Trace(ctx context.Context, o TraceOptions) (*TraceAnswer, error) {
	policy, err := trace.ParsePolicy(o.Policy)
	if err != nil {
		return nil, err
	}
	dir := o.Ledger
	if _, err := os.Stat(filepath.Join(dir, ledgerDir)); err == nil {
		dir = filepath.Join(dir, ledgerDir)
	}
	if _, err := os.Stat(filepath.Join(dir, "manifest.json")); err != nil {
		return nil, fmt.Errorf("%s is neither a ledger nor the folder of an analysis: run tarir analyse or tarir ledger import first", o.Ledger)
	}
	l, err := ledger.Open(ctx, dir)
	if err != nil {
		return nil, err
	}
	g, err := openGraph(ctx, l, true)
	if err != nil {
		return nil, err
	}
	defer g.Close()
	rows, err := o.rows(ctx, l, g)
	if err != nil {
		return nil, err
	}
	known := paymentsOf(l)
	seeds, err := known.seeds(ctx, g, rows, o.Backward)
	if err != nil {
		return nil, err
	}
	opts := trace.Options{Policy: policy, Backward: o.Backward, Hops: o.Hops, Hub: hubs(g), Covered: covered(g), Dust: dust}
	if o.Backward {
		opts.Covered = nil
	}
	if o.Days > 0 && len(seeds) > 0 {
		for i, s := range seeds {
			end := s.At + int64(o.Days)*flow.Day
			if o.Backward {
				end = s.At - int64(o.Days)*flow.Day
			}
			if i == 0 || !o.Backward && end > opts.Until || o.Backward && end < opts.Until {
				opts.Until = end
			}
		}
	}
	r, err := trace.Run(ctx, g, seeds, opts)
	if err != nil {
		return nil, err
	}
	return answer(ctx, known, g, r, o)
}

func answer(ctx context.Context, known *payments, g *flow.Graph, r *trace.Result, o TraceOptions) (*TraceAnswer, error) {
	lots, err := lotsOf(ctx, known, g, r)
	if err != nil {
		return nil, err
	}
	a := &TraceAnswer{Policy: o.Policy, Backward: o.Backward, Lots: lots, Events: r.Events, Truncated: r.Truncated, Started: []Sum{}, Rests: []TraceRest{}}
	for c, t := range r.Totals {
		if t.Started > 0 {
			m := g.Money(t.Started, uint8(c))
			a.Started = append(a.Started, Sum{m.Decimal(), m.Currency})
		}
	}
	for _, x := range r.Rests {
		m := g.Money(x.Amount, x.Currency)
		largest := x.Lots[0]
		for _, i := range x.Lots {
			if r.Lots[i].Rest > r.Lots[largest].Rest {
				largest = i
			}
		}
		rest := TraceRest{Account: g.AccountName(x.Account), How: x.How.String(), Amount: m.Decimal(), Currency: m.Currency, AsOf: stamp(x.At)}
		for _, i := range r.Path(largest) {
			if lots[i].Payment != "" {
				rest.Through = append(rest.Through, lots[i].Payment)
			}
		}
		a.Rests = append(a.Rests, rest)
	}
	return a, nil
}

// rows finds the payments that a question starts from.
func (o TraceOptions) rows(ctx context.Context, l *ledger.Ledger, g *flow.Graph) ([]int64, error) {
	want := map[string]bool{}
	for _, p := range o.Payments {
		want[p] = false
	}
	if len(o.Findings) > 0 {
		refs, err := findingPayments(filepath.Join(o.Ledger, FindingsFile), o.Findings)
		if err != nil {
			return nil, err
		}
		for _, r := range refs {
			want[r] = false
		}
	}
	var rows []int64
	if len(want) > 0 {
		err := l.All(ctx, func(n int64, p *ledger.Payment) error {
			if _, ok := want[p.Reference()]; ok {
				want[p.Reference()] = true
				rows = append(rows, n)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	for r, found := range want {
		if !found {
			return nil, fmt.Errorf("the ledger has no payment %q: references are those of the source, or FILE#LINE", r)
		}
	}
	v := g.View()
	for _, name := range o.Accounts {
		n, ok := l.Accounts().Lookup(ledger.ParseAccount(name))
		if !ok || n == 0 {
			return nil, fmt.Errorf("the ledger has no account %q: write INSTITUTION/NUMBER, or NUMBER where the source names no institution", name)
		}
		a := flow.Account(n)
		// What the account received: forward, where it went from there; backward, where it came from.
		for i, e := range v.In(a) {
			if o.From.IsZero() || !e.Time().Before(o.From) {
				rows = append(rows, v.Row(a, i, false))
			}
		}
	}
	if len(rows) == 0 {
		return nil, errors.New("nothing to start from: name payments with --payment, accounts with --account or findings with --finding")
	}
	slices.Sort(rows)
	return slices.Compact(rows), nil
}

func findingPayments(path string, ids []string) ([]string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read findings: %w", err)
	}
	var out []string
	found := map[string]bool{}
	for _, line := range strings.Split(string(b), "\n") {
		if line == "" {
			continue
		}
		var f struct {
			ID       string   `json:"id"`
			Payments []string `json:"payments"`
		}
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			return nil, fmt.Errorf("read findings: %w", err)
		}
		if slices.Contains(ids, f.ID) {
			found[f.ID] = true
			out = append(out, f.Payments...)
		}
	}
	for _, id := range ids {
		if !found[id] {
			return nil, fmt.Errorf("there is no finding %q in %s", id, path)
		}
	}
	return out, nil
}
