package node

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"tarir/audit"
	"tarir/casework"
	"tarir/chart"
	"tarir/entity"
	"tarir/store"
)

// What is put into cases, changed and taken out: one by one, and from files line by line.

// NewEntry is something to be put into a case.
type NewEntry struct {
	Kind casework.EntryKind `json:"kind"`
	ID   string             `json:"id,omitempty"` // where the content has none of its own; the same one again is the same entry
	Body json.RawMessage    `json:"body"`
}

// Put is what became of an entry.
type Put struct {
	Seq    int64  `json:"seq"`
	ID     string `json:"id"`
	Was    string `json:"was"` // new, same, changed
	Minor  bool   `json:"minor,omitempty"`
	Reason string `json:"reason,omitempty"` // it was refused for
}

// AddToCase puts entries into a case, all of them or none.
func (n *Node) AddToCase(ctx context.Context, w Who, id string, list []NewEntry) (out []Put, err error) {
	read, err := n.readEntries(list)
	if err != nil {
		return nil, err
	}
	err = n.work(ctx, w, id, casework.CaseWrite, audit.Change, "add", func(tx *store.Tx, c *casework.Case) (err error) {
		out, err = n.putEntries(tx, w, c, read)
		return err
	})
	return out, err
}

// entryRead is an entry that was read and checked.
type entryRead struct {
	kind    casework.EntryKind
	content *casework.Content
}

func (n *Node) readEntries(list []NewEntry) ([]entryRead, error) {
	var out []entryRead
	for _, e := range list {
		c, err := casework.ReadEntry(e.Kind, e.Body)
		if err != nil {
			return nil, err
		}
		if c.ID = cmp.Or(c.ID, e.ID); c.ID == "" {
			if c.ID, err = newID(); err != nil {
				return nil, err
			}
		}
		out = append(out, entryRead{e.Kind, c})
	}
	return out, nil
}

// putEntries puts entries into a case. What is there already is left, or changed where it says something else.
func (n *Node) putEntries(tx *store.Tx, w Who, c *casework.Case, list []entryRead) ([]Put, error) {
	now := n.now()
	var out []Put
	var fresh []*store.Entry
	var words [][]string
	var selectors []string
	at := map[string]int{} // of those in this list
	for _, r := range list {
		e := &store.Entry{
			Num: c.Num, Kind: string(r.kind), ID: r.content.ID, At: r.content.At, Due: r.content.Due, Recorded: now, Changed: now, Person: w.Person, Title: r.content.Title, Body: r.content.Body,
		}
		if e.At.IsZero() {
			e.At = now
		}
		p := Put{ID: e.ID, Was: "new"}
		key := e.Kind + "\x00" + e.ID
		have, err := tx.EntryByID(c.Num, e.Kind, e.ID)
		i, again := at[key]
		switch {
		case again && bytes.Equal(fresh[i].Body, e.Body):
			p.Was = "same"
		case again:
			return nil, fmt.Errorf("%w: the %s %s comes twice, and says two things", casework.ErrEntry, e.Kind, e.ID)
		case err == nil && bytes.Equal(have.Body, e.Body):
			p.Seq, p.Was = have.Seq, "same"
		case err == nil && r.kind == casework.DocumentEntry:
			n.dropDocument(e) // the same text, sealed once more
			p.Seq, p.Was = have.Seq, "same"
		case err == nil:
			p.Seq, p.Was = have.Seq, "changed"
			if err := n.changeEntry(tx, w, c, have, have.Version, r.content); err != nil {
				return nil, err
			}
		case errors.Is(err, store.ErrNone):
			at[key] = len(fresh)
			fresh, words, selectors = append(fresh, e), append(words, withSelectors(r.content)), append(selectors, r.content.Selectors...)
			c.Counts[r.kind]++
		default:
			return nil, err
		}
		if p.Was == "new" && slices.Contains(chart.Kinds, r.kind) {
			c.Drawn++
		}
		if p.Was != "same" && r.kind == casework.AdvertEntry && c.Texts.IsZero() {
			c.Texts = now.Add(casework.AdvertText)
		}
		if r.content.Minor && p.Was != "same" {
			p.Minor = true
			task := store.Task{ID: "safeguard/" + c.ID + "/" + e.ID, Kind: "safeguard", Subject: kindCase + "/" + c.ID, Due: now}
			if err := n.addTask(tx, task); err != nil {
				return nil, err
			}
		}
		out = append(out, p)
	}
	if err := tx.AddEntries(fresh, words); err != nil {
		return nil, err
	}
	k := 0
	for i := range out {
		if out[i].Was == "new" {
			out[i].Seq, k = fresh[k].Seq, k+1
		}
	}
	slices.Sort(selectors)
	return out, tx.AddSelectors(kindCase, c.ID, slices.Compact(selectors))
}

