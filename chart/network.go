package chart

import (
	"cmp"
	"container/heap"
	"math"
	"slices"

	"tarir/entity"
	"tarir/money/ledger"
	"tarir/network"
)

// PartyKind is what a party is.
type PartyKind string

// The kinds of parties.
const (
	Person  PartyKind = "person"
	Company PartyKind = "company"
	Account PartyKind = "account" // of which nobody tells whose it is
	Contact PartyKind = "contact" // a phone, an address or the like that is nobody's so far, or several people's
	Vehicle PartyKind = "vehicle"
	Victim  PartyKind = "victim" // a possible victim, under a pseudonym
	Other   PartyKind = "other"
)

// PartyKinds are all kinds.
var PartyKinds = []PartyKind{Person, Company, Account, Contact, Vehicle, Victim, Other}

// Party is somebody or something on the chart.
type Party struct {
	ID         string // within the case: an entity, an account, a selector, a pseudonym
	Label      string
	Kind       PartyKind
	Roles      []string
	Stage      string // recruitment, transport, exploitation, money; all: in all of them; empty: not known
	Network    int32  // index of an organisation; -1: of none
	Member     bool
	Lead       bool
	Minor      bool
	Confidence float64
	Seq        int64 // the entry that tells it; 0: payments alone
	Accounts   []string
	Contacts   []string // phones, addresses and the like that it bears
	Degree     int
	X, Y       float64 // its place at first; within -1..1 or so
}

// TieKind is what ties two parties.
type TieKind string

// The kinds of ties.
const (
	Paid   TieKind = "paid"   // money went from one to the other
	Shares TieKind = "shares" // both have a number or an address
	Told   TieKind = "told"   // a source says so: family, ownership, employment
)

// Tie joins two parties.
type Tie struct {
	From, To    int32
	Kind        TieKind
	What        string         // of Told: the schema
	Seq         int64          // an entry that tells it: of payments the largest
	Count       int            // payments
	Suspicious  int            // of them, that a finding names
	Sums        []ledger.Money // by currency, in order of its code
	First, Last int64          // seconds since 1970 UTC; 0: no time
}

// party is the number of a party, which is made where it is new.
func (p *Picture) party(id string) int32 {
	i, ok := p.byID[id]
	if !ok {
		i = int32(len(p.Parties))
		p.byID[id] = i
		p.Parties = append(p.Parties, Party{ID: id, Label: id, Kind: Other, Network: -1})
	}
	return i
}

// Find is the number of a party by its id within the case.
func (p *Picture) Find(id string) (int32, bool) {
	i, ok := p.byID[id]
	return i, ok
}

func kindOf(schema string) PartyKind {
	switch {
	case entity.Is(schema, "Person"):
		return Person
	case entity.Is(schema, "Vehicle"):
		return Vehicle
	case entity.Is(schema, "BankAccount"):
		return Account
	case entity.Is(schema, "Organization"), entity.Is(schema, "LegalEntity"):
		return Company
	}
	return Other
}

// tell takes over the entities: parties, who holds which account, and the ties between them.
func (p *Picture) tell(b *building) {
	accounts := map[string]string{} // entity that is an account → INSTITUTION/NUMBER
	for i := range b.entities {
		e := &b.entities[i]
		if e.account == "" {
			continue
		}
		accounts[e.id] = e.account
		for _, h := range e.holders {
			if _, told := b.accountOf[e.account]; !told {
				b.accountOf[e.account] = h
			}
		}
	}
	for i := range b.entities {
		e := &b.entities[i]
		switch {
		case e.tie:
			for _, s := range e.source {
				for _, t := range e.target {
					if a := accounts[t]; a != "" && entity.Is(e.schema, "Ownership") {
						if _, told := b.accountOf[a]; !told {
							b.accountOf[a] = s
						}
						continue
					}
					b.edges = append(b.edges, edge{s, t, e.schema, e.seq})
				}
			}
		case e.account != "" || entity.Is(e.schema, "Address"):
		default:
			p.tellParty(b, e)
		}
	}
	for _, e := range b.edges {
		_, ok1 := p.byID[e.from]
		_, ok2 := p.byID[e.to]
		if ok1 && ok2 && e.from != e.to {
			p.Ties = append(p.Ties, Tie{From: p.party(e.from), To: p.party(e.to), Kind: Told, What: e.what, Seq: e.seq})
		}
	}
}

