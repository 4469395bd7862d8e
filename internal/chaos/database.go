package chaos

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite" // the driver of the hub's SQLite file

	"paymenthub/internal/store/pgtest"
)

// database is what the hub of a world stands on, from outside.
type database interface {
	// flags name it on the hub's command line, beside --data-dir.
	flags() []string
	// hold lets every write wait for d.
	hold(ctx context.Context, d time.Duration) error
	// restart ends the server with its open connections and starts it again.
	restart(crash bool) error
}

// sqliteFile is the hub.db of a data folder.
type sqliteFile struct{ folder string }

func (sqliteFile) flags() []string { return nil }

func (sqliteFile) restart(bool) error { return errors.New("SQLite has no server to restart") }

func (f sqliteFile) hold(ctx context.Context, d time.Duration) error {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(f.folder, "data", "hub.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	pause(ctx, d)
	_, err = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
	return err
}

// server is a Postgres database on a cluster that worlds use one after the other.
type server struct {
	cluster *pgtest.Cluster
	name    string
}

// newServer makes an empty database for a world.
func newServer(ctx context.Context, cluster *pgtest.Cluster, name string) (server, error) {
	return server{cluster, name}, cluster.Exec(ctx, "CREATE DATABASE "+name)
}

func (s server) flags() []string { return []string{"--database-url", s.cluster.URL(s.name)} }

func (s server) restart(crash bool) error {
	if crash {
		return s.cluster.Restart()
	}
	return s.cluster.RestartFast()
}

func (s server) hold(ctx context.Context, d time.Duration) error {
	conn, err := pgx.Connect(ctx, s.cluster.URL(s.name))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "LOCK TABLE payment_intents IN ACCESS EXCLUSIVE MODE"); err != nil {
		return err
	}
	pause(ctx, d)
	return tx.Rollback(context.WithoutCancel(ctx))
}

// drop removes the database.
func (s server) drop() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := s.cluster.Exec(ctx, "DROP DATABASE "+s.name+" WITH (FORCE)"); err != nil {
		return fmt.Errorf("the seed's database was not removed: %w", err)
	}
	return nil
}

// pause waits for d, or less when ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
