package network

import (
	"maps"
	"slices"

	"tarir/money/flow"
)

// What an actor's money says: how it goes among members, and which of it comes from the trade.

// byMoney reads the role of somebody from how the money of one of their accounts goes between those inside: of the account
// that gets most from them. Who has one account for the trade and one for the wage is seen by the first.
func (b *builder) byMoney(a int, inside map[int]bool) []RoleOf {
	var best []RoleOf
	most := int64(-1)
	for _, x := range b.list[a].Accounts {
		m := b.moneyOf(a, x, inside)
		among := func(_ flow.Account, _ int, e flow.Entry) bool {
			return e.Peer() != flow.Outside && inside[b.of(e.Peer())] && b.of(e.Peer()) != a
		}
		if m.paysMembers >= 2 {
			return []RoleOf{{Organiser, 0.5, []Reason{{Reason: sentences.Say("pays_members", "members", m.paysMembers), Payments: b.largest([]flow.Account{x}, true, among)}}}}
		}
		kept := 1 - float64(m.out)/float64(max(m.received, 1))
		var role []RoleOf
		is := func(r Role, confidence float64, paid bool, code string) {
			role = []RoleOf{{r, confidence, []Reason{{Reason: sentences.Say(code), Payments: b.largest([]flow.Account{x}, paid, among)}}}}
		}
		switch {
		case m.settles*2 > m.in && m.in*2 > m.received && m.outInside*4 > m.in:
			is(Hawaladar, 0.5, false, "settles")
		case kept > 0.5 && m.in*2 > m.received:
			is(Beneficiary, 0.6, false, "keeps")
		case m.invoiced*2 > m.outInside && m.outInside*4 > m.in && m.in*2 > m.received:
			is(Front, 0.5, true, "invoices_inside")
		case m.outInside*2 > m.in && m.in*10 > m.received:
			is(Mule, 0.5, true, "passes_on")
		}
		if role == nil {
			role = b.behind(a, x, inside, m.paysMembers)
		}
		if role != nil && m.in > most {
			best, most = role, m.in
		}
	}
	return best
}

// behind reads the role of somebody who gets most of what a member collects: whoever lives on a wage as well does not live on the trade, but
// may be who it is all for.
func (b *builder) behind(a int, x flow.Account, inside map[int]bool, paysMembers int) []RoleOf {
	o := b.getsMostOf(a, x, func(o int) bool { return inside[o] })
	if o < 0 {
		return nil
	}
	r := Beneficiary
	if paysMembers > 0 {
		r = Organiser
	}
	from := b.largest([]flow.Account{x}, false, func(_ flow.Account, _ int, e flow.Entry) bool { return e.Peer() != flow.Outside && b.of(e.Peer()) == o })
	return []RoleOf{{r, 0.5, []Reason{{Reason: sentences.Say("gets_most", "other", b.list[o].Caption), Payments: from}}}}
}

// getsMostOf gives the actor, of those to look at, who collects and passes most of it on, again and again, to one account of somebody; -1
// where there is none.
func (b *builder) getsMostOf(a int, x flow.Account, look func(int) bool) int {
	type tally struct {
		amount int64
		times  int
	}
	in := map[int]tally{}
	for _, e := range b.v.In(x) {
		if e.Peer() == flow.Outside || business(e) {
			continue
		}
		if o := b.of(e.Peer()); o != a && look(o) {
			in[o] = tally{in[o].amount + e.Amount(), in[o].times + 1}
		}
	}
	for _, o := range slices.Sorted(maps.Keys(in)) {
		if in[o].times < timesOfMost || !b.collects(o) {
			continue
		}
		passed := int64(0)
		for _, y := range b.list[o].Accounts {
			for _, e := range b.v.Out(y) {
				if !business(e) && e.Peer() != flow.Outside && b.of(e.Peer()) != o {
					passed += e.Amount()
				}
			}
		}
		if in[o].amount*2 > passed {
			return o
		}
	}
	return -1
}

