package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tarir/audit"
	"tarir/casework"
	"tarir/handling"
	"tarir/store"
)

// The answer to a person's request. What may be told is told; what may not, because its owner denies it or because telling it would warn whom an
// open case is about, is in the commission's part alone, with the reason and the day on which that is looked at again. The person's part does not
// say whether there is more. What the audit log says about all of it goes along, proven.

// warnFor is for how long telling waits where it could warn somebody (our choice); then it is looked at again.
const warnFor = 6 * 30 * 24 * time.Hour

// Withheld is what the person is not told.
type Withheld struct {
	Held
	Why   []string  `json:"why"`
	Again time.Time `json:"again"` // when it is looked at again
}

// SubjectAnswer is an answer that was written.
type SubjectAnswer struct {
	Told     []Held     `json:"told"`
	Withheld []Withheld `json:"withheld"`
	Entries  int        `json:"entries"` // of the audit log, proven
	Files    []string   `json:"files"`
}

// AnswerSubject writes the answer to a request that was decided, into a new folder: answer.txt for the person, commission.json and audit.jsonl (see
// audit.CheckExport) for who handles it.
func (n *Node) AnswerSubject(ctx context.Context, w Who, id string, names, numbers []string, dir string) (*SubjectAnswer, error) {
	s, err := n.Subject(ctx, w, id)
	if err != nil {
		return nil, err
	}
	decided := s.Steps[len(s.Steps)-1]
	if s.State != casework.SubjectDecided {
		return nil, fmt.Errorf("%w: it is %s: an answer is written once it is decided", casework.ErrSubject, s.State)
	}
	out := &SubjectAnswer{Told: []Held{}, Withheld: []Withheld{}}
	held, err := n.SubjectFind(ctx, w, names, numbers)
	if err != nil {
		return nil, err
	}
	marks := []string{n.audit.Mark(kindSubject + "/" + id)}
	for _, x := range numbers {
		kind, _, _ := strings.Cut(x, ":")
		marks = append(marks, n.audit.Mark(kind+"/"+x))
	}
	for _, h := range held.Held {
		why, err := n.whyNotTold(ctx, w, &h, decided.Result)
		if err != nil {
			return nil, err
		}
		if len(why) > 0 {
			out.Withheld = append(out.Withheld, Withheld{h, why, n.now().Add(warnFor)})
			continue
		}
		out.Told = append(out.Told, h)
		marks = append(marks, n.audit.Mark(h.Kind+"/"+h.ID))
	}
	if err := n.record(w, audit.Export, kindSubject, id, "", "answer"); err != nil {
		return nil, err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, fmt.Errorf("write the answer: %w", err)
	}
	slices.Sort(marks)
	marks = slices.Compact(marks)
	if err := n.audit.Each(ctx, audit.Filter{Marks: marks}, func(int64, *audit.Entry) error { out.Entries++; return nil }); err != nil {
		return nil, err
	}
	for _, f := range []struct {
		name  string
		write func(f *os.File) error
	}{
		{"answer.txt", func(f *os.File) error { _, err := f.WriteString(n.answerText(s, decided, out)); return err }},
		{"commission.json", func(f *os.File) error { _, err := f.Write(append(mustJSON(out), '\n')); return err }},
		{"audit.jsonl", func(f *os.File) error { return n.audit.Export(ctx, f, audit.Filter{Marks: marks}) }},
	} {
		path := filepath.Join(dir, f.name)
		to, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
		if err == nil {
			err = errors.Join(f.write(to), to.Sync(), to.Close())
		}
		if err != nil {
			return nil, fmt.Errorf("write the answer: %w", err)
		}
		out.Files = append(out.Files, path)
	}
	return out, nil
}

