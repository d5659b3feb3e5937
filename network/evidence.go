package network

import (
	"fmt"
	"slices"
	"strings"

	"tarir/journey"
	"tarir/money/flow"
	"tarir/money/ledger"
	"tarir/online"
)

// Role is a part in the chain; the codes are those of the field guide, 5.2.
type Role string

// The roles.
const (
	Organiser   Role = "organiser"
	Recruiter   Role = "recruiter"
	Transporter Role = "transporter"
	Exploiter   Role = "exploiter"
	Advertiser  Role = "advertiser"
	Collector   Role = "collector"
	Mule        Role = "money_mule"
	Hawaladar   Role = "hawaladar"
	Front       Role = "front_company"
	Beneficiary Role = "beneficiary"
	SafeHouse   Role = "safe_house_keeper"
	Documents   Role = "document_provider"
	Victim      Role = "victim"
)

// Stages of the chain.
var stageOf = map[Role]string{
	Recruiter: "recruitment", Transporter: "transport", SafeHouse: "transport", Documents: "recruitment", Exploiter: "exploitation", Advertiser: "exploitation",
	Collector: "money", Mule: "money", Hawaladar: "money", Front: "money", Beneficiary: "money",
}

// Stage is the link of the chain that a role belongs to; an organiser's is all.
func (r Role) Stage() string {
	if s := stageOf[r]; s != "" {
		return s
	}
	return "all"
}

// Evidence points from what was seen to one actor's role.
type Evidence struct {
	Role   Role
	Weight float64 // 0 to 1
	Reason Reason
}

func (e *Evidence) finding() (int, bool) {
	if len(e.Reason.Findings) == 0 {
		return 0, false
	}
	return e.Reason.Findings[0], true
}

// on says that the evidence stands on a finding.
func (e *Evidence) on(finding int) bool {
	i, ok := e.finding()
	return ok && i == finding
}

// gather collects the evidence of all sources by actor, and the ties that come with it.
func (b *builder) gather() {
	for i := range b.in.Findings {
		b.finding(i)
	}
	for _, p := range b.in.Payers {
		b.payer(p.Account, p.Persons, p.Journeys, p.Phones, p.Names)
	}
	for k := range b.in.Escorts {
		b.escort(k)
	}
	for k := range b.in.Posters {
		b.poster(&b.in.Posters[k])
	}
}

func (b *builder) say(actor int, e Evidence) {
	b.evidence[actor] = append(b.evidence[actor], e)
}

// subjects says which role the subject of a finding has, by typology.
var subjects = map[string]Role{
	"fan_in": Collector, "night_merchant": Collector, "gather_scatter": Mule, "scatter_gather": Mule, "cycle": Mule, "stack": Mule, "random_walk": Mule,
	"pass_through": Mule, "funnel": Collector, "rapid_cash_out": Mule, "structuring": Collector, "payroll_skimming": Collector, "debt_bondage": Recruiter,
	"smuggling_fees": Collector, "travel_bundle": Exploiter, "advert_spending": Advertiser, "shared_device": Collector, "front_company": Front,
	"crypto_off_ramp": Mule, "dormant_woken": Mule, "round_amounts": Front, "fan_out": Organiser, "organ_broker": Organiser,
}

// finding reads one finding: its subject has a role, those who only pay into what a person is made to pay are victims, and
// accounts between which the same money runs are tied.
func (b *builder) finding(i int) {
	f := &b.in.Findings[i]
	role, known := subjects[f.Typology]
	if !known {
		return
	}
	w := f.Score
	if f.Weak {
		w *= 0.5
	}
	if f.Typology == "travel_bundle" && len(f.Indicators) == 1 && f.Indicators[0] == "R05" {
		role = Documents // visas, passports and translations for others, and nothing else
	}
	if f.Typology == "shared_device" {
		b.device(i, w)
		return
	}
	b.say(b.of(f.Accounts[0]), Evidence{role, w, b.seen("subject", i)})
	switch f.Typology {
	case "payroll_skimming", "debt_bondage":
		for _, row := range f.Payments {
			if p := b.payments[row]; p.to == f.Accounts[0] && p.from != flow.Outside { // who pays the wages is in the finding too
				b.victim(b.of(p.from), b.of(p.to), w, "made_to_pay", i)
			}
		}
	case "cycle", "stack", "random_walk", "gather_scatter", "scatter_gather":
		for _, a := range f.Accounts[1:] {
			b.say(b.of(a), Evidence{Mule, w * 0.5, b.seen("stands_in", i)})
		}
	}
}

// device reads accounts that are run from one device: those whose accounts they are may be held, who receives is not.
func (b *builder) device(i int, w float64) {
	f := &b.in.Findings[i]
	pays := map[flow.Account]bool{}
	for _, row := range f.Payments {
		pays[b.payments[row].from] = true
	}
	for _, row := range f.Payments {
		p := b.payments[row]
		if p.to == flow.Outside || pays[p.to] || p.from == flow.Outside {
			continue
		}
		to, from := b.of(p.to), b.of(p.from)
		if !slices.ContainsFunc(b.evidence[to], func(e Evidence) bool { return e.on(i) }) {
			b.say(to, Evidence{Collector, w, b.seen("device_receives", i)})
		}
		if !slices.ContainsFunc(b.evidence[from], func(e Evidence) bool { return e.on(i) }) {
			b.victim(from, to, w, "device_run", i)
		}
	}
}

