package goaml_test

import (
	"bytes"
	"testing"
	"time"

	"tarir/entity"
	"tarir/intake"
	"tarir/intake/goaml"
	"tarir/intake/intaketest"
	"tarir/money/ledger"
)

func TestAWrittenReportReadsBackAsItWas(t *testing.T) {
	holder := &entity.Entity{ID: "p1", Schema: "Person", Properties: map[string][]string{}}
	holder.Add("firstName", "Ana & Eva").Add("lastName", "Ruiz").Add("birthDate", "1990-02-03").Add("passportNumber", "X123456").Add("nationality", "pe")
	account := ledger.Account{Institution: "BANKBBXX", Number: "1001"}
	in := ledger.Payment{Ref: "D1", Status: ledger.Booked, At: 1_704_100_000_000, To: account, Paid: ledger.Money{Units: 12_345, Scale: 2, Currency: "USD"}, Channel: ledger.ChannelCashDeposit, Place: "Arlen <1>"}
	out := ledger.Payment{Ref: "W1", Status: ledger.Booked, At: 1_704_200_000_250, From: account, Paid: ledger.Money{Units: 500, Scale: 2, Currency: "USD"}, Channel: ledger.ChannelCashWithdrawal}
	var b bytes.Buffer
	w := goaml.NewWriter(&b, goaml.Report{Entity: 42, Code: "CTR", Reference: "r", Currency: "USD", Submitted: time.Unix(1_720_000_000, 0), Reason: "cash"})
	w.Cash(&in, holder)
	w.Cash(&out, holder)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got := intaketest.Read(t, []*intake.Format{goaml.Format}, "report.xml", b.String())
	if got.Err != nil || len(got.Payments) != 2 || len(got.Rejections) > 0 {
		t.Fatalf("%v, %v, %d payments\n%s", got.Err, got.Rejections, len(got.Payments), b.String())
	}
	for i, want := range []ledger.Payment{in, out} {
		g := got.Payments[i]
		if units, ok := g.Paid.Rescale(want.Paid.Scale); ok {
			g.Paid.Units, g.Paid.Scale = units, want.Paid.Scale
		}
		if g.Ref != want.Ref || g.At != want.At || g.From != want.From || g.To != want.To || g.Paid != want.Paid || g.Channel != want.Channel {
			t.Errorf("payment %d: %+v, want %+v", i, g, want)
		}
	}
	if got.Payments[0].Place != "Arlen <1>" {
		t.Errorf("place %q", got.Payments[0].Place)
	}
	found := false
	for _, e := range got.Entities {
		found = found || e.Schema == "Person" && e.First("firstName") == "Ana & Eva" && e.First("passportNumber") == "X123456" && e.First("birthDate") == "1990-02-03"
	}
	if !found {
		t.Errorf("the holder is not told: %v", got.Entities)
	}
}
