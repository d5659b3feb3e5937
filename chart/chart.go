// Package chart makes of what is in a case what is drawn of it: who is tied to whom, where its money went, who and what moved where, and when.
//
//	chart.go    Picture: what is read once, from the entries of a case
//	network.go  parties and ties, their places on the chart, who stands around whom, the way between two
//	money.go    traces in the payments of the case, statements of accounts
//	moves.go    journeys and adverts as places and ways, week by week
//	indicators.go  what a change of the indicators would find in the case
//
// It decides nothing: an organisation, a role and a finding are what the analysis said, and each thing that is drawn names the entry of the case on which it
// stands. Possible victims are drawn under their pseudonyms.
//
// Cost: linear in the entries but for one sort of the payments; about 200 bytes a payment and 300 a party.
package chart

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"tarir/casework"
	"tarir/entity"
	"tarir/explain"
	"tarir/money/ledger"
)

// Kinds are the entries that a picture is made of.
var Kinds = []casework.EntryKind{
	casework.FindingEntry, casework.EntityEntry, casework.PaymentEntry, casework.AdvertEntry, casework.JourneyEntry, casework.VictimEntry, casework.AssetEntry,
}

// Picture is a case as it is drawn. It is never changed after Done, and may then be read by many at once.
type Picture struct {
	Organisations []Organisation
	Parties       []Party
	Ties          []Tie
	Payments      []Payment // in order of time
	Findings      []Finding
	Journeys      []Journey
	Adverts       []Advert
	Assets        []Asset
	Unread        int // entries of which nothing can be drawn

	byID     map[string]int32 // entity, account, selector or pseudonym
	owner    map[string]int32 // of an account
	around   [][]int32        // ties of each party
	payments map[int32][]int32
	flags    map[int32][]int32 // findings of a payment
	building *building
}

// Organisation is a network of the analysis.
type Organisation struct {
	Seq     int64
	ID      string
	Score   float64
	Stages  map[string]float64
	Members int
	Victims int
	Minors  int
}

// Finding is a finding of the analysis.
type Finding struct {
	Seq      int64
	ID       string
	Typology string
	Score    float64
	Reasons  []explain.Reason
	Payments []string // references
}

// Payment is one payment. From and To are parties; -1 where the source names no side.
type Payment struct {
	Seq        int64
	At         int64 // seconds since 1970 UTC
	From, To   int32
	FromAcct   string
	ToAcct     string
	Money      ledger.Money
	Purpose    string
	Ref        string
	suspicious bool
}

// Suspicious says that a finding names the payment.
func (p *Payment) Suspicious() bool { return p.suspicious }

// Asset is what could be taken: where, and how much of it is in which state.
type Asset struct {
	Seq     int64
	Account string
	Asset   casework.Asset
}

// building is what is needed until Done.
type building struct {
	accountOf          map[string]string   // account → the party that holds it
	edges              []edge              // told between entities
	bears              map[string][]string // selector → parties
	entities           []told
	seqs               map[string]int64   // of the entities
	suspects           map[string][]int32 // reference → findings
	payers, travellers []string           // of the journeys
}

// told is what is drawn of an entity that a source told: a small part of what it says, since a large case has very many.
type told struct {
	id, schema, caption string
	seq                 int64
	account             string   // INSTITUTION/NUMBER of a bank account
	holders             []string // of it
	tie                 bool     // it is a tie itself
	source, target      []string
	selectors           []entity.Selector
}

// toldBy takes that part. Reading telephone numbers takes half of the time of a picture.
func toldBy(e *entity.Entity, seq int64) told {
	x := told{id: strings.Clone(e.ID), schema: e.Schema, seq: seq}
	if x.source, x.target, x.tie = e.Ends(); x.tie {
		return x
	}
	x.caption = strings.Clone(cmp.Or(e.Caption(), e.ID))
	if entity.Is(e.Schema, "BankAccount") {
		a := ledger.Account{Institution: cmp.Or(e.First("bic"), e.First("bankName")), Number: cmp.Or(e.First("iban"), e.First("accountNumber"))}
		x.account, x.holders = a.String(), e.Properties["holder"]
	}
	x.selectors = e.Selectors()
	return x
}

