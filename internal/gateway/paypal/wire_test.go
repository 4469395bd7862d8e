package paypal_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
	"paymenthub/internal/gateway"
	"paymenthub/internal/gateway/gatewaytest"
	"paymenthub/internal/gateway/paypal"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

func sale() gateway.Authorization {
	paymentID := id.New(id.Payment)
	return gateway.Authorization{
		Call: gateway.Call{
			Scope:     merchant.Scope{MerchantID: id.New(id.Merchant), Environment: merchant.Sandbox},
			PaymentID: paymentID, AttemptID: id.New(id.Attempt), TransactionID: id.New(id.Transaction),
			IdempotencyKey: paymentID + "-sale-1", Amount: money.New(12_000, "EUR"), CreatedAt: time.Now(),
		},
		Method: payment.MethodPayPal, Capture: true, ReturnURL: "https://shop.example/return", Description: "Order 998",
	}
}

const orderID = "5O190127TN364715T"

// capturing is a call on an order that there is.
func capturing() gateway.Call {
	c := sale().Call
	c.GatewayReference = orderID
	return c
}

// office gives out tokens and answers everything else in one way.
type office struct {
	url           string
	asked, tokens atomic.Int64
}

func serve(t *testing.T, answer http.HandlerFunc) *office {
	t.Helper()
	o := &office{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/oauth2/token" {
			fmt.Fprintf(w, `{"access_token":"token-%d","token_type":"Bearer","expires_in":32400}`, o.tokens.Add(1))
			return
		}
		o.asked.Add(1)
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	o.url = server.URL
	return o
}

