package gatewaytest

import (
	"context"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/gateway"
	"paymenthub/internal/id"
	"paymenthub/internal/payment"
	"paymenthub/internal/vault"
)

// movement is one operation on a payment that is ready for it.
type movement struct {
	name      string
	operation Operation
	kind      payment.TransactionKind
	prepare   func(*bench) gateway.Call
	send      func(*bench, gateway.Call) payment.Outcome
	// done reports whether the provider's record shows the effect, once.
	done func(Charge, gateway.Call) bool
}

var movements = []movement{
	{
		"authorization", Authorize, payment.Authorization,
		func(b *bench) gateway.Call { return b.newCall(price) },
		func(b *bench, c gateway.Call) payment.Outcome { return b.authorize(c, b.Approve, false) },
		func(ch Charge, c gateway.Call) bool { return ch.Amount == c.Amount.Minor && ch.AmountCaptured == 0 },
	},
	{
		"sale", Authorize, payment.Sale,
		func(b *bench) gateway.Call { return b.newCall(price) },
		func(b *bench, c gateway.Call) payment.Outcome { return b.authorize(c, b.Approve, true) },
		func(ch Charge, c gateway.Call) bool { return ch.AmountCaptured == c.Amount.Minor },
	},
	{
		"capture", Capture, payment.Capture,
		func(b *bench) gateway.Call {
			c, held := b.held()
			return next(c, payment.Capture, 9_000, held)
		},
		func(b *bench, c gateway.Call) payment.Outcome { return b.gateway.Capture(b.Context(), c) },
		func(ch Charge, c gateway.Call) bool { return ch.AmountCaptured == c.Amount.Minor },
	},
	{
		"void", Void, payment.Void,
		func(b *bench) gateway.Call {
			c, held := b.held()
			return next(c, payment.Void, price.Minor, held)
		},
		func(b *bench, c gateway.Call) payment.Outcome { return b.gateway.Void(b.Context(), c) },
		func(ch Charge, _ gateway.Call) bool { return ch.Voided },
	},
	{
		"refund", Refund, payment.RefundOfSale,
		func(b *bench) gateway.Call {
			c, sold := b.sold()
			return next(c, payment.RefundOfSale, 4_000, sold)
		},
		func(b *bench, c gateway.Call) payment.Outcome {
			// One refund of ours keeps its id through every retry.
			return b.gateway.Refund(b.Context(), gateway.Refund{Call: c, RefundID: id.Join(id.Refund, id.Suffix(c.TransactionID))})
		},
		func(ch Charge, c gateway.Call) bool { return ch.AmountRefunded == c.Amount.Minor },
	},
}

var faultCases = lostAnswerCases()

func lostAnswerCases() []testCase {
	var cases []testCase
	for _, m := range movements {
		for _, fault := range []Fault{TimeoutAfter, ResetAfter} {
			cases = append(cases, testCase{m.name + " " + string(fault), func(b *bench) { lostAfter(b, m, fault) }})
		}
		for _, fault := range []Fault{TimeoutBefore, ResetBefore, ServerError} {
			cases = append(cases, testCase{m.name + " " + string(fault), func(b *bench) { lostBefore(b, m, fault) }})
		}
		cases = append(cases,
			testCase{m.name + " " + string(RateLimited), func(b *bench) { rateLimited(b, m) }},
			testCase{m.name + " given up", func(b *bench) { givenUp(b, m) }},
			testCase{m.name + " without a connection", func(b *bench) { noConnection(b, m) }},
		)
	}
	return cases
}

