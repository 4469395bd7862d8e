package orchestrator

import (
	"context"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"paymenthub/activities"
	"paymenthub/internal/merchant"
	"paymenthub/internal/temporal/attribute"
	"paymenthub/internal/webhook"
	"paymenthub/workflows"
)

// StartRetries implements webhook.Retrier.
func (o *Orchestrator) StartRetries(ctx context.Context, d webhook.Delivery) error {
	ctx, cancel := starting(ctx)
	defer cancel()
	_, err := o.client.ExecuteWorkflow(ctx, deliveryOptions(d), workflows.WebhookDeliveryWorkflow, retries(d))
	return reachable(err)
}

// AttemptNow implements webhook.Retrier. Where the workflow was lost it is started.
func (o *Orchestrator) AttemptNow(ctx context.Context, d webhook.Delivery) error {
	ctx, cancel := starting(ctx)
	defer cancel()
	options := deliveryOptions(d)
	_, err := o.client.SignalWithStartWorkflow(ctx, options.ID, workflows.SignalAttemptNow, nil, options, workflows.WebhookDeliveryWorkflow, retries(d))
	return reachable(err)
}

// retries is the argument of a delivery's workflow. The pause began when the last
// attempt was written down.
func retries(d webhook.Delivery) workflows.WebhookDelivery {
	return workflows.WebhookDelivery{
		DeliveryID: d.ID, EndpointID: d.EndpointID, MerchantID: d.Scope.MerchantID, Type: d.Type,
		Progress: activities.NewWebhookProgress(d, d.UpdatedAt),
	}
}

func deliveryOptions(d webhook.Delivery) client.StartWorkflowOptions {
	return webhookOptions(workflows.WebhookDeliveryWorkflowID(d.ID, d.Round), d.Scope,
		fmt.Sprintf("Webhook %s to %s (%s)", d.Type, d.EndpointID, d.Scope.Environment))
}

// StartReplay implements webhook.Replayer.
func (o *Orchestrator) StartReplay(ctx context.Context, r webhook.Replay) error {
	ctx, cancel := starting(ctx)
	defer cancel()
	options := webhookOptions(workflows.WebhookReplayWorkflowID(r.ID), r.Scope,
		fmt.Sprintf("Replay of webhooks to %s (%s)", r.EndpointID, r.Scope.Environment))
	_, err := o.client.ExecuteWorkflow(ctx, options, workflows.WebhookReplayWorkflow, workflows.WebhookReplay{ReplayID: r.ID, EndpointID: r.EndpointID})
	return reachable(err)
}

// webhookOptions start a workflow beside the payments' or find it. The start is not
// eager: the first thing that it does is wait, mostly.
func webhookOptions(workflowID string, scope merchant.Scope, summary string) client.StartWorkflowOptions {
	options := joining(workflowID, workflows.WebhookTaskQueue, summary)
	options.WorkflowIDReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
	options.TypedSearchAttributes = temporal.NewSearchAttributes(
		attribute.MerchantID.ValueSet(scope.MerchantID), attribute.Environment.ValueSet(string(scope.Environment)),
	)
	return options
}
