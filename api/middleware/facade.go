// Package middleware is what every façade's requests pass on their way: each
// file is one station, and api/router.go says in which order they stand.
package middleware

import (
	"errors"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
)

// Facade is what differs between the hub's HTTP surfaces in what they share.
type Facade struct {
	Name string
	// KeyOf takes the API key out of a request; "" when there is none.
	KeyOf func(*http.Request) string
	// Challenge is the WWW-Authenticate header of a 401 (RFC 9110, 11.6.1).
	Challenge string
	// Render writes an error in the façade's words.
	Render func(err error, requestID string) Answer
	// Page writes it instead where people read it: in the language of their
	// request. nil: Render does.
	Page func(c *gin.Context, err error) Answer
}

// Answer is a response that is ready to be sent.
type Answer struct {
	Status      int
	ContentType string
	Body        []byte
}

// request is what the stations tell each other about one request.
type request struct {
	facade      *Facade
	id          string
	key         *merchant.Key   // nil: not authenticated by a key
	shopper     *payment.Intent // the payment that a client secret was presented for; nil: none was
	body        []byte
	operationID string
	paymentID   string
	failure     error
}

const requestKey = "paymenthub.request"

func of(c *gin.Context) *request { return c.MustGet(requestKey).(*request) }

// Fail ends the request with an error in its façade's words.
func Fail(c *gin.Context, err error) {
	r := of(c)
	r.failure = err
	answer := r.answer(c, err)
	if answer.Status == http.StatusUnauthorized && r.facade.Challenge != "" {
		c.Header("WWW-Authenticate", r.facade.Challenge)
	}
	var f *fault.Error
	switch {
	case errors.As(err, &f) && f.RetryAfter > 0:
		c.Header("Retry-After", seconds(f.RetryAfter))
	case answer.Status == http.StatusServiceUnavailable:
		c.Header("Retry-After", "1")
	}
	c.Abort()
	c.Data(answer.Status, answer.ContentType, answer.Body)
}

func (r *request) answer(c *gin.Context, err error) Answer {
	if r.facade.Page != nil {
		return r.facade.Page(c, err)
	}
	return r.facade.Render(err, r.id)
}

// seconds writes a duration in whole seconds, rounded up.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}

// Key returns the key that authenticated the request; nil when none did.
func Key(c *gin.Context) *merchant.Key { return of(c).key }

// Scope returns the merchant and environment that the request acts for. It may
// be called only where authentication is required.
func Scope(c *gin.Context) merchant.Scope { return of(c).scope() }

func (r *request) scope() merchant.Scope {
	if r.shopper != nil {
		return r.shopper.Scope
	}
	return r.key.Scope
}

// PathID returns the id ":id" in the path. What is no id of the kind names nothing,
// and is not repeated in the answer.
func PathID(c *gin.Context, kind id.Prefix, what string) (string, error) {
	if given := c.Param("id"); id.Valid(kind, given) {
		return given, nil
	}
	return "", fault.New(fault.NotFound, "There is no such %s.", what)
}

// Body returns the request's body.
func Body(c *gin.Context) []byte { return of(c).body }

// OperationID returns the ULID that the ids of the request's objects are made
// of. It is the same for every retry of an idempotent request.
func OperationID(c *gin.Context) string { return of(c).operationID }

// ClientIP returns the caller's address, canonical; "" when it is not known.
func ClientIP(c *gin.Context) string {
	addr, err := netip.ParseAddr(c.ClientIP())
	if err != nil {
		return ""
	}
	return addr.Unmap().WithZone("").String()
}

// SetPayment tells the log which payment the request is about.
func SetPayment(c *gin.Context, paymentID string) { of(c).paymentID = paymentID }
