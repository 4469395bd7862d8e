// Package fault is the one error type that crosses the hub's layers: a stable
// code, a message that is safe and useful for the caller, and a cause that only
// logs see. Each façade turns codes into its own words in one table.
package fault

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Code is a stable, façade-neutral class of failure.
type Code string

// The classes of failure.
const (
	Invalid              Code = "invalid"                // the request is malformed; Param names the field
	Unauthenticated      Code = "unauthenticated"        // no key, or one that is not (or no longer) valid
	Forbidden            Code = "forbidden"              // the key lacks the permission
	NotFound             Code = "not_found"              // no such object for this merchant and environment
	Declined             Code = "declined"               // the gateway, issuer or risk engine said no
	InvalidState         Code = "invalid_state"          // the object's state forbids the action
	IdempotencyConflict  Code = "idempotency_conflict"   // key reused with another request
	IdempotencyRunning   Code = "idempotency_running"    // the first request with this key is still running
	RateLimited          Code = "rate_limited"           // too many requests
	PayloadTooLarge      Code = "payload_too_large"      // body over the limit
	UnsupportedMediaType Code = "unsupported_media_type" // content type is not JSON
	MethodNotAllowed     Code = "method_not_allowed"     // the path exists with other methods
	Unavailable          Code = "unavailable"            // a part the call needs is down; safe to retry
	Internal             Code = "internal"               // a defect of ours
)

// Error carries a failure through the layers.
type Error struct {
	Code       Code
	Message    string        // safe for callers: says what to do, never holds card data or internals
	Param      string        // the request field at fault, "payment_method.card.number"
	RetryAfter time.Duration // when a retry makes sense, for RateLimited, Unavailable and IdempotencyRunning
	cause      error         // for logs only
}

// New makes a failure with a message for the caller.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Field makes an Invalid failure of one request field.
func Field(param, format string, args ...any) *Error {
	return &Error{Code: Invalid, Param: param, Message: fmt.Sprintf(format, args...)}
}

// Because returns a copy of e that remembers its cause for the logs.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// After returns a copy of e that tells the caller when to retry.
func (e *Error) After(d time.Duration) *Error {
	c := *e
	c.RetryAfter = d
	return &c
}

// Error implements error; it includes the cause and is meant for logs.
func (e *Error) Error() string {
	s := string(e.Code) + ": " + e.Message
	if e.Param != "" {
		s += " (" + e.Param + ")"
	}
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// From finds the failure in err's chain. An error that carries none is
// Unavailable when a deadline or cancellation is behind it, otherwise Internal.
func From(err error) *Error {
	var f *Error
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return New(Unavailable, "The request took too long. Retry with the same Idempotency-Key.").Because(err).After(time.Second)
	default:
		return New(Internal, "Something went wrong on our side. Retrying with the same Idempotency-Key is safe.").Because(err)
	}
}

// Is reports whether err carries a failure of this code.
func Is(err error, code Code) bool {
	var f *Error
	return errors.As(err, &f) && f.Code == code
}
