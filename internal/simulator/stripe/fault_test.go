package stripe

import (
	"context"
	"errors"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v76"
)

func TestLostAnswers(t *testing.T) {
	for _, c := range []struct {
		kind    string
		charges int // after the lost call
	}{{"timeout_before", 0}, {"timeout_after", 1}, {"reset_before", 0}, {"reset_after", 1}} {
		t.Run(c.kind, func(t *testing.T) {
			h := start(t, Options{})
			h.fault("create_payment_intent", c.kind)
			_, err := h.PaymentIntents.New(payment(visa, keyed("k")))
			require.Error(t, err)
			var stripeErr *stripego.Error
			require.False(t, errors.As(err, &stripeErr), "no answer came")
			if c.kind[:5] == "reset" {
				require.ErrorIs(t, err, syscall.ECONNRESET)
			}
			require.Len(t, h.charges(), c.charges)

			pi, err := h.PaymentIntents.New(payment(visa, keyed("k")))
			require.NoError(t, err)
			require.Equal(t, stripego.PaymentIntentStatusSucceeded, pi.Status)
			require.Equal(t, c.charges == 1, pi.LastResponse.Header.Get("Idempotent-Replayed") == "true")
			require.Len(t, h.charges(), 1)
		})
	}
}

func TestTimeoutHoldsUntilTheClientLeaves(t *testing.T) {
	h := start(t, Options{})
	status, _ := h.post("/_sim/faults", `{"operation":"*","fault":"timeout_after"}`)
	require.Equal(t, http.StatusCreated, status)
	ctx, leave := context.WithCancelCause(t.Context())
	defer leave(nil)
	p := payment(visa)
	p.Context = ctx
	ended := make(chan error, 1)
	go func() {
		_, err := h.PaymentIntents.New(p)
		ended <- err
	}()
	require.Eventually(t, func() bool { return len(h.charges()) == 1 }, 30*time.Second, 10*time.Millisecond)
	require.Empty(t, ended, "no answer came")
	leave(context.DeadlineExceeded) // as when the client's time is up
	var timeout net.Error
	require.ErrorAs(t, <-ended, &timeout)
	require.True(t, timeout.Timeout())
	require.Len(t, h.charges(), 1)
}

func TestServerErrorsHaveNoEffectAndAreNotKept(t *testing.T) {
	h := start(t, Options{})
	h.fault("confirm", "http_500")
	h.fault("*", "http_429")
	_, err := h.PaymentIntents.New(payment(visa, keyed("k")))
	require.Equal(t, http.StatusInternalServerError, stripeError(t, err).HTTPStatusCode, "creating with confirm=true confirms")
	_, err = h.PaymentIntents.New(payment(visa, keyed("k")))
	e := stripeError(t, err)
	require.Equal(t, http.StatusTooManyRequests, e.HTTPStatusCode)
	require.Equal(t, stripego.ErrorCodeRateLimit, e.Code)
	require.Empty(t, h.charges())
	_, err = h.PaymentIntents.New(payment(visa, keyed("k")))
	require.NoError(t, err)
}

func TestFaultsHitTheirOperationOnly(t *testing.T) {
	h := start(t, Options{})
	for _, operation := range []string{"capture", "cancel", "refund"} {
		h.fault(operation, "http_500")
	}
	pi, err := h.PaymentIntents.New(payment(visa, manual))
	require.NoError(t, err)
	_, err = h.PaymentIntents.Capture(pi.ID, nil)
	require.Equal(t, http.StatusInternalServerError, stripeError(t, err).HTTPStatusCode)
	_, err = h.PaymentIntents.Cancel(pi.ID, nil)
	require.Equal(t, http.StatusInternalServerError, stripeError(t, err).HTTPStatusCode)
	_, err = h.PaymentIntents.Capture(pi.ID, nil)
	require.NoError(t, err)
	_, err = h.Refunds.New(&stripego.RefundParams{PaymentIntent: &pi.ID})
	require.Equal(t, http.StatusInternalServerError, stripeError(t, err).HTTPStatusCode)
	h.fault("refund", "slow")
	began := time.Now()
	_, err = h.Refunds.New(&stripego.RefundParams{PaymentIntent: &pi.ID})
	require.NoError(t, err)
	require.GreaterOrEqual(t, time.Since(began), 300*time.Millisecond)
	var left struct{ Faults []any }
	h.get("/_sim/faults", &left)
	require.Empty(t, left.Faults)
}

func TestLookUpsFailWhenAsked(t *testing.T) {
	h := start(t, Options{})
	pi, err := h.PaymentIntents.New(payment("4000000000002685"))
	require.NoError(t, err)
	disputed := h.disputeOf(pi)
	refunded, err := h.PaymentIntents.New(payment(visa))
	require.NoError(t, err)
	made, err := h.Refunds.New(&stripego.RefundParams{PaymentIntent: &refunded.ID})
	require.NoError(t, err)
	search := func() error {
		found := h.PaymentIntents.Search(&stripego.PaymentIntentSearchParams{SearchParams: stripego.SearchParams{Query: "status:'succeeded'"}})
		found.Next()
		return found.Err()
	}
	for _, look := range []struct {
		operation string
		up        func() error
	}{
		{"retrieve", func() error { _, err := h.PaymentIntents.Get(pi.ID, nil); return err }},
		{"retrieve", func() error { _, err := h.Refunds.Get(made.ID, nil); return err }},
		{"retrieve", func() error { _, err := h.Disputes.Get(disputed.ID, nil); return err }},
		{"search", search},
		{"list", func() error { return h.PaymentIntents.List(nil).Err() }},
		{"list", func() error { return h.Refunds.List(nil).Err() }},
		{"list", func() error { return h.Disputes.List(nil).Err() }},
	} {
		h.fault("*", "http_500")
		require.NoError(t, look.up(), "* does not mean look-ups")
		h.fault(look.operation, "http_500")
		require.Equal(t, http.StatusInternalServerError, stripeError(t, look.up()).HTTPStatusCode)
		require.NoError(t, look.up())
	}
	// Go's transport sends a GET once more when a kept connection breaks.
	h.fault("search", "reset_before")
	h.fault("search", "reset_before")
	require.ErrorIs(t, search(), syscall.ECONNRESET)
	h.fault("retrieve", "slow")
	began := time.Now()
	_, err = h.PaymentIntents.Get(pi.ID, nil)
	require.NoError(t, err)
	require.GreaterOrEqual(t, time.Since(began), 300*time.Millisecond)
}
