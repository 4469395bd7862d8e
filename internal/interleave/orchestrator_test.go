package interleave_test

import (
	"context"

	"paymenthub/activities"
	"paymenthub/internal/fault"
	"paymenthub/internal/payment"
)

// revival is an orchestrator that has what it starts done by whoever asks for
// it, and what a webhook makes it look up done beside all else.
type revival struct {
	payment.Orchestrator
	race *race
}

func (o revival) Revive(ctx context.Context, s payment.Snapshot) error {
	o.race.follow(ctx, s)
	return nil
}

// StartRefund leaves the refund to its racer.
func (revival) StartRefund(context.Context, payment.Refund) error { return nil }

// LookUp has another worker resolve the payment's pending call.
func (o revival) LookUp(ctx context.Context, s payment.Snapshot, notificationID string) error {
	return o.signal(ctx, "look-up after a webhook", func(ctx context.Context) { o.race.followTold(ctx, s, notificationID) })
}

// LookUpRefund asks the refund's workflow, and starts it where there is none.
func (o revival) LookUpRefund(ctx context.Context, r payment.Refund, notificationID string) error {
	return o.ask(ctx, "workflow of "+r.ID, func(ctx context.Context) { o.race.refundReview(ctx, r.ID) })
}

// LookUpDispute asks the dispute's workflow, and starts it where there is none.
func (o revival) LookUpDispute(ctx context.Context, d payment.DisputeRef) error {
	return o.ask(ctx, "workflow of "+d.Reference, func(ctx context.Context) { o.race.disputeLook(ctx, d) })
}

// ask has a workflow look; one that runs looks again before it ends.
func (o revival) ask(ctx context.Context, workflow string, look func(context.Context)) error {
	return o.signal(ctx, workflow, func(ctx context.Context) { o.race.work(ctx, workflow, look, look) })
}

// signal reaches the server, which starts what is asked for; the server or its
// answer may be lost.
func (o revival) signal(ctx context.Context, name string, do func(context.Context)) error {
	if err := o.race.hook(ctx, "signal", false); err != nil {
		return err
	}
	o.race.spawn(ctx, name, do)
	return o.race.hook(ctx, "signal", true)
}

// work does a workflow's work unless it is under way; then it will look again.
func (r *race) work(ctx context.Context, workflow string, first, look func(context.Context)) {
	r.mu.Lock()
	_, runs := r.lives[workflow]
	r.lives[workflow] = runs
	r.mu.Unlock()
	if runs {
		return
	}
	for do := first; do != nil; {
		do(ctx)
		r.mu.Lock()
		if do = nil; r.lives[workflow] {
			r.lives[workflow], do = false, look
		} else {
			delete(r.lives, workflow)
		}
		r.mu.Unlock()
	}
}

// refundWorkflow is a refund's life from its beginning.
func (r *race) refundWorkflow(ctx context.Context, refundID string) {
	life := func(ctx context.Context) { r.refundLife(ctx, refundID) }
	if r.crowded {
		life(ctx) // beside others of the same
		return
	}
	r.work(ctx, "workflow of "+refundID, life, func(ctx context.Context) { r.refundReview(ctx, refundID) })
}

// refundReview asks whether a settled refund stands, and what became of one
// that is not settled.
func (r *race) refundReview(ctx context.Context, refundID string) {
	r.patiently(ctx, func(ctx context.Context) error {
		status, err := r.steps.ReviewRefund(ctx, activities.RefundRef{RefundID: refundID})
		if err == nil && status == payment.RefundPending {
			r.refundLife(ctx, refundID)
		}
		return err
	})
}

// disputeLook writes down how a dispute stands.
func (r *race) disputeLook(ctx context.Context, d payment.DisputeRef) {
	r.patiently(ctx, func(ctx context.Context) error {
		_, err := r.steps.RecordDispute(ctx, d)
		return err
	})
}

// patiently takes a step until it has ended; a gateway that does not answer is
// asked again after the race.
func (r *race) patiently(ctx context.Context, step func(context.Context) error) {
	for range 3 {
		err := r.take(ctx, step)
		if err == nil || fault.Is(err, fault.NotFound) {
			return
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.parked = append(r.parked, func(ctx context.Context) { r.patiently(ctx, step) })
}
