package workflows_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/id"
	"paymenthub/internal/ledger"
	"paymenthub/internal/money"
	"paymenthub/internal/notification"
	"paymenthub/internal/payment"
	"paymenthub/workflows"
)

// told stores a notification, as the receiver does, and returns its id.
func (b *bed) told(p payment.Intent, body string) string {
	b.t.Helper()
	n := notification.Notification{
		ID: id.New(id.Notification), Environment: p.Scope.Environment, Gateway: "stripe", EventID: id.NewSuffix(),
		Status: notification.Received, ReceivedAt: b.Now().UTC(), UpdatedAt: b.Now().UTC(), DueAt: b.Now().UTC(),
	}
	n.KeyVersion, n.Sealed = b.vault.SealBytes([]byte(body), n.ID)
	_, first, err := b.db.Notifications().Keep(context.Background(), n)
	require.NoError(b.t, err)
	require.True(b.t, first)
	return n.ID
}

// The gateway cannot be asked, but what it has told is as good as an answer.
func TestWhatTheGatewayToldCountsWhenItCannotBeAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t)
		p := b.open(payment.CaptureAutomatic)
		b.gateway.answers[payment.Sale] = []payment.Outcome{unknown}
		b.gateway.told = success
		notificationID := b.told(p, "it was charged")
		b.RegisterDelayedCallback(func() {
			b.SignalWorkflow(workflows.SignalLookUp, workflows.LookUp{NotificationID: notificationID})
		}, time.Second)
		b.run(p, b.confirmation())
		b.ended(p, payment.Succeeded)
		require.Equal(t, []string{"sale " + p.ID + "-sale-1", "look_up sale", "conclude from it was charged"}, b.gateway.made())
		require.InDelta(t, 1, b.elapsed().Seconds(), 1)
	})
}

// A gateway that answers is believed over what it told before.
func TestALookUpGoesBeforeANotification(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t)
		p := b.open(payment.CaptureAutomatic)
		b.gateway.answers[payment.Sale] = []payment.Outcome{unknown}
		b.gateway.lookUps = []payment.Outcome{refusal}
		b.gateway.told = success
		notificationID := b.told(p, "it was charged")
		b.RegisterDelayedCallback(func() {
			b.SignalWorkflow(workflows.SignalLookUp, workflows.LookUp{NotificationID: notificationID})
		}, time.Second)
		b.run(p, b.confirmation())
		b.ended(p, payment.Expired)
		require.Equal(t, []string{"sale " + p.ID + "-sale-1", "look_up sale"}, b.gateway.made())
	})
}

// A notification that comes while the step is under way is not forgotten.
func TestANotificationThatOvertakesTheAnswerIsUsed(t *testing.T) {
	b := newBed(t)
	p := b.open(payment.CaptureAutomatic)
	b.gateway.answers[payment.Sale] = []payment.Outcome{waits}
	b.gateway.told = success
	notificationID := b.told(p, "too early")
	b.RegisterDelayedCallback(func() {
		b.SignalWorkflow(workflows.SignalLookUp, workflows.LookUp{NotificationID: notificationID})
	}, 0)
	b.run(p, b.confirmation())
	b.ended(p, payment.Succeeded)
	require.Equal(t, []string{"sale " + p.ID + "-sale-1", "look_up sale", "conclude from too early"}, b.gateway.made())
	require.Less(t, b.elapsed(), 5*time.Second)
}

// sold makes a captured payment and a refund of part of it, settled or not.
func (b *bed) sold() payment.Aggregate {
	b.t.Helper()
	p := b.open(payment.CaptureAutomatic)
	change, err := b.load(p).Intent.BeginAttempt(*b.confirmation(), toStripe, allowed, b.Now().UTC())
	b.apply(change, err)
	current := b.load(p)
	change, err = current.Record(filled(success, gatewayCall(current)), b.Now().UTC())
	b.apply(change, err)
	return b.load(p)
}

func (b *bed) apply(c payment.Change, err error) {
	b.t.Helper()
	require.NoError(b.t, err)
	require.NoError(b.t, b.db.Payments().Apply(context.Background(), c))
}

func (b *bed) refund(p payment.Aggregate, amount int64, settled bool) payment.Refund {
	b.t.Helper()
	change, err := p.Intent.OpenRefund(*p.Attempt, payment.NewRefund{ID: id.New(id.Refund), Amount: amount}, b.Now().UTC())
	b.apply(change, err)
	if settled {
		o := payment.Outcome{Class: payment.OutcomeSucceeded, Amount: amount, TransactionReference: "re_1"}
		change, err = change.Intent.RecordRefund(*change.Refund, *change.Transaction, o, b.Now().UTC())
		b.apply(change, err)
	}
	return *change.Refund
}

