package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"tarir/match"
)

// screen starts the screening API over an index with a few records.
func screen(t *testing.T, src match.Source, records ...match.Record) *httptest.Server {
	t.Helper()
	x, err := match.Open(t.TempDir(), true, func() time.Time { return time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC) })
	if err != nil {
		t.Fatal(err)
	}
	if len(records) > 0 {
		if _, err := x.Put(context.Background(), src, records); err != nil {
			t.Fatal(err)
		}
	}
	s := httptest.NewServer(Lists(x))
	t.Cleanup(s.Close)
	return s
}

var (
	ana   = match.Record{ID: "t-1", Schema: "Person", Names: []string{"Ana Exemplar", "Анна Экземпляр"}, Births: []match.Date{{Year: 1971, Month: 2, Day: 3}}, Countries: []string{"MD"}, Sex: "F", Selectors: []string{"document:MD:A123456"}, Doc: `{"id":"t-1","schema":"Person","properties":{"name":["Ana Exemplar"],"nationality":["md"],"topics":["sanction"]}}`}
	star  = match.Record{ID: "t-2", Schema: "Vessel", Names: []string{"Example Star"}, Doc: `{"id":"t-2","schema":"Vessel","properties":{"name":["Example Star"]}}`}
	whole = match.Source{Name: "test", Title: "A test", Licence: "none", Whole: true}
)

func call(t *testing.T, method, url, body string) (int, map[string]any) {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return resp.StatusCode, out
}

// at follows a path of keys and numbers.
func at(v any, path ...any) any {
	for _, p := range path {
		switch k := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[k]
		case int:
			l, _ := v.([]any)
			if k >= len(l) {
				return nil
			}
			v = l[k]
		}
	}
	return v
}

// The shapes are those of yente 4 and 5, as their clients read them.
func TestClientsOfYenteWorkUnchanged(t *testing.T) {
	s := screen(t, whole, ana, star)
	status, got := call(t, "POST", s.URL+"/match/default?limit=3&threshold=0.8&algorithm=logic-v2", `{"queries":{
		"a":{"id":"mine","schema":"Person","properties":{"name":["Anna Ekzemplar"],"birthDate":["1971"],"country":"Moldova"}},
		"b":{"schema":"Vessel","properties":{"name":"Example Star"}},
		"c":{"schema":"Company","properties":{"name":["Nobody Knows Ltd"]}}},"weights":{},"config":{}}`)
	if status != 200 {
		t.Fatal(status, got)
	}
	for _, c := range []struct {
		want any
		path []any
	}{
		{float64(3), []any{"limit"}},
		{float64(200), []any{"responses", "a", "status"}},
		{"mine", []any{"responses", "a", "query", "id"}},
		{"md", []any{"responses", "a", "query", "properties", "country", 0}},
		{"t-1", []any{"responses", "a", "results", 0, "id"}},
		{"Ana Exemplar", []any{"responses", "a", "results", 0, "caption"}},
		{"Person", []any{"responses", "a", "results", 0, "schema"}},
		{"test", []any{"responses", "a", "results", 0, "datasets", 0}},
		{true, []any{"responses", "a", "results", 0, "match"}},
		{float64(1), []any{"responses", "a", "total", "value"}},
		{"eq", []any{"responses", "a", "total", "relation"}},
		{"t-2", []any{"responses", "b", "results", 0, "id"}},
		{float64(0), []any{"responses", "c", "total", "value"}},
		{"complete", []any{"responses", "c", "index_state"}},
	} {
		if v := at(got, c.path...); v != c.want {
			t.Errorf("%v is %v, want %v", c.path, v, c.want)
		}
	}
	if f, _ := at(got, "responses", "a", "results", 0, "features", "name").(float64); f < 0.7 {
		t.Errorf("features: %v", at(got, "responses", "a", "results", 0))
	}
	status, got = call(t, "GET", s.URL+"/search/default?q=exemplar&countries=md&limit=5", "")
	if status != 200 || at(got, "results", 0, "id") != "t-1" || at(got, "total", "value") != float64(1) || at(got, "facets", "countries", "values", 0, "label") != "Moldova" || at(got, "facets", "topics", "values", 0, "name") != "sanction" {
		t.Error(status, got)
	}
	if status, got = call(t, "GET", s.URL+"/entities/t-1", ""); status != 200 || at(got, "properties", "name", 0) != "Ana Exemplar" {
		t.Error(status, got)
	}
	if status, got = call(t, "GET", s.URL+"/catalog", ""); status != 200 || at(got, "datasets", 0, "name") != "test" || at(got, "current", 0) != "test" || at(got, "index_stale") != false {
		t.Error(status, got)
	}
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/algorithms": 200, "/entities/none": 404, "/search/none?q=x": 404} {
		if status, got := call(t, "GET", s.URL+path, ""); status != want {
			t.Error(path, status, got)
		}
	}
}

