package adyen

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/simulator"
	"paymenthub/internal/simulator/chassis"
)

func TestASaleIsCapturedAtOnceAndAHoldLater(t *testing.T) {
	t.Parallel()
	h := start(t, chassis.Options{})
	sold := h.done("/payments", order(visa, "sale"))
	require.Equal(t, "Authorised", sold.text("resultCode"))
	require.Len(t, sold.text("pspReference"), 16)
	told := h.hears("AUTHORISATION", "sale")
	require.Equal(t, []any{done, sold.text("pspReference"), "pi_1"}, []any{told.Success, told.PSPReference, told.AdditionalData["metadata.payment_id"]})

	of := h.done("/payments", order(visa, "hold", held, object{"captureDelayHours": nil})).text("pspReference")
	charges := h.charges()
	require.Len(t, charges, 2)
	require.Equal(t, simulator.Captured, charges[0].Status)
	require.Equal(t, simulator.Authorized, charges[1].Status)
	require.Equal(t, "eur", charges[1].Currency)
	require.Equal(t, of, charges[1].PaymentIntent)

	for _, c := range []struct {
		reference string
		value     int64
		success   success
		captured  int64
	}{{"too much", 12_001, notDone, 0}, {"a part", 7_000, done, 7_000}, {"the rest", 5_000, notDone, 7_000}} {
		answer := h.done("/payments/"+of+"/captures", object{"amount": object{"currency": "EUR", "value": c.value}, "reference": c.reference})
		require.Equal(t, "received", answer.text("status"))
		told := h.hears("CAPTURE", c.reference)
		require.Equal(t, []any{c.success, of, answer.text("pspReference"), c.value}, []any{told.Success, told.OriginalReference, told.PSPReference, told.Amount.Value}, c.reference)
		require.Equal(t, c.captured, h.charges()[1].AmountCaptured, c.reference)
	}
	h.done("/payments/"+of+"/cancels", object{"reference": "late"})
	require.Equal(t, notDone, h.hears("CANCELLATION", "late").Success)
}

func TestCancelling(t *testing.T) {
	t.Parallel()
	h := start(t, chassis.Options{})
	of := h.done("/payments", order(visa, "hold", held)).text("pspReference")
	for _, reference := range []string{"once", "twice"} {
		h.done("/payments/"+of+"/cancels", object{"reference": reference})
		require.Equal(t, done, h.hears("CANCELLATION", reference).Success)
	}
	h.done("/payments", order(visa, "by reference", held))
	h.done("/payments", order(visa, "sold"))
	for reference, want := range map[string]success{"by reference": done, "sold": notDone, "nobody's": notDone} {
		h.done("/cancels", object{"paymentReference": reference})
		require.Equal(t, want, h.hears("TECHNICAL_CANCEL", reference).Success, reference)
	}
	for i, want := range []simulator.ChargeStatus{simulator.Voided, simulator.Voided, simulator.Captured} {
		require.Equal(t, want, h.charges()[i].Status)
	}
}

