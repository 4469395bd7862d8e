package activities

import (
	"sync"

	"paymenthub/internal/payment"
)

// recentLimit bounds the remembered payments.
const recentLimit = 4096

// recent remembers payments between the steps that follow each other at once,
// as the step before left them, so that the next need not ask the database.
// What it remembers may have been overtaken: every write is guarded by the
// version it starts from, and one that finds itself stale forgets the payment.
type recent struct {
	mu       sync.Mutex
	payments map[string]payment.Aggregate
}

func (r *recent) remember(a payment.Aggregate) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.payments == nil || len(r.payments) >= recentLimit {
		r.payments = map[string]payment.Aggregate{}
	}
	r.payments[a.Intent.ID] = a
}

// take returns a remembered payment whose pending transaction is the named one.
func (r *recent) take(in TransactionRef) (payment.Aggregate, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a, ok := r.payments[in.PaymentID]
	return a, ok && a.Transaction != nil && a.Transaction.ID == in.TransactionID && a.Intent.PendingTransaction == in.TransactionID
}

func (r *recent) forget(paymentID string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.payments, paymentID)
}
