package network

import (
	"cmp"

	"tarir/entity"
	"tarir/holding"
	"tarir/journey"
	"tarir/money/flow"
	"tarir/money/ledger"
	"tarir/money/typology"
	"tarir/online"
)

// Input is what networks are made from. Everything but Graph and Held may be empty.
type Input struct {
	Graph    *flow.Graph
	Findings []typology.Finding
	Payment  func(row int64) *ledger.Payment // the findings' payments; nil: they are read from the graph's ledger
	Held     *holding.Index
	Phones   *entity.Phonebook // nil: numbers are read anew
	Food     map[string]bool   // merchant categories of food
	Site     map[string]bool   // of what a site where many are kept is fitted out with

	Adverts  []*online.Advert
	Families []online.Family
	Posters  []online.Poster

	Journeys   []*journey.Journey
	Travellers *journey.Travellers // nil: they are numbered anew
	Groups     []journey.Group
	Escorts    []journey.Escort
	Payers     []journey.Payer
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
	in        Input
	list      []Actor
	byID      map[string]int
	byAccount map[flow.Account]int
}

func newActors(in Input) *actors {
	return &actors{in: in, byID: map[string]int{}, byAccount: map[flow.Account]int{}}
}

// of is the actor behind an account.
func (a *actors) of(x flow.Account) int {
	n, ok := a.byAccount[x]
	if !ok {
		if owner := a.in.Held.Holder(x); owner != "" {
			n = a.entity(owner)
		} else {
			name := a.in.Graph.AccountName(x)
			n = a.add(name, Actor{ID: name, Caption: name, Accounts: []flow.Account{x}})
		}
		a.byAccount[x] = n
	}
	return n
}

// entity is the actor of an entity's id.
func (a *actors) entity(id string) int {
	id = a.in.Held.Canonical(id)
	if n, ok := a.byID[id]; ok {
		return n
	}
	caption := id
	if e := a.in.Held.Entity(id); e != nil {
		caption = e.Caption()
	}
	return a.add(id, Actor{ID: id, Caption: caption, Accounts: a.in.Held.Accounts(id)})
}

// contact is the actor behind a phone number or the like: the one entity that bears it, else the contact itself.
func (a *actors) contact(s entity.Selector) int {
	id := a.in.Held.Bearer(s)
	if a.in.Held.Entity(id) != nil {
		return a.entity(id)
	}
	return a.add(id, Actor{ID: id, Caption: s.Value, Contact: true})
}

// number finds the account of INSTITUTION/NUMBER.
func (a *actors) number(s string) (flow.Account, bool) { return a.in.Held.Account(s) }

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
