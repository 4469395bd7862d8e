package paypal_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/gateway"
	"paymenthub/internal/gateway/gatewaytest"
	"paymenthub/internal/gateway/paypal"
	"paymenthub/internal/id"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

// approved makes an order that the shopper has approved.
func (p provider) approved(t *testing.T, a *paypal.Adapter, capture bool) gateway.Completion {
	t.Helper()
	request := sale()
	request.Capture = capture
	o := a.Authorize(t.Context(), request)
	require.Equal(t, payment.OutcomeActionRequired, o.Class, "%+v", o)
	c := gateway.Completion{Call: request.Call, Capture: capture}
	c.GatewayReference, c.Repeated = o.GatewayReference, true
	c.Returned = p.authenticate(t, o, true)
	return c
}

func (p provider) sold(t *testing.T, a *paypal.Adapter) (gateway.Call, payment.Outcome) {
	t.Helper()
	c := p.approved(t, a, true)
	o := a.Complete(t.Context(), c)
	require.Equal(t, payment.OutcomeSucceeded, o.Class, "%+v", o)
	return c.Call, o
}

// hears waits for a notice.
func hears(t *testing.T, p provider, a *paypal.Adapter, is func(payment.Notice) bool) (found payment.Notice, body []byte) {
	t.Helper()
	require.Eventually(t, func() bool {
		for _, w := range p.mail.all() {
			if n, err := a.ReadNotification(w.Header, w.Body, w.ReceivedAt); err == nil && is(n) {
				found, body = n, w.Body
				return true
			}
		}
		return false
	}, gatewaytest.Patience, 5*time.Millisecond)
	return found, body
}

func TestWhatPayPalsBooksSay(t *testing.T) {
	t.Parallel()
	p := startProvider(t)
	a := newAdapter(t, p.url, account, nil)
	_, sold := p.sold(t, a)
	require.Equal(t, money.New(468, "EUR"), *sold.Fee, "3.49 % and 0.49")
	require.Equal(t, money.New(12_000, "EUR"), *sold.Settled)

	c := p.approved(t, a, false)
	held := a.Complete(t.Context(), c)
	require.Equal(t, payment.OutcomeSucceeded, held.Class, "%+v", held)
	require.Nil(t, held.Fee, "what is only held costs nothing yet")
	require.Nil(t, held.Settled)
	require.WithinDuration(t, time.Now().Add(3*24*time.Hour), held.AuthorizedUntil, time.Minute)
}

// What PayPal looks at before it takes it ends later, and a webhook tells.
func TestAPendingCaptureEndsLater(t *testing.T) {
	t.Parallel()
	p := startProvider(t)
	a := newAdapter(t, p.url, account, nil)
	c := p.approved(t, a, true)
	p.post(t, "/_sim/orders/"+c.GatewayReference, map[string]string{"completion": "PENDING"})
	o := a.Complete(t.Context(), c)
	require.Equal(t, payment.OutcomeAccepted, o.Class, "%+v", o)
	sale := gateway.Lookup{Call: c.Call, Kind: payment.Sale}
	_, body := hears(t, p, a, func(n payment.Notice) bool {
		return n.Type == "PAYMENT.CAPTURE.PENDING" && n.State == payment.NoticeOpen
	})
	require.Equal(t, payment.OutcomeUnknown, a.Conclude(body, sale).Class)
	_, body = hears(t, p, a, func(n payment.Notice) bool { return n.State == payment.NoticeCaptured && n.Captured == 12_000 })
	found := a.Lookup(t.Context(), sale)
	require.Equal(t, payment.OutcomeSucceeded, found.Class, "%+v", found)
	require.Equal(t, found, a.Conclude(body, sale))
}

