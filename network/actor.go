package network

import (
	"cmp"
	"slices"
	"strings"

	"tarir/entity"
	"tarir/journey"
	"tarir/money/flow"
	"tarir/money/ledger"
	"tarir/money/typology"
	"tarir/online"
)

// Input is what networks are made from. Everything but Graph may be empty.
type Input struct {
	Graph    *flow.Graph
	Findings []typology.Finding
	Entities *entity.Resolution
	Food     map[string]bool // merchant categories of food

	Adverts  []*online.Advert
	Families []online.Family
	Posters  []online.Poster

	Journeys []*journey.Journey
	Groups   []journey.Group
	Escorts  []journey.Escort
	Payers   []journey.Payer
}

// Actor is who may be a member: an entity, an account of nobody's, or a contact of nobody's.
type Actor struct {
	ID       string // of the entity, else the account or the contact
	Caption  string
	Accounts []flow.Account
	Contact  bool // a phone number or the like that is nobody's so far
}

// actors numbers everybody who is met.
type actors struct {
	in       Input
	list     []Actor
	byID     map[string]int
	entities map[string]*entity.Entity
	holder   map[flow.Account]string // entity that owns an account
	accounts map[string][]flow.Account
	phones   map[string][]string // entities by phone
}

func newActors(in Input) *actors {
	a := &actors{in: in, byID: map[string]int{}, entities: map[string]*entity.Entity{}, holder: map[flow.Account]string{}, accounts: map[string][]flow.Account{}, phones: map[string][]string{}}
	if in.Entities == nil {
		return a
	}
	for _, e := range in.Entities.Entities {
		a.entities[e.ID] = e
	}
	for _, e := range in.Entities.Entities {
		if entity.Is(e.Schema, "LegalEntity") {
			for _, s := range e.Selectors() {
				if s.Kind == entity.Phone {
					a.phones[s.Value] = append(a.phones[s.Value], e.ID)
				}
			}
		}
		if !entity.Is(e.Schema, "Ownership") {
			continue
		}
		for _, asset := range e.Properties["asset"] {
			account, ok := a.account(a.entities[in.Entities.Canonical(asset)])
			if !ok {
				continue
			}
			for _, o := range e.Properties["owner"] {
				owner := in.Entities.Canonical(o)
				if first, told := a.holder[account]; !told || owner < first {
					a.holder[account] = owner // of several holders the first by id stands for all
				}
			}
		}
	}
	for account, owner := range a.holder {
		a.accounts[owner] = append(a.accounts[owner], account)
	}
	for _, list := range a.accounts {
		slices.Sort(list)
	}
	return a
}

// account finds the ledger's account of an entity that is one.
func (a *actors) account(e *entity.Entity) (flow.Account, bool) {
	if e == nil || !entity.Is(e.Schema, "BankAccount") {
		return 0, false
	}
	table := a.in.Graph.Ledger().Accounts()
	for _, number := range e.Properties["accountNumber"] {
		for _, bank := range append(slices.Clone(e.Properties["bankName"]), append(slices.Clone(e.Properties["bic"]), "")...) {
			if n, ok := table.Lookup(ledger.Account{Institution: bank, Number: number}); ok && n != 0 {
				return flow.Account(n), true
			}
		}
	}
	for _, iban := range e.Properties["iban"] {
		if n, ok := table.Lookup(ledger.Account{Number: iban}); ok && n != 0 {
			return flow.Account(n), true
		}
	}
	return 0, false
}

// of is the actor behind an account.
func (a *actors) of(x flow.Account) int {
	if owner, ok := a.holder[x]; ok {
		return a.entity(owner)
	}
	name := a.in.Graph.AccountName(x)
	return a.add(name, Actor{ID: name, Caption: name, Accounts: []flow.Account{x}})
}

// entity is the actor of an entity's id.
func (a *actors) entity(id string) int {
	if a.in.Entities != nil {
		id = a.in.Entities.Canonical(id)
	}
	caption := id
	if e := a.entities[id]; e != nil {
		caption = e.Caption()
	}
	return a.add(id, Actor{ID: id, Caption: caption, Accounts: a.accounts[id]})
}

// contact is the actor behind a phone number: the one entity that bears it, else the contact itself.
func (a *actors) contact(s entity.Selector) int {
	if who := a.phones[s.Value]; s.Kind == entity.Phone && len(who) == 1 {
		return a.entity(who[0])
	}
	id := string(s.Kind) + ":" + s.Value
	return a.add(id, Actor{ID: id, Caption: s.Value, Contact: true})
}

// number finds the account of INSTITUTION/NUMBER.
func (a *actors) number(s string) (flow.Account, bool) {
	inst, num, ok := strings.Cut(s, "/")
	if !ok {
		inst, num = "", s
	}
	n, ok := a.in.Graph.Ledger().Accounts().Lookup(ledger.Account{Institution: inst, Number: num})
	return flow.Account(n), ok && n != 0
}

func (a *actors) add(id string, x Actor) int {
	if n, ok := a.byID[id]; ok {
		return n
	}
	n := len(a.list)
	a.byID[id] = n
	a.list = append(a.list, x)
	return n
}

// compare orders actors by id.
func (a *actors) compare(x, y int) int { return cmp.Compare(a.list[x].ID, a.list[y].ID) }
