package mollie

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/simulator"
)

func TestAPaymentWaitsForTheShopper(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.ok(http.MethodPost, "/v2/payments", order("ideal", "12.50", "EUR"))
	id := made["id"].(string)
	require.Equal(t, "open", made["status"])
	require.Equal(t, "test", made["mode"])
	require.Equal(t, false, made["isCancelable"])
	require.Equal(t, m{"currency": "EUR", "value": "12.50"}, made["amount"])
	require.Equal(t, m{"payment_id": "pay_1"}, made["metadata"])
	require.Equal(t, made, w.payment(id))
	require.Empty(t, w.charges())

	w.ok(http.MethodPost, "/_sim/3ds/"+id, m{"outcome": "approve"})
	paid := w.payment(id)
	require.Equal(t, "paid", paid["status"])
	require.NotEmpty(t, paid["paidAt"])
	require.NotContains(t, paid["_links"], "checkout")
	charges := w.charges()
	require.Len(t, charges, 1)
	require.Equal(t, simulator.Captured, charges[0].Status)
	require.Equal(t, []any{id, id, int64(1_250), "EUR"}, []any{charges[0].ID, charges[0].PaymentIntent, charges[0].AmountCaptured, charges[0].Currency})
	require.JSONEq(t, `{"payment_id":"pay_1"}`, string(charges[0].Metadata))

	status, _, problem := w.call("sandbox", http.MethodPost, "/_sim/3ds/"+id, "", m{"outcome": "fail"})
	require.Equal(t, http.StatusConflict, status, "%v", problem)
	require.Equal(t, "paid", w.payment(id)["status"])
}

func TestHowPaymentsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for outcome, status := range map[string]string{"approve": "paid", "fail": "failed", "cancel": "canceled", "expire": "expired"} {
		id := w.ended("bancontact", "1007.00", "EUR", outcome)
		p := w.payment(id)
		require.Equal(t, status, p["status"])
		require.NotEmpty(t, p[status+"At"])
		event := w.hears("payment."+status, id).Event
		require.Equal(t, p, event["_embedded"].(m)["entity"], "a snapshot")
		require.Equal(t, "event", event["resource"])
		if status == "failed" {
			require.Equal(t, m{"failureReason": "insufficient_funds"}, p["details"])
		}
	}
	require.Len(t, w.charges(), 1)
}

func TestTimeIsUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ideal, bancontact, paid := w.opened("ideal", "1.00", "EUR"), w.opened("bancontact", "1.00", "EUR"), w.ended("ideal", "1.00", "EUR", "approve")
	w.pass(16 * time.Minute)
	w.hears("payment.expired", ideal)
	require.Equal(t, "expired", w.payment(ideal)["status"])
	require.Equal(t, "open", w.payment(bancontact)["status"])
	require.Equal(t, "paid", w.payment(paid)["status"])
}

