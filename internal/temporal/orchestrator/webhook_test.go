package orchestrator

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"paymenthub/activities"
	"paymenthub/internal/fault"
	"paymenthub/internal/merchant"
	"paymenthub/internal/temporal/attribute"
	"paymenthub/internal/webhook"
	"paymenthub/workflows"
)

var (
	_ webhook.Retrier  = (*Orchestrator)(nil)
	_ webhook.Replayer = (*Orchestrator)(nil)
)

// starts is a Temporal that remembers what was started last.
type starts struct {
	client.Client
	options  client.StartWorkflowOptions
	workflow any
	in       any
	signal   string
	patience time.Duration
	err      error
}

func (s *starts) ExecuteWorkflow(ctx context.Context, options client.StartWorkflowOptions, workflow any, args ...any) (client.WorkflowRun, error) {
	deadline, _ := ctx.Deadline()
	s.options, s.workflow, s.in, s.patience = options, workflow, args[0], time.Until(deadline)
	return nil, s.err
}

func (s *starts) SignalWithStartWorkflow(ctx context.Context, _ string, signal string, _ any, options client.StartWorkflowOptions, workflow any, args ...any) (client.WorkflowRun, error) {
	s.signal = signal
	return s.ExecuteWorkflow(ctx, options, workflow, args...)
}

// found checks that the last start finds what runs, stays off the payments' queue, and
// can be found by operators. It is called in a bubble: no time has passed since the start.
func (s *starts) found(t *testing.T, id, summary string) {
	t.Helper()
	require.Equal(t, id, s.options.ID)
	require.Equal(t, "paymenthub-webhooks", s.options.TaskQueue)
	require.False(t, s.options.EnableEagerStart)
	require.Equal(t, enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING, s.options.WorkflowIDConflictPolicy)
	require.Equal(t, enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE, s.options.WorkflowIDReusePolicy)
	require.Equal(t, summary, s.options.StaticSummary)
	merchantID, _ := s.options.TypedSearchAttributes.GetKeyword(attribute.MerchantID)
	environment, _ := s.options.TypedSearchAttributes.GetKeyword(attribute.Environment)
	require.Equal(t, []string{"mch_1", "sandbox"}, []string{merchantID, environment})
	require.LessOrEqual(t, s.patience, 2*startTimeout)
	require.Greater(t, s.patience, startTimeout, "the SDK leaves a call half of it")
}

func TestRetriesAreStartedBesidePayments(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		temporal := &starts{}
		failed := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		d := webhook.Delivery{
			ID: "whd_1", EndpointID: "we_1", Type: "payment_intent.succeeded", Scope: merchant.Scope{MerchantID: "mch_1", Environment: merchant.Sandbox},
			Status: webhook.Retrying, Round: 2, Attempts: 7, LastCode: 503, UpdatedAt: failed, NextAttemptAt: failed.Add(5 * time.Second),
		}
		in := workflows.WebhookDelivery{DeliveryID: "whd_1", EndpointID: "we_1", MerchantID: "mch_1", Type: "payment_intent.succeeded", Progress: activities.WebhookProgress{
			Status: webhook.Retrying, Round: 2, Attempts: 7, LastCode: 503, NextAttemptAt: failed.Add(5 * time.Second), Pause: 5 * time.Second,
		}}

		require.NoError(t, New(temporal).StartRetries(t.Context(), d))
		temporal.found(t, "webhook/whd_1/2", "Webhook payment_intent.succeeded to we_1 (sandbox)")
		require.Equal(t, workflows.WebhookDeliveryWorkflow, temporal.workflow)
		require.Equal(t, in, temporal.in)
		require.Empty(t, temporal.signal)

		require.NoError(t, New(temporal).AttemptNow(t.Context(), d))
		temporal.found(t, "webhook/whd_1/2", "Webhook payment_intent.succeeded to we_1 (sandbox)")
		require.Equal(t, workflows.SignalAttemptNow, temporal.signal)
		require.Equal(t, in, temporal.in, "a workflow that was lost begins where the delivery is")
	})
}

func TestAReplayIsStartedBesidePayments(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		temporal := &starts{}
		r := webhook.Replay{ID: "whr_1", EndpointID: "we_1", Scope: merchant.Scope{MerchantID: "mch_1", Environment: merchant.Sandbox}}
		require.NoError(t, New(temporal).StartReplay(t.Context(), r))
		temporal.found(t, "webhook-replay/whr_1", "Replay of webhooks to we_1 (sandbox)")
		require.Equal(t, workflows.WebhookReplayWorkflow, temporal.workflow)
		require.Equal(t, workflows.WebhookReplay{ReplayID: "whr_1", EndpointID: "we_1"}, temporal.in)
	})
}

func TestWebhooksWithTemporalAwayAreNoDefect(t *testing.T) {
	t.Parallel()
	o := New(&starts{err: serviceerror.NewUnavailable("connection refused")})
	for _, err := range []error{
		o.StartRetries(t.Context(), webhook.Delivery{}), o.AttemptNow(t.Context(), webhook.Delivery{}), o.StartReplay(t.Context(), webhook.Replay{}),
	} {
		require.True(t, fault.Is(err, fault.Unavailable), err)
	}
}
