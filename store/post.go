package store

import (
	"errors"
	"strconv"
	"time"
)

// MarkSeen remembers that a statement came, and says whether it came for the first time.
func (t *Tx) MarkSeen(sender, id string, at time.Time) (first bool, err error) {
	n, err := t.exec(`INSERT INTO seen (sender, statement, at) VALUES ($1,$2,$3) ON CONFLICT DO NOTHING`, sender, id, micros(at))
	return n > 0, err
}

// ForgetSeen forgets what came before a time.
func (t *Tx) ForgetSeen(before time.Time) error {
	_, err := t.exec(`DELETE FROM seen WHERE at<$1`, micros(before))
	return err
}

// Outgoing is a signed statement on its way.
type Outgoing struct {
	ID      string
	Seq     int64
	Urgent  bool
	Subject string // what it is about: kind/id
	Sent    time.Time
	Expires time.Time
	Signed  []byte
}

// The states of a delivery.
const (
	Queued    = "queued"    // not yet at the relay
	Relayed   = "relayed"   // on the relay's disk
	Stored    = "stored"    // the recipient has it on disk
	Refused   = "refused"   // the recipient refused it, by a reason
	Destroyed = "destroyed" // of a recall: the recipient destroyed its copy
	Marked    = "marked"    // of a recall: the recipient may not destroy it, and marked it
	Absent    = "absent"    // of a recall: the recipient had no copy
	Lapsed    = "lapsed"    // it was not taken in time
)

// Enqueue puts a statement into the outbox.
func (t *Tx) Enqueue(o *Outgoing, recipients []string) error {
	urgent := 0
	if o.Urgent {
		urgent = 1
	}
	if _, err := t.exec(`INSERT INTO outbox (id, seq, urgent, subject, sent, expires, signed) VALUES ($1,$2,$3,$4,$5,$6,$7)`,
		o.ID, o.Seq, urgent, o.Subject, micros(o.Sent), micros(o.Expires), string(o.Signed)); err != nil {
		return err
	}
	for _, r := range recipients {
		if _, err := t.exec(`INSERT INTO delivery (statement, recipient, state, reason, changed) VALUES ($1,$2,$3,'',$4)`, o.ID, r, Queued, micros(o.Sent)); err != nil {
			return err
		}
	}
	return nil
}

// Waiting is a statement that is to be sent to somebody.
type Waiting struct {
	Outgoing
	Recipient string
}

// Queue gives what is to be sent, but for some recipients: urgent first and then in order.
func (t *Tx) Queue(not []string, most int) (out []Waiting, err error) {
	where, args := except("d.recipient", not)
	signed := map[string][]byte{}
	err = t.each(`SELECT o.id, o.seq, o.urgent, o.subject, o.sent, o.expires, d.recipient FROM delivery d JOIN outbox o ON o.id=d.statement
		WHERE d.state='queued'`+where+` ORDER BY o.urgent DESC, o.seq, d.recipient LIMIT `+strconv.Itoa(most), args,
		func(scan func(...any) error) error {
			var w Waiting
			var urgent, sent, expires int64
			err := scan(&w.ID, &w.Seq, &urgent, &w.Subject, &sent, &expires, &w.Recipient)
			w.Urgent, w.Sent, w.Expires = urgent != 0, when(sent), when(expires)
			out = append(out, w)
			return err
		})
	// What is signed is read once, however many it is for.
	for i := range out {
		w := &out[i]
		if signed[w.ID] == nil && err == nil {
			var text string
			err = t.value(&text, `SELECT signed FROM outbox WHERE id=$1`, w.ID)
			signed[w.ID] = []byte(text)
		}
		w.Signed = signed[w.ID]
	}
	return out, err
}

// except is the condition that a column has none of some values, and its arguments, which are the statement's first.
func except(column string, not []string) (where string, args []any) {
	for i, v := range not {
		where += " AND " + column + "<>$" + strconv.Itoa(i+1)
		args = append(args, v)
	}
	return where, args
}

// Unsent are the statements since a time that have not reached the relay for anybody.
func (t *Tx) Unsent(since time.Time) ([]Outgoing, error) {
	var out []Outgoing
	err := t.each(`SELECT id, signed FROM outbox WHERE sent>=$1 AND NOT EXISTS (SELECT 1 FROM delivery WHERE statement=outbox.id AND state<>'queued')
		AND EXISTS (SELECT 1 FROM delivery WHERE statement=outbox.id)`, []any{micros(since)}, func(scan func(...any) error) error {
		var o Outgoing
		var signed string
		err := scan(&o.ID, &signed)
		o.Signed = []byte(signed)
		out = append(out, o)
		return err
	})
	return out, err
}

// Resign puts another signature under a statement.
func (t *Tx) Resign(id string, signed []byte) error {
	_, err := t.exec(`UPDATE outbox SET signed=$2 WHERE id=$1`, id, string(signed))
	return err
}

// QueueLength is how many deliveries and receipts have not reached the relay.
func (t *Tx) QueueLength() (n int64, err error) {
	err = t.value(&n, `SELECT (SELECT COUNT(*) FROM delivery WHERE state='queued') + (SELECT COUNT(*) FROM owed)`)
	return n, err
}

