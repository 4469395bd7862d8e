// Package customer knows the people who pay a merchant, and the cards that they
// agreed to have kept. No card data rests here: a payment method is the token
// under which a gateway keeps a card.
package customer

import (
	"time"

	"paymenthub/internal/card"
	"paymenthub/internal/merchant"
)

// Customer is somebody who pays a merchant.
type Customer struct {
	ID                   string // cus_…
	Scope                merchant.Scope
	Email                string // at most 254 characters; "" when not known
	Name                 string
	Description          string
	Metadata             map[string]string
	DefaultPaymentMethod string // pm_…; "" when there is none
	CreatedAt            time.Time
	UpdatedAt            time.Time
}

// Changes are the fields of a customer that a merchant changes; nil ones stay.
type Changes struct {
	Email       *string
	Name        *string
	Description *string
	Metadata    *map[string]string // takes the place of all that was there
}

// Reference is a customer as a gateway knows them. Of each gateway there is one.
type Reference struct {
	CustomerID string
	Gateway    string
	Reference  string // the provider's id of the customer
	CreatedAt  time.Time
}

// MethodStatus is where a payment method stands.
type MethodStatus string

// The states of a payment method. Only an active one can be paid with.
const (
	MethodPending  MethodStatus = "pending" // asked for by API; the gateway has not answered yet
	MethodActive   MethodStatus = "active"
	MethodDeclined MethodStatus = "declined" // the gateway did not take the card
	MethodDetached MethodStatus = "detached"
)

// PaymentMethod is a card that a gateway keeps for a customer.
type PaymentMethod struct {
	ID         string // pm_…
	Scope      merchant.Scope
	CustomerID string
	Status     MethodStatus
	Gateway    string
	// GatewayCustomer and GatewayReference are the provider's ids of the customer
	// and of the card that it keeps; "" until it does. A pending method has the
	// customer that the provider knew when the method was asked for: each try to keep
	// its card names the same one.
	GatewayCustomer  string
	GatewayReference string
	// NetworkTransactionID names the payment at the card network with which the
	// shopper agreed; later merchant-initiated payments refer to it. "" when the
	// gateway does not tell.
	NetworkTransactionID string
	CardToken            string // vault token until the gateway has answered; only of those asked for by API
	Card                 card.Summary
	Refusal              *Refusal  // why it was declined
	ConsentedAt          time.Time // when the shopper agreed
	PaymentID            string    // that saved it; "" by API
	CreatedAt            time.Time
	DetachedAt           time.Time // zero while it is attached
	ForgottenAt          time.Time // when the gateway confirmed that it keeps a detached card no more
	// DueAt is when somebody must look after a method that waits for its gateway; zero
	// when it waits for nothing.
	DueAt     time.Time
	Attention string // why an operator must look at it; "" when nobody must
}

// Unattended is how long a method that waits for its gateway is left to whoever made
// it wait, before the hub makes sure that its workflow runs.
const Unattended = time.Minute

// Usable reports whether the customer can pay with the method.
func (m PaymentMethod) Usable() bool { return m.Status == MethodActive }

// Refusal is why a gateway did not keep a card, in the hub's words.
type Refusal struct {
	Code    string `json:"code"` // of the taxonomy of declines
	Advice  string `json:"advice"`
	Message string `json:"message"`
}

// DeclinedError is a gateway's refusal to keep a card.
type DeclinedError struct {
	MethodID string
	Refusal  Refusal
}

// Error implements error.
func (e *DeclinedError) Error() string {
	return "payment method " + e.MethodID + ": declined: " + e.Refusal.Code
}
