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
// on its way from the secretariat; a clock is wrong; the relay gave a step before what it is a step of. Such a letter is put aside and
// judged again when something has come and when the clock ticks. Nothing of it depends on how this node's clock is set.
const kindAside = "aside"

// The states of what was put aside: why it waits.
const (
	waitsRegister = "register" // until the secretariat has answered what its register says
	waitsClock    = "clock"    // until its time has come
	waitsEarlier  = "earlier"  // until what it is about has come
)

const (
	mostEarly    = 7 * 24 * time.Hour // that a sender's clock may be ahead (our choice)
	mostMissing  = time.Minute        // that a step waits for what it is a step of (our choice)
	mostAside    = 1000               // of one sender (our choice)
	askedSetting = "register/asked"   // the question to the secretariat that is not answered yet
)

// aside is a letter as it is kept.
type aside struct {
	Letter relay.Letter `json:"letter"`
}

// missing is the error of a step about something that is not here.
func missing(code, text string) error { return &rejected{code: code, text: text, missing: true} }

// waits says why a letter that was refused may yet be taken; empty if it never will.
func (n *Node) waits(err error) string {
	switch {
	case errors.Is(err, errBehind):
		return waitsClock
	case errors.Is(err, errNoRegister):
		return waitsRegister
	}
	if r, is := errors.AsType[*rejected](err); is && r.missing {
		return waitsEarlier
	}
	r, is := errors.AsType[*envelope.Refusal](err)
	if !is {
		return ""
	}
	switch {
	case r.Reason == envelope.Unknown, r.Reason == envelope.Suspended, r.Reason == envelope.Forged && errors.Is(r, register.ErrKey):
		if !n.Secretariat() { // whose register has no other to wait for
			return waitsRegister
		}
	case r.Reason == envelope.Early && r.Said.Sent.Sub(n.now()) <= mostEarly:
		return waitsClock
	}
	return ""
}

// hasAside says whether letters of a sender wait that those behind them must not overtake.
func (n *Node) hasAside(ctx context.Context, sender string) (some bool, err error) {
	if !n.asides.Load() {
		return false, nil
	}
	err = n.store.Read(ctx, func(tx *store.Tx) error {
		items, err := tx.Items(store.Query{Kind: kindAside, Source: sender})
		some = slices.ContainsFunc(items, func(it *store.Item) bool { return it.State != waitsEarlier })
		return err
	})
	return some, err
}

// putAside keeps a letter for later, with its place: the box is behind it then.
func (n *Node) putAside(ctx context.Context, l relay.Letter, why string) error {
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
		it := &store.Item{Kind: kindAside, ID: fmt.Sprintf("%020d.%02d/%s", l.Seq, l.Part, l.Place.Epoch), State: why, Recorded: n.now(), Changed: n.now(), Source: l.From, Body: mustJSON(aside{kept})}
		if err := tx.Put(it); err != nil {
			return err
		}
		return keepPlace(tx, l.Place)
	})
	if err == nil && full {
		return &relay.Refused{Code: "too_many"}
	}
	n.asides.Store(true)
	n.log.Warn("a letter was put aside", "until", why)
	n.hurry()
	return err
}

// askRegister asks the secretariat what its register says, where letters wait for it: one question at a time.
func (n *Node) askRegister(ctx context.Context) error {
	gs := n.secretariat()
	if !n.asides.Load() || gs == "" || gs == n.config.Member {
		return nil
	}
	return n.store.Write(ctx, func(tx *store.Tx) error {
		asked, err := tx.Setting(askedSetting)
		if err != nil || asked != "" {
			return err
		}
		items, err := tx.Items(store.Query{Kind: kindAside, State: waitsRegister})
		if err != nil {
			return err
		}
		items = slices.DeleteFunc(items, func(it *store.Item) bool { return it.Statement != "" })
		if len(items) == 0 {
			return nil
		}
		id, err := n.askSecretariat(tx, gs)
		if err != nil {
			return err
		}
		for _, it := range items {
			it.Statement = id
			if err := tx.Put(it); err != nil {
				return err
			}
		}
		return tx.Set(askedSetting, id)
	})
}

// answered notes that the secretariat has answered a question about its register: what waited for it is judged for good.
func (n *Node) answered(tx *store.Tx, ask string) error {
	asked, err := tx.Setting(askedSetting)
	if err != nil || ask == "" || ask != asked {
		return err
	}
	items, err := tx.Items(store.Query{Kind: kindAside, State: waitsRegister})
	if err != nil {
		return err
	}
	for _, it := range items {
		if it.Statement == ask {
			it.Number = "answered"
			if err := tx.Put(it); err != nil {
				return err
			}
		}
	}
	return tx.Unset(askedSetting)
}

// takeAsides judges again what was put aside, in order of arrival; of a sender nothing goes before what still waits.
func (n *Node) takeAsides(ctx context.Context) error {
	if !n.asides.Load() {
		return nil
	}
	n.asiding.Lock()
	defer n.asiding.Unlock()
	var items []*store.Item
	if err := n.store.Read(ctx, func(tx *store.Tx) (err error) { items, err = tx.Items(store.Query{Kind: kindAside}); return err }); err != nil {
		return err
	}
	slices.SortFunc(items, func(a, b *store.Item) int { return strings.Compare(a.ID, b.ID) })
	blocked := map[string]bool{}
	left := false
	for _, it := range items {
		a, err := body[aside](it)
		if err != nil {
			return err
		}
		err = n.judge(ctx, a.Letter, blocked[it.Source])
		switch why := n.waits(err); {
		case err == nil:
		case why == waitsRegister && it.Number == "", why == waitsClock, why == waitsEarlier && n.patient(it.ID):
			left = true
			blocked[it.Source] = blocked[it.Source] || why != waitsEarlier
			if why != it.State && !errors.Is(err, errBehind) {
				if err := n.store.Write(ctx, func(tx *store.Tx) error { it.State = why; return tx.Put(it) }); err != nil {
					return err
				}
			}
			continue
		default:
			if err = n.giveUp(ctx, a.Letter, err); err == nil {
				break
			}
			dead, is := errors.AsType[*relay.Refused](err)
			if !is {
				return err
			}
			if err := n.bury(ctx, a.Letter, dead.Code); err != nil {
				left = true // it is told of when there is a line
				continue
			}
		}
		delete(n.asideSince, it.ID)
		if err := n.store.Write(ctx, func(tx *store.Tx) error { _, err := tx.Delete(kindAside, it.ID); return err }); err != nil {
			return err
		}
	}
	if !left {
		n.asides.Store(false)
		return n.countAsides(ctx) // one may have come meanwhile
	}
	return nil
}

// patient says whether a step may wait longer. It is counted from when this process saw it first.
func (n *Node) patient(id string) bool {
	since, ok := n.asideSince[id]
	if !ok {
		n.asideSince[id] = time.Now()
	}
	return !ok || time.Since(since) < mostMissing
}

// countAsides looks whether anything was put aside.
func (n *Node) countAsides(ctx context.Context) error {
	return n.store.Read(ctx, func(tx *store.Tx) error {
		items, err := tx.Items(store.Query{Kind: kindAside, Limit: 1})
		if len(items) > 0 {
			n.asides.Store(true)
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
