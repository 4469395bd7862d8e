package stripe_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/gateway"
	"paymenthub/internal/gateway/stripe"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
	"paymenthub/internal/vault"
)

type inHand vault.Card

func (c inHand) Open(context.Context) (vault.Card, error) { return vault.Card(c), nil }

func sale() gateway.Authorization {
	paymentID := id.New(id.Payment)
	return gateway.Authorization{
		Call: gateway.Call{
			Scope:     merchant.Scope{MerchantID: id.New(id.Merchant), Environment: merchant.Live},
			PaymentID: paymentID, AttemptID: id.New(id.Attempt), TransactionID: id.New(id.Transaction),
			IdempotencyKey: paymentID + "-sale-1", Amount: money.New(12_000, "AED"), CreatedAt: time.Now(),
		},
		Capture: true, Instrument: inHand(card("4242424242424242")), ReturnURL: "https://shop.example/back",
		Description: "Order 998", StatementDescriptor: "ORDER 998",
	}
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
	for _, o := range []stripe.Options{{}, {SecretKey: "sk", BaseURL: "not an address"}, {SecretKey: "sk", BaseURL: "ftp://x"}} {
		_, err := stripe.New(o)
		require.Error(t, err)
	}
	adapter, err := stripe.New(stripe.Options{SecretKey: "sk"})
	require.NoError(t, err)
	require.Equal(t, "stripe", adapter.Provider())
	require.True(t, adapter.Capabilities().Currencies["AED"])
	require.False(t, adapter.Capabilities().Currencies["IRR"])
}

func TestWhatIsSent(t *testing.T) {
	var got *http.Request
	var form map[string][]string
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		require.NoError(t, r.ParseForm())
		got, form = r, r.PostForm
		w.WriteHeader(http.StatusInternalServerError)
	})
	request := sale()
	newAdapter(t, url, nil).Authorize(t.Context(), request)
	require.Equal(t, "/v1/payment_intents", got.URL.Path)
	require.Equal(t, request.IdempotencyKey, got.Header.Get("Idempotency-Key"))
	require.Equal(t, "2023-10-16", got.Header.Get("Stripe-Version"))
	require.Empty(t, got.Header.Get("X-Stripe-Client-Telemetry"))
	for name, want := range map[string]string{
		"amount": "12000", "currency": "aed", "confirm": "true", "capture_method": "automatic",
		"payment_method_data[type]": "card", "payment_method_data[card][number]": "4242424242424242",
		"payment_method_data[card][cvc]": "917", "payment_method_data[billing_details][name]": "Ada Lovelace",
		"payment_method_types[0]": "card", "return_url": request.ReturnURL, "description": request.Description,
		"statement_descriptor_suffix": request.StatementDescriptor, "expand[0]": "latest_charge.balance_transaction",
		"metadata[payment_id]": request.PaymentID, "metadata[attempt_id]": request.AttemptID,
		"metadata[transaction_id]": request.TransactionID, "metadata[merchant_id]": request.Scope.MerchantID,
		"metadata[environment]": "live", "metadata[idempotency_key]": request.IdempotencyKey,
	} {
		require.Equal(t, []string{want}, form[name], name)
	}
	require.NotContains(t, form, "error_on_requires_action")
}

// net/http would repeat the request by itself on a connection that was used
// before, because it carries an idempotency key.
func TestALostAnswerIsNotAskedForAgain(t *testing.T) {
	url, asked := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			fmt.Fprint(w, `{"id":"pi_1","object":"payment_intent","status":"succeeded"}`)
			return
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		require.NoError(t, err)
		require.NoError(t, conn.Close())
	})
	adapter, request := newAdapter(t, url, nil), sale()
	request.GatewayReference = "pi_1"
	adapter.Lookup(t.Context(), gateway.Lookup{Call: request.Call, Kind: payment.Sale}) // warms the connection up
	require.EqualValues(t, 1, asked.Load())
	require.Equal(t, payment.OutcomeUnknown, adapter.Authorize(t.Context(), request).Class)
	require.EqualValues(t, 2, asked.Load())
}

func TestACardFollowsNoRedirect(t *testing.T) {
	elsewhere, strayed := serve(t, func(http.ResponseWriter, *http.Request) {})
	for _, status := range []int{301, 302, 307, 308} {
		url, asked := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere, status) })
		require.Equal(t, payment.OutcomeUnknown, newAdapter(t, url, nil).Authorize(t.Context(), sale()).Class)
		require.EqualValues(t, 1, asked.Load())
	}
	require.Zero(t, strayed.Load())
}

func TestAnswersThatSayNothingAreUnknown(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"empty":             func(http.ResponseWriter, *http.Request) {},
		"a page":            func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>4242424242424242</html>") },
		"a page of a proxy": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", http.StatusForbidden) },
		"another object":    func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"object":"list","data":[]}`) },
		"a foreign payment": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"id":"pi_1","status":"succeeded"}`) },
		"a broken body":     func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"id":"pi_1","status":"succ`) },
		"an error in nothing": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{}`)
		},
		"less than was promised": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, `{"id":"pi_1","status":"succeeded"}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			url, _ := serve(t, answer)
			o := newAdapter(t, url, nil).Authorize(t.Context(), sale())
			require.Equal(t, payment.OutcomeUnknown, o.Class, "%+v", o)
			require.NotContains(t, o.Detail, "4242")
		})
	}
}

func TestNoHandshakeMeansNothingSent(t *testing.T) {
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(untrusted.Close)
	o := newAdapter(t, untrusted.URL, nil).Authorize(t.Context(), sale())
	require.Equal(t, payment.OutcomeDeclined, o.Class, "%+v", o)
	require.Equal(t, payment.DeclineGatewayUnavailable, o.Decline.Code)

	o = newAdapter(t, "http://nobody.invalid", nil).Authorize(t.Context(), sale())
	require.Equal(t, payment.OutcomeDeclined, o.Class, "%+v", o)
	require.Equal(t, payment.DeclineGatewayUnavailable, o.Decline.Code)
}

// A transport that is not net/http's tells nothing of what it sent.
func TestAnOpaqueTransportProvesNothing(t *testing.T) {
	adapter, err := stripe.New(stripe.Options{SecretKey: secretKey, HTTPClient: &http.Client{Transport: opaque{}}})
	require.NoError(t, err)
	require.Equal(t, payment.OutcomeUnknown, adapter.Authorize(t.Context(), sale()).Class)
}

type opaque struct{}

func (opaque) RoundTrip(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }

func TestALookUpThatCannotSeeEverythingProvesNoAbsence(t *testing.T) {
	url, asked := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/search") {
			fmt.Fprint(w, `{"object":"search_result","has_more":false,"data":[]}`)
			return
		}
		fmt.Fprintf(w, `{"object":"list","has_more":true,"data":[{"id":"pi_%s_more","metadata":{}}]}`, r.URL.Query().Get("starting_after"))
	})
	call := sale().Call
	call.CreatedAt = time.Now()
	o := newAdapter(t, url, nil).Lookup(t.Context(), gateway.Lookup{Call: call, Kind: payment.Sale})
	require.Equal(t, payment.OutcomeUnknown, o.Class)
	require.EqualValues(t, 1+20, asked.Load(), "one search, then the list up to its bound")

	call.CreatedAt = time.Now().Add(-11 * time.Minute)
	o = newAdapter(t, url, nil).Lookup(t.Context(), gateway.Lookup{Call: call, Kind: payment.Sale})
	require.Equal(t, payment.OutcomeAbsent, o.Class, "the search's index has caught up")
}