func TestRefundsEndLaterAndAreWitnessed(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "simulator.db")
	h := start(t, chassis.Options{DataFile: file, Frozen: true})
	refund := func(of, reference string, value int64) string {
		return h.done("/payments/"+of+"/refunds", object{"amount": object{"currency": "EUR", "value": value}, "reference": reference}).text("pspReference")
	}
	of := h.done("/payments", order(visa, "sale")).text("pspReference")
	refund(of, "pi_1-rf_1", 5_000)
	require.Equal(t, "pending", h.refunds()[0].Status)
	ended := h.done("/payments", order(visa, "ended")).text("pspReference")
	status, _ := h.post("/_sim/refunds/"+refund(ended, "before its time", 5_000), `{"status":"failed"}`)
	require.Equal(t, http.StatusOK, status)
	h.stop()
	h = start(t, chassis.Options{DataFile: file, SettleAfter: time.Hour})
	refund(ended, "more than all", 12_001)
	require.Equal(t, "Insufficient balance on payment", h.hears("REFUND", "more than all").Reason)
	require.Equal(t, done, h.hears("REFUND", "pi_1-rf_1").Success)
	refund(of, "pi_1-rf_2", 7_001)
	require.Equal(t, "Insufficient balance on payment", h.hears("REFUND", "pi_1-rf_2").Reason)
	require.EqualValues(t, 5_000, h.charges()[0].AmountRefunded)
	made := h.refunds()
	require.Len(t, made, 4)
	require.Equal(t, []string{"succeeded", "failed", "failed", "failed"}, []string{made[0].Status, made[1].Status, made[2].Status, made[3].Status})
	require.JSONEq(t, `{"payment_id":"pi_1","refund_id":"rf_1"}`, string(made[0].Metadata))
	require.Equal(t, of, made[0].PaymentIntent)

	unpaid := h.done("/payments", order(visa, "hold", held)).text("pspReference")
	refund(unpaid, "early", 1)
	require.Equal(t, notDone, h.hears("REFUND", "early").Success)

	pends := h.done("/payments", order("4000000000007726", "pends")).text("pspReference")
	id := refund(pends, "open", 1_000)
	status, _ = h.post("/_sim/refunds/"+id, `{"status":"failed"}`)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, notDone, h.hears("REFUND", "open").Success)

	fails := h.done("/payments", order("4000000000005126", "fails")).text("pspReference")
	id = refund(fails, "taken back", 1_000)
	require.Equal(t, done, h.hears("REFUND", "taken back").Success)
	for range 2 { // the second time changes nothing
		status, _ = h.post("/_sim/refunds/"+id, `{"status":"failed"}`)
		require.Equal(t, http.StatusOK, status)
	}
	require.Equal(t, done, h.hears("REFUND_FAILED", "taken back").Success)
	for _, c := range h.charges() {
		if c.PaymentIntent == pends || c.PaymentIntent == fails {
			require.Zero(t, c.AmountRefunded)
		}
	}
}

func TestTheShopperAuthenticates(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ answer, result, code string }{
		"approved": {"approve", "Authorised", ""}, "failed": {"fail", "Refused", "11"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := start(t, chassis.Options{})
			asked := h.done("/payments", order(threeDS, "sale"))
			require.Equal(t, "RedirectShopper", asked.text("resultCode"))
			require.Empty(t, asked.text("pspReference"))
			require.Empty(t, h.charges())
			page := asked["action"].(map[string]any)["url"].(string)
			require.Contains(t, page, h.server.URL)
			response, err := http.Get(page)
			require.NoError(t, err)
			text, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			require.Contains(t, string(text), "120.00")

			client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			response, err = client.PostForm(page, url.Values{"outcome": {c.answer}})
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			back, err := url.Parse(response.Header.Get("Location"))
			require.NoError(t, err)
			require.Equal(t, "7", back.Query().Get("order"))
			require.Empty(t, h.charges(), "nothing is taken before the result is handed over")

			details := object{"details": object{"redirectResult": back.Query().Get("redirectResult")}}
			first := h.done("/payments/details", details)
			require.Equal(t, c.result, first.text("resultCode"))
			require.Equal(t, c.code, first.text("refusalReasonCode"))
			require.Equal(t, first, h.done("/payments/details", details), "again, under another key")
			require.Equal(t, "sale", h.hears("AUTHORISATION", "sale").MerchantReference)
			require.Len(t, h.charges(), map[string]int{"approve": 1}[c.answer])
		})
	}
}

func TestAWaitingPaymentIsCancelledByItsReference(t *testing.T) {
	t.Parallel()
	h := start(t, chassis.Options{})
	asked := h.done("/payments", order(visa, "sale", object{"authenticationData": object{"attemptAuthentication": "always"}}))
	h.done("/cancels", object{"paymentReference": "sale"})
	status, _ := h.post("/_sim/3ds/sale", `{"outcome":"approve"}`)
	require.Equal(t, http.StatusConflict, status)
	response, err := http.PostForm(asked["action"].(map[string]any)["url"].(string), url.Values{"outcome": {"approve"}})
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, done, h.hears("TECHNICAL_CANCEL", "sale").Success)
	require.Empty(t, h.charges())

	h.done("/payments", order(threeDS, "second"))
	_, answer := h.post("/_sim/3ds/second", `{"outcome":"approve"}`)
	back, err := url.Parse(answer.text("return_url"))
	require.NoError(t, err)
	h.done("/cancels", object{"paymentReference": "second"})
	late := h.done("/payments/details", object{"details": object{"redirectResult": back.Query().Get("redirectResult")}})
	require.Equal(t, "Cancelled", late.text("resultCode"))
	require.Empty(t, h.charges())
}

