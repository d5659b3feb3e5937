package advert_test

import (
	"strings"
	"testing"

	"tarir/intake"
	"tarir/intake/advert"
	"tarir/intake/intaketest"
)

var formats = []*intake.Format{advert.Format}

const good = `{"id":"a1","posted_at":"2019-09-10T14:03:00-03:00","site":"s","text":"جديدة في المدينة 💋","city":"Lima","country":"pe","phones":["+51999"],"image_hashes":["0aFF"],"price":80,"currency":"pen","views":3}` + "\n"

func TestAdvertsAreReadAsTheyStand(t *testing.T) {
	r := intaketest.Read(t, formats, "a.jsonl", good+`{"id":"a2","posted_at":"2019-09-10","text":"x"}`+"\n")
	if len(r.Adverts) != 2 || len(r.Rejections) > 0 {
		t.Fatalf("%+v", r)
	}
	a := r.Adverts[0]
	if a.ID != "a1" || a.At != 1568134980000 || a.Offset != -180 || a.Country != "PE" || a.Price != "80" || a.Currency != "PEN" || string(a.Extra["views"]) != "3" || a.Source != "a.jsonl#1" {
		t.Errorf("%+v", a)
	}
	if b := r.Adverts[1]; !b.DateOnly || b.Extra != nil {
		t.Errorf("%+v", b)
	}
}

func TestWhatIsNoAdvertIsRejected(t *testing.T) {
	for line, reason := range map[string]string{
		`{"id":"a","text":"x"}`:                                                            "without posted_at",
		`{"posted_at":"2019-09-10","text":"x"}`:                                            "without id",
		`{"id":"a","posted_at":"2019-09-10","text":" "}`:                                   "without text",
		`{"id":"a","posted_at":"yesterday","text":"x"}`:                                    "time is not readable",
		`{"id":"a","posted_at":"2019-09-10","text":"x","image_hashes":["/9j/4AAQ"]}`:       "images themselves are not taken",
		`{"id":"a","posted_at":"2019-09-10","text":["x"]}`:                                 "not an advert",
		`{"id":"a","posted_at":"2019-09-10","text":"` + strings.Repeat("x", 10<<20) + `"}`: "longer than 1 MiB",
		"{\x00":                            "NUL",
		`{"id":"a","posted_at":"2019-09-1`: "not an advert",
	} {
		r := intaketest.Read(t, formats, "a.jsonl", good+line+"\n"+strings.Replace(good, "a1", "a9", 1))
		if len(r.Adverts) != 2 || len(r.Rejections) != 1 || !strings.Contains(r.Rejections[0].Reason, reason) || len(r.Rejections[0].Raw) > 5000 {
			t.Errorf("%.60s: %d adverts, %+v, want %q", line, len(r.Adverts), r.Rejections, reason)
		}
	}
}

func FuzzAdverts(f *testing.F) { intaketest.Fuzz(f, advert.Format, good) }
