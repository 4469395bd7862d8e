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
	ReviewRefund Name[RefundRef, payment.RefundStatus]      = "ReviewRefund"
)

// RefundRef names a refund.
type RefundRef struct {
	RefundID string `json:"refund_id"`
	// Again: it was sent before, and that request may still be on its way.
	Again bool `json:"again,omitempty"`
	// NotificationID names what the gateway has told of it: that counts when the
	// gateway cannot be asked.
	NotificationID string `json:"notification_id,omitempty"`
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
	return a.callRefund(ctx, in, func(g *gateway.Account, r payment.RefundAggregate, c gateway.Call) (payment.Outcome, error) {
		return g.Refund(ctx, gateway.Refund{Call: c, RefundID: r.Refund.ID, Reason: r.Refund.Reason}), nil
	})
}

// LookUpRefund asks the gateway what became of the refund. One that cannot be asked
// tells it in its notifications, and when the same refund is sent again.
func (a *Payments) LookUpRefund(ctx context.Context, in RefundRef) (payment.Outcome, error) {
	return a.callRefund(ctx, in, func(g *gateway.Account, r payment.RefundAggregate, c gateway.Call) (payment.Outcome, error) {
		outcome, err := a.findRefund(ctx, g, r, c, in.NotificationID)
		if err != nil || outcome.Class != payment.OutcomeUnknown || a.Clock.Now().Sub(r.Transaction.CreatedAt) >= g.Capabilities().RepeatedFor {
			return outcome, err
		}
		c.Repeated = true
		return g.Refund(ctx, gateway.Refund{Call: c, RefundID: r.Refund.ID, Reason: r.Refund.Reason}), nil
	})
}

// findRefund looks the refund up. When the gateway does not say, what it has told in a
// notification counts.
func (a *Payments) findRefund(ctx context.Context, g *gateway.Account, r payment.RefundAggregate, c gateway.Call, notificationID string) (payment.Outcome, error) {
	l := gateway.Lookup{Call: c, Kind: payment.RefundOfSale, RefundID: r.Refund.ID}
	outcome := g.Lookup(ctx, l)
	if outcome.Class != payment.OutcomeUnknown || notificationID == "" {
		return outcome, nil
	}
	return a.conclude(ctx, g, notificationID, l)
}

func (a *Payments) callRefund(ctx context.Context, in RefundRef, do func(*gateway.Account, payment.RefundAggregate, gateway.Call) (payment.Outcome, error)) (payment.Outcome, error) {
	current, err := a.Repository.LoadRefund(ctx, in.RefundID)
	if err != nil {
		return payment.Outcome{}, err
	}
	if current.Refund.Status != payment.RefundPending {
		return payment.Unknown("recorded already"), nil
	}
	g, err := a.Gateways.Find(ctx, current.Intent.Scope.Environment, current.Transaction.Gateway)
	if err != nil {
		return payment.Outcome{}, err
	}
	outcome, err := do(g, current, a.callOfRefund(ctx, current, in.Again))
	if err != nil {
		return payment.Outcome{}, err
	}
	a.logUnknown(ctx, outcome, in.RefundID, current.Transaction.ID, g.Name)
	return outcome, nil
}

// callOfRefund names the refund's transaction to its gateway.
func (a *Payments) callOfRefund(ctx context.Context, r payment.RefundAggregate, again bool) gateway.Call {
	return gateway.Call{
		Scope: r.Intent.Scope, PaymentID: r.Intent.ID, AttemptID: r.Attempt.ID, TransactionID: r.Transaction.ID,
		IdempotencyKey: r.Transaction.IdempotencyKey, GatewayReference: r.Attempt.GatewayReference,
		Amount: r.Transaction.Money(), CreatedAt: r.Transaction.CreatedAt, Repeated: again || a.repeated(ctx, r.Transaction),
	}
}

