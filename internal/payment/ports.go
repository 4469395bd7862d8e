package payment

import (
	"context"
	"time"

	"paymenthub/internal/customer"
	"paymenthub/internal/merchant"
	"paymenthub/internal/risk"
	"paymenthub/internal/routing"
	"paymenthub/internal/vault"
)

// Page asks for Limit rows (1 to 100) beside a row's id, newest first. At most
// one of the cursors is set.
type Page struct {
	Limit         int
	StartingAfter string // rows older than this id
	EndingBefore  string // rows newer than this id
}

// Filter selects payments; empty fields select all.
type Filter struct {
	Status        Status
	CustomerID    string
	CreatedFrom   time.Time // inclusive
	CreatedBefore time.Time // exclusive
	Page          Page
}

// RefundFilter selects refunds; empty fields select all.
type RefundFilter struct {
	PaymentID string
	Page      Page
}

// TransactionFilter selects movements; empty fields select all.
type TransactionFilter struct {
	Result TransactionResult // but not ResultPending: those few have no index
	Limit  int               // 1 to 100
	Offset int               // rows to pass over, 0 or more; each costs a little
}

// Aggregate is a payment with what is under way on it.
type Aggregate struct {
	Intent      Intent
	Attempt     *Attempt     // the current one; nil before the first
	Transaction *Transaction // the pending one; nil when no gateway call is under way
}

// RefundAggregate is a refund with what it belongs to.
type RefundAggregate struct {
	Refund      Refund
	Intent      Intent
	Attempt     Attempt // that captured the payment
	Transaction Transaction
}

// DisputeFilter selects disputes; empty fields select all.
type DisputeFilter struct {
	PaymentID string
	Status    DisputeStatus
	Page      Page
}

// DisputeRef names a dispute at its provider.
type DisputeRef struct {
	Environment merchant.Environment `json:"environment"`
	Gateway     string               `json:"gateway"`
	Reference   string               `json:"reference"` // the provider's id of the dispute
	PaymentID   string               `json:"payment_id"`
}

