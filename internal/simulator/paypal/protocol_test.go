package paypal

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/simulator"
)

func TestTokens(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c := Credentials("sandbox")
	require.Equal(t, c, Credentials("sandbox"), "always the same")
	require.NotEqual(t, c, Credentials("live"))
	status, answer := d.askToken(c[credentialID], "wrong", "grant_type=client_credentials")
	require.Equal(t, http.StatusUnauthorized, status)
	require.Equal(t, "invalid_client", answer["error"])
	status, _ = d.askToken(c[credentialID], c[credentialSecret], "grant_type=password")
	require.Equal(t, http.StatusBadRequest, status)
	_, answer = d.askToken(c[credentialID], c[credentialSecret], "grant_type=client_credentials")
	require.EqualValues(t, 32_400, answer["expires_in"])

	order := d.order(intentCapture, "k")
	for _, token := range []string{"", "x", d.token + "x", "a~b~c"} {
		own := d.token
		d.token = token
		status, answer := d.call(http.MethodGet, "/v2/checkout/orders/"+order, "", nil)
		require.Equal(t, http.StatusUnauthorized, status)
		require.Equal(t, "invalid_token", answer["error"])
		d.token = own
	}
	d.advance(10 * time.Hour)
	status, _ = d.call(http.MethodGet, "/v2/checkout/orders/"+order, "", nil)
	require.Equal(t, http.StatusUnauthorized, status, "it ended")
	d.token = d.signIn("live")
	require.Equal(t, "INVALID_RESOURCE_ID", d.refused(http.StatusNotFound, http.MethodGet, "/v2/checkout/orders/"+order, "", nil), "another account's")
}

func TestASaleIsTakenWhenItIsApprovedAndAskedFor(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	order := d.order(intentCapture, "k1")
	path := "/v2/checkout/orders/" + order
	require.Regexp(t, `^[A-Z0-9]{17}$`, order)
	require.Equal(t, orderWaiting, d.must(http.MethodGet, path, "", nil)["status"])
	require.Equal(t, "ORDER_NOT_APPROVED", d.refused(http.StatusUnprocessableEntity, http.MethodPost, path+"/capture", "k2", object{}))
	back := d.answer(order, "approve")
	require.Equal(t, "shop.example", back.Host)
	require.Equal(t, order, back.Query().Get("token"))
	require.NotEmpty(t, back.Query().Get("PayerID"))
	require.Equal(t, "b", back.Query().Get("a"), "what the caller had stays")
	require.Equal(t, orderApproved, d.must(http.MethodGet, path, "", nil)["status"])
	require.Empty(t, d.witness().Charges, "nothing is taken by approving")
	require.Equal(t, "ACTION_DOES_NOT_MATCH_INTENT", d.refused(http.StatusUnprocessableEntity, http.MethodPost, path+"/authorize", "k3", object{}))

	done := d.must(http.MethodPost, path+"/capture", "k2", object{})
	require.Equal(t, orderCompleted, done["status"])
	capture := moved(t, done, "captures")
	require.Equal(t, statusCompleted, capture["status"])
	require.Equal(t, map[string]any{
		"gross_amount": map[string]any{"currency_code": "EUR", "value": "120.00"},
		"paypal_fee":   map[string]any{"currency_code": "EUR", "value": "4.68"},
		"net_amount":   map[string]any{"currency_code": "EUR", "value": "115.32"},
	}, capture["seller_receivable_breakdown"])
	require.Equal(t, done, d.must(http.MethodPost, path+"/capture", "k2", object{}), "the same answer to the same request id")
	require.Equal(t, "ORDER_ALREADY_CAPTURED", d.refused(http.StatusUnprocessableEntity, http.MethodPost, path+"/capture", "k4", object{}))
	alone := d.must(http.MethodGet, "/v2/payments/captures/"+capture["id"].(string), "", nil)
	require.Equal(t, map[string]any{"related_ids": map[string]any{"order_id": order}}, alone["supplementary_data"])

	charges := d.witness().Charges
	require.Len(t, charges, 1)
	require.Equal(t, simulator.Captured, charges[0].Status)
	require.Equal(t, []any{capture["id"], order, int64(12_000), "eur", int64(12_000), "k2"},
		[]any{charges[0].ID, charges[0].PaymentIntent, charges[0].Amount, charges[0].Currency, charges[0].AmountCaptured, charges[0].IdempotencyKey})
	require.JSONEq(t, `{"payment_id":"pi_1","attempt_id":"att_2","transaction_id":"txn_3","merchant_id":"mch_9","environment":"sandbox"}`, string(charges[0].Metadata))
}

