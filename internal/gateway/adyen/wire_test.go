package adyen_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
	"paymenthub/internal/gateway"
	"paymenthub/internal/gateway/adyen"
	"paymenthub/internal/gateway/gatewaytest"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
	"paymenthub/internal/vault"
)

// sale is a new sale with the approved card.
func sale(t *testing.T) gateway.Authorization {
	t.Helper()
	paymentID := id.New(id.Payment)
	return gateway.Authorization{
		Call: gateway.Call{
			Scope:     merchant.Scope{MerchantID: id.New(id.Merchant), Environment: merchant.Sandbox},
			PaymentID: paymentID, AttemptID: id.New(id.Attempt), TransactionID: id.New(id.Transaction),
			IdempotencyKey: paymentID + "-sale-1", Amount: money.New(12_000, "USD"), CreatedAt: time.Now(),
		},
		Method: payment.MethodCard, Capture: true, Instrument: handed(card("4242424242424242")), ReturnURL: "https://shop.example/return",
	}
}

// handed is a card as the vault hands it out.
type handed vault.Card

// Open implements gateway.Instrument.
func (h handed) Open(context.Context) (vault.Card, error) { return vault.Card(h), nil }

// hears waits for a webhook, and returns its body with what the adapter reads from it.
func (p provider) hears(t *testing.T, adapter *adyen.Adapter, is func(payment.Notice) bool) (body []byte, notice payment.Notice) {
	t.Helper()
	require.Eventually(t, func() bool {
		for _, w := range p.mail.all() {
			n, err := adapter.ReadNotification(nil, w, time.Now())
			require.NoError(t, err)
			if is(n) {
				body, notice = w, n
			}
		}
		return body != nil
	}, gatewaytest.Patience, 10*time.Millisecond)
	return body, notice
}

// answering is an adapter whose provider answers always the same.
func answering(t *testing.T, status int, body string) (*adyen.Adapter, *atomic.Int64) {
	t.Helper()
	calls := &atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return newAdapter(t, server.URL, nil), calls
}