// Repository keeps payments. Reads with a scope return fault.NotFound for
// whatever does not belong to it; reads without are for the hub's own steps.
type Repository interface {
	// Insert stores a new payment (FromVersion 0) and all that its change
	// holds. Errors: ErrExists when its id is stored already.
	Insert(ctx context.Context, c Change) error
	// Apply stores a change in one transaction. Errors: ErrStale when the
	// payment is not in the state and version the change started from, ErrExists
	// when the change brings a refund or transaction whose id is stored already.
	Apply(ctx context.Context, c Change) error
	// Present stores what came with a confirmation before its workflow hears of
	// it: the sealed card where there is one, and what was seen of the shopper, whose
	// e-mail address is kept with the payment where nobody else told one.
	Present(ctx context.Context, card *vault.Record, seen risk.Sighting) error

	// Returned keeps the query with which the provider sent an attempt's shopper back,
	// and changes nothing else: no version, no event.
	Returned(ctx context.Context, attemptID, query string) error

	Payment(ctx context.Context, scope merchant.Scope, paymentID string) (Intent, error)
	Payments(ctx context.Context, scope merchant.Scope, f Filter) (rows []Intent, more bool, err error)
	Attempts(ctx context.Context, scope merchant.Scope, paymentID string) ([]Attempt, error) // oldest first
	// MerchantTransaction returns one movement of the scope. Errors: fault.NotFound.
	MerchantTransaction(ctx context.Context, scope merchant.Scope, transactionID string) (Transaction, error)
	// Transactions lists the scope's movements newest first, and counts all that
	// the filter selects.
	Transactions(ctx context.Context, scope merchant.Scope, f TransactionFilter) (rows []Transaction, total int64, err error)
	Refund(ctx context.Context, scope merchant.Scope, refundID string) (Refund, error)
	Refunds(ctx context.Context, scope merchant.Scope, f RefundFilter) (rows []Refund, more bool, err error)

	Dispute(ctx context.Context, scope merchant.Scope, disputeID string) (Dispute, error)
	Disputes(ctx context.Context, scope merchant.Scope, f DisputeFilter) (rows []Dispute, more bool, err error)
	// FindDispute returns the dispute that a provider names, nil when it is not known.
	FindDispute(ctx context.Context, ref DisputeRef) (*Dispute, error)

	// FindByReference returns the id of the payment that one of its attempts knows
	// under the provider's reference. Errors: fault.NotFound.
	FindByReference(ctx context.Context, env merchant.Environment, gateway, reference string) (paymentID string, err error)
	// Charges returns a payment's authorizations and sales, oldest first.
	Charges(ctx context.Context, paymentID string) ([]Transaction, error)
	// Load returns a payment with its current attempt and pending transaction.
	Load(ctx context.Context, paymentID string) (Aggregate, error)
	// LoadRefund returns a refund with its payment.
	LoadRefund(ctx context.Context, refundID string) (RefundAggregate, error)
	// Transaction returns a transaction of the payment. Errors: fault.NotFound.
	Transaction(ctx context.Context, paymentID, transactionID string) (Transaction, error)
	// HasTransaction reports whether the payment has a transaction of this id.
	HasTransaction(ctx context.Context, paymentID, transactionID string) (bool, error)
	// Overdue returns up to limit payments whose DueAt has passed, oldest first.
	Overdue(ctx context.Context, now time.Time, limit int) ([]Intent, error)
	// OverdueRefunds is the same for refunds.
	OverdueRefunds(ctx context.Context, now time.Time, limit int) ([]Refund, error)
	// OverdueDisputes is the same for disputes.
	OverdueDisputes(ctx context.Context, now time.Time, limit int) ([]Dispute, error)
	// Postpone moves an overdue payment's DueAt to a later time, and nothing
	// else: no version, no event. A payment without DueAt stays without.
	Postpone(ctx context.Context, paymentID string, until time.Time) error
	// PostponeRefund is the same for refunds.
	PostponeRefund(ctx context.Context, refundID string, until time.Time) error
	// PostponeDispute is the same for disputes.
	PostponeDispute(ctx context.Context, disputeID string, until time.Time) error
}

// Customers is what the core asks of a merchant's customers; customer.Repository is it.
type Customers interface {
	// Customer returns a customer of the scope. Errors: fault.NotFound.
	Customer(ctx context.Context, scope merchant.Scope, customerID string) (customer.Customer, error)
	// Method returns a payment method of the scope. Errors: fault.NotFound.
	Method(ctx context.Context, scope merchant.Scope, methodID string) (customer.PaymentMethod, error)
}

// Snapshot is what the workflow of a payment knows of it. It holds no personal
// data and is small: it goes into workflow histories.
type Snapshot struct {
	PaymentID       string         `json:"payment_id"`
	Scope           merchant.Scope `json:"scope"`
	Status          Status         `json:"status"`
	Amount          int64          `json:"amount"`
	Currency        string         `json:"currency"`
	CaptureMethod   CaptureMethod  `json:"capture_method"`
	Capturable      int64          `json:"capturable,omitempty"`
	Gateway         string         `json:"gateway,omitempty"`
	Attempts        int            `json:"attempts,omitempty"`
	AttemptLimit    int            `json:"attempt_limit,omitempty"` // 0 in snapshots from before there were limits: MaxAttempts
	ExpiresAt       time.Time      `json:"expires_at"`
	AuthorizedUntil time.Time      `json:"authorized_until,omitzero"`
	Pending         *Pending       `json:"pending,omitempty"` // the gateway call under way
	Attention       string         `json:"attention,omitempty"`
}

// Pending names a gateway call that is under way.
type Pending struct {
	TransactionID string          `json:"transaction_id"`
	Kind          TransactionKind `json:"kind"`
}

