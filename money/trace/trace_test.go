package trace_test

import (
	"context"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"tarir/money/flow"
	"tarir/money/ledger"
	"tarir/money/trace"
)

type pay struct {
	at       int64
	from, to string
	amount   int64
	channel  ledger.Channel
	received ledger.Money
	mcc      string
}

// build imports payments in the given order and returns their graph.
func build(t interface {
	Fatal(...any)
	Helper()
}, dir string, pays []pay,
) *flow.Graph {
	t.Helper()
	ctx := context.Background()
	im, err := ledger.Begin(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	im.Source("t")
	for i, p := range pays {
		x := &ledger.Payment{
			Ref: fmt.Sprint(i), At: p.at * 1000, Paid: ledger.Money{Units: p.amount, Scale: 2, Currency: "EUR"}, Received: p.received,
			Channel: p.channel, MCC: p.mcc, File: "t", Line: int64(i),
		}
		if p.from != "" {
			x.From.Number = p.from
		}
		if p.to != "" {
			x.To.Number = p.to
		}
		if _, err := im.Add(x); err != nil {
			t.Fatal(err)
		}
	}
	if err := im.Commit(); err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	g, err := flow.Build(ctx, l)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func account(g *flow.Graph, name string) flow.Account {
	n, _ := g.Ledger().Accounts().Lookup(ledger.Account{Number: name})
	return flow.Account(n)
}

// start makes a seed of a payment.
func start(g *flow.Graph, pays []pay, i int) trace.Seed {
	p := pays[i]
	return trace.Seed{Row: int64(i), Account: account(g, p.to), Peer: account(g, p.from), At: p.at, Amount: p.amount, How: trace.Ends(p.channel, false)}
}

func rests(g *flow.Graph, r *trace.Result) map[string]int64 {
	m := map[string]int64{}
	for _, x := range r.Rests {
		m[g.AccountName(x.Account)+"/"+x.How.String()] += x.Amount
	}
	return m
}

func TestPoliciesDifferInWhatLeavesFirst(t *testing.T) {
	// b holds 100 of its own, gets 100 traced, then 60 of its own, and pays 80 on.
	pays := []pay{
		{at: 1, from: "x", to: "b", amount: 100},
		{at: 2, from: "a", to: "b", amount: 100},
		{at: 3, from: "y", to: "b", amount: 60},
		{at: 4, from: "b", to: "c", amount: 80},
	}
	g := build(t, t.TempDir(), pays)
	defer g.Close()
	for _, c := range []struct {
		policy trace.Policy
		moved  int64
	}{
		{trace.Haircut, 30}, // 100 of 260, times 80, rounded down
		{trace.FIFO, 0},     // the 100 of its own go first
		{trace.LIFO, 20},    // 60 of its own, then 20
		{trace.Poison, 80},
		{trace.Presumed, 0}, // its own 160 cover the 80
	} {
		r, err := trace.Run(context.Background(), g, []trace.Seed{start(g, pays, 1)}, trace.Options{Policy: c.policy})
		if err != nil {
			t.Fatal(err)
		}
		got := rests(g, r)
		if got["c/held"] != c.moved || got["b/held"] != 100-c.moved {
			t.Errorf("%s: %v, want %d at c and the rest at b", c.policy, got, c.moved)
		}
	}
}

func TestMoneyIsPresumedToStayUntilTheBalanceNoLongerCoversItAndToGoToThoseInside(t *testing.T) {
	pays := []pay{
		{at: 1, from: "x", to: "b", amount: 100},
		{at: 2, from: "a", to: "b", amount: 100},
		{at: 3, from: "b", to: "shop", amount: 130},   // 100 of its own, then 30
		{at: 4, from: "x", to: "b", amount: 50},       // does not bring back what is gone
		{at: 5, from: "b", to: "partner", amount: 40}, // inside: what is traced first
		{at: 6, from: "b", to: "", amount: 5, channel: ledger.ChannelCashWithdrawal},
	}
	g := build(t, t.TempDir(), pays)
	defer g.Close()
	inside := func(a flow.Account) bool { return g.AccountName(a) == "partner" }
	r, err := trace.Run(context.Background(), g, []trace.Seed{start(g, pays, 1)}, trace.Options{Policy: trace.Presumed, Inside: inside})
	if err != nil {
		t.Fatal(err)
	}
	if got := rests(g, r); got["shop/held"] != 30 || got["partner/held"] != 40 || got["b/held"] != 25 || got["/cash"] != 5 {
		t.Errorf("%v, want 30 at the shop, 40 at the partner, 5 in cash and 25 at b", got)
	}
}

// What is bought for the trade is bought with its money; what else is bought or paid, even where it is told to be for the trade, is not.
func TestWhatIsBoughtForTheTradeIsBoughtWithItsMoney(t *testing.T) {
	pays := []pay{
		{at: 1, from: "x", to: "b", amount: 200},
		{at: 2, from: "a", to: "b", amount: 100},
		{at: 3, from: "b", to: "airline", amount: 60, channel: ledger.ChannelCard, mcc: "4511"},
		{at: 4, from: "b", to: "grocer", amount: 30, channel: ledger.ChannelCard, mcc: "5411"},
		{at: 5, from: "b", to: "landlord", amount: 20},
	}
	g := build(t, t.TempDir(), pays)
	defer g.Close()
	trade := func(row int64) bool { return row == 2 || row == 4 }
	r, err := trace.Run(context.Background(), g, []trace.Seed{start(g, pays, 1)}, trace.Options{Policy: trace.Presumed, Cost: trade})
	if err != nil {
		t.Fatal(err)
	}
	if got := rests(g, r); got["airline/held"] != 60 || got["b/held"] != 40 || len(got) != 2 {
		t.Errorf("%v, want 60 at the airline and 40 at b", got)
	}
}

func TestWhereMoneyLeavesTheData(t *testing.T) {
	pays := []pay{
		{at: 1, from: "a", to: "b", amount: 100},
		{at: 2, from: "b", to: "", amount: 30, channel: ledger.ChannelCashWithdrawal},
		{at: 3, from: "b", to: "exchange", amount: 20, channel: ledger.ChannelCrypto},
		{at: 4, from: "b", to: "c", amount: 10},
	}
	g := build(t, t.TempDir(), pays)
	defer g.Close()
	r, err := trace.Run(context.Background(), g, []trace.Seed{start(g, pays, 0)}, trace.Options{Policy: trace.FIFO})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int64{"/cash": 30, "exchange/crypto": 20, "c/held": 10, "b/held": 40}
	got := rests(g, r)
	for k, v := range want {
		if got[k] != v {
			t.Errorf("%s: %d, want %d (all: %v)", k, got[k], v, got)
		}
	}
}

func TestBackwardLeadsToTheSource(t *testing.T) {
	pays := []pay{{at: 1, from: "s", to: "a", amount: 100}, {at: 2, from: "a", to: "b", amount: 100}, {at: 3, from: "b", to: "c", amount: 100}}
	g := build(t, t.TempDir(), pays)
	defer g.Close()
	seed := trace.Seed{Row: 2, Account: account(g, "b"), Peer: account(g, "c"), At: 3, Amount: 100}
	r, err := trace.Run(context.Background(), g, []trace.Seed{seed}, trace.Options{Policy: trace.FIFO, Backward: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := rests(g, r); got["s/held"] != 100 {
		t.Errorf("sources: %v, want all at s", got)
	}
}

func TestAPaymentOfTheFindingStartsOnce(t *testing.T) {
	pays := []pay{{at: 1, from: "a", to: "b", amount: 100}, {at: 2, from: "b", to: "c", amount: 100}, {at: 3, from: "c", to: "d", amount: 100}}
	g := build(t, t.TempDir(), pays)
	defer g.Close()
	r, err := trace.Run(context.Background(), g, []trace.Seed{start(g, pays, 0), start(g, pays, 1)}, trace.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := rests(g, r); got["d/held"] != 100 || r.Totals[0].Started != 100 {
		t.Errorf("rests %v, started %d: want 100 at d and 100 started", got, r.Totals[0].Started)
	}
}

func TestTracedMoneyIsConserved(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(rt, "payments")
		accounts := rapid.IntRange(2, 8).Draw(rt, "accounts")
		exchange := rapid.Bool().Draw(rt, "exchange")
		var pays []pay
		for i := range n {
			p := pay{
				at: int64(rapid.IntRange(0, 20).Draw(rt, "at")), from: fmt.Sprint("a", rapid.IntRange(0, accounts-1).Draw(rt, "from")),
				to: fmt.Sprint("a", rapid.IntRange(0, accounts-1).Draw(rt, "to")), amount: int64(rapid.IntRange(0, 1000).Draw(rt, "amount")),
			}
			switch rapid.IntRange(0, 9).Draw(rt, "way") {
			case 0:
				p.to, p.channel = "", ledger.ChannelCashWithdrawal
			case 1:
				p.channel = ledger.ChannelCrypto
			case 3:
				p.channel, p.mcc = ledger.ChannelCard, "5411"
			case 2:
				if exchange {
					p.received = ledger.Money{Units: int64(rapid.IntRange(0, 3000).Draw(rt, "received")), Scale: 2, Currency: "USD"}
				}
			}
			_ = i
			pays = append(pays, p)
		}
		g := build(t, t.TempDir(), pays)
		defer g.Close()
		var seeds []trace.Seed
		for i, p := range pays {
			if p.to != "" && p.received.Currency == "" && rapid.IntRange(0, 4).Draw(rt, "seed") == 0 {
				s := start(g, pays, i)
				for c, x := range g.Currencies() {
					if x.Code == "EUR" {
						s.Currency = uint8(c)
					}
				}
				seeds = append(seeds, s)
			}
		}
		for _, policy := range []trace.Policy{trace.Haircut, trace.FIFO, trace.LIFO, trace.Poison, trace.Presumed} {
			for _, backward := range []bool{false, true} {
				o := trace.Options{Policy: policy, Backward: backward, Inside: func(a flow.Account) bool { return a%2 == 0 }, Cost: func(row int64) bool { return row%3 == 0 }, Hops: rapid.IntRange(0, 5).Draw(rt, "hops")}
				if rapid.Bool().Draw(rt, "until") {
					o.Until = int64(rapid.IntRange(1, 20).Draw(rt, "last"))
				}
				use := append([]trace.Seed(nil), seeds...)
				if backward {
					for i := range use {
						use[i].Account, use[i].Peer, use[i].How = use[i].Peer, use[i].Account, trace.Passed
					}
				}
				r, err := trace.Run(context.Background(), g, use, o)
				if err != nil {
					rt.Fatal(err)
				}
				for c, x := range r.Totals {
					if x.Started+x.ExchangedIn != x.Held+x.Left+x.ExchangedOut || x.Started < 0 || x.Held < 0 || x.Left < 0 {
						rt.Fatalf("%s backward=%v currency %d: %+v does not add up", policy, backward, c, x)
					}
				}
			}
		}
	})
}