// Answers that are not as documented, some of which end the process in the library's
// own reading of them, conclude nothing.
func TestStrangeAnswersConcludeNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
	}{
		"an error page":                     {http.StatusBadGateway, "<html>Bad gateway</html>"},
		"an error of other types":           {http.StatusInternalServerError, `{"message":{"text":1},"errorType":2,"status":"500"}`},
		"nothing":                           {http.StatusOK, ""},
		"no payment":                        {http.StatusOK, `{"status":"received"}`},
		"a list":                            {http.StatusOK, `[]`},
		"a result that is not known":        {http.StatusOK, `{"resultCode":"Success"}`},
		"an approval without a reference":   {http.StatusOK, `{"resultCode":"Authorised"}`},
		"an approval of another payment":    {http.StatusOK, `{"resultCode":"Authorised","pspReference":"P","merchantReference":"order 7"}`},
		"an approval of a part":             {http.StatusOK, `{"resultCode":"PartiallyAuthorised","pspReference":"P"}`},
		"an approval in another currency":   {http.StatusOK, `{"resultCode":"Authorised","pspReference":"P","amount":{"currency":"EUR","value":12000}}`},
		"a page that is not to be followed": {http.StatusOK, `{"resultCode":"RedirectShopper","action":{"type":"redirect","method":"POST","url":"https://a.example"}}`},
		"a page without an address":         {http.StatusOK, `{"resultCode":"RedirectShopper","action":{"type":"redirect","method":"GET"}}`},
		"a redirect":                        {http.StatusTemporaryRedirect, ""},
		"a call that is under way":          {http.StatusUnprocessableEntity, `{"errorCode":"704"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			adapter, calls := answering(t, c.status, c.body)
			request := sale(t)
			o := adapter.Authorize(t.Context(), request)
			require.Equal(t, payment.OutcomeUnknown, o.Class, "%+v", o)
			require.NotEmpty(t, o.Detail)
			require.EqualValues(t, 1, calls.Load(), "one attempt, and no redirect is followed")

			capture := request.Call
			capture.GatewayReference = "WVPJKTL28NTMPF65"
			if c.body != `{"status":"received"}` { // which has no reference of the capture
				require.Equal(t, payment.OutcomeUnknown, adapter.Capture(t.Context(), capture).Class)
			}
		})
	}
}

func TestAdditionalFieldsOfOtherTypesDoNoHarm(t *testing.T) {
	t.Parallel()
	adapter, _ := answering(t, http.StatusOK, `{"resultCode":"Authorised","pspReference":"P1","additionalData":{"authCode":"083664","items":[1],"flag":true}}`)
	o := adapter.Authorize(t.Context(), sale(t))
	require.Equal(t, payment.OutcomeSucceeded, o.Class, "%+v", o)
	require.EqualValues(t, 12_000, o.Amount)
	require.Equal(t, "083664", o.AuthCode)
}

func TestNativeAuthenticationIsNotFollowed(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"IdentifyShopper", "ChallengeShopper"} {
		adapter, _ := answering(t, http.StatusOK, `{"resultCode":"`+code+`","action":{"type":"threeDS2"}}`)
		o := adapter.Authorize(t.Context(), sale(t))
		require.Equal(t, payment.OutcomeDeclined, o.Class, "%+v", o)
		require.Equal(t, payment.DeclineGatewayConfiguration, o.Decline.Code)
	}
}

// A refused request says nothing of an earlier one, until that cannot be on its way
// any more.
func TestARefusalOfARepeatedCall(t *testing.T) {
	t.Parallel()
	adapter, _ := answering(t, http.StatusUnprocessableEntity, `{"errorCode":"101"}`)
	for name, c := range map[string]struct {
		repeated bool
		age      time.Duration
		class    payment.OutcomeClass
	}{
		"the first":                    {false, 0, payment.OutcomeDeclined},
		"a repetition at once":         {true, time.Second, payment.OutcomeUnknown},
		"a repetition later":           {true, time.Hour, payment.OutcomeDeclined},
		"when the key is kept no more": {true, 8 * 24 * time.Hour, payment.OutcomeUnknown},
	} {
		request := sale(t)
		request.Repeated, request.CreatedAt = c.repeated, time.Now().Add(-c.age)
		require.Equal(t, c.class, adapter.Authorize(t.Context(), request).Class, name)
	}
}

func TestWhatCannotBeAskedOfAdyen(t *testing.T) {
	t.Parallel()
	adapter, calls := answering(t, http.StatusOK, `{}`)
	stored, initiated := sale(t), sale(t)
	stored.Instrument, stored.Stored = nil, &gateway.StoredMethod{MethodReference: "x"}
	initiated.MerchantInitiated = true
	for _, request := range []gateway.Authorization{stored, initiated} {
		o := adapter.Authorize(t.Context(), request)
		require.Equal(t, payment.DeclineNotPermitted, o.Decline.Code)
	}
	for _, o := range []payment.Outcome{
		adapter.StoreMethod(t.Context(), gateway.Storage{}), adapter.FindMethod(t.Context(), gateway.MethodLookup{}),
		adapter.DetachMethod(t.Context(), gateway.Detachment{}),
	} {
		require.Equal(t, payment.DeclineNotPermitted, o.Decline.Code)
	}
	call := sale(t).Call
	call.GatewayReference = "../payments" // what is no reference makes no path
	for _, o := range []payment.Outcome{
		adapter.Capture(t.Context(), call), adapter.Void(t.Context(), call), adapter.Refund(t.Context(), gateway.Refund{Call: call}),
		adapter.Complete(t.Context(), gateway.Completion{Call: call}),
	} {
		require.Equal(t, payment.OutcomeUnknown, o.Class)
	}
	require.Zero(t, calls.Load())
}

// What waits for the shopper is cancelled again until Adyen has heard of it: nothing
// else tells what became of the payment.
func TestAWaitingPaymentIsCancelledUntilAdyenHears(t *testing.T) {
	t.Parallel()
	call := sale(t).Call
	call.GatewayReference = call.PaymentID + "-" + call.TransactionID + "-sale"
	for _, status := range []int{http.StatusTooManyRequests, http.StatusUnauthorized, http.StatusUnprocessableEntity, http.StatusInternalServerError} {
		adapter, calls := answering(t, status, `{}`)
		o := adapter.Void(t.Context(), call)
		require.Equal(t, payment.OutcomeUnknown, o.Class, "%d: %+v", status, o)
		require.NotEmpty(t, o.Detail)
		require.EqualValues(t, 1, calls.Load())
	}
	require.Equal(t, payment.OutcomeUnknown, newAdapter(t, gatewaytest.Nowhere, nil).Void(t.Context(), call).Class)
}

func TestProbeNamesTheCredential(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"status":401,"errorCode":"000"}`: "credentials.api_key",
		`{"status":403,"errorCode":"901"}`: "credentials.merchant_account",
	} {
		adapter, _ := answering(t, http.StatusForbidden, body)
		_, err := adapter.Probe(t.Context())
		var wrong *fault.Error
		require.ErrorAs(t, err, &wrong)
		require.Equal(t, want, wrong.Param)
	}
}

func TestNoCardInErrors(t *testing.T) {
	t.Parallel()
	request := sale(t)
	c, err := request.Instrument.Open(t.Context())
	require.NoError(t, err)
	adapter, _ := answering(t, http.StatusUnprocessableEntity, `{"errorCode":"`+c.Number.Reveal()+`","message":"`+c.Number.Reveal()+`"}`)
	o := adapter.Authorize(t.Context(), request)
	require.False(t, strings.Contains(o.Detail, c.Number.Reveal()), o.Detail)
	gatewaytest.AssertNoCard(t, o.Detail+o.Decline.GatewayCode+o.Decline.Message, c)
}
