package casework

// Requests to stop payments, in the way of INTERPOL's I-GRIP: the police of the victim's country ask the institution where the money rests,
// which holds it, says what it found, and where the rest went. A hold is provisional, and the holder of the account may be a victim or an
// unknowing mule: a request accuses nobody.

import (
	"cmp"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"time"
)

// StopState is where a request stands.
type StopState string

// The states. From any of them a request is superseded when the money moved on and another one follows it.
const (
	Requested    StopState = "requested"
	Acknowledged StopState = "acknowledged"
	Traced       StopState = "traced"
	BlockedFull  StopState = "blocked_full"
	BlockedPart  StopState = "blocked_part"
	NotFound     StopState = "not_found"
	StopRefused  StopState = "refused"
	Released     StopState = "released" // to the holder
	ReturnedTo   StopState = "returned" // to the victim
	Superseded   StopState = "superseded"
)

// The clocks (our choice).
const (
	AcknowledgeWithin = 30 * time.Minute
	TraceWithin       = 4 * time.Hour
)

// Errors of a step.
var (
	ErrStop = errors.New("this step of the request is not possible")
	ErrForm = errors.New("the request is not complete")
)

// Payment is one of those whose money is to be stopped.
type Payment struct {
	Reference string    `json:"reference"`      // UETR, end-to-end id or field 20
	Time      time.Time `json:"time,omitzero"`  // with its offset
	Amount    string    `json:"amount"`         // a decimal
	From      string    `json:"from,omitempty"` // INSTITUTION/NUMBER
	To        string    `json:"to"`
}

// StopForm is what is asked.
type StopForm struct {
	Account     string    `json:"account"` // where the money rests: INSTITUTION/NUMBER
	Name        string    `json:"name,omitempty"`
	Amount      string    `json:"amount"` // the most that is asked for
	Currency    string    `json:"currency"`
	Payments    []Payment `json:"payments"`
	Channel     string    `json:"channel,omitempty"`
	Offence     string    `json:"offence"`
	Victim      string    `json:"victim,omitempty"` // a pseudonym
	Reference   string    `json:"reference"`        // of the police
	Officer     string    `json:"officer"`          // reachable now
	LegalBasis  string    `json:"legal_basis"`      // in the asked country, as far as known
	Wish        string    `json:"wish"`             // hold, trace, both
	FollowsBy   time.Time `json:"follows_by,omitzero"`
	Follows     string    `json:"follows,omitempty"` // what is expected: mutual legal assistance, ...
	SuspectSaid string    `json:"suspect_said_by,omitempty"`
}

var decimal = regexp.MustCompile(`^[0-9]{1,18}(\.[0-9]{1,8})?$`)

// Check says what is missing.
func (f *StopForm) Check() error {
	switch {
	case f.Account == "" || f.Currency == "":
		return fmt.Errorf("%w: name the account where the money rests, as INSTITUTION/NUMBER, and the currency", ErrForm)
	case !decimal.MatchString(f.Amount):
		return fmt.Errorf("%w: the amount is a decimal with a point, such as 1250.00", ErrForm)
	case len(f.Payments) == 0:
		return fmt.Errorf("%w: name the payments by which the money came, by their references", ErrForm)
	case f.Offence == "" || f.Reference == "" || f.Officer == "":
		return fmt.Errorf("%w: name the offence, the reference of the police and an officer who can be reached now", ErrForm)
	case !slices.Contains([]string{"hold", "trace", "both"}, f.Wish):
		return fmt.Errorf("%w: the wish is hold, trace or both", ErrForm)
	}
	for _, p := range f.Payments {
		if p.Reference == "" || p.To == "" || !decimal.MatchString(p.Amount) {
			return fmt.Errorf("%w: each payment needs a reference, an amount and the account it went to", ErrForm)
		}
	}
	return nil
}

// Hop is where a part of the money went on to: a lot, not the ledger that it was read from.
type Hop struct {
	Account  string    `json:"account"` // empty: cash, or not named
	How      string    `json:"how"`     // held, cash, other institution, ...
	Amount   string    `json:"amount"`
	Currency string    `json:"currency"`
	Time     time.Time `json:"time,omitzero"`
	Payment  string    `json:"payment,omitempty"` // by which it went there
}

