package world

import (
	"fmt"
	"slices"

	"tarir/money/ledger"
)

// plan collects the payments of one pattern.
type plan struct {
	w        *World
	kind     string
	innocent bool
	payments []ledger.Payment
	life     []ledger.Payment // of its accounts, beside the pattern: no crime
}

// mule is a person with an ordinary life of their own who plays no other part.
func (w *World) mule() ledger.Account {
	for {
		i := w.rng.IntN(w.persons)
		if !w.used[i] || len(w.used) > w.persons/2 {
			w.used[i] = true
			return w.account(i)
		}
	}
}

func (w *World) mules(n int) []ledger.Account {
	out := make([]ledger.Account, n)
	for i := range out {
		out[i] = w.mule()
	}
	return out
}

// opened is an account that exists for the pattern alone.
func (w *World) opened() ledger.Account {
	return ledger.Account{Institution: banks[w.rng.IntN(len(banks))], Number: fmt.Sprintf("9%09d", w.rng.IntN(1_000_000_000))}
}

// when is a moment of the world that leaves days before and after it.
func (w *World) when(before, after int) int64 {
	total := int((monthStart(months) - start) / day)
	return start + int64(before+w.rng.IntN(total-before-after))*day + w.rng.Int64N(12*3600)*1000 + 8*hour
}

// between is a sum in minor units.
func (w *World) between(low, high int64) int64 { return low + w.rng.Int64N(high-low+1) }

// within is a span of at most n hours.
func (w *World) within(n int) int64 { return w.rng.Int64N(int64(n)*3600) * 1000 }

func (p *plan) add(x ledger.Payment) {
	if x.From != x.To { // in a small world the same person may be drawn for both
		p.payments = append(p.payments, booked(x))
	}
}

// aside adds an honest payment.
func (p *plan) aside(x ledger.Payment) {
	if x.From != x.To {
		p.life = append(p.life, booked(x))
	}
}

func booked(x ledger.Payment) ledger.Payment {
	x.Status, x.Paid.Scale, x.Paid.Currency = ledger.Booked, 2, "USD"
	return x
}

func (p *plan) pay(from, to ledger.Account, units, at int64) {
	p.add(ledger.Payment{From: from, To: to, Paid: ledger.Money{Units: units}, At: at, Channel: ledger.ChannelTransfer})
}

func (p *plan) cash(to ledger.Account, units, at int64, place string) {
	p.add(ledger.Payment{To: to, Paid: ledger.Money{Units: units}, At: at, Channel: ledger.ChannelCashDeposit, Place: place})
}

func (p *plan) draw(from ledger.Account, units, at int64, place string) {
	p.add(ledger.Payment{From: from, Paid: ledger.Money{Units: units}, At: at, Channel: ledger.ChannelCashWithdrawal, Place: place})
}

func (p *plan) card(from, to ledger.Account, units, at int64, mcc, place string) {
	p.add(ledger.Payment{From: from, To: to, Paid: ledger.Money{Units: units}, At: at, Channel: ledger.ChannelCard, MCC: mcc, Place: place})
}

// close names the payments and writes the pattern into the truth.
func (p *plan) close(n int) {
	id := fmt.Sprintf("%s-%d", p.kind, n)
	pattern := Pattern{ID: id, Typology: p.kind}
	accounts := map[string]bool{}
	for i := range p.payments {
		x := &p.payments[i]
		x.Ref = fmt.Sprintf("P%08d", len(p.w.planted)+i)
		x.Line = int64(i) + 1
		pattern.Payments = append(pattern.Payments, x.Ref)
		for _, a := range []ledger.Account{x.From, x.To} {
			if !a.Outside() {
				accounts[a.String()] = true
			}
		}
	}
	for a := range accounts {
		pattern.Accounts = append(pattern.Accounts, a)
	}
	slices.Sort(pattern.Accounts)
	p.w.planted = append(p.w.planted, p.payments...)
	for i := range p.life {
		p.life[i].Ref, p.life[i].Line = fmt.Sprintf("L%08d", len(p.w.planted)), int64(i)+1
		p.w.planted = append(p.w.planted, p.life[i])
	}
	if p.innocent {
		p.w.truth.Innocent = append(p.w.truth.Innocent, pattern)
		return
	}
	p.w.truth.Patterns = append(p.w.truth.Patterns, pattern)
	p.w.truth.Illicit = append(p.w.truth.Illicit, pattern.Payments...)
}

