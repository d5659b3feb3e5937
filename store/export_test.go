package store

import (
	"context"
	"database/sql"
	"strings"
)

// Exec runs a statement, for tests.
func (t *Tx) Exec(query string) error {
	_, err := t.exec(query)
	return err
}

// FillBefore makes the tables as they were at a version, and puts something into them.
func FillBefore(ctx context.Context, dsn string, version int64, statements ...string) error {
	s := &Store{postgres: strings.HasPrefix(dsn, "postgres")}
	driver := map[bool]string{true: "pgx", false: "sqlite"}[s.postgres]
	var err error
	if s.db, err = sql.Open(driver, dsn); err != nil {
		return err
	}
	defer s.db.Close()
	if err := s.migrateTo(ctx, version); err != nil {
		return err
	}
	for _, text := range statements {
		if _, err := s.db.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	return nil
}
