package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"paymenthub/activities"
)

// RunPaymentMethod has a gateway keep a card, or keep it no longer. It is asked
// until it has answered: at once, and then with growing pauses.
func RunPaymentMethod(ctx workflow.Context, in PaymentMethod) error {
	step := activities.StorePaymentMethod
	if in.Forget {
		step = activities.ForgetPaymentMethod
	}
	ref := activities.MethodRef{MethodID: in.MethodID}
	progress, err := takeQuickly(ctx, step, ref)
	if err != nil && final(ctx, err) {
		return err
	}
	for round := 0; err != nil || !progress.Done; round++ {
		ref.Again = true
		if err == nil {
			timer := workflow.NewTimerWithOptions(ctx, methodPause(round), workflow.TimerOptions{Summary: "ask the gateway again"})
			if err := timer.Get(ctx, nil); err != nil {
				return err
			}
		}
		if progress, err = takePatiently(ctx, step, ref); err != nil {
			return err
		}
	}
	return nil
}

// methodPause is the pause before a gateway is asked again: a second, then twice as
// long each time, and at most an hour.
func methodPause(round int) time.Duration {
	return min(time.Second<<min(round, 12), time.Hour)
}
