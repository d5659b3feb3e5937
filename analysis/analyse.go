package analysis

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/zeebo/xxh3"
	"golang.org/x/sync/errgroup"

	"tarir/garbage"
	"tarir/message"
	"tarir/money/flow"
	"tarir/money/ledger"
	"tarir/money/rates"
	"tarir/money/trace"
	"tarir/money/typology"
	"tarir/network"
	"tarir/records"
	"tarir/report"
)

// AnalyseOptions say what to analyse.
type AnalyseOptions struct {
	Inputs     []string
	Stdin      io.Reader
	Out        string // folder of results
	Ledger     string // ledger to use and add to; empty: a new one in Out
	Mappings   []string
	Currency   string // of amounts whose source names none; empty: XXX
	Rates      string // file of dated exchange rates in the ECB's shape; empty: amounts of different currencies are not compared
	Indicators string // indicator pack file; empty: the shipped one
	Version    string
	Progress   Progress
	NoReport   bool
	Lang       string // of the report: en, fr, es, ar; empty: en

	files []string // of the inputs the files that are read now, in a session; nil: all
}

// Summary is summary.json.
type Summary struct {
	Version       string             `json:"version"`
	Parameters    string             `json:"parameters_sha256"` // of the indicator pack
	Rates         string             `json:"rates_sha256,omitempty"`
	Inputs        []InputCount       `json:"inputs"`
	Counts        Counts             `json:"counts"`
	NotAssessable []string           `json:"not_assessable"`
	Warnings      []string           `json:"warnings"`
	Alone         map[string]int     `json:"indicators_alone"`  // hits that no other indicator joined: no findings
	Seconds       map[string]float64 `json:"seconds"`           // run time by stage
	Changes       []Change           `json:"changes,omitempty"` // against the analysis before, of the same ledger
}

// Counts are the totals of summary.json.
type Counts struct {
	Read        int64          `json:"read"`
	Accepted    int64          `json:"accepted"`
	Rejected    int64          `json:"rejected"`
	Payments    int64          `json:"payments"` // in the ledger and booked
	Accounts    int64          `json:"accounts"`
	Findings    int            `json:"findings"`
	Weak        int            `json:"weak_findings"`
	ByTypology  map[string]int `json:"findings_by_typology"`
	Networks    int            `json:"networks"`
	Members     int            `json:"members"`
	Victims     int            `json:"possible_victims"`
	GraphBytes  int64          `json:"graph_bytes"`
	LedgerBytes int64          `json:"ledger_bytes"`
}

// Finding is one line of findings.jsonl.
type Finding struct {
	ID          string            `json:"id"`
	Typology    string            `json:"typology"`
	Stage       string            `json:"stage"`
	Score       float64           `json:"score"`
	Weak        bool              `json:"weak"`
	Indicators  []string          `json:"indicators"`
	Subject     string            `json:"subject"` // who it is about: an entity, an account, or a contact
	Accounts    []string          `json:"accounts"`
	Payments    []string          `json:"payments"`
	Adverts     []string          `json:"adverts"`
	Journeys    []string          `json:"journeys"`
	Entities    []string          `json:"entities"`
	First       string            `json:"first"`
	Last        string            `json:"last"`
	Amount      string            `json:"amount"`
	Currency    string            `json:"currency"`
	OtherSums   map[string]string `json:"other_sums,omitempty"` // of further currencies
	Explanation []typology.Reason `json:"explanation"`
	Truncated   bool              `json:"truncated"`

	place    int // in the result of the typologies
	rows     []int64
	payments []ledger.Payment
}

// Files that Analyse writes into its folder.
const (
	SummaryFile  = "summary.json"
	RejectedFile = "rejected.jsonl"
	FindingsFile = "findings.jsonl"
	TraceFile    = "trace.jsonl"
	EntitiesFile = "entities.jsonl"
	ReportFile   = "report.html"
	ledgerDir    = "ledger"
)

// LoadPack reads an indicator pack; an empty path is the shipped one.
func LoadPack(path string) (p *typology.Pack, sum string, err error) {
	text := typology.DefaultPack
	if path != "" {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, "", fmt.Errorf("read indicator pack: %w", err)
		}
		text = string(b)
	}
	p, err = typology.ParsePack(text)
	if err != nil && path != "" {
		err = fmt.Errorf("%s: %w", path, err)
	}
	h := sha256.Sum256([]byte(text))
	return p, hex.EncodeToString(h[:]), err
}

// loadRates reads a table of exchange rates; an empty path is none.
func loadRates(path string) (*rates.Table, string, error) {
	if path == "" {
		return nil, "", nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, "", fmt.Errorf("read rates: %w", err)
	}
	t, err := rates.Read(bytes.NewReader(b))
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", path, err)
	}
	h := sha256.Sum256(b)
	return t, hex.EncodeToString(h[:]), nil
}

