package store

import (
	"context"

	"gorm.io/gorm"

	"paymenthub/internal/fx"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

// refundRow is a row of refunds.
type refundRow struct {
	ID            string
	MerchantID    string
	Environment   string
	PaymentID     string
	TransactionID string
	Amount        int64
	Currency      string
	Reason        string
	Note          string
	Status        string
	Failure       *string
	Exchange      *string
	ReversedAt    instant
	Attention     string
	CreatedAt     instant
	UpdatedAt     instant
	DueAt         instant
	Version       int64
}

// TableName implements schema.Tabler.
func (refundRow) TableName() string { return "refunds" }

func (r refundRow) columns() []column {
	return append([]column{
		{"id", r.ID}, {"merchant_id", r.MerchantID}, {"environment", r.Environment}, {"payment_id", r.PaymentID},
		{"transaction_id", r.TransactionID}, {"amount", r.Amount}, {"currency", r.Currency}, {"reason", r.Reason}, {"note", r.Note},
		{"created_at", r.CreatedAt},
	}, r.changes()...)
}

// changes lists the columns that a change may write.
func (r refundRow) changes() []column {
	return []column{
		{"status", r.Status}, {"failure", r.Failure}, {"exchange", r.Exchange}, {"reversed_at", r.ReversedAt}, {"attention", r.Attention},
		{"updated_at", r.UpdatedAt}, {"due_at", r.DueAt}, {"version", r.Version},
	}
}

func newRefundRow(r payment.Refund) (refundRow, error) {
	failure, err := toJSON(r.Failure)
	if err != nil {
		return refundRow{}, err
	}
	exchange, err := toJSON(r.Exchange)
	return refundRow{
		ID: r.ID, MerchantID: r.Scope.MerchantID, Environment: string(r.Scope.Environment), PaymentID: r.PaymentID,
		TransactionID: r.TransactionID, Amount: r.Amount, Currency: string(r.Currency), Reason: string(r.Reason), Note: r.Note,
		Status: string(r.Status), Failure: failure, Exchange: exchange, ReversedAt: at(r.ReversedAt), Attention: r.Attention,
		CreatedAt: at(r.CreatedAt), UpdatedAt: at(r.UpdatedAt), DueAt: at(r.DueAt), Version: r.Version,
	}, err
}

func (r refundRow) refund() (payment.Refund, error) {
	failure, err := fromJSON[payment.Decline](r.Failure)
	if err != nil {
		return payment.Refund{}, err
	}
	exchange, err := fromJSON[fx.Exchange](r.Exchange)
	return payment.Refund{
		ID: r.ID, Scope: scopeOf(r.MerchantID, r.Environment),
		PaymentID: r.PaymentID, TransactionID: r.TransactionID, Amount: r.Amount, Currency: money.Currency(r.Currency),
		Reason: payment.RefundReason(r.Reason), Note: r.Note, Status: payment.RefundStatus(r.Status), Failure: failure, Exchange: exchange,
		ReversedAt: r.ReversedAt.Time, Attention: r.Attention,
		CreatedAt: r.CreatedAt.Time, UpdatedAt: r.UpdatedAt.Time, DueAt: r.DueAt.Time, Version: r.Version,
	}, err
}

// storeRefund inserts version 1 and updates from the version before otherwise.
func storeRefund(tx *gorm.DB, r payment.Refund) error {
	row, err := newRefundRow(r)
	if err != nil {
		return err
	}
	if r.Version == 1 {
		written, err := insert(tx, "ON CONFLICT (id) DO NOTHING", row)
		return atLeastOne(written, err, payment.ErrExists)
	}
	written, err := update(tx, row.TableName(), row.changes(), "id = ? AND version = ? AND merchant_id = ? AND environment = ?",
		row.ID, r.Version-1, row.MerchantID, row.Environment)
	return atLeastOne(written, err, payment.ErrStale)
}

// Refund returns a refund of the scope. Errors: fault.NotFound.
func (r Payments) Refund(ctx context.Context, scope merchant.Scope, refundID string) (found payment.Refund, err error) {
	err = r.store.view(ctx, "read refund", func(db *gorm.DB) error {
		found, err = one(within(db, scope).Where("id = ?", refundID), "refund", refundID, refundRow.refund)
		return err
	})
	return found, err
}

// Refunds lists the scope's refunds newest first.
func (r Payments) Refunds(ctx context.Context, scope merchant.Scope, f payment.RefundFilter) (found []payment.Refund, more bool, err error) {
	err = r.store.view(ctx, "list refunds", func(db *gorm.DB) error {
		query := within(db, scope)
		if f.PaymentID != "" {
			query = query.Where("payment_id = ?", f.PaymentID)
		}
		rows, any, err := list[refundRow](query, cursor(f.Page))
		if err != nil {
			return err
		}
		more = any
		found, err = convert(rows, refundRow.refund)
		return err
	})
	return found, more, err
}

// LoadRefund returns a refund with its payment. As with Load, the payment is read
// before the rest, once the refund has told which it is: whoever changes it from this
// version can be sure that the refund was read at the same one, or gets ErrStale.
func (r Payments) LoadRefund(ctx context.Context, refundID string) (found payment.RefundAggregate, err error) {
	err = r.store.view(ctx, "load refund", func(db *gorm.DB) error {
		var a payment.RefundAggregate
		if a.Refund, err = one(db.Where("id = ?", refundID), "refund", refundID, refundRow.refund); err != nil {
			return err
		}
		if a.Intent, err = one(db.Where("id = ?", a.Refund.PaymentID), "payment", a.Refund.PaymentID, paymentRow.intent); err != nil {
			return err
		}
		if a.Refund, err = one(db.Where("id = ?", refundID), "refund", refundID, refundRow.refund); err != nil {
			return err
		}
		if a.Transaction, err = one(db.Where("id = ?", a.Refund.TransactionID), "transaction", a.Refund.TransactionID, transactionRow.transaction); err != nil {
			return err
		}
		if a.Attempt, err = one(db.Where("id = ?", a.Transaction.AttemptID), "attempt", a.Transaction.AttemptID, attemptRow.attempt); err != nil {
			return err
		}
		found = a
		return nil
	})
	return found, err
}
