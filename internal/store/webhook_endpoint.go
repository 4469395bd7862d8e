package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"paymenthub/internal/fault"
	"paymenthub/internal/merchant"
	"paymenthub/internal/webhook"
)

// endpointRow is a row of webhook_endpoints.
type endpointRow struct {
	ID           string
	MerchantID   string
	Environment  string
	URL          string
	EventTypes   string
	Dialect      string
	Description  string
	HeaderNames  string
	Disabled     string
	DisabledAt   instant
	FailingSince instant
	Failures     int
	FailedAt     instant
	PausedUntil  instant
	SecretEndsAt instant
	KeyVersion   int
	Sealed       []byte
	Version      int
	CreatedAt    instant
	UpdatedAt    instant
}

// TableName implements schema.Tabler.
func (endpointRow) TableName() string { return "webhook_endpoints" }

func (r endpointRow) columns() []column {
	return append(append([]column{
		{"id", r.ID}, {"merchant_id", r.MerchantID}, {"environment", r.Environment}, {"dialect", r.Dialect}, {"created_at", r.CreatedAt},
	}, r.changes()...), r.health()...)
}

// changes lists the columns that the merchant's changes write.
func (r endpointRow) changes() []column {
	return []column{
		{"url", r.URL}, {"event_types", r.EventTypes}, {"description", r.Description}, {"header_names", r.HeaderNames},
		{"disabled", r.Disabled}, {"disabled_at", r.DisabledAt}, {"secret_ends_at", r.SecretEndsAt}, {"key_version", r.KeyVersion},
		{"sealed", r.Sealed}, {"version", r.Version}, {"updated_at", r.UpdatedAt},
	}
}

// health lists the columns that attempts write.
func (r endpointRow) health() []column {
	return []column{{"failing_since", r.FailingSince}, {"failures", r.Failures}, {"failed_at", r.FailedAt}, {"paused_until", r.PausedUntil}}
}

func newEndpointRow(e webhook.Endpoint) (endpointRow, error) {
	types, err := asJSON(e.EventTypes)
	if err != nil {
		return endpointRow{}, err
	}
	names, err := asJSON(e.HeaderNames)
	return endpointRow{
		ID: e.ID, MerchantID: e.Scope.MerchantID, Environment: string(e.Scope.Environment), URL: e.URL, EventTypes: types,
		Dialect: string(e.Dialect), Description: e.Description, HeaderNames: names, Disabled: string(e.Disabled),
		DisabledAt: at(e.DisabledAt), FailingSince: at(e.Health.FailingSince), Failures: e.Health.Failures,
		FailedAt: at(e.Health.FailedAt), PausedUntil: at(e.Health.PausedUntil), SecretEndsAt: at(e.SecretEndsAt), KeyVersion: e.KeyVersion, Sealed: e.Sealed,
		Version: e.Version, CreatedAt: at(e.CreatedAt), UpdatedAt: at(e.UpdatedAt),
	}, err
}

func (r endpointRow) endpoint() (webhook.Endpoint, error) {
	types, err := fromJSON[[]string](&r.EventTypes)
	if err != nil {
		return webhook.Endpoint{}, err
	}
	names, err := fromJSON[[]string](&r.HeaderNames)
	if err != nil {
		return webhook.Endpoint{}, err
	}
	return webhook.Endpoint{
		ID: r.ID, Scope: scopeOf(r.MerchantID, r.Environment), URL: r.URL, EventTypes: *types, Dialect: webhook.Dialect(r.Dialect),
		Description: r.Description, HeaderNames: *names, Disabled: webhook.DisabledReason(r.Disabled), DisabledAt: r.DisabledAt.Time,
		Health: webhook.Health{
			FailingSince: r.FailingSince.Time, FailedAt: r.FailedAt.Time, Failures: r.Failures, PausedUntil: r.PausedUntil.Time,
		},
		SecretEndsAt: r.SecretEndsAt.Time, KeyVersion: r.KeyVersion, Sealed: r.Sealed, Version: r.Version,
		CreatedAt: r.CreatedAt.Time, UpdatedAt: r.UpdatedAt.Time,
	}, nil
}

// endpointsWithin selects the scope's endpoints that are not deleted.
func endpointsWithin(db *gorm.DB, scope merchant.Scope) *gorm.DB {
	return within(db, scope).Where("disabled <> 'deleted'")
}

// lockEndpoint reads an endpoint that is about to be changed. Errors: fault.NotFound.
func lockEndpoint(tx *gorm.DB, scope merchant.Scope, endpointID string) (endpointRow, error) {
	var rows []endpointRow
	err := tx.Raw("SELECT * FROM webhook_endpoints WHERE id = ? AND merchant_id = ? AND environment = ? AND disabled <> 'deleted'"+
		locking(tx, lockRows), endpointID, scope.MerchantID, string(scope.Environment)).Scan(&rows).Error
	if err == nil && len(rows) == 0 {
		err = missing("webhook endpoint", endpointID)
	}
	if err != nil {
		return endpointRow{}, err
	}
	return rows[0], nil
}

