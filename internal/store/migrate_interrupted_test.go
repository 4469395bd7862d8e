package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"paymenthub/internal/store/storetest"
)

// toTwelve is a Postgres of migrations 1 to 12, with a schema for what tests put in
// the way of later ones.
func toTwelve(t *testing.T) old {
	o := oldPostgres(t)
	_, err := o.goose.UpTo(context.Background(), 12)
	require.NoError(t, err)
	run(t, o, "CREATE SCHEMA hurdle")
	return o
}

// TestInterruptedMigrationsGoOn stops every later migration at each of its statements,
// in both directions, and starts it again.
func TestInterruptedMigrationsGoOn(t *testing.T) {
	t.Parallel()
	o, ctx := toTwelve(t), context.Background()
	before := lines(t, o, o.schema)
	_, err := o.goose.Up(ctx)
	require.NoError(t, err)
	after := lines(t, o, o.schema)
	taken, err := o.goose.DownTo(ctx, 12)
	require.NoError(t, err)

	run(t, o, "CREATE SEQUENCE hurdle.steps MINVALUE -1000")
	run(t, o, `CREATE FUNCTION hurdle.stop() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
		IF nextval('hurdle.steps') = 0 THEN RAISE EXCEPTION 'the power fails'; END IF;
	END $$`)
	// DROP INDEX CONCURRENTLY bears nothing before it; what follows it is stopped.
	run(t, o, `CREATE EVENT TRIGGER stops ON ddl_command_start WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE', 'DROP TABLE',
		'CREATE INDEX', 'CREATE FUNCTION', 'DROP FUNCTION', 'CREATE TRIGGER', 'DROP TRIGGER') EXECUTE FUNCTION hurdle.stop()`)
	interrupted := func(migrate func(context.Context) (*goose.MigrationResult, error)) {
		err := errors.New("the power fails")
		for n := 1; err != nil; n++ {
			require.ErrorContains(t, err, "the power fails")
			run(t, o, fmt.Sprintf("SELECT setval('hurdle.steps', -%d)", n))
			_, err = migrate(ctx)
		}
		require.Empty(t, lines(t, o, "SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid"))
		require.Empty(t, lines(t, o, "SELECT conname FROM pg_constraint WHERE NOT convalidated"))
	}
	for range taken {
		interrupted(o.goose.UpByOne)
	}
	require.Equal(t, after, lines(t, o, o.schema))
	for range taken {
		interrupted(o.goose.Down)
	}
	require.Equal(t, before, lines(t, o, o.schema))
}

// TestMigrationsCheckRowsWhileOthersWrite: no later migration holds the rows of a table
// against a constraint while it keeps everybody out of that table.
func TestMigrationsCheckRowsWhileOthersWrite(t *testing.T) {
	t.Parallel()
	o := toTwelve(t)
	run(t, o, `CREATE FUNCTION hurdle.refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
		IF EXISTS (SELECT FROM pg_constraint JOIN pg_locks ON relation = conrelid
			WHERE pid = pg_backend_pid() AND mode = 'AccessExclusiveLock'
				AND contype IN ('c', 'f') AND convalidated AND pg_constraint.xmin = pg_current_xact_id()::xid) THEN
			RAISE EXCEPTION 'rows are checked while nobody can write';
		END IF;
	END $$`)
	run(t, o, `CREATE EVENT TRIGGER refuses ON ddl_command_end WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION hurdle.refuse()`)
	_, err := o.Exec("ALTER TABLE refunds ADD CONSTRAINT hurdle CHECK (amount > 0)")
	require.ErrorContains(t, err, "nobody can write", "the hurdle works")

	_, err = o.goose.Up(context.Background())
	require.NoError(t, err)
	require.Empty(t, lines(t, o, "SELECT conname FROM pg_constraint WHERE NOT convalidated"))
}

// TestBooksWithConversionsDoNotGoBack: migration 16 is not taken back from under them,
// and no part of it.
func TestBooksWithConversionsDoNotGoBack(t *testing.T) {
	t.Parallel()
	w := fill(t, storetest.NewWorld(t, openPostgres(t)))
	o, ctx := oldPostgres(t), context.Background()
	copyRows(t, w.SQL, o)
	_, err := o.goose.UpTo(ctx, 16)
	require.NoError(t, err)
	run(t, o, `INSERT INTO ledger_accounts (merchant_id, environment, currency, account, balance)
		SELECT merchant_id, environment, currency, 'fx_clearing', 0 FROM ledger_accounts LIMIT 1`)
	schema, kept := lines(t, o, o.schema), rows(t, o)

	_, err = o.goose.DownTo(ctx, 15)
	require.ErrorContains(t, err, "ledger_accounts_account_check")
	require.Equal(t, schema, lines(t, o, o.schema))
	require.Equal(t, kept, rows(t, o))
}
