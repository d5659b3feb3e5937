package analysis

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"tarir/message"
	"tarir/money/flow"
	"tarir/money/ledger"
	"tarir/money/trace"
	"tarir/money/typology"
	"tarir/network"
	"tarir/place"
	"tarir/report"
)

// How much the report tells: the rest is in the files beside it.
const (
	reportFull     = 100  // findings told in full
	reportLines    = 1000 // findings in one line
	reportPayments = 60   // payments of a finding
	reportRests    = 15   // places where money rests
	reportNodes    = 40   // accounts of a drawing
	reportThrough  = 6    // payments of the way to a place
)

// reporter makes the report of one analysis.
type reporter struct {
	g     *flow.Graph
	pack  *typology.Pack
	s     *Summary
	opts  trace.Options
	say   *message.Language
	book  *place.Book
	known *payments

	// The ledger is read once for all findings: starts of traces before, references of the ways at the end.
	seeds map[int64]trace.Seed
	mu    sync.Mutex // of ways: findings are told side by side
	ways  []way
}

// way is a way whose references are still to be written.
type way struct {
	rows []int64
	cut  bool
	text *string
}

func newReporter(g *flow.Graph, pack *typology.Pack, book *place.Book, say *message.Language, known *payments) *reporter {
	return &reporter{g: g, pack: pack, say: say, book: book, known: known, opts: trace.Options{Hub: hubs(g), Covered: covered(g), Dust: dust}, seeds: map[int64]trace.Seed{}}
}

// seed remembers the starts of traces from payments.
func (r *reporter) seed(ctx context.Context, rows []int64) error {
	seeds, err := r.known.seeds(ctx, r.g, rows, false)
	for _, x := range seeds {
		r.seeds[x.Row] = x
	}
	return err
}

// tell tells in full the findings that the report has room for, side by side.
func (r *reporter) tell(ctx context.Context, findings []Finding) ([]report.Finding, error) {
	var rows []int64
	for i := range findings {
		rows = append(rows, findings[i].rows...)
	}
	if err := r.seed(ctx, rows); err != nil {
		return nil, err
	}
	ordered := inOrder(findings)
	out := make([]report.Finding, min(len(ordered), reportFull))
	var eg errgroup.Group
	eg.SetLimit(runtime.GOMAXPROCS(0))
	for i := range out {
		eg.Go(func() error {
			full, err := r.finding(ctx, i+1, &ordered[i])
			if err == nil {
				out[i] = *full
			}
			return err
		})
	}
	return out, eg.Wait()
}

// inOrder puts findings before leads; each in the order of the scores, which findings.jsonl has.
func inOrder(findings []Finding) []Finding {
	ordered := slices.Clone(findings)
	slices.SortStableFunc(ordered, func(a, b Finding) int {
		if a.Weak != b.Weak {
			if b.Weak {
				return -1
			}
			return 1
		}
		return 0
	})
	return ordered
}

// write writes the report. told is what tell gave for the findings.
func (r *reporter) write(ctx context.Context, s *Summary, findings []Finding, told []report.Finding, traced *trace.Result, in network.Input, networks []Network, changes []Change, ways []networkRoute, path string) error {
	r.s = s
	var rows []int64
	for _, t := range append(tracesOf(networks), traced) {
		for i := range t.Lots {
			if t.Lots[i].Parent < 0 && t.Lots[i].Row >= 0 {
				rows = append(rows, t.Lots[i].Row)
			}
		}
	}
	if err := r.seed(ctx, rows); err != nil {
		return err
	}
	p := r.page(findings, told, traced)
	p.Organisations = r.organisations(in, networks)
	for i := range p.Organisations {
		if k := slices.IndexFunc(changes, func(c Change) bool { return c.Network == p.Organisations[i].ID }); k >= 0 {
			p.Organisations[i].Changes = changes[k].told(r.say)
		}
	}
	p.AllRoutes = r.mapOf(ways)
	if err := r.writeWays(ctx); err != nil {
		return err
	}
	var b bytes.Buffer
	if err := report.Write(&b, p); err != nil {
		return err
	}
	return writeFile(path, b.Bytes())
}

