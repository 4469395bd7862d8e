package gatewaytest

import (
	"net/url"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

var challengeCases = []testCase{
	{"passed, a sale takes the amount", challengePassed},
	{"passed, an authorization can be captured", challengePassedManual},
	{"failed, nothing is charged", challengeFailed},
	{"voided while the shopper is away", challengeVoided},
	{"voided too late, the payment stands", challengeVoidedLate},
}

// challenged sends a payment whose shopper must authenticate.
func (b *bench) challenged(capture bool) (gateway.Call, payment.Outcome) {
	c := b.newCall(price)
	o := b.authorize(c, b.Challenge, capture)
	b.is(payment.OutcomeActionRequired, o)
	require.NotEmpty(b, o.GatewayReference)
	u, err := url.Parse(o.RedirectURL)
	require.NoError(b, err)
	require.NotEmpty(b, u.Host, "the shopper needs an address")
	require.Empty(b, b.charges(c))
	c.GatewayReference = o.GatewayReference
	kind := payment.Authorization
	if capture {
		kind = payment.Sale
	}
	found := b.lookup(c, kind)
	b.is(payment.OutcomeActionRequired, found)
	require.Equal(b, o.RedirectURL, found.RedirectURL)
	return c, o
}

func challengePassed(b *bench) {
	c, o := b.challenged(true)
	b.Authenticate(b.T, o, true)
	b.succeeded(b.lookup(c, payment.Sale), price.Minor)
	require.Equal(b, price.Minor, b.onlyCharge(c).AmountCaptured)
}

func challengePassedManual(b *bench) {
	c, o := b.challenged(false)
	b.Authenticate(b.T, o, true)
	b.succeeded(b.lookup(c, payment.Authorization), price.Minor)
	require.Zero(b, b.onlyCharge(c).AmountCaptured)
	b.succeeded(b.gateway.Capture(b.Context(), next(c, payment.Capture, 100, o)), 100)
	b.succeeded(b.lookup(c, payment.Authorization), price.Minor)
}

func challengeFailed(b *bench) {
	c, o := b.challenged(true)
	b.Authenticate(b.T, o, false)
	found := b.lookup(c, payment.Sale)
	b.declined(found, payment.DeclineAuthentication)
	require.True(b, found.Decline.RetryAllowed())
	require.Empty(b, b.charges(c))
}

func challengeVoided(b *bench) {
	c, o := b.challenged(true)
	void := next(c, payment.Void, price.Minor, o)
	b.is(payment.OutcomeAbsent, b.lookup(void, payment.Void))
	b.succeeded(b.gateway.Void(b.Context(), void), price.Minor)
	b.succeeded(b.lookup(void, payment.Void), price.Minor)
	b.declined(b.lookup(c, payment.Sale), payment.DeclineState)
	require.Empty(b, b.charges(c))
}

func challengeVoidedLate(b *bench) {
	c, o := b.challenged(true)
	b.Authenticate(b.T, o, true)
	void := next(c, payment.Void, price.Minor, o)
	b.declined(b.gateway.Void(b.Context(), void), payment.DeclineState)
	b.declined(b.lookup(void, payment.Void), payment.DeclineState)
	b.succeeded(b.lookup(c, payment.Sale), price.Minor)
	require.Equal(b, price.Minor, b.onlyCharge(c).AmountCaptured)
}
