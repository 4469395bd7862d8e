package workflows_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/id"
	"paymenthub/internal/payment"
	"paymenthub/workflows"
)

func TestAnUnknownOutcomeIsLookedUpUntilItIsKnown(t *testing.T) {
	b := newBed(t)
	p := b.open(payment.CaptureAutomatic)
	b.gateway.answers[payment.Sale] = []payment.Outcome{unknown}
	b.gateway.lookUps = []payment.Outcome{unknown, unknown, success}
	b.run(p, b.confirmation())
	b.ended(p, payment.Succeeded)
	require.Equal(t, []string{"sale " + p.ID + "-sale-1", "look_up sale", "look_up sale", "look_up sale"}, b.gateway.made())
	require.InDelta(t, (5*time.Second + 30*time.Second + 2*time.Minute).Seconds(), b.elapsed().Seconds(), 3)
}

func TestOnlyWhatTheGatewaySaysDecides(t *testing.T) {
	b := newBed(t)
	p := b.open(payment.CaptureAutomatic)
	b.gateway.answers[payment.Sale] = []payment.Outcome{unknown}
	states := map[time.Duration]payment.Status{}
	for _, at := range []time.Duration{time.Minute, 2 * time.Hour, 23 * time.Hour, 25 * time.Hour, 60 * time.Hour} {
		b.RegisterDelayedCallback(func() { states[at] = b.load(p).Intent.Status }, at)
	}
	var raisedAt time.Duration
	for hour := range 30 {
		at := time.Duration(hour) * time.Hour
		b.RegisterDelayedCallback(func() {
			if raisedAt == 0 && b.load(p).Intent.Attention != "" {
				raisedAt = at
			}
		}, at)
	}
	b.RegisterDelayedCallback(func() {
		b.gateway.mu.Lock()
		b.gateway.lookUps = []payment.Outcome{success}
		b.gateway.mu.Unlock()
		b.SignalWorkflow(workflows.SignalLookUp, nil)
	}, 80*time.Hour)
	b.run(p, b.confirmation())
	got := b.ended(p, payment.Succeeded)
	for at, status := range states {
		require.Equal(t, payment.Processing, status, "after %s", at)
	}
	require.InDelta(t, 25, raisedAt.Hours(), 1, "an operator is called after a day")
	require.Empty(t, got.Attention, "and no longer needed once the outcome is known")
}

func TestWhatTheGatewayNeverGotIsSentAgainUnderTheSameKey(t *testing.T) {
	b := newBed(t)
	p := b.open(payment.CaptureAutomatic)
	b.gateway.answers[payment.Sale] = []payment.Outcome{unknown}
	b.gateway.lookUps = []payment.Outcome{absent}
	b.run(p, b.confirmation())
	b.ended(p, payment.Succeeded)
	key := "sale " + p.ID + "-sale-1"
	require.Equal(t, []string{key, "look_up sale", key}, b.gateway.made())
}

func TestAnHourLaterTheShopperIsNotChargedAnyMore(t *testing.T) {
	b := newBed(t)
	p := b.open(payment.CaptureAutomatic)
	b.gateway.answers[payment.Sale] = []payment.Outcome{unknown}
	b.gateway.lookUps = []payment.Outcome{unknown, unknown, unknown, unknown, absent}
	b.run(p, b.confirmation())
	got := b.ended(p, payment.Expired)
	require.Equal(t, payment.DeclineGatewayUnavailable, got.LastError.Code)
	sent := 0
	for _, call := range b.gateway.made() {
		if strings.HasPrefix(call, "sale ") {
			sent++
		}
	}
	require.Equal(t, 1, sent)
	attempts, err := b.db.Payments().Attempts(context.Background(), b.scope, p.ID)
	require.NoError(t, err)
	require.Equal(t, payment.AttemptDeclined, attempts[0].Status)
}

