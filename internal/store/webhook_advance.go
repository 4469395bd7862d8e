package store

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"

	"paymenthub/internal/event"
	"paymenthub/internal/id"
	"paymenthub/internal/webhook"
)

// failedOf and eventsOf say what a replay sends again: deliveries of one status that failed
// in its time, and events. A delivery that failed or retries was last changed when an attempt
// at it failed or it ended. Events are found by their ids, which are minted within mintSlack
// of the time that the event bears.
const (
	failedOf = " FROM webhook_deliveries WHERE endpoint_id = ? AND status = ? AND status <> 'succeeded' AND id > ? AND updated_at >= ? AND updated_at < ?"
	eventsOf = " FROM events WHERE merchant_id = ? AND environment = ? AND id > ? AND id < ? AND created_at >= ? AND created_at < ?"

	mintSlack = time.Minute
	// eventsAhead is how many events a page looks at for each that it may queue, so that a
	// rare type is found among many others.
	eventsAhead = 20
)

// replayedStatuses are those of deliveries that failed: for good, or to be tried again.
var replayedStatuses = []webhook.Status{webhook.Failed, webhook.Retrying}

func failedArgs(r webhook.Replay, s webhook.Status) []any {
	return []any{r.EndpointID, string(s), r.Cursor, at(r.From), at(r.To)}
}

func eventArgs(r webhook.Replay) []any {
	after := r.Cursor
	if after == "" {
		after = id.Join(id.Event, id.FirstAt(r.From.Add(-mintSlack)))
	}
	return []any{
		r.Scope.MerchantID, string(r.Scope.Environment), after, id.Join(id.Event, id.FirstAt(r.To.Add(mintSlack))), at(r.From), at(r.To),
	}
}

