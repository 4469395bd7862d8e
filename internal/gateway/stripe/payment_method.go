package stripe

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/stripe/stripe-go/v76"
	"go.uber.org/zap"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
	"paymenthub/internal/vault"
)

// customer returns Stripe's id of a customer, whom it makes where there is none;
// without one, the outcome says why. The key follows from the call's: sent again, it
// makes no second customer, and an answer of 500, which Stripe repeats for a day,
// stands in the way of nobody else's call. Customers without a card do no harm.
func (a *Adapter) customer(ctx context.Context, c gateway.Call, save gateway.SaveFor) (reference string, o payment.Outcome) {
	if save.CustomerReference != "" {
		return save.CustomerReference, o
	}
	call := a.begin(ctx)
	defer call.cancel()
	made, err := a.api.Customers.New(&stripe.CustomerParams{
		Params: call.params(c.IdempotencyKey + "-customer"),
		Metadata: map[string]string{
			metaCustomer: save.CustomerID, metaMerchant: c.Scope.MerchantID, metaEnvironment: string(c.Scope.Environment),
		},
	})
	switch {
	case err != nil:
		return "", failed(c, call, err)
	case made.ID == "":
		return "", payment.Unknown("the answer is not a customer")
	default:
		return made.ID, o
	}
}

// StoreMethod implements gateway.Gateway: a PaymentMethod is made and attached to
// the customer, which is when the issuer is asked about the card.
func (a *Adapter) StoreMethod(ctx context.Context, s gateway.Storage) (o payment.Outcome) {
	defer a.loggedMethod("store method", s.MethodCall, time.Now(), &o)
	c := callOf(s.MethodCall)
	card, err := s.Instrument.Open(ctx)
	if err != nil {
		return refused(c, payment.NewDecline(payment.DeclineProcessingError), "the vault did not hand out the card")
	}
	owner, o := a.customer(ctx, c, s.Save)
	if owner == "" {
		return o
	}
	if o = a.attach(ctx, s, c, card, owner); o.Decided() && !o.CustomerGone {
		if o.Kept == nil {
			o.Kept = &payment.Kept{}
		}
		o.Kept.CustomerReference = owner
	}
	return o
}

func (a *Adapter) attach(ctx context.Context, s gateway.Storage, c gateway.Call, card vault.Card, owner string) payment.Outcome {
	making := a.begin(ctx)
	defer making.cancel()
	method, err := a.api.PaymentMethods.New(methodParams(making.params(s.IdempotencyKey), s, card))
	if err != nil {
		return failed(c, making, err)
	}
	if method.ID == "" {
		return payment.Unknown("the answer is not a payment method")
	}
	attaching := a.begin(ctx)
	defer attaching.cancel()
	attached, err := a.api.PaymentMethods.Attach(method.ID, &stripe.PaymentMethodAttachParams{
		Params: attaching.params(s.IdempotencyKey + "-attach"), Customer: &owner,
	})
	switch {
	case err != nil:
		return failed(c, attaching, err)
	case attached.ID != method.ID || attached.Customer == nil || attached.Customer.ID != owner:
		return payment.Unknown("the answer is not the payment method of this customer")
	default:
		return payment.Outcome{Class: payment.OutcomeSucceeded, Kept: &payment.Kept{MethodReference: attached.ID}}
	}
}

func methodParams(common stripe.Params, s gateway.Storage, card vault.Card) *stripe.PaymentMethodParams {
	return &stripe.PaymentMethodParams{
		Params: common,
		Type:   stripe.String(string(stripe.PaymentMethodTypeCard)),
		Card: &stripe.PaymentMethodCardParams{
			Number: stripe.String(card.Number.Reveal()), CVC: given(card.CVC.Reveal()),
			ExpMonth: stripe.Int64(int64(card.ExpMonth)), ExpYear: stripe.Int64(int64(card.ExpYear)),
		},
		BillingDetails: &stripe.PaymentMethodBillingDetailsParams{Name: given(card.HolderName.Reveal())},
		Metadata: map[string]string{
			metaMethod: s.MethodID, metaCustomer: s.Save.CustomerID, metaMerchant: s.Scope.MerchantID, metaEnvironment: string(s.Scope.Environment),
		},
	}
}

// DetachMethod implements gateway.Gateway. When Stripe refuses, a second call
// reads whether the card is attached at all.
func (a *Adapter) DetachMethod(ctx context.Context, d gateway.Detachment) (o payment.Outcome) {
	defer a.loggedMethod("detach method", d.MethodCall, time.Now(), &o)
	call := a.begin(ctx)
	defer call.cancel()
	_, err := a.api.PaymentMethods.Detach(d.Stored.MethodReference, &stripe.PaymentMethodDetachParams{Params: call.params(d.IdempotencyKey)})
	switch {
	case err == nil:
		return payment.Outcome{Class: payment.OutcomeSucceeded}
	case answeredWith(err, http.StatusBadRequest, http.StatusNotFound) && a.detached(ctx, d.Stored.MethodReference):
		return payment.Outcome{Class: payment.OutcomeSucceeded}
	default:
		return failed(callOf(d.MethodCall), call, err)
	}
}

// detached reports whether a card certainly belongs to no customer.
func (a *Adapter) detached(ctx context.Context, reference string) bool {
	call := a.begin(ctx)
	defer call.cancel()
	method, err := a.api.PaymentMethods.Get(reference, &stripe.PaymentMethodParams{Params: stripe.Params{Context: call.ctx}})
	if err != nil {
		return answeredWith(err, http.StatusNotFound)
	}
	return method.ID == reference && method.Customer == nil
}

// answeredWith reports whether Stripe's answer has one of the statuses.
func answeredWith(err error, statuses ...int) bool {
	var answer *stripe.Error
	if !errors.As(err, &answer) {
		return false
	}
	for _, status := range statuses {
		if answer.HTTPStatusCode == status {
			return true
		}
	}
	return false
}

// callOf is what failures are judged by.
func callOf(m gateway.MethodCall) gateway.Call {
	return gateway.Call{Scope: m.Scope, IdempotencyKey: m.IdempotencyKey, Repeated: m.Repeated, CreatedAt: m.CreatedAt}
}

// loggedMethod is logged for operations on kept cards.
func (a *Adapter) loggedMethod(operation string, m gateway.MethodCall, started time.Time, o *payment.Outcome) {
	fields := []zap.Field{
		zap.String("operation", operation), zap.String("payment_method_id", m.MethodID), zap.String("outcome", string(o.Class)),
		zap.String("detail", o.Detail), zap.Duration("took", time.Since(started)),
	}
	if o.Decline != nil {
		fields = append(fields, zap.String("decline", string(o.Decline.Code)), zap.String("gateway_code", o.Decline.GatewayCode))
	}
	a.log.Debug("stripe call", fields...)
}
