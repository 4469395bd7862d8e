package workflows_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/id"
	"paymenthub/internal/payment"
	"paymenthub/internal/risk"
	"paymenthub/internal/routing"
	"paymenthub/workflows"
)

var (
	unknown = payment.Unknown("no answer")
	absent  = payment.Outcome{Class: payment.OutcomeAbsent}
	success = payment.Outcome{Class: payment.OutcomeSucceeded}
	waits   = payment.Outcome{Class: payment.OutcomeActionRequired, RedirectURL: "https://issuer.example"}
	refusal = payment.Declined(payment.NewDecline(payment.DeclineInsufficientFunds))
)

func TestAPaymentConfirmedAtCreationSucceeds(t *testing.T) {
	b := newBed(t)
	p := b.open(payment.CaptureAutomatic)
	b.run(p, b.confirmation())
	got := b.ended(p, payment.Succeeded)
	require.EqualValues(t, 1000, got.AmountCaptured)
	require.Equal(t, []string{"sale " + p.ID + "-sale-1"}, b.gateway.made())
	require.Less(t, b.elapsed(), time.Second)
}

func TestAPaymentNeverConfirmedExpiresAfterAnHour(t *testing.T) {
	b := newBed(t)
	p := b.open(payment.CaptureAutomatic)
	b.run(p, nil)
	b.ended(p, payment.Expired)
	require.Empty(t, b.gateway.made(), "no gateway hears of it")
	require.InDelta(t, time.Hour.Seconds(), b.elapsed().Seconds(), 2)
}

func TestADeclineLeavesTwoMoreAttempts(t *testing.T) {
	b := newBed(t)
	p := b.open(payment.CaptureAutomatic)
	b.gateway.answers[payment.Sale] = []payment.Outcome{refusal, refusal, refusal}
	second := b.update(time.Minute, workflows.UpdateConfirm, *b.confirmation())
	third := b.update(2*time.Minute, workflows.UpdateConfirm, *b.confirmation())
	b.run(p, b.confirmation())
	got := b.ended(p, payment.Failed)
	require.Equal(t, payment.DeclineInsufficientFunds, got.LastError.Code)
	require.True(t, second.done && third.done)
	require.NoError(t, second.err, "a decline is an answer, not an error of the update")
	require.Len(t, b.gateway.made(), 3)
}

func TestAnAuthorizationNeverCapturedIsVoidedAtTheGateway(t *testing.T) {
	for name, c := range map[string]struct{ window, want time.Duration }{
		"after 7 days":                      {0, payment.AuthorizationWindow},
		"or when the gateway's window ends": {48 * time.Hour, 48 * time.Hour},
		"but not later than 7 days":         {30 * 24 * time.Hour, payment.AuthorizationWindow},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			b.gateway.window = c.window
			p := b.open(payment.CaptureManual)
			b.run(p, b.confirmation())
			got := b.ended(p, payment.Expired)
			require.Zero(t, got.AmountCapturable)
			require.Equal(t, []string{"authorization " + p.ID + "-authorization-1", "void " + p.ID + "-void-2"}, b.gateway.made())
			require.InDelta(t, c.want.Seconds(), b.elapsed().Seconds(), 5)
		})
	}
}

func TestAPartialCaptureEndsThePayment(t *testing.T) {
	b := newBed(t)
	p := b.open(payment.CaptureManual)
	first := b.update(time.Hour, workflows.UpdateCapture, payment.CaptureCommand{OperationID: id.NewSuffix(), Amount: 600})
	late := b.update(time.Hour, workflows.UpdateCapture, payment.CaptureCommand{OperationID: id.NewSuffix(), Amount: 600})
	b.run(p, b.confirmation())
	got := b.ended(p, payment.Succeeded)
	require.EqualValues(t, 600, got.AmountCaptured)
	require.True(t, first.done)
	require.NoError(t, first.err)
	require.True(t, late.rejected != nil || late.err != nil, "the second capture is refused")
	require.Len(t, b.gateway.made(), 2)
}

