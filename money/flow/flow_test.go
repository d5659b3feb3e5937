package flow_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tarir/money/flow"
	"tarir/money/ledger"
)

var ctx = context.Background()

// add imports payments as one more segment.
func add(t testing.TB, dir string, ps []ledger.Payment) {
	t.Helper()
	im, err := ledger.Begin(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	im.Source("test.csv")
	for i := range ps {
		if known, err := im.Add(&ps[i]); known || err != nil {
			im.Abort()
			t.Fatalf("payment %d: known %v, %v", i, known, err)
		}
	}
	if err := im.Commit(); err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, dir string) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func account(n int) ledger.Account {
	if n == 0 {
		return ledger.Account{}
	}
	return ledger.Account{Institution: "B", Number: fmt.Sprint(n)}
}

// payments draws payments between few accounts within few seconds, so that equal times and pairs abound.
func payments(accounts, seconds int) *rapid.Generator[[]ledger.Payment] {
	one := rapid.Custom(func(t *rapid.T) ledger.Payment {
		from := rapid.IntRange(0, accounts).Draw(t, "from")
		to := rapid.IntRange(0, accounts).Draw(t, "to")
		if from == 0 && to == 0 {
			to = 1
		}
		p := ledger.Payment{
			At: 1_600_000_000_000 + 1000*int64(rapid.IntRange(0, seconds).Draw(t, "at")), DateOnly: rapid.Bool().Draw(t, "date"),
			From: account(from), To: account(to), Channel: rapid.SampledFrom([]ledger.Channel{ledger.ChannelCard, ledger.ChannelTransfer, ledger.ChannelCrypto}).Draw(t, "channel"),
			Paid: ledger.Money{Units: int64(rapid.IntRange(0, 1_000_000).Draw(t, "units")), Scale: uint8(rapid.IntRange(0, 3).Draw(t, "scale")), Currency: rapid.SampledFrom([]string{"EUR", "USD", "JPY"}).Draw(t, "currency")},
			MCC:  rapid.SampledFrom([]string{"", "", "4111", "7011"}).Draw(t, "mcc"), Place: rapid.SampledFrom([]string{"", "Lyon", "Oran"}).Draw(t, "place"),
			Device: rapid.SampledFrom([]string{"", "", "d1", "d2"}).Draw(t, "device"), Purpose: rapid.SampledFrom([]string{"", "", "SALA", "rent May"}).Draw(t, "purpose"),
			File: "test.csv",
		}
		if rapid.IntRange(0, 4).Draw(t, "exchange") == 0 {
			p.Received = ledger.Money{Units: int64(rapid.IntRange(0, 1_000_000).Draw(t, "received")), Scale: 2, Currency: "CHF"}
		}
		if rapid.IntRange(0, 5).Draw(t, "status") == 0 {
			p.Status = ledger.Pending
		}
		return p
	})
	return rapid.Map(rapid.SliceOfN(one, 0, 60), func(ps []ledger.Payment) []ledger.Payment {
		for i := range ps {
			ps[i].Ref, ps[i].Line = fmt.Sprintf("r%d", i), int64(i+2)
		}
		return ps
	})
}

// tell writes all that a graph says of its ledger, payment by payment, by both sides.
func tell(g *flow.Graph) []string {
	var out []string
	v := g.View()
	for a := range g.Accounts() {
		a := flow.Account(a)
		for _, paid := range []bool{true, false} {
			list := v.In(a)
			if paid {
				list = v.Out(a)
			}
			for i, e := range list {
				out = append(out, fmt.Sprint(
					a, paid, i, e.Peer(), e.Channel(), e.At(), g.Money(e.Amount(), e.Currency()), e.DateOnly(), e.Purpose(), e.Merchant(),
					v.Row(a, i, paid), v.Context(a, i, paid),
				))
			}
		}
	}
	return out
}

// expect writes what a graph of these payments must say, from the payments alone.
func expect(l *ledger.Ledger, ps []ledger.Payment, scales map[string]uint8) []string {
	type side struct {
		n      int
		paid   bool
		row    int
		at     int64
		p      *ledger.Payment
		amount ledger.Money
	}
	var out []string
	for a := range l.Accounts().Len() {
		for _, paid := range []bool{true, false} {
			var list []side
			for row := range ps {
				p := &ps[row]
				me, m := p.To, p.Paid
				if p.Received.Currency != "" {
					m = p.Received
				}
				if paid {
					me, m = p.From, p.Paid
				}
				if n, _ := l.Accounts().Lookup(me); int(n) == a && p.Status == ledger.Booked {
					units, exact := m.Rescale(scales[m.Currency])
					if !exact {
						panic("the graph's unit is coarser than an amount")
					}
					list = append(list, side{a, paid, row, p.At / 1000, p, ledger.Money{Units: units, Scale: scales[m.Currency], Currency: m.Currency}})
				}
			}
			slices.SortStableFunc(list, func(x, y side) int { return int(x.at - y.at) })
			for i, s := range list {
				peer := s.p.From
				if paid {
					peer = s.p.To
				}
				n, _ := l.Accounts().Lookup(peer)
				out = append(out, fmt.Sprint(
					a, paid, i, n, s.p.Channel, s.at, s.amount, s.p.DateOnly, flow.ClassifyPurpose(s.p.Purpose), s.p.MCC != "",
					s.row, flow.Context{MCC: s.p.MCC, Place: s.p.Place, Device: s.p.Device},
				))
			}
		}
	}
	return out
}

func scalesOf(g *flow.Graph) map[string]uint8 {
	m := map[string]uint8{}
	for _, c := range g.Currencies() {
		m[c.Code] = c.Scale
	}
	return m
}

func same(t interface{ Fatalf(string, ...any) }, what string, got, want []string) {
	for i := range max(len(got), len(want)) {
		g, w := "nothing", "nothing"
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			w = want[i]
		}
		if g != w {
			t.Fatalf("%s: entry %d\n got %s\nwant %s", what, i, g, w)
		}
	}
}

