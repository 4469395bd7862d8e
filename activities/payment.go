package activities

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"paymenthub/internal/clock"
	"paymenthub/internal/customer"
	"paymenthub/internal/fault"
	"paymenthub/internal/gateway"
	"paymenthub/internal/notification"
	"paymenthub/internal/payment"
	"paymenthub/internal/risk"
	"paymenthub/internal/routing"
	"paymenthub/internal/telemetry/metric"
	"paymenthub/internal/telemetry/traceid"
	"paymenthub/internal/vault"
)

// The steps of a payment. A step that calls a gateway writes the call down with
// its idempotency key, makes it, and writes down what became of it: three
// things that are one step, because repeating it after a crash at any point
// repeats the same call under the same key.
const (
	LoadPayment    Name[PaymentRef, payment.Snapshot]   = "LoadPayment"
	AttemptPayment Name[Attempt, payment.Snapshot]      = "AttemptPayment"
	CapturePayment Name[Capture, payment.Snapshot]      = "CapturePayment"
	VoidPayment    Name[Void, payment.Snapshot]         = "VoidPayment"
	ResolvePayment Name[Resolve, payment.Snapshot]      = "ResolvePayment"
	CancelPayment  Name[Cancellation, payment.Snapshot] = "CancelPayment"
	ExpirePayment  Name[PaymentRef, payment.Snapshot]   = "ExpirePayment"
	RaisePayment   Name[Raised, payment.Snapshot]       = "RaisePayment"
)

// PaymentRef names a payment.
type PaymentRef struct {
	PaymentID string `json:"payment_id"`
}

// Attempt asks to try to take a payment.
type Attempt struct {
	PaymentID    string               `json:"payment_id"`
	Confirmation payment.Confirmation `json:"confirmation"`
}

// Capture asks to take what is held.
type Capture struct {
	PaymentID string                 `json:"payment_id"`
	Command   payment.CaptureCommand `json:"command"`
}

// Void asks to release what is held, or to stop waiting for the shopper.
type Void struct {
	PaymentID   string `json:"payment_id"`
	OperationID string `json:"operation_id"`
	Why         string `json:"why"` // payment.VoidCanceled or payment.VoidExpired
	Reason      string `json:"reason,omitempty"`
}

