package storetest

import (
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/store"
	"paymenthub/internal/store/pgtest"
)

// Template is a database that is filled once in a process and on each of the kinds of
// databases that are asked for; every test gets a copy of its own.
type Template struct {
	fill     func(t testing.TB, s Subject)
	postgres *pgtest.Template

	once   sync.Once
	sqlite []byte // the file; nil when filling it failed
}

// NewTemplate says how to fill an empty database. The first test that needs a copy
// fills it.
func NewTemplate(fill func(t testing.TB, s Subject)) *Template {
	return &Template{fill: fill, postgres: pgtest.NewTemplate(func(t testing.TB, url string) {
		filled(t, store.Options{URL: url}, fill)
	})}
}

// Migrated has all tables and nothing in them.
var Migrated = NewTemplate(func(t testing.TB, s Subject) { require.NoError(t, s.Store.Migrate(ctx)) })

// SQLite opens a copy in a file, and closes it when the test ends.
func (m *Template) SQLite(t testing.TB) Subject {
	t.Helper()
	m.once.Do(func() {
		file := filepath.Join(t.TempDir(), "template.db")
		filled(t, store.Options{SQLiteFile: file}, m.fill)
		content, err := os.ReadFile(file) // closing it has folded the log into it
		require.NoError(t, err)
		m.sqlite = content
	})
	require.NotNil(t, m.sqlite, "the test that was to fill the template failed")
	// a path with everything that a URI would take for its own
	file := filepath.Join(t.TempDir(), "hub 100%?#&.db")
	require.NoError(t, os.WriteFile(file, m.sqlite, 0o600))
	return open(t, store.Options{SQLiteFile: file})
}

// Postgres opens a copy on the process's cluster (pgtest.NewDatabase), and closes it
// when the test ends.
func (m *Template) Postgres(t testing.TB) Subject {
	t.Helper()
	return open(t, store.Options{URL: m.postgres.NewDatabase(t)})
}

// filled fills a database and closes it.
func filled(t testing.TB, o store.Options, fill func(testing.TB, Subject)) {
	t.Helper()
	s := open(t, o)
	fill(t, s)
	require.NoError(t, s.SQL.Close())
	require.NoError(t, s.Store.Close())
}

// open opens a database, and a way behind the store.
func open(t testing.TB, o store.Options) Subject {
	t.Helper()
	opened, err := store.Open(ctx, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.Close()) })
	driver, name := "pgx", o.URL
	if opened.Dialect() == store.SQLite {
		driver, name = "sqlite", "file:"+(&url.URL{Path: o.SQLiteFile}).EscapedPath()+"?_pragma=busy_timeout(5000)"
	}
	behind, err := sql.Open(driver, name)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, behind.Close()) })
	return Subject{Store: opened, SQL: behind}
}
