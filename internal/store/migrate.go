package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
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
// on Postgres wait for each other.
func (s *Store) Migrate(ctx context.Context) error {
	provider, err := s.migrator()
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return translate("migrate", err)
}

// MigrateDown takes the newest steps migrations back, with the data in their
// tables. Fewer applied ones are no error.
func (s *Store) MigrateDown(ctx context.Context, steps int) error {
	provider, err := s.migrator()
	if err != nil {
		return err
	}
	for range steps {
		_, err := provider.Down(ctx)
		if errors.Is(err, goose.ErrNoNextVersion) {
			return nil
		}
		if err != nil {
			return translate("migrate down", err)
		}
	}
	return nil
}

// MigrationStatus lists all migrations, oldest first.
func (s *Store) MigrationStatus(ctx context.Context) ([]Migration, error) {
	provider, err := s.migrator()
	if err != nil {
		return nil, err
	}
	status, err := provider.Status(ctx)
	if err != nil {
		return nil, translate("migration status", err)
	}
	list := make([]Migration, 0, len(status))
	for _, m := range status {
		list = append(list, Migration{Version: m.Source.Version, Name: path.Base(m.Source.Path), AppliedAt: m.AppliedAt.UTC()})
	}
	return list, nil
}

func (s *Store) migrator() (*goose.Provider, error) {
	pool, err := s.writer.DB()
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	files, err := fs.Sub(migrations, "migrations/"+string(s.dialect))
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	dialect, options := goose.DialectSQLite3, []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	if s.dialect == Postgres {
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		dialect, options = goose.DialectPostgres, append(options, goose.WithSessionLocker(locker))
	}
	provider, err := goose.NewProvider(dialect, pool, files, options...)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return provider, nil
}