func TestRefusedRequests(t *testing.T) {
	t.Parallel()
	h := start(t, chassis.Options{})
	other := func(method object) object { return object{"paymentMethod": method} }
	for code, c := range map[string]struct {
		path string
		body object
	}{
		"101":    {"/payments", order("4242424242424241", "r")},
		"103":    {"/payments", order(visa, "r", other(object{"type": "scheme", "number": visa, "expiryMonth": "03", "expiryYear": "2060", "cvc": "12"}))},
		"129":    {"/payments", order(visa, "r", other(object{"type": "scheme", "number": visa, "expiryMonth": "03", "expiryYear": "2020"}))},
		"130":    {"/payments", order(visa, "")},
		"137":    {"/payments", order(visa, "r", object{"amount": object{"currency": "EUR", "value": 0}})},
		"138":    {"/payments", order(visa, "r", object{"amount": object{"currency": "XXX", "value": 1}})},
		"905":    {"/payments", order(visa, "r", other(object{"type": "ideal"}))},
		"901":    {"/paymentMethods", object{"merchantAccount": ""}},
		"167":    {"/payments/UNKNOWN/captures", object{"amount": object{"currency": "EUR", "value": 1}}},
		"14_019": {"/payments/details", object{"details": object{"redirectResult": "none"}}},
	} {
		status, answer := h.call(c.path, "the same key", c.body)
		require.GreaterOrEqual(t, status, 400, code)
		require.Equal(t, code, answer.text("errorCode"), answer)
	}
	require.Empty(t, h.charges())
	require.Equal(t, "Authorised", h.done("/payments", order(visa, "r")).text("resultCode"))

	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.server.URL+"/v71/paymentMethods", strings.NewReader(`{}`))
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusUnauthorized, response.StatusCode)
}

// A process that dies leaves what it answered, and what it was about to do.
func TestItGoesOnAfterADeath(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "simulator.db")
	h := start(t, chassis.Options{DataFile: file, Frozen: true}) // it dies before it does anything
	status, first := h.call("/payments", "key", order(visa, "hold", held))
	require.Equal(t, http.StatusOK, status)
	of := first.text("pspReference")
	capture := object{"amount": object{"currency": "EUR", "value": 12_000}, "reference": "take"}
	_, taken := h.call("/payments/"+of+"/captures", "capture", capture)
	h.stop()

	h = start(t, chassis.Options{DataFile: file})
	require.Equal(t, taken.text("pspReference"), h.hears("CAPTURE", "take").PSPReference)
	require.EqualValues(t, 12_000, h.charges()[0].AmountCaptured)
	_, again := h.call("/payments", "key", order(visa, "hold", held))
	require.Equal(t, first, again)
	_, again = h.call("/payments", "key", order(visa, "another", object{"amount": object{"currency": "EUR", "value": 1}}))
	require.Equal(t, first, again, "whatever the body says")
	_, again = h.call("/payments/"+of+"/captures", "capture", capture)
	require.Equal(t, taken, again)
	require.Len(t, h.charges(), 1)
	require.Equal(t, "key", h.charges()[0].IdempotencyKey)
	h.stop()
	for _, name := range []string{file, file + "-wal"} {
		text, err := os.ReadFile(name)
		if err == nil {
			require.NotContains(t, string(text), visa)
		}
	}
}

