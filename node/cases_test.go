package node_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tarir/audit"
	"tarir/casework"
	"tarir/handling"
	"tarir/node"
	"tarir/store"
	"tarir/store/storetest"
)

// inform is a person who works on cases.
func inform(person string) node.Who {
	return node.Who{Person: person, Purpose: handling.Inform, LegalBasis: "Police act 12", Reason: "because"}
}

// alone is the secretariat's node, without members.
func alone(t testing.TB, dsn string) *node.Node {
	n, _ := aloneIn(t, dsn)
	return n
}

func aloneIn(t testing.TB, dsn string) (n *node.Node, attachments string) {
	w := newWorld(t, nil, func(string) string { return dsn })
	return w.nodes["GS"].Node, filepath.Join(w.dir, "GS", "attachments")
}

func text(kind casework.EntryKind, body string) node.NewEntry {
	return node.NewEntry{Kind: kind, Body: json.RawMessage(body)}
}

func TestACaseFromItsOpeningToItsEnd(t *testing.T) {
	storetest.Each(t, func(t *testing.T, dsn string) {
		n, ctx := alone(t, dsn), t.Context()
		if _, err := n.NewCase(ctx, node.Who{Person: "ann"}, "Farm", nil); !errors.Is(err, casework.ErrCase) {
			t.Fatal("a case without a purpose:", err)
		}
		if _, err := n.NewCase(ctx, inform("eve"), "Farm", nil); !errors.Is(err, node.ErrNotAllowed) {
			t.Fatal("who may only read opened a case:", err)
		}
		c, err := n.NewCase(ctx, inform("ann"), "Farm", []casework.Ref{{Kind: "network", ID: "n1"}})
		if err != nil {
			t.Fatal(err)
		}
		put, err := n.AddToCase(ctx, inform("ann"), c.ID, []node.NewEntry{
			text(casework.EntityEntry, `{"id":"p1","schema":"Person","properties":{"name":["Георгий Демирчян"],"phone":["+33 6 12 34 56 78"]}}`),
			text(casework.PaymentEntry, `{"reference":"W1","time":"2026-02-01T10:00:00+01:00","from":"BANKAAXX/1","to":"BANKBBXX/2","amount":"10.00","currency":"EUR"}`),
			text(casework.TaskEntry, `{"what":"ask the bank","who":"bob","due":"2026-04-01T00:00:00Z"}`),
			text(casework.DecisionEntry, `{"what":"no arrest yet","why":"victims first"}`),
			text(casework.VictimEntry, `{"pseudonym":"V-7KQ2-M4XP","status":"presumed","age_group":"12-17"}`),
		})
		if err != nil || len(put) != 5 || !put[4].Minor {
			t.Fatal(err, put)
		}
		tasks, err := n.Tasks(ctx, inform("ann"))
		if err != nil || !slices.ContainsFunc(tasks, func(k store.Task) bool { return k.Kind == "safeguard" && k.Subject == "case/"+c.ID }) {
			t.Error("no safeguard for a minor:", tasks, err)
		}
		v, err := n.Case(ctx, inform("ann"), c.ID)
		if err != nil || v.Case.Counts[casework.EntityEntry] != 1 || len(v.Due) != 1 || len(v.Latest) != 5 {
			t.Fatalf("%v %+v", err, v)
		}
		f, err := n.SearchCase(ctx, inform("ann"), c.ID, "Demirchian Georg", 10)
		if err != nil || len(f.Entries) != 1 || f.Entries[0].ID != "p1" {
			t.Errorf("%v %+v", err, f)
		}
		if f, err := n.SearchCase(ctx, inform("ann"), c.ID, "phone:+33612345678", 10); err != nil || len(f.Entries) != 1 {
			t.Errorf("%v %+v", err, f)
		}
		// The task is done: its deadline is gone, and what stood there before stays.
		e, err := n.ChangeEntry(ctx, inform("ann"), c.ID, put[2].Seq, 1, json.RawMessage(`{"what":"ask the bank","who":"bob","due":"2026-04-01T00:00:00Z","done":"2026-03-20T00:00:00Z","how":"asked"}`))
		if err != nil || e.Version != 2 {
			t.Fatal(err, e)
		}
		if v, _ := n.Case(ctx, inform("ann"), c.ID); len(v.Due) != 0 {
			t.Errorf("%+v", v.Due)
		}
		if h, err := n.History(ctx, inform("ann"), c.ID, put[2].Seq); err != nil || len(h) != 2 || strings.Contains(string(h[0].Body), "asked") || !strings.Contains(string(h[1].Body), "asked") {
			t.Errorf("%v %+v", err, h)
		}
		if _, err := n.ChangeEntry(ctx, inform("ann"), c.ID, put[2].Seq, 1, json.RawMessage(`{"what":"lost","who":"bob","due":"2026-04-01T00:00:00Z"}`)); !errors.Is(err, casework.ErrChanged) {
			t.Error("an update was lost:", err)
		}
		if _, err := n.ChangeEntry(ctx, inform("ann"), c.ID, put[3].Seq, 1, json.RawMessage(`{"what":"arrest","why":"now"}`)); !errors.Is(err, casework.ErrEntry) {
			t.Error("a decision was rewritten:", err)
		}
		if _, err := n.CaseStep(ctx, inform("ann"), c.ID, casework.CaseStep{Do: "close", Why: "charged"}); err != nil {
			t.Fatal(err)
		}
		if _, err := n.AddToCase(ctx, inform("ann"), c.ID, []node.NewEntry{text(casework.NoteEntry, `{"text":"late"}`)}); !errors.Is(err, casework.ErrCase) {
			t.Error("something was put into a closed case:", err)
		}
	})
}