// tellParty takes over an entity that is a party itself.
func (p *Picture) tellParty(b *building, e *told) {
	i := p.party(e.id)
	x := &p.Parties[i]
	if x.Kind == Other {
		x.Kind = kindOf(e.schema)
	}
	if x.Label == x.ID {
		x.Label = e.caption
	}
	x.Seq = e.seq
	for _, s := range e.selectors {
		switch s.Kind {
		case entity.Account, entity.IBAN:
			if _, told := b.accountOf[s.Value]; !told {
				b.accountOf[s.Value] = e.id
			}
		case entity.Image, entity.BIC:
		default:
			key := string(s.Kind) + ":" + s.Value
			b.bears[key] = append(b.bears[key], e.id)
			x.Contacts = append(x.Contacts, s.Value)
		}
	}
}

// paid joins the payments of each two parties to one tie.
func (p *Picture) paid(b *building) {
	slices.SortStableFunc(p.Payments, func(x, y Payment) int { return cmp.Or(cmp.Compare(x.At, y.At), cmp.Compare(x.Seq, y.Seq)) })
	side := func(account string) int32 {
		if account == "" {
			return -1
		}
		if holder, ok := b.accountOf[account]; ok {
			if i, ok := p.byID[holder]; ok {
				if x := &p.Parties[i]; !slices.Contains(x.Accounts, account) {
					x.Accounts = append(x.Accounts, account)
				}
				return i
			}
		}
		i, known := p.byID[account]
		if !known {
			i = p.party(account)
			p.Parties[i].Kind, p.Parties[i].Accounts = Account, []string{account}
		} else if len(p.Parties[i].Accounts) == 0 {
			p.Parties[i].Accounts = []string{account}
		}
		return i
	}
	type pair struct{ from, to int32 }
	index := map[pair]int32{}
	for i := range p.Payments {
		x := &p.Payments[i]
		x.From, x.To = side(x.FromAcct), side(x.ToAcct)
		for _, f := range b.suspects[x.Ref] {
			x.suspicious = true
			p.flags[int32(i)] = append(p.flags[int32(i)], f)
		}
		if x.From >= 0 {
			p.payments[x.From] = append(p.payments[x.From], int32(i))
		}
		if x.To >= 0 && x.To != x.From {
			p.payments[x.To] = append(p.payments[x.To], int32(i))
		}
		if x.From < 0 || x.To < 0 || x.From == x.To {
			continue
		}
		k := pair{x.From, x.To}
		n, ok := index[k]
		if !ok {
			n = int32(len(p.Ties))
			index[k] = n
			p.Ties = append(p.Ties, Tie{From: x.From, To: x.To, Kind: Paid, Seq: x.Seq, First: x.At})
		}
		t := &p.Ties[n]
		t.Count, t.Last = t.Count+1, x.At
		if x.suspicious {
			t.Suspicious++
		}
		t.Sums = plus(t.Sums, x.Money)
	}
	// Who holds an account of the case and is nobody else's party: a member of an organisation has all of its accounts.
	for account, holder := range b.accountOf {
		if i, ok := p.byID[holder]; ok && !slices.Contains(p.Parties[i].Accounts, account) {
			p.Parties[i].Accounts = append(p.Parties[i].Accounts, account)
		}
	}
	for i := range p.Parties {
		slices.Sort(p.Parties[i].Accounts)
		for _, a := range p.Parties[i].Accounts {
			p.owner[a] = int32(i)
		}
	}
}

// plus adds money to sums by currency.
func plus(sums []ledger.Money, m ledger.Money) []ledger.Money {
	i, ok := slices.BinarySearchFunc(sums, m.Currency, func(s ledger.Money, c string) int { return cmp.Compare(s.Currency, c) })
	if !ok {
		return slices.Insert(sums, i, m)
	}
	sums[i] = sums[i].Plus(m)
	return sums
}

// mostBearers is how many may share a number before it says nothing: a switchboard, a hotel.
const mostBearers = 20

// shared ties those who bear the same number: two directly, more through the number as a party of its own.
func (p *Picture) shared(b *building) {
	keys := make([]string, 0, len(b.bears))
	for k := range b.bears {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		ids := b.bears[k]
		slices.Sort(ids)
		ids = slices.Compact(ids)
		_, known := p.byID[k[cut(k):]]
		switch {
		case known: // a contact of an organisation or an advert
			c := p.party(k[cut(k):])
			for _, id := range ids {
				p.Ties = append(p.Ties, Tie{From: p.party(id), To: c, Kind: Shares, What: k[:cut(k)-1], Seq: b.seqs[id]})
			}
		case len(ids) == 2:
			p.Ties = append(p.Ties, Tie{From: p.party(ids[0]), To: p.party(ids[1]), Kind: Shares, What: k[:cut(k)-1], Seq: b.seqs[ids[0]]})
		case len(ids) > 2 && len(ids) <= mostBearers:
			c := p.party(k[cut(k):])
			p.Parties[c].Kind = Contact
			for _, id := range ids {
				p.Ties = append(p.Ties, Tie{From: p.party(id), To: c, Kind: Shares, What: k[:cut(k)-1], Seq: b.seqs[id]})
			}
		}
	}
}

