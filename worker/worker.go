// Package worker runs the hub's workflows and activities.
package worker

import (
	"sync"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"paymenthub/activities"
	"paymenthub/workflows"
)

// Options of a worker.
type Options struct {
	Payments *activities.Payments
	Webhooks *activities.Webhooks
	Sweeper  *activities.Sweeper
	// StopTimeout is how long running steps may take to end when the worker stops.
	StopTimeout time.Duration
}

// Worker takes tasks of the hub's queues. Webhooks have a worker to themselves: retries
// to slow endpoints hold its places, and none of the payments'.
type Worker struct{ payments, webhooks worker.Worker }

// New makes a worker; Start and Stop run it.
func New(c client.Client, o Options) *Worker {
	w := &Worker{
		payments: worker.New(c, workflows.TaskQueue, worker.Options{
			WorkerStopTimeout:                       o.StopTimeout,
			DisableRegistrationAliasing:             true,
			MaxConcurrentWorkflowTaskExecutionSize:  200,
			MaxConcurrentLocalActivityExecutionSize: 200,
			MaxConcurrentActivityExecutionSize:      200,
			MaxConcurrentWorkflowTaskPollers:        4,
			MaxConcurrentActivityTaskPollers:        2,
		}),
		webhooks: worker.New(c, workflows.WebhookTaskQueue, worker.Options{
			WorkerStopTimeout:                       o.StopTimeout,
			DisableRegistrationAliasing:             true,
			MaxConcurrentWorkflowTaskExecutionSize:  32,
			MaxConcurrentLocalActivityExecutionSize: 32,
			MaxConcurrentActivityExecutionSize:      256, // each waits for an endpoint, mostly
			MaxConcurrentWorkflowTaskPollers:        2,
			MaxConcurrentActivityTaskPollers:        2,
		}),
	}
	registerPaymentWorkflows(w.payments)
	registerPaymentActivities(w.payments, o)
	registerWebhookWorkflows(w.webhooks)
	registerWebhookActivities(w.webhooks, o.Webhooks)
	return w
}

// Start begins to take tasks.
func (w *Worker) Start() error {
	if err := w.payments.Start(); err != nil {
		return err
	}
	if err := w.webhooks.Start(); err != nil {
		w.payments.Stop()
		return err
	}
	return nil
}

// Stop takes no more tasks and waits for those that run, for StopTimeout at most.
func (w *Worker) Stop() {
	var stopping sync.WaitGroup
	stopping.Go(w.webhooks.Stop)
	stopping.Go(w.payments.Stop)
	stopping.Wait()
}

// RegisterWorkflows registers the workflows of all queues under their names, for
// replaying histories and for tests.
func RegisterWorkflows(r worker.WorkflowRegistry) {
	registerPaymentWorkflows(r)
	registerWebhookWorkflows(r)
}

// RegisterActivities registers the steps of all queues under their names, for tests.
func RegisterActivities(r worker.ActivityRegistry, o Options) {
	registerPaymentActivities(r, o)
	registerWebhookActivities(r, o.Webhooks)
}

func registerPaymentWorkflows(r worker.WorkflowRegistry) {
	r.RegisterWorkflowWithOptions(workflows.RunPayment, workflow.RegisterOptions{Name: workflows.PaymentWorkflow})
	r.RegisterWorkflowWithOptions(workflows.RunRefund, workflow.RegisterOptions{Name: workflows.RefundWorkflow})
	r.RegisterWorkflowWithOptions(workflows.RunDispute, workflow.RegisterOptions{Name: workflows.DisputeWorkflow})
	r.RegisterWorkflowWithOptions(workflows.RunPaymentMethod, workflow.RegisterOptions{Name: workflows.PaymentMethodWorkflow})
	r.RegisterWorkflowWithOptions(workflows.RunSweep, workflow.RegisterOptions{Name: workflows.SweepWorkflow})
}

func registerWebhookWorkflows(r worker.WorkflowRegistry) {
	r.RegisterWorkflowWithOptions(workflows.RunWebhookDelivery, workflow.RegisterOptions{Name: workflows.WebhookDeliveryWorkflow})
	r.RegisterWorkflowWithOptions(workflows.RunWebhookReplay, workflow.RegisterOptions{Name: workflows.WebhookReplayWorkflow})
}

func registerWebhookActivities(r worker.ActivityRegistry, w *activities.Webhooks) {
	activities.AttemptWebhook.Register(r, w.Attempt)
	activities.AdvanceWebhookReplay.Register(r, w.Advance)
}

func registerPaymentActivities(r worker.ActivityRegistry, o Options) {
	p := o.Payments
	activities.LoadPayment.Register(r, p.Load)
	activities.AttemptPayment.Register(r, p.Attempt)
	activities.CapturePayment.Register(r, p.Capture)
	activities.VoidPayment.Register(r, p.Void)
	activities.ResolvePayment.Register(r, p.Resolve)
	activities.CancelPayment.Register(r, p.Cancel)
	activities.ExpirePayment.Register(r, p.Expire)
	activities.RaisePayment.Register(r, p.Raise)
	activities.SendRefund.Register(r, p.SendRefund)
	activities.LookUpRefund.Register(r, p.LookUpRefund)
	activities.RecordRefund.Register(r, p.RecordRefund)
	activities.RaiseRefund.Register(r, p.RaiseRefund)
	activities.ReviewRefund.Register(r, p.ReviewRefund)
	activities.RecordDispute.Register(r, p.RecordDispute)
	activities.StorePaymentMethod.Register(r, p.StoreMethod)
	activities.ForgetPaymentMethod.Register(r, p.ForgetMethod)
	activities.Sweep.Register(r, o.Sweeper.Sweep)
}
