package paypal_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/gateway"
	"paymenthub/internal/gateway/paypal"
	"paymenthub/internal/id"
	"paymenthub/internal/payment"
)

// road leads to a provider, and can keep a completion on its way until the caller is
// gone, as networks do.
type road struct {
	url     string
	delay   chan context.CancelFunc // takes one completion out of the traffic, and its caller leaves
	arrives chan struct{}           // lets it go on
	arrived chan *http.Response
}

func (p provider) road(t *testing.T) *road {
	t.Helper()
	r := &road{delay: make(chan context.CancelFunc, 1), arrives: make(chan struct{}), arrived: make(chan *http.Response, 1)}
	over := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, asked *http.Request) {
		body, err := io.ReadAll(asked.Body)
		if err != nil {
			t.Error(err)
			return
		}
		late := false
		if strings.HasPrefix(asked.URL.Path, "/v2/checkout/orders/") && asked.Method == http.MethodPost {
			select {
			case leave := <-r.delay:
				late = true
				leave()
				select {
				case <-r.arrives:
				case <-over:
					return
				}
			default:
			}
		}
		on, err := http.NewRequestWithContext(context.WithoutCancel(asked.Context()), asked.Method, p.url+asked.URL.RequestURI(), bytes.NewReader(body))
		if err != nil {
			t.Error(err)
			return
		}
		on.Header = asked.Header.Clone()
		answer, err := http.DefaultClient.Do(on)
		if err != nil {
			t.Error(err)
			return
		}
		defer answer.Body.Close()
		if late {
			r.arrived <- answer
			return
		}
		w.WriteHeader(answer.StatusCode)
		if _, err := io.Copy(w, answer.Body); err != nil {
			t.Error(err)
		}
	}))
	r.url = server.URL
	t.Cleanup(func() {
		close(over)
		server.Close()
	})
	return r
}

// delayed sends a completion that arrives only later, and names the void after it.
func (r *road) delayed(t *testing.T, a *paypal.Adapter, c *gateway.Completion) (void gateway.Call) {
	t.Helper()
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	r.delay <- leave
	sentAt := time.Now()
	o := a.Complete(ctx, *c)
	require.Equal(t, payment.OutcomeUnknown, o.Class, "%+v", o)
	c.CompletionSentAt = sentAt
	void = c.Call
	void.TransactionID, void.IdempotencyKey = id.New(id.Transaction), c.PaymentID+"-void-2"
	void.CreatedAt, void.Repeated = time.Now(), false
	return void
}

// arrive lets the delayed completion reach PayPal, which takes the order.
func (r *road) arrive(t *testing.T) {
	t.Helper()
	r.arrives <- struct{}{}
	answer := <-r.arrived
	require.Equal(t, http.StatusCreated, answer.StatusCode)
}

// A void does not call a payment canceled that PayPal may be about to take.
func TestAVoidWaitsForACompletionThatIsOnItsWay(t *testing.T) {
	t.Parallel()
	p := startProvider(t)
	road := p.road(t)
	a := newAdapter(t, road.url, account, nil)
	for _, capture := range []bool{true, false} {
		c := p.approved(t, a, capture)
		void := road.delayed(t, a, &c)
		for range 2 {
			o := a.Void(t.Context(), void)
			require.Equal(t, payment.OutcomeUnknown, o.Class, "%+v", o)
			require.Contains(t, o.Detail, "on its way")
			require.Equal(t, c.GatewayReference, o.GatewayReference)
			o = a.Lookup(t.Context(), gateway.Lookup{Call: void, Kind: payment.Void})
			require.Equal(t, payment.OutcomeAbsent, o.Class, "so that it is sent again: %+v", o)
			void.Repeated = true
		}
		road.arrive(t)

		sale := gateway.Lookup{Call: c.Call, Kind: payment.Authorization}
		if capture {
			sale.Kind = payment.Sale
			for _, o := range []payment.Outcome{a.Void(t.Context(), void), a.Lookup(t.Context(), gateway.Lookup{Call: void, Kind: payment.Void})} {
				require.Equal(t, payment.OutcomeDeclined, o.Class, "%+v", o)
				require.Equal(t, payment.DeclineState, o.Decline.Code)
			}
		}
		found := a.Lookup(t.Context(), sale)
		require.Equal(t, payment.OutcomeSucceeded, found.Class, "%+v", found)
		require.EqualValues(t, 12_000, found.Amount)
		if !capture {
			require.Equal(t, payment.OutcomeAbsent, a.Lookup(t.Context(), gateway.Lookup{Call: void, Kind: payment.Void}).Class)
			released := a.Void(t.Context(), void)
			require.Equal(t, payment.OutcomeSucceeded, released.Class, "%+v", released)
		}
	}
	charges := p.charges(t)
	require.Len(t, charges, 2)
	for _, charge := range charges {
		require.True(t, charge.AmountCaptured == 12_000 != charge.Voided, "%+v", charge)
	}
}