func refusal(w http.ResponseWriter, status int, name, issue string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"name":%q,"details":[{"issue":%q}],"debug_id":"d1"}`, name, issue)
}

func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	for _, s := range []gateway.Settings{
		{},
		{Values: map[string]string{"client_id": "A"}},
		{Values: map[string]string{"client_secret": "E"}},
		{Values: map[string]string{"client_id": "A", "client_secret": "E"}, BaseURL: "ftp://x"},
		{Values: map[string]string{"client_id": "A", "client_secret": "E"}, BaseURL: "nowhere"},
	} {
		g, err := paypal.Provider.New(s)
		require.Error(t, err)
		require.True(t, fault.Is(err, fault.Invalid), "%v", err)
		require.Nil(t, g)
	}
	g, err := paypal.Provider.New(gateway.Settings{Values: map[string]string{"client_id": "A", "client_secret": "E"}, Live: true})
	require.NoError(t, err)
	require.Equal(t, "paypal", g.Provider())
	require.Equal(t, "paypal", paypal.Provider.Name)
	require.True(t, g.Capabilities().Currencies["EUR"])
	require.False(t, g.Capabilities().Currencies["AED"])
	require.Empty(t, g.Capabilities().Refusal(gateway.Order{Method: payment.MethodPayPal, Amount: money.New(1, "EUR"), Manual: true}))
	require.NotEmpty(t, g.Capabilities().Refusal(gateway.Order{Method: payment.MethodCard, Amount: money.New(1, "EUR")}))
}

func TestItKeepsNoMethodsAndTakesNoCards(t *testing.T) {
	t.Parallel()
	office := serve(t, func(http.ResponseWriter, *http.Request) {})
	a := newAdapter(t, office.url, account, nil)
	request := sale()
	request.Method = payment.MethodCard
	for _, o := range []payment.Outcome{
		a.Authorize(t.Context(), request), a.StoreMethod(t.Context(), gateway.Storage{}), a.FindMethod(t.Context(), gateway.MethodLookup{}),
		a.DetachMethod(t.Context(), gateway.Detachment{}),
	} {
		require.Equal(t, payment.OutcomeDeclined, o.Class)
		require.Equal(t, payment.DeclineNotPermitted, o.Decline.Code)
	}
	require.Zero(t, office.asked.Load())
}

func TestOneTokenServesAll(t *testing.T) {
	t.Parallel()
	office := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer token-1" {
			t.Errorf("sent with %q", r.Header.Get("Authorization"))
		}
		refusal(w, http.StatusInternalServerError, "INTERNAL_SERVER_ERROR", "")
	})
	a := newAdapter(t, office.url, account, nil)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { a.Authorize(t.Context(), sale()) })
	}
	all.Wait()
	require.EqualValues(t, 1, office.tokens.Load())
	require.EqualValues(t, 20, office.asked.Load())
}

// A token may end before its time: PayPal then refuses it before it looks at the
// request, which is sent once more with another.
func TestATokenThatEndedIsFetchedAnewOnce(t *testing.T) {
	t.Parallel()
	var keys sync.Map
	office := serve(t, func(w http.ResponseWriter, r *http.Request) {
		keys.Store(r.Header.Get("PayPal-Request-Id"), true)
		if r.Header.Get("Authorization") == "Bearer token-1" {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":"invalid_token"}`)
			return
		}
		refusal(w, http.StatusUnprocessableEntity, "UNPROCESSABLE_ENTITY", "PAYEE_ACCOUNT_RESTRICTED")
	})
	request := sale()
	o := newAdapter(t, office.url, account, nil).Authorize(t.Context(), request)
	require.Equal(t, "PAYEE_ACCOUNT_RESTRICTED", o.Decline.GatewayCode)
	require.EqualValues(t, 2, office.asked.Load())
	require.EqualValues(t, 2, office.tokens.Load())
	keys.Range(func(key, _ any) bool { require.Equal(t, request.IdempotencyKey, key); return true })

	office = serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"error":"invalid_token"}`)
	})
	o = newAdapter(t, office.url, account, nil).Authorize(t.Context(), request)
	require.Equal(t, payment.DeclineGatewayConfiguration, o.Decline.Code, "%+v", o)
	require.EqualValues(t, 2, office.asked.Load(), "once more, and not again")
}

// Without a token nothing is sent.
func TestWithoutATokenNothingHappened(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		limit  time.Duration
		code   payment.DeclineCode
	}{
		"wrong credentials": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":"invalid_client"}`)
		}, gatewaytest.Patience, payment.DeclineGatewayConfiguration},
		"down":     {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, gatewaytest.Patience, payment.DeclineGatewayUnavailable},
		"no token": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{}`) }, gatewaytest.Patience, payment.DeclineGatewayUnavailable},
		"slow":     {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, gatewaytest.Impatience, payment.DeclineGatewayUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/v1/oauth2/token" {
					t.Errorf("%s was sent", r.URL.Path)
				}
				_, _ = io.ReadAll(r.Body) // so that its leaving is noticed
				c.answer(w, r)
			}))
			t.Cleanup(server.Close)
			a, request := newAdapter(t, server.URL, account, nil, func(o *paypal.Options) { o.Timeout = c.limit }), sale()
			o := a.Authorize(t.Context(), request)
			require.Equal(t, payment.OutcomeDeclined, o.Class, "%+v", o)
			require.Equal(t, c.code, o.Decline.Code)
			request.Repeated = true
			require.Equal(t, payment.OutcomeUnknown, a.Authorize(t.Context(), request).Class, "an earlier call may have arrived")
		})
	}
}

func TestALostAnswerIsNotAskedForAgain(t *testing.T) {
	t.Parallel()
	office := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			refusal(w, http.StatusNotFound, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID")
			return
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			err = conn.Close()
		}
		if err != nil {
			t.Error(err)
		}
	})
	a := newAdapter(t, office.url, account, nil)
	a.Lookup(t.Context(), gateway.Lookup{Call: capturing(), Kind: payment.Sale}) // warms the connection up
	require.EqualValues(t, 1, office.asked.Load())
	require.Equal(t, payment.OutcomeUnknown, a.Authorize(t.Context(), sale()).Class)
	require.EqualValues(t, 2, office.asked.Load())
}

func TestAnswersThatSayNothingAreUnknown(t *testing.T) {
	t.Parallel()
	elsewhere := serve(t, func(http.ResponseWriter, *http.Request) {})
	for name, answer := range map[string]http.HandlerFunc{
		"empty":             func(http.ResponseWriter, *http.Request) {},
		"a page":            func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>hello</html>") },
		"a page of a proxy": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", http.StatusForbidden) },
		"another object":    func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"status":"COMPLETED"}`) },
		"a foreign order": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"id":%q,"status":"COMPLETED","purchase_units":[{}]}`, orderID)
		},
		"a broken body": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"id":"5O1","status":"COMPL`) },
		"an error in nothing": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusUnprocessableEntity)
			fmt.Fprint(w, `{}`)
		},
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.url, http.StatusTemporaryRedirect)
		},
		"in progress": func(w http.ResponseWriter, _ *http.Request) {
			refusal(w, http.StatusConflict, "RESOURCE_CONFLICT", "PREVIOUS_REQUEST_IN_PROGRESS")
		},
		"in progress, in other words": func(w http.ResponseWriter, _ *http.Request) {
			refusal(w, http.StatusUnprocessableEntity, "UNPROCESSABLE_ENTITY", "PREVIOUS_REQUEST_IN_PROGRESS")
		},
		"endless": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"id":"`)
			for range 64 {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAdapter(t, serve(t, answer).url, account, nil)
			require.Equal(t, payment.OutcomeUnknown, a.Authorize(t.Context(), sale()).Class)
			o := a.Complete(t.Context(), gateway.Completion{Call: capturing(), Capture: true})
			require.Equal(t, payment.OutcomeUnknown, o.Class, "%+v", o)
			require.NotEmpty(t, o.Detail)
			for _, kind := range []payment.TransactionKind{payment.Sale, payment.Capture, payment.Void, payment.RefundOfSale} {
				require.Equal(t, payment.OutcomeUnknown, a.Lookup(t.Context(), gateway.Lookup{Call: capturing(), Kind: kind}).Class)
			}
		})
	}
	require.Zero(t, elsewhere.asked.Load())
}

