package casework

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tarir/handling"
)

// CaseState is where a case stands.
type CaseState string

// The states. A case that was merged lives on in the other one, and can be taken out again.
const (
	CaseOpen   CaseState = "open"
	CaseClosed CaseState = "closed"
	CaseMerged CaseState = "merged"
)

// Seat is what somebody may do in a case. Whoever has none does not learn that the case exists.
type Seat string

// The seats.
const (
	Leads  Seat = "lead"   // and says who else has a seat
	Works  Seat = "work"   // adds and changes
	Reads  Seat = "read"   // looks
	NoSeat Seat = "no"     // takes a seat away
	HasNot Seat = "hasnot" // what Case.Seat says of whoever has none
)

// Seats are those that somebody may have.
var Seats = []Seat{Leads, Works, Reads}

// CaseAct is what somebody wants to do in a case.
type CaseAct string

// The acts.
const (
	CaseRead   CaseAct = "read"   // look at it, search it, see its timeline
	CaseWrite  CaseAct = "write"  // add to it and change what is in it
	CaseSeat   CaseAct = "seat"   // say who works on it
	CaseClose  CaseAct = "close"  // close it, open it again, merge it, split it
	CaseExport CaseAct = "export" // take it out of the node
)

// CaseActs are all acts.
var CaseActs = []CaseAct{CaseRead, CaseWrite, CaseSeat, CaseClose, CaseExport}

// mayDo is what each seat allows; what does not stand here is refused.
var mayDo = map[Seat][]CaseAct{
	Leads: {CaseRead, CaseWrite, CaseSeat, CaseClose, CaseExport},
	Works: {CaseRead, CaseWrite},
	Reads: {CaseRead},
}

// Errors of cases, for those who must decide.
var (
	ErrNoSeat  = errors.New("there is no such case, or you have no seat in it: ask who leads it")
	ErrSeat    = errors.New("your seat in this case does not allow it: ask who leads it")
	ErrCase    = errors.New("this is not possible with this case")
	ErrChanged = errors.New("somebody changed it meanwhile: look at it again, and then change it")
)

// Ref names a record of a node: a kind and an id.
type Ref struct {
	Kind string `json:"kind"` // network, finding, family, hit, lead, notice, ...
	ID   string `json:"id"`
}

// Case is the head of a case: what it is for and who works on it. What is in it are its entries.
type Case struct {
	ID         string               `json:"id"`
	Num        int64                `json:"num"`   // its number on this node
	Title      string               `json:"title"` // names nobody
	Owner      string               `json:"owner"` // the member
	Purpose    handling.Purpose     `json:"purpose"`
	LegalBasis string               `json:"legal_basis"`
	From       []Ref                `json:"from,omitempty"` // what it was opened from
	State      CaseState            `json:"state"`
	Into       string               `json:"into,omitempty"` // the case that it was merged into
	Why        string               `json:"why,omitempty"`  // it was closed or merged
	Seats      map[string]Seat      `json:"seats"`          // by person
	Opened     time.Time            `json:"opened"`
	Closed     time.Time            `json:"closed,omitzero"`
	Version    int64                `json:"version"`
	Counts     map[EntryKind]int64  `json:"counts,omitempty"` // of its entries
	Merged     map[string]time.Time `json:"merged,omitempty"` // cases that were merged into it, and when
	Drawn      int64                `json:"drawn,omitempty"`  // counts what changed of what is drawn of it
	Texts      time.Time            `json:"texts,omitzero"`   // when the text of an advert in it has been kept long enough
}

// NewCase opens a case. Purpose and legal basis come first; whoever opens it leads it.
func NewCase(id, owner, title, person string, p handling.Purpose, legalBasis string, from []Ref, now time.Time) (*Case, error) {
	switch {
	case !slices.Contains(handling.Purposes, p) || strings.TrimSpace(legalBasis) == "":
		return nil, fmt.Errorf("%w: say first what the case is for (one of the purposes) and on which legal basis", ErrCase)
	case strings.TrimSpace(title) == "" || len(title) > 200:
		return nil, fmt.Errorf("%w: give it a title of at most 200 bytes, which names nobody", ErrCase)
	case id == "" || owner == "" || person == "":
		return nil, fmt.Errorf("%w: say who opens it", ErrCase)
	}
	return &Case{
		ID: id, Title: title, Owner: owner, Purpose: p, LegalBasis: legalBasis, From: from, State: CaseOpen,
		Seats: map[string]Seat{person: Leads}, Opened: now, Version: 1, Counts: map[EntryKind]int64{},
	}, nil
}

// SeatOf is the seat of a person.
func (c *Case) SeatOf(person string) Seat {
	if s, ok := c.Seats[person]; ok {
		return s
	}
	return HasNot
}

