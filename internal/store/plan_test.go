package store_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"paymenthub/internal/event"
	"paymenthub/internal/ledger"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
	"paymenthub/internal/store"
	"paymenthub/internal/store/storetest"
)

// TestSQLiteReadsThroughIndexes asks SQLite how it would answer each statement
// that the repositories send: none may read a whole table, and lists in the
// order of their index need no sorting.
func TestSQLiteReadsThroughIndexes(t *testing.T) {
	subject := openSQLite(t)
	w := storetest.NewWorld(t, subject)
	sold := w.Sold(t, w.Wanted())

	statements := record(t, subject.Store, func(ctx context.Context) { readEverything(t, ctx, w, sold) })
	require.Greater(t, len(statements), 25)
	for _, s := range statements {
		plan := explain(t, subject, s)
		require.NotContains(t, plan, "SCAN", "%s\n%s", s.sql, plan)
		sorted := strings.Contains(s.sql, "created_at >=") || strings.Contains(s.sql, "FROM `api_keys`")
		if !sorted {
			require.NotContains(t, plan, "TEMP B-TREE", "%s\n%s", s.sql, plan)
		}
	}
}

func readEverything(t *testing.T, ctx context.Context, w *storetest.World, sold payment.Aggregate) {
	payments, books, events := w.Payments, w.Store.Ledger(), w.Store.Events()
	for _, page := range []payment.Page{{Limit: 5}, {Limit: 5, StartingAfter: "pi_a"}, {Limit: 5, EndingBefore: "pi_a"}} {
		for _, f := range []payment.Filter{
			{}, {Status: payment.Succeeded}, {CustomerID: "cus_1"}, {CustomerID: "cus_1", Status: payment.Succeeded},
			{CreatedFrom: time.Now()}, {Status: payment.Succeeded, CreatedFrom: time.Now(), CreatedBefore: time.Now()},
		} {
			f.Page = page
			_, _, err := payments.Payments(ctx, w.Scope, f)
			require.NoError(t, err)
		}
		for _, paymentID := range []string{"", sold.Intent.ID} {
			_, _, err := payments.Refunds(ctx, w.Scope, payment.RefundFilter{PaymentID: paymentID, Page: page})
			require.NoError(t, err)
			_, _, err = books.Entries(ctx, w.Scope, ledger.EntryFilter{PaymentID: paymentID, Page: ledger.Page(page)})
			require.NoError(t, err)
		}
		for _, f := range []ledger.EntryFilter{{Account: ledger.Sales}, {Currency: "USD"}, {Account: ledger.Sales, Currency: "USD"}} {
			f.Page = ledger.Page(page)
			_, _, err := books.Entries(ctx, w.Scope, f)
			require.NoError(t, err)
		}
		for _, f := range []event.Filter{{}, {Type: event.PaymentCreated}, {ObjectID: sold.Intent.ID}} {
			f.Limit, f.StartingAfter, f.EndingBefore = page.Limit, page.StartingAfter, page.EndingBefore
			_, _, err := events.ListEvents(ctx, w.Scope, f)
			require.NoError(t, err)
		}
	}
	_, err := payments.Load(ctx, sold.Intent.ID)
	require.NoError(t, err)
	_, err = payments.Attempts(ctx, w.Scope, sold.Intent.ID)
	require.NoError(t, err)
	_, err = payments.HasTransaction(ctx, sold.Intent.ID, sold.Transaction.ID)
	require.NoError(t, err)
	_, err = payments.Overdue(ctx, time.Now(), 10)
	require.NoError(t, err)
	_, err = payments.OverdueRefunds(ctx, time.Now(), 10)
	require.NoError(t, err)
	_, err = books.Balances(ctx, w.Scope)
	require.NoError(t, err)
	_, err = w.Store.Merchants().KeysByPrefix(ctx, "sk_sandbox_123456789")
	require.NoError(t, err)
	_, err = w.Store.Merchants().KeysOf(ctx, w.Scope.MerchantID)
	require.NoError(t, err)
	_, _ = w.Store.Vault().Card(ctx, sold.Attempt.CardToken)
	_, _ = payments.Refund(ctx, merchant.Scope{}, "rf_none")
	_, _ = events.FindEvent(ctx, merchant.Scope{}, "evt_none")
}

type statement struct {
	sql  string
	args []any
}

// record returns the statements that the reads of a function send.
func record(t *testing.T, s *store.Store, reads func(ctx context.Context)) []statement {
	type marked struct{}
	var mu sync.Mutex
	var seen []statement
	note := func(db *gorm.DB) {
		if db.Statement.Context.Value(marked{}) != nil {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, statement{db.Statement.SQL.String(), append([]any(nil), db.Statement.Vars...)})
		}
	}
	ctx := context.WithValue(context.Background(), marked{}, true)
	callbacks := s.Reader(ctx).Callback()
	require.NoError(t, callbacks.Query().After("gorm:query").Register("storetest:record", note))
	reads(ctx)
	return seen
}

func explain(t *testing.T, subject storetest.Subject, s statement) string {
	rows, err := subject.SQL.Query("EXPLAIN QUERY PLAN "+s.sql, s.args...)
	require.NoError(t, err, s.sql)
	defer rows.Close()
	var plan []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		require.NoError(t, rows.Scan(&id, &parent, &unused, &detail))
		plan = append(plan, detail)
	}
	require.NoError(t, rows.Err())
	return strings.Join(plan, "\n")
}
