package node

import (
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/mod/sumdb/note"

	"tarir/entity"
	"tarir/exchange/envelope"
	"tarir/exchange/register"
	"tarir/handling"
	"tarir/store"
)

// SendAny sends what no honest node sends, signed by this one. Receipts about it are those of its subject.
func (n *Node) SendAny(ctx context.Context, to, kind, subject string, label *handling.Label, body any) error {
	err := n.store.Write(ctx, func(tx *store.Tx) error {
		_, err := n.enqueue(tx, say{to: []string{to}, kind: kind, subject: subject, label: label, body: body, urgent: true})
		return err
	})
	n.stir()
	return err
}

// WatchSeen keeps a record that is watched, and calls fn when others see it and nothing else was told of it.
func (n *Node) WatchSeen(ctx context.Context, e *entity.Entity, l handling.Label, fn func()) error {
	return n.store.Write(ctx, func(tx *store.Tx) error {
		tx.After(fn)
		_, err := n.keepRecord(tx, e, &l)
		return err
	})
}

// NoteVerifier checks what the node signs of its log.
func (n *Node) NoteVerifier() (note.Verifier, error) {
	return n.ownKeys()[0].Public().NoteVerifier(n.config.Member)
}

// KeyCount is how many keys the node can open letters with.
func (n *Node) KeyCount() int { return len(n.ownKeys()) }

// AdmitQuietly takes members in without telling anybody, for worlds of many: their registers are copied.
func (n *Node) AdmitQuietly(ctx context.Context, st register.Statement, join func(invitation []byte) (answer []byte, code string, err error)) error {
	own := n.ownKeys()[0]
	public := own.Public()
	nonce := make([]byte, 16)
	if _, err := crand.Read(nonce); err != nil {
		return err
	}
	st.Type, st.At, st.Nonce, st.Expires, st.Issuer, st.Rights = register.Invited, n.now(), nonce, n.now().Add(time.Hour), &public, UsualRights(st.Kind)
	invitation, err := register.Sign(&st, own)
	if err != nil {
		return err
	}
	if _, err := n.register.Append(invitation); err != nil {
		return err
	}
	answer, code, err := join(invitation)
	if err != nil {
		return err
	}
	var joined *register.Statement
	n.register.Look(func(s *register.State) { joined, err = s.Admit(answer, code, n.now()) })
	if err != nil {
		return err
	}
	return n.appendQuietly(ctx, joined)
}

// appendQuietly puts a statement into the register as if everybody had been told.
func (n *Node) appendQuietly(ctx context.Context, st *register.Statement) error {
	own := n.ownKeys()[0]
	entry, err := register.Sign(st, own)
	if err != nil {
		return err
	}
	if _, err := n.register.Append(entry); err != nil {
		return err
	}
	return n.store.Write(ctx, func(tx *store.Tx) error {
		return tx.Set(toldSetting, string(mustJSON(told{n.register.Size(), own.ID()})))
	})
}

// TellRelay tells the relay alone who the members are.
func (n *Node) TellRelay(ctx context.Context) error { return n.setMembers(ctx) }

// TellFrom tells the members what the register has got since it had so many statements, as if that had not been done yet.
func (n *Node) TellFrom(ctx context.Context, size int64) error {
	err := n.store.Write(ctx, func(tx *store.Tx) error {
		return tx.Set(toldSetting, string(mustJSON(told{size, n.ownKeys()[0].ID()})))
	})
	if err != nil {
		return err
	}
	return n.tellMembers(ctx)
}

// Asides is how many letters were put aside.
func (n *Node) Asides(ctx context.Context) (many int, err error) {
	err = n.store.Read(ctx, func(tx *store.Tx) error {
		items, err := tx.Items(store.Query{Kind: kindAside})
		many = len(items)
		return err
	})
	return many, err
}

// RotateQuietly puts the new keys that a member is about to ask for into the register without telling anybody.
func (n *Node) RotateQuietly(ctx context.Context, of *Node) error {
	file, err := register.AskRotation(of.config.Member, of.ownKeys()[0], of.nextKeys())
	if err != nil {
		return err
	}
	st, err := register.Rotate(file, n.now())
	if err != nil {
		return err
	}
	return n.appendQuietly(ctx, st)
}