// victim puts an actor on the victims' side of another.
func (b *builder) victim(who, of int, w float64, code string, finding int) {
	if who == of {
		return
	}
	if !slices.ContainsFunc(b.evidence[who], func(e Evidence) bool { return e.Role == Victim && e.on(finding) }) {
		b.say(who, Evidence{Victim, w, b.seen(code, finding)})
	}
	if b.victimOf[who] == nil {
		b.victimOf[who] = map[int]float64{}
	}
	b.victimOf[who][of] = max(b.victimOf[who][of], w)
}

// payer reads an account that pays for many travellers.
func (b *builder) payer(account string, persons []string, journeys []int, phones []string, names int) {
	x, ok := b.number(account)
	if !ok {
		return
	}
	who := b.of(x)
	w := min(1, 0.4+0.05*float64(names))
	b.say(who, Evidence{Recruiter, w, Reason{Reason: sentences.Say("pays_journeys", "persons", len(persons)), Journeys: journeys}})
	again, back := b.goAgain(journeys), b.comeBack(account, journeys)
	for _, j := range journeys {
		b.trip(b.entity(b.in.Journeys[j].Traveller()), who, j)
	}
	for _, p := range persons {
		id := b.entity(p)
		if list := again[p]; len(list) > 0 {
			b.again[id] = append(b.again[id], who)
			b.say(id, Evidence{Transporter, 0.3, Reason{Reason: sentences.Say("goes_again", "journeys", len(list)), Journeys: list}})
			continue
		}
		if back[p] {
			b.came[[2]int{who, id}] = true
			continue
		}
		b.paidFor[id] = append(b.paidFor[id], who)
	}
	use := map[string][]int{}
	for _, j := range journeys {
		use[b.in.Journeys[j].Phone] = append(use[b.in.Journeys[j].Phone], j)
	}
	for _, p := range phones {
		if s, ok := b.in.Phones.Phone(p); ok && len(use[p]) >= 3 { // a number that stands on several of the bookings is the trade's
			b.tie(who, b.contact(s), 0.8, "tie_number")
			b.trip(who, b.contact(s), use[p]...)
		}
	}
}

// trip remembers journeys that have to do with two actors, for the reasons that name both.
func (b *builder) trip(x, y int, journeys ...int) {
	k := [2]int{min(x, y), max(x, y)}
	b.trips[k] = append(b.trips[k], journeys...)
}

// tripsOf are those journeys, each once.
func (b *builder) tripsOf(x, y int) []int { return union(b.trips[[2]int{min(x, y), max(x, y)}], nil) }

// goAgain finds the travellers who go the same way more than once on journeys that one account pays for others too, with
// those journeys: who is smuggled or brought goes once.
func (b *builder) goAgain(journeys []int) map[string][]int {
	const apart = 4 * 86_400_000
	type way struct{ who, from, to string }
	first := map[way]int64{}
	twice := map[string]bool{}
	for _, i := range journeys {
		j := b.in.Journeys[i]
		k := way{j.Traveller(), j.From, j.To}
		if at, ok := first[k]; !ok {
			first[k] = j.When()
		} else if j.When()-at > apart {
			twice[j.Traveller()] = true
		}
	}
	out := map[string][]int{}
	for _, i := range journeys {
		if p := b.in.Journeys[i].Traveller(); twice[p] {
			out[p] = append(out[p], i)
		}
	}
	return out
}

// comeBack finds the travellers who come back on journeys that the same account paid: a visit. Who is brought goes one way, and who brought them
// comes back alone; so the way back was booked before they left, or made with those they went with. A way back may be booked as a cover, so
// something else must show that they were free to leave.
func (b *builder) comeBack(account string, journeys []int) map[string]bool {
	type leg struct {
		from, to string
		at       int64
	}
	with := map[leg][]string{}
	for _, i := range journeys {
		j := b.in.Journeys[i]
		k := leg{j.From, j.To, j.When()}
		with[k] = append(with[k], j.Traveller())
	}
	for _, who := range with {
		slices.Sort(who)
	}
	type way struct{ who, from, to string }
	left := map[way]leg{} // the last time that somebody went there
	out := map[string]bool{}
	for _, i := range journeys { // in order of time
		j := b.in.Journeys[i]
		who, k := j.Traveller(), leg{j.From, j.To, j.When()}
		if went, ok := left[way{who, j.To, j.From}]; ok && went.at < k.at && !out[who] {
			booked := j.Booked.Known() && j.Booked.At <= went.at
			if booked || len(with[k]) > 1 && slices.Equal(with[k], with[went]) {
				out[who] = b.cameAway(account, i)
			}
		}
		left[way{who, j.From, j.To}] = k
	}
	return out
}