// Whoever has no seat does not see a case, by whichever way they ask; every refusal stands in the audit log.
func TestACaseIsClosedToWhoeverHasNoSeat(t *testing.T) {
	n, attachments := aloneIn(t, "")
	ctx := t.Context()
	c, err := n.NewCase(ctx, inform("ann"), "Farm", nil)
	if err != nil {
		t.Fatal(err)
	}
	put, err := n.AddToCase(ctx, inform("ann"), c.ID, []node.NewEntry{text(casework.NoteEntry, `{"text":"secret van"}`)})
	if err != nil {
		t.Fatal(err)
	}
	doc := filepath.Join(t.TempDir(), "lease.txt")
	if err := os.WriteFile(doc, []byte("lease of a house"), 0o600); err != nil {
		t.Fatal(err)
	}
	ways := map[string]func(w node.Who) error{
		"show":     func(w node.Who) error { _, err := n.Case(ctx, w, c.ID); return err },
		"entries":  func(w node.Who) error { _, err := n.Entries(ctx, w, c.ID, "", 0, 10); return err },
		"timeline": func(w node.Who) error { _, err := n.Timeline(ctx, w, c.ID, time.Time{}, time.Time{}, 10); return err },
		"history":  func(w node.Who) error { _, err := n.History(ctx, w, c.ID, put[0].Seq); return err },
		"search":   func(w node.Who) error { _, err := n.SearchCase(ctx, w, c.ID, "van", 10); return err },
		"links":    func(w node.Who) error { _, err := n.CaseLinks(ctx, w, c.ID); return err },
		"add": func(w node.Who) error {
			_, err := n.AddToCase(ctx, w, c.ID, []node.NewEntry{text(casework.NoteEntry, `{"text":"x"}`)})
			return err
		},
		"import": func(w node.Who) error {
			_, err := n.ImportIntoCase(ctx, w, c.ID, casework.NoteEntry, strings.NewReader(`{"text":"y"}`))
			return err
		},
		"change": func(w node.Who) error {
			_, err := n.ChangeEntry(ctx, w, c.ID, put[0].Seq, 1, json.RawMessage(`{"text":"z"}`))
			return err
		},
		"remove": func(w node.Who) error { return n.RemoveEntry(ctx, w, c.ID, put[0].Seq) },
		"attach": func(w node.Who) error {
			_, err := n.AddDocument(ctx, w, c.ID, node.File{Path: doc}, casework.Document{})
			return err
		},
		"document": func(w node.Who) error { return n.ReadDocument(ctx, w, c.ID, put[0].Seq, &bytes.Buffer{}) },
		"seat": func(w node.Who) error {
			_, err := n.CaseStep(ctx, w, c.ID, casework.CaseStep{Do: "seat", Person: w.Person, Seat: casework.Leads})
			return err
		},
		"close": func(w node.Who) error {
			_, err := n.CaseStep(ctx, w, c.ID, casework.CaseStep{Do: "close", Why: "x"})
			return err
		},
		"split": func(w node.Who) error { _, err := n.SplitCase(ctx, w, c.ID, "t", []int64{put[0].Seq}); return err },
		"merge": func(w node.Who) error { _, err := n.MergeCases(ctx, w, c.ID, c.ID); return err },
		"open":  func(w node.Who) error { _, err := n.Open(ctx, w, "case", c.ID); return err },
	}
	for name, way := range ways {
		if err := way(inform("bob")); err == nil {
			t.Errorf("bob, who has no seat: %s", name)
		} else if strings.Contains(err.Error(), "van") || strings.Contains(err.Error(), "Farm") {
			t.Errorf("%s: the error tells of the case: %v", name, err)
		}
	}
	if list, err := n.List(ctx, inform("bob"), "case", 10); err != nil || len(list) != 0 {
		t.Error("listed:", list, err)
	}
	if list, err := n.Cases(ctx, inform("bob")); err != nil || len(list) != 0 {
		t.Error("listed:", list, err)
	}
	refused := 0
	if err := n.Audit(ctx, inform("ann"), audit.Filter{Person: "bob"}, func(_ int64, e *audit.Entry) error {
		if e.Result == "refused" && slices.Contains(e.Reasons, "seat") {
			refused++
		}
		return nil
	}); err != nil || refused < len(ways)-2 {
		t.Errorf("%d refusals in the log, %v", refused, err)
	}
	// With a seat to read, reading is all.
	if _, err := n.CaseStep(ctx, inform("ann"), c.ID, casework.CaseStep{Do: "seat", Person: "bob", Seat: casework.Reads}); err != nil {
		t.Fatal(err)
	}
	may := []string{"show", "entries", "timeline", "history", "search", "links"}
	for name, way := range ways {
		if err := way(inform("bob")); (err == nil) != slices.Contains(may, name) {
			t.Errorf("bob, who reads: %s: %v", name, err)
		}
	}
	if left, _ := os.ReadDir(attachments); len(left) != 0 {
		t.Error("a document that was refused stayed on the disk:", left)
	}
}

