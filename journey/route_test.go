package journey

import (
	"reflect"
	"testing"
)

func TestRoutesCountJourneysAndPeople(t *testing.T) {
	const day = 86_400_000
	go1 := func(person, from, to string, mode Mode, at int64) *Journey {
		return &Journey{Person: person, From: from, To: to, Mode: mode, Departure: Time{At: at * day}}
	}
	got := Routes([]*Journey{
		go1("a", "COBOG", "PAPTY", Air, 5), go1("b", "COBOG", "PAPTY", Air, 3), go1("a", "COBOG", "PAPTY", Air, 9),
		go1("c", "COTRB", "PAPTY", Sea, 1), go1("c", "COBOG", "PAPTY", Sea, 2),
	})
	jan := func(n int) []Month { return []Month{{"1970-01", n}} }
	want := []Route{
		{"COBOG", "PAPTY", Air, 3, 2, 3 * day, 9 * day, jan(3)}, {"COBOG", "PAPTY", Sea, 1, 1, 2 * day, 2 * day, jan(1)}, {"COTRB", "PAPTY", Sea, 1, 1, 1 * day, 1 * day, jan(1)},
	}
	if len(got) != len(want) {
		t.Fatalf("%d routes: %v", len(got), got)
	}
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("route %d: %v, want %v", i, got[i], want[i])
		}
	}
}
