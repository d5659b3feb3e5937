package analysis

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"tarir/entity"
	"tarir/explain"
	"tarir/holding"
	"tarir/journey"
	"tarir/money/flow"
	"tarir/money/ledger"
	"tarir/money/rates"
	"tarir/money/trace"
	"tarir/money/typology"
	"tarir/network"
	"tarir/online"
	"tarir/place"
	"tarir/records"
	"tarir/signal"
)

// NetworksFile holds the organisations.
const NetworksFile = "networks.json"

// Network is one of networks.json.
type Network struct {
	ID          string             `json:"id"`
	Rank        int                `json:"rank"`
	Score       float64            `json:"score"`
	Priority    float64            `json:"priority"`
	Stages      map[string]float64 `json:"stages"`
	Members     []NetworkMember    `json:"members"`
	Contacts    []string           `json:"contacts"` // phones and other contacts that are nobody's so far
	Victims     []NetworkVictim    `json:"victims"`
	Leads       []NetworkLead      `json:"leads"` // people outside to follow up
	Findings    []string           `json:"findings"`
	Adverts     []string           `json:"adverts"`
	Journeys    []string           `json:"journeys"`
	Proceeds    Proceeds           `json:"proceeds"`
	Explanation []NetworkReason    `json:"explanation"`

	of     *network.Network
	held   []Sum
	traced *trace.Result
}

// NetworkReason is a sentence with the ids of what it stands on.
type NetworkReason struct {
	explain.Reason
	Findings []string `json:"findings,omitempty"`
	Adverts  []string `json:"adverts,omitempty"`
	Journeys []string `json:"journeys,omitempty"`
	Payments []string `json:"payments,omitempty"` // the largest, where the money itself is the reason

	rows []int64 // of the payments
}

// NetworkMember is somebody with a part in it.
type NetworkMember struct {
	Entity     string          `json:"entity"`
	Name       string          `json:"name"`
	Accounts   []string        `json:"accounts"`
	Confidence float64         `json:"confidence"`
	Roles      []NetworkRole   `json:"roles"`
	Because    []NetworkReason `json:"because"`
}

// NetworkRole is a role with its reasons.
type NetworkRole struct {
	Role       string          `json:"role"`
	Confidence float64         `json:"confidence"`
	Because    []NetworkReason `json:"because"`
}

// NetworkLead is somebody outside to whom the money or the contacts of members lead, and no member.
type NetworkLead struct {
	Entity   string          `json:"entity"`
	Name     string          `json:"name"`
	Accounts []string        `json:"accounts"`
	Tie      float64         `json:"tie"`
	Because  []NetworkReason `json:"because"`
}

// NetworkVictim is a possible victim: somebody to protect. Pages and messages name the pseudonym alone.
type NetworkVictim struct {
	Pseudonym string          `json:"pseudonym"`
	Entity    string          `json:"entity"`
	Accounts  []string        `json:"accounts"` // so that nobody asks others about them
	Minor     bool            `json:"minor"`
	Because   []NetworkReason `json:"because"`
}

// Proceeds are a network's: what it received, and where that is now.
type Proceeds struct {
	Received []Sum  `json:"received"`
	AtRest   []Rest `json:"at_rest"`
	Left     []Rest `json:"left"`
}

// Rest is proceeds at one place.
type Rest struct {
	Account  string `json:"account"`
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
	AsOf     string `json:"as_of"`
	How      string `json:"how,omitempty"`
}

// gathered is everything that an analysis looks at.
type gathered struct {
	network.Input
	entities *entity.Resolution
	ledger   *ledger.Ledger
	book     *place.Book // where the addresses of the entities lie
	oneWay   []bool      // which journeys go one way
}

