package typology_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"tarir/money/flow"
	"tarir/money/ledger"
	"tarir/money/rates"
	"tarir/money/typology"
)

// story is a small ledger told payment by payment: days are counted from 2024-01-01, sums are in cents of US dollars.
// Behind it forty persons lead an ordinary life for eight months, so that there is something usual to stand out from.
type story struct {
	t     testing.TB
	list  []ledger.Payment
	rates *rates.Table
	apart func(a, b string) (float64, bool)
	// shuffled tells the payments to the ledger in another order than that of time.
	shuffled bool
}

// with changes a payment: its channel, what it is for, where it was made.
type with func(*ledger.Payment)

func by(c ledger.Channel) with { return func(p *ledger.Payment) { p.Channel = c } }
func purpose(s string) with    { return func(p *ledger.Payment) { p.Purpose = s } }
func place(s string) with      { return func(p *ledger.Payment) { p.Place = s } }
func device(s string) with     { return func(p *ledger.Payment) { p.Device = s } }
func currency(s string) with   { return func(p *ledger.Payment) { p.Paid.Currency = s } }

func name(s string) ledger.Account {
	if s == "" {
		return ledger.Account{}
	}
	return ledger.Account{Institution: "BANK", Number: s}
}

var newYear = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()

// pay adds a payment at an hour (with fractions) of a day.
func (s *story) pay(day int, hour float64, from, to string, cents int, how ...with) {
	p := ledger.Payment{
		Ref: fmt.Sprintf("%s-%04d", from, len(s.list)), At: newYear + int64(day)*86_400_000 + int64(hour*3_600_000), From: name(from), To: name(to),
		Paid: ledger.Money{Units: int64(cents), Scale: 2, Currency: "USD"}, Channel: ledger.ChannelTransfer, File: "story.csv", Line: int64(len(s.list) + 2),
	}
	for _, f := range how {
		f(&p)
	}
	s.list = append(s.list, p)
}

func (s *story) card(day int, hour float64, from, to string, cents int, mcc string, how ...with) {
	s.pay(day, hour, from, to, cents, append(how, by(ledger.ChannelCard), func(p *ledger.Payment) { p.MCC = mcc })...)
}

func (s *story) deposit(day int, hour float64, to string, cents int, where string) {
	s.pay(day, hour, "", to, cents, by(ledger.ChannelCashDeposit), place(where))
}

func (s *story) draw(day int, hour float64, from string, cents int, where string) {
	s.pay(day, hour, from, "", cents, by(ledger.ChannelCashWithdrawal), place(where))
}

func who(kind string, n int) string { return fmt.Sprintf("%s%02d", kind, n) }

// ordinary is the life behind a story.
func (s *story) ordinary() {
	for i := range 3 {
		for month := range 8 {
			s.pay(month*30+20, 10, who("shop", i), "wholesaler", 60_000, purpose("invoice goods"))
			s.pay(month*30+26, 10, who("shop", i), who("person", i), 20_000, by(ledger.ChannelACH), purpose("SALA"))
		}
	}
	for i := range 40 {
		p := who("person", i)
		for month := range 8 {
			d := month * 30
			s.pay(d+25, 6, "employer", p, 210_000+i*500, by(ledger.ChannelACH), purpose("SALA"))
			s.pay(d+2, 9, p, who("landlord", i%5), 80_000, purpose("RENT"))
			s.card(d+3+i%20, 12, p, who("shop", i%3), 4_000+i*37, "5411", place("Lyon"))
			s.card(d+9+i%15, 18, p, who("shop", (i+1)%3), 3_000+i*41, "5411", place("Lyon"), device("phone-"+p))
			if (i+month)%4 == 0 {
				s.draw(d+12, 15, p, 10_000, "Lyon")
			}
			if (i+month)%16 == 0 { // once in a while somebody pays a stranger
				s.pay(d+14, 20, p, who("person", (i*7+month*3+1)%40), 2_500+i*13)
			}
		}
		if i%10 == 0 {
			s.pay(40+i, 11, p, "exchange", 5_000, by(ledger.ChannelCrypto))
		}
	}
}

// told is what was found in a story.
type told struct {
	*typology.Result
	g *flow.Graph
}

// find tells the story and returns what is found in it.
func (s *story) find() told {
	s.t.Helper()
	g := s.graph()
	r, err := typology.Run(context.Background(), g, typology.Default(), typology.Options{Rates: s.rates, Apart: s.apart})
	if err != nil {
		s.t.Fatal(err)
	}
	return told{r, g}
}

// graph tells the story to a ledger and gives the graph of it.
func (s *story) graph() *flow.Graph {
	s.t.Helper()
	ctx := context.Background()
	dir := s.t.TempDir()
	im, err := ledger.Begin(ctx, dir)
	if err != nil {
		s.t.Fatal(err)
	}
	im.Source("story.csv")
	slices.SortStableFunc(s.list, func(a, b ledger.Payment) int { return int(a.At - b.At) })
	if s.shuffled {
		rand.New(rand.NewPCG(1, 2)).Shuffle(len(s.list), func(i, j int) { s.list[i], s.list[j] = s.list[j], s.list[i] })
	}
	for i := range s.list {
		if known, err := im.Add(&s.list[i]); known || err != nil {
			s.t.Fatalf("%s: known %v, %v", s.list[i].Ref, known, err)
		}
	}
	if err := im.Commit(); err != nil {
		s.t.Fatal(err)
	}
	l, err := ledger.Open(ctx, dir)
	if err != nil {
		s.t.Fatal(err)
	}
	g, err := flow.Build(ctx, l)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { g.Close() })
	return g
}

// about picks the findings of a typology about a subject; an empty typology takes all.
func (r told) about(kind, subject string) []typology.Finding {
	var out []typology.Finding
	for _, f := range r.Findings {
		if (kind == "" || f.Typology == kind) && r.subject(f) == "BANK/"+subject {
			out = append(out, f)
		}
	}
	return out
}

func (r told) subject(f typology.Finding) string { return r.g.AccountName(f.Accounts[0]) }

func (r told) tell(f typology.Finding) string {
	var why []string
	for _, r := range f.Reasons {
		why = append(why, r.Text)
	}
	return fmt.Sprintf("%s about %s, score %.2f, weak %v, %v: %s", f.Typology, r.subject(f), f.Score, f.Weak, f.Indicators, strings.Join(why, " "))
}
