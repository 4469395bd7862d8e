package ledger_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paymenthub/internal/ledger"
	"paymenthub/internal/money"
)

func TestEveryBookingIsBalanced(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount := money.New(rapid.Int64Range(1, money.MaxAmount).Draw(t, "amount"), "KWD")
		source := ledger.Source{PaymentID: "pi_1", TransactionID: "txn_1", At: time.Now()}
		for _, tx := range []ledger.Transaction{source.Hold(amount), source.Release(amount), source.Capture(amount), source.Fee(amount), source.Refund(amount)} {
			require.NoError(t, tx.Check())
			require.Len(t, tx.Entries, 2)
		}
	})
}

func TestHoldAndReleaseLeaveNothing(t *testing.T) {
	source := ledger.Source{}
	amount := money.New(500, "USD")
	sums := map[ledger.AccountKind]int64{}
	for _, tx := range []ledger.Transaction{source.Hold(amount), source.Release(amount)} {
		for _, e := range tx.Entries {
			sums[e.Account] += e.Amount
		}
	}
	require.Zero(t, sums[ledger.Authorizations])
	require.Zero(t, sums[ledger.AuthorizationHolds])
}

func TestCheckRefusesWhatDoesNotBalance(t *testing.T) {
	tx := ledger.Source{}.Capture(money.New(500, "USD"))
	tx.Entries[0].Amount++
	require.ErrorIs(t, tx.Check(), ledger.ErrUnbalanced)
	tx.Entries[0].Amount = 500
	tx.Entries[0].Currency = "EUR"
	require.ErrorIs(t, tx.Check(), ledger.ErrUnbalanced, "currencies balance each on their own")
	require.ErrorIs(t, ledger.Transaction{}.Check(), ledger.ErrEmpty)
	require.ErrorIs(t, ledger.Source{}.Fee(money.New(0, "USD")).Check(), ledger.ErrEmpty)
}
