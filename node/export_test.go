package node

import (
	"context"

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
