package workflows_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"

	"paymenthub/activities"
	"paymenthub/internal/webhook"
	"paymenthub/workflows"
)

// Advance implements webhook.Replays: 50 of 120 at a time.
func (w *wire) Advance(_ context.Context, _ string, limit int, now time.Time) (webhook.Replay, []webhook.Delivery, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pages = append(w.pages, now.Sub(morning))
	r := &w.replay
	if r.Status == webhook.ReplayRunning {
		r.Seen = min(r.Seen+limit, r.Total)
		r.Queued = r.Seen
		if r.Seen == r.Total {
			r.Status = webhook.ReplayCompleted
		}
	}
	return *r, nil, nil
}

// replays runs a replay of 120 deliveries to its end.
func (w *wire) replays() {
	w.t.Helper()
	w.replay = webhook.Replay{ID: "whr_1", Status: webhook.ReplayRunning, Total: 120}
	w.ExecuteWorkflow(workflows.WebhookReplayWorkflow, workflows.WebhookReplay{ReplayID: "whr_1", EndpointID: w.task.Endpoint.ID})
	require.True(w.t, w.IsWorkflowCompleted())
}

func TestAReplayIsQueuedPageByPage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t, webhook.Hub)
		var shown string
		w.RegisterDelayedCallback(func() { shown = w.details() }, 1500*time.Millisecond)
		w.replays()
		require.NoError(t, w.GetWorkflowError())
		require.Equal(t, []time.Duration{0, time.Second, 2 * time.Second}, w.pages)
		require.Contains(t, shown, "**running**")
		require.Contains(t, shown, "100 of 120 looked at, 100 sent again")
		var end activities.WebhookReplayState
		require.NoError(t, w.GetWorkflowResult(&end))
		require.Equal(t, activities.WebhookReplayState{Status: webhook.ReplayCompleted, Total: 120, Seen: 120, Queued: 120}, end)
	})
}

func TestAReplayStopsWithItsEndpoint(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t, webhook.Hub)
		w.RegisterDelayedCallback(func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.replay.Status = webhook.ReplayStopped
		}, 500*time.Millisecond)
		w.replays()
		require.NoError(t, w.GetWorkflowError())
		require.Len(t, w.pages, 2)
		require.Contains(t, w.details(), "**stopped**")
		require.Contains(t, w.details(), "50 of 120 looked at")
	})
}

// A long replay goes on under a new history.
func TestALongReplayContinuesAsNew(t *testing.T) {
	t.Parallel()
	w := newWire(t, webhook.Hub)
	w.SetContinueAsNewSuggested(true)
	w.replays()
	var again *workflow.ContinueAsNewError
	require.ErrorAs(t, w.GetWorkflowError(), &again)
	require.Equal(t, workflows.WebhookReplayWorkflow, again.WorkflowType.Name)
	require.Len(t, w.pages, 1)
}
