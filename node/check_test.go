package node_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tarir/entity"
	"tarir/handling"
	"tarir/match"
	"tarir/node"
	"tarir/notice"
	"tarir/store/storetest"
	"tarir/watchlist"
	"tarir/web"
)

// TestWhatIsSeenIsKnown: a record can be listed as soon as it is on disk, and from then on nobody is told that there is no hit.
func TestWhatIsSeenIsKnown(t *testing.T) {
	w := newWorld(t, map[string]handling.Kind{"BANK-FF": handling.Bank}, nil)
	bank := w.nodes["BANK-FF"]
	now := w.clock.now()
	e := &entity.Entity{ID: "c1", Schema: "Person", Properties: map[string][]string{"name": {"Ana Exemplar"}}}
	l := handling.Label{Owners: []string{"BANK-FF"}, Purpose: who("ann").Purpose, Recorded: now, Until: now.AddDate(1, 0, 0)}
	answered := make(chan *node.Checked, 1)
	err := bank.WatchSeen(t.Context(), e, l, func() {
		if w.first("BANK-FF", "watch") == "" {
			t.Error("it is not seen yet")
		}
		go func() {
			got, err := bank.LookUp(t.Context(), who("ann"), node.Question{Ask: match.Ask{Schema: "Person", Names: []string{"Ana Exemplar"}}})
			if err != nil {
				t.Error(err)
			}
			answered <- got
		}()
		select {
		case got := <-answered: // before anybody was told
			answered <- got
		case <-time.After(300 * time.Millisecond):
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := <-answered; got == nil || len(got.Hits) != 1 {
		t.Errorf("%+v", got)
	}
}

// TestTheDeskAsksInAnyScript: a notice that came, a record that is watched and a list are found by names in other scripts, by numbers and
// by the lines of a document; what was withdrawn is not known any more, whatever happens to the node or its index.
func TestTheDeskAsksInAnyScript(t *testing.T) {
	storetest.Each(t, func(t *testing.T, dsn string) {
		w := newWorld(t, map[string]handling.Kind{"NCB-AA": handling.Bureau, "BANK-FF": handling.Bank}, func(m string) string {
			if m == "BANK-FF" && strings.HasPrefix(dsn, "postgres") {
				return dsn
			}
			return ""
		})
		ctx := t.Context()
		bank := w.nodes["BANK-FF"]
		ask := func(a match.Ask) *node.Checked {
			t.Helper()
			got, err := bank.LookUp(ctx, who("ann"), node.Question{Ask: a})
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		named := func(n string) match.Ask { return match.Ask{Schema: "Person", Names: []string{n}} }
		if got := ask(named("Ana Exemplar")); len(got.Hits) != 0 || got.State != match.Complete {
			t.Errorf("%+v", got)
		}
		f := silver(handling.Bureau, handling.Bank)
		f.Person = notice.Person{FamilyName: "EXEMPLAR", Forename: "Ana", Born: "1971-02-03", Nationalities: []string{"MD"}, Sex: "F", Documents: []notice.Document{{Type: "passport", Number: "L898902C3", Country: "UTO"}}}
		r := w.publish(f)
		w.until("the bank has it", func() bool { return w.state("BANK-FF", "notice", r.ID) != "" })
		for _, n := range []string{"Анна Экземпляр", "EXEMPLAR, ANA", "Anna Eksemplar", "آنا اکسمپلار"} {
			got := ask(named(n))
			if len(got.Hits) != 1 || got.Hits[0].ID != r.ID || got.Hits[0].Owner != "NCB-AA" || got.Hits[0].Number == "" {
				t.Errorf("%s: %+v", n, got)
				continue
			}
			if h := got.Hits[0]; len(h.Features) == 0 || !strings.Contains(h.Sentence, "owner") || h.Entity != nil || h.Names != nil {
				t.Errorf("%s: %+v", n, h)
			}
		}
		a := named("Ana Exemplar")
		a.Births = []match.Date{{Year: 1950, Month: 1, Day: 5}}
		if got := ask(a); len(got.Hits) == 1 && got.Hits[0].Score > 0.9 {
			t.Errorf("another birth date changed nothing: %+v", got.Hits[0])
		}
		got, err := bank.LookUp(ctx, who("eve"), node.Question{MRZ: "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<< L898902C36UTO7408122F1204159ZE184226B<<<<<10"})
		if err != nil || len(got.Hits) != 1 || got.Hits[0].ID != r.ID {
			t.Errorf("the document: %+v %v", got, err)
		}

		if _, err := bank.Import(ctx, who("ann"), strings.NewReader(`{"id":"c1","schema":"Person","properties":{"name":["محمد بن سلمان الراشد"],"phone":["+33612345678"]}}`+"\n"), handling.Label{}); err != nil {
			t.Fatal(err)
		}
		if got := ask(named("Mohammed bin Salman al-Rashid")); len(got.Hits) != 1 || got.Hits[0].Kind != "watch" {
			t.Errorf("%+v", got)
		}
		if got := ask(match.Ask{Selectors: []string{"phone:+33612345678"}}); len(got.Hits) != 1 {
			t.Errorf("%+v", got)
		}
		loaded, err := bank.LoadLists(ctx, who("ann"), []string{"../intake/lists/testdata/un.xml"}, watchlist.Options{})
		if err != nil || loaded[0].Taken != 2 {
			t.Fatal(loaded, err)
		}
		if got := ask(named("محمد صلاح الدين زيدان")); len(got.Hits) == 0 || got.Hits[0].Source != "un-sc" || len(got.Hits[0].Names) == 0 {
			t.Errorf("%+v", got)
		}
		if _, err := bank.LoadLists(ctx, who("eve"), []string{"../intake/lists/testdata/un.xml"}, watchlist.Options{}); err == nil {
			t.Error("somebody who may only read loaded a list")
		}
		if _, err := bank.LoadLists(ctx, who("ann"), []string{"../intake/lists/testdata/un.xml"}, watchlist.Options{Source: "own"}); err == nil {
			t.Error("a list took the place of the node's own records")
		}
		if _, err := bank.LookUp(ctx, node.Who{Person: "ann"}, node.Question{Ask: named("Ana Exemplar")}); !errors.Is(err, node.ErrNotAllowed) {
			t.Error("asked without a purpose:", err)
		}
		for _, q := range []node.Question{{}, {Ask: named("--")}, {Ask: named(strings.Repeat("a", 10<<10))}, {MRZ: "P<UTO"}} {
			if _, err := bank.LookUp(ctx, who("ann"), q); err == nil {
				t.Errorf("%+v was answered", q)
			}
		}

		// A program asks over the network, with a token of its own.
		token, err := node.AddClient(bank.dir, node.Client{ID: "crm", Person: "eve", Purpose: handling.Locate, LegalBasis: "AML act 12"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := node.AddClient(bank.dir, node.Client{ID: "x", Person: "eve"}); !errors.Is(err, node.ErrNotAllowed) {
			t.Error("a client without a purpose:", err)
		}
		bank.stop()
		w.start("BANK-FF")
		bank = w.nodes["BANK-FF"]
		h, err := web.Public(bank.Node)
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(h)
		defer server.Close()
		post := func(token string) (int, string) {
			t.Helper()
			q, err := http.NewRequest("POST", server.URL+"/match/default", strings.NewReader(`{"queries":{"q":{"schema":"Person","properties":{"name":["Анна Экземпляр"]}}}}`))
			if err != nil {
				t.Fatal(err)
			}
			q.Header.Set("Authorization", "ApiKey "+token)
			resp, err := http.DefaultClient.Do(q)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			text, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			return resp.StatusCode, string(text)
		}
		if status, text := post(token); status != 200 || !strings.Contains(text, "notice/"+r.ID) || strings.Contains(text, "L898902C3") {
			t.Error(status, text)
		}
		if status, _ := post("wrong"); status != 401 {
			t.Error("a wrong token gives", status)
		}

		// The index is made from what is kept: without it, and after a restart, the answers are the same.
		bank.stop()
		if err := os.RemoveAll(filepath.Join(bank.dir, "index")); err != nil {
			t.Fatal(err)
		}
		w.start("BANK-FF")
		bank = w.nodes["BANK-FF"]
		if got := ask(named("Анна Экземпляр")); len(got.Hits) != 1 {
			t.Errorf("%+v", got)
		}
		if _, err := w.nodes["NCB-AA"].Step(ctx, who("bob"), r.ID, notice.Step{Event: notice.Withdraw, Side: notice.Owner, Ground: "achieved"}, nil); err != nil {
			t.Fatal(err)
		}
		w.until("the bank has destroyed its copy", func() bool { return w.state("BANK-FF", "notice", r.ID) == "" })
		if got := ask(named("Анна Экземпляр")); len(got.Hits) != 0 {
			t.Errorf("it is still known: %+v", got)
		}
		err = filepath.WalkDir(filepath.Join(bank.dir, "index"), func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			if low := strings.ToLower(string(b)); strings.Contains(low, "exemplar") || strings.Contains(string(b), "L898902C3") {
				t.Errorf("%s still holds what was destroyed", path)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// question asks for a number alone.
func question(t testing.TB, kind, value string) node.Question {
	t.Helper()
	q, err := (&node.Asked{With: map[string]string{kind: value}}).Question()
	if err != nil {
		t.Fatal(err)
	}
	return *q
}
