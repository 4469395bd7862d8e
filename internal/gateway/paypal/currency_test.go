package paypal

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paymenthub/internal/money"
)

func TestEveryCurrencyIsOneOfISO4217(t *testing.T) {
	t.Parallel()
	require.Len(t, currencies, 23)
	for c := range currencies {
		known, err := money.ParseCurrency(string(c))
		require.NoError(t, err, c)
		require.Equal(t, c, known)
	}
	for c := range decimals {
		require.True(t, currencies[c])
		require.NotEqual(t, decimals[c], c.Exponent(), "%s needs no row", c)
	}
	for _, f := range fees {
		require.True(t, currencies[f.Currency])
		require.Equal(t, f.Currency, f.Fixed.Currency)
	}
}

func TestAmountsAreWrittenWithPayPalsDecimals(t *testing.T) {
	t.Parallel()
	for want, m := range map[string]money.Money{
		"120.00": money.New(12_000, "EUR"), "0.01": money.New(1, "USD"), "0.10": money.New(10, "USD"), "300": money.New(300, "JPY"),
		"1": money.New(100, "HUF"), "12000": money.New(1_200_000, "TWD"), "90071992547409.91": money.New(money.MaxAmount, "GBP"),
	} {
		got, err := toPayPal(m)
		require.NoError(t, err)
		require.Equal(t, amount{string(m.Currency), want}, got)
	}
	for m, want := range map[money.Money]error{
		money.New(150, "HUF"): errAmount, money.New(1, "TWD"): errAmount, money.New(0, "EUR"): errAmount, money.New(-1, "EUR"): errAmount,
		money.New(100, "KWD"): errCurrency, money.New(100, "CNY"): errCurrency, money.New(100, "XXX"): errCurrency,
	} {
		_, err := toPayPal(m)
		require.ErrorIs(t, err, want, "%s", m)
	}
}

func TestWhatIsNoAmountIsNotRead(t *testing.T) {
	t.Parallel()
	for _, a := range []amount{
		{}, {"EUR", ""}, {"EUR", "."}, {"EUR", ".50"}, {"EUR", "-1.00"}, {"EUR", "1,00"}, {"EUR", "1.001"}, {"EUR", "1.0.0"}, {"EUR", "1e3"},
		{"EUR", "92233720368547758.08"}, {"", "1.00"}, {"EURO", "1.00"}, {"JPY", "1.5"},
	} {
		_, err := a.money()
		require.Error(t, err, "%v", a)
	}
	for a, want := range map[amount]money.Money{
		{"EUR", "1"}: money.New(100, "EUR"), {"JPY", "300.00"}: money.New(300, "JPY"), {"KWD", "1.2"}: money.New(1_200, "KWD"), {"eur", "1.50"}: money.New(150, "EUR"),
	} {
		got, err := a.money()
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestAmountsReadBackAsThemselves(t *testing.T) {
	t.Parallel()
	all := make([]money.Currency, 0, len(currencies))
	for c := range currencies {
		all = append(all, c)
	}
	rapid.Check(t, func(t *rapid.T) {
		m := money.New(rapid.Int64Range(1, money.MaxAmount).Draw(t, "minor"), rapid.SampledFrom(all).Draw(t, "currency"))
		written, err := toPayPal(m)
		if err != nil {
			require.ErrorIs(t, err, errAmount)
			require.NotZero(t, m.Minor%100)
			require.Contains(t, decimals, m.Currency)
			return
		}
		read, err := written.money()
		require.NoError(t, err)
		require.Equal(t, m, read)
	})
}
