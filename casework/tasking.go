package casework

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Tasking is what the owner of an operation asks of participants, in their languages.
type Tasking struct {
	ID        string                 `json:"id"`
	Operation string                 `json:"operation"`
	To        []string               `json:"to"`   // members
	Text      map[string]string      `json:"text"` // by language: en, fr, es, ar; English at least
	Places    []string               `json:"places,omitempty"`
	Due       time.Time              `json:"due"`
	Urgent    bool                   `json:"urgent,omitempty"`
	Made      time.Time              `json:"made"`
	Done      map[string]TaskingDone `json:"done,omitempty"` // by member
}

// TaskingDone is what a participant says came of it.
type TaskingDone struct {
	Operation string    `json:"operation"`
	ID        string    `json:"id"`
	Member    string    `json:"member"`
	At        time.Time `json:"at"`
	Note      string    `json:"note,omitempty"`
}

// Check says what it lacks.
func (t *Tasking) Check(o *Operation) error {
	switch {
	case strings.TrimSpace(t.Text["en"]) == "" || len(t.Text["en"]) > mostRemark:
		return fmt.Errorf("%w: say in English at least what is to be done, in at most %d bytes", ErrOperation, mostRemark)
	case t.Due.IsZero():
		return fmt.Errorf("%w: say until when", ErrOperation)
	case o.State == OperationOver || o.State == Planned:
		return fmt.Errorf("%w: it is %s: nobody is at work", ErrOperation, o.State)
	}
	for lang, text := range t.Text {
		if !slices.Contains([]string{"en", "fr", "es", "ar"}, lang) || len(text) > mostRemark {
			return fmt.Errorf("%w: it is said in en, fr, es or ar, in at most %d bytes", ErrOperation, mostRemark)
		}
	}
	for _, m := range t.To {
		if !slices.ContainsFunc(o.Participants, func(p Participant) bool { return p.Member == m }) {
			return fmt.Errorf("%w: %s does not take part", ErrOperation, m)
		}
	}
	for _, p := range t.Places {
		if !slices.Contains(o.Places, p) {
			return fmt.Errorf("%w: %s is none of its places", ErrOperation, p)
		}
	}
	return nil
}

// In is what it says in a language, or in English where it says nothing in that.
func (t *Tasking) In(lang string) string {
	if s := t.Text[lang]; s != "" {
		return s
	}
	return t.Text["en"]
}

// Apply notes what a participant says. What was said first stays.
func (t *Tasking) Apply(d *TaskingDone) error {
	if !slices.Contains(t.To, d.Member) {
		return fmt.Errorf("%w: it was not asked of %s", ErrOperation, d.Member)
	}
	if len(d.Note) > mostRemark {
		return fmt.Errorf("%w: at most %d bytes", ErrOperation, mostRemark)
	}
	if t.Done == nil {
		t.Done = map[string]TaskingDone{}
	}
	if _, ok := t.Done[d.Member]; !ok {
		t.Done[d.Member] = *d
	}
	return nil
}
