package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// TestWhatGuardsThePages: no script within a page, no form of another site, no more of a session than a person asks, and a part that stands in a frame of ours alone.
func TestWhatGuardsThePages(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(plain string) string { return plain })
	ann := s.as(t, "ann", "en")
	one := "/cases/" + s.ids["case"]
	for _, path := range []string{"/", "/login", one + "/network"} {
		res, err := http.Get(s.origin + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		csp := res.Header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self' 'sha256-", "frame-ancestors 'self'", "form-action 'self'", "base-uri 'none'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: the policy of content has no %s: %s", path, want, csp)
			}
		}
		if strings.Contains(csp, "unsafe") || strings.Contains(csp, "http") {
			t.Errorf("%s: the policy of content lets in what is not ours: %s", path, csp)
		}
		if got := ann.get(path); strings.Contains(string(got.body), "<script>") || strings.Contains(string(got.body), " onclick=") {
			t.Errorf("%s has a script within", path)
		}
	}

	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.origin+"/cases", strings.NewReader("title=Theirs"))
	if err == nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
	}
	if got := ann.do(r, err); got.code != http.StatusForbidden {
		t.Errorf("a form of another site: %d", got.code)
	}

	ann.says(ann.get(one+"/timeline"), "P3", "A1", "Payments", "Adverts", "Journeys")
	ann.says(ann.get(one+"/timeline?party=0"), "Timeline")

	limited := false
	for range 3000 { // some hundred, but for a slow machine, which may ask no faster than is allowed for long
		if ann.get("/help").code == http.StatusTooManyRequests {
			limited = true
			break
		}
	}
	if !limited {
		t.Error("one session may ask as often as it likes")
	}
	if got := s.as(t, "bob", "en").get("/help"); got.code != http.StatusOK {
		t.Errorf("somebody else has to wait, too: %d", got.code)
	}
}

// TestOnPaper: a page that is printed has what it says, and neither menu nor buttons.
func TestOnPaper(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(plain string) string { return plain })
	b := s.enter(t, "ann")
	b.open(s.origin + "/notices/" + s.ids["draft"])
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"}); err != nil {
		t.Fatal(err)
	}
	for _, hidden := range []string{"header", ".purpose", "main button"} {
		if !evaluate[bool](b, fmt.Sprintf(`[...document.querySelectorAll(%q)].every((e) => e.getClientRects().length === 0)`, hidden)) {
			t.Errorf("%s stands on paper", hidden)
		}
	}
	b.says("DEMIR")
}