func TestDisputesAndTheRecord(t *testing.T) {
	t.Parallel()
	h := start(t, chassis.Options{})
	of := h.done("/payments", order("4000000000002685", "disputed")).text("pspReference")
	told := h.hears("CHARGEBACK", "disputed")
	require.Equal(t, of, told.OriginalReference)
	require.Equal(t, told.PSPReference, h.hears("NOTIFICATION_OF_CHARGEBACK", "disputed").PSPReference, "one reference for all of a dispute")
	var record struct{ Disputes []simulator.Dispute }
	h.get("/_sim/disputes", &record)
	require.Len(t, record.Disputes, 1)
	require.EqualValues(t, 12_000, record.Disputes[0].Withdrawn)

	status, _ := h.post("/_sim/disputes/"+told.PSPReference, `{"status":"unheard of"}`)
	require.Equal(t, http.StatusBadRequest, status)
	status, _ = h.post("/_sim/disputes/"+told.PSPReference, `{"status":"won"}`)
	require.Equal(t, http.StatusOK, status)
	h.hears("CHARGEBACK_REVERSED", "disputed")
	h.get("/_sim/disputes", &record)
	require.Zero(t, record.Disputes[0].Withdrawn)
	status, _ = h.post("/_sim/disputes/"+told.PSPReference, `{"status":"lost"}`)
	require.Equal(t, http.StatusConflict, status)

	part := h.done("/payments", order(visa, "in part", object{"amount": object{"currency": "IDR", "value": 500}})).text("pspReference")
	for body, want := range map[string]int{`,"amount":50001`: http.StatusConflict, `,"amount":60000`: http.StatusConflict, `,"amount":20000`: http.StatusCreated} {
		status, _ = h.post("/_sim/disputes", `{"payment":"`+part+`"`+body+`}`)
		require.Equal(t, want, status, body)
	}
	require.EqualValues(t, 200, h.hears("CHARGEBACK", "in part").Amount.Value)

	h.done("/payments", order("4000000000001976", "asked about"))
	require.EqualValues(t, 12_000, h.hears("REQUEST_FOR_INFORMATION", "asked about").Amount.Value)
	h.get("/_sim/disputes", &record)
	require.Zero(t, record.Disputes[len(record.Disputes)-1].Withdrawn)
	unpaid := h.done("/payments", order(visa, "hold", held)).text("pspReference")
	status, _ = h.post("/_sim/disputes", `{"payment":"`+unpaid+`"}`)
	require.Equal(t, http.StatusConflict, status)
}

// The signature is Adyen's own example.
// Source: docs.adyen.com/development-resources/webhooks/secure-webhooks/verify-hmac-signatures.
func TestWebhooksAreSignedAsAdyenSigns(t *testing.T) {
	t.Parallel()
	n := notification{
		AdditionalData: map[string]string{}, Amount: amount{"EUR", 1000}, EventCode: "EVENT", MerchantAccountCode: "merchantAccount",
		MerchantReference: "reference", OriginalReference: "originalReference", PSPReference: "pspReference", Success: done,
	}
	e := envelope{Live: "false"}
	e.Items = append(e.Items, struct {
		Item notification `json:"NotificationRequestItem"`
	}{n})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1/", nil)
	require.NoError(t, err)
	sign(r, chassis.Delivery{
		Event:       chassis.Event{Body: chassis.Marshal(e)},
		Credentials: map[string]string{"hmac_key": "DFB1EB5485895CFA84146406857104ABB4CBCABDC8AAF103A624C8F6A3EAAB00"},
	})
	var got envelope
	require.NoError(t, json.NewDecoder(r.Body).Decode(&got))
	require.Equal(t, "ipnxGCaUZ4l8TUW75a71/ghd2Fe5ffvX0pV4TLTntIc=", got.Items[0].Item.AdditionalData["hmacSignature"])
}

func TestAmountsAreWitnessedInMinorUnits(t *testing.T) {
	t.Parallel()
	for of, want := range map[amount]int64{
		{"EUR", 1_234}: 1_234, {"CLP", 50_000}: 500, {"ISK", 50_000}: 500, {"CVE", 500}: 50_000, {"IDR", 500}: 50_000, {"KWD", 12_345}: 12_345,
	} {
		minor, err := of.minor()
		require.NoError(t, err)
		require.Equal(t, want, minor, of)
		back, err := fromMinor(minor, of.Currency)
		require.NoError(t, err)
		require.Equal(t, of, back)
	}
	_, err := amount{"CLP", 12_345}.minor()
	require.Error(t, err)
	require.Equal(t, Credentials("live"), Credentials("live"))
	require.NotEqual(t, Credentials("live"), Credentials("sandbox"))
}
