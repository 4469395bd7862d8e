package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/event"
	"paymenthub/internal/id"
	"paymenthub/internal/ledger"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
)

const (
	intents = "/v3/payments/intents"
	card    = `{"type":"card","card":{"number":"4242 4242 4242 4242","exp_month":12,"exp_year":2030,"cvc":"123"}}`
)

func serve(s *stage, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w
}

func fields(t testing.TB, w *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	var v map[string]any
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &v), w.Body.String())
	return v
}

func failure(t testing.TB, w *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	return fields(t, w)["error"].(map[string]any)
}

// open makes a payment and returns its id.
func (s *stage) open() string {
	w := s.call(http.MethodPost, intents, `{"amount":12000,"currency":"aed","metadata":{"order_id":"ord_998"}}`)
	require.Equal(s.t, http.StatusOK, w.Code, w.Body.String())
	return fields(s.t, w)["id"].(string)
}

func TestCreateAnswersTheContractsFields(t *testing.T) {
	s := newStage(t)
	paymentID := s.open()
	w := s.call(http.MethodGet, intents+"/"+paymentID, "")
	require.JSONEq(t, fmt.Sprintf(`{"id":%q,"object":"payment_intent","status":"requires_confirmation","gateway":"stripe","client_secret":%q,
		"amount":12000,"currency":"AED","capture_method":"automatic","amount_capturable":0,"amount_captured":0,"amount_refunded":0,
		"customer_id":null,"settled_amount":null,"settled_currency":null,"escrow_account":null,"next_action":null,"last_error":null,
		"metadata":{"order_id":"ord_998"},"environment":"sandbox","created_at":"2026-04-21T09:30:00.123456Z",
		"expires_at":"2026-04-21T10:30:00.123456Z","attempts":[]}`, paymentID, s.secrets.For(paymentID)), w.Body.String())
	require.Equal(t, s.scope, s.core.created[0].Scope)
	require.Equal(t, "auto", s.core.created[0].Routing)
}

func TestCreateAndConfirmInOneCall(t *testing.T) {
	s := newStage(t)
	w := s.call(http.MethodPost, intents, `{"amount":1,"currency":"JPY","confirm":true,"capture_method":"manual","payment_method":`+card+`,"return_url":"http://localhost:3000/done"}`)
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	require.Equal(t, "4242424242424242", s.core.methods[0].Card.Number.Reveal())
	require.Equal(t, payment.CaptureManual, s.core.created[0].CaptureMethod)
	require.Equal(t, "http://localhost:3000/done", s.core.created[0].ReturnURL)
}

func TestDeclinesAnswer402WithTheIntent(t *testing.T) {
	s := newStage(t)
	d := payment.NewDecline(payment.DeclineInsufficientFunds)
	paymentID := s.open()
	s.core.decline, s.core.outcome = &d, payment.RequiresPaymentMethod
	for _, w := range []*httptest.ResponseRecorder{
		s.call(http.MethodPost, intents+"/"+paymentID+"/confirm", `{"payment_method":`+card+`}`),
		s.call(http.MethodPost, intents, `{"amount":5,"currency":"USD","confirm":true,"payment_method":`+card+`}`),
	} {
		require.Equal(t, http.StatusPaymentRequired, w.Code)
		e := failure(t, w)
		require.Equal(t, "payment_failed", e["code"])
		require.Equal(t, "insufficient_funds", e["decline_code"])
		require.Equal(t, "try_again_later", e["advice"])
		intent := e["intent"].(map[string]any)
		require.Equal(t, "requires_payment_method", intent["status"])
		require.Equal(t, "insufficient_funds", intent["last_error"].(map[string]any)["decline_code"])
	}
	w := s.call(http.MethodPost, intents+"/"+paymentID+"/capture", `{"amount":1}`)
	require.Equal(t, http.StatusPaymentRequired, w.Code)
	require.NotEmpty(t, failure(t, w)["intent"])
}

func TestConfirmSaysWhatIsToDo(t *testing.T) {
	s := newStage(t)
	for status, want := range map[payment.Status]int{
		payment.RequiresAction: 200, payment.Processing: 200, payment.RequiresCapture: 200, payment.Expired: 409, payment.Canceled: 409,
	} {
		paymentID := s.open()
		s.core.outcome = status
		w := s.call(http.MethodPost, intents+"/"+paymentID+"/confirm", `{"payment_method":`+card+`}`)
		require.Equal(t, want, w.Code, w.Body.String())
		switch {
		case want == 409:
			require.Equal(t, "invalid_state", failure(t, w)["code"])
			require.Contains(t, failure(t, w)["message"], string(status))
		case status == payment.RequiresAction:
			require.Equal(t, map[string]any{"type": "redirect", "url": "https://issuer.example/3ds?x=1&y=2"}, fields(t, w)["next_action"])
		default:
			require.Equal(t, string(status), fields(t, w)["status"])
		}
	}
}