type edge struct {
	from, to, what string
	seq            int64
}

// New begins a picture.
func New() *Picture {
	return &Picture{
		byID: map[string]int32{}, owner: map[string]int32{}, payments: map[int32][]int32{}, flags: map[int32][]int32{},
		building: &building{accountOf: map[string]string{}, bears: map[string][]string{}, seqs: map[string]int64{}, suspects: map[string][]int32{}},
	}
}

// Piece is an entry that was read, and puts itself into a picture. Nil: nothing of it can be drawn.
type Piece func(p *Picture)

// Read reads an entry of one of Kinds. It needs no picture: many can be read at once.
func Read(kind casework.EntryKind, seq int64, id string, body json.RawMessage) Piece {
	switch kind {
	case casework.FindingEntry:
		return readFinding(seq, body)
	case casework.EntityEntry:
		e, _, err := entity.Decode(body)
		if err != nil {
			return nil
		}
		x := toldBy(e, seq)
		return func(p *Picture) { p.building.entities = append(p.building.entities, x) }
	case casework.PaymentEntry:
		return readPayment(seq, body)
	case casework.VictimEntry:
		var v casework.Victim
		if json.Unmarshal(body, &v) != nil {
			return nil
		}
		return func(p *Picture) {
			i := p.party(v.Pseudonym)
			p.Parties[i].Kind, p.Parties[i].Label, p.Parties[i].Seq, p.Parties[i].Minor = Victim, v.Pseudonym, seq, v.Minor()
		}
	case casework.AdvertEntry:
		return readAdvert(seq, id, body)
	case casework.JourneyEntry:
		return readJourney(seq, body)
	case casework.AssetEntry:
		var a casework.Asset
		if json.Unmarshal(body, &a) != nil {
			return nil
		}
		x := Asset{Seq: seq, Asset: a}
		if a.Kind == "account" {
			x.Account = a.Identifier
		}
		return func(p *Picture) { p.Assets = append(p.Assets, x) }
	}
	return func(*Picture) {}
}

// Put takes what was read, in any order. What could not be read is counted.
func (p *Picture) Put(x Piece) {
	if x == nil {
		p.Unread++
		return
	}
	x(p)
}

// Add reads an entry of one of Kinds and takes it.
func (p *Picture) Add(kind casework.EntryKind, seq int64, id string, body json.RawMessage) {
	p.Put(Read(kind, seq, id, body))
}

// member is a part of an organisation as networks.json has it.
type member struct {
	Entity     string   `json:"entity"`
	Name       string   `json:"name"`
	Accounts   []string `json:"accounts"`
	Confidence float64  `json:"confidence"`
	Tie        float64  `json:"tie"`
	Roles      []struct {
		Role       string  `json:"role"`
		Confidence float64 `json:"confidence"`
	} `json:"roles"`
}

func readFinding(seq int64, body json.RawMessage) Piece {
	var f struct {
		ID          string             `json:"id"`
		Typology    string             `json:"typology"`
		Score       float64            `json:"score"`
		Payments    []string           `json:"payments"`
		Stages      map[string]float64 `json:"stages"`
		Members     []member           `json:"members"`
		Leads       []member           `json:"leads"`
		Contacts    []string           `json:"contacts"`
		Victims     json.RawMessage    `json:"victims"`
		Explanation []explain.Reason   `json:"explanation"`
	}
	if json.Unmarshal(body, &f) != nil {
		return nil
	}
	if f.Members == nil {
		x := Finding{Seq: seq, ID: f.ID, Typology: f.Typology, Score: f.Score, Payments: f.Payments, Reasons: f.Explanation}
		return func(p *Picture) {
			for _, ref := range f.Payments {
				p.building.suspects[ref] = append(p.building.suspects[ref], int32(len(p.Findings)))
			}
			p.Findings = append(p.Findings, x)
		}
	}
	// A case keeps of an organisation's victims how many there are, and how many may be minors.
	var victims []struct {
		Minor bool `json:"minor"`
	}
	_ = json.Unmarshal(f.Victims, &victims) // none are told
	o := Organisation{Seq: seq, ID: f.ID, Score: f.Score, Stages: f.Stages, Members: len(f.Members), Victims: len(victims)}
	for _, v := range victims {
		if v.Minor {
			o.Minors++
		}
	}
	return func(p *Picture) { p.organisation(o, f.Members, f.Leads, f.Contacts) }
}

