package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"paymenthub/internal/notification"
	"paymenthub/internal/payment"
)

// Unresolved returns up to limit payments whose next step is the provider's to
// tell: a call is under way, its outcome unknown, or the shopper is at their
// issuer's. They come in the order in which they are due, after the one given;
// the zero value begins. What is over costs nothing: it is not in the index.
func (r Payments) Unresolved(ctx context.Context, after payment.Intent, limit int) (found []payment.Intent, err error) {
	err = r.store.view(ctx, "list unresolved payments", func(db *gorm.DB) error {
		states := []payment.Status{payment.Processing, payment.RequiresAction}
		found, err = unresolved(db.Where("due_at IS NOT NULL AND status IN ?", states), after.DueAt, after.ID, limit, paymentRow.intent)
		return err
	})
	return found, err
}

// UnresolvedRefunds is the same for refunds.
func (r Payments) UnresolvedRefunds(ctx context.Context, after payment.Refund, limit int) (found []payment.Refund, err error) {
	err = r.store.view(ctx, "list unresolved refunds", func(db *gorm.DB) error {
		found, err = unresolved(db.Where("due_at IS NOT NULL AND status = ?", payment.RefundPending), after.DueAt, after.ID, limit, refundRow.refund)
		return err
	})
	return found, err
}

// Unresolved returns up to limit notifications that are not applied yet, as
// Payments.Unresolved does. Only those are due.
func (r Notifications) Unresolved(ctx context.Context, after notification.Notification, limit int) (found []notification.Notification, err error) {
	err = r.store.view(ctx, "list unresolved notifications", func(db *gorm.DB) error {
		found, err = unresolved(db.Where("due_at IS NOT NULL"), after.DueAt, after.ID, limit, notificationRow.notification)
		return err
	})
	return found, err
}

// unresolved reads a query's rows in the order in which they are due.
func unresolved[R, D any](query *gorm.DB, due time.Time, id string, limit int, domain func(R) (D, error)) ([]D, error) {
	if !due.IsZero() {
		query = query.Where("(due_at, id) > (?, ?)", at(due), id)
	}
	var rows []R
	if err := query.Order("due_at, id").Limit(limit).Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, domain)
}
