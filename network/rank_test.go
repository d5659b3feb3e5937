package network

import "testing"

func TestMinorsAreThoseWhoMayBeUnderAge(t *testing.T) {
	for _, c := range []struct {
		birth string
		minor bool
	}{
		{"2006-08-31", true},
		{"2006-08-30", false},
		{"2006-08-29", false},
		{"2010", true},
		{"2006", true},
		{"2006-08", true},
		{"2006-07", false},
		{"2005", false},
		{"", false},
		{"unknown", false},
		{"1980-13-99", false},
	} {
		if got := minorAt(c.birth, 2024, 8, 30); got != c.minor {
			t.Errorf("born %q: minor %v on 2024-08-30", c.birth, got)
		}
	}
}

func TestRankPutsHarmAndWhatCanBeDoneFirst(t *testing.T) {
	const end = 1_000_000_000
	many := make([]Person, 20)
	young := make([]Person, 20)
	for i := range young {
		young[i].Minor = true
	}
	list := []Network{
		{ID: "old", Score: 0.9, Victims: many, Last: end - 200*86_400},
		{ID: "surest", Score: 1, Last: end},
		{ID: "minors", Score: 0.9, Victims: young, Last: end},
		{ID: "held", Score: 0.9, Victims: many, Last: end},
		{ID: "active", Score: 0.9, Victims: many, Last: end},
	}
	Rank(list, []float64{0, 0, 0, 0.8, 0}, end)
	for i, want := range []string{"held", "minors", "active", "old", "surest"} {
		if list[i].ID != want || list[i].Rank != i+1 {
			t.Errorf("place %d: %s with rank %d and priority %v, want %s", i+1, list[i].ID, list[i].Rank, list[i].Priority, want)
		}
	}
}
