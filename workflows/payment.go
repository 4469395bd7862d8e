package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/workflow"

	"paymenthub/activities"
	"paymenthub/internal/payment"
)

// RunPayment is the life of one payment, from its creation until nothing can
// happen to it any more (refunds have lives of their own).
//
// The payment's state is in the hub's database; this workflow decides what
// happens next and when. It can begin in any state, so a payment whose workflow
// was lost goes on from where it is.
func RunPayment(ctx workflow.Context, in Payment) (payment.Snapshot, error) {
	p := &life{now: in.Snapshot, listed: listing{in.Snapshot.Status, in.Snapshot.Gateway}, log: workflow.GetLogger(ctx)}
	if in.Confirm != nil {
		p.inbox = append(p.inbox, &command{confirm: in.Confirm})
	}
	if err := p.listen(ctx); err != nil {
		return p.now, err
	}
	for !p.now.Status.Terminal() {
		err := p.live(ctx)
		if stale(err) {
			err = p.reload(ctx)
		}
		if err != nil {
			return p.now, err
		}
	}
	p.show(ctx)
	p.refuseAll()
	return p.now, workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
}

// life is the state of a PaymentWorkflow.
type life struct {
	now    payment.Snapshot
	inbox  []*command // accepted, not yet carried out; the loop below takes one at a time
	asked  bool       // somebody wants the gateway to be asked at once
	told   string     // the notification in which the gateway told something since it was last asked
	doubt  bool       // the database may know more than now says
	listed listing    // what the search attributes say
	log    log.Logger
}

// live lets the payment be in its state until it changes.
func (p *life) live(ctx workflow.Context) error {
	switch p.now.Status {
	case payment.RequiresConfirmation, payment.RequiresPaymentMethod:
		return p.awaitConfirmation(ctx)
	case payment.Processing:
		return p.resolve(ctx)
	case payment.RequiresAction:
		return p.awaitShopper(ctx)
	case payment.RequiresCapture:
		return p.awaitCapture(ctx)
	default:
		return fmt.Errorf("payment %s: nothing to do in state %q", p.now.PaymentID, p.now.Status)
	}
}

// awaitConfirmation waits until somebody confirms or cancels, or time is up.
func (p *life) awaitConfirmation(ctx workflow.Context) error {
	switch c := p.wait(ctx, p.now.ExpiresAt, "intent expires"); {
	case c == nil && p.doubt:
		return p.reload(ctx)
	case c == nil:
		return p.set(take(ctx, activities.ExpirePayment, activities.PaymentRef{PaymentID: p.now.PaymentID}))
	case c.confirm != nil:
		return c.end(p.set(take(ctx, activities.AttemptPayment, activities.Attempt{PaymentID: p.now.PaymentID, Confirmation: *c.confirm})))
	case c.cancel != nil:
		return c.end(p.set(take(ctx, activities.CancelPayment, activities.Cancellation{PaymentID: p.now.PaymentID, Command: *c.cancel})))
	default:
		return c.refuse(p.now.Status)
	}
}

// awaitCapture waits until somebody captures or cancels, or the authorization
// ends; then it is voided at the gateway.
func (p *life) awaitCapture(ctx workflow.Context) error {
	switch c := p.wait(ctx, p.now.AuthorizedUntil, "authorization expires"); {
	case c == nil && p.doubt:
		return p.reload(ctx)
	case c == nil:
		return p.void(ctx, payment.VoidExpired, payment.CancelCommand{OperationID: newOperationID(ctx)})
	case c.capture != nil:
		return c.end(p.set(take(ctx, activities.CapturePayment, activities.Capture{PaymentID: p.now.PaymentID, Command: *c.capture})))
	case c.cancel != nil:
		return c.end(p.void(ctx, payment.VoidCanceled, *c.cancel))
	default:
		return c.refuse(p.now.Status)
	}
}

func (p *life) void(ctx workflow.Context, why string, command payment.CancelCommand) error {
	return p.set(take(ctx, activities.VoidPayment, activities.Void{
		PaymentID: p.now.PaymentID, OperationID: command.OperationID, Why: why, Reason: command.Reason,
	}))
}

// awaitShopper waits until the shopper has authenticated with their issuer. It
// asks the gateway when the shopper returns, and now and then in case they
// never do.
func (p *life) awaitShopper(ctx workflow.Context) error {
	for round := 0; p.now.Status == payment.RequiresAction; round++ {
		until := workflow.Now(ctx).Add(shopperPoll(round))
		if until.After(p.now.ExpiresAt) {
			until = p.now.ExpiresAt
		}
		c := p.waitToLookUp(ctx, until, "ask whether the shopper has authenticated")
		switch {
		case c != nil && c.cancel != nil:
			return c.end(p.void(ctx, payment.VoidCanceled, *c.cancel))
		case c != nil:
			if err := c.refuse(p.now.Status); err != nil {
				return err
			}
		case p.doubt:
			return p.reload(ctx)
		case !workflow.Now(ctx).Before(p.now.ExpiresAt):
			return p.void(ctx, payment.VoidExpired, payment.CancelCommand{OperationID: newOperationID(ctx)})
		default:
			if err := p.lookUp(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// shopperPoll is the pause before the gateway is asked again while the shopper
// is at their issuer's page.
func shopperPoll(round int) time.Duration {
	return min(15*time.Second<<min(round, 5), 5*time.Minute)
}
