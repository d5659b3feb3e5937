package notice

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// State is where a request or notice is in its life.
type State string

// The states. Nothing leaves the last four: a new request is a new record that points to the old one.
const (
	Draft       State = "draft"
	Submitted   State = "submitted"
	UnderReview State = "under_review"
	Returned    State = "returned"
	Published   State = "published"
	Suspended   State = "suspended"
	Refused     State = "refused"
	Withdrawn   State = "withdrawn"
	Cancelled   State = "cancelled"
	Expired     State = "expired"
)

// Over says that nothing follows.
func (s State) Over() bool {
	return s == Refused || s == Withdrawn || s == Cancelled || s == Expired
}

// Live says that the notice is, or may become, in force.
func (s State) Live() bool { return !s.Over() && s != Draft && s != "" }

// Event is a step.
type Event string

// The events.
const (
	Create   Event = "create"
	Submit   Event = "submit"
	TakeUp   Event = "take_up"
	Recall   Event = "recall"
	Return   Event = "return"
	Resubmit Event = "resubmit"
	Lapse    Event = "lapse"
	Refuse   Event = "refuse"
	Publish  Event = "publish"
	Amend    Event = "amend" // addendum or corrigendum
	Suspend  Event = "suspend"
	Resume   Event = "resume"
	Withdraw Event = "withdraw"
	Cancel   Event = "cancel"
	Extend   Event = "extend"
	Expire   Event = "expire"
)

// Side is who acts.
type Side string

// The sides.
const (
	Owner    Side = "owner"
	Reviewer Side = "reviewer"
	Clock    Side = "clock"
)

// Clocks of our choice.
const (
	ReturnedFor  = 30 * 24 * time.Hour // then the request lapses
	SuspendedFor = 6                   // months at most
	KeptFor      = 5                   // years at most, by RPD 50
)

// transition is a line of the table.
type transition struct {
	from []State
	side []Side
	to   State
	need func(*Record, *Step) error
}

// table is the life cycle, step by step.
var table = map[Event]transition{
	Submit: {[]State{Draft}, []Side{Owner}, Submitted, func(r *Record, s *Step) error {
		if r.Form.Colour == Red && s.Person == r.Author {
			return fmt.Errorf("%w: a red notice is sent by a second person, not by its author", ErrFourEyes)
		}
		return r.submittable(s)
	}},
	TakeUp: {[]State{Submitted}, []Side{Reviewer}, UnderReview, nil},
	Recall: {[]State{Submitted, UnderReview}, []Side{Owner}, Draft, reason},
	Return: {[]State{UnderReview}, []Side{Reviewer}, Returned, func(_ *Record, s *Step) error {
		if len(s.Rules) == 0 && len(s.Questions) == 0 {
			return fmt.Errorf("%w: say which rules are not met, or what is asked", ErrMissing)
		}
		return nil
	}},
	Resubmit: {[]State{Returned}, []Side{Owner}, Submitted, func(r *Record, s *Step) error {
		if s.Form == nil && s.Reason == "" {
			return fmt.Errorf("%w: say what changed, or answer the questions", ErrMissing)
		}
		if r.Form.Colour == Red && s.Person == r.Author {
			return fmt.Errorf("%w: a red notice is sent by a second person, not by its author", ErrFourEyes)
		}
		return r.submittable(s)
	}},
	Lapse: {[]State{Returned}, []Side{Clock}, Refused, func(r *Record, s *Step) error {
		if s.At.Before(r.Since.Add(ReturnedFor)) {
			return fmt.Errorf("%w: it lapses 30 days after it was returned", ErrEarly)
		}
		return nil
	}},
	Refuse: {[]State{UnderReview}, []Side{Reviewer}, Refused, func(_ *Record, s *Step) error {
		if !slices.Contains([]string{"article_2", "article_3", "incomplete", "not_serious", "purpose", "other"}, s.Ground) || s.Reason == "" {
			return fmt.Errorf("%w: give the ground (article_2, article_3, incomplete, not_serious, purpose, other) and the reason", ErrMissing)
		}
		return second(s)
	}},
	Publish: {[]State{UnderReview}, []Side{Reviewer}, Published, func(r *Record, s *Step) error {
		switch {
		case s.Person == r.Author && s.Member == r.Owner:
			return fmt.Errorf("%w: an author does not publish", ErrFourEyes)
		case s.Number == "" || len(s.Recipients) == 0 || len(s.Languages) == 0:
			return fmt.Errorf("%w: number, languages and recipients belong to a publication", ErrMissing)
		case r.Form.Minor:
			if err := second(s); err != nil {
				return fmt.Errorf("the person is a minor: %w", err)
			}
		}
		return r.within(s.Until, s.At)
	}},
	Amend: {[]State{Published}, []Side{Owner}, Published, func(r *Record, s *Step) error {
		if s.Form == nil || s.Reason == "" {
			return fmt.Errorf("%w: give the changed form and why it changed", ErrMissing)
		}
		if s.Form.Colour != r.Form.Colour || s.Form.Owner != r.Form.Owner {
			return fmt.Errorf("%w: an addendum keeps colour and owner; ask for another notice instead", ErrStep)
		}
		if !s.Form.Until.Equal(r.Form.Until) {
			return fmt.Errorf("%w: an addendum keeps the end; extend the notice instead", ErrStep)
		}
		return r.submittable(s)
	}},
	Suspend: {[]State{Published}, []Side{Owner, Reviewer}, Suspended, func(_ *Record, s *Step) error {
		if s.Until.IsZero() || !s.Until.After(s.At) || s.Until.After(s.At.AddDate(0, SuspendedFor, 0)) {
			return fmt.Errorf("%w: say until when, within six months", ErrMissing)
		}
		return reason(nil, s)
	}},
	Resume: {[]State{Suspended}, []Side{Owner, Reviewer}, Published, func(r *Record, s *Step) error {
		if last := r.last(Suspend); last != nil && last.Side != s.Side {
			return fmt.Errorf("%w: the side that suspended it resumes it", ErrStep)
		}
		return reason(nil, s)
	}},
	Withdraw: {[]State{Published, Suspended}, []Side{Owner}, Withdrawn, func(_ *Record, s *Step) error {
		if !slices.Contains([]string{"achieved", "not_wanted", "other"}, s.Ground) {
			return fmt.Errorf("%w: give the ground: achieved, not_wanted or other", ErrMissing)
		}
		if s.Ground == "other" {
			return reason(nil, s)
		}
		return nil
	}},
	Cancel: {[]State{Published, Suspended}, []Side{Reviewer}, Cancelled, func(_ *Record, s *Step) error {
		if s.Ground == "" {
			return fmt.Errorf("%w: give the ground of the decision", ErrMissing)
		}
		return reason(nil, s)
	}},
	Extend: {[]State{Published}, []Side{Owner}, Published, func(r *Record, s *Step) error {
		if s.At.After(r.Until) {
			return fmt.Errorf("%w: it has ended already", ErrStep)
		}
		if err := r.within(s.Until, s.At); err != nil {
			return err
		}
		if !s.Until.After(r.Until) {
			return fmt.Errorf("%w: the new end must be later than %s", ErrMissing, r.Until.Format(time.DateOnly))
		}
		return reason(nil, s)
	}},
	Expire: {[]State{Published, Suspended}, []Side{Clock}, Expired, func(r *Record, s *Step) error {
		if s.At.Before(r.Until) {
			return fmt.Errorf("%w: it ends on %s", ErrEarly, r.Until.Format(time.DateOnly))
		}
		return nil
	}},
}

