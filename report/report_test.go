package report_test

import (
	"bytes"
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tarir/message"
	"tarir/report"
)

// hostile is text as a source could bring it to break out of the page.
const hostile = `</script><script>document.title="owned"</script><img src=x onerror=alert(1)>`

func ways() *report.Map {
	return &report.Map{
		Places: []report.MapPlace{{Name: hostile, At: [2]float64{-74.1, 4.7}}, {Name: "Lima", At: [2]float64{-77, -12}}},
		Ways:   []report.MapWay{{From: 0, To: 1, People: 3, Mode: "air", Text: hostile}, {From: 1, To: 0, People: 1, Mode: "sea", Text: "back"}},
	}
}

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
	told := []report.Told{{Text: hostile, Findings: []string{"f-1"}, Adverts: 1, Journeys: 1, Payments: []report.Payment{{At: "2024-05-01", From: "A/1", To: hostile, Amount: "100.00 EUR", Channel: "transfer", Reference: "R1"}}}}
	organisation := report.Organisation{
		Rank: 1, ID: "network-1", Score: "0.90", Members: 2, Victims: 2, Minors: 1, Stages: []report.Stage{{Name: "recruitment", Score: "0.80"}, {Name: "money", Score: "0.70"}},
		Reasons: told, Next: []report.Step{{Act: "safeguard", Text: "1 possible minor"}, {Act: "restrain", Text: hostile}},
		Chart: &report.Chart{
			Nodes: []report.ChartNode{{Label: hostile, Role: "recruiter", Stage: "recruitment"}, {Label: "Mule", Role: "money mule", Stage: "money"}, {Label: "Boss", Role: "organiser", Stage: "all"}},
			Links: []report.ChartLink{{Link: report.Link{From: 0, To: 1, Value: 10, Text: hostile}, Kind: "money"}, {Link: report.Link{From: 2, To: 0, Text: "tie"}, Kind: "tie"}},
		},
		Parts:     []report.Part{{Name: hostile, ID: "per-1", Confidence: "0.80", Roles: []report.Stage{{Name: "recruiter", Score: "0.80"}}, Accounts: []string{"B/1"}, Because: told}},
		Safeguard: []report.Protected{{Pseudonym: "V-1A2B", Minor: true, Because: told}}, Contacts: []string{hostile}, Received: []string{"10.00 EUR"}, Held: []string{"9.00 EUR"},
		AtRest: []report.Rest{{Account: hostile, Amount: "9.00 EUR", AsOf: "2024-01-05"}}, Flow: flow,
		Lanes:    &report.Lanes{First: 1_704_067_200, Lanes: []report.Lane{{Label: "journeys", Kind: "transport", Weeks: []float64{1, 0, 3}, Texts: []string{"1", "0", hostile}}}},
		Routes:   []report.Route{{From: "COBOG", To: hostile, Mode: "air", First: "2024-01-02", Last: "2024-01-05", Journeys: 3, People: 2}},
		Rounds:   []report.Round{{Who: hostile, Way: "COBOG → PELIM → " + hostile, First: "2024-01-02", Last: "2024-01-05", Times: 3}},
		Families: []report.Family{{ID: "family-1", Template: hostile, Adverts: 3, Texts: 2, Places: []string{hostile}}, {ID: "family-2", Young: true, Adverts: 2}},
		Adverts:  []report.Advert{{ID: hostile, At: "2024-01-02 10:00", Site: "s", City: "c"}}, Journeys: []report.Journey{{ID: hostile, At: "2024-01-02 10:00", Who: "V-1A2B", From: "COBOG", To: "PELIM", Mode: "air"}},
		Follow: []report.Part{{Name: hostile, ID: "per-7", Confidence: "0.20", Accounts: []string{"B/7"}, Because: told}}, Changes: []string{"New members: 2.", hostile}, Map: ways(),
	}
	return &report.Page{
		Organisations: []report.Organisation{organisation}, AllRoutes: ways(),
		Version: "0.1.0", Indices: "abc", Read: 1234567, Accepted: 1234567, Payments: 1234567, Accounts: 3, First: "2024-01-02", Last: "2024-01-05",
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
		"1\u202f234\u202f567", "5 strangers paid.", "M05", "f-1", "90.00 EUR", "r1 → r2", "Read with care", "not assessable", "may be a minor", "it is not shown here", "network-1-adverts", "recruiter 0.80", "To follow up: 1", "New members: 2",
	} {
		if !strings.Contains(html, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

func TestReportOfNothingSaysSo(t *testing.T) {
	html := string(write(t, &report.Page{}))
	for _, want := range []string{"Nothing was found to follow", "Nothing stood out"} {
		if !strings.Contains(html, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

var update = flag.Bool("update", false, "write the golden reports")

// TestReportInEveryLanguageIsAsItsGoldenFile compares the page without its style, scripts and world with what it was.
func TestReportInEveryLanguageIsAsItsGoldenFile(t *testing.T) {
	for _, code := range message.Codes {
		t.Run(code, func(t *testing.T) {
			got := regexp.MustCompile(`(?s)<style>.*?</style>|<script>.*?</script>|<script type="application/json" id="world">.*?</script>`).ReplaceAll(write(t, in(t, code)), nil)
			path := filepath.Join("testdata", "report-"+code+".html")
			if *update {
				if err := os.WriteFile(path, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("the page differs from %s: look at it, then go test ./report -update", path)
			}
			if key := regexp.MustCompile(`>(page|role|stage|act|mode|how|next)\.[a-z_]+`).Find(got); key != nil {
				t.Errorf("the page shows a key: %s", key)
			}
		})
	}
}

func in(t *testing.T, code string) *report.Page {
	t.Helper()
	p := page()
	l, err := message.For(code)
	if err != nil {
		t.Fatal(err)
	}
	p.Language = l
	return p
}

// TestReportDrawsItsFiguresInABrowser opens the page in a real Chromium in each language, as a reader would, counts the
// drawings, and looks whether anything is wider than the window.
func TestReportDrawsItsFiguresInABrowser(t *testing.T) {
	if !report.Bundled() {
		t.Fatal("the drawings are not built: run make build")
	}
	if _, err := exec.LookPath("chromium"); err != nil {
		t.Fatal("no Chromium: scripts/setup test installs it")
	}
	dir := t.TempDir()
	axe, err := os.ReadFile("page/checks/axe.min.js")
	if err != nil {
		t.Fatalf("no axe-core: make build brings it: %v", err)
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1200, 3000))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	defer stop()
	browser, stop := chromedp.NewContext(allocator)
	defer stop()
	if err := chromedp.Do(browser); err != nil {
		t.Fatal(err)
	}
	for _, code := range message.Codes {
		t.Run(code, func(t *testing.T) {
			path := filepath.Join(dir, code+".html")
			if err := os.WriteFile(path, write(t, in(t, code)), 0o600); err != nil {
				t.Fatal(err)
			}
			ctx, stop := chromedp.NewContext(browser)
			defer stop()
			if err := chromedp.Do(ctx, chromedp.Navigate("file://"+path), chromedp.WaitReady("#read")); err != nil {
				t.Fatal(err)
			}
			// The map and the flow of all, the four of the organisation (its own map is folded away) and the three of the finding that is
			// open; the folded ones wait until they are opened.
			if n := ask[int](t, ctx, `document.querySelectorAll(".draw > svg").length`); n != 8 {
				t.Errorf("%d figures drawn where 8 stand on the open part of the page", n)
			}
			if n := ask[int](t, ctx, `document.documentElement.scrollWidth - window.innerWidth`); n > 0 {
				t.Errorf("the page is %d pixels wider than the window", n)
			}
			shot, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(t.ArtifactDir(), "report-"+code+".png"), shot, 0o600); err != nil {
				t.Fatal(err)
			}
			ask[int](t, ctx, `document.querySelectorAll("details").forEach((d) => (d.open = true)); 0`)
			if n := ask[int](t, ctx, `new Promise((done) => setTimeout(() => done(document.querySelectorAll(".draw").length - document.querySelectorAll(".draw > svg").length), 300))`, chromedp.EvalAwaitPromise); n != 0 {
				t.Errorf("with everything open %d figures are missing", n)
			}
			if list := ask[[]string](t, ctx, `[...document.querySelectorAll(".draw")].filter((d) => !d.querySelector("svg path, svg rect, svg line")).map((d) => d.dataset.kind + ": " + d.textContent)`); len(list) > 0 {
				t.Errorf("figures are empty or failed: %v", list)
			}
			if title := ask[string](t, ctx, `document.title`); !strings.HasPrefix(title, "Tarir: ") {
				t.Errorf("text of a source ran as a script: the title is %q", title)
			}
			if dir, want := ask[string](t, ctx, `document.documentElement.dir`), map[bool]string{true: "rtl", false: "ltr"}[code == "ar"]; dir != want {
				t.Errorf("the page is written %s, want %s", dir, want)
			}
			ask[int](t, ctx, string(axe)+"; 0")
			list := ask[[]string](t, ctx, `axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }).then((r) => (r.passes.length < 10 ? ["axe-core looked at nothing"] : []).concat(r.violations.map((v) => v.id + ": " + v.help + " at " + v.nodes.slice(0, 3).map((n) => n.target).join(", "))))`, chromedp.EvalAwaitPromise)
			for _, v := range list {
				t.Errorf("accessibility (axe-core, WCAG 2.2 AA): %s", v)
			}
		})
	}
}

// ask evaluates a script in the page.
func ask[T any](t *testing.T, ctx context.Context, script string, options ...chromedp.EvaluateOption) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](script, options...))
	if err != nil {
		t.Fatalf("%.80s: %v", script, err)
	}
	return v
}

// TestStyleHasNoLeftOrRight: what is at the start of a line is on its right in Arabic.
func TestStyleHasNoLeftOrRight(t *testing.T) {
	b, err := os.ReadFile("page/report.css")
	if err != nil {
		t.Fatal(err)
	}
	if m := regexp.MustCompile(`[a-z-]*\b(left|right)\b[^;]*`).Find(b); m != nil {
		t.Errorf("the style says %q: use inline-start and inline-end", m)
	}
}
