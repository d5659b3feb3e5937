package world

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sort"

	"tarir/entity"
	"tarir/journey"
	"tarir/money/ledger"
	"tarir/online"
)

// Preset is a society of a given size.
type Preset struct {
	Name     string
	Payments int64
	Adverts  int
	Journeys int
	// Members of each organisation; how many there are is its length.
	Members []int
}

// Presets by name. andes has the size of the operation of that name: 13 organisations with 103 members (INTERPOL 2019).
var presets = []Preset{
	{"small", 30_000, 2_500, 5_000, []int{9, 7, 6, 8}},
	{"andes", 1_000_000, 100_000, 200_000, []int{16, 13, 11, 10, 9, 8, 7, 7, 6, 5, 4, 4, 3}},
}

// ErrPreset says that there is no preset of a name.
var ErrPreset = errors.New("there is no such preset: small, andes")

// Society is a world with people, adverts and journeys, in which organisations work.
type Society struct {
	*World
	Adverts  []online.Advert
	Journeys []journey.Journey
	Entities []*entity.Entity
	// Organisations is what was planted.
	Organisations []Organisation
}

// NewSociety plans the society of a preset. The same seed gives the same society.
func NewSociety(preset string, seed uint64) (*Society, error) {
	i := slices.IndexFunc(presets, func(p Preset) bool { return p.Name == preset })
	if i < 0 {
		return nil, ErrPreset
	}
	p := presets[i]
	w := New(Spec{Payments: p.Payments, Seed: seed, Each: -1, Innocent: int(max(1, p.Payments/100_000))})
	s := &Society{World: w}
	for agency := range agencies {
		s.used[guide(agency)] = true // whoever leads tours is nobody's victim
	}
	kinds := []string{sexualExploitation, smuggling, forcedLabour, forcedCrime}
	modes := []journey.Mode{journey.Bus, journey.Sea, journey.Air}
	for n, size := range p.Members {
		o := &organisation{
			s: s, id: fmt.Sprintf("org-%02d", n+1), kind: kinds[n%len(kinds)], p: &plan{w: w, kind: fmt.Sprintf("organisation-%02d", n+1)},
			accounts: map[ledger.Account]bool{}, adaptive: n%2 == 1, from: start + int64(10+s.rng.IntN(30))*day, mode: modes[(n/2)%3],
		}
		o.to = o.from + int64(150+s.rng.IntN(40))*day
		o.recruit(size)
		switch o.kind {
		case sexualExploitation:
			o.sexual()
		case smuggling:
			o.smuggle()
		case forcedLabour:
			o.labour()
		case forcedCrime:
			o.forcedCrime()
		}
		s.Organisations = append(s.Organisations, o.close())
	}
	sort.SliceStable(w.planted, func(i, j int) bool { return w.planted[i].At < w.planted[j].At })
	s.citizens()
	s.publish(p.Adverts)
	s.move(p.Journeys)
	s.settle()
	return s, nil
}

// citizens tells of everybody else as a bank does.
func (s *Society) citizens() {
	told := map[string]bool{}
	for _, e := range s.Entities {
		told[e.ID] = true
	}
	for n := range s.persons {
		p := s.person(n)
		if !told[p.id] {
			s.Entities = append(s.Entities, p.entities()...)
		}
	}
	for n := range s.businesses {
		s.Entities = append(s.Entities, s.companyEntities(s.persons+n)...)
	}
}

// settle puts everything into an order that tells nothing.
func (s *Society) settle() {
	slices.SortFunc(s.Entities, func(a, b *entity.Entity) int { return cmp.Compare(a.ID, b.ID) })
	s.Entities = slices.CompactFunc(s.Entities, func(a, b *entity.Entity) bool { return a.ID == b.ID })
	slices.SortStableFunc(s.Adverts, func(a, b online.Advert) int { return cmp.Compare(a.At, b.At) })
	for i := range s.Adverts {
		s.Adverts[i].ID = fmt.Sprintf("A%08d", i)
	}
	slices.SortStableFunc(s.Journeys, func(a, b journey.Journey) int { return cmp.Compare(a.Departure.At, b.Departure.At) })
	for i := range s.Journeys {
		s.Journeys[i].ID = fmt.Sprintf("J%08d", i)
	}
}

// twoCountries are one where people are recruited and one where they are exploited.
func (s *Society) twoCountries() (home, target *country) {
	a := s.rng.IntN(len(countries))
	b := (a + 1 + s.rng.IntN(len(countries)-1)) % len(countries)
	return &countries[a], &countries[b]
}

