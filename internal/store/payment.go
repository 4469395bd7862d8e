package store

import (
	"context"
	"errors"

	"gorm.io/gorm"

	"paymenthub/internal/fault"
	"paymenthub/internal/fx"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

// Payments implements payment.Repository.
type Payments struct{ store *Store }

// Payments returns the repository of payments, attempts, transactions, refunds and disputes.
func (s *Store) Payments() Payments { return Payments{s} }

var _ payment.Repository = Payments{}

// paymentRow is a row of payment_intents.
type paymentRow struct {
	ID                  string
	MerchantID          string
	Environment         string
	Status              string
	Amount              int64
	Currency            string
	CaptureMethod       string
	AmountCapturable    int64
	AmountCaptured      int64
	AmountRefunded      int64
	AmountRefundPending int64
	CustomerID          string
	Routing             string
	Gateway             string
	ReturnURL           string
	Description         string
	StatementDescriptor string
	Metadata            *string
	Checkout            *string
	CustomerReference   string
	CustomerEmail       string
	ShopperEmail        string
	CustomerName        string
	AttemptLimit        int
	Failovers           int
	Attempts            int
	CurrentAttemptID    string
	PendingTransaction  string
	Operations          int
	RedirectURL         string
	LastError           *string
	CancellationReason  string
	CanceledBy          string
	Attention           string
	SettledAmount       *int64
	SettledCurrency     string
	Conversion          *string
	CreatedAt           instant
	UpdatedAt           instant
	ExpiresAt           instant
	AuthorizedUntil     instant
	DueAt               instant
	Version             int64
}

// TableName implements schema.Tabler.
func (paymentRow) TableName() string { return "payment_intents" }

// columns lists the row's columns: first what the merchant asked for, which
// never changes.
func (r paymentRow) columns() []column {
	return append([]column{
		{"id", r.ID}, {"merchant_id", r.MerchantID}, {"environment", r.Environment},
		{"amount", r.Amount}, {"currency", r.Currency}, {"capture_method", r.CaptureMethod},
		{"customer_id", r.CustomerID}, {"routing", r.Routing}, {"return_url", r.ReturnURL},
		{"description", r.Description}, {"statement_descriptor", r.StatementDescriptor}, {"metadata", r.Metadata},
		{"checkout", r.Checkout}, {"customer_reference", r.CustomerReference}, {"customer_email", r.CustomerEmail}, {"shopper_email", r.ShopperEmail},
		{"customer_name", r.CustomerName}, {"attempt_limit", r.AttemptLimit},
		{"created_at", r.CreatedAt}, {"expires_at", r.ExpiresAt},
	}, r.changes()...)
}

// changes lists the columns that a change may write.
func (r paymentRow) changes() []column {
	return []column{
		{"status", r.Status}, {"amount_capturable", r.AmountCapturable}, {"amount_captured", r.AmountCaptured},
		{"amount_refunded", r.AmountRefunded}, {"amount_refund_pending", r.AmountRefundPending},
		{"gateway", r.Gateway}, {"attempts", r.Attempts}, {"failovers", r.Failovers}, {"current_attempt_id", r.CurrentAttemptID},
		{"pending_transaction", r.PendingTransaction}, {"operations", r.Operations}, {"redirect_url", r.RedirectURL},
		{"last_error", r.LastError}, {"cancellation_reason", r.CancellationReason}, {"canceled_by", r.CanceledBy},
		{"attention", r.Attention}, {"settled_amount", r.SettledAmount}, {"settled_currency", r.SettledCurrency}, {"conversion", r.Conversion},
		{"updated_at", r.UpdatedAt}, {"authorized_until", r.AuthorizedUntil}, {"due_at", r.DueAt}, {"version", r.Version},
	}
}

func newPaymentRow(p payment.Intent) (paymentRow, error) {
	row := paymentRow{
		ID: p.ID, MerchantID: p.Scope.MerchantID, Environment: string(p.Scope.Environment), Status: string(p.Status),
		Amount: p.Amount, Currency: string(p.Currency), CaptureMethod: string(p.CaptureMethod),
		AmountCapturable: p.AmountCapturable, AmountCaptured: p.AmountCaptured,
		AmountRefunded: p.AmountRefunded, AmountRefundPending: p.AmountRefundPending,
		CustomerID: p.CustomerID, Routing: p.Routing, Gateway: p.Gateway, ReturnURL: p.ReturnURL,
		Description: p.Description, StatementDescriptor: p.StatementDescriptor,
		CustomerReference: p.Customer.Reference, CustomerEmail: p.Customer.Email, CustomerName: p.Customer.Name, ShopperEmail: p.Customer.ShopperEmail,
		AttemptLimit: p.AttemptLimit, Failovers: p.Failovers, Attempts: p.Attempts, CurrentAttemptID: p.CurrentAttemptID, PendingTransaction: p.PendingTransaction,
		Operations: p.Operations, RedirectURL: p.RedirectURL, CancellationReason: p.CancellationReason,
		CanceledBy: p.CanceledBy, Attention: p.Attention,
		SettledAmount: p.SettledAmount, SettledCurrency: string(p.SettledCurrency),
		CreatedAt: at(p.CreatedAt), UpdatedAt: at(p.UpdatedAt), ExpiresAt: at(p.ExpiresAt),
		AuthorizedUntil: at(p.AuthorizedUntil), DueAt: at(p.DueAt), Version: p.Version,
	}
	var err error
	if row.Metadata, err = toJSON(given(p.Metadata)); err != nil {
		return paymentRow{}, err
	}
	if row.Checkout, err = toJSON(p.Checkout); err != nil {
		return paymentRow{}, err
	}
	if row.Conversion, err = toJSON(p.Conversion); err != nil {
		return paymentRow{}, err
	}
	row.LastError, err = toJSON(p.LastError)
	return row, err
}

func (r paymentRow) intent() (payment.Intent, error) {
	p := payment.Intent{
		ID: r.ID, Scope: scopeOf(r.MerchantID, r.Environment),
		Status: payment.Status(r.Status), Amount: r.Amount, Currency: money.Currency(r.Currency),
		CaptureMethod: payment.CaptureMethod(r.CaptureMethod), AmountCapturable: r.AmountCapturable,
		AmountCaptured: r.AmountCaptured, AmountRefunded: r.AmountRefunded, AmountRefundPending: r.AmountRefundPending,
		CustomerID: r.CustomerID, Routing: r.Routing, Gateway: r.Gateway, ReturnURL: r.ReturnURL,
		Description: r.Description, StatementDescriptor: r.StatementDescriptor,
		Customer:     payment.Customer{Reference: r.CustomerReference, Email: r.CustomerEmail, Name: r.CustomerName, ShopperEmail: r.ShopperEmail},
		AttemptLimit: r.AttemptLimit, Failovers: r.Failovers, Attempts: r.Attempts, CurrentAttemptID: r.CurrentAttemptID, PendingTransaction: r.PendingTransaction,
		Operations: r.Operations, RedirectURL: r.RedirectURL, CancellationReason: r.CancellationReason,
		CanceledBy: r.CanceledBy, Attention: r.Attention,
		SettledAmount: r.SettledAmount, SettledCurrency: money.Currency(r.SettledCurrency),
		CreatedAt: r.CreatedAt.Time, UpdatedAt: r.UpdatedAt.Time, ExpiresAt: r.ExpiresAt.Time,
		AuthorizedUntil: r.AuthorizedUntil.Time, DueAt: r.DueAt.Time, Version: r.Version,
	}
	metadata, err := fromJSON[map[string]string](r.Metadata)
	if err != nil {
		return payment.Intent{}, err
	}
	if metadata != nil {
		p.Metadata = *metadata
	}
	if p.Checkout, err = fromJSON[payment.Checkout](r.Checkout); err != nil {
		return payment.Intent{}, err
	}
	if p.Conversion, err = fromJSON[fx.Conversion](r.Conversion); err != nil {
		return payment.Intent{}, err
	}
	p.LastError, err = fromJSON[payment.Decline](r.LastError)
	return p, err
}

// Payment returns a payment of the scope. Errors: fault.NotFound.
func (r Payments) Payment(ctx context.Context, scope merchant.Scope, paymentID string) (found payment.Intent, err error) {
	err = r.store.view(ctx, "read payment", func(db *gorm.DB) error {
		found, err = one(within(db, scope).Where("id = ?", paymentID), "payment", paymentID, paymentRow.intent)
		return err
	})
	return found, err
}

// Payments lists the scope's payments newest first.
func (r Payments) Payments(ctx context.Context, scope merchant.Scope, f payment.Filter) (found []payment.Intent, more bool, err error) {
	err = r.store.view(ctx, "list payments", func(db *gorm.DB) error {
		query := within(db, scope)
		if f.Status != "" {
			query = query.Where("status = ?", string(f.Status))
		}
		if f.CustomerID != "" {
			query = query.Where("customer_id = ? AND customer_id <> ''", f.CustomerID)
		}
		if !f.CreatedFrom.IsZero() {
			query = query.Where("created_at >= ?", at(f.CreatedFrom))
		}
		if !f.CreatedBefore.IsZero() {
			query = query.Where("created_at < ?", at(f.CreatedBefore))
		}
		rows, any, err := list[paymentRow](query, cursor(f.Page))
		if err != nil {
			return err
		}
		more = any
		found, err = convert(rows, paymentRow.intent)
		return err
	})
	return found, more, err
}

// Load returns a payment with its current attempt and pending transaction. The
// payment is read first: whoever changes it from this version can be sure that
// the rest was read at the same one, or gets ErrStale.
func (r Payments) Load(ctx context.Context, paymentID string) (found payment.Aggregate, err error) {
	err = r.store.view(ctx, "load payment", func(db *gorm.DB) error {
		p, err := one(db.Where("id = ?", paymentID), "payment", paymentID, paymentRow.intent)
		if err != nil {
			return err
		}
		found = payment.Aggregate{Intent: p}
		if p.CurrentAttemptID != "" {
			a, err := one(db.Where("id = ?", p.CurrentAttemptID), "attempt", p.CurrentAttemptID, attemptRow.attempt)
			if err != nil {
				return err
			}
			found.Attempt = &a
		}
		if p.PendingTransaction != "" {
			t, err := one(db.Where("id = ?", p.PendingTransaction), "transaction", p.PendingTransaction, transactionRow.transaction)
			if err != nil {
				return err
			}
			found.Transaction = &t
		}
		return nil
	})
	return found, err
}

// one reads the row that a query selects. Errors: fault.NotFound, naming what and id.
func one[R, D any](query *gorm.DB, what, id string, domain func(R) (D, error)) (D, error) {
	var row R
	var none D
	err := query.Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return none, missing(what, id)
	}
	if err != nil {
		return none, err
	}
	return domain(row)
}

func missing(what, id string) error { return fault.New(fault.NotFound, "No such %s: '%s'.", what, id) }
