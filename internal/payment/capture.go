package payment

import (
	"errors"
	"fmt"
	"time"

	"paymenthub/internal/id"
)

// ErrDisagrees: the gateway reports an amount that is not what was asked for.
// Nothing is concluded from such an answer; an operator must look.
var ErrDisagrees = errors.New("the gateway's amount disagrees")

// Why a void is made; it decides the state after it.
const (
	VoidCanceled = "canceled"
	VoidExpired  = "expired"
)

// BeginCapture writes a capture of amount down before the gateway hears of it.
// What is not captured is released.
func (p Intent) BeginCapture(a Attempt, amount int64, operationID string, now time.Time) (Change, error) {
	if amount < 1 || amount > p.AmountCapturable {
		return Change{}, fmt.Errorf("payment %s: cannot capture %d of %d", p.ID, amount, p.AmountCapturable)
	}
	return p.beginOnHold(a, Capture, amount, StepCapture, "", operationID, now)
}

// BeginVoid writes down that the gateway is to release what it holds, or to
// give up waiting for the shopper. why is VoidCanceled or VoidExpired.
func (p Intent) BeginVoid(a Attempt, why, reason, operationID string, now time.Time) (Change, error) {
	p.CancellationReason = reason
	if why == VoidCanceled {
		p.CanceledBy = operationID
	}
	return p.beginOnHold(a, Void, p.Amount, StepVoid, why, operationID, now)
}

func (p Intent) beginOnHold(a Attempt, kind TransactionKind, amount int64, step Step, why, operationID string, now time.Time) (Change, error) {
	c := p.begin()
	key := c.Intent.nextKey(kind)
	c.Transaction = &Transaction{
		ID: TransactionID(operationID), Scope: p.Scope, PaymentID: p.ID, AttemptID: a.ID, Kind: kind,
		Status: TransactionPending, Amount: amount, Currency: p.Currency, Gateway: a.Gateway,
		IdempotencyKey: key, Reason: why, CreatedAt: now, UpdatedAt: now,
	}
	c.Intent.PendingTransaction = c.Transaction.ID
	return c.take(step, now)
}

// RecordCapture writes down what became of a capture. A declined one leaves
// the authorization as it was.
func (p Intent) RecordCapture(a Attempt, t Transaction, o Outcome, now time.Time) (Change, error) {
	c := p.begin()
	c.Attempt, c.Transaction = &a, &t
	a.UpdatedAt, t.UpdatedAt = now, now
	c.Intent.PendingTransaction = ""
	switch o.Class {
	case OutcomeDeclined:
		t.Status, t.Decline = TransactionDeclined, o.Decline
		c.Intent.LastError = o.Decline
		if o.Decline.Code == DeclineState {
			c.Intent.Attention = "the gateway's record does not allow the capture: it may have been changed there by other hands"
		}
		return c.take(StepCaptureDeclined, now)
	case OutcomeSucceeded:
		if o.Amount != t.Amount {
			return Change{}, fmt.Errorf("payment %s: %w: asked for %d, got %d", p.ID, ErrDisagrees, t.Amount, o.Amount)
		}
		t.Status, t.GatewayReference = TransactionSucceeded, o.TransactionReference
		a.Status = AttemptCaptured
		c.Ledger = append(c.Ledger, c.source(t, now).Release(c.money(p.AmountCapturable)))
		if err := c.captured(t, o, now); err != nil {
			return Change{}, err
		}
		c.Intent.LastError, c.Intent.Attention = nil, ""
		return c.take(StepCaptured, now)
	default:
		return Change{}, fmt.Errorf("payment %s: outcome %q decides nothing", p.ID, o.Class)
	}
}

// RecordVoid writes down what became of a void. When it was declined, what it
// was to release stands: a hold returns to waiting for capture, and an attempt
// that waited for the shopper is looked up again, since it must have ended.
func (p Intent) RecordVoid(a Attempt, t Transaction, o Outcome, now time.Time) (Change, error) {
	c := p.begin()
	c.Attempt, c.Transaction = &a, &t
	a.UpdatedAt, t.UpdatedAt = now, now
	c.Intent.PendingTransaction = ""
	switch o.Class {
	case OutcomeDeclined:
		t.Status, t.Decline = TransactionDeclined, o.Decline
		c.Intent.LastError = o.Decline
		if a.Status == AttemptRequiresAction {
			c.Intent.PendingTransaction = TransactionID(id.Suffix(a.ID))
			return c, c.seal(now, nil)
		}
		return c.take(StepVoidDeclined, now)
	case OutcomeSucceeded:
		t.Status, t.GatewayReference = TransactionSucceeded, o.TransactionReference
		if a.Status == AttemptAuthorized {
			c.Ledger = append(c.Ledger, c.source(t, now).Release(c.money(p.AmountCapturable)))
		} else {
			c.Abandoned = TransactionID(id.Suffix(a.ID))
		}
		a.Status = AttemptVoided
		c.Intent.AmountCapturable, c.Intent.RedirectURL, c.Intent.Attention = 0, "", ""
		if t.Reason == VoidExpired {
			return c.take(StepExpired, now)
		}
		return c.take(StepCanceled, now)
	default:
		return Change{}, fmt.Errorf("payment %s: outcome %q decides nothing", p.ID, o.Class)
	}
}
