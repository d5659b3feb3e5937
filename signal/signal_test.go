package signal

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"tarir/entity"
	"tarir/holding"
	"tarir/journey"
	"tarir/money/flow/flowtest"
	"tarir/money/ledger"
	"tarir/money/typology"
	"tarir/online"
)

const day = int64(86_400_000)

// scene is a small set of payments, people, adverts and journeys.
type scene struct {
	t        *testing.T
	payments []ledger.Payment
	entities []*entity.Entity
	adverts  []*online.Advert
	journeys []*journey.Journey
}

func account(name string) ledger.Account { return ledger.Account{Institution: "B", Number: name} }

// person adds somebody with an account of the same name and a family name of their own; more are pairs of property and value.
func (s *scene) person(id string, more ...string) {
	e := &entity.Entity{ID: id, Schema: "Person", Properties: map[string][]string{}}
	e.Add("name", "Given "+id).Add("firstName", "Given").Add("lastName", id)
	opened := ""
	for i := 0; i+1 < len(more); i += 2 {
		if more[i] == "openingDate" {
			opened = more[i+1]
			continue
		}
		e.Add(more[i], more[i+1])
	}
	s.entities = append(s.entities, e)
	s.holds(id, opened)
}

func (s *scene) holds(id, opened string) {
	a := (&entity.Entity{ID: "acc-" + id, Schema: "BankAccount", Properties: map[string][]string{}}).Add("bankName", "B").Add("accountNumber", id).Add("openingDate", opened)
	o := (&entity.Entity{ID: "own-" + id, Schema: "Ownership", Properties: map[string][]string{}}).Add("owner", id).Add("asset", a.ID)
	s.entities = append(s.entities, a, o)
}

func (s *scene) company(id string, more ...string) {
	e := (&entity.Entity{ID: id, Schema: "Company", Properties: map[string][]string{}}).Add("name", "Firm "+id)
	for i := 0; i+1 < len(more); i += 2 {
		e.Add(more[i], more[i+1])
	}
	s.entities = append(s.entities, e)
	s.holds(id, "")
}

func (s *scene) thing(id, schema string, more ...string) {
	e := &entity.Entity{ID: id, Schema: schema, Properties: map[string][]string{}}
	for i := 0; i+1 < len(more); i += 2 {
		e.Add(more[i], more[i+1])
	}
	s.entities = append(s.entities, e)
}

// pay adds a payment on a day, of so many dollars.
func (s *scene) pay(from, to string, on float64, dollars int64, change ...func(*ledger.Payment)) {
	p := ledger.Payment{
		Ref: fmt.Sprint("P", len(s.payments)), Status: ledger.Booked, At: int64(on * float64(day)), From: account(from), To: account(to), Paid: ledger.Money{Units: dollars * 100, Scale: 2, Currency: "USD"}, Channel: ledger.ChannelTransfer,
		File: "f", Line: int64(len(s.payments) + 1),
	}
	for _, c := range change {
		c(&p)
	}
	s.payments = append(s.payments, p)
}

func purpose(code string) func(*ledger.Payment) { return func(p *ledger.Payment) { p.Purpose = code } }

func card(mcc string) func(*ledger.Payment) {
	return func(p *ledger.Payment) { p.Channel, p.MCC, p.Place = ledger.ChannelCard, mcc, "town" }
}

func (s *scene) travel(who, from, to string, on float64, change ...func(*journey.Journey)) {
	j := &journey.Journey{ID: fmt.Sprintf("J%03d", len(s.journeys)), Person: who, GivenName: "Given", FamilyName: who, From: from, To: to, Departure: journey.Time{At: int64(on * float64(day))}, Arrival: journey.Time{At: int64(on*float64(day)) + day/4}}
	for _, c := range change {
		c(j)
	}
	s.journeys = append(s.journeys, j)
}

func paidBy(who string) func(*journey.Journey) {
	return func(j *journey.Journey) { j.Payer = account(who).String() }
}