// kinds are the patterns of crime, each after the definition of its indicators in docs/indicators.md.
var kinds = []struct {
	name string
	plan func(w *World, p *plan)
}{
	{"fan_in", fanIn},
	{"fan_out", fanOut},
	{"gather_scatter", gatherScatter},
	{"scatter_gather", scatterGather},
	{"cycle", cycle},
	{"stack", stack},
	{"random_walk", randomWalk},
	{"pass_through", passThrough},
	{"structuring", structuring},
	{"funnel", funnel},
	{"rapid_cash_out", rapidCashOut},
	{"payroll_skimming", payrollSkimming},
	{"debt_bondage", debtBondage},
	{"smuggling_fees", smugglingFees},
	{"night_merchant", nightMerchant},
	{"travel_bundle", travelBundle},
	{"shared_device", sharedDevice},
	{"dormant_woken", dormantWoken},
	{"round_amounts", roundAmounts},
	{"crypto_off_ramp", cryptoOffRamp},
	{"front_company", frontCompany},
}

func (w *World) plant() {
	for _, k := range kinds {
		for n := range w.spec.Each {
			p := &plan{w: w, kind: k.name}
			k.plan(w, p)
			p.close(n + 1)
		}
	}
}

func fanIn(w *World, p *plan) {
	to, at := w.mule(), w.when(0, 8)
	for _, from := range w.mules(6 + w.rng.IntN(6)) {
		p.pay(from, to, w.between(20_000, 250_000), at+w.within(6*24))
	}
}

func fanOut(w *World, p *plan) {
	from, at := w.mule(), w.when(0, 8)
	for _, to := range w.mules(6 + w.rng.IntN(6)) {
		p.pay(from, to, w.between(20_000, 250_000), at+w.within(6*24))
	}
}

func gatherScatter(w *World, p *plan) {
	mid, at := w.mule(), w.when(0, 10)
	n := 5 + w.rng.IntN(3)
	total := int64(0)
	for _, from := range w.mules(n) {
		x := w.between(30_000, 200_000)
		total += x
		p.pay(from, mid, x, at+w.within(3*24))
	}
	for _, to := range w.mules(n) {
		p.pay(mid, to, total*95/100/int64(n), at+3*day+w.within(3*24))
	}
}

func scatterGather(w *World, p *plan) {
	from, to, at := w.mule(), w.mule(), w.when(0, 10)
	for _, mid := range w.mules(4 + w.rng.IntN(4)) {
		x := w.between(30_000, 300_000)
		p.pay(from, mid, x, at+w.within(2*24))
		p.pay(mid, to, x*97/100, at+2*day+w.within(3*24))
	}
}

func cycle(w *World, p *plan) {
	ring := w.mules(3 + w.rng.IntN(6))
	x, at := w.between(100_000, 900_000), w.when(0, 31)
	for i, from := range ring {
		p.pay(from, ring[(i+1)%len(ring)], x, at)
		x = x * (930 + w.rng.Int64N(70)) / 1000
		at += hour + w.within(60)
	}
}

func stack(w *World, p *plan) {
	layers, at := [3][]ledger.Account{w.mules(3), w.mules(3), w.mules(3)}, w.when(0, 15)
	for l := range 2 {
		for _, from := range layers[l] {
			for _, to := range layers[l+1] {
				p.pay(from, to, w.between(90_000, 110_000), at+int64(l)*4*day+w.within(3*24))
			}
		}
	}
}

func randomWalk(w *World, p *plan) {
	x, at := w.between(300_000, 900_000), w.when(0, 20)
	walk := w.mules(6 + w.rng.IntN(4))
	for i := range len(walk) - 1 {
		p.pay(walk[i], walk[i+1], x, at)
		x = x * (930 + w.rng.Int64N(50)) / 1000
		at += hour + w.within(40)
	}
}

func passThrough(w *World, p *plan) {
	mule, to, at := w.mule(), w.opened(), w.when(0, 40)
	for range 4 {
		x := w.between(60_000, 400_000)
		p.pay(w.mule(), mule, x, at)
		p.pay(mule, to, x*97/100, at+hour+w.within(12))
		at += 2*day + w.within(5*24)
	}
}

func structuring(w *World, p *plan) {
	to, at := w.mule(), w.when(0, 8)
	for i := range int64(4) {
		p.cash(to, w.between(810_000, 990_000), at+i*day+w.within(6), cities[0])
	}
}

func funnel(w *World, p *plan) {
	to, at := w.opened(), w.when(0, 30)
	for k := range 4 {
		place := cities[1+k]
		x := w.between(100_000, 290_000)
		p.cash(to, x, at, place)
		p.draw(to, x*9/10/2000*2000, at+3*hour+w.within(12), cities[7])
		at += day + w.within(24)
	}
}

func rapidCashOut(w *World, p *plan) {
	mule, at := w.mule(), w.when(0, 30)
	for range 4 {
		x := w.between(80_000, 300_000)
		p.pay(w.mule(), mule, x, at)
		p.draw(mule, x*95/100, at+hour+w.within(20), cities[2])
		at += 3*day + w.within(48)
	}
}