// withSelectors are the words of an entry; its selectors are among them, so that they can be searched for, and so that it is known which
// of a case's selectors another entry has too.
func withSelectors(c *casework.Content) []string {
	out := slices.Concat(c.Words, c.Selectors)
	slices.Sort(out)
	return slices.Compact(out)
}

// changeEntry writes an entry anew, if it still has the version that was looked at.
func (n *Node) changeEntry(tx *store.Tx, w Who, c *casework.Case, e *store.Entry, version int64, to *casework.Content) error {
	if e.Kind == string(casework.DecisionEntry) {
		return fmt.Errorf("%w: a decision stands as it was taken: write down another one", casework.ErrEntry)
	}
	if e.Kind == string(casework.AssetEntry) {
		if err := casework.KeepsMoves(e.Body, to.Body); err != nil {
			return err
		}
	}
	return n.writeEntry(tx, w, c, e, version, to)
}

// writeEntry writes an entry that may be changed so.
func (n *Node) writeEntry(tx *store.Tx, w Who, c *casework.Case, e *store.Entry, version int64, to *casework.Content) error {
	old, err := casework.ReadEntry(casework.EntryKind(e.Kind), e.Body)
	if err != nil {
		return err
	}
	e.At, e.Due, e.Changed, e.Person, e.Title, e.Body, e.Version = to.At, to.Due, n.now(), w.Person, to.Title, to.Body, version
	if e.At.IsZero() {
		e.At = e.Recorded
	}
	ok, err := tx.ChangeEntry(e, withSelectors(to))
	if err != nil {
		return err
	}
	if !ok {
		return casework.ErrChanged
	}
	if slices.Contains(chart.Kinds, casework.EntryKind(e.Kind)) {
		c.Drawn++
	}
	if err := tx.AddSelectors(kindCase, c.ID, to.Selectors); err != nil {
		return err
	}
	return n.dropSelectors(tx, c, e.Seq, old.Selectors)
}

