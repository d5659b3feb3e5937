package chart

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"tarir/casework"
	"tarir/entity"
	"tarir/holding"
	"tarir/journey"
	"tarir/money/typology"
	"tarir/online"
	"tarir/place"
	"tarir/signal"
)

// Trying a change of the indicators on what a case holds: its payments, adverts, journeys and entities, as an analysis looks at them.

// Records are what a case holds beside payments, as an analysis reads it.
type Records struct {
	Adverts  []*online.Advert
	Journeys []*journey.Journey
	Entities []*entity.Entity
}

// Add takes an entry of a case; of other kinds, and of what cannot be read, it takes nothing.
func (r *Records) Add(kind casework.EntryKind, body json.RawMessage) {
	switch kind {
	case casework.EntityEntry:
		if e, _, err := entity.Decode(body); err == nil {
			r.Entities = append(r.Entities, e)
		}
	case casework.AdvertEntry:
		var a casework.CaseAdvert
		if json.Unmarshal(body, &a) != nil {
			return
		}
		at := clockOf(a.PostedAt)
		r.Adverts = append(r.Adverts, &online.Advert{
			ID: a.ID, At: at.At, Offset: at.Offset, DateOnly: at.DateOnly, Site: a.Site, Account: a.Account, Title: a.Title, Text: a.Text, City: a.City, Country: a.Country, Phones: a.Phones, Emails: a.Emails,
			URLs: a.URLs, Images: a.Images, Price: a.Price, Currency: a.Currency, Source: a.ID,
		})
	case casework.JourneyEntry:
		var j casework.CaseJourney
		if json.Unmarshal(body, &j) != nil {
			return
		}
		r.Journeys = append(r.Journeys, &journey.Journey{
			ID: j.ID, Person: j.Person, GivenName: j.GivenName, FamilyName: j.FamilyName, Birth: j.Birth, Document: j.Document, DocCountry: j.DocCountry, From: j.From, To: j.To, Departure: clockOf(j.Departure),
			Arrival: clockOf(j.Arrival), Mode: journey.Mode(j.Mode), Carrier: j.Carrier, Booking: j.Booking, Booked: clockOf(j.Booked), Payer: j.Payer, Phone: j.Phone, Email: j.Email, Source: j.ID,
		})
	}
}

// clockOf is a time as an entry tells it; zero: it tells none.
func clockOf(text string) journey.Time {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		_, offset := t.Zone()
		return journey.Time{At: t.UnixMilli(), Offset: offset / 60}
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return journey.Time{At: t.UnixMilli(), DateOnly: true}
	}
	return journey.Time{}
}

// PackRow is what a change of an indicator pack does to the findings of one typology in a case.
type PackRow struct {
	Typology                 string
	Before, After, New, Gone int
}

// Compare runs all typologies with two packs, upon the payments of the case and its other records, and says what differs: a finding is the same where it is about the same subject and payments.
// Amounts of different currencies are not compared. Cost: families, groups and typologies of an analysis, the last of them twice; all records of the case are in memory.
func (m *Money) Compare(ctx context.Context, records *Records, before, after *typology.Pack) ([]PackRow, error) {
	in, err := m.beside(ctx, records)
	if err != nil {
		return nil, fmt.Errorf("try the indicators: %w", err)
	}
	apart := place.NewBook(in.Held.Each).Apart()
	found := func(p *typology.Pack) (map[string]map[string]bool, error) {
		in.Pack = p
		beside := func(ctx context.Context) ([]typology.Hit, error) {
			hits, _, err := signal.Scan(ctx, *in)
			return hits, err
		}
		r, err := typology.Run(ctx, m.g, p, typology.Options{Beside: beside, Holder: in.Held.Subject, Apart: apart})
		if err != nil {
			return nil, fmt.Errorf("try the indicators: %w", err)
		}
		out := map[string]map[string]bool{}
		for i := range r.Findings {
			f := &r.Findings[i]
			if out[f.Typology] == nil {
				out[f.Typology] = map[string]bool{}
			}
			out[f.Typology][fmt.Sprint(f.Subject, f.Payments)] = true
		}
		return out, nil
	}
	a, err := found(before)
	if err != nil {
		return nil, err
	}
	b, err := found(after)
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for t := range a {
		names[t] = true
	}
	for t := range b {
		names[t] = true
	}
	var out []PackRow
	for _, t := range slices.Sorted(maps.Keys(names)) {
		r := PackRow{Typology: t, Before: len(a[t]), After: len(b[t])}
		for k := range b[t] {
			if !a[t][k] {
				r.New++
			}
		}
		r.Gone = r.Before + r.New - r.After
		out = append(out, r)
	}
	return out, nil
}

// beside is what signals are looked for in, but for the pack.
func (m *Money) beside(ctx context.Context, r *Records) (*signal.Input, error) {
	book := entity.NewPhonebook()
	in := &signal.Input{Graph: m.g, Phones: book, Held: holding.New(m.g, entity.ResolveWith(book, r.Entities, nil)), Adverts: online.Sort(r.Adverts), Journeys: journey.Sort(r.Journeys)}
	var err error
	if in.Families, err = online.Families(ctx, in.Adverts, nil); err != nil {
		return nil, err
	}
	contacts, err := online.Contacts(ctx, in.Adverts, nil)
	if err != nil {
		return nil, err
	}
	in.Posters = online.Posters(in.Adverts, contacts, in.Families)
	in.Groups = journey.Groups(in.Journeys)
	in.Travellers = journey.Number(in.Journeys)
	in.Escorts = journey.Escorts(in.Journeys, in.Travellers, in.Groups, journey.Default())
	in.Payers = journey.Payers(in.Journeys, in.Travellers, journey.Default())
	return in, nil
}