func TestAShopperWhoTurnsBack(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	order := d.order(intentCapture, "k1")
	back := d.answer(order, "fail")
	require.Equal(t, "true", back.Query().Get("canceled"))
	require.Equal(t, order, back.Query().Get("token"))
	require.Empty(t, back.Query().Get("PayerID"))
	require.Equal(t, orderWaiting, d.must(http.MethodGet, "/v2/checkout/orders/"+order, "", nil)["status"])
}

func TestARequestIDAnswersItsOrderForSixHours(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	order := d.order(intentCapture, "k1")
	require.Equal(t, order, d.order(intentCapture, "k1"))
	d.answer(order, "approve")
	again := d.must(http.MethodPost, "/v2/checkout/orders", "k1", orderBody(intentCapture, "99.00", "EUR"))
	require.Equal(t, []any{order, orderApproved}, []any{again["id"], again["status"]}, "what became of it, whatever is asked")
	require.NotEqual(t, order, d.order(intentCapture, "k2"))
	d.advance(7 * time.Hour)
	require.NotEqual(t, order, d.order(intentCapture, "k1"))
	require.Equal(t, "PAYPAL_REQUEST_ID_REQUIRED", d.refused(http.StatusBadRequest, http.MethodPost, "/v2/checkout/orders", "", orderBody(intentCapture, "1.00", "EUR")))
}

func TestAnOrderThatNobodyTookIsDropped(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	waiting := d.order(intentCapture, "k1")
	taken, _ := d.sold("k2")
	d.advance(4 * time.Hour)
	require.Equal(t, "INVALID_RESOURCE_ID", d.refused(http.StatusNotFound, http.MethodGet, "/v2/checkout/orders/"+waiting, "", nil))
	require.Equal(t, "INVALID_RESOURCE_ID", d.refused(http.StatusNotFound, http.MethodPost, "/v2/checkout/orders/"+waiting+"/capture", "k3", object{}))
	require.Equal(t, orderCompleted, d.must(http.MethodGet, "/v2/checkout/orders/"+taken, "", nil)["status"])
}

func TestHoldsAreCapturedOrVoidedOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	order, hold := d.held("k1")
	path := "/v2/payments/authorizations/" + hold
	require.Equal(t, simulator.Authorized, d.witness().Charges[0].Status)
	require.Equal(t, statusCreated, d.must(http.MethodGet, path, "", nil)["status"])
	part := func(value string) object {
		return object{"amount": object{"currency_code": "EUR", "value": value}, "invoice_id": "txn_4", "final_capture": true}
	}
	require.Equal(t, "MAX_CAPTURE_AMOUNT_EXCEEDED", d.refused(http.StatusUnprocessableEntity, http.MethodPost, path+"/capture", "k2", part("120.01")))
	captured := d.must(http.MethodPost, path+"/capture", "k3", part("70.00"))
	require.Equal(t, map[string]any{"related_ids": map[string]any{"order_id": order, "authorization_id": hold}}, captured["supplementary_data"])
	require.Equal(t, "AUTHORIZATION_ALREADY_CAPTURED", d.refused(http.StatusUnprocessableEntity, http.MethodPost, path+"/capture", "k4", part("1.00")))
	require.Equal(t, "PREVIOUSLY_CAPTURED", d.refused(http.StatusUnprocessableEntity, http.MethodPost, path+"/void", "k5", object{}))
	require.Equal(t, statusCaptured, d.must(http.MethodGet, path, "", nil)["status"])
	require.EqualValues(t, 7_000, d.witness().Charges[0].AmountCaptured)

	_, hold = d.held("k6")
	path = "/v2/payments/authorizations/" + hold
	for range 2 {
		status, _ := d.call(http.MethodPost, path+"/void", "k7", object{})
		require.Equal(t, http.StatusNoContent, status)
	}
	require.Equal(t, "PREVIOUSLY_VOIDED", d.refused(http.StatusUnprocessableEntity, http.MethodPost, path+"/void", "k8", object{}))
	require.Equal(t, "AUTHORIZATION_VOIDED", d.refused(http.StatusUnprocessableEntity, http.MethodPost, path+"/capture", "k9", part("1.00")))
	require.Equal(t, simulator.Voided, d.witness().Charges[1].Status)
}

