package node_test

import (
	"path/filepath"
	"testing"

	"tarir/exchange/register"
	"tarir/handling"
	"tarir/node"
)

// TestWhatComesBeforeTheRegisterWaitsForIt: between the moment in which a member is in the register and that in which it is told, the
// secretariat's clock may send it something else. A node that joins can judge nothing before it has the register, and must not stop
// there.
func TestWhatComesBeforeTheRegisterWaitsForIt(t *testing.T) {
	w := newWorld(t, nil, nil)
	ctx, gs := t.Context(), w.nodes["GS"]
	h, err := gs.Health(ctx)
	if err != nil {
		t.Fatal(err)
	}
	st := register.Statement{Member: "NCB-AA", Name: "Member NCB-AA", Kind: handling.Bureau, Country: "FR", Contact: "24/7"}
	err = gs.AdmitQuietly(ctx, st, func(invitation []byte) ([]byte, string, error) {
		return node.Join(filepath.Join(w.dir, "NCB-AA"), pass, node.Setup{URL: w.url, People: people}, invitation, w.clock.now())
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := gs.TellRelay(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := gs.AskWitnesses(ctx, who("ann")); err != nil { // its checkpoint goes out
		t.Fatal(err)
	}
	waiting := func() int {
		b, err := gs.Boxes(ctx, who("ann"))
		if err != nil {
			t.Fatal(err)
		}
		return b.Waiting["NCB-AA"]
	}
	w.until("something waits for the member", func() bool { return waiting() > 0 })
	if err := gs.TellFrom(ctx, h.Register); err != nil {
		t.Fatal(err)
	}
	w.start("NCB-AA")
	aa := w.nodes["NCB-AA"]
	w.until("NCB-AA has the register", func() bool {
		h, err := aa.Health(ctx)
		return err == nil && h.Register > 0 && h.Line
	})
	w.until("what came before it was taken", func() bool {
		left, err := aa.Asides(ctx)
		if err != nil {
			t.Fatal(err)
		}
		answers, err := gs.Answers(ctx, who("ann"))
		if err != nil {
			t.Fatal(err)
		}
		return left == 0 && len(answers) > 0
	})
}
