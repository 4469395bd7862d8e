package gatewaytest

import (
	"context"
	"errors"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/payment"
	"paymenthub/internal/vault"
)

var paymentCases = []testCase{
	{"a sale takes the amount", always, saleTakesTheAmount},
	{"an authorization holds, a capture takes all", holds, captureInFull},
	{"a capture takes a part and releases the rest", holdsInPart, captureInPart},
	{"a capture above the hold is declined", holds, captureTooMuch},
	{"a second capture is declined", holds, captureTwice},
	{"a void releases the hold", holds, voidReleases},
	{"a void of what is voided succeeds", holds, voidTwice},
	{"a captured payment cannot be voided", always, voidAfterCapture},
	{"a voided payment cannot be captured", holds, captureAfterVoid},
	{"amounts keep their value in every currency", always, amountsKeepTheirValue},
	{"an amount that cannot be asked for is declined unsent", always, unrepresentable},
	{"a currency that is not taken is declined unsent", always, currencyNotTaken},
	{"a card that the vault does not give charges nothing", byCard, noCard},
}

func saleTakesTheAmount(b *bench) {
	c, o := b.sold()
	charge := b.onlyCharge(c)
	require.Equal(b, b.price.Minor, charge.AmountCaptured)
	require.Equal(b, o.TransactionReference, charge.ID)
	require.Equal(b, c.PaymentID, charge.Metadata["payment_id"])
	require.Equal(b, c.AttemptID, charge.Metadata["attempt_id"])
	require.Equal(b, c.TransactionID, charge.Metadata["transaction_id"])
	require.Equal(b, c.Scope.MerchantID, charge.Metadata["merchant_id"])
	require.Equal(b, string(c.Scope.Environment), charge.Metadata["environment"])
}

func captureInFull(b *bench) {
	c, held := b.held()
	require.Zero(b, b.onlyCharge(c).AmountCaptured)
	if !held.AuthorizedUntil.IsZero() {
		require.True(b, held.AuthorizedUntil.After(time.Now()), "the hold ends in the past")
	}
	b.succeeded(b.capture(next(c, payment.Capture, b.price.Minor, held)), b.price.Minor)
	require.Equal(b, b.price.Minor, b.onlyCharge(c).AmountCaptured)
}

func captureInPart(b *bench) {
	c, held := b.held()
	b.succeeded(b.capture(next(c, payment.Capture, 7_000, held)), 7_000)
	charge := b.onlyCharge(c)
	require.EqualValues(b, 7_000, charge.AmountCaptured)
	require.Zero(b, charge.AmountRefunded, "the rest is released, not refunded")
	b.declined(b.capture(next(c, payment.Capture, 5_000, held)), payment.DeclineState)
}

func captureTooMuch(b *bench) {
	c, held := b.held()
	b.declined(b.capture(next(c, payment.Capture, b.price.Minor+1, held)), payment.DeclineAmount)
	require.Zero(b, b.onlyCharge(c).AmountCaptured)
	b.succeeded(b.capture(next(c, payment.Capture, b.price.Minor, held)), b.price.Minor)
}

func captureTwice(b *bench) {
	c, held := b.held()
	first := next(c, payment.Capture, b.price.Minor, held)
	b.succeeded(b.capture(first), b.price.Minor)
	b.succeeded(b.capture(first), b.price.Minor)
	b.declined(b.capture(next(c, payment.Capture, b.price.Minor, held)), payment.DeclineState)
	if remembers(b.Harness) == "" {
		// The key has been forgotten, the transaction is the same.
		first.IdempotencyKey += "-forgotten"
		b.succeeded(b.capture(first), b.price.Minor)
	}
	require.Equal(b, b.price.Minor, b.onlyCharge(c).AmountCaptured)
}

func voidReleases(b *bench) {
	c, held := b.held()
	b.succeeded(b.void(next(c, payment.Void, b.price.Minor, held)), b.price.Minor)
	charge := b.onlyCharge(c)
	require.True(b, charge.Voided)
	require.Zero(b, charge.AmountCaptured)
}

func voidTwice(b *bench) {
	c, held := b.held()
	for range 2 {
		b.succeeded(b.void(next(c, payment.Void, b.price.Minor, held)), b.price.Minor)
	}
}

func voidAfterCapture(b *bench) {
	c, sold := b.sold()
	b.declined(b.void(next(c, payment.Void, b.price.Minor, sold)), payment.DeclineState)
	require.Equal(b, b.price.Minor, b.onlyCharge(c).AmountCaptured)
}

func captureAfterVoid(b *bench) {
	c, held := b.held()
	b.succeeded(b.void(next(c, payment.Void, b.price.Minor, held)), b.price.Minor)
	b.declined(b.capture(next(c, payment.Capture, b.price.Minor, held)), payment.DeclineState)
	require.Zero(b, b.onlyCharge(c).AmountCaptured)
}

func amountsKeepTheirValue(b *bench) {
	require.NotEmpty(b, b.Amounts)
	for _, amount := range b.Amounts {
		c := b.newCall(amount.Ours)
		held := b.pay(&c, b.Approve, holds(b.Harness) != "")
		b.succeeded(held, amount.Ours.Minor)
		if holds(b.Harness) == "" {
			b.succeeded(b.capture(next(c, payment.Capture, amount.Ours.Minor, held)), amount.Ours.Minor)
		}
		charge := b.onlyCharge(c)
		require.Equal(b, amount.Ours.Currency, charge.Currency)
		require.Equal(b, amount.Provider, charge.Amount, "%s", amount.Ours)
		require.Equal(b, amount.Provider, charge.AmountCaptured, "%s", amount.Ours)
		b.succeeded(b.refund(next(c, payment.RefundOfSale, amount.Ours.Minor, held)), amount.Ours.Minor)
		require.Equal(b, amount.Provider, b.onlyCharge(c).AmountRefunded, "%s", amount.Ours)
	}
}

func unrepresentable(b *bench) {
	for _, amount := range b.Unrepresentable {
		c := b.newCall(amount)
		b.declined(b.authorize(c, b.Approve, true), payment.DeclineAmount)
		require.Empty(b, b.charges(c))
	}
}

func currencyNotTaken(b *bench) {
	// ISO 4217's code for transactions without a currency: no card is charged in it.
	c := b.newCall(b.price)
	c.Amount.Currency = "XXX"
	b.declined(b.authorize(c, b.Approve, true), payment.DeclineCurrency)
	require.Empty(b, b.charges(c))
}

type emptyVault struct{}

func (emptyVault) Open(context.Context) (vault.Card, error) {
	return vault.Card{}, errors.New("no such card")
}

func noCard(b *bench) {
	c := b.newCall(b.price)
	request := b.authorization(c, vault.Card{}, true)
	request.Instrument = emptyVault{}
	b.declined(b.gateway.Authorize(b.Context(), request), payment.DeclineProcessingError)
	request.Repeated = true
	b.is(payment.OutcomeUnknown, b.gateway.Authorize(b.Context(), request))
	require.Empty(b, b.charges(c))
}
