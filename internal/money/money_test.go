package money_test

import (
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paymenthub/internal/money"
)

func TestExponentsFollowISO4217(t *testing.T) {
	for code, want := range map[string]int{"JPY": 0, "CLP": 0, "USD": 2, "AED": 2, "EUR": 2, "KWD": 3, "BHD": 3, "TND": 3, "MAD": 2, "ISK": 0} {
		c, err := money.ParseCurrency(code)
		require.NoError(t, err, code)
		require.Equal(t, want, c.Exponent(), code)
	}
}

func TestParseCurrency(t *testing.T) {
	c, err := money.ParseCurrency("aEd")
	require.NoError(t, err)
	require.Equal(t, money.Currency("AED"), c)
	for _, bad := range []string{"", "US", "USDX", "ZZZ", "U$D", "\xff\xff\xff", "ıUS"} {
		_, err := money.ParseCurrency(bad)
		require.ErrorIs(t, err, money.ErrUnknownCurrency, "%q", bad)
	}
}

func TestCurrenciesDoNotMix(t *testing.T) {
	_, err := money.New(1, "USD").Add(money.New(1, "EUR"))
	require.ErrorIs(t, err, money.ErrCurrencyMismatch)
	_, err = money.Money{}.Add(money.Money{})
	require.ErrorIs(t, err, money.ErrCurrencyMismatch, "an amount without a currency combines with nothing")
}

func TestStringUsesTheCurrencysDecimals(t *testing.T) {
	require.Equal(t, "USD 12.05", money.New(1205, "USD").String())
	require.Equal(t, "USD -0.05", money.New(-5, "USD").String())
	require.Equal(t, "JPY 300", money.New(300, "JPY").String())
	require.Equal(t, "KWD 1.234", money.New(1234, "KWD").String())
	require.Equal(t, "200.00", money.New(20000, "EUR").Decimal())
	require.Equal(t, "-92233720368547758.08", money.New(math.MinInt64, "USD").Decimal())
}

func TestAddIsExactOrRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64().Draw(t, "a"), rapid.Int64().Draw(t, "b")
		exact := new(big.Int).Add(big.NewInt(a), big.NewInt(b))
		sum, err := money.New(a, "USD").Add(money.New(b, "USD"))
		if exact.IsInt64() {
			require.NoError(t, err)
			require.Equal(t, exact.Int64(), sum.Minor)
			back, err := sum.Sub(money.New(b, "USD"))
			if b != math.MinInt64 {
				require.NoError(t, err)
				require.Equal(t, a, back.Minor)
			}
			return
		}
		require.ErrorIs(t, err, money.ErrOverflow)
	})
}

func TestBasisPointsRoundsHalfUp(t *testing.T) {
	for _, c := range []struct{ amount, bps, want int64 }{{1999, 250, 50}, {100, 50, 1}, {99, 50, 0}, {-100, 50, -1}, {math.MaxInt64, 10_000, math.MaxInt64}} {
		got, err := money.New(c.amount, "USD").BasisPoints(c.bps)
		require.NoError(t, err)
		require.Equal(t, c.want, got.Minor, "%d bps of %d", c.bps, c.amount)
	}
	_, err := money.New(1, "USD").BasisPoints(10_001)
	require.Error(t, err)
}
