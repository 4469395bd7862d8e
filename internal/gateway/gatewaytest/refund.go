package gatewaytest

import (
	"github.com/stretchr/testify/require"

	"paymenthub/internal/payment"
)

var refundCases = []testCase{
	{"a refund in full", always, refundInFull},
	{"refunds in part, up to the capture and no further", always, refundInParts},
	{"no more than was captured in part", holdsInPart, refundOfPartialCapture},
	{"nothing is refunded before it is captured", holds, refundBeforeCapture},
}

func refundInFull(b *bench) {
	c, sold := b.sold()
	request := next(c, payment.RefundOfSale, b.price.Minor, sold)
	b.succeeded(b.refund(request), b.price.Minor)
	require.Equal(b, b.price.Minor, b.onlyCharge(c).AmountRefunded)
	b.succeeded(b.lookup(request, payment.RefundOfSale), b.price.Minor)
	b.declined(b.refund(next(c, payment.RefundOfSale, 1, sold)), payment.DeclineState)
}

func refundInParts(b *bench) {
	c, sold := b.sold()
	first, second := next(c, payment.RefundOfSale, 5_000, sold), next(c, payment.RefundOfSale, 6_000, sold)
	b.succeeded(b.refund(first), 5_000)
	b.succeeded(b.refund(second), 6_000)
	b.declined(b.refund(next(c, payment.RefundOfSale, 1_001, sold)), payment.DeclineAmount)
	require.EqualValues(b, 11_000, b.onlyCharge(c).AmountRefunded)
	one, two := b.lookup(first, payment.RefundOfSale), b.lookup(second, payment.RefundOfSale)
	b.succeeded(one, 5_000)
	b.succeeded(two, 6_000)
	require.NotEqual(b, one.TransactionReference, two.TransactionReference)
	b.succeeded(b.refund(next(c, payment.RefundOfSale, 1_000, sold)), 1_000)
	require.Equal(b, b.price.Minor, b.onlyCharge(c).AmountRefunded)
}

func refundOfPartialCapture(b *bench) {
	c, held := b.held()
	b.succeeded(b.capture(next(c, payment.Capture, 7_000, held)), 7_000)
	b.declined(b.refund(next(c, payment.RefundOfSale, 7_001, held)), payment.DeclineAmount)
	b.succeeded(b.refund(next(c, payment.RefundOfSale, 7_000, held)), 7_000)
	require.EqualValues(b, 7_000, b.onlyCharge(c).AmountRefunded)
}

func refundBeforeCapture(b *bench) {
	c, held := b.held()
	b.declined(b.refund(next(c, payment.RefundOfSale, b.price.Minor, held)), payment.DeclineState)
	require.Zero(b, b.onlyCharge(c).AmountRefunded)
}
