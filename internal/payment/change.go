package payment

import (
	"errors"
	"time"

	"paymenthub/internal/customer"
	"paymenthub/internal/event"
	"paymenthub/internal/fx"
	"paymenthub/internal/ledger"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/risk"
	"paymenthub/internal/vault"
)

// Change is everything that one step writes: it is stored in one database
// transaction or not at all, and only while the payment still is in the state
// that the change started from.
type Change struct {
	From        Status // state and version that the stored payment must have
	FromVersion int64  // 0: the payment is new
	Intent      Intent
	Attempt     *Attempt     // inserted or updated
	Transaction *Transaction // inserted or updated
	Refused     *Refused     // updated: the attempt that Attempt follows at once
	Refund      *Refund      // inserted or updated
	Dispute     *Dispute     // inserted or updated
	// Abandoned is the transaction that this change's void makes an end of: the
	// shopper never acted, so it has no outcome of its own. It becomes declined.
	Abandoned string
	Card      *vault.Record
	Sighting  *risk.Sighting
	Ledger    []ledger.Transaction
	Events    []event.Event
	// PaymentMethod is the card that the gateway keeps from now on, stored once;
	// Customer is how it knows their owner, where that is not stored yet.
	PaymentMethod *customer.PaymentMethod
	Customer      *customer.Reference
	Lock          fx.Lock // of a new payment: its quote is stored, or marked as used
	EraseCard     string  // vault token whose card data ends with this change
}

// Errors of repositories.
var (
	// ErrStale: the payment is not (any more) in the state the change started from.
	ErrStale = errors.New("payment: the stored state has moved on")
	// ErrExists: a payment, refund or dispute with this id is stored already.
	ErrExists = errors.New("payment: this id is stored already")
)

// begin starts a change from the intent as it is now.
func (p Intent) begin() Change {
	return Change{From: p.Status, FromVersion: p.Version, Intent: p}
}

// step advances the change's intent and adds the events of the step. The
// caller finishes the intent's fields before it; seal closes the change.
func (c *Change) step(s Step) ([]event.Type, error) { return c.Intent.advance(s) }

// seal stamps the intent and writes its events with the final state in them.
func (c *Change) seal(now time.Time, types []event.Type) error {
	c.Intent.touch(now)
	for _, kind := range types {
		events, err := event.Add(c.Events, c.Intent.Scope, kind, c.Intent.ID, c.told(), now)
		if err != nil {
			return err
		}
		c.Events = events
	}
	return nil
}

// take makes the step and seals the change.
func (c Change) take(s Step, now time.Time) (Change, error) {
	events, err := c.step(s)
	if err != nil {
		return Change{}, err
	}
	return c, c.seal(now, events)
}

// source names a transaction in the books.
func (c *Change) source(t Transaction, now time.Time) ledger.Source {
	return ledger.Source{Scope: c.Intent.Scope, PaymentID: c.Intent.ID, TransactionID: t.ID, At: now}
}

// money is an amount of the payment's currency.
func (c *Change) money(minor int64) money.Money { return money.New(minor, c.Intent.Currency) }

// New is what a merchant asks for.
type New struct {
	ID                  string
	Scope               merchant.Scope
	Amount              int64
	Currency            money.Currency
	CaptureMethod       CaptureMethod
	CustomerID          string
	Routing             string
	Gateway             string
	ReturnURL           string
	Description         string
	StatementDescriptor string
	Metadata            map[string]string
	Checkout            *Checkout
	Customer            Customer
	AttemptLimit        int // 1 to MaxAttempts; 0 means MaxAttempts
	// SettlementCurrency is what the merchant wants to be settled in; "" leaves it to
	// the quote, and without one to their settings.
	SettlementCurrency money.Currency
	FXQuoteID          string  // "": a quote is made where one is needed
	Lock               fx.Lock // the rate that the payment was promised
}

// Open makes a new payment.
func Open(n New, now time.Time) (Change, error) {
	c := Change{Intent: Intent{
		ID: n.ID, Scope: n.Scope, Status: RequiresConfirmation,
		Amount: n.Amount, Currency: n.Currency, CaptureMethod: n.CaptureMethod,
		CustomerID: n.CustomerID, Routing: n.Routing, Gateway: n.Gateway, ReturnURL: n.ReturnURL,
		Description: n.Description, StatementDescriptor: n.StatementDescriptor, Metadata: n.Metadata,
		Checkout: n.Checkout, Customer: n.Customer, AttemptLimit: n.AttemptLimit,
		CreatedAt: now, ExpiresAt: now.Add(ConfirmWindow),
	}}
	if n.AttemptLimit == 0 {
		c.Intent.AttemptLimit = MaxAttempts
	}
	c.promise(n.Lock)
	return c, c.seal(now, []event.Type{event.PaymentCreated})
}

// Cancel gives up a payment that no gateway holds anything for.
func (p Intent) Cancel(reason, operationID string, now time.Time) (Change, error) {
	c := p.begin()
	c.Intent.CancellationReason, c.Intent.CanceledBy = reason, operationID
	return c.take(StepCanceled, now)
}

// Expire gives up a payment that was not authorized in time.
func (p Intent) Expire(now time.Time) (Change, error) {
	return p.begin().take(StepExpired, now)
}

// Raise marks the payment for an operator and changes nothing else.
func (p Intent) Raise(why string, now time.Time) (Change, error) {
	c := p.begin()
	c.Intent.Attention = why
	return c, c.seal(now, nil)
}
