package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
)

func (w *World) key(name string) merchant.Key {
	return merchant.Key{
		ID: id.New(id.APIKey), Scope: w.Scope, Kind: merchant.SecretKey, Name: name, Prefix: "sk_sandbox_" + name,
		Hash: id.NewSuffix(), Permissions: []merchant.Permission{merchant.ReadPayments, merchant.WriteRefunds}, CreatedAt: w.now(),
	}
}

func keys(t *testing.T, w *World) {
	repo := w.Store.Merchants()
	_, err := repo.Merchant(ctx, "mch_none")
	require.True(t, fault.Is(err, fault.NotFound))
	m, err := repo.Merchant(ctx, w.Scope.MerchantID)
	require.NoError(t, err)
	require.Equal(t, "Ærø Books", m.Name)

	first, second := w.key("a"), w.key("b")
	second.Kind, second.Permissions = merchant.PublishableKey, []merchant.Permission{}
	second.LastUsedAt, second.ExpiresAt, second.RevokedAt = w.now(), w.now(), w.now()
	require.NoError(t, repo.CreateKey(ctx, first))
	require.NoError(t, repo.CreateKey(ctx, second))
	require.Error(t, repo.CreateKey(ctx, first))
	for _, want := range []merchant.Key{first, second} {
		got, err := repo.Key(ctx, want.ID)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err = repo.Key(ctx, "key_none")
	require.True(t, fault.Is(err, fault.NotFound))

	byPrefix, err := repo.KeysByPrefix(ctx, first.Prefix)
	require.NoError(t, err)
	require.Equal(t, []merchant.Key{first}, byPrefix)
	byPrefix, err = repo.KeysByPrefix(ctx, "sk_sandbox_")
	require.NoError(t, err)
	require.Empty(t, byPrefix, "the whole prefix, not a part of it")

	successor := w.key("c")
	endsAt := w.now().Add(merchant.RotationOverlap)
	require.NoError(t, repo.ReplaceKey(ctx, first.ID, endsAt, successor))
	require.True(t, fault.Is(repo.ReplaceKey(ctx, "key_none", endsAt, w.key("d")), fault.NotFound))
	first.ExpiresAt = endsAt
	of, err := repo.KeysOf(ctx, w.Scope.MerchantID)
	require.NoError(t, err)
	require.ElementsMatch(t, []merchant.Key{first, second, successor}, of)
	for i := 1; i < len(of); i++ {
		require.Less(t, of[i].ID, of[i-1].ID, "newest first")
	}

	used := w.now()
	require.NoError(t, repo.TouchKeys(ctx, map[string]time.Time{first.ID: used, successor.ID: used, "key_none": used}))
	require.NoError(t, repo.TouchKeys(ctx, map[string]time.Time{first.ID: used.Add(-time.Hour)}), "never back")
	revoked := w.now()
	require.NoError(t, repo.RevokeKey(ctx, first.ID, revoked))
	require.NoError(t, repo.RevokeKey(ctx, first.ID, revoked.Add(time.Hour)), "twice is no error")
	require.True(t, fault.Is(repo.RevokeKey(ctx, "key_none", revoked), fault.NotFound))
	first.LastUsedAt, first.RevokedAt = used, revoked
	got, err := repo.Key(ctx, first.ID)
	require.NoError(t, err)
	require.Equal(t, first, got)
}

func oneRotationWins(t *testing.T, w *World) {
	const n = 10
	repo := w.Store.Merchants()
	old := w.key("old")
	require.NoError(t, repo.CreateKey(ctx, old))
	successors := make([]merchant.Key, n)
	for i := range successors {
		successors[i] = w.key("new")
	}
	endsAt, won := w.now(), 0
	for _, err := range together(n, func(i int) error { return repo.ReplaceKey(ctx, old.ID, endsAt, successors[i]) }) {
		if err == nil {
			won++
		} else {
			require.True(t, fault.Is(err, fault.NotFound), err)
		}
	}
	require.Equal(t, 1, won)
	of, err := repo.KeysOf(ctx, w.Scope.MerchantID)
	require.NoError(t, err)
	require.Len(t, of, 2)
}
