package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tarir/audit"
	"tarir/casework"
	"tarir/exchange/envelope"
	"tarir/handling"
	"tarir/store"
)

// Operations. The plan is the owner's, and every participant has a copy of it. Participants report records, not numbers; the reports go to the
// owner, who counts each record once, whoever told of it. A participant agrees to the counts before they are closed.

const (
	kindOperation = "operation"
	kindReport    = "report" // the entries of an operation
)

// operationBody is an operation as it is kept: Num is the number under which its reports stand.
type operationBody struct {
	casework.Operation
	Num int64 `json:"num,omitempty"`
}

func getOperation(tx *store.Tx, id string) (*store.Item, *operationBody, error) {
	it, err := tx.Get(kindOperation, id)
	if errors.Is(err, store.ErrNone) {
		return nil, nil, fmt.Errorf("%w: no operation %s here", store.ErrNone, id)
	}
	if err != nil {
		return nil, nil, err
	}
	o, err := body[operationBody](it)
	return it, o, err
}

func (n *Node) putOperation(tx *store.Tx, o *operationBody, l *handling.Label, source, statement string) error {
	it := &store.Item{
		Kind: kindOperation, ID: o.ID, Owner: o.Owner, State: string(o.State), Recorded: l.Recorded, Changed: n.now(), Ends: l.Until, Source: source, Statement: statement,
		Label: mustJSON(l), Body: mustJSON(o),
	}
	return tx.Put(it)
}

// PlanOperation plans an operation, or changes its plan as long as it is not live. Its participants get the plan.
func (n *Node) PlanOperation(ctx context.Context, w Who, o casework.Operation) (out *casework.Operation, err error) {
	if err := n.allow(w, "operation"); err != nil {
		return nil, err
	}
	o.Purpose, o.LegalBasis, o.Owner, o.Steps, o.State = w.Purpose, w.LegalBasis, n.config.Member, nil, casework.Planned
	fresh := o.ID == ""
	if fresh {
		if o.ID, err = newID(); err != nil {
			return nil, err
		}
	}
	if err := o.Check(); err != nil {
		return nil, err
	}
	for _, p := range o.Participants {
		if _, err := n.member(p.Member); err != nil {
			return nil, fmt.Errorf("%s is no member: tarir member list shows who is", p.Member)
		}
	}
	if err := n.record(w, audit.Change, kindOperation, o.ID, "", "plan"); err != nil {
		return nil, err
	}
	now := n.now()
	err = n.store.Write(ctx, func(tx *store.Tx) error {
		b := &operationBody{Operation: o}
		l := &handling.Label{Owners: []string{n.config.Member}, Purpose: o.Purpose, Recorded: now, Until: handling.Retain("case", now), TLP: handling.TLPAmberStrict}
		if fresh {
			if b.Num, err = tx.NextBlock("case", 1); err != nil {
				return err
			}
		} else {
			it, was, err := getOperation(tx, o.ID)
			if err != nil {
				return err
			}
			switch {
			case it.Source != "":
				return fmt.Errorf("%w: its plan is %s's", casework.ErrOperation, was.Owner)
			case was.State != casework.Planned && was.State != casework.PreOperational:
				return fmt.Errorf("%w: it is %s: its plan stands", casework.ErrOperation, was.State)
			case o.Version != 0 && o.Version != was.Version:
				return casework.ErrChanged
			}
			b.Num, b.State, b.Steps, b.Version = was.Num, was.State, was.Steps, was.Version
			l = labelOf(it)
		}
		b.Version++
		l.Addressed = participants(&b.Operation)
		out = &b.Operation
		return errors.Join(n.putOperation(tx, b, l, "", ""), n.tellOperation(tx, b, l))
	})
	return out, err
}

func participants(o *casework.Operation) (out []string) {
	for _, p := range o.Participants {
		out = append(out, p.Member)
	}
	return out
}

