// Package world makes synthetic payments whose truth is known, for the demo, tests and benchmarks.
//
// A world is a country of persons, businesses and hubs over eight months of 2024: wages, rents, bills, shopping, cash,
// money between friends, a few payments to strangers. How many payers a business has follows a power law, so the
// largest have a large part of everybody. Into it are planted patterns of crime after the indicators of
// docs/indicators.md, carried out mostly by accounts that also lead an ordinary life, and look-alikes that are no crime.
// No name of a real person or place is used; amounts are US dollars, because most published thresholds are.
//
// The same Spec gives the same payments, byte for byte. Time and memory: about 2M payments/s; memory for the names of
// accounts (some 20 bytes each, one account to fifty payments) and for what is planted.
package world

import (
	"fmt"
	"math/rand/v2"
	"sort"
	"strconv"
	"time"

	"tarir/money/ledger"
)

// Spec says what world to make.
type Spec struct {
	Payments int64
	Seed     uint64
	Each     int // patterns planted of each kind; 0: one for every 100,000 payments, from 1 to 40; below 0: none
	Innocent int // look-alikes of each kind; 0: as many as Each
}

// Pattern is what was planted, in the shape of truth.json.
type Pattern struct {
	ID       string   `json:"id"`
	Typology string   `json:"typology"`
	Payments []string `json:"payments"`
	Accounts []string `json:"accounts"`
}

// Truth is what detection is compared with; it never is an input.
type Truth struct {
	Illicit  []string  `json:"illicit_payments"`
	Patterns []Pattern `json:"patterns"`
	Innocent []Pattern `json:"innocent_patterns"`
}

// The world's time.
const (
	months = 8
	day    = int64(86_400_000)
	hour   = int64(3_600_000)
)

var start = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()

// monthStart is the first instant of a month, counted from 0.
func monthStart(m int) int64 {
	return time.Date(2024, time.Month(1+m), 1, 0, 0, 0, 0, time.UTC).UnixMilli()
}

// World is made by New and read by Each.
type World struct {
	spec       Spec
	rng        *rand.Rand
	persons    int
	businesses int
	names      string // of all accounts, joined
	offsets    []uint32
	planted    []ledger.Payment
	truth      Truth
	used       map[int]bool // persons that play a part already
}

// hubs of a world: the first businesses by number.
const (
	utilities = 12
	payrolls  = 4
)

// New plans a world: who lives there, and what is planted.
func New(s Spec) *World {
	if s.Each == 0 {
		s.Each = int(min(40, max(1, s.Payments/100_000)))
	}
	if s.Innocent == 0 {
		s.Innocent = s.Each
	}
	w := &World{spec: s, rng: rand.New(rand.NewPCG(s.Seed, 0x7a1717)), used: map[int]bool{}}
	w.persons = int(max(400, s.Payments/50))
	w.businesses = max(60, w.persons/12)
	w.name(w.persons + w.businesses)
	w.plant()
	w.lookAlikes()
	sort.SliceStable(w.planted, func(i, j int) bool { return w.planted[i].At < w.planted[j].At })
	return w
}

// Truth is what was planted.
func (w *World) Truth() Truth { return w.truth }

// name makes the numbers of n accounts, one string for all.
func (w *World) name(n int) {
	var b []byte
	w.offsets = make([]uint32, n+1)
	for i := range n {
		w.offsets[i] = uint32(len(b))
		b = strconv.AppendInt(b, int64(10_000_000+i), 10)
	}
	w.offsets[n] = uint32(len(b))
	w.names = string(b)
}

var banks = [...]string{"BANKAAXX", "BANKBBXX", "BANKCCXX", "BANKDDXX", "BANKEEXX", "BANKFFXX", "BANKGGXX", "BANKHHXX"}

func (w *World) account(i int) ledger.Account {
	return ledger.Account{Institution: banks[hash(uint64(i), 1)%uint64(len(banks))], Number: w.names[w.offsets[i]:w.offsets[i+1]]}
}

