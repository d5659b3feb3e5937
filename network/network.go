package network

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"time"

	"tarir/entity"
	"tarir/explain"
	"tarir/money/flow"
)

// Network is one organisation.
type Network struct {
	ID       string
	Rank     int
	Score    float64            // how sure we are that it is one
	Priority float64            // by harm and by what can be done now
	Last     int64              // seconds since 1970: when it was last seen at work
	Stages   map[string]float64 // recruitment, transport, exploitation, money: how sure we are that it has the stage
	Members  []Member
	Victims  []Person
	Leads    []Lead // people outside to follow up
	Findings []int  // places in the list of findings
	Adverts  []int
	Journeys []int
	Proceeds []int64        // ledger rows of the payments by which the money of its trade comes in
	Costs    []int64        // ledger rows of what members bought for it, as their roles say
	Accounts []flow.Account // of all members, ascending
	Reasons  []Reason
	Ties     []Bond // between members, but for money, which the ledger tells exactly
}

// Bond ties two members, named by their ids.
type Bond struct {
	A, B   string
	Reason explain.Reason
}

// Member is somebody with a part in a network.
type Member struct {
	Actor
	Confidence float64
	Roles      []RoleOf
	Because    []Reason // why a member
}

// RoleOf is a role with what it stands on.
type RoleOf struct {
	Role       Role
	Confidence float64
	Because    []Reason
}

// Lead is somebody outside whom the network's money or contacts matter to, and nothing else points to: worth a look of their
// own, and no member.
type Lead struct {
	Actor
	Tie     float64 // 0 to 1: how strongly tied to members, all ties together
	Because []Reason
}

// Person is a possible victim: never a suspect.
type Person struct {
	Actor
	Minor   bool // may be one, by the date of birth
	Because []Reason
}

const (
	least        = 0.4  // of the score of a network
	roleLeast    = 0.3  // of the confidence of a role
	coreEvidence = 0.15 // from which somebody is in a network by it
	leadTie      = 0.08 // from which somebody outside is a lead
)

// networks makes networks of communities.
func (b *builder) networks(ctx context.Context) ([]Network, error) {
	groups, err := b.communities(ctx)
	if err != nil {
		return nil, err
	}
	b.tied = map[int][]*Tie{}
	for _, t := range b.sorted() {
		b.tied[t.A], b.tied[t.B] = append(b.tied[t.A], t), append(b.tied[t.B], t)
	}
	var out []Network
	for _, g := range groups {
		core := b.core(g)
		if !b.grounded(core) {
			continue
		}
		if n := b.network(g, core); n.Score >= least && len(n.Members) >= 2 && n.trades() {
			out = append(out, n)
		}
	}
	slices.SortFunc(out, func(x, y Network) int { return cmp.Or(-cmp.Compare(x.Score, y.Score), cmp.Compare(x.ID, y.ID)) })
	return out, nil
}

// trades says that something shows whom or what the money is made with: a stage before the money, or possible victims. Those who
// only pass money on are told by the findings.
func (n *Network) trades() bool {
	for s := range n.Stages {
		if s != "money" {
			return true
		}
	}
	return len(n.Victims) > 0
}

// core are those of a group who have a part in it: evidence of their own, or a place in the way that its money goes between
// those. The others are leads.
func (b *builder) core(group []int) []int {
	inside := map[int]bool{}
	for _, a := range group {
		inside[a] = true
	}
	// Whom one of them brought or paid a journey for is on the victims' side, unless something points to what they do, or they pay the others.
	for _, a := range group {
		by := slices.Concat(b.paidFor[a], b.brought[a])
		if slices.ContainsFunc(by, func(m int) bool { return inside[m] && m != a }) && b.strength(a) < coreEvidence && !b.paymaster(a) {
			delete(inside, a)
		}
	}
	// Who stood in the way of the money of somebody who is none may be none either: thrice is far enough.
	for range 3 {
		sure := map[int]bool{}
		for _, a := range group {
			sure[a] = inside[a] && (b.strength(a) >= coreEvidence || len(b.byMoney(a, inside)) > 0 || b.feeds(a) >= manyFed)
		}
		n := 0
		for _, a := range group {
			if inside[a] && !sure[a] && b.paidWith(a, sure) == nil {
				delete(inside, a)
				n++
			}
		}
		if n == 0 {
			break
		}
	}
	return slices.DeleteFunc(slices.Clone(group), func(a int) bool { return !inside[a] })
}

// grounded says that a group stands on more than one thing: a finding that is not weak, or evidence of different kinds of data
// about one of them or about two whom a number or an escort ties. Who pays the journeys of many strangers and does nothing
// else may be a farm or a charity, whatever company it trades with.
func (b *builder) grounded(core []int) bool {
	inside := map[int]bool{}
	for _, a := range core {
		inside[a] = true
	}
	for _, a := range core {
		kinds := map[string]bool{}
		if b.kinds(a, kinds) {
			return true
		}
		for _, t := range b.near[a] {
			if other := t.A + t.B - a; inside[other] && b.kinds(other, kinds) {
				return true
			}
		}
		if len(kinds) > 1 {
			return true
		}
	}
	return false
}

