package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"paymenthub/internal/fault"
	"paymenthub/internal/merchant"
	"paymenthub/internal/webhook"
)

// replayRow is a row of webhook_replays.
type replayRow struct {
	ID          string
	MerchantID  string
	Environment string
	EndpointID  string
	Kind        string
	FromTime    instant
	ToTime      instant
	Status      string
	Total       int
	Seen        int
	Queued      int
	CursorID    string
	CreatedAt   instant
	UpdatedAt   instant
	EndedAt     instant
}

// TableName implements schema.Tabler.
func (replayRow) TableName() string { return "webhook_replays" }

func (r replayRow) columns() []column {
	return append([]column{
		{"id", r.ID}, {"merchant_id", r.MerchantID}, {"environment", r.Environment}, {"endpoint_id", r.EndpointID}, {"kind", r.Kind},
		{"from_time", r.FromTime}, {"to_time", r.ToTime}, {"total", r.Total}, {"created_at", r.CreatedAt},
	}, r.changes()...)
}

// changes lists the columns that differ in the course of a replay.
func (r replayRow) changes() []column {
	return []column{
		{"status", r.Status}, {"seen", r.Seen}, {"queued", r.Queued}, {"cursor_id", r.CursorID}, {"updated_at", r.UpdatedAt}, {"ended_at", r.EndedAt},
	}
}

func newReplayRow(r webhook.Replay) replayRow {
	return replayRow{
		ID: r.ID, MerchantID: r.Scope.MerchantID, Environment: string(r.Scope.Environment), EndpointID: r.EndpointID, Kind: string(r.Kind),
		FromTime: at(r.From), ToTime: at(r.To), Status: string(r.Status), Total: r.Total, Seen: r.Seen, Queued: r.Queued, CursorID: r.Cursor,
		CreatedAt: at(r.CreatedAt), UpdatedAt: at(r.UpdatedAt), EndedAt: at(r.EndedAt),
	}
}

func (r replayRow) replay() (webhook.Replay, error) {
	return webhook.Replay{
		ID: r.ID, Scope: scopeOf(r.MerchantID, r.Environment), EndpointID: r.EndpointID, Kind: webhook.ReplayKind(r.Kind),
		From: r.FromTime.Time, To: r.ToTime.Time, Status: webhook.ReplayStatus(r.Status), Total: r.Total, Seen: r.Seen, Queued: r.Queued,
		Cursor: r.CursorID, CreatedAt: r.CreatedAt.Time, UpdatedAt: r.UpdatedAt.Time, EndedAt: r.EndedAt.Time,
	}, nil
}

// errReplaying: one replay at a time bounds what a merchant has sent to others' servers.
var errReplaying = fault.New(fault.InvalidState, "Another replay is running. Wait until it has ended.")

// CreateReplay counts what there is to send again and stores the replay with it; one
// that is stored already is returned as it is. Where To is not set it is CreatedAt.
// Errors: fault.NotFound for the endpoint, fault.InvalidState when it is disabled or the
// scope has a replay running.
func (r Webhooks) CreateReplay(ctx context.Context, wanted webhook.Replay) (stored webhook.Replay, err error) {
	if wanted.To.IsZero() {
		wanted.To = wanted.CreatedAt
	}
	// Counting takes as long as there is much: nobody waits for the endpoint meanwhile.
	err = r.store.view(ctx, "count what is to be replayed", func(db *gorm.DB) error {
		if _, err := one(endpointsWithin(db, wanted.Scope).Where("id = ?", wanted.EndpointID), "webhook endpoint", wanted.EndpointID, endpointRow.endpoint); err != nil {
			return err
		}
		stored, err = one(within(db, wanted.Scope).Where("id = ?", wanted.ID), "replay", wanted.ID, replayRow.replay)
		if !fault.Is(err, fault.NotFound) {
			return err
		}
		wanted.Total, err = countReplayed(db, wanted)
		return err
	})
	if err != nil || stored.ID != "" {
		return stored, err
	}
	err = r.store.transact(ctx, "create webhook replay", func(tx *gorm.DB) error {
		endpoint, err := lockEndpoint(tx, wanted.Scope, wanted.EndpointID)
		if err != nil {
			return err
		}
		stored, err = one(within(tx, wanted.Scope).Where("id = ?", wanted.ID), "replay", wanted.ID, replayRow.replay)
		if !fault.Is(err, fault.NotFound) {
			return err
		}
		if endpoint.Disabled != "" {
			return errDisabled
		}
		running, err := rowsOf[replayRow](tx, "SELECT * FROM webhook_replays WHERE merchant_id = ? AND environment = ? AND status = 'running'",
			wanted.Scope.MerchantID, string(wanted.Scope.Environment))
		if err != nil {
			return err
		}
		if len(running) > 0 {
			return errReplaying
		}
		stored = wanted
		written, err := insert(tx, "ON CONFLICT DO NOTHING", newReplayRow(stored))
		return atLeastOne(written, err, errReplaying)
	})
	return stored, err
}

// Replay returns one replay. Errors: fault.NotFound.
func (r Webhooks) Replay(ctx context.Context, scope merchant.Scope, replayID string) (found webhook.Replay, err error) {
	err = r.store.view(ctx, "read webhook replay", func(db *gorm.DB) error {
		found, err = one(within(db, scope).Where("id = ?", replayID), "replay", replayID, replayRow.replay)
		return err
	})
	return found, err
}

// ListReplays lists an endpoint's replays newest first, and whether there are more.
func (r Webhooks) ListReplays(ctx context.Context, scope merchant.Scope, endpointID string, p webhook.Page) (found []webhook.Replay, more bool, err error) {
	err = r.store.view(ctx, "list webhook replays", func(db *gorm.DB) error {
		rows, any, err := list[replayRow](within(db, scope).Where("endpoint_id = ?", endpointID), cursor(p))
		if err != nil {
			return err
		}
		more = any
		found, err = convert(rows, replayRow.replay)
		return err
	})
	return found, more, err
}

// StaleReplays returns running replays not touched since a time, oldest first.
func (r Webhooks) StaleReplays(ctx context.Context, before time.Time, limit int) (found []webhook.Replay, err error) {
	err = r.store.view(ctx, "list stale webhook replays", func(db *gorm.DB) error {
		var rows []replayRow
		if err := db.Where("status = 'running' AND updated_at < ?", at(before)).Order("updated_at, id").Limit(limit).Find(&rows).Error; err != nil {
			return err
		}
		found, err = convert(rows, replayRow.replay)
		return err
	})
	return found, err
}

// stopReplays stops the replay of an endpoint that runs, if one does.
func stopReplays(tx *gorm.DB, endpointID string, now time.Time) error {
	_, err := update(tx, replayRow{}.TableName(), []column{
		{"status", string(webhook.ReplayStopped)}, {"updated_at", at(now)}, {"ended_at", at(now)},
	}, "endpoint_id = ? AND status = 'running'", endpointID)
	return err
}
