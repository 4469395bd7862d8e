package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"paymenthub/internal/id"
	"paymenthub/internal/ledger"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
	"paymenthub/internal/store"
	"paymenthub/internal/store/pgtest"
	"paymenthub/internal/store/storetest"
	"paymenthub/internal/verify"
)

// tablesBeforeDisputes are those of migrations 1 to 6; what refers comes after
// what it refers to.
var tablesBeforeDisputes = []string{
	"merchants", "api_keys", "vault_cards", "payment_intents", "payment_attempts", "refunds", "payment_transactions",
	"ledger_accounts", "ledger_transactions", "ledger_entries", "events", "idempotency_requests",
}

// old is a database of migrations 1 to 6, and how to open it.
type old struct {
	*sql.DB
	options store.Options
	schema  string // statement that lists all there is, one line each
	mark    string // of a statement's parameters
	columns map[string][]string
	goose   *goose.Provider
	later   int // migrations that came after
}

func oldSQLite(t *testing.T) old {
	file := filepath.Join(t.TempDir(), "old.db")
	return makeOld(t, old{options: store.Options{SQLiteFile: file}, mark: "?", schema: `SELECT name || ': ' || sql
		FROM sqlite_schema WHERE sql IS NOT NULL`}, goose.DialectSQLite3, "sqlite", file)
}

func oldPostgres(t *testing.T) old {
	address := pgtest.NewDatabase(t)
	return makeOld(t, old{options: store.Options{URL: address}, mark: "$", schema: `
		SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
		UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
		UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
		UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
		UNION ALL SELECT table_name || '.' || column_name || ' ' || data_type || is_nullable FROM information_schema.columns WHERE table_schema = 'public'`}, goose.DialectPostgres, "pgx", address)
}

func makeOld(t *testing.T, o old, dialect goose.Dialect, driver, name string) old {
	opened, err := sql.Open(driver, name)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.Close()) })
	opened.SetMaxIdleConns(0) // no connection has statements from before a migration
	folder := map[string]string{"sqlite": "sqlite", "pgx": "postgres"}[driver]
	provider, err := goose.NewProvider(dialect, opened, os.DirFS(filepath.Join("migrations", folder)), goose.WithDisableGlobalRegistry(true))
	require.NoError(t, err)
	done, err := provider.UpTo(context.Background(), 6)
	require.NoError(t, err)
	o.DB, o.goose, o.columns, o.later = opened, provider, map[string][]string{}, len(provider.ListSources())-len(done)
	for _, table := range tablesBeforeDisputes {
		o.columns[table] = columnsOf(t, o.DB, table)
	}
	return o
}

func TestDatabaseFromBeforeDisputesKeepsEverything(t *testing.T) {
	for name, open := range map[string]struct {
		old    func(*testing.T) old
		filled func(testing.TB) storetest.Subject
	}{"sqlite": {oldSQLite, openSQLite}, "postgres": {oldPostgres, openPostgres}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := fill(t, storetest.NewWorld(t, open.filled(t)))
			o := open.old(t)
			copyRows(t, w.SQL, o)
			before, schema := rows(t, o), lines(t, o, o.schema)
			require.Greater(t, len(before["ledger_entries"]), 10)

			ctx := context.Background()
			s, err := store.Open(ctx, o.options)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, s.Close()) })
			w.Subject, w.Payments = storetest.Subject{Store: s, SQL: o.DB}, s.Payments()

			require.NoError(t, s.Migrate(ctx))
			requireMigrated(t, w, before, o)
			require.NoError(t, s.MigrateDown(ctx, o.later))
			require.Equal(t, before, rows(t, o))
			require.Equal(t, schema, lines(t, o, o.schema), "back to what it was")
			require.NoError(t, s.Migrate(ctx))
			requireMigrated(t, w, before, o)

			dispute(t, w)
			disputed := rows(t, o)
			require.Error(t, s.MigrateDown(ctx, o.later), "there are postings that the old books cannot hold")
			require.Equal(t, disputed, rows(t, o))
			requireGuarded(t, o)
		})
	}
}

// fill makes payments and refunds in several states, of two currencies.
func fill(t *testing.T, w *storetest.World) *storetest.World {
	w.Insert(t, w.Wanted())
	held := w.Wanted()
	held.CaptureMethod, held.Currency = payment.CaptureManual, "EUR"
	w.Apply(t, w.Captured(t, w.Apply(t, w.Begun(t, w.Insert(t, held)))))
	w.Apply(t, w.Begun(t, w.Insert(t, w.Wanted())))
	for _, o := range []payment.Outcome{
		{Class: payment.OutcomeSucceeded, Amount: 700, TransactionReference: "re_1"},
		payment.Declined(payment.NewDecline(payment.DeclineState)), {},
	} {
		sold := w.Sold(t, w.Wanted())
		refund, err := sold.Intent.OpenRefund(*sold.Attempt, payment.NewRefund{ID: id.New(id.Refund), Amount: 700}, w.Clock.Now())
		require.NoError(t, err)
		w.Apply(t, refund)
		if o.Class != "" {
			done, err := refund.Intent.RecordRefund(*refund.Refund, *refund.Transaction, o, w.Clock.Now())
			require.NoError(t, err)
			w.Apply(t, done)
		}
	}
	return w
}

