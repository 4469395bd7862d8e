package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/payment"
)

func cardIsErased(t *testing.T, w *World) {
	cards := w.Store.Vault()
	_, err := cards.Card(ctx, "tok_none")
	require.True(t, fault.Is(err, fault.NotFound))

	begun := w.Begun(t, w.Insert(t, w.Wanted()))
	a := w.Apply(t, begun)
	token := begun.Attempt.CardToken
	got, err := cards.Card(ctx, token)
	require.NoError(t, err)
	require.Equal(t, *begun.Card, got)

	w.Apply(t, w.Captured(t, a)) // erases
	erased := *begun.Card
	erased.Sealed, erased.SealedCVC = nil, nil
	got, err = cards.Card(ctx, token)
	require.NoError(t, err)
	require.Equal(t, erased, got, "the summary stays")

	require.NoError(t, cards.PutCard(ctx, *begun.Card))
	again := w.Begun(t, w.Insert(t, w.Wanted()))
	again.Attempt.CardToken, again.Card = token, begun.Card
	require.NoError(t, w.Payments.Apply(ctx, again))
	got, err = cards.Card(ctx, token)
	require.NoError(t, err)
	require.Equal(t, erased, got, "a card that is erased does not come back")

	// a card of another merchant is not erased by this merchant's payment
	foreign := w.card(id.New(id.VaultCard))
	foreign.Scope = w.NewMerchant(t)
	require.NoError(t, cards.PutCard(ctx, foreign))
	change, err := again.Intent.Raise("", w.now())
	require.NoError(t, err)
	change.EraseCard = foreign.Token
	require.NoError(t, w.Payments.Apply(ctx, change))
	got, err = cards.Card(ctx, foreign.Token)
	require.NoError(t, err)
	require.Equal(t, foreign, got)

	// a refused change erases nothing
	kept := w.card(id.New(id.VaultCard))
	require.NoError(t, cards.PutCard(ctx, kept))
	change.EraseCard = kept.Token
	require.ErrorIs(t, w.Payments.Apply(ctx, change), payment.ErrStale)
	got, err = cards.Card(ctx, kept.Token)
	require.NoError(t, err)
	require.Equal(t, kept, got)
}

func codesExpire(t *testing.T, w *World) {
	cards := w.Store.Vault()
	old, boundary, fresh := w.card("tok_old"), w.card("tok_boundary"), w.card("tok_fresh")
	boundary.CreatedAt = old.CreatedAt.Add(time.Microsecond)
	fresh.CreatedAt = old.CreatedAt.Add(time.Hour)
	require.NoError(t, cards.PutCard(ctx, old))
	require.NoError(t, cards.PutCard(ctx, boundary))
	require.NoError(t, cards.PutCard(ctx, fresh))

	erased, err := cards.EraseOld(ctx, boundary.CreatedAt, old.CreatedAt)
	require.NoError(t, err)
	require.EqualValues(t, 1, erased)
	old.SealedCVC = nil
	for _, want := range []struct{ token string }{{"tok_old"}, {"tok_boundary"}, {"tok_fresh"}} {
		got, err := cards.Card(ctx, want.token)
		require.NoError(t, err)
		require.Equal(t, want.token != "tok_old", got.SealedCVC != nil, want.token)
		require.NotNil(t, got.Sealed, "the card itself stays")
	}
	erased, err = cards.EraseOld(ctx, boundary.CreatedAt, old.CreatedAt)
	require.NoError(t, err)
	require.Zero(t, erased)

	erased, err = cards.EraseOld(ctx, boundary.CreatedAt, boundary.CreatedAt)
	require.NoError(t, err)
	require.EqualValues(t, 1, erased, "a card that no gateway answered for goes too, later")
	got, err := cards.Card(ctx, "tok_old")
	require.NoError(t, err)
	require.Nil(t, got.Sealed)
	require.Equal(t, old.Last4, got.Last4, "its summary stays")
}
