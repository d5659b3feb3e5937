package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tarir/exchange/envelope"
	"tarir/exchange/register"
	"tarir/exchange/relay"
	"tarir/store"
)

// A letter may come before what it is judged by: its sender has new keys, or has just joined, and the register that says so is still
// on its way from the secretariat; or one of two clocks is wrong. Such a letter is put aside and judged again when the register has
// grown and when the clock ticks. Letters behind it from the same sender wait with it, so that order is kept.
const (
	kindAside    = "aside"
	registerWait = time.Hour          // for the register (our choice)
	clockWait    = 7 * 24 * time.Hour // for a clock (our choice)
	mostAside    = 1000               // of one sender (our choice)
)

// wait is for how long a letter that was refused may wait for another answer.
func wait(r *envelope.Refusal) time.Duration {
	switch {
	case r.Reason == envelope.Unknown, r.Reason == envelope.Suspended, r.Reason == envelope.Forged && errors.Is(r, register.ErrKey):
		return registerWait
	case r.Reason == envelope.Early:
		return clockWait
	}
	return 0
}

// aside is a letter as it is kept.
type aside struct {
	Letter relay.Letter `json:"letter"`
}

func (n *Node) hasAside(ctx context.Context, sender string) (bool, error) {
	if n.asides.Load() == 0 {
		return false, nil
	}
	var some bool
	err := n.store.Read(ctx, func(tx *store.Tx) error {
		items, err := tx.Items(store.Query{Kind: kindAside, Source: sender, Limit: 1})
		some = len(items) > 0
		return err
	})
	return some, err
}

// putAside keeps a letter for later, with its place: the box is behind it then.
func (n *Node) putAside(ctx context.Context, l relay.Letter) error {
	full := false
	err := n.store.Write(ctx, func(tx *store.Tx) error {
		items, err := tx.Items(store.Query{Kind: kindAside, Source: l.From, Limit: mostAside})
		if err != nil {
			return err
		}
		if full = len(items) == mostAside; full {
			return keepPlace(tx, l.Place)
		}
		kept := l
		kept.Place = relay.Cursor{} // it is judged out of its place
		it := &store.Item{Kind: kindAside, ID: fmt.Sprintf("%s/%020d", l.Place.Epoch, l.Place.Seq), Recorded: n.now(), Changed: n.now(), Source: l.From, Body: mustJSON(aside{kept})}
		if err := tx.Put(it); err != nil {
			return err
		}
		return keepPlace(tx, l.Place)
	})
	if err == nil && full {
		return &relay.Refused{Code: "too_many"}
	}
	n.asides.Store(1)
	return err
}

// takeAsides judges again what was put aside, in order of arrival; of a sender nothing goes before what still waits.
func (n *Node) takeAsides(ctx context.Context) error {
	if n.asides.Load() == 0 {
		return nil
	}
	n.asiding.Lock()
	defer n.asiding.Unlock()
	var items []*store.Item
	if err := n.store.Read(ctx, func(tx *store.Tx) (err error) { items, err = tx.Items(store.Query{Kind: kindAside}); return err }); err != nil {
		return err
	}
	slices.SortFunc(items, func(a, b *store.Item) int { return strings.Compare(a.ID, b.ID) })
	waits := map[string]bool{}
	for _, it := range items {
		if waits[it.Source] {
			continue
		}
		a, err := body[aside](it)
		if err != nil {
			return err
		}
		err = n.judge(ctx, a.Letter)
		if refusal, is := errors.AsType[*envelope.Refusal](err); is {
			// A clock that was set back since does not make it wait for ever.
			if since := n.now().Sub(it.Recorded); since < wait(refusal) && since > -clockWait {
				waits[it.Source] = true
				continue
			}
			err = n.refuse(ctx, a.Letter, refusal)
			if dead, is := errors.AsType[*relay.Refused](err); is {
				if err = n.bury(ctx, a.Letter, dead.Code); err != nil {
					waits[it.Source] = true
					n.log.Warn("a dead letter is told of when there is a line", "error", err.Error())
					continue
				}
			}
		}
		if err != nil {
			return err
		}
		if err := n.store.Write(ctx, func(tx *store.Tx) error { _, err := tx.Delete(kindAside, it.ID); return err }); err != nil {
			return err
		}
	}
	if len(waits) == 0 {
		n.asides.Store(0)
		return n.countAsides(ctx) // one may have come meanwhile
	}
	return nil
}

// countAsides looks whether anything was put aside.
func (n *Node) countAsides(ctx context.Context) error {
	return n.store.Read(ctx, func(tx *store.Tx) error {
		items, err := tx.Items(store.Query{Kind: kindAside, Limit: 1})
		if len(items) > 0 {
			n.asides.Store(1)
		}
		return err
	})
}

// bury tells the administrator of the relay of a letter that was refused.
func (n *Node) bury(ctx context.Context, l relay.Letter, code string) error {
	n.mu.Lock()
	client := n.client
	n.mu.Unlock()
	if client == nil {
		return errors.New("there is no line to the exchange")
	}
	return client.Bury(ctx, l, code)
}
