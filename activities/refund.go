package activities

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
	"paymenthub/internal/telemetry/traceid"
)

// The steps of a refund.
const (
	SendRefund   Name[RefundRef, payment.Outcome]           = "SendRefund"
	LookUpRefund Name[RefundRef, payment.Outcome]           = "LookUpRefund"
	RecordRefund Name[RefundRecorded, payment.RefundStatus] = "RecordRefund"
	RaiseRefund  Name[RefundRaised, payment.RefundStatus]   = "RaiseRefund"
)

// RefundRef names a refund.
type RefundRef struct {
	RefundID string `json:"refund_id"`
}

// RefundRecorded is the outcome of a refund.
type RefundRecorded struct {
	RefundRef
	Outcome payment.Outcome `json:"outcome"`
}

// RefundRaised asks to mark a refund for an operator.
type RefundRaised struct {
	RefundRef
	Why string `json:"why"`
}

// maxStaleRetries bounds how often a step is tried again after losing a race
// against another refund of the same payment.
const maxStaleRetries = 100

// SendRefund asks the gateway for the refund.
func (a *Payments) SendRefund(ctx context.Context, in RefundRef) (payment.Outcome, error) {
	return a.callRefund(ctx, in, func(g gateway.Gateway, r payment.RefundAggregate, c gateway.Call) payment.Outcome {
		return g.Refund(ctx, gateway.Refund{Call: c, RefundID: r.Refund.ID, Reason: r.Refund.Reason})
	})
}

// LookUpRefund asks the gateway what became of the refund.
func (a *Payments) LookUpRefund(ctx context.Context, in RefundRef) (payment.Outcome, error) {
	return a.callRefund(ctx, in, func(g gateway.Gateway, r payment.RefundAggregate, c gateway.Call) payment.Outcome {
		return g.Lookup(ctx, gateway.Lookup{Call: c, Kind: payment.RefundOfSale, RefundID: r.Refund.ID})
	})
}

func (a *Payments) callRefund(ctx context.Context, in RefundRef, do func(gateway.Gateway, payment.RefundAggregate, gateway.Call) payment.Outcome) (payment.Outcome, error) {
	current, err := a.Repository.LoadRefund(ctx, in.RefundID)
	if err != nil {
		return payment.Outcome{}, err
	}
	if current.Refund.Status != payment.RefundPending {
		return payment.Unknown("recorded already"), nil
	}
	g, err := a.Gateways.Find(current.Intent.Scope.Environment, current.Transaction.Gateway)
	if err != nil {
		return payment.Outcome{}, err
	}
	outcome := do(g, current, gateway.Call{
		Scope: current.Intent.Scope, PaymentID: current.Intent.ID, AttemptID: current.Attempt.ID, TransactionID: current.Transaction.ID,
		IdempotencyKey: current.Transaction.IdempotencyKey, GatewayReference: current.Attempt.GatewayReference,
		Amount: current.Transaction.Money(), CreatedAt: current.Transaction.CreatedAt,
		Repeated: a.repeated(ctx, current.Transaction),
	})
	a.logUnknown(ctx, outcome, in.RefundID, current.Transaction.ID, g.Name())
	return outcome, nil
}

// RecordRefund writes down what became of the refund; an outcome that decides
// nothing changes nothing.
func (a *Payments) RecordRefund(ctx context.Context, in RefundRecorded) (payment.RefundStatus, error) {
	if !in.Outcome.Decided() {
		current, err := a.Repository.LoadRefund(ctx, in.RefundID)
		return current.Refund.Status, err
	}
	status, err := a.changeRefund(ctx, in.RefundID, func(r payment.RefundAggregate) (payment.Change, error) {
		a.Metrics.Outcome(string(payment.RefundOfSale), string(in.Outcome.Class), r.Transaction.Gateway, string(r.Refund.Scope.Environment))
		return r.Intent.RecordRefund(r.Refund, r.Transaction, in.Outcome, a.Clock.Now())
	})
	if errors.Is(err, payment.ErrDisagrees) {
		return a.RaiseRefund(ctx, RefundRaised{RefundRef: in.RefundRef, Why: fmt.Sprint(err)})
	}
	return status, err
}

// RaiseRefund marks the refund for an operator.
func (a *Payments) RaiseRefund(ctx context.Context, in RefundRaised) (payment.RefundStatus, error) {
	a.Logger.Error("refund needs an operator", zap.String("refund_id", in.RefundID), zap.String("why", in.Why), traceid.Field(ctx))
	return a.changeRefund(ctx, in.RefundID, func(r payment.RefundAggregate) (payment.Change, error) {
		a.Metrics.Raised("refund", string(r.Refund.Scope.Environment))
		return r.Intent.RaiseRefund(r.Refund, in.Why, a.Clock.Now())
	})
}

// changeRefund applies a change to a pending refund. It tries again when
// another refund of the same payment came between.
func (a *Payments) changeRefund(ctx context.Context, refundID string, make func(payment.RefundAggregate) (payment.Change, error)) (payment.RefundStatus, error) {
	for range maxStaleRetries {
		current, err := a.Repository.LoadRefund(ctx, refundID)
		if err != nil || current.Refund.Status != payment.RefundPending {
			return current.Refund.Status, err
		}
		change, err := make(current)
		if err != nil {
			return current.Refund.Status, err
		}
		if err := a.Repository.Apply(ctx, change); !errors.Is(err, payment.ErrStale) {
			return change.Refund.Status, err
		}
	}
	return payment.RefundPending, errors.New("the payment of this refund changes too often; trying again later")
}
