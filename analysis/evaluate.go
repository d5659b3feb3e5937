package analysis

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"time"

	"tarir/intake"
	"tarir/money/ledger"
)

// Truth is truth.json: what really happened, as a generator or an investigator knows it. Any part may be missing.
type Truth struct {
	IllicitPayments  []string  `json:"illicit_payments"`
	Patterns         []Pattern `json:"patterns"`
	InnocentPatterns []Pattern `json:"innocent_patterns"`
	Organisations    []struct {
		ID      string `json:"id"`
		Members []struct {
			Entity   string   `json:"entity"`
			Roles    []string `json:"roles"`
			Accounts []string `json:"accounts"`
		} `json:"members"`
		Victims []string `json:"victims"`
		Leads   []string `json:"leads"`
		AtRest  []struct {
			Account  string      `json:"account"`
			Amount   json.Number `json:"amount"`
			Currency string      `json:"currency"`
		} `json:"at_rest"`
	} `json:"organisations"`
}

// Pattern is one planted pattern.
type Pattern struct {
	ID       string   `json:"id"`
	Typology string   `json:"typology"`
	Payments []string `json:"payments"`
	Accounts []string `json:"accounts"`
}

// Rate is precision, recall and their harmonic mean, with the counts behind them.
type Rate struct {
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
	Right     int     `json:"right"`
	Named     int     `json:"named"`
	True      int     `json:"true"`
}

func rate(right, named, truth int) Rate {
	r := Rate{Right: right, Named: named, True: truth}
	if named > 0 {
		r.Precision = float64(right) / float64(named)
	}
	if truth > 0 {
		r.Recall = float64(right) / float64(truth)
	}
	if r.Precision+r.Recall > 0 {
		r.F1 = 2 * r.Precision * r.Recall / (r.Precision + r.Recall)
	}
	return r
}

// Kind is how one kind of pattern was found. A pattern is found when findings of its kind, or of any, hold at least
// half of its payments.
type Kind struct {
	Patterns       int            `json:"patterns"`
	Found          int            `json:"found"`
	Recall         float64        `json:"recall"`
	FoundByAny     int            `json:"found_by_any"`
	RecallByAny    float64        `json:"recall_by_any"`
	Accounts       Rate           `json:"accounts"` // of the findings of this kind against the accounts of its patterns
	MedianDays     float64        `json:"median_duration_days"`
	MissedMedian   float64        `json:"missed_median_duration_days"`
	ByDurationDays []DurationRate `json:"by_duration"`
}

// DurationRate is recall among patterns of a duration.
type DurationRate struct {
	UpToDays int     `json:"up_to_days"` // 0: longer than all others
	Patterns int     `json:"patterns"`
	Found    int     `json:"found"`
	Recall   float64 `json:"recall"`
}

// ScoreRate is precision and recall of payments among findings of at least a score.
type ScoreRate struct {
	MinScore float64 `json:"min_score"`
	Findings int     `json:"findings"`
	Rate
}

// Evaluation is what Evaluate says.
type Evaluation struct {
	Payments               Rate            `json:"payments"`
	PaymentsByScore        []ScoreRate     `json:"payments_by_score"`
	Accounts               Rate            `json:"accounts"`
	Organisations          *Rate           `json:"organisations,omitempty"`
	Members                *Rate           `json:"members,omitempty"`
	Roles                  *Rate           `json:"roles,omitempty"`
	Leads                  *Rate           `json:"leads,omitempty"`   // people to follow up
	Victims                *Rate           `json:"victims,omitempty"` // possible victims
	Typologies             map[string]Kind `json:"typologies"`
	AtRest                 *AtRestRate     `json:"at_rest,omitempty"`
	InnocentPatternsNamed  int             `json:"innocent_patterns_named"`
	InnocentPatterns       int             `json:"innocent_patterns"`
	FindingsPer100kHonest  float64         `json:"findings_per_100k_honest"`
	Findings               int             `json:"findings"`
	HonestPayments         int64           `json:"honest_payments"`
	VictimsAsSuspects      int             `json:"victims_as_suspects"`
	FindingsWithoutIllicit int             `json:"findings_without_illicit_payment"`
}

