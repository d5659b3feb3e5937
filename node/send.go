package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	jsonv1 "github.com/go-json-experiment/json/v1"

	"tarir/exchange/envelope"
	"tarir/exchange/keys"
	"tarir/exchange/relay"
	"tarir/handling"
	"tarir/store"
)

// say is a statement that is to be sent.
type say struct {
	to          []string
	kind        string // its type
	subject     string // kind/id of what it is about, for its receipts
	purpose     handling.Purpose
	legalBasis  string
	label       *handling.Label
	body        any
	urgent      bool
	attachments []envelope.Attachment
	holder      string        // who has the attachments, where this node passes on another's
	by          *keys.Private // who signs; nil: the keys in force
}

// expiry is how long a statement may be on its way: as long as the relay keeps it.
const expiry = envelope.MaxAge - time.Hour

// enqueue signs a statement and puts it into the outbox. What is for this member itself is left out: whoever calls does it.
func (n *Node) enqueue(tx *store.Tx, s say) (string, error) {
	to := slices.DeleteFunc(slices.Clone(s.to), func(m string) bool { return m == n.config.Member })
	slices.Sort(to)
	to = slices.Compact(to)
	if len(to) == 0 {
		return "", nil
	}
	seq, err := tx.Next("seq")
	if err != nil {
		return "", err
	}
	o, err := n.sign(s, to)
	if err != nil {
		return "", err
	}
	o.Seq, o.Urgent, o.Subject = seq, s.urgent, s.subject
	if len(s.attachments) > 0 {
		sums := make([]string, len(s.attachments))
		for i, a := range s.attachments {
			sums[i] = a.SHA256
		}
		if err := tx.Set(putSetting+o.ID, s.holder+"|"+strings.Join(sums, " ")); err != nil {
			return "", err
		}
	}
	tx.After(n.stir)
	return o.ID, tx.Enqueue(o, to)
}

// sign makes a statement to some.
func (n *Node) sign(s say, to []string) (*store.Outgoing, error) {
	id, err := newID()
	if err != nil {
		return nil, err
	}
	now := n.now()
	by := s.by
	if me, err := n.me(); err == nil {
		if now.Before(me.Last().From) {
			now = me.Last().From // this clock is behind: nobody signs before he had the keys
		}
		if by == nil {
			by = n.ownKey(me.Last().ID()) // those that this node's register has, of which it is known since when they hold
		}
	}
	if s.purpose == "" {
		s.purpose, s.legalBasis = handling.Inform, "rules of the exchange"
	}
	if by == nil {
		by = n.ownKeys()[0]
	}
	signed, err := envelope.Sign(&envelope.Statement{
		Version: envelope.Version, ID: id, From: n.config.Member, To: to, Purpose: s.purpose, LegalBasis: s.legalBasis, Type: s.kind,
		Sent: now, Expires: now.Add(expiry), Label: s.label, Body: mustJSON(s.body), Attachments: s.attachments,
	}, by)
	return &store.Outgoing{ID: id, Sent: now, Expires: now.Add(expiry), Signed: signed}, err
}

// putSetting names the setting with the sums of a statement's attachments that the relay does not have yet.
const putSetting = "put/"

// put hands the attachments of a statement to the relay, which must have them before the statement.
func (n *Node) put(ctx context.Context, client *relay.Client, statement string) error {
	var v string
	if err := n.store.Read(ctx, func(tx *store.Tx) (err error) { v, err = tx.Setting(putSetting + statement); return err }); err != nil || v == "" {
		return err
	}
	holder, sums, _ := strings.Cut(v, "|")
	for _, sum := range strings.Fields(sums) {
		f, err := os.Open(n.attachmentPath(sum))
		if errors.Is(err, os.ErrNotExist) && holder != "" {
			if err = n.bring(ctx, client, holder, sum); err == nil {
				f, err = os.Open(n.attachmentPath(sum))
			}
		}
		if err != nil {
			return fmt.Errorf("send an attachment: %w", err)
		}
		err = client.Put(ctx, sum, f)
		_ = f.Close() // it was read only
		if err != nil {
			return err
		}
	}
	return n.store.Write(ctx, func(tx *store.Tx) error { return tx.Unset(putSetting + statement) })
}

