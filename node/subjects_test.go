package node_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tarir/audit"
	"tarir/casework"
	"tarir/handling"
	"tarir/node"
	"tarir/notice"
	"tarir/store"
)

// Whatever a node holds on a person is found, wherever it is, and what it says is not told.
func TestEverythingThatIsHeldOnAPersonIsFound(t *testing.T) {
	w := newWorld(t, map[string]handling.Kind{"NCB-AA": handling.Bureau, "BANK-FF": handling.Bank}, nil)
	ctx, n := t.Context(), w.nodes["NCB-AA"].Node
	if _, err := n.Import(ctx, who("ann"), strings.NewReader(`{"id":"w1","schema":"Person","properties":{"name":["Georgiy Demirchyan"],"phone":["+33612345678"]}}`), handling.Label{}); err != nil {
		t.Fatal(err)
	}
	c, err := n.NewCase(ctx, inform("bob"), "Farm", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.AddToCase(ctx, inform("bob"), c.ID, []node.NewEntry{
		text(casework.EntityEntry, `{"id":"p1","schema":"Person","properties":{"name":["Георгий Демирчян"]}}`),
		text(casework.NoteEntry, `{"text":"somebody else called"}`),
		text(casework.EntityEntry, `{"id":"p2","schema":"Person","properties":{"name":["Other"],"phone":["+33 6 12 34 56 78"]}}`),
	}); err != nil {
		t.Fatal(err)
	}
	l, err := n.Send(ctx, who("ann"), node.NewLetter{Kind: "message", To: []string{"BANK-FF"}, Subject: "question", Text: notice.Texts{"en": "Do you know Georgiy Demirchyan?"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.LookUp(ctx, who("ann"), question(t, "phone", "+33612345678")); err != nil {
		t.Fatal(err)
	}
	phone, err := node.NumberOf("phone", "+33 6 12 34 56 78")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.SubjectFind(ctx, node.Who{Person: "ann"}, []string{"X"}, nil); !errors.Is(err, node.ErrNotAllowed) {
		t.Error("without a purpose:", err)
	}
	if _, err := n.SubjectFind(ctx, inform("eve"), []string{"X"}, nil); !errors.Is(err, node.ErrNotAllowed) {
		t.Error("without the right:", err)
	}
	w.until("the bank has the letter", func() bool { return w.state("BANK-FF", "message", l.ID) != "" })
	got, err := n.SubjectFind(ctx, inform("ann"), []string{"Georgiy Demirchyan"}, []string{phone})
	if err != nil {
		t.Fatal(err)
	}
	at := func(kind, id string) *node.Held {
		i := slices.IndexFunc(got.Held, func(h node.Held) bool { return h.Kind == kind && h.ID == id })
		if i < 0 {
			t.Fatalf("%s %s is not found: %+v", kind, id, got.Held)
		}
		return &got.Held[i]
	}
	at("watch", "w1")
	if h := at("case", c.ID); h.Entries != 2 || !slices.Equal(h.Ask, []string{"bob"}) || h.Logged == 0 {
		t.Errorf("%+v", h)
	}
	if h := at("message", l.ID); len(h.Copies) != 1 || h.Copies[0].Recipient != "BANK-FF" {
		t.Errorf("%+v", h)
	}
	if got.Queries[phone] != 1 || !strings.Contains(got.Vault, "not searched") {
		t.Errorf("%+v", got)
	}
	if b, _ := json.Marshal(got); strings.Contains(string(b), "Demirchyan") || strings.Contains(string(b), "Farm") {
		t.Errorf("it tells what it holds: %s", b)
	}
	if got, err := n.SubjectFind(ctx, inform("ann"), []string{"Maria Fonseca"}, nil); err != nil || len(got.Held) != 0 {
		t.Errorf("%v %+v", err, got)
	}
}

func TestARequestOfAPersonStandsAmongTheTasksWithItsDeadline(t *testing.T) {
	n, ctx := alone(t, ""), t.Context()
	s, err := n.NewSubject(ctx, inform("ann"), casework.AccessRequest, "CCF/17", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	due := func() (out []store.Task) {
		t.Helper()
		tasks, err := n.Tasks(ctx, inform("ann"))
		if err != nil {
			t.Fatal(err)
		}
		return slices.DeleteFunc(tasks, func(k store.Task) bool { return k.Kind != "subject" })
	}
	if k := due(); len(k) != 1 || !k[0].Due.Equal(s.Due.Truncate(time.Microsecond)) {
		t.Errorf("%+v %v", k, s.Due)
	}
	for _, step := range []casework.SubjectStep{{To: casework.SubjectAdmissible}, {To: casework.SubjectDecided, Result: "partly", Why: "an owner denies it", Asked: []string{"NCB-BB"}}, {To: casework.SubjectTold}} {
		if _, err := n.SubjectStep(ctx, inform("ann"), s.ID, step); err != nil {
			t.Fatal(err)
		}
	}
	if k := due(); len(k) != 0 {
		t.Errorf("%+v", k)
	}
	if list, err := n.Subjects(ctx, inform("ann")); err != nil || len(list) != 1 || list[0].State != casework.SubjectTold || len(list[0].Steps) != 4 {
		t.Errorf("%v %+v", err, list)
	}
}

// What may be told is told and proven; what could warn somebody is not, and the person's part does not say that there is more.
func TestTheAnswerToAPersonTellsWhatMayBeToldAndWarnsNobody(t *testing.T) {
	n, ctx := alone(t, ""), t.Context()
	if _, err := n.Import(ctx, who("ann"), strings.NewReader(`{"id":"w1","schema":"Person","properties":{"name":["Georgiy Demirchyan"]}}`), handling.Label{}); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for range 2 {
		c, err := n.NewCase(ctx, inform("ann"), "Farm", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.AddToCase(ctx, inform("ann"), c.ID, []node.NewEntry{text(casework.EntityEntry, `{"id":"p1","schema":"Person","properties":{"name":["Георгий Демирчян"]}}`)}); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, c.ID)
	}
	if _, err := n.CaseStep(ctx, inform("ann"), ids[1], casework.CaseStep{Do: "close", Why: "over"}); err != nil {
		t.Fatal(err)
	}
	s, err := n.NewSubject(ctx, inform("ann"), casework.AccessRequest, "CCF/17", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	names, dir := []string{"Georgiy Demirchyan"}, filepath.Join(t.TempDir(), "answer")
	if _, err := n.AnswerSubject(ctx, inform("ann"), s.ID, names, nil, dir); !errors.Is(err, casework.ErrSubject) {
		t.Error("answered before it was decided:", err)
	}
	for _, step := range []casework.SubjectStep{{To: casework.SubjectAdmissible}, {To: casework.SubjectDecided, Result: "granted"}} {
		if _, err := n.SubjectStep(ctx, inform("ann"), s.ID, step); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := n.AnswerSubject(ctx, inform("eve"), s.ID, names, nil, dir); !errors.Is(err, node.ErrNotAllowed) {
		t.Error("without the right:", err)
	}
	a, err := n.AnswerSubject(ctx, inform("ann"), s.ID, names, nil, dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Told) != 2 || len(a.Withheld) != 1 || a.Withheld[0].ID != ids[0] || !a.Withheld[0].Again.After(time.Now()) {
		t.Errorf("%+v", a)
	}
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	told := read("answer.txt")
	if !strings.Contains(told, "a record that is watched for of GS") || !strings.Contains(told, "a case that is closed") || strings.Contains(told, ids[0]) || strings.Contains(told, "withheld") || strings.Contains(told, "Demirchyan") {
		t.Error(told)
	}
	// A person of whom nothing may be told gets the same sentences as one of whom nothing is held.
	h, err := n.AnswerSubject(ctx, inform("ann"), s.ID, []string{"Maria Fonseca"}, nil, filepath.Join(t.TempDir(), "nothing"))
	if err != nil || len(h.Told) != 0 || len(h.Withheld) != 0 {
		t.Errorf("%v %+v", err, h)
	}
	verifier, err := n.NoteVerifier()
	if err != nil {
		t.Fatal(err)
	}
	entries, err := audit.CheckExport(strings.NewReader(read("audit.jsonl")), "GS", verifier)
	if err != nil || entries != a.Entries || entries < 5 {
		t.Error(err, entries, a.Entries)
	}
	if _, err := audit.CheckExport(strings.NewReader(strings.Replace(read("audit.jsonl"), `"person":"ann"`, `"person":"bob"`, 1)), "GS", verifier); err == nil {
		t.Error("a log that was changed is taken for proven")
	}
	if _, err := n.AnswerSubject(ctx, inform("ann"), s.ID, names, nil, dir); err == nil {
		t.Error("an answer was written over")
	}
}
