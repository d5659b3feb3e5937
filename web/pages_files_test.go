package web_test

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tarir/exchange/register"
	"tarir/node"
)

// post sends a form with a file as a browser does, and gives the status and what comes back.
func (s *stage) post(t *testing.T, token, path string, fields map[string]string, name, file string) (int, string) {
	t.Helper()
	var b bytes.Buffer
	kind := "application/x-www-form-urlencoded"
	if name == "" {
		v := url.Values{}
		for k, x := range fields {
			v.Set(k, x)
		}
		b.WriteString(v.Encode())
	} else {
		w := multipart.NewWriter(&b)
		for k, x := range fields {
			if err := w.WriteField(k, x); err != nil {
				t.Fatal(err)
			}
		}
		part, err := w.CreateFormFile("file", name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(part, file); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		kind = w.FormDataContentType()
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.origin+path, &b)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	r.AddCookie(&http.Cookie{Name: "tarir", Value: token})
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// TestFilesThatPagesTake: attachments of a notice, the watch-list of an operation, a document of a case, the answer of a new member.
func TestFilesThatPagesTake(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(plain string) string { return plain })
	token := s.session(t, "ann")
	draft, operation := s.ids["draft"], s.ids["operation"]

	if code, text := s.post(t, token, "/notices/"+draft+"/files", nil, "warrant.pdf", "a copy"); code != http.StatusSeeOther {
		t.Fatalf("a copy of a warrant: %d\n%s", code, text)
	}
	r, err := s.n.Request(t.Context(), inform("ann"), draft)
	if err != nil || len(r.Form.Attachments) != 1 || r.Form.Attachments[0].Name != "warrant.pdf" {
		t.Errorf("attachments: %+v, %v", r.Form.Attachments, err)
	}
	if code, _ := s.post(t, token, "/notices/"+draft+"/files", map[string]string{"x": "y"}, "", ""); code != http.StatusUnprocessableEntity {
		t.Errorf("no file is taken for one: %d", code)
	}

	if code, text := s.post(t, token, "/operations/"+operation+"/watch", nil, "watch.jsonl", `{"id":"w1","schema":"Person","properties":{"name":["Ana Vigilada"],"phone":["+33600000001"]}}`+"\n"); code != http.StatusSeeOther {
		t.Errorf("a watch-list: %d\n%s", code, text)
	}
	list, err := s.n.List(t.Context(), inform("ann"), "watch", 10)
	if err != nil || len(list) != 2 {
		t.Errorf("%d records are watched, %v; want one more", len(list), err)
	}

	code, text := s.post(t, token, "/exchange/members/invite", map[string]string{"id": "NGO-1", "name": "A shelter", "kind": "ngo", "country": "fr"}, "", "")
	if code != http.StatusOK || !strings.Contains(text, "vnd.tarir.register") {
		t.Fatalf("an invitation: %d\n%s", code, text)
	}
	answer, aloud, err := node.Join(filepath.Join(t.TempDir(), "NGO"), node.Passphrase{Text: "correct horse", Work: 2}, node.Setup{URL: "nats://127.0.0.1:1", People: people}, []byte(text), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if code, _ := s.post(t, token, "/exchange/members/admit", map[string]string{"code": "AAAA-AAAA-AAAA"}, "answer.json", string(answer)); code != http.StatusUnprocessableEntity {
		t.Errorf("a member is admitted by a wrong code: %d", code)
	}
	if code, text := s.post(t, token, "/exchange/members/admit", map[string]string{"code": aloud}, "answer.json", string(answer)); code != http.StatusSeeOther {
		t.Errorf("a member is not admitted: %d\n%s", code, text)
	}
	members := need[[]*register.Member](t)(s.n.Members(t.Context(), inform("ann")))
	if len(members) != 3 {
		t.Errorf("%d members, want 3", len(members))
	}

	// What somebody else's form sends, or somebody without the right, changes nothing.
	eve := s.session(t, "eve")
	for _, path := range []string{"/notices/" + draft + "/files", "/operations/" + operation + "/watch", "/exchange/members/admit", "/cases/" + s.ids["case"] + "/documents", "/cases/" + s.ids["case"] + "/import"} {
		if code, _ := s.post(t, eve, path, nil, "x.txt", "x"); code < 400 {
			t.Errorf("%s: somebody without the right gets %d", path, code)
		}
	}
}
