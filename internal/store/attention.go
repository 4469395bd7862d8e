package store

import (
	"context"

	"gorm.io/gorm"

	"paymenthub/internal/customer"
	"paymenthub/internal/payment"
)

// InNeed returns up to limit payments that an operator must look at, in the
// order of their ids, from after on; "" begins.
func (r Payments) InNeed(ctx context.Context, after string, limit int) (found []payment.Intent, err error) {
	err = r.store.view(ctx, "list payments in need", func(db *gorm.DB) error {
		found, err = inNeed(db, after, limit, paymentRow.intent)
		return err
	})
	return found, err
}

// RefundsInNeed is the same for refunds.
func (r Payments) RefundsInNeed(ctx context.Context, after string, limit int) (found []payment.Refund, err error) {
	err = r.store.view(ctx, "list refunds in need", func(db *gorm.DB) error {
		found, err = inNeed(db, after, limit, refundRow.refund)
		return err
	})
	return found, err
}

// MethodsInNeed is the same for payment methods.
func (r Customers) MethodsInNeed(ctx context.Context, after string, limit int) (found []customer.PaymentMethod, err error) {
	err = r.store.view(ctx, "list payment methods in need", func(db *gorm.DB) error {
		found, err = inNeed(db, after, limit, methodRow.method)
		return err
	})
	return found, err
}

func inNeed[R, D any](db *gorm.DB, after string, limit int, domain func(R) (D, error)) ([]D, error) {
	var rows []R
	if err := db.Where("attention <> '' AND id > ?", after).Order("id").Limit(limit).Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, domain)
}
