package analysis

import (
	"slices"
	"testing"
)

func TestNobodyIsAskedToHoldCents(t *testing.T) {
	list := []Rest{
		{Account: "cents", Amount: "0.26", Currency: "USD"},
		{Account: "most", Amount: "19318.00", Currency: "USD"},
		{Account: "a hundredth", Amount: "193.18", Currency: "USD"},
		{Account: "less", Amount: "193.17", Currency: "USD"},
		{Account: "gold", Amount: "4.10", Currency: "XAU"}, // its own currency's largest
	}
	var got []string
	for _, x := range worthAsking(list) {
		got = append(got, x.Account)
	}
	if want := []string{"most", "a hundredth", "gold"}; !slices.Equal(got, want) {
		t.Errorf("asked to hold on %v, want %v", got, want)
	}
	many := slices.Repeat([]Rest{list[1]}, reportSteps+3)
	if n := len(worthAsking(many)); n != reportSteps {
		t.Errorf("%d requests of %d accounts, want %d", n, len(many), reportSteps)
	}
}
