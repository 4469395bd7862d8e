package mollie

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

const (
	// inFlight is how long a request may be on its way after the call was written
	// down: one that Mollie refuses after that is not overtaking another.
	inFlight = 2 * time.Minute
	// keyLife is how long Mollie certainly knows an idempotency key. It says one hour;
	// ten minutes less allow for clocks.
	// Source: docs.mollie.com/reference/api-idempotency.
	keyLife = 50 * time.Minute
)

// forgotten reports whether Mollie may have carried out an earlier call and not know
// its key any more: sent again, it would be carried out once more.
func forgotten(c gateway.Call) bool { return c.Repeated && time.Since(c.CreatedAt) > keyLife }

// failed reads the outcome of a call that ended in an error. Only an answer
// that says no, and a request that certainly never left, are declines.
func failed(c gateway.Call, at call, err error) payment.Outcome {
	if no := (*refusal)(nil); errors.As(err, &no) {
		return refusedBy(c, no)
	}
	if at.parent.Err() == nil && at.wire.NothingSent() {
		return refused(c, payment.NewDecline(payment.DeclineGatewayUnavailable), "no connection could be made")
	}
	return payment.Unknown(silence(at, err))
}

// silence says why there is no answer, in our words: errors of the HTTP client
// quote addresses and bodies.
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

// refusedBy reads an error that Mollie answered with. A call with the same key runs
// now (409), or ran with other parameters (400): either tells nothing of this one.
func refusedBy(c gateway.Call, no *refusal) payment.Outcome {
	switch no.Status {
	case http.StatusTooManyRequests:
		return refused(c, payment.NewDecline(payment.DeclineGatewayUnavailable), no.Error())
	case http.StatusUnauthorized, http.StatusForbidden:
		return refused(c, payment.NewDecline(payment.DeclineGatewayConfiguration), no.Error())
	case http.StatusNotFound, http.StatusGone, http.StatusUnprocessableEntity:
		if time.Since(c.CreatedAt) > inFlight {
			c.Repeated = false
		}
		return refused(c, requestDecline(c, no), no.Error())
	default:
		return payment.Unknown(no.Error())
	}
}

// requestDecline reads the refusal of a request, which no bank ever saw. Mollie has
// no codes for it, but the status and the field that is wrong.
func requestDecline(c gateway.Call, no *refusal) payment.Decline {
	code := payment.DeclineGatewayConfiguration
	switch {
	case strings.HasSuffix(no.Field, "currency"):
		code = payment.DeclineCurrency
	case strings.HasPrefix(no.Field, "amount"):
		code = payment.DeclineAmount
	case no.Status != http.StatusNotFound && no.Field == "" && c.GatewayReference != "":
		code = payment.DeclineState
	}
	d := payment.NewDecline(code)
	d.GatewayCode = word(strings.ReplaceAll(no.Field, ".", "_"))
	if no.Field == "" {
		d.GatewayCode = statusCodes[no.Status]
	}
	return d
}

// statusCodes stand for the code that an answer does not have.
var statusCodes = map[int]string{
	http.StatusNotFound:            "not_found",
	http.StatusGone:                "gone",
	http.StatusUnprocessableEntity: "unprocessable_entity",
}

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

// unread is the outcome of a read that failed: nothing is known from it.
func unread(c gateway.Call, at call, err error) payment.Outcome {
	o := payment.Unknown("look-up failed: " + unreadBecause(at, err))
	o.GatewayReference = c.GatewayReference
	return o
}

// unreadBecause says for operators why a read failed.
func unreadBecause(at call, err error) string {
	if no := (*refusal)(nil); errors.As(err, &no) {
		return no.Error()
	}
	return silence(at, err)
}
