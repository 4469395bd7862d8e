package chassis

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"sync"

	"github.com/libtnb/sqlite" // registers the one "sqlite" driver of the process
)

//go:embed schema.sql
var schema string

// store is the simulator's own SQLite file: one writing connection, and a pool
// of reading ones. A commit survives the death of the process (WAL).
type store struct {
	writeMu sync.Mutex
	writer  *connection
	db      *sql.DB // of the writer
	readers *sql.DB
	reads   sync.Map // query → *sql.Stmt of readers
}

// Reader is what reading needs: the reading pool, or a transaction.
type Reader interface {
	query(query string, args ...any) (*sql.Rows, error)
	queryRow(query string, args ...any) (*sql.Row, error)
}

// connection is one SQLite connection with its prepared statements. Statements
// run without a context: a transaction that began is finished.
type connection struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

func openStore(path string) (*store, error) {
	db, err := sql.Open(sqlite.DriverName, dataSource(path, false))
	if err != nil {
		return nil, err
	}
	conn, err := db.Conn(context.Background())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Close())
	}
	if _, err := conn.ExecContext(context.Background(), schema); err != nil {
		return nil, errors.Join(fmt.Errorf("prepare %s: %w", path, err), conn.Close(), db.Close())
	}
	readers, err := sql.Open(sqlite.DriverName, dataSource(path, true))
	if err != nil {
		return nil, errors.Join(err, conn.Close(), db.Close())
	}
	readers.SetMaxOpenConns(max(4, runtime.GOMAXPROCS(0)))
	readers.SetMaxIdleConns(max(4, runtime.GOMAXPROCS(0)))
	return &store{
		writer:  &connection{conn: conn, stmts: map[string]*sql.Stmt{}},
		db:      db,
		readers: readers,
	}, nil
}

// dataSource spells the settings of a connection. synchronous NORMAL loses the
// last commits only when the operating system dies, not when the process does.
func dataSource(path string, readOnly bool) string {
	settings := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(NORMAL)", "cache_size(-16000)", "wal_autocheckpoint(4000)",
	}}
	if readOnly {
		settings.Add("_pragma", "query_only(1)")
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + settings.Encode()
}

func (s *store) close() error {
	s.writeMu.Lock()
	defer s.writeMu.Unlock()
	s.reads.Range(func(_, stmt any) bool { _ = stmt.(*sql.Stmt).Close(); return true })
	err := s.readers.Close()
	for _, stmt := range s.writer.stmts {
		_ = stmt.Close()
	}
	return errors.Join(err, s.writer.conn.Close(), s.db.Close())
}

// update runs f in one transaction, committed when f returns nil.
func (s *store) update(f func(*connection) error) (err error) {
	s.writeMu.Lock()
	defer s.writeMu.Unlock()
	if err := s.writer.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	committed := false
	defer func() { // also when f panics
		if !committed {
			err = errors.Join(err, s.writer.exec("ROLLBACK"))
		}
	}()
	if err := f(s.writer); err != nil {
		return err
	}
	if err := s.writer.exec("COMMIT"); err != nil {
		return err
	}
	committed = true
	return nil
}

func (c *connection) prepare(query string) (*sql.Stmt, error) {
	if stmt, ok := c.stmts[query]; ok {
		return stmt, nil
	}
	stmt, err := c.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, err
	}
	c.stmts[query] = stmt
	return stmt, nil
}

func (c *connection) exec(query string, args ...any) error {
	stmt, err := c.prepare(query)
	if err != nil {
		return err
	}
	_, err = stmt.ExecContext(context.Background(), args...)
	return err
}

func (c *connection) query(query string, args ...any) (*sql.Rows, error) {
	stmt, err := c.prepare(query)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(context.Background(), args...)
}

func (c *connection) queryRow(query string, args ...any) (*sql.Row, error) {
	stmt, err := c.prepare(query)
	if err != nil {
		return nil, err
	}
	return stmt.QueryRowContext(context.Background(), args...), nil
}

func (s *store) stmt(query string) (*sql.Stmt, error) {
	if stmt, ok := s.reads.Load(query); ok {
		return stmt.(*sql.Stmt), nil
	}
	stmt, err := s.readers.Prepare(query)
	if err != nil {
		return nil, err
	}
	if first, loaded := s.reads.LoadOrStore(query, stmt); loaded {
		_ = stmt.Close()
		return first.(*sql.Stmt), nil
	}
	return stmt, nil
}

func (s *store) query(query string, args ...any) (*sql.Rows, error) {
	stmt, err := s.stmt(query)
	if err != nil {
		return nil, err
	}
	return stmt.Query(args...)
}

func (s *store) queryRow(query string, args ...any) (*sql.Row, error) {
	stmt, err := s.stmt(query)
	if err != nil {
		return nil, err
	}
	return stmt.QueryRow(args...), nil
}
