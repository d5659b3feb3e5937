package chart

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"tarir/casework"
	"tarir/place"
)

// Journey is a booking, a crossing or a check.
type Journey struct {
	Seq      int64
	From, To string
	At       int64 // seconds since 1970 UTC
	Mode     string
	Who      int32 // party; -1: not told
	Payer    int32 // party; -1: not told
	Booking  string
}

// Advert is an advert or a post.
type Advert struct {
	Seq      int64
	ID       string
	At       int64
	City     string
	Country  string
	Contacts []string
	Site     string
}

func moment(s string) int64 {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.Unix()
		}
	}
	return 0
}

func readJourney(seq int64, body json.RawMessage) Piece {
	var j casework.CaseJourney
	if json.Unmarshal(body, &j) != nil {
		return nil
	}
	x := Journey{Seq: seq, From: j.From, To: j.To, At: moment(j.Departure), Mode: j.Mode, Who: -1, Payer: -1, Booking: j.Booking}
	return func(p *Picture) {
		if strings.HasPrefix(j.Person, "V-") { // a pseudonym
			x.Who = p.party(j.Person)
			p.Parties[x.Who].Kind = Victim
		}
		p.Journeys = append(p.Journeys, x)
		p.building.payers = append(p.building.payers, j.Payer)
		p.building.travellers = append(p.building.travellers, j.Person)
	}
}

func readAdvert(seq int64, id string, body json.RawMessage) Piece {
	var a casework.CaseAdvert
	if json.Unmarshal(body, &a) != nil {
		return nil
	}
	x := Advert{Seq: seq, ID: id, At: moment(a.PostedAt), City: a.City, Country: a.Country, Site: a.Site, Contacts: append(slices.Clone(a.Phones), a.Emails...)}
	for _, s := range a.Found {
		x.Contacts = append(x.Contacts, s[cut(s):])
	}
	slices.Sort(x.Contacts)
	x.Contacts = slices.Compact(x.Contacts)
	return func(p *Picture) { p.Adverts = append(p.Adverts, x) }
}

// Spot is a place on the map.
type Spot struct {
	Name    string     `json:"name"`
	Country string     `json:"country"`
	At      [2]float64 `json:"at"`                // longitude and latitude in degrees
	Adverts []int      `json:"adverts,omitempty"` // by week
}

// Way is a way between two spots.
type Way struct {
	From     int    `json:"from"`
	To       int    `json:"to"`
	Kind     string `json:"kind"` // the mode of travel; adverts: the same contact advertised here, then there
	Weeks    []int  `json:"weeks"`
	Count    int    `json:"count"`
	First    int64  `json:"first"`
	Last     int64  `json:"last"`
	Entry    int64  `json:"entry"` // one of those that tell it
	FromName string `json:"-"`
	ToName   string `json:"-"`
}

// Map is what of a case lies on the map, week by week.
type Map struct {
	First   int64    `json:"first"` // start of the first week, seconds since 1970 UTC
	Weeks   int      `json:"weeks"`
	Spots   []Spot   `json:"spots"`
	Ways    []Way    `json:"ways"`
	Unknown []string `json:"unknown"` // names of places of which it is not known where they are
}

// AdvertWay is the kind of ways of adverts.
const AdvertWay = "adverts"

const week = 7 * 24 * 3600

