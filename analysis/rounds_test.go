package analysis

import (
	"fmt"
	"slices"
	"testing"

	"tarir/entity"
	"tarir/journey"
	"tarir/network"
	"tarir/place"
	"tarir/report"
)

func TestTheReportTellsTheRoundsOfItsPeopleAndOfNobodyElse(t *testing.T) {
	const day = int64(86_400_000)
	var in network.Input
	travel := func(who string, rounds int, places ...string) {
		at := int64(20_000) * day
		for range rounds {
			for i, from := range places {
				at += day
				in.Journeys = append(in.Journeys, &journey.Journey{ID: fmt.Sprint(len(in.Journeys)), Person: who, From: from, To: places[(i+1)%len(places)], Departure: journey.Time{At: at}})
			}
		}
	}
	travel("driver", 3, "P", "Q", "R")
	travel("victim", 4, "P", "Q", "R")
	travel("passer-by", 5, "P", "Q", "R")
	travel("tourist", 2, "P", "Q", "R")
	n := Network{of: &network.Network{}}
	for i := range in.Journeys {
		n.of.Journeys = append(n.of.Journeys, i)
	}
	r := &reporter{book: place.NewBook(func(string, func(*entity.Entity)) {})}
	got := r.rounds(in, &n, map[string]string{"driver": "Driver", "victim": "V-1", "tourist": "Tourist"})
	want := []report.Round{
		{Who: "V-1", Way: "P → Q → R → P", First: "2024-10-05", Last: "2024-10-16", Times: 4},
		{Who: "Driver", Way: "P → Q → R → P", First: "2024-10-05", Last: "2024-10-13", Times: 3},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}
