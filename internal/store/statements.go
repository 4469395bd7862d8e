package store

import (
	"context"
	"database/sql/driver"
	"fmt"

	"modernc.org/libc"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Each SQLite connection has so many blocks of memory of its own, of so many bytes. Kept
// statements use up the 40 that it has otherwise; then each run of a statement takes its
// memory from an allocator that maps pages for it and unmaps them again.
const (
	ownBlocks = 500
	ownBlock  = 1200
)

// SQLite takes this before anybody in the process opens a database, and not later.
func init() {
	thread := libc.NewTLS()
	defer thread.Close()
	args := libc.NewVaList(int32(ownBlock), int32(ownBlocks))
	defer libc.Xfree(thread, args)
	if code := sqlite3.Xsqlite3_config(thread, sqlite3.SQLITE_CONFIG_LOOKASIDE, args); code != sqlite3.SQLITE_OK {
		panic(fmt.Sprintf("store: SQLite was opened before its memory was set up: code %d", code))
	}
}

// maxStatements bounds the prepared statements of one connection; the hub has
// about a hundred different ones.
const maxStatements = 256

// connector opens SQLite connections that keep their statements prepared:
// preparing one takes longer than running it.
type connector struct {
	dsn    string
	driver driver.Driver
}

func newConnector(dsn string) connector { return connector{dsn: dsn, driver: &sqlite.Driver{}} }

// Driver implements driver.Connector.
func (c connector) Driver() driver.Driver { return c.driver }

// Connect implements driver.Connector.
func (c connector) Connect(context.Context) (driver.Conn, error) {
	opened, err := c.driver.Open(c.dsn)
	if err != nil {
		return nil, err
	}
	base, ok := opened.(baseConn)
	if !ok {
		return nil, fmt.Errorf("store: unexpected SQLite connection %T", opened)
	}
	return &keepingConn{baseConn: base, kept: map[string]driver.Stmt{}}, nil
}

// baseConn is what the SQLite driver's connections can do.
type baseConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// keepingConn is a connection with the statements it has prepared. Like every
// driver.Conn it is used by one goroutine at a time.
type keepingConn struct {
	baseConn
	kept map[string]driver.Stmt
}

// take removes the statement from the kept ones while it is in use, so that the
// same text can run twice at a time.
func (c *keepingConn) take(ctx context.Context, query string) (driver.Stmt, error) {
	if statement, ok := c.kept[query]; ok {
		delete(c.kept, query)
		return statement, nil
	}
	return c.PrepareContext(ctx, query)
}

func (c *keepingConn) keep(query string, statement driver.Stmt) error {
	if _, taken := c.kept[query]; taken || len(c.kept) >= maxStatements {
		return statement.Close()
	}
	c.kept[query] = statement
	return nil
}

// ExecContext implements driver.ExecerContext. Statements without arguments are
// pragmas and migrations, which run once.
func (c *keepingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if len(args) == 0 {
		return c.baseConn.ExecContext(ctx, query, args)
	}
	statement, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	result, err := statement.(driver.StmtExecContext).ExecContext(ctx, args)
	if kept := c.keep(query, statement); err == nil {
		err = kept
	}
	return result, err
}

// QueryContext implements driver.QueryerContext.
func (c *keepingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if len(args) == 0 {
		return c.baseConn.QueryContext(ctx, query, args)
	}
	statement, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := statement.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err != nil {
		_ = statement.Close()
		return nil, err
	}
	return &keepingRows{Rows: rows, conn: c, query: query, statement: statement}, nil
}

// Close ends the statements, then the connection.
func (c *keepingConn) Close() error {
	for _, statement := range c.kept {
		_ = statement.Close()
	}
	clear(c.kept)
	return c.baseConn.Close()
}

// keepingRows gives its statement back when it is closed.
type keepingRows struct {
	driver.Rows
	conn      *keepingConn
	query     string
	statement driver.Stmt
}

// Close implements driver.Rows.
func (r *keepingRows) Close() error {
	if r.statement == nil {
		return nil
	}
	err := r.Rows.Close()
	if kept := r.conn.keep(r.query, r.statement); err == nil {
		err = kept
	}
	r.statement = nil
	return err
}
