package stripe_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
	"paymenthub/internal/gateway"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

// FuzzReadNotification: whatever arrives, nothing panics, nothing unsigned is
// believed, and no error quotes the body.
func FuzzReadNotification(f *testing.F) {
	now := time.Unix(1_767_225_600, 0)
	for _, object := range []string{
		intentOf(`"status":"succeeded","amount_received":12000`), intentOf(`"status":"requires_capture"`),
		`{"id":"re_1","object":"refund","amount":1,"currency":"usd","status":"failed","payment_intent":"pi_1"}`,
		`{"id":"du_1","object":"dispute","amount":1,"currency":"kwd","payment_intent":"pi_1"}`,
	} {
		body := eventOf("payment_intent.succeeded", object)
		f.Add(body, signed(body, webhookSecret, now).Get("Stripe-Signature"))
	}
	f.Add([]byte(`{"id":4242424242424242}`), "t=1767225600,v1=00,t=4242424242424242")
	adapter := listening(f, webhookSecret)
	f.Fuzz(func(t *testing.T, body []byte, signature string) {
		genuine := signed(body, webhookSecret, now)
		if signature != genuine.Get("Stripe-Signature") {
			// The right signature may be among others in a header that differs.
			_, err := adapter.ReadNotification(http.Header{"Stripe-Signature": {signature}}, body, now)
			if err == nil || !fault.Is(err, fault.Unauthenticated) {
				require.Contains(t, signature, genuine.Get("Stripe-Signature")[len("t=1767225600,"):])
			}
		}
		tampered := append([]byte("x"), body...)
		_, err := adapter.ReadNotification(genuine, tampered, now)
		require.True(t, fault.Is(err, fault.Unauthenticated), "%v", err)

		n, err := adapter.ReadNotification(genuine, body, now)
		if err != nil {
			require.True(t, fault.Is(err, fault.Invalid), "%v", err)
			require.NotRegexp(t, `[0-9]{12,19}`, err.Error())
		} else {
			require.NotEmpty(t, n.ID)
			_, err = json.Marshal(n)
			require.NoError(t, err)
		}
		for _, kind := range []payment.TransactionKind{payment.Sale, payment.Capture, payment.Void, payment.RefundOfSale} {
			l := gateway.Lookup{Call: gateway.Call{PaymentID: "pay_1", TransactionID: "txn_1", Amount: money.New(1, "AED")}, Kind: kind}
			o := adapter.Conclude(body, l)
			require.True(t, o.Decided() || o.Class == payment.OutcomeUnknown, "%+v", o)
		}
	})
}
