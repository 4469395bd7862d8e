package paypal

import (
	"time"

	"paymenthub/internal/gateway"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

// ofOrder reads what became of an authorization or sale from its order. An order that
// the shopper approved is Ready: PayPal takes nothing before it is told to.
func ofOrder(found *order, c gateway.Call, kind payment.TransactionKind) payment.Outcome {
	if o, ok := agrees(found, c); !ok {
		return o
	}
	whole, err := found.unit().Amount.money()
	switch names, _ := readOurs(found.unit().CustomID); {
	case names.transaction != c.TransactionID:
		return refer(payment.Unknown("PayPal's order carries another transaction id than ours"), found)
	case found.Intent != intentOf(kind):
		return refer(payment.Unknown("PayPal's order has another intent than ours"), found)
	case err != nil || whole != c.Amount:
		return refer(payment.Unknown("PayPal's order has another amount than ours"), found)
	}
	if held := found.authorization(); held != nil {
		return ofHold(held, found.ID)
	}
	if taken := found.captured(); taken != nil {
		return ofTaken(taken, c, found.ID)
	}
	switch found.Status {
	case orderApproved:
		return refer(payment.Outcome{Class: payment.OutcomeReady}, found)
	case orderCreated, orderSaved, orderWaiting:
		return waiting(found, c)
	case orderVoided:
		return refer(declinedBy(payment.DeclineState, found.Status), found)
	default:
		return refer(payment.Unknown("PayPal's order has a status that does not tell what became of it"), found)
	}
}

// waiting is an order that the shopper has not approved. One who turned back has
// refused it: nothing is taken from them if they approve it later all the same, unless
// the hub has told PayPal to before.
func waiting(found *order, c gateway.Call) payment.Outcome {
	switch {
	case turnedBack(c) && mayBeTaken(c):
		return refer(payment.Unknown("the shopper turned back; "+onItsWay), found)
	case turnedBack(c):
		return refer(declinedBy(payment.DeclineAuthentication, canceledParameter), found)
	}
	address := found.approvalURL()
	if address == "" {
		return refer(payment.Unknown("the shopper must approve the order, and PayPal does not say where"), found)
	}
	return refer(payment.Outcome{Class: payment.OutcomeActionRequired, RedirectURL: address}, found)
}

// ofHold reads what became of an authorization, whatever was captured of it since.
func ofHold(held *authorization, orderID string) payment.Outcome {
	var o payment.Outcome
	switch held.Status {
	case statusCreated, statusCaptured, statusPartiallyCaptured:
		o = payment.Outcome{Class: payment.OutcomeSucceeded, AuthorizedUntil: honoredUntil(held)}
	case statusPending:
		o = payment.Outcome{Class: payment.OutcomeAccepted}
	case statusDenied:
		o = declinedBy(reasonCode(held.StatusDetails.Reason), reasonOr(held.StatusDetails.Reason, held.Status))
	case statusVoided:
		o = released(held)
	default:
		o = payment.Unknown("the authorization has a status that the hub does not know")
	}
	return moved(o, held.movement, orderID)
}

// honoredUntil is when PayPal stops to honor an authorization in full.
func honoredUntil(held *authorization) time.Time {
	if held.CreateTime.IsZero() {
		return time.Time{}
	}
	until := held.CreateTime.Add(honorPeriod)
	if !held.ExpirationTime.IsZero() && held.ExpirationTime.Before(until) {
		until = held.ExpirationTime
	}
	return until.UTC()
}

// released is a hold that ended: on purpose, or because its time was up.
func released(held *authorization) payment.Outcome {
	if !held.ExpirationTime.IsZero() && !held.UpdateTime.Before(held.ExpirationTime) {
		return declinedBy(payment.DeclineAuthorizationExpired, issueExpired)
	}
	return declinedBy(payment.DeclineState, issueVoided)
}

// ofTaken reads what became of a capture, whatever was refunded of it since.
func ofTaken(taken *capture, c gateway.Call, orderID string) payment.Outcome {
	if !isReference(taken.ID) {
		return payment.Unknown("the answer is not a capture")
	}
	if taken.Amount.Currency != string(c.Amount.Currency) {
		return payment.Unknown("PayPal's capture has another currency than ours")
	}
	var o payment.Outcome
	switch taken.Status {
	case statusCompleted, statusPartiallyRefunded, statusRefunded:
		o = payment.Outcome{Class: payment.OutcomeSucceeded}
		o.Fee, o.Settled = taken.Breakdown.fee(), taken.Breakdown.settled()
	case statusPending:
		o = payment.Outcome{Class: payment.OutcomeAccepted}
	case statusDeclined, statusFailed:
		o = declinedBy(reasonCode(taken.StatusDetails.Reason), reasonOr(taken.StatusDetails.Reason, taken.Status))
	default:
		o = payment.Unknown("the capture has a status that the hub does not know")
	}
	return moved(o, taken.movement, orderID)
}

// fee is what PayPal keeps, nil when it has not said, or cannot be read exactly:
// reconciliation settles that.
func (b breakdown) fee() *money.Money { return told(b.Fee) }

// settled is what the account is credited with before the fee, nil when that cannot be
// told: of money that PayPal exchanged, it tells only what is left, and not always the
// fee in the same currency.
func (b breakdown) settled() *money.Money {
	if b.Receivable == nil {
		return told(b.Gross)
	}
	left, fee := told(b.Receivable), told(b.FeeInReceivable)
	if left == nil || fee == nil {
		return nil
	}
	gross, err := left.Add(*fee)
	if err != nil {
		return nil
	}
	return &gross
}

func told(a *amount) *money.Money {
	if a == nil {
		return nil
	}
	m, err := a.money()
	if err != nil {
		return nil
	}
	return &m
}

// ofCapture is Absent while the amount is still held. PayPal's captures name the
// transaction that made them.
func ofCapture(found *order, c gateway.Call) payment.Outcome {
	for i := range found.unit().Payments.Captures {
		if taken := &found.unit().Payments.Captures[i]; taken.InvoiceID == c.TransactionID {
			return ofTaken(taken, c, found.ID)
		}
	}
	held := found.authorization()
	if held == nil {
		return refer(declinedBy(payment.DeclineState, found.Status), found)
	}
	var o payment.Outcome
	switch held.Status {
	case statusCreated:
		o = payment.Outcome{Class: payment.OutcomeAbsent}
	case statusCaptured, statusPartiallyCaptured:
		o = declinedBy(payment.DeclineState, issueCaptured)
	case statusVoided:
		o = released(held)
	case statusDenied:
		o = declinedBy(payment.DeclineState, held.Status)
	default:
		o = payment.Unknown("the authorization is under review at PayPal, or has a status that the hub does not know")
	}
	return moved(o, held.movement, found.ID)
}

// ofVoid is Absent while there is still something to release, or to give up.
func ofVoid(found *order, c gateway.Call) payment.Outcome {
	held := found.authorization()
	if held == nil {
		switch taken := found.captured(); {
		case taken != nil && taken.Status != statusDeclined && taken.Status != statusFailed:
			return moved(declinedBy(payment.DeclineState, issueCaptured), taken.movement, found.ID)
		case found.Status == orderVoided || taken != nil:
			return amounting(payment.Outcome{Class: payment.OutcomeSucceeded}, found.unit().Amount, found, found.ID)
		case found.Status == orderApproved || found.Status == orderCreated || found.Status == orderSaved || found.Status == orderWaiting:
			return refer(payment.Outcome{Class: payment.OutcomeAbsent}, found)
		default:
			return refer(payment.Unknown("PayPal's order has a status that does not tell what became of it"), found)
		}
	}
	var o payment.Outcome
	switch held.Status {
	case statusCreated, statusPending:
		o = payment.Outcome{Class: payment.OutcomeAbsent}
	case statusVoided, statusDenied:
		o = payment.Outcome{Class: payment.OutcomeSucceeded}
	case statusCaptured, statusPartiallyCaptured:
		o = declinedBy(payment.DeclineState, issueCaptured)
	default:
		o = payment.Unknown("the authorization has a status that the hub does not know")
	}
	return moved(o, held.movement, found.ID)
}

// agrees checks that the answer is the order that was asked about.
func agrees(found *order, c gateway.Call) (payment.Outcome, bool) {
	if !isReference(found.ID) || found.Status == "" || len(found.PurchaseUnits) != 1 {
		return payment.Unknown("the answer is not an order"), false
	}
	if names, _ := readOurs(found.unit().CustomID); names.payment != c.PaymentID {
		return refer(payment.Unknown("PayPal's order carries another payment id than ours"), found), false
	}
	if found.unit().Amount.Currency != string(c.Amount.Currency) {
		return refer(payment.Unknown("PayPal's order has another currency than ours"), found), false
	}
	return payment.Outcome{}, true
}

// moved adds the references of a movement and, where it succeeded, its amount.
func moved(o payment.Outcome, m movement, orderID string) payment.Outcome {
	if o.Class == payment.OutcomeSucceeded {
		return amounting(o, m.Amount, &order{ID: orderID}, m.ID)
	}
	o.GatewayReference, o.TransactionReference = orderID, m.ID
	return o
}

// amounting sets the amount and the references.
func amounting(o payment.Outcome, sum amount, found *order, reference string) payment.Outcome {
	m, err := sum.money()
	if err != nil {
		return refer(payment.Unknown("PayPal's amount cannot be read in our minor unit"), found)
	}
	o.Amount, o.GatewayReference, o.TransactionReference = m.Minor, found.ID, reference
	return o
}

// refer adds the order's id, which stands for the movement while there is none.
func refer(o payment.Outcome, found *order) payment.Outcome {
	o.GatewayReference, o.TransactionReference = found.ID, found.ID
	return o
}
