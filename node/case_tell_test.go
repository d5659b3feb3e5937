package node_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tarir/casework"
	"tarir/handling"
	"tarir/intake"
	"tarir/intake/ftm"
	"tarir/intake/goaml"
	"tarir/intake/intaketest"
	"tarir/intake/misp"
	"tarir/intake/paymentcsv"
	"tarir/intake/stix"
	"tarir/node"
)

// Each format is read back by its own reader, and possible victims are in none of them.
func TestACaseIsToldInEveryFormat(t *testing.T) {
	n, ctx := alone(t, ""), t.Context()
	c := filled(t, n)
	if _, err := n.AddToCase(ctx, inform("ann"), c.ID, []node.NewEntry{
		text(casework.EntityEntry, `{"id":"b1","schema":"BankAccount","properties":{"bankName":["BANKAAXX"],"accountNumber":["1"]}}`),
		text(casework.EntityEntry, `{"id":"o4","schema":"Ownership","properties":{"owner":["p1"],"asset":["b1"]}}`),
		text(casework.EntityEntry, `{"id":"w1","schema":"Person","properties":{"firstName":["Ana"],"lastName":["Exemplar"],"name":["Ana Exemplar"],"program":["interpol-notice/silver"]}}`),
		text(casework.PaymentEntry, `{"reference":"W2","time":"2026-02-01T11:00:00+01:00","from":"BANKAAXX/10","to":"BANKBBXX/2","amount":"99.00","currency":"EUR"}`),
		text(casework.PaymentEntry, `{"reference":"W3","time":"2026-02-01T12:00:00+01:00","from":"","to":"BANKBBXX/2","amount":"7.50","currency":"USD"}`),
	}); err != nil {
		t.Fatal(err)
	}
	tell := func(format, currency string) string {
		t.Helper()
		var b bytes.Buffer
		if _, err := n.TellCase(ctx, inform("ann"), c.ID, node.Telling{Format: format, Currency: currency}, &b); err != nil {
			t.Fatal(format, err)
		}
		if strings.Contains(b.String(), "zuleyka") || strings.Contains(b.String(), "BANKAAXX/77") || format != "timeline" && format != "htcds" && strings.Contains(b.String(), "7KQ2") {
			t.Errorf("%s tells of a victim:\n%s", format, b.String())
		}
		return b.String()
	}
	for format := range node.TellingFormats {
		if format != "goaml" {
			tell(format, "")
		}
		if _, err := n.TellCase(ctx, inform("bob"), c.ID, node.Telling{Format: format}, io.Discard); !errors.Is(err, casework.ErrNoSeat) {
			t.Errorf("%s was told to somebody without a seat: %v", format, err)
		}
	}
	if _, err := n.TellCase(ctx, inform("ann"), c.ID, node.Telling{Format: "goaml"}, io.Discard); err == nil || !strings.Contains(err.Error(), "EUR, USD") {
		t.Error("a report of two currencies:", err)
	}
	report := tell("goaml", "EUR")
	path := filepath.Join(t.TempDir(), "report.xml")
	if err := os.WriteFile(path, []byte(report), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("xmllint", "--noout", "--nonet", "--schema", "../intake/goaml/testdata/rules.xsd", path).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s\n%s", err, out, report)
	}
	got := intaketest.Read(t, []*intake.Format{goaml.Format}, "report.xml", report)
	if got.Err != nil || len(got.Payments) != 2 || len(got.Rejections) != 0 {
		t.Errorf("%v, %d payments\n%s", got.Err, len(got.Payments), report)
	}
	// Who holds the account stands there, in Latin letters and in their own; the account whose number begins alike has no holder.
	if strings.Count(report, "<full_name_frn>Георгий Демирчян</full_name_frn>") != 1 || !strings.Contains(report, "<last_name>Demirchian</last_name>") {
		t.Errorf("the holder is not told once:\n%s", report)
	}
	for _, x := range []struct {
		format string
		f      *intake.Format
		name   string
		want   int // entities
	}{{"ftm", ftm.Format, "a.jsonl", 9}, {"misp", misp.Format, "a.json", 5}, {"stix", stix.Format, "a.json", 10}} {
		r := intaketest.Read(t, []*intake.Format{x.f}, x.name, tell(x.format, ""))
		if r.Err != nil || len(r.Rejections) > 0 || len(r.Entities) != x.want {
			t.Errorf("%s: %v, %d rejected, %d entities, want %d", x.format, r.Err, len(r.Rejections), len(r.Entities), x.want)
		}
	}
	if !strings.Contains(tell("misp", ""), `"object_relation":"notice-color","value":"Silver"`) {
		t.Error("MISP does not hear of a silver notice")
	}
	r := intaketest.Read(t, []*intake.Format{paymentcsv.Format}, "a.csv", tell("csv", ""))
	if r.Err != nil || len(r.Payments) != 3 {
		t.Errorf("%v, %d payments", r.Err, len(r.Payments))
	}
	// Once a finding names payments, those alone are reported, and what was found is the indicator.
	if _, err := n.AddToCase(ctx, inform("ann"), c.ID, []node.NewEntry{
		text(casework.FindingEntry, `{"id":"f1","typology":"collection_account","payments":["W2"],"explanation":[{"code":"x","text":"Nine strangers paid the same amount."}]}`),
	}); err != nil {
		t.Fatal(err)
	}
	report = tell("goaml", "")
	if strings.Contains(report, "W1") || !strings.Contains(report, "<transactionnumber>W2<") || !strings.Contains(report, "<indicator>collection_account<") || !strings.Contains(report, "Nine strangers") {
		t.Errorf("%s", report)
	}
	out := filepath.Join(t.TempDir(), "case.zip")
	if _, err := n.ExportCase(ctx, inform("ann"), c.ID, out); err != nil {
		t.Fatal(err)
	}
	if files := unzip(t, out); files["goaml/EUR-1.xml"] != report {
		t.Errorf("the bundle has %v", sortedNames(files))
	}
}

