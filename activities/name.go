// Package activities holds the steps that workflows take in the outside world:
// gateway calls and database changes. Every step is safe to repeat: a database
// change finds that it has been made, and a gateway call carries the same
// idempotency key.
package activities

import (
	"context"
	"errors"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"

	"paymenthub/internal/payment"
)

// Name is an activity's name together with the types of its argument and
// result, so that the compiler checks both who calls and who registers it.
type Name[In, Out any] string

// Register makes fn the activity of this name.
func (n Name[In, Out]) Register(r worker.ActivityRegistry, fn func(context.Context, In) (Out, error)) {
	r.RegisterActivityWithOptions(func(ctx context.Context, in In) (Out, error) {
		out, err := fn(ctx, in)
		return out, typed(err)
	}, activity.RegisterOptions{Name: string(n)})
}

// Types of errors that retrying cannot mend.
const (
	// ErrorStale: the payment is not in the state that the step needs.
	ErrorStale = "stale"
	// ErrorDefect: the step is impossible; a defect of ours.
	ErrorDefect = "defect"
)

// typed gives errors that retrying cannot mend their types.
func typed(err error) error {
	if errors.Is(err, payment.ErrStale) {
		return temporal.NewNonRetryableApplicationError("the payment has moved on", ErrorStale, nil)
	}
	var defect *payment.StepError
	if errors.As(err, &defect) {
		return temporal.NewNonRetryableApplicationError(defect.Error(), ErrorDefect, nil)
	}
	return err
}
