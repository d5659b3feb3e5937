package web_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"tarir/casework"
	"tarir/chart"
	"tarir/handling"
	"tarir/node"
	"tarir/notice"
)

// person works on the pages without a browser: posts forms as they stand there, and reads what comes.
type person struct {
	t      *testing.T
	s      *stage
	token  string
	lang   string
	client *http.Client
}

func (s *stage) as(t *testing.T, who, lang string) *person {
	t.Helper()
	if s.tokens == nil {
		s.tokens = map[string]string{}
	}
	if s.tokens[who] == "" {
		s.tokens[who] = s.session(t, who)
	}
	return &person{t, s, s.tokens[who], lang, &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// page is what came: where it leads to, if it leads on, and what it says.
type page struct {
	code int
	to   string
	text string
	body []byte
}

var tags = regexp.MustCompile(`(?s)<style>.*?</style>|<[^>]*>`)

func (p *person) do(r *http.Request, err error) page {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: "tarir", Value: p.token})
	r.AddCookie(&http.Cookie{Name: "tarir-language", Value: p.lang})
	res, err := p.client.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return page{res.StatusCode, res.Header.Get("Location"), html.UnescapeString(tags.ReplaceAllString(string(body), " ")), body}
}

func (p *person) get(path string) page {
	p.t.Helper()
	return p.do(http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.s.origin+path, http.NoBody))
}

// form turns pairs of names and values into a form; a name may come several times.
func form(pairs []string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

func (p *person) post(path string, pairs ...string) page {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.s.origin+path, strings.NewReader(form(pairs).Encode()))
	if err == nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return p.do(r, err)
}

// send posts a file with a form.
func (p *person) send(path, name string, file []byte, pairs ...string) page {
	p.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for k, list := range form(pairs) {
		for _, v := range list {
			if err := w.WriteField(k, v); err != nil {
				p.t.Fatal(err)
			}
		}
	}
	if name != "" {
		f, err := w.CreateFormFile("file", name)
		if err == nil {
			_, err = f.Write(file)
		}
		if err != nil {
			p.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		p.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.s.origin+path, &b)
	if err == nil {
		r.Header.Set("Content-Type", w.FormDataContentType())
	}
	return p.do(r, err)
}

// done checks that something led on, and gives where to.
func (p *person) done(got page) string {
	p.t.Helper()
	if got.code != http.StatusSeeOther {
		p.t.Fatalf("%d, not done: %s", got.code, wrongOf(got))
	}
	return got.to
}

var alert = regexp.MustCompile(`(?s)role="alert">(.*?)</p>`)

// wrongOf is what a page says went wrong.
func wrongOf(got page) string {
	if m := alert.FindSubmatch(got.body); m != nil {
		return html.UnescapeString(string(m[1]))
	}
	return got.text
}

func (p *person) refused(got page, why string) {
	p.t.Helper()
	if got.code < 400 || !strings.Contains(wrongOf(got), why) {
		p.t.Errorf("%d: %s; want it refused with %q", got.code, wrongOf(got), why)
	}
}

func (p *person) says(got page, want ...string) {
	p.t.Helper()
	for _, w := range want {
		if got.code != http.StatusOK || !strings.Contains(got.text, w) {
			p.t.Errorf("%d: the page does not say %q: %s", got.code, w, strings.Join(strings.Fields(got.text), " "))
		}
	}
}

func zipped(t *testing.T, body []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err = errors.Join(err, r.Close()); err != nil {
			t.Fatal(err)
		}
		out[f.Name] = string(text)
	}
	return out
}

