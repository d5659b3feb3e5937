package chart_test

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tarir/casework"
	"tarir/chart"
	"tarir/money/ledger"
	"tarir/money/trace"
)

type entry struct {
	kind casework.EntryKind
	body string
}

func picture(t testing.TB, list ...entry) *chart.Picture {
	t.Helper()
	p := chart.New()
	for i, e := range list {
		p.Add(e.kind, int64(i+1), fmt.Sprint(i), json.RawMessage(e.body))
	}
	p.Done()
	if p.Unread > 0 {
		t.Fatalf("%d entries could not be read", p.Unread)
	}
	return p
}

func payment(n int, from, to, amount string, day int) entry {
	at := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC).AddDate(0, 0, day)
	b, err := json.Marshal(casework.CasePayment{Payment: casework.Payment{Reference: fmt.Sprint("P", n), Time: at, Amount: amount, From: from, To: to}, Currency: "USD"})
	if err != nil {
		panic(err)
	}
	return entry{casework.PaymentEntry, string(b)}
}

// small is an organisation of two, an outsider who pays, a shared phone, a finding, a journey and adverts in two towns.
func small(t testing.TB) *chart.Picture {
	return picture(t,
		entry{casework.FindingEntry, `{"id":"network-1","score":0.9,"stages":{"money":1},"members":[{"entity":"ana","name":"Ana Ficticia","accounts":["BANK/1"],"confidence":0.8,"roles":[{"role":"collector","confidence":0.8}]},
			{"entity":"leo","name":"Leo Ficticio","accounts":["BANK/2"],"confidence":0.7,"roles":[{"role":"recruiter","confidence":0.7},{"role":"organiser","confidence":0.6}]}],"leads":[],"contacts":["+33612345678"],"victims":[{"minor":true},{"minor":false}]}`},
		entry{casework.FindingEntry, `{"id":"f-1","typology":"M01","score":0.7,"payments":["P2"],"explanation":[{"text":"Many pay one."}]}`},
		payment(1, "BANK/9", "BANK/1", "10.50", 0),
		payment(2, "BANK/9", "BANK/1", "100", 1),
		payment(3, "BANK/1", "BANK/2", "60.25", 2),
		payment(4, "BANK/2", "", "20", 3),
		entry{casework.EntityEntry, `{"id":"ana","schema":"Person","properties":{"name":["Ana Ficticia"],"phone":["+33612345678"]}}`},
		entry{casework.EntityEntry, `{"id":"mia","schema":"Person","properties":{"name":["Mia Ficticia"],"phone":["+33612345678"]}}`},
		entry{casework.EntityEntry, `{"id":"fam","schema":"Family","properties":{"person":["ana"],"relative":["leo"]}}`},
		entry{casework.VictimEntry, `{"pseudonym":"V-7KQ2-M4XP","status":"presumed","age_group":"12-17"}`},
		entry{casework.JourneyEntry, `{"id":"J1","person":"V-7KQ2-M4XP","from":"Lima, PE","to":"Santiago, CL","departure":"2026-01-05","mode":"bus"}`},
		entry{casework.AdvertEntry, `{"id":"A1","posted_at":"2026-01-06","city":"Santiago","country":"CL","phones":["+56972747801"]}`},
		entry{casework.AdvertEntry, `{"id":"A2","posted_at":"2026-01-20","city":"Lima","country":"PE","phones":["+56972747801"]}`},
	)
}