// organisation takes an organisation with its parts.
func (p *Picture) organisation(o Organisation, members, leads []member, contacts []string) {
	seq, network := o.Seq, int32(len(p.Organisations))
	p.Organisations = append(p.Organisations, o)
	for _, m := range members {
		i := p.party(m.Entity)
		x := &p.Parties[i]
		if x.Network < 0 {
			x.Network = network
		}
		x.Label, x.Member, x.Seq = cmp.Or(m.Name, x.Label), true, cmp.Or(x.Seq, seq)
		x.Confidence = max(x.Confidence, m.Confidence)
		for _, r := range m.Roles {
			if !slices.Contains(x.Roles, r.Role) {
				x.Roles = append(x.Roles, r.Role)
			}
		}
		for _, a := range m.Accounts {
			p.building.accountOf[a] = m.Entity
		}
	}
	for _, m := range leads {
		i := p.party(m.Entity)
		x := &p.Parties[i]
		x.Label, x.Lead, x.Seq = cmp.Or(m.Name, x.Label), !x.Member, cmp.Or(x.Seq, seq)
		for _, a := range m.Accounts {
			if _, told := p.building.accountOf[a]; !told {
				p.building.accountOf[a] = m.Entity
			}
		}
	}
	for _, c := range contacts {
		i := p.party(c)
		p.Parties[i].Kind, p.Parties[i].Network, p.Parties[i].Seq = Contact, network, cmp.Or(p.Parties[i].Seq, seq)
	}
}

func readPayment(seq int64, body json.RawMessage) Piece {
	var c casework.CasePayment
	if json.Unmarshal(body, &c) != nil {
		return nil
	}
	m, ok := money(c.Amount, c.Currency)
	if !ok || c.Time.IsZero() {
		return nil
	}
	x := Payment{Seq: seq, At: c.Time.Unix(), FromAcct: c.From, ToAcct: c.To, Money: m, Purpose: c.Purpose, Ref: c.Reference}
	return func(p *Picture) { p.Payments = append(p.Payments, x) }
}

// money reads a decimal with a point.
func money(amount, currency string) (ledger.Money, bool) {
	whole, part, _ := strings.Cut(amount, ".")
	part = strings.TrimRight(part, "0")
	digits := whole + part
	if len(digits) == 0 || len(digits) > 18 || len(part) > 9 {
		return ledger.Money{}, false
	}
	m := ledger.Money{Scale: uint8(len(part)), Currency: currency}
	for _, d := range []byte(digits) {
		if d < '0' || d > '9' {
			return ledger.Money{}, false
		}
		m.Units = m.Units*10 + int64(d-'0')
	}
	return m, true
}

// Done ends the reading: parties, ties and orders are there.
func (p *Picture) Done() {
	b := p.building
	p.building = nil
	slices.SortFunc(b.entities, func(x, y told) int { return cmp.Compare(x.id, y.id) })
	for i := range b.entities {
		b.seqs[b.entities[i].id] = b.entities[i].seq
	}
	p.tell(b)
	p.paid(b)
	p.shared(b)
	for i := range p.Journeys { // whoever has a part in the chart anyway
		if x, ok := p.byID[b.travellers[i]]; ok && b.travellers[i] != "" {
			p.Journeys[i].Who = x
		}
		if b.payers[i] != "" {
			p.Journeys[i].Payer = p.PartyOf(b.payers[i])
		}
	}
	p.tieUp()
	p.place()
}
