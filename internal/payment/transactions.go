package payment

import (
	"context"

	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
)

// TransactionResult says in one word what a movement came to.
type TransactionResult string

// The results. A sale that succeeded is captured.
const (
	ResultPending    TransactionResult = "pending"
	ResultDeclined   TransactionResult = "declined"
	ResultAuthorized TransactionResult = "authorized"
	ResultCaptured   TransactionResult = "captured"
	ResultVoided     TransactionResult = "voided"
	ResultRefunded   TransactionResult = "refunded"
)

// Result is what the movement came to.
func (t Transaction) Result() TransactionResult {
	switch {
	case t.Status != TransactionSucceeded:
		return TransactionResult(t.Status)
	case t.Kind == Authorization:
		return ResultAuthorized
	case t.Kind == Void:
		return ResultVoided
	case t.Kind == RefundOfSale:
		return ResultRefunded
	default:
		return ResultCaptured
	}
}

// GetTransaction returns one movement. Errors: fault.NotFound.
func (s *Service) GetTransaction(ctx context.Context, scope merchant.Scope, transactionID string) (Transaction, error) {
	if !id.Valid(id.Transaction, transactionID) {
		return Transaction{}, notFound("transaction", transactionID)
	}
	return s.repo.MerchantTransaction(ctx, scope, transactionID)
}

// ListTransactions lists movements newest first, and counts all that the filter selects.
func (s *Service) ListTransactions(ctx context.Context, scope merchant.Scope, f TransactionFilter) ([]Transaction, int64, error) {
	return s.repo.Transactions(ctx, scope, f)
}