// May says whether a person may do something in the case: nil, ErrNoSeat, ErrSeat, or ErrCase where nobody may.
func (c *Case) May(person string, act CaseAct) error {
	allowed := mayDo[c.SeatOf(person)]
	switch {
	case len(allowed) == 0:
		return ErrNoSeat
	case !slices.Contains(allowed, act):
		return ErrSeat
	case act == CaseWrite && c.State == CaseClosed:
		return fmt.Errorf("%w: it is closed: open it again first", ErrCase)
	case act == CaseWrite && c.State == CaseMerged:
		return fmt.Errorf("%w: it was merged into %s: work there", ErrCase, c.Into)
	}
	return nil
}

// CaseStep changes the head of a case.
type CaseStep struct {
	Do      string `json:"do"` // seat, title, close, reopen
	Person  string `json:"person,omitempty"`
	Seat    Seat   `json:"seat,omitempty"`
	Title   string `json:"title,omitempty"`
	Why     string `json:"why,omitempty"`
	Version int64  `json:"version,omitempty"` // that was looked at; 0: whatever it is now
}

// Apply takes a step. With an error nothing has changed.
func (c *Case) Apply(s CaseStep, by string, now time.Time) error {
	act := CaseClose
	switch s.Do {
	case "seat":
		act = CaseSeat
	case "title":
		act = CaseWrite
	}
	if err := c.May(by, act); err != nil {
		return err
	}
	if s.Version != 0 && s.Version != c.Version {
		return ErrChanged
	}
	switch s.Do {
	case "seat":
		if err := c.seat(s.Person, s.Seat); err != nil {
			return err
		}
	case "title":
		if strings.TrimSpace(s.Title) == "" || len(s.Title) > 200 {
			return fmt.Errorf("%w: give it a title of at most 200 bytes, which names nobody", ErrCase)
		}
		c.Title = s.Title
	case "close":
		if c.State != CaseOpen || strings.TrimSpace(s.Why) == "" {
			return fmt.Errorf("%w: an open case is closed, and with a reason", ErrCase)
		}
		c.State, c.Closed, c.Why = CaseClosed, now, s.Why
	case "reopen":
		if c.State != CaseClosed || strings.TrimSpace(s.Why) == "" {
			return fmt.Errorf("%w: a closed case is opened again, and with a reason", ErrCase)
		}
		c.State, c.Closed, c.Why = CaseOpen, time.Time{}, s.Why
	default:
		return fmt.Errorf("%w: %q is no step: seat, title, close or reopen", ErrCase, s.Do)
	}
	c.Version++
	return nil
}

func (c *Case) seat(person string, s Seat) error {
	if person == "" {
		return fmt.Errorf("%w: say whose seat", ErrCase)
	}
	next := map[string]Seat{}
	for p, have := range c.Seats {
		next[p] = have
	}
	switch s {
	case Leads, Works, Reads:
		next[person] = s
	case NoSeat:
		delete(next, person)
	default:
		return fmt.Errorf("%w: %q is no seat: lead, work, read, or no", ErrCase, s)
	}
	for _, s := range next {
		if s == Leads {
			c.Seats = next
			return nil
		}
	}
	return fmt.Errorf("%w: somebody has to lead it: give the lead to another person first", ErrCase)
}

// Merge makes the case live on in another one; who had a seat in it has the same there, unless they have more.
func (c *Case) Merge(into *Case, by, why string, now time.Time) error {
	for _, x := range []*Case{c, into} {
		if err := x.May(by, CaseClose); err != nil {
			return err
		}
	}
	switch {
	case c.ID == into.ID || c.State == CaseMerged || into.State != CaseOpen:
		return fmt.Errorf("%w: two cases are merged into one that is open, and each once", ErrCase)
	case c.Purpose != into.Purpose:
		return fmt.Errorf("%w: they serve different purposes (%s and %s), and what was recorded for one is not used for another by merging", ErrCase, c.Purpose, into.Purpose)
	case strings.TrimSpace(why) == "":
		return fmt.Errorf("%w: say why they are one", ErrCase)
	}
	c.State, c.Into, c.Why = CaseMerged, into.ID, why
	c.Version++
	if into.Merged == nil {
		into.Merged = map[string]time.Time{}
	}
	into.Merged[c.ID] = now
	for p, s := range c.Seats {
		if rank(s) > rank(into.SeatOf(p)) {
			into.Seats[p] = s
		}
	}
	into.Version++
	return nil
}

// Unmerge takes a case out of the one that it was merged into. Seats that came with it stay: who leads the other one takes them away.
func (c *Case) Unmerge(from *Case, by, why string) error {
	if err := from.May(by, CaseClose); err != nil {
		return err
	}
	if c.State != CaseMerged || c.Into != from.ID || strings.TrimSpace(why) == "" {
		return fmt.Errorf("%w: a case is taken out of the one that it was merged into, with a reason", ErrCase)
	}
	c.State, c.Into, c.Why = CaseOpen, "", why
	c.Version++
	delete(from.Merged, c.ID)
	from.Version++
	return nil
}

func rank(s Seat) int { return len(mayDo[s]) }
