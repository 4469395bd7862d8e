package api_test

import (
	"context"
	"errors"
	"slices"
	"time"

	"paymenthub/activities"
	"paymenthub/internal/clock"
	"paymenthub/internal/customer"
	"paymenthub/internal/fault"
	"paymenthub/internal/interleave"
	"paymenthub/internal/payment"
)

// engine stands for Temporal in tests of crashes: what it has accepted outlives
// the hub, and goes on in the next one.
type engine struct {
	clock *clock.Manual
	// keepsUpdates says that an update is durable before its step runs. Temporal
	// promises that for starts alone.
	keepsUpdates bool

	payments map[string]*paymentLife
	refunds  []string
	methods  []keptMethod
}

// keptMethod is a running workflow of a payment method.
type keptMethod struct {
	id     string
	forget bool
}

// paymentLife is a running workflow: the steps that it was asked for and that have not ended.
type paymentLife struct {
	open    []*step
	settled map[string]error // by operation
}

type step struct {
	operation string
	take      func(context.Context, *activities.Payments) (payment.Snapshot, error)
}

// worker runs the engine's workflows in one incarnation of the hub. It is that
// hub's payment.Orchestrator and customer.Orchestrator: a step has ended, or its hub has died, when a call
// returns.
type worker struct {
	payment.Orchestrator
	*engine
	steps *activities.Payments
	hook  interleave.Hook
}

func (w *worker) call(ctx context.Context, name string, do func() error) error {
	if err := w.hook(ctx, name, false); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	return w.hook(ctx, name, true)
}

// StartPayment implements payment.Orchestrator.
func (w *worker) StartPayment(ctx context.Context, s payment.Snapshot, first *payment.Confirmation) error {
	return w.call(ctx, "start payment", func() error {
		if w.payments[s.PaymentID] == nil {
			life := &paymentLife{settled: map[string]error{}}
			w.payments[s.PaymentID] = life
			if first != nil {
				life.open = append(life.open, attempt(s.PaymentID, *first))
			}
		}
		return w.goOn(s.PaymentID)
	})
}

// Revive implements payment.Orchestrator.
func (w *worker) Revive(ctx context.Context, s payment.Snapshot) error {
	return w.call(ctx, "revive", func() error {
		if w.payments[s.PaymentID] == nil {
			w.payments[s.PaymentID] = &paymentLife{settled: map[string]error{}}
		}
		return w.goOn(s.PaymentID)
	})
}

// Confirm implements payment.Orchestrator.
func (w *worker) Confirm(ctx context.Context, paymentID string, c payment.Confirmation) error {
	return w.update(ctx, paymentID, attempt(paymentID, c))
}

// Capture implements payment.Orchestrator.
func (w *worker) Capture(ctx context.Context, paymentID string, c payment.CaptureCommand) error {
	return w.update(ctx, paymentID, &step{c.OperationID, func(ctx context.Context, a *activities.Payments) (payment.Snapshot, error) {
		return a.Capture(ctx, activities.Capture{PaymentID: paymentID, Command: c})
	}})
}

// Cancel implements payment.Orchestrator.
func (w *worker) Cancel(ctx context.Context, paymentID string, c payment.CancelCommand) error {
	return w.update(ctx, paymentID, &step{c.OperationID, func(ctx context.Context, a *activities.Payments) (payment.Snapshot, error) {
		now, err := a.Load(ctx, activities.PaymentRef{PaymentID: paymentID})
		if err != nil {
			return now, err
		}
		if now.Status == payment.RequiresConfirmation || now.Status == payment.RequiresPaymentMethod {
			return a.Cancel(ctx, activities.Cancellation{PaymentID: paymentID, Command: c})
		}
		return a.Void(ctx, activities.Void{PaymentID: paymentID, OperationID: c.OperationID, Why: payment.VoidCanceled, Reason: c.Reason})
	}})
}

func attempt(paymentID string, c payment.Confirmation) *step {
	return &step{c.OperationID, func(ctx context.Context, a *activities.Payments) (payment.Snapshot, error) {
		return a.Attempt(ctx, activities.Attempt{PaymentID: paymentID, Confirmation: c})
	}}
}

