package mollie_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/gateway"
	"paymenthub/internal/gateway/gatewaytest"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

// TestForgottenKeysAreNotTrusted sends calls again after Mollie has forgotten their
// keys: what the first ones did is found, and not done once more.
func TestForgottenKeysAreNotTrusted(t *testing.T) {
	p := startProvider(t)
	a := adapter(t, p.url, nil)
	again := func(c gateway.Call) gateway.Call {
		c.IdempotencyKey += "-forgotten"
		c.Repeated, c.CreatedAt = true, time.Now().Add(-2*time.Hour)
		return c
	}
	req := sale(payment.MethodPayPal)
	first := a.Authorize(t.Context(), req)
	require.Equal(t, payment.OutcomeActionRequired, first.Class, "%+v", first)
	repeated := req
	repeated.Call = again(req.Call)
	require.Equal(t, first, a.Authorize(t.Context(), repeated))

	p.shopper(t, first, "approve")
	refund := refundCall(req.Call, first.GatewayReference, 4_000)
	given := a.Refund(t.Context(), refund)
	require.Equal(t, payment.OutcomeAccepted, given.Class, "%+v", given)
	repeat := refund
	repeat.Call = again(refund.Call)
	require.Equal(t, given, a.Refund(t.Context(), repeat))
	p.settleRefund(t, given, true)
	require.Len(t, p.charges(t), 1)
	require.EqualValues(t, 4_000, p.charges(t)[0].AmountRefunded)

	// What the first calls did not do is done.
	never := sale(payment.MethodPayPal)
	never.Call = again(never.Call)
	require.Equal(t, payment.OutcomeActionRequired, a.Authorize(t.Context(), never).Class)
	unsent := refundCall(req.Call, first.GatewayReference, 1_000)
	unsent.Call = again(unsent.Call)
	require.Equal(t, payment.OutcomeAccepted, a.Refund(t.Context(), unsent).Class)

	// Nothing is sent while nobody knows.
	p.post(t, "/_sim/faults", map[string]any{"operation": "list", "fault": "http_500"})
	require.Equal(t, payment.OutcomeUnknown, a.Authorize(t.Context(), never).Class)
}

func TestAPaymentThatCannotBeCanceledEndsByItself(t *testing.T) {
	for end, class := range map[string]payment.OutcomeClass{"expire": payment.OutcomeSucceeded, "approve": payment.OutcomeDeclined} {
		p := startProvider(t)
		a := adapter(t, p.url, nil)
		req := sale(payment.MethodIDEAL)
		asked := a.Authorize(t.Context(), req)
		require.Equal(t, payment.OutcomeActionRequired, asked.Class, "%+v", asked)
		void := refundCall(req.Call, asked.GatewayReference, req.Amount.Minor).Call
		o := a.Void(t.Context(), void)
		require.Equal(t, payment.OutcomeAccepted, o.Class, "%+v", o)
		require.NotEmpty(t, o.Detail)
		require.Equal(t, o, a.Lookup(t.Context(), gateway.Lookup{Call: void, Kind: payment.Void}), "the shopper may still pay")

		p.shopper(t, asked, end)
		require.Equal(t, class, a.Lookup(t.Context(), gateway.Lookup{Call: void, Kind: payment.Void}).Class)
		require.Equal(t, class, a.Void(t.Context(), void).Class, "sent again")
	}
}

// What Mollie tells of an unpaid end, of Bancontact with the reason.
func TestHowPaymentsFail(t *testing.T) {
	p := startProvider(t)
	a := adapter(t, p.url, nil)
	for _, c := range []struct {
		method  payment.MethodType
		minor   int64
		outcome string
		code    payment.DeclineCode
		word    string
		retry   bool
	}{
		{payment.MethodIDEAL, 100_700, "fail", payment.DeclineAuthentication, "failed", true},
		{payment.MethodPayPal, 100_700, "fail", payment.DeclineAuthentication, "failed", true},
		{payment.MethodBancontact, 500, "fail", payment.DeclineAuthentication, "failed", true},
		{payment.MethodBancontact, 500, "cancel", payment.DeclineState, "canceled", true},
		{payment.MethodBancontact, 500, "expire", payment.DeclineAuthentication, "expired", true},
		{payment.MethodBancontact, 100_100, "fail", payment.DeclineIncorrectNumber, "invalid_card_number", true},
		{payment.MethodBancontact, 100_200, "fail", payment.DeclineIncorrectCVC, "invalid_cvv", true},
		{payment.MethodBancontact, 100_300, "fail", payment.DeclineGeneric, "invalid_card_holder_name", true},
		{payment.MethodBancontact, 100_400, "fail", payment.DeclineExpiredCard, "card_expired", true},
		{payment.MethodBancontact, 100_500, "fail", payment.DeclineCardNotSupported, "invalid_card_type", true},
		{payment.MethodBancontact, 100_600, "fail", payment.DeclineDoNotHonor, "refused_by_issuer", true},
		{payment.MethodBancontact, 100_700, "fail", payment.DeclineInsufficientFunds, "insufficient_funds", true},
		{payment.MethodBancontact, 100_800, "fail", payment.DeclineNotPermitted, "inactive_card", true},
		{payment.MethodBancontact, 100_900, "fail", payment.DeclineFraud, "possible_fraud", false},
		{payment.MethodBancontact, 101_000, "fail", payment.DeclineAuthentication, "authentication_failed", true},
		{payment.MethodBancontact, 101_100, "fail", payment.DeclineGeneric, "card_declined", true},
	} {
		req := sale(c.method)
		req.Amount.Minor = c.minor
		asked := a.Authorize(t.Context(), req)
		require.Equal(t, payment.OutcomeActionRequired, asked.Class, "%+v", asked)
		p.shopper(t, asked, c.outcome)
		o := a.Lookup(t.Context(), gateway.Lookup{Call: req.Call, Kind: payment.Sale})
		require.Equal(t, payment.OutcomeDeclined, o.Class, "%+v", o)
		require.Equal(t, c.code, o.Decline.Code, "%s %d %s", c.method, c.minor, c.outcome)
		require.Equal(t, c.word, o.Decline.GatewayCode)
		require.Equal(t, c.retry, o.Decline.RetryAllowed())
		require.NotEmpty(t, o.Decline.Message)
		require.Equal(t, asked.GatewayReference, o.GatewayReference)
	}
	require.Empty(t, p.charges(t))
}