// tellOperation sends the plan to its participants.
func (n *Node) tellOperation(tx *store.Tx, b *operationBody, l *handling.Label) error {
	_, err := n.enqueue(tx, say{
		to: participants(&b.Operation), kind: kindOperation, subject: kindOperation + "/" + b.ID, purpose: b.Purpose, legalBasis: b.LegalBasis, label: l, body: b.Operation,
	})
	return err
}

// gotOperation takes up a plan, or a newer state of it.
func (n *Node) gotOperation(tx *store.Tx, st *envelope.Statement) (string, error) {
	o, err := decode[casework.Operation](st.Body)
	if err != nil {
		return "", err
	}
	if o.Owner != st.From || o.Check() != nil || st.Label == nil || !slices.Contains(participants(o), n.config.Member) {
		return "", &rejected{code: "operation", text: "the plan is not the sender's, not whole, or not for this member"}
	}
	b := &operationBody{Operation: *o}
	it, was, err := getOperation(tx, o.ID)
	switch {
	case errors.Is(err, store.ErrNone):
		if b.Num, err = tx.NextBlock("case", 1); err != nil {
			return "", err
		}
		if err := n.addTask(tx, store.Task{ID: "read/" + kindOperation + "/" + o.ID, Kind: "read", Subject: kindOperation + "/" + o.ID, Due: n.now()}); err != nil {
			return "", err
		}
	case err != nil:
		return "", err
	case it.Source != st.From:
		return "", &rejected{code: "operation", text: "another member's operation has this id"}
	case was.Version >= o.Version:
		return store.Stored, nil // an older state that came late
	default:
		b.Num = was.Num
	}
	return store.Stored, errors.Join(n.putOperation(tx, b, st.Label, st.From, st.ID), n.endWatch(tx, b))
}

// StepOperation goes on to the next state of an operation's life.
func (n *Node) StepOperation(ctx context.Context, w Who, id string, to casework.OperationState) (out *casework.Operation, err error) {
	err = n.onOperation(ctx, w, id, string(to), func(tx *store.Tx, it *store.Item, b *operationBody) error {
		if it.Source != "" {
			return fmt.Errorf("%w: its plan is %s's", casework.ErrOperation, b.Owner)
		}
		if err := b.Step(casework.OperationStep{To: to, Person: w.Person, At: n.now(), Why: w.Reason}); err != nil {
			return err
		}
		if to == casework.FollowUp {
			for i, day := range b.FollowUps() {
				months := []string{"3", "6", "12"}[i]
				if err := n.addTask(tx, store.Task{ID: "follow_up/" + b.ID + "/" + months, Kind: "follow_up", Subject: kindOperation + "/" + b.ID, Due: day, Note: "count again after " + months + " months"}); err != nil {
					return err
				}
			}
		}
		out = &b.Operation
		l := labelOf(it)
		return errors.Join(n.putOperation(tx, b, l, it.Source, it.Statement), n.tellOperation(tx, b, l), n.endWatch(tx, b))
	})
	return out, err
}

// onOperation does something with an operation: allowed, accounted for, and in one transaction.
func (n *Node) onOperation(ctx context.Context, w Who, id, what string, fn func(tx *store.Tx, it *store.Item, b *operationBody) error) error {
	if err := n.allow(w, "operation"); err != nil {
		return err
	}
	if err := n.record(w, audit.Change, kindOperation, id, "", what); err != nil {
		return err
	}
	return n.store.Write(ctx, func(tx *store.Tx) error {
		it, b, err := getOperation(tx, id)
		if err != nil {
			return err
		}
		return fn(tx, it, b)
	})
}

// counting are the states in which records may be reported.
var counting = []casework.OperationState{casework.PreOperational, casework.Live, casework.Closing, casework.FollowUp}

