package mollie

import (
	"encoding/json"
	"errors"
	"time"

	"paymenthub/internal/simulator"
	"paymenthub/internal/simulator/chassis"
)

// The statuses of a payment.
const (
	statusOpen     = "open"
	statusPaid     = "paid"
	statusFailed   = "failed"
	statusCanceled = "canceled"
	statusExpired  = "expired"
)

// The tasks: a payment's time is up, a refund settles.
const (
	taskExpire = "expire"
	taskSettle = "settle"
)

// payment is one payment as the simulator keeps it. Amounts are in minor units.
type payment struct {
	ID          string          `json:"id"`
	Key         string          `json:"key"`    // the idempotency key that made it
	Secret      string          `json:"secret"` // the end of its page's address
	Base        string          `json:"base"`   // where browsers reach the simulator
	Mode        string          `json:"mode"`
	Profile     string          `json:"profile"`
	Status      string          `json:"status"`
	Method      string          `json:"method"`
	Description string          `json:"description"`
	RedirectURL string          `json:"redirect_url"`
	Amount      int64           `json:"amount"`
	Currency    string          `json:"currency"`
	Refunded    int64           `json:"refunded"`  // settled
	Refunding   int64           `json:"refunding"` // pending
	ChargedBack int64           `json:"charged_back"`
	Reason      string          `json:"reason"` // why it failed, "" when nobody says
	Metadata    json.RawMessage `json:"metadata"`
	CreatedAt   time.Time       `json:"created_at"`
	ExpiresAt   time.Time       `json:"expires_at"`
	EndedAt     time.Time       `json:"ended_at,omitzero"`
}

// failureReasons are what Bancontact payments of these minor units fail for.
// Source: docs.mollie.com/docs/testing, "Testing card payments", for cards.
var failureReasons = map[int64]string{
	100_100: "invalid_card_number",
	100_200: "invalid_cvv",
	100_300: "invalid_card_holder_name",
	100_400: "card_expired",
	100_500: "invalid_card_type",
	100_600: "refused_by_issuer",
	100_700: "insufficient_funds",
	100_800: "inactive_card",
	100_900: "possible_fraud",
	101_000: "authentication_failed",
	101_100: "card_declined",
}

// end brings an open payment to one of the final statuses, and tells of it.
func (p *payment) end(tx *chassis.Tx, status string) error {
	p.Status, p.EndedAt = status, tx.Now()
	if status == statusFailed && p.Method == methodBancontact {
		p.Reason = failureReasons[p.Amount]
	}
	err := tx.Forget(p.ID)
	if status == statusPaid {
		err = errors.Join(err, p.witness(tx))
	}
	return errors.Join(err, p.save(tx), tx.Emit(newEvent(tx, "payment."+status, p.ID, p.view())))
}

// save writes the payment, which can be listed by its id, too.
func (p *payment) save(tx *chassis.Tx) error {
	return tx.Save(chassis.KindPayment, p.ID, p, refPayment(p.ID))
}

func refPayment(id string) string { return "payment:" + id }

// witness writes down what was paid and given back.
func (p *payment) witness(tx *chassis.Tx) error {
	return tx.WitnessCharge(simulator.Charge{
		ID: p.ID, PaymentIntent: p.ID, Amount: p.Amount, AmountCaptured: p.Amount, AmountRefunded: p.Refunded,
		Currency: p.Currency, IdempotencyKey: p.Key, Metadata: p.Metadata,
	}, false)
}

// remaining is what can still be refunded.
func (p *payment) remaining() int64 { return p.Amount - p.Refunded - p.Refunding - p.ChargedBack }

// details are what is told of a method.
type details struct {
	FailureReason   string  `json:"failureReason,omitempty"`
	PaypalReference string  `json:"paypalReference,omitempty"`
	PaypalFee       *amount `json:"paypalFee,omitempty"`
}

