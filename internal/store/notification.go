package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"

	"paymenthub/internal/fault"
	"paymenthub/internal/merchant"
	"paymenthub/internal/notification"
	"paymenthub/internal/payment"
)

// Notifications implements notification.Repository.
type Notifications struct{ store *Store }

// Notifications returns the repository of what gateways tell unasked.
func (s *Store) Notifications() Notifications { return Notifications{s} }

var _ notification.Repository = Notifications{}

// notificationRow is a row of gateway_notifications.
type notificationRow struct {
	ID          string
	Environment string
	Gateway     string
	EventID     string
	Type        string
	Notice      *string
	KeyVersion  int
	Sealed      []byte
	Status      string
	Why         string
	MerchantID  string
	PaymentID   string
	ReceivedAt  instant
	UpdatedAt   instant
	DueAt       instant
}

// TableName implements schema.Tabler.
func (notificationRow) TableName() string { return "gateway_notifications" }

func (r notificationRow) columns() []column {
	return append([]column{
		{"id", r.ID}, {"environment", r.Environment}, {"gateway", r.Gateway}, {"event_id", r.EventID}, {"type", r.Type},
		{"notice", r.Notice}, {"key_version", r.KeyVersion}, {"sealed", r.Sealed}, {"received_at", r.ReceivedAt}, {"due_at", r.DueAt},
	}, r.changes()...)
}

// changes lists the columns that settling writes, but for due_at, which it ends.
func (r notificationRow) changes() []column {
	return []column{
		{"status", r.Status}, {"why", r.Why}, {"merchant_id", r.MerchantID}, {"payment_id", r.PaymentID}, {"updated_at", r.UpdatedAt},
	}
}

func newNotificationRow(n notification.Notification) (notificationRow, error) {
	notice, err := toJSON(&n.Notice)
	return notificationRow{
		ID: n.ID, Environment: string(n.Environment), Gateway: n.Gateway, EventID: n.EventID, Type: n.Type, Notice: notice,
		KeyVersion: n.KeyVersion, Sealed: n.Sealed, Status: string(n.Status), Why: n.Why, MerchantID: n.MerchantID,
		PaymentID: n.PaymentID, ReceivedAt: at(n.ReceivedAt), UpdatedAt: at(n.UpdatedAt), DueAt: at(n.DueAt),
	}, err
}

func (r notificationRow) notification() (notification.Notification, error) {
	n := notification.Notification{
		ID: r.ID, Environment: merchant.Environment(r.Environment), Gateway: r.Gateway, EventID: r.EventID, Type: r.Type,
		KeyVersion: r.KeyVersion, Sealed: r.Sealed, Status: notification.Status(r.Status), Why: r.Why, MerchantID: r.MerchantID,
		PaymentID: r.PaymentID, ReceivedAt: r.ReceivedAt.Time, UpdatedAt: r.UpdatedAt.Time, DueAt: r.DueAt.Time,
	}
	notice, err := fromJSON[payment.Notice](r.Notice)
	if notice != nil {
		n.Notice = *notice
	}
	return n, err
}

// keepTries bounds how often Keep tries again because the notification that was
// there was removed before it could be read.
const keepTries = 3

// Keep stores a notification unless its event is stored already, and returns
// the one that is stored and whether it is n. It is one statement for a new event.
func (r Notifications) Keep(ctx context.Context, n notification.Notification) (kept notification.Notification, first bool, err error) {
	row, err := newNotificationRow(n)
	if err != nil {
		return notification.Notification{}, false, translate("keep notification", err)
	}
	err = r.store.write(ctx, "keep notification", func(db *gorm.DB) error {
		for range keepTries {
			written, err := insert(db, "ON CONFLICT (environment, gateway, event_id) DO NOTHING", row)
			if err != nil {
				return err
			}
			if first = written == 1; first {
				kept = n
				return nil
			}
			kept, err = one(db.Where("environment = ? AND gateway = ? AND event_id = ?", row.Environment, row.Gateway, row.EventID),
				"notification", n.EventID, notificationRow.notification)
			if !fault.Is(err, fault.NotFound) {
				return err
			}
		}
		return errors.New("the notification is stored and removed over and over")
	})
	return kept, first, err
}

