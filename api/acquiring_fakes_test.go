package api_test

import (
	"context"

	"paymenthub/internal/fault"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
)

func (f *core) RefundAndWait(ctx context.Context, scope merchant.Scope, paymentID string, n payment.NewRefund) (payment.Refund, payment.Intent, error) {
	r, err := f.Refund(ctx, scope, paymentID, n)
	if err != nil {
		return r, payment.Intent{}, err
	}
	p, err := f.Get(ctx, scope, paymentID)
	switch {
	case err != nil:
	case f.decline != nil:
		r.Status, r.Failure = payment.RefundFailed, f.decline
	default:
		r.Status = payment.RefundSucceeded
		p.AmountRefunded += r.Amount
	}
	return r, p, err
}

func (f *core) GetTransaction(_ context.Context, scope merchant.Scope, transactionID string) (payment.Transaction, error) {
	for _, t := range f.transactions {
		if t.ID == transactionID && t.Scope == scope {
			return t, nil
		}
	}
	return payment.Transaction{}, fault.New(fault.NotFound, "There is no transaction '%s'.", transactionID)
}

func (f *core) ListTransactions(_ context.Context, _ merchant.Scope, filter payment.TransactionFilter) ([]payment.Transaction, int64, error) {
	f.listed = filter
	return f.transactions, int64(len(f.transactions)), nil
}

// preferences are every merchant's settings.
type preferences struct{ settings merchant.Settings }

func (p *preferences) Settings(context.Context, merchant.Scope) (merchant.Settings, error) {
	return p.settings, nil
}
