package typology_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"tarir/money/ledger"
	"tarir/money/rates"
	"tarir/money/typology"
)

// patterns: each is told with a size n at which it is just there, and with one less, at which it is not.
var patterns = []struct {
	typology  string
	subject   string
	indicator string
	enough    int
	code      string // the sentence that names it
	tell      func(s *story, n int)
}{
	{"fan_in", "mule", "M05", 5, "fan_in", func(s *story, n int) {
		for i := range n {
			s.pay(100+i, 10, who("payer", i), "mule", 400_000+i*1_111)
		}
	}},
	{"fan_in", "mule", "M03", 5, "small_wires", func(s *story, n int) {
		for i := range n {
			s.pay(100+i, 10, who("payer", i), "mule", 40_000+i*1_111)
		}
	}},
	{"fan_in", "mule", "M05", 5, "fan_in_slow", func(s *story, n int) {
		for i := range n {
			s.pay(20+i*40, 10, who("payer", i), "mule", 400_000+i*1_111)
		}
	}},
	{"fan_out", "boss", "M05", 5, "fan_out", func(s *story, n int) {
		for i := range n {
			s.pay(100+i, 10, "boss", who("payee", i), 40_000+i*1_111)
		}
	}},
	{"gather_scatter", "middle", "M05", 3, "gather_scatter", func(s *story, n int) {
		for i := range n {
			s.pay(100+i, 10, who("payer", i), "middle", 100_000)
			s.pay(104+i, 10, "middle", who("payee", i), 90_000)
		}
	}},
	{"scatter_gather", "boss", "M05", 3, "scatter_gather", func(s *story, n int) {
		for i := range n {
			s.pay(100, float64(9+i), "boss", who("between", i), 100_000+i*777)
			s.pay(102, float64(9+i), who("between", i), "end", 97_000+i*777)
		}
	}},
	{"cycle", "ring00", "M06", 1, "cycle", func(s *story, n int) {
		x := 900_000
		for i := range 7 {
			to := who("ring", i+1)
			if i == 6 && n == 1 {
				to = "ring00" // one less, and it does not close
			}
			s.pay(100+i, 10, who("ring", i), to, x)
			x = x * 95 / 100
		}
	}},
	{"cycle", "ring03", "M06", 1, "ring", func(s *story, n int) { // booked out of order, with sums that do not match
		for k, i := range []int{4, 0, 2, 5, 1, 3} {
			to := who("ring", (i+1)%6)
			if i == 3 && n == 0 {
				to = "elsewhere"
			}
			s.pay(100+k*3, 10, who("ring", i), to, 100_000+(i*7919%11)*50_000)
		}
	}},
	{"cycle", "ring03", "M06", 1, "equal_ring", func(s *story, n int) { // the same sum in two parts each, out of order over months
		for k, i := range []int{4, 0, 2, 1, 3} {
			to := who("ring", (i+1)%5)
			if i == 3 && n == 0 {
				to = "elsewhere"
			}
			for half := range 2 {
				s.pay(60+k*30, float64(9+half), who("ring", i), to, 123_457+k*100)
			}
		}
	}},
	{"stack", "middle00", "M07", 2, "layer", func(s *story, n int) {
		for i := range n {
			for k := range 2 {
				s.pay(100+i, float64(9+k), who("first", k), who("middle", i), 100_000+i*300+k*170)
				s.pay(104+i, float64(9+k), who("middle", i), who("last", k), 98_000+i*300+k*170)
			}
		}
	}},
	{"random_walk", "walker01", "M07", 4, "random_walk", func(s *story, n int) {
		x := 500_000
		for i := range n {
			s.pay(100+i, 10, who("walker", i), who("walker", i+1), x)
			x = x * 96 / 100
		}
	}},
	{"pass_through", "mule", "M04", 3, "pass_through", func(s *story, n int) {
		for i := range n {
			s.pay(100+i*5, 10, who("payer", i), "mule", 150_000+i*900)
			s.pay(100+i*5, 16, "mule", "boss", 145_000+i*900)
		}
	}},
	{"pass_through", "mule", "S07", 10, "hand_over", func(s *story, n int) {
		for i := range n {
			s.pay(60+i*5, 10, who("payer", i), "mule", 150_000+i*900)
			s.pay(60+i*5, 16, "mule", "boss", 145_000+i*900)
		}
	}},
	{"structuring", "mule", "M01", 3, "structuring", func(s *story, n int) {
		for i := range n {
			s.deposit(100+i*2, 10, "mule", 900_000+i*11_000, "Lyon")
		}
	}},
	{"funnel", "mule", "M02", 3, "funnel", func(s *story, n int) {
		for i := range n {
			s.deposit(100+i, 10, "mule", 200_000, []string{"Lille", "Metz", "Nantes"}[i])
			s.draw(100+i, 16, "mule", 190_000, "Calais")
		}
	}},
	{"funnel", "mule", "T12", 3, "branches", func(s *story, n int) {
		for i := range 3 {
			s.deposit(100, float64(10+i), "mule", 200_000, []string{"Lille", "Metz", "Nantes"}[min(i, n-1)])
			s.draw(100, float64(15+i), "mule", 190_000, "Calais")
		}
	}},
	{"funnel", "mule", "M20", 3, "distant", func(s *story, n int) {
		s.card(90, 12, "mule", "shop00", 5_000, "5411", place("Calais"))
		for i := range n {
			s.deposit(100+i*9, 10, "mule", 200_000, []string{"Lille", "Metz", "Nantes"}[i])
		}
	}},
	{"funnel", "collector", "T11", 3, "cities", func(s *story, n int) {
		for i := range 3 {
			s.pay(100+i, 10, who("payer", i), "collector", 200_000+i*777, place([]string{"Lille", "Metz", "Nantes"}[min(i, n-1)]))
		}
	}},
	{"rapid_cash_out", "mule", "M04", 3, "rapid_cash_out", func(s *story, n int) {
		for i := range n {
			s.pay(100+i*6, 10, who("payer", i), "mule", 200_000)
			s.draw(100+i*6, 20, "mule", 180_000, "Calais")
		}
	}},
	{"rapid_cash_out", "mule", "M15", 3, "cash_in_wires_out", func(s *story, n int) {
		for i := range n {
			s.deposit(100+i*6, 10, "mule", 200_000, "Lyon")
			s.pay(101+i*6, 10, "mule", who("payee", i), 180_000)
		}
	}},
	{"payroll_skimming", "boss", "L01", 3, "payroll_skimming", func(s *story, n int) {
		for i := range n {
			for m := range 3 {
				s.pay(85+m*30, 6, "farm", who("worker", i), 140_000+i*100, purpose("SALA"))
				s.pay(85+m*30, 15, who("worker", i), "boss", 120_000+i*100)
			}
		}
	}},
	{"payroll_skimming", "boss", "L04", 3, "no_living_costs", func(s *story, n int) {
		for i := range 3 {
			for m := range 3 {
				s.pay(85+m*30, 6, "farm", who("worker", i), 140_000+i*100, purpose("SALA"))
				s.pay(85+m*30, 15, who("worker", i), "boss", 120_000+i*100)
				if i >= n {
					s.card(90+m*30, 15, who("worker", i), "shop00", 20_000, "5411")
				}
			}
		}
	}},
	{"payroll_skimming", "farm", "L05", 3, "wages_back", func(s *story, n int) {
		for i := range n {
			for m := range 3 {
				s.pay(85+m*30, 6, "farm", who("worker", i), 140_000+i*100, purpose("SALA"))
				s.pay(86+m*30, 6, who("worker", i), "farm", 70_000+i*100)
			}
		}
	}},
	{"payroll_skimming", "boss", "L02", 3, "several_wages", func(s *story, n int) {
		for i := range n {
			for m := range 3 {
				s.pay(85+m*30, 6, who("firm", i), "boss", 140_000+i*100, purpose("SALA"))
			}
		}
	}},
	{"debt_bondage", "recruiter", "R07", 3, "instalments", func(s *story, n int) {
		for i := range n {
			for m := range 4 {
				s.pay(108+m*30, 6, "factory", who("debtor", i), 90_000+i*311, by(ledger.ChannelACH), purpose("SALA"))
				s.pay(110+m*30+i%2, float64(9+i), who("debtor", i), "recruiter", 25_000+m*1_000+i)
			}
		}
	}},
	{"debt_bondage", "recruiter", "R03", 5, "newcomers", func(s *story, n int) {
		for i := range n {
			for m := range 2 {
				s.pay(148+i*9+m*30, 6, "factory", who("newcomer", i), 90_000+i*311, by(ledger.ChannelACH), purpose("SALA"))
			}
			s.pay(150+i*9, 10, who("newcomer", i), "recruiter", 50_000+i*3_000)
		}
	}},
	{"smuggling_fees", "collector", "T08", 5, "smuggling_fees", func(s *story, n int) {
		for i := range n {
			s.pay(100+i*5, 10, who("payer", i), "collector", 600_000+i*9_000, by(ledger.ChannelMVTS))
		}
	}},
	{"smuggling_fees", "collector", "M08", 11, "settlement", func(s *story, n int) {
		for i := range 11 {
			s.pay(100+i*2, 10, who("payer", i), "collector", 600_000+i*900, by(ledger.ChannelMVTS))
		}
		s.pay(124, 10, "collector", "banker", 6_000_000)
		if n < 11 {
			s.pay(125, 10, "collector", "other", 100_000)
		}
	}},
	{"night_merchant", "house", "S06", 10, "night_income", func(s *story, n int) {
		for i := range n {
			s.pay(100+i*2, 23, who("client", i), "house", 10_000)
		}
	}},
	{"night_merchant", "house", "S11", 15, "service_price", func(s *story, n int) {
		for i := range n {
			s.pay(100+i, 14, who("client", i), "house", 25_000+i*100, currency("AUD"))
		}
	}},
	{"night_merchant", "bar", "S13", 5, "venue_at_night", func(s *story, n int) {
		for i := range n {
			s.card(100+i*4, 3, who("guest", i), "bar", 3_000+i*170, "7297")
		}
	}},
	{"travel_bundle", "driver", "S08", 4, "travel_bundle", func(s *story, n int) {
		for i, mcc := range []string{"7011", "4121", "4814", "5912"}[:n] {
			s.card(100+i*5, 12, "driver", "shop00", 9_000+i*500, mcc)
		}
	}},
	{"travel_bundle", "driver", "S12", 4, "lodging_cities", func(s *story, n int) {
		for i, city := range []string{"Lille", "Metz", "Nantes", "Nice"}[:n] {
			s.card(100+i*5, 12, "driver", "hotel", 9_000+i*500, "7011", place(city))
		}
	}},
	{"shared_device", "user00", "F01", 3, "shared_device", func(s *story, n int) {
		for i := range n {
			s.pay(100+i*3, 10, who("user", i), "boss", 40_000, device("one"))
		}
	}},
	{"shared_device", "user00", "L06", 2, "one_machine", func(s *story, n int) {
		for k := range n {
			for i := range 3 {
				s.card(100+k*3, 10+float64(i)/20, who("user", i), "cash machine", 40_000, "6011", device("one"))
			}
		}
	}},
	{"dormant_woken", "sleeper", "M10", 1, "dormant_woken", func(s *story, n int) {
		s.pay(2, 10, who("person", 1), "sleeper", 5_000)
		s.pay(2+189*n+10*(1-n), 10, "payer", "sleeper", 500_000)
		s.pay(4+189*n+10*(1-n), 10, "sleeper", "payee", 450_000)
	}},
	{"round_amounts", "front", "M09", 3, "round_amounts", func(s *story, n int) {
		for week := range n {
			for i := range 3 {
				s.deposit(100+week*7+i, 10, "front", 100_000*(1+i), "Lyon")
			}
		}
	}},
	{"crypto_off_ramp", "mule", "M11", 3, "crypto_off_ramp", func(s *story, n int) {
		for i := range n {
			s.pay(100+i*3, 10, who("payer", i), "mule", 150_000)
			s.pay(101+i*3, 10, "mule", "exchange", 140_000, by(ledger.ChannelCrypto))
		}
	}},
	{"front_company", "front", "S09", 10, "front_company", func(s *story, n int) {
		for m := range 4 {
			for i := range n {
				s.card(60+m*30+i, 14, who("client", i), "front", 12_000+i*311, "7230")
			}
			s.pay(88+m*30, 12, "front", "owner", 100_000)
		}
	}},
	{"front_company", "shell", "M17", 10, "veiled", func(s *story, n int) {
		for i := range n {
			s.pay(100+i*2, 10, "", "shell", 30_000+i*700)
		}
	}},
	{"advert_spending", "advertiser", "S05", 8, "adverts", func(s *story, n int) {
		for i := range n {
			s.card(100+i*3, 22, "advertiser", "site", 1_200, "7311")
		}
	}},
	{"advert_spending", "advertiser", "S15", 6, "classified", func(s *story, n int) {
		for i := range n {
			s.card(100+i*3, 22, "advertiser", "site", 1_234, "7311")
		}
	}},
	{"stack", "middle00", "M07", 2, "stack", func(s *story, n int) {
		// Three levels: what comes in from two goes to two, who do the same in turn.
		for k := range 2 {
			s.pay(100, float64(9+k), who("source", k), "middle00", 100_000+k*700)
		}
		for i := range n {
			s.pay(103, float64(9+i), "middle00", who("second", i), 190_000/n+i*900)
			s.pay(104, float64(9+i), who("beside", i), who("second", i), 90_000+i*1_300)
			for k := range 2 {
				s.pay(106, float64(9+i*2+k), who("second", i), who("third", i*2+k), 90_000+k*1_100)
			}
		}
	}},
	{"smuggling_fees", "collector", "T15", 3, "ransom", func(s *story, n int) {
		for i := range n {
			s.pay(100+i*2, 10, who("relative", i), "collector", 7_000_000+i*90_000)
		}
	}},
	{"travel_bundle", "agent", "R05", 4, "documents", func(s *story, n int) {
		for i := range n {
			s.card(100+i*3, 12, "agent", "consulate", 8_000+i*500, "9399")
		}
	}},
	{"travel_bundle", "driver", "T04", 3, "night_stops", func(s *story, n int) {
		for i, city := range []string{"Lille", "Metz", "Nantes"}[:n] {
			s.card(100, 22.5+float64(i)*2, "driver", "station", 6_000+i*500, "5541", place(city))
		}
	}},
	{"travel_bundle", "buyer", "T05", 1, "craft", func(s *story, n int) {
		for m := range 6 {
			s.card(10+m*30, 12, "buyer", "shop00", 20_000, "5411")
		}
		s.card(120, 12, "buyer", "yard", 30_000+200_000*n, "5551")
	}},
	{"travel_bundle", "compound", "F03", 3, "supplies", func(s *story, n int) {
		for i, mcc := range []string{"5411", "4814", "5712"}[:n] {
			s.card(100+i*5, 12, "compound", "shop00", 90_000+i*500, mcc)
		}
	}},
	{"travel_bundle", "broker", "O04", 3, "laboratory", func(s *story, n int) {
		for i := range n {
			s.card(100+i*20, 12, "broker", "laboratory", 40_000+i*500, "8071")
		}
	}},
	{"shared_device", "user00", "L10", 3, "device_wages", func(s *story, n int) {
		for i := range 3 {
			if i < n {
				s.pay(95, 6, "farm", who("user", i), 140_000+i*100, purpose("SALA"))
			}
			s.pay(100+i*3, 10, who("user", i), "boss", 40_000, device("one"))
		}
	}},
	{"round_amounts", "front", "F05", 20, "daily_deposits", func(s *story, n int) {
		for i := range n {
			s.deposit(100+i, 10, "front", 4_130+i*10, "Lyon")
		}
	}},
	{"front_company", "front", "L09", 2, "cash_pay_day", func(s *story, n int) {
		for m := range 4 {
			for i := range 10 {
				s.card(60+m*30+i, 14, who("client", i), "front", 12_000+i*311, "7230")
			}
			if m < n {
				s.draw(88+m*30, 12, "front", 90_000, "Lyon")
			}
		}
	}},
	{"advert_spending", "advertiser", "M12", 5, "prepaid_cards", func(s *story, n int) {
		for i := range n {
			s.card(100+i, 22, "advertiser", "kiosk", 5_000, "6540")
		}
	}},
	{"organ_broker", "broker", "O02", 1, "organ_broker", func(s *story, n int) {
		s.pay(100, 10, "patient", "broker", 5_000_000)
		s.pay(105, 10, "broker", "donor side", 300_000*n+3_000_000*(1-n))
	}},
}

