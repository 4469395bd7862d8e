// Package worker runs the hub's workflows and activities.
package worker

import (
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
	Sweeper  *activities.Sweeper
	// StopTimeout is how long running steps may take to end when the worker stops.
	StopTimeout time.Duration
}

// New makes a worker of the hub's task queue; Start and Stop run it.
func New(c client.Client, o Options) worker.Worker {
	w := worker.New(c, workflows.TaskQueue, worker.Options{
		WorkerStopTimeout:                       o.StopTimeout,
		DisableRegistrationAliasing:             true,
		MaxConcurrentWorkflowTaskExecutionSize:  200,
		MaxConcurrentLocalActivityExecutionSize: 200,
		MaxConcurrentActivityExecutionSize:      200,
		MaxConcurrentWorkflowTaskPollers:        4,
		MaxConcurrentActivityTaskPollers:        2,
	})
	RegisterWorkflows(w)
	RegisterActivities(w, o)
	return w
}

// RegisterWorkflows registers the hub's workflows under their names, for a
// worker or for replaying histories.
func RegisterWorkflows(r worker.WorkflowRegistry) {
	r.RegisterWorkflowWithOptions(workflows.RunPayment, workflow.RegisterOptions{Name: workflows.PaymentWorkflow})
	r.RegisterWorkflowWithOptions(workflows.RunRefund, workflow.RegisterOptions{Name: workflows.RefundWorkflow})
	r.RegisterWorkflowWithOptions(workflows.RunDispute, workflow.RegisterOptions{Name: workflows.DisputeWorkflow})
	r.RegisterWorkflowWithOptions(workflows.RunPaymentMethod, workflow.RegisterOptions{Name: workflows.PaymentMethodWorkflow})
	r.RegisterWorkflowWithOptions(workflows.RunSweep, workflow.RegisterOptions{Name: workflows.SweepWorkflow})
}

// RegisterActivities registers the hub's steps under their names.
func RegisterActivities(r worker.ActivityRegistry, o Options) {
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
