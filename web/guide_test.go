package web_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tarir/casework"
	"tarir/message"
	"tarir/node"
)

// TestTheGuideIsTrue takes the pictures of the guide from the pages (make guide keeps them), and holds its words against those of the pages: what stands in bold is
// a text of the pages in that language, and every picture is there.
func TestTheGuideIsTrue(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(plain string) string { return plain })
	stops := need[[]*casework.Stop](t)(s.n.RequestStops(t.Context(), inform("ann"), []node.StopRequest{{Asked: "BANK-FF", Form: casework.StopForm{
		Account: "BANKFFXX/2", Amount: "5000.25", Currency: "USD", Offence: "SOM", Reference: "FR/2026/7", Officer: "+000 24/7", LegalBasis: "to be told", Wish: "both",
		Payments: []casework.Payment{{Reference: "P3", Time: time.Date(2026, 1, 4, 12, 0, 0, 0, time.UTC), Amount: "5000.25", From: "BANK/1", To: "BANKFFXX/2"}},
	}}}))
	one := "/cases/" + s.ids["case"]
	for _, code := range []string{"en", "fr"} {
		t.Run(code, func(t *testing.T) {
			b := s.enter(t, "ann")
			if err := chromedp.Do(b.ctx, chromedp.EmulateViewport(1100, 760)); err != nil {
				t.Fatal(err)
			}
			b.submit(".display", map[string]string{"lang": code, "theme": "light"})
			dir := t.ArtifactDir()
			if *update {
				dir = "../docs/guide"
			}
			photo := func(name string) {
				t.Helper()
				evaluate[int](b, `document.querySelector(".purpose").scrollIntoView(); 0`)
				shot, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, name+"-"+code+".png"), shot, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			see := func(path, name string) {
				t.Helper()
				b.open(s.origin + path)
				photo(name)
			}
			see("/welcome", "first-steps")
			see("/", "today")
			b.open(s.origin + "/check")
			b.submit(".check", map[string]string{"q": "Georgi Vymyshlenny"})
			photo("check")
			see(one, "case")
			b.open(s.origin + one + "/network")
			b.until("the chart is drawn", `!!document.querySelector("#network[data-took]")`)
			b.click("[data-show]")
			b.until("somebody is told", `document.querySelector("#network-panel h3") !== null`)
			time.Sleep(700 * time.Millisecond) // the camera comes to rest
			photo("network")
			see(one+"/money", "money")
			b.submit(`form[action$="/act"]`, nil)
			photo("act")
			see("/stops/"+stops[0].ID, "stop")
			see("/notices/"+s.ids["silver"], "notice")
			b.open(s.origin + "/vault")
			b.submit(`form[action="/vault/card"]`, map[string]string{"pseudonym": s.ids["card"]})
			photo("vault")
			see("/operations/"+s.ids["operation"], "operation")
			see("/admin", "admin")

			text, err := os.ReadFile("../docs/guide/" + code + ".md")
			if err != nil {
				t.Fatal(err)
			}
			l := need[*message.Language](t)(message.For(code))
			var texts []string
			for _, k := range l.Keys() {
				texts = append(texts, l.Text(k))
			}
			for _, m := range regexp.MustCompile(`\*\*([^*]+)\*\*`).FindAllStringSubmatch(string(text), -1) {
				if word := strings.Join(strings.Fields(m[1]), " "); !slices.Contains(texts, word) {
					t.Errorf("the guide in %s names %q, which stands on no page", code, word)
				}
			}
			for _, m := range regexp.MustCompile(`\]\(([a-z-]+\.png)\)`).FindAllStringSubmatch(string(text), -1) {
				if _, err := os.Stat("../docs/guide/" + m[1]); err != nil {
					t.Errorf("a picture of the guide is not there: %v", fmt.Errorf("%s: %w", m[1], err))
				}
			}
		})
	}
}
