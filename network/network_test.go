package network

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"tarir/entity"
	"tarir/holding"
	"tarir/journey"
	"tarir/money/flow"
	"tarir/money/flow/flowtest"
	"tarir/money/ledger"
	"tarir/money/typology"
)

const day = int64(86_400_000)

// town is payments, findings about them, and journeys.
type town struct {
	t        *testing.T
	payments []ledger.Payment
	entities []*entity.Entity
	findings []func(account func(string) flow.Account) typology.Finding
	journeys []*journey.Journey
	people   map[string]bool
}

func (w *town) account(name string) ledger.Account {
	return ledger.Account{Institution: "B", Number: name}
}

func (w *town) person(id string) {
	if w.people == nil {
		w.people = map[string]bool{}
	}
	if w.people[id] {
		return
	}
	w.people[id] = true
	p := (&entity.Entity{ID: id, Schema: "Person", Properties: map[string][]string{}}).Add("name", "Given "+id).Add("lastName", id)
	a := (&entity.Entity{ID: "acc-" + id, Schema: "BankAccount", Properties: map[string][]string{}}).Add("bankName", "B").Add("accountNumber", id)
	o := (&entity.Entity{ID: "own-" + id, Schema: "Ownership", Properties: map[string][]string{}}).Add("owner", id).Add("asset", a.ID)
	w.entities = append(w.entities, p, a, o)
}

func (w *town) pay(from, to string, on, dollars int64, purpose string) {
	w.person(from)
	w.person(to)
	w.payments = append(w.payments, ledger.Payment{
		Ref: fmt.Sprint("P", len(w.payments)), Status: ledger.Booked, At: on * day, From: w.account(from), To: w.account(to), Paid: ledger.Money{Units: dollars * 100, Scale: 2, Currency: "USD"}, Channel: ledger.ChannelTransfer, Purpose: purpose,
		File: "f", Line: int64(len(w.payments) + 1),
	})
}

// finding says that a typology was seen at somebody, over the payments they received from others than a boss.
func (w *town) finding(name, who string, weak bool) {
	var rows []int64
	from := []string{who}
	for i, p := range w.payments {
		if p.To.Number == who && !strings.HasSuffix(p.From.Number, "-boss") {
			rows = append(rows, int64(i))
			if !slices.Contains(from, p.From.Number) {
				from = append(from, p.From.Number)
			}
		}
	}
	w.findings = append(w.findings, func(account func(string) flow.Account) typology.Finding {
		f := typology.Finding{Typology: name, Score: 0.8, Weak: weak, Payments: rows, First: 1, Last: 200 * 86_400}
		for _, a := range from {
			f.Accounts = append(f.Accounts, account(a))
		}
		return f
	})
}

func (w *town) travel(who string, on int64, booking, payer string) {
	w.person(who)
	w.journeys = append(w.journeys, &journey.Journey{
		ID: fmt.Sprint("J", len(w.journeys)), Person: who, GivenName: "Given", FamilyName: who, From: "PELIM", To: "CLARI", Departure: journey.Time{At: on * day}, Booking: booking, Payer: w.account(payer).String(),
	})
}

func (w *town) buy(who, shop, mcc string, on, dollars int64) {
	w.pay(who, shop, on, dollars, "")
	p := &w.payments[len(w.payments)-1]
	p.Channel, p.MCC = ledger.ChannelCard, mcc
}

