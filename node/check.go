package node

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"tarir/audit"
	"tarir/entity"
	"tarir/hit"
	"tarir/match"
	"tarir/name"
	"tarir/notice"
	"tarir/store"
	"tarir/watchlist"
)

// What is known stands in two indexes: one of the lists that were loaded, and one of the records of this node: those that it watches, notices
// in force and diffusions. A transaction that changes such a record says so in a setting beside it; the index is told before anything is
// asked of it, so that it answers with what was acknowledged, and what was destroyed is written out of its files. It can be deleted while
// the node is stopped.

// own is the source of this node's records in the index.
const own = "own"

// indexed are the kinds of records that are found by name.
var indexed = []string{kindWatch, kindNotice, kindRequest, kindDiffusion}

const indexMark = "index/"

// findable says under which keys a record is found, and has the index told of it.
func (n *Node) findable(tx *store.Tx, kind, id string, keys []string) error {
	if err := tx.Select(kind, id, keys); err != nil {
		return err
	}
	return n.reindex(tx, kind, id)
}

func (n *Node) reindex(tx *store.Tx, kind, id string) error {
	if !slices.Contains(indexed, kind) {
		return nil
	}
	mark, err := newID()
	if err != nil {
		return err
	}
	n.marking.Add(1)
	tx.After(func() { n.unheard.Store(true) })
	tx.Finally(func() { n.marking.Add(-1) })
	return tx.Set(indexMark+kind+"/"+id, mark)
}

