package gatewaytest

import (
	"context"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

// movement is one operation on a payment that is ready for it.
type movement struct {
	name      string
	needs     need
	operation Operation
	kind      payment.TransactionKind
	prepare   func(*bench) gateway.Call
	send      func(*bench, gateway.Call) payment.Outcome
	// unsent is what a look-up finds before the operation.
	unsent payment.OutcomeClass
	// done reports whether the provider's record shows the effect, once.
	done func(Charge, gateway.Call) bool
}

var movements = []movement{
	{
		"authorization", holds, Authorize, payment.Authorization,
		func(b *bench) gateway.Call { return b.newCall(b.price) },
		func(b *bench, c gateway.Call) payment.Outcome { return b.authorize(c, b.Approve, false) },
		payment.OutcomeAbsent,
		func(ch Charge, c gateway.Call) bool { return ch.Amount == c.Amount.Minor && ch.AmountCaptured == 0 },
	},
	{
		"sale", always, Authorize, payment.Sale,
		func(b *bench) gateway.Call { return b.newCall(b.price) },
		func(b *bench, c gateway.Call) payment.Outcome { return b.authorize(c, b.Approve, true) },
		payment.OutcomeAbsent, soldWhole,
	},
	{
		"completion", completes, Complete, payment.Sale,
		(*bench).agreed,
		func(b *bench, c gateway.Call) payment.Outcome { return b.completing(c, true) },
		payment.OutcomeReady, soldWhole,
	},
	{
		"capture", holds, Capture, payment.Capture,
		func(b *bench) gateway.Call {
			c, held := b.held()
			return next(c, payment.Capture, b.part(9_000), held)
		},
		(*bench).capturing, payment.OutcomeAbsent, soldWhole,
	},
	{
		"void", holds, Void, payment.Void,
		func(b *bench) gateway.Call {
			c, held := b.held()
			return next(c, payment.Void, b.price.Minor, held)
		},
		(*bench).voiding, payment.OutcomeAbsent,
		func(ch Charge, _ gateway.Call) bool { return ch.Voided },
	},
	{
		"refund", always, Refund, payment.RefundOfSale,
		func(b *bench) gateway.Call {
			c, sold := b.sold()
			return next(c, payment.RefundOfSale, 4_000, sold)
		},
		func(b *bench, c gateway.Call) payment.Outcome { return b.refunding(refundOf(c)) },
		payment.OutcomeAbsent,
		func(ch Charge, c gateway.Call) bool { return ch.AmountRefunded == c.Amount.Minor },
	},
}

func soldWhole(ch Charge, c gateway.Call) bool { return ch.AmountCaptured == c.Amount.Minor }

// moves are the movements that the gateway promises.
func (b *bench) moves() (promised []movement) {
	for _, m := range movements {
		if m.needs(b.Harness) == "" {
			promised = append(promised, m)
		}
	}
	return promised
}

// agreed is a sale that the shopper has agreed to, and that waits to be taken.
func (b *bench) agreed() gateway.Call {
	b.Helper()
	c, o := b.challenged(true)
	b.returns(&c, o, true)
	b.is(payment.OutcomeReady, b.learn(c, payment.Sale))
	require.Empty(b, b.charges(c), "nothing is taken before the provider is told to")
	return c
}

var faultCases = lostAnswerCases()

func lostAnswerCases() []testCase {
	cases := []testCase{{"no answer at all", always, neverAnswered}}
	for _, m := range movements {
		for _, fault := range []Fault{TimeoutAfter, ResetAfter} {
			cases = append(cases, testCase{m.name + " " + string(fault), m.needs, func(b *bench) { lostAfter(b, m, fault) }})
		}
		for _, fault := range []Fault{TimeoutBefore, ResetBefore, ServerError} {
			cases = append(cases, testCase{m.name + " " + string(fault), m.needs, func(b *bench) { lostBefore(b, m, fault) }})
		}
		cases = append(cases,
			testCase{m.name + " " + string(RateLimited), m.needs, func(b *bench) { rateLimited(b, m) }},
			testCase{m.name + " given up", m.needs, func(b *bench) { givenUp(b, m) }},
			testCase{m.name + " without a connection", m.needs, func(b *bench) { noConnection(b, m) }},
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
	found := b.learn(c, m.kind)
	again := b.decided(func() payment.Outcome { return m.send(b, c) })
	if found.Class == payment.OutcomeActionRequired {
		b.is(payment.OutcomeActionRequired, again)
		require.Equal(b, found.GatewayReference, again.GatewayReference)
		require.Empty(b, b.charges(c))
		b.succeeded(b.ends(&c, m.kind, found), c.Amount.Minor)
		require.True(b, m.done(b.onlyCharge(c), c))
		return
	}
	end := b.settled(c, m.kind, found)
	b.succeeded(end, c.Amount.Minor)
	require.True(b, m.done(b.onlyCharge(c), c))
	again = b.settled(c, m.kind, again)
	b.succeeded(again, c.Amount.Minor)
	require.Equal(b, end.TransactionReference, again.TransactionReference)
	require.True(b, m.done(b.onlyCharge(c), c))
}

// lostBefore: nothing happened, which the adapter cannot know.
func lostBefore(b *bench, m movement, fault Fault) {
	c := m.prepare(b)
	b.InjectFault(b.T, m.operation, fault)
	b.is(payment.OutcomeUnknown, m.send(b, c))
	b.unsent(m, c)
	b.untouched(m, c)
	b.moved(m, &c, b.decided(func() payment.Outcome { return m.send(b, c) }))
}

// rateLimited: the provider says that it did nothing.
func rateLimited(b *bench, m movement) {
	c := m.prepare(b)
	if m.operation != Complete { // which is always sent as one that may have arrived before
		b.InjectFault(b.T, m.operation, RateLimited)
		b.declined(m.send(b, c), payment.DeclineGatewayUnavailable)
		b.untouched(m, c)
	}

	// An earlier call with the key may have done it all the same.
	c.Repeated = true
	b.InjectFault(b.T, m.operation, RateLimited)
	b.is(payment.OutcomeUnknown, m.send(b, c))
	b.moved(m, &c, m.send(b, c))
}

// givenUp: the caller leaves while the provider works.
func givenUp(b *bench, m movement) {
	c := m.prepare(b)
	b.InjectFault(b.T, m.operation, Slow)
	hurried := *b
	var leave context.CancelFunc
	hurried.hurry, leave = context.WithCancel(b.Context())
	defer leave()
	ended := make(chan payment.Outcome, 1)
	go func() {
		defer close(ended)
		ended <- m.send(&hurried, c)
	}()
	require.Eventually(b, func() bool { return b.Faults(b.T) == 0 }, Patience, time.Millisecond, "the provider has the call")
	leave()
	b.is(payment.OutcomeUnknown, <-ended)
	b.moved(m, &c, b.decided(func() payment.Outcome { return m.send(b, c) }))
	b.succeeded(b.lookup(c, m.kind), c.Amount.Minor)
}

// neverAnswered: the time limit ends a call that the provider does not answer.
func neverAnswered(b *bench) {
	c := b.newCall(b.price)
	o := b.through(b.Silent).authorize(c, b.Approve, true)
	b.is(payment.OutcomeUnknown, o)
	require.Contains(b, o.Detail, "in time")
	require.Empty(b, b.charges(c))
}

// noConnection: the request certainly never left.
func noConnection(b *bench, m movement) {
	c := m.prepare(b)
	cut := b.through(b.Unreachable)
	if m.operation != Complete {
		o := m.send(cut, c)
		b.declined(o, payment.DeclineGatewayUnavailable)
		require.True(b, o.Decline.RetryAllowed())
	}
	if found := cut.gateway.Lookup(b.Context(), lookupOf(c, m.kind)); m.unsent != payment.OutcomeReady {
		b.is(payment.OutcomeUnknown, found)
	}
	c.Repeated = true
	b.is(payment.OutcomeUnknown, m.send(cut, c))
	b.untouched(m, c)
}

// moved: the movement ends well, and the provider's record shows it.
func (b *bench) moved(m movement, c *gateway.Call, o payment.Outcome) {
	b.Helper()
	b.succeeded(b.ends(c, m.kind, o), c.Amount.Minor)
	require.True(b, m.done(b.onlyCharge(*c), *c), m.name)
}

// unsent: a look-up finds nothing of the movement.
func (b *bench) unsent(m movement, c gateway.Call) {
	b.Helper()
	if m.unsent != payment.OutcomeAbsent {
		b.is(m.unsent, b.gateway.Lookup(b.Context(), lookupOf(c, m.kind)))
		return
	}
	b.absent(c, m.kind)
}

// untouched: the provider's record does not show the movement.
func (b *bench) untouched(m movement, c gateway.Call) {
	b.Helper()
	for _, charge := range b.charges(c) {
		require.False(b, m.done(charge, c), "%s: %+v", m.name, charge)
	}
}
