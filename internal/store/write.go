package store

import (
	"strings"

	"gorm.io/gorm"
)

// column is one value of a row that is written. Rows are written by their
// columns instead of by GORM's reflection: every payment waits for the one
// SQLite connection that writes.
type column struct {
	name  string
	value any
}

// record is a row that can be written.
type record interface {
	TableName() string
	columns() []column
}

// insert writes rows; conflict says what to do when one is there already, empty
// for an error. Postgres gets one statement, to save round trips; SQLite one for
// each row, because it keeps a journal of its own for statements with several.
func insert[R record](tx *gorm.DB, conflict string, rows ...R) (written int64, err error) {
	batch := len(rows)
	if tx.Name() == string(SQLite) {
		batch = 1
	}
	for ; len(rows) > 0; rows = rows[batch:] {
		text, values := insertion(conflict, rows[:batch])
		done := tx.Exec(text, values...)
		if done.Error != nil {
			return written, done.Error
		}
		written += done.RowsAffected
	}
	return written, nil
}

func insertion[R record](conflict string, rows []R) (text string, values []any) {
	var b strings.Builder
	columns := rows[0].columns()
	b.WriteString("INSERT INTO " + rows[0].TableName() + " (")
	for i, c := range columns {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(c.name)
	}
	tuple := "(?" + strings.Repeat(",?", len(columns)-1) + ")"
	b.WriteString(") VALUES " + tuple + strings.Repeat(","+tuple, len(rows)-1) + " " + conflict)
	values = make([]any, 0, len(rows)*len(columns))
	for i, row := range rows {
		if i > 0 {
			columns = row.columns()
		}
		for _, c := range columns {
			values = append(values, c.value)
		}
	}
	return b.String(), values
}

// update writes columns of the rows that a condition selects.
func update(tx *gorm.DB, table string, columns []column, condition string, args ...any) (written int64, err error) {
	var b strings.Builder
	values := make([]any, 0, len(columns)+len(args))
	b.WriteString("UPDATE " + table + " SET ")
	for i, c := range columns {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(c.name + "=?")
		values = append(values, c.value)
	}
	b.WriteString(" WHERE " + condition)
	done := tx.Exec(b.String(), append(values, args...)...)
	return done.RowsAffected, done.Error
}

// onConflict writes columns over the stored row of the same key where condition
// holds for it, and leaves it alone where not.
func onConflict(key string, columns []column, condition string) string {
	sets := make([]string, 0, len(columns))
	for _, c := range columns {
		sets = append(sets, c.name+"=excluded."+c.name)
	}
	return "ON CONFLICT (" + key + ") DO UPDATE SET " + strings.Join(sets, ",") + " WHERE " + condition
}

// atLeastOne turns a statement that wrote no row into the error otherwise.
func atLeastOne(written int64, err, otherwise error) error {
	if err == nil && written == 0 {
		return otherwise
	}
	return err
}