// Delivered is how many deliveries about a record have been receipted as stored.
func (n *Node) Delivered(ctx context.Context, subject string) (stored int, err error) {
	err = n.store.Read(ctx, func(tx *store.Tx) error {
		stored, err = tx.CountDeliveries(subject, store.Stored)
		return err
	})
	return stored, err
}

// Mischief does what whoever runs the relay can do to what passes: letters are given twice, and later ones before earlier ones.
func (n *Node) Mischief(ctx context.Context, rng *rand.Rand) {
	var old []*nats.Msg
	for pause(ctx, time.Duration(10+rng.IntN(60))*time.Millisecond) {
		n.mu.Lock()
		s := n.server
		n.mu.Unlock()
		if s == nil {
			continue
		}
		js, err := jetstream.New(s.Conn())
		if err != nil {
			continue
		}
		limit, cancel := context.WithTimeout(ctx, time.Second)
		if st, err := js.Stream(limit, "BOXES"); err == nil {
			last := st.CachedInfo().State.LastSeq
			if m, err := st.GetMsg(limit, last-min(last, uint64(rng.IntN(8)))); err == nil {
				c := &nats.Msg{Subject: m.Subject, Data: m.Data, Header: m.Header}
				c.Header.Del(nats.MsgIdHdr) // by which the relay would know it again
				old = append(old, c)
				switch rng.IntN(4) {
				case 0: // twice
					_, _ = js.PublishMsg(limit, c)
				case 1: // behind what came later; the copy is on disk before the original goes
					if _, err := js.PublishMsg(limit, c); err == nil {
						_ = st.DeleteMsg(limit, m.Sequence)
					}
				case 2: // long after it was taken
					_, _ = js.PublishMsg(limit, old[rng.IntN(len(old))])
				}
				old = old[max(0, len(old)-300):]
			}
		}
		cancel()
	}
}

// Queue is what waits to be sent, by its subject, in the order in which it will be.
func (n *Node) Queue(ctx context.Context) (out []string, err error) {
	err = n.store.Read(ctx, func(tx *store.Tx) error {
		out = nil
		list, err := tx.Queue(nil, 1000)
		for _, w := range list {
			out = append(out, w.Subject)
		}
		return err
	})
	return out, err
}

// Interrupt leaves a node as a crash does while it loads a list.
func (n *Node) Interrupt(ctx context.Context) error {
	return n.store.Write(ctx, func(tx *store.Tx) error { return tx.Set(recheckMark, "1") })
}

// Received is how many letters had an effect, were rejected or refused.
func (n *Node) Received() int { return int(n.counted.received.Load() + n.counted.refused.Load()) }

// EffectKinds are the kinds of statements that have an effect.
func EffectKinds() []string { return slices.Sorted(maps.Keys(effects)) }

// WatchEffects tells saw of each statement that has an effect on a node of this process, until stop. No node may run when it begins.
func WatchEffects(saw func(*Node, *envelope.Statement)) (stop func()) {
	before := effects
	effects = map[string]effect{}
	for kind, e := range before {
		effects[kind] = effect{e.right, func(n *Node, tx *store.Tx, st *envelope.Statement) (string, error) {
			saw(n, st)
			return e.effect(n, tx, st)
		}}
	}
	unwatched = before
	return func() { effects = before }
}

var unwatched map[string]effect

var errTried = errors.New("tried")

// TryEffect does what a statement says and undoes it: done says that it came so far, and wrong what of it would have ended the node.
func (n *Node) TryEffect(ctx context.Context, st *envelope.Statement) (done bool, wrong any) {
	_ = n.store.Write(ctx, func(tx *store.Tx) (err error) {
		defer func() {
			if wrong = recover(); wrong != nil {
				wrong = fmt.Sprintf("%v at %s", wrong, failedAt())
				err = errTried
			}
		}()
		if n.refusedHere(st) != nil {
			return errTried
		}
		done = true
		_, err = unwatched[st.Type].effect(n, tx, st)
		return errors.Join(err, errTried)
	})
	return done, wrong
}