// hash spreads two numbers over 64 bits (splitmix64).
func hash(a, b uint64) uint64 {
	x := a*0x9E3779B97F4A7C15 + b*0xD1B54A32D192ED03 + 0x2545F4914F6CDD1D
	x ^= x >> 30
	x *= 0xBF58476D1CE4E5B9
	x ^= x >> 27
	x *= 0x94D049BB133111EB
	return x ^ x>>31
}

func share(h uint64) float64 { return float64(h>>11) / (1 << 53) }

// business picks a business so that the number of its customers follows a power law.
func (w *World) business(h uint64) int {
	u := share(h)
	return w.persons + int(float64(w.businesses)*u*u*u*u)
}

// ordinary picks a business that is no hub.
func (w *World) ordinary(h uint64) int {
	from := w.businesses / 4
	return w.persons + from + int(h%uint64(w.businesses-from))
}

// Each gives every payment in order of months. The payment is valid until fn returns.
func (w *World) Each(fn func(*ledger.Payment) error) error {
	e := emitter{w: w, fn: fn, left: w.spec.Payments - int64(len(w.planted)), rng: rand.New(rand.NewPCG(w.spec.Seed, 0xba5e))}
	next := 0
	for m := 0; ; m = (m + 1) % months {
		last := m == months-1
		// The background of a month is spread over the rounds it takes to reach the wanted number.
		if err := e.month(m); err != nil {
			return err
		}
		for next < len(w.planted) && (last || w.planted[next].At < monthStart(m+1)) {
			p := w.planted[next]
			next++
			if err := fn(&p); err != nil {
				return err
			}
		}
		if e.left <= 0 && next == len(w.planted) {
			return nil
		}
	}
}

// emitter makes the background.
type emitter struct {
	w    *World
	fn   func(*ledger.Payment) error
	rng  *rand.Rand
	left int64
	n    int64
	refs []byte
	text string
}

// ref is the next payment's reference; references are cut from blocks to spare a small string each.
func (e *emitter) ref() string {
	const width, block = 10, 4096
	if e.n%block == 0 {
		e.refs = e.refs[:0]
		for i := range int64(block) {
			e.refs = fmt.Appendf(e.refs, "W%09d", e.n+i)
		}
		e.text = string(e.refs)
	}
	at := e.n % block * width
	e.n++
	return e.text[at : at+width]
}

func (e *emitter) pay(p ledger.Payment) error {
	if e.left <= 0 {
		return nil
	}
	e.left--
	p.Ref, p.Status, p.Line = e.ref(), ledger.Booked, e.n
	p.Paid.Scale, p.Paid.Currency = 2, "USD"
	return e.fn(&p)
}

// month makes what everybody does in a month.
func (e *emitter) month(m int) error {
	w := e.w
	first := monthStart(m)
	for i := 0; i < w.persons && e.left > 0; i++ {
		if err := e.person(i, m, first); err != nil {
			return err
		}
		if i%12 == 0 {
			if err := e.company(w.persons+i/12, first); err != nil {
				return err
			}
		}
	}
	return nil
}

// at is a time of a month's day between two hours.
func (e *emitter) at(first int64, dayOfMonth, from, to int) int64 {
	return first + int64(dayOfMonth-1)*day + int64(from)*hour + e.rng.Int64N(int64(to-from)*hour)/1000*1000
}

var (
	shops    = [...]string{"5411", "5411", "5812", "5541", "5311", "5912", "4111", "5651", "5814", "7832"}
	purposes = [...]string{"thanks", "dinner", "share", "gift", "tickets", "back to you"}
	cities   = [...]string{"Arlen", "Brook", "Castle", "Dover Hill", "Easton", "Fairview", "Glenfield", "Harbor"}
)

