package store_test

import (
	"database/sql"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// queryer is a database, or a transaction.
type queryer interface {
	Query(query string, args ...any) (*sql.Rows, error)
}

// read is the answer of a query.
func read(t *testing.T, db queryer, query string, args ...any) (list [][]any) {
	found, err := db.Query(query, args...)
	require.NoError(t, err, query)
	defer found.Close()
	columns, err := found.Columns()
	require.NoError(t, err)
	for found.Next() {
		row, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		require.NoError(t, found.Scan(into...))
		list = append(list, row)
	}
	require.NoError(t, found.Err())
	return list
}

// column is one column of an answer in text, counted from 0.
func column(rows [][]any, n int) []string {
	list := make([]string, 0, len(rows))
	for _, row := range rows {
		list = append(list, fmt.Sprint(row[n]))
	}
	return list
}

// columnsOf lists the columns of a table.
func columnsOf(t *testing.T, db queryer, table string) []string {
	found, err := db.Query("SELECT * FROM " + table + " LIMIT 0")
	require.NoError(t, err)
	defer found.Close()
	columns, err := found.Columns()
	require.NoError(t, err)
	return columns
}
