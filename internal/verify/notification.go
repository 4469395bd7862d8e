package verify

import (
	"context"
	"time"

	"paymenthub/internal/notification"
)

// notifications checks what providers told unasked, and counts what waits for
// an operator.
func (r *run) notifications(ctx context.Context) error {
	now := r.Clock.Now()
	return within(ctx, r.Store, func(s *snapshot) error {
		if err := s.patient(); err != nil {
			return err
		}
		return s.each(func(scan scan) error {
			var id, environment, paymentID string
			var status notification.Status
			var due time.Time
			var owned bool
			if err := scan(&id, &environment, &status, &paymentID, instant{&due}, &owned); err != nil {
				return err
			}
			applied := status == notification.Applied
			r.hold(NotificationOwner, owned || paymentID == "" && !applied, id,
				"%s, but there is no payment %q of its merchant in %s", status, paymentID, environment)
			switch status {
			case notification.Received:
				r.late(id, due, now) // the zero time is late too
			case notification.Raised:
				r.report.NeedsOperator.Notifications++
			}
			return nil
		}, `SELECT n.id, n.environment, n.status, n.payment_id, n.due_at, p.id IS NOT NULL
			FROM gateway_notifications n LEFT JOIN payment_intents p
				ON p.id = n.payment_id AND p.merchant_id = n.merchant_id AND p.environment = n.environment`)
	})
}
