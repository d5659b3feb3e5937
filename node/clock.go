package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"tarir/audit"
	"tarir/exchange/envelope"
	"tarir/exchange/register"
	"tarir/handling"
	"tarir/hit"
	"tarir/notice"
	"tarir/store"
)

// counters are what a running node counts since it started.
type counters struct {
	sent, received, refused, rejected, hits, outcomes, stops, leads atomic.Int64
}

// Counts gives them by name.
func (n *Node) Counts() map[string]int64 {
	c := &n.counted
	return map[string]int64{
		"letters_sent": c.sent.Load(), "letters_received": c.received.Load(), "letters_refused": c.refused.Load(), "statements_rejected": c.rejected.Load(),
		"hits_possible": c.hits.Load(), "hit_outcomes": c.outcomes.Load(), "stop_requests_received": c.stops.Load(), "standing_leads": c.leads.Load(),
	}
}

// clock looks regularly at what is due.
func (n *Node) clock(ctx context.Context) error {
	for {
		if err := n.Tick(ctx); err != nil && ctx.Err() == nil {
			n.log.Error("the clock", "error", err.Error())
		}
		select {
		case <-n.due:
		case <-time.After(n.every):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Tick does what time alone asks for. It may be called as often as one likes.
func (n *Node) Tick(ctx context.Context) error {
	errs := []error{n.putRotations(ctx), n.tellAgain(ctx)}
	a, err := n.agenda(ctx)
	errs = append(errs, err)
	if a.due {
		errs = append(errs, n.putDue(ctx))
	}
	if a.ending {
		errs = append(errs, n.retain(ctx, a.hourly))
	}
	errs = append(errs, n.tellReceipts(ctx), n.takeAsides(ctx), n.askRegister(ctx), n.tellIndex(ctx))
	if a.recheck {
		errs = append(errs, n.recheck(ctx))
	}
	errs = append(errs, n.callHooks(ctx), n.tellLeads(ctx))
	n.takeNextKeys()
	if a.hourly {
		errs = append(errs, n.tick(ctx, "hour"), n.sendCheckpoints(ctx))
	}
	if a.daily {
		errs = append(errs, n.tick(ctx, "day"), n.pulse(ctx), n.sweep(ctx))
	}
	return errors.Join(errs...)
}

// agenda is what the clock has to do now.
type agenda struct{ due, ending, recheck, hourly, daily bool }

// agenda looks for it, all at once: mostly there is nothing.
func (n *Node) agenda(ctx context.Context) (a agenda, err error) {
	now := n.now()
	err = n.store.Read(ctx, func(tx *store.Tx) error {
		set, err := tx.Values(recheckMark, "clock/hour", "clock/day")
		if err != nil {
			return err
		}
		a = agenda{recheck: set[recheckMark] != "", hourly: elapsed(now, set["clock/hour"], time.Hour), daily: elapsed(now, set["clock/day"], 24*time.Hour)}
		ends := now
		if a.hourly {
			ends = n.soon() // whether it is still needed is no question for every ten seconds
		}
		a.due, a.ending, err = tx.Awaits(now, ends)
		return err
	})
	if err != nil {
		return agenda{}, err
	}
	return a, nil
}

// soon is half a year from now: of what ends before, owners are asked whether it is still needed.
func (n *Node) soon() time.Time { return n.now().AddDate(0, 6, 0) }

// elapsed says whether something that was last done at a time is to be done again after so long.
func elapsed(now time.Time, last string, d time.Duration) bool {
	t, _ := time.Parse(time.RFC3339, last) // none: never
	// A clock that went back must not stop everything until it has caught up.
	return now.Sub(t) >= d || now.Before(t)
}

// tick notes that what is done each hour or day is done now.
func (n *Node) tick(ctx context.Context, name string) error {
	return n.store.Write(ctx, func(tx *store.Tx) error { return tx.Set("clock/"+name, n.now().UTC().Format(time.RFC3339)) })
}

// tellAgain tells the members what a crash kept from them.
func (n *Node) tellAgain(ctx context.Context) error {
	if !n.Secretariat() {
		return nil
	}
	n.issuing.Lock()
	defer n.issuing.Unlock()
	return n.tellMembers(ctx)
}

// putDue takes the steps of notices, hits and requests whose time has come.
func (n *Node) putDue(ctx context.Context) error {
	return n.store.Write(ctx, func(tx *store.Tx) error {
		items, err := tx.Items(store.Query{DueBy: n.now(), Limit: 500})
		if err != nil {
			return err
		}
		for _, it := range items {
			switch it.Kind {
			case kindReview, kindRequest:
				err = n.dueNotice(tx, it)
			case kindHit:
				err = n.remind(tx, it)
			case kindStop:
				err = n.lateStop(tx, it)
			case kindCase:
				err = n.dropTexts(tx, it)
			default:
				it.Due = time.Time{}
				err = tx.Put(it)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// dueNotice lapses or expires a notice, at the secretariat: the owner hears of it from there.
func (n *Node) dueNotice(tx *store.Tx, it *store.Item) error {
	b, err := body[requestBody](it)
	if err != nil {
		return err
	}
	event, due := b.Record.Due(n.now())
	if !due || !n.Secretariat() {
		it.Due = time.Time{}
		return tx.Put(it)
	}
	return n.applied(tx, it, b, notice.Step{Event: event, Side: notice.Clock, Member: n.config.Member, Person: clockPerson, At: n.now()})
}

// remind reminds the owner of a notice who was asked about a hit, and the desk here.
func (n *Node) remind(tx *store.Tx, it *store.Item) error {
	h, err := body[hit.Hit](it)
	if err != nil {
		return err
	}
	if h.Finder == n.config.Member {
		st := say{to: []string{h.Owner}, kind: "hit.step", subject: "hit/" + h.ID, purpose: labelOf(it).Purpose, legalBasis: "RPD 104-106", body: hitStepBody{h.ID, hit.Step{Reason: "reminder"}}, urgent: true}
		if _, err := n.enqueue(tx, st); err != nil {
			return err
		}
	}
	if err := n.addTask(tx, store.Task{ID: "desk/" + h.ID + "/" + n.now().UTC().Format(time.RFC3339), Kind: "desk", Subject: "hit/" + h.ID, Due: n.now(), Note: "the owner has not answered"}); err != nil {
		return err
	}
	h.Reminded = n.now()
	return n.putHit(tx, h, it.Label)
}

// mostEnded is how many records are deleted at once; the next tick takes the next ones.
const mostEnded = 2000

// retain deletes what has ended: here, with a receipt to who sent it, and what is the node's own everywhere. With asking, owners are asked whether
// what ends soon is still needed.
func (n *Node) retain(ctx context.Context, asking bool) error {
	now, by := n.now(), n.now()
	if asking {
		by = n.soon()
	}
	return n.store.Write(ctx, func(tx *store.Tx) error {
		var ask []store.Task
		var ended [][2]string // kind and id
		err := tx.EachItem(store.Query{EndsBy: by}, func(it *store.Item) error {
			own := it.Source == ""
			switch l := labelOf(it); {
			case now.Before(it.Ends):
				if own && l != nil && !l.Recorded.IsZero() && !now.Before(l.Review()) && it.State != "recalled" {
					ask = append(ask, store.Task{ID: "retention/" + it.Kind + "/" + it.ID, Kind: "retention", Subject: it.Kind + "/" + it.ID, Due: it.Ends})
				}
			case own && it.Kind == kindReview && notice.State(it.State).Live(): // it expires first
			case len(ended) < mostEnded:
				ended = append(ended, [2]string{it.Kind, it.ID})
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, t := range ask {
			if err := n.addTask(tx, t); err != nil {
				return err
			}
		}
		var receipts []store.Receipt
		for _, x := range ended {
			it, err := tx.Get(x[0], x[1])
			if errors.Is(err, store.ErrNone) {
				continue // it went with another
			}
			if err != nil {
				return err
			}
			if r, err := n.end(tx, it); err != nil {
				return err
			} else if r != nil {
				receipts = append(receipts, *r)
			}
		}
		return n.sendReceipts(tx, receipts)
	})
}

// end deletes a record whose retention has ended, and gives the receipt that its sender is owed.
func (n *Node) end(tx *store.Tx, it *store.Item) (*store.Receipt, error) {
	own := it.Source == ""
	if own && (it.Kind == kindMessage || it.Kind == kindDiffusion) && it.State != "recalled" {
		if err := n.recall(tx, it, "retention"); err != nil {
			return nil, err
		}
		it.Ends = n.now().AddDate(1, 0, 0) // what is left of it says that it was, and to whom it went
		return nil, tx.Put(it)
	}
	state, err := n.destroy(tx, it.Source, it.Kind, it.ID, "retention")
	if err != nil {
		return nil, err
	}
	if state == store.Marked { // it is held for a court
		marked, err := tx.Get(it.Kind, it.ID)
		if err != nil {
			return nil, err
		}
		marked.Ends = time.Time{}
		if err := tx.Put(marked); err != nil {
			return nil, err
		}
	}
	if own || it.Statement == "" {
		return nil, nil
	}
	return &store.Receipt{Sender: it.Source, Statement: it.Statement, State: state, Reason: "retention", At: n.now()}, nil
}

// pulse tells those who hold something of this node that it is there, which renews the lease of their copies.
func (n *Node) pulse(ctx context.Context) error {
	return n.store.Write(ctx, func(tx *store.Tx) error {
		to, err := tx.Recipients()
		if err != nil {
			return err
		}
		active := n.active()
		to = slices.DeleteFunc(to, func(id string) bool {
			return !slices.ContainsFunc(active, func(m *register.Member) bool { return m.ID == id })
		})
		_, err = n.enqueue(tx, say{to: to, kind: pulseKind, subject: pulseKind, body: struct{}{}})
		return err
	})
}

// sweep forgets what nobody asks for any more.
func (n *Node) sweep(ctx context.Context) error {
	return n.store.Write(ctx, func(tx *store.Tx) error {
		now := n.now()
		if err := tx.Lapse(now); err != nil {
			return err
		}
		if err := tx.ForgetSeen(now.Add(-envelope.MaxAge - 24*time.Hour)); err != nil {
			return err
		}
		if err := tx.ForgetGraves(now.AddDate(-1, 0, 0)); err != nil {
			return err
		}
		return tx.Sweep(now.AddDate(-1, 0, 0))
	})
}

// Extend keeps an own record longer, for a stated reason.
func (n *Node) Extend(ctx context.Context, w Who, kind, id string, until time.Time) error {
	if err := n.allow(w, "recall"); err != nil {
		return err
	}
	if err := n.record(w, audit.Decision, kind, id, "", "extend"); err != nil {
		return err
	}
	return n.store.Write(ctx, func(tx *store.Tx) error {
		it, err := tx.Get(kind, id)
		if err != nil {
			return err
		}
		if it.Source != "" {
			return errors.Join(ErrNotAllowed, errors.New("only its owner extends it"))
		}
		l := labelOf(it)
		if l == nil {
			l = &handling.Label{}
		}
		if err := l.Extend(w.Reason, until, n.now()); err != nil {
			return err
		}
		it.Ends, it.Label, it.Changed = l.Until, mustJSON(l), n.now()
		if err := tx.DoneTasks("retention", kind+"/"+id, n.now()); err != nil {
			return err
		}
		return tx.Put(it)
	})
}

// Task is something that waits for a person.
type Task = store.Task

// Tasks are what waits for a person, the most urgent first.
func (n *Node) Tasks(ctx context.Context, w Who) (out []store.Task, err error) {
	if err := n.allow(w, "read"); err != nil {
		return nil, err
	}
	err = n.store.Read(ctx, func(tx *store.Tx) (err error) { out, err = tx.Tasks(); return err })
	return out, err
}

// Waiting is how many tasks are open: a number alone, for the pages that are open.
func (n *Node) Waiting(ctx context.Context) (waiting int, err error) {
	err = n.store.Read(ctx, func(tx *store.Tx) (err error) { waiting, err = tx.OpenTasks(); return err })
	return waiting, err
}

// DoneTask says that a person has seen to what waited, and how: the reason stays with the task. Alarms are for administrators.
func (n *Node) DoneTask(ctx context.Context, w Who, id string) error {
	right := "read"
	if strings.HasPrefix(id, alarmTask+"/") {
		right = "admin"
	}
	if err := n.allow(w, right); err != nil {
		return err
	}
	if strings.TrimSpace(w.Reason) == "" {
		return errors.New("say what was done about it (--reason)")
	}
	if err := n.record(w, audit.Decision, "task", id, "", "done"); err != nil {
		return err
	}
	return n.store.Write(ctx, func(tx *store.Tx) error {
		found, err := tx.DoneTask(id, w.Reason, n.now())
		if err == nil && !found {
			err = fmt.Errorf("%w: there is no open task %s", store.ErrNone, id)
		}
		return err
	})
}

// Health says how a node is: what an administrator looks at first.
type Health struct {
	Member   string `json:"member"`
	OK       bool   `json:"ok"`
	Line     bool   `json:"line"`  // to the exchange
	Queue    int64  `json:"queue"` // deliveries that have not reached the relay
	Aside    int64  `json:"aside"` // letters that wait for the register, for a clock or for what they are about
	Register int64  `json:"register"`
	Audit    int64  `json:"audit"`
	Alarm    string `json:"alarm,omitempty"` // the task of one that nobody has seen to yet
}

// Health gives it.
func (n *Node) Health(ctx context.Context) (*Health, error) {
	n.mu.Lock()
	line := n.client != nil && n.client.Connected()
	n.mu.Unlock()
	var queue, aside int64
	alarm := ""
	err := n.store.Read(ctx, func(tx *store.Tx) (err error) {
		if queue, err = tx.QueueLength(); err == nil {
			aside, err = tx.Count(kindAside)
		}
		if err == nil {
			alarm, err = tx.OpenTask(alarmTask)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &Health{Member: n.config.Member, OK: line && alarm == "", Line: line, Queue: queue, Aside: aside, Register: n.register.Size(), Audit: n.audit.Size(), Alarm: alarm}, nil
}
