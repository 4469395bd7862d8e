package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"
	"go.uber.org/zap"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
	"paymenthub/internal/vault"
)

// instrument opens the vault for an adapter.
type instrument struct {
	vault *vault.Vault
	token string
}

// Open implements gateway.Instrument.
func (i instrument) Open(ctx context.Context) (vault.Card, error) { return i.vault.Open(ctx, i.token) }

// Authorize sends the attempt to its gateway.
func (a *Payments) Authorize(ctx context.Context, in TransactionRef) (payment.Outcome, error) {
	return a.call(ctx, in, func(g gateway.Gateway, p payment.Aggregate, c gateway.Call) payment.Outcome {
		return g.Authorize(ctx, gateway.Authorization{
			Call: c, Capture: p.Transaction.Kind == payment.Sale,
			Instrument:  instrument{a.Vault, p.Attempt.CardToken},
			ReturnURL:   a.ReturnURL(p.Intent.ID),
			Description: p.Intent.Description, StatementDescriptor: p.Intent.StatementDescriptor,
		})
	})
}

// Capture asks the gateway to take what it holds.
func (a *Payments) Capture(ctx context.Context, in TransactionRef) (payment.Outcome, error) {
	return a.call(ctx, in, func(g gateway.Gateway, _ payment.Aggregate, c gateway.Call) payment.Outcome {
		return g.Capture(ctx, c)
	})
}

// Void asks the gateway to release what it holds, or to stop waiting.
func (a *Payments) Void(ctx context.Context, in TransactionRef) (payment.Outcome, error) {
	return a.call(ctx, in, func(g gateway.Gateway, _ payment.Aggregate, c gateway.Call) payment.Outcome {
		return g.Void(ctx, c)
	})
}

// LookUp asks the gateway what became of the transaction.
func (a *Payments) LookUp(ctx context.Context, in TransactionRef) (payment.Outcome, error) {
	return a.call(ctx, in, func(g gateway.Gateway, p payment.Aggregate, c gateway.Call) payment.Outcome {
		return g.Lookup(ctx, gateway.Lookup{Call: c, Kind: p.Transaction.Kind})
	})
}

// call makes one gateway call about a payment's transaction. A transaction that
// is no longer pending is not sent again: its outcome stands in the database.
func (a *Payments) call(ctx context.Context, in TransactionRef, do func(gateway.Gateway, payment.Aggregate, gateway.Call) payment.Outcome) (payment.Outcome, error) {
	current, err := a.current(ctx, in)
	if err != nil {
		return payment.Outcome{}, err
	}
	waiting := current.Transaction != nil && current.Transaction.ID == in.TransactionID
	if !waiting || current.Transaction.Status != payment.TransactionPending {
		return payment.Unknown("recorded already"), nil
	}
	g, err := a.Gateways.Find(current.Intent.Scope.Environment, current.Transaction.Gateway)
	if err != nil {
		return payment.Outcome{}, err
	}
	outcome := do(g, current, gateway.Call{
		Scope: current.Intent.Scope, PaymentID: in.PaymentID, AttemptID: current.Attempt.ID, TransactionID: in.TransactionID,
		IdempotencyKey: current.Transaction.IdempotencyKey, GatewayReference: current.Attempt.GatewayReference,
		Amount: current.Transaction.Money(), CreatedAt: current.Transaction.CreatedAt,
		Repeated: a.repeated(ctx, *current.Transaction),
	})
	if outcome.Class == payment.OutcomeUnknown {
		a.Logger.Warn("gateway outcome unknown", zap.String("payment_id", in.PaymentID),
			zap.String("transaction_id", in.TransactionID), zap.String("gateway", g.Name()), zap.String("detail", outcome.Detail))
	}
	return outcome, nil
}

// sentAtOnce is how soon after it is written down a transaction is sent, when
// all goes well.
const sentAtOnce = 2 * time.Second

// repeated reports whether the transaction may have been sent before: by an
// earlier try of this step, or by a worker that died after sending it.
func (a *Payments) repeated(ctx context.Context, t payment.Transaction) bool {
	return activity.GetInfo(ctx).Attempt > 1 || a.Clock.Now().Sub(t.CreatedAt) > sentAtOnce
}