// Errors of a step, for those who must decide.
var (
	ErrStep     = errors.New("this step is not possible")
	ErrFourEyes = errors.New("a second person is needed")
	ErrMissing  = errors.New("something is missing")
	ErrBlocked  = errors.New("the request does not meet the rules")
	ErrEarly    = errors.New("it is too early")
)

func reason(_ *Record, s *Step) error {
	if s.Reason == "" {
		return fmt.Errorf("%w: say why", ErrMissing)
	}
	return nil
}

func second(s *Step) error {
	if s.Second == "" || s.Second == s.Person {
		return fmt.Errorf("%w: name the second reviewer who agrees", ErrFourEyes)
	}
	return nil
}

// within says whether an end is one that a notice may have.
func (r *Record) within(until, now time.Time) error {
	if !until.After(now) || until.After(now.AddDate(KeptFor, 0, 0)) {
		return fmt.Errorf("%w: the end must lie within five years from now", ErrMissing)
	}
	return nil
}

// submittable says whether the results of the rules that travel with a step let it go.
func (r *Record) submittable(s *Step) error {
	for _, res := range s.Results {
		switch {
		case res.Severity == Block:
			return fmt.Errorf("%w: %s: %s", ErrBlocked, res.Rule, res.Text.In("en"))
		case res.Severity == Warn && res.Reason == "":
			return fmt.Errorf("%w: %s needs a reason: %s", ErrBlocked, res.Rule, res.Text.In("en"))
		}
	}
	return nil
}

// Step is an event with all that must be stored of it.
type Step struct {
	Event      Event     `json:"event"`
	Side       Side      `json:"side"`
	Member     string    `json:"member"`
	Person     string    `json:"person"`           // an id
	Second     string    `json:"second,omitempty"` // who agrees, where two are needed
	At         time.Time `json:"at"`
	Reason     string    `json:"reason,omitempty"`
	Ground     string    `json:"ground,omitempty"`
	Rules      []string  `json:"rules,omitempty"` // of a return
	Questions  []string  `json:"questions,omitempty"`
	Results    []Result  `json:"results,omitempty"` // of the rules, when it was sent
	Until      time.Time `json:"until,omitzero"`    // of a suspension, publication or extension
	Number     string    `json:"number,omitempty"`
	Languages  []string  `json:"languages,omitempty"`
	Recipients []string  `json:"recipients,omitempty"`
	Form       *Form     `json:"form,omitempty"` // as it is from this step on, where it changed
	Changes    []Change  `json:"changes,omitempty"`
}

