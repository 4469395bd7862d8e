package interleave_test

import (
	"context"
	"errors"

	"paymenthub/activities"
	"paymenthub/internal/interleave"
	"paymenthub/internal/payment"
)

// take takes a step as a workflow does: again after an error, by another worker
// after a crash, until it has ended or the payment has moved on.
func (r *race) take(ctx context.Context, step func(context.Context) error) error {
	for attempt := int32(1); ; attempt++ {
		died, err := r.try(interleave.AsAttempt(ctx, attempt), step)
		switch {
		case died:
			attempt = 0
			r.clock.Advance(workerLost)
		case errors.Is(err, errTrouble):
			if r.random.IntN(2) == 0 {
				attempt = 0 // the first as another kind of activity
			}
		default:
			return err
		}
	}
}

func (*race) try(ctx context.Context, step func(context.Context) error) (died bool, err error) {
	defer func() {
		switch cause := recover().(type) {
		case nil:
		case death:
			died = true
		default:
			panic(cause)
		}
	}()
	return false, step(ctx)
}

// command takes a step that somebody asked for. A payment that has moved on is
// read again, as the workflow would, and its pending call is resolved.
func (r *race) command(ctx context.Context, step func(context.Context) (payment.Snapshot, error)) {
	var now payment.Snapshot
	err := r.take(ctx, func(ctx context.Context) (err error) {
		now, err = step(ctx)
		return err
	})
	if errors.Is(err, payment.ErrStale) {
		r.follow(ctx, payment.Snapshot{})
		return
	}
	r.must(err)
	if now.Status.Terminal() {
		r.hears(now)
	}
	r.follow(ctx, now)
}

// hears remembers what somebody was told of the payment's end.
func (r *race) hears(now payment.Snapshot) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told = append(r.told, now)
}

// follow resolves a pending call a few times. A snapshot without a status is
// read first.
func (r *race) follow(ctx context.Context, now payment.Snapshot) { r.followTold(ctx, now, "") }

// followTold does so with a notification, which counts for the first look.
func (r *race) followTold(ctx context.Context, now payment.Snapshot, notificationID string) {
	for range 3 {
		if r.leaving {
			return
		}
		switch now.Status {
		case "":
			r.must(r.take(ctx, func(ctx context.Context) (err error) {
				now, err = r.steps.Load(ctx, activities.PaymentRef{PaymentID: r.id})
				return err
			}))
		case payment.Processing, payment.RequiresAction:
			err := r.take(ctx, func(ctx context.Context) (err error) {
				next, err := r.steps.Resolve(ctx, activities.Resolve{
					PaymentID: r.id, TransactionID: now.Pending.TransactionID, Resend: !r.pastHour, NotificationID: notificationID,
				})
				if err == nil {
					now = next
				}
				return err
			})
			notificationID = ""
			if errors.Is(err, payment.ErrStale) {
				now = payment.Snapshot{}
				continue
			}
			r.must(err)
		default:
			return
		}
	}
}

// must stops the race at an error that no workflow expects.
func (r *race) must(err error) {
	if err != nil {
		panic(err)
	}
}

// alone has one racer act before the race.
func (r *race) alone(do func(context.Context)) {
	ctx, err := interleave.ActivityContext()
	r.must(err)
	do(ctx)
}
