package verify

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"paymenthub/internal/store"
)

// snapshot is one state of the database: whatever a running hub writes
// meanwhile, all that is read from one snapshot belongs together.
type snapshot struct {
	dialect store.Dialect
	query   func(query string, args ...any) (*sql.Rows, error)
	exec    func(statement string) error
}

// within reads from one snapshot.
func within(ctx context.Context, s *store.Store, look func(*snapshot) error) error {
	tx := s.Reader(ctx).Begin(&sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if tx.Error != nil {
		return fmt.Errorf("verify: %w", tx.Error)
	}
	err := look(&snapshot{
		dialect: s.Dialect(),
		query:   func(query string, args ...any) (*sql.Rows, error) { return tx.Raw(query, args...).Rows() },
		exec:    func(statement string) error { return tx.Exec(statement).Error },
	})
	if err != nil {
		err = fmt.Errorf("verify: %w", err)
	}
	return errors.Join(err, tx.Rollback().Error)
}

// patient lifts Postgres' time limit of one statement, for those that read a
// whole table.
func (s *snapshot) patient() error {
	if s.dialect != store.Postgres {
		return nil
	}
	return s.exec("SET LOCAL statement_timeout = 0")
}

// scan reads the columns of one row.
type scan func(columns ...any) error

// each calls do for every row.
func (s *snapshot) each(do func(scan) error, query string, args ...any) error {
	rows, err := s.query(query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := do(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// read returns all rows.
func read[T any](s *snapshot, row func(scan, *T) error, query string, args ...any) ([]T, error) {
	var all []T
	err := s.each(func(scan scan) error {
		var one T
		err := row(scan, &one)
		all = append(all, one)
		return err
	}, query, args...)
	return all, err
}

// instantFormat is how SQLite keeps times; Postgres reads it too.
const instantFormat = "2006-01-02T15:04:05.000000Z"

// instant scans a time that may be NULL, which is the zero time.
type instant struct{ to *time.Time }

// Scan implements sql.Scanner.
func (i instant) Scan(source any) (err error) {
	switch v := source.(type) {
	case nil:
		*i.to = time.Time{}
	case time.Time:
		*i.to = v.UTC()
	case string:
		*i.to, err = time.Parse(instantFormat, v)
	default:
		err = fmt.Errorf("%T is not a time", source)
	}
	return err
}

// object scans a JSON object that may be NULL, which is nil.
type object[T any] struct{ to **T }

// Scan implements sql.Scanner.
func (o object[T]) Scan(source any) error {
	var text []byte
	switch v := source.(type) {
	case nil:
		*o.to = nil
		return nil
	case string:
		text = []byte(v)
	case []byte:
		text = v
	default:
		return fmt.Errorf("%T is not JSON", source)
	}
	*o.to = new(T)
	return json.Unmarshal(text, *o.to)
}
