package mollie

import (
	"testing"

	"github.com/VictorAvelar/mollie-api-go/v4/mollie"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paymenthub/internal/money"
)

func TestAmountsAreWrittenExactly(t *testing.T) {
	for want, m := range map[string]money.Money{
		"12.50": money.New(1_250, "EUR"), "0.01": money.New(1, "EUR"), "0.10": money.New(10, "GBP"), "300": money.New(300, "JPY"),
		"1299.00": money.New(129_900, "HUF"), "90071992547409.91": money.New(money.MaxAmount, "USD"),
	} {
		a, err := toMollie(m)
		require.NoError(t, err)
		require.Equal(t, mollie.Amount{Currency: string(m.Currency), Value: want}, *a)
	}
	for _, m := range []money.Money{money.New(0, "EUR"), money.New(-1, "EUR"), money.New(1, "HUF"), money.New(150, "TWD")} {
		_, err := toMollie(m)
		require.ErrorIs(t, err, errAmount, m)
	}
	for _, m := range []money.Money{money.New(1, "AED"), money.New(1, "ISK"), money.New(1, "XXX"), {}} {
		_, err := toMollie(m)
		require.ErrorIs(t, err, errCurrency, m)
	}
}

func TestAmountsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := money.New(rapid.Int64Range(1, money.MaxAmount).Draw(t, "minor"), rapid.SampledFrom([]money.Currency{"EUR", "USD", "JPY", "CHF"}).Draw(t, "currency"))
		a, err := toMollie(m)
		require.NoError(t, err)
		back, err := fromMollie(a)
		require.NoError(t, err)
		require.Equal(t, m, back)
	})
}

func TestWhatIsNoAmountIsRefused(t *testing.T) {
	for _, value := range []string{"", ".", "1", "1.", "1.5", ".50", "1.505", "-1.50", "+1.50", "1,50", "1e2", " 1.50", "0x1.00", "99999999999999999999.00"} {
		_, err := fromMollie(&mollie.Amount{Currency: "EUR", Value: value})
		require.ErrorIs(t, err, errAmount, "%q", value)
	}
	for _, value := range []string{"1.00", "1."} {
		_, err := fromMollie(&mollie.Amount{Currency: "JPY", Value: value})
		require.ErrorIs(t, err, errAmount, "%q", value)
	}
	_, err := fromMollie(&mollie.Amount{Currency: "EUROS", Value: "1.00"})
	require.ErrorIs(t, err, errCurrency)
	_, err = fromMollie(nil)
	require.ErrorIs(t, err, errAmount)
}

// Every currency that is asked for has the decimals of ISO 4217 at Mollie.
func TestCurrenciesAreCurrencies(t *testing.T) {
	for c := range currencies {
		_, err := money.ParseCurrency(string(c))
		require.NoError(t, err, c)
		want := 2
		if c == "JPY" {
			want = 0
		}
		require.Equal(t, want, c.Exponent(), c)
	}
	for method, support := range capabilities.Methods {
		require.Contains(t, methods, method)
		for c := range support.Currencies {
			require.True(t, currencies[c], "%s %s", method, c)
		}
	}
}
