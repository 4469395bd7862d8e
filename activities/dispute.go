package activities

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/sdk/temporal"
	"go.uber.org/zap"

	"paymenthub/internal/fault"
	"paymenthub/internal/gateway"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/notification"
	"paymenthub/internal/payment"
	"paymenthub/internal/telemetry/traceid"
)

// RecordDispute is the step of a dispute.
const RecordDispute Name[payment.DisputeRef, payment.DisputeStatus] = "RecordDispute"

// ErrorDisagrees is the type of the error of a dispute that cannot belong to
// its payment: an operator must look.
const ErrorDisagrees = "disagrees"

// RecordDispute asks the gateway how a dispute stands and writes down what is
// new. When another change of the same payment came between, it asks again: what
// the gateway said before that change may be older than what is known by now.
func (a *Payments) RecordDispute(ctx context.Context, in payment.DisputeRef) (payment.DisputeStatus, error) {
	g, err := a.Gateways.Find(ctx, in.Environment, in.Gateway)
	if err != nil {
		return "", err
	}
	for range maxStaleRetries {
		status, err := a.recordDispute(ctx, g, in)
		if errors.Is(err, payment.ErrDisagrees) {
			a.Metrics.Raised("dispute", string(in.Environment))
			a.Logger.Error("dispute needs an operator", zap.String("payment_id", in.PaymentID),
				zap.String("gateway_reference", in.Reference), zap.Error(err), traceid.Field(ctx))
			return status, temporal.NewNonRetryableApplicationError(fmt.Sprint(err), ErrorDisagrees, nil)
		}
		if !errors.Is(err, payment.ErrStale) && !errors.Is(err, payment.ErrExists) {
			return status, err
		}
	}
	return "", errors.New("the payment of this dispute changes too often; trying again later")
}

// recordDispute reads the payment first and the gateway last, so that only a
// report that is newer than all that is known is written down.
func (a *Payments) recordDispute(ctx context.Context, g *gateway.Account, in payment.DisputeRef) (payment.DisputeStatus, error) {
	current, err := a.Repository.Load(ctx, in.PaymentID)
	if err != nil {
		return "", err
	}
	if current.Intent.Scope.Environment != in.Environment {
		return "", fault.New(fault.NotFound, "No such payment: '%s'.", in.PaymentID)
	}
	if current.Intent.Gateway != in.Gateway {
		return "", fmt.Errorf("payment %s: %w: it was taken at %s, and is disputed at %s", in.PaymentID, payment.ErrDisagrees, current.Intent.Gateway, in.Gateway)
	}
	known, err := a.Repository.FindDispute(ctx, in)
	if err != nil {
		return "", err
	}
	report, told, err := a.disputeReport(ctx, g, current.Intent.Scope, in)
	if err != nil {
		return "", err
	}
	switch {
	case !told && known == nil:
		return "", fmt.Errorf("dispute %s: nothing that tells of it is kept yet", in.Reference)
	case !told: // what was told is older than notifications are kept
		return known.Status, a.Repository.PostponeDispute(ctx, known.ID, a.Clock.Now().Add(payment.DisputePatience))
	}
	change, changed, err := current.Intent.RecordDispute(known, id.New(id.Dispute), report, a.Clock.Now())
	if err != nil {
		return report.Status, err
	}
	if !changed {
		return report.Status, a.Repository.PostponeDispute(ctx, known.ID, a.Clock.Now().Add(payment.DisputePatience))
	}
	return report.Status, a.Repository.Apply(ctx, change)
}

// maxTold bounds how many notifications of a payment are read for one of its disputes.
const maxTold = 100

// disputeReport reads how a dispute stands: from the gateway, or from all that it has
// told where it cannot be asked. told is false when it has told nothing that is kept.
func (a *Payments) disputeReport(ctx context.Context, g *gateway.Account, scope merchant.Scope, in payment.DisputeRef) (r payment.DisputeReport, told bool, err error) {
	teller, ok := g.Gateway.(gateway.DisputeTeller)
	if !ok {
		r, err = g.Dispute(ctx, gateway.DisputeLookup{Scope: scope, Reference: in.Reference})
		return r, true, err
	}
	notifications, _, err := a.Notifications.List(ctx, notification.Filter{PaymentID: in.PaymentID, Limit: maxTold})
	if err != nil {
		return r, false, err
	}
	var bodies [][]byte
	for _, n := range notifications {
		if n.Gateway != in.Gateway || n.Environment != in.Environment || n.Notice.DisputeReference != in.Reference {
			continue
		}
		body, err := a.Vault.OpenBytes(n.KeyVersion, n.Sealed, n.ID)
		if err != nil {
			return r, false, err
		}
		bodies = append(bodies, body)
	}
	if len(bodies) == 0 {
		return r, false, nil
	}
	r, err = teller.DisputeTold(in.Reference, bodies)
	return r, true, err
}
