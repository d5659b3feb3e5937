package web_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tarir/exchange/register"
	"tarir/node"
)

// TestFilesThatPagesTake: attachments of a notice, the watch-list of an operation, a document of a case, the answer of a new member.
func TestFilesThatPagesTake(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(plain string) string { return plain })
	ann := s.as(t, "ann", "en")
	draft, operation := s.ids["draft"], s.ids["operation"]

	ann.done(ann.send("/notices/"+draft+"/files", "warrant.pdf", []byte("a copy")))
	r, err := s.n.Request(t.Context(), inform("ann"), draft)
	if err != nil || len(r.Form.Attachments) != 1 || r.Form.Attachments[0].Name != "warrant.pdf" {
		t.Errorf("attachments: %+v, %v", r.Form.Attachments, err)
	}
	if got := ann.post("/notices/"+draft+"/files", "x", "y"); got.code != http.StatusUnprocessableEntity {
		t.Errorf("no file is taken for one: %d", got.code)
	}

	ann.done(ann.send("/operations/"+operation+"/watch", "watch.jsonl", []byte(`{"id":"w1","schema":"Person","properties":{"name":["Ana Vigilada"],"phone":["+33600000001"]}}`+"\n")))
	list, err := s.n.List(t.Context(), inform("ann"), "watch", 10)
	if err != nil || len(list) != 2 {
		t.Errorf("%d records are watched, %v; want one more", len(list), err)
	}

	invited := ann.post("/exchange/members/invite", "id", "NGO-1", "name", "A shelter", "kind", "ngo", "country", "fr")
	if invited.code != http.StatusOK || !strings.Contains(string(invited.body), "vnd.tarir.register") {
		t.Fatalf("an invitation: %d\n%s", invited.code, invited.body)
	}
	answer, aloud, err := node.Join(filepath.Join(t.TempDir(), "NGO"), node.Passphrase{Text: "correct horse", Work: 2}, node.Setup{URL: "nats://127.0.0.1:1", People: people}, invited.body, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if got := ann.send("/exchange/members/admit", "answer.json", answer, "code", "AAAA-AAAA-AAAA"); got.code != http.StatusUnprocessableEntity {
		t.Errorf("a member is admitted by a wrong code: %d", got.code)
	}
	ann.done(ann.send("/exchange/members/admit", "answer.json", answer, "code", aloud))
	members := need[[]*register.Member](t)(s.n.Members(t.Context(), inform("ann")))
	if len(members) != 3 {
		t.Errorf("%d members, want 3", len(members))
	}

	// What somebody else's form sends, or somebody without the right, changes nothing.
	eve := s.as(t, "eve", "en")
	for _, path := range []string{"/notices/" + draft + "/files", "/operations/" + operation + "/watch", "/exchange/members/admit", "/cases/" + s.ids["case"] + "/documents", "/cases/" + s.ids["case"] + "/import"} {
		if got := eve.send(path, "x.txt", []byte("x")); got.code < 400 {
			t.Errorf("%s: somebody without the right gets %d", path, got.code)
		}
	}
}
