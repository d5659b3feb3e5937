package node_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"tarir/casework"
	"tarir/handling"
	"tarir/match"
	"tarir/node"
	"tarir/store"
)

func TestAnOperationOfSeveralMembersCountsEachRecordOnce(t *testing.T) {
	w := newWorld(t, map[string]handling.Kind{"NCB-AA": handling.Bureau, "NCB-BB": handling.Bureau, "NGO-1": handling.NGO}, nil)
	ctx, gs := t.Context(), w.nodes["GS"].Node
	from := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	plan := casework.Operation{Title: "Andes", From: from, To: from.AddDate(0, 0, 4), Participants: []casework.Participant{{Member: "NCB-AA"}, {Member: "NCB-BB"}}}
	if _, err := gs.PlanOperation(ctx, node.Who{Person: "ann"}, plan); !errors.Is(err, casework.ErrOperation) {
		t.Error("planned without a purpose:", err)
	}
	o, err := gs.PlanOperation(ctx, inform("ann"), plan)
	if err != nil {
		t.Fatal(err)
	}
	state := func(member string, want casework.OperationState) {
		t.Helper()
		w.until(member+" knows that it is "+string(want), func() bool { return w.state(member, "operation", o.ID) == string(want) })
	}
	state("NCB-AA", casework.Planned)
	arrest := func(id, offence string, at time.Time) casework.Report {
		return casework.Report{Measure: "arrests", Record: "arrest/" + id, At: at, Tags: map[string]string{"offence": offence, "phase": "during"}}
	}
	aa, bb := w.nodes["NCB-AA"].Node, w.nodes["NCB-BB"].Node
	if _, err := aa.ReportOperation(ctx, inform("ann"), o.ID, []casework.Report{arrest("1", "THB", from)}); !errors.Is(err, casework.ErrOperation) {
		t.Error("counted before it began:", err)
	}
	for _, s := range []casework.OperationState{casework.PreOperational, casework.Live} {
		if _, err := gs.StepOperation(ctx, inform("ann"), o.ID, s); err != nil {
			t.Fatal(err)
		}
	}
	state("NCB-AA", casework.Live)
	state("NCB-BB", casework.Live)
	if _, err := aa.StepOperation(ctx, inform("ann"), o.ID, casework.Closing); !errors.Is(err, casework.ErrOperation) {
		t.Error("a participant closed it:", err)
	}
	if _, err := aa.ReportOperation(ctx, inform("ann"), o.ID, []casework.Report{arrest("1", "THB", from), arrest("2", "being there", from)}); !errors.Is(err, casework.ErrOperation) {
		t.Error("a report that is none was taken:", err)
	}
	for range 2 { // told twice, and counted once
		if _, err := aa.ReportOperation(ctx, inform("ann"), o.ID, []casework.Report{arrest("1", "THB", from), arrest("2", "SOM", from)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := bb.ReportOperation(ctx, inform("ann"), o.ID, []casework.Report{
		arrest("1", "SOM", from.Add(time.Hour)),
		{Measure: "checks", Record: "checks/NCB-BB/2026-11-20/documents", Number: 44_000, At: from, Tags: map[string]string{"database": "documents"}},
	}); err != nil {
		t.Fatal(err)
	}
	count := func() *node.Counted {
		t.Helper()
		c, err := gs.CountOperation(ctx, inform("ann"), o.ID, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	w.until("the reports are there", func() bool { return count().Reports == 4 })
	c := count()
	a := c.Figures["arrests"]
	if a.Number != 2 || !slices.Equal(a.Records, []string{"arrest/1", "arrest/2"}) || a.By["offence"]["SOM"] != 2 || c.Figures["checks"].Number != 44_000 {
		t.Errorf("%+v %+v", a, c.Figures["checks"])
	}
	if len(c.Differ) != 1 || c.Differ[0].Record != "arrest/1" || !slices.Equal(c.Differ[0].Members, []string{"NCB-AA", "NCB-BB"}) {
		t.Errorf("%+v", c.Differ)
	}
	if _, err := gs.StepOperation(ctx, inform("ann"), o.ID, casework.Closing); err != nil {
		t.Fatal(err)
	}
	state("NCB-AA", casework.Closing)
	state("NCB-BB", casework.Closing)
	quiet := inform("ann")
	quiet.Reason = ""
	if _, err := gs.StepOperation(ctx, quiet, o.ID, casework.FollowUp); !errors.Is(err, casework.ErrOperation) {
		t.Error("closed without the participants:", err)
	}
	for _, n := range []*node.Node{aa, bb} {
		if err := n.AgreeToCounts(ctx, inform("ann"), o.ID); err != nil {
			t.Fatal(err)
		}
	}
	w.until("both agree", func() bool { _, err := gs.StepOperation(ctx, quiet, o.ID, casework.FollowUp); return err == nil })
	tasks, err := gs.Tasks(ctx, inform("ann"))
	if err != nil || !slices.ContainsFunc(tasks, func(k store.Task) bool { return k.Kind == "follow_up" }) {
		t.Error("nobody is told to count again:", err)
	}
	// Somebody who does not take part is not heard.
	if err := w.nodes["NGO-1"].SendAny(ctx, "GS", "operation.report", "operation/"+o.ID, nil, map[string]any{"id": o.ID, "reports": []casework.Report{{Measure: "arrests", Record: "arrest/9", Member: "NCB-AA", At: from}}}); err != nil {
		t.Fatal(err)
	}
	// What is reported later counts from then on; as of the last day the numbers are what they were.
	state("NCB-AA", casework.FollowUp)
	if _, err := aa.ReportOperation(ctx, inform("ann"), o.ID, []casework.Report{{Measure: "arrests", Record: "arrest/3", At: from.AddDate(0, 3, 0), Tags: map[string]string{"phase": "after"}}}); err != nil {
		t.Fatal(err)
	}
	w.until("the late report is there", func() bool { return count().Reports == 5 })
	c, err = gs.CountOperation(ctx, inform("ann"), o.ID, from.AddDate(0, 4, 0))
	if err != nil || c.Figures["arrests"].Number != 3 || slices.Contains(c.Figures["arrests"].Records, "arrest/9") {
		t.Errorf("%v %+v", err, c.Figures["arrests"])
	}
	if c, err = gs.CountOperation(ctx, inform("ann"), o.ID, o.To); err != nil || c.Figures["arrests"].Number != 2 {
		t.Errorf("%v %+v", err, c.Figures["arrests"])
	}
}

// A node reports what it did itself, each thing once however often it is gathered, and nothing from before or after.
func TestANodeReportsWhatItDidItself(t *testing.T) {
	w := newWorld(t, map[string]handling.Kind{"NCB-AA": handling.Bureau, "BANK-FF": handling.Bank}, nil)
	ctx, aa := t.Context(), w.nodes["NCB-AA"].Node
	gs := w.nodes["GS"].Node
	now := w.clock.now()
	ask := func(number string) {
		t.Helper()
		if _, err := aa.LookUp(ctx, who("ann"), question(t, "phone", number)); err != nil {
			t.Fatal(err)
		}
	}
	ask("+33600000001") // before
	w.clock.forward(2 * time.Hour)
	from := w.clock.now()
	o, err := gs.PlanOperation(ctx, inform("ann"), casework.Operation{Title: "Andes", From: from, To: now.AddDate(0, 0, 4), Participants: []casework.Participant{{Member: "NCB-AA"}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []casework.OperationState{casework.PreOperational, casework.Live} {
		if _, err := gs.StepOperation(ctx, inform("ann"), o.ID, s); err != nil {
			t.Fatal(err)
		}
	}
	w.until("it is live", func() bool { return w.state("NCB-AA", "operation", o.ID) == "live" })
	ask("+33600000002")
	ask("+33600000003")
	stops, err := aa.RequestStops(ctx, who("ann"), []node.StopRequest{{Asked: "BANK-FF", Form: casework.StopForm{
		Account: "BANKFFXX/9", Amount: "1000.00", Currency: "USD", Payments: []casework.Payment{{Reference: "W1", Amount: "1000.00", To: "BANKFFXX/9"}}, Offence: "THB", Reference: "P/1", Officer: "+000", Wish: "both",
	}}})
	if err != nil {
		t.Fatal(err)
	}
	bank := w.nodes["BANK-FF"].Node
	w.until("the bank is asked", func() bool { return w.state("BANK-FF", "stop", stops[0].ID) == "requested" })
	if _, err := bank.StopStep(ctx, who("ann"), stops[0].ID, casework.StopStep{State: casework.BlockedPart, Answer: &casework.Answer{Found: true, Held: "400.00", Currency: "USD"}}); err != nil {
		t.Fatal(err)
	}
	w.until("the bureau is answered", func() bool { return w.state("NCB-AA", "stop", stops[0].ID) == "blocked_part" })
	first, err := aa.GatherReports(ctx, inform("ann"), o.ID)
	if err != nil || first != 3 { // a day's checks, an account, and its money
		t.Fatal(first, err)
	}
	if again, err := aa.GatherReports(ctx, inform("ann"), o.ID); err != nil || again != 0 {
		t.Error(again, err)
	}
	ask("+33600000004")
	if _, err := aa.GatherReports(ctx, inform("ann"), o.ID); err != nil {
		t.Fatal(err)
	}
	w.until("the secretariat has it", func() bool {
		c, err := gs.CountOperation(ctx, inform("ann"), o.ID, now.AddDate(0, 0, 5))
		if err != nil {
			t.Fatal(err)
		}
		checks := c.Figures["checks"]
		return checks != nil && checks.Number == 3 && c.Figures["accounts_frozen"].Number == 1 && c.Figures["money"].ByState["held"]["USD"] == "400.00"
	})
}

// While an operation runs: what is asked in the languages of who is asked, the watch-list that ends with it, the feed, and what the assets add up to.
func TestAnOperationWhileItRuns(t *testing.T) {
	w := newWorld(t, map[string]handling.Kind{"NCB-AA": handling.Bureau, "NCB-BB": handling.Bureau}, nil)
	ctx, gs, aa := t.Context(), w.nodes["GS"].Node, w.nodes["NCB-AA"].Node
	c, err := gs.NewCase(ctx, inform("ann"), "Farm", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gs.AddToCase(ctx, inform("ann"), c.ID, []node.NewEntry{
		text(casework.AssetEntry, `{"id":"a1","kind":"account","identifier":"BANKFFXX/9","value":"1000.00","currency":"USD","as_of":"2026-02-28T00:00:00Z","source":"the bank","link":"fees rest here"}`),
	}); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	plan := casework.Operation{Title: "Night", From: now, To: now.AddDate(0, 0, 4), Participants: []casework.Participant{{Member: "NCB-AA"}}, Targets: []casework.Ref{{Kind: "case", ID: c.ID}}, Places: []string{"FRLYS"}}
	o, err := gs.PlanOperation(ctx, inform("ann"), plan)
	if err != nil {
		t.Fatal(err)
	}
	ask := casework.Tasking{Text: map[string]string{"en": "Check the night trains.", "fr": "Contrôlez les trains de nuit."}, Places: []string{"FRLYS"}, Due: now.Add(time.Hour)}
	if _, err := gs.TaskOperation(ctx, inform("ann"), o.ID, ask); !errors.Is(err, casework.ErrOperation) {
		t.Error("asked before anybody is at work:", err)
	}
	for _, s := range []casework.OperationState{casework.PreOperational, casework.Live} {
		if _, err := gs.StepOperation(ctx, inform("ann"), o.ID, s); err != nil {
			t.Fatal(err)
		}
	}
	w.until("the participant knows that it is live", func() bool { return w.state("NCB-AA", "operation", o.ID) == "live" })
	for _, bad := range []casework.Tasking{{}, {Text: ask.Text}, {Text: map[string]string{"fr": "x"}, Due: ask.Due}, {Text: ask.Text, Due: ask.Due, To: []string{"NCB-BB"}}, {Text: ask.Text, Due: ask.Due, Places: []string{"XX"}}} {
		if _, err := gs.TaskOperation(ctx, inform("ann"), o.ID, bad); !errors.Is(err, casework.ErrOperation) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if _, err := aa.TaskOperation(ctx, inform("ann"), o.ID, ask); !errors.Is(err, casework.ErrOperation) {
		t.Error("a participant asks the others:", err)
	}
	asked, err := gs.TaskOperation(ctx, inform("ann"), o.ID, ask)
	if err != nil {
		t.Fatal(err)
	}
	w.until("it is among the tasks", func() bool { return len(w.tasks("NCB-AA", "tasking")) == 1 })
	feed, err := aa.OperationFeed(ctx, inform("ann"), o.ID, 0, 100)
	if err != nil || len(feed) != 1 || feed[0].Tasking.In("fr") != "Contrôlez les trains de nuit." || feed[0].Tasking.In("es") != "Check the night trains." {
		t.Fatalf("%v %+v", err, feed)
	}
	if err := aa.DoneTasking(ctx, inform("ann"), o.ID, "none", ""); !errors.Is(err, casework.ErrOperation) {
		t.Error(err)
	}
	if err := aa.DoneTasking(ctx, inform("ann"), o.ID, asked.ID, "three trains"); err != nil || len(w.tasks("NCB-AA", "tasking")) != 0 {
		t.Error("it is still to be done:", err)
	}
	w.until("the owner hears of it", func() bool {
		feed, err := gs.OperationFeed(ctx, inform("ann"), o.ID, 0, 100)
		return err == nil && len(feed) == 1 && feed[0].Tasking.Done["NCB-AA"].Note == "three trains"
	})

	// The watch-list.
	got, err := gs.WatchInOperation(ctx, inform("ann"), o.ID, strings.NewReader(`{"id":"p1","schema":"Person","properties":{"name":["Anna Ekzemplar"],"phone":["+33612345678"]}}`+"\nnonsense\n"+`{"id":"x","schema":"Event","properties":{}}`+"\n"))
	if err != nil || got.Read != 3 || got.Accepted != 1 || len(got.Rejected) != 2 {
		t.Fatalf("%v %+v", err, got)
	}
	known := func() int {
		a, err := aa.LookUp(ctx, who("ann"), question(t, "phone", "+33612345678"))
		if err != nil {
			t.Fatal(err)
		}
		return len(a.Hits)
	}
	w.until("the participant looks for them", func() bool { return w.first("NCB-AA", "watch") != "" })
	if w.first("NCB-BB", "watch") != "" {
		t.Error("somebody who does not take part has the watch-list")
	}
	checked, err := aa.LookUp(ctx, who("ann"), node.Question{Ask: match.Ask{Names: []string{"Анна Экземпляр"}}})
	if err != nil || len(checked.Hits) != 1 || checked.Hits[0].Owner != "GS" {
		t.Errorf("%v %+v", err, checked)
	}
	if known() == 0 {
		t.Error("the number of the watch-list is not known")
	}

	// The feed goes on where it was left.
	if _, err := aa.ReportOperation(ctx, inform("ann"), o.ID, []casework.Report{{Measure: "arrests", Record: "arrest/1", At: now, Tags: map[string]string{"offence": "THB"}}}); err != nil {
		t.Fatal(err)
	}
	last := int64(0)
	w.until("the report is in the feed", func() bool {
		list, err := gs.OperationFeed(ctx, inform("ann"), o.ID, last, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range list {
			last = l.Seq
			if l.Record == "arrest/1" && l.Member == "NCB-AA" {
				return true
			}
		}
		return false
	})
	if list, err := gs.OperationFeed(ctx, inform("ann"), o.ID, last, 100); err != nil || len(list) != 0 {
		t.Errorf("%v %+v", err, list)
	}
	m, err := gs.OperationMoney(ctx, inform("ann"), o.ID, map[string]string{"USD": "4000.00"})
	if err != nil || m.Assets != 1 || m.Sums["USD"][casework.Located] != "1000.00" || m.Shares["USD"]["located"] != "25.0" {
		t.Errorf("%v %+v", err, m)
	}
	if _, err := gs.OperationMoney(ctx, inform("bob"), o.ID, nil); !errors.Is(err, casework.ErrNoSeat) {
		t.Error("the assets of a case in which bob has no seat:", err)
	}

	// It closes, and nobody looks any more.
	if _, err := gs.StepOperation(ctx, inform("ann"), o.ID, casework.Closing); err != nil {
		t.Fatal(err)
	}
	w.until("the watch-list is gone", func() bool { return w.first("NCB-AA", "watch") == "" && w.first("GS", "watch") == "" })
	if _, err := gs.WatchInOperation(ctx, inform("ann"), o.ID, strings.NewReader("")); !errors.Is(err, casework.ErrOperation) {
		t.Error(err)
	}
}