// AtRestRate says how much of the proceeds at rest was located and how much innocent money was named.
type AtRestRate struct {
	LocatedShare  float64 `json:"located_share"`
	InnocentShare float64 `json:"innocent_share"`
}

// readTruth reads a truth file, plain or compressed.
func readTruth(ctx context.Context, path string) (truth Truth, err error) {
	inputs, err := intake.Find([]string{path}, nil)
	if err != nil {
		return truth, err
	}
	if len(inputs) != 1 {
		return truth, fmt.Errorf("%s is a folder: name the truth file in it", path)
	}
	text, err := inputs[0].Open(ctx, nil)
	if err != nil {
		return truth, fmt.Errorf("read truth: %w", err)
	}
	defer text.Close()
	if err := json.NewDecoder(text).Decode(&truth); err != nil {
		return truth, fmt.Errorf("%s is no known truth: give the truth.json that tarir world writes (%w)", path, err)
	}
	return truth, nil
}

// durationBounds are the steps of Kind.ByDurationDays.
var durationBounds = []int{7, 14, 30, 90, 180, 365, forever}

const forever = 1_000_000

// Evaluate compares the results in dir with the truth. Detection never sees the truth: this reads only what Analyse
// wrote.
func Evaluate(ctx context.Context, truthPath, dir string) (*Evaluation, error) {
	truth, err := readTruth(ctx, truthPath)
	if err != nil {
		return nil, err
	}
	findings, err := readFindings(filepath.Join(dir, FindingsFile))
	if err != nil {
		return nil, err
	}
	var summary Summary
	b, err := os.ReadFile(filepath.Join(dir, SummaryFile))
	if err != nil {
		return nil, fmt.Errorf("%s holds no analysis: %w", dir, err)
	}
	if err := json.Unmarshal(b, &summary); err != nil {
		return nil, fmt.Errorf("read %s: %w", SummaryFile, err)
	}
	e := &Evaluation{Typologies: map[string]Kind{}, Findings: len(findings)}
	illicit := map[string]bool{}
	for _, p := range truth.IllicitPayments {
		illicit[p] = true
	}
	for _, p := range truth.Patterns {
		for _, x := range p.Payments {
			illicit[x] = true
		}
	}
	e.payments(findings, illicit, summary.Counts.Payments)
	times, err := paymentTimes(ctx, dir, truth)
	if err != nil {
		return nil, err
	}
	e.kinds(findings, truth, times)
	e.accounts(findings, truth)
	list, found, err := readNetworks(dir)
	if err != nil {
		return nil, err
	}
	e.innocent(findings, list, truth)
	if len(truth.Organisations) > 0 {
		if found {
			err = e.networks(list, truth)
		} else {
			err = e.atRest(truth, dir)
		}
		if err != nil {
			return nil, err
		}
	}
	return e, nil
}

func readFindings(path string) ([]Finding, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read findings (is this the folder of an analysis?): %w", err)
	}
	defer f.Close()
	dec := json.NewDecoder(bufio.NewReader(f))
	var out []Finding
	for dec.More() {
		var x Finding
		if err := dec.Decode(&x); err != nil {
			return nil, fmt.Errorf("read findings: %w", err)
		}
		out = append(out, x)
	}
	return out, nil
}

func (e *Evaluation) payments(findings []Finding, illicit map[string]bool, all int64) {
	count := func(min float64) (n, right, named int) {
		seen := map[string]bool{}
		for _, f := range findings {
			if f.Score < min {
				continue
			}
			n++
			for _, p := range f.Payments {
				if !seen[p] {
					seen[p] = true
					named++
					if illicit[p] {
						right++
					}
				}
			}
		}
		return n, right, named
	}
	_, right, named := count(0)
	e.Payments = rate(right, named, len(illicit))
	for _, min := range []float64{0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9} {
		n, right, named := count(min)
		e.PaymentsByScore = append(e.PaymentsByScore, ScoreRate{min, n, rate(right, named, len(illicit))})
	}
	e.HonestPayments = all - int64(len(illicit))
	for _, f := range findings {
		if !slices.ContainsFunc(f.Payments, func(p string) bool { return illicit[p] }) {
			e.FindingsWithoutIllicit++
		}
	}
	if e.HonestPayments > 0 {
		e.FindingsPer100kHonest = float64(e.FindingsWithoutIllicit) * 100_000 / float64(e.HonestPayments)
	}
}

