package store

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"gorm.io/gorm"

	"paymenthub/internal/webhook"
)

// waitingRow is an endpoint with pending deliveries.
type waitingRow struct {
	ID       string
	Dialect  string
	Failures int
	Paused   int
}

// waiting lists the endpoints with pending deliveries, by id, but those whose processes
// have them all. It steps from one to the next in the index, however many deliveries each
// has. What a deleted one was to be told is canceled.
const waiting = `WITH RECURSIVE heads (id) AS (
		SELECT * FROM (SELECT endpoint_id FROM webhook_deliveries WHERE status = 'pending' AND endpoint_id > '' ORDER BY endpoint_id LIMIT 1) AS first
		UNION ALL
		SELECT (SELECT d.endpoint_id FROM webhook_deliveries d WHERE d.status = 'pending' AND d.endpoint_id > heads.id
			ORDER BY d.endpoint_id LIMIT 1) FROM heads WHERE heads.id IS NOT NULL
	) SELECT e.id, e.dialect, CASE WHEN e.disabled = '' THEN e.failures ELSE 0 END AS failures,
		CASE WHEN e.disabled = '' AND e.paused_until > ? THEN 1 ELSE 0 END AS paused
	FROM heads CROSS JOIN webhook_endpoints e WHERE e.id = heads.id AND e.disabled <> 'deleted' AND (
		(SELECT d.id FROM webhook_deliveries d WHERE d.endpoint_id = heads.id AND d.status = 'pending' AND d.claimed_by = ''
			ORDER BY d.round_started_at, d.id LIMIT 1) IS NOT NULL
		OR (SELECT d.claimed_until FROM webhook_deliveries d WHERE d.endpoint_id = heads.id AND d.status = 'pending' AND d.claimed_by <> ''
			ORDER BY d.claimed_until LIMIT 1) <= ?)`

// An endpoint's deliveries that nobody has: whose process is gone, and those that none
// has taken yet, oldest first. However many there are, so many are looked at.
const (
	abandoned = `(SELECT id, object_id, round_started_at FROM webhook_deliveries
		WHERE endpoint_id = ? AND status = 'pending' AND claimed_by <> '' AND claimed_until <= ? ORDER BY claimed_until LIMIT 512) AS free`
	unclaimed = `(SELECT id, object_id, round_started_at FROM webhook_deliveries
		WHERE endpoint_id = ? AND status = 'pending' AND claimed_by = '' AND claimed_until <= ? AND round_started_at > ?
		ORDER BY round_started_at, id LIMIT 512) AS free`
	// firstOfObject: none of the same object is pending before it. No planner can make a
	// join of it, which would read all that is pending.
	firstOfObject = `free.id = (SELECT o.id FROM webhook_deliveries o
		WHERE o.endpoint_id = ? AND o.object_id = free.object_id AND o.status = 'pending' ORDER BY o.id LIMIT 1)`

	takeAbandoned = "SELECT free.id FROM " + abandoned + " WHERE free.round_started_at > ? AND " + firstOfObject + " LIMIT ?"
	takeUnclaimed = "SELECT free.id FROM " + unclaimed + " WHERE " + firstOfObject + " LIMIT ?"
	lateAbandoned = "SELECT free.id FROM " + abandoned + " WHERE free.round_started_at <= ? LIMIT ?"
	lateUnclaimed = `SELECT id FROM webhook_deliveries WHERE endpoint_id = ? AND status = 'pending' AND claimed_by = ''
		AND claimed_until <= ? AND round_started_at <= ? ORDER BY round_started_at, id LIMIT ?`

	// probed finds a delivery that a process makes.
	probed = `SELECT id FROM webhook_deliveries WHERE endpoint_id = ? AND status = 'pending' AND claimed_by <> '' AND claimed_until > ? LIMIT 1`
)

const (
	// lateAtOnce is how many late deliveries of an endpoint are ended at once.
	lateAtOnce = 256
	// lookFor bounds what is read of one endpoint. After lookFailures that fail it is not
	// the endpoint, but the database.
	lookFor      = time.Second
	lookFailures = 3
	// lookPart is the part of a poll's time that endpoints are looked at for: what was
	// found by then is claimed.
	lookPart = 3
)

// looked is what was found that nobody has.
type looked struct {
	ids  []string                     // to be claimed
	late map[webhook.Dialect][]string // to be ended
}

// Claim takes pending deliveries for a process, and ends those that come too late. What
// there is to take is read first, so that a poll that finds nothing writes nothing; of
// several processes that read the same, one gets each delivery. What goes wrong with one
// endpoint keeps none from the others: the error comes with what was claimed.
func (r Webhooks) Claim(ctx context.Context, by string, now, until time.Time, perEndpoint, limit int) ([]webhook.Task, error) {
	found := looked{late: map[webhook.Dialect][]string{}}
	lookErr := r.store.view(ctx, "look for webhook deliveries", func(db *gorm.DB) error {
		return r.look(db, &found, now, perEndpoint, limit)
	})
	lateErr := r.endLate(ctx, found.late, now)
	if len(found.ids) == 0 {
		return nil, errors.Join(lookErr, lateErr)
	}
	var claimed []deliveryRow
	err := r.store.transact(ctx, "claim webhook deliveries", func(tx *gorm.DB) error {
		claimed = nil
		return tx.Raw(`UPDATE webhook_deliveries SET claimed_by = ?, claimed_until = ? WHERE id IN (SELECT id FROM webhook_deliveries
			WHERE id IN `+members(tx)+` AND status = 'pending' AND claimed_until <= ?`+locking(tx, lockFree)+`) RETURNING *`,
			by, at(until), listed(found.ids), at(now)).Scan(&claimed).Error
	})
	if err != nil || len(claimed) == 0 {
		return nil, errors.Join(lookErr, lateErr, err)
	}
	sort.Slice(claimed, func(i, j int) bool { return claimed[i].ID < claimed[j].ID })
	tasks, gone, err := r.tasks(ctx, claimed)
	return tasks, errors.Join(lookErr, lateErr, err, r.endForgotten(ctx, gone, by, now))
}

