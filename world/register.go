package world

import (
	"fmt"
	"strings"
	"time"

	"tarir/entity"
	"tarir/money/ledger"
)

// register tells of everybody as banks, employers and registers do: who has which account since when, lives where, works for
// whom, and which companies there are.
func (s *Society) register() {
	told := map[string]bool{}
	for _, e := range s.Entities {
		told[e.ID] = true
	}
	for n := range s.persons {
		p := s.person(n)
		if !told[p.id] {
			s.Entities = append(s.Entities, p.entities(s.home(p), "")...)
		}
		if n%3 == 0 { // of a third the register knows for whom they work
			firm := s.business(hash(uint64(n), 3))
			e := &entity.Entity{ID: "emp-" + p.id, Schema: "Employment", Properties: map[string][]string{}}
			e.Add("employee", p.id).Add("employer", s.companyID(firm)).Add("startDate", fmt.Sprintf("%d-%02d-01", 2012+hash(uint64(n), 130)%11, 1+hash(uint64(n), 131)%12))
			s.Entities = append(s.Entities, e)
		}
	}
	for n := range s.businesses {
		s.Entities = append(s.Entities, s.companyEntities(s.persons+n)...)
	}
	for _, c := range countries {
		for _, p := range c.places {
			e := &entity.Entity{ID: "place-" + strings.ToLower(p.code), Schema: "Address", Properties: map[string][]string{}}
			s.Entities = append(s.Entities, e.Add("name", p.code).Add("full", p.name+", "+c.code).Add("city", p.name).Add("country", strings.ToLower(c.code)))
		}
	}
}

// home is where somebody lives: with the household, or where flats says.
func (s *Society) home(p person) string {
	if h, ok := s.homes[p.n]; ok {
		return h
	}
	return s.street(p, uint64(p.n/household))
}

func (s *Society) street(p person, h uint64) string {
	return fmt.Sprintf("%s %d, %s", invented(hash(h^s.spec.Seed<<32, 140), 2), 1+hash(h, 141)%180, p.country.places[hash(h, 142)%uint64(len(p.country.places))].name)
}

// flats gives homes to those who share one with strangers and do nothing wrong: students, and people in a hostel.
func (s *Society) flats() {
	for n := 0; n+40 < s.persons; n += 200 {
		at := s.street(s.person(n), uint64(n)+7_000_000)
		for k := range 5 {
			s.homes[n+k*8] = at
		}
	}
	for n := 100; n+4000 < s.persons; n += 5000 {
		at := s.street(s.person(n), uint64(n)+8_000_000)
		for k := range 25 {
			s.homes[n+k*150] = at
		}
	}
}

// entities are the person, the account and that it is theirs, as a bank tells them. Opened is the day on which the account
// was, empty for one of years ago.
func (p person) entities(home, opened string) []*entity.Entity {
	e := &entity.Entity{ID: p.id, Schema: "Person", Properties: map[string][]string{}}
	e.Add("name", p.given+" "+p.family).Add("firstName", p.given).Add("lastName", p.family).Add("birthDate", p.birth)
	e.Add("nationality", strings.ToLower(p.country.code)).Add("country", strings.ToLower(p.country.code)).Add("passportNumber", p.passport).Add("phone", p.phone).Add("email", p.email).Add("address", home)
	if opened == "" {
		opened = fmt.Sprintf("%d-%02d-%02d", 2006+hash(uint64(p.n), 132)%17, 1+hash(uint64(p.n), 133)%12, 1+hash(uint64(p.n), 134)%28)
	}
	return append([]*entity.Entity{e}, holding(p.id, p.account, opened)...)
}

// holding is an account and that it is somebody's.
func holding(owner string, a ledger.Account, opened string) []*entity.Entity {
	id := "acc-" + strings.ToLower(a.Institution) + "-" + a.Number
	account := &entity.Entity{ID: id, Schema: "BankAccount", Properties: map[string][]string{}}
	account.Add("bankName", a.Institution).Add("accountNumber", a.Number).Add("openingDate", opened)
	own := &entity.Entity{ID: "own-" + id + "-" + owner, Schema: "Ownership", Properties: map[string][]string{}}
	own.Add("owner", owner).Add("asset", id)
	return []*entity.Entity{account, own}
}

var sectors = [...]string{"Trading", "Foods", "Services", "Retail", "Works"}

func (w *World) companyHash(n int) uint64 { return hash(uint64(n)^w.spec.Seed<<32, 120) }

func (w *World) companyID(n int) string { return fmt.Sprintf("com-%012x", w.companyHash(n)>>16) }

func (w *World) companyName(n int) string {
	h := w.companyHash(n)
	return invented(h, 3) + " " + sectors[h%uint64(len(sectors))]
}

// companyEntities is a business of a number, as a register tells it.
func (w *World) companyEntities(n int) []*entity.Entity {
	h := w.companyHash(n)
	e := &entity.Entity{ID: w.companyID(n), Schema: "Company", Properties: map[string][]string{}}
	e.Add("name", w.companyName(n)).Add("registrationNumber", fmt.Sprintf("R%08d", h%100_000_000)).Add("sector", strings.ToLower(sectors[h%uint64(len(sectors))]))
	e.Add("incorporationDate", fmt.Sprintf("%d-%02d-%02d", 1985+hash(h, 121)%35, 1+hash(h, 122)%12, 1+hash(h, 123)%28))
	return append([]*entity.Entity{e}, holding(e.ID, w.account(n), "")...)
}

// date is the day of a moment.
func date(at int64) string { return time.UnixMilli(at).UTC().Format(time.DateOnly) }
