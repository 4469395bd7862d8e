package notification

import (
	"context"
	"errors"
	"net/http"
	"time"

	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
)

const (
	// answerTime is how long the answer to our own call may take after the call
	// was written down: a notification of it usually overtakes the answer.
	answerTime = 3 * time.Second
	// retryAfter and retryAtMost bound the pause until a notification whose
	// payment still waits for its outcome is looked at again; in between it grows
	// with the notification's age.
	retryAfter  = 30 * time.Second
	retryAtMost = time.Hour
	// referencePatience is how long the provider's reference of a payment may be
	// unknown to the hub: a dispute names the payment by nothing else, and the
	// answer that brought the reference may have been lost.
	referencePatience = 10 * time.Minute
	// maxFailures ends a round of due notifications.
	maxFailures = 5
	// keepFor is how long applied, ignored and closed notifications are kept. Providers
	// repeat one for some days.
	keepFor = 30 * 24 * time.Hour
)

// Account is where notifications come from.
type Account struct {
	Environment merchant.Environment
	Gateway     string // as payments name it
	Reader      Reader
}

// Options are what a receiver works with.
type Options struct {
	// Account finds a gateway's account as it stands in the path of its webhooks.
	// Errors: fault.NotFound.
	Account func(ctx context.Context, provider, account string) (Account, error)
	// Known reports whether Account finds it, or what is no account, without asking
	// the database for a name that this process has not met.
	Known        func(provider, account string) bool
	Repository   Repository
	Payments     payment.Repository
	Orchestrator payment.Orchestrator
	Sealer       Sealer
	Clock        clock.Clock
	// Raised is told of each notification that an operator must look at.
	Raised func(Notification)
	// Failed is told what went wrong in the background; the sweep tries again.
	Failed func(notificationID string, err error)
}

// Receiver takes notifications and has them applied. Close ends what it does in
// the background.
type Receiver struct {
	Options
	later *later
	own   *limit
}

// NewReceiver makes a receiver.
func NewReceiver(o Options) *Receiver {
	return &Receiver{Options: o, later: newLater(), own: newLimit()}
}

// Close stops what waits in the background; the sweep of another process does it.
func (r *Receiver) Close() { r.later.close() }

// Knows reports whether an account is found without asking the database for a name
// that this process has not met.
func (r *Receiver) Knows(provider, account string) bool { return r.Known(provider, account) }

// Receive checks a webhook's signature and stores it: once it returns nil the
// notification is safe and will be applied. The same event received again
// changes nothing.
//
// Errors: fault.NotFound for an account that the hub does not have,
// fault.Unauthenticated for a wrong signature, fault.Invalid for an unreadable body;
// of a merchant's own account, fault.PayloadTooLarge for a body above 256 KiB and
// fault.RateLimited for more than 50 notifications a second.
func (r *Receiver) Receive(ctx context.Context, provider, account string, header http.Header, body []byte) error {
	of, err := r.Account(ctx, provider, account)
	if err != nil {
		return err
	}
	now := r.Clock.Now()
	notice, err := r.read(of, header, body, now)
	if err != nil {
		return err
	}
	n := Notification{
		ID: id.New(id.Notification), Environment: of.Environment, Gateway: of.Gateway, EventID: notice.ID, Type: notice.Type,
		Notice: notice, Status: Received, ReceivedAt: now, UpdatedAt: now, DueAt: now.Add(retryAfter),
	}
	n, next, err := r.assess(ctx, n)
	if err != nil {
		return err
	}
	if n.bodiless() {
		body = nil
	}
	n.KeyVersion, n.Sealed = r.Sealer.SealBytes(body, n.ID)
	kept, first, err := r.Repository.Keep(ctx, n)
	switch {
	case err != nil:
		return err
	case kept.Status == Raised && (first || !kept.own()):
		r.Raised(kept) // also one that comes again: its first receiver may have died before it could tell
	case first && n.Status == Received:
		r.soon(n, next)
	case !first && kept.Status == Received:
		r.soon(kept, next) // its first receiver may have died
	}
	return nil
}

// step is what is to be done for a notification that is not settled.
type step struct {
	look func(context.Context) error // asks the provider through the workflow
	wait time.Duration               // first
	// settles: once asked for, the look is certain to happen and to be written down.
	settles bool
}

