package interleave_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/activities"
	"paymenthub/internal/gateway"
	"paymenthub/internal/interleave"
	"paymenthub/internal/merchant"
	"paymenthub/internal/notification"
	"paymenthub/internal/payment"
)

// The interleavings with webhooks that once went wrong, one by one.

// ended delivers all webhooks and proves that hub and provider agree.
func (r *race) ended(ctx context.Context) {
	r.t.Helper()
	r.telling = true
	r.prove(ctx)
}

// latest is the newest webhook of the payment.
func (r *race) latest() interleave.Webhook {
	all := r.provider.Webhooks(r.id)
	return all[len(all)-1]
}

// actingRace is a payment that waits for its shopper.
func actingRace(t *testing.T) (*race, context.Context) {
	t.Helper()
	r := newRace(t, newTown(t, sqlite(t)), manual, t.Name(), 0)
	r.still = true
	ctx, err := interleave.ActivityContext()
	require.NoError(t, err)
	r.alone(confirm(interleave.CardChallenge).enter(r))
	return r, ctx
}

// The shopper acts just before the void that gives up waiting for them. The hub
// never learns that the amount was held, and is told so after it was released.
func TestALateAuthorizationOfAVoidedPaymentIsNotRaised(t *testing.T) {
	r, ctx := actingRace(t)
	r.provider.Act(r.id, true)
	authorized := r.latest()
	r.alone(void(payment.VoidExpired).enter(r))
	r.deliver(ctx, authorized)
	r.ended(ctx)
}

// The payment is voided between the receiver's two reads of it.
func TestAPaymentThatMovesOnWhileItIsReadIsNotRaised(t *testing.T) {
	r, ctx := actingRace(t)
	r.provider.Act(r.id, true)
	authorized := r.latest()
	reads := 0
	between := func(ctx context.Context, call string, after bool) error {
		if (call == "load" || call == "charges") && after {
			if reads++; reads == 1 {
				r.alone(void(payment.VoidExpired).enter(r))
			}
		}
		return nil
	}
	r.receiver.Payments = interleave.Repository{Repository: r.db.Payments(), Hook: between}
	r.deliver(ctx, authorized)
	require.GreaterOrEqual(t, reads, 2)
	r.ended(ctx)
}

// A worker that was given up still writes what it read of a dispute, after
// another has written what came next.
func TestAnOldReportOfADisputeIsNotWritten(t *testing.T) {
	r, ctx := told(t, automatic)
	r.alone(confirm(interleave.CardApproved).enter(r))
	ref := payment.DisputeRef{
		Environment: merchant.Sandbox, Gateway: r.provider.Provider(), Reference: r.provider.Object(r.id, 300, interleave.DisputeOpen), PaymentID: r.id,
	}
	slow, once := *r.steps, false
	slow.Gateways = gateway.NewRegistry()
	between := func(ctx context.Context, call string, after bool) error {
		if call == "gateway dispute" && after && !once {
			once = true
			r.provider.MoveDispute(ref.Reference, interleave.DisputeLost)
			r.disputeLook(ctx, ref)
		}
		return nil
	}
	require.NoError(t, slow.Gateways.Register(merchant.Sandbox, interleave.Gateway{Gateway: r.provider, Hook: between}))
	_, err := slow.RecordDispute(ctx, ref)
	require.NoError(t, err)
	r.check()
}

// The provider tells the outcome of a call whose answer was lost, and cannot be
// asked: what it told decides.
func TestAWebhookDecidesWhenTheProviderCannotBeAsked(t *testing.T) {
	r, ctx := told(t, automatic)
	r.telling, r.leaving = true, true
	r.provider.Plan(func(call string) interleave.Fault { return interleave.LostAnswer })
	r.alone(confirm(interleave.CardApproved).enter(r))
	r.leaving = false
	r.clock.Advance(time.Minute)
	r.deliver(ctx, r.latest())
	now, err := r.steps.Load(ctx, activities.PaymentRef{PaymentID: r.id})
	require.NoError(t, err)
	require.Equal(t, payment.Succeeded, now.Status)
	require.Equal(t, 1, r.provider.Concluded())
	r.ended(ctx)
}

// The provider tells of a call before it answers it; the answer is waited for.
func TestAWebhookBeforeTheAnswerWaits(t *testing.T) {
	r, ctx := told(t, automatic)
	r.steps.Gateways = gateway.NewRegistry()
	early := func(_ context.Context, call string, after bool) error {
		if call == "gateway authorize" && after {
			r.deliver(ctx, r.latest())
			require.Len(t, r.unsettled(), 1)
		}
		return nil
	}
	require.NoError(t, r.steps.Gateways.Register(merchant.Sandbox, interleave.Gateway{Gateway: r.provider, Hook: early}))
	r.alone(confirm(interleave.CardApproved).enter(r))
	require.Len(t, r.unsettled(), 1)
	r.ended(ctx)
	kept, _, err := r.db.Notifications().List(ctx, notification.Filter{PaymentID: r.id, Limit: 10})
	require.NoError(t, err)
	require.Equal(t, notification.Applied, kept[0].Status)
}
