package network

import (
	"cmp"
	"slices"
	"strings"

	"tarir/explain"
	"tarir/money/flow"
)

// Reason is a sentence with what it stands on: places in the lists of the input.
type Reason struct {
	explain.Reason
	Findings []int
	Adverts  []int
	Journeys []int
	Payments []int64 // rows of the ledger: the largest, where the money itself is the reason
}

// seen makes a reason that stands on a finding.
func (b *builder) seen(code string, finding int) Reason {
	return Reason{Reason: sentences.Say(code, "typology", strings.ReplaceAll(b.in.Findings[finding].Typology, "_", " ")), Findings: []int{finding}}
}

// because adds a reason; what the same sentence stands on is joined.
func because(list []Reason, r Reason) []Reason {
	for i := range list {
		if x := &list[i]; x.Text == r.Text {
			x.Findings = union(x.Findings, r.Findings)
			x.Adverts = union(x.Adverts, r.Adverts)
			x.Journeys = union(x.Journeys, r.Journeys)
			x.Payments = union(x.Payments, r.Payments)
			return list
		}
	}
	return append(list, r)
}

func union[T cmp.Ordered](a, b []T) []T {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

// bond is the reason of a tie, as a sees it.
func (b *builder) bond(code string, a, other int) Reason {
	r := Reason{Reason: sentences.Say(code, "other", b.list[other].Caption)}
	if code != "tie_money" {
		r.Journeys = b.tripsOf(a, other)
	} else {
		between := func(_ flow.Account, _ int, e flow.Entry) bool {
			return e.Peer() != flow.Outside && b.of(e.Peer()) == other && !business(e)
		}
		r.Payments = union(b.largest(b.list[a].Accounts, true, between), b.largest(b.list[a].Accounts, false, between))
	}
	return r
}

// shownPayments are how many payments a reason names: they show what is meant, and the statement of the account tells the rest.
const shownPayments = 10

// largest are the rows of the largest payments that accounts of somebody made (paid) or received and that match.
func (b *builder) largest(accounts []flow.Account, paid bool, match func(x flow.Account, i int, e flow.Entry) bool) []int64 {
	type one struct {
		x flow.Account
		i int
		e flow.Entry
	}
	var list []one
	for _, x := range accounts {
		entries := b.v.In(x)
		if paid {
			entries = b.v.Out(x)
		}
		for i, e := range entries {
			if match(x, i, e) {
				list = append(list, one{x, i, e})
			}
		}
	}
	names := b.in.Graph.Ledger().Accounts()
	slices.SortStableFunc(list, func(p, q one) int {
		return cmp.Or(-cmp.Compare(p.e.Amount(), q.e.Amount()), cmp.Compare(p.e.At(), q.e.At()), names.Compare(uint32(p.e.Peer()), uint32(q.e.Peer())))
	})
	var rows []int64
	for _, p := range list[:min(len(list), shownPayments)] {
		rows = append(rows, b.v.Row(p.x, p.i, paid))
	}
	slices.Sort(rows)
	return rows
}

// EachReason gives every reason of the network, its members, roles, victims and leads.
func (n *Network) EachReason(fn func(*Reason)) {
	all := func(list []Reason) {
		for i := range list {
			fn(&list[i])
		}
	}
	all(n.Reasons)
	for i := range n.Members {
		all(n.Members[i].Because)
		for k := range n.Members[i].Roles {
			all(n.Members[i].Roles[k].Because)
		}
	}
	for i := range n.Victims {
		all(n.Victims[i].Because)
	}
	for i := range n.Leads {
		all(n.Leads[i].Because)
	}
}
