// Package store keeps what a node has: the only place with SQL. It is SQLite by default, in one file of the data folder, and
// PostgreSQL where its address is given; the statements are the same, and so are the tests.
//
// What a transaction of Write did is on disk when Write returns. Write may run its function again when the database asks for it, so
// the function must do nothing but read and write through its Tx.
package store

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Errors, for those who must decide.
var (
	ErrNone = errors.New("there is no such record")
	ErrFull = errors.New("there is no room left on the disk: make room, and try again")
	// ErrNewer says that the database was written by a newer program.
	ErrNewer = errors.New("the database was written by a newer version of Tarir: use that one, or restore a backup")
)

// Store is an open database.
type Store struct {
	db       *sql.DB // writes, one at a time on SQLite
	readers  *sql.DB
	postgres bool
	path     string // of SQLite's file
}

// Open opens a database and brings its tables up to date: a path is a file of SQLite, postgres://... a database of PostgreSQL.
func Open(ctx context.Context, dsn string) (s *Store, err error) {
	s = &Store{postgres: strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://")}
	if s.postgres {
		if s.db, err = sql.Open("pgx", dsn); err != nil {
			return nil, fmt.Errorf("open the database: %w", err)
		}
		s.db.SetMaxOpenConns(8)
		s.readers = s.db
	} else {
		s.path = dsn
		if err := os.MkdirAll(filepath.Dir(dsn), 0o700); err != nil {
			return nil, fmt.Errorf("open the database: %w", err)
		}
		open := func(more string, most int) (*sql.DB, error) {
			db, err := sql.Open("sqlite", fileURL(dsn)+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=foreign_keys(on)"+more)
			if err == nil {
				db.SetMaxOpenConns(most)
			}
			return db, err
		}
		if s.db, err = open("&_txlock=immediate", 1); err == nil {
			s.readers, err = open("&_pragma=query_only(true)", 4)
		}
		if err != nil {
			return nil, fmt.Errorf("open the database: %w", err)
		}
	}
	if err := s.migrate(ctx); err != nil {
		_ = s.Close() // of no use now
		return nil, err
	}
	return s, nil
}

func fileURL(path string) string {
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}).String()
}

func (s *Store) migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("bring the database up to date: %w", err)
	}
	dialect := database.DialectSQLite3
	if s.postgres {
		dialect = database.DialectPostgres
	}
	p, err := goose.NewProvider(dialect, s.db, files)
	if err != nil {
		return fmt.Errorf("bring the database up to date: %w", s.plain(err))
	}
	is, target, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("open the database: %w", s.plain(err))
	}
	if is > target {
		return ErrNewer
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("bring the database up to date: %w", s.plain(err))
	}
	return nil
}

// Close closes it.
func (s *Store) Close() error {
	err := s.db.Close()
	if s.readers != nil && s.readers != s.db {
		err = errors.Join(err, s.readers.Close())
	}
	return err
}

// Postgres says which database it is.
func (s *Store) Postgres() bool { return s.postgres }

// plain makes an error of the database one that tells what to do, where that is known.
func (s *Store) plain(err error) error {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch e.Code() & 0xff {
		case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR:
			return fmt.Errorf("%w (%w)", ErrFull, err)
		}
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == "53100" {
		return fmt.Errorf("%w (%w)", ErrFull, err)
	}
	return err
}

func again(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code == "40001" || e.Code == "40P01"
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()&0xff == sqlite3.SQLITE_BUSY
	}
	return false
}

// Write runs fn in a transaction of its own, which is on disk when Write returns nil.
func (s *Store) Write(ctx context.Context, fn func(*Tx) error) error {
	return s.run(ctx, s.db, &sql.TxOptions{Isolation: s.isolation()}, fn)
}

// Read runs fn in a transaction that writes nothing.
func (s *Store) Read(ctx context.Context, fn func(*Tx) error) error {
	return s.run(ctx, s.readers, &sql.TxOptions{Isolation: s.isolation(), ReadOnly: s.postgres}, fn)
}

func (s *Store) isolation() sql.IsolationLevel {
	if s.postgres {
		return sql.LevelSerializable
	}
	return sql.LevelDefault
}

func (s *Store) run(ctx context.Context, db *sql.DB, o *sql.TxOptions, fn func(*Tx) error) error {
	for try := 0; ; try++ {
		err := s.once(ctx, db, o, fn)
		if err == nil || !again(err) || try == 20 || ctx.Err() != nil {
			return s.plain(err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(1+try) * 5 * time.Millisecond):
		}
	}
}

