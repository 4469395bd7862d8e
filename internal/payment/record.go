package payment

import (
	"fmt"
	"time"

	"paymenthub/internal/id"
	"paymenthub/internal/money"
)

// StepError is a step that the state machine does not allow. It is a defect of
// ours: whoever takes a step checks the state first.
type StepError struct {
	PaymentID string
	Status    Status
	Step      Step
}

// Error implements error.
func (e *StepError) Error() string {
	return fmt.Sprintf("payment %s: step %q is not possible in state %q", e.PaymentID, e.Step, e.Status)
}

// TransactionID is the id of the gateway transaction of an operation.
func TransactionID(operationID string) string { return id.Join(id.Transaction, operationID) }

// Money returns the transaction's amount.
func (t Transaction) Money() money.Money { return money.New(t.Amount, t.Currency) }

// Moves reports whether recording the outcome would change the payment.
func (o Outcome) Moves(p Intent) bool {
	switch o.Class {
	case OutcomeSucceeded, OutcomeDeclined, OutcomeAbsent:
		return true
	case OutcomeActionRequired:
		return p.Status != RequiresAction
	default:
		return false
	}
}

// SendAgain claims the pending gateway call for a worker that is about to send
// it once more. It counts a change and changes nothing else: a worker that sent
// the call before can then no longer record what became of its own try, such as
// "no connection was made", while this one's arrives.
func (p Intent) SendAgain(now time.Time) (Change, error) {
	c := p.begin()
	return c, c.seal(now, nil)
}

// Complete claims the payment for a worker that is about to tell the provider to take
// it, as SendAgain does, and writes down when.
func (a Aggregate) Complete(now time.Time) (Change, error) {
	c := a.Intent.begin()
	attempt := *a.Attempt
	attempt.CompletionSentAt = now
	c.Attempt = &attempt
	return c, c.seal(now, nil)
}

// Record writes down what became of the pending transaction.
func (a Aggregate) Record(o Outcome, now time.Time) (Change, error) {
	t := *a.Transaction
	switch t.Kind {
	case Capture:
		return a.Intent.RecordCapture(*a.Attempt, t, o, now)
	case Void:
		return a.Intent.RecordVoid(*a.Attempt, t, o, now)
	default:
		return a.Intent.RecordAuthorization(*a.Attempt, t, o, now)
	}
}

// After is the payment as a change leaves it. It is whole unless the change
// names a pending transaction or attempt that it does not hold.
func (a Aggregate) After(c Change) (after Aggregate, whole bool) {
	after = Aggregate{Intent: c.Intent, Attempt: a.Attempt, Transaction: a.Transaction}
	if c.Attempt != nil {
		after.Attempt = c.Attempt
	}
	if c.Transaction != nil {
		after.Transaction = c.Transaction
	}
	if c.Intent.PendingTransaction == "" {
		after.Transaction = nil
	}
	return after, c.Intent.PendingTransaction == "" || after.Transaction != nil && after.Transaction.ID == c.Intent.PendingTransaction
}