// gather reads the ledger in dir and the records beside it, and what is seen in each kind of record by itself: side by side,
// since none needs the others. took is told how long each took.
func (s *Session) gather(ctx context.Context, dir string, set *records.Set, pack *typology.Pack, keepGraph bool, took func(string, time.Duration)) (*gathered, error) {
	in := &gathered{Input: network.Input{Food: map[string]bool{}, Site: map[string]bool{}, Phones: s.phones}}
	for _, mcc := range pack.Categories["food"].MCC {
		in.Food[mcc] = true
	}
	for _, category := range []string{"furniture", "phone"} {
		for _, mcc := range pack.Categories[category].MCC {
			in.Site[mcc] = true
		}
	}
	eg, ctx := errgroup.WithContext(ctx)
	side := func(name string, read func() error) {
		eg.Go(func() error {
			start := time.Now()
			defer func() { took(name, time.Since(start)) }()
			return read()
		})
	}
	opened := make(chan struct{}) // the graph is there
	side("graph", func() (err error) {
		if in.ledger, err = ledger.Open(ctx, dir); err != nil {
			return err
		}
		if in.Graph, err = openGraph(ctx, in.ledger, keepGraph); err == nil {
			close(opened)
		}
		return err
	})
	side("entities", func() (err error) {
		if in.entities, err = s.resolveEntities(ctx, set); err != nil {
			return err
		}
		select {
		case <-opened:
		case <-ctx.Done():
			return ctx.Err()
		}
		in.Held = holding.New(in.Graph, in.entities)
		in.book = place.NewBook(in.Held.Each)
		return nil
	})
	side("adverts", func() error { return s.readAdverts(ctx, set, in) })
	side("journeys", func() (err error) {
		if in.Journeys, err = set.Journeys(ctx, 0); err != nil {
			return err
		}
		in.Groups = journey.Groups(in.Journeys)
		in.Travellers = journey.Number(in.Journeys)
		in.Escorts = journey.Escorts(in.Journeys, in.Travellers, in.Groups, journey.Default())
		in.Payers = journey.Payers(in.Journeys, in.Travellers, journey.Default())
		in.oneWay = journey.OneWay(in.Journeys, in.Travellers)
		return nil
	})
	if err := eg.Wait(); err != nil {
		if in.Graph != nil {
			in.Graph.Close()
		}
		return nil, err
	}
	return in, nil
}

func (s *Session) readAdverts(ctx context.Context, set *records.Set, in *gathered) (err error) {
	if s.memo == nil {
		s.memo = set.Memo()
	}
	if in.Adverts, err = set.Adverts(ctx, 0); err != nil {
		return err
	}
	if err := online.Show(ctx, in.Adverts); err != nil { // both need it
		return err
	}
	var contacts [][]entity.Selector
	eg, ctx := errgroup.WithContext(ctx)
	eg.Go(func() (err error) {
		in.Families, err = online.Families(ctx, in.Adverts, s.memo)
		return err
	})
	eg.Go(func() (err error) {
		contacts, err = online.Contacts(ctx, in.Adverts, s.memo)
		return err
	})
	if err := eg.Wait(); err != nil {
		return err
	}
	in.Posters = online.Posters(in.Adverts, contacts, in.Families)
	return nil
}

// signals looks for the typologies that need more than payments.
func signals(ctx context.Context, in *gathered, pack *typology.Pack, table *rates.Table) ([]typology.Hit, []string, error) {
	return signal.Scan(ctx, signal.Input{
		Graph: in.Graph, Held: in.Held, Phones: in.Phones, Pack: pack, Rates: table, Adverts: in.Adverts, Families: in.Families, Posters: in.Posters,
		Journeys: in.Journeys, Travellers: in.Travellers, OneWay: in.oneWay, Groups: in.Groups, Escorts: in.Escorts, Payers: in.Payers,
	})
}