func (b *bed) refundAfter(r payment.Refund) payment.Refund {
	b.t.Helper()
	require.True(b.t, b.IsWorkflowCompleted())
	require.NoError(b.t, b.GetWorkflowError())
	got, err := b.db.Payments().Refund(context.Background(), r.Scope, r.ID)
	require.NoError(b.t, err)
	return got
}

func TestARefundThatTheGatewaySettlesLater(t *testing.T) {
	for name, c := range map[string]struct {
		settles payment.Outcome
		want    payment.RefundStatus
	}{"succeeds": {success, payment.RefundSucceeded}, "fails": {refusal, payment.RefundFailed}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBed(t)
				accepted := payment.Outcome{Class: payment.OutcomeAccepted}
				b.gateway.answers[payment.RefundOfSale] = []payment.Outcome{accepted}
				b.gateway.lookUps = []payment.Outcome{c.settles}
				r := b.refund(b.sold(), 400, false)
				b.RegisterDelayedCallback(func() { b.SignalWorkflow(workflows.SignalLookUp, workflows.LookUp{}) }, 2*time.Second)
				b.ExecuteWorkflow(workflows.RefundWorkflow, workflows.Refund{RefundID: r.ID, PaymentID: r.PaymentID})
				require.Equal(t, c.want, b.refundAfter(r).Status)
				require.InDelta(t, 2, b.elapsed().Seconds(), 1, "at once when the gateway tells")
			})
		})
	}
}

// That calls can be sent again under their keys is no reason to believe a look-up that
// failed; only a gateway that cannot be asked is not asked again.
func TestASettledRefundIsReviewedUntilTheGatewaySays(t *testing.T) {
	for name, c := range map[string]struct {
		untold bool
		want   payment.RefundStatus
	}{"it can be asked": {false, payment.RefundFailed}, "it cannot": {true, payment.RefundSucceeded}} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			b.gateway.untold, b.gateway.repeatedFor = c.untold, 6*time.Hour
			r := b.refund(b.sold(), 400, true)
			b.gateway.lookUps = []payment.Outcome{unknown, refusal}
			b.ExecuteWorkflow(workflows.RefundWorkflow, workflows.Refund{RefundID: r.ID, PaymentID: r.PaymentID, Review: true})
			require.Equal(t, c.want, b.refundAfter(r).Status)
		})
	}
}

func TestASettledRefundThatTheGatewayTakesBack(t *testing.T) {
	b := newBed(t)
	p := b.sold()
	r := b.refund(p, 400, true)
	b.gateway.lookUps = []payment.Outcome{unknown, refusal}
	b.ExecuteWorkflow(workflows.RefundWorkflow, workflows.Refund{RefundID: r.ID, PaymentID: r.PaymentID, Review: true})
	got := b.refundAfter(r)
	require.Equal(t, payment.RefundFailed, got.Status)
	require.NotZero(t, got.ReversedAt)
	require.Equal(t, payment.DeclineInsufficientFunds, got.Failure.Code)
	require.Zero(t, b.load(p.Intent).Intent.AmountRefunded, "it can be refunded again")
	require.Zero(t, b.balance(ledger.Refunds))
}

// The gateway takes the refund back while its last step runs: what it tells then
// must not be lost with the workflow's end.
func TestWhatIsToldDuringTheLastStepIsReviewed(t *testing.T) {
	b := newBed(t)
	r := b.refund(b.sold(), 400, false)
	b.gateway.lookUps = []payment.Outcome{refusal}
	b.RegisterDelayedCallback(func() { b.SignalWorkflow(workflows.SignalLookUp, workflows.LookUp{}) }, 0)
	b.ExecuteWorkflow(workflows.RefundWorkflow, workflows.Refund{RefundID: r.ID, PaymentID: r.PaymentID})
	got := b.refundAfter(r)
	require.Equal(t, payment.RefundFailed, got.Status)
	require.NotZero(t, got.ReversedAt)
}

func TestAReviewedRefundThatStandsStays(t *testing.T) {
	b := newBed(t)
	r := b.refund(b.sold(), 400, true)
	b.gateway.lookUps = []payment.Outcome{success}
	b.ExecuteWorkflow(workflows.RefundWorkflow, workflows.Refund{RefundID: r.ID, PaymentID: r.PaymentID, Review: true})
	require.Equal(t, payment.RefundSucceeded, b.refundAfter(r).Status)
	require.EqualValues(t, 400, b.balance(ledger.Refunds))
}

func TestARefundThatFailedAndWasCarriedOutNeedsAnOperator(t *testing.T) {
	for name, c := range map[string]struct {
		found  payment.Outcome
		raised bool
	}{"carried out": {success, true}, "declined": {refusal, false}, "never there": {absent, false}} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			r := b.refund(b.sold(), 400, false)
			current, err := b.db.Payments().LoadRefund(context.Background(), r.ID)
			require.NoError(t, err)
			b.apply(current.Intent.RecordRefund(current.Refund, current.Transaction, refusal, b.Now().UTC()))
			b.gateway.lookUps = []payment.Outcome{c.found}
			b.ExecuteWorkflow(workflows.RefundWorkflow, workflows.Refund{RefundID: r.ID, PaymentID: r.PaymentID, Review: true})
			got := b.refundAfter(r)
			require.Equal(t, payment.RefundFailed, got.Status)
			require.Equal(t, c.raised, got.Attention != "")
		})
	}
}

