package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tarir/casework"
	"tarir/exchange/register"
	"tarir/handling"
	"tarir/message"
	"tarir/node"
	"tarir/notice"
	"tarir/vault"
)

// stage is a node with pages and a record of each kind that a page shows.
type stage struct {
	n      *node.Node
	origin string
	dir    string
	paths  []string // every page, with the records that there are
	ids    map[string]string
	tokens map[string]string // of sessions
}

const hostile = `"><img src=x onerror="window.hacked=1"><script>window.hacked=1</script>{{7*7}}' onmouseover='window.hacked=1`

// newStage makes it. Texts are what a source or a person may write anywhere: hostile ones where asked for.
func newStage(t testing.TB, text func(plain string) string) *stage {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{origin: fmt.Sprintf("http://localhost:%d", l.Addr().(*net.TCPAddr).Port), ids: map[string]string{}}
	s.dir = filepath.Join(t.TempDir(), "GS")
	pass := node.Passphrase{Text: "correct horse", Work: 2}
	all := slices.Clone(people)
	for _, r := range node.Rights {
		all = append(all, node.Person{ID: "may-" + r, May: []string{r}})
	}
	if err := node.Found(s.dir, pass, node.Setup{Member: "GS", Name: "Secretariat", Country: "FR", Listen: "127.0.0.1:0", Web: "127.0.0.1:0", People: all, Silver: true}, time.Now()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(s.dir, "config.toml")
	config, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	config = bytes.Replace(config, []byte(`origin = ""`), fmt.Appendf(nil, "origin = %q", s.origin), 1)
	config = bytes.Replace(config, []byte("people = []\n"), []byte("people = [\"ann\", \"bob\"]\n"), 1)
	if err := os.WriteFile(path, config, 0o600); err != nil {
		t.Fatal(err)
	}
	if s.n, err = node.Open(t.Context(), s.dir, node.Options{Passphrase: pass, Every: 50 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.n.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-done
		if err := s.n.Close(); err != nil {
			t.Error(err)
		}
	})
	server := httptest.NewUnstartedServer(public(t, s.n))
	if err := server.Listener.Close(); err != nil {
		t.Fatal(err)
	}
	server.Listener = l
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections() // pages that hear of news
		server.Close()
	})
	s.fill(t, text)
	return s
}

func inform(person string) node.Who {
	return node.Who{Person: person, Purpose: handling.Inform, LegalBasis: "Criminal code 188", Reason: "because"}
}

