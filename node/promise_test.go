package node_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tarir/audit"
	"tarir/exchange/register"
	"tarir/handling"
	"tarir/hit"
	"tarir/node"
	"tarir/notice"
	"tarir/store"
)

func (w *world) tasks(id, kind string) (out []store.Task) {
	w.t.Helper()
	list, err := w.nodes[id].Tasks(w.t.Context(), who("ann"))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, t := range list {
		if t.Kind == kind {
			out = append(out, t)
		}
	}
	return out
}

// ask lets a member meet a notice of NCB-AA with a record of its own and ask its owner.
func (w *world) ask(finder string, f notice.Form) (hitID string) {
	w.t.Helper()
	n := w.nodes[finder]
	if _, err := n.Import(w.t.Context(), who("ann"), strings.NewReader(`{"id":"acc1","schema":"BankAccount","properties":{"bankName":["BANKFFXX"],"accountNumber":["9693081534"]}}`), handling.Label{}); err != nil {
		w.t.Fatal(err)
	}
	w.publish(f)
	w.until(finder+" has a possible hit", func() bool { return w.state(finder, "hit", "") == "possible" })
	id := w.first(finder, "hit")
	for _, s := range []hit.State{hit.Same, hit.Asked} {
		if _, err := n.HitStep(w.t.Context(), who("ann"), id, hit.Step{State: s}); err != nil {
			w.t.Fatal(err)
		}
	}
	w.until("the owner is asked", func() bool { return w.state("NCB-AA", "hit", id) == "asked" })
	return id
}

// TestAnOwnerWhoDoesNotAnswerIsRemindedAndTheDeskHears: after 24 hours, and at once no more than once.
func TestAnOwnerWhoDoesNotAnswerIsRemindedAndTheDeskHears(t *testing.T) {
	w := newWorld(t, map[string]handling.Kind{"NCB-AA": handling.Bureau, "BANK-FF": handling.Bank}, nil)
	id := w.ask("BANK-FF", silver(handling.Bank))
	w.clock.forward(23 * time.Hour)
	time.Sleep(200 * time.Millisecond) // several ticks of the clock
	if n := len(w.tasks("BANK-FF", "desk")); n != 0 {
		t.Fatalf("after 23 hours the desk has %d tasks", n)
	}
	w.clock.forward(2 * time.Hour)
	for _, m := range []string{"BANK-FF", "NCB-AA"} {
		w.until("the desk of "+m+" hears of it", func() bool {
			tasks := w.tasks(m, map[string]string{"BANK-FF": "desk", "NCB-AA": "confirm"}[m])
			return len(tasks) > 0 && tasks[0].Subject == "hit/"+id
		})
	}
	time.Sleep(200 * time.Millisecond)
	if n := len(w.tasks("BANK-FF", "desk")); n != 1 {
		t.Errorf("one reminder was due, and there are %d", n)
	}
	if _, err := w.nodes["NCB-AA"].HitStep(t.Context(), who("ann"), id, hit.Step{State: hit.Confirmed, Allowed: []string{"information"}}); err != nil {
		t.Fatal(err)
	}
	w.until("the bank knows", func() bool { return w.state("BANK-FF", "hit", id) == "confirmed" })
	w.clock.forward(48 * time.Hour)
	time.Sleep(200 * time.Millisecond)
	if n := len(w.tasks("BANK-FF", "desk")); n > 1 {
		t.Errorf("reminded although the owner has answered: %d", n)
	}
}