func copyRows(t *testing.T, from *sql.DB, to old) {
	tx, err := to.Begin()
	require.NoError(t, err)
	defer func() { require.NoError(t, tx.Commit()) }()
	for _, table := range tablesBeforeDisputes {
		columns := to.columns[table]
		marks := make([]string, len(columns))
		for i := range marks {
			marks[i] = fmt.Sprint(to.mark, i+1)
		}
		names := strings.Join(columns, ",")
		for _, row := range read(t, from, "SELECT "+names+" FROM "+table) {
			_, err := tx.Exec("INSERT INTO "+table+" ("+names+") VALUES ("+strings.Join(marks, ",")+")", row...)
			require.NoError(t, err, table)
		}
	}
}

// rows lists what is in the old tables, without columns that came later.
func rows(t *testing.T, o old) map[string][]string {
	all := map[string][]string{}
	for _, table := range tablesBeforeDisputes {
		all[table] = lines(t, o, "SELECT "+strings.Join(o.columns[table], ",")+" FROM "+table)
	}
	return all
}

// lines is the answer of a query in text, sorted.
func lines(t *testing.T, o old, query string) (list []string) {
	for _, row := range read(t, o.DB, query) {
		list = append(list, fmt.Sprint(row...))
	}
	slices.Sort(list)
	return list
}

func requireMigrated(t *testing.T, w *storetest.World, before map[string][]string, o old) {
	require.Equal(t, before, rows(t, o))
	requireOwned(t, o)
	requireGuarded(t, o)
	report, err := verify.Run(context.Background(), verify.Options{Store: w.Store, Clock: w.Clock})
	require.NoError(t, err)
	require.Empty(t, report.Violations)
	require.EqualValues(t, len(before["payment_intents"]), report.Payments)
	if w.Store.Dialect() == store.SQLite {
		require.Equal(t, []string{"ok"}, lines(t, o, "PRAGMA integrity_check"))
		require.Empty(t, lines(t, o, "PRAGMA foreign_key_check"))
	}
}

// requireOwned checks that every transaction has the owner of its payment.
func requireOwned(t *testing.T, o old) {
	require.Empty(t, lines(t, o, `SELECT payment_transactions.id FROM payment_transactions
		LEFT JOIN payment_intents ON payment_intents.id = payment_id
			AND payment_intents.merchant_id = payment_transactions.merchant_id
			AND payment_intents.environment = payment_transactions.environment
		WHERE payment_intents.id IS NULL`))
}

// requireGuarded checks that the database still refuses what it must.
func requireGuarded(t *testing.T, o old) {
	for _, table := range []string{"ledger_transactions", "ledger_entries"} {
		for _, statement := range []string{"DELETE FROM " + table, "UPDATE " + table + " SET payment_id = 'pi_other'"} {
			_, err := o.Exec(statement)
			require.ErrorContains(t, err, "append only", statement)
		}
	}
	_, err := o.Exec(`INSERT INTO payment_transactions (id, payment_id, attempt_id, kind, status, amount, currency, gateway,
			gateway_reference, idempotency_key, reason, created_at, updated_at)
		SELECT 'txn_forged', payment_id, attempt_id, 'capture', 'succeeded', 1, currency, gateway, '', 'forged', '', created_at, updated_at
		FROM payment_transactions WHERE kind = 'sale' AND status = 'succeeded' LIMIT 1`)
	require.Error(t, err)
	require.Contains(t, strings.ToLower(err.Error()), "unique", "a payment is captured once")
}

// dispute records a dispute of a payment from before, found by its reference.
func dispute(t *testing.T, w *storetest.World) {
	ctx := context.Background()
	paymentID, err := w.Payments.FindByReference(ctx, w.Scope.Environment, "stripe", "pi_remote")
	require.NoError(t, err)
	a, err := w.Payments.Load(ctx, paymentID)
	require.NoError(t, err)
	w.Apply(t, w.Disputed(t, a.Intent, nil, payment.DisputeReport{
		Reference: "du_1", Amount: money.New(a.Intent.AmountCaptured, a.Intent.Currency), Status: payment.DisputeLost, Withdrawn: true,
	}))
	balances, err := w.Store.Ledger().Balances(ctx, w.Scope)
	require.NoError(t, err)
	require.Contains(t, balances, ledger.Balance{Account: ledger.Disputes, Currency: a.Intent.Currency, Amount: a.Intent.AmountCaptured})
}