// sameKind says that a finding's typology is the pattern's, in the spellings of the research data sets.
func sameKind(finding, pattern string) bool {
	norm := func(s string) string {
		b := []byte(s)
		for i := range b {
			if b[i] == '-' || b[i] == ' ' {
				b[i] = '_'
			} else if b[i] >= 'A' && b[i] <= 'Z' {
				b[i] += 'a' - 'A'
			}
		}
		return string(b)
	}
	f, p := norm(finding), norm(pattern)
	alias := map[string]string{"random": "random_walk", "bipartite": "stack"}
	if a, ok := alias[p]; ok {
		p = a
	}
	return f == p
}

func (e *Evaluation) kinds(findings []Finding, truth Truth, times map[string]time.Time) {
	byPayment := map[string][]int{}
	for i, f := range findings {
		for _, p := range f.Payments {
			byPayment[p] = append(byPayment[p], i)
		}
	}
	durations := map[string][]float64{}
	missed := map[string][]float64{}
	type tally struct{ n, found map[int]int }
	steps := map[string]tally{}
	for _, p := range truth.Patterns {
		if len(p.Payments) == 0 {
			continue
		}
		k := e.Typologies[p.Typology]
		k.Patterns++
		same, any := 0, 0
		for _, x := range p.Payments {
			hitSame := false
			for _, i := range byPayment[x] {
				hitSame = hitSame || sameKind(findings[i].Typology, p.Typology)
			}
			if hitSame {
				same++
			}
			if len(byPayment[x]) > 0 {
				any++
			}
		}
		found := 2*same >= len(p.Payments)
		if found {
			k.Found++
		}
		if 2*any >= len(p.Payments) {
			k.FoundByAny++
		}
		e.Typologies[p.Typology] = k
		if d, ok := duration(p, times); ok {
			durations[p.Typology] = append(durations[p.Typology], d)
			if !found {
				missed[p.Typology] = append(missed[p.Typology], d)
			}
			if steps[p.Typology].n == nil {
				steps[p.Typology] = tally{map[int]int{}, map[int]int{}}
			}
			for i, bound := range durationBounds {
				if d <= float64(bound) {
					steps[p.Typology].n[i]++
					if found {
						steps[p.Typology].found[i]++
					}
					break
				}
			}
		}
	}
	for name, k := range e.Typologies {
		k.Recall = float64(k.Found) / float64(k.Patterns)
		k.RecallByAny = float64(k.FoundByAny) / float64(k.Patterns)
		k.MedianDays, k.MissedMedian = median(durations[name]), median(missed[name])
		k.Accounts = kindAccounts(findings, truth, name)
		for i, bound := range durationBounds {
			if n := steps[name].n[i]; n > 0 {
				if bound == forever {
					bound = 0
				}
				k.ByDurationDays = append(k.ByDurationDays, DurationRate{bound, n, steps[name].found[i], float64(steps[name].found[i]) / float64(n)})
			}
		}
		e.Typologies[name] = k
	}
}

// paymentTimes finds when the payments of the truth's patterns were made, in the analysis's own ledger. Without one
// there are no durations.
func paymentTimes(ctx context.Context, dir string, truth Truth) (map[string]time.Time, error) {
	times := map[string]time.Time{}
	for _, p := range truth.Patterns {
		for _, x := range p.Payments {
			times[x] = time.Time{}
		}
	}
	dir = filepath.Join(dir, ledgerDir)
	if _, err := os.Stat(dir); err != nil || len(times) == 0 {
		return nil, nil
	}
	l, err := ledger.Open(ctx, dir)
	if err != nil {
		return nil, err
	}
	return times, l.All(ctx, func(_ int64, p *ledger.Payment) error {
		if _, ok := times[p.Reference()]; ok {
			times[p.Reference()] = p.Time()
		}
		return nil
	})
}