// kinds adds the kinds of data that point to somebody; strong says that a finding does that is not weak.
func (b *builder) kinds(a int, kinds map[string]bool) (strong bool) {
	for _, e := range b.evidence[a] {
		if e.Role == Victim || e.Weight < seedWeight {
			continue
		}
		if i, ok := e.finding(); ok && !b.in.Findings[i].Weak {
			return true
		} else if ok && len(b.in.Findings[i].Payments) > 0 {
			kinds["payments"] = true
		}
		if len(e.Reason.Adverts) > 0 {
			kinds["adverts"] = true
		}
		if len(e.Reason.Journeys) > 0 {
			kinds["journeys"] = true
		}
	}
	return false
}

func (b *builder) network(group, core []int) Network {
	n := Network{Stages: map[string]float64{}}
	inside := map[int]bool{}
	for _, a := range core {
		inside[a] = true
	}
	n.Leads = b.leads(group, inside)
	findings, adverts, journeys := map[int]bool{}, map[int]bool{}, map[int]bool{}
	kinds := map[string]float64{}
	for _, a := range core {
		m := Member{Actor: b.list[a]}
		m.Roles = b.roles(a, inside)
		best := 0.0
		for _, e := range b.evidence[a] {
			best = max(best, e.Weight)
			if i, ok := e.finding(); ok {
				findings[i] = true
				k := "P " + b.in.Findings[i].Typology
				kinds[k] = max(kinds[k], e.Weight)
			}
			for _, x := range e.Reason.Adverts {
				adverts[x] = true
				kinds["A"] = max(kinds["A"], e.Weight)
			}
			for _, x := range e.Reason.Journeys {
				journeys[x] = true
				kinds["J"] = max(kinds["J"], e.Weight)
			}
			m.Because = because(m.Because, e.Reason)
		}
		if why := b.paidWith(a, inside); why != nil {
			best = max(best, 0.4)
			m.Because = because(m.Because, *why)
		}
		bound := 0.0
		for _, t := range b.tied[a] {
			if other := t.A + t.B - a; inside[other] {
				bound = 1 - (1-bound)*(1-t.Weight)
				for _, code := range t.Codes {
					if code != "tie_money" && t.A == a {
						n.Ties = append(n.Ties, Bond{b.list[a].ID, b.list[other].ID, sentences.Say(code, "other", b.list[other].Caption)})
					}
					m.Because = because(m.Because, b.bond(code, a, other))
				}
			}
		}
		m.Confidence = math.Round((1-(1-best)*(1-bound*0.8))*1000) / 1000
		for _, r := range m.Roles {
			if s := stageOf[r.Role]; s != "" && !b.wentForOthers(a, r, inside) {
				n.Stages[s] = max(n.Stages[s], r.Confidence)
			}
		}
		n.Proceeds = append(n.Proceeds, b.takes(a, inside)...)
		n.Costs = append(n.Costs, b.boughtFor(a, m.Roles)...)
		n.Members = append(n.Members, m)
		n.Accounts = append(n.Accounts, m.Accounts...)
	}
	n.Victims = b.victims(inside)
	n.Findings = slices.Sorted(maps.Keys(findings))
	n.Adverts = slices.Sorted(maps.Keys(adverts))
	n.Journeys = slices.Sorted(maps.Keys(journeys))
	for _, i := range n.Findings {
		n.Last = max(n.Last, b.in.Findings[i].Last)
	}
	for _, i := range n.Adverts {
		n.Last = max(n.Last, b.in.Adverts[i].At/1000)
	}
	for _, i := range n.Journeys {
		n.Last = max(n.Last, b.in.Journeys[i].When()/1000)
	}
	slices.Sort(n.Accounts)
	// The score: how sure we are of the strongest evidence of each kind (typologies, adverts, journeys), together.
	miss := 1.0
	for _, k := range slices.Sorted(maps.Keys(kinds)) {
		miss *= 1 - 0.7*kinds[k]
	}
	n.Score = math.Round((1-miss)*1000) / 1000
	n.ID = "network-" + entity.New("Organization", n.Members[0].ID).ID[len("organization-"):][:12]
	people := 0
	for _, m := range n.Members {
		if !m.Contact {
			people++
		}
	}
	n.Reasons = append(n.Reasons, Reason{Reason: sentences.Say("network", "members", people, "victims", len(n.Victims), "findings", len(n.Findings), "adverts", len(n.Adverts), "journeys", len(n.Journeys))})
	return n
}

// wentForOthers says that a role stands on nothing but going the same way again, for somebody who is none of those inside: that is
// no stage of theirs.
func (b *builder) wentForOthers(a int, r RoleOf, inside map[int]bool) bool {
	if slices.ContainsFunc(r.Because, func(x Reason) bool { return x.Code != "goes_again" }) {
		return false
	}
	return !slices.ContainsFunc(b.again[a], func(payer int) bool { return inside[payer] })
}

