package chassis

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"paymenthub/internal/simulator"
)

const maxBody = 1 << 20

// Request is one call of the provider's API.
type Request struct {
	*http.Request
	Body    []byte // all of it
	Account string
	Key     string // the idempotency key, of a call that changes something
	BaseURL string // where a shopper's browser reaches the simulator
}

// Answer is a finished response.
type Answer struct {
	Status int
	Header map[string]string // besides Content-Length; no Content-Type means JSON
	Body   []byte
}

// JSON is an answer of this status with a body.
func JSON(status int, body any) Answer { return Answer{Status: status, Body: Marshal(body)} }

// Refusal is an error that is answered in the provider's words. What the call
// wrote is taken back, and the answer is not kept under its idempotency key: an
// effect that is to be kept, such as a decline, is an Answer.
type Refusal struct{ Answer }

// Error implements error.
func (r *Refusal) Error() string { return "refused with status " + strconv.Itoa(r.Status) }

// Read is an operation that changes nothing.
type Read func(Reader, *Request) (Answer, error)

// Write is an operation that changes state, in two steps: it reads and checks its
// parameters, and returns what is to be done in the one transaction.
type Write func(*Request) (Effect, error)

// Effect changes state and answers. The answer is kept under the call's
// idempotency key, whatever its status is.
type Effect func(*Tx) (Answer, error)

// Read serves an operation that changes nothing. Faults hit it by the operation's
// name; "" means never.
func (c *Chassis) Read(operation string, read Read) http.Handler {
	return c.serve(operation, func(r *Request) (Answer, error) { return read(c.store, r) })
}

// Write serves an operation that changes state, once for each idempotency key.
func (c *Chassis) Write(operation string, write Write) http.Handler {
	return c.serve(operation, func(r *Request) (Answer, error) {
		r.Key = c.provider.Key(r)
		release, free := c.inflight.acquire(r.Account, r.Key)
		if !free {
			return c.provider.KeyInUse(r), nil
		}
		defer release()
		effect, err := write(r)
		if err != nil {
			return Answer{}, err
		}
		return c.execute(r, effect)
	})
}

// serve reads the request, lets handle answer it, and writes the answer. The body
// is read before faults are looked at, so that a client's leaving is noticed.
func (c *Chassis) serve(operation string, handle func(*Request) (Answer, error)) http.Handler {
	var operations []string
	if operation != "" {
		operations = []string{operation}
	}
	faulty := c.faults.Wrap(simulator.Injector{
		Operations: func(*http.Request) []string { return operations },
		Refuse:     func(w http.ResponseWriter, _ *http.Request, status int) { respond(w, c.provider.ServerError(status)) },
	}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c.options.Latency > 0 {
			time.Sleep(c.options.Latency)
		}
		respond(w, c.answer(r, handle))
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			http.Error(w, "The request could not be read.", http.StatusRequestEntityTooLarge)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		faulty.ServeHTTP(w, r)
	})
}

// answer turns an error that is not the provider's into a server error, and logs it.
func (c *Chassis) answer(r *http.Request, handle func(*Request) (Answer, error)) Answer {
	body, err := io.ReadAll(r.Body) // out of memory
	request := &Request{Request: r, Body: body, BaseURL: c.baseURL(r)}
	if err == nil {
		request.Account, err = c.provider.Account(request)
	}
	var done Answer
	if err == nil {
		done, err = handle(request)
	}
	if err == nil {
		return done
	}
	if refusal := (*Refusal)(nil); errors.As(err, &refusal) {
		return refusal.Answer
	}
	c.log.Error("simulator failed", zap.String("provider", c.provider.Name), zap.String("path", r.URL.Path), zap.Error(err))
	return c.provider.ServerError(http.StatusInternalServerError)
}

func respond(w http.ResponseWriter, a Answer) {
	header := w.Header()
	if a.Status != http.StatusNoContent {
		header.Set("Content-Type", "application/json")
		header.Set("Content-Length", strconv.Itoa(len(a.Body)))
	}
	for name, value := range a.Header {
		header.Set(name, value)
	}
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body) // a client that left gets nothing
}

// baseURL is where a shopper's browser reaches this simulator.
func (c *Chassis) baseURL(r *http.Request) string {
	if c.options.BaseURL != "" {
		return strings.TrimSuffix(c.options.BaseURL, "/")
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}
