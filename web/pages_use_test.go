package web_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"tarir/analysis"
	"tarir/casework"
	"tarir/exchange/register"
	"tarir/handling"
	"tarir/node"
)

// waits until a script says yes.
func (b tab) until(what, script string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 3*time.Minute)
	defer cancel()
	for {
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](script))
		if err == nil && ok {
			return
		}
		if ctx.Err() != nil {
			b.t.Fatalf("it did not happen: %s: %s", what, evaluate[string](b, "document.body.innerText"))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (b tab) press(keys ...string) {
	b.t.Helper()
	for _, k := range keys {
		if err := chromedp.Do(b.ctx, chromedp.KeyEvent(k)); err != nil {
			b.t.Fatal(err)
		}
	}
}

// choose puts files into a field of a form.
func (b tab) choose(field string, paths ...string) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.SetUploadFiles(field, paths)); err != nil {
		b.t.Fatal(err)
	}
}

func (b tab) line(up bool) {
	b.t.Helper()
	rule := &network.Conditions{Offline: !up, DownloadThroughput: -1, UploadThroughput: -1}
	if _, err := chromedp.Call(b.ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: []*network.Conditions{rule}}); err != nil {
		b.t.Fatal(err)
	}
}

func (b tab) click(selector string) {
	b.t.Helper()
	evaluate[int](b, fmt.Sprintf("document.querySelector(%q).click(); 0", selector))
}

// TestNothingTypedIsLost: the line drops, the session ends, somebody else was first, something was done by mistake.
func TestNothingTypedIsLost(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(plain string) string { return plain })
	b := s.enter(t, "ann")
	one := "/cases/" + s.ids["case"]
	note := `form[action$="/notes"]`
	typed := func() string { return evaluate[string](b, `document.querySelector("#text").value`) }
	write := func(text string) {
		evaluate[int](b, fmt.Sprintf(`(() => { const x = document.querySelector("#text"); x.value = %q; x.dispatchEvent(new Event("input", { bubbles: true })) })(); 0`, text))
	}

	// The line drops: it is said, and what was typed is there; once the line is back it goes.
	b.open(s.origin + one)
	write("The line is down.")
	b.line(false)
	evaluate[int](b, fmt.Sprintf("document.querySelector(%q).requestSubmit(); 0", note))
	b.until("the page says that there is no line", `document.querySelector("#notice").innerText.includes("no connection")`)
	if typed() != "The line is down." {
		t.Errorf("what was typed is lost: %q", typed())
	}
	b.line(true)
	b.submit(note, nil)
	b.says("The line is down.")
	if typed() != "" {
		t.Errorf("a note that was taken is still being typed: %q", typed())
	}

	// The session ends: one logs in, comes back, and goes on.
	write("The session is over.")
	sessions := need[[]node.Session](t)(s.n.Sessions(t.Context(), "ann"))
	for _, x := range sessions {
		if err := s.n.Logout(t.Context(), "ann", x.ID); err != nil {
			t.Fatal(err)
		}
	}
	b.submit(note, nil)
	b.at("/login")
	b.submit("#login", nil)
	b.at(one)
	if typed() != "The session is over." {
		t.Errorf("what was typed before the session ended is lost: %q", typed())
	}
	b.submit(".purpose", map[string]string{"purpose": "inform", "legal_basis": "Criminal code 188"})
	b.submit(note, nil)
	b.says("The session is over.")

	// And it is undone.
	b.submit(".undo", nil)
	if strings.Contains(evaluate[string](b, `document.querySelector(".entries").innerText`), "The session is over.") {
		t.Error("a note that was taken back is still there")
	}

	// Somebody else is first: both versions are shown, and saving takes what one makes of them.
	entry := one + "/entries/" + s.ids["note"]
	b.open(s.origin + entry)
	if _, err := s.n.ChangeEntry(t.Context(), inform("bob"), s.ids["case"], 13, 2, nil); err == nil {
		t.Error("a change of nothing is taken")
	}
	if _, err := s.n.CaseStep(t.Context(), inform("ann"), s.ids["case"], casework.CaseStep{Do: "seat", Person: "bob", Seat: casework.Works}); err != nil {
		t.Fatal(err)
	}
	var seq int64
	fmt.Sscan(s.ids["note"], &seq)
	if _, err := s.n.ChangeEntry(t.Context(), inform("bob"), s.ids["case"], seq, 2, body(casework.Note{Text: "The white van has been seen thrice."})); err != nil {
		t.Fatal(err)
	}
	b.submit(`form[action$="/entries/`+s.ids["note"]+`"]`, map[string]string{"text": "The white lorry has been seen twice."})
	b.says("Somebody changed it meanwhile", "thrice", "lorry")
	if got := evaluate[string](b, `[...document.querySelectorAll("ins, del")].map((x) => x.tagName + x.innerText).join(" ")`); got != "DELtwice. INSthrice. DELvan INSlorry" {
		t.Errorf("the difference is told as %q", got)
	}
	b.submit(`form[action$="/entries/`+s.ids["note"]+`"]`, map[string]string{"text": "The white lorry has been seen thrice."})
	b.says("The white lorry has been seen thrice.", "Undo")
	b.submit(".undo", nil)
	b.says("The white van has been seen thrice.")
}