func TestChargebacks(t *testing.T) {
	p := startProvider(t)
	a := adapter(t, p.url, nil)
	req := sale(payment.MethodPayPal)
	asked := a.Authorize(t.Context(), req)
	p.shopper(t, asked, "approve")
	reference := p.post(t, "/_sim/disputes", map[string]any{"payment": asked.GatewayReference})["id"].(string)

	told := p.hears(t, a, "chargeback.received")
	require.Equal(t, payment.NoticeOfDispute, told.Subject)
	require.Equal(t, []string{asked.GatewayReference, reference}, []string{told.GatewayReference, told.DisputeReference})
	require.Equal(t, req.Amount, told.Amount)

	report := func() payment.DisputeReport {
		r, err := a.Dispute(t.Context(), gateway.DisputeLookup{Reference: reference})
		require.NoError(t, err)
		require.Equal(t, reference, r.Reference)
		require.Equal(t, money.New(12_000, "EUR"), r.Amount)
		require.Regexp(t, `^[a-z_]{1,64}$`, r.Reason)
		require.WithinDuration(t, time.Now(), r.OpenedAt, time.Minute)
		require.Zero(t, r.RespondBy)
		require.True(t, r.Withdrawn)
		return r
	}
	lost := report()
	require.Equal(t, payment.DisputeLost, lost.Status)
	require.False(t, lost.Reinstated)
	p.post(t, "/_sim/disputes/"+reference, map[string]string{"status": "won"})
	require.Equal(t, reference, p.hears(t, a, "chargeback.reversed").DisputeReference)
	won := report()
	require.Equal(t, payment.DisputeWon, won.Status)
	require.True(t, won.Reinstated)

	for _, none := range []string{"", reference + "x", "../" + reference, asked.GatewayReference, "." + reference, reference + "."} {
		_, err := a.Dispute(t.Context(), gateway.DisputeLookup{Reference: none})
		require.Error(t, err, "%q", none)
	}
	_, err := adapter(t, gatewaytest.Nowhere, nil).Dispute(t.Context(), gateway.DisputeLookup{Reference: reference})
	require.Error(t, err)
}

// hears waits for the webhook of a type.
func (p provider) hears(t *testing.T, a gateway.Gateway, kind string) (found payment.Notice) {
	t.Helper()
	require.Eventually(t, func() bool {
		for _, w := range p.webhooks() {
			n, err := a.ReadNotification(w.header, w.body, time.Now())
			require.NoError(t, err)
			if n.Type == kind {
				found = n
			}
		}
		return found.ID != ""
	}, gatewaytest.Patience, 10*time.Millisecond, kind)
	return found
}

// What PayPal keeps is told with the payment; Mollie's own fees are not.
func TestWhatMolliesBooksSay(t *testing.T) {
	p := startProvider(t)
	a := adapter(t, p.url, nil)
	sold := func(method payment.MethodType) payment.Outcome {
		req := sale(method)
		p.shopper(t, a.Authorize(t.Context(), req), "approve")
		o := a.Lookup(t.Context(), gateway.Lookup{Call: req.Call, Kind: payment.Sale})
		require.Equal(t, payment.OutcomeSucceeded, o.Class, "%+v", o)
		return o
	}
	byPayPal, byBank := sold(payment.MethodPayPal), sold(payment.MethodIDEAL)
	require.Equal(t, money.New(35, "EUR"), *byPayPal.Fee)
	require.Nil(t, byPayPal.Settled, "PayPal pays the merchant itself")
	require.Nil(t, byBank.Fee)
	require.Equal(t, money.New(12_000, "EUR"), *byBank.Settled)
}
