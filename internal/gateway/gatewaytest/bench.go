package gatewaytest

import (
	"cmp"
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

// bench is where one case works.
type bench struct {
	*testing.T
	Harness
	gateway gateway.Gateway // the adapter, watched for leaks
	price   money.Money     // what most cases charge: 120.00
	hurry   context.Context // ends the calls early; nil: the test's
	sent    map[string]send // how each transaction was sent, by its id
	read    int             // how many webhooks of the inbox are read
	heard   []told          // what came since the case began
}

func newBench(t *testing.T, h Harness) *bench {
	b := &bench{
		T: t, Harness: h, price: money.New(12_000, cmp.Or(h.Currency, "USD")), sent: map[string]send{}, read: len(h.Inbox.after(0)),
	}
	b.gateway = b.watch(h.Gateway)
	return b
}

// watch fails the test when a gateway lets one of the harness's cards out.
func (b *bench) watch(g gateway.Gateway) gateway.Gateway {
	cards := []vault.Card{b.Approve, b.Challenge, b.RefundPends, b.RefundFails}
	for _, d := range b.Declines {
		cards = append(cards, d.Card)
	}
	return watch(b.T, g, cards)
}

// Context is what calls are made under.
func (b *bench) Context() context.Context {
	if b.hurry != nil {
		return b.hurry
	}
	return b.T.Context()
}

// through is the bench with another gateway in the adapter's place.
func (b *bench) through(g gateway.Gateway) *bench {
	other := *b
	other.gateway = b.watch(g)
	return &other
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

// part is an amount below the price to capture, and the price where the gateway
// captures no parts.
func (b *bench) part(minor int64) int64 {
	if !b.gateway.Capabilities().PartialCapture {
		return b.price.Minor
	}
	return minor
}

// authorization asks for an amount by the harness's method: the card counts where
// that is one.
func (b *bench) authorization(c gateway.Call, card vault.Card, capture bool) gateway.Authorization {
	a := gateway.Authorization{
		Call: c, Method: b.method(), Capture: capture, ReturnURL: "https://shop.example/return",
		Description: "Order 998", StatementDescriptor: "ORDER 998",
	}
	if a.Method == payment.MethodCard {
		a.Instrument = instrument(card)
	}
	return a
}

// held authorizes the price.
func (b *bench) held() (gateway.Call, payment.Outcome) {
	b.Helper()
	c := b.newCall(b.price)
	o := b.pay(&c, b.Approve, false)
	b.succeeded(o, b.price.Minor)
	return c, o
}

// sold takes the price.
func (b *bench) sold() (gateway.Call, payment.Outcome) {
	b.Helper()
	return b.soldTo(b.Approve)
}

func (b *bench) soldTo(card vault.Card) (gateway.Call, payment.Outcome) {
	b.Helper()
	c := b.newCall(b.price)
	o := b.pay(&c, card, true)
	b.succeeded(o, b.price.Minor)
	return c, o
}

func refundOf(c gateway.Call) gateway.Refund {
	// One refund of ours keeps its id through every retry.
	return gateway.Refund{Call: c, RefundID: id.Join(id.Refund, id.Suffix(c.TransactionID)), Reason: "requested_by_customer"}
}

func lookupOf(c gateway.Call, kind payment.TransactionKind) gateway.Lookup {
	l := gateway.Lookup{Call: c, Kind: kind}
	if kind == payment.RefundOfSale {
		l.RefundID = refundOf(c).RefundID
	}
	return l
}

func kindOf(capture bool) payment.TransactionKind {
	if capture {
		return payment.Sale
	}
	return payment.Authorization
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
