package interleave

import (
	"context"
	"time"

	"paymenthub/internal/notification"
)

// Notifications decorates the calls of the notifications' repository.
type Notifications struct {
	notification.Repository
	Hook Hook
}

// Keep implements notification.Repository.
func (n Notifications) Keep(ctx context.Context, told notification.Notification) (kept notification.Notification, first bool, err error) {
	err = n.Hook.around(ctx, "keep notification", func() (err error) {
		kept, first, err = n.Repository.Keep(ctx, told)
		return err
	})
	return kept, first, err
}

// Find implements notification.Repository.
func (n Notifications) Find(ctx context.Context, notificationID string) (found notification.Notification, err error) {
	err = n.Hook.around(ctx, "find notification", func() (err error) {
		found, err = n.Repository.Find(ctx, notificationID)
		return err
	})
	return found, err
}

// Settle implements notification.Repository.
func (n Notifications) Settle(ctx context.Context, told notification.Notification) error {
	return n.Hook.around(ctx, "settle notification", func() error { return n.Repository.Settle(ctx, told) })
}

// Postpone implements notification.Repository.
func (n Notifications) Postpone(ctx context.Context, notificationID string, until time.Time) error {
	return n.Hook.around(ctx, "postpone notification", func() error { return n.Repository.Postpone(ctx, notificationID, until) })
}