func duration(p Pattern, times map[string]time.Time) (days float64, ok bool) {
	var first, last time.Time
	for _, x := range p.Payments {
		t := times[x]
		if t.IsZero() {
			return 0, false
		}
		if first.IsZero() || t.Before(first) {
			first = t
		}
		if t.After(last) {
			last = t
		}
	}
	return last.Sub(first).Hours() / 24, true
}

func median(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	sort.Float64s(list)
	return list[len(list)/2]
}

func kindAccounts(findings []Finding, truth Truth, kind string) Rate {
	want, named := map[string]bool{}, map[string]bool{}
	for _, p := range truth.Patterns {
		if p.Typology == kind {
			for _, a := range p.Accounts {
				want[a] = true
			}
		}
	}
	for _, f := range findings {
		if sameKind(f.Typology, kind) {
			for _, a := range f.Accounts {
				named[a] = true
			}
		}
	}
	return overlap(named, want)
}

func overlap(named, want map[string]bool) Rate { return overlapOf(named, want) }

func (e *Evaluation) accounts(findings []Finding, truth Truth) {
	want, named := map[string]bool{}, map[string]bool{}
	for _, p := range truth.Patterns {
		for _, a := range p.Accounts {
			want[a] = true
		}
	}
	for _, f := range findings {
		for _, a := range f.Accounts {
			named[a] = true
		}
	}
	e.Accounts = overlap(named, want)
}

// innocent counts look-alikes that are named: half of whose payments are in findings that are not weak.
func (e *Evaluation) innocent(findings []Finding, networks []Network, truth Truth) {
	named := map[string]bool{}
	for _, f := range findings {
		if f.Weak {
			continue
		}
		for _, p := range f.Payments {
			named[p] = true
		}
	}
	e.InnocentPatterns = len(truth.InnocentPatterns)
	members := map[string]bool{}
	for _, n := range networks {
		for _, m := range n.Members {
			for _, a := range m.Accounts {
				members[a] = true
			}
		}
	}
	for _, p := range truth.InnocentPatterns {
		if len(p.Payments) == 0 { // one that shows in journeys or adverts is named where its holder is a member
			if slices.ContainsFunc(p.Accounts, func(a string) bool { return members[a] }) {
				e.InnocentPatternsNamed++
			}
			continue
		}
		n := 0
		for _, x := range p.Payments {
			if named[x] {
				n++
			}
		}
		if n > 0 && 2*n >= len(p.Payments) {
			e.InnocentPatternsNamed++
		}
	}
}

// atRest compares where the trace says money rests with where the truth says it does, by account.
func (e *Evaluation) atRest(truth Truth, dir string) error {
	b, err := os.Open(filepath.Join(dir, TraceFile))
	if err != nil {
		return fmt.Errorf("read trace: %w", err)
	}
	defer b.Close()
	named := map[restPlace]float64{}
	dec := json.NewDecoder(bufio.NewReader(b))
	for dec.More() {
		var l TraceLot
		if err := dec.Decode(&l); err != nil {
			return fmt.Errorf("read trace: %w", err)
		}
		var rest float64 // a share is reported, so a float's rounding does not matter
		if _, err := fmt.Sscan(l.Rest, &rest); err == nil && rest > 0 && l.How == "held" {
			named[restPlace{l.Account, l.Currency}] += rest
		}
	}
	return e.rests(named, truth)
}

// restPlace is where money of a currency rests.
type restPlace struct{ account, currency string }

// rests compares money named at places with the truth.
func (e *Evaluation) rests(named map[restPlace]float64, truth Truth) error {
	var want, located, all, innocent float64
	for _, o := range truth.Organisations {
		for _, r := range o.AtRest {
			x, err := r.Amount.Float64()
			if err != nil {
				return fmt.Errorf("read truth: amount at rest %q: %w", r.Amount, err)
			}
			want += x
			k := restPlace{r.Account, r.Currency}
			got := min(x, named[k])
			located += got
			named[k] -= got
			all += got
		}
	}
	for _, x := range named {
		innocent += x
		all += x
	}
	e.AtRest = &AtRestRate{}
	if want > 0 {
		e.AtRest.LocatedShare = located / want
	}
	if all > 0 {
		e.AtRest.InnocentShare = innocent / all
	}
	return nil
}