// cut is where the value of KIND:VALUE begins.
func cut(key string) int {
	for i := range key {
		if key[i] == ':' {
			return i + 1
		}
	}
	return 0
}

// tieUp sorts the ties and hangs them to their parties.
func (p *Picture) tieUp() {
	slices.SortStableFunc(p.Ties, func(a, b Tie) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.What, b.What), cmp.Compare(a.Seq, b.Seq))
	})
	p.Ties = slices.CompactFunc(p.Ties, func(a, b Tie) bool {
		return a.From == b.From && a.To == b.To && a.Kind == b.Kind && a.What == b.What && a.Kind != Paid
	})
	p.around = make([][]int32, len(p.Parties))
	for i := range p.Ties {
		t := &p.Ties[i]
		p.around[t.From] = append(p.around[t.From], int32(i))
		p.around[t.To] = append(p.around[t.To], int32(i))
	}
	for i := range p.Parties {
		x := &p.Parties[i]
		x.Degree = len(p.around[i])
		for _, r := range x.Roles {
			if s := network.Role(r).Stage(); x.Stage == "" || s == "all" {
				x.Stage = s
			}
		}
	}
}

// Where the stages stand from left to right, as the business model runs; who acts in all stands above.
var columns = map[string]float64{"recruitment": -1.5, "transport": -0.5, "exploitation": 0.5, "money": 1.5, "all": 0}

// place gives each party its place: members by organisation and stage, others around whom they are tied to. It is linear, and the same for the same case.
func (p *Picture) place() {
	type cell struct {
		network int32
		stage   string
	}
	members := map[cell][]int32{}
	for i := range p.Parties {
		if x := &p.Parties[i]; x.Member {
			c := cell{x.Network, x.Stage}
			members[c] = append(members[c], int32(i))
		}
	}
	rows := math.Ceil(math.Sqrt(float64(max(1, len(p.Organisations)))))
	for c, list := range members {
		slices.SortFunc(list, func(a, b int32) int {
			return cmp.Or(cmp.Compare(p.Parties[b].Degree, p.Parties[a].Degree), cmp.Compare(p.Parties[a].ID, p.Parties[b].ID))
		})
		ox, oy := 0.0, 0.0
		if c.network >= 0 {
			ox, oy = 5*math.Mod(float64(c.network), rows), -3*math.Floor(float64(c.network)/rows)
		}
		x, y := columns[c.stage], 0.0
		if c.stage == "all" {
			y = 1
		}
		for k, i := range list {
			dx, dy := spiral(k, 0.22)
			p.Parties[i].X, p.Parties[i].Y = ox+x+dx, oy+y+dy
		}
	}
	// Others, ring by ring: each stands near whoever it is tied to that has a place already, those with most ties first.
	placed := make([]bool, len(p.Parties))
	var ring []int32
	for i := range p.Parties {
		if p.Parties[i].Member {
			placed[i] = true
			ring = append(ring, int32(i))
		}
	}
	near := map[int32]int{}
	for start := 0; ; {
		for len(ring) > 0 {
			var next []int32
			for _, i := range ring {
				for _, t := range p.around[i] {
					o := p.other(t, i)
					if placed[o] {
						continue
					}
					placed[o] = true
					near[i]++
					dx, dy := spiral(near[i]+1, 0.07)
					p.Parties[o].X, p.Parties[o].Y = p.Parties[i].X+dx, p.Parties[i].Y+dy
					next = append(next, o)
				}
			}
			ring = next
		}
		// What is tied to no member begins rings of its own, below.
		for start < len(p.Parties) && placed[start] {
			start++
		}
		if start == len(p.Parties) {
			return
		}
		placed[start] = true
		dx, dy := spiral(start, 0.05)
		p.Parties[start].X, p.Parties[start].Y = 2.5*rows-2.5+dx, -3*rows+1.2+dy
		ring = []int32{int32(start)}
	}
}

