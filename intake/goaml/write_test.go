package goaml_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tarir/entity"
	"tarir/intake"
	"tarir/intake/goaml"
	"tarir/intake/intaketest"
	"tarir/journey"
	"tarir/money/ledger"
	"tarir/online"
)

func TestAWrittenReportReadsBackAsItWas(t *testing.T) {
	holder := &entity.Entity{ID: "p1", Schema: "Person", Properties: map[string][]string{}}
	holder.Add("firstName", "Ana Eva").Add("lastName", "Ruiz").Add("birthDate", "1990-02-03").Add("passportNumber", "X123456").Add("nationality", "pe")
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
		found = found || e.Schema == "Person" && e.First("firstName") == "Ana Eva" && e.First("passportNumber") == "X123456" && e.First("birthDate") == "1990-02-03"
	}
	if !found {
		t.Errorf("the holder is not told: %v", got.Entities)
	}
}

// TestWhatIsWrittenKeepsTheRules has a validator look at reports of everything that an entity may say, and reads them back.
func TestWhatIsWrittenKeepsTheRules(t *testing.T) {
	if _, err := os.ReadFile("testdata/rules.xsd"); err != nil { // so that a change of it runs the test again
		t.Fatal(err)
	}
	dir := t.TempDir()
	texts := rapid.StringOf(rapid.RuneFrom([]rune("abcXYZ 019.'-&<>\"éßÇźЖшمحمد王小한α@+\t\n\x01\u2028")))
	words := rapid.OneOf(texts, rapid.SampledFrom([]string{"محمد عبد الله", "Ana María Núñez", "王小明", "x@example.org", "1990-02-03", "0001-01-01", "1990-99-99", "md", "α", "FR7630006000011234567890189"}))
	properties := []string{
		"name", "firstName", "lastName", "middleName", "title", "birthDate", "birthPlace", "alias", "passportNumber", "nationality", "country", "idNumber", "phone", "email", "position", "taxNumber", "gender",
		"registrationNumber", "sector", "website", "jurisdiction", "incorporationDate",
	}
	draw := func(t *rapid.T) goaml.Side {
		var s goaml.Side
		if kind := rapid.IntRange(0, 3).Draw(t, "account"); kind > 0 {
			s.Account = ledger.Account{Institution: rapid.SampledFrom([]string{"", "BANKBBXX", "Bank of Arlen & Sons"}).Draw(t, "bank"), Number: "N" + strconv.Itoa(kind)}
		}
		s.Country = rapid.SampledFrom([]string{"", "fr", "FRA"}).Draw(t, "country")
		if rapid.Bool().Draw(t, "held") {
			s.Holder = entity.New(rapid.SampledFrom([]string{"Person", "Company"}).Draw(t, "schema"), "x")
			for range rapid.IntRange(0, 12).Draw(t, "properties") {
				s.Holder.Add(rapid.SampledFrom(properties).Draw(t, "property"), words.Draw(t, "value"))
			}
		}
		return s
	}
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		var b bytes.Buffer
		w := goaml.NewWriter(&b, goaml.Report{Entity: 42, Code: "STR", Reference: "r-1", Currency: "EUR", Submitted: time.Unix(1_720_000_000, 0), Reason: words.Draw(t, "reason")})
		var list []goaml.Transaction
		if rapid.Bool().Draw(t, "activity") {
			w.Activity([]goaml.Party{{Side: goaml.Side{Account: ledger.Account{Institution: "A", Number: "1"}}, Reason: words.Draw(t, "why")}, {Side: goaml.Side{Holder: entity.New("Person", "y").Add("name", words.Draw(t, "name"))}, Reason: "seen"}})
		} else {
			for i := range rapid.IntRange(1, 3).Draw(t, "transactions") {
				x := goaml.Transaction{Ref: "T" + strconv.Itoa(i), At: time.Unix(1_700_000_000, 0), Amount: "2900.00", Description: words.Draw(t, "what"), From: draw(t), To: draw(t)}
				if x.From.Account.Outside() && x.To.Account.Outside() {
					x.To.Account = ledger.Account{Institution: "A", Number: "1"}
				}
				list = append(list, x)
				w.Transaction(&x)
			}
		}
		w.Indicators([]string{"L01"})
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		n++
		path := filepath.Join(dir, strconv.Itoa(n)+".xml")
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("xmllint", "--noout", "--nonet", "--schema", "testdata/rules.xsd", path).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s\n%s", err, out, b.String())
		}
		in, err := intake.Find([]string{path}, nil)
		if err != nil {
			t.Fatal(err)
		}
		text, err := in[0].Open(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer text.Close()
		var got kept
		if _, err := intake.Read(t.Context(), goaml.Format, in[0], text, &got, func(r intake.Rejection) error { t.Fatalf("%s", r.Reason); return nil }); err != nil {
			t.Fatal(err)
		}
		if len(got) != len(list) {
			t.Fatalf("%d transactions, want %d\n%s", len(got), len(list), b.String())
		}
		for i, p := range got {
			if p.Paid.Decimal() != "2900.00" || p.Ref != list[i].Ref {
				t.Fatalf("%+v, want %+v", p, list[i])
			}
			for _, x := range []struct{ got, want ledger.Account }{{p.From, list[i].From.Account}, {p.To, list[i].To.Account}} {
				if !x.want.Outside() && x.got.Number != x.want.Number {
					t.Fatalf("account %v, want %v", x.got, x.want)
				}
			}
		}
	})
}

// kept keeps payments.
type kept []ledger.Payment

func (*kept) Entity(*entity.Entity) error               { return nil }
func (k *kept) Payment(p *ledger.Payment) (bool, error) { *k = append(*k, *p); return false, nil }
func (*kept) Advert(*online.Advert) (bool, error)       { return false, nil }
func (*kept) Journey(*journey.Journey) (bool, error)    { return false, nil }
