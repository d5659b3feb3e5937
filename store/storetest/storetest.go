// Package storetest opens empty databases for tests: SQLite always, PostgreSQL where scripts/with-postgres started one.
package storetest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tarir/store"
)

// Each runs a test on each kind of database.
func Each(t *testing.T, fn func(t *testing.T, dsn string)) {
	t.Run("sqlite", func(t *testing.T) { fn(t, filepath.Join(t.TempDir(), "tarir.db")) })
	t.Run("postgres", func(t *testing.T) { fn(t, Postgres(t)) })
}

// Postgres is the address of an empty database of PostgreSQL.
func Postgres(t testing.TB) string {
	server := os.Getenv("TARIR_TEST_POSTGRES")
	if server == "" {
		t.Skip("no PostgreSQL: run the tests with make test, or scripts/with-postgres go test ./...")
	}
	db, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	name := "t" + strings.ToLower(rand.Text())
	if _, err := db.Exec("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// Open opens an empty database and closes it with the test.
func Open(t testing.TB, dsn string) *store.Store {
	s, err := store.Open(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}