// whyNotTold are the reasons for which a person is not told of a record; none: they are.
func (n *Node) whyNotTold(ctx context.Context, w Who, h *Held, result string) (why []string, err error) {
	if result == "refused" {
		return []string{"the request was refused"}, nil
	}
	if h.Kind == "list" {
		return nil, nil // it is published
	}
	err = n.store.Read(ctx, func(tx *store.Tx) error {
		why = nil
		it, err := tx.Get(h.Kind, h.ID)
		if errors.Is(err, store.ErrNone) {
			return nil
		}
		if err != nil {
			return err
		}
		switch {
		case h.Kind == kindCase && it.State == string(casework.CaseOpen):
			why = append(why, "an open case: telling could warn whom it is about; ask who leads it")
		case h.Kind == kindLead, h.Kind == kindHit && it.State != "closed", h.Kind == kindStop && it.Due.After(time.Time{}):
			why = append(why, "it is not closed: telling could warn whom it is about")
		case h.Kind == kindOperation:
			why = append(why, "an operation: telling could warn whom it is about")
		}
		l := labelOf(it)
		if l == nil {
			why = append(why, "it has no label")
			return nil
		}
		me, err := n.me()
		if err != nil {
			return err
		}
		r := handling.Request{Act: handling.Tell, By: me.Party(), Person: w.Person, Purpose: l.Purpose, LegalBasis: w.LegalBasis, Reason: "request of the person"}
		if d := handling.Decide(l, r, n.now()); !d.Allowed {
			for _, x := range d.Reasons {
				why = append(why, x.Text)
			}
		}
		return nil
	})
	return why, err
}

// kindWords are how kinds of records are called in an answer.
var kindWords = map[string]string{
	kindWatch: "a record that is watched for", kindNotice: "a notice", kindRequest: "a request for a notice", kindReview: "a request for a notice", kindDiffusion: "a diffusion", kindMessage: "a message",
	kindHit: "a hit", kindStop: "a request to stop a payment", kindCase: "a case that is closed", "list": "a published list",
}

// answerText is what the person gets.
func (n *Node) answerText(s *casework.Subject, decided casework.SubjectStep, a *SubjectAnswer) string {
	var b strings.Builder
	day := func(t time.Time) string { return t.UTC().Format(time.DateOnly) }
	fmt.Fprintf(&b, "Answer to request %s (%s), received %s, decided %s: %s.\n\n", s.Ref, s.Kind, day(s.Received), day(decided.At), decided.Result)
	if decided.Result != "granted" && decided.Why != "" {
		fmt.Fprintf(&b, "Reason: %s\n\n", decided.Why)
	}
	if len(a.Told) == 0 {
		fmt.Fprintf(&b, "%s can tell you of no record about you.\n", n.config.Member)
	} else {
		fmt.Fprintf(&b, "%s holds, and can tell you of:\n", n.config.Member)
	}
	for i, h := range a.Told {
		what := kindWords[h.Kind]
		if what == "" {
			what = "a record"
		}
		fmt.Fprintf(&b, "%d. %s", i+1, what)
		if h.Kind == "list" {
			source, _, _ := strings.Cut(h.ID, "/")
			fmt.Fprintf(&b, " (%s)", source)
		}
		if h.Owner != "" {
			fmt.Fprintf(&b, " of %s", h.Owner)
		}
		if !h.Recorded.IsZero() {
			fmt.Fprintf(&b, ", recorded %s", day(h.Recorded))
		}
		if !h.Ends.IsZero() {
			fmt.Fprintf(&b, ", kept until %s", day(h.Ends))
		}
		var to []string
		for _, c := range h.Copies {
			if !slices.Contains(to, c.Recipient) {
				to = append(to, c.Recipient)
			}
		}
		if slices.Sort(to); len(to) > 0 {
			fmt.Fprintf(&b, ", sent to %s", strings.Join(to, ", "))
		}
		if h.Logged > 0 {
			fmt.Fprintf(&b, ", used or changed %d times", h.Logged)
		}
		b.WriteString(".\n")
	}
	b.WriteString("\nThis answer does not say whether anything is held that may not be told. You can ask for correction or deletion, and complain to the Commission for the Control of INTERPOL's Files or to your data protection authority.\n")
	fmt.Fprintf(&b, "What is said here about use comes from a log of which %d entries, each proven, were laid down with this answer.\n", a.Entries)
	return b.String()
}
