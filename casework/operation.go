package casework

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"tarir/handling"
)

// OperationState is where an operation stands in its life.
type OperationState string

// The states, one after the other.
const (
	Planned        OperationState = "planned"
	PreOperational OperationState = "pre_operational" // leads, lists, training
	Live           OperationState = "live"            // one feed, a desk around the clock
	Closing        OperationState = "closing"         // counts are reconciled with each participant
	FollowUp       OperationState = "follow_up"       // what became of it at +3, +6 and +12 months
	OperationOver  OperationState = "closed"
)

// OperationStates are all of them, in order.
var OperationStates = []OperationState{Planned, PreOperational, Live, Closing, FollowUp, OperationOver}

// ErrOperation is wrapped by what is not possible with an operation or a count.
var ErrOperation = errors.New("this is not possible with this operation")

// Participant takes part in an operation.
type Participant struct {
	Member   string `json:"member"`
	Country  string `json:"country,omitempty"`
	Officers int    `json:"officers,omitempty"`
	Agreed   bool   `json:"agreed,omitempty"` // to the counts, when they were reconciled
}

// Operation is a plan and what became of it. Its counts are kept apart, as reports of records.
type Operation struct {
	ID           string           `json:"id"`
	Title        string           `json:"title"`
	Owner        string           `json:"owner"`
	Purpose      handling.Purpose `json:"purpose"`
	LegalBasis   string           `json:"legal_basis"`
	From         time.Time        `json:"from"`
	To           time.Time        `json:"to"`
	Countries    []string         `json:"countries,omitempty"` // ISO 3166
	Participants []Participant    `json:"participants,omitempty"`
	Targets      []Ref            `json:"targets,omitempty"` // ranked networks, cases
	Places       []string         `json:"places,omitempty"`  // border points
	State        OperationState   `json:"state"`
	Steps        []OperationStep  `json:"steps,omitempty"`
	Version      int64            `json:"version"`
}

// OperationStep is a step of its life.
type OperationStep struct {
	To     OperationState `json:"to"`
	Person string         `json:"person"`
	At     time.Time      `json:"at"`
	Why    string         `json:"why,omitempty"`
}

// Check says what a plan lacks.
func (o *Operation) Check() error {
	switch {
	case !slices.Contains(handling.Purposes, o.Purpose) || strings.TrimSpace(o.LegalBasis) == "":
		return fmt.Errorf("%w: say first what it is for (one of the purposes) and on which legal basis", ErrOperation)
	case o.ID == "" || strings.TrimSpace(o.Title) == "" || o.Owner == "":
		return fmt.Errorf("%w: it needs a title and an owner", ErrOperation)
	case o.From.IsZero() || !o.To.After(o.From):
		return fmt.Errorf("%w: it has a beginning and an end, in this order", ErrOperation)
	}
	seen := map[string]bool{}
	for _, p := range o.Participants {
		if p.Member == "" || seen[p.Member] || p.Officers < 0 {
			return fmt.Errorf("%w: each participant takes part once", ErrOperation)
		}
		seen[p.Member] = true
	}
	return nil
}

// Step goes on to the next state. It may go back from closing to live, with a reason: a count was missing.
func (o *Operation) Step(s OperationStep) error {
	from, to := slices.Index(OperationStates, o.State), slices.Index(OperationStates, s.To)
	back := o.State == Closing && s.To == Live && strings.TrimSpace(s.Why) != ""
	switch {
	case s.Person == "" || s.At.IsZero():
		return fmt.Errorf("%w: say who does it", ErrOperation)
	case to < 0 || to != from+1 && !back:
		return fmt.Errorf("%w: after %s comes %s", ErrOperation, o.State, cmp.Or(next(o.State), "nothing"))
	}
	if s.To == FollowUp {
		var open []string
		for _, p := range o.Participants {
			if !p.Agreed {
				open = append(open, p.Member)
			}
		}
		if len(open) > 0 && strings.TrimSpace(s.Why) == "" {
			return fmt.Errorf("%w: %s did not agree to the counts yet: ask, or say why it goes on without", ErrOperation, strings.Join(open, ", "))
		}
	}
	o.State, o.Steps = s.To, append(o.Steps, s)
	o.Version++
	return nil
}

func next(s OperationState) OperationState {
	if i := slices.Index(OperationStates, s); i >= 0 && i+1 < len(OperationStates) {
		return OperationStates[i+1]
	}
	return ""
}

// FollowUps are the days on which an operation is counted again.
func (o *Operation) FollowUps() []time.Time {
	return []time.Time{o.To.AddDate(0, 3, 0), o.To.AddDate(0, 6, 0), o.To.AddDate(0, 12, 0)}
}