// person makes a month of one person.
func (e *emitter) person(i, m int, first int64) error {
	w := e.w
	me := w.account(i)
	h := hash(uint64(i), 2)
	city := cities[h%uint64(len(cities))]
	wage := int64(120_000 + h%480_000)
	employer := w.business(hash(uint64(i), 3))
	if hash(uint64(employer), 4)%3 == 0 { // a third of employers pays through a payroll processor
		employer = w.persons + utilities + int(hash(uint64(employer), 5)%payrolls)
	}
	steps := []ledger.Payment{
		{At: e.at(first, 1+int(h%5), 6, 20), From: me, To: w.account(w.ordinary(hash(uint64(i), 6) / 7)), Paid: ledger.Money{Units: wage * 3 / 10}, Channel: ledger.ChannelTransfer, Purpose: "RENT"},
		{At: e.at(first, 10+int(h%10), 6, 8), From: me, To: w.account(w.persons + int(hash(uint64(i), 7)%utilities)), Paid: ledger.Money{Units: 3_000 + e.rng.Int64N(15_000)}, Channel: ledger.ChannelACH, Purpose: "ELEC"},
		{At: e.at(first, 25+int(hash(uint64(employer), 8)%4), 5, 7), From: w.account(employer), To: me, Paid: ledger.Money{Units: wage}, Channel: ledger.ChannelACH, Purpose: "SALA"},
	}
	for range 1 + e.rng.IntN(4) {
		favourite := hash(uint64(i), 20+e.rng.Uint64N(6))
		steps = append(steps, ledger.Payment{
			At: e.at(first, 1+e.rng.IntN(28), 8, 21), From: me, To: w.account(w.business(favourite)), Paid: ledger.Money{Units: 300 + e.rng.Int64N(12_000)},
			Channel: ledger.ChannelCard, MCC: shops[favourite%uint64(len(shops))], Place: city,
		})
	}
	if e.rng.IntN(10) < 3 {
		steps = append(steps, ledger.Payment{At: e.at(first, 1+e.rng.IntN(28), 9, 21), From: me, Paid: ledger.Money{Units: 2_000 * (1 + e.rng.Int64N(10))}, Channel: ledger.ChannelCashWithdrawal, Place: city})
	}
	if e.rng.IntN(10) < 7 {
		friend := (i + int(hash(uint64(i), 30+e.rng.Uint64N(4))%40) + 1) % w.persons
		if e.rng.IntN(15) == 0 {
			friend = e.rng.IntN(w.persons)
		}
		if friend != i {
			steps = append(steps, ledger.Payment{
				At: e.at(first, 1+e.rng.IntN(28), 7, 23), From: me, To: w.account(friend), Paid: ledger.Money{Units: 500 + e.rng.Int64N(20_000)},
				Channel: ledger.ChannelInstant, Purpose: purposes[e.rng.IntN(len(purposes))], Device: me.Number,
			})
		}
	}
	for _, p := range steps {
		if err := e.pay(p); err != nil {
			return err
		}
	}
	return nil
}

// company makes a month of one business: suppliers and tax.
func (e *emitter) company(i int, first int64) error {
	if i >= e.w.persons+e.w.businesses {
		return nil
	}
	for range 2 {
		supplier := e.w.ordinary(hash(uint64(i), 40+e.rng.Uint64N(5)))
		if supplier == i {
			continue
		}
		if err := e.pay(ledger.Payment{At: e.at(first, 1+e.rng.IntN(28), 8, 18), From: e.w.account(i), To: e.w.account(supplier), Paid: ledger.Money{Units: 20_000 + e.rng.Int64N(900_000)}, Channel: ledger.ChannelTransfer, Purpose: "SUPP"}); err != nil {
			return err
		}
	}
	if i == e.w.persons {
		return nil // the tax office itself
	}
	return e.pay(ledger.Payment{At: e.at(first, 15, 8, 10), From: e.w.account(i), To: e.w.account(e.w.persons), Paid: ledger.Money{Units: 10_000 + e.rng.Int64N(100_000)}, Channel: ledger.ChannelACH, Purpose: "TAXS"})
}
