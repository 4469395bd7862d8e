package e2e

import (
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The acquiring façade's objects, written down here again from the contract.

// acquired is a payment as the façade shows it.
type acquired struct {
	ID              string            `json:"id"`
	Status          string            `json:"status"`
	Amount          int64             `json:"amount"`
	Currency        string            `json:"currency"`
	AmountCaptured  int64             `json:"amount_captured"`
	AmountRefunded  int64             `json:"amount_refunded"`
	Card            *cardSummary      `json:"card"`
	AuthCode        *string           `json:"auth_code"`
	ResponseCode    *string           `json:"response_code"`
	ResponseMessage *string           `json:"response_message"`
	FraudScore      *int              `json:"fraud_score"`
	Description     *string           `json:"description"`
	OrderID         *string           `json:"order_id"`
	Metadata        map[string]string `json:"metadata"`
	Gateway         string            `json:"gateway"`
	NextAction      *nextAction       `json:"next_action"`
	ExpiresAt       time.Time         `json:"expires_at"`
	CreatedAt       time.Time         `json:"created_at"`
}

type cardSummary struct {
	Brand    string `json:"brand"`
	Last4    string `json:"last4"`
	ExpMonth int    `json:"exp_month"`
	ExpYear  int    `json:"exp_year"`
}

// hosted is a payment intent for the hosted checkout page.
type hosted struct {
	ID            string            `json:"id"`
	ClientSecret  string            `json:"client_secret"`
	CheckoutURL   *string           `json:"checkout_url"`
	Status        string            `json:"status"`
	Amount        int64             `json:"amount"`
	Currency      string            `json:"currency"`
	CaptureMethod string            `json:"capture_method"`
	SuccessURL    *string           `json:"success_url"`
	CancelURL     *string           `json:"cancel_url"`
	OrderID       *string           `json:"order_id"`
	Description   *string           `json:"description"`
	CustomerEmail *string           `json:"customer_email"`
	Metadata      map[string]string `json:"metadata"`
	ExpiresAt     time.Time         `json:"expires_at"`
	CreatedAt     time.Time         `json:"created_at"`
}

// shown is what the shopper sees of it.
type shown struct {
	ID                string      `json:"id"`
	Amount            int64       `json:"amount"`
	Currency          string      `json:"currency"`
	Description       *string     `json:"description"`
	MerchantName      string      `json:"merchant_name"`
	Status            string      `json:"status"`
	ExpiresAt         time.Time   `json:"expires_at"`
	AttemptsRemaining int         `json:"attempts_remaining"`
	NextAction        *nextAction `json:"next_action"`
}

// movement is one transaction.
type movement struct {
	ID               string    `json:"id"`
	PaymentID        string    `json:"payment_id"`
	Type             string    `json:"type"`
	Amount           int64     `json:"amount"`
	Currency         string    `json:"currency"`
	Status           string    `json:"status"`
	Gateway          string    `json:"gateway"`
	GatewayReference *string   `json:"gateway_reference"`
	CreatedAt        time.Time `json:"created_at"`
}

type pagination struct {
	Limit  int   `json:"limit"`
	Offset int   `json:"offset"`
	Total  int64 `json:"total"`
}

// refusal is an error of the façade.
type refusal struct {
	Code      string `json:"code"`
	Message   string `json:"message"`
	RequestID string `json:"request_id"`
	Details   struct {
		Field             string `json:"field"`
		DeclineCode       string `json:"decline_code"`
		ResponseCode      string `json:"response_code"`
		Advice            string `json:"advice"`
		AttemptsRemaining *int   `json:"attempts_remaining"`
		PaymentID         string `json:"payment_id"`
	} `json:"details"`
}

// The façade's paths.
const (
	acquiring     = "/api/v1/payments"
	hostedIntents = "/api/v1/payment-intents"
	publicIntents = "/api/public/payment-intents"
	movements     = "/api/v1/transactions"
)

// acquirer is a merchant who uses the acquiring façade, with its key in X-API-Key.
type acquirer struct {
	shop
	apiKey header
}

func newAcquirer(t testing.TB, h *hub) acquirer {
	t.Helper()
	return newShop(t, h).acquirer()
}

// acquirer is the merchant as it uses the acquiring façade.
func (s shop) acquirer() acquirer { return acquirer{s, header{"X-API-Key", s.key}} }

// call posts to the façade; get reads from it.
func (a acquirer) call(t testing.TB, path string, body any, headers ...header) answer {
	t.Helper()
	return client{api: a.api}.post(t, path, body, append([]header{a.apiKey}, headers...)...)
}

func (a acquirer) fetch(t testing.TB, path string) answer {
	t.Helper()
	return client{api: a.api}.do(t, http.MethodGet, path, nil, a.apiKey)
}

// data reads the data of an answer that says success.
func data[T any](t testing.TB, a answer, status int) T {
	t.Helper()
	envelope := read[struct {
		Success bool `json:"success"`
		Data    T    `json:"data"`
	}](t, a, status)
	require.True(t, envelope.Success, "%s", a.raw)
	return envelope.Data
}

// payment reads a payment out of an answer.
func (a answer) payment(t testing.TB, status int) acquired {
	t.Helper()
	return data[acquired](t, a, status)
}

// refused reads an error out of an answer.
func (a answer) refused(t testing.TB, status int, code string) refusal {
	t.Helper()
	envelope := read[struct {
		Success *bool   `json:"success"`
		Error   refusal `json:"error"`
	}](t, a, status)
	require.Equal(t, code, envelope.Error.Code, "%s", a.raw)
	require.NotNil(t, envelope.Success)
	require.False(t, *envelope.Success)
	require.NotEmpty(t, envelope.Error.Message)
	if a.header.Get("Idempotent-Replayed") == "" {
		require.Equal(t, a.header.Get("Request-Id"), envelope.Error.RequestID)
	}
	return envelope.Error
}

// purchase is a request to authorize or sell: 99.99 USD, and fields over that.
func purchase(number string, fields ...object) object {
	o := object{"amount": 9999, "currency": "USD", "card": plastic(number)}
	for _, f := range fields {
		maps.Copy(o, f)
	}
	return o
}

func plastic(number string) object {
	return object{"number": number, "exp_month": 12, "exp_year": 2040, "cvv": "123", "holder_name": "A. Shopper"}
}

// authorize and sell make payments that must be made.
func (a acquirer) authorize(t testing.TB, fields ...object) acquired {
	t.Helper()
	p := a.call(t, acquiring+"/authorize", purchase(visa, fields...)).payment(t, http.StatusCreated)
	require.Equal(t, "authorized", p.Status)
	return p
}

func (a acquirer) sell(t testing.TB, fields ...object) acquired {
	t.Helper()
	p := a.call(t, acquiring+"/sale", purchase(visa, fields...)).payment(t, http.StatusCreated)
	require.Equal(t, "captured", p.Status)
	return p
}

// act does something with a payment: "capture", "void" or "refund".
func (a acquirer) act(t testing.TB, what, id string, body any, headers ...header) answer {
	t.Helper()
	return a.call(t, acquiring+"/"+id+"/"+what, body, headers...)
}

func (a acquirer) acquired(t testing.TB, id string) acquired {
	t.Helper()
	return a.fetch(t, acquiring+"/"+id).payment(t, http.StatusOK)
}

// hostedOrder is a request for a payment intent.
func hostedOrder(fields ...object) object {
	o := object{"amount": 9999, "currency": "USD", "success_url": "https://shop.example/thanks"}
	for _, f := range fields {
		maps.Copy(o, f)
	}
	return o
}

// host makes a payment intent.
func (a acquirer) host(t testing.TB, fields ...object) hosted {
	t.Helper()
	return data[hosted](t, a.call(t, hostedIntents, hostedOrder(fields...)), http.StatusCreated)
}

// browser is a client without a key.
func (a acquirer) browser() client { return client{api: a.api} }

// show asks for an intent as the shopper's browser does.
func (a acquirer) show(t testing.TB, p hosted) shown {
	t.Helper()
	return data[shown](t, a.browser().get(t, publicIntents+"/"+p.ID+"?client_secret="+p.ClientSecret), http.StatusOK)
}

// checkOut pays an intent as the shopper's browser does.
func (a acquirer) checkOut(t testing.TB, p hosted, number string, headers ...header) answer {
	t.Helper()
	return a.browser().post(t, publicIntents+"/"+p.ID+"/confirm", object{"client_secret": p.ClientSecret, "card": plastic(number)}, headers...)
}