func TestWhatAdvertsSayGoesAfterAYear(t *testing.T) {
	w := newWorld(t, nil, nil)
	n, ctx := w.nodes["GS"].Node, t.Context()
	c, err := n.NewCase(ctx, inform("ann"), "Adverts", nil)
	if err != nil {
		t.Fatal(err)
	}
	put, err := n.AddToCase(ctx, inform("ann"), c.ID, []node.NewEntry{
		text(casework.AdvertEntry, `{"id":"ad1","posted_at":"2026-02-01","site":"board","text":"very young, sweet moonlight, call +33 6 12 34 56 78","city":"Lyon","country":"FR"}`),
		text(casework.JourneyEntry, `{"id":"j1","person":"V-7KQ2-M4XP","from":"FRLYS","to":"DEBER","departure":"2026-02-02T08:00:00+01:00","mode":"rail","payer_account":"BANKAAXX/1"}`),
	})
	if err != nil || !put[0].Minor {
		t.Fatal("the wording may point to a minor:", err, put)
	}
	if _, err := n.AddToCase(ctx, inform("ann"), c.ID, []node.NewEntry{text(casework.JourneyEntry, `{"id":"j2","person":"V-7KQ2-M4XP","family_name":"Known","from":"A","to":"B","departure":"2026-02-02"}`)}); !errors.Is(err, casework.ErrEntry) {
		t.Error("a victim travels under a name:", err)
	}
	// Changed once, so that there is an older state.
	if _, err := n.ChangeEntry(ctx, inform("ann"), c.ID, put[0].Seq, 1, []byte(`{"id":"ad1","posted_at":"2026-02-01","site":"board","text":"very young, sweet starlight, call +33 6 12 34 56 78","city":"Lyon","country":"FR"}`)); err != nil {
		t.Fatal(err)
	}
	found := func(word string) int {
		f, err := n.SearchCase(ctx, inform("ann"), c.ID, word, 10)
		if err != nil {
			t.Fatal(err)
		}
		return len(f.Entries)
	}
	if found("starlight") != 1 || found("phone:+33612345678") != 1 || found("account:BANKAAXX/1") != 1 {
		t.Error("an advert is found by its words and numbers")
	}
	w.clock.forward(364 * 24 * time.Hour)
	if err := n.Tick(ctx); err != nil || found("starlight") != 1 {
		t.Error("too early:", err)
	}
	w.clock.forward(2 * 24 * time.Hour)
	if err := n.Tick(ctx); err != nil {
		t.Fatal(err)
	}
	h, err := n.History(ctx, inform("ann"), c.ID, put[0].Seq)
	if err != nil || len(h) != 1 || strings.Contains(string(h[0].Body), "light") {
		t.Errorf("%v %+v", err, h)
	}
	if found("starlight") != 0 || found("phone:+33612345678") != 1 || found("Lyon") == 0 {
		t.Error("the text stays, or its numbers went")
	}
	// It is kept for as long as cases are.
	if handling.Retain("case", time.Now()).Before(time.Now().AddDate(1, 0, 10)) {
		t.Error("a case ends before its texts do")
	}
}