func (r *reporter) page(findings []Finding, told []report.Finding, traced *trace.Result) *report.Page {
	c := r.s.Counts
	p := &report.Page{
		Language: r.say,
		Version:  r.s.Version, Indices: r.s.Parameters[:12], Read: c.Read, Accepted: c.Accepted, Rejected: c.Rejected,
		Payments: c.Payments, Accounts: c.Accounts, Strong: c.Findings - c.Weak, Weak: c.Weak, NotAssessable: r.s.NotAssessable,
	}
	if first, last := r.g.Span(); c.Payments > 0 {
		p.First, p.Last = day(first), day(last)
	}
	for _, in := range r.s.Inputs {
		note := strings.Join(in.Notes, "; ")
		if in.Problem != "" {
			note = strings.TrimPrefix(note+"; "+in.Problem, "; ")
		}
		p.Inputs = append(p.Inputs, report.Input{Path: in.Path, Format: in.Format, Read: in.Read, Accepted: in.Accepted, Rejected: in.Rejected, Note: note})
	}
	p.ByTypology = r.counts(findings)
	kindOf := map[int64]string{}
	p.Findings = told
	ordered := inOrder(findings)
	for i := range ordered {
		f := &ordered[i]
		for _, row := range f.rows {
			if _, ok := kindOf[row]; !ok {
				kindOf[row] = r.say.Name("typology", f.Typology)
			}
		}
		switch {
		case i < len(told):
		case i < reportFull+reportLines:
			p.More = append(p.More, report.Line{
				Rank: i + 1, ID: f.ID, Typology: f.Typology, Score: score(f.Score), First: date(f.First), Last: date(f.Last),
				Amount: amountOf(f), Subject: f.about(), Weak: f.Weak,
			})
		default:
			p.Omitted++
		}
	}
	r.rests(p, traced, kindOf)
	return p
}

func (r *reporter) counts(findings []Finding) []report.Count {
	byName := map[string]*report.Count{}
	for _, f := range findings {
		k := byName[f.Typology]
		if k == nil {
			k = &report.Count{Typology: f.Typology, Summary: r.say.Or("summary."+f.Typology, r.pack.Typologies[f.Typology].Summary)}
			byName[f.Typology] = k
		}
		if f.Weak {
			k.Weak++
		} else {
			k.Strong++
		}
	}
	var out []report.Count
	for _, k := range byName {
		out = append(out, *k)
	}
	slices.SortFunc(out, func(a, b report.Count) int {
		return cmp.Or(cmp.Compare(b.Strong, a.Strong), cmp.Compare(b.Weak, a.Weak), cmp.Compare(a.Typology, b.Typology))
	})
	return out
}

// finding tells one finding with its own trace: its payments alone, followed to where they rest.
func (r *reporter) finding(ctx context.Context, rank int, f *Finding) (*report.Finding, error) {
	x := &report.Finding{
		Rank: rank, ID: f.ID, Typology: f.Typology, Summary: r.say.Or("summary."+f.Typology, r.pack.Typologies[f.Typology].Summary), Stage: f.Stage, Score: score(f.Score), Weak: f.Weak,
		First: date(f.First), Last: date(f.Last), Amount: amountOf(f), Subject: f.about(), Accounts: len(f.Accounts), Truncated: f.Truncated,
	}
	for _, code := range sortedKeys(f.OtherSums) {
		x.Others = append(x.Others, report.Amount(f.OtherSums[code], code))
	}
	for _, id := range f.Indicators {
		i := r.pack.Indicators[id]
		x.Indicators = append(x.Indicators, report.Indicator{ID: id, Name: r.say.Or("indicator."+id, i.Name), Source: i.Source})
	}
	for _, reason := range f.Explanation {
		x.Reasons = append(x.Reasons, r.say.Reason(reason))
	}
	payments := slices.Clone(f.payments)
	slices.SortStableFunc(payments, func(a, b ledger.Payment) int { return cmp.Compare(a.At, b.At) })
	for i := range payments {
		p := &payments[i]
		if i == reportPayments {
			x.Further = len(payments) - i
			break
		}
		x.Payments = append(x.Payments, r.payment(p))
	}
	if len(payments) > 0 {
		x.Timeline = r.timeline(f, payments)
		x.Drawing = r.drawing(f, payments)
	}
	x.Adverts, x.Journeys = len(f.Adverts), len(f.Journeys)
	var seeds []trace.Seed
	for _, row := range slices.Sorted(slices.Values(f.rows)) {
		if x, ok := r.seeds[row]; ok { // others are not booked
			seeds = append(seeds, x)
		}
	}
	traced, err := trace.Run(ctx, r.g, seeds, r.opts)
	if err != nil {
		return nil, err
	}
	x.Flow = r.flow(traced, nil)
	x.AtRest, _ = r.places(traced, 8)
	return x, nil
}

func (r *reporter) payment(p *ledger.Payment) report.Payment {
	return report.Payment{At: clock(p), From: r.side(p.From), To: r.side(p.To), Amount: written(p.Paid), Channel: p.Channel.String(), Reference: p.Reference()}
}

// side names one side of a payment.
func (r *reporter) side(a ledger.Account) string {
	if a.Outside() {
		return r.say.Text("page.cash_or_unnamed")
	}
	return a.String()
}

