package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"paymenthub/internal/customer"
	"paymenthub/internal/payment"
)

// Overdue returns up to limit payments that were due by now, oldest first.
func (r Payments) Overdue(ctx context.Context, now time.Time, limit int) (found []payment.Intent, err error) {
	err = r.store.view(ctx, "list overdue payments", func(db *gorm.DB) error {
		found, err = overdue(db, now, limit, paymentRow.intent)
		return err
	})
	return found, err
}

// OverdueRefunds returns up to limit refunds that were due by now, oldest first.
func (r Payments) OverdueRefunds(ctx context.Context, now time.Time, limit int) (found []payment.Refund, err error) {
	err = r.store.view(ctx, "list overdue refunds", func(db *gorm.DB) error {
		found, err = overdue(db, now, limit, refundRow.refund)
		return err
	})
	return found, err
}

// OverdueDisputes returns up to limit disputes that were due by now, oldest first.
func (r Payments) OverdueDisputes(ctx context.Context, now time.Time, limit int) (found []payment.Dispute, err error) {
	err = r.store.view(ctx, "list overdue disputes", func(db *gorm.DB) error {
		found, err = overdue(db, now, limit, disputeRow.dispute)
		return err
	})
	return found, err
}

// OverdueMethods returns up to limit payment methods that were due by now, oldest first.
func (r Customers) OverdueMethods(ctx context.Context, now time.Time, limit int) (found []customer.PaymentMethod, err error) {
	err = r.store.view(ctx, "list overdue payment methods", func(db *gorm.DB) error {
		found, err = overdue(db, now, limit, methodRow.method)
		return err
	})
	return found, err
}

// overdue reads what was due by now from a table with due_at.
func overdue[R, D any](db *gorm.DB, now time.Time, limit int, domain func(R) (D, error)) ([]D, error) {
	var rows []R
	err := db.Where("due_at IS NOT NULL AND due_at <= ?", at(now)).Order("due_at, id").Limit(limit).Find(&rows).Error
	if err != nil {
		return nil, err
	}
	return convert(rows, domain)
}

// Postpone moves a payment's due time to a later one and changes nothing else.
// A payment that is not due, or due later, stays as it is.
func (r Payments) Postpone(ctx context.Context, paymentID string, until time.Time) error {
	return r.store.write(ctx, "postpone payment", func(db *gorm.DB) error {
		return postpone(db.Model(&paymentRow{}), paymentID, until)
	})
}

// PostponeRefund is the same for refunds.
func (r Payments) PostponeRefund(ctx context.Context, refundID string, until time.Time) error {
	return r.store.write(ctx, "postpone refund", func(db *gorm.DB) error {
		return postpone(db.Model(&refundRow{}), refundID, until)
	})
}

// PostponeDispute is the same for disputes.
func (r Payments) PostponeDispute(ctx context.Context, disputeID string, until time.Time) error {
	return r.store.write(ctx, "postpone dispute", func(db *gorm.DB) error {
		return postpone(db.Model(&disputeRow{}), disputeID, until)
	})
}

// PostponeMethod is the same for payment methods.
func (r Customers) PostponeMethod(ctx context.Context, methodID string, until time.Time) error {
	return r.store.write(ctx, "postpone payment method", func(db *gorm.DB) error {
		return postpone(db.Model(&methodRow{}), methodID, until)
	})
}

func postpone(table *gorm.DB, id string, until time.Time) error {
	return table.Where("id = ? AND due_at IS NOT NULL AND due_at < ?", id, at(until)).Update("due_at", at(until)).Error
}
