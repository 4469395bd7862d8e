package pgtest_test

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"paymenthub/internal/store/pgtest"
)

func TestClusterRestartsWithItsData(t *testing.T) {
	cluster, err := pgtest.Start()
	if errors.Is(err, pgtest.ErrMissing) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cluster.Stop()) })

	ctx := context.Background()
	require.NoError(t, cluster.Exec(ctx, "CREATE TABLE kept AS SELECT 42 AS answer"))
	open, err := pgx.Connect(ctx, cluster.URL("postgres"))
	require.NoError(t, err)
	require.NoError(t, cluster.Restart())
	require.Error(t, open.Ping(ctx), "connections do not survive")

	again, err := pgx.Connect(ctx, cluster.URL("postgres"))
	require.NoError(t, err)
	defer again.Close(ctx)
	var answer int
	require.NoError(t, again.QueryRow(ctx, "SELECT answer FROM kept").Scan(&answer))
	require.Equal(t, 42, answer)
}

func TestDatabasesAreSeparate(t *testing.T) {
	require.NotEqual(t, pgtest.NewDatabase(t), pgtest.NewDatabase(t))
}
