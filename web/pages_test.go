package web_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"tarir/audit"
	"tarir/handling"
	"tarir/message"
	"tarir/node"
)

// paged is a node with pages, and where they are.
func paged(t *testing.T) (n *node.Node, origin string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	origin = fmt.Sprintf("http://localhost:%d", l.Addr().(*net.TCPAddr).Port)
	n, _ = secretariatAt(t, origin)
	s := httptest.NewUnstartedServer(public(t, n))
	if err := s.Listener.Close(); err != nil {
		t.Fatal(err)
	}
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	return n, origin
}

// browser is a tab of a real Chromium that has a passkey device which says yes.
func browser(t testing.TB) context.Context {
	t.Helper()
	if _, err := exec.LookPath("chromium"); err != nil {
		t.Fatal("no Chromium: scripts/setup test installs it")
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1000, 1400))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, stop := chromedp.NewContext(allocator)
	t.Cleanup(stop)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	_, err := chromedp.Call(ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal, HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}})
	if err != nil {
		t.Fatal(err)
	}
	return ctx
}

// tab does things in a tab.
type tab struct {
	t   *testing.T
	ctx context.Context
}

func evaluate[T any](b tab, script string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%.80s: %v", script, err)
	}
	return v
}

func (b tab) open(address string) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Navigate(address), chromedp.WaitReady("main")); err != nil {
		b.t.Fatal(err)
	}
}

