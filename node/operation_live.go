package node

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"tarir/audit"
	"tarir/casework"
	"tarir/entity"
	"tarir/exchange/envelope"
	"tarir/handling"
	"tarir/store"
)

// An operation while it runs: what its owner asks of participants, in their languages; the watch-lists that all of them look for meanwhile; the feed of
// what comes in; and what the assets of its cases add up to.

const kindTasking = "tasking" // entries of an operation

// TaskOperation asks participants to do something; none named: all of them.
func (n *Node) TaskOperation(ctx context.Context, w Who, id string, t casework.Tasking) (out *casework.Tasking, err error) {
	if t.ID, err = newID(); err != nil {
		return nil, err
	}
	err = n.onOperation(ctx, w, id, "task", func(tx *store.Tx, it *store.Item, b *operationBody) error {
		if it.Source != "" {
			return fmt.Errorf("%w: its plan is %s's", casework.ErrOperation, b.Owner)
		}
		if len(t.To) == 0 {
			t.To = participants(&b.Operation)
		}
		t.Operation, t.Made = b.ID, n.now()
		if err := t.Check(&b.Operation); err != nil {
			return err
		}
		out = &t
		if err := n.keepTasking(tx, b, &t, w.Person); err != nil {
			return err
		}
		if slices.Contains(t.To, n.config.Member) {
			if err := n.addTask(tx, taskOf(&t)); err != nil {
				return err
			}
		}
		_, err := n.enqueue(tx, say{to: t.To, kind: "operation.task", subject: kindOperation + "/" + b.ID, purpose: b.Purpose, legalBasis: b.LegalBasis, body: t, urgent: t.Urgent})
		return err
	})
	return out, err
}

func taskOf(t *casework.Tasking) store.Task {
	return store.Task{ID: kindTasking + "/" + t.ID, Kind: kindTasking, Subject: kindOperation + "/" + t.Operation, Due: t.Due, Note: t.ID}
}

func (n *Node) keepTasking(tx *store.Tx, b *operationBody, t *casework.Tasking, person string) error {
	now := n.now()
	have, err := tx.EntryByID(b.Num, kindTasking, t.ID)
	if errors.Is(err, store.ErrNone) {
		return tx.AddEntries([]*store.Entry{{Num: b.Num, Kind: kindTasking, ID: t.ID, At: t.Made, Due: t.Due, Recorded: now, Changed: now, Person: person, Title: "tasking", Body: mustJSON(t)}}, [][]string{nil})
	}
	if err != nil {
		return err
	}
	have.Changed, have.Body = now, mustJSON(t)
	_, err = tx.ChangeEntry(have, nil)
	return err
}

// gotTasking takes up what the owner of an operation asks of this member.
func (n *Node) gotTasking(tx *store.Tx, st *envelope.Statement) (string, error) {
	t, err := decode[casework.Tasking](st.Body)
	if err != nil {
		return "", err
	}
	it, b, err := getOperation(tx, t.Operation)
	switch {
	case errors.Is(err, store.ErrNone):
		return "", missing("operation", "there is no such operation here")
	case err != nil:
		return "", err
	case it.Source != st.From || !idForm.MatchString(t.ID) || !slices.Contains(t.To, n.config.Member) || t.Check(&b.Operation) != nil:
		return "", &rejected{code: "operation", text: "it is not asked by who plans the operation, or not of this member"}
	}
	if _, err := tx.EntryByID(b.Num, kindTasking, t.ID); err == nil {
		return store.Stored, nil // it came before
	}
	return store.Stored, errors.Join(n.keepTasking(tx, b, t, st.From), n.addTask(tx, taskOf(t)))
}

// DoneTasking says what came of what was asked.
func (n *Node) DoneTasking(ctx context.Context, w Who, id, tasking, note string) error {
	return n.onOperation(ctx, w, id, "task done", func(tx *store.Tx, it *store.Item, b *operationBody) error {
		d := casework.TaskingDone{Operation: id, ID: tasking, Member: n.config.Member, At: n.now(), Note: note}
		if err := n.applyDone(tx, b, &d); err != nil {
			return err
		}
		if err := tx.DoneTasks(kindTasking, kindOperation+"/"+id, n.now()); err != nil {
			return err
		}
		if it.Source == "" {
			return nil
		}
		_, err := n.enqueue(tx, say{to: []string{b.Owner}, kind: "operation.done", subject: kindOperation + "/" + b.ID, purpose: b.Purpose, legalBasis: b.LegalBasis, body: d})
		return err
	})
}

