package casework

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Requests of persons: what is held about me, correct it, delete it. The steps and their times are those of the statute of the Commission for the Control
// of INTERPOL's Files (in force since March 2017, articles 32 and 40); the colours of the clock are our choice.

// SubjectKind is what a person asks for.
type SubjectKind string

// The kinds.
const (
	AccessRequest     SubjectKind = "access"
	CorrectionRequest SubjectKind = "correction"
	DeletionRequest   SubjectKind = "deletion"
)

// SubjectState is where a request stands.
type SubjectState string

// The states.
const (
	SubjectReceived   SubjectState = "received"
	SubjectAdmissible SubjectState = "admissible"
	SubjectNot        SubjectState = "not_admissible"
	SubjectDecided    SubjectState = "decided"
	SubjectTold       SubjectState = "told"
)

// ErrSubject is wrapped by what is not possible with a request.
var ErrSubject = errors.New("this is not possible with this request")

// Subject is a request of a person. It names nobody: the person stands in the papers of the one who handles it.
type Subject struct {
	ID       string        `json:"id"`
	Kind     SubjectKind   `json:"kind"`
	Ref      string        `json:"ref"` // of the papers
	State    SubjectState  `json:"state"`
	Received time.Time     `json:"received"`
	Due      time.Time     `json:"due,omitzero"` // of the next step
	Steps    []SubjectStep `json:"steps"`
	Version  int64         `json:"version"`
}

// SubjectStep is a step, with who took it and why.
type SubjectStep struct {
	To     SubjectState `json:"to"`
	Person string       `json:"person"`
	At     time.Time    `json:"at"`
	Why    string       `json:"why,omitempty"`
	Result string       `json:"result,omitempty"` // of a decision: granted, partly, refused
	Asked  []string     `json:"asked,omitempty"`  // owners who were consulted before anything is told
}

// NewSubject takes a request up.
func NewSubject(id string, kind SubjectKind, ref, person string, received, now time.Time) (*Subject, error) {
	switch {
	case !slices.Contains([]SubjectKind{AccessRequest, CorrectionRequest, DeletionRequest}, kind):
		return nil, fmt.Errorf("%w: it asks for access, correction or deletion", ErrSubject)
	case strings.TrimSpace(ref) == "" || person == "" || received.IsZero() || received.After(now):
		return nil, fmt.Errorf("%w: say who takes it up, under which reference, and when it came", ErrSubject)
	}
	s := &Subject{ID: id, Kind: kind, Ref: ref, State: SubjectReceived, Received: received, Version: 1, Steps: []SubjectStep{{To: SubjectReceived, Person: person, At: now}}}
	s.Due = received.AddDate(0, 1, 0)
	return s, nil
}

// Next are the states that may follow.
func (s *Subject) Next() []SubjectState {
	return map[SubjectState][]SubjectState{SubjectReceived: {SubjectAdmissible, SubjectNot}, SubjectAdmissible: {SubjectDecided}, SubjectDecided: {SubjectTold}, SubjectNot: {SubjectTold}}[s.State]
}

// Apply takes a step. After an error nothing has changed.
func (s *Subject) Apply(step SubjectStep) error {
	switch {
	case !slices.Contains(s.Next(), step.To):
		return fmt.Errorf("%w: %s after %s", ErrSubject, cmp.Or(step.To, "nothing"), s.State)
	case step.Person == "" || step.At.IsZero():
		return fmt.Errorf("%w: say who does it", ErrSubject)
	case step.To == SubjectNot && strings.TrimSpace(step.Why) == "":
		return fmt.Errorf("%w: say why it is not admissible", ErrSubject)
	case step.To == SubjectDecided && (!slices.Contains([]string{"granted", "partly", "refused"}, step.Result) || step.Result != "granted" && strings.TrimSpace(step.Why) == ""):
		return fmt.Errorf("%w: a decision is granted, partly or refused, and what is not granted has a reason", ErrSubject)
	}
	switch step.To {
	case SubjectAdmissible:
		months := 9 // correction, deletion
		if s.Kind == AccessRequest {
			months = 4
		}
		s.Due = step.At.AddDate(0, months, 0)
	case SubjectDecided, SubjectNot:
		s.Due = step.At.AddDate(0, 1, 0)
	case SubjectTold:
		s.Due = time.Time{}
	}
	s.State, s.Steps = step.To, append(s.Steps, step)
	s.Version++
	return nil
}

// Clock is the colour of the clock of a request: green, amber from 70 % of the time on, red from 90 % on, late, or none where nothing is due.
func (s *Subject) Clock(now time.Time) string {
	if s.Due.IsZero() {
		return "none"
	}
	from := s.Received
	if n := len(s.Steps); n > 1 {
		from = s.Steps[n-1].At
	}
	gone, all := now.Sub(from), s.Due.Sub(from)
	switch {
	case !now.Before(s.Due):
		return "late"
	case gone*10 >= all*9:
		return "red"
	case gone*10 >= all*7:
		return "amber"
	}
	return "green"
}
