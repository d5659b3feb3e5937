// Package holding says who holds what: which entity an account belongs to, who bears a phone number or an address, who
// works for whom. It joins the entities that were told with the accounts of the payment graph, once, for everything that
// looks at both.
//
// Cost: linear in entities; about 200 bytes an entity.
package holding

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"tarir/entity"
	"tarir/money/flow"
	"tarir/money/ledger"
)

// Index is who holds what. What it says never changes after New.
type Index struct {
	graph    *flow.Graph
	resolved *entity.Resolution
	byID     map[string]*entity.Entity
	holder   map[flow.Account]string
	accounts map[string][]flow.Account
	bearers  map[entity.Selector][]string // persons and companies by phone, e-mail and the like
	mu       sync.Mutex
	schemata map[string][]*entity.Entity // entities by schema, where it was asked for
}

// New reads the entities; resolved may be nil.
func New(g *flow.Graph, resolved *entity.Resolution) *Index {
	x := &Index{graph: g, resolved: resolved, holder: map[flow.Account]string{}, bearers: map[entity.Selector][]string{}, schemata: map[string][]*entity.Entity{}}
	if resolved == nil {
		return x
	}
	x.byID = make(map[string]*entity.Entity, len(resolved.Entities))
	for _, e := range resolved.Entities {
		x.byID[e.ID] = e
	}
	for _, e := range resolved.Entities {
		if entity.Is(e.Schema, "LegalEntity") {
			for _, s := range resolved.Selectors(e.ID) {
				switch s.Kind {
				case entity.Phone, entity.Email, entity.Handle, entity.Wallet, entity.Device:
					x.bearers[s] = append(x.bearers[s], e.ID)
				}
			}
		}
		if !entity.Is(e.Schema, "Ownership") {
			continue
		}
		for _, asset := range e.Properties["asset"] {
			account, ok := x.AccountOf(x.Entity(asset))
			if !ok {
				continue
			}
			for _, o := range e.Properties["owner"] {
				owner := x.Canonical(o)
				if first, told := x.holder[account]; !told || owner < first {
					x.holder[account] = owner // of several holders the first by id stands for all
				}
			}
		}
	}
	x.accounts = make(map[string][]flow.Account, len(x.holder))
	for account, owner := range x.holder {
		x.accounts[owner] = append(x.accounts[owner], account)
	}
	names := g.Ledger().Accounts()
	for _, list := range x.accounts {
		slices.SortFunc(list, func(a, b flow.Account) int { return names.Compare(uint32(a), uint32(b)) })
	}
	return x
}

// AccountOf finds the graph's account of an entity that is one.
func (x *Index) AccountOf(e *entity.Entity) (flow.Account, bool) {
	if e == nil || !entity.Is(e.Schema, "BankAccount") {
		return 0, false
	}
	table := x.graph.Ledger().Accounts()
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

// Canonical is the id under which an entity goes after merging.
func (x *Index) Canonical(id string) string {
	if x.resolved == nil {
		return id
	}
	return x.resolved.Canonical(id)
}

// Entity is the entity of an id, merged or not; nil if there is none.
func (x *Index) Entity(id string) *entity.Entity { return x.byID[x.Canonical(id)] }

// Each gives the entities of a schema and those derived from it, in order of id.
func (x *Index) Each(schema string, fn func(*entity.Entity)) {
	for _, e := range x.of(schema) {
		fn(e)
	}
}

func (x *Index) of(schema string) []*entity.Entity {
	if x.resolved == nil {
		return nil
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	list, ok := x.schemata[schema]
	if !ok {
		for _, e := range x.resolved.Entities {
			if entity.Is(e.Schema, schema) {
				list = append(list, e)
			}
		}
		x.schemata[schema] = list
	}
	return list
}

// Selectors are an entity's own.
func (x *Index) Selectors(id string) []entity.Selector {
	if x.resolved == nil {
		return nil
	}
	return x.resolved.Selectors(x.Canonical(id))
}

// Holder is the entity that holds an account; empty if nobody tells.
func (x *Index) Holder(a flow.Account) string { return x.holder[a] }

// Subject names who stands behind an account: its holder, else the account.
func (x *Index) Subject(a flow.Account) string {
	if h, ok := x.holder[a]; ok {
		return h
	}
	return x.graph.AccountName(a)
}

// Accounts are those that an entity holds, in order of their names: numbers depend on what was read first.
func (x *Index) Accounts(id string) []flow.Account { return x.accounts[x.Canonical(id)] }

// Bearers are the persons and companies that bear a phone number, an e-mail address, a handle, a wallet or a device, in
// order of id.
func (x *Index) Bearers(s entity.Selector) []string { return x.bearers[s] }

// Contacts lists the selectors that somebody bears, in order.
func (x *Index) Contacts() []entity.Selector {
	return slices.SortedFunc(maps.Keys(x.bearers), entity.Selector.Compare)
}

// Bearer names who stands behind a contact: the one entity that bears it, else the contact.
func (x *Index) Bearer(s entity.Selector) string {
	if who := x.bearers[s]; len(who) == 1 {
		return who[0]
	}
	return string(s.Kind) + ":" + s.Value
}

// Account finds the graph's account of INSTITUTION/NUMBER.
func (x *Index) Account(s string) (flow.Account, bool) {
	inst, num, ok := strings.Cut(s, "/")
	if !ok {
		inst, num = "", s
	}
	n, ok := x.graph.Ledger().Accounts().Lookup(ledger.Account{Institution: inst, Number: num})
	return flow.Account(n), ok && n != 0
}

// Any says that entities were told at all.
func (x *Index) Any() bool { return len(x.byID) > 0 }