// spiral is the k-th place of a sunflower.
func spiral(k int, step float64) (x, y float64) {
	r, a := step*math.Sqrt(float64(k)), float64(k)*math.Pi*(3-math.Sqrt(5))
	return r * math.Cos(a), r * math.Sin(a)
}

func (p *Picture) other(tie, party int32) int32 {
	if t := &p.Ties[tie]; t.From != party {
		return t.From
	}
	return p.Ties[tie].To
}

// Around are the ties of a party, those with most payments first; at most limit.
func (p *Picture) Around(party int32, limit int) []int32 {
	list := slices.Clone(p.around[party])
	slices.SortFunc(list, func(a, b int32) int { return cmp.Or(p.weigh(a, b), cmp.Compare(a, b)) })
	return list[:min(len(list), limit)]
}

// weigh orders ties: what a finding names first, then what is told or shared, then by payments.
func (p *Picture) weigh(a, b int32) int {
	x, y := &p.Ties[a], &p.Ties[b]
	plain := func(t *Tie) int {
		if t.Kind == Paid {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(y.Suspicious, x.Suspicious), cmp.Compare(plain(x), plain(y)), cmp.Compare(y.Count, x.Count))
}

// First is what is shown first: members, those around them with most between them, and on until there are most parties. It is sorted.
func (p *Picture) First(most int) []int32 {
	if len(p.Parties) <= most {
		out := make([]int32, len(p.Parties))
		for i := range out {
			out[i] = int32(i)
		}
		return out
	}
	in := map[int32]bool{}
	q := &queue{p: p}
	push := func(i int32) {
		for _, t := range p.around[i] {
			if !in[p.other(t, i)] {
				heap.Push(q, [2]int32{t, p.other(t, i)})
			}
		}
	}
	take := func(i int32) {
		if !in[i] && len(in) < most {
			in[i] = true
			push(i)
		}
	}
	for i := range p.Parties {
		if p.Parties[i].Member {
			take(int32(i))
		}
	}
	for i := 0; len(in) < most && i < len(p.Parties); i++ {
		for q.Len() > 0 && len(in) < most {
			take(heap.Pop(q).([2]int32)[1])
		}
		take(int32(i))
	}
	out := make([]int32, 0, len(in))
	for i := range in {
		out = append(out, i)
	}
	slices.Sort(out)
	return out
}

// queue has the heaviest tie on top.
type queue struct {
	p    *Picture
	list [][2]int32
}

func (q *queue) Len() int { return len(q.list) }
func (q *queue) Less(i, j int) bool {
	return cmp.Or(q.p.weigh(q.list[i][0], q.list[j][0]), cmp.Compare(q.list[i][0], q.list[j][0])) < 0
}
func (q *queue) Swap(i, j int) { q.list[i], q.list[j] = q.list[j], q.list[i] }
func (q *queue) Push(x any)    { q.list = append(q.list, x.([2]int32)) }
func (q *queue) Pop() any {
	x := q.list[len(q.list)-1]
	q.list = q.list[:len(q.list)-1]
	return x
}

// Between are the ties of parties that are all in a sorted list, the heaviest first where there are more than most; in order of number.
func (p *Picture) Between(list []int32, most int) []int32 {
	in := make([]bool, len(p.Parties))
	for _, i := range list {
		in[i] = true
	}
	var out []int32
	for _, i := range list {
		for _, t := range p.around[i] {
			if p.Ties[t].From == i && in[p.Ties[t].To] {
				out = append(out, t)
			}
		}
	}
	if len(out) > most {
		slices.SortFunc(out, func(a, b int32) int { return cmp.Or(p.weigh(a, b), cmp.Compare(a, b)) })
		out = out[:most]
	}
	slices.Sort(out)
	return out
}

// Path is a shortest way between two parties over ties of any kind and direction, as the ties; nil where there is none.
func (p *Picture) Path(from, to int32) []int32 {
	before := make([]int32, len(p.Parties))
	for i := range before {
		before[i] = -1
	}
	for ring := []int32{from}; len(ring) > 0 && from != to; {
		var next []int32
		for _, i := range ring {
			for _, t := range p.around[i] {
				o := p.other(t, i)
				if o == from || before[o] >= 0 {
					continue
				}
				before[o] = t
				if o == to {
					var out []int32
					for at := to; at != from; at = p.other(before[at], at) {
						out = append(out, before[at])
					}
					slices.Reverse(out)
					return out
				}
				next = append(next, o)
			}
		}
		ring = next
	}
	return nil
}