func TestPatternIsFoundWhenThereIsEnoughOfIt(t *testing.T) {
	for _, p := range patterns {
		t.Run(p.typology+"/"+p.code, func(t *testing.T) {
			t.Parallel()
			s := &story{t: t}
			s.ordinary()
			p.tell(s, p.enough)
			r := s.find()
			for _, f := range r.about(p.typology, p.subject) {
				named := slices.ContainsFunc(f.Reasons, func(r typology.Reason) bool { return r.Code == p.code })
				if slices.Contains(f.Indicators, p.indicator) && named {
					check(t, f)
					return
				}
			}
			t.Errorf("no %s of %s about %s; found:", p.typology, p.indicator, p.subject)
			for _, f := range r.Findings {
				t.Log(r.tell(f))
			}
		})
	}
}

// check holds what every finding promises.
func check(t *testing.T, f typology.Finding) {
	t.Helper()
	if f.Score <= 0 || f.Score > 1 || f.Weak && f.Score > 0.4 {
		t.Errorf("score %v, weak %v", f.Score, f.Weak)
	}
	if len(f.Payments) == 0 || !slices.IsSorted(f.Payments) || f.First > f.Last {
		t.Errorf("payments %v from %d to %d", f.Payments, f.First, f.Last)
	}
	for _, r := range f.Reasons {
		if r.Text == "" || strings.ContainsAny(r.Text, "{}") {
			t.Errorf("reason %s has a gap: %q", r.Code, r.Text)
		}
		for name := range r.Params {
			if name == "" {
				t.Errorf("reason %s has a number without a name", r.Code)
			}
		}
	}
}