// TestByKeyboardAlone: from the first page to a question and its answer, and to what search finds, without a mouse.
func TestByKeyboardAlone(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(plain string) string { return plain })
	b := s.enter(t, "ann")
	b.open(s.origin + "/")
	focused := func() string {
		return evaluate[string](b, `document.activeElement.getAttribute("href") || document.activeElement.id || document.activeElement.name || document.activeElement.innerText`)
	}
	b.press(kb.Tab)
	if got := focused(); got != "#content" {
		t.Errorf("the first stop is %q, want the way to the content", got)
	}
	seen := map[string]bool{}
	for range 60 {
		b.press(kb.Tab)
		if outline := evaluate[string](b, `getComputedStyle(document.activeElement).outlineStyle`); outline == "none" && focused() != "" {
			t.Errorf("%s is not seen when it has the focus", focused())
		}
		seen[focused()] = true
		if focused() == "/check" {
			break
		}
	}
	if focused() != "/check" {
		t.Fatalf("the keyboard does not come to the page Check: %v", seen)
	}
	b.press(kb.Enter)
	b.until("the page Check is there", `location.pathname === "/check" && document.activeElement.id === "q"`)
	b.press("G", "e", "o", "r", "g", "i", " ", "V", "y", "m", "y", "s", "h", "l", "e", "n", "n", "y")
	for range 10 {
		b.press(kb.Tab)
		if evaluate[bool](b, `document.activeElement.tagName === "BUTTON" && !!document.activeElement.closest(".check")`) {
			break
		}
	}
	b.press(kb.Enter)
	b.until("there is an answer", `document.querySelector("main").innerText.includes("Possible match")`)

	// What is typed before the script of the search is there is looked for once it is.
	evaluate[bool](b, `(() => {
		document.dispatchEvent(new KeyboardEvent("keydown", { key: "k", ctrlKey: true, bubbles: true }));
		const box = document.querySelector("#find-box");
		box.value = "van";
		return box.dispatchEvent(new Event("input", { bubbles: true }));
	})()`)
	b.until("what was typed at once is found", `document.querySelectorAll("#found a").length > 0`)
	b.open(s.origin + "/check")

	// Search: the keys, some letters, an arrow and Enter.
	if err := chromedp.Do(b.ctx, chromedp.KeyEvent("k", chromedp.KeyModifiers(2))); err != nil {
		t.Fatal(err)
	}
	b.until("the search is open", `document.querySelector("#find").open`)
	b.press("v", "a", "n")
	b.until("something is found", `document.querySelectorAll("#found a").length > 0`)
	b.press(kb.ArrowDown, kb.Enter)
	b.until("what was found is there", `location.pathname.startsWith("/cases/") && document.querySelector("main").innerText.includes("van")`)
	if got := evaluate[string](b, "location.href"); strings.Contains(got, "van") {
		t.Errorf("what was looked for stands in the address: %s", got)
	}
}

