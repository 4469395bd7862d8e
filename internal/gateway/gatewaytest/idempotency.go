package gatewaytest

import (
	"sync"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/payment"
)

var idempotencyCases = []testCase{
	{"one call sent many times at once charges once", always, manyAtOnce},
	{"a key with other parameters concludes nothing", always, otherParameters},
	{"each movement happens once for its key", always, movementsOnce},
}

func manyAtOnce(b *bench) {
	const callers = 20
	c := b.newCall(b.price)
	outcomes := make([]payment.Outcome, callers)
	var all sync.WaitGroup
	for i := range outcomes {
		all.Go(func() { outcomes[i] = b.gateway.Authorize(b.Context(), b.authorization(c, b.Approve, true)) })
	}
	all.Wait()
	one := b.decided(func() payment.Outcome { return b.authorize(c, b.Approve, true) })
	for _, o := range outcomes {
		if o.Class != payment.OutcomeUnknown { // the provider may refuse a key that is in use
			b.is(one.Class, o)
			require.Equal(b, one.GatewayReference, o.GatewayReference)
		}
	}
	b.succeeded(b.ends(&c, payment.Sale, one), b.price.Minor)
	require.Equal(b, b.price.Minor, b.onlyCharge(c).AmountCaptured)
}

// A provider refuses the key, or tells of the first call, by its key alone.
func otherParameters(b *bench) {
	c, sold := b.sold()
	other := c
	other.Amount.Minor++
	if o := b.authorize(other, b.Approve, true); o.Class != payment.OutcomeUnknown {
		require.NotEqual(b, payment.OutcomeDeclined, o.Class, "%+v", o)
		require.Equal(b, sold.GatewayReference, o.GatewayReference)
		require.NotEqual(b, other.Amount.Minor, o.Amount)
	}
	require.Equal(b, b.price.Minor, b.onlyCharge(c).AmountCaptured)
}

func movementsOnce(b *bench) {
	for _, m := range b.moves() {
		c := m.prepare(b)
		first, second := m.send(b, c), m.send(b, c)
		require.Equal(b, first.GatewayReference, second.GatewayReference, m.name)
		require.Equal(b, first.TransactionReference, second.TransactionReference, m.name)
		b.moved(m, &c, first)
		if again := m.send(b, c); again.Class != payment.OutcomeActionRequired { // the provider may repeat its first answer
			b.succeeded(b.settled(c, m.kind, again), c.Amount.Minor)
		}
		require.True(b, m.done(b.onlyCharge(c), c), m.name)
	}
}
