package stripe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/stripe/stripe-go/v76"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

// stateErrors are the codes with which Stripe says that the payment's state
// forbids an operation.
var stateErrors = []stripe.ErrorCode{
	stripe.ErrorCodePaymentIntentUnexpectedState,
	stripe.ErrorCodeIntentInvalidState,
	stripe.ErrorCodeChargeAlreadyCaptured,
	stripe.ErrorCodeChargeExpiredForCapture,
	stripe.ErrorCodeCaptureChargeAuthorizationExpired,
}

func forbiddenByState(err error) bool {
	var answer *stripe.Error
	return errors.As(err, &answer) && answer.HTTPStatusCode < http.StatusInternalServerError &&
		slices.Contains(stateErrors, answer.Code)
}

// failed reads the outcome of a call that ended in an error. Only an answer
// that says no, and a request that certainly never left, are declines.
func failed(c gateway.Call, at call, err error) payment.Outcome {
	var answer *stripe.Error
	if errors.As(err, &answer) {
		return refusedBy(c, answer)
	}
	if at.parent.Err() == nil && at.wire.NothingSent() {
		return refused(c, payment.NewDecline(payment.DeclineGatewayUnavailable), "no connection could be made")
	}
	return payment.Unknown(silence(at, err))
}

// silence says why there is no answer, in our words: errors of the HTTP client
// and of stripe-go quote addresses and bodies.
func silence(at call, err error) string {
	switch {
	case at.parent.Err() != nil:
		return "the call was given up before an answer came"
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer came in time"
	default:
		return "the connection was lost, or the answer could not be read"
	}
}

// refusedBy reads an error that Stripe answered with.
func refusedBy(c gateway.Call, answer *stripe.Error) payment.Outcome {
	switch {
	case answer.Type == stripe.ErrorTypeIdempotency || answer.HTTPStatusCode == http.StatusConflict:
		// A call with this key runs now, or ran with other parameters.
		return payment.Unknown(described(answer))
	case answer.Type == stripe.ErrorTypeCard && answer.HTTPStatusCode == http.StatusPaymentRequired:
		o := declinedAs(readRefusal(answer, errorWords(answer)))
		if answer.PaymentIntent != nil {
			o.GatewayReference = answer.PaymentIntent.ID
			o.Kept = kept(answer.PaymentIntent, false)
		}
		o.TransactionReference = answer.ChargeID
		return o
	}
	switch answer.HTTPStatusCode {
	case http.StatusTooManyRequests:
		return refused(c, payment.NewDecline(payment.DeclineGatewayUnavailable), described(answer))
	case http.StatusUnauthorized, http.StatusForbidden:
		return refused(c, payment.NewDecline(payment.DeclineGatewayConfiguration), described(answer))
	case http.StatusBadRequest, http.StatusPaymentRequired, http.StatusNotFound:
		d := requestDecline(answer)
		if d.Code == payment.DeclineState || time.Since(c.CreatedAt) > inFlight {
			c.Repeated = false
		}
		o := refused(c, d, described(answer))
		o.CustomerGone = answer.Code == stripe.ErrorCodeResourceMissing && answer.Param == "customer"
		return o
	default:
		return payment.Unknown(described(answer))
	}
}

// inFlight is how long a request may be on its way after the call was written
// down: one that Stripe refuses after that is not overtaking another.
//
// A refusal because of the payment's state needs no such patience: Stripe kept it
// under the call's key, as it does with every answer of an endpoint that began its
// work, so another request with this key gets it too.
// Source: docs.stripe.com/api/idempotent_requests.
const inFlight = 2 * time.Minute

// refused declines a call that certainly had no effect. That says nothing of an
// earlier call with the same key, so a repeated one stays unknown.
func refused(c gateway.Call, d payment.Decline, detail string) payment.Outcome {
	if c.Repeated {
		return payment.Unknown(detail + "; an earlier call may have arrived")
	}
	o := payment.Declined(d)
	o.Detail = detail
	o.GatewayReference = c.GatewayReference
	return o
}

// described names an answer for operators: status, Stripe's code and request.
func described(answer *stripe.Error) string {
	code := string(answer.Code)
	if code == "" {
		code = string(answer.Type)
	}
	return fmt.Sprintf("Stripe answered %d (%s), request %s", answer.HTTPStatusCode, word(code), word(answer.RequestID))
}

// word keeps what is an identifier and drops everything else.
func word(s string) string {
	if !isWord(s) {
		return "none"
	}
	return s
}

// isWord reports whether s is made of 1 to 64 letters, digits and underscores,
// as Stripe's ids and codes and our ids are.
func isWord(s string) bool {
	const most = 64
	for _, r := range s {
		if r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return false
		}
	}
	return s != "" && len(s) <= most
}

// networkWords are what the card network said. The fields are newer than
// 2023-10-16; Stripe answers them in every version, stripe-go drops them.
type networkWords struct {
	AdviceCode         string `json:"advice_code"`
	NetworkAdviceCode  string `json:"network_advice_code"`
	NetworkDeclineCode string `json:"network_decline_code"`
}

func errorWords(answer *stripe.Error) networkWords {
	var body struct {
		Error networkWords `json:"error"`
	}
	if answer.LastResponse == nil || json.Unmarshal(answer.LastResponse.RawJSON, &body) != nil {
		return networkWords{}
	}
	return body.Error
}

func lastErrorWords(intent *stripe.PaymentIntent) networkWords {
	var body struct {
		Error networkWords `json:"last_payment_error"`
	}
	if intent.LastResponse == nil || json.Unmarshal(intent.LastResponse.RawJSON, &body) != nil {
		return networkWords{}
	}
	return body.Error
}