// TestNothingHostileRuns: payloads in every text that a source or a person can give are shown as what they are, on every page.
func TestNothingHostileRuns(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(plain string) string { return plain + hostile })
	b := s.enter(t, "ann")
	for _, path := range s.paths {
		b.open(s.origin + path)
		if path == "/cases/"+s.ids["case"]+"/network" {
			b.until("the chart is drawn", `!!window.chart`)
			b.click("[data-show]")
			b.until("somebody is told", `document.querySelector("#network-panel h3") !== null`)
		}
		if evaluate[bool](b, `window.hacked === 1 || !!document.querySelector("img[src=x], [onerror], [onmouseover]")`) {
			t.Errorf("%s runs what a source wrote", path)
		}
		if strings.Contains(b.text(), "49") && strings.Contains(evaluate[string](b, "document.body.innerHTML"), `">49`) {
			t.Errorf("%s works out what a source wrote", path)
		}
	}
	// Files that carry it, by the page itself.
	dir := t.TempDir()
	bad := strings.ReplaceAll(hostile, `"`, `""`)
	quoted := string(body(hostile))
	for name, text := range map[string]string{
		"payments.csv":   "id,time,from_bank,from_account,to_bank,to_account,amount,currency,purpose,from_name,to_name\n1,2026-01-01T00:00:00Z,B,1,B,2,10.00,USD,\"" + bad + "\",\"" + bad + "\",\"" + bad + "\"\n2,never,\"" + bad + "\",1,B,2,x,USD,,,\n",
		"entities.jsonl": `{"id":"e1","schema":"Person","properties":{"name":[` + quoted + `],"notes":[` + quoted + `]}}` + "\n" + `{"id":` + quoted + `,"schema":"Nothing"}` + "\n",
		"adverts.jsonl":  `{"id":"h1","posted_at":"2026-01-01T00:00:00Z","site":` + quoted + `,"title":` + quoted + `,"text":` + quoted + `,"city":` + quoted + `}` + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b.open(s.origin + "/cases/" + s.ids["case"] + "/import")
	b.choose("#files", filepath.Join(dir, "payments.csv"), filepath.Join(dir, "entities.jsonl"), filepath.Join(dir, "adverts.jsonl"))
	evaluate[int](b, `document.querySelector("form[data-long]").analyse.checked = false; 0`)
	b.click("form[data-long] button")
	b.until("the files are taken", `!!document.querySelector("main [role=status].card")`)
	b.says("Refused: ")
	if evaluate[bool](b, `window.hacked === 1 || !!document.querySelector("img[src=x]")`) {
		t.Error("the account of an import runs what a file says")
	}
	// The same in every other format: what was taken, what was refused, and all that is drawn of it.
	c := need[*casework.Case](t)(s.n.NewCase(t.Context(), inform("ann"), "Hostile files", nil))
	var paths []string
	formats := hostileFiles(t)
	for format, files := range formats {
		for name, text := range files {
			path := filepath.Join(t.TempDir(), format+"-"+name)
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			paths = append(paths, path)
		}
	}
	one := s.origin + "/cases/" + c.ID
	b.open(one + "/import")
	b.choose("#files", paths...)
	evaluate[int](b, `document.querySelector("form[data-long]").analyse.checked = false; 0`)
	b.click("form[data-long] button")
	b.until("the files are taken", `!!document.querySelector("main [role=status].card")`)
	for _, part := range []string{"/import", "/contents", "", "/network", "/money", "/timeline", "/map"} {
		b.open(one + part)
		if evaluate[bool](b, `window.hacked === 1 || !!document.querySelector("img[src=x], [onerror], [onmouseover]")`) {
			t.Errorf("%s runs what a file says", part)
		}
	}
	// Each format was read: what it says is in the case, or its records stand among those that were refused.
	b.open(one + "/import")
	told := b.text()
	view := need[*node.CaseView](t)(s.n.Case(t.Context(), inform("ann"), c.ID))
	if n := view.Case.Counts[casework.PaymentEntry]; n < 10 {
		t.Errorf("%d payments of seven formats were taken: %s", n, told)
	}
	if view.Case.Counts[casework.JourneyEntry] == 0 || view.Case.Counts[casework.EntityEntry] < 3 {
		t.Errorf("journeys, STIX and MISP left nothing: %v\n%s", view.Case.Counts, told)
	}
}

