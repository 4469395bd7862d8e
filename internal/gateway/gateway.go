// Package gateway is the port to payment providers: what the hub asks of one,
// what it may answer, and what each is able to do. Adapters live in folders
// below, and every one of them passes the suite in gatewaytest.
//
// An adapter makes one attempt per call and never retries: retries belong to
// the workflow. Whatever happens on the wire ends in one of the outcomes of
// payment.Outcome:
//
//   - succeeded or declined, when the provider's answer says so, or when it is
//     certain that nothing was sent (a refused connection is a decline with
//     payment.DeclineGatewayUnavailable);
//   - unknown, when the request may have arrived and no answer says what became
//     of it: a time-out, a lost connection, a 5xx. Nothing is concluded from it.
package gateway

import (
	"context"
	"time"

	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/notification"
	"paymenthub/internal/payment"
	"paymenthub/internal/vault"
)

// Instrument gives an adapter the card. It is opened inside the adapter and
// nowhere else.
type Instrument interface {
	Open(ctx context.Context) (vault.Card, error)
}

// Call names one transaction at a gateway.
type Call struct {
	Scope          merchant.Scope
	PaymentID      string // ours; written into the provider's metadata
	AttemptID      string
	TransactionID  string
	IdempotencyKey string // same for every retry of the same transaction
	// Repeated says that an earlier call with this key may have reached the
	// provider. A refused connection or a rate limit then proves nothing, and
	// the outcome is unknown.
	Repeated bool
	// GatewayReference is the provider's id of the payment; empty before the
	// first answer.
	GatewayReference string
	// Returned is the query with which the provider sent the shopper back last, as
	// it came; "" before, and of what the hub added itself.
	Returned string
	// CompletionSentAt is when the provider was last told to take the payment, before
	// this call; zero when it never was. That request may still be on its way.
	CompletionSentAt time.Time
	Amount           money.Money
	// CreatedAt is when the transaction was written down: the provider cannot
	// know of it from before.
	CreatedAt time.Time
}

// Authorization asks for a hold, or a sale when Capture is set.
type Authorization struct {
	Call
	Capture             bool
	Method              payment.MethodType // what the shopper pays with
	Instrument          Instrument         // nil with Stored, and where Method is not a card
	Stored              *StoredMethod      // pay with a card that the gateway keeps, instead of Instrument
	Save                *SaveFor           // keep the card for later payments; nil: do not
	MerchantInitiated   bool               // the shopper is not there: what needs them is declined
	Challenge           bool               // demand 3-D Secure
	ReturnURL           string             // where the provider sends the shopper back to
	Description         string
	StatementDescriptor string
}

// Completion asks to take a payment that the shopper has agreed to at the provider.
type Completion struct {
	Call
	Capture bool
}

// SaveFor names the customer for whom a card is kept. They consented. Providers
// learn our id of them and nothing personal.
type SaveFor struct {
	CustomerID        string // ours
	CustomerReference string // the provider's id; "" when the customer is new to it
}

// StoredMethod is a card that the gateway keeps.
type StoredMethod struct {
	CustomerReference string // the provider's id of its owner
	MethodReference   string // the provider's token
	// NetworkTransactionID names the payment with which the shopper agreed; "" when
	// it is not known. Providers that remember it themselves do not need it.
	NetworkTransactionID string
}

// MethodCall names one operation on a kept card at a gateway.
type MethodCall struct {
	Scope          merchant.Scope
	MethodID       string // ours; written into the provider's metadata
	IdempotencyKey string // same for every retry of the same operation
	Repeated       bool   // as in Call
	CreatedAt      time.Time
}

// Storage asks to keep a card without a payment.
type Storage struct {
	MethodCall
	Save       SaveFor
	Instrument Instrument
}

// MethodLookup asks what became of a Storage. Call and Save are those of the Storage.
type MethodLookup struct {
	MethodCall
	Save SaveFor
}

// Detachment asks to keep a card no longer.
type Detachment struct {
	MethodCall
	Stored StoredMethod
}

// Refund asks to give back part of a captured payment.
type Refund struct {
	Call
	RefundID string
	Reason   payment.RefundReason
}

// Lookup asks what became of a transaction. For an authorization or sale the
// outcome is that of the payment at the provider; for a capture or void it is
// absent while the provider still holds the amount.
type Lookup struct {
	Call
	Kind     payment.TransactionKind
	RefundID string
}

// DisputeLookup asks how a dispute stands.
type DisputeLookup struct {
	Scope     merchant.Scope
	Reference string // the provider's id of the dispute
}

// Gateway is one provider account.
type Gateway interface {
	// Provider is the provider's name in lower case, as merchants write it.
	Provider() string
	Capabilities() Capabilities
	// Probe makes a call that changes nothing, to learn whether the provider takes
	// the account's credentials, and of which account they are: accountID is the
	// provider's own id of it, the same whatever key it is asked with, and no secret;
	// "" when the provider tells none. Errors: fault.Invalid when it does not take
	// them, naming the credential where that is known; fault.Unavailable when it did
	// not say.
	Probe(ctx context.Context) (accountID string, err error)
	Authorize(ctx context.Context, a Authorization) payment.Outcome
	Capture(ctx context.Context, c Call) payment.Outcome
	// Void releases a hold, or gives up a payment that waits for the shopper.
	Void(ctx context.Context, c Call) payment.Outcome
	Refund(ctx context.Context, r Refund) payment.Outcome
	// StoreMethod keeps a card; the outcome's Kept says under which token. It is sent
	// again under its key, with the same Save, until it is decided.
	StoreMethod(ctx context.Context, s Storage) payment.Outcome
	// FindMethod looks for the card of a StoreMethod whose outcome stayed unknown. It
	// succeeds with Kept when the provider keeps the card, and is absent only when it
	// certainly does not. It never changes anything at the provider.
	FindMethod(ctx context.Context, l MethodLookup) payment.Outcome
	// DetachMethod ends that. It succeeds as well for a card that is not kept any more.
	DetachMethod(ctx context.Context, d Detachment) payment.Outcome
	// Lookup never changes anything at the provider.
	Lookup(ctx context.Context, l Lookup) payment.Outcome
	// Dispute reads a dispute as it is now. An error means that nothing is known.
	Dispute(ctx context.Context, d DisputeLookup) (payment.DisputeReport, error)
	// ReadNotification reads a webhook of the account.
	notification.Reader
	// Conclude reads from a webhook's body, whose signature was checked, what
	// became of a transaction, for when the provider cannot be asked. It is
	// succeeded or declined where the webhook settles that for good, whatever
	// came before or after it, and unknown otherwise.
	Conclude(body []byte, l Lookup) payment.Outcome
}

// Completer is a gateway that takes some payments only when it is told to, once the
// shopper has agreed at the provider's page. The look-up of such a payment is
// payment.OutcomeReady.
type Completer interface {
	// Complete takes the payment. It is sent again under its key until it is decided.
	Complete(ctx context.Context, c Completion) payment.Outcome
}

// DisputeTeller is a gateway whose provider cannot be asked how a dispute stands: what
// its webhooks told of it, all together, says that.
type DisputeTeller interface {
	// DisputeTold reads how a dispute stands from the bodies of webhooks, whose
	// signatures were checked, in any order; those of other things are passed over.
	// Errors: none of them tells of the dispute, or one cannot be read.
	DisputeTold(reference string, bodies [][]byte) (payment.DisputeReport, error)
}
