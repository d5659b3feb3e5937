package world

import (
	"slices"
	"time"

	"tarir/entity"
	"tarir/money/ledger"
)

// Teller says in what form a payment comes to whoever analyses it.
type Teller uint8

// The forms.
const (
	ByTable     Teller = iota // a payments CSV, as most banks here give it
	ByStatement               // an account statement
	ByReport                  // a report of cash
)

// What a bank gives depends on the bank and on the kind of payment, never on what is behind it: the companies of one have their
// statements read, and the cash of another's customers is reported.
const (
	statementBank = "BANKHHXX"
	reportingBank = "BANKBBXX"
)

// Teller says how a payment is told, and by which account.
func (s *Society) Teller(p *ledger.Payment) (Teller, ledger.Account) {
	account := p.To
	if account.Outside() {
		account = p.From
	}
	switch {
	case (p.From.Outside() || p.To.Outside()) && account.Institution == reportingBank && s.holders[account] != nil && entity.Is(s.holders[account].Schema, "Person"):
		return ByReport, account
	case p.From.Institution == statementBank && p.MCC == "" && p.Place == "" && p.Device == "" && !p.To.Outside() && s.holders[p.From] != nil && entity.Is(s.holders[p.From].Schema, "Company"):
		return ByStatement, p.From
	}
	return ByTable, ledger.Account{}
}

// Holder is who holds an account; nil if nobody tells.
func (s *Society) Holder(a ledger.Account) *entity.Entity { return s.holders[a] }

// End is the end of the society's time.
func (s *Society) End() time.Time { return time.UnixMilli(monthStart(months)).UTC() }

// hold lists who holds each account.
func (s *Society) hold() {
	byID := map[string]*entity.Entity{}
	for _, e := range s.Entities {
		byID[e.ID] = e
	}
	s.holders = map[ledger.Account]*entity.Entity{}
	for _, e := range s.Entities {
		if e.Schema != "Ownership" {
			continue
		}
		a, owner := byID[e.First("asset")], byID[e.First("owner")]
		if a == nil || owner == nil || !slices.Contains([]string{"Person", "Company"}, owner.Schema) {
			continue
		}
		s.holders[ledger.Account{Institution: a.First("bankName"), Number: a.First("accountNumber")}] = owner
	}
}