// TestWhatIsDoneOnPages goes through what people do there, form by form.
func TestWhatIsDoneOnPages(t *testing.T) {
	s := newStage(t, func(plain string) string { return plain })
	one := "/cases/" + s.ids["case"]
	day := func(days int) string { return time.Now().AddDate(0, 0, days).Format(time.DateOnly) }

	t.Run("a case is merged, taken out again, split, and the split undone", func(t *testing.T) {
		ann := s.as(t, "ann", "en")
		other := ann.done(ann.post("/cases", "title", "Harbour"))
		phone := `{"id":"x","schema":"Person","properties":{"name":["X Ficticia"],"phone":["+33612345678"]}}`
		if _, err := s.n.AddToCase(t.Context(), inform("ann"), strings.TrimPrefix(other, "/cases/"), []node.NewEntry{{Kind: casework.EntityEntry, Body: []byte(phone)}}); err != nil {
			t.Fatal(err)
		}
		ann.says(ann.get(other+"/links"), "Farm in the north", "+33612345678")
		ann.refused(ann.post(other+"/merge", "into", s.ids["case"], "reason", ""), "say why they are one")
		fr := s.as(t, "ann", "fr")
		fr.refused(fr.post(other+"/merge", "into", s.ids["case"], "reason", ""), "dites pourquoi ils n’en font qu’un")
		if to := ann.done(ann.post(other+"/merge", "into", s.ids["case"], "reason", "one farm")); to != one {
			t.Errorf("after merging one is at %s", to)
		}
		ann.says(ann.get(one+"/links"), "Merged into this one", "Harbour")
		ann.done(ann.post(one+"/unmerge", "case", strings.TrimPrefix(other, "/cases/"), "reason", "two after all"))
		if got := ann.get(one + "/links"); strings.Contains(got.text, "Merged into this one") {
			t.Error("it is merged still")
		}
		split := ann.done(ann.post(one+"/split", "title", "The asset", "seq", s.ids["asset"]))
		ann.says(ann.get(split+"/contents"), "account BANKFFXX/2")
		ann.done(ann.post("/undo"))
		if got := ann.get(one + "/entries/" + s.ids["asset"]); got.code != http.StatusOK {
			t.Errorf("after undoing the asset is not back: %d", got.code)
		}
	})

	t.Run("a case goes out as a file and comes in", func(t *testing.T) {
		ann := s.as(t, "ann", "en")
		got := ann.post(one + "/export")
		files := zipped(t, got.body)
		if files["manifest.json"] == "" && files["entries.jsonl"] == "" {
			t.Fatalf("the bundle holds %d files", len(files))
		}
		if csv := ann.post(one+"/tell", "format", "csv"); csv.code != http.StatusOK || !strings.Contains(csv.text, "P3") {
			t.Errorf("payments: %d %s", csv.code, csv.text)
		}
		ann.refused(ann.post(one+"/tell", "format", "xls"), `"xls" is no format`)
		ann.refused(ann.send("/cases/import", "case.zip", []byte("PK no zip")), "this bundle is not taken")
	})

	t.Run("another member is asked in words and privately", func(t *testing.T) {
		ann := s.as(t, "ann", "en")
		if to := ann.done(ann.post(one+"/request", "member", "BANK-FF", "subject", "The account", "text", "Whose is it?", "due", day(5))); to != one+"/tasks" {
			t.Errorf("after asking one is at %s", to)
		}
		ann.says(ann.get(one+"/tasks"), "Whose is it?")
		job := ann.done(ann.post(one+"/ask", "member", "BANK-FF"))
		ann.says(ann.get(job), "being opened", "BANK-FF")
		ann.says(ann.get("/private"), "BANK-FF")
		bob := s.as(t, "bob", "en")
		if got := bob.get(job); got.code != http.StatusNotFound {
			t.Errorf("somebody else's private check: %d", got.code)
		}
		if to := ann.done(ann.send("/private", "t.csv", []byte("id,phone\n1,+33699999999\n"), "member", "BANK-FF")); !strings.HasPrefix(to, "/private/") {
			t.Errorf("a table is asked about at %s", to)
		}
		ann.refused(ann.send("/private", "t.csv", []byte("id,name\n1,Ana\n"), "member", "BANK-FF"), "there is nothing that can be asked privately")
	})

	t.Run("a diffusion is checked while it is typed, and sent", func(t *testing.T) {
		ann := s.as(t, "ann", "en")
		blue := "/exchange/diffusion/blue"
		fields := []string{
			"to", "BANK-FF", "subject", "Where is she", "text", "Tell us where she is.", "purpose", "locate", "legal_basis", "Criminal code 188", "status", "suspect", "case", "FR/2026/7", "until", day(100), "facts.en", "Somebody is looked for.",
			"person.family_name", "FICTICIA", "person.forename", "Ana", "person.sex", "F", "person.born", "1990-01-02", "declared.owns_the_data", "yes", "declared.article_3", "yes", "declared.article_2", "yes",
			"evaluation.0", "row", "evaluation.0.scheme", "4x4", "evaluation.0.code", "B2",
		}
		got := ann.post(blue+"/rules", fields...)
		ann.says(got)
		if to := ann.post(blue, fields[:8]...); to.code != http.StatusUnprocessableEntity || !strings.Contains(to.text, "Tell us where") {
			t.Errorf("%d: what was typed is not there: %s", to.code, wrongOf(to))
		}
		all := append(fields, "offences.0", "row", "offences.0.code", "THB", "offences.0.charge.en", "Trafficking", "offences.0.law", "188", "offences.0.max_penalty", "120", "offences.0.ordinary_law_crime", "yes", "enquiry.investigation", "FR-2026-7", "enquiry.asks", "location", "request.en", "Tell us where she is.", "person.description", "tall")
		sent := ann.done(ann.post(blue, all...))
		ann.says(ann.get(sent), "Where is she", "FICTICIA", "BANK-FF")
		if got := ann.get("/exchange/diffusion?colour=blue"); got.to != blue {
			t.Errorf("begun at %s", got.to)
		}
		draft, err := s.n.Draft(t.Context(), inform("ann"), notice.Form{Colour: notice.Blue, Purpose: handling.Locate, LegalBasis: "law", Facts: notice.Texts{"en": "From a draft."}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		ann.says(ann.get(blue+"?from="+draft.ID), "From a draft.")
	})

	t.Run("the desk sees what changed since a request was returned", func(t *testing.T) {
		ann, bob := s.as(t, "ann", "en"), s.as(t, "bob", "en")
		f := red(false, "SANTOS")
		f.Colour, f.Warrants, f.Arrest, f.Purpose, f.Status = notice.Green, nil, notice.Arrest{}, handling.Warn, notice.Convicted
		f.Person.Photos, f.Assessment = nil, notice.Assessment{Authority: "Police of Lyon", On: "2026-01-05", Grounds: "two convictions", Threat: notice.Texts{"en": "He recruits abroad."}, Abroad: "He travels."}
		r, err := s.n.Draft(t.Context(), inform("ann"), f, nil)
		if err != nil {
			t.Fatal(err)
		}
		at := "/notices/" + r.ID
		step := func(p *person, path, event string, more ...string) {
			t.Helper()
			got := p.get(path)
			pairs := append([]string{"event", event, "reason", "because"}, more...)
			for _, m := range regexp.MustCompile(`name="(because\.[A-Z0-9-]+)"`).FindAllSubmatch(got.body, -1) {
				pairs = append(pairs, string(m[1]), "known")
			}
			p.done(p.post(path+"/step", pairs...))
		}
		step(bob, at, "submit")
		step(ann, at, "take_up")
		step(ann, at, "return", "questions", "Which convictions?")
		ann.says(ann.get(at), "Which convictions?")
		changed := ann.get(at)
		pairs := []string{}
		for _, m := range regexp.MustCompile(`(?s)<(?:input|textarea)[^>]*name="([^"]+)"[^>]*?(?:value="([^"]*)")?[^>]*>`).FindAllSubmatch(changed.body, -1) {
			if strings.HasPrefix(string(m[1]), "assessment.grounds") {
				pairs = append(pairs, string(m[1]), "two convictions, 2019 and 2023")
			}
		}
		if len(pairs) == 0 {
			t.Fatalf("a returned request cannot be edited: %s", changed.text)
		}
		f.Assessment.Grounds = "two convictions, 2019 and 2023"
		if _, err := s.n.Edit(t.Context(), inform("ann"), r.ID, f); err != nil {
			t.Fatal(err)
		}
		step(bob, at, "resubmit")
		got := ann.get("/review/" + r.ID)
		ann.says(got, "What changed", "two convictions, 2019 and 2023")
		if !regexp.MustCompile(`(?s)<del>\s*two convictions\s*</del>`).Match(got.body) {
			t.Errorf("the desk does not see what stood there before: %s", got.text)
		}
	})

	t.Run("the vault is filled, opened by two, and gives out only what was consented to", func(t *testing.T) {
		ann, bob := s.as(t, "ann", "en"), s.as(t, "bob", "en")
		ann.refused(ann.post("/vault/put", "met", day(-1), "contact", "no", "minor", "yes"), "a minor has somebody who speaks for them")
		got := ann.post("/vault/put", "met", day(-1), "contact", "no", "field.prs_FirstName", "Marisol", "field.prs_SecondName", "Ficticia", "need", "Health", "language", "es")
		ann.says(got, "The person stands everywhere under this pseudonym.")
		who := regexp.MustCompile(`V-[0-9A-Z]{4}-[0-9A-Z]{4}`).FindString(got.text)
		if strings.Contains(got.text, "Marisol") {
			t.Error("what was put into the vault is on the page")
		}
		ann.done(ann.post("/vault/ask", "pseudonym", who, "reason", "to help her"))
		opening := string(regexp.MustCompile(`name="opening" value="([^"]+)"`).FindSubmatch(ann.get("/vault").body)[1])
		do := func(what string, pairs ...string) page {
			return ann.post("/vault/opening", append([]string{"opening", opening, "do", what, "passphrase", "the passphrase of the vault"}, pairs...)...)
		}
		ann.refused(do("show", "field", "prs_FirstName"), "it is not open")
		ann.refused(ann.post("/vault/agree", "opening", opening), "the second person is another one")
		bob.done(bob.post("/vault/agree", "opening", opening))
		ann.says(do("show", "field", "prs_FirstName"), "first name", "Marisol")
		ann.says(do("change", "one", "prs_FirstName", "values", "Marisol\nMari"), "Done")
		ann.says(do("show", "field", "prs_FirstName"), "Marisol, Mari")
		ann.refused(do("change", "one", "prs_Password", "values", "x"), "choose a field")
		ann.refused(do("disclose", "to", "BANK-FF", "field", "prs_FirstName"), "the person did not consent")
		ann.says(do("consent", "to", "BANK-FF", "field", "prs_FirstName", "for", "a place to live"), "Done")
		ann.says(do("disclose", "to", "BANK-FF", "field", "prs_FirstName"), "Marisol")
		ann.refused(do("disclose", "to", "BANK-FF", "field", "prs_FirstName", "field", "prs_SecondName"), "the person did not consent")
		ann.says(do("send", "to", "BANK-FF", "field", "prs_FirstName"), "Done")
		consent := regexp.MustCompile(`<option value="([0-9a-f]{8,})"`).FindSubmatch(ann.get("/vault").body)
		if consent == nil {
			t.Fatal("no consent can be withdrawn")
		}
		ann.says(do("withdraw", "consent", string(consent[1])), "Done")
		ann.refused(do("send", "to", "BANK-FF", "field", "prs_FirstName"), "the person did not consent")
		ann.says(do("wish", "contact", "through", "through", "A shelter"), "Done")
		ann.says(ann.post("/vault/card", "pseudonym", who), "A shelter", "withdrawn")
		ann.refused(do("erase"), "say why")
		ann.says(do("erase", "reason", "she asked for it"), "Done")
		ann.refused(ann.post("/vault/card", "pseudonym", who), "there is nothing under this pseudonym")
		ann.says(ann.send("/vault/table", "t.csv", []byte("prs_FirstName,prs_Birthdate\nNieves,1999-01-01\n"), "contact", "no"), "taken up")
		if got := ann.post("/vault/ask", "pseudonym", s.ids["card"], "reason", "to see her is well", "danger", "yes"); got.code != http.StatusSeeOther {
			t.Errorf("in danger it does not open at once: %s", wrongOf(got))
		}
		ann.says(ann.get("/vault"), "Open until")
	})

	t.Run("an entry of a group has another version, and is retired", func(t *testing.T) {
		ann := s.as(t, "ann", "en")
		at := "/groups/" + s.ids["group"]
		got := ann.get(at + "?new=" + s.ids["knowledge"])
		version := string(regexp.MustCompile(`name="version" value="(\d+)"`).FindSubmatch(got.body)[1])
		kind := "route"
		pairs := []string{"do", "propose", "entry", s.ids["knowledge"], "version", version, "kind", kind, "title", "A way by night", "words", "By bus, at night.", "evidence", "hypothesis", "way_from", "PE", "way_to", "CL", "modes", "bus"}
		if strings.Contains(string(got.body), `value="method" selected`) {
			pairs[7] = "method"
			pairs = append(pairs, "what", "method")
		}
		ann.done(ann.post(at, pairs...))
		ann.says(ann.get(at), "A way by night", "version 2")
		ann.refused(ann.post(at, pairs...), "somebody changed it meanwhile")
		ann.refused(ann.post(at, "do", "retire", "entry", s.ids["knowledge"]), "with a reason")
		ann.done(ann.post(at, "do", "retire", "entry", s.ids["knowledge"], "text", "the road is closed"))
		ann.says(ann.get(at), "the road is closed")
		ann.done(ann.post(at, "do", "agree", "tally", "typology", "tally", "route"))
		ann.says(ann.get(at), "Contribute counts")
		ann.refused(ann.post(at, "do", "sums", "period", "2020-01"), "members contributed")
		counted := ann.send(at+"/count", "payments.csv", []byte("time,from_bank,from_account,to_bank,to_account,amount,currency\n2020-01-02T10:00:00Z,A,1,B,2,10.00,EUR\n"), "period", "2020-01")
		ann.says(counted, "This would go out for", "2020-01")
		ann.done(ann.post(at, "do", "counts", "period", "2020-01", "counts", `[{"kind":"route","key":"FR/DE/rail","count":12}]`))
		ann.refused(ann.post(at, "do", "counts", "period", "2020-01", "counts", `[{"kind"`), "The counts did not arrive whole")
		ann.done(ann.post(at, "do", "out", "member", "BANK-FF"))
		ann.done(ann.post(at, "do", "in", "member", "BANK-FF"))
	})

	t.Run("a request of a person is taken up, decided and answered", func(t *testing.T) {
		ann := s.as(t, "ann", "en")
		at := ann.done(ann.post("/subjects", "kind", "access", "ref", "DP/2026/9", "received", day(-1)))
		ann.refused(ann.post(at+"/answer", "names", "Георгий Вымышленный"), "an answer is written once it is decided")
		ann.refused(ann.post(at+"/step", "to", "decided", "result", "granted"), "this is not possible with this request")
		ann.done(ann.post(at+"/step", "to", "admissible"))
		ann.done(ann.post(at+"/step", "to", "decided", "result", "granted"))
		ann.says(ann.post("/subjects/find", "names", "Георгий Вымышленный", "numbers", "phone:+33612345678"), "What this node holds", "Record of the watch-list", "Case")
		ann.refused(ann.post("/subjects/find", "numbers", "phone:12"), "this is no phone")
		files := zipped(t, ann.post(at+"/answer", "names", "Георгий Вымышленный").body)
		for _, name := range []string{"answer.txt", "commission.json", "audit.jsonl"} {
			if files[name] == "" {
				t.Errorf("the answer has no %s", name)
			}
		}
		ann.done(ann.post(at+"/step", "to", "told"))
		ann.says(ann.get(at), "told to the person")
	})

	t.Run("what was decided about an asset is written down", func(t *testing.T) {
		ann := s.as(t, "ann", "en")
		at := one + "/assets/" + s.ids["asset"]
		ann.refused(ann.post(at, "from", "located", "to", "frozen", "amount", "400,50", "reason", "order"), "name the authority that decided")
		ann.done(ann.post(at, "from", "located", "to", "frozen", "amount", "400,50", "authority", "Court of Lyon", "route", "freezing_order", "reason", "order 7"))
		ann.says(ann.get(one+"/entries/"+s.ids["asset"]), "400.50", "freezing order", "Court of Lyon", "4,599.75")
		ann.refused(ann.post(at, "from", "located", "to", "frozen", "amount", "99999", "authority", "x", "route", "hold", "reason", "y"), "which is less than 99999")
	})

	t.Run("a list is read, and a record kept longer", func(t *testing.T) {
		ann := s.as(t, "ann", "en")
		got := ann.send("/admin/lists", "list.jsonl", []byte(`{"id":"L1","schema":"Person","properties":{"name":["Listed Ficticio"],"birthDate":["1970-01-01"]}}`+"\n"), "source", "mine")
		ann.says(got, "Read: 1 = 1 taken", "mine")
		ann.says(ann.post("/check", "q", "Listed Ficticio"), "Listed Ficticio")
		ann.refused(ann.send("/admin/lists", "list.bin", []byte{0, 1, 2}, "source", "other"), "")
		keep := "/records/message/" + s.ids["message"] + "/keep"
		ann.refused(ann.post(keep, "do", "hold"), "say why it must be kept")
		ann.done(ann.post(keep, "do", "hold", "reason", "a court asked"))
		ann.refused(ann.post(keep, "do", "extend", "until", "soon", "reason", "x"), "give the day as")
	})

	t.Run("in another language it is said what went wrong", func(t *testing.T) {
		for lang, want := range map[string]string{"fr": "vous ne faites que consulter", "es": "usted solo consulta", "ar": "أنت تطّلع على هذه القضية فقط"} {
			ann := s.as(t, "ann", "en")
			ann.done(ann.post(one+"/seat", "person", "bob", "seat", "read"))
			bob := s.as(t, "bob", lang)
			bob.refused(bob.send(one+"/import", "x.csv", []byte("x"), "analyse", "yes"), want)
			ann.done(ann.post(one+"/seat", "person", "bob", "seat", "no"))
		}
	})

	t.Run("two parts of a case stand beside each other", func(t *testing.T) {
		ann := s.as(t, "ann", "en")
		got := ann.get(one + "/beside?left=timeline&right=money")
		for _, want := range []string{fmt.Sprintf(`<iframe src="%s/timeline" title="Timeline">`, one), fmt.Sprintf(`<iframe src="%s/money" title="Money">`, one)} {
			if !strings.Contains(string(got.body), want) {
				t.Errorf("no %s", want)
			}
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.origin+one+"/money", http.NoBody)
		if err == nil {
			r.Header.Set("Sec-Fetch-Dest", "iframe")
		}
		if framed := ann.do(r, err); strings.Contains(string(framed.body), "<header>") || !strings.Contains(framed.text, "Money") {
			t.Error("a part within another page has the whole page's head")
		}
	})
}

// TestATourOfWhoIsNew: from nothing to a first finding and around, with an invented society; what was planted in it is read by nobody.
func TestATourOfWhoIsNew(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(plain string) string { return plain })
	ann := s.as(t, "ann", "en")
	at := ann.done(ann.send("/welcome/example", "", nil))
	ann.says(ann.get(at), "Stop 1 of 8.", "Example: an invented society", "Organisations")
	if got := ann.get("/help"); strings.Contains(got.text, "Stop 1 of 8.") {
		t.Error("a page that is no stop speaks of the tour")
	}
	for n := 2; n <= 8; n++ {
		to := ann.done(ann.post("/tour"))
		got := ann.get(to)
		for got.code == http.StatusAccepted { // its picture is being read
			time.Sleep(200 * time.Millisecond)
			got = ann.get(to)
		}
		ann.says(got, fmt.Sprintf("Stop %d of 8.", n))
	}
	if to := ann.done(ann.post("/tour", "do", "next")); to != "/welcome" {
		t.Errorf("after the last stop one is at %s", to)
	}
	if got := ann.get("/"); strings.Contains(got.text, "Stop 8 of 8.") {
		t.Error("the tour does not end")
	}
	id := strings.TrimPrefix(at, "/cases/")
	found, err := s.n.SearchCase(t.Context(), inform("ann"), id, "planted", 10)
	if err != nil || len(found.Entries) > 0 {
		t.Errorf("what was planted is in the case: %d entries, %v", len(found.Entries), err)
	}

	// A change of the indicators is tried on all that the case holds, adverts and journeys among it.
	try := func(pack string) map[string]chart.PackRow {
		t.Helper()
		rows, payments, err := s.n.TryPack(t.Context(), inform("ann"), id, pack)
		if err != nil || payments == 0 {
			t.Fatalf("%d payments, %v", payments, err)
		}
		out := map[string]chart.PackRow{}
		for _, r := range rows {
			out[r.Typology] = r
		}
		return out
	}
	analysed := map[string]int{} // what the analysis of the same files found
	for _, e := range need[[]*casework.Entry](t)(s.n.Entries(t.Context(), inform("ann"), id, casework.FindingEntry, 0, 1000)) {
		var f struct{ Typology string }
		if err := json.Unmarshal(e.Body, &f); err != nil {
			t.Fatal(err)
		}
		if f.Typology != "" {
			analysed[f.Typology]++
		}
	}
	same := try("")
	for name, r := range same {
		if r.New != 0 || r.Gone != 0 || r.Before != r.After {
			t.Errorf("%s: without a change %+v", name, r)
		}
	}
	for _, name := range []string{"escort", "travel_payer", "recruiting_posts"} { // of journeys and adverts, which a case keeps whole
		if n := analysed[name]; n == 0 || same[name].Before != n {
			t.Errorf("%s: %d in the trial, %d in the analysis", name, same[name].Before, n)
		}
	}
	var harder strings.Builder
	for _, param := range []string{"min_adverts", "unrelated", "unknown_firm_adverts"} {
		fmt.Fprintf(&harder, "%s = { value = 1000, unit = %q, source = \"a test\" }\n", param, map[string]string{"unrelated": "trades or countries"}[param]+map[bool]string{true: "adverts"}[param != "unrelated"])
	}
	changed := try("[typology.recruiting_posts.params]\n" + harder.String())
	if r := changed["recruiting_posts"]; r.After >= r.Before || r.Gone != r.Before-r.After+r.New {
		t.Errorf("a thousand posts: %+v", r)
	}
	if r := changed["fan_in"]; r.New != 0 || r.Gone != 0 {
		t.Errorf("another typology changed: %+v", r)
	}
	eve := s.as(t, "eve", "fr")
	eve.refused(eve.send("/welcome/example", "", nil), "n’a pas ici le droit")
}