// soon applies the notification in the background.
func (r *Receiver) soon(n Notification, next step) {
	r.later.after(next.wait, func(ctx context.Context) {
		if err := r.Apply(ctx, n); err != nil {
			r.Failed(n.ID, err)
		}
	})
}

// Apply settles a notification, or makes the workflow of what it tells of ask
// the provider and has another look at it soon.
func (r *Receiver) Apply(ctx context.Context, n Notification) error {
	now := r.Clock.Now()
	n.UpdatedAt = now
	n, next, err := r.assess(ctx, n)
	switch {
	case err != nil:
		return err
	case n.Status != Received:
		if n.Status == Raised {
			r.Raised(n)
		}
		if n.bodiless() {
			n.KeyVersion, n.Sealed = r.Sealer.SealBytes(nil, n.ID)
		}
		return r.Repository.Settle(ctx, n)
	case next.wait > 0:
		if next.wait < retryAfter {
			r.soon(n, step{wait: next.wait})
		}
		return r.Repository.Postpone(ctx, n.ID, now.Add(next.wait))
	}
	if err := next.look(ctx); err != nil {
		return err
	}
	if next.settles {
		n.Status, n.DueAt = Applied, time.Time{}
		return r.Repository.Settle(ctx, n)
	}
	pause := min(max(now.Sub(n.ReceivedAt), retryAfter), retryAtMost)
	if now.Sub(n.ReceivedAt) < retryAfter {
		r.soon(n, step{wait: answerTime})
	}
	return r.Repository.Postpone(ctx, n.ID, now.Add(pause))
}

// ApplyDue applies up to limit notifications that are due, and says how many. Those
// that are due later than any pause ends were received by a clock that was wrong. One
// that cannot be applied does not keep those behind it waiting; after several
// of them it is the hub that is not well.
func (r *Receiver) ApplyDue(ctx context.Context, limit int) (done int, err error) {
	now := r.Clock.Now()
	due, err := r.Repository.Due(ctx, now, now.Add(retryAtMost+retryAfter), limit)
	if err != nil {
		return 0, err
	}
	var failures []error
	for _, n := range due {
		if err := r.Apply(ctx, n); err != nil {
			failures = append(failures, err, r.Repository.Postpone(ctx, n.ID, r.Clock.Now().Add(retryAfter)))
			if len(failures) >= 2*maxFailures || ctx.Err() != nil {
				break
			}
			continue
		}
		done++
	}
	return done, errors.Join(failures...)
}

// DeleteOld removes up to limit notifications past their time.
func (r *Receiver) DeleteOld(ctx context.Context, limit int) (int64, error) {
	return r.Repository.DeleteOld(ctx, r.Clock.Now().Add(-keepFor), limit)
}

// assess compares a notification with what the hub has. The result is final, or
// still received with what is to be done next.
func (r *Receiver) assess(ctx context.Context, n Notification) (Notification, step, error) {
	var v payment.Verdict
	var next step
	var err error
	switch n.Notice.Subject {
	case payment.NoticeOfPayment:
		n, v, next, err = r.assessPayment(ctx, n)
	case payment.NoticeOfRefund:
		n, v, next, err = r.assessRefund(ctx, n)
	case payment.NoticeOfDispute:
		n, v, next, err = r.assessDispute(ctx, n)
	default:
		n.Status = Ignored
	}
	if fault.Is(err, fault.NotFound) {
		if n.Notice.Subject == payment.NoticeOfDispute && r.Clock.Now().Sub(n.ReceivedAt) < referencePatience {
			return n, step{wait: r.untilReferred(n)}, nil
		}
		err = nil
		if why := "the hub does not have the " + string(n.Notice.Subject) + " that it tells of"; n.own() {
			n.Status, n.Why = Ignored, why // what merchants do at their accounts beside the hub is their affair
		} else {
			v = payment.Verdict{Disagrees: why}
		}
	}
	switch {
	case err != nil:
		return n, step{}, err
	case v.Disagrees != "":
		n.Status, n.Why = Raised, v.Disagrees
		if n.own() {
			n, err = r.raiseOwn(ctx, n)
		}
	case !v.Look && n.Status == Received:
		n.Status = Applied
	}
	if n.Status != Received {
		n.DueAt = time.Time{}
	}
	return n, next, err
}

func notFound() error { return fault.New(fault.NotFound, "There is none.") }
