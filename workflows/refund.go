package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"paymenthub/activities"
	"paymenthub/internal/payment"
)

// RunRefund is the life of one refund: it is sent to the gateway, and what
// became of it is written down as soon as that is known. A settled one is
// reviewed when the gateway may have taken it back.
func RunRefund(ctx workflow.Context, in Refund) (payment.RefundStatus, error) {
	refund := activities.RefundRef{RefundID: in.RefundID}
	asked := workflow.GetSignalChannel(ctx, SignalLookUp)
	status, err := payment.RefundPending, error(nil)
	if in.Review {
		asked.ReceiveAsync(nil) // it came with the start
		status, err = takePatiently(ctx, activities.ReviewRefund, refund)
	}
	if err == nil && status == payment.RefundPending {
		status, err = settleRefund(ctx, refund)
	}
	for err == nil && asked.ReceiveAsync(nil) { // told while the last step ran
		status, err = takePatiently(ctx, activities.ReviewRefund, refund)
	}
	return status, err
}

// settleRefund sends the refund and looks it up until it is settled.
func settleRefund(ctx workflow.Context, refund activities.RefundRef) (payment.RefundStatus, error) {
	outcome, err := take(ctx, activities.SendRefund, refund)
	if err != nil {
		return "", err
	}
	status, err := take(ctx, activities.RecordRefund, activities.RefundRecorded{RefundRef: refund, Outcome: outcome})
	since := workflow.Now(ctx)
	raised := false
	for round := 0; err == nil && status == payment.RefundPending; round++ {
		unknownFor := workflow.Now(ctx).Sub(since)
		if unknownFor >= lookUpPatience && !raised && outcome.Class != payment.OutcomeAccepted {
			raised = true
			why := fmt.Sprintf("the gateway has not told the outcome of the refund for %s", unknownFor.Round(time.Hour))
			if _, err := takePatiently(ctx, activities.RaiseRefund, activities.RefundRaised{RefundRef: refund, Why: why}); err != nil {
				return status, err
			}
		}
		if err := pauseForLookUp(ctx, lookUpPause(round, unknownFor)); err != nil {
			return status, err
		}
		if outcome, err = lookUpRefund(ctx, refund); err != nil {
			return status, err
		}
		status, err = take(ctx, activities.RecordRefund, activities.RefundRecorded{RefundRef: refund, Outcome: outcome})
	}
	return status, err
}

// lookUpRefund asks the gateway what became of the refund. One that it never
// carried out is sent again with the same idempotency key.
func lookUpRefund(ctx workflow.Context, refund activities.RefundRef) (payment.Outcome, error) {
	outcome, err := takePatiently(ctx, activities.LookUpRefund, refund)
	if err != nil || outcome.Class != payment.OutcomeAbsent {
		return outcome, err
	}
	refund.Again = true
	return takePatiently(ctx, activities.SendRefund, refund)
}

// pauseForLookUp waits for a time, or until somebody asks for a look-up.
func pauseForLookUp(ctx workflow.Context, d time.Duration) error {
	lookUps := workflow.GetSignalChannel(ctx, SignalLookUp)
	ctx, cancel := workflow.WithCancel(ctx)
	defer cancel()
	timer := workflow.NewTimerWithOptions(ctx, d, workflow.TimerOptions{Summary: "look the outcome up"})
	workflow.NewSelector(ctx).
		AddFuture(timer, func(workflow.Future) {}).
		AddReceive(lookUps, func(c workflow.ReceiveChannel, _ bool) { c.Receive(ctx, nil) }).
		Select(ctx)
	return ctx.Err()
}
