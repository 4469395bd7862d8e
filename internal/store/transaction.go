package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

// transactionRow is a row of payment_transactions.
type transactionRow struct {
	ID               string
	MerchantID       string
	Environment      string
	PaymentID        string
	AttemptID        string
	RefundID         *string
	Kind             string
	Status           string
	Amount           int64
	Currency         string
	Gateway          string
	GatewayReference string
	IdempotencyKey   string
	Reason           string
	Decline          *string
	AbsentAt         instant
	CreatedAt        instant
	UpdatedAt        instant
}

// TableName implements schema.Tabler.
func (transactionRow) TableName() string { return "payment_transactions" }

func (r transactionRow) columns() []column {
	return append([]column{
		{"id", r.ID}, {"merchant_id", r.MerchantID}, {"environment", r.Environment}, {"payment_id", r.PaymentID}, {"attempt_id", r.AttemptID}, {"refund_id", r.RefundID}, {"kind", r.Kind},
		{"amount", r.Amount}, {"currency", r.Currency}, {"gateway", r.Gateway}, {"idempotency_key", r.IdempotencyKey},
		{"reason", r.Reason}, {"created_at", r.CreatedAt},
	}, r.changes()...)
}

// changes lists the columns that a change may write.
func (r transactionRow) changes() []column {
	return []column{
		{"status", r.Status}, {"gateway_reference", r.GatewayReference}, {"decline", r.Decline},
		{"absent_at", r.AbsentAt}, {"updated_at", r.UpdatedAt},
	}
}

func newTransactionRow(t payment.Transaction) (transactionRow, error) {
	decline, err := toJSON(t.Decline)
	row := transactionRow{
		ID: t.ID, MerchantID: t.Scope.MerchantID, Environment: string(t.Scope.Environment), PaymentID: t.PaymentID, AttemptID: t.AttemptID, Kind: string(t.Kind), Status: string(t.Status),
		Amount: t.Amount, Currency: string(t.Currency), Gateway: t.Gateway, GatewayReference: t.GatewayReference,
		IdempotencyKey: t.IdempotencyKey, Reason: t.Reason, Decline: decline,
		AbsentAt: at(t.AbsentAt), CreatedAt: at(t.CreatedAt), UpdatedAt: at(t.UpdatedAt),
	}
	if t.RefundID != "" {
		row.RefundID = &t.RefundID
	}
	return row, err
}

func (r transactionRow) transaction() (payment.Transaction, error) {
	decline, err := fromJSON[payment.Decline](r.Decline)
	t := payment.Transaction{
		ID: r.ID, Scope: scopeOf(r.MerchantID, r.Environment), PaymentID: r.PaymentID, AttemptID: r.AttemptID, Kind: payment.TransactionKind(r.Kind),
		Status: payment.TransactionStatus(r.Status), Amount: r.Amount, Currency: money.Currency(r.Currency),
		Gateway: r.Gateway, GatewayReference: r.GatewayReference, IdempotencyKey: r.IdempotencyKey,
		Reason: r.Reason, Decline: decline,
		AbsentAt: r.AbsentAt.Time, CreatedAt: r.CreatedAt.Time, UpdatedAt: r.UpdatedAt.Time,
	}
	if r.RefundID != nil {
		t.RefundID = *r.RefundID
	}
	return t, err
}

// overTransaction writes over the same movement only: each has its own key.
var overTransaction = onConflict("id", transactionRow{}.changes(),
	"payment_transactions.idempotency_key = excluded.idempotency_key")

// storeTransaction inserts or updates. An id that is stored with another
// idempotency key is another movement: ErrExists.
func storeTransaction(tx *gorm.DB, t payment.Transaction) error {
	row, err := newTransactionRow(t)
	if err != nil {
		return err
	}
	written, err := insert(tx, overTransaction, row)
	return atLeastOne(written, err, payment.ErrExists)
}

