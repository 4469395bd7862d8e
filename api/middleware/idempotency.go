package middleware

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"go.uber.org/zap"

	"paymenthub/api/decode"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/idempotency"
)

// recordTime bounds writing down how a request ended. It is not bound to the
// request, which may have used its time up.
const recordTime = 5 * time.Second

// recordTries and recordPause bound how often it is tried.
const (
	recordTries = 3
	recordPause = 200 * time.Millisecond
)

// Idempotency carries a write out once, however often it is sent.
func Idempotency(guard *idempotency.Guard, log *zap.Logger) gin.HandlerFunc {
	return func(c *gin.Context) {
		key, err := idempotencyKey(c.Request.Header)
		if err != nil {
			Fail(c, err)
			return
		}
		r := of(c)
		if key == "" {
			r.operationID = id.NewSuffix()
			c.Next()
			return
		}
		run := &keyedRun{c: c, guard: guard, log: log, slot: idempotency.Slot{
			Scope: r.scope(), Method: c.Request.Method, Path: c.Request.URL.Path, Key: key,
		}}
		reservation, replay, err := guard.Begin(c.Request.Context(), run.slot, r.body)
		switch {
		case err != nil:
			Fail(c, err)
		case replay != nil:
			c.Header("Idempotent-Replayed", "true")
			c.Abort()
			c.Data(replay.Status, "application/json; charset=utf-8", replay.Body)
		default:
			r.operationID = reservation.OperationID
			run.resumed = reservation.Resumed
			run.carryOut()
		}
	}
}

// RequireIdempotencyKey refuses a write without an Idempotency-Key, where carrying it out
// twice would send others twice as much.
func RequireIdempotencyKey(c *gin.Context) error {
	if len(c.Request.Header.Values("Idempotency-Key")) == 0 {
		return fault.Field("Idempotency-Key", "Header 'Idempotency-Key' is required here: with it the request is safe to send again.")
	}
	return nil
}

func idempotencyKey(h http.Header) (string, error) {
	values := h.Values("Idempotency-Key")
	if len(values) == 0 {
		return "", nil
	}
	key := values[0]
	valid := len(values) == 1 && len(key) >= 1 && len(key) <= idempotency.MaxKeyLength
	for i := range len(key) {
		valid = valid && key[i] >= ' ' && key[i] <= '~'
	}
	if valid && decode.HoldsCardNumber(key) {
		return "", fault.Field("Idempotency-Key", "Header 'Idempotency-Key' must not hold a card number.")
	}
	if !valid {
		return "", fault.Field("Idempotency-Key", "Header 'Idempotency-Key' must have 1 to %d printable ASCII characters.", idempotency.MaxKeyLength)
	}
	return key, nil
}

// keyedRun is one request that holds the reservation of its key.
type keyedRun struct {
	c       *gin.Context
	guard   *idempotency.Guard
	log     *zap.Logger
	slot    idempotency.Slot
	resumed bool
}

// carryOut runs the handler and writes down how it ended before anything is
// sent, so that what the client has seen is what a retry will see.
func (k *keyedRun) carryOut() {
	client := k.c.Writer
	held := &heldAnswer{ResponseWriter: client, status: http.StatusOK}
	k.c.Writer = held
	ended := false
	defer func() {
		k.c.Writer = client
		if !ended {
			k.record(k.guard.Release) // a panic: Recovery answers it
		}
	}()
	k.c.Next()
	ended = true
	if !k.settle(held) {
		k.c.Writer = client
		Fail(k.c, fault.New(fault.Unavailable, "The request was carried out, but its answer could not be recorded. Retry with the same Idempotency-Key to get it."))
		return
	}
	client.WriteHeader(held.status)
	_, _ = client.Write(held.body) // the client may be gone; its retry gets the same answer
}

// settle decides what is remembered. Answers of requests that took effect are;
// one that certainly changed nothing is forgotten, so that it may be corrected
// under the same key; all others leave the operation open for a retry. It is
// false when an answer that must be remembered could not be: then it must not be
// sent either, since a retry might be told something else.
func (k *keyedRun) settle(held *heldAnswer) bool {
	switch status := held.status; {
	case status < 300 || status == http.StatusPaymentRequired:
		complete := func(ctx context.Context, s idempotency.Slot) error {
			return k.guard.Complete(ctx, s, status, held.body)
		}
		if !k.record(complete) {
			k.record(k.guard.Release)
			return false
		}
	case status < 500 && !k.resumed:
		k.record(k.guard.Forget)
	default:
		k.record(k.guard.Release)
	}
	return true
}

// record writes down how the request ended, and tries again when the database
// has lost the connection. A failure only costs the memory of it, since a retry
// acts on the same ids.
func (k *keyedRun) record(write func(context.Context, idempotency.Slot) error) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(k.c.Request.Context()), recordTime)
	defer cancel()
	var err error
	for try := range recordTries {
		if try > 0 {
			select {
			case <-time.After(recordPause):
			case <-ctx.Done():
			}
		}
		if err = write(ctx, k.slot); err == nil {
			return true
		}
	}
	k.log.Error("idempotent request was not recorded", zap.String("request_id", of(k.c).id), zap.Error(err))
	return false
}

// heldAnswer keeps a handler's answer back until it has been written down.
type heldAnswer struct {
	gin.ResponseWriter
	status  int
	body    []byte
	written bool
}

func (h *heldAnswer) WriteHeader(status int) { h.status = status }

func (h *heldAnswer) WriteHeaderNow() { h.written = true }

func (h *heldAnswer) Write(b []byte) (int, error) {
	h.written = true
	h.body = append(h.body, b...)
	return len(b), nil
}

func (h *heldAnswer) WriteString(s string) (int, error) { return h.Write([]byte(s)) }

func (h *heldAnswer) Status() int { return h.status }

func (h *heldAnswer) Size() int { return len(h.body) }

func (h *heldAnswer) Written() bool { return h.written }

func (h *heldAnswer) Flush() {}
