package world

import (
	"cmp"
	"fmt"
	"slices"

	"tarir/journey"
	"tarir/money/ledger"
	"tarir/online"
)

// Member is one of an organisation, in the shape of truth.json.
type Member struct {
	Entity   string   `json:"entity"`
	Roles    []string `json:"roles"`
	Accounts []string `json:"accounts"`
}

// Rest is money at one place at the end.
type Rest struct {
	Account  string `json:"account"`
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

// Organisation is what was planted, in the shape of truth.json.
type Organisation struct {
	ID      string   `json:"id"`
	Kind    string   `json:"kind"`
	Members []Member `json:"members"`
	Victims []string `json:"victims"`
	AtRest  []Rest   `json:"at_rest"`
	Leads   []string `json:"leads"` // people outside who are worth an investigation of their own
}

// The business models.
const (
	sexualExploitation = "sexual_exploitation"
	forcedLabour       = "forced_labour"
	forcedCrime        = "forced_criminality"
	smuggling          = "migrant_smuggling"
)

// organisation is one being planned.
type organisation struct {
	s     *Society
	id    string
	kind  string
	parts []*part // in order of joining
	p     *plan
	// money of the organisation by account, in minor units, followed payment by payment at the end
	accounts map[ledger.Account]bool
	victims  []string
	adaptive bool
	from, to int64 // its time
	mode     journey.Mode
	shelter  string // address that victims give where they are held; empty: each their own
	followed []string
}

// part is a member with a role or several.
type part struct {
	person
	roles    []string
	business ledger.Account // what the trade goes through; the person's own where they have no other
	phone2   string         // of the trade; empty: their own
}

func (m *part) is(role string) bool { return slices.Contains(m.roles, role) }

func (m *part) number() string {
	if m.phone2 != "" {
		return m.phone2
	}
	return m.phone
}

// roster lists roles in the order in which an organisation of the kind fills them as it grows.
var roster = map[string][]string{
	sexualExploitation: {"organiser", "recruiter", "exploiter", "collector", "transporter", "advertiser", "money_mule", "beneficiary", "money_mule", "front_company", "safe_house_keeper", "recruiter", "money_mule", "transporter", "exploiter", "money_mule"},
	forcedLabour:       {"organiser", "recruiter", "exploiter", "collector", "transporter", "front_company", "beneficiary", "money_mule", "safe_house_keeper", "money_mule", "recruiter", "transporter", "money_mule", "money_mule"},
	forcedCrime:        {"organiser", "recruiter", "exploiter", "collector", "money_mule", "money_mule", "transporter", "beneficiary", "safe_house_keeper", "money_mule", "recruiter", "money_mule"},
	smuggling:          {"organiser", "transporter", "collector", "recruiter", "hawaladar", "transporter", "safe_house_keeper", "document_provider", "money_mule", "transporter", "beneficiary", "collector", "money_mule", "transporter"},
}

// recruit fills the organisation with members. Those of the money side have an account beside their own for the trade.
func (o *organisation) recruit(size int) {
	list := roster[o.kind]
	for k := range size {
		role := list[k%len(list)]
		n := o.s.draw()
		m := &part{person: o.s.person(n), roles: []string{role}}
		m.business = m.account
		switch role {
		case "collector", "front_company", "beneficiary", "hawaladar":
			m.business = o.s.opened()
		}
		if role == "recruiter" || role == "advertiser" || role == "transporter" {
			h := o.s.rng.Uint64()
			m.phone2 = m.country.phone(fmt.Sprintf("%08d", 10_000_000+h%90_000_000))
		}
		o.accounts[m.business], o.accounts[m.account] = true, true
		o.parts = append(o.parts, m)
	}
	// A small organisation does with few what a large one divides.
	for _, role := range list[:5] {
		if o.one(role) == nil {
			m := o.parts[o.s.rng.IntN(len(o.parts))]
			m.roles = append(m.roles, role)
		}
	}
}

// one is the first member with a role; nil if there is none.
func (o *organisation) one(role string) *part {
	for _, m := range o.parts {
		if m.is(role) {
			return m
		}
	}
	return nil
}

func (o *organisation) all(role string) []*part {
	var out []*part
	for _, m := range o.parts {
		if m.is(role) {
			out = append(out, m)
		}
	}
	return out
}

// turn is the member of a role whose turn it is: those of one role share the work.
func (o *organisation) turn(role string, k int) *part {
	list := o.all(role)
	return list[k%len(list)]
}

// pay plans a payment of the organisation's business.
func (o *organisation) pay(from, to ledger.Account, units, at int64, channel ledger.Channel, purpose string) {
	o.p.add(ledger.Payment{From: from, To: to, Paid: ledger.Money{Units: units}, At: at, Channel: channel, Purpose: purpose})
}

// rest follows the organisation's money: what it received from others, less what it paid away.
func (o *organisation) rest() []Rest {
	list := slices.Clone(o.p.payments)
	slices.SortStableFunc(list, func(a, b ledger.Payment) int { return cmp.Compare(a.At, b.At) })
	held := map[ledger.Account]int64{}
	for _, p := range list {
		moved := p.Paid.Units
		if o.accounts[p.From] {
			moved = min(held[p.From], p.Paid.Units)
			held[p.From] -= moved
		}
		if o.accounts[p.To] {
			held[p.To] += moved
		}
	}
	var out []Rest
	for a, units := range held {
		if units >= 100 {
			out = append(out, Rest{a.String(), ledger.Money{Units: units, Scale: 2, Currency: "USD"}.Decimal(), "USD"})
		}
	}
	slices.SortFunc(out, func(a, b Rest) int { return cmp.Compare(a.Account, b.Account) })
	return out
}

// close writes the organisation into the truth.
func (o *organisation) close() Organisation {
	o.houses()
	o.documents()
	t := Organisation{ID: o.id, Kind: o.kind, Victims: []string{}, AtRest: o.rest(), Leads: append([]string{}, o.followed...)}
	for _, m := range o.parts {
		x := Member{Entity: m.id, Roles: m.roles, Accounts: []string{m.account.String()}}
		o.s.Entities = append(o.s.Entities, m.entities(o.s.home(m.person), "")...)
		if m.business != m.account {
			x.Accounts = append(x.Accounts, m.business.String())
			o.s.Entities = append(o.s.Entities, holding(m.id, m.business, date(o.from-20*day))...)
		}
		t.Members = append(t.Members, x)
	}
	slices.Sort(o.victims)
	t.Victims = append(t.Victims, slices.Compact(o.victims)...)
	o.p.close(1)
	return t
}

// victim draws somebody who is exploited or smuggled from a moment on: a newcomer with an account of their own, opened late.
// One of twelve of those who are sexually exploited is a minor.
func (o *organisation) victim(at int64) *part {
	v := &part{person: o.s.person(o.s.draw())}
	v.account = o.s.opened()
	v.business = v.account
	if o.kind == sexualExploitation && len(o.victims)%12 == 1 {
		v.birth = fmt.Sprintf("2008-%02d-%02d", 1+v.n%12, 1+v.n%28)
	}
	home := o.shelter
	if home == "" {
		home = o.s.home(v.person)
	}
	o.victims = append(o.victims, v.id)
	o.s.gone[v.id] = at - 20*day
	o.s.Entities = append(o.s.Entities, v.entities(home, date(at+int64(v.n%6)*day))...)
	return v
}

// leads plans people outside who live off the organisation: who organises or keeps the money pays them again and again.
func (o *organisation) leads(n int) {
	s := o.s
	from := o.one("organiser")
	if b := o.one("beneficiary"); b != nil {
		from = b
	}
	for range n {
		p := s.person(s.draw())
		o.followed = append(o.followed, p.id)
		for range 4 + s.rng.IntN(3) {
			o.pay(from.business, p.account, s.between(40_000, 110_000), o.from+40*day+s.rng.Int64N(o.to-o.from-40*day), ledger.ChannelTransfer, "")
		}
	}
	slices.Sort(o.followed)
}

// travel plans a journey of one person.
func (o *organisation) travel(p person, from, to place, mode journey.Mode, at int64, booking string, payer ledger.Account, phone string) {
	o.s.travel(p, from, to, mode, at, booking, payer, phone)
}

func (s *Society) travel(p person, from, to place, mode journey.Mode, at int64, booking string, payer ledger.Account, phone string) {
	if until, ok := s.gone[p.id]; !ok || at < until {
		s.calendar[p.id] = append(s.calendar[p.id], [2]int64{at - day, at + 2*day})
	}
	hours := map[journey.Mode]int64{journey.Air: 3, journey.Sea: 14, journey.Bus: 20, journey.Car: 9, journey.Foot: 6, journey.Rail: 8}[mode]
	s.Journeys = append(s.Journeys, journey.Journey{
		ID: fmt.Sprintf("J%08d", len(s.Journeys)), Person: p.id, GivenName: p.given, FamilyName: p.family, Birth: p.birth, Document: p.passport, DocCountry: p.country.code,
		From: from.code, To: to.code, Departure: journey.Time{At: at / 60_000 * 60_000}, Arrival: journey.Time{At: (at + hours*hour) / 60_000 * 60_000}, Mode: mode,
		Booking: booking, Booked: journey.Time{At: (at - int64(1+s.rng.IntN(30))*day) / 60_000 * 60_000}, Payer: payerOf(payer), Phone: phone,
	})
}

// payerOf names the account that paid; empty where it was cash.
func payerOf(a ledger.Account) string {
	if a.Outside() {
		return ""
	}
	return a.String()
}

// post plans an advert.
func (s *Society) post(a online.Advert) {
	a.ID = fmt.Sprintf("A%08d", len(s.Adverts))
	a.At = a.At / 60_000 * 60_000
	s.Adverts = append(s.Adverts, a)
}

// draw picks somebody who plays no other part.
func (s *Society) draw() int {
	for {
		n := s.rng.IntN(s.persons)
		if !s.used[n] {
			s.used[n] = true
			return n
		}
	}
}
