package journey_test

import (
	"fmt"
	"testing"

	"tarir/journey"
)

const day = int64(86_400_000)

// diary collects journeys.
type diary []*journey.Journey

func (d *diary) leg(person, family, from, to string, on int64, booking, payer string) {
	*d = append(*d, &journey.Journey{
		ID: fmt.Sprint(len(*d)), Person: person, GivenName: person, FamilyName: family, From: from, To: to, Departure: journey.Time{At: on * day}, Booking: booking, Payer: payer,
	})
}

// escorted tells of n groups that a guide brings, paid by one account, and of the guide's way back.
func (d *diary) escorted(n int, back bool) {
	for g := range n {
		booking := fmt.Sprint("B", g)
		on := int64(100 + g*10)
		for k := range 3 {
			d.leg(fmt.Sprintf("migrant%d-%d", g, k), fmt.Sprintf("Name%d-%d", g, k), "A", "B", on, booking, "BANK/1")
		}
		d.leg("guide", "Guide", "A", "B", on, booking, "BANK/1")
		if back {
			d.leg("guide", "Guide", "B", "A", on+2, booking+"R", "BANK/2")
		}
	}
}

func escorts(d diary) []journey.Escort {
	list := journey.Sort(d)
	return journey.Escorts(list, journey.Number(list), journey.Groups(list), journey.Default())
}

func TestAnEscortTravelsWithChangingGroupsAndComesBackAlone(t *testing.T) {
	for n, want := range map[int]int{2: 0, 3: 1, 6: 1} {
		var d diary
		d.escorted(n, true)
		got := escorts(d)
		if len(got) != want || want == 1 && (got[0].Person != "guide" || len(got[0].Groups) != n || got[0].Alone != n || len(got[0].Companions) != 3*n) {
			t.Errorf("%d groups: %+v", n, got)
		}
	}
}

func TestWhoTravelsWithOthersOftenIsNoEscort(t *testing.T) {
	var guide diary // of tours: comes back with them
	guide.escorted(6, false)
	var family diary
	for k := range int64(6) {
		for _, p := range []string{"mother", "father", "child"} {
			family.leg(p, "Ruiz", "A", "B", 100+k*20, fmt.Sprint("F", k), "BANK/3")
		}
		family.leg("mother", "Ruiz", "B", "A", 105+k*20, fmt.Sprint("R", k), "BANK/3")
	}
	for name, d := range map[string]diary{"a guide of tours": guide, "a family": family} {
		if got := escorts(d); len(got) > 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestPayersOfStrangersAreFoundAndFamiliesAndAgenciesAreNot(t *testing.T) {
	var d diary
	for k := range int64(4) {
		d.leg(fmt.Sprint("stranger", k), fmt.Sprint("Name", k), "A", "B", 100+k*7, fmt.Sprint("S", k), "BANK/1")
	}
	for k := range int64(6) {
		d.leg(fmt.Sprint("cousin", k), "Ruiz", "A", "B", 100+k, fmt.Sprint("C", k), "BANK/2")
	}
	for k := range int64(300) {
		d.leg(fmt.Sprint("tourist", k), fmt.Sprint("Tour", k), "A", "B", 100+k/10, fmt.Sprint("T", k), "BANK/3")
	}
	for k := range int64(4) {
		d.leg(fmt.Sprint("seldom", k), fmt.Sprint("Seldom", k), "A", "B", 100+k*40, fmt.Sprint("L", k), "BANK/4")
	}
	list := journey.Sort(d)
	got := journey.Payers(list, journey.Number(list), journey.Default())
	if len(got) != 1 || got[0].Account != "BANK/1" || len(got[0].Persons) != 4 {
		t.Errorf("%+v", got)
	}
}
