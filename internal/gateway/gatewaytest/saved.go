package gatewaytest

import (
	"context"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/gateway"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
	"paymenthub/internal/vault"
)

var savedCases = []testCase{
	{"saved by a payment, it pays again with and without the shopper", saves, savedByPayment},
	{"saved by an authorization", all(saves, holds), savedByAuthorization},
	{"a refused card is not kept", saves, refusedIsNotKept},
	{"a payment that saves, its answer lost", saves, savingLost},
	{"a customer whose answer is lost is made once", enrolls, customerOnce},
	{"a customer who is gone", enrolls, customerGone},
	{"kept without a payment", saves, keptWithoutPayment},
	{"keeping a card, its answer lost", saves, keepingLost},
	{"keeping a card, looked up", saves, keptIsFound},
	{"keeping a refused card", saves, keepingRefused},
	{"keeping a card without a connection", saves, keepingUnreachable},
	{"keeping a card that the vault does not give", saves, keepingNothing},
	{"a detached card pays no more", saves, detachedPaysNoMore},
	{"detaching, its answer lost", saves, detachingLost},
	{"a card that needs the shopper declines without them", saves, needsTheShopper},
	{"saved after the shopper's authentication", saves, savedAfterChallenge},
}

// newcomer is a customer whom the provider does not know yet.
func newcomer() gateway.SaveFor { return gateway.SaveFor{CustomerID: id.New(id.Customer)} }

// saving asks for a payment that saves its card.
func (b *bench) saving(c gateway.Call, card vault.Card, capture bool, who gateway.SaveFor) gateway.Authorization {
	a := b.authorization(c, card, capture)
	a.Save = &who
	return a
}

// paying makes a payment by card, and waits for its end.
func (b *bench) paying(a gateway.Authorization) payment.Outcome {
	b.Helper()
	return b.settled(a.Call, kindOf(a.Capture), b.authorizing(a))
}

// saved takes b.price with the approved card and saves it.
func (b *bench) saved(who gateway.SaveFor) gateway.StoredMethod {
	b.Helper()
	c := b.newCall(b.price)
	o := b.paying(b.saving(c, b.Approve, true, who))
	b.succeeded(o, b.price.Minor)
	found := b.lookup(c, payment.Sale)
	require.Equal(b, o.Kept, found.Kept, "a look-up tells what is kept as the answer did")
	return b.kept(o)
}

func (b *bench) kept(o payment.Outcome) gateway.StoredMethod {
	b.Helper()
	require.NotNil(b, o.Kept)
	require.NotEmpty(b, o.Kept.CustomerReference)
	require.NotEmpty(b, o.Kept.MethodReference)
	return gateway.StoredMethod{
		CustomerReference: o.Kept.CustomerReference, MethodReference: o.Kept.MethodReference, NetworkTransactionID: o.Kept.NetworkTransactionID,
	}
}

// again pays b.price with a kept card.
func (b *bench) again(kept gateway.StoredMethod, merchantInitiated bool) (gateway.Call, payment.Outcome) {
	c := b.newCall(b.price)
	return c, b.paying(gateway.Authorization{
		Call: c, Method: payment.MethodCard, Capture: true, Stored: &kept, MerchantInitiated: merchantInitiated, ReturnURL: "https://shop.example/return",
	})
}

func savedByPayment(b *bench) {
	kept := b.saved(newcomer())
	require.NotEmpty(b, kept.NetworkTransactionID)
	for _, merchantInitiated := range []bool{false, true} {
		c, o := b.again(kept, merchantInitiated)
		b.succeeded(o, b.price.Minor)
		require.Equal(b, b.price.Minor, b.onlyCharge(c).AmountCaptured)
		b.succeeded(b.lookup(c, payment.Sale), b.price.Minor)
	}
	// The customer is known now, and keeps a second card.
	second := b.saved(gateway.SaveFor{CustomerID: id.New(id.Customer), CustomerReference: kept.CustomerReference})
	require.Equal(b, kept.CustomerReference, second.CustomerReference)
	require.NotEqual(b, kept.MethodReference, second.MethodReference)
}

func savedByAuthorization(b *bench) {
	c := b.newCall(b.price)
	o := b.paying(b.saving(c, b.Approve, false, newcomer()))
	b.succeeded(o, b.price.Minor)
	_, again := b.again(b.kept(o), true)
	b.succeeded(again, b.price.Minor)
}

