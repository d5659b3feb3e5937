package node

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"tarir/audit"
	"tarir/exchange/envelope"
	"tarir/exchange/keys"
	"tarir/exchange/register"
	"tarir/store"
)

// ownKey is this node's key of an id, or the one in force.
func (n *Node) ownKey(id string) *keys.Private {
	all := n.ownKeys()
	for _, k := range all {
		if k.ID() == id {
			return k
		}
	}
	return all[0]
}

// Rotate makes new keys. They are in force once the secretariat has put them into the register; until then, and for what was sealed
// before, the old ones stay. The secretariat's own are in force at once.
func (n *Node) Rotate(ctx context.Context, w Who) error {
	if err := n.allow(w, "admin"); err != nil {
		return err
	}
	if _, err := n.me(); err != nil {
		return err
	}
	if n.nextKeys() != nil {
		return fmt.Errorf("%w: a change of keys is on its way already", ErrNotAllowed)
	}
	if err := n.record(w, audit.Admin, "keys", n.config.Member, "", "rotate"); err != nil {
		return err
	}
	next, err := keys.Generate(rand.Reader)
	if err != nil {
		return err
	}
	text, err := next.MarshalText()
	if err != nil {
		return err
	}
	file, err := register.AskRotation(n.config.Member, n.ownKeys()[0], next)
	if err != nil {
		return err
	}
	// On disk before anybody else hears of them.
	n.mu.Lock()
	n.sealed.Next = string(text)
	err = n.pass.write(n.dir, n.sealed)
	n.mu.Unlock()
	if err != nil {
		return err
	}
	if n.Secretariat() {
		st, err := register.Rotate(file, n.now())
		if err != nil {
			return err
		}
		if _, err := n.append(ctx, w, st); err != nil {
			return err
		}
		n.takeNextKeys()
		return nil
	}
	return n.store.Write(ctx, func(tx *store.Tx) error {
		_, err := n.enqueue(tx, say{to: []string{n.secretariat()}, kind: "rotation", subject: "member/" + n.config.Member, body: file})
		return err
	})
}

func (n *Node) nextKeys() *keys.Private {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.sealed.Next == "" {
		return nil
	}
	k := &keys.Private{}
	if k.UnmarshalText([]byte(n.sealed.Next)) != nil {
		return nil
	}
	return k
}

// takeNextKeys puts new keys in force once the register has them.
func (n *Node) takeNextKeys() {
	next := n.nextKeys()
	if next == nil {
		return
	}
	me, err := n.me()
	if err != nil || !me.Last().Equal(next.Public()) {
		return
	}
	n.putInForce(next)
}

// putInForce makes the next keys the ones in force.
func (n *Node) putInForce(next *keys.Private) {
	me, _ := n.me()
	n.mu.Lock()
	defer n.mu.Unlock()
	if public := n.keys[0].Public(); public.Equal(next.Public()) {
		return // somebody else was faster
	}
	s := *n.sealed
	texts, all := n.stillNeeded(me)
	s.Keys, s.Next = append([]string{s.Next}, texts...), ""
	if err := n.pass.write(n.dir, &s); err != nil {
		n.log.Error("the new keys are in force and could not be put in their place; it is tried again", "error", err.Error())
		return
	}
	n.sealed, n.keys = &s, append([]*keys.Private{next}, all...)
	if signer, err := next.NoteSigner(n.config.Member); err == nil {
		n.audit.SignWith(signer)
	}
}

// stillNeeded are the keys to which something that is still on its way may be sealed: all, but those that were replaced so long ago that
// it has expired. They may be many: whoever rotates three times in a minute has not read yet what was sealed to the first.
func (n *Node) stillNeeded(me *register.Member) (texts []string, all []*keys.Private) {
	replaced := map[string]time.Time{}
	if me != nil {
		for i := range me.Keys[:max(len(me.Keys)-1, 0)] {
			replaced[me.Keys[i].ID()] = me.Keys[i+1].From
		}
	}
	for i, k := range n.keys {
		if at := replaced[k.ID()]; at.IsZero() || n.now().Sub(at) < 2*envelope.MaxAge {
			texts, all = append(texts, n.sealed.Keys[i]), append(all, k)
		}
	}
	return texts, all
}

// signAgain signs with the keys in force what was signed with older ones after they had been changed, and has not left this node: it
// had been away, and did not know.
func (n *Node) signAgain(ctx context.Context) error {
	me, err := n.me()
	if err != nil || len(me.Keys) < 2 || n.Secretariat() {
		return nil // nobody to be, or nothing changed; the secretariat changes its own keys, and tells it with the old ones
	}
	own, since := n.ownKeys()[0], me.Last().From
	if public := own.Public(); !me.Last().Equal(public) {
		return nil
	}
	return n.store.Write(ctx, func(tx *store.Tx) error {
		list, err := tx.Unsent(since)
		if err != nil {
			return err
		}
		for _, o := range list {
			fresh, err := envelope.SignAgain(o.Signed, own)
			if err != nil {
				return err
			}
			if fresh == nil {
				continue // it is signed by them
			}
			if err := tx.Resign(o.ID, fresh); err != nil {
				return err
			}
		}
		return nil
	})
}

// gotRotation puts a member's new keys into the register.
func (n *Node) gotRotation(tx *store.Tx, st *envelope.Statement) (string, error) {
	file, err := decode[[]byte](st.Body)
	if err != nil {
		return "", err
	}
	if !n.Secretariat() {
		return "", &rejected{code: "not_secretariat", text: "only the secretariat keeps the register"}
	}
	change, err := register.Rotate(*file, n.now())
	if err != nil || change.Member != st.From {
		return "", &rejected{code: "rotation", text: "the change of keys is not the sender's"}
	}
	// The clock does it, after this transaction: telling the members is one of its own.
	err = tx.Put(&store.Item{Kind: "rotation", ID: st.ID, Owner: st.From, Recorded: n.now(), Changed: n.now(), Body: mustJSON(*file)})
	n.hurry()
	return store.Stored, err
}

// putRotations puts the changes of keys that members asked for into the register.
func (n *Node) putRotations(ctx context.Context) error {
	if !n.Secretariat() {
		return nil
	}
	var items []*store.Item
	if err := n.store.Read(ctx, func(tx *store.Tx) (err error) { items, err = tx.Items(store.Query{Kind: "rotation"}); return err }); err != nil {
		return err
	}
	for _, it := range items {
		file, err := body[[]byte](it)
		if err != nil {
			return err
		}
		change, err := register.Rotate(*file, n.now())
		if err != nil {
			return err
		}
		m, err := n.member(it.Owner)
		if err != nil {
			return err
		}
		if !m.Last().Equal(*change.Keys) { // else it was put there before a crash
			if _, err := n.append(ctx, Who{Person: clockPerson}, change); err != nil {
				n.log.Error("a change of keys was refused", "member", it.Owner, "error", err.Error())
			}
		}
		if err := n.store.Write(ctx, func(tx *store.Tx) error { _, err := tx.Delete("rotation", it.ID); return err }); err != nil {
			return err
		}
	}
	return nil
}