// Record is a request and the notice that it becomes.
type Record struct {
	ID         string    `json:"id"`
	Owner      string    `json:"owner"`
	Author     string    `json:"author"`
	Form       Form      `json:"form"`
	State      State     `json:"state"`
	Since      time.Time `json:"since"` // of the state
	Version    int       `json:"version"`
	Number     string    `json:"number,omitempty"`
	Until      time.Time `json:"until,omitzero"` // once published
	Published  time.Time `json:"published,omitzero"`
	Recipients []string  `json:"recipients,omitempty"`
	Earlier    string    `json:"earlier,omitempty"` // the record that this one follows
	Steps      []Step    `json:"steps"`
	Before     *Form     `json:"before,omitempty"` // what was returned, while it is being completed
}

// New creates a draft.
func New(id string, f Form, member, person string, now time.Time) *Record {
	f.Owner = member
	return &Record{
		ID: id, Owner: member, Author: person, Form: f, State: Draft, Since: now, Version: 1,
		Steps: []Step{{Event: Create, Side: Owner, Member: member, Person: person, At: now}},
	}
}

// Edit changes a draft, or a returned request before it is sent again.
func (r *Record) Edit(f Form, _ time.Time) error {
	if r.State != Draft && r.State != Returned {
		return fmt.Errorf("%w: only a draft or a returned request is edited; this one is %s", ErrStep, r.State)
	}
	f.Owner = r.Owner
	if r.State == Returned && r.Before == nil {
		before := r.Form
		r.Before = &before
	}
	r.Form = f
	return nil
}

// Apply takes a step. After an error nothing has changed.
func (r *Record) Apply(s Step) error {
	t, ok := table[s.Event]
	switch {
	case !ok:
		return fmt.Errorf("%w: there is no step %q", ErrStep, s.Event)
	case !slices.Contains(t.from, r.State):
		return fmt.Errorf("%w: %s from %s", ErrStep, s.Event, r.State)
	case !slices.Contains(t.side, s.Side):
		return fmt.Errorf("%w: %s is not the %s's to do", ErrStep, s.Event, s.Side)
	case s.Side == Owner && s.Member != r.Owner:
		return fmt.Errorf("%w: the notice is not of %s", ErrStep, s.Member)
	case s.Side != Clock && s.Person == "":
		return fmt.Errorf("%w: who does it", ErrMissing)
	}
	if t.need != nil {
		if err := t.need(r, &s); err != nil {
			return err
		}
	}
	if s.Form != nil {
		before := &r.Form
		if r.Before != nil {
			before, r.Before = r.Before, nil
		}
		s.Changes = Diff(before, s.Form)
		r.Form = *s.Form
		r.Version++
	}
	switch s.Event {
	case Publish:
		r.Number, r.Until, r.Recipients, r.Published = s.Number, s.Until, s.Recipients, s.At
	case Extend:
		r.Until, r.Form.Until = s.Until, s.Until
		r.Version++
	case Lapse:
		s.Reason = "not completed"
	}
	if r.State != t.to {
		r.State, r.Since = t.to, s.At
	}
	r.Steps = append(r.Steps, s)
	return nil
}

// Due is the step that the clock has to take, if there is one.
func (r *Record) Due(now time.Time) (Event, bool) {
	switch {
	case r.State == Returned && !now.Before(r.Since.Add(ReturnedFor)):
		return Lapse, true
	case (r.State == Published || r.State == Suspended) && !now.Before(r.Until):
		return Expire, true
	}
	return "", false
}

// Can are the steps that a side may try from the state, in a fixed order.
func (r *Record) Can(side Side) []Event {
	var out []Event
	for e, t := range table {
		if slices.Contains(t.from, r.State) && slices.Contains(t.side, side) {
			out = append(out, e)
		}
	}
	slices.Sort(out)
	return out
}

func (r *Record) last(e Event) *Step {
	for i := len(r.Steps) - 1; i >= 0; i-- {
		if r.Steps[i].Event == e {
			return &r.Steps[i]
		}
	}
	return nil
}

// ForOthers is the notice as its recipients get it: what the rules, the reviewers and the author said among themselves stays at home.
func (r *Record) ForOthers() *Record {
	out := *r
	out.Author, out.Recipients, out.Steps, out.Before = "", nil, nil, nil
	for _, s := range r.Steps {
		if r.Published.IsZero() || s.At.Before(r.Published) {
			continue
		}
		switch s.Event {
		case Publish, Amend, Suspend, Resume, Withdraw, Cancel, Extend, Expire:
			out.Steps = append(out.Steps, Step{Event: s.Event, Side: s.Side, Member: s.Member, At: s.At, Until: s.Until, Changes: s.Changes, Ground: s.Ground})
		}
	}
	out.Form.Attachments = slices.Clone(r.Form.Attachments)
	return &out
}
