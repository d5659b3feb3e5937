package signal

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"tarir/entity"
	"tarir/holding"
	"tarir/journey"
	"tarir/money/flow"
	"tarir/money/ledger"
	"tarir/money/rates"
	"tarir/money/typology"
	"tarir/online"
)

// Input is what is looked at. Graph, Held and Pack must be given.
type Input struct {
	Graph      *flow.Graph
	Held       *holding.Index
	Phones     *entity.Phonebook // nil: numbers are read anew
	Pack       *typology.Pack
	Rates      *rates.Table // nil: amounts of different currencies do not compare
	Adverts    []*online.Advert
	Families   []online.Family
	Posters    []online.Poster
	Journeys   []*journey.Journey  // in order of time
	Travellers *journey.Travellers // of Journeys; nil: they are numbered anew
	OneWay     []bool              // which of Journeys go one way; nil: it is found anew
	Groups     []journey.Group
	Escorts    []journey.Escort
	Payers     []journey.Payer
}

// Scan looks for every typology of the pack that needs more than payments. notes says, once for each kind of data that is
// missing, what cannot be assessed without it.
func Scan(ctx context.Context, in Input) (hits []typology.Hit, notes []string, err error) {
	if in.Phones == nil {
		in.Phones = entity.NewPhonebook()
	}
	if in.Travellers == nil {
		in.Travellers = journey.Number(in.Journeys)
	}
	if in.OneWay == nil {
		in.OneWay = journey.OneWay(in.Journeys, in.Travellers)
	}
	if err := online.Show(ctx, in.Adverts); err != nil {
		return nil, nil, err
	}
	all := &scan{in: in}
	all.read()
	missing := map[string][]string{}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(detectors)) {
		t, ok := in.Pack.Typologies[name]
		if !ok || t.Off {
			continue
		}
		if lacks := all.lacks(t.Data); lacks != "" {
			missing[lacks] = append(missing[lacks], name)
			continue
		}
		names = append(names, name)
	}
	// Each processor takes the next detector; the hits stay in the order of the names.
	found := make([][]typology.Hit, len(names))
	var next atomic.Int64
	eg, ctx := errgroup.WithContext(ctx)
	for range runtime.GOMAXPROCS(0) {
		eg.Go(func() error {
			s := *all
			s.v, s.peer = in.Graph.View(), in.Graph.View()
			for k := int(next.Add(1)) - 1; k < len(names); k = int(next.Add(1)) - 1 {
				if err := ctx.Err(); err != nil {
					return err
				}
				s.name = names[k]
				s.emit = func(h typology.Hit) { found[k] = append(found[k], h) }
				detectors[s.name](&s)
			}
			return nil
		})
	}
	if err := eg.Wait(); err != nil {
		return nil, nil, err
	}
	for _, what := range slices.Sorted(maps.Keys(missing)) {
		notes = append(notes, fmt.Sprintf("not assessable without %s: %s", what, strings.Join(missing[what], ", ")))
	}
	return slices.Concat(found...), notes, nil
}

// detectors by the name of their typology. A new one is a file, a line here, a section in the pack and its sentences.
var detectors = map[string]func(*scan){
	"accounts_opened_together":  accountsOpenedTogether,
	"adverts_of_several":        advertsOfSeveral,
	"benefits_collected":        benefitsCollected,
	"beyond_income":             beyondIncome,
	"contact_in_adverts":        contactInAdverts,
	"crypto_then_advert":        cryptoThenAdvert,
	"document_reused":           documentReused,
	"escort":                    escort,
	"fee_in_halves":             feeInHalves,
	"income_after_arrival":      incomeAfterArrival,
	"invoices_without_goods":    invoicesWithoutGoods,
	"minors_business":           minorsBusiness,
	"organ_travel":              organTravel,
	"paid_before_travel":        paidBeforeTravel,
	"payroll_too_low":           payrollTooLow,
	"recruited_travellers":      recruitedTravellers,
	"recruiting_posts":          recruitingPosts,
	"remittances_with_journeys": remittancesWithJourneys,
	"rental_vehicles":           rentalVehicles,
	"rooms_in_bulk":             roomsInBulk,
	"shared_address":            sharedAddress,
	"short_lived_workers":       shortLivedWorkers,
	"travel_payer":              travelPayer,
}