func (s *Store) once(ctx context.Context, db *sql.DB, o *sql.TxOptions, fn func(*Tx) error) error {
	tx, err := db.BeginTx(ctx, o)
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	if err := fn(&Tx{ctx, tx}); err != nil {
		_ = tx.Rollback() // the error that led here is the one to tell
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	return nil
}

// Tx is a transaction.
type Tx struct {
	ctx context.Context
	tx  *sql.Tx
}

func (t *Tx) exec(query string, args ...any) (int64, error) {
	r, err := t.tx.ExecContext(t.ctx, query, args...)
	if err != nil {
		return 0, fmt.Errorf("database: %w", err)
	}
	return r.RowsAffected()
}

func (t *Tx) value(dst any, query string, args ...any) error {
	err := t.tx.QueryRowContext(t.ctx, query, args...).Scan(dst)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNone
	}
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	return nil
}

// each scans every row into what fn gives, and calls row after each.
func (t *Tx) each(query string, args []any, row func(scan func(...any) error) error) error {
	rows, err := t.tx.QueryContext(t.ctx, query, args...)
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return fmt.Errorf("database: %w", err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	return nil
}

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

// Items gives items, those that changed last first.
func (t *Tx) Items(q Query) ([]*Item, error) {
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
	query := `SELECT ` + itemColumns + ` FROM item WHERE ` + strings.Join(where, " AND ") + ` ORDER BY changed DESC, kind, id`
	if q.Limit > 0 {
		query += " LIMIT " + strconv.Itoa(q.Limit)
	}
	var out []*Item
	err := t.each(query, args, func(scan func(...any) error) error {
		i, err := scanItem(scan)
		out = append(out, i)
		return err
	})
	return out, err
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

// Setting reads a setting; empty if there is none.
func (t *Tx) Setting(name string) (string, error) {
	var v string
	err := t.value(&v, `SELECT value FROM setting WHERE name=$1`, name)
	if errors.Is(err, ErrNone) {
		return "", nil
	}
	return v, err
}

// Set writes a setting.
func (t *Tx) Set(name, value string) error {
	_, err := t.exec(`INSERT INTO setting (name, value) VALUES ($1,$2) ON CONFLICT (name) DO UPDATE SET value=excluded.value`, name, value)
	return err
}

// Unset forgets a setting.
func (t *Tx) Unset(name string) error {
	_, err := t.exec(`DELETE FROM setting WHERE name=$1`, name)
	return err
}

// Settings gives those whose names begin with a prefix.
func (t *Tx) Settings(prefix string) (map[string]string, error) {
	out := map[string]string{}
	err := t.each(`SELECT name, value FROM setting WHERE name>=$1 AND name<$2`, []any{prefix, prefix + "\U0010FFFF"}, func(scan func(...any) error) error {
		var k, v string
		err := scan(&k, &v)
		out[k] = v
		return err
	})
	return out, err
}

// Next counts a number up and gives it.
func (t *Tx) Next(name string) (int64, error) {
	v, err := t.Setting(name)
	if err != nil {
		return 0, err
	}
	n := int64(0)
	if v != "" {
		if n, err = strconv.ParseInt(v, 10, 64); err != nil {
			return 0, fmt.Errorf("database: the counter %s is %q", name, v)
		}
	}
	n++
	return n, t.Set(name, strconv.FormatInt(n, 10))
}

// Seen says whether a statement came before.
func (t *Tx) Seen(sender, id string) (bool, error) {
	var n int64
	err := t.value(&n, `SELECT COUNT(*) FROM seen WHERE sender=$1 AND statement=$2`, sender, id)
	return n > 0, err
}

// MarkSeen remembers that a statement came.
func (t *Tx) MarkSeen(sender, id string, at time.Time) error {
	_, err := t.exec(`INSERT INTO seen (sender, statement, at) VALUES ($1,$2,$3)`, sender, id, micros(at))
	return err
}

// ForgetSeen forgets what came before a time.
func (t *Tx) ForgetSeen(before time.Time) error {
	_, err := t.exec(`DELETE FROM seen WHERE at<$1`, micros(before))
	return err
}

// Outgoing is a signed statement on its way.
type Outgoing struct {
	ID      string
	Seq     int64
	Urgent  bool
	Subject string // what it is about: kind/id
	Sent    time.Time
	Expires time.Time
	Signed  []byte
}

// The states of a delivery.
const (
	Queued    = "queued"    // not yet at the relay
	Relayed   = "relayed"   // on the relay's disk
	Stored    = "stored"    // the recipient has it on disk
	Refused   = "refused"   // the recipient refused it, by a reason
	Destroyed = "destroyed" // of a recall: the recipient destroyed its copy
	Marked    = "marked"    // of a recall: the recipient may not destroy it, and marked it
	Absent    = "absent"    // of a recall: the recipient had no copy
	Lapsed    = "lapsed"    // it was not taken in time
)

// Enqueue puts a statement into the outbox.
func (t *Tx) Enqueue(o *Outgoing, recipients []string) error {
	urgent := 0
	if o.Urgent {
		urgent = 1
	}
	if _, err := t.exec(`INSERT INTO outbox (id, seq, urgent, subject, sent, expires, signed) VALUES ($1,$2,$3,$4,$5,$6,$7)`,
		o.ID, o.Seq, urgent, o.Subject, micros(o.Sent), micros(o.Expires), string(o.Signed)); err != nil {
		return err
	}
	for _, r := range recipients {
		if _, err := t.exec(`INSERT INTO delivery (statement, recipient, state, reason, changed, again) VALUES ($1,$2,$3,'',$4,$4)`, o.ID, r, Queued, micros(o.Sent)); err != nil {
			return err
		}
	}
	return nil
}

// Waiting is a statement that is to be sent to somebody.
type Waiting struct {
	Outgoing
	Recipient string
}

// Queue gives what is to be sent by now, urgent first and then in order.
func (t *Tx) Queue(now time.Time, most int) ([]Waiting, error) {
	var out []Waiting
	err := t.each(`SELECT o.id, o.seq, o.urgent, o.subject, o.sent, o.expires, o.signed, d.recipient FROM delivery d JOIN outbox o ON o.id=d.statement
		WHERE d.state='queued' AND d.again<=$1 ORDER BY o.urgent DESC, o.seq, d.recipient LIMIT `+strconv.Itoa(most), []any{micros(now)},
		func(scan func(...any) error) error {
			var w Waiting
			var urgent, sent, expires int64
			var signed string
			err := scan(&w.ID, &w.Seq, &urgent, &w.Subject, &sent, &expires, &signed, &w.Recipient)
			w.Urgent, w.Sent, w.Expires, w.Signed = urgent != 0, when(sent), when(expires), []byte(signed)
			out = append(out, w)
			return err
		})
	return out, err
}

// QueueLength is how many deliveries have not reached the relay.
func (t *Tx) QueueLength() (n int64, err error) {
	err = t.value(&n, `SELECT COUNT(*) FROM delivery WHERE state='queued'`)
	return n, err
}

// Delivered notes how a delivery stands. What was told once is not taken back by what comes late.
func (t *Tx) Delivered(statement, recipient, state, reason string, now time.Time) error {
	guard := "state IN ('queued','relayed')"
	switch state {
	case Relayed:
		guard = "state='queued'"
	case Destroyed, Marked:
		guard = "state IN ('queued','relayed','stored')"
	}
	_, err := t.exec(`UPDATE delivery SET state=$3, reason=$4, changed=$5 WHERE statement=$1 AND recipient=$2 AND `+guard, statement, recipient, state, reason, micros(now))
	return err
}

// Postpone tries a delivery again later.
func (t *Tx) Postpone(statement, recipient string, until time.Time) error {
	_, err := t.exec(`UPDATE delivery SET again=$3 WHERE statement=$1 AND recipient=$2 AND state='queued'`, statement, recipient, micros(until))
	return err
}

// Delivery is how a statement stands with a recipient.
type Delivery struct {
	Statement string    `json:"statement"`
	Recipient string    `json:"recipient"`
	State     string    `json:"state"`
	Reason    string    `json:"reason,omitempty"`
	Changed   time.Time `json:"changed"`
}

// Deliveries gives those of what was sent about a subject, in order of sending and recipient.
func (t *Tx) Deliveries(subject string) ([]Delivery, error) {
	var out []Delivery
	err := t.each(`SELECT d.statement, d.recipient, d.state, d.reason, d.changed FROM delivery d JOIN outbox o ON o.id=d.statement WHERE o.subject=$1 ORDER BY o.seq, d.recipient`,
		[]any{subject}, func(scan func(...any) error) error {
			var d Delivery
			var changed int64
			err := scan(&d.Statement, &d.Recipient, &d.State, &d.Reason, &changed)
			d.Changed = when(changed)
			out = append(out, d)
			return err
		})
	return out, err
}

// Recipients are all who have something of this node, by what they receipted.
func (t *Tx) Recipients() ([]string, error) {
	var out []string
	err := t.each(`SELECT DISTINCT recipient FROM delivery WHERE state='stored' ORDER BY recipient`, nil, func(scan func(...any) error) error {
		var r string
		err := scan(&r)
		out = append(out, r)
		return err
	})
	return out, err
}

// Forget drops a statement from the outbox, where nothing is to be known of it later.
func (t *Tx) Forget(statement string) error {
	if _, err := t.exec(`DELETE FROM delivery WHERE statement=$1`, statement); err != nil {
		return err
	}
	_, err := t.exec(`DELETE FROM outbox WHERE id=$1`, statement)
	return err
}

// Sweep forgets statements that were sent before a time, with their deliveries.
func (t *Tx) Sweep(before time.Time) error {
	if _, err := t.exec(`DELETE FROM delivery WHERE statement IN (SELECT id FROM outbox WHERE sent<$1)`, micros(before)); err != nil {
		return err
	}
	_, err := t.exec(`DELETE FROM outbox WHERE sent<$1`, micros(before))
	return err
}

// Receipt is what is owed to a sender.
type Receipt struct {
	Sender    string    `json:"-"`
	Statement string    `json:"statement"`
	State     string    `json:"state"`
	Reason    string    `json:"reason,omitempty"`
	At        time.Time `json:"at"`
}

// Owe notes a receipt that is to be sent.
func (t *Tx) Owe(r Receipt) error {
	_, err := t.exec(`INSERT INTO receipt (sender, statement, state, reason, at) VALUES ($1,$2,$3,$4,$5) ON CONFLICT DO NOTHING`, r.Sender, r.Statement, r.State, r.Reason, micros(r.At))
	return err
}

// Owed takes the receipts that are owed, and forgets them.
func (t *Tx) Owed(most int) ([]Receipt, error) {
	var out []Receipt
	err := t.each(`SELECT sender, statement, state, reason, at FROM receipt ORDER BY sender, at, statement LIMIT `+strconv.Itoa(most), nil, func(scan func(...any) error) error {
		var r Receipt
		var at int64
		err := scan(&r.Sender, &r.Statement, &r.State, &r.Reason, &at)
		r.At = when(at)
		out = append(out, r)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, r := range out {
		if _, err := t.exec(`DELETE FROM receipt WHERE sender=$1 AND statement=$2 AND state=$3`, r.Sender, r.Statement, r.State); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Task is something for a person to do.
type Task struct {
	ID      string    `json:"id"`
	Kind    string    `json:"kind"`
	Subject string    `json:"subject"` // kind/id
	Due     time.Time `json:"due"`
	Done    time.Time `json:"done,omitzero"`
	Note    string    `json:"note,omitempty"`
}

// AddTask adds a task; one of the same id is left as it is.
func (t *Tx) AddTask(k Task) error {
	_, err := t.exec(`INSERT INTO task (id, kind, subject, due, done, note) VALUES ($1,$2,$3,$4,0,$5) ON CONFLICT (id) DO NOTHING`, k.ID, k.Kind, k.Subject, micros(k.Due), k.Note)
	return err
}

// DoneTasks marks the open tasks of a kind about a subject as done.
func (t *Tx) DoneTasks(kind, subject string, now time.Time) error {
	_, err := t.exec(`UPDATE task SET done=$3 WHERE kind=$1 AND subject=$2 AND done=0`, kind, subject, micros(now))
	return err
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

// Backup writes a copy of the database, as of one moment, while it is used. Of PostgreSQL it is not this program's to write: use
// pg_dump, which does the same.
func (s *Store) Backup(ctx context.Context, path string) error {
	if s.postgres {
		return errors.New("this node's database is PostgreSQL: back it up with pg_dump, and the data folder with this command and --without-database")
	}
	db, err := sql.Open("sqlite", fileURL(s.path)+"?_pragma=busy_timeout(10000)")
	if err != nil {
		return fmt.Errorf("back up the database: %w", err)
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", path); err != nil {
		return fmt.Errorf("back up the database: %w", s.plain(err))
	}
	return nil
}

// tables are all of them, in an order in which they can be read.
var tables = []string{"item", "selector", "outbox", "delivery", "receipt", "seen", "setting", "task", "grave"}

// Counts gives the number of rows of each table, for whoever looks after a node.
func (s *Store) Counts(ctx context.Context) iter.Seq2[string, int64] {
	return func(yield func(string, int64) bool) {
		for _, table := range tables {
			var n int64
			if s.readers.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+table).Scan(&n) != nil {
				return
			}
			if !yield(table, n) {
				return
			}
		}
	}
}
