package notification_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/notification"
	"paymenthub/internal/payment"
	"paymenthub/internal/routing"
)

// Whoever has connected an account can sign what they like in its name: about a
// payment that was not made there it is never believed, nobody is named, and no
// operator is called.
func TestAnAccountTellsOfItsOwnPaymentsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t)
		own := id.New("stripe")
		p.connect(own)
		sold, open := p.sold(), p.begun()
		made := p.refund(sold)
		p.Clock.Advance(time.Minute)
		asRefund := payment.Notice{
			Subject: payment.NoticeOfRefund, State: payment.NoticeRefunded, RefundID: made.Refund.ID, Amount: money.New(made.Refund.Amount, "USD"),
		}
		for _, n := range []payment.Notice{notice(sold, payment.NoticeReleased), notice(open, payment.NoticeCaptured), notice(open, payment.NoticeDeclined), asRefund} {
			kept := p.tellAs(own, n)
			require.Equal(t, notification.Ignored, kept.Status)
			require.Contains(t, kept.Why, "the hub does not have the "+string(n.Subject))
			require.Equal(t, []string{own, "", ""}, []string{kept.Gateway, kept.MerchantID, kept.PaymentID})
			p.requireNoBody(kept)
		}
		dispute := payment.Notice{
			Subject: payment.NoticeOfDispute, GatewayReference: "pi_remote", DisputeReference: "du_1", Amount: money.New(1000, "USD"),
		}
		waiting := p.tellAs(own, dispute)
		require.Equal(t, notification.Received, waiting.Status, "the answer that brings its reference may be on its way")
		p.Clock.Advance(11 * time.Minute)
		require.NoError(t, p.receiver.Apply(t.Context(), waiting))
		ignored := p.tellAs(own, payment.Notice{ID: waiting.EventID})
		require.Equal(t, notification.Ignored, ignored.Status)
		p.requireNoBody(ignored)
		require.Empty(t, p.raised)
		require.Zero(t, p.asked.count())
		p.Clock.Advance(31 * 24 * time.Hour)
		gone, err := p.receiver.DeleteOld(t.Context(), 10)
		require.NoError(t, err)
		require.EqualValues(t, 5, gone)
		require.Equal(t, open.Intent, p.load(open.Intent.ID).Intent, "nothing came of it")
	})
}

// What contradicts a payment that was made at a merchant's own account is raised, in
// that merchant's name.
func TestAContradictionAtAnAccountNamesItsMerchant(t *testing.T) {
	p := newPost(t)
	own := id.New("stripe")
	p.connect(own)
	a := p.begun()
	refused, err := a.Intent.RecordAuthorization(*a.Attempt, *a.Transaction, payment.Declined(payment.NewDecline(payment.DeclineDoNotHonor)), p.Clock.Now())
	require.NoError(t, err)
	a = p.Apply(t, refused)
	begun, err := a.Intent.BeginAttempt(payment.Confirmation{OperationID: id.NewSuffix(), Method: payment.MethodCard, Card: a.Attempt.Card},
		routing.Decision{Strategy: routing.Named, At: p.Clock.Now(), Choices: []routing.Choice{{Gateway: own}}}, *a.Attempt.Risk, p.Clock.Now())
	require.NoError(t, err)
	a = p.Apply(t, begun)
	p.Apply(t, p.Captured(t, a))
	p.Clock.Advance(time.Minute)
	kept := p.tellAs(own, notice(a, payment.NoticeReleased))
	require.Equal(t, notification.Raised, kept.Status)
	require.Equal(t, []string{a.Intent.Scope.MerchantID, a.Intent.ID}, []string{kept.MerchantID, kept.PaymentID})
	body, err := p.receiver.Sealer.OpenBytes(kept.KeyVersion, kept.Sealed, kept.ID)
	require.NoError(t, err)
	require.NotEmpty(t, body)
	require.Len(t, p.raised, 1)
	again := notice(a, payment.NoticeReleased)
	again.ID = kept.EventID
	p.tellAs(own, again)
	require.Len(t, p.raised, 1, "it was told of already")
	for range 20 {
		p.tellAs(own, notice(a, payment.NoticeReleased))
	}
	require.Len(t, p.raised, 10, "an operator is called for a payment, not for each word of it")
}