func TestGraphTellsEveryBookedPaymentFromBothSides(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ps := payments(6, 8).Draw(rt, "payments")
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		add(t, dir, ps)
		l := open(t, dir)
		g, err := flow.Build(ctx, l)
		if err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		same(rt, "graph of one segment", tell(g), expect(l, ps, scalesOf(g)))
	})
}

func TestGraphOfManySegmentsEqualsThatOfOne(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ps := payments(6, 8).Draw(rt, "payments")
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		kept := filepath.Join(dir, "graph")
		for len(ps) > 0 {
			// Each step adds a segment and opens the graph, which keeps slabs of its own and merges some.
			n := rapid.IntRange(1, len(ps)).Draw(rt, "segment")
			add(t, dir, ps[:n])
			ps = ps[n:]
			l := open(t, dir)
			whole, err := flow.Build(ctx, l)
			if err != nil {
				t.Fatal(err)
			}
			want := tell(whole)
			for _, what := range []string{"grown graph", "reopened graph"} {
				g, err := flow.Open(ctx, l, kept)
				if err != nil {
					t.Fatal(err)
				}
				if g.Unsaved() != nil {
					t.Fatal(g.Unsaved())
				}
				same(rt, fmt.Sprintf("%s of %d slabs", what, g.Slabs()), tell(g), want)
				if g.DateOnly() != whole.DateOnly() || g.Exchanges() != whole.Exchanges() || g.Payments() != whole.Payments() {
					rt.Fatalf("%s: what it says of all payments differs", what)
				}
				if err := g.Close(); err != nil {
					t.Fatal(err)
				}
			}
			if err := whole.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// day makes n payments of one day, with cash among them.
func day(n, d, accounts int) []ledger.Payment {
	var ps []ledger.Payment
	for i := range n {
		p := ledger.Payment{
			Ref: fmt.Sprintf("d%d-%d", d, i), At: int64(d) * 86_400_000, DateOnly: true, From: account(1 + i%accounts), To: account(1 + (i*7+1)%accounts),
			Paid: ledger.Money{Units: int64(i), Scale: 2, Currency: "EUR"}, Place: []string{"", "Lyon", "Oran"}[i%3], File: "day.csv", Line: int64(i + 2),
		}
		if i%2 == 0 {
			p.From, p.Channel = ledger.Account{}, ledger.ChannelCashDeposit
		}
		ps = append(ps, p)
	}
	return ps
}

func TestGraphFindsEachCashDepositAmongAThousandOfItsDay(t *testing.T) {
	dir := t.TempDir()
	var wrong []string
	for d := 1; d <= 3; d++ {
		add(t, dir, day(2000, d, 50))
	}
	l := open(t, dir)
	g, err := flow.Open(ctx, l, filepath.Join(dir, "graph"))
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	v := g.View()
	for a := 1; a < g.Accounts(); a++ {
		for i := range v.In(flow.Account(a)) {
			p, err := l.Read(ctx, []int64{v.Row(flow.Account(a), i, false)})
			if err != nil {
				t.Fatal(err)
			}
			if p[0].Place != v.Context(flow.Account(a), i, false).Place || g.AccountName(flow.Account(a)) != p[0].To.String() {
				wrong = append(wrong, fmt.Sprintf("account %d entry %d leads to payment %s", a, i, p[0].Ref))
			}
		}
	}
	if wrong != nil {
		t.Error(len(wrong), wrong[:min(len(wrong), 5)])
	}
}

func TestSlabsAreMergedWhenTheNewOneIsHalfAsLarge(t *testing.T) {
	dir := t.TempDir()
	kept := filepath.Join(dir, "graph")
	var got []int
	for d, n := range []int{1000, 100, 100, 100, 100, 100, 100, 100, 100} {
		add(t, dir, day(n, d+1, 30))
		g, err := flow.Open(ctx, open(t, dir), kept)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, g.Slabs())
		g.Close()
	}
	for _, n := range got {
		if n > 4 {
			t.Errorf("%d slabs for 1800 payments: they are not merged", n)
		}
	}
	if got[len(got)-1] >= len(got) {
		t.Errorf("%d slabs after %d segments", got[len(got)-1], len(got))
	}
	files, _ := filepath.Glob(filepath.Join(kept, "*.slab"))
	if len(files) != got[len(got)-1] {
		t.Errorf("%d files of %d slabs: what was merged is not removed", len(files), got[len(got)-1])
	}
}

func TestDamagedSlabIsBuiltAnew(t *testing.T) {
	dir := t.TempDir()
	kept := filepath.Join(dir, "graph")
	add(t, dir, day(500, 1, 20))
	l := open(t, dir)
	first, err := flow.Open(ctx, l, kept)
	if err != nil {
		t.Fatal(err)
	}
	want := tell(first)
	first.Close()
	files, _ := filepath.Glob(filepath.Join(kept, "*.slab"))
	if len(files) != 1 {
		t.Fatalf("kept %d files", len(files))
	}
	whole, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{0, 9, 30, 5000, len(whole) / 2, len(whole) - 1} {
		b := slices.Clone(whole)
		b[at] ^= 0x40
		if err := os.WriteFile(files[0], b, 0o600); err != nil {
			t.Fatal(err)
		}
		g, err := flow.Open(ctx, l, kept)
		if err != nil {
			t.Fatalf("byte %d changed: %v", at, err)
		}
		same(t, fmt.Sprintf("byte %d changed", at), tell(g), want)
		g.Close()
	}
	for _, n := range []int{0, 7, 100, pageOf(whole), len(whole) - 1} {
		if err := os.WriteFile(files[0], whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		g, err := flow.Open(ctx, l, kept)
		if err != nil {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
		same(t, fmt.Sprintf("cut to %d bytes", n), tell(g), want)
		g.Close()
	}
}

func pageOf(b []byte) int { return min(4096, len(b)) }

func TestGraphIsBuiltWhereItCannotBeKept(t *testing.T) {
	dir := t.TempDir()
	add(t, dir, day(100, 1, 20))
	blocked := filepath.Join(dir, "a-file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	g, err := flow.Open(ctx, open(t, dir), filepath.Join(blocked, "graph"))
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if g.Unsaved() == nil || g.Payments() != 100 {
		t.Errorf("%d payments, unsaved: %v", g.Payments(), g.Unsaved())
	}
}

func TestAmountsThatDoNotFitAreRoundedNotLost(t *testing.T) {
	dir := t.TempDir()
	big := ledger.Money{Units: 9_876_543_210_987, Scale: 0, Currency: "IRR"}
	fine := ledger.Money{Units: 1_005, Scale: 3, Currency: "IRR"}
	add(t, dir, []ledger.Payment{
		{Ref: "a", At: 1_600_000_000_000, From: account(1), To: account(2), Paid: big, File: "f"},
		{Ref: "b", At: 1_600_000_001_000, From: account(1), To: account(2), Paid: fine, File: "f"},
	})
	l := open(t, dir)
	g, err := flow.Build(ctx, l)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	n, _ := l.Accounts().Lookup(account(1))
	list := g.View().Out(flow.Account(n))
	if m := g.Money(list[0].Amount(), list[0].Currency()); m.Decimal() != "9876543210987.00" {
		t.Errorf("large amount is %s", m)
	}
	if m := g.Money(list[1].Amount(), list[1].Currency()); m.Decimal() != "1.01" {
		t.Errorf("fine amount is %s", m)
	}
	p, err := l.Read(ctx, []int64{1})
	if err != nil || p[0].Paid != fine {
		t.Errorf("the ledger says %v, %v", p, err)
	}
}
