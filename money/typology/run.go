package typology

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"tarir/money/flow"
	"tarir/money/ledger"
	"tarir/money/rates"
)

// Finding is what Run reports: one or more hits about the same payments, with what corroborates them.
type Finding struct {
	Typology   string
	Stage      string
	Score      float64
	Weak       bool // fewer indicators than a finding needs; a lead
	Indicators []string
	Subject    string         // who stands behind it: the holder where one is told, else the account or the contact
	Accounts   []flow.Account // the subject's first; empty where it is about no account
	Payments   []int64        // ledger rows, ascending
	Adverts    []int          // places in the lists of whoever gave the hits
	Journeys   []int
	Entities   []string // ids
	First      int64
	Last       int64
	Reasons    []Reason
	Truncated  bool
}

// Result is what a run over a graph gives.
type Result struct {
	Findings      []Finding
	NotAssessable []string       // one sentence a typology that lacks a field
	Alone         map[string]int // hits by typology that no other indicator joined and that may not stand alone
}

// Options are what a run takes beside the graph and the pack; the zero value will do.
type Options struct {
	Rates    *rates.Table   // by which amounts of different currencies compare; nil: they do not
	Progress func(done int) // is told of accounts done, by several goroutines
	// Beside gives hits seen in other data, which join those of payments about the same subject; nil: there are none. It is asked once,
	// while the payments are looked at.
	Beside func(context.Context) ([]Hit, error)
	// Holder names who stands behind an account, so that hits about several accounts of one person meet; nil: the account.
	Holder func(flow.Account) string
	// Apart is how far two places of payments are from each other, in km, where it is known; nil: it never is. It is called by several
	// goroutines.
	Apart func(a, b string) (km float64, known bool)
}

// Run looks at every account of the graph and returns findings, best first. The same graph and pack give the same
// findings, whatever the number of processors.
func Run(ctx context.Context, g *flow.Graph, p *Pack, o Options) (*Result, error) {
	res := &Result{Alone: map[string]int{}}
	var hits, beside []Hit
	eg, within := errgroup.WithContext(ctx)
	if o.Beside != nil {
		eg.Go(func() (err error) {
			beside, err = o.Beside(within)
			return err
		})
	}
	eg.Go(func() (err error) {
		hits, err = lookAtPayments(within, g, p, o, res)
		return err
	})
	if err := eg.Wait(); err != nil {
		return nil, err
	}
	var err error
	res.Findings, err = assemble(ctx, g, p, append(hits, beside...), res.Alone, o.Holder)
	return res, err
}

// lookAtPayments gives the hits of every account, in no order, and tells res what cannot be assessed.
func lookAtPayments(ctx context.Context, g *flow.Graph, p *Pack, o Options, res *Result) ([]Hit, error) {
	rel, err := relate(ctx, g, relationParams{
		int(p.engine("lasting_days")), int(p.engine("lasting_payments")), int(p.engine("hub_counterparties")), int64(p.engine("new_days")) * flow.Day,
	})
	if err != nil {
		return nil, err
	}
	have := fieldsOf(g)
	var run []running
	used := map[string][]Amount{}
	for _, name := range p.TypologyNames() {
		b, ofPayments := builders[name]
		if p.Typologies[name].Off || !ofPayments {
			continue
		}
		if missing := b.needs.missing(have); len(missing) > 0 {
			res.NotAssessable = append(res.NotAssessable, fmt.Sprintf("%s is not assessable: the payments carry no %s", name, strings.Join(missing, " and no ")))
			continue
		}
		run = append(run, running{name, b.build(params{name, p, used})})
	}
	for i := range run {
		if pr, ok := run[i].d.(preparer); ok {
			if note, err := pr.prepare(ctx, g, rel); err != nil {
				return nil, err
			} else if note != "" {
				res.NotAssessable = append(res.NotAssessable, note)
			}
		}
	}
	res.NotAssessable = append(res.NotAssessable, incomparable(g, p, used, o.Rates)...)
	return scanAll(ctx, g, rel, have, run, p, o)
}

