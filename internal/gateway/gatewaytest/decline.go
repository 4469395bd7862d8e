package gatewaytest

import (
	"github.com/stretchr/testify/require"

	"paymenthub/internal/payment"
)

var declineCases = []testCase{
	{"each card is refused in the hub's words", byCard, eachDecline},
	{"a refusal is repeated to the same key", byCard, declineRepeated},
}

func eachDecline(b *bench) {
	require.NotEmpty(b, b.Declines)
	for _, want := range b.Declines {
		for _, capture := range []bool{true, false} {
			if !capture && holds(b.Harness) != "" {
				continue
			}
			kind := kindOf(capture)
			c := b.newCall(b.price)
			o := b.pay(&c, want.Card, capture)
			b.refusedAs(want, o)
			require.Empty(b, b.charges(c), want.Name)

			// Looked up without the reference, as after a lost answer, and with it.
			found := b.lookup(c, kind)
			b.refusedAs(want, found)
			require.Equal(b, o.GatewayReference, found.GatewayReference, want.Name)
			c.GatewayReference = found.GatewayReference
			b.refusedAs(want, b.lookup(c, kind))
		}
	}
}

func (b *bench) refusedAs(want Decline, o payment.Outcome) {
	b.Helper()
	b.declined(o, want.Code)
	require.NotEmpty(b, o.GatewayReference, "%s: a refused payment has a reference", want.Name)
	require.Equal(b, want.IssuerCode, o.Decline.IssuerCode, want.Name)
	require.Equal(b, want.IssuerCode, o.ResponseCode, want.Name)
	require.Equal(b, want.RetryAllowed, o.Decline.RetryAllowed(), want.Name)
	require.NotEmpty(b, o.Decline.GatewayCode, want.Name)
}

func declineRepeated(b *bench) {
	want := b.Declines[0]
	c := b.newCall(b.price)
	first := b.pay(&c, want.Card, true)
	c.Repeated = true
	second := b.pay(&c, want.Card, true)
	b.refusedAs(want, second)
	require.Equal(b, first.GatewayReference, second.GatewayReference)
}
