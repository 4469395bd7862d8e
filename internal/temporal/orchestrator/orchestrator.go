// Package orchestrator lets the domain start and steer workflows: it is
// payment.Orchestrator, customer.Orchestrator, webhook.Retrier and webhook.Replayer on
// a Temporal client.
package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"paymenthub/internal/customer"
	"paymenthub/internal/fault"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
	"paymenthub/internal/temporal/attribute"
	"paymenthub/workflows"
)

// startTimeout bounds one start: with Temporal away, callers are told soon.
const startTimeout = 5 * time.Second

// starting bounds one start. The SDK leaves a call half the time of its context.
func starting(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, 2*startTimeout)
}

// Orchestrator steers workflows through a client.
type Orchestrator struct{ client client.Client }

// New makes an orchestrator.
func New(c client.Client) *Orchestrator { return &Orchestrator{client: c} }

// StartPayment implements payment.Orchestrator. The start is eager: the first
// task runs in this process when it has a worker.
func (o *Orchestrator) StartPayment(ctx context.Context, s payment.Snapshot, first *payment.Confirmation) error {
	ctx, cancel := starting(ctx)
	defer cancel()
	_, err := o.client.ExecuteWorkflow(ctx, paymentOptions(s), workflows.PaymentWorkflow, workflows.Payment{Snapshot: s, Confirm: first})
	return reachable(err)
}

// Revive implements payment.Orchestrator.
func (o *Orchestrator) Revive(ctx context.Context, s payment.Snapshot) error {
	ctx, cancel := starting(ctx)
	defer cancel()
	options := paymentOptions(s)
	options.EnableEagerStart = false // does not go together with a signal
	_, err := o.client.SignalWithStartWorkflow(ctx, options.ID, workflows.SignalCheck, nil, options,
		workflows.PaymentWorkflow, workflows.Payment{Snapshot: s})
	return reachable(err)
}

// joining are the options to start a workflow on the queue, or to find the one that
// runs under the id.
func joining(workflowID, queue, summary string) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID: workflowID, TaskQueue: queue, StaticSummary: summary, WorkflowTaskTimeout: workflows.TaskTimeout,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	}
}

func paymentOptions(s payment.Snapshot) client.StartWorkflowOptions {
	options := joining(workflows.PaymentWorkflowID(s.PaymentID), workflows.TaskQueue,
		fmt.Sprintf("Payment of %s (%s)", money.New(s.Amount, money.Currency(s.Currency)), s.Scope.Environment))
	options.EnableEagerStart = true
	options.TypedSearchAttributes = temporal.NewSearchAttributes(
		attribute.MerchantID.ValueSet(s.Scope.MerchantID), attribute.Environment.ValueSet(string(s.Scope.Environment)),
		attribute.PaymentStatus.ValueSet(string(s.Status)), attribute.Gateway.ValueSet(s.Gateway),
		attribute.Currency.ValueSet(s.Currency), attribute.Amount.ValueSet(s.Amount),
	)
	return options
}

// StartRefund implements payment.Orchestrator.
func (o *Orchestrator) StartRefund(ctx context.Context, r payment.Refund) error {
	ctx, cancel := starting(ctx)
	defer cancel()
	_, err := o.client.ExecuteWorkflow(ctx, refundOptions(r), workflows.RefundWorkflow, workflows.Refund{RefundID: r.ID, PaymentID: r.PaymentID})
	return reachable(err)
}

func refundOptions(r payment.Refund) client.StartWorkflowOptions {
	options := joining(workflows.RefundWorkflowID(r.ID), workflows.TaskQueue,
		fmt.Sprintf("Refund of %s for %s (%s)", money.New(r.Amount, r.Currency), r.PaymentID, r.Scope.Environment))
	options.EnableEagerStart = true
	options.TypedSearchAttributes = temporal.NewSearchAttributes(
		attribute.MerchantID.ValueSet(r.Scope.MerchantID), attribute.Environment.ValueSet(string(r.Scope.Environment)),
		attribute.Currency.ValueSet(string(r.Currency)), attribute.Amount.ValueSet(r.Amount),
	)
	return options
}

// StoreMethod implements customer.Orchestrator.
func (o *Orchestrator) StoreMethod(ctx context.Context, m customer.PaymentMethod) error {
	return o.method(ctx, m, workflows.PaymentMethod{MethodID: m.ID})
}

// ForgetMethod implements customer.Orchestrator.
func (o *Orchestrator) ForgetMethod(ctx context.Context, m customer.PaymentMethod) error {
	return o.method(ctx, m, workflows.PaymentMethod{MethodID: m.ID, Forget: true})
}

// ReviveMethod implements customer.Orchestrator.
func (o *Orchestrator) ReviveMethod(ctx context.Context, m customer.PaymentMethod) error {
	_, err := o.startMethod(ctx, m, workflows.PaymentMethod{MethodID: m.ID, Forget: m.Status == customer.MethodDetached})
	return reachable(err)
}

// method runs a payment method's workflow and waits for its end.
func (o *Orchestrator) method(ctx context.Context, m customer.PaymentMethod, in workflows.PaymentMethod) error {
	run, err := o.startMethod(ctx, m, in)
	if err != nil {
		return reachable(err)
	}
	if err = run.Get(ctx, nil); ctx.Err() != nil {
		return ctx.Err()
	}
	return reachable(err)
}