func TestPatternIsNotFoundWhenOneIsMissing(t *testing.T) {
	for _, p := range patterns {
		t.Run(p.typology+"/"+p.code, func(t *testing.T) {
			t.Parallel()
			s := &story{t: t}
			s.ordinary()
			p.tell(s, p.enough-1)
			r := s.find()
			for _, f := range r.about(p.typology, p.subject) {
				if slices.ContainsFunc(f.Reasons, func(r typology.Reason) bool { return r.Code == p.code }) {
					t.Errorf("found with one less than it takes: %s", r.tell(f))
				}
			}
		})
	}
}

func TestOrdinaryLifeIsQuiet(t *testing.T) {
	s := &story{t: t}
	s.ordinary()
	r := s.find()
	for _, f := range r.Findings {
		t.Errorf("in an ordinary life: %s", r.tell(f))
	}
}

// Who has a wage and passes on more than that passes on something else: mules with a job are not workers whose wages are taken.
func TestWhoPassesOnMoreThanTheWageIsNotSkimmed(t *testing.T) {
	for _, c := range []struct {
		passed int
		found  bool
	}{{130_000, true}, {290_000, false}} {
		s := &story{t: t}
		s.ordinary()
		for i := range 4 {
			for m := range 3 {
				s.pay(84+m*30, 20, "collector", who("worker", i), 300_000)
				s.pay(85+m*30, 6, "farm", who("worker", i), 140_000+i*100, purpose("SALA"))
				s.pay(85+m*30, 15, who("worker", i), "boss", c.passed+i*100)
			}
		}
		if got := len(s.find().about("payroll_skimming", "boss")) > 0; got != c.found {
			t.Errorf("of a wage of 140,000 %d are passed on: found %v, want %v", c.passed, got, c.found)
		}
	}
}

