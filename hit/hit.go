// Package hit is what follows when something that a member holds meets a notice: a possible match, never an identity. The steps are
// those of INTERPOL's rules on positive query results (RPD 104-106): somebody compares, the owner is asked, the owner confirms or
// denies, and only then something is done to the person; the outcome is told to the owner and the secretariat.
//
// Matching here is exact: numbers and addresses in one spelling, and whole names. What is merely alike is the matter of match.
package hit

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// State is how far a hit has come.
type State string

// The states.
const (
	Possible  State = "possible"  // found by the program
	Same      State = "same"      // somebody compared, and thinks that they are the same
	NotSame   State = "not_same"  // a false positive
	Unclear   State = "unclear"   // cannot tell
	Asked     State = "asked"     // the owner was asked
	Confirmed State = "confirmed" // by the owner: identity, validity, and what may be done
	Denied    State = "denied"    // by the owner
	Closed    State = "closed"    // the outcome was told
)

// Reminders: when the owner is reminded (our choice).
const (
	SoonAfter  = time.Hour // red and orange
	LaterAfter = 24 * time.Hour
)

// ExcludeFor is how long a false positive is not shown again.
const ExcludeFor = 365 * 24 * time.Hour

// ErrStep is wrapped by the errors of a step that cannot be taken.
var ErrStep = errors.New("this step of the hit is not possible")

// Step is a step with who took it.
type Step struct {
	State     State     `json:"state"`
	Member    string    `json:"member"`
	Person    string    `json:"person"`
	At        time.Time `json:"at"`
	Reason    string    `json:"reason,omitempty"`
	Allowed   []string  `json:"allowed,omitempty"`   // what may be done, by the owner
	Outcome   string    `json:"outcome,omitempty"`   // located, arrested, identified, asset_found, nothing, ...
	Exception bool      `json:"exception,omitempty"` // acted for danger to life before the owner confirmed
}

// Hit is a possible match between a notice and a record.
type Hit struct {
	ID        string    `json:"id"`
	Notice    string    `json:"notice"` // its id
	Number    string    `json:"number"`
	Colour    string    `json:"colour"`
	Owner     string    `json:"owner"`  // of the notice
	Finder    string    `json:"finder"` // whose record it met
	Record    string    `json:"record"` // at the finder; it does not travel
	Agreed    []string  `json:"agreed"` // kinds of what agreed: phone, account, name, ...
	Unchecked []string  `json:"not_compared,omitempty"`
	State     State     `json:"state"`
	Since     time.Time `json:"since"`
	Made      time.Time `json:"made"`
	Urgent    bool      `json:"urgent,omitempty"` // orange, or danger to a victim's life
	Reminded  time.Time `json:"reminded,omitzero"`
	Steps     []Step    `json:"steps"`
}

var from = map[State][]State{
	Same:      {Possible, Unclear},
	NotSame:   {Possible, Unclear},
	Unclear:   {Possible},
	Asked:     {Same, Unclear},
	Confirmed: {Asked},
	Denied:    {Asked},
	Closed:    {Confirmed, Denied},
}

// Apply takes a step. After an error nothing has changed.
func (h *Hit) Apply(s Step) error {
	who := h.Finder
	if s.State == Confirmed || s.State == Denied {
		who = h.Owner
	}
	switch {
	case !slices.Contains(from[s.State], h.State):
		return fmt.Errorf("%w: %s from %s: %s", ErrStep, s.State, h.State, h.Advice())
	case s.Member != who:
		return fmt.Errorf("%w: it is for %s to say", ErrStep, who)
	case s.Person == "":
		return fmt.Errorf("%w: say who does it", ErrStep)
	case s.State == Denied && s.Reason == "":
		return fmt.Errorf("%w: say why it is not", ErrStep)
	case s.State == Confirmed && len(s.Allowed) == 0:
		return fmt.Errorf("%w: say what may be done", ErrStep)
	case s.State == Closed && s.Outcome == "":
		return fmt.Errorf("%w: say what came of it", ErrStep)
	}
	h.State, h.Since = s.State, s.At
	h.Steps = append(h.Steps, s)
	return nil
}

// WasConfirmed says whether the owner of the notice confirmed it. What anybody else put among the steps counts for nothing.
func (h *Hit) WasConfirmed() bool {
	return slices.ContainsFunc(h.Steps, func(s Step) bool { return s.State == Confirmed && s.Member == h.Owner && !s.Exception })
}

// Act says whether something may be done to the person now: after the owner's confirmation, or for danger to life with a reason,
// which is an exception that is accounted for.
func (h *Hit) Act(danger bool, reason string) (exception bool, err error) {
	if h.State == Confirmed {
		return false, nil
	}
	if danger && strings.TrimSpace(reason) != "" && h.State != NotSame && h.State != Denied && h.State != Closed {
		return true, nil
	}
	return false, fmt.Errorf("%w: %s", ErrStep, h.Advice())
}

// Advice is what is to be done next.
func (h *Hit) Advice() string {
	switch h.State {
	case Possible, Unclear:
		return "compare identifiers, photograph and prints, and say whether they are the same"
	case Same:
		return "ask the owner before anything is done"
	case Asked:
		return "wait for the owner's confirmation; nothing is done before, but for danger to life with a reason"
	case Confirmed:
		return "do what the owner and your law allow, and tell what came of it"
	case Denied:
		return "tell what came of it; nothing is done"
	}
	return "nothing more is to be done"
}

// Remind is when the owner is to be reminded next; zero where nobody waits for it.
func (h *Hit) Remind() time.Time {
	if h.State != Asked {
		return time.Time{}
	}
	after := LaterAfter
	if h.Colour == "red" || h.Colour == "orange" || h.Urgent {
		after = SoonAfter
	}
	last := h.Since
	if h.Reminded.After(last) {
		last = h.Reminded
	}
	return last.Add(after)
}

// NameKey is a name without case, marks, punctuation and order of its parts: two that are equal are written alike. Names of one
// part have none, as too many people share them.
func NameKey(name string) string {
	plain, _, err := transform.String(transform.Chain(norm.NFKD, runes.Remove(runes.In(unicode.Mn)), norm.NFC), name)
	if err != nil {
		plain = name
	}
	parts := strings.FieldsFunc(strings.ToLower(plain), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if len(parts) < 2 {
		return ""
	}
	slices.Sort(parts)
	return "name:" + strings.Join(parts, " ")
}

// Kinds are the kinds of keys, in order, each once.
func Kinds(keys []string) []string {
	var out []string
	for _, k := range keys {
		kind, _, _ := strings.Cut(k, ":")
		out = append(out, kind)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Can are the steps that a member may try from the state, in a fixed order.
func (h *Hit) Can(member string) (out []State) {
	for _, s := range []State{Same, NotSame, Unclear, Asked, Confirmed, Denied, Closed} {
		who := h.Finder
		if s == Confirmed || s == Denied {
			who = h.Owner
		}
		if member == who && slices.Contains(from[s], h.State) {
			out = append(out, s)
		}
	}
	return out
}
