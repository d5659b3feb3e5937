package store

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// Item is a record of any kind. Its body is JSON; what is asked for stands beside it.
type Item struct {
	Kind, ID string
	Owner    string
	State    string
	Number   string
	Recorded time.Time
	Changed  time.Time
	Ends     time.Time // of retention
	Due      time.Time // when the clock has to look at it
	// Source is who sent a copy, and Statement with which statement; both are empty for what is the node's own.
	Source, Statement string
	Label             json.RawMessage
	Body              json.RawMessage
}

const itemColumns = "kind, id, owner, state, number, recorded, changed, ends, due, source, statement, label, body"

func scanItem(scan func(...any) error) (*Item, error) {
	var i Item
	var times [4]int64
	var label, body string
	if err := scan(&i.Kind, &i.ID, &i.Owner, &i.State, &i.Number, &times[0], &times[1], &times[2], &times[3], &i.Source, &i.Statement, &label, &body); err != nil {
		return nil, err
	}
	i.Recorded, i.Changed, i.Ends, i.Due = when(times[0]), when(times[1]), when(times[2]), when(times[3])
	i.Label, i.Body = json.RawMessage(label), json.RawMessage(body)
	return &i, nil
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func when(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// Put writes an item, new or again.
func (t *Tx) Put(i *Item) error {
	label := string(i.Label)
	if label == "" {
		label = "null"
	}
	_, err := t.exec(`INSERT INTO item (`+itemColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13)
		ON CONFLICT (kind, id) DO UPDATE SET owner=excluded.owner, state=excluded.state, number=excluded.number, recorded=excluded.recorded,
		changed=excluded.changed, ends=excluded.ends, due=excluded.due, source=excluded.source, statement=excluded.statement, label=excluded.label, body=excluded.body`,
		i.Kind, i.ID, i.Owner, i.State, i.Number, micros(i.Recorded), micros(i.Changed), micros(i.Ends), micros(i.Due), i.Source, i.Statement, label, string(i.Body))
	return err
}

// Get reads an item; ErrNone.
func (t *Tx) Get(kind, id string) (*Item, error) {
	var out *Item
	err := t.each(`SELECT `+itemColumns+` FROM item WHERE kind=$1 AND id=$2`, []any{kind, id}, func(scan func(...any) error) (err error) {
		out, err = scanItem(scan)
		return err
	})
	if err == nil && out == nil {
		err = ErrNone
	}
	return out, err
}

// Count is how many items of a kind there are.
func (t *Tx) Count(kind string) (n int64, err error) {
	err = t.value(&n, `SELECT COUNT(*) FROM item WHERE kind=$1`, kind)
	return n, err
}

// Delete removes an item and its selectors, and says whether it was there.
func (t *Tx) Delete(kind, id string) (bool, error) {
	if _, err := t.exec(`DELETE FROM selector WHERE kind=$1 AND id=$2`, kind, id); err != nil {
		return false, err
	}
	n, err := t.exec(`DELETE FROM item WHERE kind=$1 AND id=$2`, kind, id)
	return n > 0, err
}

// Query says which items are wanted; what is empty excludes none.
type Query struct {
	Kind   string
	Owner  string
	State  string
	Number string
	Source string
	DueBy  time.Time // whose due time has come
	EndsBy time.Time // whose retention has ended
	Limit  int
}

// Items gives items, those that changed last first; where it is asked what is due or ends, what was due or ends first.
func (t *Tx) Items(q Query) (out []*Item, err error) {
	err = t.EachItem(q, func(i *Item) error {
		out = append(out, i)
		return nil
	})
	return out, err
}

// EachItem gives fn one after the other, so that any number may be looked at. Until it ends, fn must not use the transaction.
func (t *Tx) EachItem(q Query, fn func(*Item) error) error {
	where, args := []string{"1=1"}, []any{}
	add := func(cond string, v any) {
		args = append(args, v)
		where = append(where, strings.ReplaceAll(cond, "?", "$"+strconv.Itoa(len(args))))
	}
	if q.Kind != "" {
		add("kind=?", q.Kind)
	}
	if q.Owner != "" {
		add("owner=?", q.Owner)
	}
	if q.State != "" {
		add("state=?", q.State)
	}
	if q.Number != "" {
		add("number=?", q.Number)
	}
	if q.Source != "" {
		add("source=?", q.Source)
	}
	if !q.DueBy.IsZero() {
		add("due<>0 AND due<=?", micros(q.DueBy))
	}
	if !q.EndsBy.IsZero() {
		add("ends<>0 AND ends<=?", micros(q.EndsBy))
	}
	order := "changed DESC, kind, id"
	if !q.EndsBy.IsZero() {
		order = "ends, kind, id"
	} else if !q.DueBy.IsZero() {
		order = "due, kind, id"
	}
	query := `SELECT ` + itemColumns + ` FROM item WHERE ` + strings.Join(where, " AND ") + ` ORDER BY ` + order
	if q.Limit > 0 {
		query += " LIMIT " + strconv.Itoa(q.Limit)
	}
	return t.each(query, args, func(scan func(...any) error) error {
		i, err := scanItem(scan)
		if err != nil {
			return err
		}
		return fn(i)
	})
}

// Awaits says whether the due time of any record has come, and whether the retention of any ends by a time.
func (t *Tx) Awaits(due, ends time.Time) (isDue, isEnding bool, err error) {
	err = t.each(`SELECT EXISTS(SELECT 1 FROM item WHERE due<>0 AND due<=$1), EXISTS(SELECT 1 FROM item WHERE ends<>0 AND ends<=$2)`, []any{micros(due), micros(ends)},
		func(scan func(...any) error) error { return scan(&isDue, &isEnding) })
	return isDue, isEnding, err
}

// Select sets the selectors of an item.
func (t *Tx) Select(kind, id string, values []string) error {
	if _, err := t.exec(`DELETE FROM selector WHERE kind=$1 AND id=$2`, kind, id); err != nil {
		return err
	}
	for _, v := range values {
		if _, err := t.exec(`INSERT INTO selector (value, kind, id) VALUES ($1,$2,$3) ON CONFLICT DO NOTHING`, v, kind, id); err != nil {
			return err
		}
	}
	return nil
}

// Match is an item that has a selector.
type Match struct{ Value, Kind, ID string }

// Find gives the items of a kind that have one of the selectors, in order of value and id.
func (t *Tx) Find(kind string, values []string) ([]Match, error) {
	var out []Match
	for len(values) > 0 {
		n := min(len(values), 500)
		args := []any{kind}
		marks := make([]string, n)
		for i, v := range values[:n] {
			args = append(args, v)
			marks[i] = "$" + strconv.Itoa(i+2)
		}
		err := t.each(`SELECT value, kind, id FROM selector WHERE kind=$1 AND value IN (`+strings.Join(marks, ",")+`) ORDER BY value, id`, args, func(scan func(...any) error) error {
			var m Match
			err := scan(&m.Value, &m.Kind, &m.ID)
			out = append(out, m)
			return err
		})
		if err != nil {
			return nil, err
		}
		values = values[n:]
	}
	return out, nil
}
