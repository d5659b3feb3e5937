package report_test

import (
	"bytes"
	"context"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"tarir/report"
)

// hostile is text as a source could bring it to break out of the page.
const hostile = `</script><script>document.title="owned"</script><img src=x onerror=alert(1)>`

func page() *report.Page {
	flow := &report.Flow{
		Nodes: []report.FlowNode{{Label: "fan in", Kind: "source"}, {Label: "B/1", Layer: 1, Kind: "account"}, {Label: hostile, Layer: 2, Kind: "rest"}},
		Links: []report.Link{{From: 0, To: 1, Value: 100, Text: "100"}, {From: 1, To: 2, Value: 90, Text: hostile}},
	}
	finding := report.Finding{
		Rank: 1, ID: "f-1", Typology: "fan_in", Summary: "Many pay one.", Stage: "money", Score: "0.71", First: "2024-01-02", Last: "2024-01-05",
		Amount: "1 234.00 EUR", Subject: hostile, Accounts: 3, Reasons: []string{"5 strangers paid.", hostile},
		Indicators: []report.Indicator{{ID: "M05", Name: "fan-in", Source: hostile}},
		Payments:   []report.Payment{{At: "2024-01-02", From: hostile, To: "B/1", Amount: "100.00 EUR", Channel: "transfer", Reference: hostile}},
		Drawing: &report.Drawing{
			Nodes: []report.Node{{Label: "B/1", Kind: "subject"}, {Label: hostile, Kind: "payer"}, {Label: "B/3", Kind: "payee"}},
			Links: []report.Link{{From: 1, To: 0, Value: 100, Text: "100"}, {From: 0, To: 2, Value: 50, Text: "50"}},
		},
		Timeline: []report.Event{{At: 1_704_153_600, Direction: "in", Value: 100, Text: hostile}, {At: 1_704_240_000, Direction: "out", Value: 50, Text: "50"}},
		Flow:     flow,
	}
	closed := finding
	closed.Rank, closed.ID, closed.Weak = 9, "f-9", true
	told := []report.Told{{Text: hostile, Findings: []string{"f-1"}, Adverts: 1, Journeys: 1}}
	organisation := report.Organisation{
		Rank: 1, ID: "network-1", Score: "0.90", Members: 2, Victims: 2, Minors: 1, Stages: []report.Stage{{Name: "recruitment", Score: "0.80"}, {Name: "money", Score: "0.70"}},
		Reasons: told, Next: []report.Step{{Act: "safeguard", Text: "1 possible minor"}, {Act: "restrain", Text: hostile}},
		Chart: &report.Chart{
			Nodes: []report.ChartNode{{Label: hostile, Role: "recruiter", Stage: "recruitment"}, {Label: "Mule", Role: "money mule", Stage: "money"}, {Label: "Boss", Role: "organiser", Stage: "all"}},
			Links: []report.ChartLink{{Link: report.Link{From: 0, To: 1, Value: 10, Text: hostile}, Kind: "money"}, {Link: report.Link{From: 2, To: 0, Text: "tie"}, Kind: "tie"}},
		},
		Parts:     []report.Part{{Name: hostile, ID: "per-1", Confidence: "0.80", Roles: []string{"recruiter 0.80"}, Accounts: []string{"B/1"}, Because: told}},
		Safeguard: []report.Protected{{Pseudonym: "V-1A2B", Minor: true, Because: told}}, Contacts: []string{hostile}, Received: []string{"10.00 EUR"}, Held: []string{"9.00 EUR"},
		AtRest: []report.Rest{{Account: hostile, Amount: "9.00 EUR", AsOf: "2024-01-05"}}, Flow: flow,
		Lanes:    &report.Lanes{First: 1_704_067_200, Lanes: []report.Lane{{Label: "journeys", Kind: "transport", Weeks: []float64{1, 0, 3}, Texts: []string{"1", "0", hostile}}}},
		Routes:   []report.Route{{From: "COBOG", To: hostile, Mode: "air", First: "2024-01-02", Last: "2024-01-05", Journeys: 3, People: 2}},
		Families: []report.Family{{ID: "family-1", Template: hostile, Adverts: 3, Texts: 2, Places: []string{hostile}}, {ID: "family-2", Young: true, Adverts: 2}},
		Adverts:  []report.Advert{{ID: hostile, At: "2024-01-02 10:00", Site: "s", City: "c"}}, Journeys: []report.Journey{{ID: hostile, At: "2024-01-02 10:00", Who: "V-1A2B", From: "COBOG", To: "PELIM", Mode: "air"}},
	}
	return &report.Page{
		Organisations: []report.Organisation{organisation},
		Version:       "0.1.0", Indices: "abc", Read: 1234567, Accepted: 1234567, Payments: 1234567, Accounts: 3, First: "2024-01-02", Last: "2024-01-05",
		Strong: 1, Weak: 1, ByTypology: []report.Count{{Typology: "fan_in", Summary: "Many pay one.", Strong: 1, Weak: 1}},
		Inputs: []report.Input{{Path: hostile, Format: "payments-csv", Read: 3, Accepted: 3}},
		AtRest: []report.Rest{{Account: hostile, How: "still on accounts", Amount: "90.00 EUR", AsOf: "2024-01-05", Through: "r1 → r2"}},
		Flow:   flow, Findings: []report.Finding{finding, closed}, NotAssessable: []string{"funnel is not assessable: the payments carry no places"},
	}
}