// update has a running workflow take a step. The same operation twice is one.
func (w *worker) update(ctx context.Context, paymentID string, s *step) error {
	return w.call(ctx, "update", func() error {
		life := w.payments[paymentID]
		if life == nil {
			return payment.ErrNotRunning
		}
		if err := w.goOn(paymentID); err != nil {
			return err
		}
		if err, known := life.settled[s.operation]; known {
			return err
		}
		if w.payments[paymentID] == nil {
			return payment.ErrNotRunning
		}
		if w.keepsUpdates {
			life.open = append(life.open, s)
		} else {
			life.settled[s.operation] = w.take(s)
		}
		if err := w.goOn(paymentID); err != nil {
			return err
		}
		return life.settled[s.operation]
	})
}

// take takes a step; one that finds the payment moved on is refused.
func (w *worker) take(s *step) error {
	ctx, err := interleave.ActivityContext()
	if err != nil {
		return err
	}
	if _, err = s.take(ctx, w.steps); errors.Is(err, payment.ErrStale) {
		return fault.New(fault.InvalidState, "The payment was changed by another request at the same moment.")
	}
	return err
}

// goOn carries a workflow on: the steps that it was asked for, and the look-ups
// of a call that is pending. A payment that has ended ends its workflow.
func (w *worker) goOn(paymentID string) error {
	life := w.payments[paymentID]
	for len(life.open) > 0 {
		life.settled[life.open[0].operation] = w.take(life.open[0])
		life.open = life.open[1:]
	}
	ctx, err := interleave.ActivityContext()
	if err != nil {
		return err
	}
	now, err := w.steps.Load(ctx, activities.PaymentRef{PaymentID: paymentID})
	for err == nil && now.Status == payment.Processing {
		w.clock.Advance(6 * time.Second) // the pause before a look-up
		now, err = w.steps.Resolve(ctx, activities.Resolve{PaymentID: paymentID, TransactionID: now.Pending.TransactionID, Resend: true})
	}
	if err == nil && now.Status.Terminal() {
		delete(w.payments, paymentID)
	}
	return err
}

// StartRefund implements payment.Orchestrator.
func (w *worker) StartRefund(ctx context.Context, r payment.Refund) error {
	return w.call(ctx, "start refund", func() error {
		if !slices.Contains(w.refunds, r.ID) {
			w.refunds = append(w.refunds, r.ID)
		}
		return w.refund(r.ID)
	})
}

// refund carries a refund's workflow on: send and record.
func (w *worker) refund(refundID string) error {
	ctx, err := interleave.ActivityContext()
	if err != nil {
		return err
	}
	ref := activities.RefundRef{RefundID: refundID}
	outcome, err := w.steps.SendRefund(ctx, ref)
	if err != nil {
		return err
	}
	_, err = w.steps.RecordRefund(ctx, activities.RefundRecorded{RefundRef: ref, Outcome: outcome})
	return err
}

// StoreMethod implements customer.Orchestrator.
func (w *worker) StoreMethod(ctx context.Context, m customer.PaymentMethod) error {
	return w.startMethod(ctx, keptMethod{m.ID, false})
}

// ForgetMethod implements customer.Orchestrator.
func (w *worker) ForgetMethod(ctx context.Context, m customer.PaymentMethod) error {
	return w.startMethod(ctx, keptMethod{m.ID, true})
}

// ReviveMethod implements customer.Orchestrator.
func (w *worker) ReviveMethod(ctx context.Context, m customer.PaymentMethod) error {
	return w.startMethod(ctx, keptMethod{m.ID, m.Status == customer.MethodDetached})
}

func (w *worker) startMethod(ctx context.Context, m keptMethod) error {
	return w.call(ctx, "start method", func() error {
		if !slices.Contains(w.methods, m) {
			w.methods = append(w.methods, m)
		}
		return w.method(m)
	})
}

// method carries a payment method's workflow on.
func (w *worker) method(m keptMethod) error {
	ctx, err := interleave.ActivityContext()
	if err != nil {
		return err
	}
	step := w.steps.StoreMethod
	if m.forget {
		step = w.steps.ForgetMethod
	}
	_, err = step(ctx, activities.MethodRef{MethodID: m.id})
	return err
}

// goOnAll carries all workflows on, as a worker that starts does.
func (w *worker) goOnAll() error {
	var errs []error
	for paymentID := range w.payments {
		errs = append(errs, w.goOn(paymentID))
	}
	for _, refundID := range w.refunds {
		errs = append(errs, w.refund(refundID))
	}
	for _, m := range w.methods {
		errs = append(errs, w.method(m))
	}
	return errors.Join(errs...)
}
