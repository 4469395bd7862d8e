package stripe

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/webhook"

	"paymenthub/internal/fault"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

// signatureTolerance is how far a signature's time may be from ours, either way.
// Source: docs.stripe.com/webhooks/signature, "Preventing replay attacks".
const signatureTolerance = 5 * time.Minute

// Kinds of objects that events carry and that notices are made of.
const (
	objectPayment = "payment_intent"
	objectRefund  = "refund"
	objectDispute = "dispute"
)

// ReadNotification implements gateway.Gateway. The state is read from the object
// inside the event, which is as it was right then, and not from the event's
// type. Besides the port's errors: fault.NotFound when the account takes no
// webhooks.
func (a *Adapter) ReadNotification(header http.Header, body []byte, now time.Time) (payment.Notice, error) {
	if err := a.verify(header.Get("Stripe-Signature"), body, now); err != nil {
		return payment.Notice{}, err
	}
	e, err := readEvent(body)
	if err != nil {
		return payment.Notice{}, err
	}
	return e.notice()
}

// verify checks the signature over the body, and its time by our clock: the
// library has only its own, and looks for old signatures alone.
// Errors: fault.NotFound, fault.Unauthenticated.
func (a *Adapter) verify(signature string, body []byte, now time.Time) error {
	if len(a.webhookSecrets) == 0 {
		return fault.New(fault.NotFound, "This account takes no webhooks: its webhook secret is not configured.")
	}
	at, ok := signedAt(signature)
	if !ok {
		return fault.New(fault.Unauthenticated, "Header 'Stripe-Signature' must be as Stripe sends it: 't=…,v1=…', with one time.")
	}
	if age := now.Sub(at); age > signatureTolerance || age < -signatureTolerance {
		return fault.New(fault.Unauthenticated,
			"The webhook's signature is more than 5 minutes old or ahead. Send the event again, and check the clocks of both sides.")
	}
	for _, secret := range a.webhookSecrets {
		if webhook.ValidatePayloadIgnoringTolerance(body, signature, secret) == nil {
			return nil
		}
	}
	return fault.New(fault.Unauthenticated,
		"The webhook's signature does not match. Check that the endpoint's signing secret is the one configured for this account, and send the body unchanged.")
}

// signedAt reads the time of a signature. With two times in it, the library
// would check the signature against another one than is compared with the clock.
func signedAt(signature string) (at time.Time, ok bool) {
	for part := range strings.SplitSeq(signature, ",") {
		text, found := strings.CutPrefix(part, "t=")
		if !found {
			continue
		}
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil || ok {
			return time.Time{}, false
		}
		at, ok = time.Unix(seconds, 0), true
	}
	return at, ok
}

// event is the envelope of every webhook, the same in every API version.
type event struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Type    string `json:"type"`
	Created int64  `json:"created"`
	Data    struct {
		Object json.RawMessage `json:"object"`
	} `json:"data"`
}

// readEvent reads a body whose signature was checked. Errors of the JSON reader
// quote what they cannot read, so that none is passed on.
// Errors: fault.Invalid.
func readEvent(body []byte) (event, error) {
	var e event
	if json.Unmarshal(body, &e) != nil || e.Object != "event" || !isWord(e.ID) || !isWord(strings.ReplaceAll(e.Type, ".", "_")) {
		return event{}, fault.New(fault.Invalid, "The body must be one event of Stripe's, as JSON.")
	}
	return e, nil
}

// kind is the kind of the object inside, empty when it has none.
func (e event) kind() string {
	var of struct {
		Object string `json:"object"`
	}
	if json.Unmarshal(e.Data.Object, &of) != nil {
		return ""
	}
	return of.Object
}

// subject is what notices need of an object. API versions since 2019-02-11, in
// one of which an endpoint gets its events, write it in the same way.
type subject struct {
	ID               string            `json:"id"`
	Status           string            `json:"status"`
	Amount           int64             `json:"amount"`
	AmountReceived   int64             `json:"amount_received"`
	Currency         string            `json:"currency"`
	PaymentIntent    string            `json:"payment_intent"`
	Metadata         map[string]string `json:"metadata"`
	LastPaymentError *struct{}         `json:"last_payment_error"`
}

// notice says what the event tells.
// Errors: fault.Invalid.
func (e event) notice() (payment.Notice, error) {
	n := payment.Notice{ID: e.ID, Type: e.Type, Subject: payment.NoticeOfOther, At: time.Unix(e.Created, 0).UTC()}
	kind := e.kind()
	if kind != objectPayment && kind != objectRefund && kind != objectDispute {
		return n, nil
	}
	var s subject
	if json.Unmarshal(e.Data.Object, &s) != nil || !isWord(s.ID) {
		return payment.Notice{}, fault.New(fault.Invalid, "The object inside the event cannot be read.")
	}
	n.Amount = s.money(s.Amount)
	switch kind {
	case objectPayment:
		n.Subject, n.State = payment.NoticeOfPayment, s.paymentState()
		n.PaymentID, n.TransactionID = s.ours(metaPayment), s.ours(metaTransaction)
		n.GatewayReference, n.Captured = s.ID, s.money(s.AmountReceived).Minor
	case objectRefund:
		n.Subject, n.State = payment.NoticeOfRefund, s.refundState()
		n.PaymentID, n.TransactionID, n.RefundID = s.ours(metaPayment), s.ours(metaTransaction), s.ours(metaRefund)
		n.GatewayReference = identifier(s.PaymentIntent)
	case objectDispute:
		n.Subject, n.DisputeReference, n.GatewayReference = payment.NoticeOfDispute, s.ID, identifier(s.PaymentIntent)
	}
	return n, nil
}

// money is an amount of Stripe's in our unit. One that has no counterpart there
// is nothing: it then agrees with no payment of ours, and is raised.
func (s subject) money(amount int64) money.Money {
	m, err := fromStripe(amount, s.Currency)
	if err != nil {
		return money.Money{}
	}
	return m
}

// ours is an id of ours from the metadata, which anyone with access to the
// account can write: what cannot be an id is none.
func (s subject) ours(name string) string { return identifier(s.Metadata[name]) }

func identifier(s string) string {
	if !isWord(s) {
		return ""
	}
	return s
}

// paymentState is open, too, for a state that the hub does not know.
func (s subject) paymentState() payment.NoticeState {
	switch stripe.PaymentIntentStatus(s.Status) {
	case stripe.PaymentIntentStatusRequiresCapture:
		return payment.NoticeAuthorized
	case stripe.PaymentIntentStatusSucceeded:
		return payment.NoticeCaptured
	case stripe.PaymentIntentStatusCanceled:
		return payment.NoticeReleased
	case stripe.PaymentIntentStatusRequiresPaymentMethod:
		if s.LastPaymentError != nil {
			return payment.NoticeDeclined
		}
	}
	return payment.NoticeOpen
}

func (s subject) refundState() payment.NoticeState {
	switch stripe.RefundStatus(s.Status) {
	case stripe.RefundStatusSucceeded:
		return payment.NoticeRefunded
	case stripe.RefundStatusFailed, stripe.RefundStatusCanceled:
		return payment.NoticeFailed
	default:
		return payment.NoticeOpen
	}
}
