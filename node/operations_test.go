package node_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"tarir/casework"
	"tarir/handling"
	"tarir/node"
	"tarir/notice"
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
		if _, err := aa.IsKnown(ctx, who("ann"), notice.Thing{Kind: "phone", Value: number}); err != nil {
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