// describeNetworks follows the proceeds of networks, ranks them and turns them into their written form.
func describeNetworks(ctx context.Context, in network.Input, known *payments, list []network.Network, findings []string) ([]Network, error) {
	var rows []int64
	for i := range list {
		rows = append(rows, list[i].Proceeds...)
		list[i].EachReason(func(r *network.Reason) { rows = append(rows, r.Payments...) })
	}
	if err := known.load(ctx, rows); err != nil {
		return nil, err
	}
	each, share := make([]followed, len(list)), make([]float64, len(list))
	seeds := make([][]trace.Seed, len(list))
	for i := range list {
		var err error
		if seeds[i], err = known.seeds(ctx, in.Graph, list[i].Proceeds, false); err != nil {
			return nil, err
		}
	}
	eg, ctx := errgroup.WithContext(ctx)
	eg.SetLimit(runtime.GOMAXPROCS(0))
	for i := range list {
		eg.Go(func() (err error) {
			each[i], err = follow(ctx, in.Graph, seeds[i], &list[i], in.Findings)
			share[i] = each[i].share
			return err
		})
	}
	if err := eg.Wait(); err != nil {
		return nil, err
	}
	found := map[string]followed{} // the list is put in another order now
	for i := range list {
		found[list[i].ID] = each[i]
	}
	network.Rank(list, share, network.End(in))
	told := func(list []network.Reason) []NetworkReason {
		out := make([]NetworkReason, 0, len(list))
		for _, r := range list {
			x := NetworkReason{Reason: r.Reason}
			for _, f := range r.Findings {
				x.Findings = append(x.Findings, findings[f])
			}
			for _, a := range r.Adverts {
				x.Adverts = append(x.Adverts, in.Adverts[a].ID)
			}
			for _, j := range r.Journeys {
				x.Journeys = append(x.Journeys, in.Journeys[j].ID)
			}
			x.rows = slices.Clone(r.Payments)
			slices.SortFunc(x.rows, func(a, b int64) int {
				p, q := known.at(a), known.at(b)
				return cmp.Or(cmp.Compare(p.At, q.At), cmp.Compare(p.Reference(), q.Reference()))
			})
			for _, row := range x.rows {
				x.Payments = append(x.Payments, known.at(row).Reference())
			}
			out = append(out, x)
		}
		return out
	}
	out := make([]Network, 0, len(list))
	names := func(list []flow.Account) []string {
		out := make([]string, len(list))
		for i, a := range list {
			out[i] = in.Graph.AccountName(a)
		}
		return out
	}
	for i := range list {
		n := &list[i]
		x := Network{
			ID: n.ID, Rank: n.Rank, Score: n.Score, Priority: n.Priority, Stages: n.Stages, Members: []NetworkMember{}, Contacts: []string{}, Victims: []NetworkVictim{}, Leads: []NetworkLead{}, Findings: []string{}, Adverts: []string{}, Journeys: []string{},
			Explanation: told(n.Reasons), Proceeds: found[n.ID].proceeds, of: n, held: found[n.ID].held, traced: found[n.ID].traced,
		}
		for _, m := range n.Members {
			if m.Contact {
				x.Contacts = append(x.Contacts, m.Caption)
				continue
			}
			y := NetworkMember{Entity: m.ID, Name: m.Caption, Accounts: names(m.Accounts), Confidence: m.Confidence, Because: told(m.Because), Roles: []NetworkRole{}}
			for _, r := range m.Roles {
				y.Roles = append(y.Roles, NetworkRole{string(r.Role), r.Confidence, told(r.Because)})
			}
			x.Members = append(x.Members, y)
		}
		for _, v := range n.Victims {
			x.Victims = append(x.Victims, NetworkVictim{pseudonym(n.ID, v.ID), v.ID, names(v.Accounts), v.Minor, told(v.Because)})
		}
		for _, l := range n.Leads {
			x.Leads = append(x.Leads, NetworkLead{Entity: l.ID, Name: l.Caption, Accounts: names(l.Accounts), Tie: l.Tie, Because: told(l.Because)})
		}
		for _, f := range n.Findings {
			x.Findings = append(x.Findings, findings[f])
		}
		for _, a := range n.Adverts {
			x.Adverts = append(x.Adverts, in.Adverts[a].ID)
		}
		for _, j := range n.Journeys {
			x.Journeys = append(x.Journeys, in.Journeys[j].ID)
		}
		out = append(out, x)
	}
	return out, nil
}

// pseudonym names a possible victim within one network. It is for reading, not for hiding: who holds the entities can
// compute it again.
func pseudonym(network, entity string) string {
	h := sha256.Sum256([]byte(network + "\x00" + entity))
	return "V-" + strings.ToUpper(hex.EncodeToString(h[:4]))
}

// followed is where a network's money went.
type followed struct {
	proceeds Proceeds
	held     []Sum // on members' accounts, by currency
	traced   *trace.Result
	share    float64 // of what it received that is on its members' accounts
}

