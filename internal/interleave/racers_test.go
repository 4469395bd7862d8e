package interleave_test

import (
	"context"

	"paymenthub/activities"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/interleave"
	"paymenthub/internal/payment"
	"paymenthub/internal/vault"
)

// racer is what somebody wants of the payment in a race.
type racer struct {
	// enter makes what its worker does; each makes a request of its own.
	enter   func(r *race) func(context.Context)
	workers int // how many carry the one request out; 0 means one
}

// byTwo is a request that two workers carry out.
func byTwo(one racer) racer {
	one.workers = 2
	return one
}

var (
	canceling = racer{enter: cancel}
	expiring  = racer{enter: expire}
	lookingUp = racer{enter: resolve}
	sweeping  = racer{enter: sweep}
)

// confirm tries to take the payment with a card.
func confirm(number string) racer {
	return racer{enter: func(r *race) func(context.Context) {
		operation := id.NewSuffix()
		card := vault.Card{Number: vault.Secret(number), CVC: "123", ExpMonth: 12, ExpYear: 2030}
		record, err := r.steps.Vault.Put(context.Background(), r.scope, id.Join(id.VaultCard, operation), card)
		r.must(err)
		in := activities.Attempt{PaymentID: r.id, Confirmation: payment.Confirmation{
			OperationID: operation, CardToken: record.Token,
			Card: payment.CardSummary{Brand: record.Brand, Last4: record.Last4, ExpMonth: 12, ExpYear: 2030, Fingerprint: record.Fingerprint},
		}}
		return func(ctx context.Context) {
			r.command(ctx, func(ctx context.Context) (payment.Snapshot, error) { return r.steps.Attempt(ctx, in) })
		}
	}}
}

// capture takes an amount of what is held.
func capture(part int64) racer {
	return racer{enter: func(r *race) func(context.Context) {
		in := activities.Capture{PaymentID: r.id, Command: payment.CaptureCommand{OperationID: id.NewSuffix(), Amount: part}}
		return func(ctx context.Context) {
			r.command(ctx, func(ctx context.Context) (payment.Snapshot, error) { return r.steps.Capture(ctx, in) })
		}
	}}
}

// void releases what is held, for payment.VoidCanceled or payment.VoidExpired.
func void(why string) racer {
	return racer{enter: func(r *race) func(context.Context) {
		in := activities.Void{PaymentID: r.id, OperationID: id.NewSuffix(), Why: why}
		return func(ctx context.Context) {
			r.command(ctx, func(ctx context.Context) (payment.Snapshot, error) { return r.steps.Void(ctx, in) })
		}
	}}
}

// cancel gives up a payment that nothing is held for.
func cancel(r *race) func(context.Context) {
	in := activities.Cancellation{PaymentID: r.id, Command: payment.CancelCommand{OperationID: id.NewSuffix()}}
	return func(ctx context.Context) {
		r.command(ctx, func(ctx context.Context) (payment.Snapshot, error) { return r.steps.Cancel(ctx, in) })
	}
}

// expire gives up a payment that was not authorized in time.
func expire(r *race) func(context.Context) {
	return func(ctx context.Context) {
		r.command(ctx, func(ctx context.Context) (payment.Snapshot, error) {
			return r.steps.Expire(ctx, activities.PaymentRef{PaymentID: r.id})
		})
	}
}

// resolve looks a pending call up, as a workflow of its own.
func resolve(r *race) func(context.Context) {
	return func(ctx context.Context) { r.follow(ctx, payment.Snapshot{}) }
}

// sweep looks after what is overdue or soon will be.
func sweep(r *race) func(context.Context) {
	return func(ctx context.Context) {
		r.must(r.take(ctx, func(ctx context.Context) error {
			_, err := r.sweeper.Sweep(ctx, activities.SweepOptions{Ahead: 2 * payment.GraceOfStep})
			return err
		}))
	}
}

// shopper acts at the issuer's page, or refuses to.
func shopper(approve bool) racer {
	return racer{enter: func(r *race) func(context.Context) {
		return func(ctx context.Context) {
			interleave.Point(ctx, "shopper")
			r.provider.Act(r.id, approve)
			r.follow(ctx, payment.Snapshot{})
		}
	}}
}

// refund gives back a part, from the request to what became of it.
func refund(part int64) racer {
	return racer{enter: func(r *race) func(context.Context) {
		n := payment.NewRefund{ID: id.New(id.Refund), Amount: part}
		r.refunds = append(r.refunds, n.ID)
		return func(ctx context.Context) {
			err := r.take(ctx, func(ctx context.Context) error {
				_, err := r.service.Refund(ctx, r.scope, r.id, n)
				return err
			})
			if fault.Is(err, fault.Invalid) || fault.Is(err, fault.InvalidState) {
				return
			}
			r.must(err)
			r.refundWorkflow(ctx, n.ID)
		}
	}}
}

// refundLife is what a refund's workflow does: send, record, look up.
func (r *race) refundLife(ctx context.Context, refundID string) {
	in := activities.RefundRef{RefundID: refundID}
	status := payment.RefundPending
	outcome, err := r.ask(ctx, r.steps.SendRefund, in)
	for range 3 {
		if fault.Is(err, fault.NotFound) {
			return // it was never opened
		}
		r.must(err)
		r.must(r.take(ctx, func(ctx context.Context) (err error) {
			status, err = r.steps.RecordRefund(ctx, activities.RefundRecorded{RefundRef: in, Outcome: outcome})
			return err
		}))
		if status != payment.RefundPending {
			return
		}
		if outcome, err = r.ask(ctx, r.steps.LookUpRefund, in); err == nil && outcome.Class == payment.OutcomeAbsent {
			again := activities.RefundRef{RefundID: refundID, Again: true}
			outcome, err = r.ask(ctx, r.steps.SendRefund, again)
		}
	}
}

func (r *race) ask(ctx context.Context, step func(context.Context, activities.RefundRef) (payment.Outcome, error), in activities.RefundRef) (o payment.Outcome, err error) {
	err = r.take(ctx, func(ctx context.Context) (err error) {
		o, err = step(ctx, in)
		return err
	})
	return o, err
}

// leave has a worker take a step whose outcome nobody learns: its call is
// pending when the race begins.
func (r *race) leave(do func(context.Context)) {
	r.provider.Plan(func(string) interleave.Fault { return interleave.LostRequest + interleave.Fault(r.random.IntN(3)) })
	r.leaving = true
	r.alone(do)
	r.leaving = false
	r.provider.Plan(nil)
}