type running struct {
	name string
	d    detector
}

// preparer is a detector that needs a look at the whole graph first. Its note, if any, is reported once.
type preparer interface {
	prepare(ctx context.Context, g *flow.Graph, rel *relations) (note string, err error)
}

func fieldsOf(g *flow.Graph) fields {
	f := fields{time: !g.DateOnly()}
	f.mcc, f.place, f.device, f.purpose = g.HasContext()
	f.cash, f.crypto = g.HasChannel(ledger.ChannelCashDeposit, ledger.ChannelCashWithdrawal), g.HasChannel(ledger.ChannelCrypto)
	return f
}

func scanAll(ctx context.Context, g *flow.Graph, rel *relations, have fields, run []running, p *Pack, o Options) ([]Hit, error) {
	workers := runtime.GOMAXPROCS(0)
	lists := make([][]Hit, workers)
	eg, ctx := errgroup.WithContext(ctx)
	for w := range workers {
		eg.Go(func() error {
			s := &scan{
				v: g.View(), own: g.View(), g: g, rel: rel, have: have, rates: o.Rates, apart: o.Apart,
				lim:  limits{int(p.engine("hub_counterparties")), int(p.engine("expand"))},
				emit: func(h Hit) { lists[w] = append(lists[w], h) },
			}
			return chunks(ctx, g.Accounts(), w, workers, func(lo, hi int) {
				for a := max(lo, 1); a < hi; a++ { // nobody is behind account 0
					s.look(flow.Account(a), run)
				}
				if o.Progress != nil {
					o.Progress(hi - lo)
				}
			})
		})
	}
	if err := eg.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(lists...), nil
}

func (s *scan) look(a flow.Account, run []running) {
	s.account = a
	s.out, s.in = s.own.Out(a), s.own.In(a)
	if len(s.out)+len(s.in) == 0 {
		return
	}
	s.strangerOut = s.rel.outStranger[s.rel.outAt[a]:s.rel.outAt[a+1]]
	s.strangerIn = s.rel.inStranger[s.rel.inAt[a]:s.rel.inAt[a+1]]
	for i := range run {
		s.name = run[i].name
		run[i].d.scan(s)
	}
}

