package store_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
	"paymenthub/internal/store"
	"paymenthub/internal/store/pgtest"
	"paymenthub/internal/store/storetest"
)

func TestSQLite(t *testing.T) {
	storetest.Run(t, openSQLite)
}

func TestPostgres(t *testing.T) {
	storetest.Run(t, openPostgres)
}

func openSQLite(t testing.TB) storetest.Subject { return storetest.Migrated.SQLite(t) }

func openPostgres(t testing.TB) storetest.Subject { return storetest.Migrated.Postgres(t) }

func TestSQLiteFileIsItsOwnersAlone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "hub.db")
	s, err := store.Open(context.Background(), store.Options{SQLiteFile: file})
	require.NoError(t, err)
	require.NoError(t, s.Migrate(context.Background()))
	files, err := filepath.Glob(file + "*")
	require.NoError(t, err)
	require.Len(t, files, 3, "the file, its log and its shared memory")
	for _, f := range files {
		info, err := os.Stat(f)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), f)
	}
	require.NoError(t, s.Close())
	files, err = filepath.Glob(file + "*")
	require.NoError(t, err)
	require.Len(t, files, 1, "closing folds the log into the file")
}

func TestReaderCannotWriteSQLite(t *testing.T) {
	s := openSQLite(t)
	err := s.Store.Reader(context.Background()).Exec("DELETE FROM merchants WHERE id = ?", "x").Error
	require.ErrorContains(t, err, "readonly")
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	ctx := context.Background()
	_, err := store.Open(ctx, store.Options{})
	require.ErrorContains(t, err, "neither a Postgres URL nor a SQLite file")
	_, err = store.Open(ctx, store.Options{SQLiteFile: filepath.Join(t.TempDir(), "none", "hub.db")})
	require.ErrorContains(t, err, "no such file or directory")
	_, err = store.Open(ctx, store.Options{URL: "postgres://user:hunter2@host:port/db"})
	require.Error(t, err)
	require.NotContains(t, err.Error(), "hunter2")
	_, err = store.Open(ctx, store.Options{URL: "postgres://user:hunter2@127.0.0.1:1/db?sslmode=disable"})
	require.True(t, fault.Is(err, fault.Unavailable), err)
	require.NotContains(t, err.Error(), "hunter2")
}

func TestPostgresPoolExhaustedIsUnavailable(t *testing.T) {
	address := pgtest.NewDatabase(t)
	s, err := store.Open(context.Background(), store.Options{URL: address, MaxConns: 1})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	busy := s.Reader(context.Background()).Begin()
	require.NoError(t, busy.Error)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	err = s.Ping(ctx)
	require.True(t, fault.Is(err, fault.Unavailable), err)
	require.NotZero(t, fault.From(err).RetryAfter)
	require.NoError(t, busy.Rollback().Error)
	require.NoError(t, s.Ping(context.Background()))
}

func TestPostgresComesBack(t *testing.T) {
	pgtest.NewDatabase(t) // skips without Postgres
	cluster, err := pgtest.Start()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cluster.Stop()) })
	s, err := store.Open(context.Background(), store.Options{URL: cluster.URL("postgres")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.NoError(t, s.Migrate(context.Background()))
	w := storetest.NewWorld(t, storetest.Subject{Store: s})
	p := w.Insert(t, w.Wanted())

	require.NoError(t, cluster.Restart())
	var answer error
	require.Eventually(t, func() bool {
		answer = s.Ping(context.Background())
		return !fault.Is(answer, fault.Unavailable)
	}, 30*time.Second, 20*time.Millisecond)
	require.NoError(t, answer)
	got, err := w.Payments.Payment(context.Background(), w.Scope, p.ID)
	require.NoError(t, err)
	require.Equal(t, p, got, "what was committed is there")
}

// TestPostgresIsMigratedUnderneath: hubs of the version before run on while a
// newer one migrates.
func TestPostgresIsMigratedUnderneath(t *testing.T) {
	address := pgtest.NewDatabase(t)
	s, err := store.Open(context.Background(), store.Options{URL: address, MaxConns: 1})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.NoError(t, s.Migrate(context.Background()))
	read := func() error {
		_, err := s.Payments().OverdueRefunds(context.Background(), time.Now(), 1)
		return err
	}
	require.NoError(t, read())
	other, err := sql.Open("pgx", address)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, other.Close()) })
	_, err = other.Exec("ALTER TABLE refunds ADD COLUMN later TEXT")
	require.NoError(t, err)
	err = read()
	require.True(t, fault.Is(err, fault.Unavailable), err)
	require.NoError(t, read(), "the retry is answered")
}
