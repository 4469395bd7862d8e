package stripe

import (
	"database/sql"
	"encoding/json"
	"errors"
)

// transaction is the one database transaction of a call that changes state.
type transaction struct {
	*connection
	call   *call
	events []event
	after  []func()
}

// committed has f run once the transaction is committed.
func (tx *transaction) committed(f func()) { tx.after = append(tx.after, f) }

// finish runs what waited for the commit.
func (tx *transaction) finish() {
	for _, f := range tx.after {
		f()
	}
}

// object looks an object up by its id; false when the account has none such.
func object[T any](q querier, account int64, table, prefix, id string) (*T, bool, error) {
	doc, err := find(q, account, table, prefix, id)
	if doc == nil || err != nil {
		return nil, false, err
	}
	found := new(T)
	return found, true, json.Unmarshal(doc, found)
}

// find is the doc of an object, nil when the account has none such.
func find(q querier, account int64, table, prefix, id string) ([]byte, error) {
	seq, ok := parseID(prefix, id)
	if !ok {
		return nil, nil
	}
	row, err := q.queryRow(`SELECT doc FROM `+table+` WHERE seq = ? AND account = ?`, seq, account)
	if err != nil {
		return nil, err
	}
	var doc []byte
	if err := row.Scan(&doc); errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if docID(doc) != id {
		return nil, nil
	}
	return doc, nil
}

// seqOf is the sequence number of an id that is known to be one of ours.
func seqOf(id string) int64 {
	prefix := prefixOf(id)
	seq, ok := parseID(prefix+"_", id)
	if !ok {
		panic("not an id of this simulator: " + prefix)
	}
	return seq
}

// customerSeq is the value of a customer column: NULL without a customer.
func customerSeq(id *string) any {
	if id == nil {
		return nil
	}
	return seqOf(*id)
}
