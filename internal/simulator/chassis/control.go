package chassis

import (
	"errors"
	"net/http"

	"go.uber.org/zap"

	"paymenthub/internal/simulator"
)

// missingError says which field names an object that does not exist.
type missingError struct{ field string }

// Error implements error.
func (e *missingError) Error() string { return e.field + ": does not exist" }

// NotFound is the error of a /_sim request whose field names nothing that exists.
func NotFound(field string) error { return &missingError{field} }

// conflictError says which field asks for what the object's state forbids.
type conflictError struct{ field, message string }

// Error implements error.
func (e *conflictError) Error() string { return e.field + ": " + e.message }

// Conflict is the error of a /_sim request that the state of an object forbids.
func Conflict(field, message string) error { return &conflictError{field, message} }

// Complaint is what a shopper says to the issuer, as POST /_sim/disputes asks.
type Complaint struct {
	Payment string `json:"payment"`
	// Amount is in minor units by ISO 4217; 0 means all that was captured and not
	// refunded.
	Amount int64 `json:"amount"`
	// Reason is one of the provider's; "" leaves it to the provider.
	Reason  string `json:"reason"`
	Inquiry bool   `json:"inquiry"` // takes no money
}

// Register adds the shopper's page and the /_sim surface to mux.
func (c *Chassis) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /_sim/health", func(w http.ResponseWriter, _ *http.Request) {
		simulator.WriteJSON(w, http.StatusOK, map[string]string{"status": "ok", "provider": c.provider.Name})
	})
	c.faults.Register(mux)
	c.webhooks.Register(mux, c.deliveries)
	simulator.RegisterWitness(mux, record{c.store})
	if c.provider.Answered != nil {
		mux.HandleFunc("GET "+pagePath+"{id}", c.servePage)
		mux.HandleFunc("POST "+pagePath+"{id}", c.serveAnswer)
		mux.HandleFunc("POST /_sim/3ds/{payment}", c.answerForTest)
	}
	if c.provider.SettleRefund != nil {
		mux.HandleFunc("POST /_sim/refunds/{id}", c.settleForTest)
	}
	if c.provider.OpenDispute != nil {
		mux.HandleFunc("POST /_sim/disputes", c.openForTest)
		mux.HandleFunc("POST /_sim/disputes/{id}", c.moveForTest)
	}
}

// settleForTest is POST /_sim/refunds/{id}: the refund settles now, and as asked.
func (c *Chassis) settleForTest(w http.ResponseWriter, r *http.Request) {
	const succeeded, failed = "succeeded", "failed"
	var body struct {
		Status string `json:"status"`
	}
	if !simulator.ReadJSON(w, r, &body) {
		return
	}
	if body.Status != succeeded && body.Status != failed {
		simulator.WriteProblem(w, http.StatusBadRequest, "status", "must be succeeded or failed")
		return
	}
	id := r.PathValue("id")
	err := c.Act(KindRefund, id, func(tx *Tx) error { return c.provider.SettleRefund(tx, id, body.Status == succeeded) })
	c.writeActed(w, http.StatusOK, func() any { return map[string]string{"id": id, "status": body.Status} }, err)
}

// openForTest is POST /_sim/disputes: a shopper objects to a payment.
func (c *Chassis) openForTest(w http.ResponseWriter, r *http.Request) {
	var about Complaint
	if !simulator.ReadJSON(w, r, &about) {
		return
	}
	if about.Amount < 0 {
		simulator.WriteProblem(w, http.StatusBadRequest, "amount", "must be positive")
		return
	}
	var id string
	err := c.Act(KindPayment, about.Payment, func(tx *Tx) (err error) {
		id, err = c.provider.OpenDispute(tx, about.Payment, about)
		return err
	})
	c.writeActed(w, http.StatusCreated, func() any { return map[string]string{"id": id, "payment": about.Payment} }, err)
}

// moveForTest is POST /_sim/disputes/{id}: the issuer decides, or looks at it.
func (c *Chassis) moveForTest(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Status string `json:"status"`
	}
	if !simulator.ReadJSON(w, r, &body) {
		return
	}
	id := r.PathValue("id")
	err := c.Act(KindDispute, id, func(tx *Tx) error { return c.provider.MoveDispute(tx, id, body.Status) })
	c.writeActed(w, http.StatusOK, func() any { return map[string]string{"id": id, "status": body.Status} }, err)
}

// writeActed answers a /_sim request.
func (c *Chassis) writeActed(w http.ResponseWriter, status int, body func() any, err error) {
	var gone *missingError
	var conflict *conflictError
	var wrong *simulator.FieldError
	switch {
	case err == nil:
		simulator.WriteJSON(w, status, body())
	case errors.As(err, &wrong):
		simulator.WriteRefusal(w, err)
	case errors.As(err, &gone):
		simulator.WriteProblem(w, http.StatusNotFound, gone.field, "does not exist")
	case errors.As(err, &conflict):
		simulator.WriteProblem(w, http.StatusConflict, conflict.field, conflict.message)
	default:
		c.log.Error("simulator failed", zap.String("provider", c.provider.Name), zap.Error(err))
		simulator.WriteProblem(w, http.StatusInternalServerError, "", "something went wrong")
	}
}
