package holding_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tarir/entity"
	"tarir/holding"
	"tarir/money/flow"
	"tarir/money/flow/flowtest"
	"tarir/money/ledger"
)

// graph holds one payment each from A1 to A2, from A2 to A3 and so on.
func graph(t *testing.T) *flow.Graph {
	t.Helper()
	var list []ledger.Payment
	for i, pair := range [][2]string{{"A1", "A2"}, {"A2", "A3"}, {"A3", "A4"}} {
		list = append(list, ledger.Payment{
			Ref: pair[0], Status: ledger.Booked, At: int64(i+1) * 86_400_000, From: ledger.Account{Institution: "B", Number: pair[0]}, To: ledger.Account{Institution: "B", Number: pair[1]},
			Paid: ledger.Money{Units: 100, Scale: 2, Currency: "USD"}, Channel: ledger.ChannelTransfer, File: "f", Line: int64(i + 1),
		})
	}
	return flowtest.Graph(t, list)
}

func thing(id, schema string, pairs ...string) *entity.Entity {
	e := &entity.Entity{ID: id, Schema: schema, Properties: map[string][]string{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		e.Add(pairs[i], pairs[i+1])
	}
	return e
}

func told() []*entity.Entity {
	return []*entity.Entity{
		thing("ana", "Person", "name", "Ana Gil", "passportNumber", "AB123456", "nationality", "co", "phone", "+573001234567"),
		thing("ana-again", "Person", "name", "Ana G.", "passportNumber", "AB 123456", "nationality", "co", "phone", "+573001234567", "email", "ana@example.org"),
		thing("bea", "Person", "name", "Bea Roa", "email", "shared@example.org"),
		thing("firm", "Company", "name", "Roa Ltd", "email", "shared@example.org"),
		thing("acc1", "BankAccount", "bankName", "B", "accountNumber", "A1"),
		thing("acc2", "BankAccount", "bic", "B", "accountNumber", "A2"),
		thing("acc3", "BankAccount", "bankName", "B", "accountNumber", "A3"),
		thing("unseen", "BankAccount", "bankName", "B", "accountNumber", "A9"),
		thing("own1", "Ownership", "owner", "ana", "asset", "acc1"),
		thing("own2", "Ownership", "owner", "ana-again", "asset", "acc2"),
		thing("own3", "Ownership", "owner", "firm", "asset", "acc3"),
		thing("own3-too", "Ownership", "owner", "bea", "asset", "acc3"),
		thing("own9", "Ownership", "owner", "bea", "asset", "unseen"),
		thing("own-firm", "Ownership", "owner", "bea", "asset", "firm"),
	}
}

func TestAccountsBelongToWhomTheyAreSaidTo(t *testing.T) {
	g := graph(t)
	x := holding.New(g, entity.Resolve(told(), nil))
	names := func(id string) (out []string) {
		for _, a := range x.Accounts(id) {
			out = append(out, g.AccountName(a))
		}
		return out
	}
	if x.Canonical("ana") != x.Canonical("ana-again") {
		t.Fatal("one passport, and they were not merged")
	}
	for id, want := range map[string][]string{"ana": {"B/A1", "B/A2"}, "ana-again": {"B/A1", "B/A2"}, "bea": {"B/A3"}, "firm": nil} {
		if got := names(id); !slices.Equal(got, want) {
			t.Errorf("accounts of %s: %v, want %v", id, got, want)
		}
	}
	a4, ok := x.Account("B/A4")
	if !ok || x.Holder(a4) != "" || x.Subject(a4) != "B/A4" {
		t.Errorf("an account that nobody tells of stands for itself: %q", x.Subject(a4))
	}
	if _, ok := x.Account("B/A9"); ok {
		t.Error("an account without a payment is not in the graph")
	}
	if a3, _ := x.Account("B/A3"); x.Subject(a3) != "bea" {
		t.Errorf("of two holders the first by id stands for both: %q", x.Subject(a3))
	}
}

func TestAContactThatSeveralBearStandsForNobody(t *testing.T) {
	x := holding.New(graph(t), entity.Resolve(told(), nil))
	phone := entity.Selector{Kind: entity.Phone, Value: "+573001234567"}
	if got := x.Bearer(phone); got != x.Canonical("ana") {
		t.Errorf("bearer of the phone: %q", got)
	}
	shared := entity.Selector{Kind: entity.Email, Value: "shared@example.org"}
	if got, want := x.Bearers(shared), []string{"bea", "firm"}; !slices.Equal(got, want) {
		t.Errorf("bearers %v, want %v", got, want)
	}
	if got := x.Bearer(shared); got != "email:shared@example.org" {
		t.Errorf("a shared contact stands for %q", got)
	}
}

func TestNobodyTold(t *testing.T) {
	x := holding.New(graph(t), nil)
	a, ok := x.Account("B/A1")
	if x.Any() || !ok || x.Subject(a) != "B/A1" || x.Entity("ana") != nil || x.Selectors("ana") != nil || x.Contacts() != nil {
		t.Error("without entities every account stands for itself")
	}
}

func TestTheOrderOfEntitiesDoesNotMatter(t *testing.T) {
	g := graph(t)
	want := holding.New(g, entity.Resolve(told(), nil))
	rapid.Check(t, func(t *rapid.T) {
		x := holding.New(g, entity.Resolve(rapid.Permutation(told()).Draw(t, "entities"), nil))
		for _, name := range []string{"B/A1", "B/A2", "B/A3", "B/A4"} {
			a, _ := x.Account(name)
			if x.Subject(a) != want.Subject(a) || !slices.Equal(x.Accounts(x.Holder(a)), want.Accounts(x.Holder(a))) {
				t.Fatalf("%s: %q, want %q", name, x.Subject(a), want.Subject(a))
			}
		}
		if !slices.Equal(x.Contacts(), want.Contacts()) {
			t.Fatal("other contacts")
		}
	})
}
