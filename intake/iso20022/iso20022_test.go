package iso20022

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tarir/intake"
	"tarir/intake/intaketest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func samples(tb testing.TB) map[string]string {
	tb.Helper()
	paths, err := filepath.Glob("testdata/*.xml")
	if err != nil || len(paths) == 0 {
		tb.Fatalf("no samples: %v", err)
	}
	out := map[string]string{}
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			tb.Fatal(err)
		}
		out[filepath.Base(p)] = string(b)
	}
	return out
}

func TestMessagesOfRealBanksReadAsTheirGoldenFilesSay(t *testing.T) {
	for name, text := range samples(t) {
		t.Run(name, func(t *testing.T) {
			intaketest.Golden(t, *update, name, intaketest.Read(t, Formats, name, text))
		})
	}
}

// camt053 is a camt.053 with the given entries, of a version nobody has seen yet.
func camt053(entries string) string {
	return `<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.99"><BkToCstmrStmt>
<Stmt><Id>S</Id><Acct><Id><IBAN>DE02120300000000202051</IBAN></Id><Ccy>EUR</Ccy></Acct>
` + entries + `
</Stmt></BkToCstmrStmt></Document>`
}

func entry(inner string) string {
	return `<Ntry><Amt Ccy="EUR">12.34</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2024-02-29</Dt></BookgDt>` + inner + `</Ntry>`
}

func TestEntriesThatCannotBeKeptAreRejectedWithTheirReason(t *testing.T) {
	good := entry("")
	for _, c := range []struct{ name, from, to, reason string }{
		{"no amount", `<Amt Ccy="EUR">12.34</Amt>`, ``, "no amount"},
		{"amount in words", "12.34", "twelve", "not a decimal number"},
		{"negative amount", "12.34", "-12.34", "negative amount"},
		{"absurd amount", "12.34", strings.Repeat("9", 30), "too large"},
		{"unknown currency", `Ccy="EUR"`, `Ccy="QQQ"`, "unknown currency"},
		{"no currency", ` Ccy="EUR"`, ``, "no currency"},
		{"no direction", "<CdtDbtInd>CRDT</CdtDbtInd>", "", "CdtDbtInd"},
		{"no date", "<BookgDt><Dt>2024-02-29</Dt></BookgDt>", "", "no booking or value date"},
		{"a day no calendar has", "2024-02-29", "2023-02-29", "does not exist"},
		{"a year out of range", "2024-02-29", "1815-06-18", "out of range"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := intaketest.Read(t, Formats, "s.xml", camt053(strings.Replace(good, c.from, c.to, 1)+good))
			if len(r.Payments) != 1 || len(r.Rejections) != 1 {
				t.Fatalf("want the bad entry rejected and the good one kept, got:\n%s", intaketest.Describe(r))
			}
			if x := r.Rejections[0]; !strings.Contains(x.Reason, c.reason) || x.Line != 3 || !strings.Contains(x.Raw, "<Ntry>") {
				t.Errorf("want reason %q at line 3 with the raw text, got %+v", c.reason, x)
			}
		})
	}
}

func TestZeroAmountAndSelfTransferAreFactsAndKept(t *testing.T) {
	zero := strings.Replace(entry(""), "12.34", "0.00", 1)
	self := entry(`<NtryDtls><TxDtls><RltdPties><DbtrAcct><Id><IBAN>DE02120300000000202051</IBAN></Id></DbtrAcct></RltdPties></TxDtls></NtryDtls>`)
	r := intaketest.Read(t, Formats, "s.xml", camt053(zero+self))
	if len(r.Payments) != 2 || r.Payments[0].Paid.Units != 0 || r.Payments[1].From != r.Payments[1].To {
		t.Errorf("want a payment of zero and one to itself, got:\n%s", intaketest.Describe(r))
	}
}

