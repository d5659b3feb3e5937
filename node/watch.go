package node

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"tarir/audit"
	"tarir/entity"
	"tarir/exchange/envelope"
	"tarir/handling"
	"tarir/hit"
	"tarir/notice"
	"tarir/store"
)

const (
	kindWatch = "watch" // a record of the node's own: a customer, a suspect, a lost document
	kindHit   = "hit"
)

// keysOf are the selectors and whole names by which a notice meets records.
func keysOf(f *notice.Form) []string {
	keys := f.Selectors()
	for _, name := range f.Names() {
		if k := hit.NameKey(name); k != "" {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// keysOfEntity are the same of a record.
func keysOfEntity(e *entity.Entity) []string {
	var keys []string
	for _, s := range e.Selectors() {
		keys = append(keys, string(s.Kind)+":"+s.Value)
	}
	if entity.Is(e.Schema, "LegalEntity") {
		for _, p := range []string{"name", "alias", "previousName"} {
			for _, name := range e.Properties[p] {
				if k := hit.NameKey(name); k != "" {
					keys = append(keys, k)
				}
			}
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// Imported is what came of an import: read = accepted + rejected.
type Imported struct {
	Read     int         `json:"read"`
	Accepted int         `json:"accepted"`
	Rejected []BadRecord `json:"rejected"`
	Hits     int         `json:"hits"`
}

// BadRecord says which line was rejected and why.
type BadRecord struct {
	Line   int    `json:"line"`
	Reason string `json:"reason"`
}

// importBatch is how many records one transaction takes up.
const importBatch = 500

// Import takes up records of the node's own (lines of FollowTheMoney JSON) under a label, and looks whether they meet a notice.
func (n *Node) Import(ctx context.Context, w Who, r io.Reader, label handling.Label) (*Imported, error) {
	if err := n.allow(w, "watch"); err != nil {
		return nil, err
	}
	now := n.now()
	label.Owners, label.Recorded = []string{n.config.Member}, now
	if label.Purpose == "" {
		label.Purpose = w.Purpose
	}
	if label.Until.IsZero() {
		label.Until = handling.Retain("person", now)
	}
	if err := label.Check(); err != nil {
		return nil, err
	}
	if err := n.decide(w, handling.Copy, &label, nil, false, kindWatch, ""); err != nil {
		return nil, err
	}
	out := &Imported{Rejected: []BadRecord{}}
	var batch []*entity.Entity
	flush := func() error {
		hits := 0
		err := n.store.Write(ctx, func(tx *store.Tx) error {
			hits = 0 // it may be run again
			for _, e := range batch {
				some, err := n.keepRecord(tx, e, &label)
				if err != nil {
					return err
				}
				hits += some
			}
			return nil
		})
		out.Hits += hits
		batch = batch[:0]
		return err
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), 1<<20)
	line := 0
	for lines.Scan() {
		line++
		text := bytes.TrimSpace(lines.Bytes())
		if len(text) == 0 {
			continue
		}
		out.Read++
		e, _, err := entity.Decode(text)
		if err != nil {
			out.Rejected = append(out.Rejected, BadRecord{line, err.Error()})
			continue
		}
		out.Accepted++
		if batch = append(batch, e); len(batch) == importBatch {
			if err := flush(); err != nil {
				return nil, err
			}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the records after line %d: %w", line, err)
	}
	return out, flush()
}

func (n *Node) keepRecord(tx *store.Tx, e *entity.Entity, l *handling.Label) (int, error) {
	return n.keepRecordOf(tx, e, l, "", "")
}

// keepRecordOf keeps a record that is watched, of this node or of the watch-list of an operation, from another member.
func (n *Node) keepRecordOf(tx *store.Tx, e *entity.Entity, l *handling.Label, source, operation string) (int, error) {
	text, err := e.Encode()
	if err != nil {
		return 0, err
	}
	it := &store.Item{
		Kind: kindWatch, ID: e.ID, Owner: cmp.Or(source, n.config.Member), Source: source, Number: operation, State: e.Schema, Recorded: l.Recorded, Changed: l.Recorded, Ends: l.Until, Label: mustJSON(l), Body: text,
	}
	if err := tx.Put(it); err != nil {
		return 0, err
	}
	keys := keysOfEntity(e)
	if err := n.findable(tx, kindWatch, e.ID, keys); err != nil {
		return 0, err
	}
	hits := 0
	for _, kind := range []string{kindNotice, kindDiffusion} {
		found, err := tx.Find(kind, keys)
		if err != nil {
			return hits, err
		}
		by := map[string][]store.Match{}
		for _, m := range found {
			by[m.ID] = append(by[m.ID], store.Match{Value: m.Value, Kind: kindWatch, ID: e.ID})
		}
		for _, id := range slices.Sorted(maps.Keys(by)) {
			ni, err := tx.Get(kind, id)
			if err != nil {
				return hits, err
			}
			r := &notice.Record{}
			if kind == kindNotice {
				b, err := body[noticeBody](ni)
				if err != nil {
					return hits, err
				}
				r = b.Record
			} else {
				b, err := body[Letter](ni)
				if err != nil {
					return hits, err
				}
				r.ID, r.Owner, r.Form = b.ID, b.From, *b.Form
			}
			made, err := n.meet(tx, ni, r, by[id])
			if err != nil {
				return hits, err
			}
			hits += made
		}
	}
	return hits, nil
}

// meet makes possible hits of a notice and the records that share keys with it. What was found not to be the same before, or is known
// already, makes none. It says how many it made.
func (n *Node) meet(tx *store.Tx, it *store.Item, r *notice.Record, found []store.Match) (made int, err error) {
	by := map[string][]string{}
	var order []string
	for _, m := range found {
		if by[m.ID] == nil {
			order = append(order, m.ID)
		}
		by[m.ID] = append(by[m.ID], m.Value)
	}
	now := n.now()
	f := &r.Form
	urgent := f.Colour == notice.Orange || f.Danger.Life
	for _, record := range order {
		excluded, err := tx.Setting("exclude/" + r.ID + "/" + record)
		if err != nil {
			return made, err
		}
		if until, err := time.Parse(time.RFC3339, excluded); err == nil && now.Before(until) {
			continue
		}
		known, err := tx.Setting("met/" + r.ID + "/" + record)
		if err != nil {
			return made, err
		}
		if known != "" {
			continue
		}
		id, err := newID()
		if err != nil {
			return made, err
		}
		h := &hit.Hit{
			ID: id, Notice: r.ID, Number: r.Number, Colour: string(f.Colour), Owner: r.Owner, Finder: n.config.Member, Record: record, Agreed: hit.Kinds(by[record]),
			Unchecked: unchecked(f, by[record]), State: hit.Possible, Since: now, Made: now, Urgent: urgent,
		}
		if err := n.putHit(tx, h, it.Label); err != nil {
			return made, err
		}
		if err := tx.Set("met/"+r.ID+"/"+record, id); err != nil {
			return made, err
		}
		due := now.Add(24 * time.Hour)
		if urgent || f.Colour == notice.Red {
			due = now
		}
		if err := n.addTask(tx, store.Task{ID: "compare/" + id, Kind: "compare", Subject: "hit/" + id, Due: due}); err != nil {
			return made, err
		}
		n.counted.hits.Add(1)
		made++
	}
	return made, nil
}

// unchecked are the kinds of things that the notice tells and that did not agree: the person at the desk must compare them.
func unchecked(f *notice.Form, agreed []string) []string {
	var out []string
	have := hit.Kinds(agreed)
	for what, there := range map[string]bool{
		"birth date": f.Person.Born != "", "photograph": len(f.Person.Photos) > 0, "fingerprints": f.Person.Fingerprints, "description": f.Person.Description != "",
		"document": len(f.Person.Documents) > 0 && !slices.Contains(have, "document"), "name": len(f.Names()) > 0 && !slices.Contains(have, "name"),
	} {
		if there {
			out = append(out, what)
		}
	}
	slices.Sort(out)
	return out
}

func (n *Node) putHit(tx *store.Tx, h *hit.Hit, label []byte) error {
	it := &store.Item{
		Kind: kindHit, ID: h.ID, Owner: h.Owner, State: string(h.State), Number: h.Number, Recorded: h.Made, Changed: n.now(), Due: h.Remind(), Label: label, Body: mustJSON(h),
	}
	var l handling.Label
	if it.Label != nil {
		l = *labelOf(it)
		it.Ends = l.Until
	}
	return tx.Put(it)
}

// HitStep takes a step about a hit: at the finder what was compared, asked and became of it, at the owner its answer.
func (n *Node) HitStep(ctx context.Context, w Who, id string, s hit.Step) (out *hit.Hit, err error) {
	if err := n.allow(w, "hit"); err != nil {
		return nil, err
	}
	s.Member, s.Person, s.At = n.config.Member, w.Person, n.now()
	if s.Reason == "" {
		s.Reason = w.Reason
	}
	if err := n.record(w, audit.Decision, kindHit, id, "", string(s.State)); err != nil {
		return nil, err
	}
	err = n.store.Write(ctx, func(tx *store.Tx) error {
		it, err := tx.Get(kindHit, id)
		if err != nil {
			return err
		}
		if out, err = body[hit.Hit](it); err != nil {
			return err
		}
		if err := out.Apply(s); err != nil {
			return err
		}
		if err := n.putHit(tx, out, it.Label); err != nil {
			return err
		}
		l := labelOf(it)
		st := say{kind: "hit.step", subject: "hit/" + id, purpose: l.Purpose, legalBasis: w.LegalBasis, body: hitStepBody{id, s}, urgent: out.Urgent}
		if st.legalBasis == "" {
			st.legalBasis = "RPD 104-106"
		}
		switch s.State {
		case hit.Asked:
			told := *out
			told.Record = "" // whose record it met stays here: the message carries the reference, not the case
			told.Steps = slices.DeleteFunc(slices.Clone(out.Steps), func(s hit.Step) bool { return !s.Exception })
			st.kind, st.to, st.body = "hit", []string{out.Owner}, told
		case hit.Confirmed, hit.Denied:
			st.to = []string{out.Finder}
		case hit.Closed:
			st.to = []string{out.Owner}
		case hit.NotSame:
			if err := tx.Set("exclude/"+out.Notice+"/"+out.Record, n.now().Add(hit.ExcludeFor).UTC().Format(time.RFC3339)); err != nil {
				return err
			}
		}
		if err := tx.DoneTasks("compare", "hit/"+id, n.now()); err != nil {
			return err
		}
		if err := tx.DoneTasks("confirm", "hit/"+id, n.now()); err != nil {
			return err
		}
		if s.State == hit.Closed && out.Owner == n.config.Member { // it met a record of the owner's own
			if err := n.tellOutcome(tx, out, s, l.Purpose); err != nil {
				return err
			}
		}
		_, err = n.enqueue(tx, st)
		return err
	})
	return out, err
}

// outcomeBody tells the secretariat what came of a confirmed hit. Whose record it met stays between finder and owner.
type outcomeBody struct {
	Hit     string `json:"hit"`
	Notice  string `json:"notice"`
	Finder  string `json:"finder"`
	Outcome string `json:"outcome"`
}

// tellOutcome tells the secretariat what came of a hit that this node, as the owner, confirmed.
func (n *Node) tellOutcome(tx *store.Tx, h *hit.Hit, s hit.Step, p handling.Purpose) error {
	if !h.WasConfirmed() {
		return nil
	}
	b := outcomeBody{h.ID, h.Notice, h.Finder, s.Outcome}
	if n.Secretariat() {
		_, err := n.countOutcome(tx, &b, n.config.Member, s.At, p)
		return err
	}
	_, err := n.enqueue(tx, say{to: []string{n.secretariat()}, kind: "hit.outcome", subject: "outcome/" + h.ID, purpose: p, legalBasis: "RPD 104-106", body: b})
	return err
}

// gotOutcome counts what came of a hit, where the owner of the notice says so.
func (n *Node) gotOutcome(tx *store.Tx, st *envelope.Statement) (string, error) {
	b, err := decode[outcomeBody](st.Body)
	if err != nil {
		return "", err
	}
	if !n.Secretariat() {
		return "", &rejected{code: "not_secretariat", text: "outcomes go to the secretariat"}
	}
	return n.countOutcome(tx, b, st.From, st.Sent, st.Purpose)
}

func (n *Node) countOutcome(tx *store.Tx, b *outcomeBody, owner string, at time.Time, p handling.Purpose) (string, error) {
	its := false
	for _, kind := range []string{kindReview, kindRequest, kindDiffusion} {
		it, err := tx.Get(kind, b.Notice)
		if err != nil && !errors.Is(err, store.ErrNone) {
			return "", err
		}
		its = its || err == nil && it.Owner == owner
	}
	if !its || b.Hit == "" || b.Outcome == "" {
		return "", &rejected{code: "hit", text: "the notice is not the sender's, or nothing came of it"}
	}
	until := n.now().AddDate(5, 0, 0)
	if _, err := tx.Get("outcome", b.Hit); errors.Is(err, store.ErrNone) {
		n.counted.outcomes.Add(1)
	}
	return store.Stored, tx.Put(&store.Item{
		Kind: "outcome", ID: b.Hit, Owner: owner, State: b.Outcome, Recorded: at, Changed: n.now(), Ends: until, Source: owner,
		Label: mustJSON(&handling.Label{Owners: []string{owner}, Purpose: p, Recorded: at, Until: until}), Body: mustJSON(b),
	})
}

// hitStepBody tells a step about a hit.
type hitStepBody struct {
	ID   string   `json:"id"`
	Step hit.Step `json:"step"`
}

// Act asks whether something may be done to a person now, by a hit: after the owner confirmed, or for danger to life.
func (n *Node) Act(ctx context.Context, w Who, id string, act handling.Act) error {
	if err := n.allow(w, "hit"); err != nil {
		return err
	}
	var h *hit.Hit
	var it *store.Item
	err := n.store.Read(ctx, func(tx *store.Tx) (err error) {
		if it, err = tx.Get(kindHit, id); err == nil {
			h, err = body[hit.Hit](it)
		}
		return err
	})
	if err != nil {
		return err
	}
	exception, err := h.Act(w.Danger, w.Reason)
	if err != nil {
		return errors.Join(err, n.record(w, audit.Decision, kindHit, id, h.Owner, "refused", "not_confirmed"))
	}
	if err := n.decide(w, act, labelOf(it), nil, h.State == hit.Confirmed, kindHit, id); err != nil || !exception {
		return err
	}
	if err := n.record(w, audit.Decision, kindHit, id, h.Owner, "exception", "danger_to_life"); err != nil {
		return err
	}
	return n.accountFor(ctx, w, id)
}

// accountFor keeps, with its reason, that somebody acts for danger to life before the owner of the notice has confirmed, and tells the
// owner: at once where it is asked already, else when it is.
func (n *Node) accountFor(ctx context.Context, w Who, id string) error {
	return n.store.Write(ctx, func(tx *store.Tx) error {
		it, err := tx.Get(kindHit, id)
		if err != nil {
			return err
		}
		h, err := body[hit.Hit](it)
		if err != nil {
			return err
		}
		s := hit.Step{State: h.State, Member: n.config.Member, Person: w.Person, At: n.now(), Reason: w.Reason, Exception: true}
		h.Steps = append(h.Steps, s)
		if err := n.putHit(tx, h, it.Label); err != nil || h.State != hit.Asked {
			return err
		}
		_, err = n.enqueue(tx, say{
			to: []string{h.Owner}, kind: "hit.step", subject: "hit/" + id, purpose: labelOf(it).Purpose, legalBasis: w.LegalBasis, body: hitStepBody{id, s}, urgent: true,
		})
		return err
	})
}

// gotHit takes up, at the owner of a notice, that a member asks about a possible match.
func (n *Node) gotHit(tx *store.Tx, st *envelope.Statement) (string, error) {
	h, err := decode[hit.Hit](st.Body)
	if err != nil {
		return "", err
	}
	if h.Finder != st.From || h.Owner != n.config.Member || h.State != hit.Asked || h.ID == "" {
		return "", &rejected{code: "hit", text: "the hit is not the sender's, or about a notice of another"}
	}
	if _, err := tx.Get(kindHit, h.ID); err == nil {
		return "", &rejected{code: "hit", text: "there is such a hit already"}
	}
	// The finder tells what it did for danger to life, and no step of anybody else.
	h.Steps = slices.DeleteFunc(h.Steps, func(s hit.Step) bool { return !s.Exception })
	for i := range h.Steps {
		h.Steps[i].Member = st.From
	}
	label := mustJSON(&handling.Label{Owners: []string{n.config.Member}, Purpose: st.Purpose, Recorded: n.now(), Until: n.now().AddDate(1, 0, 0)})
	for _, kind := range []string{kindRequest, kindDiffusion} {
		if it, err := tx.Get(kind, h.Notice); err == nil && it.Owner == n.config.Member {
			label = it.Label
		}
	}
	if err := n.putHit(tx, h, label); err != nil {
		return "", err
	}
	return store.Stored, n.addTask(tx, store.Task{ID: "confirm/" + h.ID, Kind: "confirm", Subject: "hit/" + h.ID, Due: h.Remind()})
}

// gotHitStep takes up what the other side said about a hit.
func (n *Node) gotHitStep(tx *store.Tx, st *envelope.Statement) (string, error) {
	b, err := decode[hitStepBody](st.Body)
	if err != nil {
		return "", err
	}
	it, err := tx.Get(kindHit, b.ID)
	if errors.Is(err, store.ErrNone) {
		return "", missing("hit", "there is no such hit here")
	}
	if err != nil {
		return "", err
	}
	h, err := body[hit.Hit](it)
	if err != nil {
		return "", err
	}
	s := b.Step
	s.Member = st.From // whatever it says
	if s.Reason == "reminder" && s.State == "" && st.From == h.Finder {
		return store.Stored, n.addTask(tx, store.Task{ID: "confirm/" + h.ID + "/" + st.ID, Kind: "confirm", Subject: "hit/" + h.ID, Due: n.now(), Note: "reminder"})
	}
	if s.Exception {
		if st.From != h.Finder {
			return "", &rejected{code: "hit", text: "only its finder acts on it"}
		}
		h.Steps = append(h.Steps, s)
		if err := n.addTask(tx, store.Task{ID: "confirm/" + h.ID + "/" + st.ID, Kind: "confirm", Subject: "hit/" + h.ID, Due: n.now(), Note: "the finder acts for danger to life"}); err != nil {
			return "", err
		}
		return store.Stored, n.putHit(tx, h, it.Label)
	}
	if err := h.Apply(s); err != nil {
		return "", missing("hit", err.Error()) // the step before it may still come
	}
	if s.State == hit.Confirmed || s.State == hit.Denied {
		if err := n.addTask(tx, store.Task{ID: "close/" + h.ID, Kind: "close", Subject: "hit/" + h.ID, Due: n.now(), Note: string(s.State)}); err != nil {
			return "", err
		}
	}
	if s.State == hit.Closed {
		if err := n.tellOutcome(tx, h, s, st.Purpose); err != nil {
			return "", err
		}
	}
	return store.Stored, n.putHit(tx, h, it.Label)
}