// startMethod starts a payment method's workflow, eagerly, or finds the one that runs.
func (o *Orchestrator) startMethod(ctx context.Context, m customer.PaymentMethod, in workflows.PaymentMethod) (client.WorkflowRun, error) {
	ctx, cancel := starting(ctx)
	defer cancel()
	what := "Card to be kept"
	if in.Forget {
		what = "Card to be kept no longer"
	}
	options := joining(workflows.PaymentMethodWorkflowID(in), workflows.TaskQueue,
		fmt.Sprintf("%s by %s for %s (%s)", what, m.Gateway, m.CustomerID, m.Scope.Environment))
	options.EnableEagerStart = true
	options.TypedSearchAttributes = temporal.NewSearchAttributes(
		attribute.MerchantID.ValueSet(m.Scope.MerchantID), attribute.Environment.ValueSet(string(m.Scope.Environment)),
		attribute.Gateway.ValueSet(m.Gateway),
	)
	return o.client.ExecuteWorkflow(ctx, options, workflows.PaymentMethodWorkflow, in)
}

// Confirm implements payment.Orchestrator.
func (o *Orchestrator) Confirm(ctx context.Context, paymentID string, c payment.Confirmation) error {
	return o.update(ctx, paymentID, workflows.UpdateConfirm, c.OperationID, c)
}

// Capture implements payment.Orchestrator.
func (o *Orchestrator) Capture(ctx context.Context, paymentID string, c payment.CaptureCommand) error {
	return o.update(ctx, paymentID, workflows.UpdateCapture, c.OperationID, c)
}

// Cancel implements payment.Orchestrator.
func (o *Orchestrator) Cancel(ctx context.Context, paymentID string, c payment.CancelCommand) error {
	return o.update(ctx, paymentID, workflows.UpdateCancel, c.OperationID, c)
}

// update sends an update and waits until it has ended. Sent again under the
// same operation id it joins the first.
func (o *Orchestrator) update(ctx context.Context, paymentID, name, operationID string, argument any) error {
	handle, err := o.client.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID:   workflows.PaymentWorkflowID(paymentID),
		UpdateID:     operationID,
		UpdateName:   name,
		Args:         []any{argument},
		WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = handle.Get(ctx, nil)
	}
	var refused *temporal.ApplicationError
	switch {
	case errors.As(err, &refused) && refused.Type() == workflows.ErrorInvalidState:
		return fault.New(fault.InvalidState, "%s", refused.Message()).Because(err)
	case errors.As(err, &refused) && refused.Type() == workflowEnded:
		return away(err)
	}
	return reachable(err)
}

// LookUp implements payment.Orchestrator.
func (o *Orchestrator) LookUp(ctx context.Context, s payment.Snapshot, notificationID string) error {
	return o.ask(ctx, paymentOptions(s), workflows.LookUp{NotificationID: notificationID},
		workflows.PaymentWorkflow, workflows.Payment{Snapshot: s})
}

// LookUpRefund implements payment.Orchestrator.
func (o *Orchestrator) LookUpRefund(ctx context.Context, r payment.Refund, notificationID string) error {
	return o.ask(ctx, refundOptions(r), workflows.LookUp{NotificationID: notificationID},
		workflows.RefundWorkflow, workflows.Refund{RefundID: r.ID, PaymentID: r.PaymentID, Review: r.Status != payment.RefundPending})
}

// LookUpDispute implements payment.Orchestrator.
func (o *Orchestrator) LookUpDispute(ctx context.Context, d payment.DisputeRef) error {
	options := joining(workflows.DisputeWorkflowID(d), workflows.TaskQueue,
		fmt.Sprintf("Dispute of payment %s (%s)", d.PaymentID, d.Environment))
	return o.ask(ctx, options, workflows.LookUp{}, workflows.DisputeWorkflow, d)
}

// ask has a workflow look at the gateway now, and starts it where there is none.
func (o *Orchestrator) ask(ctx context.Context, options client.StartWorkflowOptions, what workflows.LookUp, workflow string, in any) error {
	ctx, cancel := starting(ctx)
	defer cancel()
	options.EnableEagerStart = false // does not go together with a signal
	_, err := o.client.SignalWithStartWorkflow(ctx, options.ID, workflows.SignalLookUp, what, options, workflow, in)
	return reachable(err)
}

// workflowEnded is Temporal's failure of an update that was accepted by a workflow
// that ended before it had carried the update out.
const workflowEnded = "AcceptedUpdateCompletedWorkflow"

// ActionReturned implements payment.Orchestrator.
func (o *Orchestrator) ActionReturned(ctx context.Context, paymentID string) error {
	return reachable(o.client.SignalWorkflow(ctx, workflows.PaymentWorkflowID(paymentID), "", workflows.SignalLookUp, nil))
}

// reachable tells "the server is away" and "nothing runs" from other errors.
func reachable(err error) error {
	var missing *serviceerror.NotFound
	var unavailable *serviceerror.Unavailable
	var busy *serviceerror.ResourceExhausted
	var late *serviceerror.DeadlineExceeded
	var lost *client.WorkflowUpdateServiceTimeoutOrCanceledError
	var stopping *serviceerror.WorkflowNotReady
	var aborted *serviceerror.Aborted
	var broken *serviceerror.Internal
	switch {
	case err == nil:
		return nil
	case errors.As(err, &missing):
		return fmt.Errorf("%w: %w", payment.ErrNotRunning, err)
	case errors.As(err, &lost):
		return fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
	case errors.As(err, &unavailable), errors.As(err, &busy), errors.As(err, &late), errors.As(err, &stopping),
		errors.As(err, &aborted), errors.As(err, &broken), errors.Is(err, context.DeadlineExceeded):
		return away(err)
	default:
		return err
	}
}

// away asks the caller to try again: Temporal did not say what became of it.
func away(err error) error {
	return fault.New(fault.Unavailable, "The payment engine cannot be reached at the moment. Retry with the same Idempotency-Key.").
		Because(err).After(2 * time.Second)
}
