package paypal_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
	"paymenthub/internal/gateway"
	"paymenthub/internal/gateway/paypal"
	"paymenthub/internal/payment"
)

const empty = `{"id":"WH-1","event_type":"CATALOG.PRODUCT.CREATED","create_time":"2026-11-21T10:00:00Z","resource":{}}`

func TestAnAccountWithoutAWebhookTakesNone(t *testing.T) {
	t.Parallel()
	a, err := paypal.New(paypal.Options{ClientID: "A", ClientSecret: "E"})
	require.NoError(t, err)
	_, err = a.ReadNotification(http.Header{}, []byte(empty), time.Now())
	require.True(t, fault.Is(err, fault.NotFound), "%v", err)
}

func TestHeadersThatAreNotPayPals(t *testing.T) {
	t.Parallel()
	stage := newStage(t)
	a := newAdapter(t, stage.URL, account, nil)
	body := []byte(empty)
	n, err := a.ReadNotification(stage.sign(t, body, time.Now()), body, time.Now())
	require.NoError(t, err)
	require.Equal(t, payment.NoticeOfOther, n.Subject)

	for name, change := range map[string]func(http.Header){
		"no id":     func(h http.Header) { h.Del("PAYPAL-TRANSMISSION-ID") },
		"two times": func(h http.Header) { h.Add("PAYPAL-TRANSMISSION-TIME", h.Get("PAYPAL-TRANSMISSION-TIME")) },
		"a time of its own": func(h http.Header) {
			h.Set("PAYPAL-TRANSMISSION-TIME", time.Now().Add(time.Second).UTC().Format(time.RFC3339))
		},
		"no time":            func(h http.Header) { h.Set("PAYPAL-TRANSMISSION-TIME", "yesterday") },
		"another algorithm":  func(h http.Header) { h.Set("PAYPAL-AUTH-ALGO", "none") },
		"another place":      func(h http.Header) { h.Set("PAYPAL-CERT-URL", "https://api.sandbox.paypal.com/v1/other") },
		"nobody's signature": func(h http.Header) { h.Set("PAYPAL-TRANSMISSION-SIG", "AAAA") },
		"no signature":       func(h http.Header) { h.Set("PAYPAL-TRANSMISSION-SIG", "%%%") },
		"endless":            func(h http.Header) { h.Set("PAYPAL-TRANSMISSION-ID", strings.Repeat("1", 2_000)) },
	} {
		header := stage.sign(t, body, time.Now())
		change(header)
		_, err := a.ReadNotification(header, body, time.Now())
		require.True(t, fault.Is(err, fault.Unauthenticated), "%s: %v", name, err)
	}
}

// PayPal sends an event again for three days.
func TestAnOldTransmissionIsStillTaken(t *testing.T) {
	t.Parallel()
	stage := newStage(t)
	a := newAdapter(t, stage.URL, account, nil)
	body, now := []byte(empty), time.Now()
	for age, ok := range map[time.Duration]bool{72 * time.Hour: true, 74 * time.Hour: false, -time.Minute: true, -time.Hour: false} {
		_, err := a.ReadNotification(stage.sign(t, body, now.Add(-age)), body, now)
		require.Equal(t, ok, err == nil, "%s: %v", age, err)
	}
}

// Without PayPal's answer nothing is known of whose dispute it is: PayPal is to tell
// of it again.
func TestADisputeIsNotLostWhenPayPalIsAway(t *testing.T) {
	t.Parallel()
	body := []byte(`{"id":"WH-1","event_type":"CUSTOMER.DISPUTE.CREATED","create_time":"2026-11-21T10:00:00Z","resource":{"dispute_id":"PP-D-1",
		"dispute_amount":{"currency_code":"EUR","value":"5.00"},"disputed_transactions":[{"seller_transaction_id":"2GG279541U471931P",
		"custom":"pi_01JD5X2Q8F7M4Z9K3B6N1R0T5V.att_01JD5X2Q8F7M4Z9K3B6N1R0T5W.txn_01JD5X2Q8F7M4Z9K3B6N1R0T5W.12000EUR"}]}}`)
	for _, answer := range []answered{
		{Status: http.StatusServiceUnavailable}, {Status: http.StatusOK, Body: []byte(`{"id":"OTHER"}`)}, {Status: http.StatusOK, Body: []byte(`{"id":"2GG279541U471931P"}`)},
	} {
		stage := newStage(t, answer)
		a := newAdapter(t, stage.URL, account, nil)
		_, err := a.ReadNotification(stage.sign(t, body, time.Now()), body, time.Now())
		require.True(t, fault.Is(err, fault.Unavailable), "%v", err)
	}
}

// FuzzNotification holds that no body breaks the reader, that refusals quote nothing of
// it, and that what is told has what it takes.
func FuzzNotification(f *testing.F) {
	a, err := paypal.New(paypal.Options{ClientID: "A", ClientSecret: "E"})
	require.NoError(f, err)
	for _, seed := range []string{
		"", "{}", "null", "[]", empty,
		`{"id":"WH-1","event_type":"PAYMENT.CAPTURE.COMPLETED","resource":{"id":"2GG279541U471931P","status":"COMPLETED","amount":{"currency_code":"EUR","value":"5.00"},
		"custom_id":"pi_01JD5X2Q8F7M4Z9K3B6N1R0T5V.att_01JD5X2Q8F7M4Z9K3B6N1R0T5W.txn_01JD5X2Q8F7M4Z9K3B6N1R0T5W.500EUR","supplementary_data":{"related_ids":{"order_id":"5O190127TN364715T"}}}}`,
		`{"id":"WH-1","event_type":"PAYMENT.AUTHORIZATION.VOIDED","resource":{"id":"2GG279541U471931P","status":"VOIDED","amount":{"currency_code":"EUR","value":"5.00"}}}`,
	} {
		f.Add([]byte(seed))
	}
	l := gateway.Lookup{Call: capturing(), Kind: payment.Sale}
	l.PaymentID, l.TransactionID = "pi_01JD5X2Q8F7M4Z9K3B6N1R0T5V", "txn_01JD5X2Q8F7M4Z9K3B6N1R0T5W"
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, kind := range []payment.TransactionKind{payment.Sale, payment.Authorization, payment.Capture, payment.Void, payment.RefundOfSale} {
			l.Kind = kind
			o := a.Conclude(body, l)
			switch o.Class {
			case payment.OutcomeSucceeded:
				require.Positive(t, o.Amount)
				require.NotEmpty(t, o.TransactionReference)
			case payment.OutcomeDeclined:
				require.NotNil(t, o.Decline)
			default:
				require.Equal(t, payment.OutcomeUnknown, o.Class)
				require.NotEmpty(t, o.Detail)
			}
		}
	})
}