func (n *Node) applyDone(tx *store.Tx, b *operationBody, d *casework.TaskingDone) error {
	e, err := tx.EntryByID(b.Num, kindTasking, d.ID)
	if errors.Is(err, store.ErrNone) {
		return fmt.Errorf("%w: nothing was asked under %s", casework.ErrOperation, d.ID)
	}
	if err != nil {
		return err
	}
	var t casework.Tasking
	if err := json.Unmarshal(e.Body, &t); err != nil {
		return fmt.Errorf("read what was asked: %w", err)
	}
	if err := t.Apply(d); err != nil {
		return err
	}
	return n.keepTasking(tx, b, &t, d.Member)
}

func (n *Node) gotDone(tx *store.Tx, st *envelope.Statement) (string, error) {
	d, err := decode[casework.TaskingDone](st.Body)
	if err != nil {
		return "", err
	}
	_, b, err := ownOperation(tx, st, d.Operation)
	if err != nil {
		return "", err
	}
	d.Member = st.From // whatever it says
	if err := n.applyDone(tx, b, d); errors.Is(err, casework.ErrOperation) {
		return "", &rejected{code: "operation", text: err.Error()}
	} else if err != nil {
		return "", err
	}
	return store.Stored, nil
}

// mostWatched is how many records of a watch-list a letter has, and watchedOf how many a list has.
const (
	mostWatched = 300
	watchedOf   = 50_000
)

type watchBody struct {
	ID       string            `json:"id"`
	Entities []json.RawMessage `json:"entities"`
}

