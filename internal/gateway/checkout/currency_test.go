package checkout

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paymenthub/internal/gateway"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

func TestEveryCurrencyIsOfISO4217(t *testing.T) {
	t.Parallel()
	for c := range currencies {
		_, err := money.ParseCurrency(string(c))
		require.NoError(t, err, c)
	}
	for c := range units {
		require.Contains(t, currencies, c)
	}
}

func TestAmounts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		ours   money.Money
		theirs int64
		err    error
	}{
		{money.New(1, "USD"), 1, nil},
		{money.New(maxAmount, "USD"), maxAmount, nil},
		{money.New(maxAmount+1, "USD"), 0, errAmount},
		{money.New(0, "USD"), 0, errAmount},
		{money.New(-1, "USD"), 0, errAmount},
		{money.New(300, "JPY"), 300, nil},
		{money.New(12, "CLP"), 1200, nil},
		{money.New(9_999_999, "CLP"), 999_999_900, nil},
		{money.New(10_000_000, "CLP"), 0, errAmount},
		{money.New(12_340, "KWD"), 12_340, nil},
		{money.New(12_341, "KWD"), 0, errAmount},
		{money.New(100, "XXX"), 0, errCurrency},
		{money.New(100, "KPW"), 0, errCurrency},
	} {
		theirs, err := toCheckout(c.ours)
		require.ErrorIs(t, err, c.err, c.ours)
		require.Equal(t, c.theirs, theirs, c.ours)
	}
	_, err := fromCheckout(101, "CLP")
	require.ErrorIs(t, err, errAmount)
	_, err = fromCheckout(101, "nothing")
	require.ErrorIs(t, err, errCurrency)
}

// What can be sent comes back as it was, and is what the capabilities say.
func TestAmountsComeBack(t *testing.T) {
	t.Parallel()
	var codes []money.Currency
	for c := range currencies {
		codes = append(codes, c)
	}
	rapid.Check(t, func(t *rapid.T) {
		m := money.New(rapid.Int64Range(0, 2*maxAmount).Draw(t, "minor"), rapid.SampledFrom(codes).Draw(t, "currency"))
		theirs, err := toCheckout(m)
		if err == nil {
			back, err := fromCheckout(theirs, string(m.Currency))
			require.NoError(t, err)
			require.Equal(t, m, back)
		}
		refusal := capabilities.Refusal(gateway.Order{Method: payment.MethodCard, Amount: m, Manual: true})
		if unitOf(m.Currency).step == unitOf(m.Currency).times {
			require.Equal(t, err == nil, refusal == "", "%s: %v, %q", m, err, refusal)
		} else if refusal != "" {
			require.Error(t, err)
		}
	})
}
