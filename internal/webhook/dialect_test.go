package webhook_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/event"
	"paymenthub/internal/payment"
	"paymenthub/internal/webhook"
)

var began = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)

func TestSchedulesAreTheContracts(t *testing.T) {
	t.Parallel()
	for d, want := range map[webhook.Dialect]struct {
		retries int
		sum     time.Duration
		expiry  time.Duration
	}{
		webhook.Hub:       {retries: 9, sum: 75*time.Hour + 35*time.Minute + 5*time.Second},
		webhook.Connect:   {retries: 9, sum: 75*time.Hour + 35*time.Minute + 5*time.Second},
		webhook.Cashier:   {retries: 9, sum: 75*time.Hour + 35*time.Minute + 5*time.Second},
		webhook.Acquiring: {retries: 4, sum: 7*time.Hour + 20*time.Minute, expiry: 24 * time.Hour},
	} {
		var sum time.Duration
		for _, pause := range d.Schedule() {
			require.Positive(t, pause)
			sum += pause
		}
		require.Len(t, d.Schedule(), want.retries, d)
		require.Equal(t, want.sum, sum, d)
		require.Equal(t, want.expiry, d.Expiry(), d)
		require.True(t, slices.IsSorted(d.Schedule()), "%s never hurries", d)
	}
	require.Equal(t, []time.Duration{5 * time.Minute, 15 * time.Minute, time.Hour, 6 * time.Hour}, webhook.Acquiring.Schedule())
}

// told is an event about a payment in the given shape.
func told(t *testing.T, kind event.Type, shape func(*payment.Intent)) event.Event {
	t.Helper()
	p := payment.Intent{ID: "pi_1", Status: payment.Succeeded}
	if shape != nil {
		shape(&p)
	}
	e, err := event.New(p.Scope, kind, p.ID, p, began)
	require.NoError(t, err)
	return e
}

func hosted(p *payment.Intent) { p.Checkout = &payment.Checkout{SuccessURL: "https://shop.example/"} }
func held(p *payment.Intent)   { p.AuthorizedUntil = began.Add(time.Hour) }
func hostedAndHeld(p *payment.Intent) {
	hosted(p)
	held(p)
}

func in(s payment.Status) func(*payment.Intent) { return func(p *payment.Intent) { p.Status = s } }

func TestNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		dialect webhook.Dialect
		kind    event.Type
		shape   func(*payment.Intent)
		want    []string
	}{
		{webhook.Acquiring, event.PaymentCreated, nil, nil},
		{webhook.Acquiring, event.PaymentCreated, hosted, []string{"payment_intent.created"}},
		{webhook.Acquiring, event.PaymentRequiresAction, hosted, nil},
		{webhook.Acquiring, event.PaymentAuthorized, hostedAndHeld, []string{"payment.authorized"}},
		{webhook.Acquiring, event.PaymentSucceeded, nil, []string{"payment.captured"}},
		{webhook.Acquiring, event.PaymentSucceeded, held, []string{"payment.captured"}},
		{webhook.Acquiring, event.PaymentSucceeded, hosted, []string{"payment_intent.succeeded", "payment.captured"}},
		{webhook.Acquiring, event.PaymentCanceled, nil, nil},
		{webhook.Acquiring, event.PaymentCanceled, held, []string{"payment.voided"}},
		{webhook.Acquiring, event.PaymentCanceled, hosted, []string{"payment_intent.canceled"}},
		{webhook.Acquiring, event.PaymentCanceled, hostedAndHeld, []string{"payment_intent.canceled", "payment.voided"}},
		{webhook.Acquiring, event.PaymentFailed, nil, []string{"payment.failed"}},
		{webhook.Acquiring, event.RefundCreated, nil, nil},
		{webhook.Acquiring, event.RefundCompleted, nil, []string{"payment.refunded"}},
		{webhook.Acquiring, event.RefundFailed, nil, nil},
		{webhook.Acquiring, event.DisputeCreated, nil, nil},
		{webhook.Acquiring, event.WebhookEndpointDisabled, nil, nil},
		{webhook.Connect, event.PaymentRequiresAction, nil, []string{"payment_intent.requires_action"}},
		{webhook.Connect, event.RefundCompleted, nil, nil},
		{webhook.Connect, event.WebhookEndpointDisabled, nil, nil},
		{webhook.Cashier, event.PaymentAuthorized, nil, nil},
		{webhook.Cashier, event.PaymentSucceeded, nil, []string{"deposit.successful"}},
		{webhook.Cashier, event.PaymentFailed, in(payment.RequiresPaymentMethod), nil}, // may still be paid
		{webhook.Cashier, event.PaymentFailed, in(payment.Failed), []string{"deposit.rejected"}},
		{webhook.Cashier, event.PaymentFailed, in(payment.Expired), []string{"deposit.rejected"}},
		{webhook.Cashier, event.PaymentCanceled, in(payment.Canceled), []string{"deposit.rejected"}},
		{webhook.Cashier, event.RefundCompleted, nil, nil},
	} {
		require.Equal(t, c.want, c.dialect.Names(told(t, c.kind, c.shape)), "%s %s", c.dialect, c.kind)
	}
	for _, d := range webhook.Dialects {
		require.Equal(t, []string{"webhook_endpoint.test"}, d.Names(event.Event{Type: event.WebhookEndpointTest}))
	}
	for _, kind := range event.Types {
		require.Equal(t, []string{string(kind)}, webhook.Hub.Names(event.Event{Type: kind}))
	}
}

// Whatever is told of, the names are those that endpoints of the dialect can ask for.
func TestNamesAreAmongTheTypes(t *testing.T) {
	t.Parallel()
	for _, d := range webhook.Dialects {
		require.True(t, d.Valid())
		for _, kind := range event.Types {
			for _, shape := range []func(*payment.Intent){nil, hosted, held, hostedAndHeld, in(payment.Failed)} {
				for _, name := range d.Names(told(t, kind, shape)) {
					require.Contains(t, d.Types(), name)
				}
			}
		}
		require.NotContains(t, d.Types(), "webhook_endpoint.test", "a test goes to the endpoint that is tried, asked for or not")
	}
	require.False(t, webhook.Dialect("fax").Valid())
}

func TestNamesOfAnUnreadableObjectDoNotPanic(t *testing.T) {
	t.Parallel()
	for _, d := range webhook.Dialects {
		for _, kind := range event.Types {
			d.Names(event.Event{Type: kind, Object: json.RawMessage("{")})
		}
	}
}
