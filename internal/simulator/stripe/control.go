package stripe

import (
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"

	"go.uber.org/zap"

	"paymenthub/internal/simulator"
)

// missingError says which field names an object that does not exist.
type missingError struct{ field string }

// Error implements error.
func (e *missingError) Error() string { return e.field + ": does not exist" }

// conflictError says which field asks for what the object's state forbids.
type conflictError struct{ field, message string }

// Error implements error.
func (e *conflictError) Error() string { return e.field + ": " + e.message }

// act runs f by the simulator's own doing, in a transaction of the account that
// owns the object of a table; a missingError of field when there is none such.
func (s *Simulator) act(table, prefix, id, field string, f func(*transaction) error) error {
	seq, ok := parseID(prefix, id)
	if !ok {
		return &missingError{field}
	}
	tx := &transaction{call: &call{sim: s}}
	err := s.store.update(func(conn *connection) error {
		tx.connection = conn
		row, err := conn.queryRow(`SELECT account FROM `+table+` WHERE seq = ?`, seq)
		if err != nil {
			return err
		}
		if err := row.Scan(&tx.call.account); errors.Is(err, sql.ErrNoRows) {
			return &missingError{field}
		} else if err != nil {
			return err
		}
		if err := f(tx); err != nil {
			return err
		}
		return tx.flushEvents()
	})
	if err == nil {
		tx.finish()
	}
	return err
}

// writeActed answers a /_sim request with the object as it is afterwards.
func (s *Simulator) writeActed(w http.ResponseWriter, status int, doc []byte, err error) {
	var gone *missingError
	var conflict *conflictError
	switch {
	case err == nil:
		simulator.WriteJSON(w, status, json.RawMessage(doc))
	case errors.As(err, &gone):
		simulator.WriteProblem(w, http.StatusNotFound, gone.field, "does not exist")
	case errors.As(err, &conflict):
		simulator.WriteProblem(w, http.StatusConflict, conflict.field, conflict.message)
	default:
		s.log.Error("simulator failed", zap.Error(err))
		simulator.WriteProblem(w, http.StatusInternalServerError, "", "something went wrong")
	}
}
