package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"paymenthub/activities"
	"paymenthub/internal/webhook"
)

const (
	// webhookTimeout bounds one attempt: 15 s for the endpoint, and before that the wait
	// for its turn among the endpoint's messages.
	webhookTimeout = time.Minute
	// maxWebhookAttempts is more than any schedule has, besides what somebody asks for; a
	// delivery that is not over by then is a defect.
	maxWebhookAttempts = 32
	// replayPause makes webhook.ReplayRate a rate per second.
	replayPause = time.Second
)

// RunWebhookDelivery is the life of one round of a delivery after its first attempt has
// failed: pause and attempt, until an attempt succeeds or the last one has failed, or
// somebody has begun another round. After an attempt that somebody asked for early, and
// that failed, it waits for the rest of the pause.
func RunWebhookDelivery(ctx workflow.Context, in WebhookDelivery) (activities.WebhookProgress, error) {
	asked := workflow.GetSignalChannel(ctx, SignalAttemptNow)
	round, now := in.Progress.Round, in.Progress
	for made := 0; made < maxWebhookAttempts; {
		workflow.SetCurrentDetails(ctx, in.details(now))
		if !now.Retrying(round) {
			return now, nil
		}
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() { // it was asked for very many
			in.Progress = now
			return now, workflow.NewContinueAsNewError(ctx, WebhookDeliveryWorkflow, in)
		}
		early, err := pauseForAttempt(ctx, asked, now.Pause)
		if err != nil {
			return now, err
		}
		if !early {
			made++
		}
		now, err = takeWithin(ctx, webhookTimeout, activities.AttemptWebhook, activities.WebhookAttempt{
			DeliveryID: in.DeliveryID, EndpointID: in.EndpointID, MerchantID: in.MerchantID, Round: round, Attempts: now.Attempts, Early: early,
		})
		if err != nil {
			return now, err
		}
		for asked.ReceiveAsync(nil) { // who asked while the attempt was made has got it
			continue
		}
	}
	return now, temporal.NewNonRetryableApplicationError("the delivery has no end", activities.ErrorDefect, nil)
}

// pauseForAttempt waits for a time, or until somebody asks for the attempt, and reports
// whether somebody did.
func pauseForAttempt(ctx workflow.Context, asked workflow.ReceiveChannel, d time.Duration) (early bool, err error) {
	if d <= 0 {
		return false, ctx.Err()
	}
	ctx, cancel := workflow.WithCancel(ctx)
	defer cancel()
	timer := workflow.NewTimerWithOptions(ctx, d, workflow.TimerOptions{Summary: "make the next attempt"})
	workflow.NewSelector(ctx).
		AddFuture(timer, func(workflow.Future) {}).
		AddReceive(asked, func(c workflow.ReceiveChannel, _ bool) {
			c.Receive(ctx, nil)
			early = true
		}).
		Select(ctx)
	return early, ctx.Err()
}

// details are what operators read of the delivery.
func (in WebhookDelivery) details(now activities.WebhookProgress) string {
	of := fmt.Sprintf("delivery `%s` of %s to `%s`", in.DeliveryID, in.Type, in.EndpointID)
	answered := "no answer"
	if now.LastCode != 0 {
		answered = fmt.Sprintf("answered %d", now.LastCode)
	}
	tried := fmt.Sprintf("%d attempts, the last: %s", now.Attempts, answered)
	switch {
	case now.Status == "":
		return fmt.Sprintf("**no longer kept** · %s", of)
	case now.Round != in.Progress.Round:
		return fmt.Sprintf("**superseded** by round %d · %s", now.Round, of)
	case now.Status == webhook.Retrying:
		return fmt.Sprintf("**%s** · %s · %s · next attempt at %s", now.Status, of, tried, now.NextAttemptAt.UTC().Format(time.RFC3339))
	default:
		return fmt.Sprintf("**%s** · %s · %s", now.Status, of, tried)
	}
}

// RunWebhookReplay has deliveries to an endpoint begin again, page by page, so that they
// do not come upon it all at once.
func RunWebhookReplay(ctx workflow.Context, in WebhookReplay) (activities.WebhookReplayState, error) {
	for {
		now, err := take(ctx, activities.AdvanceWebhookReplay, activities.WebhookReplayRef{ReplayID: in.ReplayID})
		if err != nil {
			return now, err
		}
		workflow.SetCurrentDetails(ctx, fmt.Sprintf("**%s** · replay to `%s` · %d of %d looked at, %d sent again", now.Status, in.EndpointID, now.Seen, now.Total, now.Queued))
		if now.Status != webhook.ReplayRunning {
			return now, nil
		}
		timer := workflow.NewTimerWithOptions(ctx, replayPause, workflow.TimerOptions{Summary: "queue the next page"})
		if err := timer.Get(ctx, nil); err != nil {
			return now, err
		}
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return now, workflow.NewContinueAsNewError(ctx, WebhookReplayWorkflow, in)
		}
	}
}