// ReportOperation reports records: all of them, or none. What is reported here goes to the owner as well.
func (n *Node) ReportOperation(ctx context.Context, w Who, id string, list []casework.Report) (taken int, err error) {
	err = n.onOperation(ctx, w, id, "report", func(tx *store.Tx, it *store.Item, b *operationBody) error {
		if !slices.Contains(counting, b.State) {
			return fmt.Errorf("%w: it is %s: nothing is counted now", casework.ErrOperation, b.State)
		}
		out := slices.Clone(list)
		for i := range out {
			out[i].Member = n.config.Member
			if out[i].At.IsZero() {
				out[i].At = n.now()
			}
			if err := out[i].Check(); err != nil {
				return fmt.Errorf("report %d: %w", i+1, err)
			}
		}
		taken, err = n.takeReports(tx, b, w.Person, out)
		if err != nil || it.Source == "" {
			return err
		}
		for chunk := range slices.Chunk(out, mostReports) {
			if _, err := n.enqueue(tx, say{
				to: []string{b.Owner}, kind: "operation.report", subject: kindOperation + "/" + b.ID, purpose: b.Purpose, legalBasis: b.LegalBasis, body: reportsBody{b.ID, chunk},
			}); err != nil {
				return err
			}
		}
		return nil
	})
	return taken, err
}

// mostReports is how many reports a letter has.
const mostReports = 500

type reportsBody struct {
	ID      string            `json:"id"`
	Reports []casework.Report `json:"reports"`
}

// takeReports keeps reports; one that is here already changes nothing.
func (n *Node) takeReports(tx *store.Tx, b *operationBody, person string, list []casework.Report) (taken int, err error) {
	now := n.now()
	var fresh []*store.Entry
	var words [][]string
	seen := map[string]bool{}
	for _, r := range list {
		id := strings.Join([]string{r.Measure, r.Record, r.Member, strconv.FormatInt(r.At.UnixNano(), 36)}, "\x1f")
		if seen[id] {
			continue
		}
		seen[id] = true
		_, err := tx.EntryByID(b.Num, kindReport, id)
		if err == nil {
			continue
		}
		if !errors.Is(err, store.ErrNone) {
			return 0, err
		}
		fresh = append(fresh, &store.Entry{Num: b.Num, Kind: kindReport, ID: id, At: r.At, Recorded: now, Changed: now, Person: person, Title: r.Measure + " " + r.Record, Body: mustJSON(r)})
		words = append(words, []string{r.Measure})
	}
	return len(fresh), tx.AddEntries(fresh, words)
}

// ownOperation is an operation of this member of which a participant speaks.
func ownOperation(tx *store.Tx, st *envelope.Statement, id string) (*store.Item, *operationBody, error) {
	it, b, err := getOperation(tx, id)
	switch {
	case errors.Is(err, store.ErrNone):
		return nil, nil, missing("operation", "there is no such operation here")
	case err != nil:
		return nil, nil, err
	case it.Source != "" || !slices.Contains(participants(&b.Operation), st.From):
		return nil, nil, &rejected{code: "operation", text: "the sender does not take part in it, or it is another member's"}
	}
	return it, b, nil
}

// gotReports takes up what a participant reports.
func (n *Node) gotReports(tx *store.Tx, st *envelope.Statement) (string, error) {
	m, err := decode[reportsBody](st.Body)
	if err != nil {
		return "", err
	}
	_, b, err := ownOperation(tx, st, m.ID)
	if err != nil {
		return "", err
	}
	if !slices.Contains(counting, b.State) || len(m.Reports) > mostReports {
		return "", &rejected{code: "operation", text: "nothing is counted now, or it is too much for one letter"}
	}
	for i := range m.Reports {
		m.Reports[i].Member = st.From // whatever it says
		if err := m.Reports[i].Check(); err != nil {
			return "", &rejected{code: "operation", text: err.Error()}
		}
	}
	_, err = n.takeReports(tx, b, st.From, m.Reports)
	return store.Stored, err
}

