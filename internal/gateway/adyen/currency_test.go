package adyen

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/money"
)

// What Adyen's table of currencies says, besides two decimals.
var (
	noDecimals    = []money.Currency{"CVE", "DJF", "GNF", "IDR", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"}
	threeDecimals = []money.Currency{"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"}
)

func TestEveryCurrencyHasAdyensDecimals(t *testing.T) {
	t.Parallel()
	want := map[money.Currency]int{}
	for _, c := range noDecimals {
		want[c] = 0
	}
	for _, c := range threeDecimals {
		want[c] = 3
	}
	for c := range currencies {
		_, err := money.ParseCurrency(string(c))
		require.NoError(t, err, c)
		decimals, special := want[c]
		if !special {
			decimals = 2
		}
		require.Equal(t, decimals, exponent(c), c)
		if own, differs := exponents[c]; differs {
			require.NotEqual(t, own, c.Exponent(), "%s: ISO 4217 says the same", c)
		}
	}
}

func TestAmountsAreWrittenAndReadExactly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		ours   money.Money
		adyens int64
	}{
		{money.New(12_345, "USD"), 12_345}, {money.New(500, "JPY"), 500}, {money.New(12_345, "KWD"), 12_345},
		{money.New(500, "CLP"), 50_000}, {money.New(500, "ISK"), 50_000}, {money.New(50_000, "CVE"), 500}, {money.New(50_000, "IDR"), 500},
	} {
		amount, err := toAdyen(c.ours)
		require.NoError(t, err)
		require.Equal(t, c.adyens, amount, "%s", c.ours)
		back, err := fromAdyen(amount, string(c.ours.Currency))
		require.NoError(t, err)
		require.Equal(t, c.ours, back)
	}
	for _, none := range []money.Money{money.New(12_345, "IDR"), money.New(math.MaxInt64, "CLP"), money.New(math.MinInt64, "ISK")} {
		_, err := toAdyen(none)
		require.ErrorIs(t, err, errAmount, "%s", none)
	}
	_, err := toAdyen(money.New(1, "XXX"))
	require.ErrorIs(t, err, errCurrency)
	_, err = fromAdyen(1, "nothing")
	require.ErrorIs(t, err, errCurrency)
	_, err = fromAdyen(12_345, "CLP")
	require.ErrorIs(t, err, errAmount)
}
