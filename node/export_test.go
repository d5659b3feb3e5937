package node

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"tarir/store"
)

// SendRecall sends what no honest node sends: a recall of a letter that is not this node's.
func (n *Node) SendRecall(ctx context.Context, to, kind, id string) error {
	err := n.store.Write(ctx, func(tx *store.Tx) error {
		_, err := n.enqueue(tx, say{to: []string{to}, kind: "recall", subject: "recall/" + kind + "/" + id, body: recallBody{kind, id, "mischief"}, urgent: true})
		return err
	})
	n.stir()
	return err
}

// Mischief does what whoever runs the relay can do to what passes: letters are given twice, and later ones before earlier ones.
func (n *Node) Mischief(ctx context.Context, rng *rand.Rand) {
	type copied struct {
		subject string
		data    []byte
	}
	var old []copied
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
				old = append(old, copied{m.Subject, m.Data})
				switch rng.IntN(4) {
				case 0: // twice
					_, _ = js.Publish(limit, m.Subject, m.Data)
				case 1: // behind what came later; the copy is on disk before the original goes
					if _, err := js.Publish(limit, m.Subject, m.Data); err == nil {
						_ = st.DeleteMsg(limit, m.Sequence)
					}
				case 2: // long after it was taken
					c := old[rng.IntN(len(old))]
					_, _ = js.Publish(limit, c.subject, c.data)
				}
				old = old[max(0, len(old)-300):]
			}
		}
		cancel()
	}
}