func (w *town) networks() []Network {
	w.t.Helper()
	ctx := context.Background()
	g := flowtest.Graph(w.t, w.payments)
	in := Input{Graph: g, Held: holding.New(g, entity.Resolve(w.entities, nil)), Journeys: journey.Sort(w.journeys), Food: map[string]bool{"5411": true}}
	in.Groups = journey.Groups(in.Journeys)
	who := journey.Number(in.Journeys)
	in.Escorts = journey.Escorts(in.Journeys, who, in.Groups, journey.Default())
	in.Payers = journey.Payers(in.Journeys, who, journey.Default())
	for _, f := range w.findings {
		in.Findings = append(in.Findings, f(func(name string) flow.Account {
			n, ok := g.Ledger().Accounts().Lookup(w.account(name))
			if !ok {
				w.t.Fatalf("no account %s", name)
			}
			return flow.Account(n)
		}))
	}
	list, err := Build(ctx, in)
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

// gang is a recruiter whom newcomers pay off their debts, a collector whom workers hand their wages to, and whoever keeps it.
func (w *town) gang(name string) {
	recruiter, collector, boss := name+"-recruiter", name+"-collector", name+"-boss"
	for k := range int64(6) {
		worker := fmt.Sprint(name, "-worker", k)
		for m := range int64(5) {
			w.pay(name+"-firm", worker, 20+30*m, 1000, "SALA")
			w.pay(worker, collector, 21+30*m, 800, "")
			w.pay(worker, recruiter, 22+30*m, 100, "")
		}
	}
	for m := range int64(5) {
		w.pay(collector, boss, 24+30*m, 4500, "")
		w.pay(boss, recruiter, 26+30*m, 700, "")
		w.pay(boss, collector, 26+30*m, 700, "")
	}
	w.finding("debt_bondage", recruiter, false)
	w.finding("payroll_skimming", collector, false)
}

func members(n *Network) []string {
	var out []string
	for _, m := range n.Members {
		out = append(out, m.ID)
	}
	slices.Sort(out)
	return out
}

func TestWhoIsMadeToPayIsAVictimAndNoMember(t *testing.T) {
	w := &town{t: t}
	w.gang("red")
	list := w.networks()
	if len(list) != 1 {
		t.Fatalf("%d networks", len(list))
	}
	if got, want := members(&list[0]), []string{"red-boss", "red-collector", "red-recruiter"}; !slices.Equal(got, want) {
		t.Errorf("members %v, want %v", got, want)
	}
	if len(list[0].Victims) != 6 {
		t.Errorf("%d possible victims of 6", len(list[0].Victims))
	}
	for _, v := range list[0].Victims {
		if len(v.Because) == 0 {
			t.Errorf("nothing says why %s may be a victim", v.ID)
		}
	}
}

// Who gets most of what a collector passes on is in the network, though they live on a wage as well; and no victim, though a recruiter pays
// their journeys as those of the people who are brought: as long as they pay others of it. Who is brought, and gets nothing, stays a victim.
func TestWhoGetsWhatIsCollectedIsNoVictim(t *testing.T) {
	for _, c := range []struct {
		what         string
		pays, brings bool
		member       bool
	}{
		{"lives on a wage", false, false, true},
		{"pays others", true, false, true},
		{"is brought and pays others", true, true, true},
		{"is brought", false, true, false},
	} {
		w := &town{t: t}
		for k := range int64(6) {
			worker := fmt.Sprint("worker", k)
			for m := range int64(5) {
				w.pay("firm", worker, 20+30*m, 1000, "SALA")
				w.pay(worker, "collector", 21+30*m, 800, "")
				w.pay(worker, "recruiter", 22+30*m, 100, "")
			}
			w.travel(worker, 2+k, fmt.Sprint("W", k), "recruiter")
		}
		w.finding("debt_bondage", "recruiter", false)
		w.finding("payroll_skimming", "collector", false)
		for m := range int64(5) {
			w.pay("employer", "head", 18+30*m, 9000, "SALA")
			w.pay("collector", "head", 24+30*m, 2200, "")
			w.pay("collector", "head", 25+30*m, 2200, "")
			if c.pays {
				w.pay("head", "recruiter", 26+30*m, 700, "")
			}
		}
		if c.brings {
			w.travel("head", 9, "H", "recruiter")
		}
		list := w.networks()
		if len(list) == 0 && !c.member {
			continue // nothing ties the recruiter and the collector then
		}
		if len(list) != 1 {
			t.Fatalf("%s: %d networks", c.what, len(list))
		}
		victims := func(id string) bool {
			return slices.ContainsFunc(list[0].Victims, func(p Person) bool { return p.ID == id })
		}
		if got := slices.Contains(members(&list[0]), "head"); got != c.member || c.member && victims("head") {
			t.Errorf("%s: member %v, victim %v, want a member %v", c.what, got, victims("head"), c.member)
		}
		for k := range 6 {
			if id := fmt.Sprint("worker", k); !victims(id) || slices.Contains(members(&list[0]), id) {
				t.Errorf("%s: %s is no victim, or a member", c.what, id)
			}
		}
	}
}

// Who goes somewhere at the cost of somebody and comes back with those they went with, or with a way back that was booked before, is not brought; who
// goes the same way and stays is, and who is sent back later was.
func TestWhoComesBackIsNotBrought(t *testing.T) {
	for _, c := range []struct {
		what               string
		alone, back, later bool
		then               string // what is known of them after the way back
		victim             bool
	}{
		{what: "stays", victim: true},
		{what: "comes back together", back: true, later: true, then: "crosses"},
		{what: "comes back alone, as booked before", alone: true, back: true, then: "crosses"},
		{what: "travels on their own money later", alone: true, back: true, then: "travels"},
		{what: "comes back alone, booked later", alone: true, back: true, later: true, then: "crosses", victim: true},
		{what: "a way back that is a cover", alone: true, back: true, victim: true},
		{what: "a way back for all that is a cover", back: true, later: true, victim: true},
		{what: "is taken elsewhere later", alone: true, back: true, then: "is taken", victim: true},
		{what: "travels on from where they were taken", alone: true, back: true, then: "goes on", victim: true},
		{what: "goes on by bus, with no booking", alone: true, back: true, then: "goes on by bus", victim: true},
		{what: "goes on by bus twice", alone: true, back: true, then: "goes on twice", victim: true},
		{what: "is checked where they were taken", alone: true, back: true, then: "is checked", victim: true},
		{what: "is checked where the way back leads", alone: true, back: true, then: "is checked at home"},
	} {
		w := &town{t: t}
		w.gang("red")
		w.gang("blue")
		for k := range int64(6) {
			w.travel(fmt.Sprint("red-worker", k), 2+k, fmt.Sprint("R", k), "red-recruiter")
		}
		group := []string{"blue-boss", "red-recruiter"}
		if c.alone {
			group = group[:1]
		}
		for _, who := range group {
			w.travel(who, 40, "H", "red-recruiter")
			if c.back {
				w.travel(who, 50, "H", "red-recruiter")
				j := w.journeys[len(w.journeys)-1]
				j.From, j.To, j.Booked = j.To, j.From, journey.Time{At: 30 * day}
				if c.later {
					j.Booked.At = 45 * day
				}
			}
			if c.then != "" {
				w.travel(who, 60, "L", who)
				j := w.journeys[len(w.journeys)-1]
				switch c.then {
				case "crosses":
					j.Departure.At, j.From, j.To, j.Booking, j.Payer = 50*day, "CLARI", "PELIM", "", ""
				case "is taken":
					j.To, j.Payer = "CLSCL", w.account("red-recruiter").String()
				case "goes on":
					j.From, j.To = "CLARI", "CLSCL"
				case "goes on by bus":
					j.From, j.To, j.Booking, j.Payer = "CLARI", "CLSCL", "", ""
				case "goes on twice":
					j.From, j.To, j.Booking, j.Payer = "CLSCL", "CLVAP", "", ""
				case "is checked":
					j.From, j.To, j.Booking, j.Payer = "CLARI", "", "", ""
				case "is checked at home":
					j.From, j.To, j.Booking, j.Payer = "PELIM", "", "", ""
				}
			}
		}
		victim := false
		for _, n := range w.networks() {
			victim = victim || slices.ContainsFunc(n.Victims, func(p Person) bool { return p.ID == "blue-boss" })
			for k := range 6 {
				if id := fmt.Sprint("red-worker", k); slices.Contains(members(&n), id) {
					t.Errorf("%s: %s is a member", c.what, id)
				}
			}
		}
		if victim != c.victim {
			t.Errorf("%s: a possible victim %v, want %v", c.what, victim, c.victim)
		}
	}
}

// Who brings others is seen for it however often they go on holiday with their family; a holiday with those they brought says nothing less.
func TestHolidaysHideNoEscort(t *testing.T) {
	for _, holidays := range []int64{0, 6} {
		w := &town{t: t}
		w.gang("red")
		back := func(who string, on int64, booking, payer string) {
			w.travel(who, on, booking, payer)
			j := w.journeys[len(w.journeys)-1]
			j.From, j.To = j.To, j.From
		}
		for k := range int64(4) {
			booking := fmt.Sprint("R", k)
			w.travel(fmt.Sprint("red-worker", k), 2+4*k, booking, "red-recruiter")
			w.travel("red-driver", 2+4*k, booking, "red-recruiter")
			back("red-driver", 4+4*k, booking+"B", "red-recruiter")
		}
		for k := range holidays {
			for _, who := range []string{"red-driver", "red-child"} {
				w.travel(who, 40+10*k, fmt.Sprint("H", k), "red-driver")
				back(who, 45+10*k, fmt.Sprint("H", k, "B"), "red-driver")
			}
		}
		var got []Role
		for _, n := range w.networks() {
			for _, m := range n.Members {
				if m.ID == "red-driver" {
					got = append(got, m.Roles[0].Role)
				}
				if m.ID == "red-child" {
					t.Errorf("%d holidays: the child is a member", holidays)
				}
			}
		}
		if !slices.Equal(got, []Role{Transporter}) {
			t.Errorf("%d holidays: roles of the driver %v, want that of a transporter", holidays, got)
		}
	}
}

// Who works a season with somebody who brings others elsewhere, and comes back with all who went, was not brought by them.
func TestASeasonWithAnEscortIsNotBeingBrought(t *testing.T) {
	for _, back := range []bool{true, false} {
		w := &town{t: t}
		w.gang("red")
		for k := range int64(4) {
			booking := fmt.Sprint("R", k)
			w.travel(fmt.Sprint("red-worker", k), 2+4*k, booking, "red-recruiter")
			w.travel("red-driver", 2+4*k, booking, "red-recruiter")
			w.travel("red-driver", 4+4*k, booking+"B", "red-recruiter")
			j := w.journeys[len(w.journeys)-1]
			j.From, j.To = j.To, j.From
		}
		w.pay("buyer", "farm", 100, 900, "")
		for _, who := range []string{"red-driver", "red-collector", "picker1", "picker2", "picker3", "picker4"} {
			w.travel(who, 40, "S", "farm")
			j := w.journeys[len(w.journeys)-1]
			j.To = "CLSCL"
			if back {
				w.travel(who, 110, "SB", "farm")
				j := w.journeys[len(w.journeys)-1]
				j.From, j.To = "CLSCL", "PELIM"
			}
		}
		list := w.networks()
		if len(list) != 1 {
			t.Fatalf("back %v: %d networks", back, len(list))
		}
		if member := slices.Contains(members(&list[0]), "red-collector"); member != back {
			t.Errorf("back %v: the collector is a member %v", back, member)
		}
	}
}

// Who keeps a house buys all its food with the trade's money, and not only what the reason shows; what others buy to live on is their own.
func TestAllFoodOfASafeHouseIsACost(t *testing.T) {
	w := &town{t: t}
	w.gang("red")
	for m := range int64(5) {
		w.pay("red-boss", "keeper", 26+30*m, 700, "")
		w.pay("keeper", "landlord", 27+30*m, 600, "RENT")
		for d := range int64(6) {
			w.buy("keeper", "market", "5411", 20+30*m+d, 170)
		}
		for k := range int64(9) {
			w.buy(fmt.Sprint("neighbour", k), "market", "5411", 20+30*m, 90)
		}
		w.buy("red-recruiter", "market", "5411", 21+30*m, 90)
	}
	list := w.networks()
	if len(list) != 1 || !slices.Contains(members(&list[0]), "keeper") {
		t.Fatalf("%d networks, of %v", len(list), members(&list[0]))
	}
	if got := len(list[0].Costs); got != 30 {
		t.Errorf("%d purchases are costs of the trade, of the 30 of the house", got)
	}
	for _, row := range list[0].Costs {
		if p := w.payments[row]; p.From.Number != "keeper" || p.Channel != ledger.ChannelCard {
			t.Errorf("a payment of %s is a cost", p.From.Number)
		}
	}
}

// TestAWeakBridgeDoesNotWeldTwoOrganisations: what many share, a landlord, a taxi firm, an employer or a shop, ties nobody.
func TestAWeakBridgeDoesNotWeldTwoOrganisations(t *testing.T) {
	w := &town{t: t}
	w.gang("red")
	w.gang("blue")
	for _, who := range []string{"red-boss", "blue-boss", "red-recruiter", "blue-recruiter", "red-collector", "blue-collector"} {
		for m := range int64(5) {
			w.pay(who, "landlord", 2+30*m, 400, "RENT")
			w.pay(who, "taxi", 3+30*m, 30, "")
			w.pay("employer", who, 27+30*m, 1500, "SALA")
		}
	}
	for k := range int64(60) { // and everybody else's
		for m := range int64(3) {
			w.pay(fmt.Sprint("citizen", k), "landlord", 2+30*m, 400, "RENT")
			w.pay(fmt.Sprint("citizen", k), "taxi", 3+30*m, 30, "")
			w.pay("employer", fmt.Sprint("citizen", k), 27+30*m, 1500, "SALA")
		}
	}
	list := w.networks()
	if len(list) != 2 {
		t.Fatalf("%d networks, want 2", len(list))
	}
	for i := range list {
		colour := list[i].Members[0].ID[:3]
		if len(list[i].Members) != 3 || slices.ContainsFunc(list[i].Members, func(m Member) bool { return m.ID[:3] != colour }) {
			t.Errorf("members %v", members(&list[i]))
		}
	}
}

// TestWhoPaysJourneysAndNothingElseIsNoOrganisation: a farm brings workers, a charity helps people on.
func TestWhoPaysJourneysAndNothingElseIsNoOrganisation(t *testing.T) {
	w := &town{t: t}
	w.pay("farm", "supplier", 5, 900, "SUPP")
	w.pay("client", "farm", 6, 900, "SUPP")
	for k := range int64(20) {
		w.travel(fmt.Sprint("worker", k), 100+k/5, fmt.Sprint("B", k/5), "farm")
	}
	if list := w.networks(); len(list) != 0 {
		t.Errorf("%d networks: %v", len(list), members(&list[0]))
	}
}

func TestWhoIsPaidOnceInAWhileIsALeadAndNoMember(t *testing.T) {
	w := &town{t: t}
	w.gang("red")
	w.pay("red-boss", "cousin", 47, 700, "")
	w.pay("red-boss", "cousin", 133, 700, "")
	for m := range int64(5) {
		w.pay("employer", "cousin", 12+30*m, 900, "SALA")
	}
	list := w.networks()
	if len(list) != 1 {
		t.Fatalf("%d networks", len(list))
	}
	if slices.Contains(members(&list[0]), "cousin") || len(list[0].Leads) != 1 || list[0].Leads[0].ID != "cousin" || len(list[0].Leads[0].Because) == 0 {
		t.Errorf("members %v, leads %+v", members(&list[0]), list[0].Leads)
	}
}

func TestThoseWhoOnlyPassMoneyOnAreNoOrganisation(t *testing.T) {
	w := &town{t: t}
	for m := range int64(4) {
		w.pay("a", "b", 10+20*m, 900, "")
		w.pay("b", "c", 11+20*m, 880, "")
		w.pay("c", "a", 12+20*m, 860, "")
	}
	w.finding("cycle", "a", false)
	w.finding("cycle", "b", false)
	if list := w.networks(); len(list) != 0 {
		t.Errorf("%v is taken for an organisation that trades in people", members(&list[0]))
	}
}

// Who goes to somebody's season again shows nothing of those whom they trade with at home.
func TestAWorkerOfTwoSeasonsMakesNoStage(t *testing.T) {
	w := &town{t: t}
	w.pay("client", "farm", 6, 900, "SUPP")
	for m := range int64(6) {
		w.pay("customer", "shop", 9+10*m, 950, "")
		w.pay("shop", "worker0", 10+10*m, 900, "")
	}
	for season := range int64(2) {
		for k := range 12 {
			who, booking := fmt.Sprint("worker", k), fmt.Sprint("S", season, k)
			w.travel(who, 20+60*season, booking, "farm")
			w.travel(who, 40+60*season, booking+"B", "farm")
			j := w.journeys[len(w.journeys)-1]
			j.From, j.To = j.To, j.From
		}
	}
	w.finding("fan_out", "shop", false)
	if list := w.networks(); len(list) != 0 {
		t.Errorf("%v, who trade with a worker of the farm, are taken for an organisation", members(&list[0]))
	}
}
