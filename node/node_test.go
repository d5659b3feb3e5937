package node_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tarir/casework"
	"tarir/exchange/envelope"
	"tarir/exchange/register"
	"tarir/handling"
	"tarir/hit"
	"tarir/node"
	"tarir/notice"
	"tarir/store/storetest"
)

func silver(audience ...handling.Kind) notice.Form {
	return notice.Form{
		Colour: notice.Silver, Purpose: handling.Locate, LegalBasis: "Criminal code 188", Case: "AA/2026/7", Status: notice.Associate, Until: time.Now().AddDate(1, 0, 0),
		Facts: notice.Texts{"en": "Proceeds of trafficking were followed to these accounts."}, Declared: notice.Declared{Owns: true, Article3: true, Article2: true},
		Evaluation: []handling.Evaluation{{Scheme: handling.FourByFour, Code: "B2"}},
		Offences:   []notice.Offence{{Code: "THB", Charge: notice.Texts{"en": "Trafficking"}, Law: "188", MaxPenalty: 120, Ordinary: true}},
		Assets:     []notice.Asset{{Kind: "account", Identifier: "BANKFFXX/9693081534", Link: "proceeds rest here", Source: "payments", Measures: []string{"locate", "information"}}},
		Handling:   notice.Handling{Audience: audience},
	}
}

// publish brings a request of NCB-AA to publication.
func (w *world) publish(f notice.Form) *notice.Record {
	w.t.Helper()
	ctx := w.t.Context()
	ncb, gs := w.nodes["NCB-AA"], w.nodes["GS"]
	evidence := filepath.Join(w.t.TempDir(), "evidence.json")
	if err := os.WriteFile(evidence, []byte(`{"findings":["f-1"]}`), 0o600); err != nil {
		w.t.Fatal(err)
	}
	r, err := ncb.Draft(ctx, who("ann"), f, []node.File{{Path: evidence}})
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := ncb.Step(ctx, who("bob"), r.ID, notice.Step{Event: notice.Submit, Side: notice.Owner}, nil); err != nil {
		w.t.Fatal(err)
	}
	w.until("the request is at the secretariat", func() bool { return w.state("GS", "review", r.ID) == "submitted" })
	if w.state("BANK-FF", "notice", r.ID) != "" {
		w.t.Error("something is visible before publication")
	}
	for _, e := range []notice.Event{notice.TakeUp, notice.Publish} {
		if _, err := gs.Step(ctx, who("ann"), r.ID, notice.Step{Event: e, Side: notice.Reviewer}, nil); err != nil {
			w.t.Fatal(err)
		}
	}
	w.until("the owner knows of the publication", func() bool { return w.state("NCB-AA", "request", r.ID) == "published" })
	return r
}

