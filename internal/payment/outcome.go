package payment

import (
	"time"

	"paymenthub/internal/money"
)

// OutcomeClass says what is known of a gateway call.
type OutcomeClass string

// A finished call either succeeded or was declined. Unknown means that nothing
// may be concluded: no answer came, or one that does not say. ActionRequired
// and Accepted are answers that leave the end open; Absent is a look-up's proof
// that the provider never carried the call out.
const (
	OutcomeSucceeded      OutcomeClass = "succeeded"
	OutcomeDeclined       OutcomeClass = "declined"
	OutcomeUnknown        OutcomeClass = "unknown"
	OutcomeActionRequired OutcomeClass = "action_required"
	OutcomeAccepted       OutcomeClass = "accepted" // the provider will settle it later
	OutcomeAbsent         OutcomeClass = "absent"
	// OutcomeReady: the shopper has agreed, and the provider waits to be told to
	// take the payment (gateway.Completer).
	OutcomeReady OutcomeClass = "ready"
)

// Outcome is what a gateway said about one transaction.
type Outcome struct {
	Class OutcomeClass `json:"class"`
	// Amount authorized, captured or refunded, in minor units of the payment's
	// currency; set when the class is succeeded.
	Amount               int64     `json:"amount,omitempty"`
	GatewayReference     string    `json:"gateway_reference,omitempty"`     // the provider's id of the payment
	TransactionReference string    `json:"transaction_reference,omitempty"` // the provider's id of this movement
	AuthCode             string    `json:"auth_code,omitempty"`
	ResponseCode         string    `json:"response_code,omitempty"`   // ISO 8583 field 39
	AuthorizedUntil      time.Time `json:"authorized_until,omitzero"` // the gateway's capture window; zero: not said
	RedirectURL          string    `json:"redirect_url,omitempty"`    // where the shopper must act
	Decline              *Decline  `json:"decline,omitempty"`         // set when declined
	// Fee and Settled come from the provider's own books, in its settlement
	// currency; nil when it has not said (yet).
	Fee     *money.Money `json:"fee,omitempty"`
	Settled *money.Money `json:"settled,omitempty"`
	// Kept is what the gateway keeps of shopper and card for later; nil when nothing
	// is known of that.
	Kept *Kept `json:"kept,omitempty"`
	// CustomerGone says that the provider does not know the shopper any more under the
	// reference that was named: it is of no use from now on.
	CustomerGone bool `json:"customer_gone,omitempty"`
	// Detail says for operators why the outcome is unknown. It never holds card
	// data.
	Detail string `json:"detail,omitempty"`
}

// Kept is what a gateway keeps for later payments.
type Kept struct {
	CustomerReference    string `json:"customer_reference,omitempty"`     // the provider's id of the shopper, also when the card was refused
	MethodReference      string `json:"method_reference,omitempty"`       // the provider's token of the card; "" when it does not keep it
	NetworkTransactionID string `json:"network_transaction_id,omitempty"` // the card network's id of the payment; "" when it was not told
}

// Unknown makes an outcome that concludes nothing.
func Unknown(detail string) Outcome { return Outcome{Class: OutcomeUnknown, Detail: detail} }

// Declined makes an outcome that is a clear no.
func Declined(d Decline) Outcome { return Outcome{Class: OutcomeDeclined, Decline: &d} }

// Decided reports whether the outcome ends the transaction.
func (o Outcome) Decided() bool {
	return o.Class == OutcomeSucceeded || o.Class == OutcomeDeclined
}
