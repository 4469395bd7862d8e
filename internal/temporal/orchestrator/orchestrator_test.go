package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"

	"paymenthub/internal/fault"
	"paymenthub/internal/payment"
)

// A Temporal that is stopping, restarting or overloaded is no defect of the
// hub's: callers are told to try again.
func TestTemporalThatIsAwayIsNoDefect(t *testing.T) {
	for name, err := range map[string]error{
		"unreachable":      serviceerror.NewUnavailable("connection refused"),
		"lost its task":    serviceerror.NewWorkflowNotReady("Unable to perform workflow execution update due to unexpected workflow task failure."),
		"aborted":          serviceerror.NewAborted("shard moved"),
		"broken inside":    serviceerror.NewInternal("stopping"),
		"late":             serviceerror.NewDeadlineExceeded("slow"),
		"our own deadline": fmt.Errorf("start: %w", context.DeadlineExceeded),
		"busy":             serviceerror.NewResourceExhausted(enumspb.RESOURCE_EXHAUSTED_CAUSE_RPS_LIMIT, "busy"),
	} {
		got := reachable(err)
		require.True(t, fault.Is(got, fault.Unavailable), "%s: %v", name, got)
		require.ErrorIs(t, got, err, "the cause is kept for the logs")
	}
	require.ErrorIs(t, reachable(serviceerror.NewNotFound("no workflow")), payment.ErrNotRunning)
	defect := errors.New("cannot encode")
	require.Equal(t, defect, reachable(defect))
	require.NoError(t, reachable(nil))
}
