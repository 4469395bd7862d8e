package checkout

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

// told is what an event says of the object that it is about.
type told struct {
	subject payment.NoticeSubject
	state   payment.NoticeState
}

// events are those that tell of a payment or of a refund. What is refused of a
// capture or void leaves the payment as it was: authorized.
// Source: checkout.com/docs/developer-resources/event-notifications/event-types.
var events = map[string]told{
	"payment_pending":          {payment.NoticeOfPayment, payment.NoticeOpen},
	"payment_approved":         {payment.NoticeOfPayment, payment.NoticeAuthorized},
	"payment_declined":         {payment.NoticeOfPayment, payment.NoticeDeclined},
	"payment_captured":         {payment.NoticeOfPayment, payment.NoticeCaptured},
	"payment_capture_declined": {payment.NoticeOfPayment, payment.NoticeAuthorized},
	"payment_voided":           {payment.NoticeOfPayment, payment.NoticeReleased},
	"payment_void_declined":    {payment.NoticeOfPayment, payment.NoticeAuthorized},
	"payment_canceled":         {payment.NoticeOfPayment, payment.NoticeReleased},
	"payment_expired":          {payment.NoticeOfPayment, payment.NoticeReleased},
	"payment_refund_pending":   {payment.NoticeOfRefund, payment.NoticeOpen},
	"payment_refunded":         {payment.NoticeOfRefund, payment.NoticeRefunded},
	"payment_refund_declined":  {payment.NoticeOfRefund, payment.NoticeFailed},
}

// disputeEvent is how the events about disputes begin.
const disputeEvent = "dispute_"

// ReadNotification implements gateway.Gateway. Besides the port's errors:
// fault.NotFound when the account takes no webhooks. Checkout.com does not sign the
// time: that an event is an old one sent again shows by its id.
func (a *Adapter) ReadNotification(header http.Header, body []byte, _ time.Time) (payment.Notice, error) {
	if err := a.verify(header.Get("Cko-Signature"), body); err != nil {
		return payment.Notice{}, err
	}
	e, err := readEvent(body)
	if err != nil {
		return payment.Notice{}, err
	}
	return e.notice()
}

// verify checks the signature: HMAC-SHA256 of the body, in hexadecimal.
// Source: checkout.com/docs/developer-resources/webhooks.
// Errors: fault.NotFound, fault.Unauthenticated.
func (a *Adapter) verify(signature string, body []byte) error {
	if len(a.webhookSecrets) == 0 {
		return fault.New(fault.NotFound, "This account takes no webhooks: its webhook secret is not configured.")
	}
	signed, err := hex.DecodeString(signature)
	if err != nil || len(signed) != sha256.Size {
		return fault.New(fault.Unauthenticated, "Header 'Cko-Signature' must be as Checkout.com sends it: 64 hexadecimal digits.")
	}
	for _, secret := range a.webhookSecrets {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		if hmac.Equal(signed, mac.Sum(nil)) {
			return nil
		}
	}
	return fault.New(fault.Unauthenticated,
		"The webhook's signature does not match. Check that the signature key of the webhook is the one configured for this account, and send the body unchanged.")
}

// event is a webhook. Its time is in one of two fields.
type event struct {
	ID        string    `json:"id"`
	Type      string    `json:"type"`
	CreatedOn string    `json:"created_on"`
	Timestamp string    `json:"timestamp"`
	Data      eventData `json:"data"`
}

// eventData is what notices need of an event's object: a payment with one of its
// actions, or a dispute.
type eventData struct {
	ID        string   `json:"id"`
	ActionID  string   `json:"action_id"`
	PaymentID string   `json:"payment_id"` // of a dispute
	Amount    int64    `json:"amount"`
	Currency  string   `json:"currency"`
	Balances  balances `json:"balances"`
	Metadata  notes    `json:"metadata"`
	result
}

// readEvent reads a body whose signature was checked. Errors of the JSON reader
// quote what they cannot read, so that none is passed on.
// Errors: fault.Invalid.
func readEvent(body []byte) (event, error) {
	var e event
	if json.Unmarshal(body, &e) != nil || !isWord(e.ID) || !isWord(e.Type) {
		return event{}, fault.New(fault.Invalid, "The body must be one event of Checkout.com's, as JSON.")
	}
	return e, nil
}

// notice says what the event tells. Errors: fault.Invalid.
func (e event) notice() (payment.Notice, error) {
	n := payment.Notice{ID: e.ID, Type: e.Type, Subject: payment.NoticeOfOther, At: moment(e.Timestamp)}
	if n.At.IsZero() {
		n.At = moment(e.CreatedOn)
	}
	d := e.Data
	says, known := events[e.Type]
	disputed := strings.HasPrefix(e.Type, disputeEvent)
	switch {
	case !known && !disputed:
		return n, nil
	case !isWord(d.ID):
		return payment.Notice{}, fault.New(fault.Invalid, "The object inside the event cannot be read.")
	case disputed:
		n.Subject, n.DisputeReference, n.GatewayReference = payment.NoticeOfDispute, d.ID, identifier(d.PaymentID)
		n.Amount = d.money(d.Amount)
		return n, nil
	}
	n.Subject, n.State, n.GatewayReference = says.subject, says.state, d.ID
	n.PaymentID, n.TransactionID = d.Metadata.ours(metaPayment), d.transaction()
	if says.subject == payment.NoticeOfRefund {
		n.RefundID, n.Amount = d.Metadata.ours(metaRefund), d.money(d.Amount)
		return n, nil
	}
	n.Amount, n.Captured = d.whole(), d.money(d.Balances.TotalCaptured).Minor
	return n, nil
}

// whole is the amount of the payment: an event about an action has that one's.
func (d eventData) whole() money.Money {
	if d.Balances.TotalAuthorized > 0 {
		return d.money(d.Balances.TotalAuthorized)
	}
	return d.money(d.Amount)
}

// money is an amount of Checkout.com's in our unit. One that has no counterpart there
// is nothing: it then agrees with no payment of ours, and is raised.
func (d eventData) money(amount int64) money.Money {
	m, err := fromCheckout(amount, d.Currency)
	if err != nil {
		return money.Money{}
	}
	return m
}

// transaction is our transaction that the payment or refund is. An event that has the
// metadata of a capture or void alone does not name it; the attempt does.
func (d eventData) transaction() string {
	if of := d.Metadata.ours(metaTransaction); of != "" {
		return of
	}
	if attempt := d.Metadata.ours(metaAttempt); id.Valid(id.Attempt, attempt) {
		return payment.TransactionID(id.Suffix(attempt))
	}
	return ""
}