// AgreeToCounts says that this member agrees to the counts.
func (n *Node) AgreeToCounts(ctx context.Context, w Who, id string) error {
	return n.onOperation(ctx, w, id, "agree", func(tx *store.Tx, it *store.Item, b *operationBody) error {
		if b.State != casework.Closing {
			return fmt.Errorf("%w: it is %s: counts are agreed to when it closes", casework.ErrOperation, b.State)
		}
		if it.Source == "" {
			return n.agreed(tx, it, b, n.config.Member)
		}
		_, err := n.enqueue(tx, say{to: []string{b.Owner}, kind: "operation.agree", subject: kindOperation + "/" + b.ID, purpose: b.Purpose, legalBasis: b.LegalBasis, body: agreeBody{b.ID}})
		return err
	})
}

type agreeBody struct {
	ID string `json:"id"`
}

func (n *Node) agreed(tx *store.Tx, it *store.Item, b *operationBody, member string) error {
	i := slices.IndexFunc(b.Participants, func(p casework.Participant) bool { return p.Member == member })
	if i < 0 {
		return fmt.Errorf("%w: %s does not take part", casework.ErrOperation, member)
	}
	b.Participants[i].Agreed = true
	b.Version++
	l := labelOf(it)
	return errors.Join(n.putOperation(tx, b, l, "", ""), n.tellOperation(tx, b, l))
}

func (n *Node) gotAgreement(tx *store.Tx, st *envelope.Statement) (string, error) {
	m, err := decode[agreeBody](st.Body)
	if err != nil {
		return "", err
	}
	it, b, err := ownOperation(tx, st, m.ID)
	if err != nil {
		return "", err
	}
	if b.State != casework.Closing {
		return "", &rejected{code: "operation", text: "it is not closing"}
	}
	return store.Stored, n.agreed(tx, it, b, st.From)
}

// Counted is what an operation counts, as of a moment.
type Counted struct {
	Operation *casework.Operation         `json:"operation"`
	AsOf      time.Time                   `json:"as_of"`
	Reports   int                         `json:"reports"`
	Figures   map[string]*casework.Figure `json:"figures"`
	Differ    []casework.Differ           `json:"differ"` // about what participants do not say the same
}

// CountOperation counts; a moment that is not given is now. A participant's node counts what it reported itself.
func (n *Node) CountOperation(ctx context.Context, w Who, id string, until time.Time) (*Counted, error) {
	if err := n.allow(w, "operation"); err != nil {
		return nil, err
	}
	if err := n.record(w, audit.Decision, kindOperation, id, "", "count"); err != nil {
		return nil, err
	}
	if until.IsZero() {
		until = n.now()
	}
	out := &Counted{AsOf: until}
	n.lately.Lock()
	defer n.lately.Unlock()
	var all reports
	err := n.store.Read(ctx, func(tx *store.Tx) error {
		_, b, err := getOperation(tx, id)
		if err != nil {
			return err
		}
		out.Operation, all = &b.Operation, n.lately.reports
		if all.of != b.Num {
			all = reports{of: b.Num}
		}
		for {
			some, err := tx.Entries(b.Num, kindReport, all.after, 5000)
			if err != nil || len(some) == 0 {
				return err
			}
			for _, e := range some {
				var r casework.Report
				if err := json.Unmarshal(e.Body, &r); err != nil {
					return fmt.Errorf("read a report: %w", err)
				}
				all.list, all.after = append(all.list, r), e.Seq
			}
		}
	})
	if err != nil {
		return nil, err
	}
	if n.lately.reports = all; len(all.list) > mostLately {
		n.lately.reports = reports{}
	}
	out.Reports = len(all.list)
	out.Figures, out.Differ = casework.Count(all.list, until)
	return out, nil
}

// reports are those of an operation up to one of them. A board asks for the counts of the same operation again and again, so those of the operation that was
// counted last stay in memory, if they are not too many; a report is never changed, and what comes in later has the higher number.
type reports struct {
	of, after int64
	list      []casework.Report
}

// mostLately is how many reports stay in memory: some 120 MB.
const mostLately = 250_000
