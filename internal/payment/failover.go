package payment

import (
	"fmt"
	"time"

	"paymenthub/internal/id"
	"paymenthub/internal/routing"
)

// Bounds of failing over.
const (
	// MaxGateways is how many gateways one confirmation is tried at.
	MaxGateways = 3
	// FailoverWindow is how long after a confirmation began another gateway may be
	// tried for it: a shopper waits, and the step has a time limit.
	FailoverWindow = 5 * time.Second
)

// Next is the gateway that the pending attempt, refused so, is tried at next; false
// when there is none, or when trying on is not allowed. The outcome must be the
// direct answer to the call: what a look-up found is never followed by another
// gateway.
func (a Aggregate) Next(o Outcome, now time.Time) (gateway string, ok bool) {
	attempt, t := a.Attempt, a.Transaction
	if o.Class != OutcomeDeclined || !o.Decline.Elsewhere(attempt.Card.Brand) || attempt.Routing == nil || attempt.SavedMethod != "" ||
		t.Kind != Sale && t.Kind != Authorization || a.Intent.Status != Processing {
		return "", false
	}
	choices := attempt.Routing.Choices
	for i, c := range choices {
		if c.Gateway != attempt.Gateway {
			continue
		}
		if i+1 >= min(len(choices), MaxGateways) || !now.Before(attempt.Routing.At.Add(FailoverWindow)) || !now.Before(a.Intent.ExpiresAt) {
			return "", false
		}
		return choices[i+1].Gateway, true
	}
	return "", false
}

// FailOver writes down that the pending attempt was refused, and the next one, at
// another gateway, in one change: in between, the payment is nobody's to act on.
func (a Aggregate) FailOver(o Outcome, gateway string, now time.Time) (Change, error) {
	if o.Class != OutcomeDeclined {
		return Change{}, fmt.Errorf("payment %s: outcome %q is no reason to try another gateway", a.Intent.ID, o.Class)
	}
	c := a.Intent.begin()
	refused, refusedBy := *a.Attempt, *a.Transaction
	refused.answered(o, now)
	refusedBy.UpdatedAt = now
	refused.Status, refused.Decline = AttemptDeclined, o.Decline
	refusedBy.Status, refusedBy.Decline = TransactionDeclined, o.Decline
	c.keep(refused, o, now)
	c.Refused = &Refused{Attempt: refused, Transaction: refusedBy}
	c.Intent.Failovers++
	c.attempt(Attempt{
		ID: id.Join(id.Attempt, id.Following(id.Suffix(refused.ID))), Gateway: gateway, Method: refused.Method, After: refused.ID,
		CardToken: refused.CardToken, Card: refused.Card, ReturnURL: refused.ReturnURL, Risk: refused.Risk, Routing: refused.Routing,
		Save: refused.Save, MerchantInitiated: refused.MerchantInitiated,
	}, now)
	return c.take(StepFailOver, now)
}

// Refused is an attempt that another one follows at once.
type Refused struct {
	Attempt     Attempt
	Transaction Transaction
}

// answered takes over what a gateway's answer says of the attempt.
func (a *Attempt) answered(o Outcome, now time.Time) {
	a.UpdatedAt = now
	if o.GatewayReference != "" {
		a.GatewayReference = o.GatewayReference
	}
	a.AuthCode, a.ResponseCode = o.AuthCode, o.ResponseCode
}

// Elsewhere reports whether another gateway may take what was declined so: the
// refusal is not the issuer's last word on a card of the brand.
func (d Decline) Elsewhere(brand string) bool {
	switch d.Code {
	case DeclineGeneric, DeclineDoNotHonor, DeclineProcessingError, DeclineIssuerUnavailable, DeclineNotPermitted, DeclineCardNotSupported,
		DeclineCurrency, DeclineAmount, DeclineGatewayUnavailable, DeclineGatewayConfiguration:
		return d.RetryAllowed() && routing.RetryAllowed(brand, d.IssuerCode, d.NetworkAdvice)
	default:
		return false
	}
}