func TestWhatCanBeCanceled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for method, can := range map[string]bool{"ideal": false, "bancontact": true, "paypal": true} {
		id := w.opened(method, "5.00", "EUR")
		require.Equal(t, can, w.payment(id)["isCancelable"])
		if !can {
			status, field := w.fails(http.MethodDelete, "/v2/payments/"+id, nil)
			require.Equal(t, []any{http.StatusUnprocessableEntity, nil}, []any{status, field})
			continue
		}
		require.Equal(t, "canceled", w.ok(http.MethodDelete, "/v2/payments/"+id, nil)["status"])
		w.hears("payment.canceled", id)
		status, _ := w.fails(http.MethodDelete, "/v2/payments/"+id, nil)
		require.Equal(t, http.StatusUnprocessableEntity, status)
	}
	status, _ := w.fails(http.MethodDelete, "/v2/payments/tr_none", nil)
	require.Equal(t, http.StatusNotFound, status)
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	with := func(name string, value any) m {
		o := order("ideal", "12.50", "EUR")
		o[name] = value
		return o
	}
	for _, c := range []struct {
		body   m
		status int
		field  any
	}{
		{order("ideal", "12.5", "EUR"), 422, "amount"},
		{order("ideal", "12.500", "EUR"), 422, "amount"},
		{order("ideal", "0.00", "EUR"), 422, "amount"},
		{order("ideal", "-1.00", "EUR"), 422, "amount"},
		{order("ideal", "50000.01", "EUR"), 422, "amount"},
		{order("bancontact", "0.01", "EUR"), 422, "amount"},
		{order("ideal", "12.50", "USD"), 422, "amount.currency"},
		{order("paypal", "12.50", "AED"), 422, "amount.currency"},
		{order("paypal", "12.50", "JPY"), 422, "amount"},
		{order("paypal", "12.50", "HUF"), 422, "amount"},
		{order("creditcard", "12.50", "EUR"), 422, "method"},
		{with("description", ""), 422, "description"},
		{with("description", strings.Repeat("x", 256)), 422, "description"},
		{with("redirectUrl", "nowhere"), 422, "redirectUrl"},
		{with("metadata", strings.Repeat("x", 1100)), 422, "metadata"},
		{with("cardNumber", "none"), 400, nil},
	} {
		status, field := w.fails(http.MethodPost, "/v2/payments", c.body)
		require.Equal(t, []any{c.status, c.field}, []any{status, field}, "%v", c.body)
	}
	status, _, object := w.call("", http.MethodGet, "/v2/payments", "", nil)
	require.Equal(t, http.StatusUnauthorized, status)
	require.Equal(t, "Unauthorized Request", object["title"])
	require.Empty(t, w.charges())
}

func TestAmountsInEveryCurrency(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for value, minor := range map[string]int64{"1250": 1_250, "0.01": 1, "120.00": 12_000} {
		currency := "USD"
		if !strings.Contains(value, ".") {
			currency = "JPY"
		}
		id := w.ended("paypal", value, currency, "approve")
		require.Equal(t, m{"currency": currency, "value": value}, w.payment(id)["amount"])
		charges := w.charges()
		require.Equal(t, minor, charges[len(charges)-1].Amount)
	}
}

func TestTheListIsReadInPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var ids []string
	for range 5 {
		ids = append([]string{w.opened("ideal", "1.00", "EUR")}, ids...)
	}
	var listed []string
	for path := "/v2/payments?limit=2"; path != ""; {
		page := w.ok(http.MethodGet, path, nil)
		found := page["_embedded"].(m)["payments"].([]any)
		require.EqualValues(t, len(found), page["count"])
		for _, p := range found {
			listed = append(listed, p.(m)["id"].(string))
		}
		path = ""
		if next, more := page["_links"].(m)["next"].(m); more {
			path = strings.TrimPrefix(next["href"].(string), w.server.URL)
		}
	}
	require.Equal(t, ids, listed, "the newest first, none twice")
	for _, limit := range []string{"0", "251", "x"} {
		status, field := w.fails(http.MethodGet, "/v2/payments?limit="+limit, nil)
		require.Equal(t, []any{http.StatusBadRequest, "limit"}, []any{status, field})
	}
	status, field := w.fails(http.MethodGet, "/v2/payments?from=tr_none", nil)
	require.Equal(t, []any{http.StatusBadRequest, "from"}, []any{status, field})
}

func TestAKeyMakesOnePayment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	status, header, first := w.call("sandbox", http.MethodPost, "/v2/payments", "key-1", order("ideal", "12.50", "EUR"))
	require.Equal(t, http.StatusCreated, status)
	require.Empty(t, header.Get("Idempotent-Replayed"))
	w.pass(time.Minute) // over a restart
	status, header, again := w.call("sandbox", http.MethodPost, "/v2/payments", "key-1", order("ideal", "12.50", "EUR"))
	require.Equal(t, []any{http.StatusCreated, first["id"]}, []any{status, again["id"]})
	require.Equal(t, "true", header.Get("Idempotent-Replayed"))
	status, _, _ = w.call("sandbox", http.MethodPost, "/v2/payments", "key-1", order("ideal", "12.51", "EUR"))
	require.Equal(t, http.StatusBadRequest, status)
	status, _, refused := w.call("sandbox", http.MethodPost, "/v2/payments", "key-2", order("ideal", "12.5", "EUR"))
	require.Equal(t, http.StatusUnprocessableEntity, status, "%v", refused)
	status, _, _ = w.call("sandbox", http.MethodPost, "/v2/payments", "key-2", order("ideal", "12.50", "EUR"))
	require.Equal(t, http.StatusCreated, status, "a refusal keeps no key")
	require.EqualValues(t, 2, w.ok(http.MethodGet, "/v2/payments", nil)["count"])
}

func TestAccountsAreApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.opened("ideal", "12.50", "EUR")
	for _, path := range []string{"/v2/payments/" + id, "/v2/payments/" + id + "/refunds", "/v2/payments/" + id + "/chargebacks"} {
		status, _, _ := w.call("live", http.MethodGet, path, "", nil)
		require.Equal(t, http.StatusNotFound, status, path)
	}
	_, _, list := w.call("live", http.MethodGet, "/v2/payments", "", nil)
	require.EqualValues(t, 0, list["count"])
	_, _, live := w.call("live", http.MethodPost, "/v2/payments", "", order("ideal", "12.50", "EUR"))
	require.Equal(t, "live", live["mode"])
	require.Equal(t, Credentials("sandbox"), Credentials("sandbox"))
	require.NotEqual(t, Credentials("sandbox"), Credentials("other"))
	require.Regexp(t, `^test_`, Credentials("sandbox")["api_key"])
	require.Regexp(t, `^live_`, Credentials("live")["api_key"])
}

func TestTheProfileIsThatOfTheKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.opened("ideal", "12.50", "EUR")
	mine := w.ok(http.MethodGet, "/v2/profiles/me", nil)
	require.Regexp(t, `^pfl_[0-9A-Za-z]{10}$`, mine["id"])
	require.Equal(t, mine["id"], w.ok(http.MethodGet, "/v2/payments/"+id, nil)["profileId"])
	_, _, theirs := w.call("live", http.MethodGet, "/v2/profiles/me", "", nil)
	require.NotEqual(t, mine["id"], theirs["id"])
	status, _, _ := w.call("", http.MethodGet, "/v2/profiles/me", "", nil)
	require.Equal(t, http.StatusUnauthorized, status)
}

func TestMethodsAreListed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	list := w.ok(http.MethodGet, "/v2/methods", nil)
	require.EqualValues(t, 3, list["count"])
	ideal := list["_embedded"].(m)["methods"].([]any)[0].(m)
	require.Equal(t, "ideal", ideal["id"])
	require.Equal(t, m{"currency": "EUR", "value": "50000.00"}, ideal["maximumAmount"])
	require.Equal(t, m{"currency": "EUR", "value": "0.01"}, ideal["minimumAmount"])
}

func TestFaultsHitTheirOperation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for operation, call := range map[string][2]string{
		"create_payment": {http.MethodPost, "/v2/payments"}, "cancel": {http.MethodDelete, "/v2/payments/tr_1"},
		"refund": {http.MethodPost, "/v2/payments/tr_1/refunds"}, "retrieve": {http.MethodGet, "/v2/payments/tr_1"},
		"list": {http.MethodGet, "/v2/payments"}, "list_refunds": {http.MethodGet, "/v2/payments/tr_1/refunds"},
		"chargeback": {http.MethodGet, "/v2/payments/tr_1/chargebacks/chb_1"}, "methods": {http.MethodGet, "/v2/methods"},
		"profile": {http.MethodGet, "/v2/profiles/me"},
	} {
		w.ok(http.MethodPost, "/_sim/faults", m{"operation": operation, "fault": "http_500"})
		status, _, object := w.call("sandbox", call[0], call[1], "", m{})
		require.Equal(t, http.StatusInternalServerError, status, operation)
		require.EqualValues(t, 500, object["status"])
		require.Equal(t, "ok", w.ok(http.MethodGet, "/_sim/health", nil)["status"])
		require.Equal(t, "[]", fmt.Sprint(w.ok(http.MethodGet, "/_sim/faults", nil)["faults"]), operation)
	}
}
