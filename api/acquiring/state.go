package acquiring

import (
	"time"

	"github.com/gin-gonic/gin"

	openapi "paymenthub/api/openapi/acquiring"
	"paymenthub/internal/fault"
	"paymenthub/internal/payment"
)

// action is what can be done with a payment, and how the contract words that its
// state forbids it.
type action struct {
	done string // "captured"
	from openapi.PaymentStatus
	// word says why a payment is past the action; nil where the contract has no
	// word for it.
	word func(p payment.Intent, now time.Time) *word
}

var (
	capture = action{"captured", openapi.PaymentStatusAuthorized, func(p payment.Intent, _ time.Time) *word {
		switch {
		case p.Status == payment.Succeeded:
			return &alreadyCaptured
		case p.Status == payment.Expired && wasAuthorized(p):
			return &authorizationExpired
		default:
			return nil
		}
	}}
	void = action{"voided", openapi.PaymentStatusAuthorized, func(p payment.Intent, _ time.Time) *word {
		switch {
		case p.Status == payment.Succeeded:
			return &alreadyCaptured
		case (p.Status == payment.Canceled || p.Status == payment.Expired) && wasAuthorized(p):
			return &alreadyVoided
		default:
			return nil
		}
	}}
	refund = action{"refunded", openapi.PaymentStatusCaptured, func(p payment.Intent, _ time.Time) *word {
		if p.Status == payment.Succeeded {
			return &alreadyRefunded
		}
		return &notCaptured
	}}
	cancel = action{"canceled", openapi.PaymentStatusCreated, func(p payment.Intent, _ time.Time) *word {
		if p.Status == payment.Succeeded || wasAuthorized(p) {
			return &alreadyCompleted
		}
		return nil
	}}
	confirm = action{"paid", openapi.PaymentStatusCreated, func(p payment.Intent, now time.Time) *word {
		switch {
		case p.Status == payment.Expired && wasAuthorized(p):
			return &authorizationGone
		case p.Status == payment.Expired, statusOf(p) == openapi.PaymentStatusCreated && !now.Before(p.ExpiresAt):
			return &intentExpired
		case p.Status == payment.Failed:
			return &maxAttempts
		default:
			return nil
		}
	}}
)

// wrongState is the error of an action that the payment's state forbids, in the
// façade's words.
func wrongState(p payment.Intent, done string) *fault.Error {
	return fault.New(fault.InvalidState, "Payment '%s' cannot be %s: its status is '%s'.", p.ID, done, statusOf(p))
}

// explain words the refusal of an action. A state that forbids it is read again:
// of two requests at the same moment one finds what the other has made of the
// payment.
func (a *API) explain(c *gin.Context, paymentID string, refusal error, of action) error {
	switch f := fault.From(refusal); {
	case f.Code == fault.NotFound:
		return a.elsewhere(c, paymentID)
	case f.Code == fault.Invalid && f.Param == "amount":
		return refuse(amountTooHigh, refusal)
	case f.Code != fault.InvalidState:
		return refusal
	}
	now, err := a.existing(c, paymentID)
	if err != nil {
		return err
	}
	if w := of.word(now, a.clock.Now()); w != nil {
		return refuse(*w, wrongState(now, of.done))
	}
	if statusOf(now) == of.from {
		return refusal
	}
	return wrongState(now, of.done)
}
