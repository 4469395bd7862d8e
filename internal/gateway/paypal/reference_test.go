package paypal

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/gateway"
	"paymenthub/internal/id"
	"paymenthub/internal/money"
)

func TestOursReadBackAsThemselves(t *testing.T) {
	t.Parallel()
	order := ours{
		payment: id.New(id.Payment), attempt: id.New(id.Attempt), transaction: id.New(id.Transaction), amount: money.New(money.MaxAmount, "EUR"),
	}
	refund := ours{payment: id.New(id.Payment), transaction: id.New(id.Transaction), refund: id.New(id.Refund), order: "5O190127TN364715T"}
	for _, o := range []ours{order, refund} {
		text := o.String()
		require.LessOrEqual(t, len(text), 127, text)
		require.Empty(t, strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.,"))
		read, ok := readOurs(text)
		require.True(t, ok)
		require.Equal(t, o, read)
	}
	for _, other := range []string{"", ".", "order 17", "pi_1.txn_2", id.New(id.Payment), "5O190127TN364715T", "99999999999999999999EUR"} {
		_, ok := readOurs(other)
		require.False(t, ok, other)
	}
}

func TestWhereShoppersComeBackTo(t *testing.T) {
	t.Parallel()
	require.Equal(t, "https://hub.example/return/pi_1?canceled=true&token=a", cancelURL("https://hub.example/return/pi_1?token=a"))
	for returned, want := range map[string]bool{
		"": false, "PayerID=ABC": false, "canceled=true": true, "canceled=true&PayerID=ABC": false, "%zz": false, "other=1": false,
	} {
		require.Equal(t, want, turnedBack(gateway.Call{Returned: returned}), returned)
	}
}
