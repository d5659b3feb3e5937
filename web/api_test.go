package web_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tarir/casework"
	"tarir/handling"
	"tarir/node"
	"tarir/taxii"
)

var update = flag.Bool("update", false, "write docs/openapi.json anew")

// desk is a node that answers two programs: tools acts for ann, other for bob.
type desk struct {
	t      testing.TB
	n      *node.Node
	url    string
	tokens map[string]string
}

func newDesk(t testing.TB) *desk {
	dir := filepath.Join(t.TempDir(), "GS")
	pass := node.Passphrase{Text: "correct horse", Work: 2}
	if err := node.Found(dir, pass, node.Setup{Member: "GS", Name: "Secretariat", Country: "FR", Listen: "127.0.0.1:0", People: people}, time.Now()); err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, tokens: map[string]string{}}
	for _, p := range []string{"ann", "bob", "eve"} {
		var err error
		if d.tokens[p], err = node.AddClient(dir, node.Client{ID: "program of " + p, Person: p, Purpose: handling.Inform, LegalBasis: "Police act 12"}); err != nil {
			t.Fatal(err)
		}
	}
	n, err := node.Open(t.Context(), dir, node.Options{Passphrase: pass})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	s := httptest.NewServer(public(t, n))
	t.Cleanup(s.Close)
	d.n, d.url = n, s.URL
	return d
}

// ask asks as a person, and gives the status and what was said.
func (d *desk) ask(person, method, path, body string) (int, string) {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), method, d.url+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if person != "" {
		r.Header.Set("Authorization", "Bearer "+d.tokens[person])
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		return got.StatusCode, "broken off: " + string(text)
	}
	return got.StatusCode, string(text)
}

func (d *desk) must(person, method, path, body string, out any) {
	d.t.Helper()
	code, text := d.ask(person, method, path, body)
	if code/100 != 2 {
		d.t.Fatalf("%s %s: %d %s", method, path, code, text)
	}
	if out != nil {
		if err := json.Unmarshal([]byte(text), out); err != nil {
			d.t.Fatalf("%s %s: %v\n%s", method, path, err, text)
		}
	}
}

// farm opens a case of ann with some things in it.
func (d *desk) farm() *casework.Case {
	var c casework.Case
	d.must("ann", "POST", "/api/v1/cases", `{"title":"Farm in Arlen"}`, &c)
	d.must("ann", "POST", "/api/v1/cases/"+c.ID+"/entries", `[
		{"kind":"entity","body":{"id":"p1","schema":"Person","properties":{"name":["Георгий Демирчян"],"phone":["+33 6 12 34 56 78"]}}},
		{"kind":"entity","body":{"id":"c1","schema":"Company","properties":{"name":["Farm Ltd"]}}},
		{"kind":"entity","body":{"id":"b1","schema":"BankAccount","properties":{"bankName":["BANKAAXX"],"accountNumber":["1"]}}},
		{"kind":"entity","body":{"id":"o1","schema":"Ownership","properties":{"owner":["p1"],"asset":["b1"]}}},
		{"kind":"victim","body":{"pseudonym":"V-7KQ2-M4XP","status":"presumed"}},
		{"kind":"note","body":{"text":"the van is white"}}]`, nil)
	return &c
}

