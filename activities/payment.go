package activities

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.uber.org/zap"

	"paymenthub/internal/clock"
	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
	"paymenthub/internal/telemetry/metric"
	"paymenthub/internal/vault"
)

// The steps of a payment.
const (
	LoadPayment      Name[PaymentRef, payment.Snapshot]    = "LoadPayment"
	BeginAttempt     Name[Attempt, Begun]                  = "BeginAttempt"
	BeginCapture     Name[Capture, payment.Snapshot]       = "BeginCapture"
	BeginVoid        Name[Void, payment.Snapshot]          = "BeginVoid"
	AuthorizePayment Name[TransactionRef, payment.Outcome] = "AuthorizePayment"
	CapturePayment   Name[TransactionRef, payment.Outcome] = "CapturePayment"
	VoidPayment      Name[TransactionRef, payment.Outcome] = "VoidPayment"
	LookUpPayment    Name[TransactionRef, payment.Outcome] = "LookUpPayment"
	RecordOutcome    Name[Recorded, payment.Snapshot]      = "RecordOutcome"
	CancelPayment    Name[Cancellation, payment.Snapshot]  = "CancelPayment"
	ExpirePayment    Name[PaymentRef, payment.Snapshot]    = "ExpirePayment"
	RaisePayment     Name[Raised, payment.Snapshot]        = "RaisePayment"
)

// PaymentRef names a payment.
type PaymentRef struct {
	PaymentID string `json:"payment_id"`
}

// TransactionRef names a payment's gateway transaction.
type TransactionRef struct {
	PaymentID     string `json:"payment_id"`
	TransactionID string `json:"transaction_id"`
}

// Attempt asks to write an attempt down.
type Attempt struct {
	PaymentID    string               `json:"payment_id"`
	Confirmation payment.Confirmation `json:"confirmation"`
}

// Begun is a payment whose attempt is written down. Refusal is set when the
// risk assessment forbids to send it to a gateway.
type Begun struct {
	Snapshot payment.Snapshot `json:"snapshot"`
	Refusal  *payment.Decline `json:"refusal,omitempty"`
}

// Capture asks to write a capture down.
type Capture struct {
	PaymentID string                 `json:"payment_id"`
	Command   payment.CaptureCommand `json:"command"`
}

// Void asks to write a void down.
type Void struct {
	PaymentID   string `json:"payment_id"`
	OperationID string `json:"operation_id"`
	Why         string `json:"why"` // payment.VoidCanceled or payment.VoidExpired
	Reason      string `json:"reason,omitempty"`
}

// Recorded is the outcome of a gateway transaction.
type Recorded struct {
	TransactionRef
	Outcome payment.Outcome `json:"outcome"`
}

// Cancellation asks to give up a payment that no gateway holds anything for.
type Cancellation struct {
	PaymentID string                `json:"payment_id"`
	Command   payment.CancelCommand `json:"command"`
}

// Raised asks to mark a payment for an operator.
type Raised struct {
	PaymentID string `json:"payment_id"`
	Why       string `json:"why"`
}

// Payments holds what the steps of payments and refunds work with.
type Payments struct {
	Repository payment.Repository
	Gateways   *gateway.Registry
	Router     payment.Router
	Risk       payment.RiskAssessor // nil: every attempt passes
	Vault      *vault.Vault
	Watcher    *payment.Watcher
	Clock      clock.Clock
	// ReturnURL is where gateways send the shopper of a payment back to.
	ReturnURL func(paymentID string) string
	Metrics   *metric.Metrics
	Logger    *zap.Logger

	recent recent
}

// Load returns what the workflow must know of the payment.
func (a *Payments) Load(ctx context.Context, in PaymentRef) (payment.Snapshot, error) {
	current, err := a.Repository.Load(ctx, in.PaymentID)
	if err != nil {
		return payment.Snapshot{}, err
	}
	return current.Snapshot(), nil
}