// dropSelectors takes those selectors from a case that no other entry of it has.
func (n *Node) dropSelectors(tx *store.Tx, c *casework.Case, except int64, list []string) error {
	for _, s := range list {
		has, err := tx.HasWord(c.Num, s, 0)
		if err == nil && !has {
			err = tx.DropSelector(kindCase, c.ID, s)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ChangeEntry changes an entry of a case; the version is the one that was looked at.
func (n *Node) ChangeEntry(ctx context.Context, w Who, id string, seq, version int64, text json.RawMessage) (out *casework.Entry, err error) {
	err = n.work(ctx, w, id, casework.CaseWrite, audit.Change, "change", func(tx *store.Tx, c *casework.Case) error {
		e, err := entryIn(tx, c, seq)
		if err != nil {
			return err
		}
		to, err := casework.ReadEntry(casework.EntryKind(e.Kind), text)
		if err != nil {
			return err
		}
		if to.ID != "" && to.ID != e.ID {
			return fmt.Errorf("%w: that is another %s: put it in as a new one", casework.ErrEntry, e.Kind)
		}
		if err := n.changeEntry(tx, w, c, e, version, to); err != nil {
			return err
		}
		out = entryOf(c, e)
		return nil
	})
	return out, err
}

// RemoveEntry destroys an entry of a case, with what stood in it before.
func (n *Node) RemoveEntry(ctx context.Context, w Who, id string, seq int64) error {
	if strings.TrimSpace(w.Reason) == "" {
		return fmt.Errorf("%w: say why it is taken out", casework.ErrEntry)
	}
	return n.work(ctx, w, id, casework.CaseWrite, audit.Delete, "entry", func(tx *store.Tx, c *casework.Case) error {
		e, err := entryIn(tx, c, seq)
		if err != nil {
			return err
		}
		old, err := casework.ReadEntry(casework.EntryKind(e.Kind), e.Body)
		if err != nil {
			return err
		}
		if err := tx.DeleteEntry(seq); err != nil {
			return err
		}
		c.Drawn++
		if c.Counts[casework.EntryKind(e.Kind)]--; c.Counts[casework.EntryKind(e.Kind)] == 0 {
			delete(c.Counts, casework.EntryKind(e.Kind))
		}
		n.dropDocument(e)
		return n.dropSelectors(tx, c, seq, old.Selectors)
	})
}

func entryIn(tx *store.Tx, c *casework.Case, seq int64) (*store.Entry, error) {
	e, err := tx.EntryOf(seq)
	if err == nil && e.Num != c.Num {
		err = store.ErrNone
	}
	return e, err
}

func entryOf(c *casework.Case, e *store.Entry) *casework.Entry {
	out := &casework.Entry{
		Seq: e.Seq, Case: c.ID, Kind: casework.EntryKind(e.Kind), ID: e.ID, At: e.At, Due: e.Due, Recorded: e.Recorded, Changed: e.Changed, Person: e.Person, Version: e.Version, Title: e.Title, Body: e.Body,
	}
	if out.Kind == casework.DocumentEntry {
		var d casework.Document
		if json.Unmarshal(e.Body, &d) == nil {
			d.Sealed = nil // the key of a document stays here
			out.Body = mustJSON(d)
		}
	}
	return out
}

func entriesOf(c *casework.Case, list []*store.Entry) []*casework.Entry {
	out := make([]*casework.Entry, len(list))
	for i, e := range list {
		out[i] = entryOf(c, e)
	}
	return out
}

// CaseImport says what was read into a case, and what was refused and why.
type CaseImport struct {
	Read     int         `json:"read"`
	New      int         `json:"new"`
	Same     int         `json:"same"`
	Changed  int         `json:"changed"`
	Rejected []BadRecord `json:"rejected"`
}

// Add adds the account of another file.
func (i *CaseImport) Add(o *CaseImport) {
	i.Read, i.New, i.Same, i.Changed = i.Read+o.Read, i.New+o.New, i.Same+o.Same, i.Changed+o.Changed
	i.Rejected = append(i.Rejected, o.Rejected...)
}

const (
	fillBatch   = 5000   // entries of one transaction
	mostRefused = 10_000 // lines that are refused before it is given up: that is no file for a case
)

// errFill is wrapped where too much of a file is refused.
var errFill = errors.New("more than 10,000 lines are refused, so the rest is not read")

// fillCase puts lines into a case, each read by a function. A line that is wrong is refused and named; the others come in, batch by batch, so that
// what was read stays when it breaks off, and reading it again changes nothing. Two lines about one thing come in one after the other.
func (n *Node) fillCase(ctx context.Context, w Who, id string, r io.Reader, out *CaseImport, read func(line []byte) (*entryRead, error)) error {
	var batch []entryRead
	in := map[string]bool{}
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		var put []Put
		err := n.work(ctx, w, id, casework.CaseWrite, audit.Change, "import", func(tx *store.Tx, c *casework.Case) (err error) {
			put, err = n.putEntries(tx, w, c, batch)
			return err
		})
		if err != nil {
			return err
		}
		for _, p := range put {
			switch p.Was {
			case "new":
				out.New++
			case "same":
				out.Same++
			case "changed":
				out.Changed++
			}
		}
		batch = batch[:0]
		clear(in)
		return nil
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), 2*casework.MostEntry)
	for line := 1; lines.Scan(); line++ {
		text := bytes.TrimSpace(lines.Bytes())
		if len(text) == 0 {
			continue
		}
		out.Read++
		e, err := read(text)
		if err != nil {
			if out.Rejected = append(out.Rejected, BadRecord{Line: line, Reason: err.Error()}); len(out.Rejected) > mostRefused {
				return errors.Join(errFill, flush())
			}
			continue
		}
		key := string(e.kind) + "\x00" + e.content.ID
		if len(batch) == fillBatch || in[key] {
			if err := flush(); err != nil {
				return err
			}
		}
		in[key] = true
		batch = append(batch, *e)
	}
	if err := lines.Err(); err != nil {
		return errors.Join(fmt.Errorf("after %d lines: %w", out.Read, err), flush())
	}
	return flush()
}

// ImportIntoCase puts lines of JSON into a case, each an entry of a kind: entities as FollowTheMoney writes them, findings, payments.
func (n *Node) ImportIntoCase(ctx context.Context, w Who, id string, kind casework.EntryKind, r io.Reader) (*CaseImport, error) {
	out := &CaseImport{Rejected: []BadRecord{}}
	return out, n.fillCase(ctx, w, id, r, out, func(line []byte) (*entryRead, error) {
		c, err := casework.ReadEntry(kind, bytes.Clone(line))
		if err != nil {
			return nil, err
		}
		if c.ID == "" {
			sum := sha256.Sum256(c.Body)
			c.ID = hex.EncodeToString(sum[:16])
		}
		return &entryRead{kind, c}, nil
	})
}

// eachEntity gives the entities of a case, page by page.
func eachEntity(tx *store.Tx, c *casework.Case, fn func(e *store.Entry, f *entity.Entity) error) error {
	for after := int64(0); ; {
		list, err := tx.Entries(c.Num, string(casework.EntityEntry), after, 2000)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, e := range list {
			after = e.Seq
			f, _, err := entity.Decode(e.Body)
			if err == nil {
				err = fn(e, f)
			}
			if err != nil {
				return err
			}
		}
	}
}

// dropTexts takes what adverts say out of a case, where it has been kept long enough, and says when the next one has been.
func (n *Node) dropTexts(tx *store.Tx, it *store.Item) error {
	c, err := body[casework.Case](it)
	if err != nil {
		return err
	}
	c.Texts = time.Time{}
	until := n.now().Add(-casework.AdvertText)
	for after := int64(0); ; {
		list, err := tx.Entries(c.Num, string(casework.AdvertEntry), after, 1000)
		if err != nil {
			return err
		}
		for _, e := range list {
			after = e.Seq
			var a casework.CaseAdvert
			if err := json.Unmarshal(e.Body, &a); err != nil {
				return fmt.Errorf("read an advert: %w", err)
			}
			switch {
			case a.Title+a.Text == "":
				continue
			case e.Recorded.After(until):
				if next := e.Recorded.Add(casework.AdvertText); c.Texts.IsZero() || next.Before(c.Texts) {
					c.Texts = next
				}
				continue
			}
			content, err := casework.ReadEntry(casework.AdvertEntry, mustJSON(a.WithoutText()))
			if err == nil {
				err = tx.ReplaceEntry(e.Seq, content.Body, withSelectors(content))
			}
			if err != nil {
				return err
			}
		}
		if len(list) == 0 {
			break
		}
	}
	l := labelOf(it)
	if l == nil {
		return casework.ErrNoSeat
	}
	return n.putCase(tx, c, l)
}

// dropEntries destroys what is in a case or an operation.
func (n *Node) dropEntries(tx *store.Tx, num int64) error {
	for {
		list, err := tx.Entries(num, "", 0, 1000)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, e := range list {
			if err := tx.DeleteEntry(e.Seq); err != nil {
				return err
			}
			n.dropDocument(e)
		}
	}
}