// scan is what detectors look at and emit to.
type scan struct {
	in      Input
	v, peer *flow.View // peer for accounts around, while a list of v is in use
	name    string     // of the running detector
	emit    func(typology.Hit)

	persons  []string            // the canonical id of each traveller
	same     []int32             // and the first traveller that has it
	byPerson map[string][]int    // journeys by it
	bearers  []string            // who stands behind the contact of each poster
	phones   map[string][]int    // journeys by the contact phone, in one spelling
	marked   map[string][]string // marks of persons and companies, several detectors ask for them
	employed map[string][]work   // by employer
	employs  map[string][]string // employers by employee

	travels    map[flow.Account]string // who of those that travel holds an account
	travelling []flow.Account          // the accounts, in order
}

// read makes what several detectors need.
func (s *scan) read() {
	s.byPerson, s.phones = map[string][]int{}, map[string][]int{}
	s.persons, s.same = make([]string, len(s.in.Travellers.Names)), make([]int32, len(s.in.Travellers.Names))
	for n, name := range s.in.Travellers.Names {
		who := s.in.Held.Canonical(name)
		s.persons[n], s.same[n] = who, int32(n)
		if before := s.byPerson[who]; before != nil { // merged
			s.same[n] = s.same[s.in.Travellers.Of[before[0]]]
			s.byPerson[who] = slices.Sorted(slices.Values(slices.Concat(before, s.in.Travellers.Journeys(int32(n)))))
		} else {
			s.byPerson[who] = s.in.Travellers.Journeys(int32(n))
		}
	}
	s.travels = map[flow.Account]string{}
	for who := range s.byPerson {
		for _, a := range s.in.Held.Accounts(who) {
			s.travels[a] = who
		}
	}
	s.travelling = sortedKeys(s.travels)
	s.bearers = make([]string, len(s.in.Posters))
	for k := range s.in.Posters {
		s.bearers[k] = s.in.Held.Bearer(s.in.Posters[k].Contact)
	}
	for i, j := range s.in.Journeys {
		if j.Phone == "" {
			continue
		}
		if p, ok := s.in.Phones.Phone(j.Phone); ok {
			s.phones[p.Value] = append(s.phones[p.Value], i)
		}
	}
	s.readWork()
	s.marked = map[string][]string{}
	s.in.Held.Each("LegalEntity", func(e *entity.Entity) { s.marked[e.ID] = s.readMarks(e) })
}

// person is the canonical id of the traveller of a journey, by its place.
func (s *scan) person(i int) string { return s.persons[s.in.Travellers.Of[i]] }

// lacks names the kind of data that a typology needs and that is not there; empty if all is.
func (s *scan) lacks(data string) string {
	have := map[byte]bool{'P': s.in.Graph.Payments() > 0, 'A': len(s.in.Adverts) > 0, 'J': len(s.in.Journeys) > 0, 'E': s.in.Held.Any()}
	names := map[byte]string{'P': "payments", 'A': "adverts", 'J': "journeys", 'E': "entities"}
	for _, k := range []byte("PAJE") {
		if strings.IndexByte(data, k) >= 0 && !have[k] {
			return names[k]
		}
	}
	return ""
}

func (s *scan) num(name string) float64 { return s.in.Pack.Num(s.name, name) }
func (s *scan) int(name string) int     { return int(s.num(name)) }

// days is a window in milliseconds.
func (s *scan) days(name string) int64 { return int64(s.num(name) * 86_400_000) }

const dayMillis = int64(86_400_000)

// hit starts a hit about somebody: an entity's id, an account's name or a contact. Data are the kinds of data it is seen in.
func (s *scan) hit(who, data string, strength float64, indicators ...string) *draft {
	return &draft{s: s, h: typology.Hit{Typology: s.name, Indicators: indicators, Strength: max(0, min(1, strength)), Holder: who, Data: data}}
}

// draft collects a hit's records.
type draft struct {
	s   *scan
	h   typology.Hit
	set bool
}

func (d *draft) at(sec int64) {
	if !d.set || sec < d.h.First {
		d.h.First = sec
	}
	if !d.set || sec > d.h.Last {
		d.h.Last = sec
	}
	d.set = true
}

func (d *draft) adverts(list ...int) *draft {
	for _, i := range list {
		d.at(d.s.in.Adverts[i].At / 1000)
	}
	d.h.Adverts = append(d.h.Adverts, list...)
	return d
}

