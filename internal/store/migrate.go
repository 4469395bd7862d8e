package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"paymenthub/internal/fault"
)

//go:embed migrations
var migrations embed.FS

// Migration is one numbered change of the schema.
type Migration struct {
	Version   int64
	Name      string    // file name, "00003_payments.sql"
	AppliedAt time.Time // zero: pending
}

// Migrate applies all pending migrations. Processes that do so at the same time
// on Postgres wait for each other. Errors: fault.Unavailable, when to do it again
// may help; it goes on where it stopped.
func (s *Store) Migrate(ctx context.Context) error {
	return s.migrating("migrate", func(provider *goose.Provider) error {
		_, err := provider.Up(ctx)
		return err
	})
}

// MigrateDown takes the newest steps migrations back, with the data in their
// tables. Fewer applied ones are no error. Errors: as of Migrate.
func (s *Store) MigrateDown(ctx context.Context, steps int) error {
	return s.migrating("migrate down", func(provider *goose.Provider) error {
		for range steps {
			_, err := provider.Down(ctx)
			if errors.Is(err, goose.ErrNoNextVersion) {
				return nil
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// MigrationStatus lists all migrations, oldest first.
func (s *Store) MigrationStatus(ctx context.Context) (list []Migration, err error) {
	err = s.migrating("migration status", func(provider *goose.Provider) error {
		status, err := provider.Status(ctx)
		for _, m := range status {
			list = append(list, Migration{Version: m.Source.Version, Name: path.Base(m.Source.Path), AppliedAt: m.AppliedAt.UTC()})
		}
		return err
	})
	return list, err
}

// migrating does something with migrations: with Postgres in a session of its own,
// with SQLite on the connection that writes.
func (s *Store) migrating(operation string, do func(*goose.Provider) error) (err error) {
	var pool *sql.DB
	dialect, options := goose.DialectSQLite3, []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	if s.dialect == Postgres {
		pool = migrationPool(s.session)
		defer func() { err = errors.Join(err, pool.Close()) }()
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return fmt.Errorf("store: %w", err)
		}
		dialect, options = goose.DialectPostgres, append(options, goose.WithSessionLocker(locker))
	} else if pool, err = s.writer.DB(); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	files, err := fs.Sub(migrations, "migrations/"+string(s.dialect))
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	provider, err := goose.NewProvider(dialect, pool, files, options...)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return migrationFailure(operation, do(provider))
}

// migrationFailure is translate for those who migrate: a lock that others hold is
// for them to wait for.
func migrationFailure(operation string, err error) error {
	var refused *pgconn.PgError
	if errors.As(err, &refused) && (refused.Code == lockNotAvailable || refused.Code == deadlockDetected) {
		return fault.New(fault.Unavailable, "A migration waited too long for a table that others use. "+
			"Try again, when there is less to do: it goes on where it stopped.").
			Because(fmt.Errorf("store: %s: %w", operation, err))
	}
	return translate(operation, err)
}
