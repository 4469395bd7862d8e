// Package store keeps what the hub knows: GORM repositories over SQLite or
// Postgres, both behind the ports that the domain packages name. Rows are
// mapped to domain types here and nowhere else.
package store

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/zap"
	"gorm.io/gorm"
)

// Dialect is the database in use.
type Dialect string

// The databases.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

// Options say where the database is. URL wins over SQLiteFile; one is needed.
type Options struct {
	// URL is a Postgres URL, "postgres://user:password@host:5432/name"; empty for SQLite.
	URL string
	// SQLiteFile is the path of the SQLite file. It is made where it is missing,
	// readable by its owner alone; its folder must exist.
	SQLiteFile string
	// MaxConns bounds the pool: all connections with Postgres, those that read
	// with SQLite. 0 means 20 and 4.
	MaxConns int
	// Logger gets failed and slow statements, without their values.
	Logger *zap.Logger
	// SlowQuery is what counts as slow; 0 logs none.
	SlowQuery time.Duration
}

// patience bounds every operation, the wait for a connection included; of it,
// writeQueue is how long a write waits for its turn.
const (
	patience   = 10 * time.Second
	writeQueue = 5 * time.Second
)

// Store is an open database. It is safe for concurrent use.
//
// With SQLite there is one connection that writes and a pool that reads; with
// Postgres reader and writer are the same pool, of which writes leave a quarter
// to reads, so that those go on while writes wait for a lock.
type Store struct {
	dialect Dialect
	writer  *gorm.DB
	reader  *gorm.DB
	batcher *batcher        // of SQLite's writes; nil with Postgres
	writing chan struct{}   // places of Postgres' writes; nil with SQLite
	session *pgx.ConnConfig // of Postgres; nil with SQLite

	dispatcher atomic.Pointer[dispatcher] // of webhooks, in this process; nil: none
	claimed    atomic.Pointer[string]     // endpoint that webhooks were claimed of last; nil: none yet
}

// Open connects to the database and checks that it answers. It does not migrate.
// Errors: fault.Unavailable when the database does not answer.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	var s *Store
	var err error
	switch {
	case o.URL != "":
		s, err = openPostgres(o)
	case o.SQLiteFile != "":
		s, err = openSQLite(o)
	default:
		err = errors.New("store: neither a Postgres URL nor a SQLite file is given")
	}
	if err != nil {
		return nil, err
	}
	if err := s.Ping(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Dialect tells which database is behind the store.
func (s *Store) Dialect() Dialect { return s.dialect }

// Reader is the pool for reads that belong to no repository, such as the
// checks of `verify`. With SQLite it cannot write.
func (s *Store) Reader(ctx context.Context) *gorm.DB { return s.reader.WithContext(ctx) }

// Ping checks that the database answers. Errors: fault.Unavailable.
func (s *Store) Ping(ctx context.Context) error {
	return s.view(ctx, "ping", func(db *gorm.DB) error {
		var one int
		return db.Raw("SELECT 1").Scan(&one).Error
	})
}

// Use adds a GORM plugin, tracing for one, to every connection.
func (s *Store) Use(plugin gorm.Plugin) error {
	if s.reader == s.writer {
		return s.writer.Use(plugin)
	}
	return errors.Join(s.reader.Use(plugin), s.writer.Use(plugin))
}

// Close ends all connections. With SQLite it folds the write-ahead log into the file.
func (s *Store) Close() error {
	return errors.Join(closePool(s.reader), closePool(s.writer))
}

func closePool(db *gorm.DB) error {
	pool, err := db.DB()
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return pool.Close()
}

// view runs reads of an operation, named for the logs.
func (s *Store) view(ctx context.Context, operation string, read func(db *gorm.DB) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return translate(operation, read(s.reader.WithContext(ctx)))
}

// transact runs writes of an operation in one transaction: all or none. It may
// run them more than once.
func (s *Store) transact(ctx context.Context, operation string, write func(tx *gorm.DB) error) error {
	return s.write(ctx, operation, func(db *gorm.DB) error {
		if s.batcher != nil {
			return write(db) // in the batch's transaction already
		}
		return db.Transaction(write)
	})
}

// write runs one writing statement of an operation, maybe more than once.
func (s *Store) write(ctx context.Context, operation string, write func(db *gorm.DB) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if s.batcher != nil {
		return translate(operation, s.batcher.do(ctx, write))
	}
	turn := time.NewTimer(writeQueue)
	defer turn.Stop()
	select {
	case s.writing <- struct{}{}:
		defer func() { <-s.writing }()
		return translate(operation, write(s.writer.WithContext(ctx)))
	case <-turn.C:
		return translate(operation, errNoTurn)
	case <-ctx.Done():
		return translate(operation, ctx.Err())
	}
}

// errNoTurn: other writes hold all connections that writes may take.
var errNoTurn = fmt.Errorf("no connection to write with: %w", context.DeadlineExceeded)
