package iso20022_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tarir/intake/intaketest"
	"tarir/intake/iso20022"
	"tarir/money/ledger"
)

func TestAWrittenStatementReadsBackAsItWas(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		mine := ledger.Account{Institution: "BANKAAXX", Number: "1001"}
		var want []ledger.Payment
		for i := range rapid.IntRange(1, 8).Draw(rt, "payments") {
			p := ledger.Payment{
				Ref: fmt.Sprint("R&", i), Status: ledger.Booked, Channel: ledger.ChannelTransfer, At: 1_704_067_200_000 + rapid.Int64Range(0, 1e10).Draw(rt, "at"),
				From: mine, To: ledger.Account{Institution: "BANKBBXX", Number: rapid.StringMatching(`[0-9]{4,12}`).Draw(rt, "to")},
				Paid: ledger.Money{Units: rapid.Int64Range(1, 1e9).Draw(rt, "units"), Scale: 2, Currency: "USD"}, Purpose: rapid.SampledFrom([]string{"", "SALA", "rent <& food>"}).Draw(rt, "purpose"),
			}
			if rapid.Bool().Draw(rt, "credit") {
				p.From, p.To = p.To, p.From
			}
			want = append(want, p)
		}
		var b bytes.Buffer
		w := iso20022.NewWriter(&b, "test", time.Unix(1_720_000_000, 0))
		if err := w.Statement(mine, "USD", want); err != nil {
			rt.Fatal(err)
		}
		if err := w.Close(); err != nil {
			rt.Fatal(err)
		}
		got := intaketest.Read(t, iso20022.Formats, "statement.xml", b.String())
		if got.Err != nil || len(got.Rejections) > 0 || len(got.Payments) != len(want) {
			rt.Fatalf("%d of %d payments, %v, %v\n%s", len(got.Payments), len(want), got.Err, got.Rejections, b.String())
		}
		for i, g := range got.Payments {
			x := want[i]
			if units, ok := g.Paid.Rescale(x.Paid.Scale); ok {
				g.Paid.Units, g.Paid.Scale = units, x.Paid.Scale
			}
			if g.Ref != x.Ref || g.At != x.At || g.From != x.From || g.To != x.To || g.Paid != x.Paid || g.Purpose != x.Purpose || g.Channel != x.Channel {
				rt.Fatalf("payment %d: %+v, want %+v", i, g, x)
			}
		}
		for _, n := range got.Count.Notes {
			if strings.Contains(n, "add up") {
				rt.Fatal(n)
			}
		}
	})
}