// Map places the journeys and adverts of the case.
func (p *Picture) Map() *Map {
	m := &Map{Spots: []Spot{}, Ways: []Way{}, Unknown: []string{}}
	first, last := int64(0), int64(0)
	span := func(at int64) {
		if at == 0 {
			return
		}
		if first == 0 || at < first {
			first = at
		}
		last = max(last, at)
	}
	for i := range p.Journeys {
		span(p.Journeys[i].At)
	}
	for i := range p.Adverts {
		span(p.Adverts[i].At)
	}
	if first == 0 {
		return m
	}
	m.First = first - first%week
	m.Weeks = int((last-m.First)/week) + 1
	book := &place.Book{}
	spots, unknown := map[string]int{}, map[string]bool{}
	spot := func(name string) int {
		if name == "" {
			return -1
		}
		if i, ok := spots[name]; ok {
			return i
		}
		at, ok := book.Find(name)
		if !ok {
			unknown[name] = true
			spots[name] = -1
			return -1
		}
		for i := range m.Spots { // two names of one place
			if m.Spots[i].At == [2]float64{at.Lon, at.Lat} {
				spots[name] = i
				return i
			}
		}
		spots[name] = len(m.Spots)
		m.Spots = append(m.Spots, Spot{Name: at.Name, Country: at.Country, At: [2]float64{at.Lon, at.Lat}})
		return spots[name]
	}
	type key struct {
		from, to int
		kind     string
	}
	ways := map[key]int{}
	add := func(from, to int, kind string, at, seq int64) {
		if from < 0 || to < 0 || from == to || at == 0 {
			return
		}
		k := key{from, to, kind}
		i, ok := ways[k]
		if !ok {
			i = len(m.Ways)
			ways[k] = i
			m.Ways = append(m.Ways, Way{From: from, To: to, Kind: kind, Weeks: make([]int, m.Weeks), First: at, Last: at, Entry: seq, FromName: m.Spots[from].Name, ToName: m.Spots[to].Name})
		}
		w := &m.Ways[i]
		w.Weeks[(at-m.First)/week]++
		w.Count++
		w.First, w.Last = min(w.First, at), max(w.Last, at)
	}
	for i := range p.Journeys {
		j := &p.Journeys[i]
		add(spot(j.From), spot(j.To), cmp.Or(j.Mode, "other"), j.At, j.Seq)
	}
	// Adverts move where the same contact advertises in one town, and then in another.
	order := make([]int, len(p.Adverts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p.Adverts[a].At, p.Adverts[b].At) })
	at := map[string]int{}
	for _, i := range order {
		a := &p.Adverts[i]
		name := a.City
		if name != "" && a.Country != "" {
			name += ", " + a.Country
		}
		s := spot(name)
		if s < 0 || a.At == 0 {
			continue
		}
		if m.Spots[s].Adverts == nil {
			m.Spots[s].Adverts = make([]int, m.Weeks)
		}
		m.Spots[s].Adverts[(a.At-m.First)/week]++
		for _, c := range a.Contacts {
			if before, ok := at[c]; ok {
				add(before, s, AdvertWay, a.At, a.Seq)
			}
			at[c] = s
		}
	}
	slices.SortFunc(m.Ways, func(a, b Way) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.FromName, b.FromName), cmp.Compare(a.ToName, b.ToName), cmp.Compare(a.Kind, b.Kind))
	})
	for name := range unknown {
		m.Unknown = append(m.Unknown, name)
	}
	slices.Sort(m.Unknown)
	return m
}

// Moments are when what is drawn happened, by kind, in seconds since 1970 UTC: of the whole case, or of what a party paid, received and advertised.
func (p *Picture) Moments(party int32) map[casework.EntryKind][]int64 {
	out := map[casework.EntryKind][]int64{}
	if party < 0 {
		for i := range p.Payments {
			out[casework.PaymentEntry] = append(out[casework.PaymentEntry], p.Payments[i].At)
		}
	} else {
		for _, i := range p.payments[party] {
			out[casework.PaymentEntry] = append(out[casework.PaymentEntry], p.Payments[i].At)
		}
	}
	for i := range p.Adverts {
		if a := &p.Adverts[i]; a.At != 0 && (party < 0 || p.bearsAny(party, a.Contacts)) {
			out[casework.AdvertEntry] = append(out[casework.AdvertEntry], a.At)
		}
	}
	for i := range p.Journeys {
		if j := &p.Journeys[i]; j.At != 0 && (party < 0 || j.Who == party || j.Payer == party) {
			out[casework.JourneyEntry] = append(out[casework.JourneyEntry], j.At)
		}
	}
	return out
}

// bearsAny says whether a party is one of some contacts, or bears one.
func (p *Picture) bearsAny(party int32, contacts []string) bool {
	for _, c := range contacts {
		if c == p.Parties[party].ID || slices.Contains(p.Parties[party].Contacts, c) {
			return true
		}
	}
	return false
}
