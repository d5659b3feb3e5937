package network

import (
	"slices"

	"tarir/money/flow"
)

// Who is on the victims' side, and who is not although something points there.

// isVictim says on which side somebody stands: with evidence of being made to pay, being brought or being paid for, only
// evidence of bringing or recruiting others outweighs it, or of receiving what accounts pay that are run for others from one device, without
// being run from it: to collect alone is what many are made to do.
func (b *builder) isVictim(a int) bool {
	victim, acts := 0.0, 0.0
	for _, e := range b.evidence[a] {
		switch e.Role {
		case Victim:
			victim = max(victim, e.Weight)
		case Transporter, Recruiter, Advertiser:
			acts = max(acts, e.Weight)
		case Collector:
			if e.Reason.Code == "device_receives" {
				acts = max(acts, e.Weight)
			}
		}
	}
	if slices.ContainsFunc(b.paidFor[a], b.deals) || len(b.brought[a]) > 0 {
		victim = max(victim, 0.5)
	}
	return victim > 0 && acts <= victim*0.8 && (len(b.paidFor[a])+len(b.brought[a]) > 0 || !b.paysActors(a)) && !b.paymaster(a)
}

// paymaster says that somebody gets most of what one who collects passes on, and pays others to whom something points: whose journeys are
// paid for by those others is not brought by them.
func (b *builder) paymaster(a int) bool {
	if p, ok := b.masters[a]; ok {
		return p
	}
	gets, pays := false, false
	for _, x := range b.list[a].Accounts {
		gets = gets || b.getsMostOf(a, x, func(int) bool { return true }) >= 0
		for _, times := range b.actorsPaid(a, x) {
			pays = pays || times >= 3
		}
	}
	b.masters[a] = gets && pays
	return gets && pays
}

// actorsPaid counts how often an account of somebody pays each of those that something points to.
func (b *builder) actorsPaid(a int, x flow.Account) map[int]int {
	times := map[int]int{}
	for _, e := range b.v.Out(x) {
		if e.Peer() == flow.Outside || business(e) {
			continue
		}
		if o := b.of(e.Peer()); o != a && b.strength(o) >= seedWeight {
			times[o]++
		}
	}
	return times
}

// paysActors says that somebody pays several of those that something points to, each again and again, and so is none of those
// who are made to pay one or two of them.
func (b *builder) paysActors(a int) bool {
	if p, ok := b.payers[a]; ok {
		return p
	}
	times := map[int]int{}
	for _, x := range b.list[a].Accounts {
		for o, n := range b.actorsPaid(a, x) {
			times[o] += n
		}
	}
	n := 0
	for _, t := range times {
		if t >= 3 {
			n++
		}
	}
	b.payers[a] = n >= severalActors
	return b.payers[a]
}

// severalActors is more than the recruiter and the collector whom a victim is made to pay.
const severalActors = 3

// deals says that something else than the journeys that somebody pays points to them, or to whom they are tied by an escort
// or a number on bookings: a farm, a charity or an agency pays for many too, and those whom they bring are nobody's victims.
func (b *builder) deals(payer int) bool {
	for _, e := range b.evidence[payer] {
		if e.Role != Victim && e.Weight >= seedWeight && e.Reason.Code != "pays_journeys" {
			return true
		}
	}
	for _, t := range b.near[payer] {
		if slices.Contains(t.Codes, "tie_escort") {
			return true
		}
		if slices.Contains(t.Codes, "tie_number") && b.strength(t.A+t.B-payer) >= seedWeight {
			return true
		}
	}
	return false
}
