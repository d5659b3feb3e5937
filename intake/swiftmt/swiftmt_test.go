package swiftmt

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
	out := map[string]string{}
	for _, pattern := range []string{"testdata/*.rje", "testdata/*.fin", "testdata/*.sta"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			tb.Fatalf("no samples %s: %v", pattern, err)
		}
		for _, p := range paths {
			b, err := os.ReadFile(p)
			if err != nil {
				tb.Fatal(err)
			}
			out[filepath.Base(p)] = string(b)
		}
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

const transfer = "{1:F01AAAAUSLAAXXX5195167828}{2:I103BBBBUS33XXXXN}{3:{121:eb6305c9-1f7f-49de-aed0-16487c27b42d}}{4:\n" +
	":20:REF1\n:23B:CRED\n:32A:190425USD3700,\n:50K:/111\nPAYER ONE\nLAGOS\n:59:/222\nPAYEE TWO\n-}"

const cover = "{1:F01AAAAUSLAAXXX5195167829}{2:I202BBBBUS33XXXXN}{3:{119:COV}{121:eb6305c9-1f7f-49de-aed0-16487c27b42d}}{4:\n" +
	":20:COV1\n:21:REF1\n:32A:190425USD3700,\n:58A:BBBBUS33\n:50K:/111\nPAYER ONE\nLAGOS\n:59:/222\nPAYEE TWO\n-}"

func TestATransferAndItsCoverAreOnePayment(t *testing.T) {
	r := intaketest.Read(t, Formats, "m.fin", transfer+"$"+cover)
	if len(r.Payments) != 2 || r.Payments[0].Key == "" || r.Payments[0].Key != r.Payments[1].Key {
		t.Errorf("want one identity for MT103 and MT202 COV, got:\n%s", intaketest.Describe(r))
	}
}

func TestMessagesThatCannotBeKeptAreRejectedWithTheirReason(t *testing.T) {
	for _, c := range []struct{ name, from, to, reason string }{
		{"no amount field", ":32A:190425USD3700,\n", "", "32A"},
		{"unknown currency", "USD3700,", "QQQ3700,", "unknown currency"},
		{"a day no calendar has", "190425", "190431", "190431"},
		{"negative amount", "USD3700,", "USD-3700,", ""},
		{"absurd amount", "3700,", strings.Repeat("9", 30) + ",", "too large"},
		{"test message", ":23B:CRED", ":23B:CRTS", "test"},
		{"another type", "{2:I103", "{2:I799", "MT799"},
		{"NUL byte", "PAYER ONE", "PAYER\x00ONE", "NUL"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := intaketest.Read(t, Formats, "m.fin", strings.Replace(transfer, c.from, c.to, 1)+"$"+transfer)
			if len(r.Payments) != 1 || len(r.Rejections) != 1 || r.Err != nil {
				t.Fatalf("want the bad message rejected and the good one kept, got:\n%s", intaketest.Describe(r))
			}
			if x := r.Rejections[0]; !strings.Contains(x.Reason, c.reason) || x.Line != 1 || x.Raw == "" {
				t.Errorf("want reason %q at line 1 with the raw text, got %+v", c.reason, x)
			}
		})
	}
}

func TestAMessageThatIsCutOffIsRejected(t *testing.T) {
	r := intaketest.Read(t, Formats, "m.fin", transfer+"$"+transfer[:120])
	if len(r.Payments) != 1 || len(r.Rejections) != 1 {
		t.Errorf("want one kept and one rejected, got:\n%s", intaketest.Describe(r))
	}
}

const statementText = ":20:STARTUMSE\n:25:50880050/0194774600888\n:28C:00000/001\n:60F:C240228EUR100,00\n%s:62F:C240229EUR110,00\n-\n"

func lines(l string) string { return strings.Replace(statementText, "%s", l, 1) }

