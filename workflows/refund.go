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
		refund.NotificationID, _ = heard(asked) // it came with the start
		status, err = takePatiently(ctx, activities.ReviewRefund, refund)
	}
	if err == nil && status == payment.RefundPending {
		status, err = settleRefund(ctx, refund)
	}
	for err == nil { // told while the last step ran
		notificationID, again := heard(asked)
		if !again {
			break
		}
		refund.NotificationID = notificationID
		status, err = takePatiently(ctx, activities.ReviewRefund, refund)
	}
	return status, err
}

// heard takes a request to look up that waits, and the notification that it names.
func heard(asked workflow.ReceiveChannel) (notificationID string, ok bool) {
	var told LookUp
	ok = asked.ReceiveAsync(&told)
	return told.NotificationID, ok
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
		if !raised && impatient(ctx, outcome, unknownFor) {
			raised = true
			why := fmt.Sprintf("the gateway has not told the outcome of the refund for %s", unknownFor.Round(time.Hour))
			if _, err := takePatiently(ctx, activities.RaiseRefund, activities.RefundRaised{RefundRef: refund, Why: why}); err != nil {
				return status, err
			}
		}
		if refund.NotificationID, err = pauseForLookUp(ctx, lookUpPause(round, unknownFor)); err != nil {
			return status, err
		}
		if outcome, err = lookUpRefund(ctx, refund); err != nil {
			return status, err
		}
		status, err = take(ctx, activities.RecordRefund, activities.RefundRecorded{RefundRef: refund, Outcome: outcome})
	}
	return status, err
}

// acceptedPatience is how long a refund that the gateway has accepted may take to be
// settled: banks take days, and some methods weeks.
const acceptedPatience = 30 * 24 * time.Hour

// impatient reports whether an operator is to be called. Lives from before there was
// an end to the patience with accepted refunds are told as they went.
func impatient(ctx workflow.Context, o payment.Outcome, unknownFor time.Duration) bool {
	if o.Class != payment.OutcomeAccepted {
		return unknownFor >= lookUpPatience
	}
	return unknownFor >= acceptedPatience && workflow.GetVersion(ctx, "accepted refunds are raised", workflow.DefaultVersion, 1) == 1
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

// pauseForLookUp waits for a time, or until somebody asks for a look-up. It returns the
// notification with which the gateway told something.
func pauseForLookUp(ctx workflow.Context, d time.Duration) (notificationID string, err error) {
	var told LookUp
	lookUps := workflow.GetSignalChannel(ctx, SignalLookUp)
	ctx, cancel := workflow.WithCancel(ctx)
	defer cancel()
	timer := workflow.NewTimerWithOptions(ctx, d, workflow.TimerOptions{Summary: "look the outcome up"})
	workflow.NewSelector(ctx).
		AddFuture(timer, func(workflow.Future) {}).
		AddReceive(lookUps, func(c workflow.ReceiveChannel, _ bool) { c.Receive(ctx, &told) }).
		Select(ctx)
	return told.NotificationID, ctx.Err()
}