// submit fills fields of a form in and sends it, and waits until the page that follows is there.
func (b tab) submit(form string, fields map[string]string) {
	b.t.Helper()
	for name, v := range fields {
		evaluate[int](b, fmt.Sprintf("document.querySelector(%q).elements[%q].value = %q; 0", form, name, v))
	}
	evaluate[int](b, fmt.Sprintf("window.before = document.querySelector(`main`); document.querySelector(%q).requestSubmit(); 0", form))
	ctx, cancel := context.WithTimeout(b.ctx, 20*time.Second)
	defer cancel()
	for {
		gone, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`window.before !== document.querySelector("main") && document.readyState === "complete" && !!document.querySelector("main")`))
		if err == nil && gone {
			return
		}
		if ctx.Err() != nil {
			b.t.Fatalf("nothing followed %s: %s", form, evaluate[string](b, "document.body.innerText"))
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (b tab) text() string {
	b.t.Helper()
	return evaluate[string](b, `document.querySelector("main").innerText`)
}

func (b tab) says(want ...string) {
	b.t.Helper()
	got := b.text()
	for _, w := range want {
		if !strings.Contains(got, w) {
			b.t.Errorf("the page does not say %q:\n%s", w, got)
		}
	}
}

func (b tab) at(path string) {
	b.t.Helper()
	if got := evaluate[string](b, "location.pathname"); got != path {
		b.t.Fatalf("the browser is at %s, want %s:\n%s", got, path, b.text())
	}
}

// TestADayInABrowser: an invitation, a passkey, what needs me, is this known, a case; in a real Chromium, in each language and with axe-core.
func TestADayInABrowser(t *testing.T) {
	t.Parallel()
	n, origin := paged(t)
	if _, err := n.Import(t.Context(), who("ann"), strings.NewReader(`{"id":"c1","schema":"Person","properties":{"name":["Георгий Вымышленный"],"birthDate":["1974-08-12"],"phone":["+33612345678"]}}`+"\n"), handling.Label{}); err != nil {
		t.Fatal(err)
	}
	address, err := n.InviteToLogin(t.Context(), who("bob"), "ann")
	if err != nil {
		t.Fatal(err)
	}
	b := tab{t, browser(t)}

	b.open(origin + "/cases")
	b.at("/login") // and after logging in, on to where one was going
	b.open(address)
	b.says("This invitation is for ann")
	b.submit("#register", map[string]string{"device": "laptop"})
	b.at("/login")
	b.open(origin + "/login?to=/cases")
	b.submit("#login", nil)
	b.at("/cases")
	b.open(address)
	b.says("this invitation was used")

	// Purpose and legal basis come first.
	b.open(origin + "/check")
	b.submit(".check", map[string]string{"q": "Georgi Vymyshlenny"})
	b.says("for which purpose")
	if strings.Contains(b.text(), "Possible match") {
		t.Error("an answer without a purpose")
	}
	b.submit(".purpose", map[string]string{"purpose": "identify", "legal_basis": "Criminal code 188"})
	b.at("/check")
	for what, want := range map[string]string{"Georgi Vymyshlenny": "Understood as: name", "+33 6 12 34 56 78": "Understood as: telephone"} {
		b.submit(".check", map[string]string{"q": what})
		b.says("Possible match", "Compare before you act", want)
		if got := evaluate[string](b, "location.href"); strings.Contains(got, "?") {
			t.Errorf("what was asked stands in the address: %s", got)
		}
	}
	b.submit(".check", map[string]string{"q": "Nobody Whatsoever"})
	b.says("No match")

	// A case.
	b.open(origin + "/cases")
	b.submit(`form[action="/cases"]`, map[string]string{"title": "Farm in the north <b>"})
	b.says("Farm in the north <b>", "leads")
	b.submit(`form[action$="/notes"]`, map[string]string{"text": "The van has been seen twice."})
	b.says("Notes")
	b.submit(`form[action$="/search"]`, map[string]string{"q": "van"})
	b.says("Found")
	if n := evaluate[int](b, `document.querySelector(".entries").children.length`); n != 1 {
		t.Errorf("%d entries found, want the note", n)
	}
	one := evaluate[string](b, `location.pathname.replace("/search", "")`)

	axe, err := os.ReadFile("../report/page/checks/axe.min.js")
	if err != nil {
		t.Fatalf("no axe-core: make build brings it: %v", err)
	}
	for _, code := range message.Codes {
		b.open(origin + "/")
		b.submit(".display", map[string]string{"lang": code})
		for _, path := range []string{"/", "/check", "/cases", one, "/sessions"} {
			b.open(origin + path)
			if path == "/check" {
				b.submit(".check", map[string]string{"q": "Georgi Vymyshlenny"})
			}
			if dir, want := evaluate[string](b, "document.documentElement.dir"), map[bool]string{true: "rtl", false: "ltr"}[code == "ar"]; dir != want {
				t.Errorf("%s in %s is written %s, want %s", path, code, dir, want)
			}
			if key := evaluate[string](b, `(document.body.innerText.match(/\bweb\.[a-z_]+/) || [""])[0]`); key != "" {
				t.Errorf("%s in %s shows a key: %s", path, code, key)
			}
			if n := evaluate[int](b, `document.documentElement.scrollWidth - window.innerWidth`); n > 0 {
				t.Errorf("%s in %s is %d pixels wider than the window", path, code, n)
			}
			evaluate[int](b, string(axe)+"; 0")
			for _, v := range evaluate[[]string](b, `axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }).then((r) => (r.passes.length < 10 ? ["axe-core looked at nothing"] : []).concat(r.violations.map((v) => v.id + ": " + v.help + " at " + v.nodes.slice(0, 3).map((n) => n.target).join(", "))))`) {
				t.Errorf("%s in %s: accessibility (axe-core, WCAG 2.2 AA): %s", path, code, v)
			}
			shot, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
			if err != nil {
				t.Fatal(err)
			}
			name := strings.Trim(strings.ReplaceAll(strings.Replace(path, one, "case", 1), "/", ""), "-")
			if err := os.WriteFile(filepath.Join(t.ArtifactDir(), name+"-"+code+".png"), shot, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}

	// The node asks nobody whether it should keep a session, and lists none.
	b.open(origin + "/")
	b.submit(".display", map[string]string{"lang": "en"})
	b.says("Nothing waits for you.")
	for _, kind := range []string{"login.session", "login.passkey", "login.invite"} {
		if list, err := n.List(t.Context(), who("ann"), kind, 10); err != nil || len(list) > 0 {
			t.Errorf("%s: %v, %v", kind, list, err)
		}
	}

	b.submit(`form[action="/logout"]`, nil)
	b.open(origin + "/cases")
	b.at("/login")

	// The log has who logged in and asked, and not a word of what.
	said := map[string]int{}
	err = n.Audit(t.Context(), who("ann"), audit.Filter{}, func(_ int64, e *audit.Entry) error {
		said[e.Result]++
		if s := fmt.Sprint(*e); strings.Contains(s, "Vymyshlenny") || strings.Contains(s, "612345678") {
			t.Errorf("what was asked stands in the log: %s", s)
		}
		return nil
	})
	if err != nil || said["registered"] != 1 || said["logged in"] != 1 || said["logged out"] != 1 {
		t.Errorf("the log: %v, %v", said, err)
	}
}

// TestEveryPageNeedsALogin asks for each page without one, with a wrong one, and from another site.
func TestEveryPageNeedsALogin(t *testing.T) {
	n, origin := paged(t)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(origin)
	if err != nil {
		t.Fatal(err)
	}
	jar.SetCookies(u, []*http.Cookie{{Name: "tarir", Value: "guessed"}})
	for _, c := range []*http.Client{{}, {Jar: jar}} {
		c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		for _, what := range []string{
			"GET /", "POST /purpose", "POST /logout", "GET /sessions", "POST /sessions/x/end", "POST /tasks/done", "GET /check", "POST /check", "GET /cases", "POST /cases", "GET /cases/x",
			"POST /cases/x/search", "POST /cases/x/notes",
		} {
			method, path, _ := strings.Cut(what, " ")
			for _, site := range []string{"", "https://elsewhere.example"} {
				r, err := http.NewRequestWithContext(t.Context(), method, origin+path, http.NoBody)
				if err != nil {
					t.Fatal(err)
				}
				if site != "" {
					r.Header.Set("Origin", site)
				}
				res, err := c.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				if err := res.Body.Close(); err != nil {
					t.Fatal(err)
				}
				want := http.StatusSeeOther
				if site != "" && method == "POST" {
					want = http.StatusForbidden
				}
				if res.StatusCode != want || want == http.StatusSeeOther && !strings.HasPrefix(res.Header.Get("Location"), "/login") {
					t.Errorf("%s from %q: %d to %q, want %d", what, site, res.StatusCode, res.Header.Get("Location"), want)
				}
				if csp := res.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") {
					t.Errorf("%s: no policy of content: %q", what, csp)
				}
			}
		}
	}
	if _, err := n.InviteToLogin(t.Context(), who("eve"), "eve"); err == nil {
		t.Error("somebody who is no administrator invites")
	}
	if _, err := n.InviteToLogin(t.Context(), who("ann"), "nobody"); err == nil {
		t.Error("somebody is invited who does not work here")
	}
}
