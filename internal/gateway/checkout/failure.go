package checkout

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

// inFlight is how long a request may be on its way after the call was written down:
// one that Checkout.com refuses after that is not overtaking another. What it carried
// out before, it would answer under the key.
// Source: checkout.com/docs/developer-resources/api/idempotency.
const inFlight = 2 * time.Minute

// keyLife is how long Checkout.com certainly knows an idempotency key. It says 24
// hours; one hour less allows for clocks. Source: as above.
const keyLife = 23 * time.Hour

// forgotten reports whether Checkout.com may have carried out an earlier call and not
// know its key any more: sent again, it would be carried out once more.
func forgotten(c gateway.Call) bool { return c.Repeated && time.Since(c.CreatedAt) > keyLife }

// codeDuplicate says that another request with the same key is under way.
const codeDuplicate = "duplicate_request"

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

// refusedBy reads an error that Checkout.com answered with.
func refusedBy(c gateway.Call, no *refusal) payment.Outcome {
	switch no.Status {
	case http.StatusTooManyRequests:
		if slices.Contains(no.Codes, codeDuplicate) {
			return payment.Unknown(no.Error())
		}
		return refused(c, payment.NewDecline(payment.DeclineGatewayUnavailable), no.Error())
	case http.StatusUnauthorized, http.StatusForbidden:
		return refused(c, payment.NewDecline(payment.DeclineGatewayConfiguration), no.Error())
	case http.StatusBadRequest, http.StatusNotFound, http.StatusUnprocessableEntity:
		if time.Since(c.CreatedAt) > inFlight {
			c.Repeated = false
		}
		return refused(c, requestDecline(no), no.Error())
	default:
		return payment.Unknown(no.Error())
	}
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
