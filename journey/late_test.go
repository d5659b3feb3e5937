package journey_test

import (
	"slices"
	"testing"

	"tarir/journey"
)

func TestAReturnWithinAMonthMakesAJourneyNoOneWay(t *testing.T) {
	var d diary
	d.leg("out and back", "A", "P", "Q", 100, "1", "")
	d.leg("out and back", "A", "Q", "P", 120, "2", "")
	d.leg("gone", "B", "P", "Q", 101, "3", "")
	d.leg("late back", "C", "P", "Q", 102, "4", "")
	d.leg("late back", "C", "Q", "P", 140, "5", "")
	list := journey.Sort(d)
	got := journey.OneWay(list, journey.Number(list))
	if want := []bool{false, true, true, false, true}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestALateBookingIsOneOfTheLastTwoDays(t *testing.T) {
	at := func(booked, departs int64, dates bool) bool {
		j := journey.Journey{Booked: journey.Time{At: booked, DateOnly: dates}, Departure: journey.Time{At: departs}}
		return j.Late(48)
	}
	const hour = int64(3_600_000)
	for _, c := range []struct {
		booked, departs int64
		dates, want     bool
	}{{1, 1 + 48*hour, false, true}, {1, 2 + 48*hour, false, false}, {1, 1 + 30*hour, true, false}, {1, 1 + 20*hour, true, true}, {0, 5, false, false}} {
		if got := at(c.booked, c.departs, c.dates); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestADocumentUsedTwiceIsFound(t *testing.T) {
	const hour = int64(3_600_000)
	list := journey.Sort([]*journey.Journey{
		{ID: "1", Document: "X1", DocCountry: "PE", GivenName: "Ana", FamilyName: "Ruiz", From: "A", To: "B", Departure: journey.Time{At: 10 * hour}, Arrival: journey.Time{At: 20 * hour}},
		{ID: "2", Document: "X1", DocCountry: "PE", GivenName: "Eva", FamilyName: "Paz", From: "A", To: "B", Departure: journey.Time{At: 500 * hour}},
		{ID: "3", Document: "X2", DocCountry: "PE", GivenName: "Leo", FamilyName: "Gil", From: "A", To: "B", Departure: journey.Time{At: 10 * hour}, Arrival: journey.Time{At: 30 * hour}},
		{ID: "4", Document: "X2", DocCountry: "PE", GivenName: "Leo", FamilyName: "Gil", From: "C", To: "D", Departure: journey.Time{At: 15 * hour}, Arrival: journey.Time{At: 40 * hour}},
		{ID: "5", Document: "X3", DocCountry: "PE", GivenName: "Mia", FamilyName: "Sol", From: "A", To: "B", Departure: journey.Time{At: 10 * hour}, Arrival: journey.Time{At: 20 * hour}},
		{ID: "6", Document: "X3", DocCountry: "PE", GivenName: "Mia", FamilyName: "Sol", From: "B", To: "C", Departure: journey.Time{At: 19 * hour}},
		{ID: "7", Document: "X1", DocCountry: "CO", GivenName: "Ian", FamilyName: "Rey", From: "A", To: "B", Departure: journey.Time{At: 12 * hour}},
	})
	got := journey.Doubles(list)
	if len(got) != 2 || got[0].Document != "PE:X1" || !got[0].Names || got[0].AtOnce || got[1].Document != "PE:X2" || got[1].Names || !got[1].AtOnce {
		t.Errorf("%+v", got)
	}
}

func TestARoundTravelledAgainAndAgainIsALoop(t *testing.T) {
	var d diary
	for k := range int64(3) {
		d.leg("driver", "D", "A", "B", 100+k*10, "", "")
		d.leg("driver", "D", "B", "C", 102+k*10, "", "")
		d.leg("driver", "D", "C", "A", 104+k*10, "", "")
		d.leg("commuter", "C", "A", "B", 100+k*10, "", "")
		d.leg("commuter", "C", "B", "A", 101+k*10, "", "")
	}
	got := journey.Loops(journey.Sort(d), 3)
	if len(got) != 1 || got[0].Person != "driver" || got[0].Times != 3 || !slices.Equal(got[0].Places, []string{"A", "B", "C"}) || len(got[0].Journeys) != 9 {
		t.Errorf("%+v", got)
	}
}