func TestADocumentIsSealedAndKnownByWhatItSays(t *testing.T) {
	n, attachments := aloneIn(t, "")
	ctx := t.Context()
	c, err := n.NewCase(ctx, inform("ann"), "Farm", nil)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "lease.txt")
	if err := os.WriteFile(path, []byte("lease of a house"), 0o600); err != nil {
		t.Fatal(err)
	}
	first, err := n.AddDocument(ctx, inform("ann"), c.ID, node.File{Path: path}, casework.Document{Text: "house in the north"})
	if err != nil || first.Was != "new" {
		t.Fatal(err, first)
	}
	again, err := n.AddDocument(ctx, inform("ann"), c.ID, node.File{Path: path, Name: "copy.txt"}, casework.Document{})
	if err != nil || again.Was != "same" || again.Seq != first.Seq {
		t.Error(err, again)
	}
	files, err := os.ReadDir(attachments)
	if err != nil || len(files) != 1 {
		t.Fatal(err, files)
	}
	sealed := filepath.Join(attachments, files[0].Name())
	if b, _ := os.ReadFile(sealed); bytes.Contains(b, []byte("lease")) {
		t.Error("the document lies open on the disk")
	}
	var got bytes.Buffer
	if err := n.ReadDocument(ctx, inform("ann"), c.ID, first.Seq, &got); err != nil || got.String() != "lease of a house" {
		t.Error(err, got.String())
	}
	if f, err := n.SearchCase(ctx, inform("ann"), c.ID, "north", 5); err != nil || len(f.Entries) != 1 || strings.Contains(string(f.Entries[0].Body), "key") {
		t.Errorf("not found, or with its key: %v %+v", err, f)
	}
	if err := n.RemoveEntry(ctx, inform("ann"), c.ID, first.Seq); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(sealed); err == nil {
		t.Error("the document was taken out, and its file is still there")
	}
}