// booking is a number of a booking.
func (s *Society) booking() string { return fmt.Sprintf("B%07d", s.rng.IntN(10_000_000)) }

// shop is a merchant that is no hub.
func (s *Society) shop(k int) ledger.Account {
	return s.account(s.ordinary(hash(uint64(k), 77+s.rng.Uint64N(9))))
}

func sortByTime(list []ledger.Payment) {
	slices.SortStableFunc(list, func(a, b ledger.Payment) int { return cmp.Compare(a.At, b.At) })
}

// publish fills the adverts up with those of people who do nothing wrong: independents, who write their own text and post
// it again and again, some of them copied by others; job posts of honest firms; a directory that puts its own number under
// everything.
func (s *Society) publish(n int) {
	r := s.rng
	langs := []string{"es", "es", "es", "en", "pt"}
	for len(s.Adverts) < n {
		p := s.person(r.IntN(s.persons))
		town := p.country.places[r.IntN(len(p.country.places))]
		if r.IntN(4) == 0 {
			lang := []string{"es", "en"}[r.IntN(2)]
			text := jobLines[lang].say(r, 4)
			firm := s.person(r.IntN(s.persons))
			for range 1 + r.IntN(6) {
				s.post(online.Advert{
					At: start + r.Int64N(8*30*day), Site: "jobs.example", Account: fmt.Sprintf("f%05d", r.IntN(100_000)), City: town.name, Country: p.country.code, Title: "Empleo",
					Text: filled(text, "", town.name, fmt.Sprint(500+10*r.IntN(60)), firm.phone), Currency: "USD",
				})
			}
			continue
		}
		lang := langs[r.IntN(len(langs))]
		text := escortLines[lang].say(r, 5+r.IntN(3))
		copies := 1
		if r.IntN(30) == 0 {
			copies = 2 + r.IntN(2) // others take the text over
		}
		for c := range copies {
			who := p
			if c > 0 {
				who = s.person(r.IntN(s.persons))
			}
			at := start + r.Int64N(6*30*day)
			for k := range 1 + r.IntN(10) {
				s.post(online.Advert{
					At: at + int64(k)*(2+r.Int64N(5))*day, Site: "adverts.example", Account: fmt.Sprintf("u%05d", hash(uint64(who.n), 9)%100_000), City: town.name, Country: p.country.code, Title: who.given,
					Text: filled(text, who.given, town.name, fmt.Sprint(80+10*r.IntN(8)), disguised(r, who.phone)), Price: fmt.Sprint(80 + 10*r.IntN(8)), Currency: "USD",
				})
			}
		}
	}
	s.Adverts = s.Adverts[:n]
}

// agencies is how many honest ones take groups on tours.
const agencies = 6

// guide is the person who leads an agency's tours.
func guide(agency int) int { return agency * 7 }

// move fills the journeys up: people on business, families, students, tourists in groups, workers of a season.
func (s *Society) move(n int) {
	r := s.rng
	anywhere := func() place {
		c := &countries[r.IntN(len(countries))]
		return c.places[r.IntN(len(c.places))]
	}
	for len(s.Journeys) < n {
		a, b := anywhere(), anywhere()
		if a.code == b.code {
			continue
		}
		mode := journey.Bus
		if a.air && b.air && r.IntN(10) < 7 {
			mode = journey.Air
		}
		at := start + r.Int64N(8*30*day)
		booking, back := s.booking(), s.booking()
		payer := s.person(r.IntN(s.persons))
		party := []person{payer}
		stay := int64(3+r.IntN(20)) * day
		switch k := r.IntN(40); {
		case k < 14: // a household
			for m := 1; m < 2+r.IntN(household-1); m++ {
				party = append(party, s.person(min(payer.n/household*household+(payer.n+m)%household, s.persons-1)))
			}
		case k == 14: // colleagues, always the same
			for m := range 2 + r.IntN(4) {
				party = append(party, s.person((payer.n/50*50+m)%s.persons))
			}
		case k == 15: // a tour with the guide of an agency, which pays for all
			agency := r.IntN(agencies)
			payer = s.person(s.persons + agency)
			payer.phone = fmt.Sprintf("+57122222%02d", agency)
			party = []person{s.person(guide(agency))}
			for range 8 + r.IntN(12) {
				party = append(party, s.person(r.IntN(s.persons)))
			}
		}
		for _, p := range party {
			s.travel(p, a, b, mode, at, booking, payer.account, payer.phone)
			s.travel(p, b, a, mode, at+stay, back, payer.account, payer.phone)
		}
	}
	s.Journeys = s.Journeys[:n]
}