// TestADangerToLifeGoesBeforeEverything: its letters overtake what waits, its hit is the first task, its owner is reminded after an
// hour, and a person may act before the owner confirms, with a reason that stays in the log.
func TestADangerToLifeGoesBeforeEverything(t *testing.T) {
	w := newWorld(t, map[string]handling.Kind{"NCB-AA": handling.Bureau, "BANK-FF": handling.Bank, "POL-1": handling.Police}, nil)
	ctx := t.Context()
	f := silver(handling.Police)
	f.Danger.Life = true
	ordinary := who("ann")
	id := w.ask("POL-1", f)
	police := w.nodes["POL-1"]
	if err := police.Act(ctx, ordinary, id, handling.Measure); err == nil {
		t.Error("acted before the owner confirmed, with no word of a danger")
	}
	danger := who("ann")
	danger.Danger = true
	if err := police.Act(ctx, danger, id, handling.Measure); err == nil {
		t.Error("acted without a reason")
	}
	danger.Reason = "she is held in the house and says she will be killed tonight"
	if err := police.Act(ctx, danger, id, handling.Measure); err != nil {
		t.Error(err)
	}
	w.until("the owner hears that they act, and why", func() bool {
		it, err := w.nodes["NCB-AA"].Open(ctx, ordinary, "hit", id)
		return err == nil && strings.Contains(string(it.Body), "killed tonight")
	})
	before := len(w.tasks("NCB-AA", "confirm"))
	w.clock.forward(61 * time.Minute)
	w.until("the owner is reminded after an hour", func() bool { return len(w.tasks("NCB-AA", "confirm")) > before })

	// What waits at a node whose line is cut goes out in this order: the urgent first.
	w.nodes["GS"].stop()
	var ids []string
	for i, urgent := range []bool{false, false, true} {
		m, err := w.nodes["NCB-AA"].Send(ctx, ordinary, node.NewLetter{Kind: "message", To: []string{"POL-1"}, Text: notice.Texts{"en": fmt.Sprint("letter ", i)}, Urgent: urgent})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, m.ID)
	}
	queue, err := w.nodes["NCB-AA"].Queue(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(queue) < 3 || queue[0] != "message/"+ids[2] {
		t.Errorf("the urgent one %s is not first in %v", ids[2], queue)
	}
	exceptions := 0
	err = police.Audit(ctx, ordinary, audit.Filter{}, func(_ int64, e *audit.Entry) error {
		if slices.Contains(e.Reasons, "danger_to_life") {
			exceptions++
		}
		if strings.Contains(fmt.Sprintf("%+v", e), "killed tonight") {
			t.Error("the log holds what the reason says of a person")
		}
		return nil
	})
	if err != nil || exceptions != 1 {
		t.Errorf("the exception stands %d times in the log, %v", exceptions, err)
	}
}

// TestNoFinderConfirmsItsOwnHit: it may say that it acts for danger to life, and a confirmation in that disguise counts for nothing.
func TestNoFinderConfirmsItsOwnHit(t *testing.T) {
	w := newWorld(t, map[string]handling.Kind{"NCB-AA": handling.Bureau, "BANK-FF": handling.Bank}, nil)
	ctx := t.Context()
	bank, ncb := w.nodes["BANK-FF"], w.nodes["NCB-AA"]
	id := w.ask("BANK-FF", silver(handling.Bank))
	disguised := map[string]any{"id": id, "step": hit.Step{State: hit.Confirmed, Member: "NCB-AA", Person: "ann", Exception: true, Reason: "danger"}}
	if err := bank.SendAny(ctx, "NCB-AA", "hit.step", "disguised", nil, disguised); err != nil {
		t.Fatal(err)
	}
	w.until("the owner has it", func() bool {
		return w.receipt("BANK-FF", "disguised", "", "NCB-AA") != "" || len(w.tasks("NCB-AA", "confirm")) > 1
	})
	if _, err := ncb.HitStep(ctx, who("ann"), id, hit.Step{State: hit.Denied, Reason: "another person"}); err != nil {
		t.Fatal(err)
	}
	w.until("the bank knows", func() bool { return w.state("BANK-FF", "hit", id) == "denied" })
	if _, err := bank.HitStep(ctx, who("ann"), id, hit.Step{State: hit.Closed, Outcome: "asset_found"}); err != nil {
		t.Fatal(err)
	}
	w.until("the owner knows that it is closed", func() bool { return w.state("NCB-AA", "hit", id) == "closed" })
	time.Sleep(300 * time.Millisecond) // an outcome would be on its way now
	if got := w.state("GS", "outcome", id); got != "" {
		t.Errorf("the secretariat counts %q of a hit that its owner denied", got)
	}
}

// TestARegisterTooLargeForALetterComesAsAnAttachment: to a member that joins when there are many.
func TestARegisterTooLargeForALetterComesAsAnAttachment(t *testing.T) {
	w := newWorld(t, map[string]handling.Kind{"NCB-AA": handling.Bureau}, nil)
	gs := w.nodes["GS"]
	for i := range 60 {
		_, err := gs.Invite(t.Context(), node.Who{Person: "ann"}, register.Statement{
			Member: fmt.Sprintf("M-%03d", i), Name: strings.Repeat("n", 180), Kind: handling.Bureau, Country: "FR", Contact: strings.Repeat("c", 3000),
		}, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
	}
	w.join("FIU-1", handling.FIU, "")
	var size int64
	for _, m := range []string{"FIU-1", "NCB-AA"} {
		w.until(m+" has all of the register", func() bool {
			h, err := gs.Health(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			size = h.Register
			h, err = w.nodes[m].Health(t.Context())
			return err == nil && h.Register == size
		})
	}
	list, err := filepath.Glob(filepath.Join(w.nodes["FIU-1"].dir, "attachments", "*"))
	if err != nil || len(list) == 0 {
		t.Fatalf("it did not come as an attachment: %v, %v", list, err)
	}
	var b struct{ Statements []json.RawMessage }
	found := false
	for _, path := range list {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if json.Unmarshal(text, &b) == nil && len(b.Statements) > 60 {
			found = true
		}
	}
	if !found {
		t.Error("no attachment holds the register")
	}
}
