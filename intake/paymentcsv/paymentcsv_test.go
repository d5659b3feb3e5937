package paymentcsv

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf16"

	"golang.org/x/text/encoding/charmap"

	"tarir/intake"
	"tarir/intake/intaketest"
)

var formats = []*intake.Format{Format}

const header = "id,time,from_bank,from_account,to_bank,to_account,amount,currency\n"

const row = "p1,2019-09-10T14:03:00-03:00,BANKA,1,BANKB,2,250.00,BRL\n"

func TestAllColumnsAreReadInAnyOrder(t *testing.T) {
	r := intaketest.Read(t, formats, "p.csv",
		"note,to_name,from_name,device,place,purpose,mcc,channel,received_currency,received_amount,currency,amount,to_account,to_bank,from_account,from_bank,time,id\n"+
			"seen twice,B Two,A One,10.0.0.1,Lyon,rent,7011,card,EUR,9.10,USD,10,22,BB,11,AA,2024-02-29,x1\n")
	const want = "read 1, accepted 1, rejected 0\n" +
		`payment line 2: booked 2024-02-29 AA/11 (A One) -> BB/22 (B Two) 10.00 USD received 9.10 EUR channel="card" ref="x1" mcc="7011" purpose="rent" place="Lyon" device="10.0.0.1" extra="{\"note\":\"seen twice\"}"` + "\n"
	if got := intaketest.Describe(r); got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
}

func TestRowsThatCannotBeKeptAreRejectedWithTheirReason(t *testing.T) {
	for _, c := range []struct{ name, from, to, reason string }{
		{"no amount", "250.00", "", "no amount"},
		{"negative amount", "250.00", "-250.00", "negative amount"},
		{"absurd amount", "250.00", strings.Repeat("9", 40), "too large"},
		{"amount in words", "250.00", "many", "not a decimal"},
		{"decimal comma", "250.00", `"250,00"`, "not a decimal"},
		{"exponent", "250.00", "2e9", "not a decimal"},
		{"no currency", "BRL", "", "no currency"},
		{"unknown currency", "BRL", "ZZZ", "unknown currency"},
		{"currency of no money", "BRL", "XXX", "no currency"},
		{"date out of range", "2019", "1815", "out of range"},
		{"a far year", "2019", "2190", "out of range"},
		{"a day no calendar has", "2019-09-10", "2019-09-31", "does not exist"},
		{"time in words", "2019-09-10T14:03:00-03:00", "last week", "not readable"},
		{"no sides", "BANKA,1,BANKB,2", ",,,", "neither side"},
		{"too few fields", ",BRL", "", "7 fields where the header has 8"},
		{"too many fields", ",BRL", ",BRL,x", "9 fields where the header has 8"},
		{"NUL byte", "BANKA", "BAN\x00KA", "NUL"},
		{"open quote", "BANKA", `"BANKA`, "quote"},
		{"text behind a quote", "BANKA", `"BANK"A`, "quote"},
		{"two megabytes", "BANKA", strings.Repeat("B", 2*intake.MaxRecord), "longer than"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := intaketest.Read(t, formats, "p.csv", header+strings.Replace(row, c.from, c.to, 1)+row)
			if len(r.Payments) != 1 || len(r.Rejections) != 1 || r.Err != nil {
				t.Fatalf("want the bad row rejected and the good one kept, got:\n%.500s", intaketest.Describe(r))
			}
			if x := r.Rejections[0]; !strings.Contains(x.Reason, c.reason) || x.Line != 2 || x.Raw == "" || len(x.Raw) > 5000 {
				t.Errorf("want reason %q at line 2 with the raw text, got %.500v", c.reason, x)
			}
		})
	}
}

func TestZeroAmountsAndSelfTransfersAreFactsAndKept(t *testing.T) {
	r := intaketest.Read(t, formats, "p.csv", header+"z,2019-09-10,A,1,B,2,0.00,EUR\ns,2019-09-10,A,1,A,1,5,EUR\n")
	if len(r.Payments) != 2 {
		t.Errorf("want both kept, got:\n%s", intaketest.Describe(r))
	}
}

func TestCashHasAnOutsideSide(t *testing.T) {
	r := intaketest.Read(t, formats, "p.csv", strings.TrimSpace(header)+",channel\nc,2019-09-10,,,B,2,9000,EUR,cash_deposit\n")
	if len(r.Payments) != 1 || !r.Payments[0].From.Outside() {
		t.Errorf("want a deposit from outside, got:\n%s", intaketest.Describe(r))
	}
}

func TestWrongHeadersAndEmptyFilesAreNotRecognisedAndSayWhy(t *testing.T) {
	for _, c := range []struct{ name, text, hint string }{
		{"empty", "", "empty"},
		{"blank lines", "\n\n\n", "empty"},
		{"a column missing", "id,time,from_account,to_account,amount\n1,2,3,4,5\n", "no column currency"},
		{"another table", "name,age\nx,1\n", "not recognised"},
		{"NUL bytes", strings.Repeat("\x00", 5000), "not recognised"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in, text := intaketest.Open(t, "p.csv", []byte(c.text))
			_, err := intake.Recognise(formats, in.Name, text.Head())
			var u *intake.UnrecognisedError
			if !errors.As(err, &u) || !strings.Contains(err.Error(), c.hint) || len(u.Tried) == 0 {
				t.Errorf("want a refusal that says %q, got %v", c.hint, err)
			}
		})
	}
}

func TestAHeaderThatNamesAColumnTwiceStopsTheReading(t *testing.T) {
	r := intaketest.Read(t, formats, "p.csv", strings.TrimSpace(header)+",amount\n")
	if r.Err == nil || !strings.Contains(r.Err.Error(), `"amount" twice`) {
		t.Errorf("want an error that names the column, got %v", r.Err)
	}
}

func TestEncodingsReadAlike(t *testing.T) {
	text := strings.TrimSpace(header) + ",from_name\n" + strings.TrimSpace(row) + ",José Ñandú\n"
	latin, err := charmap.ISO8859_1.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	utf16Text := func(bom [2]byte, hi, lo int) string {
		b := []byte{bom[0], bom[1]}
		for _, u := range utf16.Encode([]rune(text)) {
			pair := [2]byte{byte(u >> 8), byte(u)}
			b = append(b, pair[hi], pair[lo])
		}
		return string(b)
	}
	for name, data := range map[string]string{
		"utf-8": text, "utf-8 with mark": "\xEF\xBB\xBF" + text, "latin-1": latin,
		"utf-16le": utf16Text([2]byte{0xFF, 0xFE}, 1, 0), "utf-16be": utf16Text([2]byte{0xFE, 0xFF}, 0, 1),
		"windows line ends": strings.ReplaceAll(text, "\n", "\r\n"), "no last line end": strings.TrimSuffix(text, "\n"),
	} {
		r := intaketest.Read(t, formats, "p.csv", data)
		if len(r.Payments) != 1 || r.Payments[0].FromName != "José Ñandú" {
			t.Errorf("%s: want one payment of José Ñandú, got:\n%s", name, intaketest.Describe(r))
		}
	}
}

func FuzzPayments(f *testing.F) {
	intaketest.Fuzz(f, Format, header+row, header+"\"a\nb\","+row, strings.ReplaceAll(header+row, ",", ";"), "")
}

// BenchmarkRead is the cost of reading alone, without the ledger.
func BenchmarkRead(b *testing.B) {
	intaketest.Bench(b, []*intake.Format{Format}, "p.csv", header, row, "", 50_000)
}
