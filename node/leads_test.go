package node_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tarir/handling"
	"tarir/match"
	"tarir/notice"
	"tarir/watchlist"
)

// TestWhoIsWatchedIsToldOfWhenBecomingKnown: a customer is not known today. A list that is loaded tomorrow, a new version of it, and a
// notice that comes are compared with him; the desk gets a task and a program a signed call that does not say who it is about.
func TestWhoIsWatchedIsToldOfWhenBecomingKnown(t *testing.T) {
	secret := base64.StdEncoding.EncodeToString([]byte("a secret of twenty-four bytes or more"))
	var mu sync.Mutex
	var calls []string
	fail := true
	hooks := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if fail {
			fail = false
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		text, _ := io.ReadAll(r.Body)
		key, _ := base64.StdEncoding.DecodeString(secret)
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(r.Header.Get("Webhook-Id") + "." + r.Header.Get("Webhook-Timestamp") + "." + string(text)))
		if r.Header.Get("Webhook-Signature") != "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
			t.Error("a call is not signed")
		}
		calls = append(calls, string(text))
	}))
	defer hooks.Close()

	w := newWorld(t, map[string]handling.Kind{"NCB-AA": handling.Bureau, "BANK-FF": handling.Bank}, nil)
	ctx := t.Context()
	path := filepath.Join(w.dir, "BANK-FF", "config.toml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	w.nodes["BANK-FF"].stop()
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), "tell = []\nperson = \"\"\nlegal_basis = \"\"", "tell = [\"NCB-AA\"]\nperson = \"ann\"\nlegal_basis = \"AML act 12\"", 1)+"\n[[webhook]]\nurl = \""+hooks.URL+"\"\nsecret = \""+secret+"\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.start("BANK-FF")
	bank := w.nodes["BANK-FF"]
	if _, err := bank.Import(ctx, who("ann"), strings.NewReader(`{"id":"c1","schema":"Person","properties":{"name":["Anna Ekzemplar"],"birthDate":["1971-02-03"]}}`+"\n"+`{"id":"c2","schema":"Person","properties":{"name":["Somebody Else"]}}`+"\n"), handling.Label{}); err != nil {
		t.Fatal(err)
	}
	leads := func() int {
		list, err := bank.List(ctx, who("ann"), "lead", 0)
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	load := func() {
		t.Helper()
		if _, err := bank.LoadLists(ctx, who("ann"), []string{"../intake/lists/testdata/uk.xml"}, watchlist.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	if leads() != 0 {
		t.Fatal("there are leads before anything is known")
	}
	load()
	if leads() != 1 {
		t.Fatalf("%d leads", leads())
	}
	if load(); leads() != 1 {
		t.Error("the same was told twice")
	}
	if got := w.tasks("BANK-FF", "lead"); len(got) != 1 {
		t.Errorf("%d tasks", len(got))
	}

	f := silver(handling.Bureau, handling.Bank)
	f.Person = notice.Person{FamilyName: "EXEMPLAR", Forename: "Ana", OriginalScript: "Анна Экземпляр", Born: "1971-02-03", Nationalities: []string{"MD"}, Sex: "F"}
	r := w.publish(f)
	w.until("the notice meets the customer", func() bool { return leads() == 2 })
	w.until("the program is called", func() bool {
		w.clock.forward(time.Second) // the first call failed, whenever that was
		mu.Lock()
		defer mu.Unlock()
		return len(calls) == 2
	})
	mu.Lock()
	defer mu.Unlock()
	for _, c := range calls {
		if !strings.Contains(c, `"type":"lead"`) || strings.Contains(c, "kzempl") || strings.Contains(c, "xempl") {
			t.Errorf("a call says %s", c)
		}
	}
	w.until("the bureau is told of both", func() bool {
		list, err := w.nodes["NCB-AA"].List(ctx, who("ann"), "message", 0)
		if err != nil || len(list) > 2 {
			t.Fatal(list, err)
		}
		return len(list) == 2
	})
	it, err := w.nodes["NCB-AA"].Open(ctx, who("ann"), "message", w.first("NCB-AA", "message"))
	if err != nil || !strings.Contains(string(it.Body), "is like a") || strings.Contains(strings.ToLower(string(it.Body)), "exempl") {
		t.Errorf("%s %v", it.Body, err)
	}
	// What is withdrawn leaves no lead behind.
	if _, err := w.nodes["NCB-AA"].Step(ctx, who("bob"), r.ID, notice.Step{Event: notice.Withdraw, Side: notice.Owner, Ground: "achieved"}, nil); err != nil {
		t.Fatal(err)
	}
	w.until("its lead is gone", func() bool { return leads() == 1 })
	if got := w.tasks("BANK-FF", "lead"); len(got) != 1 {
		t.Errorf("%d tasks", len(got))
	}
	if bank.Counts()["standing_leads"] < 2 {
		t.Error(bank.Counts())
	}
}

// A crash between a list and what is watched is made up for.
func TestAListWhoseLoadingWasInterruptedIsComparedLater(t *testing.T) {
	w := newWorld(t, map[string]handling.Kind{"BANK-FF": handling.Bank}, nil)
	ctx := t.Context()
	bank := w.nodes["BANK-FF"]
	if _, err := bank.Import(ctx, who("ann"), strings.NewReader(`{"id":"c1","schema":"Person","properties":{"name":["Anna Ekzemplar"]}}`+"\n"), handling.Label{}); err != nil {
		t.Fatal(err)
	}
	if err := bank.Tick(ctx); err != nil {
		t.Fatal(err)
	}
	bank.stop()
	x, err := match.Open(filepath.Join(bank.dir, "index", "lists"), true, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := watchlist.Load(ctx, x, []string{"../intake/lists/testdata/uk.xml"}, nil, watchlist.Options{}); err != nil {
		t.Fatal(err)
	}
	w.start("BANK-FF")
	bank = w.nodes["BANK-FF"]
	if err := bank.Interrupt(ctx); err != nil {
		t.Fatal(err)
	}
	w.until("it is compared", func() bool { return w.first("BANK-FF", "lead") != "" })
}
