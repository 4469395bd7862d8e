package store

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"gorm.io/gorm"

	"paymenthub/internal/event"
	"paymenthub/internal/id"
	"paymenthub/internal/webhook"
)

// storeHealth writes what attempts tell of the known ones among their endpoints, and
// disables those that are gone or have failed for too long.
func storeHealth(tx *gorm.DB, out *outbox, known map[string]endpointRow, written []webhook.Result, now time.Time) error {
	of := map[string][]webhook.Result{}
	for _, result := range written {
		if telling(result) {
			of[result.Before.EndpointID] = append(of[result.Before.EndpointID], result)
		}
	}
	for _, endpointID := range slices.Sorted(maps.Keys(of)) {
		row, judged := known[endpointID]
		if !judged || row.Disabled != "" {
			continue // the health of a disabled one begins anew when it is enabled
		}
		e, err := row.endpoint()
		if err != nil {
			return err
		}
		health, gone := judge(e, of[endpointID], now)
		if health != e.Health {
			if err := putHealth(tx, row, health); err != nil {
				return err
			}
		}
		e.Health = health
		switch {
		case gone:
			err = disable(tx, out, e, webhook.Gone, now)
		case health.GivenUp(now):
			err = disable(tx, out, e, webhook.Failing, now)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// judge says what results tell of an endpoint as it stands: its health, and whether it
// answered 410. Those of what it was before it was moved or enabled again tell nothing.
func judge(e webhook.Endpoint, results []webhook.Result, now time.Time) (health webhook.Health, gone bool) {
	health = e.Health
	slices.SortStableFunc(results, func(a, b webhook.Result) int { return ended(*a.Attempt).Compare(ended(*b.Attempt)) })
	for _, result := range results {
		a := result.Attempt
		switch {
		case e.ResetSince(a.URL, result.Version):
		case a.OK():
			health = webhook.Health{}
		default:
			health = health.AfterFailure(now, a.RetryAfter)
			gone = gone || a.Gone()
		}
	}
	return health, gone
}

func ended(a webhook.Attempt) time.Time { return a.StartedAt.Add(a.Duration) }

func putHealth(tx *gorm.DB, row endpointRow, health webhook.Health) error {
	row.FailingSince, row.FailedAt = at(health.FailingSince), at(health.FailedAt)
	row.Failures, row.PausedUntil = health.Failures, at(health.PausedUntil)
	_, err := update(tx, row.TableName(), row.health(), "id = ?", row.ID)
	return err
}

// disable tells an endpoint nothing any more, and its merchant that it is so: by an
// event, which other endpoints may hear of, and by a notice.
func disable(tx *gorm.DB, out *outbox, e webhook.Endpoint, reason webhook.DisabledReason, now time.Time) error {
	e.Disabled, e.DisabledAt, e.UpdatedAt = reason, now, now
	e.Version++ // what the merchant changes at the same moment must not enable it again
	_, err := update(tx, endpointRow{}.TableName(), []column{
		{"disabled", string(reason)}, {"disabled_at", at(now)}, {"version", e.Version}, {"updated_at", at(now)},
	}, "id = ?", e.ID)
	if err != nil {
		return err
	}
	told, err := event.New(e.Scope, event.WebhookEndpointDisabled, e.ID, e.Outline(), now)
	if err != nil {
		return err
	}
	if err := insertEvents(tx, out, []event.Event{told}); err != nil {
		return err
	}
	what := "answered 410 (gone)"
	if reason == webhook.Failing {
		what = fmt.Sprintf("has failed every time since %s", e.Health.FailingSince.Format(time.RFC1123))
	}
	return insertNotice(tx, noticeRow{
		ID: id.New(id.Notice), MerchantID: e.Scope.MerchantID, Environment: string(e.Scope.Environment),
		Kind: string(event.WebhookEndpointDisabled), ObjectID: e.ID, CreatedAt: at(now), MailDueAt: at(now),
		Text: fmt.Sprintf("The webhook endpoint %s %s and was disabled: it is told of no events. "+
			"Enable it when it is back, and have what it missed delivered again.", e.ID, what),
	})
}
