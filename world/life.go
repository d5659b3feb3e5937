package world

import (
	"encoding/json"
	"fmt"
	"slices"

	"tarir/journey"
	"tarir/money/ledger"
	"tarir/online"
)

// publish fills the adverts up with those of people who do nothing wrong: independents, who write their own text and post
// it again and again, some of them on tour, some of them copied by others; job posts of honest firms and of agencies for many
// trades; a directory that puts its own number under everything.
func (s *Society) publish(n int) {
	r := s.rng
	langs := []string{"es", "es", "es", "en", "pt"}
	for len(s.Adverts) < n {
		p := s.person(r.IntN(s.persons))
		town := p.country.places[r.IntN(len(p.country.places))]
		switch r.IntN(16) {
		case 0, 1, 2:
			s.offerWork(1+r.IntN(6), 1)
			continue
		case 3:
			if r.IntN(12) == 0 {
				s.offerWork(30+r.IntN(40), 6) // an agency places people in many trades, for what they pay
			}
			continue
		}
		lang := langs[r.IntN(len(langs))]
		text := escortLines[lang].say(r, 5+r.IntN(3))
		copies, tour := 1, r.IntN(25) == 0
		if r.IntN(30) == 0 {
			copies = 2 + r.IntN(2) // others take the text over
		}
		for c := range copies {
			who := p
			if c > 0 {
				who = s.person(r.IntN(s.persons))
			}
			at := start + r.Int64N(6*30*day)
			image := imageOf(hash(uint64(who.n), 300))
			if r.IntN(20) == 0 {
				image = imageOf(uint64(r.IntN(8))) // a picture that many take from elsewhere
			}
			for k := range 1 + r.IntN(10) {
				if tour { // she goes from town to town and works for herself
					town = p.country.places[k%len(p.country.places)]
				}
				s.post(online.Advert{
					At: at + int64(k)*(2+r.Int64N(5))*day, Site: "adverts.example", Account: fmt.Sprintf("u%05d", hash(uint64(who.n), 9)%100_000), City: town.name, Country: p.country.code, Title: who.given,
					Text: filled(text, who.given, town.name, fmt.Sprint(80+10*r.IntN(8)), disguised(r, who.phone)), Price: fmt.Sprint(80 + 10*r.IntN(8)), Currency: "USD", Images: []string{blurred(image, r.Uint64())},
				})
			}
		}
	}
	s.Adverts = s.Adverts[:n]
}

// offerWork publishes so many posts of an honest firm, in so many trades, each for what the trade pays.
func (s *Society) offerWork(posts, trades int) {
	r := s.rng
	lang := []string{"es", "en"}[r.IntN(2)]
	firm := s.businesses/4 + r.IntN(s.businesses-s.businesses/4)
	contact := s.person(s.persons + firm)
	town := contact.country.places[r.IntN(len(contact.country.places))]
	name, _ := json.Marshal(s.companyName(s.persons + firm))
	first := r.IntN(len(jobTrades[lang]))
	text := jobLines[lang].say(r, 4)
	for k := range posts {
		trade := jobTrades[lang][(first+k%trades)%len(jobTrades[lang])]
		pay := 500 + 10*r.IntN(60)
		s.post(online.Advert{
			At: start + r.Int64N(8*30*day), Site: "jobs.example", Account: fmt.Sprintf("f%05d", firm), City: town.name, Country: contact.country.code, Title: "Empleo",
			Text: trade + ". " + filled(text, "", town.name, fmt.Sprint(pay), contact.phone), Price: fmt.Sprint(pay), Currency: "USD", Extra: map[string]json.RawMessage{"employer": name},
		})
	}
}

// imageOf is the perceptual hash of a picture that does not exist: 256 bits.
func imageOf(h uint64) [4]uint64 {
	return [4]uint64{hash(h, 301), hash(h, 302), hash(h, 303), hash(h, 304)}
}

// blurred writes a picture's hash as it comes out after another compression: a few bits differ.
func blurred(image [4]uint64, noise uint64) string {
	for k := range uint64(6) {
		bit := hash(noise, k) % 256
		image[bit/64] ^= 1 << (bit % 64)
	}
	return fmt.Sprintf("%016x%016x%016x%016x", image[0], image[1], image[2], image[3])
}