// hostileFiles are published samples of each format, with the payload in every text of theirs that is free.
func hostileFiles(t *testing.T) map[string]map[string]string {
	t.Helper()
	read := func(path string) string {
		t.Helper()
		text, err := os.ReadFile(filepath.Join("../intake", path))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	inXML := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(hostile)
	free := regexp.MustCompile(`>([^<>]*[A-Za-zÄÖÜäöü]{2,} [^<>]*|[A-Z][a-z]{3,})<`) // words, not codes
	out := map[string]map[string]string{}
	for format, path := range map[string]string{
		"goaml": "goaml/testdata/report.xml", "camt.052": "iso20022/testdata/camt052-fi.xml", "camt.053": "iso20022/testdata/camt053-fi.xml", "camt.054": "iso20022/testdata/camt054-ch-isr.xml",
		"pacs.008": "iso20022/testdata/pacs008-rtp.xml", "pain.001": "iso20022/testdata/pain001-at.xml",
	} {
		text := read(path)
		if !free.MatchString(text) {
			t.Fatalf("%s has no free text", path)
		}
		out[format] = map[string]string{filepath.Base(path): free.ReplaceAllString(text, ">${1}"+inXML+"<")}
	}
	lines := regexp.MustCompile(`(?m)^([A-Z]{2,} ?[A-Z ]{4,})\r?$`)
	out["swift-mt"] = map[string]string{"mt.fin": lines.ReplaceAllString(read("swiftmt/testdata/MT101.fin"), "${1}"+hostile)}
	out["mt940"] = map[string]string{"mt.sta": regexp.MustCompile(`(?m)^(:86:.*?)\r?$`).ReplaceAllString(read("swiftmt/testdata/mBank-mt940.sta"), "${1}"+hostile)}
	quoted := string(body(hostile))
	doubled := `"` + strings.ReplaceAll(hostile, `"`, `""`) + `"`
	out["journeys"] = map[string]string{"journeys.csv": "id,person,given_name,family_name,birth_date,document_number,document_country,from,to,departure,arrival,mode,carrier,booking,booked_at,payer_account,contact_phone,contact_email\n" +
		"J1," + doubled + "," + doubled + "," + doubled + ",1990-01-01,X1,FR,FRPAR,DEBER,2026-01-01T00:00:00Z,2026-01-01T05:00:00Z,bus," + doubled + "," + doubled + ",2026-01-01T00:00:00Z," + doubled + "," + doubled + "," + doubled + "\n" +
		doubled + ",x,,,never,,,a,b,never,,bus,,,,,,\n"}
	out["stix"] = map[string]string{"bundle.json": `{"type":"bundle","id":"bundle--5d0092c5-5f74-4287-9642-33f4c354e56d","objects":[{"type":"identity","spec_version":"2.1","id":"identity--023d105b-752e-4e3c-941c-7d3f3cb15e9e","created":"2026-01-01T00:00:00Z","modified":"2026-01-01T00:00:00Z","identity_class":"individual","name":` + quoted + `,"description":` + quoted + `}]}`}
	out["misp"] = map[string]string{"event.json": `{"Event":{"uuid":"5d0092c5-5f74-4287-9642-33f4c354e56d","info":` + quoted + `,"date":"2026-01-01","Attribute":[{"uuid":"6d0092c5-5f74-4287-9642-33f4c354e56d","type":"phone-number","category":"Person","value":"+33612345678","comment":` + quoted + `},{"uuid":"7d0092c5-5f74-4287-9642-33f4c354e56d","type":"full-name","category":"Person","value":` + quoted + `}]}}`}
	return out
}

// TestFromFilesToTheFirstFinding is what somebody new does: a case, files, findings, their evidence.
func TestFromFilesToTheFirstFinding(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(plain string) string { return plain })
	dir := t.TempDir()
	if err := analysis.MakeWorld(20_000, 3, dir); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	files = slices.DeleteFunc(files, func(f string) bool { return strings.Contains(f, "truth") })
	b := s.enter(t, "may-all")
	b.open(s.origin + "/welcome")
	b.says("Open a case")
	b.open(s.origin + "/cases")
	b.submit(`form[action="/cases"]`, map[string]string{"title": "First case"})
	b.open(evaluate[string](b, "location.href") + "/import")
	b.choose("#files", files...)
	b.click("form[data-long] button")
	b.until("the files are taken", `!!document.querySelector("main [role=status].card")`)
	b.says("Findings: ", "Refused: 0")
	b.click("main .card a")
	b.until("the case is there", `!!document.querySelector("main ol a[href*='/entries/']")`)
	b.click("main ol a[href*='/entries/']")
	b.until("the finding has its evidence", `document.querySelector("main").innerText.includes("Evidence") && document.querySelectorAll(".entries li").length > 0`)
	b.open(s.origin + "/welcome")
	if n := evaluate[int](b, `document.querySelectorAll("main .tasks li").length - [...document.querySelectorAll("main .tasks li strong")].filter((x) => x.innerText.startsWith("✓")).length`); n > 1 {
		t.Errorf("%d steps are open, want the last one alone", n)
	}

	// A table of names, with its answers to take along.
	table := filepath.Join(dir, "names.csv")
	if err := os.WriteFile(table, []byte("id,name,born\n1,Georgi Vymyshlenny,1974-08-12\n2,Nobody Whatsoever,1990-01-01\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.open(s.origin + "/check")
	b.choose("#table-file", table)
	b.click("form[data-long] button")
	b.until("the table is answered", `document.querySelector("#table p")?.innerText.includes("Possible matches: 1")`)
	got := evaluate[string](b, `fetch("/check/table").then((r) => r.text())`)
	if !strings.Contains(got, "score") || !strings.Contains(got, "1974-08-12") {
		t.Errorf("the answers: %s", got)
	}
}

// TestABoardHearsOfReports: what is reported is on an open board without anybody's doing.
func TestABoardHearsOfReports(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(plain string) string { return plain })
	b := s.enter(t, "ann")
	b.open(s.origin + "/operations/" + s.ids["operation"])
	b.says("Reports: 3")
	time.Sleep(1500 * time.Millisecond) // the board listens
	if _, err := s.n.ReportOperation(t.Context(), inform("ann"), s.ids["operation"], []casework.Report{{Measure: "arrests", Record: "arrest/2", Tags: map[string]string{"offence": "SOM"}, At: time.Now()}}); err != nil {
		t.Fatal(err)
	}
	b.until("the board has the report", `document.querySelector("#board").innerText.includes("Reports: 4")`)
}

// TestWhoMaySeeWhichPage asks for every page, and tries what every page does, as each person with one right: from what the addresses are, not from what is offered.
func TestWhoMaySeeWhichPage(t *testing.T) {
	s := newStage(t, func(plain string) string { return plain })
	paths := slices.Clone(s.paths)
	one := "/cases/" + s.ids["case"]
	posts := []string{
		one + "/notes", one + "/tasks", one + "/decisions", one + "/seat", one + "/search", one + "/network", one + "/network/ftm", one + "/act", one + "/act/stop", one + "/act/silver", one + "/entries/" + s.ids["note"],
		one + "/entries/" + s.ids["note"] + "/remove", "/notices", "/notices/" + s.ids["draft"], "/notices/" + s.ids["draft"] + "/step", "/notices/" + s.ids["draft"] + "/files", "/operations/" + s.ids["operation"] + "/watch", "/exchange/members/invite", "/exchange/members/admit", "/exchange/letters/message/" + s.ids["message"] + "/recall", "/operations", "/operations/" + s.ids["operation"] + "/report",
		"/groups", "/groups/" + s.ids["group"], "/vault/card", "/vault/ask", "/audit/export", "/admin/people", "/admin/invite", "/admin/backup", "/admin/rotate", "/admin/indicators",
	}
	persons := []string{"eve"}
	for _, r := range node.Rights {
		persons = append(persons, "may-"+r)
	}
	var out strings.Builder
	tokens := map[string]string{}
	for _, p := range persons {
		tokens[p] = s.session(t, p)
	}
	try := func(method, path string) {
		name := s.named(path, "{", "}")
		fmt.Fprintf(&out, "%s %s:", method, name)
		for _, p := range persons {
			r, err := http.NewRequestWithContext(t.Context(), method, s.origin+path, strings.NewReader("x=1"))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.AddCookie(&http.Cookie{Name: "tarir", Value: tokens[p]})
			client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			res, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if strings.Contains(path, s.ids["case"]) && res.StatusCode < 400 {
				t.Errorf("%s %s: %s, who has no seat in the case, gets %d", method, name, p, res.StatusCode)
			}
			if p != "may-all" && p != "may-case" && (bytes.Contains(text, []byte("Ana Ficticia")) || bytes.Contains(text, []byte("Farm in the north"))) {
				t.Errorf("%s %s: %s sees what is in the case", method, name, p)
			}
			if bytes.Contains(text, []byte("Zuleyka")) {
				t.Errorf("%s %s: %s sees who is in the vault", method, name, p)
			}
			if res.StatusCode < 400 {
				fmt.Fprintf(&out, " %s", strings.TrimPrefix(p, "may-"))
			}
		}
		out.WriteString("\n")
	}
	for _, p := range paths {
		try("GET", p)
	}
	for _, p := range posts {
		try("POST", p)
	}
	golden := "testdata/pages.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(out.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got := out.String(); got != string(want) {
		t.Errorf("who may see which page has changed (go test ./web -run TestWhoMaySeeWhichPage -update, and read the difference):\n%s", lineDiff(string(want), got))
	}
}

