package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/payment"
	"paymenthub/workflows"
)

var softly = payment.Declined(payment.NewDecline(payment.DeclineDoNotHonor))

func TestASoftDeclineIsTriedElsewhereAtOnce(t *testing.T) {
	b := newBed(t)
	p := b.open(payment.CaptureAutomatic)
	b.gateway.answers[payment.Sale] = []payment.Outcome{softly}
	b.run(p, b.confirmation())
	got := b.ended(p, payment.Succeeded)
	require.Equal(t, []string{"sale " + p.ID + "-sale-1"}, b.gateway.made())
	require.Equal(t, []string{"sale " + p.ID + "-sale-2"}, b.second.made(), "under a key of its own")
	require.Equal(t, []any{"checkout", 2, 1}, []any{got.Gateway, got.Attempts, got.Confirmations()})
	require.Less(t, b.elapsed(), time.Second)
}

func TestACaptureGoesWhereThePaymentWasHeld(t *testing.T) {
	b := newBed(t)
	p := b.open(payment.CaptureManual)
	b.gateway.answers[payment.Authorization] = []payment.Outcome{softly}
	b.update(time.Minute, workflows.UpdateCapture, payment.CaptureCommand{OperationID: "01HZY3P1C2D3E4F5G6H7J8K9M1"})
	b.run(p, b.confirmation())
	b.ended(p, payment.Succeeded)
	require.Len(t, b.gateway.made(), 1)
	require.Equal(t, []string{"authorization " + p.ID + "-authorization-2", "capture " + p.ID + "-capture-3"}, b.second.made())
}

func TestAnUnknownOutcomeIsFollowedByNoOtherGateway(t *testing.T) {
	b := newBed(t)
	p := b.open(payment.CaptureAutomatic)
	b.gateway.answers[payment.Sale] = []payment.Outcome{payment.Unknown("no answer")}
	b.gateway.lookUps = []payment.Outcome{payment.Unknown("busy"), softly}
	b.run(p, b.confirmation())
	got := b.ended(p, payment.Expired)
	require.Equal(t, payment.DeclineDoNotHonor, got.LastError.Code)
	require.Empty(t, b.second.made())
}

func TestWhenEveryGatewayRefusesTheShopperMayTryAgain(t *testing.T) {
	b := newBed(t)
	p := b.open(payment.CaptureAutomatic)
	b.gateway.answers[payment.Sale] = []payment.Outcome{softly, softly, softly}
	b.second.answers[payment.Sale] = []payment.Outcome{softly, softly, softly}
	b.update(time.Minute, workflows.UpdateConfirm, *b.confirmation())
	b.update(2*time.Minute, workflows.UpdateConfirm, *b.confirmation())
	b.run(p, b.confirmation())
	got := b.ended(p, payment.Failed)
	require.Equal(t, []int{6, 3}, []int{got.Attempts, got.Confirmations()})
	require.Len(t, b.gateway.made(), 3)
	require.Len(t, b.second.made(), 3)
}

func TestTheSecondGatewaysUnknownOutcomeIsLookedUpThere(t *testing.T) {
	b := newBed(t)
	p := b.open(payment.CaptureAutomatic)
	b.gateway.answers[payment.Sale] = []payment.Outcome{softly}
	b.second.answers[payment.Sale] = []payment.Outcome{payment.Unknown("no answer")}
	b.second.lookUps = []payment.Outcome{{Class: payment.OutcomeAbsent}}
	b.run(p, b.confirmation())
	b.ended(p, payment.Succeeded)
	require.Equal(t, []string{"sale " + p.ID + "-sale-1"}, b.gateway.made())
	require.Equal(t, []string{"sale " + p.ID + "-sale-2", "look_up sale", "sale " + p.ID + "-sale-2"}, b.second.calls, "the same call again")
}

// What no gateway can take any more is declined, and the shopper may try otherwise.
func TestAConfirmationThatNoGatewayCanTakeIsDeclined(t *testing.T) {
	b := newBed(t)
	p := b.open(payment.CaptureAutomatic)
	elsewhere := *b.confirmation()
	elsewhere.Method, elsewhere.CardToken = payment.MethodIDEAL, ""
	first := b.update(time.Minute, workflows.UpdateConfirm, elsewhere)
	b.update(2*time.Minute, workflows.UpdateConfirm, *b.confirmation())
	b.run(p, nil)
	got := b.ended(p, payment.Succeeded)
	require.True(t, first.done)
	require.NoError(t, first.err)
	require.Equal(t, 2, got.Confirmations())
	require.Len(t, b.gateway.made(), 1, "no gateway heard of the first one")
}
