package acquiring

import (
	"errors"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"

	"paymenthub/api/middleware"
	openapi "paymenthub/api/openapi/acquiring"
	"paymenthub/internal/fault"
	"paymenthub/internal/payment"
)

type word struct {
	status int
	code   openapi.ErrorCode
}

// words says each fault in the façade's words.
var words = map[fault.Code]word{
	fault.Invalid:              {http.StatusBadRequest, openapi.ErrorCodeValidationError},
	fault.Unauthenticated:      {http.StatusUnauthorized, openapi.ErrorCodeUnauthorized},
	fault.Forbidden:            {http.StatusForbidden, openapi.ErrorCodeForbidden},
	fault.NotFound:             {http.StatusNotFound, openapi.ErrorCodeNotFound},
	fault.MethodNotAllowed:     {http.StatusMethodNotAllowed, openapi.ErrorCodeValidationError},
	fault.InvalidState:         {http.StatusConflict, openapi.ErrorCodeInvalidState},
	fault.IdempotencyConflict:  {http.StatusConflict, openapi.ErrorCodeIdempotencyMismatch},
	fault.IdempotencyRunning:   {http.StatusConflict, openapi.ErrorCodeIdempotencyInProgress},
	fault.PayloadTooLarge:      {http.StatusRequestEntityTooLarge, openapi.ErrorCodeValidationError},
	fault.UnsupportedMediaType: {http.StatusUnsupportedMediaType, openapi.ErrorCodeValidationError},
	fault.RateLimited:          {http.StatusTooManyRequests, openapi.ErrorCodeRateLimited},
	fault.Unavailable:          {http.StatusServiceUnavailable, openapi.ErrorCodeUnavailable},
	fault.Internal:             {http.StatusInternalServerError, openapi.ErrorCodeInternalError},
}

// The words for which a fault and its field are not enough: what they say depends
// on what was asked for and on the payment's state.
var (
	alreadyCaptured      = word{http.StatusBadRequest, openapi.ErrorCodeAlreadyCaptured}
	alreadyVoided        = word{http.StatusBadRequest, openapi.ErrorCodeAlreadyVoided}
	alreadyRefunded      = word{http.StatusBadRequest, openapi.ErrorCodeAlreadyRefunded}
	alreadyCompleted     = word{http.StatusBadRequest, openapi.ErrorCodeAlreadyCompleted}
	notCaptured          = word{http.StatusBadRequest, openapi.ErrorCodeNotCaptured}
	amountTooHigh        = word{http.StatusBadRequest, openapi.ErrorCodeAmountTooHigh}
	authorizationExpired = word{http.StatusBadRequest, openapi.ErrorCodeAuthorizationExpired}
	wrongMerchant        = word{http.StatusUnauthorized, openapi.ErrorCodeWrongMerchant}
	intentExpired        = word{http.StatusGone, openapi.ErrorCodeIntentExpired}
	authorizationGone    = word{http.StatusGone, openapi.ErrorCodeAuthorizationExpired}
	maxAttempts          = word{http.StatusGone, openapi.ErrorCodeMaxAttempts}
)

// refusal is a fault in a word that it does not say by itself.
type refusal struct {
	word  word
	fault *fault.Error
}

// Error implements error.
func (r *refusal) Error() string { return string(r.word.code) + ": " + r.fault.Error() }

// Unwrap returns the fault.
func (r *refusal) Unwrap() error { return r.fault }

// refuse says an error in another word.
func refuse(w word, err error) error { return &refusal{w, fault.From(err)} }

// wordOf finds the word for an error.
func wordOf(err error) (word, *fault.Error) {
	f := fault.From(err)
	var said *refusal
	if errors.As(err, &said) {
		return said.word, f
	}
	w, ok := words[f.Code]
	if !ok {
		w = words[fault.Internal]
	}
	if f.Code == fault.Invalid {
		w.code = fieldWord(f.Param)
	}
	return w, f
}

// fieldWord says what is wrong with a request whose field is at fault.
func fieldWord(field string) openapi.ErrorCode {
	switch name, _, _ := strings.Cut(field, "."); name {
	case "amount":
		return openapi.ErrorCodeInvalidAmount
	case "currency":
		return openapi.ErrorCodeUnsupportedCurrency
	case "card":
		return openapi.ErrorCodeInvalidCard
	default:
		return openapi.ErrorCodeValidationError
	}
}

// declined renders a refusal by gateway, issuer or risk.
func declined(p payment.Intent, d payment.Decline) openapi.ErrorDetail {
	code, advice := string(d.Code), string(d.Advice)
	detail := openapi.ErrorDetail{
		Code: openapi.ErrorCodeCardDeclined, Message: d.Message,
		Details: openapi.ErrorDetails{
			DeclineCode: &code, ResponseCode: optional(d.IssuerCode), Advice: &advice, PaymentID: &p.ID,
		},
	}
	if d.Code == payment.DeclineFraud {
		detail.Code = openapi.ErrorCodeFraudDeclined
	}
	if p.Status == payment.RequiresPaymentMethod || p.Status == payment.Failed { // not a capture, void or refund
		left := attemptsLeft(p)
		detail.Details.AttemptsRemaining = &left
	}
	return detail
}

// renderError writes the error envelope of the routes for servers.
func renderError(err error, requestID string) middleware.Answer {
	var refused *payment.DeclinedError
	if errors.As(err, &refused) {
		return write(http.StatusPaymentRequired, declined(refused.Intent, refused.Decline), requestID)
	}
	w, f := wordOf(err)
	return write(w.status, openapi.ErrorDetail{Code: w.code, Message: f.Message, Details: openapi.ErrorDetails{Field: optional(f.Param)}}, requestID)
}

// renderPublicError is renderError for browsers, who have no key but a client
// secret. Whoever tries cards there learns what the holder of one could mend, and
// nothing else of what the issuer said.
func renderPublicError(err error, requestID string) middleware.Answer {
	var refused *payment.DeclinedError
	if errors.As(err, &refused) {
		detail := declined(refused.Intent, refused.Decline)
		told := string(refused.Decline.ForShopper())
		detail.Details.DeclineCode, detail.Details.ResponseCode, detail.Details.Advice = &told, nil, nil
		detail.Message = "The card was declined. Try another card, or ask your bank."
		return write(http.StatusPaymentRequired, detail, requestID)
	}
	if fault.Is(err, fault.Unauthenticated) {
		err = refuse(word{http.StatusUnauthorized, openapi.ErrorCodeInvalidClientSecret}, err)
	}
	return renderError(err, requestID)
}

func write(status int, detail openapi.ErrorDetail, requestID string) middleware.Answer {
	detail.RequestID = requestID
	body, err := json.Marshal(openapi.Error{Error: detail}, json.Deterministic(true))
	if err != nil {
		// Only strings that are no UTF-8 fail, and none comes this far.
		return middleware.Answer{Status: http.StatusInternalServerError, ContentType: contentType}
	}
	return middleware.Answer{Status: status, ContentType: contentType, Body: body}
}
