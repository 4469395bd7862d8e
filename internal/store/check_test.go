package store_test

import (
	"database/sql"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestChecksOfRowsAreCheap: where a CHECK has an IN of more than two values, SQLite makes
// a table of them for each row that is written. An OR of comparisons says the same.
func TestChecksOfRowsAreCheap(t *testing.T) {
	t.Parallel()
	subject := openSQLite(t)
	tables := texts(t, subject.SQL, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%'")
	require.Greater(t, len(tables), 30)
	tables = slices.DeleteFunc(tables, func(table string) bool { return table == "gateway_health" }) // written when a breaker opens or closes
	for _, table := range tables {
		columns := texts(t, subject.SQL, "SELECT name FROM pragma_table_info(?)", table)
		nulls := "NULL" + strings.Repeat(",NULL", len(columns)-1)
		rows, err := subject.SQL.Query("EXPLAIN INSERT INTO " + table + " (" + strings.Join(columns, ",") + ") VALUES (" + nulls + ")")
		require.NoError(t, err)
		program := operations(t, rows)
		require.Contains(t, program, "OpenWrite", table)
		require.NotContains(t, program, "OpenEphemeral", table)
	}
}

// texts are the rows of a query with one column.
func texts(t *testing.T, db *sql.DB, query string, args ...any) (found []string) {
	t.Helper()
	rows, err := db.Query(query, args...)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var text string
		require.NoError(t, rows.Scan(&text))
		found = append(found, text)
	}
	require.NoError(t, rows.Err())
	return found
}

// operations are the steps of a statement, as EXPLAIN lists them.
func operations(t *testing.T, rows *sql.Rows) (program []string) {
	t.Helper()
	defer rows.Close()
	for rows.Next() {
		var operation string
		var addr, p1, p2, p3, p4, p5, comment any
		require.NoError(t, rows.Scan(&addr, &operation, &p1, &p2, &p3, &p4, &p5, &comment))
		program = append(program, operation)
	}
	require.NoError(t, rows.Err())
	return program
}
