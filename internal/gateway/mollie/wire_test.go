package mollie_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
	"paymenthub/internal/gateway"
	"paymenthub/internal/gateway/mollie"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

func sale(method payment.MethodType) gateway.Authorization {
	paymentID := id.New(id.Payment)
	return gateway.Authorization{
		Call: gateway.Call{
			Scope:     merchant.Scope{MerchantID: id.New(id.Merchant), Environment: merchant.Sandbox},
			PaymentID: paymentID, AttemptID: id.New(id.Attempt), TransactionID: id.New(id.Transaction),
			IdempotencyKey: paymentID + "-sale-1", Amount: money.New(12_000, "EUR"), CreatedAt: time.Now(),
		},
		Method: method, Capture: true, ReturnURL: "https://shop.example/back", Description: "Order 998",
	}
}

// refundCall names a refund of part of a payment.
func refundCall(of gateway.Call, reference string, minor int64) gateway.Refund {
	of.TransactionID, of.GatewayReference, of.Amount.Minor = id.New(id.Transaction), reference, minor
	of.IdempotencyKey = of.TransactionID + "-refund"
	return gateway.Refund{Call: of, RefundID: id.New(id.Refund)}
}

// serve answers everything in one way and counts how often it is asked.
func serve(t *testing.T, answer http.HandlerFunc) (url string, asked *atomic.Int64) {
	asked = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, asked
}

func TestOptionsAreChecked(t *testing.T) {
	for _, o := range []mollie.Options{{}, {APIKey: " "}, {APIKey: "test_x", BaseURL: "not an address"}, {APIKey: "test_x", BaseURL: "ftp://x"}} {
		_, err := mollie.New(o)
		require.Error(t, err)
	}
	made, err := mollie.New(mollie.Options{APIKey: "test_x"})
	require.NoError(t, err)
	require.Equal(t, "mollie", made.Provider())
}

func TestKeysOfTheOtherModeAreRefused(t *testing.T) {
	for key, c := range map[string]struct {
		settings gateway.Settings
		ok       bool
	}{
		"":         {},
		"access_1": {},
		"test_1":   {ok: true},
		"live_1":   {},
		" live_2 ": {settings: gateway.Settings{Live: true}, ok: true},
		"test_2":   {settings: gateway.Settings{Live: true}},
		"test_3":   {settings: gateway.Settings{Live: true, BaseURL: "http://127.0.0.1:1"}, ok: true},
	} {
		c.settings.Values = map[string]string{"api_key": key}
		_, err := mollie.Provider.New(c.settings)
		require.Equal(t, c.ok, err == nil, "%q: %v", key, err)
		if err != nil {
			require.True(t, fault.Is(err, fault.Invalid))
			require.Contains(t, err.Error(), "credentials.api_key")
			require.NotContains(t, err.Error(), "_1", "the key is quoted")
		}
	}
}

func TestWhatCannotBeAskedIsDeclinedUnsent(t *testing.T) {
	url, asked := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	a := adapter(t, url, nil)
	of := func(method payment.MethodType, minor int64, currency money.Currency, capture bool) payment.DeclineCode {
		req := sale(method)
		req.Amount, req.Capture = money.New(minor, currency), capture
		o := a.Authorize(t.Context(), req)
		require.Equal(t, payment.OutcomeDeclined, o.Class, "%+v", o)
		return o.Decline.Code
	}
	require.Equal(t, payment.DeclineNotPermitted, of(payment.MethodCard, 100, "EUR", true))
	require.Equal(t, payment.DeclineNotPermitted, of(payment.MethodIDEAL, 100, "EUR", false), "nothing is held")
	require.Equal(t, payment.DeclineCurrency, of(payment.MethodIDEAL, 100, "USD", true))
	require.Equal(t, payment.DeclineCurrency, of(payment.MethodBancontact, 100, "GBP", true))
	require.Equal(t, payment.DeclineCurrency, of(payment.MethodPayPal, 100, "AED", true))
	require.Equal(t, payment.DeclineAmount, of(payment.MethodIDEAL, 5_000_001, "EUR", true))
	require.Equal(t, payment.DeclineAmount, of(payment.MethodBancontact, 1, "EUR", true))
	require.Equal(t, payment.DeclineAmount, of(payment.MethodPayPal, 100_050, "HUF", true))
	require.Equal(t, payment.DeclineAmount, of(payment.MethodPayPal, 0, "EUR", true))
	for _, o := range []payment.Outcome{
		a.Capture(t.Context(), gateway.Call{}), a.StoreMethod(t.Context(), gateway.Storage{}),
		a.FindMethod(t.Context(), gateway.MethodLookup{}), a.DetachMethod(t.Context(), gateway.Detachment{}),
	} {
		require.Equal(t, payment.OutcomeDeclined, o.Class)
		require.Equal(t, payment.DeclineNotPermitted, o.Decline.Code)
	}
	for _, reference := range []string{"", "../balances", "tr_1/refunds", "tr_1?x=1"} {
		of := refundCall(sale(payment.MethodIDEAL).Call, reference, 100)
		require.Equal(t, payment.OutcomeUnknown, a.Refund(t.Context(), of).Class)
		require.Equal(t, payment.OutcomeUnknown, a.Void(t.Context(), of.Call).Class)
		require.Equal(t, payment.OutcomeUnknown, a.Lookup(t.Context(), gateway.Lookup{Call: of.Call, Kind: payment.RefundOfSale}).Class)
		require.Equal(t, payment.OutcomeUnknown, a.Lookup(t.Context(), gateway.Lookup{Call: of.Call, Kind: payment.Void}).Class)
	}
	require.Zero(t, asked.Load())
}