// TestFromNoticeToHitToStop is the way of a silver notice: reviewed, published, met at a bank, asked, confirmed; the money stopped.
func TestFromNoticeToHitToStop(t *testing.T) {
	storetest.Each(t, func(t *testing.T, dsn string) {
		db := func(m string) string {
			if !strings.HasPrefix(dsn, "postgres") {
				return ""
			}
			if m == "BANK-FF" || m == "GS" { // two of them, on databases of their own
				return storetest.Postgres(t)
			}
			return ""
		}
		w := newWorld(t, map[string]handling.Kind{"NCB-AA": handling.Bureau, "BANK-FF": handling.Bank, "NGO-1": handling.NGO}, db)
		ctx := t.Context()
		bank, ncb := w.nodes["BANK-FF"], w.nodes["NCB-AA"]
		got, err := bank.Import(ctx, who("ann"), strings.NewReader(`{"id":"acc1","schema":"BankAccount","properties":{"bankName":["BANKFFXX"],"accountNumber":["9693081534"]}}`+"\nrubbish\n"), handling.Label{})
		if err != nil || got.Read != 2 || got.Accepted != 1 || len(got.Rejected) != 1 {
			t.Fatalf("%+v %v", got, err)
		}
		r := w.publish(silver(handling.Bureau, handling.Bank))
		w.until("the bank has a possible hit", func() bool { return w.state("BANK-FF", "hit", "") == "possible" })
		path, err := bank.Fetch(ctx, who("ann"), "notice", r.ID, "evidence.json")
		if err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != `{"findings":["f-1"]}` {
			t.Errorf("the evidence is %q, %v", b, err)
		}
		if w.first("NGO-1", "notice") != "" {
			t.Error("an NGO got what was not for it")
		}
		id := w.first("BANK-FF", "hit")
		for _, s := range []hit.State{hit.Same, hit.Asked} {
			if err := bank.Act(ctx, who("ann"), id, handling.Measure); err == nil {
				t.Error("acted before the owner confirmed")
			}
			if _, err := bank.HitStep(ctx, who("ann"), id, hit.Step{State: s}); err != nil {
				t.Fatal(err)
			}
		}
		w.until("the owner is asked", func() bool { return w.state("NCB-AA", "hit", id) == "asked" })
		if _, err := ncb.HitStep(ctx, who("ann"), id, hit.Step{State: hit.Confirmed, Allowed: []string{"information"}}); err != nil {
			t.Fatal(err)
		}
		w.until("the bank knows", func() bool { return w.state("BANK-FF", "hit", id) == "confirmed" })
		if _, err := bank.HitStep(ctx, who("ann"), id, hit.Step{State: hit.Closed, Outcome: "asset_found"}); err != nil {
			t.Fatal(err)
		}
		w.until("the secretariat counts it", func() bool { return w.state("GS", "outcome", id) == "asset_found" })

		stops, err := ncb.RequestStops(ctx, who("ann"), []node.StopRequest{{Asked: "BANK-FF", Form: casework.StopForm{
			Account: "BANKFFXX/9693081534", Amount: "1000", Currency: "USD", Payments: []casework.Payment{{Reference: "W1", Amount: "1000", To: "BANKFFXX/9693081534"}},
			Offence: "THB", Reference: "AA/2026/7", Officer: "+000", Wish: "both",
		}}})
		if err != nil {
			t.Fatal(err)
		}
		sid := stops[0].ID
		w.until("the bank is asked", func() bool { return w.state("BANK-FF", "stop", sid) == "requested" })
		for _, s := range []casework.StopStep{{State: casework.Acknowledged}, {State: casework.BlockedPart, Answer: &casework.Answer{Found: true, Held: "400.00", Currency: "USD"}}} {
			if _, err := bank.StopStep(ctx, who("ann"), sid, s); err != nil {
				t.Fatal(err)
			}
		}
		w.until("the bureau knows that it is blocked", func() bool { return w.state("NCB-AA", "stop", sid) == "blocked_part" })

		if _, err := ncb.Step(ctx, who("bob"), r.ID, notice.Step{Event: notice.Withdraw, Side: notice.Owner, Ground: "achieved"}, nil); err != nil {
			t.Fatal(err)
		}
		w.until("the bank has destroyed its copy", func() bool { return w.state("BANK-FF", "notice", r.ID) == "" })
		w.until("the owner sees the receipt of the destruction", func() bool { return strings.Contains(w.receipt("NCB-AA", "notice", r.ID, "BANK-FF"), "destroyed") })
		for _, m := range []string{"GS", "NCB-AA", "BANK-FF"} {
			n := w.nodes[m]
			n.stop()
			if entries, err := node.VerifyAudit(ctx, n.dir); err != nil || entries == 0 {
				t.Errorf("%s: %d entries, %v", m, entries, err)
			}
		}
	})
}

