package store

import (
	"encoding/json"

	"gorm.io/gorm"

	"paymenthub/internal/webhook"
)

// Webhooks implements the ports of webhook: endpoints, deliveries, their queue and replays.
type Webhooks struct{ store *Store }

// Webhooks returns what is kept of telling merchants' servers.
func (s *Store) Webhooks() Webhooks { return Webhooks{s} }

var (
	_ webhook.Endpoints  = Webhooks{}
	_ webhook.Deliveries = Webhooks{}
	_ webhook.Queue      = Webhooks{}
	_ webhook.Replays    = Webhooks{}
)

// Rows are locked against other changes of them, and several in the order of their ids.
// Events that refer to an endpoint are written meanwhile. SQLite has one writer, and no
// locks.
const (
	lockRow  = " FOR NO KEY UPDATE"
	lockRows = " ORDER BY id" + lockRow
	// lockFree takes those that nobody holds.
	lockFree = lockRows + " SKIP LOCKED"
)

func locking(db *gorm.DB, lock string) string {
	if db.Name() == string(Postgres) {
		return lock
	}
	return ""
}

// members selects the members of a list, which is one argument however long it is:
// a statement has one text for all lists.
func members(db *gorm.DB) string {
	if db.Name() == string(Postgres) {
		return "(SELECT json_array_elements_text(CAST(? AS JSON)))"
	}
	return "(SELECT value FROM json_each(?))"
}

// listed is the argument of members.
func listed(ids []string) string {
	raw, _ := json.Marshal(ids) // strings always marshal
	return string(raw)
}

// asJSON renders a list or a map for a column that is never NULL.
func asJSON[T any](v T) (string, error) {
	text, err := toJSON(&v)
	if err != nil {
		return "", err
	}
	return *text, nil
}