// victims are those whom members exploit or bring.
func (b *builder) victims(inside map[int]bool) []Person {
	why := map[int][]Reason{}
	add := func(a int, r Reason) {
		if b.isVictim(a) && !inside[a] {
			why[a] = because(why[a], r)
		}
	}
	for a, of := range b.victimOf {
		for m := range of {
			if inside[m] {
				for _, e := range b.evidence[a] {
					if e.Role == Victim {
						add(a, e.Reason)
					}
				}
			}
		}
	}
	for a, by := range b.paidFor {
		for _, m := range by {
			if inside[m] {
				add(a, Reason{Reason: sentences.Say("journeys_paid"), Journeys: b.tripsOf(a, m)})
			}
		}
	}
	for a, by := range b.brought {
		for _, m := range by {
			if inside[m] {
				add(a, Reason{Reason: sentences.Say("brought"), Journeys: b.tripsOf(a, m)})
			}
		}
	}
	var out []Person
	for a, list := range why {
		slices.SortFunc(list, func(x, y Reason) int { return cmp.Compare(x.Text, y.Text) })
		out = append(out, Person{b.list[a], b.minor(a), list})
	}
	slices.SortFunc(out, func(x, y Person) int { return cmp.Compare(x.ID, y.ID) })
	return out
}

// minor says that somebody may be under age at the end of the data.
func (b *builder) minor(a int) bool {
	e := b.in.Held.Entity(b.list[a].ID)
	if e == nil {
		return false
	}
	now := time.Unix(b.end, 0).UTC()
	return slices.ContainsFunc(e.Properties["birthDate"], func(birth string) bool {
		return minorAt(birth, now.Year(), int(now.Month()), now.Day())
	})
}

// roles reads an actor's roles from its evidence and from how its money goes within the network.
func (b *builder) roles(a int, inside map[int]bool) []RoleOf {
	by := map[Role]*RoleOf{}
	add := func(r Role, w float64, why Reason) {
		x := by[r]
		if x == nil {
			x = &RoleOf{Role: r}
			by[r] = x
		}
		n := len(x.Because)
		if x.Because = because(x.Because, why); len(x.Because) > n {
			x.Confidence = 1 - (1-x.Confidence)*(1-w)
		}
	}
	for _, e := range b.evidence[a] {
		if e.Role != Victim {
			add(e.Role, e.Weight, e.Reason)
		}
	}
	if c, f := by[Collector], by[Front]; c != nil && f != nil && b.livesOnMembers(a, inside) {
		delete(by, Collector) // what comes in comes from members: it is collected before
	} else if c != nil && f != nil {
		// Takings without the costs of a business are the sign of both; who collects is no company.
		for _, why := range f.Because {
			add(Collector, f.Confidence*0.5, why)
		}
		delete(by, Front)
	}
	if times := b.feeds(a); times >= manyFed && b.equips(a) {
		add(Exploiter, 0.6, Reason{Reason: sentences.Say("equips", "times", int(times)), Payments: b.largest(b.list[a].Accounts, true, b.shops(true))})
	} else if times >= manyFed {
		add(SafeHouse, 0.6, Reason{Reason: sentences.Say("feeds", "times", int(times)), Payments: b.largest(b.list[a].Accounts, true, b.shops(false))})
	}
	if len(by) == 0 {
		for _, r := range b.byMoney(a, inside) {
			add(r.Role, r.Confidence, r.Because[0])
		}
	}
	var out []RoleOf
	for _, r := range by {
		if r.Confidence >= roleLeast || len(by) == 1 {
			r.Confidence = math.Round(r.Confidence*1000) / 1000
			slices.SortFunc(r.Because, func(x, y Reason) int { return cmp.Compare(x.Text, y.Text) })
			out = append(out, *r)
		}
	}
	slices.SortFunc(out, func(x, y RoleOf) int {
		return cmp.Or(-cmp.Compare(x.Confidence, y.Confidence), cmp.Compare(x.Role, y.Role))
	})
	return out
}

// leads are those of a group who have no part in it, the most tied first.
func (b *builder) leads(group []int, inside map[int]bool) []Lead {
	var out []Lead
	for _, a := range group {
		if inside[a] || b.list[a].Contact {
			continue
		}
		l := Lead{Actor: b.list[a]}
		for _, t := range b.tied[a] {
			if other := t.A + t.B - a; inside[other] {
				l.Tie = 1 - (1-l.Tie)*(1-t.Weight)
				for _, code := range t.Codes {
					l.Because = because(l.Because, b.bond(code, a, other))
				}
			}
		}
		if l.Tie >= leadTie {
			l.Tie = math.Round(l.Tie*1000) / 1000
			out = append(out, l)
		}
	}
	slices.SortFunc(out, func(x, y Lead) int { return cmp.Or(-cmp.Compare(x.Tie, y.Tie), cmp.Compare(x.ID, y.ID)) })
	return out
}
