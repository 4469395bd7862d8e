package gatewaytest

import (
	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
	"paymenthub/internal/gateway"
)

var accountCases = []testCase{
	{"credentials that the provider takes", always, func(b *bench) { b.identified(b.gateway) }},
	{"credentials that it does not take", always, func(b *bench) { b.probed(b.through(b.Refused), fault.Invalid) }},
	{"a provider that cannot be reached", always, func(b *bench) { b.probed(b.through(b.Unreachable), fault.Unavailable) }},
	{"a new key is of the same account", always, func(b *bench) { require.Equal(b, b.identified(b.gateway), b.identified(b.Rolled)) }},
	{"another account is another one", always, func(b *bench) { require.NotEqual(b, b.identified(b.gateway), b.identified(b.Stranger)) }},
	{"a probe charges nothing", always, probeChargesNothing},
}

// identified is the provider's own id of an account, by which the hub tells its
// credentials from those of others.
func (b *bench) identified(g gateway.Gateway) string {
	b.Helper()
	accountID, err := g.Probe(b.Context())
	require.NoError(b, err)
	require.NotEmpty(b, accountID)
	return accountID
}

func (b *bench) probed(of *bench, kind fault.Code) {
	b.Helper()
	accountID, err := of.gateway.Probe(b.Context())
	require.Error(b, err)
	require.True(b, fault.Is(err, kind), "%v", err)
	require.Empty(b, accountID)
}

func probeChargesNothing(b *bench) {
	before := b.Charges(b.T)
	b.identified(b.gateway)
	require.Equal(b, before, b.Charges(b.T))
}
