package misp

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"tarir/entity"
	"tarir/intake"
	"tarir/intake/intaketest"
)

func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	list := []*entity.Entity{
		entity.New("Person", "a").Add("name", "Ana Exemplar").Add("firstName", "Ana").Add("lastName", "Exemplar").Add("birthDate", "1971-02-03").Add("nationality", "md").Add("gender", "female").Add("phone", "+37312345678").Add("passportNumber", "X123456"),
		entity.New("Person", "b").Add("firstName", "Omar").Add("lastName", "Beispiel").Add("name", "Omar Beispiel").Add("program", "interpol-notice/silver"),
		entity.New("Person", "c").Add("firstName", "A").Add("lastName", "B").Add("name", "A B").Add("program", "interpol-notice/un"),
		entity.New("Company", "d").Add("name", "Fret & Fils SARL", "Autre").Add("registrationNumber", "RC 1"),
		entity.New("BankAccount", "e").Add("accountNumber", "12345678").Add("bankName", "Bank B"),
		entity.New("CryptoWallet", "f").Add("publicKey", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq").Add("currencySymbol", "BTC"),
		entity.New("UserAccount", "g").Add("number", "+33612345678"),
		entity.New("UserAccount", "h").Add("username", "moon_light").Add("service", "telegram"),
		entity.New("Vehicle", "i").Add("registrationNumber", "AB-123-CD").Add("model", "van"),
		entity.New("Event", "j").Add("name", "has no object"),
	}
	var b bytes.Buffer
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	w := NewWriter(&b, Event{ID: "case-1", Info: "collection in Arlen", Org: "FIU-A", At: at, Tags: []string{"tlp:amber+strict"}})
	for _, e := range list {
		if err := w.Entity(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil || w.Passed != 1 {
		t.Fatalf("%v, %d passed over", err, w.Passed)
	}
	var shape struct {
		Event struct {
			UUID string
			Tag  []struct{ Name string }
		}
	}
	if err := json.Unmarshal(b.Bytes(), &shape); err != nil || len(shape.Event.Tag) != 1 {
		t.Fatalf("%v\n%s", err, b.String())
	}
	r := intaketest.Read(t, []*intake.Format{Format}, "event.json", b.String())
	if r.Err != nil || r.Count.Rejected > 0 || len(r.Entities) != len(list)-1 {
		t.Fatalf("%+v %v, %d entities", r.Count, r.Err, len(r.Entities))
	}
	for i, got := range r.Entities {
		want := list[i]
		schema := want.Schema
		if schema == "Company" {
			schema = "Organization" // MISP knows one kind
		}
		if got.Schema != schema || !maps.EqualFunc(got.Properties, want.Properties, slices.Equal) {
			t.Errorf("%s: %s %v, want %v", want.ID, got.Schema, got.Properties, want.Properties)
		}
	}
}
