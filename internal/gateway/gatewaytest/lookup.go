package gatewaytest

import (
	"github.com/stretchr/testify/require"

	"paymenthub/internal/payment"
)

var lookupCases = []testCase{
	{"what was never sent is absent", neverSent},
	{"a payment is found without its reference", foundByTransaction},
	{"another payment's reference concludes nothing", foreignReference},
	{"a look-up changes nothing", lookupChangesNothing},
}

func neverSent(b *bench) {
	for _, kind := range []payment.TransactionKind{payment.Authorization, payment.Sale} {
		b.is(payment.OutcomeAbsent, b.lookup(b.newCall(price), kind))
	}
	for _, m := range movements {
		c := m.prepare(b)
		b.is(payment.OutcomeAbsent, b.lookup(c, m.kind))
	}
}

func foundByTransaction(b *bench) {
	for range 3 {
		b.sold()
	}
	c, sold := b.sold()
	for range 3 {
		b.sold()
	}
	found := b.lookup(c, payment.Sale)
	b.succeeded(found, price.Minor)
	require.Equal(b, sold.GatewayReference, found.GatewayReference)
	require.Equal(b, sold.TransactionReference, found.TransactionReference)
}

func foreignReference(b *bench) {
	_, theirs := b.sold()
	ours := b.newCall(price)
	ours.GatewayReference = theirs.GatewayReference
	for _, kind := range []payment.TransactionKind{payment.Authorization, payment.Sale, payment.Capture, payment.Void} {
		b.is(payment.OutcomeUnknown, b.lookup(ours, kind))
	}
}

func lookupChangesNothing(b *bench) {
	c, held := b.held()
	before := b.onlyCharge(c)
	for _, kind := range []payment.TransactionKind{payment.Authorization, payment.Capture, payment.Void, payment.RefundOfSale} {
		b.lookup(next(c, kind, price.Minor, held), kind)
	}
	require.Equal(b, before, b.onlyCharge(c))
}