func TestClientSecrets(t *testing.T) {
	s := newStage(t)
	paymentID := s.open()
	confirm := intents + "/" + paymentID + "/confirm"
	body := func(secret string) string {
		return fmt.Sprintf(`{"client_secret":%q,"payment_method":%s}`, secret, card)
	}
	pk := "Bearer " + s.pk
	require.Equal(t, 401, s.call("POST", confirm, `{"payment_method":`+card+`}`, "Authorization", pk).Code, "missing")
	require.Equal(t, 401, s.call("POST", confirm, body(s.secrets.For(id.New(id.Payment))), "Authorization", pk).Code, "another payment's")
	require.Equal(t, 401, s.call("POST", confirm, body("nonsense")).Code, "wrong, with a secret key")
	require.Empty(t, s.core.methods)
	require.Equal(t, 200, s.call("POST", confirm, body(s.secrets.For(paymentID)), "Authorization", pk).Code)

	stranger := s.key(merchant.Scope{MerchantID: id.New(id.Merchant), Environment: merchant.Sandbox}, merchant.PublishableKey)
	w := s.call("POST", confirm, body(s.secrets.For(paymentID)), "Authorization", "Bearer "+stranger)
	require.Equal(t, 404, w.Code, "another merchant's publishable key")
}

func TestCaptureCancelAndRefund(t *testing.T) {
	s := newStage(t)
	paymentID := s.open()
	w := s.call("POST", intents+"/"+paymentID+"/capture", "")
	require.Equal(t, 200, w.Code)
	require.EqualValues(t, 0, fields(t, w)["amount_captured"], "no amount asks for all")
	require.EqualValues(t, 700, fields(t, s.call("POST", intents+"/"+paymentID+"/capture", `{"amount":700}`))["amount_captured"])
	require.Equal(t, 200, s.call("POST", intents+"/"+paymentID+"/cancel", `{"reason":"abandoned"}`).Code)

	w = s.call("POST", "/v3/payments/refunds", fmt.Sprintf(`{"intent_id":%q,"amount":5000,"reason":"duplicate"}`, paymentID))
	require.Equal(t, 200, w.Code)
	refund := fields(t, w)
	require.Equal(t, "pending", refund["status"])
	require.Equal(t, "duplicate", refund["reason"])
	require.Equal(t, 200, s.call("GET", "/v3/payments/refunds/"+refund["id"].(string), "").Code)
	require.Equal(t, true, fields(t, s.call("GET", "/v3/payments/refunds?limit=1", ""))["has_more"])
	require.Equal(t, 404, s.call("POST", "/v3/payments/refunds", `{"intent_id":"pi_unknown"}`).Code)
}

func TestEventsAndLedger(t *testing.T) {
	s := newStage(t)
	p := s.core.payments[s.open()]
	created, err := event.New(s.scope, event.PaymentCreated, p.ID, p, s.clock.Now())
	require.NoError(t, err)
	r := payment.Refund{ID: id.New(id.Refund), Scope: s.scope, PaymentID: p.ID, Amount: 5, Currency: "AED", Status: payment.RefundFailed}
	failed, err := event.New(s.scope, event.RefundFailed, r.ID, r, s.clock.Now())
	require.NoError(t, err)
	s.books.events = []event.Event{failed, created}
	s.books.entries = []ledger.PostedEntry{{
		Entry:         ledger.Entry{ID: id.New(id.LedgerEntry), Account: ledger.Sales, Currency: "AED", Amount: -5},
		TransactionID: id.New(id.LedgerTx), TransactionKind: ledger.Captured, PaymentID: p.ID, SourceID: id.New(id.Transaction), CreatedAt: s.clock.Now(),
	}}

	w := s.call("GET", "/v3/events/"+created.ID, "")
	require.Equal(t, 200, w.Code)
	object := fields(t, w)["data"].(map[string]any)["object"].(map[string]any)
	require.Equal(t, p.ID, object["id"])
	require.NotContains(t, w.Body.String(), "client_secret")
	require.Len(t, fields(t, s.call("GET", "/v3/events?type=refund.failed&object_id="+p.ID, ""))["data"], 2)
	require.Equal(t, 404, s.call("GET", "/v3/events/evt_none", "").Code)
	require.Len(t, fields(t, s.call("GET", "/v3/ledger/balances", ""))["data"], 1)
	require.Len(t, fields(t, s.call("GET", "/v3/ledger/entries?account=sales&currency=aed&intent_id="+p.ID, ""))["data"], 1)
}