// The reason of a refusal reaches the hub, and the order is not taken.
func TestACompletionIsRefusedInTheHubsWords(t *testing.T) {
	t.Parallel()
	p := startProvider(t)
	a := newAdapter(t, p.url, account, nil)
	for issue, code := range map[string]payment.DeclineCode{
		"INSTRUMENT_DECLINED": payment.DeclineGeneric, "PAYER_ACTION_REQUIRED": payment.DeclineAuthenticationNeeded, "PAYER_CANNOT_PAY": payment.DeclineGeneric,
		"COMPLIANCE_VIOLATION": payment.DeclineFraud, "TRANSACTION_LIMIT_EXCEEDED": payment.DeclineLimitExceeded,
		"PAYEE_ACCOUNT_RESTRICTED": payment.DeclineGatewayConfiguration,
	} {
		for _, capture := range []bool{true, false} {
			c := p.approved(t, a, capture)
			p.post(t, "/_sim/orders/"+c.GatewayReference, map[string]string{"completion": issue})
			o := a.Complete(t.Context(), c)
			require.Equal(t, payment.OutcomeDeclined, o.Class, "%s: %+v", issue, o)
			require.Equal(t, code, o.Decline.Code)
			require.Equal(t, issue, o.Decline.GatewayCode)
			require.Equal(t, c.GatewayReference, o.GatewayReference)
		}
	}
	require.Empty(t, p.charges(t))
}

// A refund may come back; PayPal then sends another event.
func TestARefundThatIsTakenBack(t *testing.T) {
	t.Parallel()
	p := startProvider(t)
	a := newAdapter(t, p.url, account, nil)
	c, _ := p.sold(t, a)
	suffix := id.NewSuffix()
	c.TransactionID, c.IdempotencyKey = id.Join(id.Transaction, suffix), c.PaymentID+"-refund-2"
	c.Amount.Minor = 5_000
	r := gateway.Refund{Call: c, RefundID: id.Join(id.Refund, suffix)}
	made := a.Refund(t.Context(), r)
	require.Equal(t, payment.OutcomeSucceeded, made.Class, "%+v", made)
	p.post(t, "/_sim/refunds/"+made.TransactionReference, map[string]string{"status": "failed"})
	n, body := hears(t, p, a, func(n payment.Notice) bool {
		return n.Subject == payment.NoticeOfRefund && n.State == payment.NoticeFailed
	})
	require.Equal(t, []string{r.RefundID, r.TransactionID, c.PaymentID, c.GatewayReference}, []string{n.RefundID, n.TransactionID, n.PaymentID, n.GatewayReference})
	l := gateway.Lookup{Call: c, Kind: payment.RefundOfSale, RefundID: r.RefundID}
	found := a.Lookup(t.Context(), l)
	require.Equal(t, payment.OutcomeDeclined, found.Class, "%+v", found)
	require.Equal(t, found, a.Conclude(body, l))
	require.Zero(t, p.charges(t)[0].AmountRefunded)
}

// The webhook of a refund that was made at PayPal's own site has no refund of ours.
func TestARefundOfAnotherHand(t *testing.T) {
	t.Parallel()
	stage := newStage(t)
	a := newAdapter(t, stage.URL, account, nil)
	body := []byte(`{"id":"WH-1","event_type":"PAYMENT.CAPTURE.REFUNDED","create_time":"2026-11-21T10:00:00Z","resource":{"id":"1JU08902781691411",
		"status":"COMPLETED","amount":{"currency_code":"EUR","value":"5.00"},
		"custom_id":"pi_01JD5X2Q8F7M4Z9K3B6N1R0T5V.att_01JD5X2Q8F7M4Z9K3B6N1R0T5W.txn_01JD5X2Q8F7M4Z9K3B6N1R0T5W.12000EUR"}}`)
	n, err := a.ReadNotification(stage.sign(t, body, time.Now()), body, time.Now())
	require.NoError(t, err)
	require.Equal(t, payment.NoticeOfRefund, n.Subject)
	require.Empty(t, n.RefundID, "the hub raises it")
	require.Equal(t, "pi_01JD5X2Q8F7M4Z9K3B6N1R0T5V", n.PaymentID)
}