// Find returns a notification. Errors: fault.NotFound.
func (r Notifications) Find(ctx context.Context, notificationID string) (found notification.Notification, err error) {
	err = r.store.view(ctx, "read notification", func(db *gorm.DB) error {
		found, err = one(db.Where("id = ?", notificationID), "notification", notificationID, notificationRow.notification)
		return err
	})
	return found, err
}

// Settle moves a received notification to a final state, with Why, MerchantID,
// PaymentID and UpdatedAt of n, and with its body when it is ignored. One that is final
// already stays as it is.
func (r Notifications) Settle(ctx context.Context, n notification.Notification) error {
	row, err := newNotificationRow(n)
	if err != nil {
		return translate("settle notification", err)
	}
	return r.store.write(ctx, "settle notification", func(db *gorm.DB) error {
		changes := append(row.changes(), column{"due_at", nil})
		if n.Status == notification.Ignored {
			changes = append(changes, column{"key_version", row.KeyVersion}, column{"sealed", row.Sealed})
		}
		_, err := update(db, row.TableName(), changes, "id = ? AND status = 'received'", row.ID)
		return err
	})
}

// Close moves a raised notification to closed, with the operator's note, and
// reports whether there was one.
func (r Notifications) Close(ctx context.Context, notificationID, note string, when time.Time) (closed bool, err error) {
	err = r.store.write(ctx, "close notification", func(db *gorm.DB) error {
		done := db.Exec("UPDATE gateway_notifications SET status = 'closed', why = why || ?, updated_at = ? WHERE id = ? AND status = 'raised'",
			" | "+note, at(when), notificationID)
		closed = done.RowsAffected == 1
		return done.Error
	})
	return closed, err
}

// Postpone says when a received notification is to be tried again.
func (r Notifications) Postpone(ctx context.Context, notificationID string, until time.Time) error {
	return r.store.write(ctx, "postpone notification", func(db *gorm.DB) error {
		_, err := update(db, notificationRow{}.TableName(), []column{{"due_at", at(until)}}, "id = ? AND status = 'received'", notificationID)
		return err
	})
}

// Due returns up to limit received notifications whose DueAt has passed, or lies
// after beyond, oldest first. Only received ones have a DueAt.
func (r Notifications) Due(ctx context.Context, now, beyond time.Time, limit int) (found []notification.Notification, err error) {
	err = r.store.view(ctx, "list due notifications", func(db *gorm.DB) error {
		if found, err = overdue(db, now, limit, notificationRow.notification); err != nil || len(found) == limit {
			return err
		}
		var rows []notificationRow
		if err := db.Where("due_at > ?", at(beyond)).Order("due_at, id").Limit(limit - len(found)).Find(&rows).Error; err != nil {
			return err
		}
		early, err := convert(rows, notificationRow.notification)
		found = append(found, early...)
		return err
	})
	return found, err
}

// List returns notifications newest first, and whether there are more.
func (r Notifications) List(ctx context.Context, f notification.Filter) (found []notification.Notification, more bool, err error) {
	err = r.store.view(ctx, "list notifications", func(db *gorm.DB) error {
		query := db
		if f.Status != "" {
			query = query.Where("status = ?", string(f.Status))
		}
		if f.PaymentID != "" {
			query = query.Where("payment_id = ? AND payment_id <> ''", f.PaymentID)
		}
		rows, any, err := list[notificationRow](query, cursor{Limit: f.Limit, StartingAfter: f.StartingAfter})
		if err != nil {
			return err
		}
		more = any
		found, err = convert(rows, notificationRow.notification)
		return err
	})
	return found, more, err
}

// DeleteOld removes up to limit applied, ignored and closed notifications that were
// received before the time, oldest first. They are selected by what they are not:
// for an equality SQLite would read all of a state instead of the oldest.
func (r Notifications) DeleteOld(ctx context.Context, before time.Time, limit int) (deleted int64, err error) {
	err = r.store.write(ctx, "delete old notifications", func(db *gorm.DB) error {
		done := db.Exec(`DELETE FROM gateway_notifications WHERE id IN (SELECT id FROM gateway_notifications
			WHERE status <> 'received' AND status <> 'raised' AND received_at < ? ORDER BY received_at LIMIT ?)`, at(before), limit)
		deleted = done.RowsAffected
		return done.Error
	})
	return deleted, err
}
