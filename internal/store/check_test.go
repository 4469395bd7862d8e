package store_test

import (
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
	tables := column(read(t, subject.SQL, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%'"), 0)
	require.Greater(t, len(tables), 30)
	tables = slices.DeleteFunc(tables, func(table string) bool { return table == "gateway_health" }) // written when a breaker opens or closes
	for _, table := range tables {
		columns := columnsOf(t, subject.SQL, table)
		nulls := "NULL" + strings.Repeat(",NULL", len(columns)-1)
		program := column(read(t, subject.SQL, "EXPLAIN INSERT INTO "+table+" ("+strings.Join(columns, ",")+") VALUES ("+nulls+")"), 1)
		require.Contains(t, program, "OpenWrite", table)
		require.NotContains(t, program, "OpenEphemeral", table)
	}
}
