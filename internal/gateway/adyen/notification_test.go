package adyen_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
	"paymenthub/internal/gateway"
	"paymenthub/internal/gateway/adyen"
	"paymenthub/internal/gateway/gatewaytest"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

// The ids of the tests here.
const (
	paymentID = "pi_01JD5X2Q8F7M4Z9K3B6N1R0T5V"
	saleID    = "txn_01JD5X2Q8F7M4Z9K3B6N1R0T5W"
	otherID   = "txn_01JD5X9C2H8P7Y4D1S5E6G3J0K"
	ofSale    = paymentID + "-" + saleID + "-sale"
	psp       = "QFQTPCQ8HXSKGK82"
)

func hmacKey(keys string) func(*adyen.Options) { return func(o *adyen.Options) { o.HMACKey = keys } }

func TestOnlyASignedItemIsRead(t *testing.T) {
	t.Parallel()
	genuine := signed(t, webhook(t, fields{"merchantReference": ofSale}), credentials["hmac_key"])
	one, _ := strings.CutPrefix(string(genuine), `{"live":"false","notificationItems":[`)
	several := []byte(strings.TrimSuffix(string(genuine), "]}") + "," + one)
	for name, c := range map[string]struct {
		keys string
		body []byte
		code fault.Code
	}{
		"with the key":                    {credentials["hmac_key"], genuine, ""},
		"while the key is being replaced": {strangers["hmac_key"] + ", " + credentials["hmac_key"], genuine, ""},
		"with another key":                {strangers["hmac_key"], genuine, fault.Unauthenticated},
		"without a key":                   {"", genuine, fault.NotFound},
		"not signed":                      {credentials["hmac_key"], webhook(t), fault.Unauthenticated},
		"no item":                         {credentials["hmac_key"], []byte(`{"live":"false","notificationItems":[]}`), fault.Unauthenticated},
		"an empty item":                   {credentials["hmac_key"], []byte(`{"notificationItems":[{}]}`), fault.Unauthenticated},
		"several items":                   {credentials["hmac_key"], several, fault.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			notice, err := newAdapter(t, "", nil, hmacKey(c.keys)).ReadNotification(nil, c.body, time.Now())
			if c.code == "" {
				require.NoError(t, err)
				require.Equal(t, paymentID, notice.PaymentID)
				return
			}
			require.True(t, fault.Is(err, c.code), "%v", err)
			require.Zero(t, notice)
		})
	}
}

// What is signed for somebody else, or could have been signed as something else, is
// nothing of the hub's.
func TestWhatIsNotTheHubsIsIgnored(t *testing.T) {
	t.Parallel()
	adapter := newAdapter(t, "", nil)
	for name, change := range map[string]fields{
		"another merchant account":  {"merchantReference": ofSale, "merchantAccountCode": "Other"},
		"a payment of other people": {"merchantReference": "order 7"},
		"a colon in a field":        {"merchantReference": ofSale, "originalReference": "A:B"},
		"a report":                  {"merchantReference": "", "eventCode": "REPORT_AVAILABLE"},
		"a suspicion":               {"merchantReference": ofSale, "eventCode": "NOTIFICATION_OF_FRAUD", "originalReference": psp},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			notice, err := adapter.ReadNotification(nil, signed(t, webhook(t, change), credentials["hmac_key"]), time.Now())
			require.NoError(t, err)
			require.Equal(t, payment.NoticeOfOther, notice.Subject)
			require.Empty(t, notice.PaymentID)
			require.NotEmpty(t, notice.ID)
		})
	}
}

func TestEveryEventThatIsAskedForTellsSomething(t *testing.T) {
	t.Parallel()
	adapter := newAdapter(t, "", nil)
	for _, event := range adyen.WebhookEvents {
		body := webhook(t, fields{"merchantReference": ofSale, "originalReference": psp, "eventCode": event})
		notice, err := adapter.ReadNotification(nil, signed(t, body, credentials["hmac_key"]), time.Now())
		require.NoError(t, err)
		require.NotEqual(t, payment.NoticeOfOther, notice.Subject, event)
		require.Equal(t, event, notice.Type)
	}
}

func TestAnAmountWithoutCounterpartAgreesWithNothing(t *testing.T) {
	t.Parallel()
	body := webhook(t, fields{"merchantReference": ofSale, "amount": fields{"currency": "CLP", "value": 12_345}})
	notice, err := newAdapter(t, "", nil).ReadNotification(nil, signed(t, body, credentials["hmac_key"]), time.Now())
	require.NoError(t, err)
	require.Equal(t, payment.NoticeOfPayment, notice.Subject)
	require.Zero(t, notice.Amount)
	sale := gateway.Lookup{Kind: payment.Sale, Call: gateway.Call{PaymentID: paymentID, TransactionID: saleID, Amount: money.New(12_345, "CLP")}}
	require.Equal(t, payment.OutcomeUnknown, newAdapter(t, "", nil).Conclude(body, sale).Class)
}