// Measure is what is counted.
type Measure struct {
	ID     string              `json:"id"`
	Group  string              `json:"group"`            // effort, persons, helped, organisations, money, knowledge, speed, after
	Tags   map[string][]string `json:"tags,omitempty"`   // by which it is broken down, and what they may say; nil: anything
	Bulk   bool                `json:"bulk,omitempty"`   // a record may stand for many: a day's checks of one database
	Amount bool                `json:"amount,omitempty"` // each record has an amount of money
	People bool                `json:"people,omitempty"` // small numbers could give somebody away
}

var (
	offences = []string{"THB", "SOM", "money_laundering", "documents", "sexual_offences", "other"}
	phases   = []string{"before", "during", "after"}
	sexes    = []string{"F", "M", "U"}
)

// Measures are those of an operation (domain: what releases on operations count).
var Measures = []Measure{
	{ID: "checks", Group: "effort", Tags: map[string][]string{"database": {"persons", "documents", "vehicles", "biometrics"}}, Bulk: true},
	{ID: "hits", Group: "effort", Tags: map[string][]string{"confirmed": {"yes", "no"}}},
	{ID: "places", Group: "effort", Tags: map[string][]string{"kind": {"air", "land", "sea", "inside"}}},
	{ID: "flights", Group: "effort", Bulk: true},
	{ID: "arrests", Group: "persons", Tags: map[string][]string{"offence": offences, "phase": phases, "sex": sexes, "age": {"adult", "minor"}, "role": nil}, People: true},
	{ID: "wanted_found", Group: "persons", People: true},
	{ID: "victims", Group: "helped", Tags: map[string][]string{"status": {"presumed", "identified", "rescued"}, "sex": sexes, "age": AgeGroups, "form": Exploitation, "referred_to": nil}, People: true},
	{ID: "migrants", Group: "helped", Tags: map[string][]string{"nationality": nil}, People: true},
	{ID: "missing_found", Group: "helped", People: true},
	{ID: "organisations", Group: "organisations", Tags: map[string][]string{"state": {"identified", "disrupted", "dismantled"}}},
	{ID: "accounts_frozen", Group: "money"},
	{ID: "wallets_frozen", Group: "money"},
	{ID: "money", Group: "money", Tags: map[string][]string{"state": {"found", "held", "frozen", "confiscated", "returned"}, "kind": nil}, Amount: true},
	{ID: "notices", Group: "knowledge", Tags: map[string][]string{"colour": {"red", "blue", "green", "yellow", "black", "purple", "orange", "silver"}}},
	{ID: "diffusions", Group: "knowledge"},
	{ID: "investigations", Group: "knowledge", Tags: map[string][]string{"kind": {"new", "follow_up"}}},
	{ID: "modi_operandi", Group: "knowledge"},
	{ID: "routes", Group: "knowledge"},
	{ID: "earlier_operations", Group: "knowledge"}, // leads that reach one
	{ID: "charges", Group: "after", People: true},
	{ID: "convictions", Group: "after", People: true},
	{ID: "compensated", Group: "after", People: true},
}

// MeasureOf finds a measure; nil if there is none of that id.
func MeasureOf(id string) *Measure {
	for i := range Measures {
		if Measures[i].ID == id {
			return &Measures[i]
		}
	}
	return nil
}

// Report is what a participant says about one record. Two reports of the same record are one in every number; which of their words count is
// decided by time, and where they differ, that is listed for the reconciliation.
type Report struct {
	Measure  string            `json:"measure"`
	Record   string            `json:"record"` // kind/id: an arrest, a victim's pseudonym, an asset, a network, a batch of checks
	Member   string            `json:"member,omitempty"`
	At       time.Time         `json:"at,omitzero"`
	Tags     map[string]string `json:"tags,omitempty"`
	Number   int64             `json:"number,omitempty"` // of a batch; else one
	Amount   string            `json:"amount,omitempty"`
	Currency string            `json:"currency,omitempty"`
}

// Check says what is wrong with a report.
func (r *Report) Check() error {
	m := MeasureOf(r.Measure)
	switch {
	case m == nil:
		return fmt.Errorf("%w: %q is nothing that is counted", ErrOperation, r.Measure)
	case r.Record == "" || r.Member == "" || r.At.IsZero():
		return fmt.Errorf("%w: a number is counted from records: name the record, who reports it, and when it was", ErrOperation)
	case r.Number < 0 || r.Number > 1 && !m.Bulk:
		return fmt.Errorf("%w: each of %s is a record of its own", ErrOperation, m.ID)
	case m.Amount != (r.Amount != "") || m.Amount && (!decimal.MatchString(r.Amount) || r.Currency == ""):
		return fmt.Errorf("%w: %s needs an amount as a decimal with a point and a currency, and nothing else has one", ErrOperation, m.ID)
	}
	for k, v := range r.Tags {
		list, ok := m.Tags[k]
		if !ok || list != nil && !slices.Contains(list, v) {
			return fmt.Errorf("%w: %s are not told apart by %s %q", ErrOperation, m.ID, k, v)
		}
	}
	return nil
}

