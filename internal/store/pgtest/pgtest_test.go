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

func TestTemplateIsFilledOnce(t *testing.T) {
	ctx, filled := context.Background(), 0
	template := pgtest.NewTemplate(func(t testing.TB, url string) {
		filled++
		conn, err := pgx.Connect(ctx, url)
		require.NoError(t, err)
		_, err = conn.Exec(ctx, "CREATE TABLE kept AS SELECT 42 AS answer")
		require.NoError(t, err)
		require.NoError(t, conn.Close(ctx))
	})
	for range 2 {
		conn, err := pgx.Connect(ctx, template.NewDatabase(t))
		require.NoError(t, err)
		var answers []int
		require.NoError(t, conn.QueryRow(ctx, "SELECT array_agg(answer) FROM kept").Scan(&answers))
		require.Equal(t, []int{42}, answers, "what another copy is given is not in the template")
		_, err = conn.Exec(ctx, "INSERT INTO kept VALUES (43)")
		require.NoError(t, err)
		require.NoError(t, conn.Close(ctx))
	}
	require.Equal(t, 1, filled)
}
