package paypal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

// failed reads the outcome of a call that ended in an error. Only an answer that says
// no, and a request that certainly never left, are declines.
func failed(c gateway.Call, at call, err error) payment.Outcome {
	if refused := refusalIn(err); refused != nil {
		return refused.of(c)
	}
	if at.parent.Err() != nil {
		return payment.Unknown(because(at, err))
	}
	var token *tokenError
	if errors.As(err, &token) {
		return withheld(c, token.decline(), because(at, err))
	}
	if at.wire.NothingSent() {
		return withheld(c, payment.NewDecline(payment.DeclineGatewayUnavailable), "no connection could be made")
	}
	return payment.Unknown(because(at, err))
}

// because says for operators why there is no answer, in our words: errors of the HTTP
// client and of the library quote addresses and bodies.
func because(at call, err error) string {
	var refused *refusal
	var token *tokenError
	text := "the connection was lost, or the answer could not be read"
	switch {
	case errors.As(err, &refused):
		text = described(refused)
	case at.parent.Err() != nil:
		text = "the call was given up before an answer came"
	case errors.Is(err, context.DeadlineExceeded):
		text = "no answer came in time"
	}
	if errors.As(err, &token) {
		return "no access token was to be had: " + text
	}
	return text
}

// decline is what a call comes to for which there is no token.
func (e *tokenError) decline() payment.Decline {
	var refused *refusal
	if errors.As(e.cause, &refused) && (refused.status == http.StatusUnauthorized || refused.status == http.StatusForbidden) {
		return payment.NewDecline(payment.DeclineGatewayConfiguration)
	}
	return payment.NewDecline(payment.DeclineGatewayUnavailable)
}

// inFlight is how long a request may be on its way after the call, or the completion,
// was written down: one that PayPal refuses after that is not overtaking another.
const inFlight = 2 * time.Minute

// mayBeTaken reports whether PayPal may yet take the order of a call without being told
// again: an earlier completion, whose answer was lost, is perhaps still on its way.
func mayBeTaken(c gateway.Call) bool {
	return !c.CompletionSentAt.IsZero() && time.Since(c.CompletionSentAt) <= inFlight
}

// onItsWay is what mayBeTaken means, for operators.
const onItsWay = "PayPal was told to take the payment before, which may still be on its way"

// of is the outcome of a call that PayPal answered so.
func (r *refusal) of(c gateway.Call) payment.Outcome {
	if r.name == "" || slices.Contains(r.issues, issueInProgress) {
		return payment.Unknown(described(r))
	}
	switch r.status {
	case http.StatusTooManyRequests:
		return withheld(c, payment.NewDecline(payment.DeclineGatewayUnavailable), described(r))
	case http.StatusUnauthorized, http.StatusForbidden:
		return withheld(c, payment.NewDecline(payment.DeclineGatewayConfiguration), described(r))
	case http.StatusBadRequest, http.StatusNotFound, http.StatusUnprocessableEntity:
		if time.Since(c.CreatedAt) > inFlight {
			c.Repeated = false
		}
		return withheld(c, r.decline(), described(r))
	default:
		return payment.Unknown(described(r))
	}
}

// decides reports whether PayPal refused the request for what it asks, so that the
// order tells more.
func (r *refusal) decides() bool {
	return r != nil && r.name != "" && !slices.Contains(r.issues, issueInProgress) &&
		(r.status == http.StatusBadRequest || r.status == http.StatusNotFound || r.status == http.StatusUnprocessableEntity)
}

// decline reads the refusal in the hub's words.
func (r *refusal) decline() payment.Decline {
	code := payment.DeclineGatewayConfiguration
	if r.status == http.StatusUnprocessableEntity {
		code = payment.DeclineGeneric
	}
	for _, issue := range r.issues {
		if known, ok := issueCodes[issue]; ok {
			code = known
			break
		}
	}
	d := payment.NewDecline(code)
	d.GatewayCode = word(r.issue())
	return d
}

// withheld declines a call that certainly had no effect. That says nothing of an
// earlier call with the same key, so a repeated one stays unknown.
func withheld(c gateway.Call, d payment.Decline, detail string) payment.Outcome {
	o := payment.Declined(d)
	o.Detail = detail
	if c.Repeated {
		o = payment.Unknown(detail + "; an earlier call may have arrived")
	}
	o.GatewayReference = c.GatewayReference
	return o
}

// unsendable declines an amount that cannot be asked of PayPal at all.
func unsendable(err error) payment.Outcome {
	code := payment.DeclineAmount
	if errors.Is(err, errCurrency) {
		code = payment.DeclineCurrency
	}
	return payment.Declined(payment.NewDecline(code))
}

func declinedBy(code payment.DeclineCode, gatewayCode string) payment.Outcome {
	d := payment.NewDecline(code)
	d.GatewayCode = gatewayCode
	return payment.Declined(d)
}

// described names an answer for operators: status, PayPal's issue and its id of the
// request.
func described(r *refusal) string {
	return fmt.Sprintf("PayPal answered %d (%s), debug id %s", r.status, word(r.issue()), word(r.debugID))
}

// word keeps what is an identifier and drops everything else.
func word(s string) string {
	if !isWord(s) {
		return "none"
	}
	return s
}

// isWord reports whether s is made of 1 to 64 letters, digits, underscores and hyphens,
// as PayPal's issues and ids are.
func isWord(s string) bool {
	const most = 64
	for _, r := range s {
		if r != '_' && r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return false
		}
	}
	return s != "" && len(s) <= most
}
