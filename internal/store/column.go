package store

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"
)

// instantFormat has a fixed width, so that SQLite's text sorts as the times do.
// Postgres reads it into a timestamptz.
const instantFormat = "2006-01-02T15:04:05.000000Z"

// instant is a time as both databases keep it: UTC to the microsecond. The zero
// time is NULL.
type instant struct{ time.Time }

// at makes an instant of t.
func at(t time.Time) instant { return instant{t} }

// Value implements driver.Valuer.
func (i instant) Value() (driver.Value, error) {
	if i.IsZero() {
		return nil, nil
	}
	return i.UTC().Format(instantFormat), nil
}

// Scan implements sql.Scanner.
func (i *instant) Scan(source any) error {
	switch v := source.(type) {
	case nil:
		i.Time = time.Time{}
	case time.Time:
		i.Time = v.UTC()
	case string:
		t, err := time.Parse(instantFormat, v)
		if err != nil {
			return fmt.Errorf("store: %q is not a time", v)
		}
		i.Time = t
	default:
		return fmt.Errorf("store: %T is not a time", source)
	}
	return nil
}

// GormDataType implements schema.GormDataTypeInterface.
func (instant) GormDataType() string { return "instant" }

// given is nil for a map that was not given; an empty one was.
func given(m map[string]string) *map[string]string {
	if m == nil {
		return nil
	}
	return &m
}

// toJSON renders a value that may be absent; nil is NULL.
func toJSON[T any](v *T) (*string, error) {
	if v == nil {
		return nil, nil
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	text := string(raw)
	return &text, nil
}

// fromJSON reads what toJSON rendered.
func fromJSON[T any](text *string) (*T, error) {
	if text == nil {
		return nil, nil
	}
	v := new(T)
	if err := json.Unmarshal([]byte(*text), v); err != nil {
		return nil, fmt.Errorf("store: unreadable JSON column: %w", err)
	}
	return v, nil
}
