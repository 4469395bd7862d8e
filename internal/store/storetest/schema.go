package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/store"
)

func migrationsGoBothWays(t *testing.T, w *World) {
	sold := w.Sold(t, w.Wanted())
	require.NoError(t, w.Payments.Apply(ctx, w.refunding(t, sold, 100)))
	applied := func() (n int) {
		list, err := w.Store.MigrationStatus(ctx)
		require.NoError(t, err)
		require.NotEmpty(t, list)
		for i, m := range list {
			require.EqualValues(t, i+1, m.Version)
			require.Contains(t, m.Name, ".sql")
			if !m.AppliedAt.IsZero() {
				n++
			}
		}
		return n
	}
	all := applied()
	require.Greater(t, all, 3)
	require.NoError(t, w.Store.Migrate(ctx), "nothing to do is no error")

	require.NoError(t, w.Store.MigrateDown(ctx, 1))
	require.Equal(t, all-1, applied())
	require.NoError(t, w.Store.MigrateDown(ctx, 100), "as many as there are, data or not")
	require.Zero(t, applied())
	_, err := w.Payments.Payment(ctx, w.Scope, sold.Intent.ID)
	require.Error(t, err)

	require.NoError(t, w.Store.Migrate(ctx))
	require.Equal(t, all, applied())
	w.Scope = w.NewMerchant(t)
	w.Sold(t, w.Wanted())
	if w.Store.Dialect() == store.Postgres {
		for _, err := range together(4, func(int) error { return w.Store.Migrate(ctx) }) {
			require.NoError(t, err)
		}
	}
}
