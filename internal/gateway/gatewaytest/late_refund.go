package gatewaytest

import (
	"github.com/stretchr/testify/require"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
	"paymenthub/internal/vault"
)

var lateRefundCases = []testCase{
	{"a refund that is open succeeds later", refundsPend, func(b *bench) { refundSettles(b, true) }},
	{"a refund that is open fails later", refundsPend, func(b *bench) { refundSettles(b, false) }},
	{"a refund that succeeded fails later", refundsFailLate, refundTakenBack},
}

// refundedTo refunds a part of a sale to a card, as a look-up of it asks.
func (b *bench) refundedTo(card vault.Card) (gateway.Refund, payment.Outcome, gateway.Lookup) {
	b.Helper()
	c, sold := b.soldTo(card)
	r := refundOf(next(c, payment.RefundOfSale, 5_000, sold))
	return r, b.refunding(r), gateway.Lookup{Call: r.Call, Kind: payment.RefundOfSale, RefundID: r.RefundID}
}

func refundSettles(b *bench, succeed bool) {
	r, o, refunding := b.refundedTo(b.RefundPends)
	b.is(payment.OutcomeAccepted, o)
	require.NotEmpty(b, o.TransactionReference)
	found := b.learn(r.Call, payment.RefundOfSale)
	b.is(payment.OutcomeAccepted, found)
	require.Equal(b, o.TransactionReference, found.TransactionReference)
	if b.Hints.TellsOpen {
		open := b.hearsOfRefund(r, payment.NoticeOpen)
		b.is(payment.OutcomeUnknown, b.gateway.Conclude(open.Body, refunding))
	}

	b.SettleRefund(b.T, o, succeed)
	end := payment.NoticeFailed
	if succeed {
		end = payment.NoticeRefunded
		b.succeeded(b.settled(r.Call, payment.RefundOfSale, o), 5_000)
		require.EqualValues(b, 5_000, b.onlyCharge(r.Call).AmountRefunded)
	} else {
		b.refundDeclined(b.settled(r.Call, payment.RefundOfSale, o), o)
		require.Zero(b, b.onlyCharge(r.Call).AmountRefunded)
	}
	b.settles(b.hearsOfRefund(r, end), refunding)
	b.contradictsNothing(refunding)
}

func refundTakenBack(b *bench) {
	r, o, refunding := b.refundedTo(b.RefundFails)
	b.succeeded(b.settled(r.Call, payment.RefundOfSale, o), 5_000)
	b.settles(b.hearsOfRefund(r, payment.NoticeRefunded), refunding)

	b.SettleRefund(b.T, o, false)
	failed := b.hearsOfRefund(r, payment.NoticeFailed)
	if remembers(b.Harness) == "" {
		b.refundDeclined(b.gateway.Lookup(b.Context(), refunding), o)
	}
	b.settles(failed, refunding)
	require.Zero(b, b.onlyCharge(r.Call).AmountRefunded)
}

func (b *bench) refundDeclined(found, o payment.Outcome) {
	b.Helper()
	b.is(payment.OutcomeDeclined, found)
	require.NotNil(b, found.Decline)
	require.NotEmpty(b, found.Decline.Message)
	require.Equal(b, o.TransactionReference, found.TransactionReference)
}