// WatchInOperation sends a watch-list to all participants: lines of FollowTheMoney, for which each of them looks until the operation closes. What comes
// of it is a hit, which the owner confirms.
func (n *Node) WatchInOperation(ctx context.Context, w Who, id string, r io.Reader) (*Imported, error) {
	out := &Imported{Rejected: []BadRecord{}}
	var list []json.RawMessage
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), 1<<20)
	for line := 1; lines.Scan(); line++ {
		text := bytes.TrimSpace(lines.Bytes())
		if len(text) == 0 {
			continue
		}
		out.Read++
		e, _, err := entity.Decode(text)
		switch {
		case err != nil:
			out.Rejected = append(out.Rejected, BadRecord{line, err.Error()})
			continue
		case len(keysOfEntity(e)) == 0:
			out.Rejected = append(out.Rejected, BadRecord{line, "it has neither a name nor a number by which it is found"})
			continue
		}
		if out.Accepted++; out.Accepted > watchedOf {
			return nil, fmt.Errorf("%w: a watch-list has at most %d records", casework.ErrOperation, watchedOf)
		}
		encoded, err := e.Encode()
		if err != nil {
			return nil, err
		}
		list = append(list, encoded)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the watch-list: %w", err)
	}
	err := n.onOperation(ctx, w, id, "watch-list", func(tx *store.Tx, it *store.Item, b *operationBody) error {
		if it.Source != "" {
			return fmt.Errorf("%w: its plan is %s's", casework.ErrOperation, b.Owner)
		}
		if !slices.Contains([]casework.OperationState{casework.Planned, casework.PreOperational, casework.Live}, b.State) {
			return fmt.Errorf("%w: it is %s: nobody looks for anything any more", casework.ErrOperation, b.State)
		}
		l := n.watchLabel(b)
		out.Hits = 0 // it may be run again
		hits, err := n.watchFor(tx, b, list, l, "")
		if err != nil {
			return err
		}
		out.Hits = hits
		for chunk := range slices.Chunk(list, mostWatched) {
			if _, err := n.enqueue(tx, say{
				to: participants(&b.Operation), kind: "operation.watch", subject: kindOperation + "/" + b.ID, purpose: b.Purpose, legalBasis: b.LegalBasis, label: l, body: watchBody{b.ID, chunk},
			}); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

func (n *Node) watchLabel(b *operationBody) *handling.Label {
	return &handling.Label{Owners: []string{b.Owner}, Purpose: b.Purpose, Recorded: n.now(), Until: b.To.AddDate(0, 0, 30), TLP: handling.TLPAmberStrict, Addressed: participants(&b.Operation)}
}

// watchFor keeps records of a watch-list among those that are watched.
func (n *Node) watchFor(tx *store.Tx, b *operationBody, list []json.RawMessage, l *handling.Label, source string) (hits int, err error) {
	for _, text := range list {
		e, _, err := entity.Decode(text)
		if err != nil {
			return hits, &rejected{code: "operation", text: "a record of the watch-list is none"}
		}
		e.ID = "op-" + b.ID[:min(8, len(b.ID))] + "-" + e.ID
		some, err := n.keepRecordOf(tx, e, l, source, b.ID)
		if err != nil {
			return hits, err
		}
		hits += some
	}
	return hits, nil
}

func (n *Node) gotWatch(tx *store.Tx, st *envelope.Statement) (string, error) {
	m, err := decode[watchBody](st.Body)
	if err != nil {
		return "", err
	}
	it, b, err := getOperation(tx, m.ID)
	switch {
	case errors.Is(err, store.ErrNone):
		return "", missing("operation", "there is no such operation here")
	case err != nil:
		return "", err
	case it.Source != st.From || st.Label == nil || len(m.Entities) > mostWatched:
		return "", &rejected{code: "operation", text: "it is not of who plans the operation, or not whole"}
	case !slices.Contains([]casework.OperationState{casework.Planned, casework.PreOperational, casework.Live}, b.State):
		return store.Stored, nil // it came when nobody looks any more
	}
	_, err = n.watchFor(tx, b, m.Entities, st.Label, st.From)
	return store.Stored, err
}

// endWatch destroys the watch-lists of an operation that is not live any more.
func (n *Node) endWatch(tx *store.Tx, b *operationBody) error {
	if slices.Contains([]casework.OperationState{casework.Planned, casework.PreOperational, casework.Live}, b.State) {
		return nil
	}
	list, err := tx.Items(store.Query{Kind: kindWatch, Number: b.ID})
	for _, it := range list {
		if _, err := n.destroy(tx, it.Source, kindWatch, it.ID, "operation closed"); err != nil {
			return err
		}
	}
	return err
}

// FeedLine is something that came in.
type FeedLine struct {
	Seq     int64             `json:"seq"` // after which to ask for what comes next
	At      time.Time         `json:"at"`
	Member  string            `json:"member"`
	Measure string            `json:"measure,omitempty"`
	Record  string            `json:"record,omitempty"`
	Number  int64             `json:"number,omitempty"`
	Amount  string            `json:"amount,omitempty"`
	Tags    map[string]string `json:"tags,omitempty"`
	Tasking *casework.Tasking `json:"tasking,omitempty"`
}

// OperationStamp is the number of what came into an operation last: an open board asks for it again and again, and for the counts when it has changed.
func (n *Node) OperationStamp(ctx context.Context, w Who, id string) (last int64, err error) {
	if err := n.allow(w, "operation"); err != nil {
		return 0, err
	}
	err = n.store.Read(ctx, func(tx *store.Tx) error {
		_, b, err := getOperation(tx, id)
		if err != nil {
			return err
		}
		list, err := tx.LastEntries(b.Num, 1)
		if len(list) > 0 {
			last = list[0].Seq
		}
		return err
	})
	return last, err
}

// OperationFeed gives what came in behind a number, the first first; behind a negative one what came last, the last first.
func (n *Node) OperationFeed(ctx context.Context, w Who, id string, after int64, limit int) (out []FeedLine, err error) {
	if err := n.allow(w, "operation"); err != nil {
		return nil, err
	}
	if err := n.record(w, audit.Decision, kindOperation, id, "", "feed"); err != nil {
		return nil, err
	}
	err = n.store.Read(ctx, func(tx *store.Tx) error {
		out = []FeedLine{}
		_, b, err := getOperation(tx, id)
		if err != nil {
			return err
		}
		var list []*store.Entry
		if after < 0 {
			list, err = tx.LastEntries(b.Num, clampLimit(limit))
		} else {
			list, err = tx.Entries(b.Num, "", after, clampLimit(limit))
		}
		for _, e := range list {
			l := FeedLine{Seq: e.Seq, At: e.At}
			switch e.Kind {
			case kindReport:
				var r casework.Report
				if err := json.Unmarshal(e.Body, &r); err != nil {
					return fmt.Errorf("read a report: %w", err)
				}
				l.Member, l.Measure, l.Record, l.Number, l.Tags = r.Member, r.Measure, r.Record, max(r.Number, 1), r.Tags
				l.Amount = strings.TrimSpace(r.Amount + " " + r.Currency)
			case kindTasking:
				l.Tasking = &casework.Tasking{}
				if err := json.Unmarshal(e.Body, l.Tasking); err != nil {
					return fmt.Errorf("read what was asked: %w", err)
				}
				l.Member = b.Owner
			}
			out = append(out, l)
		}
		return err
	})
	return out, err
}

// OperationMoney is what the assets of an operation's cases add up to: those cases among its targets in which who asks has a seat.
func (n *Node) OperationMoney(ctx context.Context, w Who, id string, proceeds map[string]string) (*Money, error) {
	if err := n.allow(w, "operation"); err != nil {
		return nil, err
	}
	if err := n.record(w, audit.Decision, kindOperation, id, "", "money"); err != nil {
		return nil, err
	}
	var cases []string
	err := n.store.Read(ctx, func(tx *store.Tx) error {
		_, b, err := getOperation(tx, id)
		if err != nil {
			return err
		}
		cases = nil
		for _, t := range b.Targets {
			if t.Kind == kindCase {
				cases = append(cases, t.ID)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(cases) == 0 {
		return nil, fmt.Errorf("%w: no case is among its targets", casework.ErrOperation)
	}
	return n.CaseMoney(ctx, w, cases, proceeds)
}