// lostAfter: the effect happened. Nothing may be concluded until it is looked
// up, and trying again with the same key changes nothing.
func lostAfter(b *bench, m movement, fault Fault) {
	c := m.prepare(b)
	b.InjectFault(b.T, m.operation, fault)
	b.is(payment.OutcomeUnknown, m.send(b, c))
	found := b.lookup(c, m.kind)
	b.succeeded(found, c.Amount.Minor)
	require.True(b, m.done(b.onlyCharge(c), c))
	again := b.decided(func() payment.Outcome { return m.send(b, c) })
	b.succeeded(again, c.Amount.Minor)
	require.Equal(b, found.TransactionReference, again.TransactionReference)
	require.True(b, m.done(b.onlyCharge(c), c))
}

// lostBefore: nothing happened, which the adapter cannot know.
func lostBefore(b *bench, m movement, fault Fault) {
	c := m.prepare(b)
	b.InjectFault(b.T, m.operation, fault)
	b.is(payment.OutcomeUnknown, m.send(b, c))
	b.is(payment.OutcomeAbsent, b.lookup(c, m.kind))
	b.untouched(m, c)
	b.succeeded(b.decided(func() payment.Outcome { return m.send(b, c) }), c.Amount.Minor)
	require.True(b, m.done(b.onlyCharge(c), c))
}

// rateLimited: the provider says that it did nothing.
func rateLimited(b *bench, m movement) {
	c := m.prepare(b)
	b.InjectFault(b.T, m.operation, RateLimited)
	b.declined(m.send(b, c), payment.DeclineGatewayUnavailable)
	b.untouched(m, c)

	// An earlier call with the key may have done it all the same.
	c.Repeated = true
	b.InjectFault(b.T, m.operation, RateLimited)
	b.is(payment.OutcomeUnknown, m.send(b, c))
	b.succeeded(m.send(b, c), c.Amount.Minor)
	require.True(b, m.done(b.onlyCharge(c), c))
}

// givenUp: the caller leaves while the provider works.
func givenUp(b *bench, m movement) {
	c := m.prepare(b)
	b.InjectFault(b.T, m.operation, Slow)
	hurried := *b
	limited, cancel := context.WithTimeout(b.Context(), 50*time.Millisecond)
	defer cancel()
	hurried.gateway = impatient{b.gateway, limited}
	b.is(payment.OutcomeUnknown, m.send(&hurried, c))
	b.succeeded(b.decided(func() payment.Outcome { return m.send(b, c) }), c.Amount.Minor)
	b.succeeded(b.lookup(c, m.kind), c.Amount.Minor)
	require.True(b, m.done(b.onlyCharge(c), c))
}

// noConnection: the request certainly never left.
func noConnection(b *bench, m movement) {
	c := m.prepare(b)
	cut := *b
	cut.gateway = watched{b.T, b.Unreachable, []vault.Card{b.Approve}}
	o := m.send(&cut, c)
	b.declined(o, payment.DeclineGatewayUnavailable)
	require.True(b, o.Decline.RetryAllowed())
	b.is(payment.OutcomeUnknown, cut.lookup(c, m.kind))
	c.Repeated = true
	b.is(payment.OutcomeUnknown, m.send(&cut, c))
	b.untouched(m, c)
}

// untouched: the provider's record does not show the movement.
func (b *bench) untouched(m movement, c gateway.Call) {
	b.Helper()
	for _, charge := range b.charges(c) {
		require.False(b, m.done(charge, c), "%s: %+v", m.name, charge)
	}
}

// impatient makes every call under a context that ends early.
type impatient struct {
	gateway.Gateway
	ctx context.Context
}

func (i impatient) Authorize(_ context.Context, a gateway.Authorization) payment.Outcome {
	return i.Gateway.Authorize(i.ctx, a)
}

func (i impatient) Capture(_ context.Context, c gateway.Call) payment.Outcome {
	return i.Gateway.Capture(i.ctx, c)
}

func (i impatient) Void(_ context.Context, c gateway.Call) payment.Outcome {
	return i.Gateway.Void(i.ctx, c)
}

func (i impatient) Refund(_ context.Context, r gateway.Refund) payment.Outcome {
	return i.Gateway.Refund(i.ctx, r)
}
