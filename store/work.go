package store

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// What a node remembers beside its records: settings and counters, what waits for a person, and what was deleted.

// Setting reads a setting; empty if there is none.
func (t *Tx) Setting(name string) (string, error) {
	var v string
	err := t.value(&v, `SELECT value FROM setting WHERE name=$1`, name)
	if errors.Is(err, ErrNone) {
		return "", nil
	}
	return v, err
}

// Values are the settings of these names that are set.
func (t *Tx) Values(names ...string) (map[string]string, error) {
	out := map[string]string{}
	args, places := make([]any, len(names)), make([]string, len(names))
	for i, name := range names {
		args[i], places[i] = name, "$"+strconv.Itoa(i+1)
	}
	err := t.each(`SELECT name, value FROM setting WHERE name IN (`+strings.Join(places, ",")+`)`, args, func(scan func(...any) error) error {
		var name, value string
		err := scan(&name, &value)
		out[name] = value
		return err
	})
	return out, err
}

// Set writes a setting.
func (t *Tx) Set(name, value string) error {
	_, err := t.exec(`INSERT INTO setting (name, value) VALUES ($1,$2) ON CONFLICT (name) DO UPDATE SET value=excluded.value`, name, value)
	return err
}

// Settings are the names of the settings that begin with a prefix, in order.
func (t *Tx) Settings(prefix string) ([]string, error) {
	var out []string
	err := t.each(`SELECT name FROM setting WHERE name>=$1 AND name<$2 ORDER BY name`, []any{prefix, prefix + "\uffff"}, func(scan func(...any) error) error {
		var name string
		err := scan(&name)
		out = append(out, name)
		return err
	})
	return out, err
}

// Unset forgets a setting.
func (t *Tx) Unset(name string) error {
	_, err := t.exec(`DELETE FROM setting WHERE name=$1`, name)
	return err
}

// Next counts a number up and gives it.
func (t *Tx) Next(name string) (int64, error) { return t.NextBlock(name, 1) }

// Task is something for a person to do.
type Task struct {
	ID      string    `json:"id"`
	Kind    string    `json:"kind"`
	Subject string    `json:"subject"` // kind/id
	Due     time.Time `json:"due"`
	Done    time.Time `json:"done,omitzero"`
	Note    string    `json:"note,omitempty"`
}

// AddTask adds a task, and says whether it is to be done now and was not before. An open one of the same id is left as it is; one that was done is open
// again.
func (t *Tx) AddTask(k Task) (fresh bool, err error) {
	n, err := t.exec(`INSERT INTO task (id, kind, subject, due, done, note) VALUES ($1,$2,$3,$4,0,$5)
		ON CONFLICT (id) DO UPDATE SET done=0, due=excluded.due, note=excluded.note WHERE task.done<>0`, k.ID, k.Kind, k.Subject, micros(k.Due), k.Note)
	return n > 0, err
}

// DoneTasks marks the open tasks of a kind about a subject as done.
func (t *Tx) DoneTasks(kind, subject string, now time.Time) error {
	_, err := t.exec(`UPDATE task SET done=$3 WHERE kind=$1 AND subject=$2 AND done=0`, kind, subject, micros(now))
	return err
}

// DoneTask marks an open task as done, with what was done about it.
func (t *Tx) DoneTask(id, how string, now time.Time) (found bool, err error) {
	n, err := t.exec(`UPDATE task SET done=$2, note=CASE WHEN note='' THEN $3 ELSE note || ': ' || $3 END WHERE id=$1 AND done=0`, id, micros(now), how)
	return n > 0, err
}

// OpenTask is the id of an open task of a kind; empty if there is none.
func (t *Tx) OpenTask(kind string) (id string, err error) {
	err = t.value(&id, `SELECT id FROM task WHERE kind=$1 AND done=0 ORDER BY due, id LIMIT 1`, kind)
	if errors.Is(err, ErrNone) {
		err = nil
	}
	return id, err
}

// OpenTasks is how many are open.
func (t *Tx) OpenTasks() (n int, err error) {
	return n, t.value(&n, `SELECT COUNT(*) FROM task WHERE done=0`)
}

// Tasks gives the open ones, the most urgent first.
func (t *Tx) Tasks() ([]Task, error) {
	var out []Task
	err := t.each(`SELECT id, kind, subject, due, note FROM task WHERE done=0 ORDER BY due, id`, nil, func(scan func(...any) error) error {
		var k Task
		var due int64
		err := scan(&k.ID, &k.Kind, &k.Subject, &due, &k.Note)
		k.Due = when(due)
		out = append(out, k)
		return err
	})
	return out, err
}

// Bury remembers, under a mark, that something was deleted and why, so that a late copy is refused.
func (t *Tx) Bury(mark, ground string, at time.Time) error {
	_, err := t.exec(`INSERT INTO grave (mark, at, ground) VALUES ($1,$2,$3) ON CONFLICT (mark) DO NOTHING`, mark, micros(at), ground)
	return err
}

// Buried says whether something was deleted.
func (t *Tx) Buried(mark string) (bool, error) {
	var n int64
	err := t.value(&n, `SELECT COUNT(*) FROM grave WHERE mark=$1`, mark)
	return n > 0, err
}

// ForgetGraves forgets what was deleted before a time.
func (t *Tx) ForgetGraves(before time.Time) error {
	_, err := t.exec(`DELETE FROM grave WHERE at<$1`, micros(before))
	return err
}