func TestRefundsGoAsFarAsTheCapture(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	order, capture := d.sold("k1")
	path := "/v2/payments/captures/" + capture
	back := func(value string) object {
		return object{"amount": object{"currency_code": "EUR", "value": value}, "custom_id": "pi_1.txn_5.rf_5", "invoice_id": "txn_5"}
	}
	first := d.must(http.MethodPost, path+"/refund", "k2", back("50.00"))
	require.Equal(t, first, d.must(http.MethodPost, path+"/refund", "k2", back("50.00")))
	require.Equal(t, statusPartiallyRefunded, d.must(http.MethodGet, path, "", nil)["status"])
	require.Equal(t, "REFUND_AMOUNT_EXCEEDED", d.refused(http.StatusUnprocessableEntity, http.MethodPost, path+"/refund", "k3", back("70.01")))
	d.must(http.MethodPost, path+"/refund", "k4", nil)
	require.Equal(t, "CAPTURE_FULLY_REFUNDED", d.refused(http.StatusUnprocessableEntity, http.MethodPost, path+"/refund", "k5", back("0.01")))
	require.Len(t, d.must(http.MethodGet, "/v2/checkout/orders/"+order, "", nil)["purchase_units"].([]any)[0].(map[string]any)["payments"].(map[string]any)["refunds"], 2)
	record := d.witness()
	require.Equal(t, simulator.Refunded, record.Charges[0].Status)
	require.JSONEq(t, `{"payment_id":"pi_1","transaction_id":"txn_5","refund_id":"rf_5"}`, string(record.Refunds[0].Metadata))

	id := first["id"].(string)
	d.must(http.MethodPost, "/_sim/refunds/"+id, "", object{"status": "failed"})
	require.Equal(t, statusFailed, d.must(http.MethodGet, "/v2/payments/refunds/"+id, "", nil)["status"])
	require.EqualValues(t, 7_000, d.witness().Charges[0].AmountRefunded)
	d.must(http.MethodPost, "/_sim/refunds/"+id, "", object{"status": "succeeded"})
	require.EqualValues(t, 12_000, d.witness().Charges[0].AmountRefunded)
}

func TestWhatIsWrongWithAnOrderIsSaid(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for issue, body := range map[string]object{
		"INVALID_PARAMETER_VALUE":    orderBody("SALE", "1.00", "EUR"),
		"CURRENCY_NOT_SUPPORTED":     orderBody(intentCapture, "1.00", "AED"),
		"DECIMALS_NOT_SUPPORTED":     orderBody(intentCapture, "1.00", "JPY"),
		"DECIMAL_PRECISION":          orderBody(intentCapture, "1.001", "EUR"),
		"CANNOT_BE_ZERO_OR_NEGATIVE": orderBody(intentCapture, "0.00", "EUR"),
		"INVALID_PARAMETER_SYNTAX":   orderBody(intentCapture, "-1.00", "EUR"),
	} {
		status, answer := d.call(http.MethodPost, "/v2/checkout/orders", issue, body)
		require.GreaterOrEqual(t, status, 400, issue)
		require.Equal(t, issue, answer["details"].([]any)[0].(map[string]any)["issue"])
	}
	status, _ := d.call(http.MethodPost, "/v2/checkout/orders", "k", []int{1})
	require.Equal(t, http.StatusBadRequest, status)
}

func TestAmountsAreInPayPalsUnits(t *testing.T) {
	t.Parallel()
	for code, c := range map[string]struct {
		value string
		units int64
		minor int64
		fee   int64
	}{
		"EUR": {"120.00", 12_000, 12_000, 468}, "JPY": {"300", 300, 300, 10}, "HUF": {"12000", 12_000, 1_200_000, 419}, "TWD": {"1", 1, 100, 0},
		"USD": {"0.01", 1, 1, 1},
	} {
		units, issue := amount{code, c.value}.units()
		require.Empty(t, issue, code)
		require.Equal(t, []int64{c.units, c.minor, c.fee}, []int64{units, minor(units, code), feeOf(units, code)}, code)
		require.Equal(t, amount{code, c.value}, money(units, code))
	}
}