// timesOfMost is how often somebody is paid who is paid again and again, and not for one thing.
const timesOfMost = 8

// collects says that a finding that is not weak tells of takings of the trade that come in to somebody.
func (b *builder) collects(a int) bool {
	return slices.ContainsFunc(b.evidence[a], func(e Evidence) bool {
		i, ok := e.finding()
		return ok && e.Role == Collector && !b.in.Findings[i].Weak
	})
}

// livesOnMembers says that most of what comes in to one of somebody's accounts comes from members.
func (b *builder) livesOnMembers(a int, inside map[int]bool) bool {
	return slices.ContainsFunc(b.list[a].Accounts, func(x flow.Account) bool {
		m := b.moneyOf(a, x, inside)
		return m.in*2 > m.received && m.in > 0
	})
}

// position is how an actor's money goes.
type position struct {
	received, out int64 // in all
	in, outInside int64 // from and to members
	paysMembers   int   // members paid three times and more
	settles       int64 // of in, from those who collect for journeys
	invoiced      int64 // of outInside, for invoices
}

func (b *builder) moneyOf(a int, x flow.Account, inside map[int]bool) (m position) {
	times := map[int]int{}
	for _, e := range b.v.In(x) {
		m.received += e.Amount()
		if e.Peer() == flow.Outside {
			continue
		}
		if o := b.of(e.Peer()); inside[o] && o != a {
			m.in += e.Amount()
			if b.collectsFees(o) {
				m.settles += e.Amount()
			}
		}
	}
	for _, e := range b.v.Out(x) {
		m.out += e.Amount()
		if e.Peer() == flow.Outside {
			continue
		}
		if o := b.of(e.Peer()); inside[o] && o != a {
			m.outInside += e.Amount()
			times[o]++
			if e.Purpose() == flow.PurposeInvoice {
				m.invoiced += e.Amount()
			}
		}
	}
	for _, n := range times {
		if n >= 3 {
			m.paysMembers++
		}
	}
	return m
}

// mostly is the share of an account's income from which it is there for the trade.
const mostly = 0.3

// takes lists the payments by which the money of the trade comes in to an actor who collects it, from others than members:
// those of the findings that say so. Of an account that lives on them all income is the trade's but wages, rents and
// invoices; a weak finding counts only there.
func (b *builder) takes(a int, inside map[int]bool) []int64 {
	var out []int64
	for _, x := range b.list[a].Accounts {
		var named []int64
		sum, total, strong := int64(0), int64(0), false
		weak := map[int64]bool{}
		for _, e := range b.evidence[a] {
			i, ok := e.finding()
			if !ok || e.Role != Collector && e.Role != Recruiter {
				continue
			}
			f := &b.in.Findings[i]
			strong = strong || !f.Weak
			for _, row := range f.Payments {
				if b.payments[row].to == x {
					named = append(named, row)
					if f.Weak {
						weak[row] = true
					}
				}
			}
		}
		slices.Sort(named)
		named = slices.Compact(named)
		for _, row := range named {
			sum += b.payments[row].amount
		}
		in := b.v.In(x)
		for _, e := range in {
			total += e.Amount()
		}
		lives := float64(sum) >= mostly*float64(total)
		for i, e := range in {
			if business(e) || e.Purpose() == flow.PurposeInvoice || e.Peer() != flow.Outside && inside[b.of(e.Peer())] {
				continue
			}
			row := b.v.Row(x, i, false)
			if _, told := slices.BinarySearch(named, row); strong && lives || told && (lives || !weak[row]) {
				out = append(out, row)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// collectsFees says that a finding tells of fees for journeys that come in here.
func (b *builder) collectsFees(a int) bool {
	return slices.ContainsFunc(b.evidence[a], func(e Evidence) bool {
		i, ok := e.finding()
		return ok && e.Role == Collector && b.in.Findings[i].Typology == "smuggling_fees"
	})
}
