package world

import (
	"tarir/journey"
	"tarir/money/ledger"
)

// smuggle plans an organisation that brings people over borders for a price: families pay a collector, a hawaladar settles,
// guides take groups along a route, by land, sea or air.
func (o *organisation) smuggle() {
	s := o.s
	collector, recruiter := o.one("collector"), o.one("recruiter")
	guides := o.all("transporter")
	route := o.route()
	price := map[journey.Mode]int64{journey.Bus: 280_000, journey.Sea: 25_000, journey.Air: 1_800_000}[o.mode]
	groups := 6 + len(o.parts)
	for g := range groups {
		at := o.from + int64(g)*(o.to-o.from-30*day)/int64(groups) + s.within(40)
		guide := guides[g%len(guides)]
		booking := s.booking()
		to := collector.business
		if list := o.all("collector"); len(list) > 1 && g > groups/2 {
			to = list[1].business
		}
		for range 4 + s.rng.IntN(4) {
			migrant := o.victim(at)
			fee := price * (930 + s.rng.Int64N(140)) / 1000
			// Half before the journey and half after it, or all at once, by the family.
			payer := s.account(s.draw())
			if g%3 == 0 {
				o.pay(payer, to, fee/2, at-6*day+s.within(72), ledger.ChannelMVTS, "")
				o.pay(payer, to, fee/2, at+8*day+s.within(72), ledger.ChannelMVTS, "")
			} else {
				o.pay(payer, to, fee, at-8*day+s.within(96), ledger.ChannelMVTS, "")
			}
			t := at
			for leg := 1; leg < len(route); leg++ {
				phone := guide.number()
				if leg > 1 {
					phone = migrant.phone
				}
				o.travel(migrant.person, route[leg-1], route[leg], o.mode, t, booking, recruiter.account, phone)
				t += 2 * day
			}
		}
		t := at
		for leg := 1; leg < len(route); leg++ {
			o.travel(guide.person, route[leg-1], route[leg], o.mode, t, booking, recruiter.account, guide.number())
			t += 2 * day
		}
		o.travel(guide.person, route[len(route)-1], route[0], journey.Bus, t+day, o.s.booking(), guide.account, guide.number())
		o.pay(collector.business, guide.account, s.between(25_000, 60_000), t+2*day+s.within(24), ledger.ChannelTransfer, "")
		for _, p := range route[1:] {
			o.p.card(guide.account, s.shop(5), s.between(3_000, 9_000), at+s.within(40), []string{"5541", "7011"}[s.rng.IntN(2)], p.name)
		}
	}
	if h := o.one("hawaladar"); h != nil {
		for _, c := range o.all("collector") {
			held, k, taken := int64(0), 0, o.takings(c.business)
			for at := o.from + 10*day; at < o.to+10*day; at += 20 * day {
				for k < len(taken) && taken[k].At < at {
					held += taken[k].Paid.Units
					k++
				}
				if out := held * 80 / 100; out > 100_000 {
					o.pay(c.business, h.business, out, at+s.within(30), ledger.ChannelTransfer, "")
					held -= out
				}
			}
		}
		end := o.one("beneficiary")
		if end == nil {
			end = o.one("organiser")
		}
		for _, x := range o.takings(h.business) {
			o.pay(h.business, end.business, x.Paid.Units*70/100, x.At+3*day+s.within(48), ledger.ChannelTransfer, "")
		}
	} else {
		o.launder(collector)
	}
	o.wages()
}

// route is the way of the organisation's mode through several countries.
func (o *organisation) route() []place {
	s := o.s
	at := func(code string) place {
		for _, c := range countries {
			for _, p := range c.places {
				if p.code == code {
					return p
				}
			}
		}
		panic("world: no place " + code)
	}
	var codes []string
	switch o.mode {
	case journey.Sea:
		codes = [][]string{{"COTRB", "PAONX", "CRPBL"}, {"ECGYE", "PELIM", "CLARI"}}[s.rng.IntN(2)]
	case journey.Air:
		codes = [][]string{{"BRGRU", "PAPTY", "MXMEX"}, {"ECUIO", "COBOG", "MXTAP"}}[s.rng.IntN(2)]
	default:
		codes = [][]string{{"ECTUL", "COIPI", "COTRB", "PAPTY", "CRPBL"}, {"PELIM", "PETCQ", "CLARI", "CLSCL"}, {"MXTAP", "MXMEX", "MXTIJ"}}[s.rng.IntN(3)]
	}
	var out []place
	for _, c := range codes {
		out = append(out, at(c))
	}
	return out
}
