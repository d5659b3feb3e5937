package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tarir/audit"
	"tarir/casework"
	"tarir/notice"
	"tarir/store"
)

// Requests of a case to other members: each is a message, or a private check, and an entry of the case with a deadline; what comes back is entered there by
// itself. The answer stays a record of its own, which is opened by its own rules.

// openRequest begins the settings that say which entry waits for an answer to a record: openRequest + KIND/ID is the entry's number
// and its case.
const openRequest = "request/"

// RequestForCase asks a member something for a case.
func (n *Node) RequestForCase(ctx context.Context, w Who, id, member, subject, text string, due time.Time) (*casework.CaseRequest, error) {
	var in Who
	err := n.work(ctx, w, id, casework.CaseRead, audit.Access, "request", func(_ *store.Tx, c *casework.Case) error {
		in = w.in(c, id)
		return c.May(w.Person, casework.CaseWrite)
	})
	if err != nil {
		return nil, err
	}
	r := &casework.CaseRequest{Member: member, What: strings.TrimSpace(text), Sent: n.now(), Due: due}
	if _, err := casework.ReadEntry(casework.RequestEntry, mustJSON(r)); err != nil { // before anything goes out
		return nil, err
	}
	if err := n.record(in, audit.Change, kindCase, id, "", "add"); err != nil {
		return nil, err
	}
	_, err = n.Send(ctx, in, NewLetter{
		Kind: kindMessage, To: []string{member}, Subject: subject, Text: notice.Texts{"en": r.What},
		also: func(tx *store.Tx, letter string) error { // nothing goes out of which the case says nothing
			r.Letter = &casework.Ref{Kind: kindMessage, ID: letter}
			list, err := n.readEntries([]NewEntry{{Kind: casework.RequestEntry, ID: kindMessage + "/" + letter, Body: mustJSON(r)}})
			if err != nil {
				return err
			}
			c, label, err := n.seated(tx, w.Person, id, casework.CaseWrite)
			if err != nil {
				return err
			}
			if err := n.enterRequest(tx, w, c, list, kindMessage+"/"+letter); err != nil {
				return err
			}
			return n.putCase(tx, c, label)
		},
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// enterRequest enters a request, and remembers which entry waits for its answer.
func (n *Node) enterRequest(tx *store.Tx, w Who, c *casework.Case, list []entryRead, key string) error {
	put, err := n.putEntries(tx, w, c, list)
	if err != nil {
		return err
	}
	return tx.Set(openRequest+key, strconv.FormatInt(put[0].Seq, 10)+" "+c.ID)
}

// keepRequest enters a private check that went out.
func (n *Node) keepRequest(ctx context.Context, w Who, id string, r *casework.CaseRequest) error {
	key := r.Letter.Kind + "/" + r.Letter.ID
	list, err := n.readEntries([]NewEntry{{Kind: casework.RequestEntry, ID: key, Body: mustJSON(r)}})
	if err != nil {
		return err
	}
	return n.work(ctx, w, id, casework.CaseWrite, audit.Change, "add", func(tx *store.Tx, c *casework.Case) error {
		if err := n.enterRequest(tx, w, c, list, key); err != nil {
			return err
		}
		j, err := n.privateOf(tx, r.Letter.ID, r.Member)
		if err != nil || j.State != "done" {
			return err
		}
		return n.answerPrivate(tx, j) // it was done sooner
	})
}

// answerRequest enters what came back for a request of a case, and tells whoever asked. What is no request of a case, or comes from another member than was
// asked, changes nothing.
func (n *Node) answerRequest(tx *store.Tx, key, from string, at time.Time, answer string, reply *casework.Ref) error {
	v, err := tx.Setting(openRequest + key)
	if err != nil || v == "" {
		return err
	}
	number, id, _ := strings.Cut(v, " ")
	seq, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return fmt.Errorf("find the request of a case: %w", err)
	}
	e, err := tx.EntryOf(seq)
	if errors.Is(err, store.ErrNone) {
		return nil // it was taken out meanwhile
	}
	if err != nil {
		return err
	}
	var r casework.CaseRequest
	if err := json.Unmarshal(e.Body, &r); err != nil {
		return fmt.Errorf("read the request of a case: %w", err)
	}
	if r.Member != from || !r.Answered.IsZero() {
		return nil
	}
	r.Answered, r.Answer, r.Reply = at, answer, reply
	to, err := casework.ReadEntry(casework.RequestEntry, mustJSON(r))
	if err != nil {
		return err
	}
	id, err = followed(tx, id, e.Num)
	if err != nil {
		return err
	}
	if err := n.writeEntry(tx, Who{Person: clockPerson}, &casework.Case{ID: id, Num: e.Num}, e, e.Version, to); err != nil {
		return err
	}
	return n.addTask(tx, store.Task{ID: "answered/" + key, Kind: "answered", Subject: kindCase + "/" + id, Due: n.now()})
}

// answerPrivate enters what a private check of a case came to.
func (n *Node) answerPrivate(tx *store.Tx, j *PrivateJob) error {
	return n.answerRequest(tx, kindPrivate+"/"+j.ID, j.Keeper, n.now(), fmt.Sprintf("%d known", j.Hits), &casework.Ref{Kind: kindPrivate, ID: j.ID})
}

// followed is the case to which a case has come by merging; its own id where there is none, or where the entry went elsewhere by a split.
func followed(tx *store.Tx, id string, num int64) (string, error) {
	for at := id; ; {
		it, err := tx.Get(kindCase, at)
		if errors.Is(err, store.ErrNone) {
			return id, nil
		}
		if err != nil {
			return "", err
		}
		c, err := body[casework.Case](it)
		if err != nil {
			return "", err
		}
		if c.Num == num {
			return c.ID, nil
		}
		if at = c.Into; at == "" {
			return id, nil
		}
	}
}
