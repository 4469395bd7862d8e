// Package simulator holds what every provider's simulator shares: faults on
// demand (lost answers, resets, server errors) and the witness endpoints that
// tell which charges and refunds really happened.
//
// A simulator is the independent record that the hub is held against, so this
// package and its children import none of the hub's packages.
package simulator

import (
	"encoding/json"
	"net/http"
)

// problem is the error body of the /_sim endpoints. Field names the part of the
// request that is wrong, empty when no single field is.
type problem struct {
	Error string `json:"error"`
	Field string `json:"field,omitempty"`
}

// WriteJSON answers a /_sim request with body as JSON.
func WriteJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The client may be gone; there is nobody left to tell.
	_ = json.NewEncoder(w).Encode(body)
}

// WriteProblem answers a /_sim request with an error that names the wrong field.
func WriteProblem(w http.ResponseWriter, status int, field, message string) {
	WriteJSON(w, status, problem{Error: message, Field: field})
}
