package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// Exec runs a statement, for tests.
func (t *Tx) Exec(query string) error {
	_, err := t.exec(query)
	return err
}

// FillBefore makes the tables as they were before version 4, with an entry that has words.
func FillBefore(ctx context.Context, dsn string, seq, num int64, words ...string) error {
	s := &Store{postgres: strings.HasPrefix(dsn, "postgres")}
	driver := map[bool]string{true: "pgx", false: "sqlite"}[s.postgres]
	var err error
	if s.db, err = sql.Open(driver, dsn); err != nil {
		return err
	}
	defer s.db.Close()
	if err := s.migrateTo(ctx, 3); err != nil {
		return err
	}
	q := []string{fmt.Sprintf(`INSERT INTO entry (seq, num, home, kind, id, at, due, recorded, changed, person, version, title, body) VALUES (%d,%d,%[2]d,'note','n',0,0,0,0,'ann',1,'t','{}')`, seq, num)}
	for _, w := range words {
		q = append(q, fmt.Sprintf(`INSERT INTO word (num, word, seq) VALUES (%d,'%s',%d)`, num, w, seq))
	}
	for _, text := range append(q, `INSERT INTO setting (name, value) VALUES ('entry', '100')`) {
		if _, err := s.db.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	return nil
}
