package activities

import (
	"context"
	"fmt"
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

// neverSent returns the outcome of a pending attempt that no gateway ever hears of:
// risk refused it, or the operator had switched off all that could take it.
func neverSent(current payment.Aggregate) (payment.Outcome, bool) {
	attempt := current.Attempt
	switch {
	case current.Transaction.Kind != payment.Sale && current.Transaction.Kind != payment.Authorization:
		return payment.Outcome{}, false
	case attempt.Risk != nil && attempt.Risk.Action == risk.Decline:
		return payment.Declined(payment.NewDecline(payment.DeclineFraud)), true
	case attempt.Routing != nil && attempt.Routing.Down:
		return payment.Declined(payment.NewDecline(payment.DeclineGatewayUnavailable)), true
	default:
		return payment.Outcome{}, false
	}
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
	if outcome, never := neverSent(current); never {
		return a.record(ctx, current, outcome)
	}
	g, err := a.Gateways.Find(ctx, current.Intent.Scope.Environment, current.Transaction.Gateway)
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
	began := a.Clock.Now()
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
	a.called(current, outcome, a.Clock.Now().Sub(began))
	a.logUnknown(ctx, outcome, current.Intent.ID, current.Transaction.ID, g.Name)
	if next, ok := current.Next(outcome, a.Clock.Now()); ok && !call.Repeated && a.mayTryOn(ctx, current) {
		return a.failOver(ctx, current, outcome, next)
	}
	return a.record(ctx, current, outcome)
}

// failOver writes down that the gateway refused, and tries the next one.
func (a *Payments) failOver(ctx context.Context, current payment.Aggregate, outcome payment.Outcome, next string) (payment.Snapshot, error) {
	change, err := current.FailOver(outcome, next, a.Clock.Now())
	if err != nil {
		return payment.Snapshot{}, err
	}
	before, refused := current, *current.Transaction
	if current, err = a.apply(ctx, current, change); err != nil {
		return payment.Snapshot{}, err
	}
	a.judged(before, outcome)
	a.counted(refused.Kind, outcome, refused.Gateway, refused.Scope.Environment)
	return a.send(ctx, current, current.Transaction.ID, false)
}

// learnsByRepeating reports whether the pending call's provider cannot be asked, and
// tells what became of the call when it is sent again under its key.
func (a *Payments) learnsByRepeating(ctx context.Context, current payment.Aggregate) (bool, error) {
	g, err := a.Gateways.Find(ctx, current.Intent.Scope.Environment, current.Transaction.Gateway)
	if err != nil {
		return false, err
	}
	return a.Clock.Now().Sub(current.Transaction.CreatedAt) < g.Capabilities().RepeatedFor, nil
}

// complete takes a payment that the shopper has agreed to at the provider, and writes
// down what became of it. The call is claimed first, as one that is sent again.
func (a *Payments) complete(ctx context.Context, current payment.Aggregate) (payment.Snapshot, error) {
	g, err := a.Gateways.Find(ctx, current.Intent.Scope.Environment, current.Transaction.Gateway)
	if err != nil {
		return payment.Snapshot{}, err
	}
	completer, ok := g.Gateway.(gateway.Completer)
	if !ok {
		return payment.Snapshot{}, fmt.Errorf("payment %s: gateway %s completes no payments", current.Intent.ID, g.Name)
	}
	call := a.callOf(ctx, current)
	change, err := current.Complete(a.Clock.Now())
	if err != nil {
		return payment.Snapshot{}, err
	}
	if current, err = a.apply(ctx, current, change); err != nil {
		return payment.Snapshot{}, err
	}
	outcome := completer.Complete(ctx, gateway.Completion{Call: call, Capture: current.Transaction.Kind == payment.Sale})
	a.logUnknown(ctx, outcome, current.Intent.ID, current.Transaction.ID, g.Name)
	return a.record(ctx, current, outcome)
}

// detachmentSeen is how long after the time of its detachment a method may still look
// active: that time is taken before it is committed, and hubs' clocks differ. A
// transaction that is younger than that was never sent with the method.
const detachmentSeen = time.Minute

// authorize asks for the attempt's amount, with its card or with the one that the
// gateway keeps. A kept card that was detached before anything was sent declines here.
func (a *Payments) authorize(ctx context.Context, g *gateway.Account, current payment.Aggregate, call gateway.Call) (payment.Outcome, error) {
	attempt := current.Attempt
	request := gateway.Authorization{
		Call: call, Method: payment.MethodCard, Capture: current.Transaction.Kind == payment.Sale, ReturnURL: a.ReturnURL(current.Intent.ID),
		MerchantInitiated: attempt.MerchantInitiated,
		Challenge:         attempt.Risk != nil && attempt.Risk.Action == risk.Challenge && !attempt.MerchantInitiated,
		Description:       current.Intent.Description, StatementDescriptor: current.Intent.StatementDescriptor,
	}
	if attempt.Method != "" && attempt.Method != payment.MethodCard {
		request.Method = attempt.Method
		return g.Authorize(ctx, request), nil
	}
	if attempt.SavedMethod == "" {
		request.Instrument = instrument{a.Vault, attempt.CardToken}
		if attempt.Save && g.Capabilities().SavesCards {
			reference, err := a.Customers.Reference(ctx, current.Intent.CustomerID, g.Name)
			if err != nil {
				return payment.Outcome{}, err
			}
			request.Save = &gateway.SaveFor{CustomerID: current.Intent.CustomerID, CustomerReference: reference}
		}
		outcome := g.Authorize(ctx, request)
		if request.Save != nil {
			a.forgetIfGone(ctx, outcome, customer.Reference{CustomerID: request.Save.CustomerID, Gateway: g.Name, Reference: request.Save.CustomerReference})
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
	g, err := a.Gateways.Find(ctx, current.Intent.Scope.Environment, current.Transaction.Gateway)
	if err != nil {
		return payment.Outcome{}, err
	}
	l := gateway.Lookup{Call: a.callOf(ctx, current), Kind: current.Transaction.Kind}
	outcome := g.Lookup(ctx, l)
	if notificationID != "" && (outcome.Class == payment.OutcomeUnknown || outcome.Class == payment.OutcomeReady) {
		told, err := a.conclude(ctx, g, notificationID, l)
		if err != nil {
			return payment.Outcome{}, err
		}
		if told.Decided() || outcome.Class == payment.OutcomeUnknown {
			outcome = told
		}
	}
	a.logUnknown(ctx, outcome, current.Intent.ID, current.Transaction.ID, g.Name)
	return outcome, nil
}

// conclude reads the outcome from a notification of the gateway. What another account
// told, where the payment was tried before, says nothing of this call.
func (a *Payments) conclude(ctx context.Context, g *gateway.Account, notificationID string, l gateway.Lookup) (payment.Outcome, error) {
	n, err := a.Notifications.Find(ctx, notificationID)
	if err != nil {
		return payment.Outcome{}, err
	}
	if n.Gateway != g.Name {
		return payment.Unknown("the webhook is of another account"), nil
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
		IdempotencyKey: current.Transaction.IdempotencyKey, GatewayReference: current.Attempt.GatewayReference, Returned: current.Attempt.Returned, CompletionSentAt: current.Attempt.CompletionSentAt,
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
