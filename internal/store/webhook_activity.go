package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"gorm.io/gorm"

	"paymenthub/internal/merchant"
	"paymenthub/internal/webhook"
)

// activityRow is a row of webhook_activity.
type activityRow struct {
	EndpointID string
	At         instant
	Succeeded  int
	Failed     int
	TookUS     int64 `gorm:"column:took_us"`
}

// TableName implements schema.Tabler.
func (activityRow) TableName() string { return "webhook_activity" }

func (r activityRow) columns() []column {
	return []column{{"endpoint_id", r.EndpointID}, {"at", r.At}, {"succeeded", r.Succeeded}, {"failed", r.Failed}, {"took_us", r.TookUS}}
}

func (r activityRow) bucket() (webhook.Bucket, error) {
	return webhook.Bucket{
		EndpointID: r.EndpointID, At: r.At.Time, Succeeded: r.Succeeded, Failed: r.Failed, Took: time.Duration(r.TookUS) * time.Microsecond,
	}, nil
}

// addActivity adds to what a bucket has counted.
const addActivity = `ON CONFLICT (endpoint_id, at) DO UPDATE SET succeeded = webhook_activity.succeeded + excluded.succeeded,
	failed = webhook_activity.failed + excluded.failed, took_us = webhook_activity.took_us + excluded.took_us`

// storeActivity counts attempts in the buckets in which they ended.
func storeActivity(tx *gorm.DB, written []webhook.Result) error {
	type key struct {
		endpointID string
		at         time.Time
	}
	counted := map[key]*activityRow{}
	var rows []activityRow
	for _, result := range written {
		if !telling(result) {
			continue
		}
		a := result.Attempt
		k := key{result.Before.EndpointID, ended(*a).UTC().Truncate(webhook.BucketLength)}
		row, known := counted[k]
		if !known {
			row = &activityRow{EndpointID: k.endpointID, At: at(k.at)}
			counted[k] = row
		}
		if row.TookUS += a.Duration.Microseconds(); a.OK() {
			row.Succeeded++
		} else {
			row.Failed++
		}
	}
	for _, row := range counted {
		rows = append(rows, *row)
	}
	slices.SortFunc(rows, func(a, b activityRow) int {
		return cmp.Or(cmp.Compare(a.EndpointID, b.EndpointID), a.At.Compare(b.At.Time))
	})
	_, err := insert(tx, addActivity, rows...)
	return err
}

// Activity returns the buckets of a scope's endpoints, or of one of them, from a time
// on, oldest first.
func (r Webhooks) Activity(ctx context.Context, scope merchant.Scope, endpointID string, from time.Time) (found []webhook.Bucket, err error) {
	err = r.store.view(ctx, "read webhook activity", func(db *gorm.DB) error {
		endpoints := endpointsWithin(db, scope).Table(endpointRow{}.TableName()).Select("id")
		if endpointID != "" {
			endpoints = endpoints.Where("id = ?", endpointID)
		}
		var rows []activityRow
		err := db.Where("endpoint_id IN (?) AND at >= ?", endpoints, at(from.Truncate(webhook.BucketLength))).Order("at, endpoint_id").Find(&rows).Error
		if err != nil {
			return err
		}
		found, err = convert(rows, activityRow.bucket)
		return err
	})
	return found, err
}
