package node_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tarir/casework"
	"tarir/handling"
	"tarir/node"
)

// answering switches private checks on in a node's configuration, before it is started anew.
func (w *world) answering(id, settings string) {
	w.t.Helper()
	path := filepath.Join(w.dir, id, "config.toml")
	text, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	w.nodes[id].stop()
	changed := strings.Replace(string(text), "[private]\n", "", 1)
	changed = strings.Replace(changed, "answer = false\nthings_a_day = 0\n", "", 1)
	changed = strings.Replace(changed, "cases = false\n", "", 1)
	if err := os.WriteFile(path, []byte(changed+"\n[private]\n"+settings+"\n"), 0o600); err != nil {
		w.t.Fatal(err)
	}
	w.start(id)
}

// TestABankAsksWithoutTellingWhom: of its customers it learns who is known to the bureau; the bureau learns how many things were asked;
// victims are in no set; a restart in the middle loses nothing.
func TestABankAsksWithoutTellingWhom(t *testing.T) {
	w := newWorld(t, map[string]handling.Kind{"NCB-AA": handling.Bureau, "BANK-FF": handling.Bank}, nil)
	ctx := t.Context()
	w.answering("NCB-AA", "answer = true")
	ncb := w.nodes["NCB-AA"]
	label := handling.Label{Status: handling.Suspect}
	if _, err := ncb.Import(ctx, who("ann"), strings.NewReader(`{"id":"s1","schema":"Person","properties":{"name":["Мохаммед аль-Рашид"],"birthDate":["1971-02-03"],"nationality":["ma"],"passportNumber":["X1234567"]}}`+"\n"), label); err != nil {
		t.Fatal(err)
	}
	if _, err := ncb.Import(ctx, who("ann"), strings.NewReader(`{"id":"v1","schema":"Person","properties":{"name":["Victim Person"],"birthDate":["1999-09-09"]}}`+"\n"), handling.Label{Status: handling.Victim}); err != nil {
		t.Fatal(err)
	}
	bank := w.nodes["BANK-FF"]
	customers := "id,name,born,nationality,passport_number\n1,Mohamed al Rachid,1971-02-03,ma,\n2,Nobody Knows,1980-01-01,,\n3,Somebody Else,,Morocco,x1234567\n4,Victim Person,1999-09-09,,\n5,Mohamed al Rachid,1972-02-03,ma,\n6,,,,\n"
	if _, err := bank.PrivateAsk(ctx, node.Who{Person: "ann"}, "NCB-AA", strings.NewReader(customers)); err == nil {
		t.Error("asked without a purpose")
	}
	if _, err := bank.PrivateAsk(ctx, who("ann"), "NOBODY", strings.NewReader(customers)); err == nil {
		t.Error("asked nobody")
	}
	j, err := bank.PrivateAsk(ctx, who("ann"), "NCB-AA", strings.NewReader(customers))
	if err != nil {
		t.Fatal(err)
	}
	bank.stop()
	w.start("BANK-FF")
	bank = w.nodes["BANK-FF"]
	w.until("the check is done", func() bool {
		got, err := bank.Private(ctx, who("ann"), j.ID)
		if err != nil {
			t.Fatal(err)
		}
		j = got
		return got.State != "opening" && got.State != "asking"
	})
	if j.State != "done" || j.Hits != 2 || j.Rows != 6 || j.Set < 1024 || j.Secret != nil {
		t.Fatalf("%+v", j)
	}
	text, err := os.ReadFile(j.Result)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != "row,known_to,by\n1,NCB-AA,name and birth date\n3,NCB-AA,document\n" {
		t.Errorf("%s", text)
	}
	// Nothing of what was asked is at the bureau, and nothing of the bureau's at the bank.
	ncb.stop()
	bank.stop()
	for at, secret := range map[string]string{"NCB-AA": "Rachid", "BANK-FF": "Рашид"} {
		err := filepath.WalkDir(filepath.Join(w.dir, at), func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			if strings.Contains(string(b), secret) {
				t.Errorf("%s holds what it must not", path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestPrivateChecksHaveALimitAndAreAnsweredByWhoWants(t *testing.T) {
	w := newWorld(t, map[string]handling.Kind{"NCB-AA": handling.Bureau, "BANK-FF": handling.Bank}, nil)
	ctx := t.Context()
	bank := w.nodes["BANK-FF"]
	table := "passport_number,nationality\nA1234567,fr\nB1234567,fr\nC1234567,fr\n"
	ask := func() *node.PrivateJob {
		t.Helper()
		j, err := bank.PrivateAsk(ctx, who("ann"), "NCB-AA", strings.NewReader(table))
		if err != nil {
			t.Fatal(err)
		}
		return j
	}
	state := func(id string) string {
		j, err := bank.Private(ctx, who("ann"), id)
		if err != nil {
			t.Fatal(err)
		}
		return j.State
	}
	j := ask()
	w.until("it is refused", func() bool { return state(j.ID) == "refused" })

	w.answering("NCB-AA", "answer = true\nthings_a_day = 4")
	first, second := ask(), ask()
	w.until("one is answered", func() bool { return state(first.ID) == "done" || state(second.ID) == "done" })
	if state(first.ID) == "done" && state(second.ID) == "done" {
		t.Fatal("six things were answered on a day of four")
	}
	w.clock.forward(25 * time.Hour)
	w.until("the other one is, the day after", func() bool { return state(first.ID) == "done" && state(second.ID) == "done" })
}

// TestTwoMembersLearnWhatTheyShare: each asks the other for its own records, and learns what both have, and nothing else.
func TestTwoMembersLearnWhatTheyShare(t *testing.T) {
	w := newWorld(t, map[string]handling.Kind{"NCB-AA": handling.Bureau, "NCB-BB": handling.Bureau}, nil)
	ctx := t.Context()
	label := handling.Label{Status: handling.Suspect}
	for id, records := range map[string]string{
		"NCB-AA": `{"id":"a1","schema":"Person","properties":{"name":["A"],"phone":["+33612345678"]}}` + "\n" + `{"id":"a2","schema":"BankAccount","properties":{"iban":["FR7630006000011234567890189"]}}`,
		"NCB-BB": `{"id":"b1","schema":"Person","properties":{"name":["B"],"phone":["+33 6 12 34 56 78"]}}` + "\n" + `{"id":"b2","schema":"CryptoWallet","properties":{"publicKey":["1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"]}}`,
	} {
		w.answering(id, "answer = true")
		if _, err := w.nodes[id].Import(ctx, who("ann"), strings.NewReader(records+"\n"), label); err != nil {
			t.Fatal(err)
		}
	}
	for from, c := range map[string]struct{ to, want string }{"NCB-AA": {"NCB-BB", "watch/a1,NCB-BB,phone"}, "NCB-BB": {"NCB-AA", "watch/b1,NCB-AA,phone"}} {
		j, err := w.nodes[from].PrivateAsk(ctx, who("ann"), c.to, nil)
		if err != nil {
			t.Fatal(err)
		}
		w.until("it is done", func() bool {
			j, err = w.nodes[from].Private(ctx, who("ann"), j.ID)
			if err != nil {
				t.Fatal(err)
			}
			return j.State == "done"
		})
		text, err := os.ReadFile(j.Result)
		if err != nil || string(text) != "row,known_to,by\n"+c.want+"\n" {
			t.Errorf("%s: %s %v", from, text, err)
		}
	}
}

// Two members whose cases share a number learn that, and nothing else of each other's cases.
func TestCasesOfTwoMembersMeetPrivately(t *testing.T) {
	w := newWorld(t, map[string]handling.Kind{"NCB-AA": handling.Bureau, "NCB-BB": handling.Bureau}, nil)
	ctx := t.Context()
	w.answering("NCB-AA", "answer = true\ncases = true")
	aa, bb := w.nodes["NCB-AA"].Node, w.nodes["NCB-BB"].Node
	theirs, err := aa.NewCase(ctx, inform("ann"), "Farm", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := aa.AddToCase(ctx, inform("ann"), theirs.ID, []node.NewEntry{
		text(casework.PaymentEntry, `{"reference":"W1","time":"2026-02-01T10:00:00+01:00","from":"BANKAAXX/77","to":"BANKBBXX/2","amount":"10.00","currency":"EUR"}`),
	}); err != nil {
		t.Fatal(err)
	}
	mine, err := bb.NewCase(ctx, inform("ann"), "Hotel", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bb.AddToCase(ctx, inform("ann"), mine.ID, []node.NewEntry{
		text(casework.PaymentEntry, `{"reference":"X1","time":"2026-02-01T10:00:00+01:00","from":"BANKCCXX/5","to":"BANKAAXX/77","amount":"10.00","currency":"EUR"}`),
		text(casework.EntityEntry, `{"id":"p1","schema":"Person","properties":{"name":["Ana Exemplar"],"birthDate":["1980-01-01"]}}`),
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := bb.AskAboutCase(ctx, inform("bob"), mine.ID, "NCB-AA"); !errors.Is(err, casework.ErrNoSeat) {
		t.Error("asked by somebody without a seat:", err)
	}
	j, err := bb.AskAboutCase(ctx, inform("ann"), mine.ID, "NCB-AA")
	if err != nil {
		t.Fatal(err)
	}
	w.until("the check is done", func() bool {
		j, err = bb.Private(ctx, inform("ann"), j.ID)
		return err == nil && j.State != "opening" && j.State != "asking"
	})
	got, err := os.ReadFile(j.Result)
	if err != nil || string(got) != "row,known_to,by\naccount:BANKAAXX/77,NCB-AA,account\n" {
		t.Errorf("%+v %s %v", j, got, err)
	}
	w.until("the case says what came of it", func() bool {
		e, err := bb.Entries(ctx, inform("ann"), mine.ID, casework.RequestEntry, 0, 10)
		var r casework.CaseRequest
		return err == nil && len(e) == 1 && json.Unmarshal(e[0].Body, &r) == nil && r.Answer == "1 known" && !r.Answered.IsZero() && r.Reply != nil
	})
}