func TestWhoIsTiedToWhom(t *testing.T) {
	p := small(t)
	of := func(id string) *chart.Party {
		i, ok := p.Find(id)
		if !ok {
			t.Fatalf("no party %s", id)
		}
		return &p.Parties[i]
	}
	if x := of("ana"); x.Kind != chart.Person || x.Stage != "money" || !x.Member || !slices.Equal(x.Accounts, []string{"BANK/1"}) {
		t.Errorf("ana: %+v", x)
	}
	if x := of("leo"); x.Stage != "all" || x.Network != 0 {
		t.Errorf("leo: %+v", x)
	}
	if x := of("BANK/9"); x.Kind != chart.Account || x.Member || x.Stage != "" {
		t.Errorf("the payer: %+v", x)
	}
	if x := of("V-7KQ2-M4XP"); x.Kind != chart.Victim || !x.Minor || x.Member {
		t.Errorf("the victim: %+v", x)
	}
	if o := p.Organisations[0]; o.Victims != 2 || o.Minors != 1 || o.Members != 2 {
		t.Errorf("the organisation: %+v", o)
	}
	said := map[string]string{}
	for _, x := range p.Ties {
		s := fmt.Sprint(x.Kind, x.What)
		for _, m := range x.Sums {
			s += " " + m.String()
		}
		said[p.Parties[x.From].ID+">"+p.Parties[x.To].ID] += s
	}
	want := map[string]string{"BANK/9>ana": "paid 110.50 USD", "ana>leo": "paid 60.25 USDtoldFamily", "ana>+33612345678": "sharesphone", "mia>+33612345678": "sharesphone"}
	if !reflect.DeepEqual(said, want) {
		t.Errorf("ties: %v, want %v", said, want)
	}
	from, _ := p.Find("mia")
	to, _ := p.Find("BANK/9")
	if way := p.Path(from, to); len(way) != 3 {
		t.Errorf("the way from mia to the payer has %d ties, want 3", len(way))
	}
	victim, _ := p.Find("V-7KQ2-M4XP")
	if way := p.Path(from, victim); way != nil {
		t.Errorf("a way to whom nobody is tied: %v", way)
	}
}

func TestAStatementMarksWhatAFindingNames(t *testing.T) {
	p := small(t)
	ana, _ := p.Find("ana")
	rows := p.Statement(ana)
	if len(rows) != 3 || rows[0].Suspicious() || !rows[1].Suspicious() || rows[1].Because[0].Reasons[0].Text != "Many pay one." || rows[2].In {
		t.Fatalf("%+v", rows)
	}
	if got := rows[2].Balance[0].String(); got != "50.25 USD" {
		t.Errorf("balance %s, want 50.25 USD", got)
	}
}