// Resolve asks to find out what became of a gateway call. With Resend, one that
// the gateway never carried out is sent again under its key.
type Resolve struct {
	PaymentID     string `json:"payment_id"`
	TransactionID string `json:"transaction_id"`
	Resend        bool   `json:"resend"`
	// NotificationID names what the gateway has told of it: that counts when the
	// gateway cannot be asked.
	NotificationID string `json:"notification_id,omitempty"`
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

// Payments holds what the steps of payments, refunds and payment methods work with.
type Payments struct {
	Repository payment.Repository
	Customers  customer.Repository
	Gateways   *gateway.Registry
	Router     payment.Router
	Observer   Observer
	Retries    Retries
	Risk       payment.RiskAssessor
	Vault      *vault.Vault
	Watcher    *payment.Watcher
	Clock      clock.Clock
	// ReturnURL is where gateways send the shopper of a payment back to.
	ReturnURL     func(paymentID string) string
	Notifications notification.Repository
	Metrics       *metric.Metrics
	Logger        *zap.Logger
}

// Load returns what the workflow must know of the payment.
func (a *Payments) Load(ctx context.Context, in PaymentRef) (payment.Snapshot, error) {
	current, err := a.Repository.Load(ctx, in.PaymentID)
	if err != nil {
		return payment.Snapshot{}, err
	}
	return current.Snapshot(), nil
}

// Attempt tries to take the payment: judge it, choose a gateway, write the attempt
// down, authorize, write down what became of it.
func (a *Payments) Attempt(ctx context.Context, in Attempt) (payment.Snapshot, error) {
	current, begun, err := a.loadUnlessBegun(ctx, in.PaymentID, in.Confirmation.OperationID)
	if err != nil {
		return payment.Snapshot{}, err
	}
	if !begun {
		if current, err = a.beginAttempt(ctx, current, in.Confirmation); err != nil {
			return payment.Snapshot{}, err
		}
	}
	transactionID := payment.TransactionID(in.Confirmation.OperationID)
	if begun && current.Transaction != nil && current.Attempt.After != "" {
		transactionID = current.Transaction.ID // the first gateway refused; another one is under way
	}
	return a.send(ctx, current, transactionID, begun)
}

// beginAttempt judges the attempt, chooses the gateway and writes both down: what
// is sent, and sent again after a crash, depends on a judgment that stands.
func (a *Payments) beginAttempt(ctx context.Context, current payment.Aggregate, conf payment.Confirmation) (payment.Aggregate, error) {
	if err := expect(current, payment.RequiresConfirmation, payment.RequiresPaymentMethod); err != nil {
		return current, err
	}
	if !a.Clock.Now().Before(current.Intent.ExpiresAt) {
		return current, payment.ErrStale // the shopper was told that it is over
	}
	chosen, err := a.route(ctx, current.Intent, conf)
	if err != nil {
		return current, err
	}
	judged, err := a.Risk.Assess(ctx, risk.Subject{
		Scope: current.Intent.Scope, PaymentID: current.Intent.ID, OperationID: conf.OperationID, Card: conf.Card, Amount: current.Intent.Money(),
		MerchantInitiated: conf.MerchantInitiated,
	})
	if err != nil {
		return current, err
	}
	change, err := current.Intent.BeginAttempt(conf, chosen, judged, a.Clock.Now())
	if err != nil {
		return current, err
	}
	return a.apply(ctx, current, change)
}

// route chooses the gateways: of a saved method, the one that keeps it. What could be
// taken when it was confirmed, and no gateway can take any more, is declined at the one
// that was foreseen, which never hears of it.
func (a *Payments) route(ctx context.Context, p payment.Intent, conf payment.Confirmation) (routing.Decision, error) {
	request := payment.RouteRequest{Intent: p, Method: cmp.Or(conf.Method, payment.MethodCard), Card: conf.Card, Save: conf.Save, BillingCountry: conf.BillingCountry}
	if conf.SavedMethod != "" {
		saved, err := a.Customers.LoadMethod(ctx, conf.SavedMethod)
		if err != nil {
			return routing.Decision{}, err
		}
		request.KeptBy = saved.Gateway
	}
	chosen, err := a.Router.Route(ctx, request)
	if fault.Is(err, fault.Invalid) {
		return routing.Decision{
			Strategy: routing.Named, Choices: []routing.Choice{{Gateway: p.Gateway}}, Down: true, At: a.Clock.Now(),
			Excluded: []routing.Exclusion{{Gateway: p.Gateway, Why: fault.From(err).Message}},
		}, nil
	}
	return chosen, err
}

// Capture takes what is held, in whole or in part.
func (a *Payments) Capture(ctx context.Context, in Capture) (payment.Snapshot, error) {
	current, begun, err := a.loadUnlessBegun(ctx, in.PaymentID, in.Command.OperationID)
	if err != nil {
		return payment.Snapshot{}, err
	}
	if !begun {
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
		if current, err = a.apply(ctx, current, change); err != nil {
			return payment.Snapshot{}, err
		}
	}
	return a.send(ctx, current, payment.TransactionID(in.Command.OperationID), begun)
}

// Void releases what is held, or stops waiting for the shopper.
func (a *Payments) Void(ctx context.Context, in Void) (payment.Snapshot, error) {
	current, begun, err := a.loadUnlessBegun(ctx, in.PaymentID, in.OperationID)
	if err != nil {
		return payment.Snapshot{}, err
	}
	if !begun {
		if err := expect(current, payment.RequiresCapture, payment.RequiresAction); err != nil {
			return payment.Snapshot{}, err
		}
		change, err := current.Intent.BeginVoid(*current.Attempt, in.Why, in.Reason, in.OperationID, a.Clock.Now())
		if err != nil {
			return payment.Snapshot{}, err
		}
		if current, err = a.apply(ctx, current, change); err != nil {
			return payment.Snapshot{}, err
		}
	}
	return a.send(ctx, current, payment.TransactionID(in.OperationID), begun)
}

// absenceCertain is how long after a call was written down, or claimed to be sent
// again, its request may still be on its way. Until then a gateway that has no
// record of it proves nothing, unless the call is sent once more under its key.
const absenceCertain = 2 * time.Minute

// Resolve asks the gateway what became of the pending call and writes down
// what it finds.
func (a *Payments) Resolve(ctx context.Context, in Resolve) (payment.Snapshot, error) {
	current, err := a.Repository.Load(ctx, in.PaymentID)
	if err != nil || !pending(current, in.TransactionID) {
		return current.Snapshot(), err
	}
	if outcome, never := neverSent(current); never {
		return a.record(ctx, current, outcome)
	}
	outcome, err := a.lookUp(ctx, current, in.NotificationID)
	if err != nil {
		return payment.Snapshot{}, err
	}
	if outcome.Class == payment.OutcomeUnknown && in.Resend {
		repeats, err := a.learnsByRepeating(ctx, current)
		switch {
		case err != nil:
			return payment.Snapshot{}, err
		case repeats:
			return a.send(ctx, current, in.TransactionID, true)
		}
	}
	if outcome.Class == payment.OutcomeReady {
		if p := current.Intent; p.CanceledBy == "" && a.Clock.Now().Before(p.ExpiresAt) {
			return a.complete(ctx, current)
		}
		outcome = payment.Unknown("the shopper has agreed to what was given up: the provider is not told to take it")
	}
	if outcome.Class == payment.OutcomeAbsent {
		if in.Resend {
			return a.send(ctx, current, in.TransactionID, true)
		}
		if a.Clock.Now().Sub(current.Intent.UpdatedAt) < absenceCertain {
			outcome = payment.Unknown("the gateway has no record of it yet")
		}
	}
	return a.record(ctx, current, outcome)
}

// Cancel gives up a payment that no gateway holds anything for.
func (a *Payments) Cancel(ctx context.Context, in Cancellation) (payment.Snapshot, error) {
	return a.giveUp(ctx, in.PaymentID, func(p payment.Intent) (payment.Change, error) {
		return p.Cancel(in.Command.Reason, in.Command.OperationID, a.Clock.Now())
	}, func(p payment.Intent) bool { return p.CanceledBy == in.Command.OperationID })
}

// Expire gives up a payment that was not authorized in time.
func (a *Payments) Expire(ctx context.Context, in PaymentRef) (payment.Snapshot, error) {
	return a.giveUp(ctx, in.PaymentID, func(p payment.Intent) (payment.Change, error) {
		return p.Expire(a.Clock.Now())
	}, func(p payment.Intent) bool { return p.Status.Terminal() })
}

func (a *Payments) giveUp(ctx context.Context, paymentID string, change func(payment.Intent) (payment.Change, error), done func(payment.Intent) bool) (payment.Snapshot, error) {
	current, err := a.Repository.Load(ctx, paymentID)
	if err != nil || done(current.Intent) {
		return current.Snapshot(), err
	}
	if err := expect(current, payment.RequiresConfirmation, payment.RequiresPaymentMethod); err != nil {
		return payment.Snapshot{}, err
	}
	c, err := change(current.Intent)
	if err != nil {
		return payment.Snapshot{}, err
	}
	current, err = a.apply(ctx, current, c)
	return current.Snapshot(), err
}

// Raise marks the payment for an operator.
func (a *Payments) Raise(ctx context.Context, in Raised) (payment.Snapshot, error) {
	current, err := a.Repository.Load(ctx, in.PaymentID)
	if err != nil || current.Intent.Attention == in.Why {
		return current.Snapshot(), err
	}
	return a.raise(ctx, current, in.Why)
}

func (a *Payments) raise(ctx context.Context, current payment.Aggregate, why string) (payment.Snapshot, error) {
	a.Metrics.Raised("payment", string(current.Intent.Scope.Environment))
	a.Logger.Error("payment needs an operator", zap.String("payment_id", current.Intent.ID), zap.String("why", why), traceid.Field(ctx))
	change, err := current.Intent.Raise(why, a.Clock.Now())
	if err != nil {
		return payment.Snapshot{}, err
	}
	current, err = a.apply(ctx, current, change)
	return current.Snapshot(), err
}

// record writes down what became of the pending transaction, and tells those
// who wait for the payment, also when nothing is known yet.
func (a *Payments) record(ctx context.Context, current payment.Aggregate, outcome payment.Outcome) (payment.Snapshot, error) {
	if !outcome.Moves(current.Intent) {
		a.Watcher.Notify(current.Intent)
		return current.Snapshot(), nil
	}
	change, err := current.Record(outcome, a.Clock.Now())
	if errors.Is(err, payment.ErrDisagrees) {
		snapshot, err := a.raise(ctx, current, fmt.Sprintf("%s: %v", current.Transaction.ID, err))
		a.Watcher.Notify(current.Intent)
		return snapshot, err
	}
	if err != nil {
		return payment.Snapshot{}, err
	}
	before := current
	kind, g := current.Transaction.Kind, current.Transaction.Gateway
	if current, err = a.apply(ctx, current, change); err != nil {
		return payment.Snapshot{}, err
	}
	a.judged(before, outcome)
	a.counted(kind, outcome, g, current.Intent.Scope.Environment)
	a.Watcher.Notify(current.Intent)
	return current.Snapshot(), nil
}

// apply stores a change and returns the payment after it.
func (a *Payments) apply(ctx context.Context, before payment.Aggregate, change payment.Change) (payment.Aggregate, error) {
	if err := a.Repository.Apply(ctx, change); err != nil {
		return before, err
	}
	if after, whole := before.After(change); whole {
		return after, nil
	}
	return a.Repository.Load(ctx, change.Intent.ID)
}

// loadUnlessBegun loads the payment and reports whether the operation has been
// written down before: this step is being repeated.
func (a *Payments) loadUnlessBegun(ctx context.Context, paymentID, operationID string) (payment.Aggregate, bool, error) {
	current, err := a.Repository.Load(ctx, paymentID)
	if err != nil || current.Intent.Operations == 0 {
		return current, false, err
	}
	begun, err := a.Repository.HasTransaction(ctx, paymentID, payment.TransactionID(operationID))
	return current, begun, err
}

// expect checks that the payment is in a state that the step can start from:
// when it is not, the workflow knew an older state and must read it again.
func expect(current payment.Aggregate, allowed ...payment.Status) error {
	if slices.Contains(allowed, current.Intent.Status) {
		return nil
	}
	return payment.ErrStale
}
