package world

import (
	"tarir/journey"
	"tarir/money/ledger"
)

// labour plans an organisation that holds workers in debt: recruited by posts, brought in groups, paid by a company and
// made to hand over what they are paid on the same day.
func (o *organisation) labour() {
	s := o.s
	driver, collector := o.one("transporter"), o.one("collector")
	home, target := s.twoCountries()
	for _, r := range o.all("recruiter") {
		o.posts(r, target, 10)
	}
	company := s.opened()
	if f := o.one("front_company"); f != nil {
		company = f.business
	}
	o.accounts[company] = true
	o.shelter = s.street(driver.person, uint64(driver.n)+9_000_000)
	var workers []*part
	for group := range 2 + len(o.parts)/4 {
		at := o.from + int64(group)*14*day + s.within(60)
		booking := s.booking()
		from, to := home.places[len(home.places)-1], target.places[len(target.places)-1]
		recruiter, driver := o.turn("recruiter", group), o.turn("transporter", group/3)
		for range 4 + s.rng.IntN(3) {
			w := o.victim(at)
			workers = append(workers, w)
			o.travel(w.person, from, to, journey.Bus, at, booking, recruiter.account, recruiter.number())
		}
		o.travel(driver.person, from, to, journey.Bus, at, booking, recruiter.account, recruiter.number())
		o.travel(driver.person, to, from, journey.Bus, at+2*day, o.s.booking(), recruiter.account, recruiter.number())
	}
	for m := range months {
		at := monthStart(m) + 26*day + 6*hour
		if at < o.from+30*day || at > o.to {
			continue
		}
		for k, w := range workers {
			recruiter := o.turn("recruiter", k)
			wage := s.between(70_000, 95_000)
			o.p.aside(ledger.Payment{From: company, To: w.account, Paid: ledger.Money{Units: wage}, At: at, Channel: ledger.ChannelACH, Purpose: "SALA"})
			o.pay(w.account, collector.business, wage*80/100, at+2*hour+s.within(10), ledger.ChannelInstant, "")
			o.pay(w.account, recruiter.account, s.between(8_000, 9_000)+int64(m)*300, at+day+s.within(24), ledger.ChannelTransfer, "")
		}
	}
	// The company sells what they make.
	for range 60 {
		o.p.aside(ledger.Payment{From: s.account(s.ordinary(s.rng.Uint64())), To: company, Paid: ledger.Money{Units: s.between(200_000, 900_000)}, At: o.from + s.rng.Int64N(o.to-o.from), Channel: ledger.ChannelTransfer, Purpose: "SUPP"})
	}
	for _, e := range o.all("exploiter") {
		o.costs(e, target)
	}
	o.launder(collector)
	o.wages()
}
