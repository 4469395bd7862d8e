package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"
	"go.uber.org/zap"

	"paymenthub/internal/customer"
	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
	"paymenthub/internal/telemetry/traceid"
	"paymenthub/internal/vault"
)

// The steps of a payment method that is kept, or no longer kept, without a payment.
// Both are repeated under their key until the gateway has answered: whatever was
// carried out before is then only said again.
const (
	StorePaymentMethod  Name[MethodRef, MethodProgress] = "StorePaymentMethod"
	ForgetPaymentMethod Name[MethodRef, MethodProgress] = "ForgetPaymentMethod"
)

// MethodRef names a payment method.
type MethodRef struct {
	MethodID string `json:"method_id"`
	// Again: the gateway was asked before, and that request may still be on its way.
	Again bool `json:"again,omitempty"`
}

// MethodProgress says how far a step has come.
type MethodProgress struct {
	Done bool `json:"done"` // nothing is left to ask
}

// How long a gateway is asked.
const (
	// storePatience is how long a gateway is asked to keep a card, while its security
	// code is in the vault. After that it is asked whether it does.
	storePatience = vault.CVCLifetime
	// methodPatience is when a method that still waits for its gateway is shown to
	// operators, and raisedPause how often its gateway is asked from then on.
	methodPatience = 7 * 24 * time.Hour
	raisedPause    = 24 * time.Hour
)

// StoreMethod has the gateway keep the card of a pending method, and writes down
// what it said. When it has not said for long, it is asked what it keeps: only a
// proof that it does not keep the card declines the method.
func (a *Payments) StoreMethod(ctx context.Context, in MethodRef) (MethodProgress, error) {
	m, err := a.Customers.LoadMethod(ctx, in.MethodID)
	if err != nil || m.Status != customer.MethodPending {
		return MethodProgress{Done: true}, err
	}
	g, err := a.Gateways.Find(ctx, m.Scope.Environment, m.Gateway)
	if err != nil {
		return MethodProgress{}, err
	}
	call := a.callOfMethod(ctx, m, "store", m.CreatedAt, in.Again)
	save := gateway.SaveFor{CustomerID: m.CustomerID, CustomerReference: m.GatewayCustomer}
	var outcome payment.Outcome
	if a.Clock.Now().Sub(m.CreatedAt) < storePatience {
		outcome = g.StoreMethod(ctx, gateway.Storage{MethodCall: call, Save: save, Instrument: instrument{a.Vault, m.CardToken}})
	} else {
		outcome = a.findMethod(ctx, g, gateway.MethodLookup{MethodCall: call, Save: save})
	}
	a.forgetIfGone(ctx, outcome, customer.Reference{CustomerID: m.CustomerID, Gateway: m.Gateway, Reference: m.GatewayCustomer})
	if !outcome.Decided() {
		a.logUnknown(ctx, outcome, m.ID, m.ID, g.Name)
		return a.wait(ctx, m, m.CreatedAt, "the gateway has not told for days whether it keeps the card")
	}
	return MethodProgress{Done: true}, a.Customers.RecordMethod(ctx, a.stored(m, outcome))
}

// findMethod asks whether the gateway keeps the card. That it does not is a refusal
// once the last request to keep it cannot be on its way any more.
func (a *Payments) findMethod(ctx context.Context, g gateway.Gateway, l gateway.MethodLookup) payment.Outcome {
	outcome := g.FindMethod(ctx, l)
	switch {
	case outcome.Class != payment.OutcomeAbsent:
		return outcome
	case a.Clock.Now().Sub(l.CreatedAt) < storePatience+absenceCertain:
		return payment.Unknown("the gateway does not keep the card yet")
	default:
		return payment.Declined(payment.NewDecline(payment.DeclineGatewayUnavailable))
	}
}

// wait has the gateway asked again. When it has been asked for too long, the method is
// shown to operators, and its workflow ends: the sweep begins another when it is due.
func (a *Payments) wait(ctx context.Context, m customer.PaymentMethod, since time.Time, why string) (MethodProgress, error) {
	if a.Clock.Now().Sub(since) < methodPatience {
		return MethodProgress{}, nil
	}
	if err := a.Customers.RaiseMethod(ctx, m.ID, why, a.Clock.Now().Add(raisedPause)); err != nil {
		return MethodProgress{}, err
	}
	if m.Attention != "" {
		return MethodProgress{Done: true}, nil
	}
	a.Metrics.Raised("payment_method", string(m.Scope.Environment))
	a.Logger.Error("payment method needs an operator", zap.String("payment_method_id", m.ID), zap.String("why", why), traceid.Field(ctx))
	return MethodProgress{Done: true}, nil
}

// stored is what an outcome says of a method.
func (a *Payments) stored(m customer.PaymentMethod, o payment.Outcome) customer.Stored {
	s := customer.Stored{MethodID: m.ID, At: a.Clock.Now()}
	if o.Kept != nil {
		s.GatewayCustomer, s.GatewayReference, s.NetworkTransactionID = o.Kept.CustomerReference, o.Kept.MethodReference, o.Kept.NetworkTransactionID
	}
	if o.Decline != nil {
		s.Refusal = &customer.Refusal{Code: string(o.Decline.Code), Advice: string(o.Decline.Advice), Message: o.Decline.Message}
	}
	return s
}

// ForgetMethod has the gateway keep a detached card no longer. One that refuses
// is asked again: at the hub the card is gone in any case.
func (a *Payments) ForgetMethod(ctx context.Context, in MethodRef) (MethodProgress, error) {
	m, err := a.Customers.LoadMethod(ctx, in.MethodID)
	if err != nil || m.Status != customer.MethodDetached || !m.ForgottenAt.IsZero() {
		return MethodProgress{Done: true}, err
	}
	g, err := a.Gateways.Find(ctx, m.Scope.Environment, m.Gateway)
	if err != nil {
		return MethodProgress{}, err
	}
	outcome := g.DetachMethod(ctx, gateway.Detachment{
		MethodCall: a.callOfMethod(ctx, m, "detach", m.DetachedAt, in.Again),
		Stored:     gateway.StoredMethod{CustomerReference: m.GatewayCustomer, MethodReference: m.GatewayReference},
	})
	if outcome.Class == payment.OutcomeSucceeded {
		return MethodProgress{Done: true}, a.Customers.ForgetMethod(ctx, m.ID, a.Clock.Now())
	}
	a.logUnknown(ctx, outcome, m.ID, m.ID, g.Name)
	return a.wait(ctx, m, m.DetachedAt, "the gateway has not confirmed for days that it keeps the detached card no longer")
}

// callOfMethod names an operation on a kept card to its gateway.
func (a *Payments) callOfMethod(ctx context.Context, m customer.PaymentMethod, operation string, since time.Time, again bool) gateway.MethodCall {
	age := a.Clock.Now().Sub(since)
	return gateway.MethodCall{
		Scope: m.Scope, MethodID: m.ID, IdempotencyKey: m.ID + "-" + operation, CreatedAt: since,
		Repeated: again || activity.GetInfo(ctx).Attempt > 1 || age < 0 || age > sentAtOnce,
	}
}
