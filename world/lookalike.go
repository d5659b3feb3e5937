package world

import "tarir/money/ledger"

// innocents are look-alikes: they resemble a pattern and are no crime. Each says why.
var innocents = []struct {
	name string
	plan func(w *World, p *plan)
}{
	{"savings_circle", savingsCircle},
	{"landlord", landlord},
	{"charity", charity},
	{"diaspora_remittance", diasporaRemittance},
	{"seasonal_farm", seasonalFarm},
	{"travel_agency", travelAgency},
	{"night_trade", nightTrade},
	{"market_trader", marketTrader},
	{"family_holiday", familyHoliday},
}

func (w *World) lookAlikes() {
	for _, k := range innocents {
		for n := range w.spec.Innocent {
			p := &plan{w: w, kind: k.name, innocent: true}
			k.plan(w, p)
			p.close(n + 1)
		}
	}
}

// A savings circle: everybody pays in every month, and each month another takes all. The same people pay each other
// again and again, and everybody gets back what they put in.
func savingsCircle(w *World, p *plan) {
	keeper, members := w.mule(), w.mules(6)
	for m := range 6 {
		for _, from := range members {
			p.pay(from, keeper, 20_000, monthStart(1+m)+w.within(3*24))
		}
		p.pay(keeper, members[m%len(members)], 120_000, monthStart(1+m)+4*day)
	}
}

// A landlord: many payers on the same days, but the same ones every month, and costs of a house.
func landlord(w *World, p *plan) {
	owner := w.mule()
	for _, tenant := range w.mules(9) {
		for m := range months {
			p.add(ledger.Payment{From: tenant, To: owner, Paid: ledger.Money{Units: 90_000}, At: monthStart(m) + w.within(4*24), Channel: ledger.ChannelTransfer, Purpose: "RENT"})
		}
	}
}

// A charity: strangers give small sums after an appeal, and it is spent on purchases.
func charity(w *World, p *plan) {
	fund, at := w.opened(), w.when(0, 40)
	for _, giver := range w.mules(12) {
		p.add(ledger.Payment{From: giver, To: fund, Paid: ledger.Money{Units: 1_000 * w.between(1, 10)}, At: at + w.within(20*24), Channel: ledger.ChannelTransfer, Purpose: "CHAR"})
	}
	for range 6 {
		p.card(fund, w.account(w.ordinary(w.rng.Uint64())), w.between(2_000, 9_000), at+20*day+w.within(10*24), "5411", cities[0])
	}
}

// Remittance to family: one relative abroad is paid by the same three siblings every month.
func diasporaRemittance(w *World, p *plan) {
	home := w.opened()
	for _, sibling := range w.mules(3) {
		for m := range months {
			p.add(ledger.Payment{From: sibling, To: home, Paid: ledger.Money{Units: w.between(15_000, 30_000)}, At: monthStart(m) + 27*day + w.within(24), Channel: ledger.ChannelMVTS, Purpose: "FAMI"})
		}
	}
}

// Seasonal farm work: wages with a legal deduction for housing, and the workers live on the rest.
func seasonalFarm(w *World, p *plan) {
	farm, shop := w.opened(), w.account(w.ordinary(w.rng.Uint64()))
	for range 5 {
		worker := w.opened()
		for m := range 4 {
			at := monthStart(3+m) + 26*day + 6*hour
			p.add(ledger.Payment{From: farm, To: worker, Paid: ledger.Money{Units: 180_000}, At: at, Channel: ledger.ChannelACH, Purpose: "SALA"})
			p.add(ledger.Payment{From: worker, To: farm, Paid: ledger.Money{Units: 30_000}, At: at + 3*day, Channel: ledger.ChannelTransfer, Purpose: "RENT"})
			for range 4 {
				p.card(worker, shop, w.between(5_000, 12_000), at+3*day+w.within(20*24), "5411", cities[2])
			}
		}
	}
}

// A travel agency: it buys tickets and rooms for many, and many pay it, as a business that has an office and staff.
func travelAgency(w *World, p *plan) {
	agency := w.opened()
	for m := range months {
		p.add(ledger.Payment{From: agency, To: w.mule(), Paid: ledger.Money{Units: 250_000}, At: monthStart(m) + 26*day, Channel: ledger.ChannelACH, Purpose: "SALA"})
		p.add(ledger.Payment{From: agency, To: w.account(w.ordinary(7)), Paid: ledger.Money{Units: 150_000}, At: monthStart(m) + 2*day, Channel: ledger.ChannelTransfer, Purpose: "RENT"})
		for range 6 {
			x := w.between(40_000, 120_000)
			at := monthStart(m) + w.within(25*24)
			p.card(w.mule(), agency, x, at, "4722", cities[1])
			p.card(agency, w.account(w.ordinary(w.rng.Uint64())), x*88/100, at+2*day, "4511", cities[1])
		}
	}
}

// A night trade: a bakery's or a club's customers pay at night, and it has wages, rent and purchases.
func nightTrade(w *World, p *plan) {
	club := w.opened()
	for m := range 4 {
		for range 25 {
			p.card(w.mule(), club, w.between(800, 9_000), monthStart(2+m)+w.rng.Int64N(27)*day+22*hour+w.within(6), "5813", cities[6])
		}
		p.add(ledger.Payment{From: club, To: w.mule(), Paid: ledger.Money{Units: 60_000}, At: monthStart(2+m) + 26*day, Channel: ledger.ChannelACH, Purpose: "SALA"})
		p.add(ledger.Payment{From: club, To: w.account(w.ordinary(9)), Paid: ledger.Money{Units: 40_000}, At: monthStart(2+m) + 2*day, Channel: ledger.ChannelTransfer, Purpose: "RENT"})
	}
}

// A market trader: round cash every week, and card takings and purchases beside it.
func marketTrader(w *World, p *plan) {
	trader := w.opened()
	for week := range int64(12) {
		at := monthStart(2) + week*7*day
		p.cash(trader, 10_000*w.between(3, 9), at+10*hour, cities[0])
		for range 3 {
			p.card(w.mule(), trader, w.between(1_000, 6_000), at+w.within(5*24), "5499", cities[0])
		}
		p.pay(trader, w.account(w.ordinary(11)), w.between(20_000, 50_000), at+2*day)
	}
}

// A family on holiday: lodging, tickets and taxis within a fortnight, once.
func familyHoliday(w *World, p *plan) {
	parent, at := w.mule(), w.when(0, 20)
	for _, mcc := range []string{"4511", "7011", "4121"} {
		p.card(parent, w.account(w.ordinary(w.rng.Uint64())), w.between(5_000, 150_000), at+w.within(13*24), mcc, cities[w.rng.IntN(3)])
	}
}
