package store_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
	"paymenthub/internal/payment"
	"paymenthub/internal/store"
	"paymenthub/internal/store/storetest"
)

// oldLarge is a Postgres from before disputes with more transactions than one batch
// of migration 12 takes.
func oldLarge(t *testing.T) old {
	w := fill(t, storetest.NewWorld(t, openPostgres(t)))
	o := oldPostgres(t)
	copyRows(t, w.SQL, o)
	run(t, o, `INSERT INTO payment_transactions (id, payment_id, attempt_id, kind, status, amount, currency, gateway,
			gateway_reference, idempotency_key, reason, created_at, updated_at)
		SELECT 'txn_' || n, payment_id, attempt_id, 'authorization', 'declined', 1, currency, gateway, '', 'many ' || n, '', created_at, updated_at
		FROM (SELECT * FROM payment_transactions ORDER BY id LIMIT 1) AS one, generate_series(1, 2500) AS n`)
	return o
}

func run(t *testing.T, o old, statement string) {
	_, err := o.Exec(statement)
	require.NoError(t, err, statement)
}

// openWith opens the old database in sessions with a setting of their own.
func openWith(t *testing.T, o old, setting string) *store.Store {
	s, err := store.Open(context.Background(), store.Options{URL: o.options.URL + "&" + setting})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func TestMigrationsTakeTheirTime(t *testing.T) {
	t.Parallel()
	o := oldLarge(t)
	run(t, o, `CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.8); RETURN NULL; END $$`)
	run(t, o, `CREATE TRIGGER dawdles AFTER UPDATE ON payment_transactions EXECUTE FUNCTION dawdle()`)
	s := openWith(t, o, "statement_timeout=3000") // of four such updates in one statement
	require.NoError(t, s.Migrate(context.Background()))
	requireOwned(t, o)

	err := s.Reader(context.Background()).Exec("SELECT pg_sleep(60)").Error
	require.ErrorContains(t, err, "statement timeout", "the hub's own statements have their bound")
}

func TestMigrationsDoNotStandInTheWay(t *testing.T) {
	t.Parallel()
	o := oldPostgres(t)
	s := openWith(t, o, "lock_timeout=100")
	busy, err := o.Begin()
	require.NoError(t, err)
	_, err = busy.Exec("LOCK TABLE payment_intents IN ACCESS SHARE MODE")
	require.NoError(t, err)

	err = s.Migrate(context.Background())
	require.True(t, fault.Is(err, fault.Unavailable), err)
	require.ErrorContains(t, err, "Try again")
	require.ErrorContains(t, err, "version:8", "which migration it is")
	require.NoError(t, busy.Rollback())
	require.NoError(t, s.Migrate(context.Background()))
}

// TestOwnersAreGivenAgain runs migration 12 a second time, as after a crash that
// came before goose noted it.
func TestOwnersAreGivenAgain(t *testing.T) {
	t.Parallel()
	o := oldLarge(t)
	requireOwners := func() {
		_, err := o.goose.UpTo(context.Background(), 12)
		require.NoError(t, err)
		requireOwned(t, o)
		require.Empty(t, lines(t, o, "SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid"))
		require.Empty(t, lines(t, o, "SELECT conname FROM pg_constraint WHERE NOT convalidated"))
	}
	versions := func() []string { // xmin is the database transaction that wrote the row
		return lines(t, o, "SELECT id, xmin::text FROM payment_transactions WHERE id <> 'txn_2400'")
	}
	requireOwners()
	owned, schema := versions(), lines(t, o, o.schema)

	run(t, o, "DELETE FROM goose_db_version WHERE version_id = 12")
	run(t, o, "UPDATE payment_transactions SET merchant_id = '', environment = '' WHERE id = 'txn_2400'")
	run(t, o, "UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 'payment_transactions_by_result'::regclass")
	requireOwners()
	require.Equal(t, owned, versions(), "rows that have an owner are not written again")
	require.Equal(t, schema, lines(t, o, o.schema))

	run(t, o, "DELETE FROM goose_db_version WHERE version_id = 12")
	run(t, o, "DROP INDEX payment_transactions_by_result")
	requireOwners()
	require.Equal(t, schema, lines(t, o, o.schema))
}

// TestPostgresListsTransactionsByIndex: they are neither read whole nor sorted.
func TestPostgresListsTransactionsByIndex(t *testing.T) {
	t.Parallel()
	subject := openPostgres(t)
	w := storetest.NewWorld(t, subject)
	statements := record(t, subject.Store, func(ctx context.Context) {
		_, _, err := w.Payments.Transactions(ctx, w.Scope, payment.TransactionFilter{Result: payment.ResultCaptured, Limit: 5})
		require.NoError(t, err)
	})
	require.Len(t, statements, 2)
	for _, plan := range explainByIndex(t, subject, statements) {
		require.Contains(t, plan, "payment_transactions_by_result", plan)
		require.NotContains(t, plan, "Sort", plan)
	}
}
