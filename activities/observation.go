package activities

import (
	"context"
	"time"

	"go.uber.org/zap"

	"paymenthub/internal/account"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
	"paymenthub/internal/routing"
	"paymenthub/internal/telemetry/traceid"
)

// Observer learns what gateways do; routing.Engine is it.
type Observer interface {
	Observe(o routing.Observation)
}

// Retries holds trying a card again against the networks' caps; routing.Retries is it.
type Retries interface {
	// Allowed reports whether a card may be tried once more, after a decline that is not
	// written down yet.
	Allowed(ctx context.Context, scope merchant.Scope, brand, fingerprint string) (bool, error)
}

// observation begins what was seen of the pending attempt's gateway.
func observation(current payment.Aggregate) routing.Observation {
	attempt := current.Attempt
	o := routing.Observation{
		Cell: routing.Cell{
			Scope: current.Intent.Scope, Gateway: current.Transaction.Gateway, Currency: string(current.Intent.Currency),
			Kind: routing.Kind(string(attempt.Method), attempt.Card.Brand),
		},
		PaymentID: current.Intent.ID,
	}
	if attempt.Routing != nil {
		o.Region, o.Probe = attempt.Routing.Region, attempt.Routing.Probe && attempt.After == ""
	}
	return o
}

// called tells how a call to the gateway went. What the provider refuses to do for the
// account, or does not understand, is no sign of its health: one merchant's mistakes
// must not close a gateway for all.
func (a *Payments) called(current payment.Aggregate, outcome payment.Outcome, took time.Duration) {
	o := observation(current)
	o.Called, o.Latency = true, max(took, 0)
	o.Broken = outcome.Class == payment.OutcomeUnknown ||
		outcome.Class == payment.OutcomeDeclined && outcome.Decline.Code == payment.DeclineGatewayUnavailable
	a.Observer.Observe(o)
}

// judged tells how an attempt ended, once that is written down.
func (a *Payments) judged(current payment.Aggregate, outcome payment.Outcome) {
	t := current.Transaction
	if t.Kind != payment.Sale && t.Kind != payment.Authorization {
		return
	}
	if _, never := neverSent(current); never {
		return
	}
	o := observation(current)
	switch outcome.Class {
	case payment.OutcomeSucceeded:
		o.Verdict = routing.Approved
	case payment.OutcomeDeclined:
		o.Verdict = verdicts[outcome.Decline.Code]
	case payment.OutcomeAbsent:
		o.Verdict = routing.Failed
	}
	if o.Verdict != routing.Neither {
		a.Observer.Observe(o)
	}
}

// verdicts say which declines count against the gateway: what another one might have
// got approved. The others are the card's or the shopper's own fault.
var verdicts = map[payment.DeclineCode]routing.Verdict{
	payment.DeclineGeneric:              routing.Declined,
	payment.DeclineDoNotHonor:           routing.Declined,
	payment.DeclineNotPermitted:         routing.Declined,
	payment.DeclineCardNotSupported:     routing.Declined,
	payment.DeclineCurrency:             routing.Declined,
	payment.DeclineAmount:               routing.Declined,
	payment.DeclineIssuerUnavailable:    routing.Failed,
	payment.DeclineProcessingError:      routing.Failed,
	payment.DeclineGatewayUnavailable:   routing.Failed,
	payment.DeclineGatewayConfiguration: routing.Failed,
}

// counted adds an outcome to the metrics, by provider: there is no bound to the number
// of merchants' accounts.
func (a *Payments) counted(kind payment.TransactionKind, outcome payment.Outcome, gateway string, env merchant.Environment) {
	a.Metrics.Outcome(string(kind), string(outcome.Class), account.ProviderOf(gateway), string(env))
}

// mayTryOn reports whether the card's network allows one more try after this decline.
// What cannot be found out is taken for a no: the shopper can try again.
func (a *Payments) mayTryOn(ctx context.Context, current payment.Aggregate) bool {
	card := current.Attempt.Card
	allowed, err := a.Retries.Allowed(ctx, current.Intent.Scope, card.Brand, card.Fingerprint)
	if err != nil {
		a.Logger.Warn("declines of the card could not be counted", zap.String("payment_id", current.Intent.ID), zap.Error(err), traceid.Field(ctx))
		return false
	}
	return allowed
}
