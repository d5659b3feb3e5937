package web_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// FuzzInterfaces sends anything to what programs speak with. Whatever it is, the node says what is wrong with it, and does not blame itself.
func FuzzInterfaces(f *testing.F) {
	d := newDesk(f)
	c := d.farm()
	h := public(f, d.n)
	begins := []string{
		"GET /taxii2/api/collections/" + c.ID + "/objects/", "POST /taxii2/api/collections/" + c.ID + "/objects/", "GET /taxii2/api/collections/" + c.ID + "/manifest/", "GET /taxii2/",
		"POST /misp/events", "POST /misp/events/restSearch", "POST /misp/attributes/restSearch", "GET /misp/", "POST /api/v1/cases/" + c.ID + "/entries", "GET /api/v1/cases/" + c.ID + "/search",
		"POST /api/v1/cases", "GET /api/v1/", "POST /match/", "GET /search/", "GET /entities/",
	}
	for i, body := range []string{
		"", `{"objects":[{"type":"bank-account","spec_version":"2.1","id":"bank-account--1"}]}`, `{"objects":[{},null,1]}`, "", `{"Event":{"info":"x","Attribute":[{"type":"iban","value":"FR"}],"Object":[{"name":"person"}]}}`,
		`{"returnFormat":"json","value":"x","page":-1}`, `{"limit":"x"}`, "", `[{"kind":"entity","body":{"id":"p1","schema":"Person","properties":{"name":[1]}}}]`, "", `{"title":""}`, "", `{"queries":{"a":{"properties":{"name":["x"]}}}}`,
	} {
		f.Add(uint8(i), "", "limit=1&next=9&added_after=2026-01-01T00:00:00Z&match[type]=a,b", body)
	}
	f.Fuzz(func(t *testing.T, which uint8, path, query, body string) {
		method, begin, _ := strings.Cut(begins[int(which)%len(begins)], " ")
		u := &url.URL{Scheme: "http", Host: "node", Path: begin + path, RawQuery: query}
		r := httptest.NewRequestWithContext(t.Context(), method, "http://node/", strings.NewReader(body))
		r.URL = u
		r.Header.Set("Authorization", "Bearer "+d.tokens["ann"])
		r.Header.Set("Content-Type", "application/json")
		if strings.HasPrefix(begin, "/taxii2/") {
			r.Header.Set("Content-Type", "application/taxii+json;version=2.1")
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= http.StatusInternalServerError {
			t.Errorf("%s %s: %d %s", method, u, w.Code, w.Body)
		}
		if strings.Contains(w.Header().Get("Content-Type"), "json") && !strings.Contains(w.Header().Get("Content-Type"), "lines") && w.Body.Len() > 0 {
			var v any
			if err := json.NewDecoder(w.Body).Decode(&v); err != nil {
				t.Errorf("%s %s: no JSON: %v", method, u, err)
			}
		}
	})
}