func (s *scene) advert(phone, title, text string, on float64, change ...func(*online.Advert)) {
	a := &online.Advert{ID: fmt.Sprintf("A%03d", len(s.adverts)), At: int64(on * float64(day)), Title: title, Text: text, City: "Lima", Country: "PE", Phones: []string{phone}}
	for _, c := range change {
		c(a)
	}
	s.adverts = append(s.adverts, a)
}

// scan runs all signals over the scene.
func (s *scene) scan() []typology.Hit {
	s.t.Helper()
	ctx := context.Background()
	s.pay("bystander", "shop", 1, 5)
	s.pay("bystander", "shop", 200, 5)
	g := flowtest.Graph(s.t, s.payments)
	in := Input{Graph: g, Held: holding.New(g, entity.Resolve(s.entities, nil)), Pack: typology.Default(), Adverts: online.Sort(s.adverts), Journeys: journey.Sort(s.journeys)}
	var err error
	if in.Families, err = online.Families(ctx, in.Adverts, nil); err != nil {
		s.t.Fatal(err)
	}
	contacts, err := online.Contacts(ctx, in.Adverts, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	in.Posters = online.Posters(in.Adverts, contacts, in.Families)
	in.Groups = journey.Groups(in.Journeys)
	in.Travellers = journey.Number(in.Journeys)
	in.Escorts = journey.Escorts(in.Journeys, in.Travellers, in.Groups, journey.Default())
	in.Payers = journey.Payers(in.Journeys, in.Travellers, journey.Default())
	hits, _, err := Scan(ctx, in)
	if err != nil {
		s.t.Fatal(err)
	}
	return hits
}

// indicators of a typology that hits meet, each once.
func indicators(hits []typology.Hit, name string) []string {
	met := map[string]bool{}
	for _, h := range hits {
		if h.Typology == name {
			for _, id := range h.Indicators {
				met[id] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(met))
}

// TestASignalIsSeenWhenThereIsEnoughOfIt makes a scene of each indicator with as much of it as its rule asks for, and one with one
// less.
func TestASignalIsSeenWhenThereIsEnoughOfIt(t *testing.T) {
	const phone = "+51987654321"
	bait := "Trabajo en el extranjero como camarera, lo descontamos del sueldo, llama ya"
	for _, c := range []struct {
		typology, indicator string
		enough              int
		set                 func(s *scene, n int)
	}{
		{"recruiting_posts", "R01", 3, func(s *scene, n int) {
			for i := range n {
				s.advert(phone, "Empleo", bait, float64(100+i))
			}
		}},
		{"recruiting_posts", "R02", 3, func(s *scene, n int) {
			for i := range 4 {
				s.advert(phone, "Empleo", bait, float64(100+i), func(a *online.Advert) { a.Country = []string{"PE", "CO", "EC", "CL"}[i%n] })
			}
		}},
		{"recruiting_posts", "R09", 5, func(s *scene, n int) {
			s.company("known")
			for i := range 6 {
				s.advert(phone, "Empleo", bait, float64(100+i), func(a *online.Advert) {
					firm := "Firm known"
					if i < n {
						firm = "Nobody Ltd"
					}
					a.Extra = map[string]json.RawMessage{"employer": json.RawMessage(`"` + firm + `"`)}
				})
			}
		}},
		{"recruiting_posts", "R10", 3, func(s *scene, n int) {
			for i := range 25 {
				s.advert(fmt.Sprint("+5198765", 5000+i), "Empleo", "Se busca camarera en el centro, turno de día", float64(100+i), func(a *online.Advert) { a.Price, a.Currency = "500", "USD" })
			}
			for i := range 3 {
				s.advert(phone, "Empleo", bait, float64(100+i), func(a *online.Advert) {
					a.Price, a.Currency = "600", "USD"
					if i < n {
						a.Price = "1300"
					}
				})
			}
		}},
		{"recruited_travellers", "R11", 3, func(s *scene, n int) {
			s.advert(phone, "Empleo", bait, 100)
			for i := range n {
				s.travel(fmt.Sprint("p", i), "PELIM", "MMMGZ", float64(110+i), func(j *journey.Journey) { j.Phone = phone })
			}
		}},
		{"travel_payer", "T01", 4, func(s *scene, n int) {
			for i := range n {
				s.travel(fmt.Sprint("p", i), "PELIM", "CLARI", float64(100+i), paidBy("boss"))
			}
		}},
		{"travel_payer", "R04", 3, func(s *scene, n int) {
			for i := range 5 {
				home := "Street 1"
				if i < n {
					home = fmt.Sprint("Street ", 10+i)
				}
				s.person(fmt.Sprint("p", i), "address", home)
				s.travel(fmt.Sprint("p", i), "PELIM", "CLARI", float64(100+i), paidBy("boss"))
			}
		}},
		{"travel_payer", "T02", 3, func(s *scene, n int) {
			for i := range 4 {
				s.travel(fmt.Sprint("p", i), "PELIM", "CLARI", float64(100+i), func(j *journey.Journey) {
					j.Phone, j.Booked = phone, journey.Time{At: j.Departure.At - day*20}
					if i < n {
						j.Booked.At = j.Departure.At - day
					}
				})
			}
		}},
		{"escort", "T03", 3, func(s *scene, n int) {
			for g := range n {
				on, booking := float64(100+10*g), func(j *journey.Journey) { j.Booking = fmt.Sprint("B", g) }
				s.travel("guide", "PELIM", "CLARI", on, booking)
				s.travel(fmt.Sprint("p", g), "PELIM", "CLARI", on, booking)
				s.travel("guide", "CLARI", "PELIM", on+2)
			}
		}},
		{"paid_before_travel", "R06", 3, func(s *scene, n int) {
			s.person("boss")
			for i := range n {
				p := fmt.Sprint("p", i)
				s.person(p)
				s.pay("boss", p, float64(100+i), 200)
				s.travel(p, "PELIM", "CLARI", float64(120+i))
			}
		}},
		{"accounts_opened_together", "R08", 3, func(s *scene, n int) {
			for i := range 4 {
				opened := fmt.Sprintf("2020-0%d-01", 1+i)
				if i < n {
					opened = fmt.Sprintf("2024-05-%02d", 1+i)
				}
				s.person(fmt.Sprint("p", i), "phone", phone, "openingDate", opened)
				s.pay(fmt.Sprint("p", i), "shop", 100, 5)
			}
		}},
		{"shared_address", "T10", 5, func(s *scene, n int) {
			for i := range n {
				s.person(fmt.Sprint("p", i), "address", "Street 1")
			}
		}},
		{"shared_address", "L03", 4, func(s *scene, n int) {
			s.company("farm", "address", "Field 7")
			for i := range n {
				s.person(fmt.Sprint("p", i), "address", "Field 7")
				s.thing(fmt.Sprint("e", i), "Employment", "employer", "farm", "employee", fmt.Sprint("p", i))
			}
		}},
		{"rooms_in_bulk", "T06", 3, func(s *scene, n int) {
			for i := range n {
				s.pay("boss", "hotel", 100.1+float64(i)/100, 40, card("7011"))
			}
			s.travel("p1", "PELIM", "CLARI", 99, paidBy("boss"))
			s.travel("p2", "PELIM", "CLARI", 99, paidBy("boss"))
		}},
		{"remittances_with_journeys", "T07", 5, func(s *scene, n int) {
			s.person("boss", "country", "pe")
			s.person("partner", "country", "cl")
			for i := range 6 {
				s.travel(fmt.Sprint("p", i), "PELIM", "CLARI", float64(100+5*i), paidBy("boss"))
			}
			for i := range n {
				s.pay("boss", "partner", float64(101+5*i), 900)
			}
		}},
		{"fee_in_halves", "T09", 3, func(s *scene, n int) {
			for i := range n {
				p := fmt.Sprint("p", i)
				s.person(p)
				s.pay(p, "boss", float64(100+i), 1500)
				s.travel(p, "PELIM", "CLARI", float64(105+i))
				s.pay(p, "boss", float64(110+i), 1500)
			}
		}},
		{"rental_vehicles", "T13", 3, func(s *scene, n int) {
			for i := range n {
				s.pay("boss", "rental", float64(100+i), 90, card("7512"))
			}
			for i := range 2 {
				s.travel(fmt.Sprint("p", i), "PELIM", "CLARI", float64(101+i), paidBy("boss"), func(j *journey.Journey) { j.Mode = journey.Car })
			}
		}},
		{"document_reused", "T14", 2, func(s *scene, n int) {
			for i := range 2 {
				s.travel(fmt.Sprint("p", i%n), "PELIM", "CLARI", float64(100+i), func(j *journey.Journey) { j.Document, j.DocCountry = "X1", "PE" })
			}
		}},
		{"adverts_of_several", "S01", 3, func(s *scene, n int) {
			for i := range 4 {
				s.advert(phone, []string{"Ana", "Bea", "Cris", "Dora"}[i%n], fmt.Sprint("hello there ", strings.Repeat("x", i+2)), float64(100+i))
			}
		}},
		{"adverts_of_several", "S02", 4, func(s *scene, n int) {
			for i := range 5 {
				s.advert(phone, "Ana", fmt.Sprint("hello there ", strings.Repeat("x", i+2)), float64(100+3*i), func(a *online.Advert) { a.City = fmt.Sprint("town ", i%n) })
			}
		}},
		{"adverts_of_several", "S03", 5, func(s *scene, n int) {
			for i := range n {
				s.advert([]string{phone, "+51987654322"}[i%2], "Ana", "Hello my name is "+[]string{"ana", "bea", "cris", "dora", "eva"}[i]+" and I am new in the centre of town, genuine pictures and sweet company all day long, call me now", float64(100+i))
			}
			s.advert(phone, "Ana", "an other text of mine", 130)
		}},
		{"adverts_of_several", "S04", 1, func(s *scene, n int) {
			for i := range 2 {
				text := "hello there"
				if i < n {
					text = "hello there, ask for the manager"
				}
				s.advert(phone, "Ana", text, float64(100+i))
			}
		}},
		{"contact_in_adverts", "S10", 3, func(s *scene, n int) {
			s.person("boss", "phone", phone)
			s.pay("boss", "shop", 100, 5)
			for i := range n {
				s.advert(phone, "Ana", "our girls are new, text "+strings.Repeat("x", i+2), float64(100+i))
			}
		}},
		{"crypto_then_advert", "S14", 3, func(s *scene, n int) {
			s.person("boss", "phone", phone)
			for i := range n {
				s.pay("boss", "exchange", float64(100+5*i), 15, func(p *ledger.Payment) { p.Channel = ledger.ChannelCrypto })
				s.advert(phone, "Ana", "hello "+strings.Repeat("x", i+2), float64(100+5*i)+0.5)
			}
		}},
		{"short_lived_workers", "L07", 10, func(s *scene, n int) {
			s.company("agency")
			for i := range n {
				s.thing(fmt.Sprint("e", i), "Employment", "employer", "agency", "employee", fmt.Sprint("p", i), "startDate", "1970-02-01", "endDate", "1970-03-01")
			}
		}},
		{"payroll_too_low", "L08", 1, func(s *scene, n int) {
			for i := range 12 {
				f := fmt.Sprint("firm", i)
				s.company(f, "sector", "food")
				for k := range 20 {
					s.pay("client", f, float64(100+k), 100)
				}
				if i >= n {
					s.pay(f, "worker", 125, 800, purpose("SALA"))
				}
			}
		}},
		{"benefits_collected", "F06", 3, func(s *scene, n int) {
			for i := range n {
				p := fmt.Sprint("p", i)
				s.person(p, "address", "Street 1")
				s.pay("state", p, 100, 400, purpose("SSBE"))
				s.pay(p, "boss", 101, 390)
			}
		}},
		{"income_after_arrival", "F02", 5, func(s *scene, n int) {
			s.person("newcomer")
			s.travel("newcomer", "PELIM", "CLARI", 100)
			for i := range n {
				s.pay(fmt.Sprint("stranger", i), "newcomer", float64(103+i), 300)
			}
		}},
		{"organ_travel", "O03", 2, func(s *scene, n int) {
			for i := range n {
				for k, born := range []string{"1960-01-01", "1948-01-01"} {
					who := fmt.Sprint("p", i, k)
					s.travel(who, "PELIM", "COBOG", float64(105+14*i), paidBy("broker"), func(j *journey.Journey) {
						if j.Birth = born; k == 0 {
							j.Birth = []string{"1945-01-01", "1910-01-01"}[k]
						}
						if k == 1 {
							j.Birth = "1910-01-01"
						}
					})
				}
			}
			for i := range 3 {
				s.travel(fmt.Sprint("q", i), "PELIM", "CLARI", float64(106+i), paidBy("broker"))
			}
		}},
		{"organ_travel", "O01", 1, func(s *scene, n int) {
			s.person("patient")
			s.pay("patient", "broker", 100, 19_000+2_000*int64(n))
			s.travel("patient", "PELIM", "COBOG", 105)
			s.pay("patient", "clinic", 110, 500, card("8062"))
		}},
		{"beyond_income", "M13", 1, func(s *scene, n int) {
			s.person("owner")
			s.pay("firm", "owner", 100, 1000)
			s.thing("house", "RealEstate", "name", "House", "amount", fmt.Sprint(3000+1_000_000*n), "currency", "USD")
			s.thing("o", "Ownership", "owner", "owner", "asset", "house")
		}},
		{"minors_business", "M14", 21, func(s *scene, n int) {
			s.person("child", "birthDate", "1960-01-01")
			for i := range n {
				s.pay(fmt.Sprint("client", i), "child", 100+float64(i)/2, 20)
			}
		}},
		{"invoices_without_goods", "M19", 2, func(s *scene, n int) {
			s.company("shell")
			for i := range n {
				s.pay("client", "shell", float64(100+i), 5000, purpose("SUPP"))
			}
			s.pay("shell", "owner", 110, 9000)
		}},
	} {
		t.Run(c.typology+" "+c.indicator, func(t *testing.T) {
			for n, want := range map[int]bool{c.enough: true, c.enough - 1: false} {
				s := &scene{t: t}
				c.set(s, n)
				hits := s.scan()
				if got := slices.Contains(indicators(hits, c.typology), c.indicator); got != want {
					t.Errorf("with %d of it: seen %v, want %v", n, got, want)
				}
				for _, h := range hits {
					if len(h.Reasons) == 0 || h.Strength <= 0 || h.Strength > 1 || h.Last < h.First || len(h.Accounts) == 0 && h.Holder == "" {
						t.Errorf("a hit without reasons, strength, time or subject: %+v", h)
					}
				}
			}
		})
	}
}

// TestOrdinaryLifeShowsNoSignal: each is a look-alike of the field guide, with the reason why it is none.
func TestOrdinaryLifeShowsNoSignal(t *testing.T) {
	for name, set := range map[string]func(s *scene){
		"a family goes on holiday: one name, and they come back": func(s *scene) {
			for i := range 5 {
				s.travel(fmt.Sprint("p", i), "PELIM", "CLARI", 100, paidBy("parent"), func(j *journey.Journey) { j.FamilyName = "Ruiz" })
				s.travel(fmt.Sprint("p", i), "CLARI", "PELIM", 110, paidBy("parent"), func(j *journey.Journey) { j.FamilyName = "Ruiz" })
			}
		},
		"somebody who works for herself tours: one name, her own words": func(s *scene) {
			s.person("ana", "phone", "+51987654321")
			s.pay("client", "ana", 100, 120)
			for i := range 3 {
				s.advert("+51987654321", "Ana", "Hola, soy Ana, en la ciudad unos días "+strings.Repeat("x", i+2), float64(100+10*i), func(a *online.Advert) { a.City = fmt.Sprint("town ", i) })
			}
		},
		"an honest firm seeks staff in one trade for what it pays": func(s *scene) {
			for i := range 6 {
				s.advert("+51987654321", "Empleo", "Restaurante busca camarera, turno de día, contrato", float64(100+i), func(a *online.Advert) { a.Price, a.Currency = "500", "USD" })
			}
		},
		"friends pay each other and go away for a week": func(s *scene) {
			s.person("host")
			for i := range 4 {
				p := fmt.Sprint("p", i)
				s.person(p)
				s.pay("host", p, float64(100+i), 40)
				s.travel(p, "PELIM", "CLARI", 110)
				s.travel(p, "CLARI", "PELIM", 117)
			}
		},
		"a savings circle pays in every month while its members travel": func(s *scene) {
			for i := range 4 {
				p := fmt.Sprint("p", i)
				s.person(p)
				for m := range 6 {
					s.pay(p, "keeper", float64(30*m+10), 200)
				}
				s.travel(p, "PELIM", "CLARI", 55)
				s.travel(p, "CLARI", "PELIM", 62)
			}
		},
		"a household shares an address and a name": func(s *scene) {
			for i := range 6 {
				s.thing(fmt.Sprint("p", i), "Person", "name", "Given Ruiz", "lastName", "Ruiz", "address", "Street 1")
			}
		},
		"a company with wages and suppliers is paid for invoices": func(s *scene) {
			s.company("maker")
			for i := range 4 {
				s.pay("client", "maker", float64(100+i), 5000, purpose("SUPP"))
				s.pay("maker", "supplier", float64(101+i), 2000, purpose("SUPP"))
				s.pay("maker", "worker", float64(102+i), 1000, purpose("SALA"))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := &scene{t: t}
			set(s)
			for _, h := range s.scan() {
				t.Errorf("%s is seen: %v %v", h.Typology, h.Indicators, h.Reasons)
			}
		})
	}
}

func TestWordingOfAMinorIsASafeguardAndIsNotShown(t *testing.T) {
	s := &scene{t: t}
	for i := range 2 {
		s.advert("+51987654321", "Ana", "novinha recién cumplidos 18 "+strings.Repeat("x", i+2), float64(100+i))
	}
	for _, h := range s.scan() {
		for _, r := range h.Reasons {
			if strings.Contains(strings.ToLower(r.Text), "novinha") {
				t.Errorf("the wording is shown: %s", r.Text)
			}
			if r.Code == "young_wording" {
				return
			}
		}
	}
	t.Error("no safeguard is told")
}

func TestTheSameSceneGivesTheSameHits(t *testing.T) {
	make := func() []typology.Hit {
		s := &scene{t: t}
		for i := range 6 {
			s.person(fmt.Sprint("p", i), "address", "Street 1")
			s.travel(fmt.Sprint("p", i), "PELIM", "CLARI", float64(100+i), paidBy("boss"))
			s.advert("+51987654321", []string{"Ana", "Bea", "Cris"}[i%3], "our girls "+strings.Repeat("x", i+2), float64(100+i))
		}
		return s.scan()
	}
	a, b := make(), make()
	if fmt.Sprintf("%+v", a) != fmt.Sprintf("%+v", b) || len(a) == 0 {
		t.Errorf("%+v\n%+v", a, b)
	}
}
