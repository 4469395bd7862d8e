package adyen

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

// inFlight is how long a request may be on its way after the call was written down:
// one that Adyen refuses after that is not overtaking another.
const inFlight = 2 * time.Minute

// unanswered is the outcome of a call that got no answer. Only a request that
// certainly never left is a decline.
func unanswered(c gateway.Call, at call, err error) payment.Outcome {
	if at.parent.Err() == nil && at.wire.NothingSent() {
		return refused(c, payment.NewDecline(payment.DeclineGatewayUnavailable), "no connection could be made")
	}
	return payment.Unknown(silence(at, err))
}

// silence says why there is no answer, in our words: errors of the HTTP client and of
// the library quote addresses and bodies.
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

// refusedBy reads an answer that is no success. otherwise is why a request is refused
// that Adyen finds wrong for a reason which is not in the table.
func refusedBy(c gateway.Call, r answer, otherwise payment.DeclineCode) payment.Outcome {
	p := r.problem()
	detail := fmt.Sprintf("Adyen answered %d (%s), request %s", r.status, cmp.Or(p.ErrorCode, "none"), cmp.Or(p.PSPReference, "none"))
	switch r.status {
	case http.StatusTooManyRequests:
		return refused(c, payment.NewDecline(payment.DeclineGatewayUnavailable), detail)
	case http.StatusUnauthorized, http.StatusForbidden:
		return refused(c, payment.NewDecline(payment.DeclineGatewayConfiguration), detail)
	case http.StatusBadRequest, http.StatusNotFound, http.StatusUnprocessableEntity:
		if p.ErrorCode == errorInProgress {
			return payment.Unknown(detail)
		}
		code, known := errorCodes[p.ErrorCode]
		if !known {
			code = otherwise
		}
		d := payment.NewDecline(code)
		d.GatewayCode = p.ErrorCode
		if age := time.Since(c.CreatedAt); age > inFlight && age < keysKept {
			c.Repeated = false // Adyen would have answered as it did before
		}
		return refused(c, d, detail)
	default:
		return payment.Unknown(detail)
	}
}

// refused declines a call that certainly had no effect. That says nothing of an
// earlier call with the same key, so a repeated one stays unknown.
func refused(c gateway.Call, d payment.Decline, detail string) payment.Outcome {
	if c.Repeated {
		return payment.Unknown(detail + "; an earlier call may have arrived")
	}
	o := payment.Declined(d)
	o.Detail, o.GatewayReference = detail, c.GatewayReference
	return o
}

// unsendable declines an amount that cannot be asked of Adyen at all.
func unsendable(err error) payment.Outcome {
	code := payment.DeclineAmount
	if errors.Is(err, errCurrency) {
		code = payment.DeclineCurrency
	}
	return payment.Declined(payment.NewDecline(code))
}

// wordOf keeps what is made of 1 to 64 letters, digits and underscores, as Adyen's ids
// and codes are, and drops everything else.
func wordOf(s string) string {
	const most = 64
	for _, r := range s {
		if r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return ""
		}
	}
	if len(s) > most {
		return ""
	}
	return s
}
