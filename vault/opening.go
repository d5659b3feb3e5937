package vault

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// OpenFor is how long the vault stays open for a person, and WaitFor how long a second person has to agree (our choice).
const (
	OpenFor = 30 * time.Minute
	WaitFor = 24 * time.Hour
)

// Opening is the permission of one person to read one record.
type Opening struct {
	ID        string    `json:"id"`
	Pseudonym string    `json:"pseudonym"`
	Person    string    `json:"person"`
	Second    string    `json:"second,omitempty"` // who agreed
	Why       string    `json:"why"`
	Asked     time.Time `json:"asked"`
	Until     time.Time `json:"until,omitzero"` // open until then; zero: nobody agreed yet
	Emergency bool      `json:"emergency,omitempty"`

	key *Key
}

// Openings are the permissions there are now. They live in memory alone: when the node stops, the vault is shut.
type Openings struct {
	mu   sync.Mutex
	all  map[string]*Opening
	made func() (string, error) // ids
}

// NewOpenings begins without any.
func NewOpenings(id func() (string, error)) *Openings {
	return &Openings{all: map[string]*Opening{}, made: id}
}

// Ask asks to open a record. In an emergency (a life is in danger) it opens at once, and others are told.
func (o *Openings) Ask(p, person, why string, emergency bool, now time.Time) (*Opening, error) {
	if !pseudonym.MatchString(p) || person == "" {
		return nil, ErrNone
	}
	if strings.TrimSpace(why) == "" {
		return nil, fmt.Errorf("%w: say why", ErrRefused)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.forget(now)
	id, err := o.made()
	if err != nil {
		return nil, err
	}
	x := &Opening{ID: id, Pseudonym: p, Person: person, Why: why, Asked: now, Emergency: emergency}
	if emergency {
		if err := o.alone(x); err != nil {
			return nil, err
		}
		x.Until = now.Add(OpenFor)
	}
	o.all[id] = x
	out := *x
	return &out, nil
}

// Agree lets a second person agree.
func (o *Openings) Agree(id, second string, now time.Time) (*Opening, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.forget(now)
	x := o.all[id]
	switch {
	case x == nil:
		return nil, ErrNotOpen
	case second == "" || second == x.Person:
		return nil, fmt.Errorf("%w: the second person is another one", ErrRefused)
	case !x.Until.IsZero():
		return nil, fmt.Errorf("%w: somebody agreed already", ErrRefused)
	}
	if err := o.alone(x); err != nil {
		return nil, err
	}
	x.Second, x.Until = second, now.Add(OpenFor)
	out := *x
	return &out, nil
}

// alone says that nobody else reads the record.
func (o *Openings) alone(x *Opening) error {
	for _, other := range o.all {
		if other != x && other.Pseudonym == x.Pseudonym && !other.Until.IsZero() {
			return fmt.Errorf("%w: somebody else reads it now, until %s UTC", ErrRefused, other.Until.UTC().Format("15:04"))
		}
	}
	return nil
}

// forget shuts what has been open long enough, and what nobody agreed to.
func (o *Openings) forget(now time.Time) {
	for id, x := range o.all {
		if x.Until.IsZero() && !now.Before(x.Asked.Add(WaitFor)) || !x.Until.IsZero() && !now.Before(x.Until) || now.Before(x.Asked) {
			delete(o.all, id)
		}
	}
}

// Close shuts what somebody opened.
func (o *Openings) Close(id, person string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if x := o.all[id]; x != nil && x.Person == person {
		delete(o.all, id)
	}
}

// Waiting are those that wait for a second person, other than the one who looks.
func (o *Openings) Waiting(person string, now time.Time) []Opening {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.forget(now)
	var out []Opening
	for _, id := range slices.Sorted(maps.Keys(o.all)) {
		if x := o.all[id]; x.Until.IsZero() && x.Person != person {
			c := *x
			c.key = nil
			out = append(out, c)
		}
	}
	return out
}

// Of are a person's own openings: those that wait for a second person and those that are open.
func (o *Openings) Of(person string, now time.Time) []Opening {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.forget(now)
	var out []Opening
	for _, id := range slices.Sorted(maps.Keys(o.all)) {
		if x := o.all[id]; x.Person == person {
			c := *x
			c.key = nil
			out = append(out, c)
		}
	}
	return out
}

// Enter gives the record that is open to a person. The passphrase is needed once an opening.
func (o *Openings) Enter(v *Vault, id, person, passphrase string, now time.Time) (*Record, *Opening, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.forget(now)
	x := o.all[id]
	if x == nil || x.Until.IsZero() || x.Person != person {
		return nil, nil, ErrNotOpen
	}
	if x.key == nil {
		k, err := v.Unlock(passphrase)
		if err != nil {
			return nil, nil, err
		}
		x.key = k
	}
	r, err := v.Get(x.key, x.Pseudonym)
	if err != nil {
		return nil, nil, err
	}
	out := *x
	out.key = nil
	return r, &out, nil
}