// ReviewRefund asks the gateway whether what the hub has of a settled refund
// still stands, and writes down when it was taken back. One that failed and yet
// was carried out needs an operator. An outcome that is not known is an error:
// the gateway is asked again.
func (a *Payments) ReviewRefund(ctx context.Context, in RefundRef) (payment.RefundStatus, error) {
	current, err := a.Repository.LoadRefund(ctx, in.RefundID)
	if err != nil || current.Refund.Status == payment.RefundPending {
		return current.Refund.Status, err
	}
	g, err := a.Gateways.Find(ctx, current.Intent.Scope.Environment, current.Transaction.Gateway)
	if err != nil {
		return current.Refund.Status, err
	}
	outcome, err := a.findRefund(ctx, g, current, a.callOfRefund(ctx, current, true), in.NotificationID)
	if err != nil {
		return current.Refund.Status, err
	}
	switch settled := current.Refund.Status; {
	case outcome.Class == payment.OutcomeUnknown && g.Capabilities().Untold:
		return settled, nil // it cannot be asked, and has not told that the refund was taken back
	case outcome.Decided() && (outcome.Class == payment.OutcomeSucceeded) == (settled == payment.RefundSucceeded):
		return settled, nil
	case outcome.Class == payment.OutcomeAbsent && settled == payment.RefundFailed:
		return settled, nil
	case outcome.Class == payment.OutcomeSucceeded:
		return a.raiseRefund(ctx, in.RefundID, settled, "the refund failed, and the gateway has carried it out")
	case outcome.Class == payment.OutcomeDeclined:
		return a.changeRefund(ctx, in.RefundID, payment.RefundSucceeded, func(r payment.RefundAggregate) (payment.Change, error) {
			return r.Intent.ReverseRefund(r.Refund, r.Transaction, *outcome.Decline, a.Clock.Now())
		})
	default:
		return current.Refund.Status, fmt.Errorf("refund %s: the gateway does not say whether it stands (%s)", in.RefundID, outcome.Class)
	}
}

// RecordRefund writes down what became of the refund; an outcome that decides
// nothing changes nothing.
func (a *Payments) RecordRefund(ctx context.Context, in RefundRecorded) (payment.RefundStatus, error) {
	if !in.Outcome.Decided() {
		current, err := a.Repository.LoadRefund(ctx, in.RefundID)
		return current.Refund.Status, err
	}
	status, err := a.changeRefund(ctx, in.RefundID, payment.RefundPending, func(r payment.RefundAggregate) (payment.Change, error) {
		a.counted(payment.RefundOfSale, in.Outcome, r.Transaction.Gateway, r.Refund.Scope.Environment)
		return r.Intent.RecordRefund(r.Refund, r.Transaction, in.Outcome, a.Clock.Now())
	})
	if errors.Is(err, payment.ErrDisagrees) {
		return a.RaiseRefund(ctx, RefundRaised{RefundRef: in.RefundRef, Why: fmt.Sprint(err)})
	}
	return status, err
}

// RaiseRefund marks a pending refund for an operator.
func (a *Payments) RaiseRefund(ctx context.Context, in RefundRaised) (payment.RefundStatus, error) {
	return a.raiseRefund(ctx, in.RefundID, payment.RefundPending, in.Why)
}

func (a *Payments) raiseRefund(ctx context.Context, refundID string, in payment.RefundStatus, why string) (payment.RefundStatus, error) {
	a.Logger.Error("refund needs an operator", zap.String("refund_id", refundID), zap.String("why", why), traceid.Field(ctx))
	return a.changeRefund(ctx, refundID, in, func(r payment.RefundAggregate) (payment.Change, error) {
		a.Metrics.Raised("refund", string(r.Refund.Scope.Environment))
		return r.Intent.RaiseRefund(r.Refund, why, a.Clock.Now())
	})
}

// changeRefund applies a change to a refund that is in a state. It tries again
// when another refund of the same payment came between.
func (a *Payments) changeRefund(ctx context.Context, refundID string, in payment.RefundStatus, make func(payment.RefundAggregate) (payment.Change, error)) (payment.RefundStatus, error) {
	for range maxStaleRetries {
		current, err := a.Repository.LoadRefund(ctx, refundID)
		if err != nil || current.Refund.Status != in {
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
	return in, errors.New("the payment of this refund changes too often; trying again later")
}
