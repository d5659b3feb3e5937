package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tarir/audit"
	"tarir/casework"
	"tarir/exchange/envelope"
	"tarir/exchange/register"
	"tarir/handling"
	"tarir/store"
)

const kindStop = "stop"

// StopRequest is what somebody wants to be stopped, and at which member.
type StopRequest struct {
	Asked   string            `json:"asked"`
	Form    casework.StopForm `json:"form"`
	Earlier string            `json:"earlier,omitempty"` // the request that this one follows
}

// RequestStops asks institutions to hold money, all at once: it goes to all or, where one request is not complete or not allowed, to none.
func (n *Node) RequestStops(ctx context.Context, w Who, list []StopRequest) ([]*casework.Stop, error) {
	if err := n.allow(w, "stop"); err != nil {
		return nil, err
	}
	if !n.has(n.config.Member, register.Stop) {
		return nil, fmt.Errorf("%w: this member has not the right to ask for payments to be stopped: its police, bureau or FIU has", ErrNotAllowed)
	}
	now := n.now()
	out := make([]*casework.Stop, len(list))
	labels := make([]*handling.Label, len(list))
	for i, q := range list {
		m, err := n.member(q.Asked)
		if err != nil || !n.has(q.Asked, register.Answer) {
			return nil, fmt.Errorf("%s does not answer such requests: tarir member list shows who does", q.Asked)
		}
		id, err := newID()
		if err != nil {
			return nil, err
		}
		if out[i], err = casework.NewStop(id, n.config.Member, q.Asked, w.Person, q.Form, now); err != nil {
			return nil, err
		}
		out[i].Earlier = q.Earlier
		// Nobody is called a suspect: who holds the account may know nothing.
		labels[i] = &handling.Label{
			Owners: []string{n.config.Member}, Purpose: w.Purpose, Addressed: []string{q.Asked}, TLP: handling.TLPAmberStrict, Europol: []string{handling.H2},
			Recorded: now, Until: handling.Retain("payment", now), Status: handling.Other,
		}
		if err := n.decide(w, handling.Stop, labels[i], m, false, kindStop, id); err != nil {
			return nil, fmt.Errorf("to %s: %w", q.Asked, err)
		}
	}
	err := n.store.Write(ctx, func(tx *store.Tx) error {
		for i, s := range out {
			st, err := n.enqueue(tx, say{
				to: []string{s.Asked}, kind: kindStop, subject: "stop/" + s.ID, purpose: w.Purpose, legalBasis: w.LegalBasis, label: labels[i], body: s, urgent: true,
			})
			if err != nil {
				return err
			}
			if err := n.putStop(tx, s, labels[i], "", st); err != nil {
				return err
			}
			if s.Earlier == "" {
				continue
			}
			it, earlier, err := getStop(tx, s.Earlier)
			if err != nil {
				return err
			}
			step := casework.StopStep{State: casework.Superseded, Member: n.config.Member, Person: w.Person, At: now, Reason: "the money moved on", Follows: s.ID}
			if err := n.stopStep(tx, it, earlier, step, w); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

func getStop(tx *store.Tx, id string) (*store.Item, *casework.Stop, error) {
	it, err := tx.Get(kindStop, id)
	if errors.Is(err, store.ErrNone) {
		return nil, nil, fmt.Errorf("%w: no request %s to stop a payment here", store.ErrNone, id)
	}
	if err != nil {
		return nil, nil, err
	}
	s, err := body[casework.Stop](it)
	return it, s, err
}

func (n *Node) putStop(tx *store.Tx, s *casework.Stop, l *handling.Label, source, statement string) error {
	it := &store.Item{
		Kind: kindStop, ID: s.ID, Owner: s.Owner, State: string(s.State), Recorded: s.Made, Changed: n.now(), Ends: l.Until, Source: source, Statement: statement,
		Label: mustJSON(l), Body: mustJSON(s),
	}
	switch s.State {
	case casework.Requested:
		it.Due = s.Made.Add(casework.AcknowledgeWithin)
	case casework.Acknowledged:
		it.Due = s.Made.Add(casework.TraceWithin)
	}
	return tx.Put(it)
}

func (n *Node) stopStep(tx *store.Tx, it *store.Item, s *casework.Stop, step casework.StopStep, w Who) error {
	if err := s.Apply(step); err != nil {
		return err
	}
	if err := n.putStop(tx, s, labelOf(it), it.Source, it.Statement); err != nil {
		return err
	}
	other := s.Owner
	if n.config.Member == s.Owner {
		other = s.Asked
	}
	if !s.Open() {
		if err := tx.DoneTasks("stop", "stop/"+s.ID, n.now()); err != nil {
			return err
		}
	}
	l := labelOf(it)
	_, err := n.enqueue(tx, say{to: []string{other}, kind: "stop.step", subject: "stop/" + s.ID, purpose: l.Purpose, legalBasis: "request " + s.Form.Reference, body: stopStepBody{s.ID, step}, urgent: true})
	return err
}

// StopStep answers a request as the institution that was asked.
func (n *Node) StopStep(ctx context.Context, w Who, id string, step casework.StopStep) (out *casework.Stop, err error) {
	if err := n.allow(w, "stop"); err != nil {
		return nil, err
	}
	step.Member, step.Person, step.At = n.config.Member, w.Person, n.now()
	if step.Reason == "" {
		step.Reason = w.Reason
	}
	if err := n.record(w, audit.Decision, kindStop, id, "", string(step.State)); err != nil {
		return nil, err
	}
	err = n.store.Write(ctx, func(tx *store.Tx) error {
		it, s, err := getStop(tx, id)
		if err != nil {
			return err
		}
		out = s
		return n.stopStep(tx, it, s, step, w)
	})
	return out, err
}

// stopStepBody tells a step.
type stopStepBody struct {
	ID   string            `json:"id"`
	Step casework.StopStep `json:"step"`
}

// gotStop takes up a request at the institution that is asked.
func (n *Node) gotStop(tx *store.Tx, st *envelope.Statement) (string, error) {
	s, err := decode[casework.Stop](st.Body)
	if err != nil {
		return "", err
	}
	switch {
	case s.Owner != st.From || s.Asked != n.config.Member || s.State != casework.Requested || s.ID == "" || st.Label == nil:
		return "", &rejected{code: "stop", text: "the request is not the sender's, or for another"}
	case s.Form.Check() != nil:
		return "", &rejected{code: "stop", text: s.Form.Check().Error()}
	}
	if _, err := tx.Get(kindStop, s.ID); err == nil {
		return "", &rejected{code: "stop", text: "there is such a request already"}
	}
	if err := n.putStop(tx, s, st.Label, st.From, st.ID); err != nil {
		return "", err
	}
	n.counted.stops.Add(1)
	return store.Stored, n.addTask(tx, store.Task{ID: "stop/" + s.ID, Kind: "stop", Subject: "stop/" + s.ID, Due: n.now()})
}

// gotStopStep takes up what the other side did.
func (n *Node) gotStopStep(tx *store.Tx, st *envelope.Statement) (string, error) {
	b, err := decode[stopStepBody](st.Body)
	if err != nil {
		return "", err
	}
	it, s, err := getStop(tx, b.ID)
	if errors.Is(err, store.ErrNone) {
		return "", missing("stop", "there is no such request here")
	}
	if err != nil {
		return "", err
	}
	step := b.Step
	step.Member = st.From // whatever it says
	if s.Missed(step) {
		return store.Stored, n.putStop(tx, s, labelOf(it), it.Source, it.Statement)
	}
	if err := s.Apply(step); err != nil {
		return "", missing("stop", err.Error()) // the step before it may still come
	}
	if !s.Open() {
		if err := n.addTask(tx, store.Task{ID: "answered/" + s.ID + "/" + string(step.State), Kind: "answered", Subject: "stop/" + s.ID, Due: n.now(), Note: string(step.State)}); err != nil {
			return "", err
		}
	}
	return store.Stored, n.putStop(tx, s, labelOf(it), it.Source, it.Statement)
}

// lateStop tells the desk here that a clock of a request has run out.
func (n *Node) lateStop(tx *store.Tx, it *store.Item) error {
	s, err := body[casework.Stop](it)
	if err != nil {
		return err
	}
	late := s.Late(n.now())
	if late == "" {
		return nil
	}
	if err := n.addTask(tx, store.Task{ID: "late/" + s.ID + "/" + late, Kind: "desk", Subject: "stop/" + s.ID, Due: n.now(), Note: "late: " + late}); err != nil {
		return err
	}
	it.Due = time.Time{}
	return tx.Put(it)
}