func TestWhereMoneyWent(t *testing.T) {
	p := small(t)
	m, err := p.Money(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for policy, want := range map[trace.Policy]string{trace.Poison: "39.75 USD on BANK/1", trace.FIFO: "50.25 USD on BANK/1"} {
		got, err := m.Trace(t.Context(), chart.Question{Party: -1, Policy: policy}, trace.How.String, "unnamed")
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, r := range got.Rests {
			all = append(all, r.Money.String()+" on "+r.Account)
		}
		if !slices.Contains(all, want) {
			t.Errorf("%s: %v, want %s", policy, all, want)
		}
		if got.Seeds != 1 || got.Flow == nil || got.Totals[0].Started.String() != "100.00 USD" {
			t.Errorf("%s: %+v", policy, got)
		}
	}
}

func TestPlacesAndWays(t *testing.T) {
	m := small(t).Map()
	if len(m.Spots) != 2 || len(m.Ways) != 2 || m.Weeks != 3 {
		t.Fatalf("%+v", m)
	}
	for _, w := range m.Ways {
		want := map[string][2]string{"bus": {"Lima", "Santiago"}, chart.AdvertWay: {"Santiago", "Lima"}}[w.Kind]
		if w.FromName != want[0] || w.ToName != want[1] || w.Count != 1 {
			t.Errorf("%+v, want %v", w, want)
		}
	}
}

// TestTiesHoldAllPayments: what is paid between two stands in their tie, whatever the order of the entries; a way is a way.
func TestTiesHoldAllPayments(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		account := rapid.SampledFrom([]string{"B/1", "B/2", "B/3", "C/4", "C/5", ""})
		list := []entry{{casework.FindingEntry, `{"id":"network-1","members":[{"entity":"x","name":"X","accounts":["B/1","C/4"],"roles":[{"role":"collector"}]}]}`}}
		between := map[[2]string]int64{}
		holder := func(a string) string {
			if a == "B/1" || a == "C/4" {
				return "x"
			}
			return a
		}
		for i := range rapid.IntRange(0, 40).Draw(t, "payments") {
			from, to, cents := account.Draw(t, "from"), account.Draw(t, "to"), rapid.Int64Range(1, 100_000).Draw(t, "cents")
			if from == "" && to == "" {
				continue
			}
			list = append(list, payment(i, from, to, ledger.Money{Units: cents, Scale: 2}.Decimal(), rapid.IntRange(0, 50).Draw(t, "day")))
			if a, b := holder(from), holder(to); a != "" && b != "" && a != b {
				between[[2]string{a, b}] += cents
			}
		}
		build := func(order []entry) *chart.Picture {
			p := chart.New()
			for i, e := range list {
				k := slices.Index(order, e)
				p.Add(order[i].kind, int64(k), "", json.RawMessage(order[i].body))
			}
			p.Done()
			return p
		}
		p := build(list)
		for i := range p.Ties {
			x := &p.Ties[i]
			k := [2]string{p.Parties[x.From].ID, p.Parties[x.To].ID}
			units, exact := x.Sums[0].Rescale(2)
			if !exact || units != between[k] {
				t.Fatalf("%v: %v, want %d", k, x.Sums, between[k])
			}
			delete(between, k)
		}
		if len(between) > 0 {
			t.Fatalf("no ties for %v", between)
		}
		for i := range p.Parties {
			if x := &p.Parties[i]; math.IsNaN(x.X) || math.IsInf(x.Y, 0) {
				t.Fatalf("%s has no place", x.ID)
			}
			for j := range p.Parties {
				at := int32(i)
				for _, n := range p.Path(int32(i), int32(j)) {
					switch x := p.Ties[n]; at {
					case x.From:
						at = x.To
					case x.To:
						at = x.From
					default:
						t.Fatalf("the way from %d to %d breaks at %d", i, j, at)
					}
				}
				if way := p.Path(int32(i), int32(j)); way != nil && at != int32(j) {
					t.Fatalf("the way from %d to %d ends at %d", i, j, at)
				}
			}
		}
		if first := p.First(3); len(first) > 3 || !slices.IsSorted(first) {
			t.Fatalf("first: %v", first)
		}
	})
}

func FuzzAdd(f *testing.F) {
	f.Add(0, []byte(`{"id":"network-1","members":[{"entity":"a"}],"contacts":["x"]}`))
	f.Add(2, []byte(`{"reference":"1","time":"2026-01-01T00:00:00Z","amount":"1.5","currency":"USD","to":"A/1"}`))
	f.Fuzz(func(_ *testing.T, kind int, body []byte) {
		p := chart.New()
		new(chart.Records).Add(chart.Kinds[(kind%len(chart.Kinds)+len(chart.Kinds))%len(chart.Kinds)], body)
		p.Add(chart.Kinds[(kind%len(chart.Kinds)+len(chart.Kinds))%len(chart.Kinds)], 1, "x", body)
		p.Done()
		p.Map()
		p.First(10)
	})
}

func BenchmarkPicture(b *testing.B) {
	const parties, payments = 10_000, 200_000
	list := make([]entry, 0, payments)
	for i := range payments {
		list = append(list, payment(i, fmt.Sprint("B/", i*7919%parties), fmt.Sprint("B/", i*104729%parties), "10.00", i%300))
	}
	for b.Loop() {
		p := picture(b, list...)
		if len(p.Parties) < parties/2 {
			b.Fatal(len(p.Parties))
		}
	}
}

func BenchmarkEntities(b *testing.B) {
	list := make([]entry, 20_000)
	for i := range list {
		list[i] = entry{casework.EntityEntry, fmt.Sprintf(`{"id":"p%d","schema":"Person","properties":{"name":["Person %d Ficticia"],"phone":["+336%08d"]}}`, i, i, i)}
	}
	for b.Loop() {
		picture(b, list...)
	}
}