func write(t *testing.T, p *report.Page) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := report.Write(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReportIsTheSameForTheSamePage(t *testing.T) {
	if !bytes.Equal(write(t, page()), write(t, page())) {
		t.Error("two writings of one page differ")
	}
}

func TestReportReachesForNothingOutside(t *testing.T) {
	html := write(t, page())
	text := regexp.MustCompile(`(?s)<script>.*?</script>`).ReplaceAll(html, nil) // the libraries name their home pages and the SVG namespace
	if m := regexp.MustCompile(`(?i)(src|href)\s*=\s*"?(https?:|//)|@import|url\(`).Find(text); m != nil {
		t.Errorf("the page refers to something outside: %s", m)
	}
	if bytes.Contains(html, []byte("<img src=x")) || bytes.Contains(html, []byte(`<script>document.title`)) {
		t.Error("text of a source became part of the page")
	}
}

func TestReportTellsEverythingWithoutScripts(t *testing.T) {
	html := string(write(t, page()))
	for _, want := range []string{
		"1\u202f234\u202f567", "5 strangers paid.", "M05", "f-1", "90.00 EUR", "r1 → r2", "Read with care", "not assessable", "1 organisation, 1 finding and 1 lead", "may be a minor", "it is not shown here", "network-1-adverts", "recruiter 0.80",
	} {
		if !strings.Contains(html, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

func TestReportOfNothingSaysSo(t *testing.T) {
	html := string(write(t, &report.Page{}))
	for _, want := range []string{"No finding", "Nothing was found to follow", "Nothing stood out"} {
		if !strings.Contains(html, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

// TestReportDrawsItsFiguresInABrowser opens the page in a real Chromium, as a reader would, and counts the drawings.
func TestReportDrawsItsFiguresInABrowser(t *testing.T) {
	if !report.Bundled() {
		t.Fatal("the drawings are not built: run make build")
	}
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("no Chromium: scripts/setup test installs it")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "report.html")
	if err := os.WriteFile(path, write(t, page()), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	open := func(do ...string) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		args := append([]string{
			"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
			"--disable-component-update", "--disable-sync", "--enable-logging=stderr", "--user-data-dir=" + filepath.Join(dir, "profile"),
		}, do...)
		cmd := exec.CommandContext(ctx, browser, append(args, "file://"+path)...)
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Run(); err != nil {
			t.Fatalf("%v\n%s", err, stderr.String())
		}
	}
	open("--dump-dom")
	dom := stdout.String()
	// The three of the organisation, the flow of all, and the three figures of the finding that is open; those of the folded one wait.
	if n := strings.Count(dom, "<svg"); n != 7 {
		t.Errorf("%d figures drawn; 7 stand on the open part of the page", n)
	}
	if m := regexp.MustCompile(`data-kind="[a-z]+">This figure[^<]*`).FindString(dom); m != "" {
		t.Errorf("a figure failed: %s", m)
	}
	if m := regexp.MustCompile(`CONSOLE.*Uncaught.*`).FindString(stderr.String()); m != "" {
		t.Errorf("the script failed: %s", m)
	}
	if strings.Contains(dom, "<title>owned") {
		t.Error("text of a source ran as a script")
	}
	shot := filepath.Join(t.ArtifactDir(), "report.png")
	open("--hide-scrollbars", "--window-size=1200,3000", "--screenshot="+shot)
	b, err := os.ReadFile(shot)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	colours := map[color.Color]bool{}
	for y := 0; y < picture.Bounds().Dy(); y += 2 {
		for x := 0; x < picture.Bounds().Dx(); x += 2 {
			colours[picture.At(x, y)] = true
		}
	}
	if len(colours) < 100 {
		t.Errorf("the page shows %d colours: nothing is drawn", len(colours))
	}
}