// named is a path in which what the records are stands for their ids, which are others each time.
func (s *stage) named(path, left, right string) string {
	for what, id := range s.ids {
		if len(id) > 5 {
			path = strings.ReplaceAll(path, id, left+what+right)
		}
	}
	for _, what := range []string{"note", "asset"} {
		path = strings.Replace(path+"/", "/entries/"+s.ids[what]+"/", "/entries/"+left+what+right+"/", 1)
		path = strings.TrimSuffix(path, "/")
	}
	return cmp.Or(path, "/")
}

func lineDiff(want, got string) string {
	var out strings.Builder
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for _, l := range a {
		if !slices.Contains(b, l) {
			out.WriteString("- " + l + "\n")
		}
	}
	for _, l := range b {
		if !slices.Contains(a, l) {
			out.WriteString("+ " + l + "\n")
		}
	}
	return out.String()
}

// session is the token of a session of a person, without a browser.
func (s *stage) session(t testing.TB, person string) string {
	t.Helper()
	address, err := s.n.InviteToLogin(context.Background(), inform("ann"), person)
	if err != nil {
		t.Fatal(err)
	}
	id := fmt.Sprintf("%x", person+t.Name())
	if err := s.n.AddPasskey(context.Background(), address[strings.LastIndex(address, "/")+1:], node.Passkey{ID: id, Content: json.RawMessage(`{}`)}); err != nil {
		t.Fatal(err)
	}
	token, _, err := s.n.Login(context.Background(), id, json.RawMessage(`{}`), "test")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.n.SessionFor(context.Background(), token, handling.Inform, "Criminal code 188"); err != nil {
		t.Fatal(err)
	}
	return token
}

