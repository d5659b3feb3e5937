// Package store keeps what a node has: the only place with SQL. It is SQLite by default, in one file of the data folder, and
// PostgreSQL where its address is given; the statements are the same, and so are the tests.
//
//	store.go  opening, migrating, transactions, backup
//	item.go   records of all kinds, and the selectors by which they are found
//	post.go   what is sent, how it stands with each recipient, what came, and the receipts that are owed for it
//	work.go   settings, tasks, and what was deleted
//
// What a transaction of Write did is on disk when Write returns. Write may run its function again when the database asks for it, so
// the function must do nothing but read and write through its Tx.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
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
	db       *sql.DB
	readers  *sql.DB
	postgres bool
	path     string // of SQLite's file

	writing, reading chan struct{} // a place for each transaction at once: one that writes, on SQLite
	prepared         [2]statements // of db and of readers, on SQLite; the other one's driver keeps its own
}

// statements are SQL that SQLite has read once.
type statements struct {
	mu  sync.Mutex
	all map[string]*sql.Stmt
}

const (
	readersAtOnce = 4
	mostPrepared  = 100
)

// get is the statement of a text; nil where there are enough already. It takes a connection for as long as it is new.
func (p *statements) get(ctx context.Context, db *sql.DB, query string) (*sql.Stmt, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if st := p.all[query]; st != nil || len(p.all) == mostPrepared {
		return st, nil
	}
	st, err := db.PrepareContext(ctx, query)
	if err == nil {
		p.all[query] = st
	}
	return st, err
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
		// One connection more than transactions, for new statements.
		if s.db, err = open(fmt.Sprintf("&_txlock=immediate&_pragma=wal_autocheckpoint(%d)", pagesOfLog(dsn)), 2); err == nil {
			s.readers, err = open("&_pragma=query_only(true)", readersAtOnce+1)
		}
		s.writing, s.reading = make(chan struct{}, 1), make(chan struct{}, readersAtOnce)
		for i := range s.prepared {
			s.prepared[i].all = map[string]*sql.Stmt{}
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

// pagesOfLog is after how many pages of the log, of 4 KiB, SQLite writes them into the database. Nodes on one machine that get the same letters grow alike:
// it is another number for each, around its usual 1,000, else all would write and sync after the same letter.
func pagesOfLog(path string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(path)) // a hash does not fail
	return 750 + h.Sum32()%501
}

func fileURL(path string) string {
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}).String()
}

func (s *Store) migrate(ctx context.Context) error { return s.migrateTo(ctx, 0) }

// migrateTo brings the tables to a version; 0: to the last.
func (s *Store) migrateTo(ctx context.Context, version int64) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("bring the database up to date: %w", err)
	}
	dialect := database.DialectSQLite3
	if s.postgres {
		dialect = database.DialectPostgres
	}
	p, err := goose.NewProvider(dialect, s.db, files, goose.WithGoMigrations(
		goose.NewGoMigration(4, &goose.GoFunc{RunTx: s.wordsInEntries}, nil), goose.NewGoMigration(5, &goose.GoFunc{RunTx: s.owed}, nil),
		goose.NewGoMigration(6, &goose.GoFunc{RunTx: s.keyedByText}, nil)))
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
	if version == 0 {
		version = target
	}
	if _, err := p.UpTo(ctx, version); err != nil {
		return fmt.Errorf("bring the database up to date: %w", s.plain(err))
	}
	return s.byBytes(ctx)
}

