// Package chart makes of what is in a case what is drawn of it: who is tied to whom, where its money went, who and what moved where, and when.
//
//	chart.go    Picture: what is read once, from the entries of a case
//	network.go  parties and ties, their places on the chart, who stands around whom, the way between two
//	money.go    traces in the payments of the case, statements of accounts
//	moves.go    journeys and adverts as places and ways, week by week
//
// It decides nothing: an organisation, a role and a finding are what the analysis said, and each thing that is drawn names the entry of the case on which it
// stands. Possible victims are drawn under their pseudonyms.
//
// Cost: linear in the entries but for one sort of the payments; about 200 bytes a payment and 300 a party.
package chart

import (
	"cmp"
	"encoding/json"
	"fmt"
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
	entities           []*entity.Entity
	seqs               map[string]int64
	suspects           map[string][]int32 // reference → findings
	payers, travellers []string           // of the journeys
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

// Add takes an entry of one of Kinds, in any order. What cannot be read is counted.
func (p *Picture) Add(kind casework.EntryKind, seq int64, id string, body json.RawMessage) {
	var err error
	switch kind {
	case casework.FindingEntry:
		err = p.finding(seq, body)
	case casework.EntityEntry:
		var e *entity.Entity
		if e, _, err = entity.Decode(body); err == nil {
			p.building.entities = append(p.building.entities, e)
			p.building.seqs[e.ID] = seq
		}
	case casework.PaymentEntry:
		err = p.payment(seq, body)
	case casework.VictimEntry:
		var v casework.Victim
		if err = json.Unmarshal(body, &v); err == nil {
			i := p.party(v.Pseudonym)
			p.Parties[i].Kind, p.Parties[i].Label, p.Parties[i].Seq, p.Parties[i].Minor = Victim, v.Pseudonym, seq, v.Minor()
		}
	case casework.AdvertEntry:
		err = p.advert(seq, id, body)
	case casework.JourneyEntry:
		err = p.journey(seq, body)
	case casework.AssetEntry:
		var a casework.Asset
		if err = json.Unmarshal(body, &a); err == nil {
			x := Asset{Seq: seq, Asset: a}
			if a.Kind == "account" {
				x.Account = a.Identifier
			}
			p.Assets = append(p.Assets, x)
		}
	}
	if err != nil {
		p.Unread++
	}
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

func (p *Picture) finding(seq int64, body json.RawMessage) error {
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
	if err := json.Unmarshal(body, &f); err != nil {
		return err
	}
	if f.Members == nil {
		x := Finding{Seq: seq, ID: f.ID, Typology: f.Typology, Score: f.Score, Payments: f.Payments, Reasons: f.Explanation}
		for _, ref := range f.Payments {
			p.building.suspects[ref] = append(p.building.suspects[ref], int32(len(p.Findings)))
		}
		p.Findings = append(p.Findings, x)
		return nil
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
	network := int32(len(p.Organisations))
	p.Organisations = append(p.Organisations, o)
	for _, m := range f.Members {
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
	for _, m := range f.Leads {
		i := p.party(m.Entity)
		x := &p.Parties[i]
		x.Label, x.Lead, x.Seq = cmp.Or(m.Name, x.Label), !x.Member, cmp.Or(x.Seq, seq)
		for _, a := range m.Accounts {
			if _, told := p.building.accountOf[a]; !told {
				p.building.accountOf[a] = m.Entity
			}
		}
	}
	for _, c := range f.Contacts {
		i := p.party(c)
		p.Parties[i].Kind, p.Parties[i].Network, p.Parties[i].Seq = Contact, network, cmp.Or(p.Parties[i].Seq, seq)
	}
	return nil
}

func (p *Picture) payment(seq int64, body json.RawMessage) error {
	var c casework.CasePayment
	if err := json.Unmarshal(body, &c); err != nil {
		return err
	}
	m, ok := money(c.Amount, c.Currency)
	if !ok || c.Time.IsZero() {
		return fmt.Errorf("%w: a payment without amount or time", casework.ErrEntry)
	}
	p.Payments = append(p.Payments, Payment{
		Seq: seq, At: c.Time.Unix(), FromAcct: c.From, ToAcct: c.To, Money: m, Purpose: c.Purpose, Ref: c.Reference,
	})
	return nil
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
	slices.SortFunc(b.entities, func(x, y *entity.Entity) int { return cmp.Compare(x.ID, y.ID) })
	p.told(b)
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