func TestAProgramWorksOnACase(t *testing.T) {
	d := newDesk(t)
	c := d.farm()
	if code, _ := d.ask("", "GET", "/api/v1/cases", ""); code != http.StatusUnauthorized {
		t.Error("without a token:", code)
	}
	if code, _ := d.ask("eve", "GET", "/api/v1/cases", ""); code != http.StatusForbidden {
		t.Error("who may not work on cases lists them:", code)
	}
	for _, path := range []string{"", "/entries", "/entries/1", "/search?q=farm", "/timeline", "/links", "/tell/ftm", "/tell/stix", "/tell/misp", "/tell/goaml", "/tell/csv", "/tell/timeline"} {
		if code, text := d.ask("ann", "GET", "/api/v1/cases/"+c.ID+path, ""); code != http.StatusOK {
			t.Errorf("%s: %d %s", path, code, text)
		}
		if code, text := d.ask("bob", "GET", "/api/v1/cases/"+c.ID+path, ""); code != http.StatusNotFound || strings.Contains(text, "Farm") {
			t.Errorf("without a seat, %s: %d %s", path, code, text)
		}
	}
	var list []*casework.Case
	if d.must("bob", "GET", "/api/v1/cases", "", &list); len(list) != 0 {
		t.Error("bob sees", list)
	}
	var found node.CaseFound
	if d.must("ann", "GET", "/api/v1/cases/"+c.ID+"/search?q=0033+6+12+34+56+78", "", &found); len(found.Entries) != 1 {
		t.Error("a number that is written otherwise is not found")
	}
	// Nobody's change is lost.
	change := func(version int) int {
		code, _ := d.ask("ann", "PUT", "/api/v1/cases/"+c.ID+"/entries/6", fmt.Sprintf(`{"version":%d,"entry":{"text":"the van is blue"}}`, version))
		return code
	}
	if a, b := change(1), change(1); a != http.StatusOK || b != http.StatusConflict {
		t.Error(a, b)
	}
	// What is refused is told by its place, not by what it says.
	if code, text := d.ask("ann", "POST", "/api/v1/cases/"+c.ID+"/entries", `[{"kind":7,"body":{"text":"zuleyka"}}]`); code != http.StatusUnprocessableEntity || strings.Contains(text, "zuleyka") {
		t.Error(code, text)
	}
	if code, text := d.ask("ann", "POST", "/api/v1/cases/"+c.ID+"/entries", `[{"kind":"victim","body":{"pseudonym":"zuleyka"}}]`); code != http.StatusUnprocessableEntity || strings.Contains(text, "zuleyka") {
		t.Error(code, text)
	}
	// Files of any format go in, and once more changes nothing.
	file := "id,time,from_bank,from_account,to_bank,to_account,amount,currency\nW1,2026-02-01T10:00:00+01:00,BANKAAXX,1,BANKBBXX,2,10.00,EUR\nW2,yesterday,BANKAAXX,1,BANKBBXX,2,10.00,EUR\n"
	var got struct {
		New, Same int
		Unread    []struct{ Line int }
	}
	if d.must("ann", "POST", "/api/v1/cases/"+c.ID+"/files?name=p.csv", file, &got); got.New != 1 || len(got.Unread) != 1 || got.Unread[0].Line != 3 {
		t.Errorf("%+v", got)
	}
	if d.must("ann", "POST", "/api/v1/cases/"+c.ID+"/files?name=p.csv", file, &got); got.Same != 1 {
		t.Errorf("%+v", got)
	}
	if code, text := d.ask("ann", "POST", "/api/v1/cases/"+c.ID+"/files?name=../../etc/x", "what is this"); code != http.StatusUnprocessableEntity || !strings.Contains(text, "format not recognised") {
		t.Error(code, text)
	}
	if code, _ := d.ask("bob", "POST", "/api/v1/cases/"+c.ID+"/files?name=p.csv", file); code != http.StatusNotFound {
		t.Error("without a seat:", code)
	}
	// Everything that may be taken out: not the case of somebody else, and nobody who must be protected.
	if code, text := d.ask("ann", "GET", "/api/v1/entities", ""); code != http.StatusOK || strings.Count(text, "\n") != 4 || !strings.Contains(text, `"owner":["case-`+c.ID+`-p1"]`) || strings.Contains(text, "V-7KQ2") {
		t.Error(code, text)
	}
	if code, text := d.ask("bob", "GET", "/api/v1/entities", ""); code != http.StatusOK || text != "" {
		t.Error(code, text)
	}
}

