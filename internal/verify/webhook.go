package verify

import (
	"context"
	"encoding/json"
	"time"

	"paymenthub/internal/event"
	"paymenthub/internal/id"
	"paymenthub/internal/webhook"
)

// keptMargin is how long before the end of their time events may be gone: the process
// that removes them has a clock of its own.
const keptMargin = time.Hour

// keptSince is from when on every event is still there.
func keptSince(now time.Time) time.Time { return now.Add(keptMargin - event.KeptFor) }

// sent is a delivery, with what is there of it.
type sent struct {
	id, eventID, endpointID string
	status                  webhook.Status
	attempts, round, code   int  // as the delivery counts them
	rows, last              int  // attempts that are there, and the code of the last
	owned, told             bool // its endpoint and its event are its merchant's
}

// deliveries checks what became of telling merchants.
func (r *run) deliveries(ctx context.Context) error {
	oldest := id.Join(id.Event, id.FirstAt(keptSince(r.Clock.Now())))
	return within(ctx, r.Store, func(s *snapshot) error {
		if err := s.patient(); err != nil {
			return err
		}
		return s.each(func(scan scan) error {
			var d sent
			if err := scan(&d.id, &d.eventID, &d.endpointID, &d.status, &d.attempts, &d.round, &d.code, &d.rows, &d.last, &d.owned, &d.told); err != nil {
				return err
			}
			r.delivery(d, oldest)
			return nil
		}, `SELECT d.id, d.event_id, d.endpoint_id, d.status, d.attempts, d.round_attempts, d.last_code,
				(SELECT count(*) FROM webhook_attempts a WHERE a.delivery_id = d.id),
				COALESCE((SELECT a.code FROM webhook_attempts a WHERE a.delivery_id = d.id AND a.number = d.attempts), 0),
				w.id IS NOT NULL, e.id IS NOT NULL
			FROM webhook_deliveries d
			LEFT JOIN webhook_endpoints w ON w.id = d.endpoint_id AND w.merchant_id = d.merchant_id AND w.environment = d.environment
			LEFT JOIN events e ON e.merchant_id = d.merchant_id AND e.environment = d.environment AND e.id = d.event_id AND e.object_id = d.object_id`)
	})
}

// delivery checks one of them. oldest is the id of an event that is still kept.
func (f *findings) delivery(d sent, oldest string) {
	f.hold(DeliveryOfEvent, d.owned, d.id, "its endpoint %s is not its merchant's", d.endpointID)
	f.hold(DeliveryOfEvent, d.told || d.eventID < oldest, d.id, "its merchant has no event %s of its object", d.eventID)
	f.hold(DeliveryAttempts, d.rows == d.attempts, d.id, "counts %d attempts and has %d", d.attempts, d.rows)
	taken := d.last >= 200 && d.last <= 299
	f.hold(DeliveryAttempts, d.attempts == 0 || d.code == d.last, d.id, "was answered %d by its last attempt, and says %d", d.last, d.code)
	switch {
	case d.status == webhook.Succeeded:
		f.hold(DeliveryAttempts, taken, d.id, "succeeded, but its last attempt was answered %d", d.last)
	case d.status == webhook.Retrying:
		f.hold(DeliveryAttempts, d.round > 0 && !taken, d.id, "is tried again after %d attempts, of which the last was answered %d", d.round, d.last)
	case d.round > 0 && d.status != webhook.Canceled:
		f.hold(DeliveryAttempts, !taken, d.id, "is %s, but its last attempt was answered %d", d.status, d.last)
	}
}

// askedMargin is how much later than its endpoint an event must be for its delivery to
// be certain: the endpoint was stored a moment after it was made, and clocks differ.
const askedMargin = time.Minute

// asking is an endpoint that has been as it is from its beginning.
type asking struct {
	webhook.Endpoint
	types *[]string
}

// untold finds events that an endpoint asked for and was not sent. That can be said of
// endpoints that were never changed.
func (r *run) untold(ctx context.Context) error {
	return within(ctx, r.Store, func(s *snapshot) error {
		if err := s.patient(); err != nil {
			return err
		}
		endpoints, err := read(s, func(scan scan, e *asking) error {
			return scan(&e.ID, &e.Scope.MerchantID, &e.Scope.Environment, &e.Dialect, object[[]string]{&e.types}, instant{&e.CreatedAt})
		}, "SELECT id, merchant_id, environment, dialect, event_types, created_at FROM webhook_endpoints WHERE version = 1 AND disabled = '' ORDER BY id")
		if err != nil {
			return err
		}
		for _, e := range endpoints {
			e.EventTypes = *e.types
			r.report.Checked[DeliveryComplete]++ // of all its events at once
			if err := r.untoldTo(s, e.Endpoint); err != nil {
				return err
			}
		}
		return nil
	})
}

// untoldTo looks at the events that have no delivery to an endpoint.
func (r *run) untoldTo(s *snapshot, asked webhook.Endpoint) error {
	return s.each(func(scan scan) error {
		e := event.Event{Scope: asked.Scope}
		var content *json.RawMessage
		if err := scan(&e.ID, &e.Type, object[json.RawMessage]{&content}); err != nil {
			return err
		}
		if content != nil {
			e.Object = *content
		}
		if name := asked.Name(asked.Dialect.Names(e)); name != "" && e.Type != event.WebhookEndpointTest {
			r.hold(DeliveryComplete, false, e.ID, "the endpoint %s asks for %s and was never sent it", asked.ID, name)
		}
		return nil
	}, `SELECT e.id, e.type, e.object FROM events e LEFT JOIN webhook_deliveries d ON d.event_id = e.id AND d.endpoint_id = ?
		WHERE e.merchant_id = ? AND e.environment = ? AND e.created_at > ? AND d.id IS NULL`,
		asked.ID, asked.Scope.MerchantID, string(asked.Scope.Environment), asked.CreatedAt.Add(askedMargin).UTC().Format(instantFormat))
}
