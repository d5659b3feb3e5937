package typology_test

import (
	"fmt"
	"testing"

	"tarir/money/ledger"
)

// lookAlikes resemble a pattern and are no crime; each says why it is none. About their subject there may be a lead, a
// place to look, but no finding.
var lookAlikes = []struct {
	name, why string
	subject   string
	tell      func(s *story)
}{
	{"payroll processor", "pays wages to many and gets nothing back", "processor", func(s *story) {
		for m := range 6 {
			for firm := range 4 {
				s.pay(24+m*30, 8, who("firm", firm), "processor", 20*150_000)
			}
			for i := range 80 {
				s.pay(25+m*30, 6, "processor", who("employee", i), 145_000+i*300, by(ledger.ChannelACH), purpose("SALA"))
			}
		}
	}},
	{"landlord", "the same tenants every month, and a house costs", "owner", func(s *story) {
		for m := range 8 {
			for i := range 9 {
				s.pay(m*30+1+i%3, 9, who("person", i), "owner", 90_000, purpose("RENT"))
			}
			s.pay(m*30+15, 9, "owner", "plumber", 60_000, purpose("invoice repair"))
			s.pay(m*30+20, 9, "owner", "tax office", 40_000, purpose("TAXS"))
		}
	}},
	{"utility", "everybody pays it every month", "waterworks", func(s *story) {
		for m := range 8 {
			for i := range 40 {
				s.pay(m*30+10+i%4, 4, who("person", i), "waterworks", 3_000+i*17, by(ledger.ChannelACH), purpose("invoice water"))
			}
			s.pay(m*30+26, 6, "waterworks", "engineer", 300_000, by(ledger.ChannelACH), purpose("SALA"))
		}
	}},
	{"card acquirer", "passes takings on to shops every day", "acquirer", func(s *story) {
		for d := range 120 {
			for i := range 3 {
				s.card(d, 13+float64(i), who("person", (d*3+i)%40), "acquirer", 5_000+d*7+i*311, "5999")
			}
			s.pay(d, 23, "acquirer", who("shop", d%3), 14_000+d*20, purpose("invoice takings"))
		}
		s.pay(60, 6, "acquirer", "clerk", 200_000, by(ledger.ChannelACH), purpose("SALA"))
	}},
	{"taxi firm", "small fares from strangers, day and night, with cars, fuel and drivers to pay", "taxi", func(s *story) {
		for d := range 90 {
			for i := range 3 {
				s.card(30+d, float64((d*7+i*9)%24), who("person", (d*5+i)%40), "taxi", 1_200+d*13+i*170, "4121")
			}
			if d%5 == 0 {
				s.card(30+d, 12, "taxi", "station", 9_000+d*11, "5541", place("Lyon"))
			}
			if d%30 == 0 {
				s.pay(30+d, 6, "taxi", "driver", 180_000, by(ledger.ChannelACH), purpose("SALA"))
			}
		}
	}},
	{"school", "fees of a term on the same days, from the same parents", "school", func(s *story) {
		for term := range 3 {
			for i := range 12 {
				s.pay(term*80+i%5, 9, who("person", i), "school", 120_000, purpose("invoice school"))
			}
			s.pay(term*80+26, 6, "school", "teacher", 300_000, by(ledger.ChannelACH), purpose("SALA"))
		}
	}},
	{"place of worship", "small round gifts of the same people every week", "parish", func(s *story) {
		for week := range 30 {
			for i := range 8 {
				s.pay(week*7, 10, who("person", i+(week%3)*8), "parish", 1_000)
			}
			if week%4 == 0 {
				s.pay(week*7+3, 9, "parish", "caretaker", 40_000, by(ledger.ChannelACH), purpose("SALA"))
			}
		}
	}},
	{"savings circle", "the same people month after month, and everybody gets back what they paid", "keeper", func(s *story) {
		for m := range 6 {
			for i := range 6 {
				s.pay(30+m*30+i%3, 9, who("person", i), "keeper", 20_000)
			}
			s.pay(34+m*30, 9, "keeper", who("person", m), 120_000)
		}
	}},
	{"diaspora remittance", "three siblings pay one relative every month", "mother", func(s *story) {
		for m := range 8 {
			for i := range 3 {
				s.pay(27+m*30, 18+float64(i), who("person", i), "mother", 15_000+m*100+i*1_700, by(ledger.ChannelMVTS), purpose("FAMI"))
			}
		}
	}},
	{"seasonal farm", "a legal deduction for housing, and the workers live on the rest", "farm", func(s *story) {
		for m := range 4 {
			for i := range 5 {
				s.pay(116+m*30, 6, "farm", who("picker", i), 180_000, by(ledger.ChannelACH), purpose("SALA"))
				s.pay(119+m*30, 9, who("picker", i), "farm", 30_000, purpose("RENT"))
				for k := range 4 {
					s.card(120+m*30+k*5, 12, who("picker", i), "shop00", 6_000+i*311+k*70, "5411", place("Lyon"))
				}
			}
		}
	}},
	{"au pair", "pocket money from one family, spent and partly sent home", "aupair", func(s *story) {
		for m := range 6 {
			s.pay(25+m*30, 9, "host", "aupair", 40_000)
			s.card(27+m*30, 15, "aupair", "shop01", 12_000+m*100, "5411", place("Lyon"))
			s.pay(28+m*30, 15, "aupair", "parents", 15_000, by(ledger.ChannelMVTS))
		}
	}},
	{"touring artist", "many cities and hotels in a month, with a contract behind it", "artist", func(s *story) {
		s.pay(90, 9, "agency", "artist", 600_000, purpose("SALA"))
		for i, city := range []string{"Lille", "Metz", "Nantes", "Nice", "Brest"} {
			s.card(95+i*5, 11, "artist", who("hotel", i), 11_000+i*900, "7011", place(city))
		}
	}},
	{"independent worker", "works for herself and keeps her money: no one passes it on", "worker", func(s *story) {
		for i := range 14 {
			s.pay(100+i*2, 15+float64(i%6), who("client", i), "worker", 15_000+(i%4)*4_000)
		}
		for k := range 6 {
			s.card(102+k*5, 12, "worker", "shop02", 5_000+k*311, "5411", place("Lyon"))
		}
		s.pay(105, 9, "worker", "landlord00", 90_000, purpose("RENT"))
		s.pay(125, 9, "worker", "tax office", 30_000, purpose("TAXS"))
	}},
	{"student flat", "three students share a telephone line and pay their rents", "student00", func(s *story) {
		for m := range 6 {
			for i := range 3 {
				s.pay(25+m*30, 9, who("parent", i), who("student", i), 60_000)
				s.pay(31+m*30, 9, who("student", i), "landlord01", 35_000, purpose("RENT"), device("flat"))
			}
		}
	}},
	{"hostel", "many short stays from everywhere, and a house costs", "hostel", func(s *story) {
		for d := range 60 {
			s.card(60+d, 17, who("guest", d), "hostel", 3_000+d*41, "7011", place("Lyon"))
			if d%20 == 0 {
				s.pay(60+d, 9, "hostel", "landlord02", 30_000, purpose("RENT"))
				s.pay(66+d, 6, "hostel", "cleaner", 50_000, by(ledger.ChannelACH), purpose("SALA"))
			}
		}
	}},
	{"charity for migrants", "strangers give after an appeal, and it is spent on food and rooms", "charity", func(s *story) {
		for i := range 12 {
			s.pay(100+i*2, 9, who("giver", i), "charity", 1_000+(i%5)*2_000, purpose("CHAR"))
		}
		for k := range 8 {
			s.card(110+k*3, 12, "charity", "shop00", 1_500+k*311, []string{"5411", "7011"}[k%2], place("Lyon"))
		}
	}},
	{"group travel", "friends pay one of them back for one journey", "friend", func(s *story) {
		s.card(100, 12, "friend", "airline", 250_000, "4511")
		s.card(104, 12, "friend", "hotel", 180_000, "7011", place("Nice"))
		for i := range 4 {
			s.pay(101+i, 20, who("person", 30+i), "friend", 86_000)
		}
	}},
	{"travel agency", "buys for many, is paid by many, and has staff and an office", "agency", func(s *story) {
		for m := range 8 {
			for i := range 6 {
				price := 40_000 + (m*6+i)*1_733
				s.card(m*30+i*4, 12, who("person", (m*6+i)%40), "agency", price, "4722")
				s.card(m*30+i*4+2, 12, "agency", "airline", price*88/100, "4511")
			}
			s.pay(m*30+26, 6, "agency", "agent", 250_000, by(ledger.ChannelACH), purpose("SALA"))
			s.pay(m*30+2, 9, "agency", "landlord03", 150_000, purpose("RENT"))
		}
	}},
	{"event organiser", "hundreds of tickets in a week, then halls, bands and taxes", "organiser", func(s *story) {
		for i := range 60 {
			s.card(100+i%7, 9+float64(i%12), who("visitor", i), "organiser", 4_500, "7922")
		}
		s.pay(112, 9, "organiser", "hall", 150_000, purpose("RENT"))
		s.pay(113, 9, "organiser", "band", 80_000, purpose("SALA"))
	}},
	{"care worker on nights", "spends at night, is paid by day", "carer", func(s *story) {
		for m := range 8 {
			s.pay(25+m*30, 6, "hospital", "carer", 190_000, by(ledger.ChannelACH), purpose("SALA"))
			for k := range 6 {
				s.card(m*30+k*4, 3, "carer", "station", 1_500+k*77+m*13, "5541", place("Lyon"))
			}
			s.pay(m*30+2, 9, "carer", "landlord04", 70_000, purpose("RENT"))
		}
	}},
	{"baker and club", "customers pay at night; wages, rent and goods are paid", "club", func(s *story) {
		for m := range 4 {
			for i := range 20 {
				s.card(60+m*30+i, 22.5, who("person", (m*20+i)%40), "club", 900+i*311, "5813", place("Lyon"))
			}
			s.pay(85+m*30, 6, "club", "barkeeper", 60_000, by(ledger.ChannelACH), purpose("SALA"))
			s.pay(62+m*30, 9, "club", "landlord00", 40_000, purpose("RENT"))
			s.pay(75+m*30, 9, "club", "brewery", 50_000, purpose("invoice beer"))
		}
	}},
	{"market trader", "round cash every week beside card takings, and goods are bought", "trader", func(s *story) {
		for week := range 12 {
			s.deposit(60+week*7, 10, "trader", 10_000*(3+week%6), "Lyon")
			for i := range 3 {
				s.card(61+week*7+i, 11, who("person", (week*3+i)%40), "trader", 1_000+week*97+i*311, "5499")
			}
			s.pay(63+week*7, 9, "trader", "wholesaler", 25_000+week*711, purpose("invoice fruit"))
		}
	}},
	{"gig platform", "pays many small sums to many every week", "platform", func(s *story) {
		for week := range 20 {
			for i := range 25 {
				s.pay(40+week*7, 5, "platform", who("rider", i), 8_000+(week*25+i)*37)
			}
			s.pay(38+week*7, 5, "restaurants", "platform", 260_000+week*999)
		}
	}},
	{"refugees with one mentor's telephone", "three newcomers bank on a helper's phone and live on what they get", "refugee00", func(s *story) {
		for m := range 4 {
			for i := range 3 {
				s.pay(115+m*30, 6, "town", who("refugee", i), 45_000, purpose("BENE"))
				s.card(118+m*30+i, 12, who("refugee", i), "shop00", 9_000+m*311+i*70, "5411", place("Lyon"), device("mentor"))
			}
		}
	}},
	{"parents and children", "pocket money of four children and one card for the family", "parent", func(s *story) {
		for m := range 8 {
			for i := range 4 {
				s.pay(m*30+1, 9, "parent", who("child", i), 3_000)
			}
			s.card(m*30+9, 12, "parent", "shop01", 22_000+m*100, "5411", place("Lyon"))
		}
	}},
}

func TestLookAlikesAreQuietOrWeak(t *testing.T) {
	for _, l := range lookAlikes {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			s := &story{t: t}
			s.ordinary()
			l.tell(s)
			r := s.find()
			for _, f := range r.Findings {
				if !f.Weak {
					t.Errorf("%s (%s) is named: %s", l.name, l.why, r.tell(f))
				}
			}
			leads := r.about("", l.subject)
			for _, f := range leads {
				t.Logf("lead: %s", r.tell(f))
			}
			if len(leads) > 2 {
				t.Errorf("%d leads about one %s", len(leads), l.name)
			}
		})
	}
}

func TestLookAlikesTogetherAreQuietOrWeak(t *testing.T) {
	s := &story{t: t}
	s.ordinary()
	for _, l := range lookAlikes {
		l.tell(s)
	}
	for i := range s.list {
		s.list[i].Ref = fmt.Sprint("r", i)
	}
	r := s.find()
	leads := 0
	for _, f := range r.Findings {
		if f.Weak {
			leads++
			continue
		}
		t.Errorf("named: %s", r.tell(f))
	}
	t.Logf("%d leads among %d payments of %d look-alikes", leads, len(s.list), len(lookAlikes))
}
