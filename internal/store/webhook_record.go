package store

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"paymenthub/internal/webhook"
)

// lockPatience is how long health waits for its endpoint, in Postgres' terms.
const lockPatience = "SET LOCAL lock_timeout = '250ms'"

// Record writes what came of attempts, in one transaction. Locks are taken in one order
// by everyone: endpoints, deliveries and activity, each by id. Whoever holds an endpoint
// keeps no result waiting: what attempts tell of its health is written after the others,
// or else left to be told by the next attempt.
func (r Webhooks) Record(ctx context.Context, now time.Time, results []webhook.Result) (written []webhook.Result, err error) {
	results = slices.Clone(results)
	slices.SortStableFunc(results, func(a, b webhook.Result) int { return strings.Compare(a.Before.ID, b.Before.ID) })
	var out outbox
	var held []string
	err = r.store.transact(ctx, "record webhook attempts", func(tx *gorm.DB) error {
		out, written = r.store.newOutbox(), nil
		known, busy, err := judged(tx, results)
		if err != nil {
			return err
		}
		held = busy
		for _, result := range results {
			mine, err := storeResult(tx, result)
			if err != nil {
				return err
			}
			if mine {
				written = append(written, result)
			}
		}
		if err := storeActivity(tx, written); err != nil {
			return err
		}
		return storeHealth(tx, &out, known, written, now)
	})
	if err != nil {
		return nil, err
	}
	out.send()
	for _, endpointID := range held {
		r.recordHealth(ctx, endpointID, written, now)
	}
	return written, nil
}

// recordHealth writes what attempts that are written tell of an endpoint that somebody
// else held. Their results are not in doubt when this fails: the failure is in the log.
func (r Webhooks) recordHealth(ctx context.Context, endpointID string, written []webhook.Result, now time.Time) {
	var out outbox
	err := r.store.transact(ctx, "record the health of a webhook endpoint", func(tx *gorm.DB) error {
		out = r.store.newOutbox()
		if err := tx.Exec(lockPatience).Error; err != nil {
			return err
		}
		known := map[string]endpointRow{}
		if _, err := readEndpoints(tx, []string{endpointID}, lockRows, known); err != nil {
			return err
		}
		return storeHealth(tx, &out, known, written, now)
	})
	if err == nil {
		out.send()
	}
}

// storeResult writes a delivery after an attempt, and the attempt, unless the delivery
// has moved on since.
func storeResult(tx *gorm.DB, result webhook.Result) (mine bool, err error) {
	row, before := newDeliveryRow(result.After), result.Before
	written, err := update(tx, row.TableName(), row.changes(), "id = ? AND status = ? AND round = ? AND attempts = ?",
		before.ID, string(before.Status), before.Round, before.Attempts)
	if err != nil || written == 0 || result.Attempt == nil {
		return written == 1, err
	}
	attempt, err := newSendingRow(*result.Attempt)
	if err == nil {
		_, err = insert(tx, "", attempt)
	}
	return true, err
}

// telling reports whether a result says something about its endpoint: tests do not, and
// what the hub failed to send does not.
func telling(result webhook.Result) bool {
	return result.Attempt != nil && !result.Attempt.Unsent && result.Before.Trigger != webhook.ByTest
}

// judged reads the endpoints of results, and locks those whose health may change. held
// are those of them that somebody else has locked; they are not among the known.
func judged(tx *gorm.DB, results []webhook.Result) (known map[string]endpointRow, held []string, err error) {
	failing := map[string]bool{}
	for _, result := range results {
		if telling(result) {
			failing[result.Before.EndpointID] = failing[result.Before.EndpointID] || !result.Attempt.OK()
		}
	}
	known = map[string]endpointRow{}
	if len(failing) == 0 {
		return known, nil, nil
	}
	rows, err := readEndpoints(tx, slices.Sorted(maps.Keys(failing)), "", known)
	if err != nil || locking(tx, lockFree) == "" {
		return known, nil, err
	}
	var changing []string
	for _, row := range rows {
		if failing[row.ID] || row.Failures > 0 {
			changing = append(changing, row.ID)
			delete(known, row.ID)
		}
	}
	if len(changing) == 0 {
		return known, nil, nil
	}
	if _, err := readEndpoints(tx, changing, lockFree, known); err != nil {
		return nil, nil, err
	}
	for _, endpointID := range changing {
		if _, locked := known[endpointID]; !locked {
			held = append(held, endpointID)
		}
	}
	return known, held, nil
}

// readEndpoints reads endpoints, and adds them to the known.
func readEndpoints(tx *gorm.DB, ids []string, lock string, known map[string]endpointRow) ([]endpointRow, error) {
	rows, err := rowsOf[endpointRow](tx, "SELECT * FROM webhook_endpoints WHERE id IN "+members(tx)+locking(tx, lock), listed(ids))
	for _, row := range rows {
		known[row.ID] = row
	}
	return rows, err
}