// tellIndex tells the index of all that has changed. What others see already may be of a transaction that has not come to say so: while one is
// on its way, the database is asked.
func (n *Node) tellIndex(ctx context.Context) (err error) {
	n.indexing.Lock()
	defer n.indexing.Unlock()
	marking := n.marking.Load() > 0 // before what follows: a transaction that ends says first that there is something
	if !n.unheard.Swap(false) && !marking {
		return nil
	}
	defer func() {
		if err != nil {
			n.unheard.Store(true)
		}
	}()
	if len(n.own.Sources()) == 0 {
		if err := n.fillIndex(ctx); err != nil {
			return err
		}
	}
	for {
		marks := map[string]string{}
		var records []match.Record
		var gone []string
		err := n.store.Read(ctx, func(tx *store.Tx) error {
			clear(marks) // it may be run again
			records, gone = nil, nil
			names, err := tx.Settings(indexMark)
			if err != nil {
				return err
			}
			for _, s := range names[:min(len(names), 1000)] {
				if marks[s], err = tx.Setting(s); err != nil {
					return err
				}
				kind, id, _ := strings.Cut(strings.TrimPrefix(s, indexMark), "/")
				r, ok, err := n.recordOf(tx, kind, id)
				if err != nil {
					return err
				}
				if ok {
					records = append(records, r)
				} else {
					gone = append(gone, kind+"/"+id)
				}
			}
			return nil
		})
		if err != nil || len(marks) == 0 {
			return err
		}
		c, err := n.own.Put(ctx, match.Source{Name: own, Title: "records of this node", Whole: true}, records, gone...)
		if err != nil {
			return err
		}
		if c.Changed+c.Removed > 0 {
			if err := n.own.Purge(ctx); err != nil {
				return err
			}
		}
		if _, err := n.compareStanding(ctx, records); err != nil {
			return err
		}
		err = n.store.Write(ctx, func(tx *store.Tx) error {
			for s, mark := range marks {
				now, err := tx.Setting(s)
				if err != nil {
					return err
				}
				if now == mark { // else it has changed again meanwhile
					if err := tx.Unset(s); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}

// find asks both indexes.
func (n *Node) find(ctx context.Context, a *match.Ask, o match.Options) (*match.Answer, error) {
	mine, err := n.own.Find(ctx, a, o)
	if err != nil {
		return nil, err
	}
	listed, err := n.lists.Find(ctx, a, o)
	if err != nil {
		return nil, err
	}
	out := &match.Answer{State: n.stateOfLists(), Cut: mine.Cut || listed.Cut, Hits: append(mine.Hits, listed.Hits...)}
	slices.SortStableFunc(out.Hits, func(a, b match.Hit) int { return cmp.Compare(b.Score, a.Score) })
	out.Hits = out.Hits[:min(len(out.Hits), cmp.Or(o.Limit, 5))]
	return out, nil
}

// stateOfLists is that of the lists; a node without any answers from its own records, which are whole.
func (n *Node) stateOfLists() match.State {
	if s := n.lists.State(); s != match.Empty {
		return s
	}
	return match.Complete
}

// fillIndex tells a new index of everything.
func (n *Node) fillIndex(ctx context.Context) error {
	var seq iter.Seq2[match.Record, error] = func(yield func(match.Record, error) bool) {
		err := n.store.Read(ctx, func(tx *store.Tx) error {
			for _, kind := range indexed {
				list, err := tx.Items(store.Query{Kind: kind})
				if err != nil {
					return err
				}
				for _, it := range list {
					r, ok, err := n.recordOf(tx, kind, it.ID)
					if err != nil {
						return err
					}
					if ok && !yield(r, nil) {
						return nil
					}
				}
			}
			return nil
		})
		if err != nil {
			yield(match.Record{}, err)
		}
	}
	_, err := n.own.Update(ctx, match.Source{Name: own, Title: "records of this node", Whole: true}, seq)
	return err
}

// recordOf is what the index keeps of a record: by what it is found, not what it says.
func (n *Node) recordOf(tx *store.Tx, kind, id string) (r match.Record, ok bool, err error) {
	it, err := tx.Get(kind, id)
	if errors.Is(err, store.ErrNone) {
		return r, false, nil
	}
	if err != nil {
		return r, false, err
	}
	switch kind {
	case kindWatch:
		if it.State == string(store.Marked) {
			return r, false, nil
		}
		e, _, err := entity.Decode(it.Body)
		if err != nil {
			return r, false, nil // marked records have none
		}
		if r, ok, err = match.FromEntity(e, own); err != nil {
			return r, false, err
		}
	case kindNotice:
		b, err := body[noticeBody](it)
		if err != nil {
			return r, false, err
		}
		if b.Record == nil || b.Record.State != notice.Published {
			return r, false, nil
		}
		r, ok = recordOfForm(&b.Record.Form)
	case kindRequest: // of this node's own notices, which are in force at others
		b, err := body[requestBody](it)
		if err != nil {
			return r, false, err
		}
		if b.Record == nil || b.Record.State != notice.Published {
			return r, false, nil
		}
		r, ok = recordOfForm(&b.Record.Form)
	case kindDiffusion:
		b, err := body[Letter](it)
		if err != nil || b.Form == nil {
			return r, false, err
		}
		r, ok = recordOfForm(b.Form)
	}
	if l := labelOf(it); l != nil && l.Withdrawn {
		return r, false, nil
	}
	r.ID, r.Dataset, r.Doc = kind+"/"+id, own, ""
	return r, ok, nil
}

func recordOfForm(f *notice.Form) (r match.Record, ok bool) {
	r.Schema, r.Selectors = "Thing", f.Selectors()
	if f.Person.Name() != "" || f.Person.OriginalScript != "" {
		r.Schema = "Person"
		if f.Person.Organisation != "" {
			r.Schema = "Organization"
		}
		r.Names = f.Names()
	}
	if d, err := match.ParseDate(strings.ReplaceAll(string(f.Person.Born), "/", "-")); err == nil {
		r.Births = []match.Date{d}
	}
	for _, c := range f.Person.Nationalities {
		if c = entity.CountryNamed(c); c != "" {
			r.Countries = append(r.Countries, c)
		}
	}
	if f.Person.Sex == "M" || f.Person.Sex == "F" {
		r.Sex = f.Person.Sex
	}
	return r, len(r.Names)+len(r.Selectors) > 0
}

// Question is what is asked of the index: by names, by numbers, or by the lines that a document reader gives.
type Question struct {
	Ask     match.Ask     `json:"ask"`
	MRZ     string        `json:"mrz,omitempty"`
	Options match.Options `json:"options,omitzero"`
}

// Asked is a question in words, as a person or a program puts it.
type Asked struct {
	Schema    string            `json:"schema,omitempty" doc:"of FollowTheMoney; none: Thing"`
	Names     []string          `json:"names,omitempty" doc:"in any script"`
	Born      []string          `json:"born,omitempty" doc:"1985, 1985-03 or 1985-03-28"`
	Countries []string          `json:"countries,omitempty" doc:"nationalities: codes or names"`
	Sex       string            `json:"sex,omitempty" doc:"male or female"`
	With      map[string]string `json:"with,omitempty" doc:"numbers by kind: phone, email, iban, account, wallet, document, plate, handle ..."`
	MRZ       string            `json:"mrz,omitempty" doc:"the lines that a document reader gives"`
	Limit     int               `json:"limit,omitempty" doc:"of hits; none: 5" maximum:"500"`
	Least     float64           `json:"least,omitempty" doc:"the score from which hits are told, 0 to 1"`
}

// Question reads it. What is wrong is told by its field.
func (a *Asked) Question() (*Question, error) {
	schema := cmp.Or(a.Schema, "Thing")
	if entity.SchemaOf(schema) == nil {
		return nil, fmt.Errorf("schema: FollowTheMoney has no schema %q", schema)
	}
	q := &Question{MRZ: a.MRZ, Ask: match.Ask{Schema: schema, Names: a.Names}, Options: match.Options{Limit: a.Limit, Least: a.Least}}
	for _, b := range a.Born {
		d, err := match.ParseDate(b)
		if err != nil {
			return nil, fmt.Errorf("born: %w", err)
		}
		q.Ask.Births = append(q.Ask.Births, d)
	}
	for _, n := range a.Countries {
		code := entity.CountryNamed(n)
		if code == "" {
			return nil, fmt.Errorf("country: %q is no country", n)
		}
		q.Ask.Countries = append(q.Ask.Countries, code)
	}
	switch strings.ToLower(a.Sex) {
	case "":
	case "m", "male":
		q.Ask.Sex = "M"
	case "f", "female":
		q.Ask.Sex = "F"
	default:
		return nil, fmt.Errorf("sex: male or female, not %q", a.Sex)
	}
	for _, kind := range slices.Sorted(maps.Keys(a.With)) {
		t := notice.Thing{Kind: kind, Value: a.With[kind]}
		if len(q.Ask.Countries) > 0 {
			t.Country = q.Ask.Countries[0]
		}
		s, ok := t.Selector()
		if !ok {
			return nil, fmt.Errorf("with: this is no %s that can be checked: write the number whole, of a phone with the code of its country", kind)
		}
		q.Ask.Selectors = append(q.Ask.Selectors, string(s.Kind)+":"+s.Value)
	}
	return q, nil
}

// Checked is the answer.
type Checked struct {
	State match.State `json:"state"` // "not known" is only said where it is complete
	Hits  []Lead      `json:"hits"`
	Cut   bool        `json:"cut,omitempty"` // not all with such names were looked at
}

// Lead is a possible match. Score and features compare; who owns the record confirms.
type Lead struct {
	Source   string          `json:"source"`
	Kind     string          `json:"kind,omitempty"` // of a record of this node
	ID       string          `json:"id"`
	Schema   string          `json:"schema"`
	Number   string          `json:"number,omitempty"`
	Owner    string          `json:"owner,omitempty"`
	Names    []string        `json:"names,omitempty"` // of a list; of a wallet, those of its holder
	Score    float64         `json:"score"`
	Features []match.Feature `json:"features"`
	Sentence string          `json:"sentence"`
	Entity   json.RawMessage `json:"entity,omitempty"` // of a list
}

// check reads the lines of a document, and says what is wrong with a question.
func (q *Question) check(year int) error {
	if q.MRZ != "" {
		if err := addMRZ(&q.Ask, q.MRZ, year); err != nil {
			return err
		}
	}
	if len(q.Ask.Names)+len(q.Ask.Selectors) == 0 {
		return errors.New("there is nothing to look for: give a name or a number")
	}
	for _, s := range q.Ask.Names {
		if err := name.Check(s); err != nil {
			return err
		}
	}
	return nil
}

// LookUpIn asks an index of lists, which has no records of a node.
func LookUpIn(ctx context.Context, x *match.Index, q Question, now time.Time) (*Checked, error) {
	if err := q.check(now.Year()); err != nil {
		return nil, err
	}
	a, err := x.Find(ctx, &q.Ask, q.Options)
	if err != nil {
		return nil, err
	}
	out := &Checked{State: a.State, Cut: a.Cut, Hits: []Lead{}}
	for i := range a.Hits {
		l, err := leadOf(x, &a.Hits[i])
		if err != nil {
			return nil, err
		}
		out.Hits = append(out.Hits, l)
	}
	return out, nil
}

// leadOf is a hit in the lists of an index. What has no name of its own, as a wallet, has those of whom the list says that it is.
func leadOf(lists *match.Index, h *match.Hit) (Lead, error) {
	l := Lead{Source: h.Record.Dataset, ID: h.Record.ID, Schema: h.Record.Schema, Score: h.Score, Features: h.Features, Sentence: h.Sentence(), Names: h.Record.Names, Entity: json.RawMessage(h.Record.Doc)}
	if len(l.Names) > 0 || len(l.Entity) == 0 {
		return l, nil
	}
	e, _, err := entity.Decode(l.Entity)
	if err != nil {
		return l, fmt.Errorf("the index's %s: %w", l.ID, err)
	}
	if holder := e.First("holder"); holder != "" {
		r, _, err := lists.Get(holder)
		if err != nil {
			return l, err
		}
		l.Names = r.Names
	}
	return l, nil
}

// LookUp asks the index, for a purpose.
func (n *Node) LookUp(ctx context.Context, w Who, q Question) (*Checked, error) {
	if err := n.allow(w, "read"); err != nil {
		return nil, err
	}
	if w.Purpose == "" || strings.TrimSpace(w.LegalBasis) == "" {
		return nil, fmt.Errorf("%w: give purpose and legal basis before a query", ErrNotAllowed)
	}
	if err := q.check(n.now().Year()); err != nil {
		return nil, err
	}
	if err := n.tellIndex(ctx); err != nil {
		return nil, err
	}
	a, err := n.find(ctx, &q.Ask, q.Options)
	if err != nil {
		return nil, err
	}
	out := &Checked{State: a.State, Cut: a.Cut, Hits: []Lead{}}
	var withheld []string
	leads := func(tx *store.Tx) error {
		out.Hits, withheld = []Lead{}, nil // it may be run again
		for i := range a.Hits {
			h := &a.Hits[i]
			f, err := leadOf(n.lists, h)
			if err != nil {
				return err
			}
			if h.Record.Dataset != own {
				out.Hits = append(out.Hits, f)
				continue
			}
			f.Names, f.Entity = nil, nil // it is opened for a purpose
			f.Kind, f.ID, _ = strings.Cut(h.Record.ID, "/")
			it, err := tx.Get(f.Kind, f.ID)
			if errors.Is(err, store.ErrNone) {
				continue // destroyed since
			}
			if err != nil {
				return err
			}
			// What its owner denies to this member or person is not known here.
			if shown, err := n.shown(tx, w, it); err != nil {
				return err
			} else if !shown {
				withheld = []string{"withheld"}
				continue
			}
			f.Number, f.Owner = it.Number, it.Owner
			f.Sentence += " " + (&hit.Hit{State: hit.Possible}).Advice()
			out.Hits = append(out.Hits, f)
		}
		return nil
	}
	if len(a.Hits) > 0 {
		if err := n.store.Read(ctx, leads); err != nil {
			return nil, err
		}
	}
	result := "no hit"
	switch {
	case len(out.Hits) > 0:
		result = "hit"
	case out.State != match.Complete:
		result = "no answer: the index is " + string(out.State)
	}
	// Nothing is answered that does not stand in the log.
	kind, key := askedAbout(&q.Ask)
	return out, n.record(w, audit.Query, kind, key, "", result, withheld...)
}

// askedAbout is the same for questions about the same name, however it is written, and for those about the same number alone: the log keeps a mark of
// it, by which whoever asks what was asked about them is answered.
func askedAbout(a *match.Ask) (kind, key string) {
	if len(a.Names) == 0 && len(a.Selectors) == 1 {
		kind, _, _ = strings.Cut(a.Selectors[0], ":")
		return kind, a.Selectors[0]
	}
	var words []string
	for _, s := range a.Names {
		words = append(words, name.Latin(s)...)
	}
	slices.Sort(words)
	return "name", strings.Join(append(slices.Compact(words), a.Selectors...), " ")
}

// addMRZ adds what the lines of a document say to a question.
func addMRZ(a *match.Ask, text string, year int) error {
	m, err := entity.ParseMRZ(text)
	if err != nil {
		return err
	}
	a.Schema = "Person"
	a.Names = append(a.Names, strings.TrimSpace(m.GivenNames+" "+m.FamilyName))
	if s, ok := m.Selector(); ok {
		a.Selectors = append(a.Selectors, string(s.Kind)+":"+s.Value)
	}
	if c := entity.CountryNamed(m.Nationality); c != "" {
		a.Countries = append(a.Countries, c)
	}
	if m.Sex == "M" || m.Sex == "F" {
		a.Sex = m.Sex
	}
	// Two figures say no century: nobody who travels is born in the future.
	if len(m.Birth) == 6 {
		century := "19"
		if yy := m.Birth[:2]; yy <= fmt.Sprintf("%02d", year%100) {
			century = "20"
		}
		if d, err := match.ParseDate(century + m.Birth[:2] + "-" + m.Birth[2:4] + "-" + m.Birth[4:]); err == nil {
			a.Births = append(a.Births, d)
			if century == "20" {
				d.Year -= 100
				if year-d.Year <= 100 {
					a.Births = append(a.Births, d)
				}
			}
		}
	}
	return nil
}

// LoadLists reads lists into the index.
func (n *Node) LoadLists(ctx context.Context, w Who, paths []string, o watchlist.Options) ([]watchlist.Loaded, error) {
	if err := n.allow(w, "admin"); err != nil {
		return nil, err
	}
	if o.Source == own {
		return nil, fmt.Errorf("%w: the source %q is this node's own records", ErrNotAllowed, own)
	}
	if err := n.tellIndex(ctx); err != nil {
		return nil, err
	}
	// What the lists say anew is compared with what is watched. A crash in between is made up for by comparing everything.
	n.loading.Lock()
	defer n.loading.Unlock()
	if err := n.store.Write(ctx, func(tx *store.Tx) error { return tx.Set(recheckMark, "1") }); err != nil {
		return nil, err
	}
	var fresh []match.Record
	o.Changed = func(r *match.Record) {
		fresh = append(fresh, match.Record{ID: r.ID, Dataset: r.Dataset, Schema: r.Schema, Names: r.Names, Births: r.Births, Countries: r.Countries, Sex: r.Sex, Selectors: r.Selectors})
	}
	out, err := watchlist.Load(ctx, n.lists, paths, nil, o)
	if err == nil {
		_, err = n.compareStanding(ctx, fresh)
	}
	if err == nil {
		err = n.store.Write(ctx, func(tx *store.Tx) error { return tx.Unset(recheckMark) })
	}
	for _, l := range out {
		if err := n.record(w, audit.Admin, "list", l.Source, "", fmt.Sprintf("%d records", l.Taken)); err != nil {
			return out, err
		}
	}
	return out, err
}

// IndexState says what the index holds.
func (n *Node) IndexState(ctx context.Context, w Who) (*IndexInfo, error) {
	if err := n.allow(w, "read"); err != nil && !n.May(w.Person, "admin") { // who reads lists in sees what there is
		return nil, err
	}
	if err := n.tellIndex(ctx); err != nil {
		return nil, err
	}
	return &IndexInfo{State: n.stateOfLists(), Records: n.lists.Records() + n.own.Records(), Sources: append(n.lists.Sources(), n.own.Sources()...)}, nil
}

// IndexInfo is what an index holds.
type IndexInfo struct {
	State   match.State    `json:"state"`
	Records int            `json:"records"`
	Sources []match.Source `json:"sources"`
}

// Listed gives a record of a list by its id. The node's own records are opened by their kind and id.
func (n *Node) Listed(ctx context.Context, w Who, id string) (r match.Record, ok bool, err error) {
	if err := n.allow(w, "read"); err != nil {
		return r, false, err
	}
	if w.Purpose == "" || strings.TrimSpace(w.LegalBasis) == "" {
		return r, false, fmt.Errorf("%w: give purpose and legal basis before a query", ErrNotAllowed)
	}
	if r, ok, err = n.lists.Get(id); err != nil || !ok {
		return match.Record{}, false, err
	}
	return r, true, n.record(w, audit.Query, "list", id, "", "opened")
}
