package webhook

import (
	"encoding/json"
	"slices"
	"time"

	"paymenthub/internal/event"
	"paymenthub/internal/payment"
)

// Dialect is the façade in whose words an endpoint is told: names of events, body,
// signature and schedule of retries (contracts/README.md).
type Dialect string

// The dialects.
const (
	Hub       Dialect = "hub"
	Acquiring Dialect = "acquiring"
	Connect   Dialect = "connect"
	Cashier   Dialect = "cashier"
)

// Dialects lists all of them.
var Dialects = []Dialect{Hub, Acquiring, Connect, Cashier}

// Valid reports whether d is one of the dialects.
func (d Dialect) Valid() bool { return slices.Contains(Dialects, d) }

var (
	// hubSchedule is the example schedule of the Standard Webhooks specification.
	hubSchedule = []time.Duration{
		5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
		10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
	}
	// acquiringSchedule and acquiringExpiry are contracts/acquiring.md's.
	acquiringSchedule = []time.Duration{5 * time.Minute, 15 * time.Minute, time.Hour, 6 * time.Hour}
)

const acquiringExpiry = 24 * time.Hour

// Schedule is how long after each failed attempt the next one is made; the one after
// the last pause is the last attempt.
func (d Dialect) Schedule() []time.Duration {
	if d == Acquiring {
		return acquiringSchedule
	}
	return hubSchedule
}

// Expiry is how long after its beginning a delivery is still tried; 0: until its
// schedule ends.
func (d Dialect) Expiry() time.Duration {
	if d == Acquiring {
		return acquiringExpiry
	}
	return 0
}

// jitter is the largest part of a pause that is added to it: what failed together
// is not to come again together. Acquiring's pauses are binding (contracts/acquiring.md).
func (d Dialect) jitter(pause time.Duration) time.Duration {
	if d == Acquiring {
		return 0
	}
	return pause / 10
}

// The names of events in the words of the façades other than the hub's.
const (
	acquiringAuthorized = "payment.authorized"
	acquiringCaptured   = "payment.captured"
	acquiringVoided     = "payment.voided"
	acquiringRefunded   = "payment.refunded"
	acquiringFailed     = "payment.failed"
	acquiringCreated    = "payment_intent.created"
	acquiringSucceeded  = "payment_intent.succeeded"
	acquiringCanceled   = "payment_intent.canceled"

	cashierSuccessful = "deposit.successful"
	cashierRejected   = "deposit.rejected"
)

// Types lists the names that endpoints of the dialect can ask for.
func (d Dialect) Types() []string {
	switch d {
	case Acquiring:
		return []string{acquiringAuthorized, acquiringCaptured, acquiringVoided, acquiringRefunded, acquiringFailed, acquiringCreated, acquiringSucceeded, acquiringCanceled}
	case Cashier:
		return []string{cashierSuccessful, cashierRejected}
	case Connect:
		return names(connectTypes)
	default:
		return names(event.Types)
	}
}

// connectTypes are the events of payments: what the Connect façade reads of a payment
// changes with them.
var connectTypes = []event.Type{
	event.PaymentCreated, event.PaymentRequiresAction, event.PaymentAuthorized, event.PaymentSucceeded, event.PaymentFailed, event.PaymentCanceled,
}

func names(types []event.Type) []string {
	all := make([]string, 0, len(types))
	for _, t := range types {
		all = append(all, string(t))
	}
	return all
}

// Names are what the dialect can call an event, most fitting first; none where its
// façade knows nothing of the kind. An endpoint is told once, by the first name that it
// asks for: a shop that asks for payment.captured alone hears of hosted payments too,
// which another one knows as payment_intent.succeeded. A test has its name in every dialect.
func (d Dialect) Names(e event.Event) []string {
	switch {
	case e.Type == event.WebhookEndpointTest || d == Hub:
		return []string{string(e.Type)}
	case d == Acquiring:
		return acquiringNames(e)
	case d == Connect && slices.Contains(connectTypes, e.Type):
		return []string{string(e.Type)}
	case d == Cashier:
		return cashierNames(e)
	default:
		return nil
	}
}

func acquiringNames(e event.Event) []string {
	switch e.Type {
	case event.PaymentAuthorized:
		return []string{acquiringAuthorized}
	case event.PaymentFailed:
		return []string{acquiringFailed}
	case event.RefundCompleted:
		return []string{acquiringRefunded}
	case event.PaymentCreated, event.PaymentSucceeded, event.PaymentCanceled:
	default:
		return nil
	}
	// Only what the names depend on is read of the payment.
	var p struct {
		Checkout        *struct{} `json:"checkout"`
		AuthorizedUntil time.Time `json:"authorized_until"`
	}
	_ = json.Unmarshal(e.Object, &p) // it was made by json.Marshal in the same change
	hosted, authorized := p.Checkout != nil, !p.AuthorizedUntil.IsZero()
	switch {
	case e.Type == event.PaymentCreated && hosted:
		return []string{acquiringCreated}
	case e.Type == event.PaymentSucceeded && hosted:
		return []string{acquiringSucceeded, acquiringCaptured}
	case e.Type == event.PaymentSucceeded:
		return []string{acquiringCaptured}
	case e.Type == event.PaymentCanceled && hosted && authorized:
		return []string{acquiringCanceled, acquiringVoided}
	case e.Type == event.PaymentCanceled && hosted:
		return []string{acquiringCanceled}
	case e.Type == event.PaymentCanceled && authorized:
		return []string{acquiringVoided}
	default: // a payment that was not made to be confirmed later is told of with its outcome
		return nil
	}
}

// cashierNames: the cashier is told of terminal changes alone (contracts/cashier.md); a
// declined payment that may be tried again is not rejected yet.
func cashierNames(e event.Event) []string {
	switch e.Type {
	case event.PaymentSucceeded:
		return []string{cashierSuccessful}
	case event.PaymentFailed, event.PaymentCanceled:
	default:
		return nil
	}
	var p struct {
		Status payment.Status `json:"status"`
	}
	_ = json.Unmarshal(e.Object, &p) // as above
	if !p.Status.Terminal() {
		return nil
	}
	return []string{cashierRejected}
}
