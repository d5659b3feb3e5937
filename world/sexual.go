package world

import (
	"encoding/json"
	"fmt"

	"tarir/money/ledger"
	"tarir/online"
)

// sexual plans an organisation that exploits women it recruited abroad by promises: posts, the journey with an escort, the
// debt, adverts made from one template under several names and one phone, clients who pay one account at night, and the
// money passed on by mules to a front company and to where it rests.
func (o *organisation) sexual() {
	s := o.s
	exploiter, collector := o.one("exploiter"), o.one("collector")
	home, target := s.twoCountries()
	for _, r := range o.all("recruiter") {
		o.posts(r, target, 14)
	}
	var victims []*part
	for k := range 3 + len(o.parts)/2 {
		at := o.from + int64(k)*(o.to-o.from)/30 + s.within(72)
		v := o.victim(at)
		victims = append(victims, v)
		recruiter, escort := o.turn("recruiter", k), o.turn("transporter", k/3)
		// A little money before the journey, which the victim then owes.
		o.pay(recruiter.account, v.account, s.between(8_000, 30_000), at-10*day, ledger.ChannelTransfer, "")
		booking := s.booking()
		from, to := home.places[0], target.places[s.rng.IntN(2)%len(target.places)]
		for _, p := range []person{v.person, escort.person} {
			o.travel(p, from, to, o.mode, at, booking, recruiter.account, recruiter.number())
		}
		o.travel(escort.person, to, from, o.mode, at+2*day, o.s.booking(), recruiter.account, recruiter.number())
		for m := range int64(4) {
			if due := at + (m+1)*30*day; due < o.to {
				o.pay(v.account, recruiter.account, s.between(28_000, 34_000)+m*1_500, due+s.within(40), ledger.ChannelTransfer, "")
			}
		}
	}
	o.adverts(exploiter, victims, target)
	o.clients(collector, 40+10*len(o.parts), 9_000)
	for _, e := range o.all("exploiter") {
		o.costs(e, target)
	}
	o.launder(collector)
	o.wages()
}

// posts plans what the recruiter publishes.
func (o *organisation) posts(recruiter *part, target *country, n int) {
	s := o.s
	lang := []string{"es", "en"}[s.rng.IntN(2)]
	text := bait[lang].say(s.rng, 5)
	firm, _ := json.Marshal(invented(s.rng.Uint64(), 3) + " Agency") // in no register
	first := s.rng.IntN(len(jobTrades[lang]))
	for k := range n {
		if o.adaptive && k == n/2 {
			text = bait[lang].say(s.rng, 5)
		}
		s.post(online.Advert{
			At: o.from - 20*day + int64(k)*(o.to-o.from)/int64(2*n) + s.within(20), Site: "jobs.example", Account: "agency" + recruiter.id[4:8], City: recruiter.country.places[0].name, Country: recruiter.country.code,
			Title: "Trabajo / work", Text: jobTrades[lang][(first+k%4)%len(jobTrades[lang])] + ". " + filled(text, "", target.places[0].name, fmt.Sprint(2500+100*s.rng.IntN(10)), disguised(s.rng, recruiter.number())), Price: fmt.Sprint(1800 + 100*s.rng.IntN(10)), Currency: "USD", Extra: map[string]json.RawMessage{"employer": firm},
		})
	}
}

// adverts plans what is published in the names of the victims: one template, one or two phones, a circuit of towns.
func (o *organisation) adverts(exploiter *part, victims []*part, target *country) {
	s := o.s
	lang := "es"
	if target.code == "BR" {
		lang = "pt"
	}
	poster := exploiter
	if a := o.one("advertiser"); a != nil {
		poster = a
	}
	write := func() []string { return append(escortLines[lang].say(s.rng, 6), control[lang].say(s.rng, 2)...) }
	text, phone := write(), poster.number()
	second := target.phone(fmt.Sprintf("%08d", 10_000_000+s.rng.IntN(90_000_000)))
	n := 60 + 25*len(victims)
	for k := range n {
		if o.adaptive && k == n/2 {
			text, phone = write(), second
		}
		at := o.from + 15*day + int64(k)*(o.to-o.from-20*day)/int64(n) + s.within(12)
		town := target.places[int(at/(6*day))%len(target.places)]
		v := victims[s.rng.IntN(len(victims))]
		image := imageOf(hash(uint64(v.n), 300))
		s.post(online.Advert{
			At: at, Site: "adverts.example", Account: fmt.Sprintf("u%05d", s.rng.IntN(100_000)), City: town.name, Country: target.code, Title: v.given,
			Text: filled(text, v.given, town.name, fmt.Sprint(90+10*s.rng.IntN(3)), disguised(s.rng, phone)), Price: fmt.Sprint(90 + 10*s.rng.IntN(3)), Currency: "USD", Images: []string{blurred(image, s.rng.Uint64())},
		})
		if k%5 == 0 {
			o.p.card(poster.account, s.shop(7), int64(300*(1+s.rng.IntN(8))), at-s.within(20), "7311", town.name)
		}
	}
}