// Answer is what the institution says.
type Answer struct {
	Found     bool      `json:"found"`
	Held      string    `json:"held,omitempty"` // what is held of it now, a decimal
	Currency  string    `json:"currency,omitempty"`
	HoldUntil time.Time `json:"hold_until,omitzero"` // without a court order
	Hops      []Hop     `json:"hops,omitempty"`
	Contact   string    `json:"contact,omitempty"`
}

// Next are the requests that follow where money has moved on to other institutions.
func (a *Answer) Next() []Hop {
	var out []Hop
	for _, h := range a.Hops {
		if h.Account != "" && h.How != "held" {
			out = append(out, h)
		}
	}
	return out
}

// Proposals are the forms of the requests that follow, one for each account to which the money went on, filled from this request and its
// answer. Who asks reads them, and says which member holds each account.
func (s *Stop) Proposals() []StopForm {
	if s.Answer == nil {
		return nil
	}
	at := map[string]int{}
	var out []StopForm
	for _, h := range s.Answer.Next() {
		p := Payment{Reference: cmp.Or(h.Payment, s.Form.Reference), Time: h.Time, Amount: h.Amount, From: s.Form.Account, To: h.Account}
		key := h.Account + " " + h.Currency
		i, ok := at[key]
		if !ok {
			f := s.Form
			f.Account, f.Name, f.Amount, f.Currency, f.Payments = h.Account, "", "0", h.Currency, nil
			i, at[key] = len(out), len(out)
			out = append(out, f)
		}
		out[i].Amount = sum(out[i].Amount, h.Amount)
		out[i].Payments = append(out[i].Payments, p)
	}
	return out
}

// sum adds two decimals, with as many places as the longer one has.
func sum(a, b string) string {
	x, ok1 := new(big.Rat).SetString(a)
	y, ok2 := new(big.Rat).SetString(b)
	if !ok1 || !ok2 {
		return a
	}
	places := 0
	for _, s := range []string{a, b} {
		if _, after, ok := strings.Cut(s, "."); ok {
			places = max(places, len(after))
		}
	}
	return x.Add(x, y).FloatString(places)
}

// StopStep is a step, with who took it and why.
type StopStep struct {
	State   StopState `json:"state"`
	Member  string    `json:"member"`
	Person  string    `json:"person"`
	At      time.Time `json:"at"`
	Reason  string    `json:"reason,omitempty"`
	Answer  *Answer   `json:"answer,omitempty"`
	Follows string    `json:"follow_up,omitempty"` // the request that supersedes this one
}

// Stop is a request and what became of it.
type Stop struct {
	ID      string     `json:"id"`
	Owner   string     `json:"owner"`
	Asked   string     `json:"asked"`
	Form    StopForm   `json:"form"`
	State   StopState  `json:"state"`
	Since   time.Time  `json:"since"`
	Made    time.Time  `json:"made"`
	Answer  *Answer    `json:"answer,omitempty"`
	Earlier string     `json:"earlier,omitempty"` // the request that it follows
	Follows []string   `json:"follow_ups,omitempty"`
	Steps   []StopStep `json:"steps"`
}

// NewStop makes a request.
func NewStop(id, owner, asked, person string, f StopForm, now time.Time) (*Stop, error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	return &Stop{
		ID: id, Owner: owner, Asked: asked, Form: f, State: Requested, Since: now, Made: now,
		Steps: []StopStep{{State: Requested, Member: owner, Person: person, At: now}},
	}, nil
}

var stopTable = map[StopState][]StopState{ // to: from
	Acknowledged: {Requested},
	Traced:       {Requested, Acknowledged},
	BlockedFull:  {Requested, Acknowledged, Traced},
	BlockedPart:  {Requested, Acknowledged, Traced},
	NotFound:     {Requested, Acknowledged, Traced},
	StopRefused:  {Requested, Acknowledged, Traced},
	Released:     {BlockedFull, BlockedPart},
	ReturnedTo:   {BlockedFull, BlockedPart},
	Superseded:   {Requested, Acknowledged, Traced, BlockedFull, BlockedPart, NotFound, StopRefused, Released, ReturnedTo, Superseded},
}