func TestCasesThatShareANumberAreProposed(t *testing.T) {
	n, ctx := alone(t, ""), t.Context()
	open := func(person string, entries ...string) *casework.Case {
		t.Helper()
		c, err := n.NewCase(ctx, inform(person), "Case of "+person, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if _, err := n.AddToCase(ctx, inform(person), c.ID, []node.NewEntry{text(casework.EntityEntry, e)}); err != nil {
				t.Fatal(err)
			}
		}
		return c
	}
	phone := func(id, number string) string {
		return fmt.Sprintf(`{"id":%q,"schema":"Person","properties":{"name":["N %s"],"phone":[%q]}}`, id, id, number)
	}
	mine := open("ann", phone("a", "+33612345678"), phone("b", "+33612345679"))
	other := open("bob", phone("x", "06 12 34 56 78 99"), phone("y", "+33612345678"))
	open("ann", phone("z", "+33699999999"))
	links, err := n.CaseLinks(ctx, inform("ann"), mine.ID)
	if err != nil || len(links.Links) != 1 {
		t.Fatalf("%v %+v", err, links)
	}
	l := links.Links[0]
	if l.Case != "" || l.Title != "" || !slices.Equal(l.Ask, []string{"bob"}) || !slices.Equal(l.Shared, []string{"phone:+33612345678"}) {
		t.Errorf("of a case in which ann has no seat: %+v", l)
	}
	if _, err := n.CaseStep(ctx, inform("bob"), other.ID, casework.CaseStep{Do: "seat", Person: "ann", Seat: casework.Reads}); err != nil {
		t.Fatal(err)
	}
	if links, err := n.CaseLinks(ctx, inform("ann"), mine.ID); err != nil || links.Links[0].Case != other.ID {
		t.Errorf("%v %+v", err, links)
	}
	// What nobody in the case has any more links it to nothing.
	e, err := n.Entries(ctx, inform("bob"), other.ID, casework.EntityEntry, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.RemoveEntry(ctx, inform("bob"), other.ID, e[1].Seq); err != nil {
		t.Fatal(err)
	}
	if links, err := n.CaseLinks(ctx, inform("ann"), mine.ID); err != nil || len(links.Links) != 0 {
		t.Errorf("%v %+v", err, links)
	}
}

// What was merged and taken apart again is what it was.
func TestUndoingAMergeLeavesNothingOfIt(t *testing.T) {
	storetest.Each(t, func(t *testing.T, dsn string) {
		n, ctx := alone(t, dsn), t.Context()
		var cases []*casework.Case
		for i, p := range []string{"+33612345678", "+33612345679", "+33612345670"} {
			c, err := n.NewCase(ctx, inform("ann"), fmt.Sprint("Case ", i), nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := n.AddToCase(ctx, inform("ann"), c.ID, []node.NewEntry{
				text(casework.EntityEntry, fmt.Sprintf(`{"id":"same","schema":"Person","properties":{"name":["Person %d"],"phone":[%q,"+33600000000"]}}`, i, p)),
				text(casework.NoteEntry, `{"text":"a note"}`),
			}); err != nil {
				t.Fatal(err)
			}
			cases = append(cases, c)
		}
		state := func() string {
			var out []string
			for _, c := range cases {
				e, err := n.Entries(ctx, inform("ann"), c.ID, "", 0, 100)
				if err != nil {
					t.Fatal(err)
				}
				v, err := n.Case(ctx, inform("ann"), c.ID)
				if err != nil {
					t.Fatal(err)
				}
				links, err := n.CaseLinks(ctx, inform("ann"), c.ID)
				if err != nil {
					t.Fatal(err)
				}
				f, err := n.SearchCase(ctx, inform("ann"), c.ID, "person", 10)
				if err != nil {
					t.Fatal(err)
				}
				b, _ := json.Marshal([]any{e, v.Case.Counts, v.Case.Merged, v.Case.State, links, f})
				out = append(out, string(b))
			}
			return strings.Join(out, "\n")
		}
		before := state()
		// The third into the second, and both into the first.
		if _, err := n.MergeCases(ctx, inform("ann"), cases[2].ID, cases[1].ID); err != nil {
			t.Fatal(err)
		}
		between := state()
		if _, err := n.MergeCases(ctx, inform("ann"), cases[1].ID, cases[0].ID); err != nil {
			t.Fatal(err)
		}
		if e, err := n.Entries(ctx, inform("ann"), cases[0].ID, "", 0, 100); err != nil || len(e) != 6 {
			t.Errorf("%v %d", err, len(e))
		}
		if _, err := n.UnmergeCases(ctx, inform("ann"), cases[1].ID, cases[0].ID); err != nil {
			t.Fatal(err)
		}
		if got := state(); got != between {
			t.Errorf("\n%s\nis not\n%s", got, between)
		}
		if _, err := n.UnmergeCases(ctx, inform("ann"), cases[2].ID, cases[1].ID); err != nil {
			t.Fatal(err)
		}
		if got := state(); got != before {
			t.Errorf("\n%s\nis not\n%s", got, before)
		}
	})
}

func TestManyWriteIntoACaseAtOnceAndNothingIsLost(t *testing.T) {
	storetest.Each(t, func(t *testing.T, dsn string) {
		n, ctx := alone(t, dsn), t.Context()
		c, err := n.NewCase(ctx, inform("ann"), "Farm", nil)
		if err != nil {
			t.Fatal(err)
		}
		put, err := n.AddToCase(ctx, inform("ann"), c.ID, []node.NewEntry{text(casework.NoteEntry, `{"text":"0"}`)})
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		var mu sync.Mutex
		changed := 0
		for i := range 4 {
			all.Go(func() {
				for k := range 8 {
					if _, err := n.AddToCase(ctx, inform("ann"), c.ID, []node.NewEntry{text(casework.NoteEntry, fmt.Sprintf(`{"text":"note %d %d"}`, i, k))}); err != nil {
						t.Error(err)
					}
					h, err := n.History(ctx, inform("ann"), c.ID, put[0].Seq)
					if err != nil {
						t.Error(err)
						return
					}
					last := h[len(h)-1]
					_, err = n.ChangeEntry(ctx, inform("ann"), c.ID, last.Seq, last.Version, json.RawMessage(fmt.Sprintf(`{"text":"%d %d"}`, i, k)))
					switch {
					case err == nil:
						mu.Lock()
						changed++
						mu.Unlock()
					case !errors.Is(err, casework.ErrChanged):
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		v, err := n.Case(ctx, inform("ann"), c.ID)
		if err != nil || v.Case.Counts[casework.NoteEntry] != 33 {
			t.Errorf("%v %+v", err, v.Case)
		}
		if h, err := n.History(ctx, inform("ann"), c.ID, put[0].Seq); err != nil || len(h) != changed+1 {
			t.Errorf("%d changes, and %d of them kept: %v", changed, len(h)-1, err)
		}
	})
}

func TestReadingAFileIntoACaseTwiceChangesNothing(t *testing.T) {
	n, ctx := alone(t, ""), t.Context()
	c, err := n.NewCase(ctx, inform("ann"), "Farm", nil)
	if err != nil {
		t.Fatal(err)
	}
	file := `{"id":"a","schema":"Person","properties":{"name":["A"]}}
{"id":"b","schema":"Person","properties":{"name":["B"]}}

not JSON
{"id":"b","schema":"Person","properties":{"name":["B"],"email":["b@example.org"]}}
{"id":"b","schema":"Person","properties":{"name":["B"],"email":["b@example.org"]}}
`
	got, err := n.ImportIntoCase(ctx, inform("ann"), c.ID, casework.EntityEntry, strings.NewReader(file))
	if err != nil || got.Read != 5 || got.New != 2 || got.Changed != 1 || got.Same != 1 || len(got.Rejected) != 1 || got.Rejected[0].Line != 4 {
		t.Errorf("%v %+v", err, got)
	}
	v, _ := n.Case(ctx, inform("ann"), c.ID)
	if v.Case.Counts[casework.EntityEntry] != 2 {
		t.Errorf("%+v", v.Case)
	}
}

func TestAssetsOfACaseAndWhatIsDoneAboutThem(t *testing.T) {
	w := newWorld(t, nil, nil)
	n, ctx := w.nodes["GS"].Node, t.Context()
	c, err := n.NewCase(ctx, inform("ann"), "Farm", nil)
	if err != nil {
		t.Fatal(err)
	}
	other, err := n.NewCase(ctx, inform("ann"), "Other", nil)
	if err != nil {
		t.Fatal(err)
	}
	account := text(casework.AssetEntry, `{"id":"a1","kind":"account","identifier":"BANKFFXX/9","value":"1000.00","currency":"USD","as_of":"2026-02-28T00:00:00Z","source":"the bank","link":"fees of travellers rest here"}`)
	put, err := n.AddToCase(ctx, inform("ann"), c.ID, []node.NewEntry{
		account,
		text(casework.PaymentEntry, `{"reference":"W1","time":"2026-02-01T10:00:00+01:00","from":"BANKAAXX/1","to":"BANKFFXX/9","amount":"700.00","currency":"USD"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.AddToCase(ctx, inform("ann"), other.ID, []node.NewEntry{account}); err != nil {
		t.Fatal(err)
	}
	seq := put[0].Seq
	if f, err := n.StopFor(ctx, inform("ann"), c.ID, seq); err != nil || f.Amount != "1000.00" || len(f.Payments) != 1 || f.Payments[0].Reference != "W1" {
		t.Errorf("%v %+v", err, f)
	}
	if _, err := n.MoveAsset(ctx, inform("ann"), c.ID, seq, 0, casework.AssetMove{From: casework.Located, To: casework.Frozen, Amount: "400"}); !errors.Is(err, casework.ErrAsset) {
		t.Error("frozen by nobody:", err)
	}
	if _, err := n.MoveAsset(ctx, inform("ann"), c.ID, seq, 1, casework.AssetMove{From: casework.Located, To: casework.Frozen, Amount: "400", Authority: "court", Route: "freezing_order"}); err != nil {
		t.Fatal(err)
	}
	if _, err := n.MoveAsset(ctx, inform("ann"), c.ID, seq, 1, casework.AssetMove{From: casework.Located, To: casework.Frozen, Amount: "400", Authority: "court", Route: "freezing_order"}); !errors.Is(err, casework.ErrChanged) {
		t.Error("the same step twice:", err)
	}
	m, err := n.CaseMoney(ctx, inform("ann"), []string{c.ID, other.ID}, map[string]string{"USD": "2000"})
	if err != nil || m.Assets != 1 || m.Sums["USD"][casework.Frozen] != "400" || m.Sums["USD"][casework.Located] != "600.00" || m.Shares["USD"]["frozen"] != "20.0" {
		t.Errorf("%v %+v", err, m)
	}
	// How much is frozen is changed by moves alone; a new value is located.
	e, err := n.Entries(ctx, inform("ann"), c.ID, casework.AssetEntry, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	for from, ok := range map[string]bool{`"frozen":"400"`: false, `"value":"1000.00"`: true} {
		to := strings.NewReplacer(`"frozen":"400"`, `"frozen":"500"`, `"located":"600.00"`, `"located":"500.00"`)
		if ok {
			to = strings.NewReplacer(`"value":"1000.00"`, `"value":"1100.00"`, `"located":"600.00"`, `"located":"700.00"`)
		}
		if _, err := n.ChangeEntry(ctx, inform("ann"), c.ID, seq, 2, json.RawMessage(to.Replace(string(e[0].Body)))); (err == nil) != ok {
			t.Errorf("%s changed: %v", from, err)
		}
	}
	r, err := n.SilverFor(ctx, inform("ann"), c.ID, seq)
	if err != nil || len(r.Form.Assets) != 1 || r.Form.Assets[0].Identifier != "BANKFFXX/9" {
		t.Fatalf("%v %+v", err, r)
	}
	if v, _ := n.Case(ctx, inform("ann"), c.ID); v.Case.Counts[casework.RecordEntry] != 1 {
		t.Errorf("%+v", v.Case)
	}
}

func TestACaseOpensWithTheRecordsThatItIsOpenedFrom(t *testing.T) {
	n, ctx := alone(t, ""), t.Context()
	if _, err := n.Import(ctx, who("ann"), strings.NewReader(`{"id":"w1","schema":"Person","properties":{"name":["Ana Exemplar"]}}`), handling.Label{}); err != nil {
		t.Fatal(err)
	}
	other, err := n.NewCase(ctx, inform("bob"), "Other", nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := n.NewCase(ctx, inform("ann"), "Farm", []casework.Ref{{Kind: "watch", ID: "w1"}, {Kind: "network", ID: "n1"}, {Kind: "case", ID: other.ID}})
	if err != nil {
		t.Fatal(err)
	}
	e, err := n.Entries(ctx, inform("ann"), c.ID, "", 0, 10)
	if err != nil || len(e) != 1 || e[0].ID != "watch/w1" {
		t.Errorf("%v %+v", err, e)
	}
}

func TestASplitTakesItsEntriesAndNumbersAlong(t *testing.T) {
	n, ctx := alone(t, ""), t.Context()
	c, err := n.NewCase(ctx, inform("ann"), "Farm", nil)
	if err != nil {
		t.Fatal(err)
	}
	put, err := n.AddToCase(ctx, inform("ann"), c.ID, []node.NewEntry{
		text(casework.EntityEntry, `{"id":"a","schema":"Person","properties":{"name":["A"],"phone":["+33612345678"]}}`),
		text(casework.EntityEntry, `{"id":"b","schema":"Person","properties":{"name":["B"],"phone":["+33612345679"]}}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.CaseStep(ctx, inform("ann"), c.ID, casework.CaseStep{Do: "seat", Person: "bob", Seat: casework.Works}); err != nil {
		t.Fatal(err)
	}
	if _, err := n.SplitCase(ctx, inform("bob"), c.ID, "Hotel", []int64{put[1].Seq}); !errors.Is(err, casework.ErrSeat) {
		t.Error("split by somebody who does not lead it:", err)
	}
	if _, err := n.SplitCase(ctx, inform("ann"), c.ID, "Hotel", nil); !errors.Is(err, casework.ErrCase) {
		t.Error("split into nothing:", err)
	}
	h, err := n.SplitCase(ctx, inform("ann"), c.ID, "Hotel", []int64{put[1].Seq})
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{c.ID: "a", h.ID: "b"} {
		v, err := n.Case(ctx, inform("bob"), id) // who had a seat has one in both
		if err != nil || v.Case.Counts[casework.EntityEntry] != 1 || len(v.Latest) != 1 || v.Latest[0].ID != want {
			t.Errorf("%v %+v", err, v)
		}
		f, err := n.SearchCase(ctx, inform("ann"), id, "phone:+33612345679", 5)
		if err != nil || (len(f.Entries) == 1) != (want == "b") {
			t.Errorf("%s: %v %+v", want, err, f)
		}
		if l, err := n.CaseLinks(ctx, inform("ann"), id); err != nil || len(l.Links) != 0 {
			t.Errorf("%v %+v", err, l)
		}
	}
}
