package gatewaytest

import (
	"github.com/stretchr/testify/require"

	"paymenthub/internal/payment"
)

var lookupCases = []testCase{
	{"what was never sent is absent", always, neverSent},
	{"a payment is found without its reference", always, foundByTransaction},
	{"another payment's reference concludes nothing", always, foreignReference},
	{"a look-up changes nothing", holds, lookupChangesNothing},
}

func neverSent(b *bench) {
	for _, kind := range []payment.TransactionKind{payment.Authorization, payment.Sale} {
		b.absent(b.newCall(b.price), kind)
	}
	for _, m := range b.moves() {
		b.unsent(m, m.prepare(b))
	}
}

func foundByTransaction(b *bench) {
	for range 3 {
		b.sold()
	}
	c := b.newCall(b.price)
	sold := b.authorize(c, b.Approve, true)
	for range 3 {
		b.sold()
	}
	found := b.learn(c, payment.Sale)
	require.Equal(b, sold.GatewayReference, found.GatewayReference)
	require.Equal(b, sold.TransactionReference, found.TransactionReference)
	b.succeeded(b.ends(&c, payment.Sale, found), b.price.Minor)
}

func foreignReference(b *bench) {
	_, theirs := b.sold()
	ours := b.newCall(b.price)
	ours.GatewayReference = theirs.GatewayReference
	for _, kind := range []payment.TransactionKind{payment.Authorization, payment.Sale, payment.Capture, payment.Void} {
		b.is(payment.OutcomeUnknown, b.learn(ours, kind))
	}
}

func lookupChangesNothing(b *bench) {
	c, held := b.held()
	before := b.onlyCharge(c)
	for _, kind := range []payment.TransactionKind{payment.Authorization, payment.Capture, payment.Void, payment.RefundOfSale} {
		b.learn(next(c, kind, b.price.Minor, held), kind)
	}
	require.Equal(b, before, b.onlyCharge(c))
}