// Once a completion must have arrived, an order that is not taken stays so.
func TestAVoidEndsWhenNoCompletionIsOnItsWay(t *testing.T) {
	t.Parallel()
	p := startProvider(t)
	a := newAdapter(t, p.url, account, nil)
	for _, c := range []struct {
		sent time.Time
		want payment.OutcomeClass
	}{
		{time.Time{}, payment.OutcomeSucceeded},
		{time.Now().Add(-3 * time.Minute), payment.OutcomeSucceeded},
		{time.Now().Add(-time.Minute), payment.OutcomeUnknown},
		{time.Now().Add(time.Minute), payment.OutcomeUnknown}, // by another hub's clock
	} {
		void := p.approved(t, a, true).Call
		void.CompletionSentAt = c.sent
		o := a.Void(t.Context(), void)
		require.Equal(t, c.want, o.Class, "%s: %+v", c.sent, o)
		if c.want == payment.OutcomeSucceeded {
			require.EqualValues(t, 12_000, o.Amount)
		}
	}
}

// That PayPal refuses a completion does not say that it refuses the one before.
func TestARefusedCompletionSaysNothingOfAnEarlierOne(t *testing.T) {
	t.Parallel()
	p := startProvider(t)
	road := p.road(t)
	a := newAdapter(t, road.url, account, nil)
	c := p.approved(t, a, true)
	road.delayed(t, a, &c)

	p.post(t, "/_sim/orders/"+c.GatewayReference, map[string]string{"completion": "INSTRUMENT_DECLINED"})
	o := a.Complete(t.Context(), c)
	require.Equal(t, payment.OutcomeUnknown, o.Class, "%+v", o)
	require.Contains(t, o.Detail, "INSTRUMENT_DECLINED")
	require.Equal(t, c.GatewayReference, o.GatewayReference)
	later := c
	later.CompletionSentAt = time.Now().Add(-3 * time.Minute)
	o = a.Complete(t.Context(), later)
	require.Equal(t, payment.OutcomeDeclined, o.Class, "%+v", o)
	require.Equal(t, "INSTRUMENT_DECLINED", o.Decline.GatewayCode)

	p.post(t, "/_sim/orders/"+c.GatewayReference, map[string]string{"completion": ""})
	road.arrive(t)
	o = a.Complete(t.Context(), c)
	require.Equal(t, payment.OutcomeSucceeded, o.Class, "%+v", o)
	require.Equal(t, o, a.Lookup(t.Context(), gateway.Lookup{Call: c.Call, Kind: payment.Sale}))
	require.Len(t, p.charges(t), 1)
}

// A completion that PayPal does not look at proves something only if it is the first.
func TestACompletionThatIsNotLookedAt(t *testing.T) {
	t.Parallel()
	office := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		refusal(w, http.StatusTooManyRequests, "RATE_LIMIT_REACHED", "")
	})
	a, c := newAdapter(t, office.url, account, nil), gateway.Completion{Call: capturing(), Capture: true}
	require.Equal(t, payment.OutcomeDeclined, a.Complete(t.Context(), c).Class)
	c.CompletionSentAt = time.Now().Add(-time.Hour)
	require.Equal(t, payment.OutcomeUnknown, a.Complete(t.Context(), c).Class)
}

// One who turned back after PayPal was told to take the payment may be charged yet.
func TestAShopperWhoTurnsBackTooLate(t *testing.T) {
	t.Parallel()
	c := capturing()
	office := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"id":%q,"status":"PAYER_ACTION_REQUIRED","intent":"CAPTURE","purchase_units":[{
			"custom_id":"%s.%s.%s.12000EUR","amount":{"currency_code":"EUR","value":"120.00"}}]}`, orderID, c.PaymentID, c.AttemptID, c.TransactionID)
	})
	a := newAdapter(t, office.url, account, nil)
	c.Returned = "canceled=true"
	for sent, want := range map[time.Time]payment.OutcomeClass{
		{}: payment.OutcomeDeclined, time.Now(): payment.OutcomeUnknown, time.Now().Add(-3 * time.Minute): payment.OutcomeDeclined,
	} {
		c.CompletionSentAt = sent
		o := a.Lookup(t.Context(), gateway.Lookup{Call: c, Kind: payment.Sale})
		require.Equal(t, want, o.Class, "%s: %+v", sent, o)
	}
}