// While a ledger of this size and less is analysed, garbage is collected when there is twice as much as what is in use: for a few
// hundred megabytes more, 6 % less time (docs/performance.md). The folder is much smaller than what is made of it in memory.
const (
	roomyUpTo    = 200 << 20
	roomyPercent = 200
	// Once a session has read everything, little of what its first analysis used is in use. What a little more makes of garbage is
	// collected afterwards with this, and no more memory is taken than the first time: 1.1 GB for a day of andes, and 1.3 before.
	roomyAgain = 400
)

// bytesIn is the size of all files of a folder.
func bytesIn(dir string) (n int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			n += info.Size()
		}
		return err
	})
	return n, err
}

// Analyse reads the inputs, looks for typologies, follows the money of what it finds to where it rests, and writes the
// results into a folder.
func Analyse(ctx context.Context, o AnalyseOptions) (*Summary, error) {
	return new(Session).analyse(ctx, o)
}

func (session *Session) analyse(ctx context.Context, o AnalyseOptions) (*Summary, error) {
	pack, sum, err := LoadPack(o.Indicators)
	if err != nil {
		return nil, err
	}
	table, ratesSum, err := loadRates(o.Rates)
	if err != nil {
		return nil, err
	}
	say, err := message.For(o.Lang)
	if err != nil {
		return nil, err
	}
	if err := o.apart(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Out, 0o700); err != nil {
		return nil, fmt.Errorf("create folder for results: %w", err)
	}
	dir := o.Ledger
	if dir == "" {
		// A ledger of our own is made anew, so that the results are those of the inputs named.
		dir = filepath.Join(o.Out, ledgerDir)
		if err := os.RemoveAll(dir); err != nil {
			return nil, fmt.Errorf("clear the ledger of the run before: %w", err)
		}
	}
	s := &Summary{Version: o.Version, Parameters: sum, Rates: ratesSum, Seconds: map[string]float64{}, NotAssessable: []string{}, Warnings: []string{}}
	var mu sync.Mutex
	took := func(name string, d time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		s.Seconds[name] = float64(d.Milliseconds()) / 1000
	}

	start := time.Now()
	defer session.ahead(ctx, dir)()
	s.Inputs, err = Import(ctx, ImportOptions{
		Inputs: o.Inputs, Stdin: o.Stdin, Ledger: dir, files: o.files, result: isResult(o.Out, dir),
		Rejected: filepath.Join(o.Out, RejectedFile), Mappings: o.Mappings, Currency: o.Currency, Progress: o.Progress,
	})
	if err != nil {
		return nil, err
	}
	took("import", time.Since(start))
	for _, c := range s.Inputs {
		s.Counts.Read += c.Read
		s.Counts.Accepted += c.Accepted
		s.Counts.Rejected += c.Rejected
	}
	set, err := records.Open(filepath.Join(dir, recordsDir))
	if err != nil {
		return nil, err
	}
	session.remember(set)
	if n, err := bytesIn(dir); err == nil && n <= roomyUpTo {
		percent := roomyPercent
		if n-session.size <= session.size/10 {
			percent = roomyAgain
		}
		defer garbage.Percent(percent)()
	}
	st := begin(o.Progress, "records", set.Rows(records.Entities)+set.Rows(records.Adverts)+set.Rows(records.Journeys), "records")
	// A ledger that is kept keeps its graph; one made for this run alone is traced later, if at all.
	in, err := session.gather(ctx, dir, set, pack, o.Ledger != "", took)
	if err != nil {
		return nil, err
	}
	defer in.Graph.Close()
	g, l := in.Graph, in.ledger
	if err := g.Unsaved(); err != nil {
		s.Warnings = append(s.Warnings, "the graph was not kept for the next time: "+err.Error())
	}
	took("records", st.done())
	// Results are written while what follows is found out.
	var written errgroup.Group
	defer func() { _ = written.Wait() }() // after an error of another
	written.Go(func() error { return writeEntities(in.entities, set, o.Ledger, o.Out) })
	if o.Ledger != "" && !session.lasts {
		written.Go(func() error { session.keepMemo(set); return nil })
	}
	st = begin(o.Progress, "typologies", int64(g.Accounts()), "accounts")
	beside := func(ctx context.Context) ([]typology.Hit, error) {
		start := time.Now()
		defer func() { took("signals", time.Since(start)) }()
		hits, notes, err := signals(ctx, in, pack, table)
		s.NotAssessable = append(s.NotAssessable, notes...)
		return hits, err
	}
	res, err := typology.Run(ctx, g, pack, typology.Options{
		Rates: table, Beside: beside, Holder: in.Held.Subject, Apart: in.book.Apart(), Progress: func(n int) { st.add(int64(n)) },
	})
	if err != nil {
		return nil, err
	}
	took("typologies", st.done())

	st = begin(o.Progress, "trace", 0, "payments")
	known := namedPayments(l, dir)
	if err := known.load(ctx, rowsOfFindings(res.Findings)); err != nil {
		return nil, err
	}
	findings, err := describe(ctx, known, in.Input, res.Findings)
	if err != nil {
		return nil, err
	}
	written.Go(func() error { return writeLines(filepath.Join(o.Out, FindingsFile), findings) })
	// What comes of the findings is found out side by side: where their money is, who belongs together, and what the report tells
	// of each.
	in.Findings, in.Payment = res.Findings, known.at
	rep := newReporter(g, pack, in.book, say, known)
	var told []report.Finding
	var found []network.Network
	var traced *trace.Result
	aside, asideCtx := errgroup.WithContext(ctx)
	aside.Go(func() (err error) {
		found, err = network.Build(asideCtx, in.Input)
		return err
	})
	aside.Go(func() (err error) {
		if !o.NoReport {
			told, err = rep.tell(asideCtx, findings)
		}
		return err
	})
	aside.Go(func() (err error) {
		if traced, err = traceFindings(asideCtx, g, known, worthTracing(res.Findings)); err != nil {
			return err
		}
		lots, err := lotsOf(asideCtx, known, g, traced)
		if err == nil {
			written.Go(func() error { return writeLines(filepath.Join(o.Out, TraceFile), lots) })
		}
		return err
	})
	if err := aside.Wait(); err != nil {
		return nil, err
	}
	took("trace", st.done())

	st = begin(o.Progress, "networks", 0, "networks")
	networks, err := describeNetworks(ctx, in.Input, known, found, idsByPlace(findings))
	if err != nil {
		return nil, err
	}
	// What was found in this folder before, of the same ledger, is compared with.
	var changes []Change
	if before, found, err := readNetworks(o.Out); err == nil && found && o.Ledger != "" {
		changes = compareNetworks(before, networks)
		if err := writeChanges(o.Out, changes); err != nil {
			return nil, err
		}
	}
	written.Go(func() error { return writeNetworks(o.Out, networks) })
	s.Changes = changes
	ways := routes(in.Input, networks)
	if err := writeRoutes(o.Out, in.book, ways); err != nil { // the report asks the same book
		return nil, err
	}
	took("networks", st.done())
	st = begin(o.Progress, "report", int64(len(findings)), "findings")
	s.NotAssessable = append(s.NotAssessable, res.NotAssessable...)
	s.Alone = res.Alone
	s.Counts.count(l, g, findings)
	for i := range networks {
		s.Counts.Networks++
		s.Counts.Members += len(networks[i].Members)
		s.Counts.Victims += len(networks[i].Victims)
	}
	if !o.NoReport {
		if err := rep.write(ctx, s, findings, told, traced, in.Input, networks, changes, ways, filepath.Join(o.Out, ReportFile)); err != nil {
			return nil, err
		}
	}
	took("report", st.done())
	if o.Ledger != "" {
		if session.lasts {
			session.later = known.keep
		} else {
			known.keep()
			session.keepPhonebook(set)
		}
	}
	if err := written.Wait(); err != nil {
		return nil, err
	}
	if n, err := bytesIn(dir); err == nil {
		session.size = n
	}
	return s, writeJSON(filepath.Join(o.Out, SummaryFile), s)
}