func TestALostCaptureIsFoundOrMadeOnce(t *testing.T) {
	for name, found := range map[string]payment.Outcome{"found": success, "made": absent} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			p := b.open(payment.CaptureManual)
			b.gateway.answers[payment.Capture] = []payment.Outcome{unknown}
			b.gateway.lookUps = []payment.Outcome{found}
			capture := b.update(time.Hour, workflows.UpdateCapture, payment.CaptureCommand{OperationID: id.NewSuffix(), Amount: 400})
			b.run(p, b.confirmation())
			got := b.ended(p, payment.Succeeded)
			require.EqualValues(t, 400, got.AmountCaptured)
			require.True(t, capture.done, "the caller is told that the outcome is not known yet")
			require.NoError(t, capture.err)
		})
	}
}

func TestALostVoidAtExpiryEndsInExpired(t *testing.T) {
	b := newBed(t)
	p := b.open(payment.CaptureManual)
	b.gateway.answers[payment.Void] = []payment.Outcome{unknown}
	b.gateway.lookUps = []payment.Outcome{absent}
	b.run(p, b.confirmation())
	b.ended(p, payment.Expired)
	require.Equal(t, []string{
		"authorization " + p.ID + "-authorization-1", "void " + p.ID + "-void-2", "look_up void", "void " + p.ID + "-void-2",
	}, b.gateway.made())
}

func TestAnAmountThatDisagreesIsForAnOperator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t)
		p := b.open(payment.CaptureAutomatic)
		b.gateway.answers[payment.Sale] = []payment.Outcome{{Class: payment.OutcomeSucceeded, Amount: 999}}
		b.gateway.lookUps = []payment.Outcome{{Class: payment.OutcomeSucceeded, Amount: 999}, success}
		var seen payment.Intent
		b.RegisterDelayedCallback(func() { seen = b.load(p).Intent }, 10*time.Second)
		b.run(p, b.confirmation())
		b.ended(p, payment.Succeeded)
		require.Equal(t, payment.Processing, seen.Status)
		require.Contains(t, seen.Attention, "disagrees")
	})
}

func TestCommandsAreRefusedWhileTheOutcomeIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t)
		p := b.open(payment.CaptureAutomatic)
		b.gateway.answers[payment.Sale] = []payment.Outcome{unknown}
		b.gateway.lookUps = []payment.Outcome{unknown, success}
		cancel := b.update(10*time.Second, workflows.UpdateCancel, payment.CancelCommand{OperationID: id.NewSuffix()})
		confirm := b.update(10*time.Second, workflows.UpdateConfirm, *b.confirmation())
		b.run(p, b.confirmation())
		b.ended(p, payment.Succeeded)
		require.ErrorContains(t, cancel.rejected, "processing")
		require.ErrorContains(t, confirm.rejected, "processing")
	})
}

// refundBed stores a captured payment with a pending refund.
func refundBed(t *testing.T) (*bed, payment.Intent, payment.Refund) {
	t.Helper()
	b := newBed(t)
	p := b.open(payment.CaptureAutomatic)
	now := b.Now().UTC()
	change, err := b.load(p).Intent.BeginAttempt(*b.confirmation(), toStripe, allowed, now)
	require.NoError(t, err)
	require.NoError(t, b.db.Payments().Apply(context.Background(), change))
	change, err = b.load(p).Record(payment.Outcome{Class: payment.OutcomeSucceeded, Amount: 1000, GatewayReference: "gw", TransactionReference: "ch"}, now)
	require.NoError(t, err)
	require.NoError(t, b.db.Payments().Apply(context.Background(), change))
	current := b.load(p)
	change, err = current.Intent.OpenRefund(*current.Attempt, payment.NewRefund{ID: id.New(id.Refund), Amount: 300}, now)
	require.NoError(t, err)
	require.NoError(t, b.db.Payments().Apply(context.Background(), change))
	return b, p, *change.Refund
}

