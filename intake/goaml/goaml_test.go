package goaml

import (
	"flag"
	"os"
	"strings"
	"testing"

	"tarir/intake"
	"tarir/intake/intaketest"
)

var (
	update  = flag.Bool("update", false, "rewrite the golden files")
	formats = []*intake.Format{Format}
)

func sample(tb testing.TB, name string) string {
	tb.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

func TestReportsReadAsTheirGoldenFilesSay(t *testing.T) {
	for _, name := range []string{"report.xml", "nz-one-transaction.xml"} {
		t.Run(name, func(t *testing.T) {
			intaketest.Golden(t, *update, name, intaketest.Read(t, formats, name, sample(t, name)))
		})
	}
}

func TestTheCurrencyOfAnExtractIsTheOneThatThePersonGives(t *testing.T) {
	in, text := intaketest.Open(t, "x.xml", []byte(sample(t, "nz-one-transaction.xml")))
	in.Currency = "NZD"
	r := &intaketest.Result{}
	if _, err := intake.Read(t.Context(), Format, in, text, r, func(intake.Rejection) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if len(r.Payments) != 1 || r.Payments[0].Paid.String() != "129.06 NZD" {
		t.Errorf("want 129.06 NZD, got:\n%s", intaketest.Describe(r))
	}
}

// report is one report around transactions.
func report(transactions string) string {
	return "<report><rentity_id>1</rentity_id><report_code>STR</report_code><currency_code_local>EUR</currency_code_local>\n" + transactions + "\n</report>"
}

const transaction = `<transaction><transactionnumber>T1</transactionnumber><date_transaction>2026-01-10T23:14:00</date_transaction><amount_local>2900.00</amount_local>` +
	`<t_from><from_funds_code>E</from_funds_code><from_account><swift>A</swift><account>1</account></from_account></t_from>` +
	`<t_to><to_funds_code>E</to_funds_code><to_account><swift>B</swift><account>2</account></to_account></t_to></transaction>`

func TestTransactionsThatCannotBeKeptAreRejectedWithTheirReason(t *testing.T) {
	for _, c := range []struct{ name, from, to, reason string }{
		{"no amount", "<amount_local>2900.00</amount_local>", "", "amount_local: no amount"},
		{"negative amount", "2900.00", "-2900.00", "negative amount"},
		{"absurd amount", "2900.00", strings.Repeat("9", 40), "too large"},
		{"amount in words", "2900.00", "a lot", "not a decimal number"},
		{"no date", "<date_transaction>2026-01-10T23:14:00</date_transaction>", "", "date_transaction"},
		{"a day no calendar has", "2026-01-10", "2026-02-30", "does not exist"},
		{"a year out of range", "2026-01-10", "1753-01-10", "out of range"},
		{"one side", "<t_to>", "<x_to>", "t_from and one t_to"},
		{"NUL byte", ">T1<", ">T\x001<", "NUL"},
		{"unknown entity", ">T1<", ">&evil;<", "entity"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad := strings.Replace(transaction, c.from, c.to, 1)
			if c.name == "one side" {
				bad = strings.Replace(bad, "</t_to>", "</x_to>", 1)
			}
			r := intaketest.Read(t, formats, "r.xml", report(bad+transaction))
			if len(r.Payments) != 1 || len(r.Rejections) != 1 || r.Err != nil {
				t.Fatalf("want the bad transaction rejected and the good one kept, got:\n%s", intaketest.Describe(r))
			}
			if x := r.Rejections[0]; !strings.Contains(x.Reason, c.reason) || x.Line != 2 || !strings.Contains(x.Raw, "<transaction>") {
				t.Errorf("want reason %q at line 2 with the raw text, got %+v", c.reason, x)
			}
		})
	}
}

func TestCutOffAndHostileReportsStopWithAClearReason(t *testing.T) {
	whole := report(transaction + transaction)
	for _, c := range []struct{ name, text, reason string }{
		{"cut off", whole[:len(whole)-40], "cut off"},
		{"external entity", `<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>` + whole, "DOCTYPE"},
		{"deep nesting", report(strings.Repeat("<transaction>", 10_000)), "nest deeper"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := intaketest.Read(t, formats, "r.xml", c.text)
			if r.Err == nil || !strings.Contains(r.Err.Error(), c.reason) {
				t.Errorf("want reading to stop because of %q, got:\n%s", c.reason, intaketest.Describe(r))
			}
		})
	}
}

func TestTheReportOfTheOtherBankIsTheSamePayment(t *testing.T) {
	mirror := strings.Replace(transaction, ">T1<", ">OTHER-77<", 1)
	r := intaketest.Read(t, formats, "r.xml", report(transaction+mirror))
	if len(r.Payments) != 2 || r.Payments[0].Key == "" || r.Payments[0].Key != r.Payments[1].Key {
		t.Errorf("want one identity for both reports, got:\n%s", intaketest.Describe(r))
	}
}

func FuzzReports(f *testing.F) {
	intaketest.Fuzz(f, Format, sample(f, "report.xml"), sample(f, "nz-one-transaction.xml"), report(transaction), "")
}

func BenchmarkRead(b *testing.B) {
	intaketest.Bench(b, []*intake.Format{Format}, "report.xml",
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<report><rentity_id>42</rentity_id><submission_code>E</submission_code><report_code>STR</report_code><entity_reference>STR-0001</entity_reference><submission_date>2026-01-15T09:00:00</submission_date><currency_code_local>EUR</currency_code_local>\n",
		`  <transaction>
    <transactionnumber>T%d</transactionnumber><transaction_location>web</transaction_location>
    <transaction_description>transfer</transaction_description><date_transaction>2026-01-10T23:14:00</date_transaction>
    <transmode_code>ELCFT</transmode_code><transmode_comment>-</transmode_comment><amount_local>2900.00</amount_local>
    <t_from><from_funds_code>ELCFT</from_funds_code>
      <from_account><institution_name>Bank A</institution_name><swift>AAAAFRPP</swift><account>%d</account><account_name>P. One</account_name></from_account>
      <from_country>FR</from_country></t_from>
    <t_to><to_funds_code>ELCFT</to_funds_code>
      <to_account><institution_name>Bank B</institution_name><swift>BBBBFRPP</swift><account>777</account><account_name>C. Two</account_name></to_account>
      <to_country>FR</to_country></t_to>
  </transaction>
`, "<report_indicators><indicator>HT</indicator></report_indicators></report>\n", 10_000)
}
