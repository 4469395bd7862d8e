package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// The witnesses' answers, in the provider's unit of the currency. They are
// written down here once more, and not shared with the simulators or the
// adapters: what checks them must not repeat their mistakes.

// charge is a charge that really happened.
type charge struct {
	ID             string   `json:"id"`
	PaymentIntent  string   `json:"payment_intent"`
	Amount         int64    `json:"amount"`
	Currency       string   `json:"currency"`
	Status         string   `json:"status"`
	AmountCaptured int64    `json:"amount_captured"`
	AmountRefunded int64    `json:"amount_refunded"`
	Metadata       metadata `json:"metadata"`
	gateway        string
}

// The states of a charge. In the other ones money was taken.
const (
	chargeAuthorized = "authorized"
	chargeVoided     = "voided"
)

// refund is a refund that really happened.
type refund struct {
	ID       string   `json:"id"`
	Amount   int64    `json:"amount"`
	Currency string   `json:"currency"`
	Status   string   `json:"status"`
	Metadata metadata `json:"metadata"`
	gateway  string
}

// The states of a refund: its money is on its way back, or stays with the
// merchant for good. In the other ones nothing is decided.
const (
	refundSucceeded = "succeeded"
	refundFailed    = "failed"
	refundCanceled  = "canceled"
)

// dispute is a shopper's objection that a provider has. It names a charge, and
// through that the payment.
type dispute struct {
	ID       string `json:"id"`
	Charge   string `json:"charge"`
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	Status   string `json:"status"`
	// Withdrawn is what the merchant is without because of it now.
	Withdrawn int64 `json:"withdrawn"`
	gateway   string
}

// metadata are the hub's ids that the adapter left at the provider.
type metadata struct {
	PaymentID     string `json:"payment_id"`
	TransactionID string `json:"transaction_id"`
	RefundID      string `json:"refund_id"`
	MerchantID    string `json:"merchant_id"`
	Environment   string `json:"environment"`
}

// silence is how long a witness may say nothing before it is given up.
const silence = 30 * time.Second

// records reads a witness's list row by row.
func records[T any](ctx context.Context, w Witness, list string, row func(T) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watchdog := time.AfterFunc(silence, cancel)
	defer watchdog.Stop()
	address := strings.TrimSuffix(w.URL, "/") + "/_sim/" + list
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fmt.Errorf("verify: witness %s: %w", w.Name, err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("verify: witness %s: %w", w.Name, err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("verify: witness %s: %s answered %s", w.Name, address, response.Status)
	}
	if err := decode(response.Body, list, func(one T) error { watchdog.Reset(silence); return row(one) }); err != nil {
		return fmt.Errorf("verify: witness %s: %s: %w", w.Name, address, err)
	}
	return nil
}

var errShape = errors.New("the answer is not a witness's record")

// decode reads {"list":[row, row …]} without holding more than a row. A record
// that breaks off is an error: a short one must never pass for a whole one.
func decode[T any](body io.Reader, list string, row func(T) error) error {
	in := json.NewDecoder(body)
	for _, want := range []json.Token{json.Delim('{'), list, json.Delim('[')} {
		if err := expect(in, want); err != nil {
			return err
		}
	}
	for in.More() {
		var one T
		if err := in.Decode(&one); err != nil {
			return err
		}
		if err := row(one); err != nil {
			return err
		}
	}
	if err := expect(in, json.Delim(']')); err != nil {
		return err
	}
	return expect(in, json.Delim('}'))
}

func expect(in *json.Decoder, want json.Token) error {
	token, err := in.Token()
	if err != nil {
		return err
	}
	if token != want {
		return errShape
	}
	return nil
}
