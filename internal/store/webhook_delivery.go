package store

import (
	"context"

	"gorm.io/gorm"

	"paymenthub/internal/merchant"
	"paymenthub/internal/webhook"
)

// deliveryRow is a row of webhook_deliveries.
type deliveryRow struct {
	ID             string
	MerchantID     string
	Environment    string
	EventID        string
	EndpointID     string
	ObjectID       string
	Type           string
	Status         string
	TriggeredBy    string
	Round          int
	RoundStartedAt instant
	Attempts       int
	RoundAttempts  int
	NextAttemptAt  instant
	Why            string
	LastCode       int
	CreatedAt      instant
	UpdatedAt      instant
	EndedAt        instant
	ClaimedBy      string
	ClaimedUntil   instant
	ReviveAt       instant
}

// TableName implements schema.Tabler.
func (deliveryRow) TableName() string { return "webhook_deliveries" }

func (r deliveryRow) columns() []column {
	return append([]column{
		{"id", r.ID}, {"merchant_id", r.MerchantID}, {"environment", r.Environment}, {"event_id", r.EventID}, {"endpoint_id", r.EndpointID},
		{"object_id", r.ObjectID}, {"type", r.Type}, {"created_at", r.CreatedAt},
	}, r.changes()...)
}

// changes lists the columns that differ in the course of a delivery.
func (r deliveryRow) changes() []column {
	return []column{
		{"status", r.Status}, {"triggered_by", r.TriggeredBy}, {"round", r.Round}, {"round_started_at", r.RoundStartedAt},
		{"attempts", r.Attempts}, {"round_attempts", r.RoundAttempts}, {"next_attempt_at", r.NextAttemptAt}, {"why", r.Why},
		{"last_code", r.LastCode}, {"updated_at", r.UpdatedAt}, {"ended_at", r.EndedAt}, {"claimed_by", r.ClaimedBy},
		{"claimed_until", r.ClaimedUntil}, {"revive_at", r.ReviveAt},
	}
}

func newDeliveryRow(d webhook.Delivery) deliveryRow {
	row := deliveryRow{
		ID: d.ID, MerchantID: d.Scope.MerchantID, Environment: string(d.Scope.Environment), EventID: d.EventID, EndpointID: d.EndpointID,
		ObjectID: d.ObjectID, Type: d.Type, Status: string(d.Status), TriggeredBy: string(d.Trigger), Round: d.Round,
		RoundStartedAt: at(d.RoundStartedAt), Attempts: d.Attempts, RoundAttempts: d.RoundAttempts, NextAttemptAt: at(d.NextAttemptAt),
		Why: d.Why, LastCode: d.LastCode, CreatedAt: at(d.CreatedAt), UpdatedAt: at(d.UpdatedAt), EndedAt: at(d.EndedAt),
		ClaimedBy: d.ClaimedBy, ClaimedUntil: at(d.ClaimedUntil),
	}
	if d.Status == webhook.Retrying {
		row.ReviveAt = row.NextAttemptAt
	}
	return row
}

func (r deliveryRow) delivery() (webhook.Delivery, error) {
	return webhook.Delivery{
		ID: r.ID, Scope: scopeOf(r.MerchantID, r.Environment), EventID: r.EventID, EndpointID: r.EndpointID, ObjectID: r.ObjectID,
		Type: r.Type, Status: webhook.Status(r.Status), Trigger: webhook.Trigger(r.TriggeredBy), Round: r.Round,
		RoundStartedAt: r.RoundStartedAt.Time, Attempts: r.Attempts, RoundAttempts: r.RoundAttempts, NextAttemptAt: r.NextAttemptAt.Time,
		Why: r.Why, LastCode: r.LastCode, CreatedAt: r.CreatedAt.Time, UpdatedAt: r.UpdatedAt.Time, EndedAt: r.EndedAt.Time,
		ClaimedBy: r.ClaimedBy, ClaimedUntil: r.ClaimedUntil.Time,
	}, nil
}

// Delivery returns one delivery. Errors: fault.NotFound.
func (r Webhooks) Delivery(ctx context.Context, scope merchant.Scope, deliveryID string) (found webhook.Delivery, err error) {
	err = r.store.view(ctx, "read webhook delivery", func(db *gorm.DB) error {
		found, err = one(within(db, scope).Where("id = ?", deliveryID), "webhook delivery", deliveryID, deliveryRow.delivery)
		return err
	})
	return found, err
}

// ListDeliveries lists newest first, and whether there are more.
func (r Webhooks) ListDeliveries(ctx context.Context, scope merchant.Scope, f webhook.DeliveryFilter) (found []webhook.Delivery, more bool, err error) {
	err = r.store.view(ctx, "list webhook deliveries", func(db *gorm.DB) error {
		query := deliveriesOf(db, scope, f)
		if f.Status != "" {
			query = query.Where("status = ?", string(f.Status))
		}
		if f.Status != "" && f.Status != webhook.Succeeded {
			query = query.Where("status <> 'succeeded'") // what the index of those has
		}
		if f.Type != "" {
			query = query.Where("type = ?", f.Type)
		}
		rows, any, err := list[deliveryRow](query, cursor(f.Page))
		if err != nil {
			return err
		}
		more = any
		found, err = convert(rows, deliveryRow.delivery)
		return err
	})
	return found, more, err
}

// deliveriesOf selects an event's deliveries, an endpoint's or all of a scope, so that
// of SQLite's indexes only the one with the fewest rows to look at fits.
func deliveriesOf(db *gorm.DB, scope merchant.Scope, f webhook.DeliveryFilter) *gorm.DB {
	query := within(db, scope)
	if f.EndpointID != "" {
		query = db.Where("endpoint_id = (SELECT id FROM webhook_endpoints WHERE id = ? AND merchant_id = ? AND environment = ?)",
			f.EndpointID, scope.MerchantID, string(scope.Environment))
	}
	if f.EventID != "" {
		query = query.Where("id IN (SELECT id FROM webhook_deliveries WHERE event_id = ?)", f.EventID)
	}
	return query
}
