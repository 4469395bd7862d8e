package checkout

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"paymenthub/internal/simulator"
)

func TestASaleIsCapturedAMomentLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	code, made := w.post("/payments", request(visa, nil))
	require.Equal(t, http.StatusCreated, code)
	require.Equal(t, "Authorized", made["status"])
	require.Equal(t, "10000", made["response_code"])
	require.Equal(t, true, made["approved"])
	id := made["id"].(string)
	w.becomes(id, "Captured")

	_, actions := w.get("/payments/" + id + "/actions")
	list := actions["list"].([]any)
	require.Len(t, list, 2)
	require.Equal(t, "Capture", list[0].(object)["type"], "the latest first")
	require.Equal(t, "Authorization", list[1].(object)["type"])

	told := w.hears("payment_captured", id)
	mac := hmac.New(sha256.New, []byte(Credentials("sandbox")[credentialWebhook]))
	mac.Write(told.body)
	require.Equal(t, hex.EncodeToString(mac.Sum(nil)), told.signature)
	require.InDelta(t, 12000, told.event.Data["balances"].(object)["total_captured"], 0)
	require.Equal(t, object{"payment_id": "pi_1", "transaction_id": "txn_1"}, told.event.Data["metadata"])
	w.hears("payment_approved", id)

	charge := w.charges()[0]
	require.Equal(t, simulator.Captured, charge.Status)
	require.Equal(t, id, charge.PaymentIntent)
	require.Equal(t, "eur", charge.Currency)
	require.EqualValues(t, 12000, charge.AmountCaptured)
}

func TestCapturesVoidsAndRefunds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	held := object{"capture": false}
	id := w.pays(visa, "Authorized", held)
	code, answer := w.post("/payments/"+id+"/captures", object{"amount": 12001})
	require.Equal(t, http.StatusUnprocessableEntity, code)
	require.Equal(t, []any{"capture_value_greater_than_authorized"}, answer["error_codes"])
	code, answer = w.post("/payments/"+id+"/captures", object{"amount": 7000, "reference": "txn_2", "metadata": object{"movement": "txn_2"}})
	require.Equal(t, http.StatusAccepted, code)
	w.becomes(id, "Partially Captured")
	told := w.hears("payment_captured", answer["action_id"].(string))
	require.Equal(t, object{"payment_id": "pi_1", "transaction_id": "txn_1", "movement": "txn_2"}, told.event.Data["metadata"])
	for _, again := range []string{"/captures", "/voids"} {
		code, _ = w.post("/payments/"+id+again, object{})
		require.Equal(t, http.StatusForbidden, code, again)
	}

	code, answer = w.post("/payments/"+id+"/refunds", object{"amount": 7001})
	require.Equal(t, http.StatusUnprocessableEntity, code)
	require.Equal(t, []any{"amount_exceeds_balance"}, answer["error_codes"])
	code, answer = w.post("/payments/"+id+"/refunds", object{"amount": 3000, "metadata": object{"refund_id": "rf_1"}})
	require.Equal(t, http.StatusAccepted, code)
	w.hears("payment_refunded", answer["action_id"].(string))
	w.becomes(id, "Partially Refunded")
	code, _ = w.post("/payments/"+id+"/refunds", nil)
	require.Equal(t, http.StatusAccepted, code)
	w.becomes(id, "Refunded")
	code, _ = w.post("/payments/"+id+"/refunds", object{"amount": 1})
	require.Equal(t, http.StatusForbidden, code)
	require.Equal(t, simulator.Refunded, w.charges()[0].Status)
	require.Len(t, w.refunds(), 2)
	require.JSONEq(t, `{"payment_id":"pi_1","transaction_id":"txn_1","refund_id":"rf_1"}`, string(w.refunds()[0].Metadata))

	id = w.pays(visa, "Authorized", held)
	code, _ = w.post("/payments/"+id+"/voids", nil)
	require.Equal(t, http.StatusAccepted, code)
	w.becomes(id, "Voided")
	w.hears("payment_voided", id)
	require.Equal(t, simulator.Voided, w.charges()[1].Status)
	code, _ = w.post("/payments/pay_none/voids", nil)
	require.Equal(t, http.StatusNotFound, code)
}

func TestTestCards(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for number, want := range map[string][3]string{ // response code, scheme's code, advice
		"4000000000000002": {"20005", "05", ""},
		"4000000000009995": {"20051", "51", "02"},
		"4000000000009987": {"30041", "41", "03"},
		"4000000000009979": {"30043", "43", "03"},
		"4000000000000069": {"20054", "54", "01"},
		"4000000000000127": {"200N7", "N7", "01"},
		"4000000000000119": {"20096", "96", ""},
		"4000000000000259": {"40101", "", ""},
	} {
		code, made := w.post("/payments", request(number, nil))
		require.Equal(t, http.StatusCreated, code, number)
		require.Equal(t, "Declined", made["status"], number)
		require.Equal(t, want[0], made["response_code"], number)
		said, _ := made["processing"].(object)
		if want[1] != "" {
			require.Equal(t, want[1], said["partner_response_code"], number)
		}
		if want[2] != "" {
			require.Equal(t, want[2], said["partner_merchant_advice_code"], number)
		}
		told := w.hears("payment_declined", made["id"].(string))
		require.Equal(t, want[0], told.event.Data["response_code"])
	}
	require.Empty(t, w.charges(), "what is declined is no charge")
	code, made := w.post("/payments", request(challenged, object{"3ds": object{}}))
	require.Equal(t, http.StatusCreated, code)
	require.Equal(t, "20154", made["response_code"], "its issuer demands authentication")
}