func TestStatementLinesThatCannotBeKeptAreRejectedWithTheirReason(t *testing.T) {
	const good = ":61:2402290229C10,00NTRFNONREF//B1\n:86:166?00GUTSCHRIFT?20Miete?31DE02?32Mustermann\n"
	for _, c := range []struct{ name, from, to, reason string }{
		{"no amount", "C10,00", "C", "not a statement line"},
		{"a day no calendar has", "2402290229", "2302290229", ""},
		{"absurd amount", "C10,00", "C" + strings.Repeat("9", 30) + ",00", "too large"},
		{"no direction", "0229C10", "0229X10", "not a statement line"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := intaketest.Read(t, Formats, "m.sta", lines(strings.Replace(good, c.from, c.to, 1)+good))
			if c.reason == "" { // the entry date stands in: nothing is lost
				if len(r.Payments) != 2 {
					t.Errorf("want both kept, got:\n%s", intaketest.Describe(r))
				}
				return
			}
			if len(r.Payments) != 1 || len(r.Rejections) != 1 || !strings.Contains(r.Rejections[0].Reason, c.reason) || r.Rejections[0].Line != 5 {
				t.Errorf("want one rejected at line 5 because of %q and one kept, got:\n%s", c.reason, intaketest.Describe(r))
			}
		})
	}
}

func TestALineOfTwoMegabytesIsRejectedAndReadingGoesOn(t *testing.T) {
	r := intaketest.Read(t, Formats, "m.sta", lines(":61:2402290229C10,00NTRFNONREF\n"+strings.Repeat("x", 2*intake.MaxRecord)+"\n:61:2402290229C10,00NTRFNONREF\n"))
	if len(r.Payments) != 2 || len(r.Rejections) != 1 || r.Err != nil {
		t.Errorf("want two kept and one rejected, got:\n%.400s", intaketest.Describe(r))
	}
}

func TestAStatementThatDoesNotAddUpSaysSo(t *testing.T) {
	r := intaketest.Read(t, Formats, "m.sta", lines(":61:2402290229C9,00NTRFNONREF\n"))
	if !strings.Contains(intaketest.Describe(r), "does not add up: opening balance and lines differ from the closing balance by 1.00 EUR") {
		t.Errorf("want the difference noted, got:\n%s", intaketest.Describe(r))
	}
}

func TestEntryDatesAroundNewYearTakeTheNearerYear(t *testing.T) {
	r := intaketest.Read(t, Formats, "m.sta", lines(":61:2312310102C10,00NTRFNONREF\n"))
	if len(r.Payments) != 1 || r.Payments[0].Time().Format("2006-01-02") != "2024-01-02" {
		t.Errorf("want 2 January 2024, got:\n%s", intaketest.Describe(r))
	}
}

func FuzzMessages(f *testing.F)   { fuzzFormat(f, "swift-mt", transfer, cover) }
func FuzzStatements(f *testing.F) { fuzzFormat(f, "mt940", lines(":61:2402290229C10,00NTRFNONREF\n")) }

func fuzzFormat(f *testing.F, format string, seeds ...string) {
	for _, s := range samples(f) {
		seeds = append(seeds, s)
	}
	for _, x := range Formats {
		if x.Name == format {
			intaketest.Fuzz(f, x, append(seeds, "")...)
			return
		}
	}
	f.Fatalf("no format %s", format)
}

func BenchmarkMT940(b *testing.B) {
	intaketest.Bench(b, Formats, "statement.sta", ":20:ST170119CYC/1\r\n:25:PL29114010810000267002001002\r\n:28C:1/1\r\n:60F:C170119PLN0,40\r\n",
		":61:1701190119C250,01NTRFNONREF//MB%d\r\n:86:911 TRANSFER; FROM: P. ONE; FOR: INVOICE %d\r\n", ":62F:C170119PLN0,40\r\n", 20_000)
}

func BenchmarkMT103(b *testing.B) {
	intaketest.Bench(b, Formats, "messages.rje", "",
		"{1:F01AAAAUSLAAXXX5195167828}{2:O1031612170425BBBBUS33BXXX01613135551704260717N}{4:\r\n:20:R%d\r\n:23B:CRED\r\n:32A:190425USD3700,\r\n:50K:/0000000000\r\nP. ONE\r\n:59:/0000000001\r\nC. TWO\r\n:70:INVOICE %d\r\n:71A:SHA\r\n-}$", "", 10_000)
}
