package workflows

import (
	"go.temporal.io/sdk/workflow"

	"paymenthub/activities"
)

// SweepScheduleID names the schedule that starts SweepWorkflow.
const SweepScheduleID = "sweep"

// RunSweep looks after what time alone would not mend: payments and refunds
// that should have moved on (their workflow was lost), security codes and
// idempotency keys past their time.
func RunSweep(ctx workflow.Context, options activities.SweepOptions) (activities.Swept, error) {
	return takePatiently(ctx, activities.Sweep, options)
}
