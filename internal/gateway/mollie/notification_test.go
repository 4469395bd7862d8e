package mollie_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
	"paymenthub/internal/gateway/mollie"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

// listening makes an adapter that only listens.
func listening(t *testing.T, secrets string) *mollie.Adapter {
	return adapter(t, "", func(o *mollie.Options) { o.WebhookSecret = secrets })
}

func signature(body []byte, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func signed(body []byte, secret string) http.Header {
	return http.Header{"X-Mollie-Signature": {signature(body, secret)}}
}

func eventOf(kind, entityID, entity string) []byte {
	return fmt.Appendf(nil, `{"resource":"event","id":"event_1","type":%q,"entityId":%q,"createdAt":"2025-03-20T09:14:02+01:00","_embedded":{"entity":%s}}`,
		kind, entityID, entity)
}

func paymentOf(members string) string {
	return `{"resource":"payment","id":"tr_1","amount":{"currency":"EUR","value":"120.00"},
		"metadata":{"payment_id":"pay_1","transaction_id":"txn_1","attempt_id":"att_1"},` + members + `}`
}

func refundOf(members string) string {
	return `{"resource":"refund","id":"re_1","amount":{"currency":"EUR","value":"5.00"},
		"metadata":{"payment_id":"pay_1","transaction_id":"txn_2","refund_id":"rf_1"},"paymentId":"tr_1",` + members + `}`
}

func TestWhatEventsTell(t *testing.T) {
	at := time.Date(2025, 3, 20, 8, 14, 2, 0, time.UTC)
	ofPayment := func(state payment.NoticeState, captured int64) payment.Notice {
		return payment.Notice{
			Subject: payment.NoticeOfPayment, State: state, PaymentID: "pay_1", TransactionID: "txn_1", GatewayReference: "tr_1",
			Amount: money.New(12_000, "EUR"), Captured: captured,
		}
	}
	ofRefund := func(state payment.NoticeState) payment.Notice {
		return payment.Notice{
			Subject: payment.NoticeOfRefund, State: state, PaymentID: "pay_1", TransactionID: "txn_2", RefundID: "rf_1", GatewayReference: "tr_1",
			Amount: money.New(500, "EUR"),
		}
	}
	const chargeback = `{"resource":"chargeback","id":"chb_1","paymentId":"tr_1","amount":{"currency":"EUR","value":"12.50"},"reversedAt":null}`
	for _, c := range []struct {
		kind, entityID, entity string
		want                   payment.Notice
	}{
		{"payment.pending", "tr_1", paymentOf(`"status":"pending"`), ofPayment(payment.NoticeOpen, 0)},
		{"payment.authorized", "tr_1", paymentOf(`"status":"authorized"`), ofPayment(payment.NoticeOpen, 0)},
		{"payment.brand_new", "tr_1", paymentOf(`"status":"brand_new"`), ofPayment(payment.NoticeOpen, 0)},
		{"payment.paid", "tr_1", paymentOf(`"status":"paid"`), ofPayment(payment.NoticeCaptured, 12_000)},
		{"payment.failed", "tr_1", paymentOf(`"status":"failed"`), ofPayment(payment.NoticeDeclined, 0)},
		{"payment.canceled", "tr_1", paymentOf(`"status":"canceled"`), ofPayment(payment.NoticeReleased, 0)},
		{"payment.expired", "tr_1", paymentOf(`"status":"expired"`), ofPayment(payment.NoticeReleased, 0)},
		{"payment.paid", "tr_1", paymentOf(`"status":"expired"`), ofPayment(payment.NoticeReleased, 0)}, // the object counts, not the type
		{"refund.queued", "re_1", refundOf(`"status":"queued"`), ofRefund(payment.NoticeOpen)},
		{"refund.pending", "re_1", refundOf(`"status":"pending"`), ofRefund(payment.NoticeOpen)},
		{"refund.processing", "re_1", refundOf(`"status":"processing"`), ofRefund(payment.NoticeOpen)},
		{"refund.refunded", "re_1", refundOf(`"status":"refunded"`), ofRefund(payment.NoticeRefunded)},
		{"refund.failed", "re_1", refundOf(`"status":"failed"`), ofRefund(payment.NoticeFailed)},
		{"refund.canceled", "re_1", refundOf(`"status":"canceled"`), ofRefund(payment.NoticeFailed)},
		{"chargeback.received", "chb_1", chargeback, payment.Notice{
			Subject: payment.NoticeOfDispute, DisputeReference: "tr_1.chb_1", GatewayReference: "tr_1", Amount: money.New(1_250, "EUR"),
		}},
		{"payment-link.paid", "pl_1", `{"resource":"payment-link","id":"pl_1"}`, payment.Notice{Subject: payment.NoticeOfOther}},
		{"hook.ping", "hook_1", `null`, payment.Notice{Subject: payment.NoticeOfOther}},
		// Not ours: without ids, or with what is none; and an amount that agrees with nothing.
		{
			"payment.paid", "tr_2", `{"resource":"payment","id":"tr_2","status":"paid","amount":{"currency":"EUR","value":"5"},"metadata":{"payment_id":"no id\u0000"}}`,
			payment.Notice{Subject: payment.NoticeOfPayment, State: payment.NoticeCaptured, GatewayReference: "tr_2"},
		},
		{
			"payment.paid", "tr_3", `{"resource":"payment","id":"tr_3","status":"failed","amount":{"currency":"EUR","value":"5.00"},"metadata":"order 12"}`,
			payment.Notice{Subject: payment.NoticeOfPayment, State: payment.NoticeDeclined, GatewayReference: "tr_3", Amount: money.New(500, "EUR")},
		},
	} {
		body := eventOf(c.kind, c.entityID, c.entity)
		got, err := listening(t, "secret").ReadNotification(signed(body, "secret"), body, time.Now())
		require.NoError(t, err, c.kind)
		c.want.ID, c.want.Type, c.want.At = "event_1", c.kind, at
		require.Equal(t, c.want, got, "%s %s", c.kind, c.entity)
	}
}

func TestBodiesThatAreNoEvents(t *testing.T) {
	for _, body := range []string{
		"", "null", "[]", "id=tr_1", `{"id":4242}`, `{"resource":"payment","id":"tr_1","status":"paid"}`,
		`{"resource":"event","id":"","type":"payment.paid"}`, `{"resource":"event","id":"event_1","type":"42 42"}`,
		`{"resource":"event","id":"event_1","type":"payment.paid","createdAt":"yesterday"}`,
		`{"resource":"event","id":"event_1","type":"payment.paid","entityId":"tr_1","createdAt":"2025-03-20T09:14:02+00:00"}`, // the simple payload
		string(eventOf("payment.paid", "tr_9", paymentOf(`"status":"paid"`))),
		string(eventOf("payment.paid", "re_1", refundOf(`"status":"refunded"`))),
		string(eventOf("payment.paid", "tr_1", paymentOf(`"status":4242`))),
		string(eventOf("refund.refunded", "re_1", refundOf(`"status":["4242"]`))),
		string(eventOf("chargeback.received", "chb_1", `{"resource":"chargeback","id":"chb_1","paymentId":4242}`)),
	} {
		n, err := listening(t, "secret").ReadNotification(signed([]byte(body), "secret"), []byte(body), time.Now())
		require.True(t, fault.Is(err, fault.Invalid), "%s: %v", body, err)
		require.NotContains(t, err.Error(), "42")
		require.Zero(t, n)
	}
}

func TestWhichSignaturesAreBelieved(t *testing.T) {
	body := eventOf("payment.paid", "tr_1", paymentOf(`"status":"paid"`))
	fresh, old := signature(body, "new"), signature(body, "old")
	read := func(secrets string, signatures ...string) error {
		_, err := listening(t, secrets).ReadNotification(http.Header{"X-Mollie-Signature": signatures}, body, time.Now())
		return err
	}
	for _, secrets := range []string{"new", "old,new", " new , old ", "old\nnew"} {
		require.NoError(t, read(secrets, fresh), secrets)
	}
	// While Mollie replaces the secret, it signs with both.
	require.NoError(t, read("new", old, fresh))
	require.NoError(t, read("new", old+", "+fresh))
	require.NoError(t, read("new", fresh[len("sha256="):]), "the library of Mollie's takes it bare as well")
	for _, none := range []string{"", " ", ",", " , "} {
		require.True(t, fault.Is(read(none, signature(body, "")), fault.NotFound), "an account without a secret takes nothing")
	}
	for why, signatures := range map[string][]string{
		"none": nil, "empty": {""}, "another secret": {old}, "cut": {fresh[:len(fresh)-2]}, "words": {"sha256=4242xx"},
		"of another body": {signature(append(body, ' '), "new")},
	} {
		err := read("new", signatures...)
		require.True(t, fault.Is(err, fault.Unauthenticated), "%s: %v", why, err)
		require.NotContains(t, err.Error(), "4242")
	}
}

// FuzzNotification holds that whatever is signed is read without a panic, and that
// nothing of it gets into an error.
func FuzzNotification(f *testing.F) {
	f.Add(eventOf("payment.paid", "tr_1", paymentOf(`"status":"paid"`)))
	f.Add(eventOf("refund.failed", "re_1", refundOf(`"status":"failed"`)))
	f.Add([]byte(`{"resource":"event","id":"event_1","type":"chargeback.received","_embedded":{"entity":{}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		n, err := listening(t, "secret").ReadNotification(signed(body, "secret"), body, time.Now())
		if err != nil {
			require.True(t, fault.Is(err, fault.Invalid))
			require.Zero(t, n)
			return
		}
		require.NotEmpty(t, n.ID)
		require.NotEmpty(t, n.Subject)
	})
}