// Figure is one number of an operation: how many, and which records.
type Figure struct {
	Measure string                       `json:"measure"`
	Number  int64                        `json:"number"`
	Records []string                     `json:"records"`
	By      map[string]map[string]int64  `json:"by,omitempty"`       // tag, what it says, how many
	Money   map[string]string            `json:"money,omitempty"`    // by currency, each asset in its last state only
	ByState map[string]map[string]string `json:"by_state,omitempty"` // of money: state, currency, amount
	Parts   []Part                       `json:"parts,omitempty"`    // of money: each asset, in its last state
}

// Part is an amount of a figure, and of which day it is: what it is worth elsewhere is worth at that day's rate.
type Part struct {
	Record   string    `json:"record"`
	State    string    `json:"state"`
	Amount   string    `json:"amount"`
	Currency string    `json:"currency"`
	At       time.Time `json:"at"`
}

// Differ is a record about which participants do not say the same.
type Differ struct {
	Measure string   `json:"measure"`
	Record  string   `json:"record"`
	What    string   `json:"what"`
	Members []string `json:"members"`
}

// Count counts reports up to a moment: each record once, in the words of the report that is the latest, and of equal ones that of the first
// member by name. Money of one asset counts in its last state alone.
func Count(list []Report, until time.Time) (figures map[string]*Figure, differ []Differ) {
	type key struct{ measure, record string }
	last := map[key]*Report{}
	said := map[key][]*Report{} // where there is more than one
	for i := range list {
		r := &list[i]
		if r.At.After(until) {
			continue
		}
		k := key{r.Measure, r.Record}
		have := last[k]
		if have != nil && said[k] == nil {
			said[k] = []*Report{have}
		}
		if have != nil {
			said[k] = append(said[k], r)
		}
		if have == nil || later(r, have) {
			last[k] = r
		}
	}
	figures = map[string]*Figure{}
	for _, k := range slices.SortedFunc(maps.Keys(last), func(a, b key) int {
		return cmp.Or(cmp.Compare(a.measure, b.measure), cmp.Compare(a.record, b.record))
	}) {
		r := last[k]
		f := figures[k.measure]
		if f == nil {
			f = &Figure{Measure: k.measure, By: map[string]map[string]int64{}}
			figures[k.measure] = f
		}
		n := max(r.Number, 1)
		f.Number += n
		f.Records = append(f.Records, r.Record)
		for tag, v := range r.Tags {
			if f.By[tag] == nil {
				f.By[tag] = map[string]int64{}
			}
			f.By[tag][v] += n
		}
		if r.Amount != "" {
			state := cmp.Or(r.Tags["state"], "found")
			f.add(state, r.Currency, r.Amount)
			f.Parts = append(f.Parts, Part{r.Record, state, r.Amount, r.Currency, r.At})
		}
		if d, ok := disagree(said[k]); ok {
			differ = append(differ, Differ{k.measure, k.record, d, members(said[k])})
		}
	}
	return figures, differ
}

func (f *Figure) add(state, currency, amount string) {
	if f.Money == nil {
		f.Money, f.ByState = map[string]string{}, map[string]map[string]string{}
	}
	if f.ByState[state] == nil {
		f.ByState[state] = map[string]string{}
	}
	for _, m := range []map[string]string{f.Money, f.ByState[state]} {
		m[currency] = sum(cmp.Or(m[currency], "0"), amount)
	}
}

// later says that a report goes before another one about the same record.
func later(a, b *Report) bool {
	if c := a.At.Compare(b.At); c != 0 {
		return c > 0
	}
	if a.Member != b.Member {
		return a.Member < b.Member
	}
	return fmt.Sprint(a.Tags, a.Number, a.Amount, a.Currency) < fmt.Sprint(b.Tags, b.Number, b.Amount, b.Currency)
}

// disagree compares the last word of each member about a record.
func disagree(list []*Report) (what string, ok bool) {
	by := map[string]*Report{}
	for _, r := range list {
		if have := by[r.Member]; have == nil || later(r, have) {
			by[r.Member] = r
		}
	}
	var first *Report
	for _, m := range slices.Sorted(maps.Keys(by)) {
		r := by[m]
		if first == nil {
			first = r
			continue
		}
		switch {
		case first.Amount != r.Amount || first.Currency != r.Currency:
			return "amount", true
		case max(first.Number, 1) != max(r.Number, 1):
			return "number", true
		}
		for _, tag := range slices.Sorted(maps.Keys(first.Tags)) {
			if v, ok := r.Tags[tag]; ok && v != first.Tags[tag] {
				return tag, true
			}
		}
	}
	return "", false
}

func members(list []*Report) []string {
	var out []string
	for _, r := range list {
		out = append(out, r.Member)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
