package storetest

import (
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/ledger"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
)

// together runs n calls at the same time and returns their errors.
func together(n int, call func(i int) error) []error {
	errs := make([]error, n)
	var ready, done sync.WaitGroup
	ready.Add(n)
	for i := range n {
		done.Go(func() {
			ready.Done()
			ready.Wait()
			errs[i] = call(i)
		})
	}
	done.Wait()
	return errs
}

func oneChangeWins(t *testing.T, w *World) {
	const n = 50
	p := w.Insert(t, w.Wanted())
	changes := make([]payment.Change, n)
	for i := range changes {
		changes[i] = w.Begun(t, p)
	}
	winner := -1
	for i, err := range together(n, func(i int) error { return w.Payments.Apply(ctx, changes[i]) }) {
		if err == nil {
			require.Equal(t, -1, winner, "two changes won")
			winner = i
			continue
		}
		require.ErrorIs(t, err, payment.ErrStale)
	}
	require.NotEqual(t, -1, winner)
	require.Equal(t, changes[winner].Intent, w.load(t, p.ID).Intent)
	require.Equal(t, 1, w.count(t, "payment_attempts"))

	// two captures of one authorization, both recorded: the books take one
	a := w.load(t, p.ID)
	captured := w.Captured(t, a)
	won := 0
	for _, err := range together(n, func(int) error { return w.Payments.Apply(ctx, captured) }) {
		if err == nil {
			won++
		} else {
			require.ErrorIs(t, err, payment.ErrStale)
		}
	}
	require.Equal(t, 1, won)
	require.Equal(t, 2, w.count(t, "ledger_transactions"))

	same := w.Opened(t, w.Wanted())
	won = 0
	for _, err := range together(n, func(int) error { return w.Payments.Insert(ctx, same) }) {
		if err == nil {
			won++
		} else {
			require.ErrorIs(t, err, payment.ErrExists)
		}
	}
	require.Equal(t, 1, won)
}

// simultaneousBalances has many payments of two merchants post to the same
// accounts at once: nothing deadlocks and no cent is lost.
func simultaneousBalances(t *testing.T, w *World) {
	const n = 40
	second := w.NewMerchant(t)
	changes := make([]payment.Change, n)
	for i := range changes {
		wanted := w.Wanted()
		if i%2 == 1 {
			wanted.Scope = second
		}
		begun := w.Begun(t, w.Insert(t, wanted))
		begun.Card = nil
		changes[i] = w.Captured(t, w.Apply(t, begun))
		if i%4 == 3 { // the same accounts in another order
			changes[i].Ledger[0], changes[i].Ledger[1] = changes[i].Ledger[1], changes[i].Ledger[0]
		}
	}
	require.NoError(t, errors.Join(together(n, func(i int) error { return w.Payments.Apply(ctx, changes[i]) })...))
	for _, scope := range []merchant.Scope{w.Scope, second} {
		balances, err := w.Store.Ledger().Balances(ctx, scope)
		require.NoError(t, err)
		require.Equal(t, []ledger.Balance{
			{Account: ledger.GatewayFees, Currency: "USD", Amount: n / 2 * 175},
			{Account: ledger.GatewayReceivable, Currency: "USD", Amount: n / 2 * (5000 - 175)},
			{Account: ledger.Sales, Currency: "USD", Amount: n / 2 * -5000},
		}, balances)
	}
}