func TestFindingsDoNotDependOnTheOrderOfTheLedger(t *testing.T) {
	tale := func() *story {
		s := &story{t: t}
		s.ordinary()
		for _, p := range patterns {
			p.tell(s, p.enough)
		}
		for i := range s.list {
			// References tell the payments apart whatever their row, and no two are of one second, of which the
			// ledger's order would decide.
			s.list[i].Ref, s.list[i].At = fmt.Sprint("r", i), s.list[i].At+int64(i)*1000
		}
		return s
	}
	a, b := tale(), tale()
	b.shuffled = true
	one, two := a.find(), b.find()
	strip := func(r told) (out []string) {
		for _, f := range r.Findings {
			out = append(out, r.tell(f))
		}
		slices.Sort(out)
		return out
	}
	if x, y := strip(one), strip(two); !slices.Equal(x, y) {
		t.Errorf("%d and %d findings:\n%s\n\n%s", len(x), len(y), strings.Join(x, "\n"), strings.Join(y, "\n"))
	}
}

func TestRunTwiceGivesTheSame(t *testing.T) {
	s := &story{t: t}
	s.ordinary()
	for _, p := range patterns {
		p.tell(s, p.enough)
	}
	for i := range s.list {
		s.list[i].Ref = fmt.Sprint("r", i)
	}
	if a, b := s.find(), s.find(); !reflect.DeepEqual(a.Result, b.Result) {
		t.Error("two runs over one ledger differ")
	}
}