// Delivered notes how a delivery stands. What was told once is not taken back by what comes late.
func (t *Tx) Delivered(statement, recipient, state, reason string, now time.Time) error {
	guard := "state IN ('queued','relayed')"
	switch state {
	case Relayed:
		guard = "state='queued'"
	case Destroyed, Marked:
		guard = "state IN ('queued','relayed','stored')"
	}
	_, err := t.exec(`UPDATE delivery SET state=$3, reason=$4, changed=$5 WHERE statement=$1 AND recipient=$2 AND `+guard, statement, recipient, state, reason, micros(now))
	return err
}

// Delivery is how a statement stands with a recipient.
type Delivery struct {
	Statement string    `json:"statement"`
	Recipient string    `json:"recipient"`
	State     string    `json:"state"`
	Reason    string    `json:"reason,omitempty"`
	Changed   time.Time `json:"changed"`
}

// Deliveries gives those of what was sent about a subject, in order of sending and recipient.
func (t *Tx) Deliveries(subject string) ([]Delivery, error) {
	var out []Delivery
	err := t.each(`SELECT d.statement, d.recipient, d.state, d.reason, d.changed FROM delivery d JOIN outbox o ON o.id=d.statement WHERE o.subject=$1 ORDER BY o.seq, d.recipient`,
		[]any{subject}, func(scan func(...any) error) error {
			var d Delivery
			var changed int64
			err := scan(&d.Statement, &d.Recipient, &d.State, &d.Reason, &changed)
			d.Changed = when(changed)
			out = append(out, d)
			return err
		})
	return out, err
}

// CountDeliveries says how many of those are in a state.
func (t *Tx) CountDeliveries(subject, state string) (n int, err error) {
	err = t.value(&n, `SELECT COUNT(*) FROM delivery d JOIN outbox o ON o.id=d.statement WHERE o.subject=$1 AND d.state=$2`, subject, state)
	return n, err
}

// Subject is what a statement that was sent is about; empty if it is not known any more.
func (t *Tx) Subject(statement string) (string, error) {
	var s string
	err := t.value(&s, `SELECT subject FROM outbox WHERE id=$1`, statement)
	if errors.Is(err, ErrNone) {
		return "", nil
	}
	return s, err
}

// Recipients are all who have something of this node, by what they receipted.
func (t *Tx) Recipients() ([]string, error) {
	var out []string
	err := t.each(`SELECT DISTINCT recipient FROM delivery WHERE state='stored' ORDER BY recipient`, nil, func(scan func(...any) error) error {
		var r string
		err := scan(&r)
		out = append(out, r)
		return err
	})
	return out, err
}

// Lapse gives up deliveries whose statements have expired.
func (t *Tx) Lapse(now time.Time) error {
	_, err := t.exec(`UPDATE delivery SET state='lapsed', reason='it was not taken in time', changed=$1 WHERE state IN ('queued','relayed') AND statement IN (SELECT id FROM outbox WHERE expires<=$1)`, micros(now))
	return err
}

// Sweep forgets statements that were sent before a time, with their deliveries, but for those by which a record was sent that is still
// here: who has a copy must be known when it is recalled.
func (t *Tx) Sweep(before time.Time) error {
	const old = `sent<$1 AND NOT EXISTS (SELECT 1 FROM item WHERE item.statement=outbox.id)`
	if _, err := t.exec(`DELETE FROM delivery WHERE statement IN (SELECT id FROM outbox WHERE `+old+`)`, micros(before)); err != nil {
		return err
	}
	_, err := t.exec(`DELETE FROM outbox WHERE `+old, micros(before))
	return err
}

// Receipt is what is told to a sender.
type Receipt struct {
	Sender    string    `json:"-"`
	Statement string    `json:"statement"`
	State     string    `json:"state"`
	Reason    string    `json:"reason,omitempty"`
	At        time.Time `json:"at"`
}

// ReceiptKey is what makes a receipt.
type ReceiptKey struct{ Sender, Statement, State string }

// Key is what makes this one.
func (r *Receipt) Key() ReceiptKey { return ReceiptKey{r.Sender, r.Statement, r.State} }

// Owe remembers receipts until they are told.
func (t *Tx) Owe(list []Receipt) error {
	for i := range list {
		r := &list[i]
		if _, err := t.exec(`INSERT INTO owed (sender, statement, state, reason, at) VALUES ($1,$2,$3,$4,$5) ON CONFLICT DO NOTHING`, r.Sender, r.Statement, r.State, r.Reason, micros(r.At)); err != nil {
			return err
		}
	}
	return nil
}

// Owed are the receipts that were not told yet, by sender, but for those to some senders.
func (t *Tx) Owed(not []string, most int) ([]Receipt, error) {
	var out []Receipt
	where, args := except("sender", not)
	err := t.each(`SELECT sender, statement, state, reason, at FROM owed WHERE 1=1`+where+` ORDER BY sender, statement, state LIMIT `+strconv.Itoa(most), args, func(scan func(...any) error) error {
		var r Receipt
		var at int64
		err := scan(&r.Sender, &r.Statement, &r.State, &r.Reason, &at)
		r.At = when(at)
		out = append(out, r)
		return err
	})
	return out, err
}

// NotOwed forgets receipts that were told.
func (t *Tx) NotOwed(list map[ReceiptKey]bool) error {
	for r := range list {
		if _, err := t.exec(`DELETE FROM owed WHERE sender=$1 AND statement=$2 AND state=$3`, r.Sender, r.Statement, r.State); err != nil {
			return err
		}
	}
	return nil
}