// cameAway says that the way back of a journey was travelled, and not only booked: the traveller's journeys from then on have one that the account did
// not pay and that begins where it leads, or was booked from elsewhere, or that leads there without a booking, as a crossing does. One that goes on from
// where they had been taken, or without a booking from elsewhere, shows nothing: they may be taken further.
func (b *builder) cameAway(account string, i int) bool {
	back := b.in.Journeys[i]
	for _, k := range b.in.Travellers.Journeys(b.in.Travellers.Of[i]) {
		j := b.in.Journeys[k]
		if j.When() < back.When() || j.Payer == account {
			continue
		}
		if j.From == back.To || j.Booking != "" && j.From != back.From || j.Booking == "" && j.To == back.To {
			return true
		}
	}
	return false
}

// escorted is how many groups that one account paid make somebody an escort (T03).
const escorted = 3

// escort reads somebody who travels with others again and again: those who pay for it are tied, those brought are victims.
func (b *builder) escort(k int) {
	e := &b.in.Escorts[k]
	who := b.entity(e.Person)
	w := min(1, 0.4+0.05*float64(len(e.Groups))+0.05*float64(e.Alone))
	type tour struct{ from, to, persons string }
	tours := map[tour]bool{}
	for _, g := range e.Groups {
		group := &b.in.Groups[g]
		tours[tour{group.From, group.To, strings.Join(group.Persons, " ")}] = true
	}
	// All of a group came back together.
	cameBack := func(g *journey.Group) bool { return tours[tour{g.To, g.From, strings.Join(g.Persons, " ")}] }
	// Bookings by who paid them, and those of many others; and the groups that such payers paid.
	payers := map[int]int{}
	var paid []*journey.Group
	ways := map[string]bool{}
	for _, g := range e.Groups {
		group := &b.in.Groups[g]
		way := b.in.Journeys[group.Journeys[0]].Booking // the legs of one way are one group
		if way == "" {
			way = fmt.Sprint("group ", g)
		}
		if x, ok := b.number(group.Payer); ok && b.paysMany(group.Payer) {
			paid = append(paid, group)
			if !ways[way] {
				payers[b.of(x)]++
			}
		} else if cameBack(group) {
			continue // a holiday, which says nothing of the other journeys
		}
		ways[way] = true
	}
	often := func(payer int) bool { return payers[payer] >= escorted && payers[payer]*3 >= len(ways) }
	escorts := false
	for p := range payers {
		if !often(p) {
			continue
		}
		escorts = true
		if p != who {
			b.tie(who, p, 0.9, "tie_escort")
			w = min(1, w+0.2)
		}
	}
	if !escorts {
		return // everybody paid for themselves, or an agency for all: somebody who travels much, or a guide
	}
	var travels []int
	for _, group := range paid {
		x, _ := b.number(group.Payer)
		payer := b.of(x)
		travels = append(travels, group.Journeys...)
		b.trip(who, payer, group.Journeys...)
		if !often(payer) && cameBack(group) {
			continue // another's party, who came back together: seasonal workers
		}
		for _, p := range group.Persons {
			c := b.entity(p)
			if b.again[c] != nil || b.came[[2]int{payer, c}] {
				continue
			}
			b.trip(who, c, group.Journeys...)
			if c != who && !slices.Contains(b.brought[c], who) {
				b.brought[c] = append(b.brought[c], who)
			}
		}
	}
	b.say(who, Evidence{Transporter, w, Reason{Reason: sentences.Say("escort", "groups", len(e.Groups), "companions", len(e.Companions)), Journeys: travels}})
}

// paysMany says that an account pays for many travellers and is no agency's.
func (b *builder) paysMany(account string) bool {
	return slices.ContainsFunc(b.in.Payers, func(p journey.Payer) bool { return p.Account == account })
}

// poster reads who is behind a contact of adverts.
func (b *builder) poster(p *online.Poster) {
	if p.Wide || len(p.Adverts) < 3 {
		return
	}
	signs := 0
	for _, w := range []online.Wording{online.Abroad, online.Debt, online.Documents, online.Secret} {
		if p.Says(w) > 0 {
			signs++
		}
	}
	if signs >= 2 {
		b.say(b.contact(p.Contact), Evidence{Recruiter, min(1, 0.3+0.2*float64(signs)), Reason{Reason: sentences.Say("recruits", "adverts", len(p.Adverts)), Adverts: p.Adverts}})
	}
	if len(p.Names) >= 3 && (p.Says(online.Control) > 0 || len(p.Places) >= 3) {
		w := min(1, 0.4+0.1*float64(p.Says(online.Control))+0.05*float64(len(p.Places)))
		b.say(b.contact(p.Contact), Evidence{Advertiser, w, Reason{Reason: sentences.Say("advertises", "adverts", len(p.Adverts), "names", len(p.Names), "places", len(p.Places)), Adverts: p.Adverts}})
	}
}

// business says that a payment is everyday life: a purchase, a wage, rent.
func business(e flow.Entry) bool {
	switch e.Purpose() {
	case flow.PurposeWage, flow.PurposeRent, flow.PurposeBenefit, flow.PurposeTax:
		return true
	}
	return e.Purchase() || e.Channel() == ledger.ChannelFee
}
