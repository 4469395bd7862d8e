package stripe_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76/webhook"

	"paymenthub/internal/fault"
	"paymenthub/internal/gateway/stripe"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

const webhookSecret = "whsec_conformance"

// listening is an adapter that takes webhooks signed with any of the secrets.
func listening(t testing.TB, secrets string) *stripe.Adapter {
	t.Helper()
	adapter, err := stripe.New(stripe.Options{SecretKey: secretKey, WebhookSecret: secrets})
	require.NoError(t, err)
	return adapter
}

func signed(body []byte, secret string, at time.Time) http.Header {
	payload := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: body, Secret: secret, Timestamp: at})
	return http.Header{"Stripe-Signature": {payload.Header}}
}

// eventOf writes an event around an object, as Stripe does.
func eventOf(kind, object string) []byte {
	return fmt.Appendf(nil, `{"id":"evt_1","object":"event","api_version":"2025-08-27.basil","created":1767225600,"livemode":true,
		"pending_webhooks":1,"request":{"id":"req_1","idempotency_key":null},"type":%q,"data":{"object":%s}}`, kind, object)
}

// intentOf writes a PaymentIntent of 120.00 AED with more members.
func intentOf(members string) string {
	return `{"id":"pi_1","object":"payment_intent","amount":12000,"currency":"aed","latest_charge":"ch_1",
		"metadata":{"payment_id":"pay_1","transaction_id":"txn_1"},` + members + `}`
}

func TestEventsAreReadFromTheirObjects(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	ofPayment := func(state payment.NoticeState, captured int64) payment.Notice {
		return payment.Notice{
			Subject: payment.NoticeOfPayment, State: state, PaymentID: "pay_1", TransactionID: "txn_1",
			GatewayReference: "pi_1", Amount: money.New(12_000, "AED"), Captured: captured,
		}
	}
	ofRefund := func(state payment.NoticeState) payment.Notice {
		return payment.Notice{
			Subject: payment.NoticeOfRefund, State: state, PaymentID: "pay_1", TransactionID: "txn_2", RefundID: "rf_1",
			GatewayReference: "pi_1", Amount: money.New(500, "ISK"),
		}
	}
	refund := func(status string) string {
		return `{"id":"re_1","object":"refund","amount":50000,"currency":"isk","charge":"ch_1","payment_intent":"pi_1","status":` + status +
			`,"metadata":{"payment_id":"pay_1","transaction_id":"txn_2","refund_id":"rf_1"}}`
	}
	for _, c := range []struct {
		kind, object string
		want         payment.Notice
	}{
		{"payment_intent.created", intentOf(`"status":"requires_payment_method","last_payment_error":null`), ofPayment(payment.NoticeOpen, 0)},
		{"payment_intent.requires_action", intentOf(`"status":"requires_action"`), ofPayment(payment.NoticeOpen, 0)},
		{"payment_intent.processing", intentOf(`"status":"processing"`), ofPayment(payment.NoticeOpen, 0)},
		{"payment_intent.new_kind", intentOf(`"status":"brand_new"`), ofPayment(payment.NoticeOpen, 0)},
		{"payment_intent.amount_capturable_updated", intentOf(`"status":"requires_capture"`), ofPayment(payment.NoticeAuthorized, 0)},
		{"payment_intent.succeeded", intentOf(`"status":"succeeded","amount_received":7000`), ofPayment(payment.NoticeCaptured, 7_000)},
		{"payment_intent.canceled", intentOf(`"status":"canceled"`), ofPayment(payment.NoticeReleased, 0)},
		{
			"payment_intent.payment_failed", intentOf(`"status":"requires_payment_method","last_payment_error":{"code":"card_declined"}`),
			ofPayment(payment.NoticeDeclined, 0),
		},
		// An event of an earlier state carries that state, whatever its name says.
		{"payment_intent.succeeded", intentOf(`"status":"requires_capture"`), ofPayment(payment.NoticeAuthorized, 0)},
		{"refund.created", refund(`"pending"`), ofRefund(payment.NoticeOpen)},
		{"refund.updated", refund(`"requires_action"`), ofRefund(payment.NoticeOpen)},
		{"charge.refund.updated", refund(`"succeeded"`), ofRefund(payment.NoticeRefunded)},
		{"refund.failed", refund(`"failed"`), ofRefund(payment.NoticeFailed)},
		{"refund.updated", refund(`"canceled"`), ofRefund(payment.NoticeFailed)},
		{"refund.updated", refund(`null`), ofRefund(payment.NoticeOpen)},
		{
			"charge.dispute.created",
			`{"id":"du_1","object":"dispute","amount":50,"currency":"usd","charge":"ch_1","payment_intent":"pi_1","status":"needs_response","metadata":{"payment_id":"pay_9"}}`,
			payment.Notice{Subject: payment.NoticeOfDispute, DisputeReference: "du_1", GatewayReference: "pi_1", Amount: money.New(50, "USD")},
		},
		{
			"charge.dispute.closed", `{"id":"dp_1","object":"dispute","amount":50,"currency":"usd","payment_intent":null}`,
			payment.Notice{Subject: payment.NoticeOfDispute, DisputeReference: "dp_1", Amount: money.New(50, "USD")},
		},
		{"charge.refunded", `{"id":"ch_1","object":"charge","status":"succeeded","amount":12000,"currency":"aed"}`, payment.Notice{Subject: payment.NoticeOfOther}},
		{"customer.created", `{"id":"cus_1","object":"customer","status":{}}`, payment.Notice{Subject: payment.NoticeOfOther}},
		{"something.odd", `"text"`, payment.Notice{Subject: payment.NoticeOfOther}},
		// Not ours: without ids, or with what is none.
		{
			"payment_intent.succeeded", `{"id":"pi_2","object":"payment_intent","amount":5,"amount_received":5,"currency":"jpy","status":"succeeded","metadata":{"payment_id":"no id\u0000"}}`,
			payment.Notice{Subject: payment.NoticeOfPayment, State: payment.NoticeCaptured, GatewayReference: "pi_2", Amount: money.New(5, "JPY"), Captured: 5},
		},
		// An amount without a counterpart agrees with nothing of ours.
		{
			"payment_intent.created", `{"id":"pi_3","object":"payment_intent","amount":250,"currency":"isk","status":"processing","metadata":{"payment_id":"pay_1"}}`,
			payment.Notice{Subject: payment.NoticeOfPayment, State: payment.NoticeOpen, GatewayReference: "pi_3", PaymentID: "pay_1"},
		},
	} {
		body := eventOf(c.kind, c.object)
		got, err := listening(t, webhookSecret).ReadNotification(signed(body, webhookSecret, at), body, at)
		require.NoError(t, err, c.kind)
		c.want.ID, c.want.Type, c.want.At = "evt_1", c.kind, at
		require.Equal(t, c.want, got, "%s %s", c.kind, c.object)
	}
}

