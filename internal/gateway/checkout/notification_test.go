package checkout_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
	"paymenthub/internal/gateway"
	"paymenthub/internal/gateway/checkout"
	"paymenthub/internal/id"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

// listening is an adapter whose account's webhooks have this secret.
func listening(t testing.TB, secret string) *checkout.Adapter {
	t.Helper()
	adapter, err := checkout.New(checkout.Options{SecretKey: "sk_sbox_key", ProcessingChannelID: "pc_channel", WebhookSecret: secret})
	require.NoError(t, err)
	return adapter
}

func signed(body []byte, secret string) http.Header {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return http.Header{"Cko-Signature": {hex.EncodeToString(mac.Sum(nil))}}
}

func TestSignatures(t *testing.T) {
	t.Parallel()
	body := []byte(`{"id":"evt_1","type":"payment_approved","created_on":"2026-01-02T03:04:05Z","data":{"id":"pay_1"}}`)
	rolling := listening(t, "old, new")
	for _, secret := range []string{"old", "new"} {
		_, err := rolling.ReadNotification(signed(body, secret), body, time.Now())
		require.NoError(t, err)
	}
	upper := signed(body, "new")
	upper.Set("Cko-Signature", strings.ToUpper(upper.Get("Cko-Signature")))
	_, err := rolling.ReadNotification(upper, body, time.Now())
	require.NoError(t, err)
	for _, header := range []http.Header{{}, {"Cko-Signature": {"zz"}}, {"Cko-Signature": {""}}, signed(body, "other"), signed(body[1:], "old")} {
		_, err := rolling.ReadNotification(header, body, time.Now())
		require.True(t, fault.Is(err, fault.Unauthenticated), "%v", err)
	}
	_, err = listening(t, "").ReadNotification(signed(body, ""), body, time.Now())
	require.True(t, fault.Is(err, fault.NotFound), "%v", err)
}

// A webhook of what the hub did not make, or does not know, is no error.
func TestOtherWebhooksAreLeftAlone(t *testing.T) {
	t.Parallel()
	adapter := listening(t, "secret")
	for body, subject := range map[string]payment.NoticeSubject{
		`{"id":"evt_1","type":"card_verified","data":{"id":"pay_1"}}`:                                                     payment.NoticeOfOther,
		`{"id":"evt_1","type":"balances_something","data":{}}`:                                                            payment.NoticeOfOther,
		`{"id":"evt_1","type":"payment_captured","data":{"id":"pay_1","metadata":{"partner_id":123989,"payment_id":7}}}`:  payment.NoticeOfPayment,
		`{"id":"evt_1","type":"payment_captured","data":{"id":"pay_1","metadata":{"payment_id":"<script>","x":{"y":1}}}}`: payment.NoticeOfPayment,
	} {
		n, err := adapter.ReadNotification(signed([]byte(body), "secret"), []byte(body), time.Now())
		require.NoError(t, err, body)
		require.Equal(t, subject, n.Subject, body)
		require.Empty(t, n.PaymentID, body)
		require.Zero(t, n.Amount, body)
	}
	for _, body := range []string{``, `null`, `[]`, `{"id":"evt_1"}`, `{"id":"<","type":"payment_captured"}`, `{"id":"evt_1","type":"payment_captured","data":{}}`} {
		_, err := adapter.ReadNotification(signed([]byte(body), "secret"), []byte(body), time.Now())
		require.True(t, fault.Is(err, fault.Invalid), "%s: %v", body, err)
	}
}

// A webhook that has the metadata of a capture alone still names the payment.
func TestACapturesOwnMetadataNamesThePayment(t *testing.T) {
	t.Parallel()
	suffix := id.NewSuffix()
	body := []byte(`{"id":"evt_1","type":"payment_captured","timestamp":"2026-01-02T03:04:05Z","data":{"id":"pay_1","action_id":"act_1","amount":500,
		"currency":"EUR","balances":{"total_authorized":900,"total_captured":500},
		"metadata":{"payment_id":"pi_1","attempt_id":"` + id.Join(id.Attempt, suffix) + `","movement_transaction_id":"txn_2"}}}`)
	adapter := listening(t, "secret")
	n, err := adapter.ReadNotification(signed(body, "secret"), body, time.Now())
	require.NoError(t, err)
	require.Equal(t, payment.Notice{
		ID: "evt_1", Type: "payment_captured", Subject: payment.NoticeOfPayment, State: payment.NoticeCaptured, PaymentID: "pi_1",
		TransactionID: id.Join(id.Transaction, suffix), GatewayReference: "pay_1", Amount: money.New(900, "EUR"), Captured: 500,
		At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}, n)
	o := adapter.Conclude(body, gateway.Lookup{Kind: payment.Capture, Call: gateway.Call{
		PaymentID: "pi_1", TransactionID: "txn_2", GatewayReference: "pay_1", Amount: money.New(500, "EUR"),
	}})
	require.Equal(t, payment.Outcome{Class: payment.OutcomeSucceeded, Amount: 500, GatewayReference: "pay_1", TransactionReference: "act_1"}, o)
}

// FuzzReadNotification: whatever arrives, nothing panics, nothing unsigned is
// believed, and no error quotes the body.
func FuzzReadNotification(f *testing.F) {
	f.Add([]byte(`{"id":"evt_1","type":"payment_captured","data":{"id":"pay_1","amount":1,"currency":"KWD","balances":{"total_authorized":12}}}`), "00")
	f.Add([]byte(`{"id":"evt_1","type":"dispute_won","data":{"id":"dsp_1","payment_id":"pay_1","amount":-1,"currency":"CLP"}}`), "")
	f.Add([]byte(`{"id":4242424242424242}`), "zz")
	adapter := listening(f, "secret")
	f.Fuzz(func(t *testing.T, body []byte, signature string) {
		if genuine := signed(body, "secret"); !strings.EqualFold(signature, genuine.Get("Cko-Signature")) {
			_, err := adapter.ReadNotification(http.Header{"Cko-Signature": {signature}}, body, time.Now())
			require.True(t, fault.Is(err, fault.Unauthenticated), "%v", err)
		}
		if n, err := adapter.ReadNotification(signed(body, "secret"), body, time.Now()); err != nil {
			require.True(t, fault.Is(err, fault.Invalid), "%v", err)
			require.NotRegexp(t, `[0-9]{12,19}`, err.Error())
		} else {
			require.NotEmpty(t, n.ID)
		}
		for _, kind := range []payment.TransactionKind{payment.Sale, payment.Capture, payment.Void, payment.RefundOfSale} {
			l := gateway.Lookup{Call: gateway.Call{PaymentID: "pi_1", TransactionID: "txn_1", GatewayReference: "pay_1", Amount: money.New(1, "KWD")}, Kind: kind}
			o := adapter.Conclude(body, l)
			require.True(t, o.Decided() || o.Class == payment.OutcomeUnknown, "%+v", o)
		}
	})
}