// agencies is how many honest ones take groups on tours.
const agencies = 6

// guide is the person who leads an agency's tours.
func guide(agency int) int { return agency * 7 }

// farms is how many honest ones bring workers for a season, and charities how many pay for journeys of people in need.
const (
	farms     = 5
	charities = 3
)

// free says that somebody is at home in a stretch of time.
func (s *Society) free(id string, from, to int64) bool {
	if since, ok := s.gone[id]; ok && to > since {
		return false
	}
	for _, away := range s.calendar[id] {
		if from < away[1] && to > away[0] {
			return false
		}
	}
	return true
}

// move fills the journeys up: people on business, families, students who move, tourists in groups, workers of a season,
// travellers whom a charity helps, and people who book late.
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
		stay, returns, account := int64(3+r.IntN(20))*day, true, payer.account
		switch k := r.IntN(80); {
		case k < 28: // a household
			for m := 1; m < 2+r.IntN(household-1); m++ {
				party = append(party, s.person(min(payer.n/household*household+(payer.n+m)%household, s.persons-1)))
			}
		case k < 30: // colleagues, always the same
			for m := range 2 + r.IntN(4) {
				party = append(party, s.person((payer.n/50*50+m)%s.persons))
			}
		case k == 30: // a tour with the guide of an agency, which pays for all
			agency := r.IntN(agencies)
			payer = s.person(s.persons + agency)
			payer.phone = fmt.Sprintf("+57122222%02d", agency)
			account = payer.account
			party = []person{s.person(guide(agency))}
			for range 8 + r.IntN(12) {
				party = append(party, s.person(r.IntN(s.persons)))
			}
		case k == 31 && r.IntN(6) == 0: // a farm brings workers for a season and sends them home
			farm := r.IntN(farms)
			payer = s.person(s.persons + agencies + farm)
			account = payer.account
			b, stay, mode, party = countries[farm%len(countries)].places[0], 70*day, journey.Bus, nil
			if a.code == b.code {
				continue
			}
			for range 5 + r.IntN(10) {
				party = append(party, s.person(r.IntN(s.persons)))
			}
		case k == 32 && r.IntN(6) == 0: // a charity pays the bus of people in need, at once and one way
			payer = s.person(s.persons + agencies + farms + r.IntN(charities))
			account, returns, mode, party = payer.account, false, journey.Bus, nil
			for range 2 + r.IntN(4) {
				party = append(party, s.person(r.IntN(s.persons)))
			}
		case k == 33: // a student moves and comes back after the term
			stay = 120 * day
		case k == 34: // somebody goes for good
			returns = false
		case k < 40: // paid in cash at the counter
			account = ledger.Account{}
		}
		until := at + day
		if returns {
			until = at + stay + 2*day
		}
		party = slices.DeleteFunc(party, func(p person) bool { return !s.free(p.id, at-day, until) })
		for k, p := range party {
			if slices.ContainsFunc(party[:k], func(o person) bool { return o.id == p.id }) {
				continue
			}
			s.calendar[p.id] = append(s.calendar[p.id], [2]int64{at - day, until})
			s.travel(p, a, b, mode, at, booking, account, payer.phone)
			if returns {
				s.travel(p, b, a, mode, at+stay, back, account, payer.phone)
			}
		}
	}
	s.Journeys = s.Journeys[:n]
	for farm := range farms {
		s.innocent("seasonal_workers", s.account(s.persons+agencies+farm))
	}
	for c := range charities {
		s.innocent("charity_for_travellers", s.account(s.persons+agencies+farms+c))
	}
	for agency := range agencies {
		s.innocent("tour_agency", s.account(s.persons+agency))
	}
}

// innocent writes a look-alike that shows in other data than payments into the truth.
func (s *Society) innocent(what string, a ledger.Account) {
	s.truth.Innocent = append(s.truth.Innocent, Pattern{ID: fmt.Sprintf("%s-%s", what, a.Number), Typology: what, Payments: []string{}, Accounts: []string{a.String()}})
}
