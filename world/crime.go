package world

import (
	"fmt"

	"tarir/journey"
	"tarir/money/ledger"
)

// forcedCrime plans an organisation that holds people in a closed site and makes them cheat others: accounts in their names
// run from one device, sums from strangers, and crypto at the end.
func (o *organisation) forcedCrime() {
	s := o.s
	exploiter, collector := o.one("exploiter"), o.one("collector")
	home, target := s.twoCountries()
	for _, r := range o.all("recruiter") {
		o.posts(r, target, 12)
	}
	device := fmt.Sprintf("dev-%06d", s.rng.IntN(1_000_000))
	o.shelter = s.street(exploiter.person, uint64(exploiter.n)+9_000_000)
	if o.one("transporter") == nil { // somebody has to
		m := o.one("organiser")
		m.roles = append(m.roles, "transporter")
	}
	var held []*part
	for k := range 5 + len(o.parts)/2 {
		recruiter, escort := o.turn("recruiter", k), o.turn("transporter", k/4)
		at := o.from + s.rng.Int64N(40)*day
		v := o.victim(at)
		held = append(held, v)
		booking := s.booking()
		o.travel(v.person, home.places[0], target.places[0], journey.Air, at, booking, recruiter.account, recruiter.number())
		if s.rng.IntN(2) == 0 {
			o.travel(escort.person, home.places[0], target.places[0], journey.Air, at, booking, recruiter.account, recruiter.number())
			o.travel(escort.person, target.places[0], home.places[0], journey.Air, at+3*day, o.s.booking(), recruiter.account, recruiter.number())
		}
	}
	for range 60 + 12*len(o.parts) {
		at := o.from + 50*day + s.rng.Int64N(o.to-o.from-60*day)
		v := held[s.rng.IntN(len(held))]
		x := s.between(40_000, 300_000)
		o.pay(s.account(s.rng.IntN(s.persons)), v.account, x, at, ledger.ChannelInstant, "")
		o.p.add(ledger.Payment{From: v.account, To: collector.business, Paid: ledger.Money{Units: x * 97 / 100}, At: at + hour + s.within(10), Channel: ledger.ChannelInstant, Device: device})
	}
	for range 10 {
		o.p.card(exploiter.account, s.shop(3), s.between(30_000, 120_000), o.from+10*day+s.rng.Int64N(o.to-o.from-10*day), []string{"5411", "4814", "5712", "5732"}[s.rng.IntN(4)], target.places[0].name)
	}
	o.launder(collector)
	o.wages()
}