func need[T any](t testing.TB) func(v T, err error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func body(v any) json.RawMessage {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}

// fill puts a record of each kind onto the node.
func (s *stage) fill(t testing.TB, text func(string) string) {
	t.Helper()
	n, ctx, w := s.n, t.Context(), inform("ann")
	invitation := need[[]byte](t)(n.Invite(ctx, w, register.Statement{Member: "BANK-FF", Name: text("Bank F"), Kind: handling.Bank, Country: "FR"}, time.Hour))
	answer, code, err := node.Join(filepath.Join(t.TempDir(), "FF"), node.Passphrase{Text: "correct horse", Work: 2}, node.Setup{URL: "nats://127.0.0.1:1", People: people}, invitation, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Admit(ctx, w, answer, code); err != nil {
		t.Fatal(err)
	}
	if err := n.VaultInit(ctx, w, node.Passphrase{Text: "the passphrase of the vault", Work: 2}); err != nil {
		t.Fatal(err)
	}
	card := need[*vault.Card](t)(n.VaultPut(ctx, w, vault.Record{Minor: true, Wish: vault.Wish{Contact: "no", Language: "qu", Guardian: "none yet"}, Met: time.Now(), Keepers: []string{"ann"}, Fields: map[string][]string{"prs_FirstName": {"Zuleyka"}}}))
	c := need[*casework.Case](t)(n.NewCase(ctx, w, text("Farm in the north"), nil))
	s.ids["case"], s.ids["card"] = c.ID, card.Pseudonym
	entry := func(kind casework.EntryKind, v any) node.NewEntry { return node.NewEntry{Kind: kind, Body: body(v)} }
	raw := func(kind casework.EntryKind, v string) node.NewEntry {
		return node.NewEntry{Kind: kind, Body: json.RawMessage(v)}
	}
	quoted := func(plain string) string { return string(body(text(plain))) }
	pay := func(i int, from, to, amount string) node.NewEntry {
		at := time.Date(2026, 1, 1+i, 12, 0, 0, 0, time.UTC)
		return entry(casework.PaymentEntry, casework.CasePayment{Payment: casework.Payment{Reference: fmt.Sprint("P", i), Time: at, Amount: amount, From: from, To: to}, Currency: "USD", Purpose: text("fee"), FromName: text("Payer"), ToName: text("Payee")})
	}
	list := []node.NewEntry{
		raw(casework.FindingEntry, `{"id":"network-1","score":0.9,"stages":{"money":1,"recruitment":0.7},"members":[{"entity":"ana","name":`+quoted("Ana Ficticia")+`,"accounts":["BANK/1"],"confidence":0.8,"roles":[{"role":"collector","confidence":0.8}]},
			{"entity":"leo","name":`+quoted("Leo Ficticio")+`,"accounts":["BANKFFXX/2"],"confidence":0.7,"roles":[{"role":"organiser","confidence":0.6}]}],"leads":[{"entity":"mia","name":`+quoted("Mia Ficticia")+`,"accounts":[],"tie":0.5}],"contacts":["+33612345678"],"victims":[{"minor":true},{"minor":false}],"explanation":[{"code":"x","params":{},"text":`+quoted("Two members.")+`}]}`),
		raw(casework.FindingEntry, `{"id":"f-1","typology":"smuggling_fees","score":0.7,"payments":["P1","P2"],"adverts":["A1"],"journeys":["J1"],"explanation":[{"code":"x","params":{},"text":`+quoted("Many pay one.")+`}]}`),
		pay(0, "BANK/9", "BANK/1", "10.50"), pay(1, "BANK/8", "BANK/1", "2900.00"), pay(2, "BANK/9", "BANK/1", "2950.00"), pay(3, "BANK/1", "BANKFFXX/2", "5000.25"),
		raw(casework.EntityEntry, `{"id":"ana","schema":"Person","properties":{"name":[`+quoted("Ana Ficticia")+`],"phone":["+33612345678"]}}`),
		raw(casework.EntityEntry, `{"id":"mia","schema":"Person","properties":{"name":[`+quoted("Mia Ficticia")+`],"phone":["+33612345678"]}}`),
		entry(casework.VictimEntry, casework.Victim{Pseudonym: card.Pseudonym, Status: "presumed", AgeGroup: "12-17"}),
		entry(casework.JourneyEntry, casework.CaseJourney{ID: "J1", Person: card.Pseudonym, From: "Lima, PE", To: "Santiago, CL", Departure: "2026-01-05", Mode: "bus", Carrier: text("Bus")}),
		entry(casework.AdvertEntry, casework.CaseAdvert{ID: "A1", PostedAt: "2026-01-06", Site: text("site"), Title: text("work"), Text: text("work abroad"), City: "Santiago", Country: "CL", Phones: []string{"+56972747801"}}),
		entry(casework.AdvertEntry, casework.CaseAdvert{ID: "A2", PostedAt: "2026-01-20", City: text("Lima"), Country: "PE", Phones: []string{"+56972747801"}}),
		entry(casework.NoteEntry, casework.Note{Text: text("The van has been seen twice.")}),
		entry(casework.TaskEntry, casework.CaseTask{What: text("ask the bank"), Who: "bob", Due: time.Now().AddDate(0, 0, 3)}),
		entry(casework.DecisionEntry, casework.Decided{What: text("no arrest yet"), Why: text("victims first")}),
		entry(casework.EventEntry, casework.Happening{At: time.Date(2026, 1, 9, 0, 0, 0, 0, time.UTC), What: text("seen"), Place: text("market")}),
		entry(casework.AssetEntry, casework.Asset{ID: "BANKFFXX/2", Kind: "account", Identifier: "BANKFFXX/2", Value: "5000.25", Currency: "USD", AsOf: time.Now(), Source: text("payments"), Link: text("proceeds rest here"), Owner: text("Leo")}),
		entry(casework.DrawingEntry, casework.Drawing{Title: text("As on Monday"), Shown: []string{"ana", "leo", "BANK/9"}, Places: map[string][2]float64{"ana": {0, 0}}, Notes: map[string]string{"ana": text("she collects")}}),
	}
	put := need[[]node.Put](t)(n.AddToCase(ctx, w, c.ID, list))
	note := put[slices.IndexFunc(list, func(e node.NewEntry) bool { return e.Kind == casework.NoteEntry })]
	s.ids["note"] = fmt.Sprint(note.Seq)
	if _, err := n.ChangeEntry(ctx, w, c.ID, note.Seq, 1, body(casework.Note{Text: text("The white van has been seen twice.")})); err != nil {
		t.Fatal(err)
	}
	f := red(false, text("DEMIR"))
	s.ids["draft"] = need[*notice.Record](t)(n.Draft(ctx, w, f, nil)).ID
	s.ids["silver"] = need[*notice.Record](t)(n.Draft(ctx, w, notice.Form{Colour: notice.Silver, Owner: "GS", Purpose: handling.Locate, LegalBasis: text("law"), Assets: []notice.Asset{{Kind: "account", Identifier: "BANKFFXX/2", Link: text("link"), Source: text("source"), Measures: []string{"locate"}}}}, nil)).ID
	s.ids["message"] = need[*node.Letter](t)(n.Send(ctx, w, node.NewLetter{Kind: "message", To: []string{"BANK-FF"}, Subject: text("A question"), Text: notice.Texts{"en": text("Whose is the van?")}})).ID
	s.ids["operation"] = need[*casework.Operation](t)(n.PlanOperation(ctx, w, casework.Operation{Title: text("Nightfall"), From: time.Now(), To: time.Now().AddDate(0, 0, 3), Countries: []string{"FR"}, Places: []string{text("bridge")}, Participants: []casework.Participant{{Member: "GS"}, {Member: "BANK-FF"}}})).ID
	if _, err := n.StepOperation(ctx, w, s.ids["operation"], casework.PreOperational); err != nil {
		t.Fatal(err)
	}
	reports := []casework.Report{
		{Measure: "arrests", Record: "arrest/1", Tags: map[string]string{"offence": "SOM"}, At: time.Now()},
		{Measure: "checks", Record: "checks/1", Number: 44000, Tags: map[string]string{"database": "documents"}, At: time.Now()},
		{Measure: "money", Record: "asset/1", Amount: "400.00", Currency: "USD", Tags: map[string]string{"state": "frozen"}, At: time.Now()},
	}
	if _, err := n.ReportOperation(ctx, w, s.ids["operation"], reports); err != nil {
		t.Fatal(err)
	}
	if _, err := n.TaskOperation(ctx, w, s.ids["operation"], casework.Tasking{To: []string{"BANK-FF"}, Text: map[string]string{"en": text("Check the bus")}, Due: time.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	s.ids["group"] = need[*casework.Group](t)(n.NewGroup(ctx, w, text("Experts"), []string{"BANK-FF"})).ID
	for _, k := range []*casework.Knowledge{
		{Kind: casework.MethodOf, Title: text("Cards"), Text: text("Prepaid cards."), Evidence: "hypothesis", What: "method", Sources: []string{text("a report")}},
		{Kind: casework.Route, Title: "A way", Text: "By bus.", Evidence: "hypothesis", Way: &casework.Way{From: "PE", To: "CL", Modes: []string{"bus"}}},
	} {
		if _, err := n.SayInGroup(ctx, w, node.GroupSay{Group: s.ids["group"], Do: "propose", New: k}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := n.Import(ctx, w, strings.NewReader(`{"id":"c1","schema":"Person","properties":{"name":["Георгий Вымышленный"],"birthDate":["1974-08-12"],"phone":["+33612345678"],"notes":[`+quoted("a note")+`]}}`+"\n"), handling.Label{}); err != nil {
		t.Fatal(err)
	}
	s.ids["asset"] = fmt.Sprint(put[slices.IndexFunc(list, func(e node.NewEntry) bool { return e.Kind == casework.AssetEntry })].Seq)
	s.ids["subject"] = need[*casework.Subject](t)(n.NewSubject(ctx, w, casework.AccessRequest, text("DP/2026/4"), time.Now().AddDate(0, 0, -2))).ID
	s.ids["private"] = need[*node.PrivateJob](t)(n.PrivateAsk(ctx, w, "BANK-FF", strings.NewReader("id,phone\nx,+33612345678\n"))).ID
	s.ids["knowledge"] = need[*node.GroupView](t)(n.Group(ctx, w, s.ids["group"], "")).Entries[0].ID
	if _, err := n.NewCase(ctx, w, text("Another case"), nil); err != nil {
		t.Fatal(err)
	}
	one := "/cases/" + c.ID
	s.paths = []string{
		"/", "/check", "/cases", one, one + "/network", one + "/network?drawing=" + fmt.Sprint(put[len(put)-1].Seq), one + "/party/0", one + "/money", one + "/money?policy=fifo", one + "/map", one + "/timeline", one + "/timeline?party=0",
		one + "/links", one + "/beside", one + "/contents", one + "/contents?kind=finding", one + "/tasks", one + "/log", one + "/import", one + "/entries/" + s.ids["note"], one + "/entries/" + fmt.Sprint(put[1].Seq), one + "/entries/" + s.ids["asset"],
		"/notices", "/notices/" + s.ids["draft"], "/notices/" + s.ids["silver"], "/review", "/exchange", "/exchange/members", "/exchange/letters/message/" + s.ids["message"], "/stops", "/hits", "/exchange/diffusion/blue", "/private", "/private/" + s.ids["private"],
		"/operations", "/operations/" + s.ids["operation"], "/groups", "/groups/" + s.ids["group"], "/groups/" + s.ids["group"] + "?new=" + s.ids["knowledge"], "/vault", "/subjects", "/subjects/" + s.ids["subject"], "/audit?action=login", "/admin", "/admin/indicators", "/admin/lists", "/help", "/welcome", "/sessions", "/records/watch/" + s.watched(t),
	}
}

func (s *stage) watched(t testing.TB) string {
	t.Helper()
	list := need[[]node.Listed](t)(s.n.List(t.Context(), inform("ann"), "watch", 1))
	if len(list) == 0 {
		t.Fatal("nothing is watched")
	}
	return list[0].ID
}

// enter logs a person in, in a tab of their own.
func (s *stage) enter(t *testing.T, person string) tab {
	t.Helper()
	address := need[string](t)(s.n.InviteToLogin(t.Context(), inform("ann"), person))
	b := tab{t, browser(t)}
	b.open(address)
	b.submit("#register", map[string]string{"device": "laptop"})
	b.open(s.origin + "/login?to=/sessions")
	b.submit("#login", nil)
	b.at("/sessions")
	b.submit(".purpose", map[string]string{"purpose": "inform", "legal_basis": "Criminal code 188"})
	return b
}

// english are texts that stand on no page in another language.
func english(t *testing.T, code string) []string {
	t.Helper()
	en, other := need[*message.Language](t)(message.For("en")), need[*message.Language](t)(message.For(code))
	var out []string
	for _, k := range en.Keys() {
		if text := en.Text(k); strings.HasPrefix(k, "web.") && len(text) > 6 && text != other.Text(k) && !strings.Contains(text, "{") {
			out = append(out, text)
		}
	}
	return out
}

// fits says what is wider than the window.
func (b tab) fits(what string) {
	b.t.Helper()
	if n := evaluate[int](b, `document.documentElement.scrollWidth - window.innerWidth`); n > 0 {
		wide := evaluate[string](b, `[...document.querySelectorAll("body *")].filter((e) => { const r = e.getBoundingClientRect(); return (r.right > window.innerWidth + 1 || r.left < -1) && !e.closest(".scroll, pre, .canvas, .hide, .skip, figure") }).slice(0, 4).map((e) => e.tagName + "." + e.className + "#" + e.id).join(", ")`)
		b.t.Errorf("%s is %d pixels wider than the window: %s", what, n, wide)
	}
}

// looks has axe-core look at the page, and looks for what is wider than the window, keys of texts, and English in other languages.
func (b tab) looks(what, code, axe string, whole, any, colours bool) {
	b.t.Helper()
	if key := evaluate[string](b, `(document.body.innerText.match(/\b(web|field|help|entry|task|purpose)\.[a-z_]+\b/) || [""])[0]`); key != "" {
		b.t.Errorf("%s shows a key: %s", what, key)
	}
	b.fits(what)
	if code != "en" {
		script := fmt.Sprintf(`(() => { const words = new Set(%s); const out = [];
			const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
			for (let n = walk.nextNode(); n; n = walk.nextNode()) if (words.has(n.textContent.trim()) && !n.parentElement.closest("[lang=en], script, bdi, code, kbd")) out.push(n.textContent.trim());
			return out.slice(0, 5) })()`, body(english(b.t, code)))
		for _, text := range evaluate[[]string](b, script) {
			b.t.Errorf("%s is not translated: %q", what, text)
		}
	}
	if heading := evaluate[string](b, `document.querySelector("h1").innerText`); heading == need[*message.Language](b.t)(message.For(code)).Text("web.error") {
		b.t.Errorf("%s is an error: %s", what, b.text())
	}
	if !any { // colours are the same in all languages
		return
	}
	// In the second theme only the colours are others.
	rules, least := `["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]`, "10"
	if code != "en" && !colours {
		rules += `, rules: { "color-contrast": { enabled: false } }`
	}
	if !whole {
		rules, least = `{ type: "rule", values: ["color-contrast"] }`, "1"
	}
	if !evaluate[bool](b, `!!window.axe`) {
		evaluate[int](b, axe+"; 0")
	}
	for _, v := range evaluate[[]string](b, `axe.run({ resultTypes: ["violations"], runOnly: `+rules+` }).then((r) => (r.passes.length < `+least+` ? ["axe-core looked at nothing"] : []).concat(r.violations.map((v) => v.id + ": " + v.help + " at " + v.nodes.slice(0, 3).map((n) => n.target).join(", "))))`) {
		b.t.Errorf("%s: accessibility (axe-core, WCAG 2.2 AA): %s", what, v)
	}
}

func readAxe(t *testing.T) string {
	t.Helper()
	axe, err := os.ReadFile("../report/page/checks/axe.min.js")
	if err != nil {
		t.Fatalf("no axe-core: make build brings it: %v", err)
	}
	return string(axe)
}

// On a telephone the page itself is in sight, and so is where one is in the menu and in the tabs, from either side.
func TestOnATelephone(t *testing.T) {
	s := newStage(t, func(plain string) string { return plain })
	b := s.enter(t, "ann")
	if err := chromedp.Do(b.ctx, chromedp.EmulateViewport(390, 800)); err != nil {
		t.Fatal(err)
	}
	for _, code := range []string{"en", "ar"} {
		b.open(s.origin + "/help")
		b.submit(".display", map[string]string{"lang": code})
		for _, path := range s.paths {
			if !strings.HasSuffix(path, "/log") && path != "/admin" { // the last of the tabs, and far in the menu
				continue
			}
			b.open(s.origin + path)
			if top := evaluate[float64](b, `document.querySelector("main").getBoundingClientRect().top`); top > 320 {
				t.Errorf("%s in %s: the page begins at %.0f of 800 pixels", path, code, top)
			}
			for _, here := range evaluate[[]string](b, `[...document.querySelectorAll("nav [aria-current]")].filter((e) => { const r = e.getBoundingClientRect(); return r.left < 0 || r.right > window.innerWidth }).map((e) => e.textContent)`) {
				t.Errorf("%s in %s: %q is out of sight", path, code, here)
			}
		}
	}
}

// TestEveryPageInEveryLanguageAndTheme looks at every page in four languages, in light colours on a desk and in dark ones on a telephone, for what is wider than the window and
// what is not translated, and leaves a photograph of each. Rules of accessibility are held against every page in English (in dark colours those of colours) and in
// Arabic; with TARIR_LOOKS=all (make looks) all rules in every language and theme, high contrast among them.
func TestEveryPageInEveryLanguageAndTheme(t *testing.T) {
	s := newStage(t, func(plain string) string { return plain })
	axe := readAxe(t)
	shots := t.ArtifactDir()
	if os.Getenv("TARIR_LOOKS") != "all" {
		for _, code := range message.Codes {
			t.Run(code, func(t *testing.T) {
				t.Parallel()
				s.looked(t, code, "light", "dark", axe, shots, false)
			})
		}
		return
	}
	for _, theme := range []string{"light", "dark", "contrast"} {
		for _, code := range message.Codes {
			t.Run(code+"/"+theme, func(t *testing.T) {
				t.Parallel()
				s.looked(t, code, theme, "", axe, shots, true)
			})
		}
	}
}

// looked looks at every page in a language and a theme, and then in another theme, if one is named. For that one a page is opened again only where a script drew on it:
// elsewhere the style sheet alone makes it dark, and fits it to the window.
func (s *stage) looked(t *testing.T, code, theme, then, axe, shots string, all bool) {
	t.Helper()
	b := s.enter(t, "ann")
	choose := func(theme string) {
		b.open(s.origin + "/help")
		b.submit(".display", map[string]string{"lang": code, "theme": theme})
	}
	window := func(theme string) {
		wide, high := int64(1000), int64(1400)
		if theme == "dark" { // on a telephone
			wide, high = 390, 800
		}
		if err := chromedp.Do(b.ctx, chromedp.EmulateViewport(wide, high)); err != nil {
			t.Fatal(err)
		}
	}
	look := func(path, theme string) {
		name := s.named(path, "", "")
		what := name + " in " + code + ", " + theme
		if dir, want := evaluate[string](b, "document.documentElement.dir"), map[bool]string{true: "rtl", false: "ltr"}[code == "ar"]; dir != want {
			t.Errorf("%s is written %s, want %s", what, dir, want)
		}
		b.looks(what, code, axe, all || theme == "light", all || code == "en" || code == "ar" && theme == "light", all)
		shot, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
		if err != nil {
			t.Fatal(err)
		}
		file := strings.Trim(strings.NewReplacer("/", "-", "?", "-", "=", "-").Replace(name), "-")
		if file == "" {
			file = "today"
		}
		if err := os.WriteFile(filepath.Join(shots, file+"-"+code+"-"+theme+".png"), shot, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var drawn []string
	choose(theme)
	for _, path := range s.paths {
		if code != "en" && slices.ContainsFunc([]string{"?drawing=", "?policy=", "?party=", "?kind=", "?new="}, func(q string) bool { return strings.Contains(path, q) }) {
			continue // the same page with another choice: its words are those of the page
		}
		window(theme)
		b.open(s.origin + path)
		look(path, theme)
		if then == "" {
			continue
		}
		if evaluate[bool](b, `!!document.querySelector("main canvas, main svg")`) {
			drawn = append(drawn, path)
			continue
		}
		window(then)
		evaluate[int](b, fmt.Sprintf("document.documentElement.dataset.theme = %q; 0", then))
		look(path, then)
	}
	if then == "" {
		return
	}
	choose(then)
	window(then)
	for _, path := range drawn {
		b.open(s.origin + path)
		look(path, then)
	}
}