func TestARecalledLetterIsDestroyedOrMarkedAndStaysAway(t *testing.T) {
	w := newWorld(t, map[string]handling.Kind{"NCB-AA": handling.Bureau, "FIU-1": handling.FIU, "NCB-BB": handling.Bureau}, nil)
	ctx := t.Context()
	from := w.nodes["NCB-AA"]
	file := t.TempDir() + "/évidence.csv"
	if err := os.WriteFile(file, []byte(strings.Repeat("a,b\n", 300_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := from.Send(ctx, who("ann"), node.NewLetter{Kind: "message", To: []string{"FIU-1", "NCB-BB"}, Subject: "s", Text: notice.Texts{"en": "hello"}, Files: []node.File{{Path: file}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []string{"FIU-1", "NCB-BB"} {
		w.until(m+" has it", func() bool { return w.state(m, "message", l.ID) == "received" })
	}
	path, err := w.nodes["FIU-1"].Fetch(ctx, who("ann"), "message", l.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(path); err != nil || len(b) != 1_200_000 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	held := who("ann")
	held.Reason = "court file 12"
	if err := w.nodes["NCB-BB"].Hold(ctx, held, "message", l.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.nodes["FIU-1"].Recall(ctx, held, "message", l.ID); err == nil {
		t.Error("a recipient recalled it")
	}
	if err := from.Recall(ctx, held, "message", l.ID); err != nil {
		t.Fatal(err)
	}
	w.until("receipts tell which did and which did not", func() bool {
		return strings.Contains(w.receipt("NCB-AA", "message", l.ID, "FIU-1"), "destroyed") && strings.Contains(w.receipt("NCB-AA", "message", l.ID, "NCB-BB"), "marked")
	})
	if w.state("FIU-1", "message", l.ID) != "" {
		t.Error("it is still there")
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("its attachment is still there")
	}
	if _, err := w.nodes["NCB-BB"].Open(ctx, who("ann"), "message", l.ID); !errors.Is(err, node.ErrNotAllowed) {
		t.Errorf("a marked copy is shown: %v", err)
	}
}

func TestWhatARestrictionDeniesIsNotSentAndACopyHasALease(t *testing.T) {
	w := newWorld(t, map[string]handling.Kind{"NCB-AA": handling.Bureau, "FIU-1": handling.FIU, "BANK-FF": handling.Bank}, nil)
	ctx := t.Context()
	l := node.NewLetter{Kind: "message", To: []string{"FIU-1", "BANK-FF"}, Text: notice.Texts{"en": "hello"}, Label: &handling.Label{Restrictions: []handling.Restriction{{By: "NCB-AA", Kinds: []handling.Kind{handling.Bank}}}}}
	if _, err := w.nodes["NCB-AA"].Send(ctx, who("ann"), l); !errors.Is(err, node.ErrNotAllowed) || !strings.Contains(err.Error(), "BANK-FF") {
		t.Errorf("sent to whom it is denied: %v", err)
	}
	l.To = []string{"FIU-1"}
	m, err := w.nodes["NCB-AA"].Send(ctx, who("ann"), l)
	if err != nil {
		t.Fatal(err)
	}
	w.until("it is there", func() bool { return w.state("FIU-1", "message", m.ID) != "" })
	if _, err := w.nodes["FIU-1"].Open(ctx, who("ann"), "message", m.ID); err != nil {
		t.Error(err)
	}
	nobody := who("ann")
	nobody.Purpose = ""
	if _, err := w.nodes["FIU-1"].Open(ctx, nobody, "message", m.ID); !errors.Is(err, node.ErrNotAllowed) {
		t.Errorf("opened without a purpose: %v", err)
	}
	if _, err := w.nodes["FIU-1"].Open(ctx, who("mallory"), "message", m.ID); !errors.Is(err, node.ErrPerson) {
		t.Errorf("opened by a stranger: %v", err)
	}
	// Its owner is not heard of for a week.
	w.nodes["NCB-AA"].stop()
	w.clock.forward(8 * 24 * time.Hour)
	if _, err := w.nodes["FIU-1"].Open(ctx, who("ann"), "message", m.ID); !errors.Is(err, node.ErrNotAllowed) {
		t.Errorf("shown after its lease: %v", err)
	}
	w.start("NCB-AA")
	w.until("the lease is renewed by contact", func() bool { _, err := w.nodes["FIU-1"].Open(ctx, who("ann"), "message", m.ID); return err == nil })
	// Retention runs out: deletion everywhere, with a receipt.
	w.clock.forward(366 * 24 * time.Hour)
	w.until("deleted at the recipient", func() bool { return w.state("FIU-1", "message", m.ID) == "" })
	w.until("with a receipt", func() bool {
		return strings.Contains(w.receipt("NCB-AA", "message", m.ID, "FIU-1"), "destroyed") || strings.Contains(w.receipt("NCB-AA", "message", m.ID, "FIU-1"), "absent")
	})
}

// What is held for a court is not deleted when its retention ends, and not shown any more either.
func TestAHeldCopyWhoseRetentionEndsIsMarked(t *testing.T) {
	w := newWorld(t, map[string]handling.Kind{"NCB-AA": handling.Bureau, "FIU-1": handling.FIU}, nil)
	ctx := t.Context()
	var ids []string
	for range 2 {
		m, err := w.nodes["NCB-AA"].Send(ctx, who("ann"), node.NewLetter{Kind: "message", To: []string{"FIU-1"}, Text: notice.Texts{"en": "hello"}})
		if err != nil {
			t.Fatal(err)
		}
		w.until("it is there", func() bool { return w.state("FIU-1", "message", m.ID) == "received" })
		ids = append(ids, m.ID)
	}
	held := who("ann")
	held.Reason = "court file 12"
	if err := w.nodes["FIU-1"].Hold(ctx, held, "message", ids[0]); err != nil {
		t.Fatal(err)
	}
	w.nodes["NCB-AA"].stop() // it is the recipient's own retention
	w.clock.forward(366 * 24 * time.Hour)
	w.until("the other is deleted", func() bool { return w.state("FIU-1", "message", ids[1]) == "" })
	if got := w.state("FIU-1", "message", ids[0]); got != "retention" {
		t.Errorf("the held copy is %q, want it marked as one whose retention has ended", got)
	}
	w.start("NCB-AA")
	w.until("its sender is told", func() bool { return strings.Contains(w.receipt("NCB-AA", "message", ids[0], "FIU-1"), "marked") })
	if _, err := w.nodes["FIU-1"].Open(ctx, who("ann"), "message", ids[0]); !errors.Is(err, node.ErrNotAllowed) {
		t.Errorf("the held copy is shown: %v", err)
	}
}

func TestKeysAreRotatedWhileLettersAreOnTheirWayAndALostLaptopIsReplaced(t *testing.T) {
	w := newWorld(t, map[string]handling.Kind{"NCB-AA": handling.Bureau, "FIU-1": handling.FIU}, nil)
	ctx := t.Context()
	send := func(text string) {
		t.Helper()
		m, err := w.nodes["NCB-AA"].Send(ctx, who("ann"), node.NewLetter{Kind: "message", To: []string{"FIU-1"}, Text: notice.Texts{"en": text}})
		if err != nil {
			t.Fatal(err)
		}
		w.until(text, func() bool { return w.state("FIU-1", "message", m.ID) != "" })
	}
	send("before")
	for _, m := range []string{"FIU-1", "NCB-AA", "GS"} {
		if err := w.nodes[m].Rotate(ctx, node.Who{Person: "ann"}); err != nil {
			t.Fatal(err)
		}
		w.until(m+" has new keys in force", func() bool {
			list, err := w.nodes["FIU-1"].Members(ctx, node.Who{Person: "ann"})
			if err != nil {
				return false
			}
			for _, x := range list {
				if x.ID == m {
					return len(x.Keys) == 2
				}
			}
			return false
		})
		send("after " + m)
	}
	w.nodes["NCB-AA"].stop()
	w.start("NCB-AA")
	send("after a restart")
	lost := node.Who{Person: "ann", Reason: "laptop lost"}
	if err := w.nodes["GS"].Change(ctx, lost, "suspended", "NCB-AA", "laptop lost", nil); err != nil {
		t.Fatal(err)
	}
	w.until("suspension is known", func() bool {
		_, err := w.nodes["FIU-1"].Send(ctx, who("ann"), node.NewLetter{Kind: "message", To: []string{"NCB-AA"}, Text: notice.Texts{"en": "x"}})
		return err != nil
	})
}

// What was sealed to a key may arrive after several newer ones, and after a restart; what has expired needs no key.
func TestKeysStayUntilWhatWasSealedToThemHasExpired(t *testing.T) {
	w := newWorld(t, map[string]handling.Kind{"NCB-AA": handling.Bureau}, nil)
	rotate := func() {
		t.Helper()
		if err := w.nodes["GS"].Rotate(t.Context(), node.Who{Person: "ann"}); err != nil {
			t.Fatal(err)
		}
	}
	restart := func(want int) {
		t.Helper()
		w.nodes["GS"].stop()
		w.start("GS")
		if n := w.nodes["GS"].KeyCount(); n != want {
			t.Fatalf("the node has %d keys, not %d", n, want)
		}
	}
	for range 5 {
		rotate()
	}
	restart(6)
	w.own["GS"] = &clock{ahead: 2*envelope.MaxAge + time.Hour}
	restart(6)
	rotate()
	restart(2) // the last that was replaced has been in force until now
}

// A member that has not heard of its own new keys, as part of the register did not come, asks for it, though nothing else is sent with
// keys that others may not know.
func TestAMemberWhoseRegisterLacksItsOwnKeysAsksForIt(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String() // the relay is found there again
	_ = l.Close()
	w := newWorld(t, map[string]handling.Kind{"NCB-AA": handling.Bureau, "FIU-1": handling.FIU}, nil, func(id string, s *node.Setup) {
		if id == "GS" {
			s.Listen = address
		}
	})
	ann := node.Who{Person: "ann", Reason: "as agreed"}
	w.nodes["GS"].stop()
	aa := w.nodes["NCB-AA"]
	if err := aa.Rotate(t.Context(), ann); err != nil {
		t.Fatal(err)
	}
	aa.stop()
	w.start("GS")
	if err := w.nodes["GS"].RotateQuietly(t.Context(), aa.Node); err != nil {
		t.Fatal(err)
	}
	w.start("NCB-AA") // the relay knows the new keys alone
	if err := w.nodes["GS"].Change(t.Context(), ann, "suspended", "FIU-1", "as agreed", nil); err != nil {
		t.Fatal(err)
	}
	w.until("NCB-AA knows its new keys", func() bool {
		list, err := w.nodes["NCB-AA"].Members(t.Context(), node.Who{Person: "ann"})
		return err == nil && slices.ContainsFunc(list, func(m *register.Member) bool { return m.ID == "NCB-AA" && len(m.Keys) == 2 })
	})
}

func TestAWrongClockDelaysAndLosesNothing(t *testing.T) {
	w := newWorld(t, map[string]handling.Kind{"NCB-AA": handling.Bureau, "FIU-1": handling.FIU}, nil)
	ctx := t.Context()
	send := func(to, text string) string {
		t.Helper()
		m, err := w.nodes["NCB-AA"].Send(ctx, who("ann"), node.NewLetter{Kind: "message", To: []string{to}, Text: notice.Texts{"en": text}})
		if err != nil {
			t.Fatal(err)
		}
		return m.ID
	}
	w.nodes["NCB-AA"].stop()
	w.own["NCB-AA"] = &clock{ahead: 2 * time.Hour}
	w.start("NCB-AA")
	early := send("FIU-1", "two hours early")
	w.nodes["NCB-AA"].stop()
	delete(w.own, "NCB-AA")
	w.start("NCB-AA")
	right := send("FIU-1", "at the right time")
	w.until("both are at the other node", func() bool {
		return w.state("FIU-1", "aside", "") == "" && w.receipt("NCB-AA", "message", right, "FIU-1") != "queued "
	})
	if w.state("FIU-1", "message", early) != "" || w.state("FIU-1", "message", right) != "" {
		t.Error("a letter from the future, or one that overtook it, had an effect")
	}
	// A restart forgets none of them.
	w.nodes["FIU-1"].stop()
	w.start("FIU-1")
	w.clock.forward(2 * time.Hour)
	w.until("both have their effect", func() bool {
		return w.state("FIU-1", "message", early) == "received" && w.state("FIU-1", "message", right) == "received"
	})
	w.until("with receipts", func() bool { return w.receipt("NCB-AA", "message", early, "FIU-1") == "stored " })
	// A clock that is set back far: the keys of today are still known, and what is sent to members who joined later is sent.
	w.nodes["NCB-AA"].stop()
	w.own["NCB-AA"] = &clock{ahead: -30 * 24 * time.Hour}
	w.start("NCB-AA")
	late := send("FIU-1", "a month late")
	w.until("it has its effect", func() bool { return w.state("FIU-1", "message", late) == "received" })
}

func TestALogWrittenAnewIsSeenByWhatItsWitnessesKeep(t *testing.T) {
	w := newWorld(t, map[string]handling.Kind{"NCB-AA": handling.Bureau, "FIU-1": handling.FIU}, nil)
	ctx := t.Context()
	fiu := w.nodes["FIU-1"]
	if _, err := fiu.Members(ctx, node.Who{Person: "ann"}); err != nil {
		t.Fatal(err)
	}
	if _, err := fiu.List(ctx, who("ann"), "message", 0); err != nil {
		t.Fatal(err)
	}
	ask := func() map[string][]byte {
		t.Helper()
		var asked []string
		w.until("it has witnesses", func() bool {
			var err error
			asked, err = fiu.AskWitnesses(ctx, node.Who{Person: "ann"})
			return err == nil && len(asked) == 2
		})
		var got map[string][]byte
		w.until("they answer", func() bool {
			var err error
			got, err = fiu.Answers(ctx, node.Who{Person: "ann"})
			return err == nil && len(got) == 2
		})
		return got
	}
	w.clock.forward(2 * time.Hour) // checkpoints go out every hour
	var kept [][]byte
	w.until("both keep something", func() bool {
		kept = nil
		for _, b := range ask() {
			if len(b) > 0 {
				kept = append(kept, b)
			}
		}
		return len(kept) == 2
	})
	if _, err := node.VerifyAudit(ctx, fiu.dir, kept...); err != nil {
		t.Fatal(err)
	}
	fiu.stop()
	if err := os.RemoveAll(filepath.Join(fiu.dir, "audit")); err != nil {
		t.Fatal(err)
	}
	w.start("FIU-1")
	alarm := func() string {
		h, err := w.nodes["NCB-AA"].Health(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return h.Alarm
	}
	w.until("a witness raises an alarm", func() bool {
		if _, err := w.nodes["FIU-1"].Members(ctx, node.Who{Person: "ann"}); err != nil { // an entry of the new log
			t.Fatal(err)
		}
		w.clock.forward(10 * time.Minute)
		return alarm() == "alarm/two_histories/FIU-1"
	})
	w.nodes["FIU-1"].stop()
	w.nodes["NCB-AA"].stop()
	w.start("NCB-AA")
	if alarm() == "" {
		t.Error("the alarm is forgotten when the node is started anew")
	}
	for _, no := range []node.Who{{Person: "eve", Reason: "asked on the telephone"}, {Person: "ann"}} {
		if err := w.nodes["NCB-AA"].DoneTask(ctx, no, alarm()); err == nil {
			t.Errorf("%s ended an alarm, with the reason %q", no.Person, no.Reason)
		}
	}
	if err := w.nodes["NCB-AA"].DoneTask(ctx, node.Who{Person: "ann", Reason: "asked on the telephone: restored from a backup"}, alarm()); err != nil || alarm() != "" {
		t.Errorf("%v, and the alarm is %q", err, alarm())
	}
	if _, err := node.VerifyAudit(ctx, fiu.dir); err != nil {
		t.Fatalf("the new log does not verify by itself: %v", err)
	}
	if _, err := node.VerifyAudit(ctx, fiu.dir, kept...); err == nil {
		t.Error("a log that was written anew agrees with what its witnesses keep")
	}
}

// TestAMemberWithValidKeysDoesNothingInTheNameOfAnother: it signs and seals as it should, and says what only others may say.
func TestAMemberWithValidKeysDoesNothingInTheNameOfAnother(t *testing.T) {
	w := newWorld(t, map[string]handling.Kind{"NCB-AA": handling.Bureau, "NCB-BB": handling.Bureau, "FIU-1": handling.FIU, "BANK-FF": handling.Bank, "NGO-1": handling.NGO}, nil)
	ctx := t.Context()
	r := w.publish(silver(handling.Bureau, handling.FIU))
	w.until("FIU-1 has the notice", func() bool { return w.state("FIU-1", "notice", r.ID) == "published" })
	label := &handling.Label{Owners: []string{"NCB-AA"}, Purpose: handling.Locate, Recorded: time.Now(), Until: time.Now().AddDate(0, 1, 0)}
	withdrawn := *r
	withdrawn.State = notice.Withdrawn
	letter := func(from string) node.Letter {
		return node.Letter{ID: strings.Repeat("a", 32), From: from, Text: notice.Texts{"en": "x"}, At: time.Now()}
	}
	stop := func(owner string) casework.Stop {
		return casework.Stop{ID: strings.Repeat("b", 32), Owner: owner, Asked: "BANK-FF", State: casework.Requested, Form: casework.StopForm{
			Account: "B/1", Amount: "1", Currency: "USD", Payments: []casework.Payment{{Reference: "W", Amount: "1", To: "B/1"}}, Offence: "THB", Reference: "r", Officer: "o", Wish: "hold",
		}}
	}
	for i, c := range []struct {
		from, to, kind string
		label          *handling.Label
		body           any
		reason         string
	}{
		{"NCB-BB", "FIU-1", "notice", label, withdrawn, "no_right"},                                                              // withdraws another's notice
		{"NCB-BB", "NCB-AA", "notice.state", nil, withdrawn, "no_right"},                                                         // tells its owner that it is withdrawn
		{"NCB-BB", "FIU-1", "register", nil, map[string]any{"from": 0}, "not_secretariat"},                                       // writes the register
		{"NCB-BB", "FIU-1", "notice.receipts", nil, map[string]any{"id": r.ID}, "no_right"},                                      // tells who has what
		{"NCB-BB", "GS", "notice.step", nil, map[string]any{"id": r.ID, "step": notice.Step{Event: notice.Withdraw}}, "request"}, // takes another's step
		{"NCB-BB", "GS", "notice.request", nil, map[string]any{"record": withdrawn}, "request"},                                  // asks in another's name
		{"NCB-BB", "GS", "hit.outcome", nil, map[string]any{"hit": "h", "notice": r.ID, "outcome": "arrested"}, "hit"},           // claims a success
		{"NCB-BB", "FIU-1", "message", label, letter("NCB-AA"), "label"},                                                         // writes as another
		{"NCB-BB", "NCB-AA", "hit", nil, hit.Hit{ID: "h", Notice: r.ID, Finder: "FIU-1", Owner: "NCB-AA", State: hit.Asked}, "hit"},
		{"NCB-BB", "BANK-FF", "stop", label, stop("NCB-AA"), "stop"},                    // asks in another's name
		{"NGO-1", "BANK-FF", "stop", label, stop("NGO-1"), "no_right"},                  // has not the right
		{"NGO-1", "GS", "notice.request", nil, map[string]any{"record": r}, "no_right"}, // neither this one
		{"NCB-BB", "FIU-1", "nonsense", nil, 1, "unknown_type"},
	} {
		id := fmt.Sprint(i)
		if err := w.nodes[c.from].SendAny(ctx, c.to, c.kind, "mischief/"+id, c.label, c.body); err != nil {
			t.Fatal(c.kind, err)
		}
		w.until(c.kind+" "+id+" is answered", func() bool {
			s := w.receipt(c.from, "mischief", id, c.to)
			return s != "" && s != "queued " && s != "relayed "
		})
		d, err := w.nodes[c.from].Receipts(ctx, node.Who{Person: "ann"}, "mischief", id)
		if err != nil || len(d) != 1 || d[0].State != "refused" || d[0].Reason != c.reason {
			t.Errorf("%s from %s to %s: %+v, %v; want it refused for %s", c.kind, c.from, c.to, d, err, c.reason)
		}
	}
	if s := w.state("FIU-1", "notice", r.ID); s != "published" {
		t.Errorf("the notice is %q", s)
	}
	for m, kinds := range map[string][]string{"FIU-1": {"message"}, "BANK-FF": {"stop"}, "NCB-AA": {"hit"}, "GS": {"outcome"}} {
		for _, kind := range kinds {
			if id := w.first(m, kind); id != "" {
				t.Errorf("%s has a %s", m, kind)
			}
		}
	}
}

func TestWhoDidNotSendALetterCannotKeepItAway(t *testing.T) {
	w := newWorld(t, map[string]handling.Kind{"NCB-AA": handling.Bureau, "NCB-BB": handling.Bureau, "FIU-1": handling.FIU}, nil)
	ctx := t.Context()
	w.nodes["FIU-1"].stop()
	m, err := w.nodes["NCB-AA"].Send(ctx, who("ann"), node.NewLetter{Kind: "message", To: []string{"FIU-1", "NCB-BB"}, Text: notice.Texts{"en": "wanted"}})
	if err != nil {
		t.Fatal(err)
	}
	w.until("it is known elsewhere", func() bool { return w.state("NCB-BB", "message", m.ID) != "" })
	if err := w.nodes["NCB-BB"].Recall(ctx, node.Who{Person: "ann", Reason: "mischief"}, "message", m.ID); !errors.Is(err, node.ErrNotAllowed) {
		t.Errorf("another's letter was recalled: %v", err)
	}
	if err := w.nodes["NCB-BB"].SendAny(ctx, "FIU-1", "recall", "mischief/1", nil, map[string]string{"kind": "message", "id": m.ID, "reason": "mischief"}); err != nil {
		t.Fatal(err)
	}
	w.start("FIU-1")
	w.until("the letter is there", func() bool { return w.state("FIU-1", "message", m.ID) == "received" })
}

func TestABackupWhileRunningIsANodeAgain(t *testing.T) {
	w := newWorld(t, map[string]handling.Kind{"NCB-AA": handling.Bureau, "FIU-1": handling.FIU}, nil)
	ctx := t.Context()
	m, err := w.nodes["NCB-AA"].Send(ctx, who("ann"), node.NewLetter{Kind: "message", To: []string{"FIU-1"}, Text: notice.Texts{"en": "kept"}})
	if err != nil {
		t.Fatal(err)
	}
	w.until("it is there", func() bool { return w.state("FIU-1", "message", m.ID) != "" })
	f, err := os.Create(t.TempDir() + "/backup")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.nodes["FIU-1"].Backup(ctx, node.Who{Person: "ann"}, f, pass); err != nil {
		t.Fatal(err)
	}
	w.nodes["FIU-1"].stop()
	dir := w.nodes["FIU-1"].dir
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{"", "other"} {
		if _, err := f.Seek(0, 0); err != nil {
			t.Fatal(err)
		}
		if err := node.Restore(dir, f, node.Passphrase{Text: wrong}); err == nil {
			t.Errorf("restored with the passphrase %q", wrong)
		}
	}
	if _, err := f.Seek(0, 0); err != nil {
		t.Fatal(err)
	}
	if err := node.Restore(dir, f, pass); err != nil {
		t.Fatal(err)
	}
	w.start("FIU-1")
	if w.state("FIU-1", "message", m.ID) == "" {
		t.Error("the message is gone")
	}
	m, err = w.nodes["NCB-AA"].Send(ctx, who("ann"), node.NewLetter{Kind: "message", To: []string{"FIU-1"}, Text: notice.Texts{"en": "after"}})
	if err != nil {
		t.Fatal(err)
	}
	w.until("the restored node goes on", func() bool { return w.state("FIU-1", "message", m.ID) != "" })
}