// wordsInEntries keeps the words of an entry in it as well, in place of an index by entry over all words, and keeps words in their order where SQLite would
// keep them twice: each word is then written once.
func (s *Store) wordsInEntries(ctx context.Context, tx *sql.Tx) error {
	all := `string_agg(word, chr(31) ORDER BY word)`
	if !s.postgres {
		all = `group_concat(word, char(31))`
	}
	steps := []string{
		`ALTER TABLE entry ADD COLUMN words TEXT NOT NULL DEFAULT ''`,
		`UPDATE entry SET words=COALESCE((SELECT ` + all + ` FROM word WHERE word.seq=entry.seq), '')`,
		`DROP INDEX word_entry`,
	}
	if !s.postgres {
		steps = append(steps,
			`CREATE TABLE word_new (num BIGINT NOT NULL, word TEXT NOT NULL, seq BIGINT NOT NULL, PRIMARY KEY (num, word, seq)) WITHOUT ROWID`,
			`INSERT INTO word_new SELECT num, word, seq FROM word ORDER BY num, word, seq`, `DROP TABLE word`, `ALTER TABLE word_new RENAME TO word`)
	}
	for _, q := range steps {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// owed makes room for receipts that are to be told, which had stood in the outbox before, each signed.
func (s *Store) owed(ctx context.Context, tx *sql.Tx) error {
	q := `CREATE TABLE owed (sender TEXT NOT NULL, statement TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (sender, statement, state))`
	if !s.postgres {
		q += ` WITHOUT ROWID` // written once, and not in an index as well
	}
	_, err := tx.ExecContext(ctx, q)
	return err
}

// keyedByText has SQLite keep what is found by a text in the order of that text: else it keeps it by a number of its own, with an index beside, and
// writes two pages where one does.
func (s *Store) keyedByText(ctx context.Context, tx *sql.Tx) error {
	if s.postgres {
		return nil
	}
	for _, t := range []struct{ name, columns, index string }{
		{"selector", `value TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (value, kind, id)`, `CREATE INDEX selector_item ON selector (kind, id)`},
		{"delivery", `statement TEXT NOT NULL, recipient TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, changed BIGINT NOT NULL, PRIMARY KEY (statement, recipient)`, `CREATE INDEX delivery_queued ON delivery (statement) WHERE state = 'queued'`},
		{"seen", `sender TEXT NOT NULL, statement TEXT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (sender, statement)`, ``},
		{"setting", `name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL`, ``},
		{"task", `id TEXT NOT NULL PRIMARY KEY, kind TEXT NOT NULL, subject TEXT NOT NULL, due BIGINT NOT NULL, done BIGINT NOT NULL, note TEXT NOT NULL`, `CREATE INDEX task_open ON task (due) WHERE done = 0`},
	} {
		for _, q := range []string{
			`ALTER TABLE ` + t.name + ` RENAME TO was`, `CREATE TABLE ` + t.name + ` (` + t.columns + `) WITHOUT ROWID`, `INSERT INTO ` + t.name + ` SELECT * FROM was`, `DROP TABLE was`, t.index,
		} {
			if q == "" {
				continue
			}
			if _, err := tx.ExecContext(ctx, q); err != nil {
				return err
			}
		}
	}
	return nil
}

// byBytes makes PostgreSQL compare by bytes, as SQLite does, where a beginning is looked for: its own order of letters may be that of a
// language, which passes over signs.
func (s *Store) byBytes(ctx context.Context) error {
	if !s.postgres {
		return nil
	}
	for _, c := range [][2]string{{"word", "word"}, {"setting", "name"}} {
		var has sql.NullString
		err := s.db.QueryRowContext(ctx, `SELECT collation_name FROM information_schema.columns WHERE table_schema=current_schema() AND table_name=$1 AND column_name=$2`, c[0], c[1]).Scan(&has)
		if err == nil && has.String != "C" {
			_, err = s.db.ExecContext(ctx, `ALTER TABLE `+c[0]+` ALTER COLUMN `+c[1]+` TYPE TEXT COLLATE "C"`)
		}
		if err != nil {
			return fmt.Errorf("bring the database up to date: %w", s.plain(err))
		}
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
	leave, err := enter(ctx, s.writing)
	if err != nil {
		return err
	}
	defer leave()
	return s.run(ctx, s.db, &s.prepared[0], &sql.TxOptions{Isolation: s.isolation()}, fn)
}

// Read runs fn in a transaction that writes nothing.
func (s *Store) Read(ctx context.Context, fn func(*Tx) error) error {
	leave, err := enter(ctx, s.reading)
	if err != nil {
		return err
	}
	defer leave()
	return s.run(ctx, s.readers, &s.prepared[1], &sql.TxOptions{Isolation: s.isolation(), ReadOnly: s.postgres}, fn)
}

// enter takes one of the places; nil: there is room for all.
func enter(ctx context.Context, places chan struct{}) (leave func(), err error) {
	if places == nil {
		return func() {}, nil
	}
	select {
	case places <- struct{}{}:
		return func() { <-places }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *Store) isolation() sql.IsolationLevel {
	if s.postgres {
		return sql.LevelSerializable
	}
	return sql.LevelDefault
}

func (s *Store) run(ctx context.Context, db *sql.DB, p *statements, o *sql.TxOptions, fn func(*Tx) error) error {
	for try := 0; ; try++ {
		err := s.once(ctx, db, p, o, fn)
		if err == nil || !again(err) || try == 20 || ctx.Err() != nil {
			return s.plain(err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(1+try) * 5 * time.Millisecond):
		}
	}
}

func (s *Store) once(ctx context.Context, db *sql.DB, p *statements, o *sql.TxOptions, fn func(*Tx) error) error {
	if !s.postgres {
		// Transactions on SQLite are short, and to watch for the end of a context costs two goroutines for each and one for each statement.
		if ctx.Err() != nil {
			return ctx.Err()
		}
		ctx = context.WithoutCancel(ctx)
	}
	tx, err := db.BeginTx(ctx, o)
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	t := &Tx{ctx: ctx, tx: tx, db: db, prepared: p}
	defer func() {
		for _, f := range t.finally {
			f()
		}
	}()
	if err := fn(t); err != nil {
		_ = tx.Rollback() // the error that led here is the one to tell
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	for _, f := range t.after {
		f()
	}
	return nil
}

// Tx is a transaction.
type Tx struct {
	ctx      context.Context
	tx       *sql.Tx
	db       *sql.DB
	prepared *statements
	after    []func()
	finally  []func()
}

// After lets fn be called when the transaction is on disk; where it comes to nothing, fn is not called.
func (t *Tx) After(fn func()) { t.after = append(t.after, fn) }

// Finally lets fn be called when the transaction has ended, however it did, after what After was given. Others see what was written before
// that.
func (t *Tx) Finally(fn func()) { t.finally = append(t.finally, fn) }

// blockSize is how many values a statement has that writes many rows, at most: more make no faster, since SQLite looks up each by its name. From
// fullBlock values on it is one that comes again.
const (
	blockSize = 150
	fullBlock = 140
)

// stmt is the prepared statement of a text; nil where it is to be read as it is.
func (t *Tx) stmt(query string, args int) (*sql.Stmt, error) {
	// Statements with lists of any length would fill the place of those that come again.
	if t.prepared.all == nil || args > 13 && args < fullBlock {
		return nil, nil
	}
	st, err := t.prepared.get(t.ctx, t.db, query)
	if err != nil || st == nil {
		return nil, err
	}
	return t.tx.StmtContext(t.ctx, st), nil
}

func (t *Tx) query(query string, args ...any) (*sql.Rows, error) {
	st, err := t.stmt(query, len(args))
	switch {
	case err != nil:
		return nil, err
	case st == nil:
		return t.tx.QueryContext(t.ctx, query, args...)
	}
	return st.QueryContext(t.ctx, args...)
}

func (t *Tx) exec(query string, args ...any) (int64, error) {
	st, err := t.stmt(query, len(args))
	if err != nil {
		return 0, fmt.Errorf("database: %w", err)
	}
	var r sql.Result
	if st != nil {
		r, err = st.ExecContext(t.ctx, args...)
	} else {
		r, err = t.tx.ExecContext(t.ctx, query, args...)
	}
	if err != nil {
		return 0, fmt.Errorf("database: %w", err)
	}
	return r.RowsAffected()
}

func (t *Tx) value(dst any, query string, args ...any) error {
	none := true
	err := t.each(query, args, func(scan func(...any) error) error {
		none = false
		return scan(dst)
	})
	if err == nil && none {
		return ErrNone
	}
	return err
}

// each scans every row into what fn gives, and calls row after each.
func (t *Tx) each(query string, args []any, row func(scan func(...any) error) error) error {
	rows, err := t.query(query, args...)
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
