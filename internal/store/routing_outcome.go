package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"paymenthub/internal/merchant"
	"paymenthub/internal/routing"
)

// bucketRow is a row of routing_outcomes.
type bucketRow struct {
	MerchantID  string
	Environment string
	Gateway     string
	Currency    string
	Region      string
	Kind        string
	Minute      int64
	Process     string
	Approved    int64
	Declined    int64
	Failed      int64
	Calls       int64
	LatencyMS   int64 `gorm:"column:latency_ms"`
	UpdatedAt   instant
}

// TableName implements schema.Tabler.
func (bucketRow) TableName() string { return "routing_outcomes" }

const bucketKey = "merchant_id, environment, gateway, currency, region, kind, minute, process"

func (r bucketRow) columns() []column {
	return append([]column{
		{"merchant_id", r.MerchantID}, {"environment", r.Environment}, {"gateway", r.Gateway}, {"currency", r.Currency},
		{"region", r.Region}, {"kind", r.Kind}, {"minute", r.Minute}, {"process", r.Process},
	}, r.changes()...)
}

func (r bucketRow) changes() []column {
	return []column{
		{"approved", r.Approved}, {"declined", r.Declined}, {"failed", r.Failed}, {"calls", r.Calls}, {"latency_ms", r.LatencyMS}, {"updated_at", r.UpdatedAt},
	}
}

func newBucketRow(b routing.Bucket) bucketRow {
	return bucketRow{
		MerchantID: b.Scope.MerchantID, Environment: string(b.Scope.Environment), Gateway: b.Gateway, Currency: b.Currency,
		Region: string(b.Region), Kind: b.Kind, Minute: b.Minute, Process: b.Process, Approved: b.Approved, Declined: b.Declined,
		Failed: b.Failed, Calls: b.Calls, LatencyMS: b.Latency.Milliseconds(), UpdatedAt: at(b.At),
	}
}

func (r bucketRow) bucket() (routing.Bucket, error) {
	return routing.Bucket{
		Cell: routing.Cell{
			Scope: scopeOf(r.MerchantID, r.Environment), Gateway: r.Gateway, Currency: r.Currency, Region: routing.Region(r.Region), Kind: r.Kind,
		},
		Minute: r.Minute, Process: r.Process, At: r.UpdatedAt.Time,
		Counts: routing.Counts{
			Approved: r.Approved, Declined: r.Declined, Failed: r.Failed, Calls: r.Calls, Latency: time.Duration(r.LatencyMS) * time.Millisecond,
		},
	}, nil
}

// overBucket writes over what the same process said of the same minute.
var overBucket = onConflict(bucketKey, bucketRow{}.changes(), "true")

// bucketBatch is how many buckets one statement writes.
const bucketBatch = 500

// PutBuckets stores buckets, over what the same process said of the same minute.
func (r Routing) PutBuckets(ctx context.Context, buckets []routing.Bucket) error {
	rows := make([]bucketRow, 0, len(buckets))
	for _, b := range buckets {
		rows = append(rows, newBucketRow(b))
	}
	for len(rows) > 0 {
		batch := rows[:min(bucketBatch, len(rows))]
		rows = rows[len(batch):]
		err := r.store.transact(ctx, "put outcomes", func(tx *gorm.DB) error {
			_, err := insert(tx, overBucket, batch...)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// BucketsOfOthers returns what other processes wrote since a time.
func (r Routing) BucketsOfOthers(ctx context.Context, process string, since time.Time) ([]routing.Bucket, error) {
	return r.buckets(ctx, "read outcomes", func(db *gorm.DB) *gorm.DB {
		return db.Where("updated_at >= ? AND process <> ?", at(since), process)
	})
}

// sums are the columns of several buckets that are summed up.
const sums = "CAST(SUM(approved) AS BIGINT) AS approved, CAST(SUM(declined) AS BIGINT) AS declined, CAST(SUM(failed) AS BIGINT) AS failed, " +
	"CAST(SUM(calls) AS BIGINT) AS calls, CAST(SUM(latency_ms) AS BIGINT) AS latency_ms"

// History sums up what all processes wrote of the minutes before one and not before
// another, in steps of so many minutes.
func (r Routing) History(ctx context.Context, from, before, step int64) ([]routing.Bucket, error) {
	return r.buckets(ctx, "read history of outcomes", func(db *gorm.DB) *gorm.DB {
		const cell = "merchant_id, environment, gateway, currency, region, kind"
		return db.Select(cell+", (minute / ?) * ? AS minute, "+sums, step, step).Where("minute >= ? AND minute < ?", from, before).
			Group(cell + ", 7")
	})
}

// Totals sums up a scope's buckets from a minute on, by cell, in a fixed order.
func (r Routing) Totals(ctx context.Context, scope merchant.Scope, from int64) ([]routing.Bucket, error) {
	return r.buckets(ctx, "sum up outcomes", func(db *gorm.DB) *gorm.DB {
		const cell = "merchant_id, environment, gateway, currency, region, kind"
		return within(db, scope).Select(cell+", "+sums).Where("minute >= ?", from).Group(cell).Order(cell)
	})
}

func (r Routing) buckets(ctx context.Context, operation string, query func(*gorm.DB) *gorm.DB) (found []routing.Bucket, err error) {
	err = r.store.view(ctx, operation, func(db *gorm.DB) error {
		var rows []bucketRow
		if err := query(db.Table(bucketRow{}.TableName())).Find(&rows).Error; err != nil {
			return err
		}
		found, err = convert(rows, bucketRow.bucket)
		return err
	})
	return found, err
}

// DeleteOldOutcomes removes up to limit buckets from before a minute, and signals of
// processes that have said nothing since.
func (r Routing) DeleteOldOutcomes(ctx context.Context, before int64, limit int) (deleted int64, err error) {
	err = r.store.transact(ctx, "delete old outcomes", func(tx *gorm.DB) error {
		done := tx.Exec("DELETE FROM routing_outcomes WHERE ("+bucketKey+") IN (SELECT "+bucketKey+
			" FROM routing_outcomes WHERE minute < ? ORDER BY minute LIMIT ?)", before, limit)
		deleted = done.RowsAffected
		if done.Error != nil {
			return done.Error
		}
		return tx.Exec("DELETE FROM gateway_signals WHERE updated_at < ?", at(time.Unix(before*60, 0))).Error
	})
	return deleted, err
}

// DeclinedAttempts counts attempts with a card since a time that were declined, up to
// limit. A fingerprint is one merchant's own; the terms are those of the index.
func (r Routing) DeclinedAttempts(ctx context.Context, scope merchant.Scope, fingerprint string, since time.Time, limit int) (found int, err error) {
	err = r.store.view(ctx, "count declined attempts", func(db *gorm.DB) error {
		return db.Raw(`SELECT count(*) FROM (SELECT 1 FROM payment_attempts
			JOIN payment_intents ON payment_intents.id = payment_attempts.payment_id AND payment_intents.merchant_id = ? AND payment_intents.environment = ?
			WHERE payment_attempts.status = 'declined' AND payment_attempts.card_fingerprint <> '' AND payment_attempts.card_fingerprint = ?
			AND payment_attempts.created_at > ? LIMIT ?) AS seen`,
			scope.MerchantID, string(scope.Environment), fingerprint, at(since), limit).Scan(&found).Error
	})
	return found, err
}
