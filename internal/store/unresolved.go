package store

import (
	"context"

	"gorm.io/gorm"

	"paymenthub/internal/notification"
	"paymenthub/internal/payment"
)

// Unresolved returns up to limit payments whose next step is the provider's to
// tell: a call is under way, its outcome unknown, or the shopper is at their
// issuer's. In the order of their ids, from after on; "" begins.
func (r Payments) Unresolved(ctx context.Context, after string, limit int) (found []payment.Intent, err error) {
	err = r.store.view(ctx, "list unresolved payments", func(db *gorm.DB) error {
		found, err = unresolved(db, after, limit, []payment.Status{payment.Processing, payment.RequiresAction}, paymentRow.intent)
		return err
	})
	return found, err
}

// UnresolvedRefunds is the same for refunds.
func (r Payments) UnresolvedRefunds(ctx context.Context, after string, limit int) (found []payment.Refund, err error) {
	err = r.store.view(ctx, "list unresolved refunds", func(db *gorm.DB) error {
		found, err = unresolved(db, after, limit, []payment.RefundStatus{payment.RefundPending}, refundRow.refund)
		return err
	})
	return found, err
}

// Unresolved returns up to limit notifications that are not applied yet, in the
// order of their ids, from after on; "" begins.
func (r Notifications) Unresolved(ctx context.Context, after string, limit int) (found []notification.Notification, err error) {
	err = r.store.view(ctx, "list unresolved notifications", func(db *gorm.DB) error {
		found, err = unresolved(db, after, limit, []notification.Status{notification.Received}, notificationRow.notification)
		return err
	})
	return found, err
}

// unresolved reads what is in one of the states and not over.
func unresolved[R, D any, S any](db *gorm.DB, after string, limit int, states []S, domain func(R) (D, error)) ([]D, error) {
	var rows []R
	err := db.Where("due_at IS NOT NULL AND status IN ? AND id > ?", states, after).Order("id").Limit(limit).Find(&rows).Error
	if err != nil {
		return nil, err
	}
	return convert(rows, domain)
}