// Snapshot summarises the aggregate for its workflow.
func (a Aggregate) Snapshot() Snapshot {
	p := a.Intent
	s := Snapshot{
		PaymentID: p.ID, Scope: p.Scope, Status: p.Status, Amount: p.Amount, Currency: string(p.Currency),
		CaptureMethod: p.CaptureMethod, Capturable: p.AmountCapturable, Gateway: p.Gateway, Attempts: p.Attempts, AttemptLimit: p.AttemptLimit,
		ExpiresAt: p.ExpiresAt, AuthorizedUntil: p.AuthorizedUntil, Attention: p.Attention,
	}
	if a.Transaction != nil && p.PendingTransaction != "" {
		s.Pending = &Pending{TransactionID: a.Transaction.ID, Kind: a.Transaction.Kind}
	}
	return s
}

// CaptureCommand asks for a capture of Amount minor units; 0 means all that is held.
type CaptureCommand struct {
	OperationID string `json:"operation_id"`
	Amount      int64  `json:"amount,omitempty"`
}

// CancelCommand asks for a cancellation.
type CancelCommand struct {
	OperationID string `json:"operation_id"`
	Reason      string `json:"reason,omitempty"`
}

// Orchestrator runs the life of payments and refunds. Commands return when the
// step they ask for has ended or its outcome is unknown; sent twice with the
// same OperationID they act once.
//
// Errors: fault.InvalidState when the payment's state forbids the command,
// fault.Unavailable when the orchestrator cannot be reached, ErrNotRunning when
// the payment has no running workflow.
type Orchestrator interface {
	// StartPayment starts the payment's workflow, with its first confirmation
	// where there is one. Starting a running one changes nothing.
	StartPayment(ctx context.Context, s Snapshot, first *Confirmation) error
	// Revive starts the payment's workflow, or makes a running one look whether
	// the database knows more of the payment than it does.
	Revive(ctx context.Context, s Snapshot) error
	Confirm(ctx context.Context, paymentID string, c Confirmation) error
	Capture(ctx context.Context, paymentID string, c CaptureCommand) error
	Cancel(ctx context.Context, paymentID string, c CancelCommand) error
	// ActionReturned tells that the shopper came back from the issuer's page.
	ActionReturned(ctx context.Context, paymentID string) error
	// LookUp makes the payment's workflow ask the gateway now, and starts it where
	// there is none. notificationID names what the gateway has told, "" for nothing.
	LookUp(ctx context.Context, s Snapshot, notificationID string) error
	// LookUpRefund is the same for a refund, settled ones included.
	LookUpRefund(ctx context.Context, r Refund, notificationID string) error
	// LookUpDispute is the same for a dispute, which need not be known yet.
	LookUpDispute(ctx context.Context, d DisputeRef) error
	// StartRefund starts the refund's workflow. Starting a running one changes nothing.
	StartRefund(ctx context.Context, r Refund) error
}

// Router chooses the gateways for a payment. Errors: fault.Invalid naming
// "routing", "currency", "amount", "capture_method" or "payment_method.type" when
// none can take it; fault.Unavailable when none is set up.
type Router interface {
	Route(ctx context.Context, r RouteRequest) (routing.Decision, error)
	// Methods are what a shopper can pay this payment with now, in the order of
	// MethodTypes.
	Methods(ctx context.Context, p Intent) ([]MethodType, error)
}

// RouteRequest is what is known of a payment when its gateway is chosen.
type RouteRequest struct {
	Intent Intent
	Method MethodType  // "" when the payment is not confirmed yet: any
	Card   CardSummary // zero when no card is known
	// Save: the card is to be kept by the gateway that takes the payment.
	Save bool
	// KeptBy names the gateway that keeps the saved method; "" without one.
	KeptBy         string
	BillingCountry string // ISO 3166-1 alpha-2; "" when not known
}

// RiskAssessor judges an attempt before it is written down; the sighting of its
// card is stored already. Judging the same attempt again may end differently.
type RiskAssessor interface {
	Assess(ctx context.Context, s risk.Subject) (risk.Assessment, error)
}