func TestBodiesThatAreNoEvents(t *testing.T) {
	now := time.Now()
	for _, body := range []string{
		"", "null", "[]", "4242424242424242", `{"id":4242424242424242}`, `{"id":"evt_1","type":"payment_intent.created"}`,
		`{"id":"","object":"event","type":"x"}`, `{"id":"evt_1","object":"event","type":"4242 4242 4242 4242"}`,
		`{"id":"evt_1","object":"event","type":"x","created":"4242424242424242","data":{}}`,
		string(eventOf("payment_intent.created", `{"id":"pi_1","object":"payment_intent","amount":"4242424242424242"}`)),
		string(eventOf("payment_intent.created", `{"object":"payment_intent","amount":1}`)),
		string(eventOf("refund.created", `{"id":"re_1","object":"refund","payment_intent":4242424242424242}`)),
	} {
		n, err := listening(t, webhookSecret).ReadNotification(signed([]byte(body), webhookSecret, now), []byte(body), now)
		require.True(t, fault.Is(err, fault.Invalid), "%s: %v", body, err)
		require.NotContains(t, err.Error(), "4242")
		require.Zero(t, n)
	}
}

func TestWhichSignaturesAreBelieved(t *testing.T) {
	body := eventOf("payment_intent.created", intentOf(`"status":"processing"`))
	now := time.Now()
	fresh, old := signed(body, "whsec_new", now), signed(body, "whsec_old", now)
	read := func(secrets string, header http.Header, now time.Time) error {
		_, err := listening(t, secrets).ReadNotification(header, body, now)
		return err
	}
	for _, secrets := range []string{"whsec_new", "whsec_old,whsec_new", " whsec_new , whsec_old ", "whsec_old\nwhsec_new"} {
		require.NoError(t, read(secrets, fresh, now), secrets)
	}
	require.NoError(t, read("whsec_old,whsec_new", old, now), "while the secret is being rolled")
	for _, none := range []string{"", " ", ",", " , "} {
		require.True(t, fault.Is(read(none, signed(body, "", now), now), fault.NotFound), "an account without a secret takes nothing")
	}
	for _, skew := range []time.Duration{-5 * time.Minute, 0, 5 * time.Minute} {
		require.NoError(t, read("whsec_new", fresh, time.Unix(now.Unix(), 0).Add(skew)))
	}

	genuine := fresh.Get("Stripe-Signature")
	later := fmt.Sprintf("t=%d,", now.Add(time.Hour).Unix())
	for why, c := range map[string]struct {
		signature string
		now       time.Time
	}{
		"none":                      {"", now},
		"no time":                   {genuine[len(later):], now},
		"no signature":              {genuine[:len(later)-1], now},
		"another secret":            {old.Get("Stripe-Signature"), now},
		"another scheme":            {fmt.Sprintf("t=%d,v0=00", now.Unix()), now},
		"words":                     {"4242424242424242", now},
		"a time that is none":       {"t=4242x,v1=00", now},
		"a time without end":        {"t=9223372036854775807,v1=00", now},
		"too old":                   {genuine, now.Add(6 * time.Minute)},
		"too new":                   {genuine, now.Add(-6 * time.Minute)},
		"a fresh time before":       {later + genuine, now.Add(time.Hour)},
		"a fresh time behind":       {genuine + "," + later[:len(later)-1], now.Add(time.Hour)},
		"its time twice":            {genuine + "," + genuine[:len(later)-1], now},
		"another time in its place": {later + genuine[len(later):], now.Add(time.Hour)},
	} {
		err := read("whsec_new", http.Header{"Stripe-Signature": {c.signature}}, c.now)
		require.True(t, fault.Is(err, fault.Unauthenticated), "%s: %v", why, err)
		require.NotContains(t, err.Error(), "4242")
	}
}