func TestCancelReleasesWhatIsHeld(t *testing.T) {
	b := newBed(t)
	p := b.open(payment.CaptureManual)
	b.update(time.Hour, workflows.UpdateCancel, payment.CancelCommand{OperationID: id.NewSuffix(), Reason: "out of stock"})
	b.run(p, b.confirmation())
	got := b.ended(p, payment.Canceled)
	require.Equal(t, "out of stock", got.CancellationReason)
	require.Equal(t, "void "+p.ID+"-void-2", b.gateway.made()[1])
}

func TestUpdatesThatTheStateForbidsLeaveNoTrace(t *testing.T) {
	b := newBed(t)
	p := b.open(payment.CaptureAutomatic)
	capture := b.update(time.Minute, workflows.UpdateCapture, payment.CaptureCommand{OperationID: id.NewSuffix()})
	cancel := b.update(2*time.Minute, workflows.UpdateCancel, payment.CancelCommand{OperationID: id.NewSuffix()})
	b.run(p, nil)
	b.ended(p, payment.Canceled)
	require.ErrorContains(t, capture.rejected, "requires_confirmation")
	require.True(t, cancel.done)
	require.NoError(t, cancel.err)
}

func TestADeclinedCaptureLeavesTheHold(t *testing.T) {
	b := newBed(t)
	p := b.open(payment.CaptureManual)
	b.gateway.answers[payment.Capture] = []payment.Outcome{refusal}
	b.update(time.Hour, workflows.UpdateCapture, payment.CaptureCommand{OperationID: id.NewSuffix()})
	b.RegisterDelayedCallback(func() {
		got := b.load(p).Intent
		require.Equal(t, payment.RequiresCapture, got.Status)
		require.EqualValues(t, 1000, got.AmountCapturable)
	}, 2*time.Hour)
	b.update(3*time.Hour, workflows.UpdateCapture, payment.CaptureCommand{OperationID: id.NewSuffix()})
	b.run(p, b.confirmation())
	b.ended(p, payment.Succeeded)
	require.Equal(t, []string{"authorization " + p.ID + "-authorization-1", "capture " + p.ID + "-capture-2", "capture " + p.ID + "-capture-3"}, b.gateway.made())
}

func TestAShopperWhoNeverAuthenticatesIsGivenUp(t *testing.T) {
	b := newBed(t)
	p := b.open(payment.CaptureAutomatic)
	b.gateway.answers[payment.Sale] = []payment.Outcome{waits}
	for range 100 {
		b.gateway.lookUps = append(b.gateway.lookUps, waits)
	}
	b.run(p, b.confirmation())
	b.ended(p, payment.Expired)
	calls := b.gateway.made()
	require.Equal(t, "void "+p.ID+"-void-2", calls[len(calls)-1])
	require.Less(t, len(calls), 25, "the gateway is asked now and then, not all the time")
}

func TestAShopperWhoReturnsIsLookedUpAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t)
		p := b.open(payment.CaptureAutomatic)
		b.gateway.answers[payment.Sale] = []payment.Outcome{waits}
		b.gateway.lookUps = []payment.Outcome{success}
		b.RegisterDelayedCallback(func() { b.SignalWorkflow(workflows.SignalLookUp, nil) }, 4*time.Second)
		b.run(p, b.confirmation())
		b.ended(p, payment.Succeeded)
		require.InDelta(t, 4, b.elapsed().Seconds(), 1)
	})
}

// The shopper authenticates at the moment the merchant cancels: the gateway
// refuses to void, and what it did instead is found out.
func TestACancelThatComesTooLateFindsThePaymentTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t)
		p := b.open(payment.CaptureAutomatic)
		b.gateway.answers[payment.Sale] = []payment.Outcome{waits}
		b.gateway.answers[payment.Void] = []payment.Outcome{payment.Declined(payment.NewDecline(payment.DeclineState))}
		b.gateway.lookUps = []payment.Outcome{success}
		b.update(5*time.Second, workflows.UpdateCancel, payment.CancelCommand{OperationID: id.NewSuffix()})
		b.run(p, b.confirmation())
		got := b.ended(p, payment.Succeeded)
		require.EqualValues(t, 1000, got.AmountCaptured)
	})
}