// What cannot be looked for is refused with the field's name; it is never "not known".
func TestWhatIsWronglyAskedIsRefusedWithItsField(t *testing.T) {
	s := screen(t, whole, ana)
	long := strings.Repeat("a", 10<<10)
	for body, want := range map[string]struct {
		status int
		text   string
	}{
		`{"queries":{"q":{"properties":{"name":"Ana"}}}}`:                                             {422, "queries.q.schema"},
		`{"queries":{"q":{"schema":"Xxx","properties":{"name":"Ana"}}}}`:                              {400, "queries.q.schema"},
		`{"queries":{"q":{"schema":"Person","properties":{"nmae":"Ana"}}}}`:                           {400, "properties.nmae"},
		`{"queries":{"q":{"schema":"Person","properties":{"name":"Ana","birthDate":"1970-00-00"}}}}`:  {400, "properties.birthDate"},
		`{"queries":{"q":{"schema":"Person","properties":{"name":"Ana","birthDate":"around 1985"}}}}`: {400, "properties.birthDate"},
		`{"queries":{"q":{"schema":"Person","properties":{"name":""}}}}`:                              {400, "properties"},
		`{"queries":{"q":{"schema":"Person","properties":{"name":"--"}}}}`:                            {400, "properties.name"},
		`{"queries":{"q":{"schema":"Person","properties":{"name":"` + long + `"}}}}`:                  {400, "properties.name"},
		`{"queries":{"q":{"schema":"Person","properties":{"name":"Ana","nationality":"Atlantis"}}}}`:  {400, "properties.nationality"},
		`{"queries":{"q":{"schema":"Person","properties":{"name":{"a":1}}}}}`:                         {400, "properties.name"},
		`{"queries":{"q":{"schema":"Person","properties":{"notes":["tall"]}}}}`:                       {400, "properties"},
		`{"queries":{"q":{"schema":5,"properties":{"name":"Ana"}}}}`:                                  {422, "queries.q.schema"},
		`{"queries":{"q":{"schema":"Person","properties":["Ana"]}}}`:                                  {422, "queries.q.properties"},
		`{"queries":{"q":{"schema":"Person","properties":{"name":["Ana",["Eva"]]}}}}`:                 {400, "queries.q.properties.name"},
		`{"queries":{"q":{"schema":"Person","properties":{"name":"Ana","name":"Eva"}}}}`:              {422, "name"},
		`{"queries":{"q":{"schema":"Person","properties":{"name":"` + "\xff" + `"}}}}`:                {422, "body"},
		`{"queries":{}}`: {400, "No queries"},
		`{"queries":`:    {422, "body"},
		`[]`:             {422, "body"},
	} {
		status, got := call(t, "POST", s.URL+"/match/default", body)
		if detail, _ := got["detail"].(string); status != want.status || !strings.Contains(detail, want.text) {
			t.Errorf("%.90s: %d %v, want %d %s", body, status, got, want.status, want.text)
		}
	}
	for query, want := range map[string]string{"limit=x": "limit", "limit=501": "limit", "threshold=2": "threshold", "exclude_schema=Xxx": "exclude_schema"} {
		status, got := call(t, "POST", s.URL+"/match/default?"+query, `{"queries":{"q":{"schema":"Person","properties":{"name":"Ana"}}}}`)
		if detail, _ := got["detail"].(string); status != 400 || !strings.Contains(detail, want) {
			t.Errorf("%s: %d %v", query, status, got)
		}
	}
	many := &bytes.Buffer{}
	for i := range mostQueries + 1 {
		fmt.Fprintf(many, `,"q%d":{"schema":"Person","properties":{"name":"Ana"}}`, i)
	}
	if status, got := call(t, "POST", s.URL+"/match/default", `{"queries":{`+many.String()[1:]+`}}`); status != 400 {
		t.Error(status, got)
	}
}

