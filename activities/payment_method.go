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

// How long a gateway is asked. A card is in the vault no longer than the first.
const (
	storePatience  = vault.CVCLifetime
	forgetPatience = 7 * 24 * time.Hour
)

// StoreMethod has the gateway keep the card of a pending method, and writes down
// what it said.
func (a *Payments) StoreMethod(ctx context.Context, in MethodRef) (MethodProgress, error) {
	m, err := a.Customers.LoadMethod(ctx, in.MethodID)
	if err != nil || m.Status != customer.MethodPending {
		return MethodProgress{Done: true}, err
	}
	g, err := a.Gateways.Find(m.Scope.Environment, m.Gateway)
	if err != nil {
		return MethodProgress{}, err
	}
	reference, err := a.Customers.Reference(ctx, m.CustomerID, m.Gateway)
	if err != nil {
		return MethodProgress{}, err
	}
	outcome := g.StoreMethod(ctx, gateway.Storage{
		MethodCall: a.callOfMethod(ctx, m, "store", m.CreatedAt, in.Again),
		Save:       gateway.SaveFor{CustomerID: m.CustomerID, CustomerReference: reference},
		Instrument: instrument{a.Vault, m.CardToken},
	})
	if !outcome.Decided() {
		a.logUnknown(ctx, outcome, m.ID, m.ID, g.Name())
		if a.Clock.Now().Sub(m.CreatedAt) < storePatience {
			return MethodProgress{}, nil
		}
		outcome = payment.Declined(payment.NewDecline(payment.DeclineGatewayUnavailable))
	}
	return MethodProgress{Done: true}, a.Customers.RecordMethod(ctx, a.stored(m, outcome))
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
	g, err := a.Gateways.Find(m.Scope.Environment, m.Gateway)
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
	a.logUnknown(ctx, outcome, m.ID, m.ID, g.Name())
	if a.Clock.Now().Sub(m.DetachedAt) < forgetPatience {
		return MethodProgress{}, nil
	}
	a.Metrics.Raised("payment_method", string(m.Scope.Environment))
	a.Logger.Error("payment method needs an operator", zap.String("payment_method_id", m.ID), traceid.Field(ctx),
		zap.String("why", "the gateway has not confirmed for days that it keeps the detached card no longer"))
	return MethodProgress{Done: true}, nil
}

// callOfMethod names an operation on a kept card to its gateway.
func (a *Payments) callOfMethod(ctx context.Context, m customer.PaymentMethod, operation string, since time.Time, again bool) gateway.MethodCall {
	age := a.Clock.Now().Sub(since)
	return gateway.MethodCall{
		Scope: m.Scope, MethodID: m.ID, IdempotencyKey: m.ID + "-" + operation, CreatedAt: since,
		Repeated: again || activity.GetInfo(ctx).Attempt > 1 || age < 0 || age > sentAtOnce,
	}
}
