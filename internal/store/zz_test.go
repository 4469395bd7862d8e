package store_test

import (
	"context"
	"fmt"
	"testing"

	"gorm.io/gorm"
	"github.com/stretchr/testify/require"
	"paymenthub/internal/store/storetest"
	"paymenthub/internal/store"
)

func TestZZ(t *testing.T) {
	subject := openSQLite(t)
	w := storetest.NewWorld(t, subject)
	c := w.Captured(t, w.Apply(t, w.Begun(t, w.Insert(t, w.Wanted()))))
	var seen []statement
	note := func(db *gorm.DB) { seen = append(seen, statement{db.Statement.SQL.String(), append([]any(nil), db.Statement.Vars...)}) }
	cb := store.WriterForTest(subject.Store).Callback()
	cb.Create().After("gorm:create").Register("zz", note)
	cb.Update().After("gorm:update").Register("zz", note)
	require.NoError(t, w.Payments.Apply(context.Background(), c))
	for _, s := range seen {
		rows, err := subject.SQL.Query("EXPLAIN "+s.sql, s.args...)
		require.NoError(t, err)
		n := map[string]int{}
		total := 0
		for rows.Next() {
			var addr, p1, p2, p3, p5 any
			var op string
			var p4, comment any
			require.NoError(t, rows.Scan(&addr, &op, &p1, &p2, &p3, &p4, &p5, &comment))
			n[op]++
			total++
			if op == "Transaction" { fmt.Println(op, p1,p2,p3,p4,p5) }
		}
		rows.Close()
		fmt.Println(s.sql, total, "ephemeral", n["OpenEphemeral"], "autoindex", n["OpenAutoindex"], "fk", n["FkCounter"], n["FkIfZero"], "idx", n["IdxInsert"], n["IdxDelete"], "\n", explain(t, subject, s))
	}
}
