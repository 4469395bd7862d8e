package customer

import (
	"context"
	"time"

	"paymenthub/internal/merchant"
	"paymenthub/internal/vault"
)

// Page asks for Limit rows (1 to 100) beside a row's id, newest first. At most
// one of the cursors is set.
type Page struct {
	Limit         int
	StartingAfter string // rows older than this id
	EndingBefore  string // rows newer than this id
}

// Filter selects customers; empty fields select all.
type Filter struct {
	Email string // compared without regard to case
	Page  Page
}

// MethodFilter selects the active payment methods of a customer; "" selects those
// of all.
type MethodFilter struct {
	CustomerID string
	Page       Page
}

// Stored is what a gateway said when it was asked to keep a card.
type Stored struct {
	MethodID             string
	GatewayCustomer      string // also when the card was refused, where there is one by now
	GatewayReference     string
	NetworkTransactionID string // "": what the method had stays
	Refusal              *Refusal
	At                   time.Time
}

// Repository keeps customers and their payment methods. Reads with a scope return
// fault.NotFound for whatever does not belong to it; those without are for the
// hub's own steps.
type Repository interface {
	// InsertCustomer stores a customer; one with the same id stays as it is.
	InsertCustomer(ctx context.Context, c Customer) error
	Customer(ctx context.Context, scope merchant.Scope, customerID string) (Customer, error)
	Customers(ctx context.Context, scope merchant.Scope, f Filter) (rows []Customer, more bool, err error)
	// UpdateCustomer changes a customer. Errors: fault.NotFound.
	UpdateCustomer(ctx context.Context, scope merchant.Scope, customerID string, c Changes, at time.Time) error
	// SetDefault makes an active method of the customer the default. Errors:
	// fault.NotFound when there is none of this id.
	SetDefault(ctx context.Context, scope merchant.Scope, customerID, methodID string, at time.Time) error
	// Reference returns the customer as the gateway knows them, "" when it does not.
	Reference(ctx context.Context, customerID, gateway string) (string, error)
	// ForgetReference ends a reference that the gateway does not know any more. A
	// newer one stays.
	ForgetReference(ctx context.Context, r Reference) error

	// OpenMethod stores a pending method with its sealed card; one with the same id
	// stays as it is, and so does its card.
	OpenMethod(ctx context.Context, m PaymentMethod, c vault.Record) error
	// RecordMethod writes down what the gateway said of a pending method: it becomes
	// active, and the default where the customer has none, or declined. The card data
	// ends, and nobody must look after it. A method that is not pending stays as it is.
	RecordMethod(ctx context.Context, s Stored) error
	// DetachMethod ends an active method at the hub: nobody pays with it from now on,
	// and it is nobody's default. It is due in Unattended. One that is detached stays
	// as it is.
	DetachMethod(ctx context.Context, scope merchant.Scope, methodID string, at time.Time) error
	// ForgetMethod writes down that the gateway does not keep a detached card any more.
	ForgetMethod(ctx context.Context, methodID string, at time.Time) error
	// RaiseMethod shows a method that waits for its gateway to operators until it waits
	// no more. It is due again then.
	RaiseMethod(ctx context.Context, methodID, why string, due time.Time) error
	// OverdueMethods returns up to limit methods that were due by now, oldest first.
	OverdueMethods(ctx context.Context, now time.Time, limit int) ([]PaymentMethod, error)
	// PostponeMethod moves a method's due time to a later one. One that is not due,
	// or due later, stays as it is.
	PostponeMethod(ctx context.Context, methodID string, until time.Time) error
	Method(ctx context.Context, scope merchant.Scope, methodID string) (PaymentMethod, error)
	Methods(ctx context.Context, scope merchant.Scope, f MethodFilter) (rows []PaymentMethod, more bool, err error)
	// LoadMethod returns a method of any scope. Errors: fault.NotFound.
	LoadMethod(ctx context.Context, methodID string) (PaymentMethod, error)
}

// Orchestrator runs what gateways must be asked for.
//
// Errors: fault.Unavailable when it cannot be reached; context.DeadlineExceeded
// when it goes on without the caller.
type Orchestrator interface {
	// StoreMethod has the gateway keep the card of a pending method, and returns when
	// it has answered. Started twice it runs once.
	StoreMethod(ctx context.Context, m PaymentMethod) error
	// ForgetMethod has the gateway forget a detached card, and returns when it has.
	ForgetMethod(ctx context.Context, m PaymentMethod) error
	// ReviveMethod makes sure that what a method waits for is under way, and does not
	// wait for it. What runs already goes on as it was.
	ReviveMethod(ctx context.Context, m PaymentMethod) error
}

// Gateways chooses who keeps a card.
type Gateways interface {
	// Keeper returns the first gateway that keeps cards. Errors: fault.Unavailable
	// when none is set up.
	Keeper(ctx context.Context, scope merchant.Scope) (string, error)
}
