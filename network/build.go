package network

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"tarir/journey"
	"tarir/money/flow"
	"tarir/money/ledger"
)

// builder holds what is known while networks are put together.
type builder struct {
	*actors
	in        Input
	evidence  map[int][]Evidence
	ties      map[[2]int]*Tie
	tied      map[int][]*Tie // of each actor, in order; made when networks are
	near      map[int][]*Tie // of each actor, those by numbers and escorts
	victimOf  map[int]map[int]float64
	payers    map[int]bool     // whether they pay several actors
	masters   map[int]bool     // likewise, of paymaster
	paidFor   map[int][]int    // who paid somebody's journeys
	again     map[int][]int    // who pays for many, by those who go the same way again on such journeys
	brought   map[int][]int    // which escort travelled with somebody
	came      map[[2]int]bool  // that somebody (second) came back, with those they went with, on journeys that somebody (first) paid
	trips     map[[2]int][]int // journeys that have to do with two, the lower first
	payments  map[int64]payment
	v         *flow.View
	end       int64 // of the data, seconds since 1970
	usualFood int64
}

// payment is one that a finding names.
type payment struct {
	from, to flow.Account
	amount   int64
	at       int64
}

// Tie says how strongly two actors belong together.
type Tie struct {
	A, B   int
	Weight float64 // 0 to 1
	Codes  []string
	each   []float64 // weight of each code
}

// tie adds to what binds two actors: independent reasons add up like chances. Of one reason that is met several times, as between
// people with several accounts, the strongest counts, whichever was met first.
func (b *builder) tie(x, y int, w float64, code string) {
	if x == y || w <= 0 {
		return
	}
	k := [2]int{min(x, y), max(x, y)}
	t := b.ties[k]
	if t == nil {
		t = &Tie{A: k[0], B: k[1]}
		b.ties[k] = t
	}
	i := slices.Index(t.Codes, code)
	if i < 0 {
		i = len(t.Codes)
		t.Codes, t.each = append(t.Codes, code), append(t.each, 0)
	}
	t.each[i] = max(t.each[i], min(w, 1))
	apart := 1.0
	for _, w := range t.each {
		apart *= 1 - w
	}
	t.Weight = 1 - apart
}

// Build puts networks together, the surest first; Rank orders them by what matters. The same input gives the same networks.
func Build(ctx context.Context, in Input) ([]Network, error) {
	if in.Travellers == nil {
		in.Travellers = journey.Number(in.Journeys)
	}
	b := &builder{
		actors: newActors(in), in: in, evidence: map[int][]Evidence{}, ties: map[[2]int]*Tie{}, victimOf: map[int]map[int]float64{},
		payers: map[int]bool{}, masters: map[int]bool{}, again: map[int][]int{}, paidFor: map[int][]int{}, brought: map[int][]int{}, came: map[[2]int]bool{}, trips: map[[2]int][]int{}, v: in.Graph.View(),
	}
	b.end = End(in)
	b.usualFood = b.usual()
	if err := b.read(ctx); err != nil {
		return nil, err
	}
	b.gather()
	b.near = map[int][]*Tie{}
	for _, t := range b.sorted() {
		b.near[t.A], b.near[t.B] = append(b.near[t.A], t), append(b.near[t.B], t)
	}
	b.doubt()
	if err := b.grow(ctx); err != nil {
		return nil, err
	}
	return b.networks(ctx)
}

// doubt takes most of the weight from paying the journeys of many where nothing else points to the payer.
func (b *builder) doubt() {
	const little = 0.1
	for a, list := range b.evidence {
		for i := range list {
			if e := &list[i]; e.Reason.Code == "pays_journeys" && !b.deals(a) {
				e.Weight = min(e.Weight, little)
			}
		}
	}
}

// End is the moment up to which the input tells, in seconds since 1970: of adverts, journeys and findings the last one that
// is no stray (a statement of years later in the folder would make everything look old); without any, the last payment.
func End(in Input) int64 {
	const month = 30 * 86_400
	at := make([]int64, 0, len(in.Adverts)+len(in.Journeys)+len(in.Findings))
	for _, a := range in.Adverts {
		at = append(at, a.At/1000)
	}
	for _, j := range in.Journeys {
		at = append(at, j.When()/1000)
	}
	for i := range in.Findings {
		at = append(at, in.Findings[i].Last)
	}
	if len(at) == 0 {
		_, end := in.Graph.Span()
		return end
	}
	slices.Sort(at)
	usual := at[(len(at)-1)*999/1000] + month
	k, _ := slices.BinarySearch(at, usual+1)
	return at[max(k-1, 0)]
}

