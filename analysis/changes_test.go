package analysis

import (
	"slices"
	"testing"

	"tarir/message"
)

// gang makes a network of members, with possible victims and money.
func gang(id, received string, members, victims string, rests ...string) Network {
	n := Network{ID: id, Proceeds: Proceeds{Received: []Sum{{received, "USD"}}}}
	for _, m := range members {
		n.Members = append(n.Members, NetworkMember{Entity: string(m)})
	}
	for _, v := range victims {
		n.Victims = append(n.Victims, NetworkVictim{Entity: string(v)})
	}
	for _, r := range rests {
		n.Proceeds.AtRest = append(n.Proceeds.AtRest, Rest{Account: "B/" + r, Amount: r, Currency: "USD"})
	}
	return n
}

func TestWhatBecameOfEachOrganisationIsTold(t *testing.T) {
	before := []Network{gang("same", "5.00", "ab", "x"), gang("grew", "5.00", "cd", "y", "1.00"), gang("one", "5.00", "ef", ""), gang("two", "5.00", "gh", ""), gang("whole", "5.00", "ijkl", ""), gang("lost", "5.00", "mn", "")}
	after := []Network{
		gang("same", "5.00", "ab", "x"), gang("grew", "9.00", "cdq", "yz", "1.00", "0.50"), gang("merged", "5.00", "efg", ""), gang("left", "5.00", "ij", ""), gang("right", "5.00", "kl", ""), gang("fresh", "5.00", "rs", ""),
	}
	got := map[string]Change{}
	for _, c := range compareNetworks(before, after) {
		got[c.Network] = c
	}
	for id, want := range map[string]Change{
		"same": {Kind: "same", From: []string{"same"}}, "grew": {Kind: "changed", From: []string{"grew"}, MembersIn: []string{"q"}, VictimsIn: []string{"z"}, Received: &Moved{"5.00", "9.00", "USD"}, AtRest: &Moved{"1.00", "1.50", "USD"}},
		"merged": {Kind: "changed", From: []string{"one", "two"}, MembersOut: []string{"h"}}, "left": {Kind: "changed", From: []string{"whole"}, Split: true}, "right": {Kind: "changed", From: []string{"whole"}, Split: true},
		"fresh": {Kind: "new", MembersIn: []string{"r", "s"}}, "lost": {Kind: "gone"},
	} {
		c, ok := got[id]
		moves := func(a, b *Moved) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }
		if !ok || c.Kind != want.Kind || !slices.Equal(c.From, want.From) || c.Split != want.Split || !slices.Equal(c.MembersIn, want.MembersIn) || !slices.Equal(c.MembersOut, want.MembersOut) ||
			!slices.Equal(c.VictimsIn, want.VictimsIn) || !moves(c.Received, want.Received) || !moves(c.AtRest, want.AtRest) {
			t.Errorf("%s: %+v %+v %+v, want %+v", id, c, c.Received, c.AtRest, want)
		}
	}
	if len(got) != 7 {
		t.Errorf("%d changes", len(got))
	}
	say, err := message.For("en")
	if err != nil {
		t.Fatal(err)
	}
	grew := got["grew"]
	want := []string{"New members: 1.", "More possible victims: 1.", "Received before 5.00 USD, now 9.00 USD.", "At rest on members' accounts before 1.00 USD, now 1.50 USD."}
	if told := grew.told(say); !slices.Equal(told, want) {
		t.Errorf("%q", told)
	}
}