func TestADescriptionFits(t *testing.T) {
	var body []byte
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) { body = sentBy(t, r).Body })
	req := sale(payment.MethodIDEAL)
	req.Description = strings.Repeat("ö", 300)
	adapter(t, url, nil).Authorize(t.Context(), req)
	require.Contains(t, string(body), `"`+strings.Repeat("ö", 255)+`"`)
	req.Description = ""
	adapter(t, url, nil).Authorize(t.Context(), req)
	require.Contains(t, string(body), `"description":"`+req.PaymentID+`"`, "Mollie wants one")
}

// Each call is made once, whatever is answered, and only an answer that says no is one.
func TestWhatAnswersMean(t *testing.T) {
	const declined, unknown = payment.OutcomeDeclined, payment.OutcomeUnknown
	for _, c := range []struct {
		status   int
		body     string
		class    payment.OutcomeClass
		repeated payment.OutcomeClass // of a call that may have been sent before
		code     payment.DeclineCode
	}{
		{200, "", unknown, unknown, ""},
		{201, "{}", unknown, unknown, ""},
		{201, `{"id":"tr_1","status":"open","amount":{"currency":"EUR","value":"120.00"}}`, unknown, unknown, ""}, // somebody else's
		{302, "", unknown, unknown, ""},
		{400, `{"status":400}`, unknown, unknown, ""},
		{401, "", declined, unknown, payment.DeclineGatewayConfiguration},
		{403, `{"status":403}`, declined, unknown, payment.DeclineGatewayConfiguration},
		{404, `{"status":404}`, declined, unknown, payment.DeclineGatewayConfiguration},
		{409, `{"status":409}`, unknown, unknown, ""},
		{410, `{"status":410}`, declined, unknown, payment.DeclineGatewayConfiguration},
		{422, `{"status":422,"field":"amount"}`, declined, unknown, payment.DeclineAmount},
		{422, `{"status":422,"field":"amount.value"}`, declined, unknown, payment.DeclineAmount},
		{422, `{"status":422,"field":"amount.currency"}`, declined, unknown, payment.DeclineCurrency},
		{422, `{"status":422,"field":"method"}`, declined, unknown, payment.DeclineGatewayConfiguration},
		{422, `<html>`, declined, unknown, payment.DeclineGatewayConfiguration},
		{429, "", declined, unknown, payment.DeclineGatewayUnavailable},
		{500, "", unknown, unknown, ""},
		{502, "<html>", unknown, unknown, ""},
		{503, `{"status":503}`, unknown, unknown, ""},
		{504, "", unknown, unknown, ""},
	} {
		for _, chunked := range []bool{false, true} { // the library reads errors of known length otherwise
			url, asked := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				if chunked {
					w.(http.Flusher).Flush()
				}
				_, _ = w.Write([]byte(c.body))
			})
			req := sale(payment.MethodIDEAL)
			o := adapter(t, url, nil).Authorize(t.Context(), req)
			require.Equal(t, c.class, o.Class, "%d %s: %+v", c.status, c.body, o)
			if c.class == declined {
				require.Equal(t, c.code, o.Decline.Code, "%d %s", c.status, c.body)
			} else {
				require.NotEmpty(t, o.Detail)
			}
			req.Repeated = true
			require.Equal(t, c.repeated, adapter(t, url, nil).Authorize(t.Context(), req).Class, "%d %s", c.status, c.body)
			require.EqualValues(t, 2, asked.Load(), "%d %s", c.status, c.body)
		}
	}
}

