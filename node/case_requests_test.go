package node_test

import (
	"encoding/json"
	"errors"
	"testing"

	"tarir/casework"
	"tarir/handling"
	"tarir/node"
	"tarir/notice"
)

// A member is asked something for a case, and its answer stands there by itself, also after the case was merged into another; who was not asked answers nothing.
func TestARequestOfACaseIsAnsweredThere(t *testing.T) {
	w := newWorld(t, map[string]handling.Kind{"NCB-AA": handling.Bureau, "NCB-BB": handling.Bureau, "NCB-CC": handling.Bureau}, nil)
	ctx := t.Context()
	aa, bb, cc := w.nodes["NCB-AA"].Node, w.nodes["NCB-BB"].Node, w.nodes["NCB-CC"].Node
	c, err := aa.NewCase(ctx, inform("ann"), "Farm", nil)
	if err != nil {
		t.Fatal(err)
	}
	due := w.clock.now().AddDate(0, 0, 7)
	if _, err := aa.RequestForCase(ctx, inform("bob"), c.ID, "NCB-BB", "Request", "Whose is the van?", due); !errors.Is(err, casework.ErrNoSeat) {
		t.Error("asked by somebody without a seat:", err)
	}
	if _, err := aa.RequestForCase(ctx, inform("ann"), c.ID, "NCB-BB", "Request", " ", due); !errors.Is(err, casework.ErrEntry) {
		t.Error("nothing was asked:", err)
	}
	r, err := aa.RequestForCase(ctx, inform("ann"), c.ID, "NCB-BB", "Request", "Whose is the van?", due)
	if err != nil {
		t.Fatal(err)
	}
	entry := func(in string) (out casework.CaseRequest) {
		list, err := aa.Entries(ctx, inform("ann"), in, casework.RequestEntry, 0, 10)
		if err != nil || len(list) != 1 || json.Unmarshal(list[0].Body, &out) != nil {
			t.Fatalf("%v %v", list, err)
		}
		return out
	}
	if got := entry(c.ID); got.Member != "NCB-BB" || !got.Answered.IsZero() || !got.Due.Equal(due) {
		t.Errorf("%+v", got)
	}
	view, err := aa.Case(ctx, inform("ann"), c.ID)
	if err != nil || len(view.Due) != 1 {
		t.Errorf("it is not among what is due: %v", err)
	}
	w.until("it has come", func() bool { return w.first("NCB-BB", "message") == r.Letter.ID })
	other, err := aa.NewCase(ctx, inform("ann"), "Hotel", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := aa.MergeCases(ctx, inform("ann"), c.ID, other.ID); err != nil {
		t.Fatal(err)
	}
	into, gone := other.ID, c.ID
	if v, err := aa.Case(ctx, inform("ann"), c.ID); err == nil && v.Case.State == casework.CaseOpen {
		into, gone = gone, into
	}
	answer := node.NewLetter{Kind: "message", To: []string{"NCB-AA"}, Subject: "Answer", Text: notice.Texts{"en": "It is rented."}, Answers: r.Letter.ID}
	first, err := cc.Send(ctx, inform("ann"), answer)
	if err != nil {
		t.Fatal(err)
	}
	w.until("somebody else's letter has come", func() bool { return w.state("NCB-AA", "message", first.ID) != "" })
	if got := entry(into); !got.Answered.IsZero() {
		t.Errorf("who was not asked answered: %+v", got)
	}
	l, err := bb.Send(ctx, inform("ann"), answer)
	if err != nil {
		t.Fatal(err)
	}
	w.until("it is answered", func() bool { return !entry(into).Answered.IsZero() })
	if got := entry(into); got.Reply == nil || got.Reply.ID != l.ID || got.Answer != "" {
		t.Errorf("%+v", got)
	}
	tasks, err := aa.Tasks(ctx, inform("ann"))
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, k := range tasks {
		found = found || k.Kind == "answered" && k.Subject == "case/"+into
	}
	if !found {
		t.Errorf("nobody is told: %+v (%s was merged)", tasks, gone)
	}
}