// A webhook ends the call that it names, and no other.
func TestWebhooksEndTheirOwnCall(t *testing.T) {
	t.Parallel()
	adapter := newAdapter(t, "", nil)
	euros := money.New(12_000, "EUR")
	capture := gateway.Lookup{Kind: payment.Capture, Call: gateway.Call{PaymentID: paymentID, TransactionID: otherID, GatewayReference: psp, Amount: euros}}
	void, sale := capture, capture
	void.Kind, sale.Kind, sale.TransactionID = payment.Void, payment.Sale, saleID
	waiting := void
	waiting.GatewayReference = ofSale
	captured := fields{"eventCode": "CAPTURE", "merchantReference": paymentID + "-" + otherID + "-capture", "originalReference": psp}
	for name, c := range map[string]struct {
		item fields
		of   gateway.Lookup
		ends bool
	}{
		"a capture":                              {captured, capture, true},
		"another capture":                        {fields{"eventCode": "CAPTURE", "merchantReference": paymentID + "-" + saleID + "-capture", "originalReference": psp}, capture, false},
		"of another payment of Adyen's":          {fields{"eventCode": "CAPTURE", "merchantReference": paymentID + "-" + otherID + "-capture", "originalReference": "X"}, capture, false},
		"a capture is no void":                   {captured, void, false},
		"a cancellation from the Customer Area":  {fields{"eventCode": "CANCELLATION", "merchantReference": ofSale, "originalReference": psp}, sale, false},
		"a refund from the Customer Area":        {fields{"eventCode": "REFUND", "merchantReference": ofSale, "originalReference": psp}, sale, false},
		"a technical cancel":                     {fields{"eventCode": "TECHNICAL_CANCEL", "merchantReference": ofSale, "originalReference": psp}, waiting, true},
		"a technical cancel of another payment":  {fields{"eventCode": "TECHNICAL_CANCEL", "merchantReference": paymentID + "-" + otherID + "-sale"}, waiting, false},
		"a technical cancel is no sale":          {fields{"eventCode": "TECHNICAL_CANCEL", "merchantReference": ofSale, "originalReference": psp}, sale, false},
		"an authorisation of the waiting sale":   {fields{"merchantReference": ofSale}, gateway.Lookup{Kind: payment.Sale, Call: gateway.Call{PaymentID: paymentID, TransactionID: saleID, GatewayReference: ofSale, Amount: euros}}, true},
		"an authorisation in another currency":   {fields{"merchantReference": ofSale, "amount": fields{"currency": "USD", "value": 12_000}}, sale, false},
		"an expiry ends a void":                  {fields{"eventCode": "EXPIRE", "merchantReference": ofSale, "originalReference": psp}, void, true},
		"an expiry that did not come to pass":    {fields{"eventCode": "EXPIRE", "merchantReference": ofSale, "originalReference": psp, "success": "false"}, void, false},
		"a capture of what has no reference yet": {captured, gateway.Lookup{Kind: payment.Capture, Call: gateway.Call{PaymentID: paymentID, TransactionID: otherID, Amount: euros}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := adapter.Conclude(webhook(t, c.item), c.of)
			require.Equal(t, c.ends, o.Decided(), "%+v", o)
			if !c.ends {
				require.Equal(t, payment.OutcomeUnknown, o.Class)
				require.NotEmpty(t, o.Detail)
			}
		})
	}
}

// A dispute stands as all of its webhooks tell together, in whatever order they came.
func TestADisputeIsReadFromItsWebhooks(t *testing.T) {
	t.Parallel()
	p := startProvider(t)
	adapter := newAdapter(t, p.url, nil)
	for _, c := range []struct {
		to          payment.DisputeStatus
		last        string
		reinstated  bool
		bodiesAtEnd int
	}{
		{payment.DisputeNeedsResponse, "CHARGEBACK", false, 2},
		{payment.DisputeUnderReview, "INFORMATION_SUPPLIED", false, 3},
		{payment.DisputeWon, "ISSUER_RESPONSE_TIMEFRAME_EXPIRED", true, 4},
		{payment.DisputeLost, "DISPUTE_DEFENSE_PERIOD_ENDED", false, 3},
	} {
		sold := adapter.Authorize(t.Context(), sale(t))
		require.Equal(t, payment.OutcomeSucceeded, sold.Class, "%+v", sold)
		reference := p.openDispute(t, sold, false)
		if c.to != payment.DisputeNeedsResponse {
			p.moveDispute(t, reference, c.to)
		}
		_, notice := p.hears(t, adapter, func(n payment.Notice) bool { return n.Type == c.last && n.DisputeReference == reference })
		require.Equal(t, payment.NoticeOfDispute, notice.Subject)
		require.Equal(t, sold.GatewayReference, notice.GatewayReference)
		require.Equal(t, money.New(12_000, "USD"), notice.Amount)

		var bodies [][]byte
		require.Eventually(t, func() bool {
			bodies = p.mail.all()
			told := 0
			for _, body := range bodies {
				told += bytes.Count(body, []byte(`"pspReference":"`+reference+`"`))
			}
			return told == c.bodiesAtEnd
		}, gatewaytest.Patience, 10*time.Millisecond)
		for range 2 {
			report, err := adapter.DisputeTold(reference, bodies)
			require.NoError(t, err)
			require.Equal(t, []any{reference, c.to, money.New(12_000, "USD"), true, c.reinstated}, []any{report.Reference, report.Status, report.Amount, report.Withdrawn, report.Reinstated})
			require.Equal(t, "merchandise_services_not_received", report.Reason)
			require.WithinDuration(t, time.Now(), report.OpenedAt, time.Minute)
			require.True(t, report.RespondBy.After(time.Now()))
			slices.Reverse(bodies)
		}
	}
	for _, bodies := range [][][]byte{nil, {[]byte("{")}, {webhook(t)}} {
		_, err := adapter.DisputeTold(psp, bodies)
		require.Error(t, err)
	}
	_, err := adapter.Dispute(t.Context(), gateway.DisputeLookup{Reference: psp})
	require.Error(t, err)
}
