package mapped

import (
	"strings"
	"testing"

	"tarir/intake"
	"tarir/intake/intaketest"
)

// finbench maps LDBC FinBench transfers: a bar between columns, epoch milliseconds, ids of 18 digits.
const finbench = `
name = "finbench"
separator = "|"
[columns]
id = "orderNum"
time = "createTime"
from_account = "fromId"
to_account = "toId"
amount = "amount"
purpose = "comment"
[constants]
currency = "USD"
[time]
layout = "unix_ms"
`

// bank maps a statement with debit and credit columns as a German bank writes it.
const bank = `
name = "bank"
[columns]
time = "Buchungstag"
account = "Konto"
counterparty = "IBAN"
counterparty_name = "Name"
debit = "Soll"
credit = "Haben"
purpose = "Zweck"
[constants]
currency = "EUR"
bank = "10010010"
[time]
layout = "02.01.2006"
[amount]
decimal = ","
thousands = "."
`

const signed = `
name = "signed"
[columns]
time = "when"
account = "acct"
counterparty = "other"
amount = "amt"
currency = "cur"
channel = "kind"
[time]
layout = "02/01/2006 15:04"
zone = "America/Sao_Paulo"
[amount]
sign = "negative_is_debit"
[channels]
PIX = "instant"
`

func formats(tb testing.TB, text string) []*intake.Format {
	tb.Helper()
	m, err := Parse(text)
	if err != nil {
		tb.Fatal(err)
	}
	return []*intake.Format{m.Format()}
}

func TestTablesReadAsTheirMappingSays(t *testing.T) {
	for _, c := range []struct{ name, mapping, table, want string }{
		{"finbench", finbench, "createTime|dependencyTime|fromId|toId|amount|orderNum|comment|payType|goodsType\n" +
			"1669691328406|1640639964923|4810125877008405952|4816036851519329174|7839934.76|001420006185136|Straight, into cash|x|y\n", `read 1, accepted 1, rejected 0
note: decimal mark ".", time layout "unix_ms"
payment line 2: booked 2022-11-29T03:08:48Z 4810125877008405952 -> 4816036851519329174 7839934.76 USD ref="001420006185136" purpose="Straight, into cash"
`},
		{"debit and credit", bank, "Buchungstag;Konto;IBAN;Name;Soll;Haben;Zweck\n" +
			"29.02.2024;77;DE02;Miete GmbH;1.234,50;;Miete\n29.02.2024;77;;Kunde;;10,00;bar\n29.02.2024;77;DE03;X;;;leer\n30.02.2024;77;DE03;X;1,00;;Tag\n", `read 4, accepted 2, rejected 2
note: decimal mark ",", time layout "02.01.2006"
payment line 2: booked 2024-02-29 10010010/77 -> DE02 (Miete GmbH) 1234.50 EUR purpose="Miete"
payment line 3: booked 2024-02-29 name/KUNDE (Kunde) -> 10010010/77 10.00 EUR purpose="bar"
rejected line 4: exactly one of debit and credit must hold an amount
rejected line 5: time is not written as "02.01.2006"
`},
		{"sign and zone", signed, "when,acct,other,amt,cur,kind\n" +
			"10/09/2019 14:03,1,2,-5.50,BRL,PIX\n10/09/2019 14:04,1,2,7,BRL,odd\n10/09/2019 14:04,1,2,7,ZZZ,PIX\n", `read 3, accepted 2, rejected 1
note: decimal mark ".", time layout "02/01/2006 15:04"
payment line 2: booked 2019-09-10T14:03:00-03:00 1 -> 2 5.50 BRL channel="instant"
payment line 3: booked 2019-09-10T14:04:00-03:00 2 -> 1 7.00 BRL channel="other"
rejected line 4: unknown currency "ZZZ"
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := intaketest.Describe(intaketest.Read(t, formats(t, c.mapping), "t.csv", c.table)); got != c.want {
				t.Errorf("got:\n%swant:\n%s", got, c.want)
			}
		})
	}
}

func TestMappingsThatCannotWorkSayWhat(t *testing.T) {
	for _, c := range []struct{ name, from, to, says string }{
		{"unknown field", `id = "orderNum"`, `identity = "orderNum"`, `unknown field "identity"`},
		{"unknown key", `separator = "|"`, `seperator = "|"`, "unknown key seperator"},
		{"no time", `time = "createTime"`, ``, "field time"},
		{"no currency", `currency = "USD"`, ``, "field currency"},
		{"no amount", `amount = "amount"`, ``, "columns for amount"},
		{"no layout", `layout = "unix_ms"`, ``, "time.layout is needed"},
		{"unknown zone", `layout = "unix_ms"`, "layout = \"unix_ms\"\nzone = \"Mars/Olympus\"", "time.zone"},
		{"two marks alike", `[time]`, "[amount]\ndecimal = \",\"\nthousands = \",\"\n[time]", "another than amount.thousands"},
		{"long separator", `separator = "|"`, `separator = "||"`, "separator must be one character"},
		{"not TOML", `[time]`, `[time`, "toml"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Parse(strings.Replace(finbench, c.from, c.to, 1)); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("want an error that says %q, got %v", c.says, err)
			}
		})
	}
}

func FuzzTable(f *testing.F) {
	intaketest.Fuzz(f, formats(f, bank)[0], "Buchungstag;Konto;IBAN;Name;Soll;Haben;Zweck\n29.02.2024;77;DE02;Miete;1.234,50;;x\n", "")
}

func FuzzMapping(f *testing.F) {
	for _, s := range []string{finbench, bank, signed, ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := Parse(text)
		if (m == nil) == (err == nil) {
			t.Errorf("want either a mapping or an error, got %v and %v", m, err)
		}
	})
}

func BenchmarkStatement(b *testing.B) {
	m, err := Parse(bank)
	if err != nil {
		b.Fatal(err)
	}
	intaketest.Bench(b, []*intake.Format{m.Format()}, "bank.csv", "Konto;Buchungstag;IBAN;Name;Soll;Haben;Zweck\n", "1;02.01.2024;DE2;P. One;;1250,00;Invoice %d\n", "", 20_000)
}