func (b *bed) balance(account ledger.AccountKind) int64 {
	b.t.Helper()
	all, err := b.db.Ledger().Balances(context.Background(), b.scope)
	require.NoError(b.t, err)
	for _, one := range all {
		if one.Account == account {
			return one.Amount
		}
	}
	return 0
}

func TestADisputeIsFollowedUntilItIsDecided(t *testing.T) {
	b := newBed(t)
	p := b.sold()
	fee := money.New(15, "USD")
	report := payment.DisputeReport{
		Reference: "du_1", Amount: money.New(1000, "USD"), Reason: "fraudulent", Status: payment.DisputeNeedsResponse,
		Withdrawn: true, Fee: &fee, RespondBy: b.Now().UTC().Add(100 * time.Hour), OpenedAt: b.Now().UTC(),
	}
	review, won := report, report
	review.Status = payment.DisputeUnderReview
	won.Status, won.Reinstated = payment.DisputeWon, true
	b.gateway.reports = []payment.DisputeReport{report, report, review, won}
	var seen []payment.DisputeStatus
	var lost []int64
	for _, at := range []time.Duration{time.Hour, 25 * time.Hour, 49 * time.Hour} {
		b.RegisterDelayedCallback(func() {
			rows, _, err := b.db.Payments().Disputes(context.Background(), b.scope, payment.DisputeFilter{PaymentID: p.Intent.ID, Page: payment.Page{Limit: 10}})
			require.NoError(t, err)
			require.Len(t, rows, 1)
			seen = append(seen, rows[0].Status)
			lost = append(lost, b.balance(ledger.Disputes))
		}, at)
	}
	b.RegisterDelayedCallback(func() { b.SignalWorkflow(workflows.SignalLookUp, workflows.LookUp{}) }, 50*time.Hour)
	ref := payment.DisputeRef{Environment: b.scope.Environment, Gateway: "stripe", Reference: "du_1", PaymentID: p.Intent.ID}
	b.ExecuteWorkflow(workflows.DisputeWorkflow, ref)
	require.True(t, b.IsWorkflowCompleted())
	require.NoError(t, b.GetWorkflowError())
	require.Equal(t, []payment.DisputeStatus{payment.DisputeNeedsResponse, payment.DisputeNeedsResponse, payment.DisputeUnderReview}, seen)
	require.Equal(t, []int64{1000, 1000, 1000}, lost)
	require.InDelta(t, 50, b.elapsed().Hours(), 0.1)
	require.Zero(t, b.balance(ledger.Disputes), "the gateway gave it back")
	require.EqualValues(t, 15, b.balance(ledger.GatewayFees), "but not its fee")
	got, err := b.db.Payments().FindDispute(context.Background(), ref)
	require.NoError(t, err)
	require.Equal(t, payment.DisputeWon, got.Status)
	require.Zero(t, got.DueAt)
}

func TestADisputeWaitsForAGatewayThatIsAway(t *testing.T) {
	b := newBed(t)
	p := b.sold()
	b.RegisterDelayedCallback(func() {
		b.gateway.mu.Lock()
		defer b.gateway.mu.Unlock()
		b.gateway.reports = []payment.DisputeReport{{
			Reference: "du_1", Amount: money.New(1000, "USD"), Reason: "general", Status: payment.DisputeLost, Withdrawn: true,
		}}
	}, 3*time.Minute)
	b.ExecuteWorkflow(workflows.DisputeWorkflow, payment.DisputeRef{
		Environment: b.scope.Environment, Gateway: "stripe", Reference: "du_1", PaymentID: p.Intent.ID,
	})
	require.NoError(t, b.GetWorkflowError())
	require.EqualValues(t, 1000, b.balance(ledger.Disputes))
}

func TestADisputeThatCannotBelongToItsPaymentIsNotRecorded(t *testing.T) {
	b := newBed(t)
	p := b.sold()
	b.gateway.reports = []payment.DisputeReport{{Reference: "du_1", Amount: money.New(1001, "USD"), Status: payment.DisputeNeedsResponse, Withdrawn: true}}
	b.ExecuteWorkflow(workflows.DisputeWorkflow, payment.DisputeRef{
		Environment: b.scope.Environment, Gateway: "stripe", Reference: "du_1", PaymentID: p.Intent.ID,
	})
	require.ErrorContains(t, b.GetWorkflowError(), "disagrees")
	require.Zero(t, b.balance(ledger.Disputes))
}
