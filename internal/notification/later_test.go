package notification_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/notification"
	"paymenthub/internal/payment"
)

// What a receiver does later it does at real times, whatever its clock says. These tests
// run in bubbles, where no time passes unless everybody waits for it: nothing overtakes them.

func TestAnOpenOutcomeIsLookedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t)
		a := p.begun()
		p.Clock.Advance(10 * time.Second)
		kept := p.tell(notice(a, payment.NoticeCaptured))
		require.Equal(t, notification.Received, kept.Status)
		synctest.Wait()
		require.Equal(t, 1, p.asked.count())
		require.Equal(t, []string{a.Intent.ID + " " + kept.ID}, p.asked.payments)

		p.Apply(t, p.Captured(t, a))
		p.Clock.Advance(time.Minute)
		done, err := p.receiver.ApplyDue(t.Context(), 10)
		require.NoError(t, err)
		require.Equal(t, 1, done)
		again := p.tell(payment.Notice{ID: kept.EventID, Subject: payment.NoticeOfPayment})
		require.Equal(t, notification.Applied, again.Status)
		require.Equal(t, kept.ID, again.ID)
	})
}

// The provider is often quicker to tell than to answer.
func TestTheAnswerToOurOwnCallIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t)
		a := p.begun()
		kept := p.tell(notice(a, payment.NoticeCaptured))
		require.Equal(t, notification.Received, kept.Status)
		require.NoError(t, p.receiver.Apply(t.Context(), kept))
		require.Zero(t, p.asked.count(), "the call is under way")
		p.Clock.Advance(4 * time.Second)
		require.NoError(t, p.receiver.Apply(t.Context(), kept))
		require.Equal(t, 1, p.asked.count(), "its answer is late")
	})
}

func (p *post) refund(a payment.Aggregate) payment.RefundAggregate {
	c, err := a.Intent.OpenRefund(*a.Attempt, payment.NewRefund{ID: id.New(id.Refund), Amount: 1000}, p.Clock.Now())
	require.NoError(p.t, err)
	p.Apply(p.t, c)
	r, err := p.Payments.LoadRefund(p.t.Context(), c.Refund.ID)
	require.NoError(p.t, err)
	return r
}

func noticeOfRefund(r payment.RefundAggregate, s payment.NoticeState) payment.Notice {
	return payment.Notice{
		Subject: payment.NoticeOfRefund, State: s, PaymentID: r.Intent.ID, RefundID: r.Refund.ID, TransactionID: r.Transaction.ID,
		Amount: money.New(r.Refund.Amount, r.Refund.Currency),
	}
}

func TestRefundsAreLookedUpUntilTheHubKnows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t)
		r := p.refund(p.sold())
		p.Clock.Advance(time.Minute)
		require.Equal(t, notification.Applied, p.tell(noticeOfRefund(r, payment.NoticeOpen)).Status, "nothing has changed")
		require.Equal(t, notification.Received, p.tell(noticeOfRefund(r, payment.NoticeRefunded)).Status)
		synctest.Wait()
		require.Equal(t, 1, p.asked.count())

		outcome := payment.Outcome{Class: payment.OutcomeSucceeded, Amount: 1000, TransactionReference: "re_1"}
		c, err := r.Intent.RecordRefund(r.Refund, r.Transaction, outcome, p.Clock.Now())
		require.NoError(t, err)
		p.Apply(t, c)
		require.Equal(t, notification.Applied, p.tell(noticeOfRefund(r, payment.NoticeRefunded)).Status)
		p.tell(noticeOfRefund(r, payment.NoticeFailed)) // it is taken back
		synctest.Wait()
		require.Equal(t, 2, p.asked.count())
		require.Equal(t, []string{r.Refund.ID, r.Refund.ID}, p.asked.refunds)
	})
}

func TestEveryNoticeOfADisputeIsLookedUpOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t)
		a := p.sold()
		n := payment.Notice{Subject: payment.NoticeOfDispute, GatewayReference: "pi_remote", DisputeReference: "du_1", Amount: a.Intent.Money()}
		p.tell(n)
		synctest.Wait()
		rows, _, err := p.Store.Notifications().List(t.Context(), notification.Filter{Status: notification.Applied, Limit: 10})
		require.NoError(t, err)
		require.Len(t, rows, 1)
		require.Equal(t, []payment.DisputeRef{{Environment: merchant.Sandbox, Gateway: "stripe", Reference: "du_1", PaymentID: a.Intent.ID}}, p.asked.disputes)
	})
}

// The answer that tells the provider's reference may come after the dispute.
func TestADisputeOfAnUnknownReferenceWaitsBeforeItIsRaised(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t)
		kept := p.tell(payment.Notice{Subject: payment.NoticeOfDispute, GatewayReference: "pi_nobody", DisputeReference: "du_1", Amount: money.New(1, "USD")})
		require.Equal(t, notification.Received, kept.Status)
		p.Clock.Advance(11 * time.Minute)
		_, err := p.receiver.ApplyDue(t.Context(), 10)
		require.NoError(t, err)
		require.Len(t, p.raised, 1)
	})
}

// The clock was ahead when the call was written down, and is right again.
func TestACallOfTheFutureIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t)
		a := p.begun()
		p.Clock.Advance(-2 * time.Minute)
		kept := p.tell(notice(a, payment.NoticeCaptured))
		require.NoError(t, p.receiver.Apply(t.Context(), kept))
		require.NotZero(t, p.asked.count())
	})
}

// A notification outlives a payment engine that is away.
func TestANotificationIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t)
		a := p.begun()
		p.Clock.Advance(time.Minute)
		p.asked.fail = errors.New("Temporal is away")
		kept := p.tell(notice(a, payment.NoticeCaptured))
		synctest.Wait()
		require.Len(t, p.failed, 1)
		p.Clock.Advance(time.Minute)
		_, err := p.receiver.ApplyDue(t.Context(), 10)
		require.ErrorContains(t, err, "away")
		p.asked.fail = nil
		p.Clock.Advance(time.Minute)
		done, err := p.receiver.ApplyDue(t.Context(), 10)
		require.NoError(t, err)
		require.Equal(t, 1, done)
		require.Equal(t, a.Intent.ID+" "+kept.ID, p.asked.payments[2])
	})
}

// The hub's clock was ahead when it came, and is right again.
func TestANotificationOfAWrongClockIsNotForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t)
		a := p.begun()
		p.asked.fail = errors.New("Temporal is away")
		p.Clock.Advance(70 * time.Minute)
		kept := p.tell(notice(a, payment.NoticeCaptured))
		require.Equal(t, notification.Received, kept.Status)
		synctest.Wait()
		require.Equal(t, 1, p.asked.count())
		p.asked.fail = nil
		p.Clock.Advance(-70 * time.Minute)
		p.Apply(t, p.Captured(t, a))
		done, err := p.receiver.ApplyDue(t.Context(), 10)
		require.NoError(t, err)
		require.Equal(t, 1, done)
	})
}
