package storetest

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/id"
	"paymenthub/internal/idempotency"
	"paymenthub/internal/merchant"
)

func (w *World) request(key string) idempotency.Request {
	now := w.now()
	return idempotency.Request{
		Slot:   idempotency.Slot{Scope: w.Scope, Method: "POST", Path: "/v3/payment_intents", Key: key},
		Digest: []byte{1, 2, 3}, OperationID: id.NewSuffix(),
		LockedUntil: now.Add(15 * time.Second), ExpiresAt: now.Add(idempotency.Retention),
	}
}

func slotIsReservedOnce(t *testing.T, w *World) {
	const n = 50
	requests := w.Store.Idempotency()
	tries := make([]idempotency.Request, n)
	for i := range tries {
		tries[i] = w.request("once")
	}
	now := w.now()
	held, mine := make([]idempotency.Request, n), make([]bool, n)
	for _, err := range together(n, func(i int) (err error) {
		held[i], mine[i], err = requests.Reserve(ctx, tries[i], now)
		return err
	}) {
		require.NoError(t, err)
	}
	winner := -1
	for i := range mine {
		if mine[i] {
			require.Equal(t, -1, winner, "two requests hold the slot")
			winner = i
		}
	}
	require.NotEqual(t, -1, winner)
	for i := range held {
		require.Equal(t, tries[winner], held[i], "everybody learns who holds it")
	}

	// slots that differ in one part are different ones
	long := w.request(strings.Repeat("k", idempotency.MaxKeyLength))
	long.Path = "/v3/payment_intents/" + strings.Repeat("x", 8000)
	other := []idempotency.Request{w.request("twice"), w.request("once"), w.request("once"), w.request("once"), long}
	other[1].Path = "/v3/refunds"
	other[2].Method = "PUT"
	other[3].Scope.Environment = merchant.Live
	for _, r := range other {
		got, mine, err := requests.Reserve(ctx, r, now)
		require.NoError(t, err)
		require.True(t, mine)
		require.Equal(t, r, got)
	}
}

func requestIsTakenOverOnce(t *testing.T, w *World) {
	const n = 30
	requests := w.Store.Idempotency()
	r := w.request("k")
	_, _, err := requests.Reserve(ctx, r, w.now())
	require.NoError(t, err)
	until := r.LockedUntil.Add(15 * time.Second)
	takeOver := func(seen time.Time) (won int) {
		mine := make([]bool, n)
		for _, err := range together(n, func(i int) (err error) {
			mine[i], err = requests.TakeOver(ctx, r.Slot, seen, until)
			return err
		}) {
			require.NoError(t, err)
		}
		for _, m := range mine {
			if m {
				won++
			}
		}
		return won
	}
	require.Zero(t, takeOver(r.LockedUntil.Add(-time.Microsecond)), "another has it")
	require.Zero(t, takeOver(time.Time{}), "it is locked")
	require.Equal(t, 1, takeOver(r.LockedUntil), "as it was seen")
	held, mine, err := requests.Reserve(ctx, w.request("k"), w.now())
	require.NoError(t, err)
	require.False(t, mine)
	require.Equal(t, r.OperationID, held.OperationID, "the operation stays the same")
	require.Equal(t, until, held.LockedUntil)

	require.NoError(t, requests.Unlock(ctx, r.Slot))
	require.Equal(t, 1, takeOver(time.Time{}), "an unlocked one at once")

	require.NoError(t, requests.Complete(ctx, r.Slot, idempotency.Response{Status: 200, KeyVersion: 1, Sealed: []byte("x")}))
	require.Zero(t, takeOver(until), "one that has ended never")
	require.Zero(t, takeOver(time.Time{}), "nor when it is unlocked")
	missing := r.Slot
	missing.Key = "none"
	mine, err = requests.TakeOver(ctx, missing, time.Time{}, w.now())
	require.NoError(t, err)
	require.False(t, mine)
}

func responseIsRemembered(t *testing.T, w *World) {
	requests := w.Store.Idempotency()
	r := w.request("k")
	_, _, err := requests.Reserve(ctx, r, w.now())
	require.NoError(t, err)
	response := idempotency.Response{Status: 402, KeyVersion: 2, Sealed: []byte{0, 0xff, 7}}
	require.NoError(t, requests.Complete(ctx, r.Slot, response))
	require.NoError(t, requests.Complete(ctx, r.Slot, idempotency.Response{Status: 200, KeyVersion: 2, Sealed: []byte("late")}))
	require.NoError(t, requests.Forget(ctx, r.Slot))
	require.NoError(t, requests.Unlock(ctx, r.Slot))

	held, mine, err := requests.Reserve(ctx, w.request("k"), r.ExpiresAt.Add(-time.Microsecond))
	require.NoError(t, err)
	require.False(t, mine)
	require.Equal(t, &response, held.Response, "the first answer stays")
	require.Equal(t, r.Digest, held.Digest)

	renewed := w.request("k")
	renewed.ExpiresAt = r.ExpiresAt.Add(time.Hour)
	held, mine, err = requests.Reserve(ctx, renewed, r.ExpiresAt)
	require.NoError(t, err)
	require.True(t, mine, "an expired request is replaced")
	require.Equal(t, renewed, held)
	held, _, err = requests.Reserve(ctx, w.request("k"), r.ExpiresAt)
	require.NoError(t, err)
	require.Equal(t, renewed, held, "and its answer is gone")

	require.NoError(t, requests.Forget(ctx, r.Slot))
	_, mine, err = requests.Reserve(ctx, w.request("k"), w.now())
	require.NoError(t, err)
	require.True(t, mine, "a forgotten request leaves its slot free")

	for _, key := range []string{"x", "y", "z"} {
		_, _, err := requests.Reserve(ctx, w.request(key), w.now())
		require.NoError(t, err)
	}
	later := w.now().Add(idempotency.Retention)
	deleted, err := requests.DeleteExpired(ctx, w.now(), 10)
	require.NoError(t, err)
	require.Zero(t, deleted)
	for _, want := range []int64{3, 1, 0} {
		deleted, err := requests.DeleteExpired(ctx, later, 3)
		require.NoError(t, err)
		require.Equal(t, want, deleted)
	}
}