// CreateEndpoint stores a new endpoint. Errors: fault.InvalidState when the scope has
// webhook.MaxEndpoints, webhook.ErrTaken when its id is, in any scope.
func (r Webhooks) CreateEndpoint(ctx context.Context, e webhook.Endpoint) error {
	row, err := newEndpointRow(e)
	if err != nil {
		return translate("create webhook endpoint", err)
	}
	return r.store.transact(ctx, "create webhook endpoint", func(tx *gorm.DB) error {
		if err := lockMerchant(tx, e.Scope); err != nil {
			return err
		}
		var count int64
		if err := endpointsWithin(tx, e.Scope).Table(row.TableName()).Count(&count).Error; err != nil {
			return err
		}
		if count >= webhook.MaxEndpoints {
			return fault.New(fault.InvalidState, "There are %d webhook endpoints already, and no more are possible. Delete one first.", count)
		}
		written, err := insert(tx, "ON CONFLICT (id) DO NOTHING", row)
		return atLeastOne(written, err, webhook.ErrTaken)
	})
}

// Endpoint returns one endpoint. Errors: fault.NotFound, also for a deleted one.
func (r Webhooks) Endpoint(ctx context.Context, scope merchant.Scope, endpointID string) (found webhook.Endpoint, err error) {
	err = r.store.view(ctx, "read webhook endpoint", func(db *gorm.DB) error {
		found, err = one(endpointsWithin(db, scope).Where("id = ?", endpointID), "webhook endpoint", endpointID, endpointRow.endpoint)
		return err
	})
	return found, err
}

// Refresh reads endpoints again, also disabled and deleted ones.
func (r Webhooks) Refresh(ctx context.Context, endpointIDs []string) (found []webhook.Endpoint, err error) {
	err = r.store.view(ctx, "read webhook endpoints again", func(db *gorm.DB) error {
		rows, err := rowsOf[endpointRow](db, "SELECT * FROM webhook_endpoints WHERE id IN "+members(db), listed(endpointIDs))
		if err != nil {
			return err
		}
		found, err = convert(rows, endpointRow.endpoint)
		return err
	})
	return found, err
}

// ListEndpoints lists newest first, and whether there are more.
func (r Webhooks) ListEndpoints(ctx context.Context, scope merchant.Scope, p webhook.Page) (found []webhook.Endpoint, more bool, err error) {
	err = r.store.view(ctx, "list webhook endpoints", func(db *gorm.DB) error {
		rows, any, err := list[endpointRow](endpointsWithin(db, scope), cursor(p))
		if err != nil {
			return err
		}
		more = any
		found, err = convert(rows, endpointRow.endpoint)
		return err
	})
	return found, more, err
}

// UpdateEndpoint stores what the merchant has changed. Another URL, or enabling it, begins
// the endpoint's health anew. Errors: webhook.ErrStale, fault.NotFound.
func (r Webhooks) UpdateEndpoint(ctx context.Context, e webhook.Endpoint) error {
	row, err := newEndpointRow(e)
	if err != nil {
		return translate("update webhook endpoint", err)
	}
	return r.store.transact(ctx, "update webhook endpoint", func(tx *gorm.DB) error {
		stored, err := lockEndpoint(tx, e.Scope, e.ID)
		if err != nil {
			return err
		}
		if stored.Version != e.Version-1 {
			return webhook.ErrStale
		}
		columns := row.changes()
		if stored.URL != row.URL || stored.Disabled != "" && row.Disabled == "" {
			columns = append(columns, endpointRow{}.health()...)
		}
		_, err = update(tx, row.TableName(), columns, "id = ?", row.ID)
		return err
	})
}

// DeleteEndpoint removes an endpoint for good, its sealed part with it, and stops a replay
// that runs. What is not delivered yet is canceled after that, in batches: the first of it
// here, and what is left, also when that fails, by CancelDeleted. Errors: fault.NotFound.
func (r Webhooks) DeleteEndpoint(ctx context.Context, scope merchant.Scope, endpointID string, now time.Time) error {
	err := r.store.transact(ctx, "delete webhook endpoint", func(tx *gorm.DB) error {
		stored, err := lockEndpoint(tx, scope, endpointID)
		if err != nil {
			return err
		}
		gone := endpointRow{
			EventTypes: "[]", HeaderNames: "[]", Disabled: string(webhook.Deleted), DisabledAt: at(now), KeyVersion: stored.KeyVersion,
			Sealed: []byte{}, Version: stored.Version + 1, UpdatedAt: at(now),
		}
		if _, err := update(tx, gone.TableName(), append(gone.changes(), gone.health()...), "id = ?", endpointID); err != nil {
			return err
		}
		return stopReplays(tx, endpointID, now)
	})
	if err == nil {
		_ = r.cancelOf(ctx, endpointID, now) // it is deleted, whatever comes of this
	}
	return err
}
