package interleave_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/activities"
	"paymenthub/internal/gateway"
	"paymenthub/internal/id"
	"paymenthub/internal/interleave"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
)

// The interleavings that once broke the books, one by one.

// told is a race without racers, whose provider has one fault after another.
func told(t *testing.T, method payment.CaptureMethod, faults ...interleave.Fault) (*race, context.Context) {
	t.Helper()
	r := newRace(t, newTown(t, sqlite(t)), method, t.Name(), 0)
	r.still = true
	ctx, err := interleave.ActivityContext()
	require.NoError(t, err)
	if method == manual {
		r.alone(confirm(interleave.CardApproved).enter(r))
	}
	r.provider.Plan(func(call string) interleave.Fault {
		if call == "look up" || len(faults) == 0 {
			return interleave.NoFault
		}
		next := faults[0]
		faults = faults[1:]
		return next
	})
	return r, ctx
}

// prove settles the race and holds hub and provider against each other.
func (r *race) prove(ctx context.Context) {
	r.t.Helper()
	r.settle(ctx)
	r.check()
	r.verified(r.t)
}

func captureOf(r *race) activities.Capture {
	return activities.Capture{PaymentID: r.id, Command: payment.CaptureCommand{OperationID: id.NewSuffix(), Amount: 700}}
}

// A step that is repeated at once, as another kind of activity with attempt 1,
// finds no connection: that says nothing of the first try, which arrived.
func TestARefusedRepetitionDoesNotDecline(t *testing.T) {
	r, ctx := told(t, manual, interleave.LostAnswer, interleave.Refused)
	in := captureOf(r)
	for range 2 {
		now, err := r.steps.Capture(ctx, in)
		require.NoError(t, err)
		require.Equal(t, payment.Processing, now.Status)
	}
	r.prove(ctx)
}

// A look-up that finds nothing sends the call again and finds no connection,
// while the first request is still on its way.
func TestARefusedResendDoesNotDecline(t *testing.T) {
	r, ctx := told(t, manual, interleave.Late, interleave.Refused)
	now, err := r.steps.Capture(ctx, captureOf(r))
	require.NoError(t, err)
	now, err = r.steps.Resolve(ctx, activities.Resolve{PaymentID: r.id, TransactionID: now.Pending.TransactionID, Resend: true})
	require.NoError(t, err)
	require.Equal(t, payment.Processing, now.Status)
	require.True(t, r.provider.Deliver())
	r.prove(ctx)
}

// The first worker finds no connection after a second one, which it does not
// know of, has sent the same call: only the second one's try counts.
func TestARefusedFirstTryDoesNotOutvoteTheSecond(t *testing.T) {
	r, ctx := told(t, manual, interleave.LostAnswer, interleave.Refused)
	in := captureOf(r)
	first, once := *r.steps, false
	first.Gateways = gateway.NewRegistry()
	between := func(_ context.Context, call string, after bool) error {
		if call == "gateway capture" && !after && !once {
			once = true
			now, err := r.steps.Capture(ctx, in)
			require.NoError(t, err)
			require.Equal(t, payment.Processing, now.Status)
		}
		return nil
	}
	require.NoError(t, first.Gateways.Register(merchant.Sandbox, interleave.Gateway{Gateway: r.provider, Hook: between}))
	_, err := first.Capture(ctx, in)
	require.ErrorIs(t, err, payment.ErrStale)
	r.prove(ctx)
}

// Past the intent's hour an authorization is not sent again. Its absence is
// believed when it can no longer be on its way.
func TestAYoungAbsenceIsNotBelieved(t *testing.T) {
	r, ctx := told(t, automatic, interleave.Late)
	r.leaving = true
	r.alone(confirm(interleave.CardApproved).enter(r))
	r.leaving, r.pastHour = false, true
	r.follow(ctx, payment.Snapshot{})
	require.True(t, r.provider.Deliver())
	r.prove(ctx)

	r, ctx = told(t, automatic, interleave.LostRequest)
	r.leaving = true
	r.alone(confirm(interleave.CardApproved).enter(r))
	r.leaving, r.pastHour = false, true
	r.clock.Advance(3 * time.Minute)
	r.follow(ctx, payment.Snapshot{})
	r.prove(ctx)
	current, err := r.db.Payments().Load(ctx, r.id)
	require.NoError(t, err)
	require.Equal(t, payment.DeclineGatewayUnavailable, current.Intent.LastError.Code)
}