// Apply takes a step. After an error nothing has changed.
func (s *Stop) Apply(step StopStep) error {
	from, ok := stopTable[step.State]
	switch {
	case !ok || !slices.Contains(from, s.State):
		return fmt.Errorf("%w: %s from %s", ErrStop, cmp.Or(step.State, "nothing"), s.State)
	case step.State == Superseded && step.Member != s.Owner:
		return fmt.Errorf("%w: only %s, who asked, lets another request follow", ErrStop, s.Owner)
	case step.State != Superseded && step.Member != s.Asked:
		return fmt.Errorf("%w: only %s, who was asked, answers", ErrStop, s.Asked)
	case step.Person == "":
		return fmt.Errorf("%w: say who does it", ErrStop)
	case slices.Contains([]StopState{StopRefused, Released, ReturnedTo}, step.State) && step.Reason == "":
		return fmt.Errorf("%w: say why", ErrStop)
	case step.State == Superseded && step.Follows == "":
		return fmt.Errorf("%w: name the request that follows", ErrStop)
	case (step.State == BlockedFull || step.State == BlockedPart) && (step.Answer == nil || !decimal.MatchString(step.Answer.Held) || less(step.Answer.Held, "0.000000001")):
		return fmt.Errorf("%w: say how much is held", ErrStop)
	case step.State == BlockedFull && less(step.Answer.Held, s.Form.Amount):
		return fmt.Errorf("%w: %s is less than the %s asked for: that is a part", ErrStop, step.Answer.Held, s.Form.Amount)
	case (step.State == BlockedFull || step.State == BlockedPart) && step.Answer.Currency != s.Form.Currency:
		return fmt.Errorf("%w: the request is in %s", ErrStop, s.Form.Currency)
	}
	if step.Answer != nil {
		s.Answer = step.Answer
	}
	if step.State == Superseded {
		s.Follows = append(s.Follows, step.Follows)
	}
	s.State, s.Since = step.State, step.At
	s.Steps = append(s.Steps, step)
	return nil
}

// Missed adds a step that comes after one that was taken later: it belongs to the story and changes nothing any more. It says whether
// the step is such a one.
func (s *Stop) Missed(step StopStep) bool {
	i := len(s.Steps)
	for i > 0 && step.At.Before(s.Steps[i-1].At) {
		i--
	}
	if i == len(s.Steps) || i == 0 || step.Member != s.Asked || step.Person == "" || stopTable[step.State] == nil || step.State == Superseded {
		return false
	}
	before := *s
	before.State = s.Steps[i-1].State
	before.Steps = nil
	if before.Apply(step) != nil || !slices.Contains(stopTable[s.Steps[i].State], step.State) {
		return false // it does not fit between the two
	}
	s.Steps = slices.Insert(s.Steps, i, step)
	return true
}

func less(a, b string) bool {
	x, ok1 := new(big.Rat).SetString(a)
	y, ok2 := new(big.Rat).SetString(b)
	return !ok1 || !ok2 || x.Cmp(y) < 0
}

// Open says whether the institution still has to answer.
func (s *Stop) Open() bool {
	return s.State == Requested || s.State == Acknowledged || s.State == Traced
}

// Late says which clock has run out, if one has: acknowledge or trace.
func (s *Stop) Late(now time.Time) string {
	switch {
	case s.State == Requested && !now.Before(s.Made.Add(AcknowledgeWithin)):
		return "acknowledge"
	case s.State == Acknowledged && !now.Before(s.Made.Add(TraceWithin)):
		return "trace"
	}
	return ""
}

// Can are the answers that a member may give from the state, in a fixed order.
func (s *Stop) Can(member string) (out []StopState) {
	for _, to := range []StopState{Acknowledged, Traced, BlockedFull, BlockedPart, NotFound, StopRefused, Released, ReturnedTo} {
		if member == s.Asked && slices.Contains(stopTable[to], s.State) {
			out = append(out, to)
		}
	}
	return out
}