// A merchant's own account fills neither the database nor the operator's day, and what
// it sends keeps nobody else's from arriving.
func TestAMerchantsOwnAccountIsBounded(t *testing.T) {
	p := newPost(t)
	own, other := id.New("stripe"), id.New("stripe")
	p.connect(own, other)
	tell := func(account string, size int) error {
		body := `{"ID":"evt_1","Subject":"other"}`
		return p.receiver.Receive(t.Context(), "stripe", account, nil, []byte(body+strings.Repeat(" ", max(0, size-len(body)))))
	}
	require.True(t, fault.Is(tell(own, 256<<10+1), fault.PayloadTooLarge))
	require.NoError(t, tell("sandbox", 512<<10), "the operator's")
	for range 300 {
		require.True(t, fault.Is(p.receiver.Receive(t.Context(), "stripe", own, nil, []byte("forged")), fault.Invalid), "strangers use up nothing")
	}
	for range 200 {
		require.NoError(t, tell(own, 256<<10))
	}
	err := tell(own, 0)
	require.True(t, fault.Is(err, fault.RateLimited))
	require.Equal(t, 20*time.Millisecond, fault.From(err).RetryAfter)
	require.NoError(t, tell(other, 0))
	for range 300 {
		require.NoError(t, tell("sandbox", 0))
	}
	p.Clock.Advance(time.Second)
	for range 50 {
		require.NoError(t, tell(own, 0))
	}
	require.True(t, fault.Is(tell(own, 0), fault.RateLimited))
}

// A payment that was refused at one account and taken at another is disputed at the
// second alone.
func TestADisputeIsOfWhereThePaymentWasTaken(t *testing.T) {
	p := newPost(t)
	a := p.begun()
	refused, err := a.Intent.RecordAuthorization(*a.Attempt, *a.Transaction, withReference(payment.Declined(payment.NewDecline(payment.DeclineDoNotHonor)), "pi_refused"), p.Clock.Now())
	require.NoError(t, err)
	a = p.Apply(t, refused)
	begun, err := a.Intent.BeginAttempt(payment.Confirmation{OperationID: id.NewSuffix(), Method: payment.MethodCard, Card: a.Attempt.Card},
		routing.Decision{Strategy: routing.Named, At: p.Clock.Now(), Choices: []routing.Choice{{Gateway: "adyen"}}}, *a.Attempt.Risk, p.Clock.Now())
	require.NoError(t, err)
	p.Apply(t, p.Captured(t, p.Apply(t, begun)))
	p.Clock.Advance(time.Minute)
	kept := p.tell(payment.Notice{
		Subject: payment.NoticeOfDispute, GatewayReference: "pi_refused", DisputeReference: "du_1", Amount: money.New(1000, "USD"),
	})
	require.Equal(t, notification.Raised, kept.Status)
	require.Contains(t, kept.Why, "it is of a payment that was taken at adyen")
	require.Zero(t, p.asked.count())
}

// connect has merchants' own accounts beside the operator's.
func (p *post) connect(own ...string) {
	p.receiver.Account = func(_ context.Context, _, of string) (notification.Account, error) {
		gateway := "stripe"
		if slices.Contains(own, of) {
			gateway = of
		}
		return notification.Account{Environment: merchant.Sandbox, Gateway: gateway, Reader: plain{}}, nil
	}
}

func (p *post) requireNoBody(n notification.Notification) {
	p.t.Helper()
	body, err := p.receiver.Sealer.OpenBytes(n.KeyVersion, n.Sealed, n.ID)
	require.NoError(p.t, err)
	require.Empty(p.t, body)
}

func withReference(o payment.Outcome, reference string) payment.Outcome {
	o.GatewayReference = reference
	return o
}

func (p *post) load(paymentID string) payment.Aggregate {
	p.t.Helper()
	a, err := p.Payments.Load(p.t.Context(), paymentID)
	require.NoError(p.t, err)
	return a
}
