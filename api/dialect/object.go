package dialect

import (
	"encoding/json"

	"paymenthub/internal/event"
)

// read returns the object of an event, as the domain wrote it down.
func read[T any](e event.Event) (T, error) {
	var object T
	err := json.Unmarshal(e.Object, &object)
	return object, err
}

// optional turns an empty string into null.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