func TestNoHandshakeMeansNothingSent(t *testing.T) {
	t.Parallel()
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(untrusted.Close)
	o := newAdapter(t, untrusted.URL, account, nil).Authorize(t.Context(), sale())
	require.Equal(t, payment.OutcomeDeclined, o.Class, "%+v", o)
	require.Equal(t, payment.DeclineGatewayUnavailable, o.Decline.Code)
}

// A transport that is not net/http's tells nothing of what it sent.
func TestAnOpaqueTransportProvesNothing(t *testing.T) {
	t.Parallel()
	office := serve(t, func(http.ResponseWriter, *http.Request) {})
	a, err := paypal.New(paypal.Options{
		ClientID: "A", ClientSecret: "E", BaseURL: office.url, HTTPClient: &http.Client{Transport: opaque{http.DefaultTransport}},
	})
	require.NoError(t, err)
	require.Equal(t, payment.OutcomeUnknown, a.Authorize(t.Context(), sale()).Class)
}

type opaque struct{ tokens http.RoundTripper }

func (o opaque) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == "/v1/oauth2/token" {
		return o.tokens.RoundTrip(r)
	}
	return nil, errors.New("lost")
}

func TestAnOrderWithoutAReferenceIsAbsentOnceItIsOver(t *testing.T) {
	t.Parallel()
	office := serve(t, func(http.ResponseWriter, *http.Request) {})
	a := newAdapter(t, office.url, account, nil)
	l := gateway.Lookup{Call: sale().Call, Kind: payment.Sale}
	l.CreatedAt = time.Now().Add(-5 * time.Hour)
	require.Equal(t, payment.OutcomeUnknown, a.Lookup(t.Context(), l).Class, "it is sent again under its key")
	l.CreatedAt = time.Now().Add(-7 * time.Hour)
	require.Equal(t, payment.OutcomeAbsent, a.Lookup(t.Context(), l).Class)
	l.Kind = payment.Capture
	require.Equal(t, payment.OutcomeUnknown, a.Lookup(t.Context(), l).Class)
	require.Zero(t, office.asked.Load())
}

// What PayPal has not any more was never taken, unless it is only too early.
func TestAnOrderThatIsGone(t *testing.T) {
	t.Parallel()
	office := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		refusal(w, http.StatusNotFound, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID")
	})
	a, c := newAdapter(t, office.url, account, nil), capturing()
	require.Equal(t, payment.OutcomeUnknown, a.Lookup(t.Context(), gateway.Lookup{Call: c, Kind: payment.Sale}).Class)
	require.Equal(t, payment.OutcomeUnknown, a.Capture(t.Context(), c).Class)
	require.Equal(t, payment.OutcomeUnknown, a.Refund(t.Context(), gateway.Refund{Call: c}).Class)
	void := a.Void(t.Context(), c)
	require.Equal(t, payment.OutcomeSucceeded, void.Class, "%+v", void)
	require.EqualValues(t, 12_000, void.Amount)
	c.CreatedAt, c.CompletionSentAt = time.Now().Add(-4*time.Hour), time.Now()
	for _, o := range []payment.Outcome{
		a.Void(t.Context(), c), a.Lookup(t.Context(), gateway.Lookup{Call: c, Kind: payment.Void}),
		a.Lookup(t.Context(), gateway.Lookup{Call: c, Kind: payment.Sale}), a.Complete(t.Context(), gateway.Completion{Call: c, Capture: true}),
	} {
		require.Equal(t, payment.OutcomeUnknown, o.Class, "a completion may be on its way: %+v", o)
	}
	c.CompletionSentAt = time.Now().Add(-3 * time.Minute)
	require.Equal(t, payment.OutcomeDeclined, a.Lookup(t.Context(), gateway.Lookup{Call: c, Kind: payment.Sale}).Class)
	require.Equal(t, payment.OutcomeDeclined, a.Complete(t.Context(), gateway.Completion{Call: c, Capture: true}).Class)
}
