package stripe_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/gateway"
	"paymenthub/internal/id"
	"paymenthub/internal/payment"
)

// refusesCustomers answers 500 to whoever makes a customer, and for ever to the same
// key, as Stripe does for a day.
func refusesCustomers(t *testing.T, keys map[string]bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "/v1/customers", r.URL.Path, "nothing is sent for the payment")
		keys[r.Header.Get("Idempotency-Key")] = true
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprint(w, `{"error":{"type":"api_error"}}`)
	}
}

func TestAFailureToMakeTheCustomerIsNoneOfThePayment(t *testing.T) {
	keys := map[string]bool{}
	url, asked := serve(t, refusesCustomers(t, keys))
	adapter, save := newAdapter(t, url, nil), gateway.SaveFor{CustomerID: id.New(id.Customer)}
	for range 2 {
		request := sale()
		request.Save = &save
		o := adapter.Authorize(t.Context(), request)
		require.Equal(t, payment.OutcomeDeclined, o.Class, "%+v", o)
		require.Equal(t, payment.DeclineGatewayUnavailable, o.Decline.Code)
		require.True(t, keys[request.IdempotencyKey+"-customer"])

		request.Repeated = true
		require.Equal(t, payment.OutcomeUnknown, adapter.Authorize(t.Context(), request).Class, "an earlier call may have charged the card")
	}
	require.EqualValues(t, 4, asked.Load())
	require.Len(t, keys, 2, "no payment gets the answer of another")
}

func TestEachMethodMakesItsCustomerUnderAKeyOfItsOwn(t *testing.T) {
	keys := map[string]bool{}
	url, _ := serve(t, refusesCustomers(t, keys))
	adapter, save := newAdapter(t, url, nil), gateway.SaveFor{CustomerID: id.New(id.Customer)}
	for range 2 {
		methodID := id.New(id.PaymentMethod)
		s := gateway.Storage{
			MethodCall: gateway.MethodCall{MethodID: methodID, IdempotencyKey: methodID + "-store", CreatedAt: time.Now()},
			Save:       save, Instrument: inHand(card("4242424242424242")),
		}
		require.Equal(t, payment.OutcomeUnknown, adapter.StoreMethod(t.Context(), s).Class)
		require.True(t, keys[methodID+"-store-customer"])
	}
	require.Len(t, keys, 2)
}

// Stripe's search index may lag: a card of a new customer that is not found soon
// after it was sent may be there.
func TestAYoungCardThatIsNotFoundIsUnknown(t *testing.T) {
	adapter := newAdapter(t, startProvider(t).url, nil)
	l := gateway.MethodLookup{MethodCall: gateway.MethodCall{MethodID: id.New(id.PaymentMethod)}, Save: gateway.SaveFor{CustomerID: id.New(id.Customer)}}
	l.CreatedAt = time.Now()
	require.Equal(t, payment.OutcomeUnknown, adapter.FindMethod(t.Context(), l).Class)
	l.CreatedAt = time.Now().Add(-time.Hour)
	require.Equal(t, payment.OutcomeAbsent, adapter.FindMethod(t.Context(), l).Class)
}

func TestALookUpOfACardThatFailsIsUnknown(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"an error": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"no such address": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"error":{"type":"invalid_request_error"}}`)
		},
		"a page":  func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") },
		"cut off": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"object":"list","data":[`) },
		"too many": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/v1/customers/search" {
				fmt.Fprint(w, `{"object":"search_result","data":[],"has_more":true}`)
				return
			}
			fmt.Fprint(w, `{"object":"list","data":[{"id":"pm_1","metadata":{}}],"has_more":true}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			url, _ := serve(t, answer)
			for _, reference := range []string{"", "cus_1"} {
				l := gateway.MethodLookup{Save: gateway.SaveFor{CustomerID: id.New(id.Customer), CustomerReference: reference}}
				l.MethodID, l.CreatedAt = id.New(id.PaymentMethod), time.Now().Add(-time.Hour)
				o := newAdapter(t, url, nil).FindMethod(t.Context(), l)
				require.Equal(t, payment.OutcomeUnknown, o.Class, "%+v", o)
			}
		})
	}
}