// The description is kept, so that a change of the API is seen.
func TestTheAPIIsDescribed(t *testing.T) {
	d := newDesk(t)
	code, text := d.ask("", "GET", "/api/v1/openapi.json", "")
	if code != http.StatusOK {
		t.Fatal(code, text)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(text), "", "  "); err != nil {
		t.Fatal(err)
	}
	b.WriteByte('\n')
	path := "../docs/openapi.json"
	if *update {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(want, b.Bytes()) {
		t.Errorf("docs/openapi.json says something else: -update writes it (%v)", err)
	}
	if !strings.Contains(text, `"openapi":"3.1.0"`) || !strings.Contains(text, `"webhooks"`) {
		t.Error("it is not OpenAPI 3.1 with its webhooks")
	}
}

func TestACaseIsACollectionOfTAXII(t *testing.T) {
	d := newDesk(t)
	c := d.farm()
	client := func(person string) *taxii.Client {
		return &taxii.Client{URL: d.url + "/taxii2/", User: "program", Password: d.tokens[person]}
	}
	ctx := t.Context()
	list, err := client("ann").Collections(ctx)
	if err != nil || len(list) != 1 || list[0].Alias != c.ID || !list[0].CanRead || !list[0].CanWrite {
		t.Fatalf("%v %+v", err, list)
	}
	if list, err := client("bob").Collections(ctx); err != nil || len(list) != 0 {
		t.Errorf("without a seat: %v %+v", err, list)
	}
	if _, err := client("eve").Collections(ctx); err == nil || !strings.Contains(err.Error(), "403") {
		t.Error(err)
	}
	if _, err := (&taxii.Client{URL: d.url + "/taxii2/", User: "x", Password: "wrong"}).Collections(ctx); err == nil || !strings.Contains(err.Error(), "401") {
		t.Error(err)
	}
	ann := client("ann")
	col, err := ann.Collection(ctx, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	read := func(after time.Time) (types []string, last time.Time) {
		last, err := ann.Objects(ctx, col, after, func(o json.RawMessage) error {
			var head struct{ Type string }
			if err := json.Unmarshal(o, &head); err != nil || strings.Contains(string(o), "7KQ2") {
				return errors.Join(err, errors.New("an object that is none, or of a victim"))
			}
			types = append(types, head.Type)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return types, last
	}
	types, last := read(time.Time{})
	if strings.Join(types, " ") != "identity identity x-tarir-bank-account relationship" {
		t.Error(types)
	}
	if again, _ := read(last); len(again) != 0 {
		t.Error("told twice:", again)
	}
	st, err := ann.Add(ctx, col, []json.RawMessage{
		[]byte(`{"type":"identity","spec_version":"2.1","id":"identity--8c6af861-7b20-41ef-9b59-6344fd872a8f","created":"2016-08-08T15:50:10.983Z","modified":"2016-08-08T15:50:10.983Z","name":"Fatima Muster","identity_class":"individual"}`),
		[]byte(`{"type":"x","id":"wrong"}`),
	})
	if err != nil || st.State != "complete" || st.Success != 1 || st.Failure != 1 || st.Failures[0].ID != "wrong" {
		t.Fatalf("%v %+v", err, st)
	}
	if fresh, _ := read(last); len(fresh) != 1 || fresh[0] != "identity" {
		t.Error("what is new is not told:", fresh)
	}
	// A page ends anywhere, and goes on there: one object at a time gives all, in order.
	var ids []string
	for next := ""; ; {
		path := "/taxii2/api/collections/" + col.ID + "/objects/?limit=1"
		if next != "" {
			path += "&next=" + next
		}
		var e struct {
			More    bool
			Next    string
			Objects []struct{ ID string }
		}
		d.must("ann", "GET", path, "", &e)
		for _, o := range e.Objects {
			ids = append(ids, o.ID)
		}
		if next = e.Next; !e.More {
			break
		}
	}
	if len(ids) != 5 {
		t.Error(ids)
	}
	get := func(path, accept string) int {
		r, _ := http.NewRequestWithContext(ctx, http.MethodGet, d.url+path, nil)
		r.Header.Set("Authorization", "Bearer "+d.tokens["ann"])
		r.Header.Set("Accept", accept)
		got, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = got.Body.Close()
		return got.StatusCode
	}
	base := "/taxii2/api/collections/" + col.ID
	for path, want := range map[string]int{
		base + "/objects/" + ids[0] + "/": 200, base + "/objects/" + ids[0] + "/versions/": 200, base + "/objects/identity--none/": 404, base + "/manifest/": 200, base + "/": 200,
		"/taxii2/api/status/" + st.ID + "/": 200, "/taxii2/api/status/none/": 404, base + "/objects/?added_after=yesterday": 400, base + "/objects/?limit=0": 400, base + "/objects/?next=x": 400,
		base + "/objects/?match[type]=identity": 200, base + "/objects/?match[spec_version]=2.0": 200, "/taxii2/api/collections/none/objects/": 404, "/taxii2/other/": 404,
	} {
		if code := get(path, taxii.MediaType); code != want {
			t.Errorf("%s: %d, want %d", path, code, want)
		}
	}
	if code := get(base+"/objects/", "application/vnd.oasis.stix+json;version=2.0"); code != http.StatusNotAcceptable {
		t.Error("another type:", code)
	}
	if code, _ := d.ask("ann", "POST", base+"/objects/", `{"objects":[]}`); code != http.StatusUnsupportedMediaType {
		t.Error("sent as another type:", code)
	}
	if code, _ := d.ask("ann", "DELETE", base+"/objects/"+ids[0]+"/", ""); code != http.StatusForbidden {
		t.Error("deleted:", code)
	}
	if code, _ := d.ask("bob", "GET", base+"/objects/", ""); code != http.StatusNotFound {
		t.Error("without a seat:", code)
	}
}

func TestACaseIsAnEventOfMISP(t *testing.T) {
	d := newDesk(t)
	c := d.farm()
	type event struct {
		Event struct {
			ID, UUID, Info string
			Object         []struct{ Name, UUID string }
		}
	}
	var e event
	d.must("ann", "GET", fmt.Sprintf("/misp/events/view/%d", c.Num), "", &e)
	if e.Event.Info != "Farm in Arlen" || len(e.Event.Object) != 3 || e.Event.UUID != node.EventUUID(c) {
		t.Errorf("%+v", e)
	}
	if code, _ := d.ask("bob", "GET", "/misp/events/view/"+e.Event.UUID, ""); code != http.StatusNotFound {
		t.Error("without a seat:", code)
	}
	if code, _ := d.ask("", "GET", "/misp/events/index", ""); code != http.StatusForbidden {
		t.Error("without a key:", code)
	}
	var found struct{ Response []event }
	if d.must("ann", "POST", "/misp/events/restSearch", `{"returnFormat":"json","value":"+33612345678","metadata":0}`, &found); len(found.Response) != 1 {
		t.Errorf("%+v", found)
	}
	if d.must("ann", "POST", "/misp/events/restSearch", `{"value":["nobody here"]}`, &found); len(found.Response) != 0 {
		t.Errorf("%+v", found)
	}
	const own = "dc59f357-f3ad-4a37-87ea-40de06e01aeb"
	added := `{"Event":{"uuid":"` + own + `","info":"Recruiters","Object":[{"uuid":"3a18441b-9ad6-411b-9fc1-d6cd7497358e","name":"interpol-notice","Attribute":[{"uuid":"a","type":"text","object_relation":"notice-color","value":"Silver"},{"uuid":"b","type":"last-name","object_relation":"present-family-name","value":"Beispiel"}]}]}}`
	d.must("ann", "POST", "/misp/events/add", added, &e)
	if e.Event.UUID != own || len(e.Event.Object) != 1 || e.Event.Object[0].UUID != "3a18441b-9ad6-411b-9fc1-d6cd7497358e" || e.Event.Object[0].Name != "interpol-notice" {
		t.Errorf("what was added comes back otherwise: %+v", e)
	}
	if code, text := d.ask("ann", "POST", "/misp/events/add", added); code/100 == 2 {
		t.Error("added twice:", text)
	}
	d.must("ann", "POST", "/misp/events/edit/"+own, `{"Event":{"info":"Recruiters","Object":[{"uuid":"4a18441b-9ad6-411b-9fc1-d6cd7497358e","name":"bank-account","Attribute":[{"uuid":"c","type":"bank-account-nr","object_relation":"account","value":"999"}]}]}}`, &e)
	if len(e.Event.Object) != 2 {
		t.Errorf("%+v", e)
	}
	for _, bad := range []string{"", "{", `{"Event":7}`, `[]`} {
		if code, text := d.ask("ann", "POST", "/misp/events/add", bad); code != http.StatusUnprocessableEntity {
			t.Errorf("%q: %d %s", bad, code, text)
		}
	}
	if code, text := d.ask("ann", "GET", "/misp/feeds", ""); code != http.StatusNotFound || !strings.Contains(text, "errors") {
		t.Error(code, text)
	}
}
