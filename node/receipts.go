package node

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"tarir/exchange/envelope"
	"tarir/store"
)

// A receipt tells the sender of a statement what became of it with one recipient. It is owed from the moment at which its statement's effects are
// written, in the same transaction, and handed to the sender in memory beside that; it is signed when it is told. The secretariat passes the
// receipts of a notice on to its owner.

const (
	receiptKind = "receipt"
	mostInOne   = 2000 // receipts that one statement tells
)

// receiptBody is what a receipt tells: of several statements of one sender at once.
type receiptBody struct {
	Receipts []store.Receipt `json:"receipts"`
}

// sendReceipts lets receipts be told.
func (n *Node) sendReceipts(tx *store.Tx, list []store.Receipt) error {
	list = slices.DeleteFunc(list, func(r store.Receipt) bool { return r.Sender == n.config.Member })
	if len(list) > 0 {
		tx.After(func() {
			n.owing.Lock()
			if n.owed = append(n.owed, list...); len(n.owed) > batch {
				n.owed = nil // they are in the database
				n.look.Store(true)
			}
			n.owing.Unlock()
			n.rouse()
		})
	}
	return tx.Owe(list)
}

// receiptsOf makes statements of receipts, one or more for each sender, adds them to what is to be sent, and says what each tells. They are signed
// only now: what is told again after a crash is no other receipt.
func (n *Node) receiptsOf(owed []store.Receipt, queue *[]store.Waiting) (map[string][]store.Receipt, error) {
	out := map[string][]store.Receipt{}
	for len(owed) > 0 {
		to := owed[0].Sender
		k := 1
		for k < min(len(owed), mostInOne) && owed[k].Sender == to {
			k++
		}
		o, err := n.sign(say{kind: receiptKind, body: receiptBody{owed[:k]}}, []string{to})
		if err != nil {
			return nil, err
		}
		*queue = append(*queue, store.Waiting{Outgoing: *o, Recipient: to})
		out[o.ID], owed = owed[:k], owed[k:]
	}
	return out, nil
}

// Receipts that were told are forgotten with what is written next, and by themselves where they are so many, or nothing was sent for so long.
const (
	mostUnforgotten = 100
	forgetAfter     = 10 * time.Second
)

// untold leaves out what was told.
func (n *Node) untold(list []store.Receipt) []store.Receipt {
	n.owing.Lock()
	defer n.owing.Unlock()
	return slices.DeleteFunc(list, func(r store.Receipt) bool { return n.told[r.Key()] })
}

// forget forgets what was told.
func (n *Node) forget(tx *store.Tx) error {
	n.owing.Lock()
	told := maps.Clone(n.told)
	n.owing.Unlock()
	tx.After(func() {
		n.owing.Lock()
		for k := range told {
			delete(n.told, k)
		}
		n.owing.Unlock()
	})
	return tx.NotOwed(told)
}

// forgetTold does so where nothing else is written.
func (n *Node) forgetTold(ctx context.Context) error {
	n.owing.Lock()
	some := len(n.told) > 0
	n.owing.Unlock()
	if !some {
		return nil
	}
	return n.store.Write(ctx, n.forget)
}

// gotReceipt notes how what was sent stands with a recipient.
func (n *Node) gotReceipt(tx *store.Tx, st *envelope.Statement) (string, error) {
	b, err := decode[receiptBody](st.Body)
	if err != nil {
		return "", err
	}
	for _, r := range b.Receipts {
		switch r.State {
		case store.Stored, store.Refused, store.Destroyed, store.Marked, store.Absent:
		default:
			return "", &rejected{code: "unreadable", text: "there is no such state of a delivery"}
		}
		if err := tx.Delivered(r.Statement, st.From, r.State, r.Reason, r.At); err != nil {
			return "", err
		}
		subject, err := tx.Subject(r.Statement)
		if err != nil {
			return "", err
		}
		if id, is := strings.CutPrefix(subject, kindNotice+"/"); is && n.Secretariat() {
			if err := tx.Set(untoldSetting+id, "1"); err != nil {
				return "", err
			}
		}
	}
	return store.Stored, nil
}

// untoldSetting, with the id of a notice, stands where receipts came that its owner has not been told of.
const untoldSetting = "untold/"

// tellReceipts tells owners how their notices stand with those who got them, where that has changed since they were told.
func (n *Node) tellReceipts(ctx context.Context) error {
	if !n.Secretariat() {
		return nil
	}
	return n.store.Write(ctx, func(tx *store.Tx) error {
		names, err := tx.Settings(untoldSetting)
		if err != nil {
			return err
		}
		for _, name := range names {
			id := strings.TrimPrefix(name, untoldSetting)
			it, err := tx.Get(kindReview, id)
			if err == nil && it.Owner != n.config.Member {
				d, err := tx.Deliveries(kindNotice + "/" + id)
				if err != nil {
					return err
				}
				if _, err := n.enqueue(tx, say{to: []string{it.Owner}, kind: "notice.receipts", subject: "told/" + id, body: receiptsBody{ID: id, Deliveries: d}}); err != nil {
					return err
				}
			} else if err != nil && !errors.Is(err, store.ErrNone) {
				return err
			}
			if err := tx.Unset(name); err != nil {
				return err
			}
		}
		return nil
	})
}

// receiptsBody is what the secretariat tells an owner of the receipts of its notice.
type receiptsBody struct {
	ID         string           `json:"id"`
	Deliveries []store.Delivery `json:"deliveries"`
}

// gotNoticeReceipts tells an owner how its notice stands with those who got it.
func (n *Node) gotNoticeReceipts(tx *store.Tx, st *envelope.Statement) (string, error) {
	b, err := decode[receiptsBody](st.Body)
	if err != nil {
		return "", err
	}
	if it, err := tx.Get(kindRequest, b.ID); err != nil || it.Owner != n.config.Member {
		return "", &rejected{code: "request", text: "there is no such request here"}
	}
	last := func(list []store.Delivery) (t time.Time) {
		for _, d := range list {
			if d.Changed.After(t) {
				t = d.Changed
			}
		}
		return t
	}
	name := "receipts/notice/" + b.ID
	if v, err := tx.Setting(name); err != nil {
		return "", err
	} else if v != "" {
		if old, err := decode[[]store.Delivery]([]byte(v)); err == nil && last(*old).After(last(b.Deliveries)) {
			return store.Stored, nil // an older one that comes late
		}
	}
	return store.Stored, tx.Set(name, string(mustJSON(b.Deliveries)))
}

// Receipts tells how what was sent about a record stands with each recipient.
func (n *Node) Receipts(ctx context.Context, w Who, kind, id string) (out []store.Delivery, err error) {
	if err := n.allow(w, "read"); err != nil {
		return nil, err
	}
	err = n.store.Read(ctx, func(tx *store.Tx) error {
		for _, subject := range []string{kind + "/" + id, "recall/" + kind + "/" + id} {
			d, err := tx.Deliveries(subject)
			if err != nil {
				return err
			}
			out = append(out, d...)
		}
		if v, err := tx.Setting("receipts/" + kind + "/" + id); err != nil || v == "" {
			return err
		} else if told, err := decode[[]store.Delivery]([]byte(v)); err == nil {
			out = append(out, *told...)
		}
		return nil
	})
	return out, err
}