func TestALostWorkflowGoesOnFromTheDatabase(t *testing.T) {
	b := newBed(t)
	p := b.open(payment.CaptureAutomatic)
	conf := b.confirmation()
	change, err := b.load(p).Intent.BeginAttempt(*conf, toStripe, allowed, b.Now().UTC())
	require.NoError(t, err)
	require.NoError(t, b.db.Payments().Apply(context.Background(), change))
	b.gateway.lookUps = []payment.Outcome{success}
	b.run(p, nil)
	b.ended(p, payment.Succeeded)
	require.Equal(t, []string{"look_up sale"}, b.gateway.made(), "what was under way is looked up, not sent")
}

func TestADatabaseThatIsAwayIsWaitedFor(t *testing.T) {
	b := newBed(t)
	p := b.open(payment.CaptureAutomatic)
	b.flaky.fails = 8
	b.run(p, b.confirmation())
	b.ended(p, payment.Succeeded)
	require.Len(t, b.gateway.made(), 1, "the gateway is called once")
}

func TestAStaleSnapshotIsReadAgain(t *testing.T) {
	b := newBed(t)
	p := b.open(payment.CaptureAutomatic)
	stale := b.load(p).Snapshot()
	change, err := b.load(p).Intent.Cancel("by another process", id.NewSuffix(), b.Now().UTC())
	require.NoError(t, err)
	require.NoError(t, b.db.Payments().Apply(context.Background(), change))
	b.ExecuteWorkflow(workflows.PaymentWorkflow, workflows.Payment{Snapshot: stale, Confirm: b.confirmation()})
	b.ended(p, payment.Canceled)
	require.Empty(t, b.gateway.made())
}

// suspicion refuses every attempt.
type suspicion struct{}

func (suspicion) Assess(context.Context, risk.Subject) (risk.Assessment, error) {
	return risk.Assessment{Score: 100, Action: risk.Decline}, nil
}

// allowed is the judgment of an attempt that may pass.
var (
	allowed  = risk.Assessment{Action: risk.Allow}
	toStripe = routing.Decision{Strategy: routing.Named, Choices: []routing.Choice{{Gateway: "stripe"}}}
)

func TestARiskyAttemptReachesNoGateway(t *testing.T) {
	b := newBed(t)
	b.steps.Risk = suspicion{}
	p := b.open(payment.CaptureAutomatic)
	b.flaky.fails = 2 // the step is repeated: it must refuse again, not send
	b.run(p, b.confirmation())
	got := b.ended(p, payment.Expired)
	require.Equal(t, payment.DeclineFraud, got.LastError.Code)
	require.Empty(t, b.gateway.made())
}

// A request to look up is no timeout: it must not expire what is waiting.
func TestALookUpRequestChangesNothingWhereThereIsNothingToLookUp(t *testing.T) {
	b := newBed(t)
	p := b.open(payment.CaptureManual)
	conf := b.confirmation()
	for _, at := range []time.Duration{time.Minute, 3 * time.Minute} {
		b.RegisterDelayedCallback(func() { b.SignalWorkflow(workflows.SignalLookUp, nil) }, at)
	}
	var states []payment.Status
	for _, at := range []time.Duration{90 * time.Second, 4 * time.Minute} {
		b.RegisterDelayedCallback(func() { states = append(states, b.load(p).Intent.Status) }, at)
	}
	b.update(2*time.Minute, workflows.UpdateConfirm, *conf)
	b.update(5*time.Minute, workflows.UpdateCapture, payment.CaptureCommand{OperationID: id.NewSuffix()})
	b.run(p, nil)
	b.ended(p, payment.Succeeded)
	require.Equal(t, []payment.Status{payment.RequiresConfirmation, payment.RequiresCapture}, states)
}
