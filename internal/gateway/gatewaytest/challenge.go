package gatewaytest

import (
	"net/url"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

var challengeCases = []testCase{
	{"passed, a sale takes the amount", always, challengePassed},
	{"passed, an authorization can be captured", holds, challengePassedManual},
	{"failed, nothing is charged", always, challengeFailed},
	{"voided while the shopper is away", always, challengeVoided},
	{"voided while the shopper is away, the answer lost", takesAtOnce, challengeVoidLost},
	{"voided when the shopper has agreed, before it is taken", completes, agreedVoided},
	{"voided when it is taken, the answer lost", completes, takenVoided},
	{"voided when it is perhaps taken later", completes, perhapsTakenVoided},
	{"voided too late, the payment stands", always, challengeVoidedLate},
}

// challenged sends a payment whose shopper must act: authenticate for a card, or pay
// at the provider's page.
func (b *bench) challenged(capture bool) (gateway.Call, payment.Outcome) {
	b.Helper()
	c := b.newCall(b.price)
	o := b.authorize(c, b.Challenge, capture)
	b.is(payment.OutcomeActionRequired, o)
	require.NotEmpty(b, o.GatewayReference)
	u, err := url.Parse(o.RedirectURL)
	require.NoError(b, err)
	require.NotEmpty(b, u.Host, "the shopper needs an address")
	require.Empty(b, b.charges(c))
	c.GatewayReference = o.GatewayReference
	found := b.learn(c, kindOf(capture))
	b.is(payment.OutcomeActionRequired, found)
	require.Equal(b, o.RedirectURL, found.RedirectURL)
	return c, o
}

func challengePassed(b *bench) {
	c, o := b.challenged(true)
	b.returns(&c, o, true)
	sold := b.lookup(c, payment.Sale)
	b.succeeded(sold, b.price.Minor)
	c.GatewayReference = sold.GatewayReference
	b.succeeded(b.lookup(c, payment.Sale), b.price.Minor)
	require.Equal(b, b.price.Minor, b.onlyCharge(c).AmountCaptured)
}

func challengePassedManual(b *bench) {
	c, o := b.challenged(false)
	b.returns(&c, o, true)
	held := b.lookup(c, payment.Authorization)
	b.succeeded(held, b.price.Minor)
	c.GatewayReference = held.GatewayReference
	require.Zero(b, b.onlyCharge(c).AmountCaptured)
	part := b.part(100)
	b.succeeded(b.capture(next(c, payment.Capture, part, held)), part)
	b.succeeded(b.lookup(c, payment.Authorization), b.price.Minor)
}

func challengeFailed(b *bench) {
	c, o := b.challenged(true)
	b.returns(&c, o, false)
	b.refusedByShopper(b.lookup(c, payment.Sale))
	require.Empty(b, b.charges(c))
}

// refusedByShopper: of a card, the authentication failed; at a provider's page, the
// shopper may as well have turned back.
func (b *bench) refusedByShopper(o payment.Outcome) {
	b.Helper()
	b.is(payment.OutcomeDeclined, o)
	if b.method() == payment.MethodCard {
		b.declined(o, payment.DeclineAuthentication)
	}
	require.NotEmpty(b, o.Decline.Message)
	require.True(b, o.Decline.RetryAllowed())
}

func challengeVoided(b *bench) {
	c, o := b.challenged(true)
	void := next(c, payment.Void, b.price.Minor, o)
	b.absent(void, payment.Void)
	b.voidedUntaken(c, void)
}

func challengeVoidLost(b *bench) {
	for _, fault := range []Fault{TimeoutAfter, ResetAfter, TimeoutBefore, ResetBefore, ServerError} {
		c, o := b.challenged(true)
		void := next(c, payment.Void, b.price.Minor, o)
		b.InjectFault(b.T, Void, fault)
		b.is(payment.OutcomeUnknown, b.voiding(void))
		void.Repeated = true
		b.succeeded(b.settled(void, payment.Void, b.decided(func() payment.Outcome { return b.voiding(void) })), b.price.Minor)
		b.voidedUntaken(c, void)
	}
}

func agreedVoided(b *bench) {
	c := b.agreed()
	b.voidedUntaken(c, next(c, payment.Void, b.price.Minor, payment.Outcome{GatewayReference: c.GatewayReference}))
}

// completionLost tells the provider to take a payment, and loses the answer.
func (b *bench) completionLost(fault Fault) (c, void gateway.Call) {
	b.Helper()
	c = b.agreed()
	b.InjectFault(b.T, Complete, fault)
	sentAt := time.Now()
	b.is(payment.OutcomeUnknown, b.completing(c, true))
	c.CompletionSentAt = sentAt
	return c, next(c, payment.Void, b.price.Minor, payment.Outcome{GatewayReference: c.GatewayReference})
}

func takenVoided(b *bench) {
	for _, fault := range []Fault{TimeoutAfter, ResetAfter} {
		c, void := b.completionLost(fault)
		b.declined(b.void(void), payment.DeclineState)
		b.declined(b.lookup(void, payment.Void), payment.DeclineState)
		b.succeeded(b.settled(c, payment.Sale, b.decided(func() payment.Outcome { return b.completing(c, true) })), b.price.Minor)
		require.Equal(b, b.price.Minor, b.onlyCharge(c).AmountCaptured)
	}
}

// perhapsTakenVoided: the request to take the payment did not arrive, which the adapter
// cannot know. Either the provider takes nothing of a payment that was voided, should
// the request arrive yet, or the void is not decided before it can arrive no more.
func perhapsTakenVoided(b *bench) {
	for _, fault := range []Fault{TimeoutBefore, ResetBefore, ServerError} {
		c, void := b.completionLost(fault)
		if o := b.void(void); o.Class == payment.OutcomeUnknown {
			void.CompletionSentAt, void.Repeated = time.Now().Add(-time.Hour), true
			b.succeeded(b.void(void), b.price.Minor)
		} else {
			b.succeeded(o, b.price.Minor)
			b.completing(c, true)
		}
		require.Empty(b, b.charges(c))
	}
}

// voidedUntaken voids a payment that waits for the shopper, or to be taken. A
// provider that takes nothing before it is told to need not remember a void.
func (b *bench) voidedUntaken(c, void gateway.Call) {
	b.Helper()
	b.succeeded(b.void(void), b.price.Minor)
	found, sale := b.lookup(void, payment.Void), b.learn(c, payment.Sale)
	if completes(b.Harness) == "" {
		if found.Class == payment.OutcomeAbsent {
			found = b.void(void)
		}
		if !sale.Decided() {
			require.Contains(b, []payment.OutcomeClass{payment.OutcomeActionRequired, payment.OutcomeReady}, sale.Class, "%+v", sale)
			sale = payment.Declined(payment.NewDecline(payment.DeclineState))
		}
	}
	b.succeeded(found, b.price.Minor)
	b.declined(sale, payment.DeclineState)
	require.Empty(b, b.charges(c))
}

func challengeVoidedLate(b *bench) {
	c, o := b.challenged(true)
	b.returns(&c, o, true)
	if completes(b.Harness) == "" {
		o = b.lookup(c, payment.Sale)
		b.succeeded(o, b.price.Minor)
		c.GatewayReference = o.GatewayReference
	}
	void := next(c, payment.Void, b.price.Minor, o)
	b.declined(b.void(void), payment.DeclineState)
	b.declined(b.lookup(void, payment.Void), payment.DeclineState)
	b.succeeded(b.lookup(c, payment.Sale), b.price.Minor)
	require.Equal(b, b.price.Minor, b.onlyCharge(c).AmountCaptured)
}
