package mollie

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/VictorAvelar/mollie-api-go/v4/mollie"

	"paymenthub/internal/fault"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

// The webhooks read here are those that an account subscribes to by event type, which
// Mollie calls next-gen: each is an event, signed with the webhook's secret, and holds
// the object as it was right then. The classic ones, asked for payment by payment, are
// an id that nobody signed.
//
// The time is not signed: an event that is sent again is known by its id.
// Source: docs.mollie.com/reference/webhooks-new and /webhooks-best-practices.
const (
	signatureHeader = "X-Mollie-Signature"
	signaturePrefix = "sha256="
)

// Kinds of objects that events carry and that notices are made of.
const (
	objectPayment    = "payment"
	objectRefund     = "refund"
	objectChargeback = "chargeback"
)

// ReadNotification implements gateway.Gateway. The state is read from the object
// inside the event, and not from the event's type. Besides the port's errors:
// fault.NotFound when the account takes no webhooks.
func (a *Adapter) ReadNotification(header http.Header, body []byte, _ time.Time) (payment.Notice, error) {
	if err := a.verify(header.Values(signatureHeader), body); err != nil {
		return payment.Notice{}, err
	}
	e, err := readEvent(body)
	if err != nil {
		return payment.Notice{}, err
	}
	return e.notice()
}

// verify checks the signatures over the body. While the secret is being replaced,
// Mollie sends one of each.
// Errors: fault.NotFound, fault.Unauthenticated.
func (a *Adapter) verify(signatures []string, body []byte) error {
	if len(a.webhookSecrets) == 0 {
		return fault.New(fault.NotFound, "This account takes no webhooks: its webhook secret is not configured.")
	}
	for text := range strings.SplitSeq(strings.Join(signatures, ","), ",") {
		text = strings.TrimSpace(text)
		signature, err := hex.DecodeString(strings.TrimPrefix(text, signaturePrefix))
		if err != nil {
			continue
		}
		for _, secret := range a.webhookSecrets {
			mac := hmac.New(sha256.New, []byte(secret))
			mac.Write(body)
			if hmac.Equal(mac.Sum(nil), signature) {
				return nil
			}
		}
	}
	return fault.New(fault.Unauthenticated,
		"The webhook's signature does not match. Check that header 'X-Mollie-Signature' is there and that the webhook's signing secret is the one configured for this account, and send the body unchanged.")
}

// event is the envelope of every webhook.
type event struct {
	Resource  string    `json:"resource"`
	ID        string    `json:"id"`
	Type      string    `json:"type"`
	EntityID  string    `json:"entityId"`
	CreatedAt time.Time `json:"createdAt"`
	Embedded  struct {
		Entity json.RawMessage `json:"entity"`
	} `json:"_embedded"`
}

// readEvent reads a body whose signature was checked. Errors of the JSON reader
// quote what they cannot read, so that none is passed on.
// Errors: fault.Invalid.
func readEvent(body []byte) (event, error) {
	var e event
	words := strings.NewReplacer(".", "_", "-", "_")
	if json.Unmarshal(body, &e) != nil || e.Resource != "event" || !isWord(e.ID) || !isWord(words.Replace(e.Type)) {
		return event{}, fault.New(fault.Invalid, "The body must be one event of Mollie's, as JSON.")
	}
	return e, nil
}

// kind is the kind of the object inside, empty when it has none. Every event of an
// object has the object's kind before its dot.
func (e event) kind() string {
	var of struct {
		Resource string `json:"resource"`
		ID       string `json:"id"`
	}
	if json.Unmarshal(e.Embedded.Entity, &of) != nil || of.ID != e.EntityID {
		return ""
	}
	return of.Resource
}

// notice says what the event tells.
// Errors: fault.Invalid.
func (e event) notice() (payment.Notice, error) {
	n := payment.Notice{ID: e.ID, Type: e.Type, Subject: payment.NoticeOfOther, At: e.CreatedAt.UTC()}
	about, _, _ := strings.Cut(e.Type, ".")
	if about != objectPayment && about != objectRefund && about != objectChargeback {
		return n, nil
	}
	if e.kind() != about {
		return payment.Notice{}, fault.New(fault.Invalid, "The event does not hold its %s. Have Mollie send events with their full payload.", about)
	}
	var err error
	switch about {
	case objectPayment:
		err = e.ofPayment(&n)
	case objectRefund:
		err = e.ofRefund(&n)
	case objectChargeback:
		err = e.ofChargeback(&n)
	}
	if err != nil {
		return payment.Notice{}, fault.New(fault.Invalid, "The object inside the event cannot be read.")
	}
	return n, nil
}

func (e event) ofPayment(n *payment.Notice) error {
	var p mollie.Payment
	if err := json.Unmarshal(e.Embedded.Entity, &p); err != nil {
		return err
	}
	n.Subject, n.Amount = payment.NoticeOfPayment, told(p.Amount)
	n.PaymentID, n.TransactionID, n.GatewayReference = ours(p.Metadata, metaPayment), ours(p.Metadata, metaTransaction), identifier(p.ID)
	switch p.Status {
	case statusPaid:
		n.State, n.Captured = payment.NoticeCaptured, n.Amount.Minor
	case statusFailed:
		n.State = payment.NoticeDeclined
	case statusCanceled, statusExpired:
		n.State = payment.NoticeReleased
	default:
		n.State = payment.NoticeOpen
	}
	return nil
}

func (e event) ofRefund(n *payment.Notice) error {
	var r mollie.Refund
	if err := json.Unmarshal(e.Embedded.Entity, &r); err != nil {
		return err
	}
	n.Subject, n.Amount = payment.NoticeOfRefund, told(r.Amount)
	n.PaymentID, n.TransactionID, n.RefundID = ours(r.Metadata, metaPayment), ours(r.Metadata, metaTransaction), ours(r.Metadata, metaRefund)
	n.GatewayReference = identifier(r.PaymentID)
	switch r.Status {
	case mollie.Refunded:
		n.State = payment.NoticeRefunded
	case mollie.Failed, refundCanceled:
		n.State = payment.NoticeFailed
	default:
		n.State = payment.NoticeOpen
	}
	return nil
}

func (e event) ofChargeback(n *payment.Notice) error {
	var c mollie.Chargeback
	if err := json.Unmarshal(e.Embedded.Entity, &c); err != nil {
		return err
	}
	n.Subject, n.Amount = payment.NoticeOfDispute, told(c.Amount)
	n.GatewayReference, n.DisputeReference = identifier(c.PaymentID), disputeReference(c.PaymentID, c.ID)
	return nil
}

// told is an amount of Mollie's in our unit. One that has no counterpart there is
// nothing: it then agrees with no payment of ours, and is raised.
func told(a *mollie.Amount) money.Money {
	m, err := fromMollie(a)
	if err != nil {
		return money.Money{}
	}
	return m
}