func TestWhatTheInputLacksIsSaidOnce(t *testing.T) {
	s := &story{t: t}
	for i := range 30 {
		s.pay(i, 0, who("a", i), "b", 100, func(p *ledger.Payment) { p.DateOnly = true })
	}
	notes := s.find().NotAssessable
	for _, want := range []string{"funnel", "shared_device", "travel_bundle", "night_merchant", "structuring", "crypto_off_ramp", "payroll_skimming"} {
		n := 0
		for _, note := range notes {
			if strings.HasPrefix(note, want+" is not assessable") {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%s is said %d times to be not assessable: %v", want, n, notes)
		}
	}
}

func TestOtherCurrenciesCompareOnlyByARate(t *testing.T) {
	tale := func(table *rates.Table) told {
		s := &story{t: t, rates: table}
		s.ordinary()
		for i := range 4 { // in zloty, out euro, nearly the same by the rate of the day
			s.pay(100+i*5, 10, who("payer", i), "mule", 400_000, currency("PLN"))
			s.pay(100+i*5, 16, "mule", "boss", 97_000, currency("EUR"))
		}
		for i := range 3 { // just below 10,000 dollars, in zloty
			s.pay(100+i*2, 10, "", "depositor", 3_400_000+i*1_000, currency("PLN"), by(ledger.ChannelCashDeposit))
		}
		return s.find()
	}
	without := tale(nil)
	if f := without.about("pass_through", "mule"); f != nil {
		t.Errorf("zloty and euro were compared without a rate: %s", without.tell(f[0]))
	}
	note := slices.ContainsFunc(without.NotAssessable, func(n string) bool {
		return strings.Contains(n, "structuring: not comparable for amounts in PLN,")
	})
	if f := without.about("structuring", "depositor"); f != nil || !note {
		t.Errorf("structuring in zloty without a rate: %v, notes %v", f, without.NotAssessable)
	}
	var lines []string
	for d := range 31 {
		lines = append(lines, fmt.Sprintf("2024-04-%02d,1.10,4.00", 1+d))
	}
	table, err := rates.Read(strings.NewReader("Date,USD,PLN\n" + strings.Join(lines[:30], "\n")))
	if err != nil {
		t.Fatal(err)
	}
	with := tale(table)
	if with.about("pass_through", "mule") == nil {
		t.Error("zloty in and euro out at the day's rate are not seen to be the same money")
	}
	if with.about("structuring", "depositor") == nil {
		t.Error("9,350 dollars in zloty are not seen to be below 10,000 dollars")
	}
	for _, n := range with.NotAssessable {
		if strings.Contains(n, "not comparable") && !strings.HasPrefix(n, "night_merchant") { // a price in Australian dollars
			t.Errorf("with rates for all: %s", n)
		}
	}
}

// TestCashPaidInNearByIsNotFar: of three towns one is a drive to work away; where nobody knows that, it counts as another place.
func TestCashPaidInNearByIsNotFar(t *testing.T) {
	km := map[string]float64{"Lille": 93, "Metz": 340, "Nantes": 480}
	for _, c := range []struct {
		apart func(a, b string) (float64, bool)
		want  bool
	}{
		{nil, true},
		{func(string, string) (float64, bool) { return 0, false }, true},
		{func(a, _ string) (float64, bool) { return km[a], true }, false},
		{func(a, _ string) (float64, bool) { return km[a] + 8, true }, true},
	} {
		s := &story{t: t, apart: c.apart}
		s.card(90, 12, "mule", "shop00", 5_000, "5411", place("Calais"))
		for i, town := range []string{"Lille", "Metz", "Nantes"} {
			s.deposit(100+i*9, 10, "mule", 200_000, town)
		}
		found := false
		for _, f := range s.find().Findings {
			found = found || slices.Contains(f.Indicators, "M20")
		}
		if found != c.want {
			t.Errorf("far is %v, and should be %v", found, c.want)
		}
	}
}
