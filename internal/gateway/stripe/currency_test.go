package stripe

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paymenthub/internal/money"
)

func TestEveryCurrencyIsOneOfISO4217(t *testing.T) {
	for c := range currencies {
		known, err := money.ParseCurrency(string(c))
		require.NoError(t, err, c)
		require.Equal(t, c, known)
	}
	for c := range units {
		require.True(t, currencies[c], "%s has a unit and is not supported", c)
	}
}

func TestStripesUnits(t *testing.T) {
	for _, c := range []struct {
		ours   money.Money
		theirs int64
	}{
		{money.New(12_345, "USD"), 12_345},
		{money.New(300, "JPY"), 300},
		{money.New(5, "ISK"), 500},
		{money.New(5, "UGX"), 500},
		{money.New(500, "MGA"), 5},
		{money.New(5_120, "KWD"), 5_120},
	} {
		theirs, err := toStripe(c.ours)
		require.NoError(t, err, c.ours)
		require.Equal(t, c.theirs, theirs, c.ours)
	}
	for _, bad := range []money.Money{money.New(5_124, "KWD"), money.New(501, "MGA"), money.New(1<<62, "ISK")} {
		_, err := toStripe(bad)
		require.ErrorIs(t, err, errAmount, bad)
	}
	for _, bad := range []money.Money{money.New(1, "XXX"), money.New(1, "IRR"), money.New(1, "")} {
		_, err := toStripe(bad)
		require.ErrorIs(t, err, errCurrency, bad)
	}
	_, err := fromStripe(250, "isk")
	require.ErrorIs(t, err, errAmount, "a fraction of a króna is not rounded")
	settled, err := fromStripe(-1_234, "iqd")
	require.NoError(t, err, "an account may settle in what no card is charged in")
	require.Equal(t, money.New(-1_234, "IQD"), settled)
}

func TestAmountsSurviveTheWayThereAndBack(t *testing.T) {
	var codes []money.Currency
	for c := range currencies {
		codes = append(codes, c)
	}
	rapid.Check(t, func(t *rapid.T) {
		ours := money.New(rapid.Int64Range(-money.MaxAmount, money.MaxAmount).Draw(t, "minor"), rapid.SampledFrom(codes).Draw(t, "currency"))
		theirs, err := toStripe(ours)
		if err != nil {
			require.ErrorIs(t, err, errAmount)
			require.Contains(t, units, ours.Currency, "only special units refuse amounts")
			return
		}
		back, err := fromStripe(theirs, ours.Currency.Lower())
		require.NoError(t, err)
		require.Equal(t, ours, back)
	})
}
