package journeycsv_test

import (
	"strings"
	"testing"

	"tarir/intake"
	"tarir/intake/intaketest"
	"tarir/intake/journeycsv"
	"tarir/journey"
)

const header = "id,person,given_name,family_name,birth_date,document_number,document_country,from,to,departure,arrival,mode,carrier,booking,booked_at,payer_account,contact_phone,contact_email,seat\n"

var formats = []*intake.Format{journeycsv.Format}

func TestJourneysAreReadAsTheyStand(t *testing.T) {
	r := intaketest.Read(t, formats, "j.csv", header+"j1,p1,Ana,Ruiz,1990-05,AB123,co,BOG,PTY,2019-09-10T14:03:00-05:00,2019-09-10T16:00:00-05:00,air,XX,PNR1,2019-09-09,B/1,+573001234567,a@b.co,12A\n")
	if len(r.Journeys) != 1 {
		t.Fatalf("%+v", r)
	}
	got := *r.Journeys[0]
	want := journey.Journey{
		ID: "j1", Person: "p1", GivenName: "Ana", FamilyName: "Ruiz", Birth: "1990-05", Document: "AB123", DocCountry: "co", From: "BOG", To: "PTY",
		Departure: journey.Time{At: 1568142180000, Offset: -300}, Arrival: journey.Time{At: 1568149200000, Offset: -300}, Mode: journey.Air, Carrier: "XX", Booking: "PNR1",
		Booked: journey.Time{At: 1567987200000, DateOnly: true}, Payer: "B/1", Phone: "+573001234567", Email: "a@b.co", Source: "j.csv#2",
	}
	if got.Extra["seat"] != "12A" {
		t.Errorf("extra %v", got.Extra)
	}
	got.Extra = nil
	if got.Compare(&want) != 0 || got.Departure != want.Departure || got.Arrival != want.Arrival || got.Booked != want.Booked || got.Payer != want.Payer || got.Mode != want.Mode {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestImpossibleJourneysAreRejected(t *testing.T) {
	for row, reason := range map[string]string{
		"j,p,,,,,,A,B,2019-09-10T14:00:00Z,2019-09-10T13:00:00Z,air,,,,,,,": "arrives before it departs",
		"j,p,,,,,,A,B,2019-09-10,2020-09-10,sea,,,,,,,":                     "more than 90 days",
		"j,p,,,,,,A,B,2019-09-10,,air,,,2019-10-10,,,,":                     "booked after it departed",
		"j,,,,,,,A,B,2019-09-10,,air,,,,,,,":                                "names no traveller",
		"j,p,,,,,,,,2019-09-10,,air,,,,,,,":                                 "neither from nor to",
		"j,p,,,,,,A,B,,,air,,,,,,,":                                         "neither a departure nor an arrival",
		"j,p,,,,,,A,B,2019-02-30,,air,,,,,,,":                               "departure: time names a day",
		"j,p,,,,,,A,B,1019-02-03,,air,,,,,,,":                               "year is out of range",
		"j,p,,,21.4.1985,,,A,B,2019-02-03,,air,,,,,,,":                      "birth_date is not readable",
		"j,p,,,,,,A,B,2019-02-03,,rocket,,,,,,,":                            "unknown mode",
		"j,p":                                                               "2 fields where the header has 19",
	} {
		r := intaketest.Read(t, formats, "j.csv", header+row+"\n")
		if len(r.Journeys) != 0 || len(r.Rejections) != 1 || !strings.Contains(r.Rejections[0].Reason, reason) {
			t.Errorf("%s: %+v %+v, want %q", row, r.Journeys, r.Rejections, reason)
		}
	}
}

func FuzzJourneys(f *testing.F) {
	intaketest.Fuzz(f, journeycsv.Format, header+"j1,p1,Ana,Ruiz,1990-05,AB123,co,BOG,PTY,2019-09-10T14:03:00-05:00,2019-09-10T16:00:00-05:00,air,XX,PNR1,2019-09-09,B/1,+573001234567,a@b.co,12A\n")
}
