package hub

import (
	"errors"
	"net/http"

	"github.com/go-json-experiment/json"

	"paymenthub/api/middleware"
	"paymenthub/api/openapi"
	"paymenthub/internal/customer"
	"paymenthub/internal/fault"
	"paymenthub/internal/payment"
)

type word struct {
	status int
	code   openapi.ErrorDetailCode
}

// words says each fault in the façade's words.
var words = map[fault.Code]word{
	fault.Invalid:              {http.StatusBadRequest, openapi.ErrorDetailCodeValidationFailed},
	fault.Unauthenticated:      {http.StatusUnauthorized, openapi.ErrorDetailCodeUnauthenticated},
	fault.Declined:             {http.StatusPaymentRequired, openapi.ErrorDetailCodePaymentFailed},
	fault.Forbidden:            {http.StatusForbidden, openapi.ErrorDetailCodeForbidden},
	fault.NotFound:             {http.StatusNotFound, openapi.ErrorDetailCodeNotFound},
	fault.MethodNotAllowed:     {http.StatusMethodNotAllowed, openapi.ErrorDetailCodeValidationFailed},
	fault.InvalidState:         {http.StatusConflict, openapi.ErrorDetailCodeInvalidState},
	fault.IdempotencyConflict:  {http.StatusConflict, openapi.ErrorDetailCodeIdempotencyConflict},
	fault.IdempotencyRunning:   {http.StatusConflict, openapi.ErrorDetailCodeIdempotencyConflict},
	fault.PayloadTooLarge:      {http.StatusRequestEntityTooLarge, openapi.ErrorDetailCodeValidationFailed},
	fault.UnsupportedMediaType: {http.StatusUnsupportedMediaType, openapi.ErrorDetailCodeValidationFailed},
	fault.RateLimited:          {http.StatusTooManyRequests, openapi.ErrorDetailCodeRateLimited},
	fault.Unavailable:          {http.StatusServiceUnavailable, openapi.ErrorDetailCodeUnavailable},
	fault.Internal:             {http.StatusInternalServerError, openapi.ErrorDetailCodeInternalError},
}

// renderError writes the error envelope.
func (a *API) renderError(err error, requestID string) middleware.Answer {
	detail := openapi.ErrorDetail{RequestID: requestID}
	var declined *payment.DeclinedError
	var refused *customer.DeclinedError
	var status int
	switch {
	case errors.As(err, &declined):
		intent := a.intent(declined.Intent)
		code, advice := string(declined.Decline.Code), string(declined.Decline.Advice)
		detail.DeclineCode, detail.Advice, detail.Intent = &code, &advice, &intent
		detail.Message = declined.Decline.Message
		status, detail.Code = http.StatusPaymentRequired, openapi.ErrorDetailCodePaymentFailed
	case errors.As(err, &refused):
		detail.DeclineCode, detail.Advice, detail.Message = &refused.Refusal.Code, &refused.Refusal.Advice, refused.Refusal.Message
		status, detail.Code = http.StatusPaymentRequired, openapi.ErrorDetailCodePaymentFailed
	default:
		f := fault.From(err)
		w, ok := words[f.Code]
		if !ok {
			w = words[fault.Internal]
		}
		status, detail.Code, detail.Message, detail.Param = w.status, w.code, f.Message, optional(f.Param)
	}
	body, err := json.Marshal(openapi.Error{Error: detail}, json.Deterministic(true))
	if err != nil {
		// Only strings that are no UTF-8 fail, and none comes this far.
		return middleware.Answer{Status: http.StatusInternalServerError, ContentType: contentType}
	}
	return middleware.Answer{Status: status, ContentType: contentType, Body: body}
}