func refusedIsNotKept(b *bench) {
	who := newcomer()
	c := b.newCall(b.price)
	o := b.paying(b.saving(c, b.Declines[0].Card, true, who))
	b.declined(o, b.Declines[0].Code)
	require.NotNil(b, o.Kept, "the customer is there")
	require.NotEmpty(b, o.Kept.CustomerReference)
	require.Empty(b, o.Kept.MethodReference)
	require.Equal(b, o.Kept, b.lookup(c, payment.Sale).Kept)
	require.Empty(b, b.Kept(b.T, o.Kept.CustomerReference))
}

func savingLost(b *bench) {
	for _, fault := range []Fault{TimeoutAfter, ResetAfter, TimeoutBefore, ResetBefore, ServerError} {
		who, c := newcomer(), b.newCall(b.price)
		b.InjectFault(b.T, Authorize, fault)
		b.is(payment.OutcomeUnknown, b.authorizing(b.saving(c, b.Approve, true, who)))
		c.Repeated = true
		again := b.decided(func() payment.Outcome { return b.paying(b.saving(c, b.Approve, true, who)) })
		b.succeeded(again, b.price.Minor)
		require.Equal(b, again.Kept, b.lookup(c, payment.Sale).Kept)
		require.Equal(b, b.price.Minor, b.onlyCharge(c).AmountCaptured, fault)
		require.Len(b, b.Kept(b.T, b.kept(again).CustomerReference), 1, fault)
		b.knownOnce(who, fault)
	}
}

// knownOnce: the customer is one customer at the provider.
func (b *bench) knownOnce(who gateway.SaveFor, why ...any) {
	b.Helper()
	if enrolls(b.Harness) == "" {
		require.Equal(b, 1, b.Customers(b.T, who.CustomerID), why...)
	}
}

func customerOnce(b *bench) {
	for _, fault := range []Fault{TimeoutAfter, ResetAfter, TimeoutBefore, ServerError} {
		who, c := newcomer(), b.newCall(b.price)
		b.InjectFault(b.T, Enroll, fault)
		b.declined(b.authorizing(b.saving(c, b.Approve, true, who)), payment.DeclineGatewayUnavailable)
		require.Empty(b, b.charges(c), fault)
		c.Repeated = true
		b.InjectFault(b.T, Enroll, fault)
		b.is(payment.OutcomeUnknown, b.authorizing(b.saving(c, b.Approve, true, who)))
		b.succeeded(b.decided(func() payment.Outcome { return b.paying(b.saving(c, b.Approve, true, who)) }), b.price.Minor)
		require.Equal(b, 1, b.Customers(b.T, who.CustomerID), fault)
	}
}

// A customer whom the provider does not know any more is told of, and nothing is
// saved for them.
func customerGone(b *bench) {
	who := gateway.SaveFor{CustomerID: id.New(id.Customer), CustomerReference: "cus_unknown"}
	c := b.newCall(b.price)
	o := b.authorizing(b.saving(c, b.Approve, true, who))
	b.is(payment.OutcomeDeclined, o)
	require.True(b, o.CustomerGone)
	require.Empty(b, b.charges(c))
	s := b.storage(b.Approve, who)
	o = b.gateway.StoreMethod(b.Context(), s)
	b.is(payment.OutcomeDeclined, o)
	require.True(b, o.CustomerGone)
	require.Nil(b, o.Kept)
	b.is(payment.OutcomeAbsent, b.gateway.FindMethod(b.Context(), asStored(s)))
	who.CustomerReference = ""
	o = b.gateway.StoreMethod(b.Context(), b.storage(b.Approve, who))
	b.is(payment.OutcomeSucceeded, o)
	require.False(b, o.CustomerGone)
}

// asStored asks what became of a storage that was asked for long ago.
func asStored(s gateway.Storage) gateway.MethodLookup {
	s.CreatedAt = time.Now().Add(-2 * time.Hour)
	return gateway.MethodLookup{MethodCall: s.MethodCall, Save: s.Save}
}