// BeginAttempt judges the attempt, chooses its gateway and writes it down with
// its idempotency key.
func (a *Payments) BeginAttempt(ctx context.Context, in Attempt) (Begun, error) {
	current, done, err := a.loadUnlessBegun(ctx, in.PaymentID, in.Confirmation.OperationID)
	if err != nil || done {
		return Begun{Snapshot: current.Snapshot()}, err
	}
	if err := expect(current, payment.RequiresConfirmation, payment.RequiresPaymentMethod); err != nil {
		return Begun{}, err
	}
	card, err := a.Vault.Lookup(ctx, in.Confirmation.CardToken)
	if err != nil {
		return Begun{}, err
	}
	summary := payment.CardSummary{
		Brand: card.Brand, Last4: card.Last4, ExpMonth: card.ExpMonth, ExpYear: card.ExpYear, Fingerprint: card.Fingerprint,
	}
	var refusal *payment.Decline
	if a.Risk != nil {
		if refusal, err = a.Risk.Assess(ctx, current.Intent, summary); err != nil {
			return Begun{}, err
		}
	}
	chosen, err := a.Router.Route(ctx, current.Intent)
	if err != nil {
		return Begun{}, err
	}
	change, err := current.Intent.BeginAttempt(in.Confirmation, summary, chosen, a.Clock.Now())
	if err != nil {
		return Begun{}, err
	}
	snapshot, err := a.apply(ctx, change)
	return Begun{Snapshot: snapshot, Refusal: refusal}, err
}

// BeginCapture writes a capture down with its idempotency key.
func (a *Payments) BeginCapture(ctx context.Context, in Capture) (payment.Snapshot, error) {
	current, done, err := a.loadUnlessBegun(ctx, in.PaymentID, in.Command.OperationID)
	if err != nil || done {
		return current.Snapshot(), err
	}
	if err := expect(current, payment.RequiresCapture); err != nil {
		return payment.Snapshot{}, err
	}
	amount := in.Command.Amount
	if amount == 0 {
		amount = current.Intent.AmountCapturable
	}
	change, err := current.Intent.BeginCapture(*current.Attempt, amount, in.Command.OperationID, a.Clock.Now())
	if err != nil {
		return payment.Snapshot{}, err
	}
	return a.apply(ctx, change)
}

// BeginVoid writes a void down with its idempotency key.
func (a *Payments) BeginVoid(ctx context.Context, in Void) (payment.Snapshot, error) {
	current, done, err := a.loadUnlessBegun(ctx, in.PaymentID, in.OperationID)
	if err != nil || done {
		return current.Snapshot(), err
	}
	if err := expect(current, payment.RequiresCapture, payment.RequiresAction); err != nil {
		return payment.Snapshot{}, err
	}
	change, err := current.Intent.BeginVoid(*current.Attempt, in.Why, in.Reason, in.OperationID, a.Clock.Now())
	if err != nil {
		return payment.Snapshot{}, err
	}
	return a.apply(ctx, change)
}

// loadUnlessBegun loads the payment and reports whether the operation has been
// written down before: this step is being repeated.
func (a *Payments) loadUnlessBegun(ctx context.Context, paymentID, operationID string) (payment.Aggregate, bool, error) {
	current, err := a.Repository.Load(ctx, paymentID)
	if err != nil {
		return payment.Aggregate{}, false, err
	}
	if current.Intent.Operations == 0 {
		return current, false, nil
	}
	done, err := a.Repository.HasTransaction(ctx, paymentID, payment.TransactionID(operationID))
	return current, done, err
}

// expect checks that the payment is in a state that the step can start from: when
// it is not, the workflow knew an older state and must read it again.
func expect(current payment.Aggregate, allowed ...payment.Status) error {
	if slices.Contains(allowed, current.Intent.Status) {
		return nil
	}
	return payment.ErrStale
}

