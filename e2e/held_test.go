package e2e

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // driver "sqlite"
)

// open connects to the hub's database, as a person with a console does.
func (h *hub) open(t testing.TB) *sql.DB {
	t.Helper()
	driver, source := "sqlite", "file:"+h.dir.HubDatabase()+"?_pragma=busy_timeout(30000)"
	if h.databaseURL != "" {
		driver, source = "pgx", h.databaseURL
	}
	db, err := sql.Open(driver, source)
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// stored is one value out of the hub's database.
func (h *hub) stored(t testing.TB, query string, args ...any) (value string) {
	t.Helper()
	db := h.open(t)
	defer db.Close()
	require.NoError(t, db.QueryRowContext(t.Context(), query, args...).Scan(&value), query)
	return value
}

// grip is a lock on the hub's database that somebody else does not give back.
type grip struct{ conn *sql.Conn }

// hold takes the tables, so that who writes to them waits and who reads does
// not. SQLite knows no tables: there every write waits.
func (h *hub) hold(t testing.TB, tables ...string) grip {
	t.Helper()
	conn, err := h.open(t).Conn(context.Background())
	require.NoError(t, err)
	statements := []string{"BEGIN IMMEDIATE"}
	if h.databaseURL != "" {
		statements = []string{"BEGIN", "LOCK TABLE " + strings.Join(tables, ", ") + " IN EXCLUSIVE MODE"}
	}
	for _, s := range statements {
		_, err := conn.ExecContext(t.Context(), s)
		require.NoError(t, err, s)
	}
	return grip{conn}
}

// release gives the lock back.
func (l grip) release(t testing.TB) {
	t.Helper()
	_, err := l.conn.ExecContext(context.Background(), "ROLLBACK")
	require.NoError(t, err)
	require.NoError(t, l.conn.Close())
}

// stuck waits until at least so many statements of the hub wait for the tables, and
// reports whether they do: what an earlier kill left open may be on its way to its end
// there too.
func (h *hub) stuck(t testing.TB, count int, tables ...string) bool {
	t.Helper()
	db := h.open(t)
	return reached(func() bool {
		var waiting int
		require.NoError(t, db.QueryRowContext(t.Context(), `SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
			WHERE NOT l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
			AND c.relname = ANY(string_to_array($1, ','))`, strings.Join(tables, ",")).Scan(&waiting))
		return waiting >= count
	})
}

// reached waits for a place that requests stay at for a time only, and reports whether
// they came there.
func reached(there func() bool) bool {
	for deadline := time.Now().Add(stuckLimit); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if there() {
			return true
		}
	}
	return false
}

// buryStuck ends the sessions whose client was killed while they waited, before
// they could go on without it.
func (h *hub) buryStuck(t testing.TB) {
	t.Helper()
	_, err := h.open(t).ExecContext(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_locks
		WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
	require.NoError(t, err)
}

// stuckLimit is below the 5 s for which the hub waits for a lock.
const stuckLimit = 4 * time.Second