func TestNotKnownIsOnlySaidOfAWholeIndex(t *testing.T) {
	stranger := `{"queries":{"q":{"schema":"Person","properties":{"name":"Nobody Knows"}}}}`
	for name, s := range map[string]*httptest.Server{"empty": screen(t, whole), "loading": screen(t, match.Source{Name: "test"}, ana)} {
		if status, got := call(t, "POST", s.URL+"/match/default", stranger); status != 503 || !strings.Contains(fmt.Sprint(got["detail"]), name) {
			t.Errorf("%s: %d %v", name, status, got)
		}
		if status, _ := call(t, "GET", s.URL+"/readyz", ""); status != 503 {
			t.Errorf("%s: ready %d", name, status)
		}
	}
	// What is known is told all the same.
	s := screen(t, match.Source{Name: "test"}, ana)
	if status, got := call(t, "POST", s.URL+"/match/default", `{"queries":{"q":{"schema":"Person","properties":{"name":"Ana Exemplar"}}}}`); status != 200 || at(got, "responses", "q", "index_state") != "loading" {
		t.Error(status, got)
	}
}

func TestDatasetsAndSchemasAreChosen(t *testing.T) {
	s := screen(t, whole, ana, star)
	ask := `{"queries":{"q":{"schema":"Thing","properties":{"name":"Ana Exemplar"}}}}`
	ids := func(query string) []string {
		status, got := call(t, "POST", s.URL+"/match/default?"+query, ask)
		if status != 200 {
			t.Fatal(query, status, got)
		}
		var out []string
		list, _ := at(got, "responses", "q", "results").([]any)
		for _, e := range list {
			out = append(out, fmt.Sprint(at(e, "id")))
		}
		return out
	}
	for query, want := range map[string][]string{"": {"t-1"}, "include_dataset=test": {"t-1"}, "include_dataset=other": nil, "exclude_dataset=test": nil, "exclude_schema=Person": nil, "exclude_schema=Vessel": {"t-1"}, "exclude_entity_ids=t-1": nil} {
		if got := ids(query); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
}

// What has no name of its own is called by its number.
func TestAWalletIsFoundAndCalledByItsAddress(t *testing.T) {
	wallet := match.Record{ID: "t-w", Schema: "CryptoWallet", Selectors: []string{"wallet:btc:1BoatSLRHtKNngkdXEeobR76b53LETtpyT"}, Doc: `{"id":"t-w","schema":"CryptoWallet","properties":{"publicKey":["1BoatSLRHtKNngkdXEeobR76b53LETtpyT"],"holder":["t-1"]}}`}
	s := screen(t, whole, ana, wallet)
	status, got := call(t, "POST", s.URL+"/match/default", `{"queries":{"q":{"schema":"CryptoWallet","properties":{"publicKey":"1BoatSLRHtKNngkdXEeobR76b53LETtpyT"}}}}`)
	list, _ := at(got, "responses", "q", "results").([]any)
	if status != 200 || len(list) != 1 || at(list[0], "id") != "t-w" || at(list[0], "caption") != "1BoatSLRHtKNngkdXEeobR76b53LETtpyT" || at(list[0], "match") != true {
		t.Error(status, got)
	}
}

func FuzzMatch(f *testing.F) {
	x, err := match.Open(f.TempDir(), true, time.Now)
	if err != nil {
		f.Fatal(err)
	}
	if _, err := x.Put(context.Background(), whole, []match.Record{ana, star}); err != nil {
		f.Fatal(err)
	}
	h := Lists(x)
	f.Add(`{"queries":{"a":{"schema":"Person","properties":{"name":["Ana"],"birthDate":["1971"],"country":"md"}}}}`)
	f.Add(`{"queries":{"a":null,"b":{"schema":"Thing","properties":{"name":[null,1,true]}}}}`)
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest("POST", "/match/default", strings.NewReader(body))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= 500 || !json.Valid(w.Body.Bytes()) {
			t.Fatal(w.Code, w.Body.String())
		}
	})
}
