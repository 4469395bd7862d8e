package gatewaytest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/gateway"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
	"paymenthub/internal/vault"
)

// patience bounds every wait of the suite.
const patience = 10 * time.Second

// price is what most cases charge: 120.00 US dollars.
var price = money.New(12_000, "USD")

// bench is where one case works.
type bench struct {
	*testing.T
	Harness
	gateway gateway.Gateway // the adapter, watched for leaks
	read    int             // how many webhooks of the inbox are read
	heard   []told          // what came since the case began
}

func newBench(t *testing.T, h Harness) *bench {
	cards := []vault.Card{h.Approve, h.Challenge, h.RefundPends, h.RefundFails}
	for _, d := range h.Declines {
		cards = append(cards, d.Card)
	}
	return &bench{T: t, Harness: h, gateway: watched{t, h.Gateway, cards}, read: len(h.Inbox.after(0))}
}

// instrument hands out a card, as the vault would.
type instrument vault.Card

// Open implements gateway.Instrument.
func (i instrument) Open(context.Context) (vault.Card, error) { return vault.Card(i), nil }

// newCall names the first transaction of a new payment.
func (b *bench) newCall(amount money.Money) gateway.Call {
	paymentID := id.New(id.Payment)
	return gateway.Call{
		Scope:     merchant.Scope{MerchantID: id.New(id.Merchant), Environment: merchant.Sandbox},
		PaymentID: paymentID, AttemptID: id.New(id.Attempt), TransactionID: id.New(id.Transaction),
		IdempotencyKey: paymentID + "-authorization-1", Amount: amount, CreatedAt: time.Now(),
	}
}

// next names another transaction on the payment of c.
func next(c gateway.Call, kind payment.TransactionKind, amount int64, o payment.Outcome) gateway.Call {
	c.TransactionID = id.New(id.Transaction)
	c.IdempotencyKey = c.PaymentID + "-" + string(kind) + "-" + c.TransactionID
	c.GatewayReference = o.GatewayReference
	c.Amount.Minor = amount
	c.CreatedAt = time.Now()
	return c
}

func (b *bench) authorize(c gateway.Call, card vault.Card, capture bool) payment.Outcome {
	return b.gateway.Authorize(b.Context(), b.authorization(c, card, capture))
}

func (b *bench) authorization(c gateway.Call, card vault.Card, capture bool) gateway.Authorization {
	return gateway.Authorization{
		Call: c, Capture: capture, Instrument: instrument(card), ReturnURL: "https://shop.example/return",
		Description: "Order 998", StatementDescriptor: "ORDER 998",
	}
}

// held authorizes price with the approved card.
func (b *bench) held() (gateway.Call, payment.Outcome) {
	c := b.newCall(price)
	o := b.authorize(c, b.Approve, false)
	b.succeeded(o, price.Minor)
	return c, o
}

// sold takes price with the approved card.
func (b *bench) sold() (gateway.Call, payment.Outcome) { return b.soldTo(b.Approve) }

func (b *bench) soldTo(card vault.Card) (gateway.Call, payment.Outcome) {
	c := b.newCall(price)
	o := b.authorize(c, card, true)
	b.succeeded(o, price.Minor)
	return c, o
}

func (b *bench) refund(c gateway.Call) payment.Outcome {
	return b.gateway.Refund(b.Context(), b.refundOf(c))
}

func (b *bench) refundOf(c gateway.Call) gateway.Refund {
	return gateway.Refund{Call: c, RefundID: id.New(id.Refund), Reason: "requested_by_customer"}
}

func (b *bench) lookup(c gateway.Call, kind payment.TransactionKind) payment.Outcome {
	return b.gateway.Lookup(b.Context(), gateway.Lookup{Call: c, Kind: kind})
}

func (b *bench) succeeded(o payment.Outcome, amount int64) {
	b.Helper()
	require.Equal(b, payment.OutcomeSucceeded, o.Class, "%+v", o)
	require.Equal(b, amount, o.Amount)
	require.NotEmpty(b, o.GatewayReference)
	require.NotEmpty(b, o.TransactionReference)
}

func (b *bench) declined(o payment.Outcome, code payment.DeclineCode) {
	b.Helper()
	require.Equal(b, payment.OutcomeDeclined, o.Class, "%+v", o)
	require.NotNil(b, o.Decline)
	require.Equal(b, code, o.Decline.Code, "%+v", o.Decline)
	require.NotEmpty(b, o.Decline.Message)
}

func (b *bench) is(class payment.OutcomeClass, o payment.Outcome) {
	b.Helper()
	require.Equal(b, class, o.Class, "%+v", o)
	if class == payment.OutcomeUnknown {
		require.NotEmpty(b, o.Detail, "an operator must learn why")
	}
}

// charges are the provider's charges of one payment of ours.
func (b *bench) charges(c gateway.Call) []Charge {
	var of []Charge
	for _, charge := range b.Charges(b.T) {
		if charge.Metadata["payment_id"] == c.PaymentID {
			of = append(of, charge)
		}
	}
	return of
}

// onlyCharge is the payment's one charge.
func (b *bench) onlyCharge(c gateway.Call) Charge {
	b.Helper()
	found := b.charges(c)
	require.Len(b, found, 1, "the provider's record")
	return found[0]
}

// decided repeats ask until it says how a transaction ended: a provider may
// still be busy with a call that was given up.
func (b *bench) decided(ask func() payment.Outcome) payment.Outcome {
	b.Helper()
	var o payment.Outcome
	require.Eventually(b, func() bool {
		o = ask()
		return o.Class != payment.OutcomeUnknown
	}, patience, 20*time.Millisecond)
	return o
}
