package store

import (
	"context"
	"encoding/json"

	"gorm.io/gorm"

	"paymenthub/internal/event"
	"paymenthub/internal/merchant"
)

// Events implements event.Repository.
type Events struct{ store *Store }

// Events returns the events, to read. They are written with what they
// tell of.
func (s *Store) Events() Events { return Events{s} }

var _ event.Repository = Events{}

// eventRow is a row of events.
type eventRow struct {
	ID          string
	MerchantID  string
	Environment string
	Type        string
	ObjectID    string
	Object      string
	CreatedAt   instant
}

// TableName implements schema.Tabler.
func (eventRow) TableName() string { return "events" }

func (r eventRow) columns() []column {
	return []column{
		{"id", r.ID}, {"merchant_id", r.MerchantID}, {"environment", r.Environment}, {"type", r.Type},
		{"object_id", r.ObjectID}, {"object", r.Object}, {"created_at", r.CreatedAt},
	}
}

func newEventRow(e event.Event) eventRow {
	return eventRow{
		ID: e.ID, MerchantID: e.Scope.MerchantID, Environment: string(e.Scope.Environment), Type: string(e.Type),
		ObjectID: e.ObjectID, Object: string(e.Object), CreatedAt: at(e.CreatedAt),
	}
}

func (r eventRow) event() (event.Event, error) {
	return event.Event{
		ID: r.ID, Scope: scopeOf(r.MerchantID, r.Environment), Type: event.Type(r.Type), ObjectID: r.ObjectID,
		Object: json.RawMessage(r.Object), CreatedAt: r.CreatedAt.Time,
	}, nil
}

// insertEvents writes the events of a change, with their deliveries.
func insertEvents(tx *gorm.DB, out *outbox, events []event.Event) error {
	rows := make([]eventRow, 0, len(events))
	for _, e := range events {
		rows = append(rows, newEventRow(e))
	}
	if _, err := insert(tx, "", rows...); err != nil {
		return err
	}
	return out.address(tx, events)
}

// FindEvent returns one event of the scope. Errors: fault.NotFound.
func (r Events) FindEvent(ctx context.Context, scope merchant.Scope, eventID string) (found event.Event, err error) {
	err = r.store.view(ctx, "read event", func(db *gorm.DB) error {
		found, err = one(within(db, scope).Where("id = ?", eventID), "event", eventID, eventRow.event)
		return err
	})
	return found, err
}

// ListEvents lists the scope's events newest first, and whether there are more.
func (r Events) ListEvents(ctx context.Context, scope merchant.Scope, f event.Filter) (found []event.Event, more bool, err error) {
	err = r.store.view(ctx, "list events", func(db *gorm.DB) error {
		query := within(db, scope)
		if f.Type != "" {
			query = query.Where("type = ?", string(f.Type))
		}
		if f.ObjectID != "" {
			query = query.Where("object_id = ?", f.ObjectID)
		}
		page := cursor{Limit: f.Limit, StartingAfter: f.StartingAfter, EndingBefore: f.EndingBefore}
		rows, any, err := list[eventRow](query, page)
		if err != nil {
			return err
		}
		more = any
		found, err = convert(rows, eventRow.event)
		return err
	})
	return found, more, err
}
