package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"
	"go.uber.org/zap"

	"paymenthub/internal/customer"
	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
	"paymenthub/internal/risk"
	"paymenthub/internal/telemetry/traceid"
	"paymenthub/internal/vault"
)

// instrument opens the vault for an adapter.
type instrument struct {
	vault *vault.Vault
	token string
}

// Open implements gateway.Instrument.
func (i instrument) Open(ctx context.Context) (vault.Card, error) { return i.vault.Open(ctx, i.token) }

// pending reports whether the transaction waits for its outcome.
func pending(current payment.Aggregate, transactionID string) bool {
	return current.Transaction != nil && current.Transaction.ID == transactionID && current.Intent.PendingTransaction == transactionID
}

// refused reports whether risk refused the pending attempt: no gateway ever hears of it.
func refused(current payment.Aggregate) bool {
	return (current.Transaction.Kind == payment.Sale || current.Transaction.Kind == payment.Authorization) &&
		current.Attempt.Risk != nil && current.Attempt.Risk.Action == risk.Decline
}

// send makes the pending gateway call and writes down what became of it. again
// says that this step did not write the call down itself: somebody may have sent
// it before and still be at it, so the call is claimed first. A transaction that
// is no longer pending is not sent again: its outcome stands.
func (a *Payments) send(ctx context.Context, current payment.Aggregate, transactionID string, again bool) (payment.Snapshot, error) {
	if !pending(current, transactionID) || current.Intent.Status == payment.RequiresAction {
		a.Watcher.Notify(current.Intent)
		return current.Snapshot(), nil
	}
	if refused(current) {
		return a.record(ctx, current, payment.Declined(payment.NewDecline(payment.DeclineFraud)))
	}
	g, err := a.Gateways.Find(current.Intent.Scope.Environment, current.Transaction.Gateway)
	if err != nil {
		return payment.Snapshot{}, err
	}
	if again {
		change, err := current.Intent.SendAgain(a.Clock.Now())
		if err != nil {
			return payment.Snapshot{}, err
		}
		if current, err = a.apply(ctx, current, change); err != nil {
			return payment.Snapshot{}, err
		}
	}
	call := a.callOf(ctx, current)
	call.Repeated = call.Repeated || again
	var outcome payment.Outcome
	switch current.Transaction.Kind {
	case payment.Capture:
		outcome = g.Capture(ctx, call)
	case payment.Void:
		outcome = g.Void(ctx, call)
	default:
		if outcome, err = a.authorize(ctx, g, current, call); err != nil {
			return payment.Snapshot{}, err
		}
	}
	a.logUnknown(ctx, outcome, current.Intent.ID, current.Transaction.ID, g.Name())
	return a.record(ctx, current, outcome)
}

// detachmentSeen is how long after the time of its detachment a method may still look
// active: that time is taken before it is committed, and hubs' clocks differ. A
// transaction that is younger than that was never sent with the method.
const detachmentSeen = time.Minute

// authorize asks for the attempt's amount, with its card or with the one that the
// gateway keeps. A kept card that was detached before anything was sent declines here.
func (a *Payments) authorize(ctx context.Context, g gateway.Gateway, current payment.Aggregate, call gateway.Call) (payment.Outcome, error) {
	attempt := current.Attempt
	request := gateway.Authorization{
		Call: call, Capture: current.Transaction.Kind == payment.Sale, ReturnURL: a.ReturnURL(current.Intent.ID),
		MerchantInitiated: attempt.MerchantInitiated,
		Challenge:         attempt.Risk != nil && attempt.Risk.Action == risk.Challenge && !attempt.MerchantInitiated,
		Description:       current.Intent.Description, StatementDescriptor: current.Intent.StatementDescriptor,
	}
	if attempt.SavedMethod == "" {
		request.Instrument = instrument{a.Vault, attempt.CardToken}
		if attempt.Save && g.Capabilities().SavesCards {
			reference, err := a.Customers.Reference(ctx, current.Intent.CustomerID, g.Name())
			if err != nil {
				return payment.Outcome{}, err
			}
			request.Save = &gateway.SaveFor{CustomerID: current.Intent.CustomerID, CustomerReference: reference}
		}
		outcome := g.Authorize(ctx, request)
		if request.Save != nil {
			a.forgetIfGone(ctx, outcome, customer.Reference{CustomerID: request.Save.CustomerID, Gateway: g.Name(), Reference: request.Save.CustomerReference})
		}
		return outcome, nil
	}
	saved, err := a.Customers.LoadMethod(ctx, attempt.SavedMethod)
	if err != nil {
		return payment.Outcome{}, err
	}
	if !saved.Usable() && (!call.Repeated || saved.DetachedAt.Add(detachmentSeen).Before(current.Transaction.CreatedAt)) {
		return payment.Declined(payment.NewDecline(payment.DeclineMethodDetached)), nil
	}
	request.Stored = &gateway.StoredMethod{
		CustomerReference: saved.GatewayCustomer, MethodReference: saved.GatewayReference, NetworkTransactionID: saved.NetworkTransactionID,
	}
	return g.Authorize(ctx, request), nil
}