// read fetches the payments that findings name.
func (b *builder) read(ctx context.Context) error {
	var rows []int64
	for _, f := range b.in.Findings {
		rows = append(rows, f.Payments...)
	}
	slices.Sort(rows)
	rows = slices.Compact(rows)
	b.payments = make(map[int64]payment, len(rows))
	scale := map[string]uint8{} // of each currency in the graph
	for _, c := range b.in.Graph.Currencies() {
		scale[c.Code] = c.Scale
	}
	at := b.in.Payment
	if at == nil {
		list, err := b.in.Graph.Ledger().Read(ctx, rows)
		if err != nil {
			return err
		}
		at = func(row int64) *ledger.Payment { i, _ := slices.BinarySearch(rows, row); return &list[i] }
	}
	table := b.in.Graph.Ledger().Accounts()
	for _, n := range rows {
		p := at(n)
		from, ok1 := table.Lookup(p.From)
		to, ok2 := table.Lookup(p.To)
		if !ok1 || !ok2 {
			return fmt.Errorf("%w: row %d has an unknown account", ledger.ErrDamaged, n)
		}
		units, _ := p.Paid.Rescale(scale[p.Paid.Currency])
		b.payments[n] = payment{flow.Account(from), flow.Account(to), units, p.At / 1000}
	}
	return nil
}

const (
	seedWeight = 0.25   // evidence from which an actor's money is looked at
	moneyTie   = 0.04   // least tie of money: the share of what one pays times the share of what the other gets, by root
	joinTie    = 0.08   // least tie that brings in an actor without evidence
	fullReach  = 0.25   // tie from which on somebody without evidence brings others in as if they had some
	hubDegree  = 20_000 // payments of an account that ties nobody
	growth     = 3      // rounds of growing
)

// grow follows the money of those with evidence to those whom it matters to, and from there on.
func (b *builder) grow(ctx context.Context) error {
	done := map[int]bool{}
	reach := map[int]float64{}
	var front []int
	for a := range b.evidence {
		if b.strength(a) >= seedWeight {
			front = append(front, a)
			reach[a] = 1
		}
	}
	for range growth {
		slices.SortFunc(front, b.compare)
		for _, a := range front {
			if err := ctx.Err(); err != nil {
				return err
			}
			if done[a] {
				continue
			}
			done[a] = true
			if b.isVictim(a) {
				continue // where a victim's money comes from and goes to is told by the findings
			}
			for _, x := range b.list[a].Accounts {
				for _, t := range b.money(x) {
					b.tie(a, b.of(t.peer), t.weight, "tie_money")
				}
			}
		}
		front = front[:0]
		for a, w := range b.bound(reach) {
			if w >= joinTie {
				front = append(front, a)
				reach[a] = min(1, w/fullReach)
			}
		}
	}
	return nil
}

// bound says how strongly each actor outside is tied to those inside, all ties together. reach says who is inside, and how
// much of them reaches on: who came in by weak ties alone brings others in by less, so that a chain of honest companies that
// trade with each other ends soon.
func (b *builder) bound(reach map[int]float64) map[int]float64 {
	out := map[int]float64{}
	for _, t := range b.sorted() {
		x, in := reach[t.A]
		y, also := reach[t.B]
		if in && !also {
			out[t.B] = 1 - (1-out[t.B])*(1-t.Weight*x)
		} else if also && !in {
			out[t.A] = 1 - (1-out[t.A])*(1-t.Weight*y)
		}
	}
	return out
}

// sorted lists the ties in order of who they bind.
func (b *builder) sorted() []*Tie {
	out := make([]*Tie, 0, len(b.ties))
	for _, t := range b.ties {
		x, y := t.A, t.B
		if b.compare(x, y) > 0 {
			x, y = y, x
		}
		t.A, t.B = x, y
		out = append(out, t)
	}
	slices.SortFunc(out, func(s, t *Tie) int { return cmp.Or(b.compare(s.A, t.A), b.compare(s.B, t.B)) })
	return out
}

// strength is the strongest evidence for any role but victim.
func (b *builder) strength(a int) float64 {
	w := 0.0
	for _, e := range b.evidence[a] {
		if e.Role != Victim {
			w = max(w, e.Weight)
		}
	}
	return w
}

type moneyPeer struct {
	peer   flow.Account
	weight float64
}

// money lists the accounts to whom and from whom an account's money matters to both. Everyday payments are left out.
func (b *builder) money(x flow.Account) []moneyPeer {
	var out []moneyPeer
	for _, paid := range []bool{true, false} {
		by, total := b.sums(x, paid)
		if total == 0 {
			continue
		}
		for peer, sum := range by {
			mine := float64(sum) / float64(total)
			if mine < 0.02 {
				continue
			}
			o, i := b.v.Degree(peer)
			if o+i > hubDegree {
				continue
			}
			back, theirs := b.sums(peer, !paid)
			if theirs == 0 || back[x] == 0 {
				continue
			}
			w := math.Sqrt(mine * float64(back[x]) / float64(theirs))
			if w < moneyTie {
				continue
			}
			out = append(out, moneyPeer{peer, w})
		}
	}
	slices.SortFunc(out, func(p, q moneyPeer) int { return int(p.peer) - int(q.peer) })
	return out
}

// sums adds up what an account paid or received by counterparty, everyday payments left out of the sums but not of the
// total: who lives on a wage is not tied by pocket money.
func (b *builder) sums(x flow.Account, paid bool) (by map[flow.Account]int64, total int64) {
	list := b.v.In(x)
	if paid {
		list = b.v.Out(x)
	}
	by = map[flow.Account]int64{}
	for _, e := range list {
		total += e.Amount()
		if p := e.Peer(); p != flow.Outside && p != x && !business(e) {
			by[p] += e.Amount()
		}
	}
	return by, total
}
