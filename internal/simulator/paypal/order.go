package paypal

import (
	"errors"
	"strings"
	"time"

	"paymenthub/internal/simulator"
	"paymenthub/internal/simulator/chassis"
)

const (
	intentCapture   = "CAPTURE"
	intentAuthorize = "AUTHORIZE"

	// orderLife is how long an order waits; requestLife how long its request id is known.
	orderLife   = 3 * time.Hour
	requestLife = 6 * time.Hour
	holdLife    = 29 * 24 * time.Hour
)

// Statuses.
const (
	orderWaiting   = "PAYER_ACTION_REQUIRED"
	orderApproved  = "APPROVED"
	orderCompleted = "COMPLETED"

	statusCreated           = "CREATED"
	statusPending           = "PENDING"
	statusCompleted         = "COMPLETED"
	statusCaptured          = "CAPTURED"
	statusPartiallyCaptured = "PARTIALLY_CAPTURED"
	statusVoided            = "VOIDED"
	statusRefunded          = "REFUNDED"
	statusPartiallyRefunded = "PARTIALLY_REFUNDED"
	statusFailed            = "FAILED"
)

// order is an order with all that came of it. Amounts are in the smallest unit that
// PayPal writes of its currency.
type order struct {
	ID             string    `json:"id"`
	Intent         string    `json:"intent"`
	Status         string    `json:"status"`
	ReferenceID    string    `json:"reference_id"`
	CustomID       string    `json:"custom_id"`
	InvoiceID      string    `json:"invoice_id"`
	Description    string    `json:"description"`
	SoftDescriptor string    `json:"soft_descriptor"`
	Amount         int64     `json:"amount"`
	Currency       string    `json:"currency"`
	ReturnURL      string    `json:"return_url"`
	CancelURL      string    `json:"cancel_url"`
	PageURL        string    `json:"page_url"`
	Base           string    `json:"base"`       // of links
	Completion     string    `json:"completion"` // how it is to end, as /_sim asked
	Key            string    `json:"key"`        // request id of the call that moved money first
	CreatedAt      time.Time `json:"created_at"`

	Authorization *hold     `json:"authorization"`
	Captures      []capture `json:"captures"`
	Refunds       []refund  `json:"refunds"`
}

// hold is an authorization.
type hold struct {
	ID        string    `json:"id"`
	Status    string    `json:"status"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// capture is money that was taken, or is about to be.
type capture struct {
	ID        string    `json:"id"`
	Amount    int64     `json:"amount"`
	InvoiceID string    `json:"invoice_id"`
	Pending   bool      `json:"pending"`
	Final     bool      `json:"final"`
	CreatedAt time.Time `json:"created_at"`
}

// refund is money that was given back.
type refund struct {
	ID        string    `json:"id"`
	Capture   string    `json:"capture"`
	Amount    int64     `json:"amount"`
	CustomID  string    `json:"custom_id"`
	InvoiceID string    `json:"invoice_id"`
	Failed    bool      `json:"failed"`
	Key       string    `json:"key"`
	CreatedAt time.Time `json:"created_at"`
}

// newID is an id as PayPal's payments have.
func newID() string { return chassis.NewID("", chassis.Base36, 17) }

// load reads an order. Errors: chassis.NotFound.
func load(tx *chassis.Tx, id string) (*order, error) {
	o, ok, err := chassis.Find[order](tx, tx.Account, chassis.KindPayment, id)
	if err == nil && !ok {
		err = chassis.NotFound("payment")
	}
	return o, err
}

// find reads an order that PayPal still has: one of which nothing came is dropped.
// Errors: PayPal's.
func find(q chassis.Reader, account, id string, now time.Time) (*order, error) {
	o, ok, err := chassis.Find[order](q, account, chassis.KindPayment, id)
	if err == nil && (!ok || o.untaken() && now.Sub(o.CreatedAt) > orderLife) {
		return nil, missing()
	}
	return o, err
}

// owning finds the order of an authorization, capture or refund. Errors: PayPal's.
func owning(q chassis.Reader, account, id string) (*order, error) {
	found, err := chassis.Docs[order](q, chassis.Listing{Account: account, Kind: chassis.KindPayment, Ref: id, Limit: 1})
	if err == nil && len(found) == 0 {
		return nil, missing()
	}
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

func (o *order) untaken() bool { return o.Authorization == nil && len(o.Captures) == 0 }

// save writes the order down, and what it can be found by.
func (o *order) save(tx *chassis.Tx) error {
	var refs []string
	if o.Authorization != nil {
		refs = append(refs, o.Authorization.ID)
	}
	for _, c := range o.Captures {
		refs = append(refs, c.ID)
	}
	for _, r := range o.Refunds {
		refs = append(refs, r.ID)
	}
	return tx.Save(chassis.KindPayment, o.ID, o, refs...)
}

// capture is the capture of an id, nil when the order has none such.
func (o *order) capture(id string) *capture {
	for i := range o.Captures {
		if o.Captures[i].ID == id {
			return &o.Captures[i]
		}
	}
	return nil
}

// refunded is what was given back of a capture.
func (o *order) refunded(id string) (sum int64) {
	for _, r := range o.Refunds {
		if r.Capture == id && !r.Failed {
			sum += r.Amount
		}
	}
	return sum
}

// captured is what was taken, pending or not.
func (o *order) captured() (sum int64) {
	for _, c := range o.Captures {
		sum += c.Amount
	}
	return sum
}

// charge is the id by which the witness knows the order's charge.
func (o *order) charge() string {
	if o.Authorization != nil {
		return o.Authorization.ID
	}
	return o.Captures[0].ID
}

// witness writes down what was really charged. What is pending is nothing yet.
func (o *order) witness(tx *chassis.Tx) error {
	var captured, refunded int64
	for _, c := range o.Captures {
		if c.Pending {
			return nil
		}
		captured += c.Amount
		refunded += o.refunded(c.ID)
	}
	return tx.WitnessCharge(simulator.Charge{
		ID: o.charge(), PaymentIntent: o.ID, Amount: minor(o.Amount, o.Currency), Currency: strings.ToLower(o.Currency),
		AmountCaptured: minor(captured, o.Currency), AmountRefunded: minor(refunded, o.Currency),
		IdempotencyKey: o.Key, Metadata: chassis.Marshal(o.metadata()),
	}, o.Authorization != nil && o.Authorization.Status == statusVoided)
}

// kept saves the order and writes down what was charged.
func (o *order) kept(tx *chassis.Tx) error { return errors.Join(o.save(tx), o.witness(tx)) }

// names are what the callers' ids begin with.
var names = map[string]string{"pi": "payment_id", "att": "attempt_id", "txn": "transaction_id", "rf": "refund_id"}

// metadata reads what the caller's own ids say, which have points between them.
func metadata(customID string) map[string]string {
	found := map[string]string{}
	for part := range strings.SplitSeq(customID, ".") {
		prefix, _, _ := strings.Cut(part, "_")
		if name := names[prefix]; name != "" {
			found[name] = part
		}
	}
	return found
}

func (o *order) metadata() map[string]string {
	found := metadata(o.CustomID)
	if merchant, environment, ok := strings.Cut(o.ReferenceID, "."); ok {
		found["merchant_id"], found["environment"] = merchant, environment
	}
	return found
}
