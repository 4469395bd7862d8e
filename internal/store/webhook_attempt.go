package store

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"gorm.io/gorm"

	"paymenthub/internal/merchant"
	"paymenthub/internal/webhook"
)

// sendingRow is a row of webhook_attempts.
type sendingRow struct {
	DeliveryID      string
	Number          int
	Round           int
	URL             string
	StartedAt       instant
	DurationUS      int64 `gorm:"column:duration_us"`
	RequestHeaders  string
	BodyDigest      string
	BodySize        int
	Code            int
	ResponseHeaders string
	ResponseBody    string
	Truncated       int
	RetryAfterS     int64 `gorm:"column:retry_after_s"`
	Error           string
}

// TableName implements schema.Tabler.
func (sendingRow) TableName() string { return "webhook_attempts" }

func (r sendingRow) columns() []column {
	return []column{
		{"delivery_id", r.DeliveryID}, {"number", r.Number}, {"round", r.Round}, {"url", r.URL}, {"started_at", r.StartedAt},
		{"duration_us", r.DurationUS}, {"request_headers", r.RequestHeaders}, {"body_digest", r.BodyDigest}, {"body_size", r.BodySize},
		{"code", r.Code}, {"response_headers", r.ResponseHeaders}, {"response_body", r.ResponseBody}, {"truncated", r.Truncated},
		{"retry_after_s", r.RetryAfterS}, {"error", r.Error},
	}
}

func newSendingRow(a webhook.Attempt) (sendingRow, error) {
	sent, err := asJSON(a.RequestHeaders)
	if err != nil {
		return sendingRow{}, err
	}
	received, err := asJSON(a.ResponseHeaders)
	row := sendingRow{
		DeliveryID: a.DeliveryID, Number: a.Number, Round: a.Round, URL: a.URL, StartedAt: at(a.StartedAt), DurationUS: a.Duration.Microseconds(),
		RequestHeaders: sent, BodyDigest: a.BodyDigest, BodySize: a.BodySize, Code: a.Code, ResponseHeaders: received,
		ResponseBody: a.ResponseBody, RetryAfterS: int64(a.RetryAfter / time.Second), Error: a.Error,
	}
	if a.Truncated {
		row.Truncated = 1
	}
	return row, err
}

func (r sendingRow) attempt() (webhook.Attempt, error) {
	sent, err := fromJSON[http.Header](&r.RequestHeaders)
	if err != nil {
		return webhook.Attempt{}, err
	}
	received, err := fromJSON[http.Header](&r.ResponseHeaders)
	if err != nil {
		return webhook.Attempt{}, err
	}
	return webhook.Attempt{
		DeliveryID: r.DeliveryID, Number: r.Number, Round: r.Round, URL: r.URL, StartedAt: r.StartedAt.Time,
		Duration: time.Duration(r.DurationUS) * time.Microsecond, RequestHeaders: *sent, BodyDigest: r.BodyDigest, BodySize: r.BodySize,
		Code: r.Code, ResponseHeaders: *received, ResponseBody: r.ResponseBody, Truncated: r.Truncated == 1,
		RetryAfter: time.Duration(r.RetryAfterS) * time.Second, Error: r.Error,
	}, nil
}

// Attempts returns a delivery's attempts, oldest first; none of another scope's.
func (r Webhooks) Attempts(ctx context.Context, scope merchant.Scope, deliveryID string) (found []webhook.Attempt, err error) {
	err = r.store.view(ctx, "list webhook attempts", func(db *gorm.DB) error {
		var rows []sendingRow
		err := db.Where(`delivery_id = (SELECT id FROM webhook_deliveries WHERE id = ? AND merchant_id = ? AND environment = ?)`,
			deliveryID, scope.MerchantID, string(scope.Environment)).Order("number").Find(&rows).Error
		if err != nil {
			return err
		}
		found, err = convert(rows, sendingRow.attempt)
		return err
	})
	return found, err
}

// LastAttempts returns the last attempt of each of several deliveries as they were read,
// by delivery id; none of another scope's. An attempt's number is how many there were with
// it, so that each takes one look into an index of deliveries and one into that of attempts:
// CROSS JOIN keeps SQLite on this way.
func (r Webhooks) LastAttempts(ctx context.Context, scope merchant.Scope, of []webhook.Delivery) (map[string]webhook.Attempt, error) {
	last := map[string]webhook.Attempt{}
	var asked [][2]any
	for _, d := range of {
		if d.Attempts > 0 {
			asked = append(asked, [2]any{d.ID, d.Attempts})
		}
	}
	if len(asked) == 0 {
		return last, nil
	}
	list, _ := json.Marshal(asked) // strings and numbers always marshal
	err := r.store.view(ctx, "list last webhook attempts", func(db *gorm.DB) error {
		rows, err := rowsOf[sendingRow](db, "SELECT a.* FROM "+elements(db)+` CROSS JOIN webhook_deliveries d CROSS JOIN webhook_attempts a
			WHERE d.id = value ->> 0 AND d.merchant_id = ? AND d.environment = ? AND a.delivery_id = d.id AND a.number = CAST(value ->> 1 AS BIGINT)`,
			string(list), scope.MerchantID, string(scope.Environment))
		if err != nil {
			return err
		}
		found, err := convert(rows, sendingRow.attempt)
		for _, a := range found {
			last[a.DeliveryID] = a
		}
		return err
	})
	return last, err
}

// elements has a row for each element of a list, which is one argument: its column value.
func elements(db *gorm.DB) string {
	if db.Name() == string(Postgres) {
		return "json_array_elements(CAST(? AS JSON))"
	}
	return "json_each(?)"
}