// keptIsFound looks up what became of a card, with a customer who was new and with
// one whom the provider knew.
func keptIsFound(b *bench) {
	known := b.stored().CustomerReference
	for _, reference := range []string{"", known} {
		for _, fault := range []Fault{"", TimeoutAfter, TimeoutBefore} {
			s := b.storage(b.Approve, gateway.SaveFor{CustomerID: id.New(id.Customer), CustomerReference: reference})
			b.is(payment.OutcomeAbsent, b.gateway.FindMethod(b.Context(), asStored(s)))
			if fault != "" {
				b.InjectFault(b.T, Store, fault)
			}
			stored := b.gateway.StoreMethod(b.Context(), s)
			if fault == TimeoutBefore {
				b.is(payment.OutcomeUnknown, stored)
				b.is(payment.OutcomeAbsent, b.gateway.FindMethod(b.Context(), asStored(s)))
				continue
			}
			found := b.gateway.FindMethod(b.Context(), asStored(s))
			b.is(payment.OutcomeSucceeded, found)
			if fault == "" {
				require.Equal(b, stored, found, "a look-up tells what is kept as the answer did")
			}
			d := gateway.Detachment{MethodCall: methodCall(s.MethodID, "detach"), Stored: b.kept(found)}
			b.is(payment.OutcomeSucceeded, b.gateway.DetachMethod(b.Context(), d))
			b.is(payment.OutcomeAbsent, b.gateway.FindMethod(b.Context(), asStored(s)))
		}
	}
	b.is(payment.OutcomeUnknown, b.Unreachable.FindMethod(b.Context(), asStored(b.storage(b.Approve, newcomer()))))
	refused := b.storage(b.Declines[0].Card, newcomer())
	b.declined(b.gateway.StoreMethod(b.Context(), refused), b.Declines[0].Code)
	b.is(payment.OutcomeAbsent, b.gateway.FindMethod(b.Context(), asStored(refused)))
}

// storage asks to keep a card without a payment.
func (b *bench) storage(card vault.Card, who gateway.SaveFor) gateway.Storage {
	methodID := id.New(id.PaymentMethod)
	return gateway.Storage{MethodCall: methodCall(methodID, "store"), Save: who, Instrument: instrument(card)}
}

func methodCall(methodID, operation string) gateway.MethodCall {
	return gateway.MethodCall{
		Scope:    merchant.Scope{MerchantID: id.New(id.Merchant), Environment: merchant.Sandbox},
		MethodID: methodID, IdempotencyKey: methodID + "-" + operation, CreatedAt: time.Now(),
	}
}

// stored keeps the approved card.
func (b *bench) stored() gateway.StoredMethod {
	b.Helper()
	o := b.gateway.StoreMethod(b.Context(), b.storage(b.Approve, newcomer()))
	b.is(payment.OutcomeSucceeded, o)
	return b.kept(o)
}

func keptWithoutPayment(b *bench) {
	before := len(b.Charges(b.T))
	kept := b.stored()
	require.Len(b, b.Charges(b.T), before, "nothing is charged")
	_, o := b.again(kept, true)
	b.succeeded(o, b.price.Minor)
}

func keepingLost(b *bench) {
	operations := []Operation{Store}
	if enrolls(b.Harness) == "" {
		operations = append(operations, Enroll)
	}
	for _, operation := range operations {
		for _, fault := range []Fault{TimeoutAfter, ResetAfter, TimeoutBefore, ServerError} {
			who := newcomer()
			s := b.storage(b.Approve, who)
			b.InjectFault(b.T, operation, fault)
			b.is(payment.OutcomeUnknown, b.gateway.StoreMethod(b.Context(), s))
			s.Repeated = true
			o := b.decided(func() payment.Outcome { return b.gateway.StoreMethod(b.Context(), s) })
			b.is(payment.OutcomeSucceeded, o)
			require.Equal(b, o, b.gateway.StoreMethod(b.Context(), s))
			require.Equal(b, []string{b.kept(o).MethodReference}, b.Kept(b.T, b.kept(o).CustomerReference), "%s %s", operation, fault)
			b.knownOnce(who, "%s %s", operation, fault)
		}
	}
}

func keepingRefused(b *bench) {
	for _, want := range b.Declines {
		o := b.gateway.StoreMethod(b.Context(), b.storage(want.Card, newcomer()))
		b.declined(o, want.Code)
		require.Equal(b, want.IssuerCode, o.Decline.IssuerCode, want.Name)
		require.NotNil(b, o.Kept)
		require.Empty(b, o.Kept.MethodReference)
		require.Empty(b, b.Kept(b.T, o.Kept.CustomerReference))
	}
}