// A refusal that comes minutes after the call was written down overtakes nothing.
func TestALateRefusalIsBelieved(t *testing.T) {
	url, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = w.Write([]byte(`{"status":422,"field":"amount"}`))
	})
	req := sale(payment.MethodIDEAL)
	req.Repeated, req.CreatedAt = true, time.Now().Add(-3*time.Minute)
	o := adapter(t, url, nil).Authorize(t.Context(), req)
	require.Equal(t, payment.OutcomeDeclined, o.Class, "%+v", o)
}

func TestTheStateOfThePaymentForbidsARefund(t *testing.T) {
	url, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = w.Write([]byte(`{"status":422,"title":"Unprocessable Entity","detail":"The payment has already been refunded"}`))
	})
	o := adapter(t, url, nil).Refund(t.Context(), refundCall(sale(payment.MethodIDEAL).Call, "tr_1", 100))
	require.Equal(t, payment.OutcomeDeclined, o.Class)
	require.Equal(t, payment.DeclineState, o.Decline.Code)
	require.Equal(t, "unprocessable_entity", o.Decline.GatewayCode)
	require.NotContains(t, o.Detail, "refunded", "Mollie's own text")
}

// pages answers a list of payments with one of n, and where it goes on.
func pages(t *testing.T, n int, mine gateway.Call, next func(i int) string) (url string, asked *atomic.Int64) {
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "250", r.URL.Query().Get("limit"))
		i := 0
		_, _ = fmt.Sscanf(r.URL.Query().Get("from"), "tr_%d", &i)
		transaction, link := "txn_other", "null"
		if i == n {
			transaction = mine.TransactionID
		} else {
			link = fmt.Sprintf(`{"href":%q}`, next(i+1))
		}
		_, _ = fmt.Fprintf(w, `{"count":1,"_embedded":{"payments":[{"id":"tr_%d","status":"open","createdAt":%q,
			"amount":{"currency":"EUR","value":"120.00"},"metadata":{"payment_id":%q,"transaction_id":%q},
			"_links":{"checkout":{"href":"https://mollie.example/pay"}}}]},"_links":{"next":%s}}`,
			i, time.Now().UTC().Format(time.RFC3339), mine.PaymentID, transaction, link)
	})
}

func TestALostPaymentIsLookedForPageByPage(t *testing.T) {
	mine := sale(payment.MethodIDEAL).Call
	elsewhere := func(i int) string { return fmt.Sprintf("https://elsewhere.example/v2/payments?from=tr_%d", i) }
	find := func(url string, c gateway.Call) payment.Outcome {
		return adapter(t, url, nil).Lookup(t.Context(), gateway.Lookup{Call: c, Kind: payment.Sale})
	}
	url, asked := pages(t, 3, mine, elsewhere)
	found := find(url, mine)
	require.Equal(t, payment.OutcomeActionRequired, found.Class, "%+v", found)
	require.Equal(t, "tr_3", found.GatewayReference)
	require.EqualValues(t, 4, asked.Load(), "only the cursor of the next address counts")

	// Younger payments than the call cannot be left out: the list is too long to be sure.
	url, asked = pages(t, 1_000, mine, elsewhere)
	o := find(url, mine)
	require.Equal(t, payment.OutcomeUnknown, o.Class)
	require.EqualValues(t, 20, asked.Load())

	// Older ones end the search.
	later := mine
	later.CreatedAt = time.Now().Add(time.Hour)
	url, asked = pages(t, 1_000, mine, elsewhere)
	require.Equal(t, payment.OutcomeAbsent, find(url, later).Class)
	require.EqualValues(t, 1, asked.Load())

	url, _ = pages(t, 3, mine, func(int) string { return "https://elsewhere.example/?from=../balances" })
	require.Equal(t, payment.OutcomeUnknown, find(url, mine).Class)
}

func TestAnAnswerThatIsNoListProvesNothing(t *testing.T) {
	for _, body := range []string{"", "{}", "null", "[]", `{"count":1,"_embedded":{"payments":[null]}}`, `{"count":1,"_embedded":{"payments":[{"id":"tr_1"}]}}`} {
		url, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
		a, c := adapter(t, url, nil), sale(payment.MethodIDEAL).Call
		require.Equal(t, payment.OutcomeUnknown, a.Lookup(t.Context(), gateway.Lookup{Call: c, Kind: payment.Sale}).Class, body)
		c.GatewayReference = "tr_1"
		if !strings.Contains(body, "payments") {
			require.Equal(t, payment.OutcomeUnknown, a.Lookup(t.Context(), gateway.Lookup{Call: c, Kind: payment.RefundOfSale}).Class, body)
		}
		require.Equal(t, payment.OutcomeUnknown, a.Lookup(t.Context(), gateway.Lookup{Call: c, Kind: payment.Sale}).Class, body)
	}
}