// Cancel gives up a payment that no gateway holds anything for.
func (a *Payments) Cancel(ctx context.Context, in Cancellation) (payment.Snapshot, error) {
	current, err := a.Repository.Load(ctx, in.PaymentID)
	if err != nil {
		return payment.Snapshot{}, err
	}
	if current.Intent.CanceledBy == in.Command.OperationID {
		return current.Snapshot(), nil
	}
	if err := expect(current, payment.RequiresConfirmation, payment.RequiresPaymentMethod); err != nil {
		return payment.Snapshot{}, err
	}
	change, err := current.Intent.Cancel(in.Command.Reason, in.Command.OperationID, a.Clock.Now())
	if err != nil {
		return payment.Snapshot{}, err
	}
	return a.apply(ctx, change)
}

// Expire gives up a payment that was not authorized in time.
func (a *Payments) Expire(ctx context.Context, in PaymentRef) (payment.Snapshot, error) {
	current, err := a.Repository.Load(ctx, in.PaymentID)
	if err != nil || current.Intent.Status.Terminal() {
		return current.Snapshot(), err
	}
	if err := expect(current, payment.RequiresConfirmation, payment.RequiresPaymentMethod); err != nil {
		return payment.Snapshot{}, err
	}
	change, err := current.Intent.Expire(a.Clock.Now())
	if err != nil {
		return payment.Snapshot{}, err
	}
	return a.apply(ctx, change)
}

// Raise marks the payment for an operator.
func (a *Payments) Raise(ctx context.Context, in Raised) (payment.Snapshot, error) {
	current, err := a.Repository.Load(ctx, in.PaymentID)
	if err != nil || current.Intent.Attention == in.Why {
		return current.Snapshot(), err
	}
	a.Metrics.Raised("payment", string(current.Intent.Scope.Environment))
	a.Logger.Error("payment needs an operator", zap.String("payment_id", in.PaymentID), zap.String("why", in.Why))
	change, err := current.Intent.Raise(in.Why, a.Clock.Now())
	if err != nil {
		return payment.Snapshot{}, err
	}
	return a.apply(ctx, change)
}

// apply stores a change and returns the payment after it.
func (a *Payments) apply(ctx context.Context, change payment.Change) (payment.Snapshot, error) {
	a.recent.forget(change.Intent.ID)
	if err := a.Repository.Apply(ctx, change); err != nil {
		return payment.Snapshot{}, err
	}
	after := payment.Aggregate{Intent: change.Intent, Attempt: change.Attempt, Transaction: change.Transaction}
	pending := after.Intent.PendingTransaction
	if pending != "" && (after.Transaction == nil || after.Transaction.ID != pending) {
		return a.Load(ctx, PaymentRef{PaymentID: after.Intent.ID})
	}
	if pending != "" && after.Attempt != nil {
		a.recent.remember(after)
	}
	return after.Snapshot(), nil
}

// current returns the payment of a transaction, as the step before left it or
// from the database.
func (a *Payments) current(ctx context.Context, in TransactionRef) (payment.Aggregate, error) {
	if known, ok := a.recent.take(in); ok {
		return known, nil
	}
	return a.Repository.Load(ctx, in.PaymentID)
}

// Record writes down what became of a transaction, and tells those who wait
// for the payment, also when nothing is known yet.
func (a *Payments) Record(ctx context.Context, in Recorded) (payment.Snapshot, error) {
	current, err := a.current(ctx, in.TransactionRef)
	if err != nil {
		return payment.Snapshot{}, err
	}
	if current.Intent.PendingTransaction != in.TransactionID || !in.Outcome.Moves(current.Intent) {
		a.Watcher.Notify(current.Intent)
		return current.Snapshot(), nil
	}
	change, err := current.Record(in.Outcome, a.Clock.Now())
	if errors.Is(err, payment.ErrDisagrees) {
		return a.Raise(ctx, Raised{PaymentID: in.PaymentID, Why: fmt.Sprintf("%s: %v", in.TransactionID, err)})
	}
	if err != nil {
		return payment.Snapshot{}, err
	}
	snapshot, err := a.apply(ctx, change)
	if err == nil {
		t := change.Transaction
		a.Metrics.Outcome(string(t.Kind), string(in.Outcome.Class), t.Gateway, string(change.Intent.Scope.Environment))
		a.Watcher.Notify(change.Intent)
	}
	return snapshot, err
}
