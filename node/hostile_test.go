package node_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"tarir/casework"
	"tarir/exchange/envelope"
	"tarir/handling"
	"tarir/hit"
	"tarir/node"
	"tarir/notice"
)

// told is a statement of a story: what somebody said to a node.
type told struct {
	to *node.Node
	st envelope.Statement
}

// What a member says may be anything: with its own keys it signs and seals what it likes, and what it said comes again after each start.
// Each statement of these stories is said once more in every wrong shape, to the node that it was for, before that node stops; nothing of
// it is kept, and none may bring the node down.
func TestNoWordsOfAMemberBringANodeDown(t *testing.T) {
	var mu sync.Mutex
	said, tried := map[string]int{}, map[string]int{}
	var all []told
	stop := node.WatchEffects(func(n *node.Node, st *envelope.Statement) {
		mu.Lock()
		defer mu.Unlock()
		if said[st.Type]++; said[st.Type] <= 3 {
			all = append(all, told{n, *st})
		}
	})
	done := 0
	beforeStop = func(n *node.Node) {
		mu.Lock()
		list := all[done:]
		mu.Unlock()
		for _, x := range list {
			if x.to != n {
				continue
			}
			for _, body := range wrongShapes(x.st.Body, 250) {
				again := x.st
				again.Body = body
				ran, wrong := n.TryEffect(context.Background(), &again)
				if wrong != nil {
					t.Errorf("%s with %.300s: %v", x.st.Type, body, wrong)
					break
				}
				if ran {
					tried[x.st.Type]++
				}
			}
		}
	}
	for _, story := range []struct {
		name string
		is   func(*testing.T)
	}{
		{"notice", TestFromNoticeToHitToStop},
		{"recall", TestARecalledLetterIsDestroyedOrMarkedAndStaysAway},
		{"diffusion", aDiffusion},
		{"keys", TestKeysAreRotatedWhileLettersAreOnTheirWayAndALostLaptopIsReplaced},
		{"log", TestALogWrittenAnewIsSeenByWhatItsWitnessesKeep},
		{"counts", TestAnOperationOfSeveralMembersCountsEachRecordOnce},
		{"operation", TestAnOperationWhileItRuns},
		{"group", TestAGroupOfExpertsFromProposalToNotice},
		{"vault", TestWhatThePersonConsentedToGoesFromVaultToVault},
		{"private", TestABankAsksWithoutTellingWhom},
		{"request", TestARequestOfACaseIsAnsweredThere},
		{"register", TestAMemberWhoseRegisterLacksItsOwnKeysAsksForIt},
	} {
		t.Run(story.name, story.is)
		done = len(all)
	}
	beforeStop = func(*node.Node) {}
	stop()
	sum := 0
	for _, kind := range node.EffectKinds() {
		sum += tried[kind]
		if tried[kind] < 9 && kind != "pulse" { // which comes of itself once an hour, and says nothing
			t.Errorf("%q was said %d times, and %d times in a wrong shape", kind, said[kind], tried[kind])
		}
	}
	t.Logf("%d wrong shapes of %d kinds", sum, len(node.EffectKinds()))
	t.Run("kept", func(t *testing.T) { keptInAWrongShape(t, all) })
}

func aDiffusion(t *testing.T) {
	w := newWorld(t, map[string]handling.Kind{"NCB-AA": handling.Bureau, "NCB-BB": handling.Bureau}, nil)
	f := silver()
	f.Colour, f.Status, f.Enquiry = notice.Blue, notice.Suspect, notice.Enquiry{Investigation: "AA/7", Asks: []string{"location"}}
	f.Person = notice.Person{Forename: "Ilen", FamilyName: "Exemplar", Born: "1980-01-02", Sex: "M"}
	l, err := w.nodes["NCB-AA"].Send(t.Context(), who("ann"), node.NewLetter{Kind: "diffusion", To: []string{"NCB-BB"}, Subject: "Where is he", Text: notice.Texts{"en": "We ask where he is."}, Form: &f})
	if err != nil {
		t.Fatal(err)
	}
	w.until("it is there", func() bool { return w.state("NCB-BB", "diffusion", l.ID) != "" })
}

