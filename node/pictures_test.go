package node_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"tarir/casework"
	"tarir/chart"
	"tarir/money/trace"
	"tarir/node"
)

// TestAPictureIsNeverOld: whatever changes of what is drawn (an entry more, one that is changed or gone, a move of an asset, a merge and its undoing) is in the next
// picture, and an attempt that was cut off leaves nothing behind on which the next one stands.
func TestAPictureIsNeverOld(t *testing.T) {
	n, ctx, w := alone(t, ""), t.Context(), inform("ann")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	c, err := n.NewCase(ctx, w, "Farm", nil)
	must(err)
	other, err := n.NewCase(ctx, w, "Harbour", nil)
	must(err)
	put, err := n.AddToCase(ctx, w, c.ID, []node.NewEntry{
		text(casework.AssetEntry, `{"id":"a1","kind":"account","identifier":"BANKFFXX/9","value":"1000.00","currency":"USD","as_of":"2026-02-28T00:00:00Z","source":"the bank","link":"fees rest here"}`),
		text(casework.PaymentEntry, `{"reference":"W1","time":"2026-02-01T10:00:00+01:00","from":"BANKAAXX/1","to":"BANKBBXX/2","amount":"10.00","currency":"EUR"}`),
		text(casework.EntityEntry, `{"id":"p1","schema":"Person","properties":{"name":["Ana"]}}`),
	})
	must(err)
	_, err = n.AddToCase(ctx, w, other.ID, []node.NewEntry{text(casework.EntityEntry, `{"id":"p2","schema":"Person","properties":{"name":["Leo"]}}`)})
	must(err)
	picture := func() *chart.Picture {
		t.Helper()
		p, _, err := n.Picture(ctx, w, c.ID)
		must(err)
		return p
	}
	first := picture()
	if first != picture() {
		t.Error("a case of which nothing changed is read again")
	}

	_, err = n.MoveAsset(ctx, w, c.ID, put[0].Seq, 1, casework.AssetMove{From: casework.Located, To: casework.Frozen, Amount: "400", Authority: "court", Route: "freezing_order"})
	must(err)
	if got := picture().Assets[0].Asset.Amounts[casework.Frozen]; got != "400" && got != "400.00" {
		t.Errorf("frozen in the picture: %q, want 400", got)
	}
	_, err = n.ChangeEntry(ctx, w, c.ID, put[2].Seq, 1, text(casework.EntityEntry, `{"id":"p1","schema":"Person","properties":{"name":["Ana María"]}}`).Body)
	must(err)
	if p := picture(); p.Parties[0].Label != "Ana María" {
		t.Errorf("the picture calls her %q", p.Parties[0].Label)
	}
	_, err = n.MergeCases(ctx, w, other.ID, c.ID)
	must(err)
	if _, ok := picture().Find("p2"); !ok {
		t.Error("what came by a merge is not in the picture")
	}
	_, err = n.UnmergeCases(ctx, w, other.ID, c.ID)
	must(err)
	if _, ok := picture().Find("p2"); ok {
		t.Error("what a merge brought is in the picture after its undoing")
	}

	cut, stop := context.WithCancel(ctx)
	stop()
	q := chart.Question{Party: -1}
	if _, _, err := n.TraceCase(cut, w, c.ID, q, trace.How.String, "unnamed"); err == nil {
		t.Error("a trace that was cut off ends well")
	}
	_, _, err = n.TraceCase(ctx, w, c.ID, q, trace.How.String, "unnamed")
	must(err)
	must(n.RemoveEntry(ctx, w, c.ID, put[1].Seq))
	if len(picture().Payments) != 0 {
		t.Error("a payment that was taken out is in the picture")
	}
}

// TestWhoDoesNotWaitIsToldHowFarAPictureIs: the picture is read all the same, for whoever asks next.
func TestWhoDoesNotWaitIsToldHowFarAPictureIs(t *testing.T) {
	n, ann := alone(t, ""), inform("ann")
	c, err := n.NewCase(t.Context(), ann, "Large", nil)
	if err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for i := range 4000 {
		fmt.Fprintf(&lines, `{"id":"p%d","schema":"Person","properties":{"name":["Person %d Ficticia"],"phone":["+336%08d"]}}`+"\n", i, i, i)
	}
	if _, err := n.ImportIntoCase(t.Context(), ann, c.ID, casework.EntityEntry, strings.NewReader(lines.String())); err != nil {
		t.Fatal(err)
	}
	_, _, err = n.Picture(node.Soon(t.Context(), time.Nanosecond), ann, c.ID)
	d, ok := errors.AsType[*node.Drawing](err)
	if !ok || d.Share < 0 || d.Share >= 1 {
		t.Fatalf("who does not wait is told %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := n.Picture(gone, ann, c.ID); !errors.Is(err, context.Canceled) {
		t.Errorf("who has gone is told %v", err)
	}
	p, _, err := n.Picture(t.Context(), ann, c.ID)
	if err != nil || len(p.Parties) != 4000 {
		t.Fatalf("the picture: %v", err)
	}
	if _, _, err := n.Picture(node.Soon(t.Context(), time.Nanosecond), ann, c.ID); err != nil && !errors.As(err, &d) {
		t.Errorf("asked again: %v", err)
	}
}
