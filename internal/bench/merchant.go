package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"paymenthub/internal/id"
)

// merchant calls the hub as a merchant's back end does: with a fresh
// Idempotency-Key on every write.
type merchant struct {
	base string
	key  string
	http *http.Client
}

// card is the test card that is always approved (contracts/acquiring.md).
var card = map[string]any{"type": "card", "card": map[string]any{
	"number": "4242424242424242", "exp_month": 12, "exp_year": 2035, "cvc": "123", "holder_name": "Bench",
}}

// acquiringCard is the same card in the acquiring façade's words.
var acquiringCard = map[string]any{"number": "4242424242424242", "exp_month": 12, "exp_year": 2035, "cvv": "123", "holder_name": "Bench"}

// shapes returns what each shape does, after one payment that proves that the
// hub takes them.
func (m *merchant) shapes(ctx context.Context) (map[string]func(context.Context) error, error) {
	known, err := m.create(ctx, map[string]any{"confirm": true, "payment_method": card}, "succeeded")
	if err != nil {
		return nil, err
	}
	return map[string]func(context.Context) error{
		"one_shot":  m.oneShot,
		"sale":      func(ctx context.Context) error { return m.acquire(ctx, "sale", "captured") },
		"authorize": func(ctx context.Context) error { return m.acquire(ctx, "authorize", "authorized") },
		"two_step": func(ctx context.Context) error {
			paymentID, err := m.create(ctx, nil, "requires_confirmation")
			if err != nil {
				return err
			}
			_, err = m.post(ctx, "/v3/payments/intents/"+paymentID+"/confirm", map[string]any{"payment_method": card}, "succeeded")
			return err
		},
		"auth_capture": func(ctx context.Context) error {
			paymentID, err := m.create(ctx, map[string]any{"confirm": true, "capture_method": "manual", "payment_method": card}, "requires_capture")
			if err != nil {
				return err
			}
			_, err = m.post(ctx, "/v3/payments/intents/"+paymentID+"/capture", map[string]any{}, "succeeded")
			return err
		},
		"create": func(ctx context.Context) error {
			_, err := m.create(ctx, nil, "requires_confirmation")
			return err
		},
		"get": func(ctx context.Context) error {
			_, err := m.call(ctx, http.MethodGet, "/v3/payments/intents/"+known, nil, "succeeded")
			return err
		},
	}, nil
}

// oneShot takes a payment in one request.
func (m *merchant) oneShot(ctx context.Context) error {
	_, err := m.create(ctx, map[string]any{"confirm": true, "payment_method": card}, "succeeded")
	return err
}

// acquire takes a payment through the acquiring façade.
func (m *merchant) acquire(ctx context.Context, path, want string) error {
	_, err := m.post(ctx, "/api/v1/payments/"+path, map[string]any{"amount": 1250, "currency": "USD", "card": acquiringCard}, want)
	return err
}

func (m *merchant) create(ctx context.Context, more map[string]any, want string) (string, error) {
	body := map[string]any{"amount": 1250, "currency": "USD"}
	for name, value := range more {
		body[name] = value
	}
	return m.post(ctx, "/v3/payments/intents", body, want)
}

func (m *merchant) post(ctx context.Context, path string, body map[string]any, want string) (string, error) {
	return m.call(ctx, http.MethodPost, path, body, want)
}

// call sends a request and returns the payment's id when its status is want.
func (m *merchant) call(ctx context.Context, method, path string, body map[string]any, want string) (string, error) {
	var reader io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return "", err
		}
		reader = bytes.NewReader(raw)
	}
	request, err := http.NewRequestWithContext(ctx, method, m.base+path, reader)
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+m.key)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Idempotency-Key", id.NewSuffix())
	}
	response, err := m.http.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	type paid struct {
		ID     string `json:"id"`
		Status string `json:"status"`
	}
	var answer struct {
		paid
		Data  *paid `json:"data"` // around it on the acquiring façade
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return "", fmt.Errorf("%s %s: status %d: %w", method, path, response.StatusCode, err)
	}
	if answer.Data != nil {
		answer.paid = *answer.Data
	}
	if response.StatusCode >= 300 || answer.Status != want {
		return "", fmt.Errorf("%s %s: status %d, payment %q, wanted %q: %s %s", method, path, response.StatusCode, answer.Status, want, answer.Error.Code, answer.Error.Message)
	}
	return answer.ID, nil
}