// Between members what is passed on is the money of the trade; what they bought for it (tickets, adverts, phones, food for many: what
// findings name, and what their part stands on) is bought with that too; and whatever else they pay they pay with their own first
// (trace.Presumed): in proportion it would be lost in what they live on. It is followed through the accounts of possible victims too, since
// many are made to pass it on.
//
// follow follows what a network's collecting accounts received from others than its members to where it rests.
func follow(ctx context.Context, g *flow.Graph, seeds []trace.Seed, n *network.Network, findings []typology.Finding) (followed, error) {
	p := Proceeds{Received: []Sum{}, AtRest: []Rest{}, Left: []Rest{}}
	ours := func(a flow.Account) bool { _, found := slices.BinarySearch(n.Accounts, a); return found }
	leads, victims := map[flow.Account]bool{}, map[flow.Account]bool{}
	for _, l := range n.Leads {
		for _, a := range l.Accounts {
			leads[a] = true
		}
	}
	for _, v := range n.Victims {
		for _, a := range v.Accounts {
			victims[a] = true
		}
	}
	var costs []int64
	for _, i := range n.Findings {
		if f := &findings[i]; !f.Weak {
			costs = append(costs, f.Payments...)
		}
	}
	costs = append(costs, n.Costs...)
	n.EachReason(func(r *network.Reason) { costs = append(costs, r.Payments...) })
	slices.Sort(costs)
	received := map[uint8]int64{}
	for _, s := range seeds {
		received[s.Currency] += s.Amount
	}
	r, err := trace.Run(ctx, g, seeds, trace.Options{Policy: trace.Presumed, Inside: func(a flow.Account) bool { return ours(a) || leads[a] }, Cost: func(row int64) bool { _, found := slices.BinarySearch(costs, row); return found }, Hub: func(a flow.Account) bool { return !ours(a) && !victims[a] }, Dust: dust})
	if err != nil {
		return followed{}, err
	}
	type place struct {
		account  flow.Account
		currency uint8
		how      string
	}
	held, left := map[place]int64{}, map[place]int64{}
	at := map[place]int64{}
	for _, l := range r.Lots {
		if l.Rest <= 0 {
			continue
		}
		k := place{l.Account, l.Currency, l.How.String()}
		if victims[l.Account] {
			k.account = flow.Outside // their accounts are nobody's to restrain
		}
		at[k] = max(at[k], l.At)
		if ours(l.Account) && l.Account != flow.Outside {
			k.how = "" // what is too little to follow rests there too
			at[k] = max(at[k], l.At)
			held[k] += l.Rest
		} else {
			left[k] += l.Rest
		}
	}
	for c, units := range received {
		m := g.Money(units, c)
		p.Received = append(p.Received, Sum{m.Decimal(), m.Currency})
	}
	slices.SortFunc(p.Received, func(a, b Sum) int { return strings.Compare(a.Currency, b.Currency) })
	write := func(from map[place]int64, to *[]Rest, how bool) {
		for k, units := range from {
			m := g.Money(units, k.currency)
			x := Rest{Account: g.AccountName(k.account), Amount: m.Decimal(), Currency: m.Currency, AsOf: stamp(at[k])}
			if how {
				x.How = k.how
			}
			*to = append(*to, x)
		}
		slices.SortFunc(*to, func(a, b Rest) int { return strings.Compare(a.Account+a.Currency+a.How, b.Account+b.Currency+b.How) })
	}
	write(held, &p.AtRest, false)
	write(left, &p.Left, true)
	// Of several currencies the one of which most came in, by number, stands for all: there may be no rate.
	most := uint8(0)
	for c, units := range received {
		if units > received[most] || units == received[most] && c < most {
			most = c
		}
	}
	kept := map[uint8]int64{}
	for k, units := range held {
		kept[k.currency] += units
	}
	var sums []Sum
	for c := range g.Currencies() {
		if units := kept[uint8(c)]; units > 0 {
			m := g.Money(units, uint8(c))
			sums = append(sums, Sum{m.Decimal(), m.Currency})
		}
	}
	return followed{p, sums, r, float64(kept[most]) / float64(max(received[most], 1))}, nil
}

func writeNetworks(dir string, list []Network) error {
	return writeJSON(filepath.Join(dir, NetworksFile), list)
}
