package ledger_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paymenthub/internal/ledger"
	"paymenthub/internal/money"
)

// position is what an account holds in a currency.
type position struct {
	account  ledger.AccountKind
	currency money.Currency
}

func total(all ...ledger.Transaction) map[position]int64 {
	sums := map[position]int64{}
	for _, tx := range all {
		for _, e := range tx.Entries {
			sums[position{e.Account, e.Currency}] += e.Amount
		}
	}
	for key, sum := range sums {
		if sum == 0 {
			delete(sums, key)
		}
	}
	return sums
}

func TestEveryExchangeIsBalanced(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string, low int64) int64 { return rapid.Int64Range(low, money.MaxAmount).Draw(t, name) }
		given, due := money.New(draw("given", 1), "AED"), money.New(draw("due", 0), "USD")
		value := money.New(draw("value", 0), "USD")
		s := ledger.Source{PaymentID: "pi_1", TransactionID: "txn_1"}
		for _, tx := range []ledger.Transaction{
			s.Convert(given, due), s.SettleConversion(due, money.New(draw("third", 1), "JPY")),
			s.ConvertRefund(given, due, value), s.ReverseRefundConversion(given, due, value),
			s.ConvertDispute(given, due), s.ReverseDisputeConversion(given, due),
		} {
			require.NoError(t, tx.Check(), tx.Kind)
		}
		settled := s.SettleConversion(due, value)
		require.Equal(t, due == value, settled.Empty())
		if !settled.Empty() {
			require.NoError(t, settled.Check())
		}
		require.Empty(t, total(s.ConvertRefund(given, due, value), s.ReverseRefundConversion(given, due, value)))
		require.Empty(t, total(s.ConvertDispute(given, due), s.ReverseDisputeConversion(given, due)))
		require.Empty(t, total(s.Convert(given, due), s.ConvertDispute(given, due)), "what all of it is taken out of is nothing")
	})
}

func TestAConvertedPaymentsBooks(t *testing.T) {
	s := ledger.Source{}
	aed, due, settled := money.New(12_000, "AED"), money.New(3268, "USD"), money.New(3260, "USD")
	require.Equal(t, map[position]int64{
		{ledger.Sales, "AED"}: -12_000, {ledger.FXClearing, "AED"}: 12_000, {ledger.FXClearing, "USD"}: -3268,
		{ledger.FXGainLoss, "USD"}: 8, {ledger.GatewayReceivable, "USD"}: 3260,
	}, total(s.Capture(aed), s.Convert(aed, due), s.SettleConversion(due, settled)), "the gateway gave 8 cents less: a loss")
	require.Equal(t, map[position]int64{
		{ledger.Refunds, "AED"}: 5000, {ledger.FXClearing, "AED"}: -5000, {ledger.FXClearing, "USD"}: 1362,
		{ledger.FXGainLoss, "USD"}: 38, {ledger.GatewayReceivable, "USD"}: -1400,
	}, total(s.Refund(money.New(5000, "AED")), s.ConvertRefund(money.New(5000, "AED"), money.New(1362, "USD"), money.New(1400, "USD"))))
}
