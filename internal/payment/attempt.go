package payment

import (
	"time"

	"paymenthub/internal/card"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/risk"
	"paymenthub/internal/routing"
)

// AttemptStatus is where one try at a gateway stands.
type AttemptStatus string

// The states of an attempt.
const (
	AttemptPending        AttemptStatus = "pending" // sent or about to be; outcome not known
	AttemptRequiresAction AttemptStatus = "requires_action"
	AttemptAuthorized     AttemptStatus = "authorized"
	AttemptCaptured       AttemptStatus = "captured"
	AttemptDeclined       AttemptStatus = "declined"
	AttemptVoided         AttemptStatus = "voided"
)

// CardSummary is what may be shown of a card.
type CardSummary = card.Summary

// Attempt is one try to take a payment with one card at one gateway.
type Attempt struct {
	ID          string        `json:"id"` // att_…
	PaymentID   string        `json:"payment_id"`
	Number      int           `json:"number"` // from 1
	Gateway     string        `json:"gateway"`
	Status      AttemptStatus `json:"status"`
	Method      MethodType    `json:"method,omitempty"` // "" in attempts from before there were others than cards
	CardToken   string        `json:"card_token"`       // vault token, tok_…; "" with SavedMethod, and where Method is not a card
	Card        CardSummary   `json:"card"`
	ReturnURL   string        `json:"return_url,omitempty"`
	SavedMethod string        `json:"saved_method,omitempty"` // pm_…: the kept card that pays
	Save        bool          `json:"save,omitempty"`         // the card is to be kept for the payment's customer
	// MerchantInitiated: the shopper is not there.
	MerchantInitiated bool `json:"merchant_initiated,omitempty"`
	// Risk is the judgment that the attempt was born with; nil before there were any.
	Risk *risk.Assessment `json:"risk,omitempty"`
	// Routing is the decision that the gateway was chosen by, the same for all attempts
	// of a confirmation; nil before there were any.
	Routing *routing.Decision `json:"routing,omitempty"`
	// After names the attempt that this one followed at once at another gateway; ""
	// of the first of a confirmation.
	After string `json:"after,omitempty"`
	// CompletionSentAt is when the provider was last told to take what the shopper agreed
	// to; zero when it never was.
	CompletionSentAt time.Time `json:"completion_sent_at,omitzero"`
	// Returned is the query with which the provider sent the shopper back.
	Returned         string    `json:"returned,omitempty"`
	GatewayReference string    `json:"gateway_reference,omitempty"` // the provider's id of the payment
	AuthCode         string    `json:"auth_code,omitempty"`
	ResponseCode     string    `json:"response_code,omitempty"` // ISO 8583 field 39
	Decline          *Decline  `json:"decline,omitempty"`
	CreatedAt        time.Time `json:"created_at"`
	UpdatedAt        time.Time `json:"updated_at"`
}

// TransactionKind is one kind of movement at a gateway.
type TransactionKind string

// The movements. A sale authorizes and captures in one call.
const (
	Authorization TransactionKind = "authorization"
	Sale          TransactionKind = "sale"
	Capture       TransactionKind = "capture"
	Void          TransactionKind = "void"
	RefundOfSale  TransactionKind = "refund"
)

// TransactionStatus is where a movement stands.
type TransactionStatus string

// The states of a movement.
const (
	TransactionPending   TransactionStatus = "pending" // sent or about to be; outcome not known
	TransactionSucceeded TransactionStatus = "succeeded"
	TransactionDeclined  TransactionStatus = "declined"
)

// Transaction is one movement asked of a gateway. It is written down, with its
// idempotency key, before the gateway first hears of it.
type Transaction struct {
	ID               string            `json:"id"` // txn_…
	Scope            merchant.Scope    `json:"scope"`
	PaymentID        string            `json:"payment_id"`
	AttemptID        string            `json:"attempt_id"`
	RefundID         string            `json:"refund_id,omitempty"`
	Kind             TransactionKind   `json:"kind"`
	Status           TransactionStatus `json:"status"`
	Amount           int64             `json:"amount"` // minor units of the payment's currency
	Currency         money.Currency    `json:"currency"`
	Gateway          string            `json:"gateway"`
	GatewayReference string            `json:"gateway_reference,omitempty"` // the provider's id of this movement
	IdempotencyKey   string            `json:"idempotency_key"`             // same for every retry of this movement
	Reason           string            `json:"reason,omitempty"`            // why a void was made: "canceled" or "expired"
	Decline          *Decline          `json:"decline,omitempty"`
	// AbsentAt is when a look-up last proved that the provider has no such
	// movement; zero when none did.
	AbsentAt  time.Time `json:"absent_at,omitzero"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}