func written(m ledger.Money) string { return report.Amount(m.Decimal(), m.Currency) }

func amountOf(f *Finding) string {
	if f.Currency == "" {
		return ""
	}
	return report.Amount(f.Amount, f.Currency)
}

// about is the account that a finding is about, or whoever it is about where that is no account.
func (f *Finding) about() string {
	if len(f.Accounts) > 0 {
		return f.Accounts[0]
	}
	return f.Subject
}

func score(x float64) string { return fmt.Sprintf("%.2f", x) }

func day(sec int64) string { return time.Unix(sec, 0).UTC().Format(time.DateOnly) }

// date is the day of a time written by stamp.
func date(s string) string { return s[:len(time.DateOnly)] }

func clock(p *ledger.Payment) string {
	t := time.UnixMilli(p.At).UTC()
	if p.DateOnly {
		return t.Format(time.DateOnly)
	}
	return t.Format("2006-01-02 15:04")
}

func (r *reporter) timeline(f *Finding, payments []ledger.Payment) []report.Event {
	var out []report.Event
	for i := range payments {
		p := &payments[i]
		if p.Paid.Currency != f.Currency || len(out) == 400 {
			continue
		}
		direction := "other"
		switch f.about() {
		case p.To.String():
			direction = "in"
		case p.From.String():
			direction = "out"
		}
		out = append(out, report.Event{
			At: p.At / 1000, Direction: direction, Value: p.Paid.Float(),
			Text: fmt.Sprintf("%s  %s  %s → %s  %s", clock(p), written(p.Paid), r.side(p.From), r.side(p.To), p.Reference()),
		})
	}
	return out
}

// drawing joins a finding's payments by pair. Accounts beyond the largest become one node of each kind.
func (r *reporter) drawing(f *Finding, payments []ledger.Payment) *report.Drawing {
	total := map[string]float64{}
	pays, paid := map[string]bool{}, map[string]bool{}
	for i := range payments {
		p := &payments[i]
		from, to, v := r.side(p.From), r.side(p.To), 1.0
		if p.Paid.Currency == f.Currency {
			v += p.Paid.Float()
		}
		total[from] += v
		total[to] += v
		pays[from], paid[to] = true, true
	}
	names := sortedKeys(total)
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(total[b], total[a]) })
	subject := f.about()
	kind := func(name string) string {
		switch {
		case name == subject:
			return "subject"
		case name == r.side(ledger.Account{}):
			return "outside"
		case pays[name] && paid[name]:
			return "both"
		case pays[name]:
			return "payer"
		}
		return "payee"
	}
	d := &report.Drawing{}
	index := map[string]int{}
	rest := map[string]int{}
	for _, name := range names {
		if k := kind(name); len(index) < reportNodes || k == "subject" {
			index[name] = len(d.Nodes)
			d.Nodes = append(d.Nodes, report.Node{Label: name, Kind: k})
		} else {
			rest[k]++
		}
	}
	others := map[string]int{}
	for _, k := range sortedKeys(rest) {
		others[k] = len(d.Nodes)
		d.Nodes = append(d.Nodes, report.Node{Label: r.say.Text("page.others_n", "n", rest[k]), Kind: k})
	}
	node := func(name string) int {
		if i, ok := index[name]; ok {
			return i
		}
		return others[kind(name)]
	}
	type link struct {
		n      int
		value  float64
		amount map[string]ledger.Money
	}
	links := map[[2]int]*link{}
	var order [][2]int
	for i := range payments {
		p := &payments[i]
		k := [2]int{node(r.side(p.From)), node(r.side(p.To))}
		l := links[k]
		if l == nil {
			l = &link{amount: map[string]ledger.Money{}}
			links[k] = l
			order = append(order, k)
		}
		l.n++
		if p.Paid.Currency == f.Currency {
			l.value += p.Paid.Float()
		}
		sum, ok := l.amount[p.Paid.Currency]
		if !ok { // written with the places that the currency has
			sum = ledger.Money{Scale: ledger.CurrencyScale(p.Paid.Currency), Currency: p.Paid.Currency}
		}
		l.amount[p.Paid.Currency] = sum.Plus(p.Paid)
	}
	for _, k := range order {
		l := links[k]
		var sums []string
		for _, c := range sortedKeys(l.amount) {
			sums = append(sums, written(l.amount[c]))
		}
		text := r.say.Text("page.link", "from", d.Nodes[k[0]].Label, "to", d.Nodes[k[1]].Label, "sums", strings.Join(sums, r.say.Text("page.and")), "n", l.n)
		d.Links = append(d.Links, report.Link{From: k[0], To: k[1], Value: l.value, Text: text})
	}
	return d
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