const (
	batch       = 2048 // letters that are handed to the relay at once
	sealedAhead = 64   // of them, before the relay has taken those before them
	tryAgainIn  = 30 * time.Second
	askSubject  = "register/ask"
)

// sendAll sends what is in the outbox, until ctx ends or the keys have changed.
func (n *Node) sendAll(ctx context.Context, client *relay.Client) error {
	n.look.Store(true)
	used := n.ownKeys()[0]
	// Keys that the relay knows and this node's register does not yet: others may not know them either, and since when they hold is
	// told by the register, which is on its way. Until then only the question for it is sent: part of it may have come out of order.
	registered := false
	later := map[string]time.Time{} // recipients that are left alone for a while, as their boxes are full; a clock that is set does not matter
	for {
		if n.ownKeys()[0] != used {
			return errRedial
		}
		if !registered {
			me, err := n.me()
			if registered = err != nil || me.Last().Equal(used.Public()); registered {
				if err := n.signAgain(ctx); err != nil {
					return err
				}
			}
		}
		more, left, err := n.sendSome(ctx, client, registered, later)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			n.log.Error("sending", "error", err.Error())
		}
		if more && err == nil {
			continue
		}
		wait := time.Second
		switch {
		case !registered:
			wait = 100 * time.Millisecond
		case !left && err == nil: // whoever puts something in says so
			wait = forgetAfter
		}
		select {
		case <-n.wake:
		case <-time.After(wait):
			n.look.Store(true)
			if err := n.forgetTold(ctx); err != nil {
				n.log.Error("sending", "error", err.Error())
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// sendSome sends one batch and says whether there may be more, and whether anything is left that is to be tried again. Unless all may be sent, it is
// what the secretariat is asked about its register.
func (n *Node) sendSome(ctx context.Context, client *relay.Client, all bool, later map[string]time.Time) (more, left bool, err error) {
	maps.DeleteFunc(later, func(_ string, t time.Time) bool {
		over := time.Now().After(t)
		if over {
			n.look.Store(true)
		}
		return over
	})
	defer func() {
		if more || left || err != nil || !all {
			n.look.Store(true)
		}
	}()
	var queue []store.Waiting
	var puts []string
	n.owing.Lock()
	owed := n.owed
	n.owed = nil
	n.owing.Unlock()
	// Where all that there is to be sent are receipts that were handed over, the database need not be asked.
	if n.look.Swap(false) || len(later) > 0 {
		if err := n.store.Read(ctx, func(tx *store.Tx) (err error) {
			owed = nil
			not := slices.Sorted(maps.Keys(later))
			if queue, err = tx.Queue(not, batch); err == nil && len(queue) > 0 {
				puts, err = tx.Settings(putSetting)
			}
			if err == nil && all {
				owed, err = tx.Owed(not, batch)
			}
			return err
		}); err != nil {
			return false, true, err
		}
	} else {
		slices.SortStableFunc(owed, func(a, b store.Receipt) int { return strings.Compare(a.Sender, b.Sender) })
	}
	now := n.now()
	full := max(len(queue), len(owed)) == batch
	queue = slices.DeleteFunc(queue, func(w store.Waiting) bool { return !all && w.Subject != askSubject })
	owed = n.untold(owed)
	receipts, err := n.receiptsOf(owed, &queue)
	if err != nil {
		return false, true, err
	}
	// What is for one recipient goes together; what is urgent goes first all the same.
	slices.SortStableFunc(queue, func(a, b store.Waiting) int {
		if a.Urgent != b.Urgent {
			if a.Urgent {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Recipient, b.Recipient)
	})
	if len(queue) == 0 {
		return false, len(later) > 0, nil
	}
	errs := make([]error, len(queue))
	put := map[string]error{}
	for i, w := range queue {
		err, done := put[w.ID]
		if !done && slices.Contains(puts, putSetting+w.ID) {
			err = n.put(ctx, client, w.ID)
			put[w.ID] = err
		}
		errs[i] = err
	}
	var at []int // of those that are handed over
	limit, cancel := context.WithTimeout(ctx, 20*time.Second)
	for k, err := range client.SendEach(limit, func(yield func(relay.Letter) bool) {
		for i, l := range n.sealEach(queue, errs) {
			at = append(at, i)
			if !yield(l) {
				return
			}
		}
	}) {
		errs[at[k]] = err
	}
	cancel()
	broke := false
	left = len(later) > 0
	only := true // receipts, and the relay has them all
	n.owing.Lock()
	for i, w := range queue {
		done := errs[i] == nil || errors.Is(errs[i], errNoMember)
		for _, r := range receipts[w.ID] {
			if done {
				n.told[r.Key()] = true
			}
		}
		only = only && errs[i] == nil && receipts[w.ID] != nil
	}
	only = only && len(n.told) < mostUnforgotten
	n.owing.Unlock()
	if only {
		n.counted.sent.Add(int64(len(queue)))
		return full, false, nil
	}
	err = n.store.Write(ctx, func(tx *store.Tx) error {
		if err := n.forget(tx); err != nil {
			return err
		}
		for i, w := range queue {
			state, reason := store.Relayed, ""
			switch {
			case receipts[w.ID] != nil && (errs[i] == nil || errors.Is(errs[i], errNoMember)):
				continue
			case errs[i] == nil:
			case !now.Before(w.Expires):
				state, reason = store.Lapsed, "it could not be delivered in time"
			case errors.Is(errs[i], errNoMember):
				state, reason = store.Refused, "the recipient is no member in good standing"
			case errors.Is(errs[i], relay.ErrTooLarge):
				state, reason = store.Refused, "too large"
			default: // a full box, or the line: it stays in its place, so that nothing overtakes it
				left = true
				broke = broke || !errors.Is(errs[i], relay.ErrFull)
				continue
			}
			if err := tx.Delivered(w.ID, w.Recipient, state, reason, now); err != nil {
				return err
			}
		}
		return nil
	})
	for i, w := range queue {
		switch {
		case errs[i] == nil:
			n.counted.sent.Add(1)
		case !errors.Is(errs[i], errNoMember):
			if errors.Is(errs[i], relay.ErrFull) {
				later[w.Recipient] = time.Now().Add(tryAgainIn)
			}
			n.log.Warn("a letter could not be handed to the relay; it is tried again", "recipient", w.Recipient, "error", errs[i].Error())
		}
	}
	return full && !broke, left, err
}

var errNoMember = errors.New("the recipient is no member in good standing")

// sealEach seals what has no error yet, on two processors, and gives it in order while the rest is sealed. What cannot be sealed has an
// error afterwards.
func (n *Node) sealEach(queue []store.Waiting, errs []error) iter.Seq2[int, relay.Letter] {
	return func(yield func(int, relay.Letter) bool) {
		type done struct {
			sealed []byte
			err    error
		}
		type task struct {
			i  int
			to chan done
		}
		work, order := make(chan task), make(chan task, sealedAhead)
		quit := make(chan struct{})
		var wg sync.WaitGroup
		defer wg.Wait()
		defer close(quit)
		wg.Go(func() {
			defer close(order)
			defer close(work)
			for i := range queue {
				if errs[i] != nil {
					continue
				}
				t := task{i, make(chan done, 1)}
				for _, c := range []chan<- task{order, work} {
					select {
					case c <- t:
					case <-quit:
						return
					}
				}
			}
		})
		for range 2 {
			wg.Go(func() {
				for t := range work {
					to, err := n.sealingKey(queue[t.i].Recipient)
					var sealed []byte
					if err == nil {
						sealed, err = envelope.Seal(queue[t.i].Signed, *to)
					}
					t.to <- done{sealed, err}
				}
			})
		}
		failed := map[int]error{} // for errs, which is read meanwhile
		for t := range order {
			d := <-t.to
			if d.err != nil {
				failed[t.i] = d.err
				continue
			}
			if !yield(t.i, relay.Letter{ID: queue[t.i].ID, To: queue[t.i].Recipient, Sealed: d.sealed}) {
				break
			}
		}
		for i, err := range failed {
			errs[i] = err
		}
	}
}

func (n *Node) sealingKey(member string) (*keys.Public, error) {
	m, err := n.member(member)
	if err != nil || !m.In() {
		return nil, fmt.Errorf("%w: %s", errNoMember, member)
	}
	return &m.Last().Public, nil
}

func decode[T any](b json.RawMessage) (*T, error) {
	var v T
	if err := jsonv1.Unmarshal(b, &v); err != nil {
		return nil, &rejected{code: "unreadable", text: "its content is not of this kind"}
	}
	return &v, nil
}