func TestRefunds(t *testing.T) {
	accepted := payment.Outcome{Class: payment.OutcomeAccepted}
	for name, c := range map[string]struct {
		sent, found []payment.Outcome
		want        payment.RefundStatus
		refunded    int64
	}{
		"succeed":                               {nil, nil, payment.RefundSucceeded, 300},
		"fail":                                  {[]payment.Outcome{refusal}, nil, payment.RefundFailed, 0},
		"are found after a lost answer":         {[]payment.Outcome{unknown}, []payment.Outcome{unknown, success}, payment.RefundSucceeded, 300},
		"are sent again when never carried out": {[]payment.Outcome{unknown}, []payment.Outcome{absent}, payment.RefundSucceeded, 300},
		"settle later":                          {[]payment.Outcome{accepted}, []payment.Outcome{accepted, accepted, success}, payment.RefundSucceeded, 300},
		"fail later":                            {[]payment.Outcome{accepted}, []payment.Outcome{refusal}, payment.RefundFailed, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b, p, r := refundBed(t)
			b.gateway.answers[payment.RefundOfSale] = c.sent
			b.gateway.lookUps = c.found
			b.ExecuteWorkflow(workflows.RefundWorkflow, workflows.Refund{RefundID: r.ID, PaymentID: p.ID})
			got := b.ended(p, payment.Succeeded)
			require.Equal(t, c.refunded, got.AmountRefunded)
			require.Zero(t, got.AmountRefundPending, "the reservation has ended")
			refund, err := b.db.Payments().Refund(context.Background(), b.scope, r.ID)
			require.NoError(t, err)
			require.Equal(t, c.want, refund.Status)
		})
	}
}

// A worker dies while it confirms: the update was never accepted, so the
// workflow has not heard of the attempt that the database knows of.
func TestAStepThatTheWorkflowNeverHeardOfIsResolved(t *testing.T) {
	b := newBed(t)
	p := b.open(payment.CaptureAutomatic)
	b.gateway.lookUps = []payment.Outcome{success}
	b.RegisterDelayedCallback(func() {
		change, err := b.load(p).Intent.BeginAttempt(*b.confirmation(), toStripe, allowed, b.Now().UTC())
		require.NoError(t, err)
		require.NoError(t, b.db.Payments().Apply(context.Background(), change))
		b.SignalWorkflow(workflows.SignalCheck, nil)
	}, time.Minute)
	b.run(p, nil)
	b.ended(p, payment.Succeeded)
	require.Equal(t, []string{"look_up sale"}, b.gateway.made())
	require.InDelta(t, 65, b.elapsed().Seconds(), 2)
}

func TestACheckThatFindsNothingNewChangesNothing(t *testing.T) {
	b := newBed(t)
	p := b.open(payment.CaptureManual)
	for _, at := range []time.Duration{time.Minute, 2 * time.Hour} {
		b.RegisterDelayedCallback(func() { b.SignalWorkflow(workflows.SignalCheck, nil) }, at)
	}
	b.update(2*time.Minute, workflows.UpdateConfirm, *b.confirmation())
	b.update(3*time.Hour, workflows.UpdateCapture, payment.CaptureCommand{OperationID: id.NewSuffix()})
	b.run(p, nil)
	b.ended(p, payment.Succeeded)
	require.Len(t, b.gateway.made(), 2)
}

// Somebody asks while the gateway is being asked: it must be asked once more,
// since the answer under way may be older than what made them ask.
func TestARequestToLookUpDuringALookUpIsNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t)
		p := b.open(payment.CaptureAutomatic)
		b.gateway.answers[payment.Sale] = []payment.Outcome{waits}
		b.gateway.lookUps = []payment.Outcome{waits, success}
		ask := func() { b.SignalWorkflow(workflows.SignalLookUp, workflows.LookUp{}) }
		b.RegisterDelayedCallback(func() { ask(); b.SignalWorkflow(workflows.SignalCheck, nil) }, 4*time.Second)
		b.RegisterDelayedCallback(ask, 5*time.Second)
		b.run(p, b.confirmation())
		b.ended(p, payment.Succeeded)
		require.InDelta(t, 5, b.elapsed().Seconds(), 1)
	})
}
