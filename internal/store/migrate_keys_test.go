package store_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/store"
	"paymenthub/internal/store/storetest"
)

// TestKeysMayUseWebhooks: keys that might do everything before there were webhooks may
// still do everything, and others nothing more.
func TestKeysMayUseWebhooks(t *testing.T) {
	for name, open := range map[string]struct {
		old    func(*testing.T) old
		filled func(testing.TB) storetest.Subject
	}{"sqlite": {oldSQLite, openSQLite}, "postgres": {oldPostgres, openPostgres}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := storetest.NewWorld(t, open.filled(t))
			cases := []struct {
				kind          merchant.KeyKind
				before, after []merchant.Permission
			}{
				{merchant.SecretKey, []merchant.Permission{"payments:read", "routing:write"}, []merchant.Permission{"payments:read", "routing:write", "webhooks:read", "webhooks:write"}},
				{merchant.SecretKey, []merchant.Permission{"routing:write", "ledger:read"}, []merchant.Permission{"routing:write", "ledger:read", "webhooks:read", "webhooks:write"}},
				{merchant.SecretKey, []merchant.Permission{"payments:read", "routing:read"}, []merchant.Permission{"payments:read", "routing:read"}},
				{merchant.SecretKey, []merchant.Permission{}, []merchant.Permission{}},
				{merchant.PublishableKey, []merchant.Permission{"payments:confirm", "routing:write"}, []merchant.Permission{"payments:confirm", "routing:write"}},
			}
			ctx, ids := context.Background(), []string{}
			for i, c := range cases {
				k := merchant.Key{
					ID: id.New(id.APIKey), Scope: w.Scope, Kind: c.kind, Prefix: fmt.Sprint("prefix", i), Hash: fmt.Sprint("hash", i),
					Permissions: c.before, CreatedAt: w.Clock.Now(),
				}
				require.NoError(t, w.Store.Merchants().CreateKey(ctx, k))
				ids = append(ids, k.ID)
			}
			o := open.old(t)
			copyRows(t, w.SQL, o)
			_, err := o.goose.UpTo(ctx, 16)
			require.NoError(t, err)
			before := lines(t, o, "SELECT id, permissions FROM api_keys")
			_, err = o.goose.Up(ctx)
			require.NoError(t, err)
			s, err := store.Open(ctx, o.options)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, s.Close()) })
			for i, c := range cases {
				k, err := s.Merchants().Key(ctx, ids[i])
				require.NoError(t, err)
				require.Equal(t, c.after, k.Permissions)
			}
			_, err = o.goose.DownTo(ctx, 16)
			require.NoError(t, err)
			require.Equal(t, before, lines(t, o, "SELECT id, permissions FROM api_keys"))
		})
	}
}
