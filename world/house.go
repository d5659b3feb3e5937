package world

import "tarir/money/ledger"

// houses plans what those spend who keep houses where people are held or wait: rent for more than a home, electricity, and
// food for many, week after week.
func (o *organisation) houses() {
	s := o.s
	for _, k := range o.all("safe_house_keeper") {
		landlord, heads := s.shop(11), 6+s.rng.Int64N(10)
		for at := o.from - 5*day; at < o.to; at += 30 * day {
			o.p.add(ledger.Payment{From: k.account, To: landlord, Paid: ledger.Money{Units: heads*6_000 + s.between(0, 9_000)}, At: at + s.within(60), Channel: ledger.ChannelTransfer, Purpose: "RENT"})
			o.p.add(ledger.Payment{From: k.account, To: s.account(s.persons + s.rng.IntN(utilities)), Paid: ledger.Money{Units: heads*1_200 + s.between(0, 4_000)}, At: at + 9*day + s.within(60), Channel: ledger.ChannelACH, Purpose: "ELEC"})
		}
		for at := o.from; at < o.to; at += 5*day + s.within(60) {
			o.p.card(k.account, s.shop(2), heads*2_200+s.between(0, 4_000), at, "5411", o.town(k))
		}
	}
}

// documents plans the bursts of fees of those who make or buy papers: visas, photographs, translations, before each group.
func (o *organisation) documents() {
	s := o.s
	for _, k := range o.all("document_provider") {
		for at := o.from - 12*day; at < o.to-20*day; at += 25*day + s.within(120) {
			for range 4 + s.rng.IntN(4) {
				o.p.card(k.account, s.shop(8), s.between(2_500, 18_000), at+s.within(9*24), []string{"9399", "7339", "7221"}[s.rng.IntN(3)], o.town(k))
			}
		}
	}
}

// town is where somebody lives.
func (o *organisation) town(m *part) string { return m.country.places[0].name }