// keptInAWrongShape sends statements of the stories in wrong shapes, so that what a node takes of them is kept there, and lets the node
// list, open, count, look and delete.
func keptInAWrongShape(t *testing.T, all []told) {
	kinds := map[string]handling.Kind{"NCB-AA": handling.Bureau, "NCB-BB": handling.Bureau, "FIU-BB": handling.FIU, "BANK-FF": handling.Bank, "NGO-1": handling.NGO}
	w := newWorld(t, kinds, nil)
	ctx := t.Context()
	sent, ids := 0, 0
	for _, x := range all {
		to := x.to.Member()
		from := w.nodes[x.st.From]
		if from == nil || w.nodes[to] == nil || x.st.From == to || !makes[x.st.Type] {
			continue
		}
		for k, body := range append([][]byte{x.st.Body}, wrongShapes(x.st.Body, 400)...) {
			if k > 25 && k%10 != 0 {
				continue
			}
			if id := firstID.FindSubmatch(x.st.Body); id != nil && k > 0 { // each is another record
				ids++
				body = bytes.ReplaceAll(body, id[1], fmt.Appendf(nil, "%0*x", len(id[1]), ids))
			}
			if !json.Valid(body) {
				continue
			}
			if err := from.SendAny(ctx, to, x.st.Type, "", x.st.Label, json.RawMessage(body)); err != nil {
				t.Fatal(err)
			}
			sent++
		}
	}
	w.until("all that was sent is told of", func() bool {
		n := 0
		for id := range w.nodes {
			n += w.nodes[id].Received()
		}
		return n >= sent
	})
	looked := 0
	for id, n := range w.nodes {
		for _, kind := range []string{"diffusion", "group", "hit", "message", "notice", "operation", "request", "review", "stop", "tasking", "watch"} {
			list, err := n.List(ctx, who("ann"), kind, 0)
			if err != nil {
				t.Errorf("%s lists no %s: %v", id, kind, err)
			}
			for _, l := range list {
				looked++
				_, _ = n.Open(ctx, who("ann"), kind, l.ID)
				switch kind {
				case "group":
					_, _ = n.Group(ctx, who("ann"), l.ID, "")
				case "operation":
					_, _ = n.CountOperation(ctx, who("ann"), l.ID, time.Time{})
					_, _ = n.OperationFeed(ctx, who("ann"), l.ID, 0, 100)
				case "review", "request":
					_, _ = n.Request(ctx, who("ann"), l.ID)
					_, _ = n.Check(ctx, who("ann"), l.ID, false)
					_, _ = n.Step(ctx, who("bob"), l.ID, notice.Step{Event: notice.TakeUp, Side: notice.Reviewer}, nil)
					_, _ = n.Step(ctx, who("bob"), l.ID, notice.Step{Event: notice.Publish, Side: notice.Reviewer}, nil)
				case "hit":
					_, _ = n.HitStep(ctx, who("ann"), l.ID, hit.Step{State: hit.Confirmed})
				case "stop":
					_, _ = n.StopStep(ctx, who("ann"), l.ID, casework.StopStep{State: "acknowledged"})
				}
			}
		}
		for what, err := range map[string]error{
			"tasks": second(n.Tasks(ctx, who("ann"))), "groups": second(n.Groups(ctx, who("ann"))), "requests": second(n.Requests(ctx, who("ann"))),
			"backup": n.Backup(ctx, who("ann"), io.Discard, pass),
		} {
			if err != nil {
				t.Errorf("%s, %s: %v", id, what, err)
			}
		}
	}
	t.Logf("%d sent, %d kept", sent, looked)
	if looked < 50 {
		t.Errorf("of %d that were sent %d are kept", sent, looked)
	}
	w.clock.forward(400 * 24 * time.Hour) // everything falls due, and ends
	for id, n := range w.nodes {
		w.until(id+" goes on", func() bool {
			h, err := n.Health(ctx)
			return err == nil && h.Line
		})
	}
}

// makes are the kinds of statements of which a record is made, or changed.
var makes = map[string]bool{
	"notice.request": true, "notice": true, "notice.state": true, "diffusion": true, "message": true, "hit": true, "hit.step": true, "stop": true, "stop.step": true,
	"operation": true, "operation.report": true, "operation.task": true, "operation.watch": true, "group": true, "group.entry": true, "group.say": true, "vault.share": true,
}

var firstID = regexp.MustCompile(`"id":"([^"]+)"`)

func second[T any](_ T, err error) error { return err }

// wrongShapes are up to so many bodies in each of which one value is another than it was, or is not there.
func wrongShapes(body []byte, most int) (out [][]byte) {
	out = [][]byte{nil, []byte("null"), []byte("{}"), []byte("[]"), []byte(`""`), []byte("0"), []byte("{"), []byte("[null]"), []byte(`{"":null}`)}
	var whole any
	if json.Unmarshal(body, &whole) != nil {
		return out
	}
	write := func() {
		b, err := json.Marshal(whole)
		if err == nil {
			out = append(out, b)
		}
	}
	var change func(v any, put func(any))
	change = func(v any, put func(any)) {
		if len(out) >= most {
			return
		}
		for _, other := range []any{nil, map[string]any{}, []any{}, []any{nil}, "", "x", -1, 1e18, true, map[string]any{"x": nil}} {
			put(other)
			write()
		}
		put(v)
		switch v := v.(type) {
		case map[string]any:
			for _, k := range slices.Sorted(maps.Keys(v)) {
				was := v[k]
				delete(v, k)
				write()
				change(was, func(x any) { v[k] = x })
			}
		case []any:
			for i, was := range v {
				if i > 2 {
					break
				}
				change(was, func(x any) { v[i] = x })
			}
		}
	}
	change(whole, func(x any) { whole = x })
	return out
}