func TestAuthentication(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for outcome, status := range map[string]string{"approve": "Captured", "fail": "Declined"} {
		code, made := w.post("/payments", request(challenged, nil))
		require.Equal(t, http.StatusAccepted, code)
		require.Equal(t, "Pending", made["status"])
		id, redirect := made["id"].(string), made["_links"].(object)["redirect"].(object)["href"].(string)
		w.hears("payment_pending", id)

		client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		response, err := client.PostForm(redirect, url.Values{"outcome": {outcome}})
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusSeeOther, response.StatusCode)
		target, err := response.Location()
		require.NoError(t, err)
		require.Equal(t, "7", target.Query().Get("order"))
		w.becomes(id, status)
		_, found := w.get("/payments/" + target.Query().Get("cko-session-id"))
		require.Equal(t, id, found["id"], "a session leads to its payment")
	}
	require.Len(t, w.charges(), 1)

	id := w.pays(visa, "Pending", object{"3ds": object{"enabled": true, "challenge_indicator": "challenge_requested_mandate"}})
	code, _ := w.post("/payments/"+id+"/captures", nil)
	require.Equal(t, http.StatusForbidden, code)
	code, _ = w.post("/payments/"+id+"/voids", nil)
	require.Equal(t, http.StatusAccepted, code)
	w.becomes(id, "Canceled")
	w.hears("payment_canceled", id)
	code, _ = w.post("/_sim/3ds/"+id, object{"outcome": "approve"})
	require.Equal(t, http.StatusConflict, code, "its page is closed")
	require.Len(t, w.charges(), 1)
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	card := func(number string) object {
		return object{"type": "card", "number": number, "expiry_month": 12, "expiry_year": 2040}
	}
	for code, change := range map[string]object{
		"payment_source_required":        {"source": object{}},
		"source_invalid":                 {"source": object{"type": "token"}},
		"card_number_invalid":            {"source": card("4242424242424241")},
		"card_expired":                   {"source": object{"type": "card", "number": visa, "expiry_month": 1, "expiry_year": 2020}},
		"cvv_invalid":                    {"source": object{"type": "card", "number": visa, "expiry_month": 1, "expiry_year": 2040, "cvv": "12"}},
		"processing_channel_id_required": {"processing_channel_id": ""},
		"currency_invalid":               {"currency": "ZZZ"},
		"amount_invalid":                 {"currency": "KWD", "amount": 12345},
		"reference_invalid":              {"reference": strings.Repeat("x", 51)},
		"success_url_invalid":            {"success_url": "nowhere"},
		"fail_url_invalid":               {"failure_url": ""},
		"request_json_invalid":           {"amount": "12"},
	} {
		status, answer := w.post("/payments", request(visa, change))
		require.Equal(t, http.StatusUnprocessableEntity, status, code)
		require.Equal(t, []any{code}, answer["error_codes"], code)
	}
	for _, change := range []object{{"amount": 0}, {"amount": 1_000_000_000}, {"currency": "CLP", "amount": 150}} {
		status, answer := w.post("/payments", request(visa, change))
		require.Equal(t, http.StatusUnprocessableEntity, status)
		require.Equal(t, []any{"amount_invalid"}, answer["error_codes"])
	}
	for _, path := range []string{"/payments", "/payments?reference=x&limit=101", "/payments?reference=x&skip=-1", "/payments?reference=x&limit=all"} {
		status, _ := w.get(path)
		require.Equal(t, http.StatusUnprocessableEntity, status, path)
	}
	require.Empty(t, w.charges())
}

func TestPesosAreCountedWithDecimalsThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.pays(visa, "Captured", object{"currency": "CLP", "amount": 150_000})
	require.EqualValues(t, 1_500, w.charges()[0].Amount)
	code, _ := w.post("/payments/"+id+"/refunds", object{"amount": 50_050})
	require.Equal(t, http.StatusUnprocessableEntity, code)
	code, _ = w.post("/payments/"+id+"/refunds", object{"amount": 50_000})
	require.Equal(t, http.StatusAccepted, code)
	w.becomes(id, "Partially Refunded")
	require.EqualValues(t, 500, w.charges()[0].AmountRefunded)
}

func TestAKeyIsCarriedOutOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var all sync.WaitGroup
	var mu sync.Mutex
	statuses, ids := map[int]int{}, map[any]bool{}
	for range 12 {
		all.Go(func() {
			code, made := w.send(http.MethodPost, "/payments", "key", request(visa, nil))
			mu.Lock()
			defer mu.Unlock()
			if statuses[code]++; code == http.StatusCreated {
				ids[made["id"]] = true
			} else {
				assert.Equal(t, []any{"duplicate_request"}, made["error_codes"])
			}
		})
	}
	all.Wait()
	require.Equal(t, 12, statuses[http.StatusCreated]+statuses[http.StatusTooManyRequests])
	require.Len(t, ids, 1)
	_, other := w.send(http.MethodPost, "/payments", "key", request(visa, object{"amount": 1}))
	require.True(t, ids[other["id"]], "the first answer, whatever is asked now")
	require.Len(t, w.charges(), 1)
	require.Equal(t, "key", w.charges()[0].IdempotencyKey)

	_, found := w.get("/payments?reference=order-1")
	require.InDelta(t, 1, found["total_count"], 0)
	_, found = w.get("/payments?reference=order-2")
	require.Empty(t, found["data"])
}
