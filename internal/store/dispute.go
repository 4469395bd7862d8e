package store

import (
	"context"

	"gorm.io/gorm"

	"paymenthub/internal/fault"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

// disputeRow is a row of disputes.
type disputeRow struct {
	ID               string
	MerchantID       string
	Environment      string
	PaymentID        string
	Gateway          string
	GatewayReference string
	Amount           int64
	Currency         string
	Reason           string
	Status           string
	Withdrawn        bool
	Reinstated       bool
	RespondBy        instant
	CreatedAt        instant
	UpdatedAt        instant
	DueAt            instant
	Version          int64
}

// TableName implements schema.Tabler.
func (disputeRow) TableName() string { return "disputes" }

func (r disputeRow) columns() []column {
	return append([]column{
		{"id", r.ID}, {"merchant_id", r.MerchantID}, {"environment", r.Environment}, {"payment_id", r.PaymentID},
		{"gateway", r.Gateway}, {"gateway_reference", r.GatewayReference}, {"amount", r.Amount}, {"currency", r.Currency},
		{"created_at", r.CreatedAt},
	}, r.changes()...)
}

// changes lists the columns that a change may write.
func (r disputeRow) changes() []column {
	return []column{
		{"reason", r.Reason}, {"status", r.Status}, {"withdrawn", r.Withdrawn}, {"reinstated", r.Reinstated},
		{"respond_by", r.RespondBy}, {"updated_at", r.UpdatedAt}, {"due_at", r.DueAt}, {"version", r.Version},
	}
}

func newDisputeRow(d payment.Dispute) disputeRow {
	return disputeRow{
		ID: d.ID, MerchantID: d.Scope.MerchantID, Environment: string(d.Scope.Environment), PaymentID: d.PaymentID,
		Gateway: d.Gateway, GatewayReference: d.GatewayReference, Amount: d.Amount, Currency: string(d.Currency),
		Reason: d.Reason, Status: string(d.Status), Withdrawn: d.Withdrawn, Reinstated: d.Reinstated,
		RespondBy: at(d.RespondBy), CreatedAt: at(d.CreatedAt), UpdatedAt: at(d.UpdatedAt), DueAt: at(d.DueAt), Version: d.Version,
	}
}

func (r disputeRow) dispute() (payment.Dispute, error) {
	return payment.Dispute{
		ID: r.ID, Scope: scopeOf(r.MerchantID, r.Environment), PaymentID: r.PaymentID,
		Gateway: r.Gateway, GatewayReference: r.GatewayReference, Amount: r.Amount, Currency: money.Currency(r.Currency),
		Reason: r.Reason, Status: payment.DisputeStatus(r.Status), Withdrawn: r.Withdrawn, Reinstated: r.Reinstated,
		RespondBy: r.RespondBy.Time, CreatedAt: r.CreatedAt.Time, UpdatedAt: r.UpdatedAt.Time, DueAt: r.DueAt.Time, Version: r.Version,
	}, nil
}

// storeDispute inserts version 1 and updates from the version before otherwise.
// A new one whose id or reference at its provider is stored already is ErrExists:
// another process was faster.
func storeDispute(tx *gorm.DB, d payment.Dispute) error {
	row := newDisputeRow(d)
	if d.Version == 1 {
		written, err := insert(tx, "ON CONFLICT DO NOTHING", row)
		return atLeastOne(written, err, payment.ErrExists)
	}
	written, err := update(tx, row.TableName(), row.changes(), "id = ? AND version = ? AND merchant_id = ? AND environment = ?",
		row.ID, d.Version-1, row.MerchantID, row.Environment)
	return atLeastOne(written, err, payment.ErrStale)
}

// Dispute returns a dispute of the scope. Errors: fault.NotFound.
func (r Payments) Dispute(ctx context.Context, scope merchant.Scope, disputeID string) (found payment.Dispute, err error) {
	err = r.store.view(ctx, "read dispute", func(db *gorm.DB) error {
		found, err = one(within(db, scope).Where("id = ?", disputeID), "dispute", disputeID, disputeRow.dispute)
		return err
	})
	return found, err
}

// Disputes lists the scope's disputes newest first.
func (r Payments) Disputes(ctx context.Context, scope merchant.Scope, f payment.DisputeFilter) (found []payment.Dispute, more bool, err error) {
	err = r.store.view(ctx, "list disputes", func(db *gorm.DB) error {
		query := within(db, scope)
		if f.PaymentID != "" {
			query = query.Where("payment_id = ?", f.PaymentID)
		}
		if f.Status != "" {
			query = query.Where("status = ?", string(f.Status))
		}
		rows, any, err := list[disputeRow](query, cursor(f.Page))
		if err != nil {
			return err
		}
		more = any
		found, err = convert(rows, disputeRow.dispute)
		return err
	})
	return found, more, err
}

// FindDispute returns the dispute that a provider names, whatever payment the
// reference gives it to; nil when it is not known.
func (r Payments) FindDispute(ctx context.Context, ref payment.DisputeRef) (found *payment.Dispute, err error) {
	err = r.store.view(ctx, "find dispute", func(db *gorm.DB) error {
		query := db.Where("environment = ? AND gateway = ? AND gateway_reference = ?", string(ref.Environment), ref.Gateway, ref.Reference)
		d, err := one(query, "dispute", ref.Reference, disputeRow.dispute)
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		if err == nil {
			found = &d
		}
		return err
	})
	return found, err
}
