package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"paymenthub/activities"
	"paymenthub/internal/payment"
)

// disputePoll is how often an open dispute is looked at when the provider says
// nothing of it.
const disputePoll = 24 * time.Hour

// RunDispute is the life of one dispute: what the provider has of it is written
// down whenever it may have changed, until the provider has decided.
func RunDispute(ctx workflow.Context, in payment.DisputeRef) (payment.DisputeStatus, error) {
	asked := workflow.GetSignalChannel(ctx, SignalLookUp)
	for {
		for asked.Len() > 0 { // all that was asked so far is one look
			asked.ReceiveAsync(nil)
		}
		status, err := takePatiently(ctx, activities.RecordDispute, in)
		workflow.SetCurrentDetails(ctx, fmt.Sprintf("**%s** · dispute `%s` of payment `%s` at %s", status, in.Reference, in.PaymentID, in.Gateway))
		if err != nil || status.Closed() && asked.Len() == 0 {
			return status, err
		}
		if asked.Len() > 0 {
			continue
		}
		if _, err := pauseForLookUp(ctx, disputePoll); err != nil {
			return status, err
		}
	}
}