// paymentView is a payment as Mollie shows it.
type paymentView struct {
	Resource          string          `json:"resource"`
	ID                string          `json:"id"`
	Mode              string          `json:"mode"`
	CreatedAt         string          `json:"createdAt"`
	Amount            *amount         `json:"amount"`
	AmountRefunded    *amount         `json:"amountRefunded,omitempty"`
	AmountRemaining   *amount         `json:"amountRemaining,omitempty"`
	AmountChargedBack *amount         `json:"amountChargedBack,omitempty"`
	SettlementAmount  *amount         `json:"settlementAmount,omitempty"`
	Description       string          `json:"description"`
	Method            string          `json:"method"`
	Metadata          json.RawMessage `json:"metadata"`
	Status            string          `json:"status"`
	IsCancelable      bool            `json:"isCancelable"`
	ExpiresAt         string          `json:"expiresAt,omitempty"`
	PaidAt            string          `json:"paidAt,omitempty"`
	FailedAt          string          `json:"failedAt,omitempty"`
	CanceledAt        string          `json:"canceledAt,omitempty"`
	ExpiredAt         string          `json:"expiredAt,omitempty"`
	Details           *details        `json:"details"`
	ProfileID         string          `json:"profileId"`
	SequenceType      string          `json:"sequenceType"`
	RedirectURL       string          `json:"redirectUrl"`
	Links             map[string]link `json:"_links"`
}

func (p *payment) view() paymentView {
	by, _ := methodOf(p.Method)
	v := paymentView{
		Resource: "payment", ID: p.ID, Mode: p.Mode, CreatedAt: moment(p.CreatedAt), Amount: amountOf(p.Amount, p.Currency),
		Description: p.Description, Method: p.Method, Metadata: p.Metadata, Status: p.Status, ProfileID: p.Profile, SequenceType: "oneoff",
		RedirectURL: p.RedirectURL, Links: map[string]link{"self": {p.Base + "/v2/payments/" + p.ID, hal}},
	}
	if len(v.Metadata) == 0 {
		v.Metadata = json.RawMessage("null")
	}
	ended := moment(p.EndedAt)
	switch p.Status {
	case statusOpen:
		v.IsCancelable, v.ExpiresAt = by.Cancelable, moment(p.ExpiresAt)
		v.Links["checkout"] = link{p.Base + checkoutPath + p.ID + "/" + p.Secret, "text/html"}
	case statusPaid:
		v.PaidAt = ended
		v.AmountRefunded, v.AmountRemaining = amountOf(p.Refunded+p.Refunding, p.Currency), amountOf(p.remaining(), p.Currency)
		v.Details = &details{}
		if p.ChargedBack > 0 {
			v.AmountChargedBack = amountOf(p.ChargedBack, p.Currency)
		}
		if p.Method == methodPayPal { // which pays the merchant itself, less its fee: here 35 minor units
			v.Details = &details{PaypalReference: p.ID[len("tr_"):], PaypalFee: amountOf(p.fee(), p.Currency)}
		} else {
			v.SettlementAmount = v.Amount
		}
	case statusFailed:
		v.FailedAt, v.Details = ended, &details{FailureReason: p.Reason}
	case statusCanceled:
		v.CanceledAt = ended
	case statusExpired:
		v.ExpiredAt = ended
	}
	return v
}

// fee is what PayPal keeps, never all. It keeps whole units where it has no others.
func (p *payment) fee() int64 {
	by, _ := methodOf(p.Method)
	if p.Amount <= 35 || by.wholeOnly(p.Currency) {
		return 0
	}
	return 35
}

// moment is a time as Mollie writes it, "" for none.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05-07:00")
}

// newEvent is what is posted to webhooks: an event with a snapshot of its object.
func newEvent(tx *chassis.Tx, kind, entityID string, entity any) chassis.Event {
	id := chassis.NewID("event_", chassis.Base62, 22)
	return chassis.Event{ID: id, Type: kind, Body: chassis.Marshal(struct {
		Resource  string         `json:"resource"`
		ID        string         `json:"id"`
		Type      string         `json:"type"`
		EntityID  string         `json:"entityId"`
		CreatedAt string         `json:"createdAt"`
		Embedded  map[string]any `json:"_embedded"`
	}{"event", id, kind, entityID, moment(tx.Now()), map[string]any{"entity": entity}})}
}