// look finds up to limit deliveries to claim, as many as there is time for. It begins after
// the endpoint that was last the last: with more endpoints than that, all have their turn.
func (r Webhooks) look(db *gorm.DB, found *looked, now time.Time, perEndpoint, limit int) error {
	var endpoints []waitingRow
	if err := db.Raw(waiting, at(now), at(now)).Scan(&endpoints).Error; err != nil {
		return err
	}
	start := 0
	if last := r.store.claimed.Load(); last != nil {
		start = sort.Search(len(endpoints), func(i int) bool { return endpoints[i].ID > *last })
	}
	deadline, _ := db.Statement.Context.Deadline() // there is one: view's
	end := time.Now().Add(time.Until(deadline) / lookPart)
	var failed []error
	for i := range endpoints {
		e := endpoints[(start+i)%len(endpoints)]
		if err := e.look(db, found, now, min(perEndpoint, limit-len(found.ids))); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", e.ID, err))
		}
		if len(found.ids) >= limit || len(failed) >= lookFailures || !time.Now().Before(end) {
			r.store.claimed.Store(&e.ID)
			break
		}
	}
	return errors.Join(failed...)
}

// look finds up to most deliveries of the endpoint: one where it is to be probed, and
// none where it is paused or probed. Late ones are no probe: they are never sent.
func (e waitingRow) look(db *gorm.DB, found *looked, now time.Time, most int) error {
	ctx, cancel := context.WithTimeout(db.Statement.Context, lookFor)
	defer cancel()
	db = db.WithContext(ctx)
	dialect := webhook.Dialect(e.Dialect)
	began := time.Unix(0, 0) // at or before which what began is late
	if expiry := dialect.Expiry(); expiry > 0 {
		began = now.Add(-expiry)
		late, err := e.late(db, now, began)
		if err != nil {
			return err
		}
		found.late[dialect] = append(found.late[dialect], late...)
	}
	if e.Paused == 1 {
		return nil
	}
	if (webhook.Health{Failures: e.Failures}).Probing() {
		var busy []string
		if err := db.Raw(probed, e.ID, at(now)).Scan(&busy).Error; err != nil || len(busy) > 0 {
			return err
		}
		most = min(1, most)
	}
	var ids, more []string
	if err := db.Raw(takeAbandoned, e.ID, at(now), at(began), e.ID, most).Scan(&ids).Error; err != nil {
		return err
	}
	if len(ids) < most {
		if err := db.Raw(takeUnclaimed, e.ID, at(now), at(began), e.ID, most-len(ids)).Scan(&more).Error; err != nil {
			return err
		}
	}
	found.ids = append(append(found.ids, ids...), more...)
	return nil
}

// late finds deliveries that began too long ago to be sent.
func (e waitingRow) late(db *gorm.DB, now, began time.Time) (ids []string, err error) {
	var more []string
	if err := db.Raw(lateAbandoned, e.ID, at(now), at(began), lateAtOnce).Scan(&ids).Error; err != nil {
		return nil, err
	}
	err = db.Raw(lateUnclaimed, e.ID, at(now), at(began), lateAtOnce).Scan(&more).Error
	return append(ids, more...), err
}

// Renew keeps the claims of the process on pending deliveries, and returns which it has
// kept. One whose attempt is being recorded is left alone, and not among them.
func (r Webhooks) Renew(ctx context.Context, by string, deliveryIDs []string, until time.Time) ([]string, error) {
	return r.reclaim(ctx, "renew webhook claims", by, by, deliveryIDs, until)
}

// Release gives claims up: any process may take the deliveries from the time on.
func (r Webhooks) Release(ctx context.Context, by string, deliveryIDs []string, from time.Time) error {
	_, err := r.reclaim(ctx, "release webhook claims", by, "", deliveryIDs, from)
	return err
}

// reclaim changes the process's claims, and returns of which deliveries. Those whose
// attempt is being recorded are left alone.
func (r Webhooks) reclaim(ctx context.Context, operation, by, to string, ids []string, until time.Time) (changed []string, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	err = r.store.write(ctx, operation, func(db *gorm.DB) error {
		changed = nil
		return db.Raw(`UPDATE webhook_deliveries SET claimed_by = ?, claimed_until = ? WHERE id IN (SELECT id FROM webhook_deliveries
			WHERE id IN `+members(db)+` AND status = 'pending' AND claimed_by = ?`+locking(db, lockFree)+`) RETURNING id`,
			to, at(until), listed(ids), by).Scan(&changed).Error
	})
	return changed, err
}
