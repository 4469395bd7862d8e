package gatewaytest

import (
	"sync"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/payment"
)

var idempotencyCases = []testCase{
	{"one call sent many times at once charges once", manyAtOnce},
	{"a key with other parameters concludes nothing", otherParameters},
	{"each movement happens once for its key", movementsOnce},
}

func manyAtOnce(b *bench) {
	const callers = 20
	c := b.newCall(price)
	outcomes := make([]payment.Outcome, callers)
	var all sync.WaitGroup
	for i := range outcomes {
		all.Go(func() { outcomes[i] = b.authorize(c, b.Approve, true) })
	}
	all.Wait()
	end := b.decided(func() payment.Outcome { return b.authorize(c, b.Approve, true) })
	b.succeeded(end, price.Minor)
	for _, o := range outcomes {
		if o.Class != payment.OutcomeUnknown { // the provider may refuse a key that is in use
			b.succeeded(o, price.Minor)
			require.Equal(b, end.GatewayReference, o.GatewayReference)
		}
	}
	require.Equal(b, price.Minor, b.onlyCharge(c).AmountCaptured)
}

func otherParameters(b *bench) {
	c, _ := b.sold()
	c.Amount.Minor++
	b.is(payment.OutcomeUnknown, b.authorize(c, b.Approve, true))
	require.Equal(b, price.Minor, b.onlyCharge(c).AmountCaptured)
}

func movementsOnce(b *bench) {
	for _, m := range movements {
		c := m.prepare(b)
		first, second := m.send(b, c), m.send(b, c)
		b.succeeded(first, c.Amount.Minor)
		b.succeeded(second, c.Amount.Minor)
		require.Equal(b, first.TransactionReference, second.TransactionReference, m.name)
		require.True(b, m.done(b.onlyCharge(c), c), m.name)
	}
}