// countReplayed counts what a replay is to look at.
func countReplayed(tx *gorm.DB, r webhook.Replay) (total int, err error) {
	if r.Kind == webhook.ReplayRange {
		return total, tx.Raw("SELECT count(*)"+eventsOf, eventArgs(r)...).Scan(&total).Error
	}
	for _, status := range replayedStatuses {
		var n int
		if err := tx.Raw("SELECT count(*)"+failedOf, failedArgs(r, status)...).Scan(&n).Error; err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// Advance queues the next page of up to limit, and returns the replay after it and those of
// the page that retry: whoever moves the replay has them attempted. Where that fails they
// are Waiting. The endpoint is locked first, as by whoever deletes it.
func (r Webhooks) Advance(ctx context.Context, replayID string, limit int, now time.Time) (moved webhook.Replay, retrying []webhook.Delivery, err error) {
	err = r.store.transact(ctx, "advance webhook replay", func(tx *gorm.DB) error {
		retrying = nil
		moved, err = one(tx.Where("id = ?", replayID), "replay", replayID, replayRow.replay)
		if err != nil {
			return err
		}
		rows, err := rowsOf[endpointRow](tx, "SELECT * FROM webhook_endpoints WHERE id = ?"+locking(tx, lockRows), moved.EndpointID)
		if err != nil {
			return err
		}
		// Another process may have moved it on until the lock was given.
		moved, err = one(tx.Where("id = ?", replayID), "replay", replayID, replayRow.replay)
		if err != nil || moved.Status != webhook.ReplayRunning {
			return err
		}
		if moved.UpdatedAt = now; len(rows) == 0 || rows[0].Disabled != "" {
			moved.Status, moved.EndedAt = webhook.ReplayStopped, now
		} else if retrying, err = queuePage(tx, &moved, rows[0], limit, now); err != nil {
			return err
		}
		_, err = update(tx, replayRow{}.TableName(), newReplayRow(moved).changes(), "id = ?", moved.ID)
		return err
	})
	return moved, retrying, err
}

// replayPage is what one step of a replay looks at, and what of it is to be sent again.
type replayPage struct {
	seen   int
	cursor string        // the last of what was seen
	last   bool          // nothing comes after it
	made   []string      // deliveries
	unmade []event.Event // that the endpoint was not told of
}

// queuePage queues one page, and returns those of it that retry.
func queuePage(tx *gorm.DB, r *webhook.Replay, row endpointRow, limit int, now time.Time) (retrying []webhook.Delivery, err error) {
	endpoint, err := row.endpoint()
	if err != nil {
		return nil, err
	}
	var p replayPage
	if r.Kind == webhook.ReplayFailed {
		p, err = failedPage(tx, *r, limit)
	} else {
		p, err = eventsPage(tx, *r, endpoint, limit)
	}
	if err != nil {
		return nil, err
	}
	if r.Seen += p.seen; p.seen > 0 {
		r.Cursor = p.cursor
	}
	if p.last {
		r.Status, r.EndedAt = webhook.ReplayCompleted, now
	}
	if retrying, err = queueMade(tx, r, p.made, now); err != nil {
		return nil, err
	}
	return retrying, queueUnmade(tx, r, endpoint, p.unmade, now)
}

// failedPage finds deliveries that failed. Their events are there: both are removed together.
func failedPage(tx *gorm.DB, r webhook.Replay, limit int) (p replayPage, err error) {
	for _, status := range replayedStatuses {
		var ids []string
		err := tx.Raw("SELECT id"+failedOf+" ORDER BY id LIMIT ?", append(failedArgs(r, status), limit)...).Scan(&ids).Error
		if err != nil {
			return p, err
		}
		p.made = append(p.made, ids...)
	}
	slices.Sort(p.made)
	p.made = p.made[:min(len(p.made), limit)]
	if p.seen = len(p.made); p.seen > 0 {
		p.cursor = p.made[p.seen-1]
	}
	p.last = p.seen < limit
	return p, nil
}

// eventsPage finds events that the endpoint asks for, except those whose deliveries are
// pending.
func eventsPage(tx *gorm.DB, r webhook.Replay, endpoint webhook.Endpoint, limit int) (p replayPage, err error) {
	rows, err := rowsOf[eventRow](tx, "SELECT *"+eventsOf+" ORDER BY id LIMIT ?", append(eventArgs(r), limit*eventsAhead)...)
	if p.last = len(rows) < limit*eventsAhead; err != nil || len(rows) == 0 {
		return p, err
	}
	ids := make([]string, 0, len(rows))
	for _, row := range rows {
		ids = append(ids, row.ID)
	}
	made, err := rowsOf[deliveryRow](tx, "SELECT id, event_id, status FROM webhook_deliveries WHERE event_id IN "+members(tx)+" AND endpoint_id = ?",
		listed(ids), endpoint.ID)
	if err != nil {
		return p, err
	}
	of := map[string]deliveryRow{}
	for _, row := range made {
		of[row.EventID] = row
	}
	for p.seen < len(rows) && len(p.made)+len(p.unmade) < limit {
		e, err := rows[p.seen].event()
		if err != nil {
			return p, err
		}
		p.seen++
		p.cursor = e.ID
		d, told := of[e.ID]
		switch {
		case e.Type == event.WebhookEndpointTest || endpoint.Name(endpoint.Dialect.Names(e)) == "":
			continue // the endpoint does not ask for it
		case !told:
			p.unmade = append(p.unmade, e)
		case d.Status != string(webhook.Pending):
			p.made = append(p.made, d.ID)
		}
	}
	p.last = p.last && p.seen == len(rows)
	return p, nil
}

// queueMade begins another round of deliveries that have ended, and returns those that
// retry. Until somebody attempts these they are Waiting, so that none is forgotten.
func queueMade(tx *gorm.DB, r *webhook.Replay, ids []string, now time.Time) (retrying []webhook.Delivery, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := rowsOf[deliveryRow](tx, "SELECT * FROM webhook_deliveries WHERE id IN "+members(tx)+locking(tx, lockRows), listed(ids))
	if err != nil {
		return nil, err
	}
	var hurried []string
	for _, row := range rows {
		d, err := row.delivery()
		if err != nil {
			return nil, err
		}
		switch {
		case d.Status == webhook.Retrying:
			retrying, hurried = append(retrying, d), append(hurried, d.ID)
		case d.Status == webhook.Pending, r.Kind == webhook.ReplayFailed && d.Status != webhook.Failed:
			continue // it has moved on since it was found
		default:
			if _, err := again(tx, d, now); err != nil {
				return nil, err
			}
		}
		r.Queued++
	}
	if len(hurried) > 0 {
		_, err = update(tx, deliveryRow{}.TableName(), []column{{"revive_at", at(now)}}, "id IN "+members(tx)+" AND status = 'retrying'", listed(hurried))
	}
	return retrying, err
}

// queueUnmade makes deliveries of events. Each comes after the endpoint's last.
func queueUnmade(tx *gorm.DB, r *webhook.Replay, endpoint webhook.Endpoint, events []event.Event, now time.Time) error {
	if len(events) == 0 {
		return nil
	}
	var last string
	err := tx.Raw("SELECT id FROM webhook_deliveries WHERE endpoint_id = ? ORDER BY id DESC LIMIT 1", endpoint.ID).Scan(&last).Error
	if err != nil {
		return err
	}
	for _, e := range events {
		d := afresh(e, last, endpoint.ID, endpoint.Name(endpoint.Dialect.Names(e)), now)
		if _, err := insert(tx, "", newDeliveryRow(d)); err != nil {
			return err
		}
		last = d.ID
		r.Queued++
	}
	return nil
}
