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
	Leads   int // people to follow up, of all organisations together
}

// Presets by name. andes has the size of the operation of that name: 13 organisations with 103 members and 30
// follow-up investigations (INTERPOL 2019).
var presets = []Preset{
	{"small", 30_000, 2_500, 5_000, []int{9, 7, 6, 8}, 9},
	{"andes", 1_000_000, 100_000, 200_000, []int{16, 13, 11, 10, 9, 8, 7, 7, 6, 5, 4, 4, 3}, 30},
}

// ErrPreset says that there is no preset of a name.
var ErrPreset = errors.New("there is no such preset: choose small or andes")

// Society is a world with people, adverts and journeys, in which organisations work.
type Society struct {
	*World
	Adverts  []online.Advert
	Journeys []journey.Journey
	Entities []*entity.Entity
	// Organisations is what was planted.
	Organisations []Organisation

	calendar map[string][][2]int64 // when each person is away, by id
	gone     map[string]int64      // since when victims do not come back, by id
	holders  map[ledger.Account]*entity.Entity
	homes    map[int]string // address of persons who do not live with their household, by number
}

// NewSociety plans the society of a preset. The same seed gives the same society.
func NewSociety(preset string, seed uint64) (*Society, error) {
	i := slices.IndexFunc(presets, func(p Preset) bool { return p.Name == preset })
	if i < 0 {
		return nil, ErrPreset
	}
	p := presets[i]
	w := New(Spec{Payments: p.Payments, Seed: seed, Each: -1, Innocent: int(max(1, p.Payments/100_000))})
	s := &Society{World: w, calendar: map[string][][2]int64{}, gone: map[string]int64{}, homes: map[int]string{}}
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
		o.leads(p.Leads/len(p.Members) + min(1, max(0, p.Leads%len(p.Members)-n)))
		s.Organisations = append(s.Organisations, o.close())
	}
	sort.SliceStable(w.planted, func(i, j int) bool { return w.planted[i].At < w.planted[j].At })
	s.flats()
	s.publish(p.Adverts)
	s.move(p.Journeys)
	s.register()
	s.settle()
	s.hold()
	return s, nil
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
