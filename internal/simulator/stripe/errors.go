package stripe

import (
	"fmt"
	"net/http"
)

// Stripe's error types.
const (
	typeAPI            = "api_error"
	typeCard           = "card_error"
	typeIdempotency    = "idempotency_error"
	typeInvalidRequest = "invalid_request_error"
)

const docBase = "https://stripe.com/docs/error-codes/"

// apiError is an error as Stripe's API answers it. It is also the form of a
// PaymentIntent's last_payment_error.
type apiError struct {
	AdviceCode         string         `json:"advice_code,omitempty"`
	Charge             string         `json:"charge,omitempty"`
	Code               string         `json:"code,omitempty"`
	DeclineCode        string         `json:"decline_code,omitempty"`
	DocURL             string         `json:"doc_url,omitempty"`
	Message            string         `json:"message"`
	NetworkAdviceCode  string         `json:"network_advice_code,omitempty"`
	NetworkDeclineCode string         `json:"network_decline_code,omitempty"`
	Param              string         `json:"param,omitempty"`
	PaymentIntent      *paymentIntent `json:"payment_intent,omitempty"`
	PaymentMethod      *paymentMethod `json:"payment_method,omitempty"`
	Type               string         `json:"type"`

	status int
	// executed: the endpoint had begun its work, so that the answer is kept
	// under the idempotency key and what was written stays written.
	executed bool
}

// Error implements error. It never contains a value of the request.
func (e *apiError) Error() string { return e.Type + " " + e.Code + ": " + e.Message }

func invalid(code, param, format string, args ...any) *apiError {
	e := &apiError{Type: typeInvalidRequest, Code: code, Param: param, Message: fmt.Sprintf(format, args...), status: http.StatusBadRequest}
	if code != "" {
		e.DocURL = docBase + dashed(code)
	}
	return e
}

// cardInvalid is the error for card details that are wrong in themselves; the
// card is never tried.
func cardInvalid(code, param, message string) *apiError {
	return &apiError{
		Type: typeCard, Code: code, Param: param, Message: message,
		DocURL: docBase + dashed(code), status: http.StatusPaymentRequired,
	}
}

// missing is the error for an id in the address; missingParam for one in the
// parameters. Neither is kept under an idempotency key.
func missing(noun, id, param string) *apiError {
	e := missingParam(noun, id, param)
	e.status = http.StatusNotFound
	return e
}

func missingParam(noun, id, param string) *apiError {
	return invalid("resource_missing", param, "No such %s: '%s'", noun, id)
}

// wrongState is the error for an operation that the PaymentIntent's status forbids.
func wrongState(pi *paymentIntent, verb, allowed string) *apiError {
	e := invalid("payment_intent_unexpected_state", "",
		"You cannot %s this PaymentIntent because it has a status of %s. Only a PaymentIntent with one of the following statuses may be %s: %s.",
		verb, pi.Status, pastTense[verb], allowed)
	e.PaymentIntent = pi
	e.executed = true
	return e
}

var pastTense = map[string]string{"confirm": "confirmed", "capture": "captured", "cancel": "canceled", "update": "updated"}

func dashed(code string) string {
	text := []byte(code)
	for i, b := range text {
		if b == '_' {
			text[i] = '-'
		}
	}
	return string(text)
}