// forgetIfGone ends the reference to a customer whom the gateway does not know any
// more, so that the next card is saved for a new one. What cannot be written down now
// is found out again by then: the outcome of a payment does not wait for it.
func (a *Payments) forgetIfGone(ctx context.Context, o payment.Outcome, r customer.Reference) {
	if !o.CustomerGone || r.Reference == "" {
		return
	}
	if err := a.Customers.ForgetReference(ctx, r); err != nil {
		a.Logger.Warn("customer reference not forgotten yet", zap.String("customer_id", r.CustomerID), zap.String("gateway", r.Gateway),
			zap.Error(err), traceid.Field(ctx))
	}
}

// lookUp asks the gateway what became of the pending call. When the gateway
// does not say, what it has told in a notification counts.
func (a *Payments) lookUp(ctx context.Context, current payment.Aggregate, notificationID string) (payment.Outcome, error) {
	g, err := a.Gateways.Find(current.Intent.Scope.Environment, current.Transaction.Gateway)
	if err != nil {
		return payment.Outcome{}, err
	}
	l := gateway.Lookup{Call: a.callOf(ctx, current), Kind: current.Transaction.Kind}
	outcome := g.Lookup(ctx, l)
	if outcome.Class == payment.OutcomeUnknown && notificationID != "" {
		if outcome, err = a.conclude(ctx, g, notificationID, l); err != nil {
			return payment.Outcome{}, err
		}
	}
	a.logUnknown(ctx, outcome, current.Intent.ID, current.Transaction.ID, g.Name())
	return outcome, nil
}

// conclude reads the outcome from a notification of the gateway.
func (a *Payments) conclude(ctx context.Context, g gateway.Gateway, notificationID string, l gateway.Lookup) (payment.Outcome, error) {
	n, err := a.Notifications.Find(ctx, notificationID)
	if err != nil {
		return payment.Outcome{}, err
	}
	body, err := a.Vault.OpenBytes(n.KeyVersion, n.Sealed, n.ID)
	if err != nil {
		return payment.Outcome{}, err
	}
	return g.Conclude(body, l), nil
}

// callOf names the pending transaction to its gateway.
func (a *Payments) callOf(ctx context.Context, current payment.Aggregate) gateway.Call {
	return gateway.Call{
		Scope: current.Intent.Scope, PaymentID: current.Intent.ID, AttemptID: current.Attempt.ID, TransactionID: current.Transaction.ID,
		IdempotencyKey: current.Transaction.IdempotencyKey, GatewayReference: current.Attempt.GatewayReference,
		Amount: current.Transaction.Money(), CreatedAt: current.Transaction.CreatedAt,
		Repeated: a.repeated(ctx, *current.Transaction),
	}
}

func (a *Payments) logUnknown(ctx context.Context, o payment.Outcome, objectID, transactionID, gatewayName string) {
	if o.Class == payment.OutcomeUnknown {
		a.Logger.Warn("gateway outcome unknown", zap.String("object_id", objectID),
			zap.String("transaction_id", transactionID), zap.String("gateway", gatewayName), zap.String("detail", o.Detail), traceid.Field(ctx))
	}
}

// sentAtOnce is how soon after it is written down a transaction is sent, when
// all goes well.
const sentAtOnce = 2 * time.Second

// repeated reports whether the transaction may have been sent before: by an
// earlier try of this step, or by a worker that died after sending it. An age
// that is negative comes from a clock that was set back: it tells nothing.
func (a *Payments) repeated(ctx context.Context, t payment.Transaction) bool {
	age := a.Clock.Now().Sub(t.CreatedAt)
	return activity.GetInfo(ctx).Attempt > 1 || age < 0 || age > sentAtOnce
}