func keepingUnreachable(b *bench) {
	cut := b.through(b.Unreachable).gateway
	s := b.storage(b.Approve, newcomer())
	b.declined(cut.StoreMethod(b.Context(), s), payment.DeclineGatewayUnavailable)
	s.Repeated = true
	b.is(payment.OutcomeUnknown, cut.StoreMethod(b.Context(), s))
	d := gateway.Detachment{MethodCall: methodCall(id.New(id.PaymentMethod), "detach"), Stored: b.stored()}
	b.declined(cut.DetachMethod(b.Context(), d), payment.DeclineGatewayUnavailable)
}

func keepingNothing(b *bench) {
	s := b.storage(b.Approve, newcomer())
	s.Instrument = emptyVault{}
	b.declined(b.gateway.StoreMethod(b.Context(), s), payment.DeclineProcessingError)
	s.Repeated = true
	b.is(payment.OutcomeUnknown, b.gateway.StoreMethod(b.Context(), s))
}

func detachedPaysNoMore(b *bench) {
	kept := b.saved(newcomer())
	d := gateway.Detachment{MethodCall: methodCall(id.New(id.PaymentMethod), "detach"), Stored: kept}
	for range 2 {
		b.is(payment.OutcomeSucceeded, b.gateway.DetachMethod(b.Context(), d))
	}
	d.IdempotencyKey += "-forgotten"
	b.is(payment.OutcomeSucceeded, b.gateway.DetachMethod(b.Context(), d))
	require.Empty(b, b.Kept(b.T, kept.CustomerReference))
	for _, merchantInitiated := range []bool{false, true} {
		c, o := b.again(kept, merchantInitiated)
		b.declined(o, payment.DeclineMethodDetached)
		require.Empty(b, b.charges(c))
	}
	d.Stored.MethodReference = "pm_unknown"
	d.IdempotencyKey += "-unknown"
	b.is(payment.OutcomeSucceeded, b.gateway.DetachMethod(b.Context(), d))
}

func detachingLost(b *bench) {
	for _, fault := range []Fault{TimeoutAfter, ResetAfter, TimeoutBefore, ServerError} {
		kept := b.stored()
		d := gateway.Detachment{MethodCall: methodCall(id.New(id.PaymentMethod), "detach"), Stored: kept}
		b.InjectFault(b.T, Detach, fault)
		b.is(payment.OutcomeUnknown, b.gateway.DetachMethod(b.Context(), d))
		d.Repeated = true
		b.is(payment.OutcomeSucceeded, b.decided(func() payment.Outcome { return b.gateway.DetachMethod(b.Context(), d) }))
		require.Empty(b, b.Kept(b.T, kept.CustomerReference), fault)
	}
	limited, cancel := context.WithCancel(b.Context())
	cancel()
	d := gateway.Detachment{MethodCall: methodCall(id.New(id.PaymentMethod), "detach"), Stored: b.stored()}
	b.is(payment.OutcomeUnknown, b.gateway.DetachMethod(limited, d))
}

func needsTheShopper(b *bench) {
	o := b.gateway.StoreMethod(b.Context(), b.storage(b.Challenge, newcomer()))
	b.is(payment.OutcomeSucceeded, o)
	kept := b.kept(o)
	c, declined := b.again(kept, true)
	b.declined(declined, payment.DeclineAuthenticationNeeded)
	require.Empty(b, b.charges(c))
	b.declined(b.lookup(c, payment.Sale), payment.DeclineAuthenticationNeeded)

	c, asked := b.again(kept, false)
	b.is(payment.OutcomeActionRequired, asked)
	b.returns(&c, asked, true)
	b.succeeded(b.lookup(c, payment.Sale), b.price.Minor)
}

func savedAfterChallenge(b *bench) {
	for _, pass := range []bool{true, false} {
		c := b.newCall(b.price)
		o := b.authorizing(b.saving(c, b.Challenge, true, newcomer()))
		b.is(payment.OutcomeActionRequired, o)
		require.NotNil(b, o.Kept)
		require.Empty(b, o.Kept.MethodReference, "not before the shopper has authenticated")
		b.returns(&c, o, pass)
		found := b.lookup(c, payment.Sale)
		if pass {
			b.succeeded(found, b.price.Minor)
			require.Equal(b, []string{b.kept(found).MethodReference}, b.Kept(b.T, o.Kept.CustomerReference))
			continue
		}
		b.declined(found, payment.DeclineAuthentication)
		require.Empty(b, b.Kept(b.T, o.Kept.CustomerReference))
	}
}
