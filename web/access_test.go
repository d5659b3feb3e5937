package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tarir/casework"
	"tarir/handling"
	"tarir/hit"
	"tarir/node"
	"tarir/notice"
	"tarir/vault"
)

var update = flag.Bool("update-access", false, "write the access matrix anew; read the difference before you keep it")

// hidden stands in the vault, and must be nowhere else.
var hidden = []string{"Zuleyka", "Quispealaya", "+51987000111", "1 Calle Escondida"}

const vaultPass = "a passphrase of the vault"

// scene is a node with a record of each kind. ann made them and leads the case; keeper came near the vault; of the others each has one right.
type scene struct {
	n                                        *node.Node
	tokens                                   map[string]string
	dir                                      string
	caseID, card, opening, operation, notice string
	subject, second, group, entry            string
	asset                                    int64
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{dir: filepath.Join(t.TempDir(), "GS"), tokens: map[string]string{}}
	pass := node.Passphrase{Text: "correct horse", Work: 2}
	people := []node.Person{{ID: "ann", May: []string{"all"}}, {ID: "keeper", May: []string{"case", "read"}}, {ID: "second", May: []string{"case", "read"}}, {ID: "nobody"}}
	for _, r := range node.Rights {
		people = append(people, node.Person{ID: "may-" + r, May: []string{r}})
	}
	if err := node.Found(s.dir, pass, node.Setup{Member: "GS", Name: "Secretariat", Country: "FR", Listen: "127.0.0.1:0", People: people, Silver: true}, time.Now()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(s.dir, "config.toml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte(`origin = ""`), []byte(`origin = "http://localhost:8080"`), 1)
	if err := os.WriteFile(path, bytes.Replace(text, []byte("people = []\n"), []byte("people = [\"keeper\", \"second\"]\n"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, p := range people {
		if s.tokens[p.ID], err = node.AddClient(s.dir, node.Client{ID: "program of " + p.ID, Person: p.ID, Purpose: handling.Inform, LegalBasis: "Police act 12"}); err != nil {
			t.Fatal(err)
		}
	}
	if s.n, err = node.Open(t.Context(), s.dir, node.Options{Passphrase: pass}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.n.Close(); err != nil {
			t.Error(err)
		}
	})
	do := func(person, verb string, a Args) any {
		t.Helper()
		v, err := verbs[verb](t.Context(), s.n, s.who(person), &a)
		if err != nil {
			t.Fatalf("%s: %v", verb, err)
		}
		return v
	}
	if err := s.n.VaultInit(t.Context(), s.who("keeper"), node.Passphrase{Text: vaultPass, Work: 2}); err != nil { // by the verb it takes a second of everybody
		t.Fatal(err)
	}
	s.card = do("keeper", "vault.put", Args{Person: hiddenPerson()}).(*vault.Card).Pseudonym
	s.opening = do("keeper", "vault.ask", Args{ID: s.card}).(*vault.Opening).ID
	do("second", "vault.agree", Args{ID: s.opening})
	do("keeper", "vault.show", Args{ID: s.opening, Passphrase: vaultPass, Fields: []string{"prs_FirstName"}})
	s.caseID = do("ann", "case.new", Args{Name: "Farm"}).(*casework.Case).ID
	s.second = do("ann", "case.new", Args{Name: "Harbour"}).(*casework.Case).ID
	put := do("ann", "case.add", Args{ID: s.caseID, Entries: []node.NewEntry{
		{Kind: casework.EntityEntry, Body: json.RawMessage(`{"id":"p1","schema":"Person","properties":{"name":["Ana Exemplar"]}}`)},
		{Kind: casework.VictimEntry, Body: json.RawMessage(`{"pseudonym":"` + s.card + `","status":"presumed","age_group":"12-17"}`)},
		{Kind: casework.AssetEntry, Body: json.RawMessage(`{"id":"a1","kind":"account","identifier":"BANKFFXX/9","value":"1000.00","currency":"USD","as_of":"2026-02-28T00:00:00Z","source":"the bank","link":"fees rest here"}`)},
	}}).([]node.Put)
	s.asset = put[2].Seq
	s.operation = do("ann", "operation.plan", Args{Operation: &casework.Operation{Title: "Nightfall", From: time.Now(), To: time.Now().AddDate(0, 0, 3), Countries: []string{"FR"}, Participants: []casework.Participant{{Member: "GS"}}}}).(*casework.Operation).ID
	do("ann", "operation.step", Args{ID: s.operation, Name: string(casework.PreOperational)})
	s.notice = do("ann", "notice.draft", Args{Form: &notice.Form{Colour: notice.Green, Owner: "GS", Purpose: handling.Warn, LegalBasis: "x", Case: "c"}}).(*notice.Record).ID
	s.subject = do("ann", "subject.new", Args{Kind: "access", Name: "R-1"}).(*casework.Subject).ID
	s.group = do("ann", "group.new", Args{Name: "Experts"}).(*casework.Group).ID
	s.entry = do("ann", "group.say", Args{Say: node.GroupSay{Group: s.group, Do: "propose", New: method()}}).(string)
	return s
}

func method() *casework.Knowledge {
	return &casework.Knowledge{Kind: casework.MethodOf, Title: "Cards", Text: "Prepaid cards.", Evidence: "hypothesis", What: "method"}
}

func hiddenPerson() *vault.Record {
	return &vault.Record{
		Minor: true, Wish: vault.Wish{Contact: "no", Language: "qu", Guardian: "none yet"}, Met: time.Now(), Keepers: []string{"keeper"},
		Fields: map[string][]string{"prs_FirstName": hidden[:1], "prs_SecondName": hidden[1:2], "prs_MobilePhone": hidden[2:3], "prs_MailingAddress": hidden[3:]},
	}
}

func (s *scene) who(person string) node.Who {
	return node.Who{Person: person, Purpose: handling.Inform, LegalBasis: "Police act 12", Reason: "because"}
}

// args are what a verb is asked with: about the record of its kind, and so that whoever may gets an answer.
func (s *scene) args(verb string, dir string) []Args {
	kind, _, _ := strings.Cut(verb, ".")
	file := filepath.Join(dir, strings.ReplaceAll(verb, ".", "-"))
	in := file + ".in"
	_ = os.WriteFile(in, []byte(`{"id":"p9","schema":"Person","properties":{"name":["Nine"]}}`+"\n"), 0o600)
	a := Args{
		ID: s.caseID, Kind: "entity", Member: "GS", Name: "Farm", Country: "FR", Limit: 100, Days: 1, Path: file, Passphrase: vaultPass, Seq: 1, Version: 1, Code: "x", Text: []byte("x"),
		Form: &notice.Form{Colour: notice.Green, Owner: "GS"}, Step: &notice.Step{Event: notice.Submit}, Hit: &hit.Step{State: hit.Same}, Stop: &casework.StopStep{State: "accepted"},
		Question: &node.Question{}, CaseStep: &casework.CaseStep{Do: "title", Title: "Farm two"},
		Entries: []node.NewEntry{{Kind: casework.NoteEntry, Body: json.RawMessage(`{"text":"x"}`)}}, Entry: json.RawMessage(`{"id":"p1","schema":"Person","properties":{"name":["B"]}}`),
		Person: hiddenPerson(), VaultChange: &node.VaultChange{}, Fields: []string{"prs_FirstName"}, Move: &casework.AssetMove{To: "monitored", From: "located", Amount: "1.00", Reason: "x"}, SubjectStep: &casework.SubjectStep{To: "admissible"},
		Letter: &node.NewLetter{Kind: "message", To: []string{"GS"}, Text: notice.Texts{"en": "x"}}, Telling: node.Telling{Format: "ftm"}, Names: []string{"Ana Exemplar"}, Numbers: hidden[2:3],
	}
	a.Question.Ask.Names = []string{"Ana Exemplar"}
	switch kind {
	case "operation":
		a.ID, a.Name = s.operation, string(casework.Live)
		o := casework.Operation{Title: "Nightfall", From: time.Now(), To: time.Now().AddDate(0, 0, 3), Countries: []string{"FR"}, Participants: []casework.Participant{{Member: "GS"}}}
		a.Operation = &o
	case "notice":
		a.ID = s.notice
	case "subject":
		a.ID, a.Kind = s.subject, "access"
	case "vault":
		a.ID = s.opening
		b := a
		b.ID = s.card
		return []Args{a, b}
	case "group":
		a.ID, a.Name, a.Dry = s.group, "2024-03", true
		a.Say = node.GroupSay{Group: s.group, Do: "remark", Entry: s.entry, Text: "x"}
		switch verb {
		case "group.purple", "group.take":
			a.Name = s.entry
		case "group.show":
			a.Name = ""
		}
	case "person":
		a.ID = "nobody"
	case "asset":
		a.Seq, a.Paths = s.asset, []string{s.caseID}
	case "case":
		switch verb {
		case "case.import", "case.attach", "case.bundle":
			a.Path = in
		case "case.merge", "case.unmerge":
			a.Name = s.second
		case "case.split":
			a.Seqs = []int64{1}
		}
	case "watch", "index":
		a.Path, a.Paths = in, []string{in}
	case "list", "open", "fetch", "receipts", "recall", "hold", "extend":
		var out []Args
		for k, id := range map[string]string{"case": s.caseID, "vault": s.card, "operation": s.operation, "request": s.notice, "subject": s.subject, "group": s.group, "watch": "", "message": "", "hit": "", "lead": "", "webhook": "", "report": s.operation} {
			b := a
			b.Kind, b.ID = k, id
			out = append(out, b)
		}
		return out
	}
	return []Args{a}
}

// outcome says how somebody fared: "yes"; "no" where it was refused for who asks; "-" where something else was wrong.
func outcome(err error) string {
	var refused *node.Refused
	switch {
	case err == nil:
		return "yes"
	case errors.Is(err, node.ErrNotAllowed), errors.Is(err, node.ErrPerson), errors.Is(err, casework.ErrNoSeat), errors.Is(err, casework.ErrSeat), errors.Is(err, vault.ErrNone), errors.As(err, &refused):
		return "no"
	}
	return "-"
}

// Every verb is tried by everybody about a record of each kind, and every path of the API with every method that it has: whoever has no right gets
// nothing, the matrix is kept, and nothing that stands in the vault is told but to those who opened it.
func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	persons := []string{"nobody"}
	for _, r := range node.Rights {
		persons = append(persons, "may-"+r)
	}
	persons = append(persons, "keeper", "second")
	var names []string
	for v := range verbs {
		names = append(names, v)
	}
	slices.Sort(names)
	matrix := map[string]map[string]string{}
	said := func(t *testing.T, who, what, text string) {
		for _, word := range hidden {
			if strings.Contains(text, word) && !(who == "keeper" && (what == "vault.show" || what == "vault.change")) {
				t.Errorf("%s told %s %q", what, who, word)
			}
		}
	}
	var mu sync.Mutex // of the matrix
	fared := func(what, person, how string) {
		mu.Lock()
		defer mu.Unlock()
		if matrix[what] == nil {
			matrix[what] = map[string]string{}
		}
		matrix[what][person] = how
	}
	t.Run("everybody", func(t *testing.T) {
		for _, p := range persons {
			t.Run(p, func(t *testing.T) {
				t.Parallel()
				s := newScene(t)
				dir := t.TempDir()
				for _, v := range names {
					best := "no"
					for _, a := range s.args(v, dir) {
						got, err := verbs[v](t.Context(), s.n, s.who(p), &a)
						text, _ := json.Marshal(got)
						if err != nil {
							text = append(text, err.Error()...)
						}
						if written, err := os.ReadFile(a.Path); err == nil && a.Path != "" {
							text = append(text, written...)
							if !strings.HasSuffix(a.Path, ".in") {
								_ = os.Remove(a.Path)
							}
						}
						said(t, p, v, string(text))
						if o := outcome(err); o == "yes" || o == "-" && best == "no" {
							best = o
						}
					}
					fared(v, p, best)
				}
				h, err := Public(s.n)
				if err != nil {
					t.Fatal(err)
				}
				api := httptest.NewServer(h)
				defer api.Close()
				for path, methods := range apiPaths(t, api.URL) {
					for _, method := range methods {
						code, text := tryPath(t, s, api.URL, p, method, path)
						said(t, p, method+" "+path, text)
						o := "-"
						switch {
						case code/100 == 2:
							o = "yes"
						case code == http.StatusUnauthorized || code == http.StatusForbidden || code == http.StatusNotFound:
							o = "no"
						}
						fared("api "+method+" "+path, p, o)
					}
				}
				for _, path := range []string{"/taxii2/", "/taxii2/api/collections/", "/misp/events/index", "/misp/users/view/me", "/match/default", "/search/default?q=Zuleyka", "/catalog", "/entities/x", "/metrics", "/healthz"} {
					code, text := get(t, api.URL+path, s.tokens[p])
					if strings.HasPrefix(path, "/search/") {
						text = strings.ReplaceAll(text, hidden[0], "") // what was asked
					}
					said(t, p, path, text)
					if code == http.StatusInternalServerError {
						t.Errorf("%s: %s", path, text)
					}
				}
			})
		}
	})
	// Default deny: what nobody was given a right to, nobody may.
	for what, row := range matrix {
		if row["nobody"] == "yes" && what != "health" {
			t.Errorf("whoever has no right may %s", what)
		}
	}
	var b bytes.Buffer
	for _, what := range slices.Sorted(maps.Keys(matrix)) {
		fmt.Fprintf(&b, "%s:", what)
		for _, p := range persons {
			if o := matrix[what][p]; o != "no" {
				fmt.Fprintf(&b, " %s=%s", p, o)
			}
		}
		b.WriteByte('\n')
	}
	path := "testdata/access.golden"
	if *update {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(want, b.Bytes()) {
		t.Errorf("who may do what has changed (-update-access writes it): %v\n%s", err, b.String())
	}
}

func get(t *testing.T, url, token string) (int, string) {
	t.Helper()
	return send(t, http.MethodGet, url, token, "")
}

func send(t *testing.T, method, url, token, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	text, _ := io.ReadAll(got.Body) // what was broken off was told so far
	return got.StatusCode, string(text)
}

// apiPaths are all paths of the API, as it describes itself.
func apiPaths(t *testing.T, url string) map[string][]string {
	t.Helper()
	_, text := get(t, url+APIBase+"/openapi.json", "")
	var d struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal([]byte(text), &d); err != nil || len(d.Paths) < 10 {
		t.Fatal(err, text)
	}
	out := map[string][]string{}
	for path, methods := range d.Paths {
		for m := range methods {
			out[path] = append(out[path], strings.ToUpper(m))
		}
		slices.Sort(out[path])
	}
	return out
}

func tryPath(t *testing.T, s *scene, url, person, method, path string) (int, string) {
	t.Helper()
	id := s.caseID
	if strings.HasPrefix(path, "/operations") {
		id = s.operation
	}
	body := map[string]string{
		"POST /cases": `{"title":"Third"}`, "POST /cases/{id}/entries": `[{"kind":"note","body":{"text":"x"}}]`, "PUT /cases/{id}/entries/{seq}": `{"version":1,"entry":{"id":"p1","schema":"Person","properties":{"name":["C"]}}}`,
		"POST /cases/{id}/files": `{"id":"p8","schema":"Person","properties":{"name":["Eight"]}}`, "POST /check": `{"names":["Ana Exemplar"]}`, "POST /operations/{id}/reports": `[{"measure":"arrests","record":"arrest/1"}]`,
	}[method+" "+path]
	query := ""
	switch {
	case strings.HasSuffix(path, "/search"):
		query = "?q=Farm"
	case method == http.MethodDelete:
		query = "?reason=x"
	}
	all := ""
	code := 0
	for _, kind := range []string{"notice", "request", "operation", "watch"} {
		for _, format := range slices.Sorted(maps.Keys(node.TellingFormats)) {
			p := strings.NewReplacer("{id}", id, "{seq}", "1", "{kind}", kind, "{format}", format).Replace(path)
			c, text := send(t, method, url+APIBase+p+query, s.tokens[person], body)
			all += text
			if code == 0 || c/100 == 2 {
				code = c
			}
			if !strings.Contains(path, "{format}") {
				break
			}
		}
		if !strings.Contains(path, "{kind}") {
			break
		}
	}
	return code, all
}