func TestWhatIsCutOffOrHostileStopsWithAClearReason(t *testing.T) {
	whole := camt053(entry("") + entry(""))
	for _, c := range []struct{ name, text, reason string }{
		{"cut inside the second entry", whole[:strings.LastIndex(whole, "BookgDt")], "cut off"},
		{"cut between entries", whole[:strings.LastIndex(whole, "<Ntry>")], "cut off"},
		{"external entity", `<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>` + strings.Replace(whole, "12.34", "&x;", 1), "DOCTYPE"},
		{"entities that expand without end", `<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>` + whole, "DOCTYPE"},
		{"deep nesting", strings.Replace(whole, "<Ntry>", "<Ntry>"+strings.Repeat("<a>", 100_000), 1), "nest deeper"},
		{"crossed elements", strings.Replace(whole, "</CdtDbtInd>", "</Sts>", 1), "does not match"},
	} {
		t.Run(c.name, func(t *testing.T) {
			// The declaration must stay first in the file.
			text := strings.TrimPrefix(c.text, `<?xml version="1.0"?>`)
			if i := strings.Index(text, `<?xml version="1.0"?>`); i > 0 {
				text = strings.Replace(text, `<?xml version="1.0"?>`, "", 1)
			}
			r := intaketest.Read(t, Formats, "s.xml", text)
			if r.Err == nil || !strings.Contains(r.Err.Error(), c.reason) {
				t.Errorf("want reading to stop because of %q, got:\n%s", c.reason, intaketest.Describe(r))
			}
			if strings.Contains(intaketest.Describe(r), "root:") {
				t.Error("an external entity was read")
			}
		})
	}
}

func TestAnEntryOfTwoMegabytesIsRejectedAndReadingGoesOn(t *testing.T) {
	big := entry("<AddtlNtryInf>" + strings.Repeat("x", 2*intake.MaxRecord) + "</AddtlNtryInf>")
	r := intaketest.Read(t, Formats, "s.xml", camt053(big+entry("")))
	if len(r.Payments) != 1 || len(r.Rejections) != 1 || r.Err != nil {
		t.Errorf("want one rejected and one kept, got:\n%.300s", intaketest.Describe(r))
	}
}

func TestNULInATextIsRejected(t *testing.T) {
	r := intaketest.Read(t, Formats, "s.xml", camt053(entry("<AddtlNtryInf>a\x00b</AddtlNtryInf>")))
	if len(r.Rejections) != 1 || !strings.Contains(r.Rejections[0].Reason, "NUL") {
		t.Errorf("want a rejection that names the NUL byte, got:\n%s", intaketest.Describe(r))
	}
}

func FuzzStatements(f *testing.F) { fuzzFormat(f, "camt.053") }
func FuzzTransfers(f *testing.F)  { fuzzFormat(f, "pacs.008") }
func FuzzOrders(f *testing.F)     { fuzzFormat(f, "pain.001") }

func fuzzFormat(f *testing.F, format string) {
	seeds := []string{camt053(entry("")), camt053(""), ""}
	for _, s := range samples(f) {
		seeds = append(seeds, s)
	}
	for _, x := range Formats {
		if x.Name == format {
			intaketest.Fuzz(f, x, seeds...)
			return
		}
	}
	f.Fatalf("no format %s", format)
}

func BenchmarkCamt053(b *testing.B) {
	intaketest.Bench(b, Formats, "camt053.xml",
		`<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgId>M1</MsgId><CreDtTm>2024-01-02T00:00:00</CreDtTm></GrpHdr><Stmt><Id>S1</Id><Acct><Id><IBAN>FR7630006000011234567890189</IBAN></Id><Svcr><FinInstnId><BICFI>AGRIFRPP</BICFI></FinInstnId></Svcr></Acct>
`,
		`<Ntry><NtryRef>%d</NtryRef><Amt Ccy="EUR">250.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2024-01-02</Dt></BookgDt><ValDt><Dt>2024-01-02</Dt></ValDt><AcctSvcrRef>R%d</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>
<NtryDtls><TxDtls><Refs><EndToEndId>E%d</EndToEndId></Refs><Amt Ccy="EUR">250.00</Amt><RltdPties><Dbtr><Pty><Nm>P. One</Nm></Pty></Dbtr><DbtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id></DbtrAcct></RltdPties><RmtInf><Ustrd>Invoice %d</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>
`, "</Stmt></BkToCstmrStmt></Document>\n", 10_000)
}