func payrollSkimming(w *World, p *plan) {
	boss, farm := w.opened(), w.opened()
	workers := []ledger.Account{w.opened(), w.opened(), w.opened(), w.opened(), w.opened()}
	for m := range 4 {
		at := monthStart(2+m) + 26*day + 6*hour
		for _, worker := range workers {
			wage := w.between(130_000, 160_000)
			p.add(ledger.Payment{From: farm, To: worker, Paid: ledger.Money{Units: wage}, At: at, Channel: ledger.ChannelACH, Purpose: "SALA"})
			p.pay(worker, boss, wage*85/100, at+2*hour+w.within(10))
		}
	}
}

func debtBondage(w *World, p *plan) {
	recruiter := w.opened()
	const first = 4 // newcomers can be told only where the world reaches further back
	for k := range 5 {
		debtor := w.opened()
		for m := range 4 {
			// They earn and live here from then on; only what they pay the recruiter is the crime's.
			p.aside(ledger.Payment{From: w.account(w.ordinary(uint64(k))), To: debtor, Paid: ledger.Money{Units: w.between(90_000, 120_000)}, At: monthStart(first+m) + 2*day, Channel: ledger.ChannelACH, Purpose: "SALA"})
			p.aside(ledger.Payment{From: debtor, To: w.account(w.ordinary(w.rng.Uint64())), Paid: ledger.Money{Units: w.between(3_000, 9_000)}, At: monthStart(first+m) + 9*day, Channel: ledger.ChannelCard, MCC: "5411"})
			p.pay(debtor, recruiter, w.between(24_000, 26_000)+int64(m)*1_000, monthStart(first+m)+int64(5+k%2)*day+w.within(20))
		}
	}
}

func smugglingFees(w *World, p *plan) {
	collector, settle, at := w.opened(), w.opened(), w.when(0, 40)
	price, total := w.between(600_000, 1_500_000), int64(0)
	for _, from := range w.mules(11 + w.rng.IntN(5)) {
		x := price * (930 + w.rng.Int64N(140)) / 1000
		total += x
		p.add(ledger.Payment{From: from, To: collector, Paid: ledger.Money{Units: x}, At: at + w.within(24*24), Channel: ledger.ChannelMVTS})
	}
	p.pay(collector, settle, total*95/100, at+25*day+w.within(24))
}

func nightMerchant(w *World, p *plan) {
	house, at := w.opened(), w.when(0, 31)
	at -= at % day
	for range 25 {
		night := at + w.rng.Int64N(28)*day + 22*hour + w.within(7)
		p.card(w.mule(), house, 25_000, night, "7297", cities[3])
	}
}

func travelBundle(w *World, p *plan) {
	payer, at := w.mule(), w.when(0, 31)
	shop := w.opened()
	for _, mcc := range []string{"7011", "4121", "4814", "5977", "5912", "7311", "4511", "7011", "7011"} {
		p.card(payer, shop, w.between(2_000, 40_000), at+w.within(28*24), mcc, cities[w.rng.IntN(6)])
	}
}

func sharedDevice(w *World, p *plan) {
	at, to, device := w.when(0, 30), w.opened(), fmt.Sprintf("dev-%d", w.rng.IntN(1_000_000))
	for range 5 {
		from := w.opened()
		p.pay(w.mule(), from, 60_000, at)
		p.add(ledger.Payment{From: from, To: to, Paid: ledger.Money{Units: w.between(30_000, 55_000)}, At: at + hour + w.within(20*24), Channel: ledger.ChannelInstant, Device: device})
	}
}

func dormantWoken(w *World, p *plan) {
	sleeper := w.opened()
	p.pay(w.mule(), sleeper, 5_000, start+w.within(48))
	at := monthStart(7) + w.within(24)
	for range 4 {
		x := w.between(400_000, 900_000)
		p.pay(w.mule(), sleeper, x, at)
		p.pay(sleeper, w.mule(), x*9/10, at+day+w.within(48))
		at += 2 * day
	}
}

func roundAmounts(w *World, p *plan) {
	front, at := w.opened(), w.when(0, 40)
	for week := range int64(5) {
		for range 4 {
			p.cash(front, 100_000*w.between(1, 4), at+week*7*day+w.within(5*24), cities[4])
		}
	}
}

func cryptoOffRamp(w *World, p *plan) {
	mule, exchange, at := w.mule(), w.opened(), w.when(0, 20)
	for _, from := range w.mules(5) {
		x := w.between(50_000, 300_000)
		p.pay(from, mule, x, at)
		p.add(ledger.Payment{From: mule, To: exchange, Paid: ledger.Money{Units: x * 9 / 10}, At: at + hour + w.within(24), Channel: ledger.ChannelCrypto})
		at += day + w.within(24)
	}
}

func frontCompany(w *World, p *plan) {
	front, owner := w.opened(), w.opened()
	for m := range 5 {
		for range 14 {
			p.card(w.mule(), front, w.between(8_000, 30_000), monthStart(2+m)+w.within(27*24), "7230", cities[5])
		}
		p.pay(front, owner, w.between(150_000, 220_000), monthStart(2+m)+27*day)
	}
}