// HasTransaction reports whether the payment has a transaction of this id.
func (r Payments) HasTransaction(ctx context.Context, paymentID, transactionID string) (has bool, err error) {
	err = r.store.view(ctx, "look for a transaction", func(db *gorm.DB) error {
		var count int64
		err := db.Model(&transactionRow{}).Where("id = ? AND payment_id = ?", transactionID, paymentID).Count(&count).Error
		has = count > 0
		return err
	})
	return has, err
}

// Transaction returns a transaction of the payment. Errors: fault.NotFound.
func (r Payments) Transaction(ctx context.Context, paymentID, transactionID string) (found payment.Transaction, err error) {
	err = r.store.view(ctx, "read transaction", func(db *gorm.DB) error {
		found, err = one(db.Where("id = ? AND payment_id = ?", transactionID, paymentID), "transaction", transactionID, transactionRow.transaction)
		return err
	})
	return found, err
}

// Charges returns a payment's authorizations and sales, oldest first.
func (r Payments) Charges(ctx context.Context, paymentID string) (found []payment.Transaction, err error) {
	err = r.store.view(ctx, "list charges", func(db *gorm.DB) error {
		var rows []transactionRow
		kinds := []string{string(payment.Authorization), string(payment.Sale)}
		if err := db.Where("payment_id = ? AND kind IN ?", paymentID, kinds).Order("created_at, id").Find(&rows).Error; err != nil {
			return err
		}
		found, err = convert(rows, transactionRow.transaction)
		return err
	})
	return found, err
}

// MerchantTransaction returns one movement of the scope. Errors: fault.NotFound.
func (r Payments) MerchantTransaction(ctx context.Context, scope merchant.Scope, transactionID string) (found payment.Transaction, err error) {
	err = r.store.view(ctx, "read a merchant's transaction", func(db *gorm.DB) error {
		found, err = one(within(db, scope).Where("id = ?", transactionID), "transaction", transactionID, transactionRow.transaction)
		return err
	})
	return found, err
}

// resultOf is payment.Transaction.Result, word for word as the index has it. The
// index leaves out what is pending.
const resultOf = "CASE WHEN status <> 'succeeded' THEN status WHEN kind = 'authorization' THEN 'authorized' " +
	"WHEN kind = 'void' THEN 'voided' WHEN kind = 'refund' THEN 'refunded' ELSE 'captured' END"

// Transactions lists the scope's movements newest first, and counts all that the
// filter selects.
func (r Payments) Transactions(ctx context.Context, scope merchant.Scope, f payment.TransactionFilter) (found []payment.Transaction, total int64, err error) {
	err = r.store.view(ctx, "list transactions", func(db *gorm.DB) error {
		selected := func() *gorm.DB {
			query := within(db.Model(&transactionRow{}), scope)
			if f.Result != "" {
				query = query.Where(resultOf+" = ?", string(f.Result)).Where("status <> 'pending'")
			}
			return query
		}
		if err := selected().Count(&total).Error; err != nil {
			return err
		}
		var rows []transactionRow
		if err := selected().Order("id DESC").Limit(min(max(f.Limit, 1), maxPage)).Offset(f.Offset).Find(&rows).Error; err != nil {
			return err
		}
		found, err = convert(rows, transactionRow.transaction)
		return err
	})
	return found, total, err
}

// abandonTransaction ends a transaction that the shopper never acted on.
func abandonTransaction(tx *gorm.DB, transactionID string, now time.Time) error {
	d := payment.NewDecline(payment.DeclineAuthentication)
	decline, err := toJSON(&d)
	if err != nil {
		return err
	}
	_, err = update(tx, transactionRow{}.TableName(), []column{
		{"status", string(payment.TransactionDeclined)}, {"decline", decline}, {"updated_at", at(now)},
	}, "id = ? AND status = ?", transactionID, string(payment.TransactionPending))
	return err
}
