package verify

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/money"
)

func TestHubAmount(t *testing.T) {
	for _, c := range []struct {
		amount int64
		code   string
		want   money.Money
		exact  bool
	}{
		{1250, "usd", money.New(1250, "USD"), true},
		{300, "jpy", money.New(300, "JPY"), true},
		{1230, "kwd", money.New(1230, "KWD"), true},
		{120_000, "isk", money.New(1200, "ISK"), true},
		{120_001, "isk", money.New(1200, "ISK"), false},
		{12, "mga", money.New(1200, "MGA"), true},
		{1, "xxq", money.Money{}, false},
	} {
		got, exact := hubAmount("stripe", c.amount, c.code)
		require.Equal(t, c.exact, exact, c)
		require.Equal(t, c.want, got, c)
	}
	_, exact := hubAmount("stripe", math.MaxInt64, "mga")
	require.False(t, exact)
	for _, code := range []string{"usd", "jpy", "kwd", "isk", "mga"} {
		got, exact := hubAmount("adyen", 1201, code)
		require.True(t, exact, "all but Stripe's witness count as ISO 4217 does")
		require.EqualValues(t, 1201, got.Minor)
	}
}