// organisation is a member with pages.
func member(t *testing.T, secretariat *node.Node, id string, kind handling.Kind) *stage {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{origin: fmt.Sprintf("http://localhost:%d", l.Addr().(*net.TCPAddr).Port), ids: map[string]string{}, dir: filepath.Join(t.TempDir(), id)}
	pass := node.Passphrase{Text: "correct horse", Work: 2}
	invitation := need[[]byte](t)(secretariat.Invite(t.Context(), inform("ann"), register.Statement{Member: id, Name: id, Kind: kind, Country: "FR"}, time.Hour))
	answer, code, err := node.Join(s.dir, pass, node.Setup{URL: secretariat.RelayURL(), People: people, Web: "127.0.0.1:0", Silver: true}, invitation, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := secretariat.Admit(t.Context(), inform("ann"), answer, code); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(s.dir, "config.toml")
	config, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Replace(config, []byte(`origin = ""`), fmt.Appendf(nil, "origin = %q", s.origin), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if s.n, err = node.Open(t.Context(), s.dir, node.Options{Passphrase: pass, Every: 50 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.n.Run(ctx) }()
	server := httptest.NewUnstartedServer(public(t, s.n))
	if err := server.Listener.Close(); err != nil {
		t.Fatal(err)
	}
	server.Listener = l
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		cancel()
		<-done
		if err := s.n.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestFromAFindingToBlockedMoney is the story of the demo as its people live it, each in a browser: an analyst follows the money of a finding and asks for a hold, the
// bank's desk is told, acknowledges and holds, the analyst sees what is held.
func TestFromAFindingToBlockedMoney(t *testing.T) {
	t.Parallel()
	secretariat, _ := secretariatAt(t, "")
	for range 200 {
		if secretariat.RelayURL() != "" {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	police := member(t, secretariat, "NCB-BB", handling.Bureau)
	bank := member(t, secretariat, "BANK-FF", handling.Bank)
	known := func(s *stage, id string) {
		t.Helper()
		for range 600 {
			list, err := s.n.Members(t.Context(), inform("ann"))
			if err == nil && slices.ContainsFunc(list, func(m *register.Member) bool { return m.ID == id && m.In() }) {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
		t.Fatalf("%s does not know %s", s.n.Member(), id)
	}
	known(police, "BANK-FF")
	known(bank, "NCB-BB")
	c := need[*casework.Case](t)(police.n.NewCase(t.Context(), inform("ann"), "Organisation reported by a bank", nil))
	pay := func(i int, from, to, amount string) node.NewEntry {
		return node.NewEntry{Kind: casework.PaymentEntry, Body: body(casework.CasePayment{Payment: casework.Payment{Reference: fmt.Sprint("P", i), Time: time.Date(2026, 1, 1+i, 12, 0, 0, 0, time.UTC), Amount: amount, From: from, To: to}, Currency: "USD"})}
	}
	if _, err := police.n.AddToCase(t.Context(), inform("ann"), c.ID, []node.NewEntry{
		{Kind: casework.FindingEntry, Body: json.RawMessage(`{"id":"network-1","members":[{"entity":"leo","name":"Leo Ficticio","accounts":["BANKFFXX/2"],"roles":[{"role":"collector","confidence":0.6}]}],"victims":[{"minor":false}]}`)},
		{Kind: casework.FindingEntry, Body: json.RawMessage(`{"id":"f-1","typology":"smuggling_fees","score":0.9,"payments":["P1","P2"],"explanation":[{"text":"Many pay one."}]}`)},
		pay(1, "BANK/8", "BANK/1", "2900.00"), pay(2, "BANK/9", "BANK/1", "2950.00"), pay(3, "BANK/1", "BANKFFXX/2", "5000.00"),
	}); err != nil {
		t.Fatal(err)
	}

	// The analyst.
	a := police.enter(t, "ann")
	a.open(police.origin + "/cases/" + c.ID)
	a.says("Possible victims: 1", "smuggling fees")
	a.click(`main a[href*="/money?finding="]`)
	a.until("the money is followed", `location.pathname.endsWith("/money") && document.querySelectorAll("#flow path").length > 0`)
	a.says("5,850.00", "BANKFFXX/2", "Leo Ficticio")
	evaluate[int](a, `window.before = document.querySelector("main"); [...document.querySelectorAll('form[action$="/act"]')].find((f) => f.account.value === "BANKFFXX/2").requestSubmit(); 0`)
	a.until("what can be asked for is there", `!!document.querySelector('form[action$="/act/stop"]')`)
	a.submit(`form[action$="/act/stop"]`, map[string]string{"asked": "BANK-FF", "officer": "+000 24/7", "law": "to be told"})
	a.until("the request is there", `location.pathname.startsWith("/stops/")`)
	a.says("BANKFFXX/2", "requested")
	id := strings.TrimPrefix(evaluate[string](a, "location.pathname"), "/stops/")

	// The bank's desk: it stands among what needs it, with its clock.
	b := bank.enter(t, "ann")
	for range 200 {
		b.open(bank.origin + "/")
		if strings.Contains(b.text(), id) {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	b.says(id)
	if !evaluate[bool](b, `!!document.querySelector("time[data-clock]")`) {
		t.Error("no clock runs")
	}
	b.open(bank.origin + "/stops/" + id)
	b.submit(`form:has([value="acknowledged"])`, nil)
	b.says("Acknowledged")
	b.submit(`form:has([value="blocked_part"])`, map[string]string{"held": "4000", "contact": "desk", "reason": "what is there"})
	b.says("Held in part", "4,000")

	// The analyst sees what is held.
	for range 200 {
		a.open(police.origin + "/stops/" + id)
		if strings.Contains(a.text(), "4,000") {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	a.says("Held in part", "4,000")
	a.open(police.origin + "/cases/" + c.ID + "/money")
	a.says("BANKFFXX/2", "located")

	// A silver notice from the same place: two steps as well.
	evaluate[int](a, `window.before = document.querySelector("main"); [...document.querySelectorAll('form[action$="/act"]')].find((f) => f.account.value === "BANKFFXX/2").requestSubmit(); 0`)
	a.until("what can be asked for is there", `!!document.querySelector('form[action$="/act/silver"]')`)
	a.submit(`form[action$="/act/silver"]`, nil)
	a.until("the draft is there", `location.pathname.startsWith("/notices/")`)
	a.says("Silver notice", "Rules that do not hold yet")
}
