package workflows

import (
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"paymenthub/activities"
)

// Bounds of one step. A gateway adapter gives up after 8 s and says unknown.
const (
	quickTimeout   = 9 * time.Second
	quickAttempts  = 3
	patientTimeout = 30 * time.Second
)

// take takes a step on the hot path: at once, in this worker. When that fails
// for a reason that time may mend (the database is away), the step becomes a
// regular activity that is retried until it succeeds.
func take[In, Out any](ctx workflow.Context, step activities.Name[In, Out], in In) (Out, error) {
	out, err := takeQuickly(ctx, step, in)
	if err == nil || final(ctx, err) {
		return out, err
	}
	return takePatiently(ctx, step, in)
}

// takeQuickly takes a step at once, in this worker.
func takeQuickly[In, Out any](ctx workflow.Context, step activities.Name[In, Out], in In) (Out, error) {
	var out Out
	quick := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout: quickTimeout,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: 20 * time.Millisecond, BackoffCoefficient: 4, MaximumAttempts: quickAttempts,
		},
	})
	err := workflow.ExecuteLocalActivity(quick, string(step), in).Get(ctx, &out)
	return out, err
}

// takePatiently takes a step as a regular activity, retried with backoff until
// it succeeds or cannot.
func takePatiently[In, Out any](ctx workflow.Context, step activities.Name[In, Out], in In) (Out, error) {
	return takeWithin(ctx, patientTimeout, step, in)
}

// takeWithin is takePatiently with another bound of one try.
func takeWithin[In, Out any](ctx workflow.Context, timeout time.Duration, step activities.Name[In, Out], in In) (Out, error) {
	var out Out
	patient := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: timeout,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute,
		},
	})
	err := workflow.ExecuteActivity(patient, string(step), in).Get(ctx, &out)
	return out, err
}

// final reports whether retrying cannot mend the error.
func final(ctx workflow.Context, err error) bool {
	var failed *temporal.ApplicationError
	if errors.As(err, &failed) && failed.NonRetryable() {
		return true
	}
	return ctx.Err() != nil
}

// stale reports whether the step found that the payment has moved on.
func stale(err error) bool {
	var failed *temporal.ApplicationError
	return errors.As(err, &failed) && failed.Type() == activities.ErrorStale
}
