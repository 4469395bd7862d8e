// Package simulator holds what every provider's simulator shares: faults on
// demand (lost answers, resets, server errors; late, lost and repeated webhooks)
// and the witness endpoints that tell which charges, refunds and disputes really
// happened.
//
// A simulator is the independent record that the hub is held against, so this
// package and its children import none of the hub's packages.
package simulator

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

const maxRequestBody = 64 << 10

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

// ReadJSON reads the one JSON object of a /_sim request into body. When it cannot,
// it answers 400, names the field that is wrong or unknown, and returns false.
func ReadJSON(w http.ResponseWriter, r *http.Request, body any) bool {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequestBody))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(body)
	if err == nil {
		return true
	}
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		WriteProblem(w, http.StatusBadRequest, wrong.Field, "has the wrong type")
		return false
	}
	if name, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); unknown {
		WriteProblem(w, http.StatusBadRequest, strings.Trim(name, `"`), "is not a field of this request")
		return false
	}
	WriteProblem(w, http.StatusBadRequest, "", "the body must be one JSON object")
	return false
}

// WriteRefusal answers 400 to a /_sim request whose values are wrong; a
// *FieldError names the field.
func WriteRefusal(w http.ResponseWriter, err error) {
	var wrong *FieldError
	if errors.As(err, &wrong) {
		WriteProblem(w, http.StatusBadRequest, wrong.Field, wrong.Message)
		return
	}
	WriteProblem(w, http.StatusBadRequest, "", err.Error())
}

// WriteProblem answers a /_sim request with an error that names the wrong field.
func WriteProblem(w http.ResponseWriter, status int, field, message string) {
	WriteJSON(w, status, problem{Error: message, Field: field})
}