// assemble joins hits to findings.
//
// Each hit becomes at most one finding. Beside its own indicators it names those of every other hit about the same
// subject within the same time, or over one of its payments. The order of hits is made canonical first, so the result
// does not depend on who found what when.
func assemble(ctx context.Context, g *flow.Graph, p *Pack, hits []Hit, alone map[string]int, holder func(flow.Account) string) ([]Finding, error) {
	hits = canonical(g, hits)
	bySubject := map[string][]int{}
	byPayment := map[int64][]int32{}
	subjects := make([]string, len(hits))
	for i := range hits {
		switch {
		case len(hits[i].Accounts) == 0:
			subjects[i] = hits[i].Holder
		case holder != nil:
			subjects[i] = holder(hits[i].Accounts[0])
		default:
			subjects[i] = g.AccountName(hits[i].Accounts[0])
		}
		bySubject[subjects[i]] = append(bySubject[subjects[i]], i)
		for _, row := range hits[i].Payments {
			byPayment[row] = append(byPayment[row], int32(i))
		}
	}
	ofOne, ofSeveral := int(p.engine("indicators_of_one_kind")), int(p.engine("indicators_of_kinds"))
	weakCeiling := p.engine("weak_ceiling")
	margin := int64(p.engine("together_days")) * flow.Day
	var findings []Finding
	for i := range hits {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		h := &hits[i]
		beside := map[int]bool{}
		for _, k := range bySubject[subjects[i]] {
			o := &hits[k]
			if k != i && o.First <= h.Last+margin && o.Last >= h.First-margin {
				beside[k] = true
			}
		}
		for _, row := range h.Payments {
			for _, k := range byPayment[row] {
				if int(k) != i {
					beside[int(k)] = true
				}
			}
		}
		indicators := slices.Clone(h.Indicators)
		miss := 1 - h.Strength*p.Typologies[h.Typology].Weight
		best := map[string]float64{} // strongest of each other typology
		kinds := []string{h.kinds()}
		for k := range beside {
			o := &hits[k]
			kinds = append(kinds, o.kinds())
			indicators = append(indicators, o.Indicators...)
			if o.Typology != h.Typology {
				best[o.Typology] = max(best[o.Typology], o.Strength*p.Typologies[o.Typology].Weight)
			}
		}
		for _, t := range keys(best) {
			miss *= 1 - best[t]*0.5 // what stands beside counts half of what is the finding's own
		}
		slices.Sort(indicators)
		indicators = slices.Compact(indicators)
		f := Finding{
			Typology: h.Typology, Stage: p.Typologies[h.Typology].Stage, Indicators: indicators, Subject: subjects[i],
			Accounts: h.Accounts, Payments: h.Payments, Adverts: h.Adverts, Journeys: h.Journeys, Entities: h.Entities, First: h.First, Last: h.Last,
			Reasons: slices.Clone(h.Reasons), Truncated: h.Truncated,
		}
		f.Score = 1 - miss
		have, need := p.different(indicators), ofOne
		if slices.ContainsFunc(kinds, func(k string) bool { return k != kinds[0] }) {
			need = ofSeveral
		}
		if have < need {
			if !p.Typologies[h.Typology].Alone {
				alone[h.Typology]++
				continue
			}
			f.Weak = true
			f.Score = min(f.Score, 1) * weakCeiling
			f.Reasons = append(f.Reasons, say("weak", "have", have, "need", need))
		} else if others := keys(best); len(others) > 0 {
			f.Reasons = append(f.Reasons, say("together", "typologies", strings.Join(others, ", "), "indicators", strings.Join(indicators, ", ")))
		}
		f.Score = math.Round(f.Score*1000) / 1000
		findings = append(findings, f)
	}
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(
			-cmp.Compare(a.Score, b.Score), cmp.Compare(a.Typology, b.Typology), cmp.Compare(a.First, b.First), cmp.Compare(a.Last, b.Last),
			cmp.Compare(a.Subject, b.Subject),
		)
	})
	return findings, nil
}

// canonical sorts hits and joins those of one typology that tell of the same payments: two views of one thing.
func canonical(g *flow.Graph, hits []Hit) []Hit {
	for i := range hits {
		slices.Sort(hits[i].Indicators)
	}
	names := g.Ledger().Accounts()
	subject := func(a, b *Hit) int {
		if len(a.Accounts) > 0 && len(b.Accounts) > 0 {
			return names.Compare(uint32(a.Accounts[0]), uint32(b.Accounts[0]))
		}
		return cmp.Or(len(a.Accounts)-len(b.Accounts), cmp.Compare(a.Holder, b.Holder))
	}
	seen := func(a, b *Hit) int {
		return cmp.Or(slices.Compare(a.Payments, b.Payments), slices.Compare(a.Adverts, b.Adverts), slices.Compare(a.Journeys, b.Journeys), slices.Compare(a.Entities, b.Entities))
	}
	slices.SortFunc(hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(a.Typology, b.Typology), seen(&a, &b), -cmp.Compare(a.Strength, b.Strength), subject(&a, &b), slices.Compare(a.Indicators, b.Indicators))
	})
	out := hits[:0]
	for _, h := range hits {
		k := len(out) - 1
		if k < 0 || out[k].Typology != h.Typology || seen(&out[k], &h) != 0 {
			out = append(out, h)
			continue
		}
		same := &out[k] // the stronger one, which came first
		for _, id := range h.Indicators {
			if !slices.Contains(same.Indicators, id) {
				same.Indicators = append(same.Indicators, id)
				same.Reasons = append(same.Reasons, h.Reasons...)
			}
		}
		slices.Sort(same.Indicators)
		same.Truncated = same.Truncated || h.Truncated
	}
	return out
}
