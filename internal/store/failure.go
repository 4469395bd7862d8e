package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	sqlitedriver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"paymenthub/internal/fault"
	"paymenthub/internal/payment"
	"paymenthub/internal/webhook"
)

// translate is the one place where errors of the database become the hub's.
// Failures and the errors of the ports pass; what a retry may cure becomes
// fault.Unavailable; the rest keeps its cause for the logs and is a defect.
func translate(operation string, err error) error {
	var known *fault.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known), errors.Is(err, payment.ErrStale), errors.Is(err, payment.ErrExists), errors.Is(err, webhook.ErrStale):
		return err
	case transient(err):
		return fault.New(fault.Unavailable, "The database cannot answer right now. Retry with the same Idempotency-Key.").
			Because(fmt.Errorf("store: %s: %w", operation, err)).After(time.Second)
	default:
		return fmt.Errorf("store: %s: %w", operation, err)
	}
}

// transient reports whether the database was away, busy or out of time.
func transient(err error) bool {
	for _, gone := range []error{
		context.DeadlineExceeded, context.Canceled, driver.ErrBadConn, sql.ErrConnDone, sql.ErrTxDone,
		io.EOF, io.ErrUnexpectedEOF, net.ErrClosed,
	} {
		if errors.Is(err, gone) {
			return true
		}
	}
	var connecting *pgconn.ConnectError
	var network net.Error
	if errors.As(err, &connecting) || errors.As(err, &network) || pgconn.SafeToRetry(err) {
		return true
	}
	var postgres *pgconn.PgError
	if errors.As(err, &postgres) {
		return transientPostgres(postgres.Code) || outdated(postgres)
	}
	var sqlite *sqlitedriver.Error
	if errors.As(err, &sqlite) {
		return transientSQLite(sqlite.Code())
	}
	return false
}

// SQLSTATEs of a wait for a lock that ended without it.
const (
	lockNotAvailable = "55P03" // not in time
	deadlockDetected = "40P01"
)

// transientPostgres judges an SQLSTATE (PostgreSQL manual, appendix A).
func transientPostgres(state string) bool {
	for _, class := range []string{
		"08", // connection exception
		"40", // transaction rolled back: serialization failure, deadlock
		"53", // insufficient resources: too many connections, disk full
		lockNotAvailable,
		"57P",   // the server is stopping, starting or was restarted
		"57014", // canceled by statement_timeout
		"25P03", // idle in transaction for too long
		"25006", // read only: a failover is under way
	} {
		if strings.HasPrefix(state, class) {
			return true
		}
	}
	return false
}

// outdated reports whether the statement was prepared before a migration that
// another process made; the connection prepares it anew the next time.
func outdated(err *pgconn.PgError) bool {
	return err.Code == "0A000" && err.Routine == "RevalidateCachedQuery"
}

// transientSQLite judges a result code (sqlite.org/rescode.html); the low byte
// is the primary one.
func transientSQLite(code int) bool {
	switch code & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_INTERRUPT,
		sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN:
		return true
	default:
		return false
	}
}
