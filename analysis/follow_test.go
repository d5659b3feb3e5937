package analysis

import (
	"fmt"
	"slices"
	"testing"

	"tarir/money/flow"
	"tarir/money/flow/flowtest"
	"tarir/money/ledger"
	"tarir/money/trace"
	"tarir/network"
)

// Who is made to pass money on is no end of it: it is followed to who gets it. What stays with them is told, but not where.
func TestMoneyIsFollowedThroughThoseWhoAreMadeToPassItOn(t *testing.T) {
	var payments []ledger.Payment
	pay := func(from, to string, on, dollars int64) {
		payments = append(payments, ledger.Payment{
			Ref: fmt.Sprint("P", len(payments)), Status: ledger.Booked, At: on * 86_400_000, From: ledger.Account{Institution: "B", Number: from}, To: ledger.Account{Institution: "B", Number: to},
			Paid: ledger.Money{Units: dollars * 100, Scale: 2, Currency: "USD"}, Channel: ledger.ChannelTransfer, File: "f", Line: int64(len(payments) + 1),
		})
	}
	pay("buyer", "collector", 10, 1000)
	pay("collector", "made", 11, 1000)
	pay("made", "head", 12, 900)
	g := flowtest.Graph(t, payments)
	account := func(number string) flow.Account {
		for a := range g.Accounts() {
			if g.AccountName(flow.Account(a)) == "B/"+number {
				return flow.Account(a)
			}
		}
		t.Fatalf("no account %s", number)
		return flow.Outside
	}
	n := &network.Network{Accounts: []flow.Account{account("collector"), account("head")}}
	slices.Sort(n.Accounts)
	n.Victims = []network.Person{{Actor: network.Actor{Accounts: []flow.Account{account("made")}}}}
	v := g.View()
	in := v.In(account("collector"))[0]
	seed := trace.Seed{Row: v.Row(account("collector"), 0, false), Account: account("collector"), Peer: account("buyer"), At: in.At(), Amount: in.Amount(), Currency: in.Currency()}
	f, err := follow(t.Context(), g, []trace.Seed{seed}, n, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := f.proceeds.AtRest; len(got) != 1 || got[0].Account != "B/head" || got[0].Amount != "900.00" {
		t.Errorf("at rest: %+v", got)
	}
	if got := f.proceeds.Left; len(got) != 1 || got[0].Account != "" || got[0].Amount != "100.00" || got[0].How != "held" {
		t.Errorf("left: %+v", got)
	}
}
