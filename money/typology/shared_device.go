package typology

import (
	"context"
	"slices"

	"tarir/money/flow"
)

// sharedDevice finds devices from which several people's accounts pay: one person running others' accounts (F01, and
// with wages L10), or several cards put through one machine within minutes (L06). A family's telephone and a refugee
// centre's terminal look alike: the device alone makes no finding.
type sharedDevice struct {
	accounts int
	minutes  int64
	cards    int
	times    int
	most     int
	device   []int32          // of each context: an index into users, or -1
	users    [][]flow.Account // of each device
}

func newSharedDevice(p params) detector {
	return &sharedDevice{accounts: p.int("min_accounts"), minutes: int64(p.num("machine_minutes")), cards: p.int("machine_cards"), times: p.int("machine_times"), most: p.int("public_device_accounts")}
}

// prepare lists the accounts of each device, in one pass over the payments made.
func (t *sharedDevice) prepare(ctx context.Context, g *flow.Graph, _ *relations) (string, error) {
	index := map[string]int32{}
	t.device = make([]int32, len(g.Contexts()))
	for i, c := range g.Contexts() {
		n, ok := index[c.Device]
		if !ok {
			n = int32(len(index)) - 1 // the empty context is the first
			index[c.Device] = n
		}
		t.device[i] = n
	}
	t.users = make([][]flow.Account, len(index)-1)
	v := g.View()
	for a := 1; a < g.Accounts(); a++ {
		if a&4095 == 0 && ctx.Err() != nil {
			return "", ctx.Err()
		}
		for i := range v.Out(flow.Account(a)) {
			d := t.device[v.ContextNumber(flow.Account(a), i, true)]
			if d < 0 {
				continue
			}
			if u := t.users[d]; (len(u) == 0 || u[len(u)-1] != flow.Account(a)) && len(u) <= t.most {
				t.users[d] = append(u, flow.Account(a))
			}
		}
	}
	return "", nil
}

func (t *sharedDevice) scan(s *scan) {
	var seen []int32
	for i := range s.out {
		d := t.device[s.own.ContextNumber(s.account, i, true)]
		if d < 0 {
			continue
		}
		users := t.users[d]
		// The first by name reports for all; a device of very many is a public one.
		if len(users) < t.accounts || len(users) > t.most || slices.Contains(seen, d) || slices.ContainsFunc(users, func(u flow.Account) bool { return s.before(u, s.account) }) {
			continue
		}
		seen = append(seen, d)
		t.report(s, d, users)
	}
}

func (t *sharedDevice) report(s *scan, device int32, users []flow.Account) {
	h := s.hit(over(float64(len(users)), float64(t.accounts)), "F01")
	type use struct {
		at   int64
		user flow.Account
		card bool
	}
	var uses []use
	wages := 0
	for _, u := range users {
		for i, e := range s.v.Out(u) {
			if t.device[s.v.ContextNumber(u, i, true)] == device {
				h.pay(u, s.v.Out(u), i, true)
				uses = append(uses, use{e.At(), u, e.Channel().String() == "card"})
			}
		}
		for _, e := range s.v.In(u) {
			if e.Purpose() == flow.PurposeWage {
				wages++
				break
			}
		}
	}
	h.because("shared_device", "accounts", len(users), "payments", len(uses))
	if wages >= t.accounts {
		h.h.Indicators = append(h.h.Indicators, "L10")
		h.because("device_wages", "accounts", wages)
	}
	slices.SortFunc(uses, func(a, b use) int { return int(a.at - b.at) })
	bursts, lo := 0, 0
	for hi := range uses {
		for uses[hi].at-uses[lo].at > t.minutes*60 {
			lo++
		}
		cards := map[flow.Account]bool{}
		for _, u := range uses[lo : hi+1] {
			if u.card {
				cards[u.user] = true
			}
		}
		if len(cards) >= t.cards {
			bursts++
			lo = hi + 1
			if lo > hi {
				continue
			}
		}
	}
	if bursts >= t.times && s.have.time {
		h.h.Indicators = append(h.h.Indicators, "L06")
		h.because("one_machine", "cards", t.cards, "minutes", int(t.minutes), "times", bursts)
	}
	h.done()
}