func (d *draft) journeys(list ...int) *draft {
	for _, i := range list {
		d.at(d.s.in.Journeys[i].When() / 1000)
	}
	d.h.Journeys = append(d.h.Journeys, list...)
	return d
}

func (d *draft) entities(ids ...string) *draft {
	d.h.Entities = append(d.h.Entities, ids...)
	return d
}

// payment adds the i-th payment that a made, or with paid false received.
func (d *draft) payment(v *flow.View, a flow.Account, list []flow.Entry, i int, paid bool) *draft {
	d.at(list[i].At())
	d.h.Payments = append(d.h.Payments, v.Row(a, i, paid))
	return d
}

func (d *draft) because(code string, params ...any) *draft {
	d.h.Reasons = append(d.h.Reasons, sentences.Say(code, params...))
	return d
}

// done emits the hit.
func (d *draft) done() {
	held := d.s.in.Held
	if e := held.Entity(d.h.Holder); e != nil {
		d.h.Entities = append(d.h.Entities, e.ID)
		d.h.Accounts = append(d.h.Accounts, held.Accounts(e.ID)...)
	} else if a, ok := held.Account(d.h.Holder); ok {
		d.h.Accounts = []flow.Account{a}
	}
	if !d.set { // of entities alone no time is told
		d.h.First, d.h.Last = d.s.in.Graph.Span()
	}
	slices.Sort(d.h.Adverts)
	slices.Sort(d.h.Journeys)
	slices.Sort(d.h.Payments)
	slices.Sort(d.h.Entities)
	d.h.Adverts, d.h.Journeys = slices.Compact(d.h.Adverts), slices.Compact(d.h.Journeys)
	d.h.Payments, d.h.Entities = slices.Compact(d.h.Payments), slices.Compact(d.h.Entities)
	d.s.emit(d.h)
}

// over grows from 0.4 at the threshold towards 1 at three times it.
func over(value, threshold float64) float64 {
	if threshold <= 0 {
		return 0.5
	}
	return max(0, min(1, 0.4+0.3*(value/threshold-1)))
}

// business says that a payment is everyday life: a purchase, a wage, rent, a benefit, tax, a fee of the bank.
func business(e flow.Entry) bool {
	switch e.Purpose() {
	case flow.PurposeWage, flow.PurposeRent, flow.PurposeBenefit, flow.PurposeTax:
		return true
	}
	return e.Purchase() || e.Channel() == ledger.ChannelFee
}

// below says that a payment is of less than an amount of the pack; ok is false where no rate makes the two comparable.
func (s *scan) below(e flow.Entry, use string) (less, ok bool) {
	m := s.in.Graph.Money(e.Amount(), e.Currency())
	for _, a := range s.in.Pack.Amounts {
		if a.Use != use {
			continue
		}
		units, same := m.Units, a.Currency == m.Currency
		if !same && s.in.Rates != nil {
			units, same = s.in.Rates.Convert(m, e.At(), a.Currency, m.Scale)
		}
		if !same {
			continue
		}
		limit := a.High
		for range m.Scale {
			limit *= 10
		}
		return float64(units) < limit, true
	}
	return false, false
}

// within is the sliding window over places in order of time: fn is told each largest stretch [lo, hi) of at most span
// milliseconds that ends at hi-1.
func within(times []int64, span int64, fn func(lo, hi int)) {
	lo := 0
	for hi := range times {
		for times[hi]-times[lo] > span {
			lo++
		}
		fn(lo, hi+1)
	}
}

// surnames counts the different family names of persons, where they are told: a family has one or two.
func (s *scan) surnames(ids []string) int {
	seen := map[string]bool{}
	for _, id := range ids {
		e := s.in.Held.Entity(id)
		if e == nil {
			continue
		}
		name := e.First("lastName")
		if name == "" {
			f := strings.Fields(e.Caption())
			name = f[len(f)-1]
		}
		seen[strings.ToLower(name)] = true
	}
	return len(seen)
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// dateOf is the day of a moment in milliseconds.
func dateOf(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.DateOnly) }

// dayOf is a date as a day since 1970; 0 for what is none.
func dayOf(date string) int64 {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return 0
	}
	return t.Unix() / 86_400
}