func (c *Counts) count(l *ledger.Ledger, g *flow.Graph, findings []Finding) {
	c.Payments, c.Accounts = g.Payments(), int64(g.Accounts()-1)
	c.Findings = len(findings)
	c.ByTypology = map[string]int{}
	for _, f := range findings {
		c.ByTypology[f.Typology]++
		if f.Weak {
			c.Weak++
		}
	}
	c.GraphBytes = g.Bytes()
	p, a, k := l.Bytes()
	c.LedgerBytes = p + a + k
}

// describe turns findings into their written form, with references and sums from the ledger.
func describe(ctx context.Context, known *payments, in network.Input, found []typology.Finding) ([]Finding, error) {
	g := in.Graph
	if err := known.load(ctx, rowsOfFindings(found)); err != nil {
		return nil, err
	}
	out := make([]Finding, 0, len(found))
	for place, f := range found {
		x := Finding{
			place:    place,
			Typology: f.Typology, Stage: f.Stage, Score: f.Score, Weak: f.Weak, Indicators: f.Indicators,
			Subject: f.Subject, Accounts: []string{}, Payments: []string{}, Adverts: []string{}, Journeys: []string{}, Entities: append([]string{}, f.Entities...),
			First: stamp(f.First), Last: stamp(f.Last), Explanation: f.Reasons, Truncated: f.Truncated, rows: f.Payments,
		}
		for _, a := range f.Accounts {
			x.Accounts = append(x.Accounts, g.AccountName(a))
		}
		if len(x.Accounts) > 0 {
			slices.Sort(x.Accounts[1:]) // the subject stays first
		}
		for _, a := range f.Adverts {
			x.Adverts = append(x.Adverts, in.Adverts[a].ID)
		}
		for _, j := range f.Journeys {
			x.Journeys = append(x.Journeys, in.Journeys[j].ID)
		}
		sums := map[string]ledger.Money{}
		for _, r := range f.Payments {
			p := known.at(r)
			x.Payments = append(x.Payments, p.Reference())
			x.payments = append(x.payments, *p)
			sums[p.Paid.Currency] = add(sums[p.Paid.Currency], p.Paid, g)
		}
		x.setSums(sums)
		x.arrange()
		out = append(out, x)
	}
	slices.SortStableFunc(out, func(a, b Finding) int {
		return cmp.Or(-cmp.Compare(a.Score, b.Score), cmp.Compare(a.Typology, b.Typology), cmp.Compare(a.First, b.First), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

// rowsOfFindings are the payments that findings name.
func rowsOfFindings(found []typology.Finding) []int64 {
	var rows []int64
	for i := range found {
		rows = append(rows, found[i].Payments...)
	}
	return rows
}

// idsByPlace are the findings' ids in the order of the typologies' result.
func idsByPlace(findings []Finding) []string {
	out := make([]string, len(findings))
	for i := range findings {
		out[findings[i].place] = findings[i].ID
	}
	return out
}

// arrange puts a finding's payments in order of time and reference and names it after them: whatever the order in which
// files were read, and whatever was read later, the same finding has the same id.
func (f *Finding) arrange() {
	order := make([]int, len(f.payments))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(f.payments[a].At, f.payments[b].At), cmp.Compare(f.Payments[a], f.Payments[b]))
	})
	payments, refs, rows := f.payments, f.Payments, f.rows
	f.payments, f.Payments, f.rows = make([]ledger.Payment, len(order)), make([]string, len(order)), make([]int64, len(order))
	h := xxh3.New()
	put := func(s string) {
		_, _ = h.WriteString(strconv.Itoa(len(s)) + ":" + s) // a hash does not fail
	}
	put(f.Typology)
	put(f.Subject)
	if len(f.Accounts) > 0 {
		put(f.Accounts[0])
	}
	for _, list := range [][]string{f.Adverts, f.Journeys, f.Entities} {
		put(strings.Join(list, "\x00"))
	}
	for to, from := range order {
		f.payments[to], f.Payments[to], f.rows[to] = payments[from], refs[from], rows[from]
		put(refs[from])
		put(strconv.FormatInt(payments[from].At, 10))
	}
	f.ID = fmt.Sprintf("f-%016x", h.Sum64())
}

// add sums amounts of one currency in the graph's scale of it.
func add(sum, m ledger.Money, g *flow.Graph) ledger.Money {
	scale := m.Scale
	for _, c := range g.Currencies() {
		if c.Code == m.Currency {
			scale = c.Scale
		}
	}
	u, _ := m.Rescale(scale)
	return ledger.Money{Units: sum.Units + u, Scale: scale, Currency: m.Currency}
}

// setSums puts the currency of the most payments first; there is no rate here, so sums of others stand beside it.
func (f *Finding) setSums(sums map[string]ledger.Money) {
	count := map[string]int{}
	for i := range f.payments {
		count[f.payments[i].Paid.Currency]++
	}
	codes := make([]string, 0, len(sums))
	for c := range sums {
		codes = append(codes, c)
	}
	sort.Slice(codes, func(i, j int) bool {
		if count[codes[i]] != count[codes[j]] {
			return count[codes[i]] > count[codes[j]]
		}
		return codes[i] < codes[j]
	})
	for i, c := range codes {
		if i == 0 {
			f.Amount, f.Currency = sums[c].Decimal(), c
			continue
		}
		if f.OtherSums == nil {
			f.OtherSums = map[string]string{}
		}
		f.OtherSums[c] = sums[c].Decimal()
	}
}

func stamp(sec int64) string { return time.Unix(sec, 0).UTC().Format(time.RFC3339) }

func writeLines[T any](path string, list []T) error {
	w, err := createLines(path)
	if err != nil {
		return err
	}
	defer w.abort()
	for i := range list {
		if err := w.write(&list[i]); err != nil {
			return err
		}
	}
	return w.commit()
}

func writeJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", filepath.Base(path), err)
	}
	return writeFile(path, append(b, '\n'))
}

// writeFile replaces a file at once or not at all.
func writeFile(path string, b []byte) error {
	tmp := path + ".tmp"
	err := os.WriteFile(tmp, b, 0o600)
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		os.Remove(tmp)
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