// clients plans what strangers pay at night.
func (o *organisation) clients(collector *part, n int, price int64) {
	s := o.s
	for range n {
		client := s.account(s.rng.IntN(s.persons))
		for range 1 + s.rng.IntN(3) {
			at := o.from + 20*day + s.rng.Int64N(o.to-o.from-25*day)
			at = at/day*day + (22*hour+s.within(7))%(24*hour)
			o.pay(client, collector.business, price+1000*s.between(0, 3), at, ledger.ChannelInstant, "")
		}
	}
}

// costs plans what the exploiter spends on the trade.
func (o *organisation) costs(exploiter *part, target *country) {
	s := o.s
	for at := o.from + 10*day; at < o.to; at += 3*day + s.within(48) {
		town := target.places[int(at/(6*day))%len(target.places)]
		mcc := []string{"7011", "4121", "4814", "5977", "5912", "7011"}[s.rng.IntN(6)]
		o.p.card(exploiter.account, s.shop(int(mcc[2])), s.between(2_000, 18_000), at+s.within(10), mcc, town.name)
	}
}

// launder plans how the takings go on: every few days by mules within hours, then to the front company or straight to where
// they rest; part is drawn in cash, part leaves by crypto.
func (o *organisation) launder(collector *part) {
	s := o.s
	mules := o.all("money_mule")
	end := o.one("beneficiary")
	if end == nil {
		end = o.one("organiser")
	}
	front := o.one("front_company")
	held := int64(0)
	taken := o.takings(collector.business)
	k := 0
	for at := o.from + 24*day; at < o.to+5*day; at += 4*day + s.within(30) {
		for k < len(taken) && taken[k].At < at {
			held += taken[k].Paid.Units
			k++
		}
		out := held * 92 / 100
		if out < 20_000 {
			continue
		}
		held -= out
		to := end.business
		if front != nil {
			to = front.business
		}
		if len(mules) == 0 {
			o.pay(collector.business, to, out, at, ledger.ChannelTransfer, "")
			continue
		}
		for i, m := range mules {
			x := out / int64(len(mules))
			o.pay(collector.business, m.account, x, at+int64(i)*hour, ledger.ChannelInstant, "")
			o.pay(m.account, to, x*96/100, at+int64(i)*hour+2*hour+s.within(14), ledger.ChannelTransfer, "")
			o.p.draw(m.account, x*4/100, at+30*hour, cities[s.rng.IntN(len(cities))])
		}
	}
	if front == nil {
		return
	}
	for _, x := range o.takings(front.business) {
		if s.rng.IntN(10) < 7 { // the rest stays with the company
			o.pay(front.business, end.business, x.Paid.Units*85/100, x.At+2*day+s.within(20), ledger.ChannelTransfer, "invoice")
		}
	}
}

// takings are the organisation's payments to an account so far, in order of time.
func (o *organisation) takings(a ledger.Account) []ledger.Payment {
	var out []ledger.Payment
	for _, p := range o.p.payments {
		if p.To == a {
			out = append(out, p)
		}
	}
	sortByTime(out)
	return out
}

// wages plans what the organiser pays the members, monthly.
func (o *organisation) wages() {
	s := o.s
	organiser := o.one("organiser")
	for at := o.from + 35*day; at < o.to; at += 30 * day {
		for _, m := range o.parts {
			if m != organiser && !m.is("money_mule") {
				o.pay(organiser.account, m.account, s.between(60_000, 110_000), at+s.within(60), ledger.ChannelTransfer, "")
			}
		}
	}
}
