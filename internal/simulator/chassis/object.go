package chassis

import (
	"database/sql"
	"encoding/json"
	"errors"
	"time"
)

// The kinds of objects that /_sim knows. A provider may have others.
const (
	KindPayment = "payment"
	KindRefund  = "refund"
	KindDispute = "dispute"
)

// Object is one object of an account at the provider. Its id is the only one of
// its kind, over all accounts.
type Object struct {
	Account, Kind, ID string
	CreatedAt         time.Time // never the same twice
	Doc               json.RawMessage
}

// Find reads an object by its id; false when the account has none such.
func Find[T any](q Reader, account, kind, id string) (*T, bool, error) {
	row, err := q.queryRow(`SELECT doc FROM objects WHERE kind = ? AND id = ? AND account = ?`, kind, id, account)
	if err != nil {
		return nil, false, err
	}
	var doc []byte
	if err := row.Scan(&doc); errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	} else if err != nil {
		return nil, false, err
	}
	found := new(T)
	return found, true, json.Unmarshal(doc, found)
}

// Listing says which objects of an account, and in which order.
type Listing struct {
	Account, Kind string
	Ref           string    // only those with this reference; "" all
	Newest        bool      // the newest first
	Before, After time.Time // only those made before, after; zero: no bound
	Limit         int       // at most so many; 0 means 1,000
}

// List reads objects, the oldest first unless the listing says otherwise.
func List(q Reader, l Listing) ([]Object, error) {
	query, args := `SELECT o.seq, o.id, o.doc FROM objects o WHERE o.account = ? AND o.kind = ?`, []any{l.Account, l.Kind}
	if l.Ref != "" {
		query = `SELECT o.seq, o.id, o.doc FROM refs r JOIN objects o ON o.seq = r.object WHERE r.account = ? AND r.kind = ? AND r.ref = ?`
		args = append(args, l.Ref)
	}
	if !l.Before.IsZero() {
		query, args = query+` AND o.seq < ?`, append(args, l.Before.UnixMicro())
	}
	if !l.After.IsZero() {
		query, args = query+` AND o.seq > ?`, append(args, l.After.UnixMicro())
	}
	if l.Newest {
		query += ` ORDER BY o.seq DESC LIMIT ?`
	} else {
		query += ` ORDER BY o.seq LIMIT ?`
	}
	if l.Limit == 0 {
		l.Limit = 1000
	}
	rows, err := q.query(query, append(args, l.Limit)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := []Object{}
	for rows.Next() {
		o := Object{Account: l.Account, Kind: l.Kind}
		var seq int64
		if err := rows.Scan(&seq, &o.ID, &o.Doc); err != nil {
			return nil, err
		}
		o.CreatedAt = time.UnixMicro(seq).UTC()
		found = append(found, o)
	}
	return found, rows.Err()
}

// Docs reads the objects of a listing as what they are.
func Docs[T any](q Reader, l Listing) ([]*T, error) {
	objects, err := List(q, l)
	docs := make([]*T, len(objects))
	for i, o := range objects {
		docs[i] = new(T)
		if err := json.Unmarshal(o.Doc, docs[i]); err != nil {
			return nil, err
		}
	}
	return docs, err
}

// Save writes an object, which is made when the account has none of this id yet,
// and what it can be listed by. References are added, never taken away.
func (tx *Tx) Save(kind, id string, doc any, refs ...string) error {
	err := tx.exec(`INSERT INTO objects (seq, account, kind, id, doc) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (kind, id) DO UPDATE SET doc = excluded.doc WHERE account = excluded.account`,
		tx.sim.seq.next(), tx.Account, kind, id, Marshal(doc))
	if err != nil {
		return err
	}
	for _, ref := range refs {
		err := tx.exec(`INSERT OR IGNORE INTO refs (account, kind, ref, object)
			SELECT account, kind, ?, seq FROM objects WHERE kind = ? AND id = ? AND account = ?`, ref, kind, id, tx.Account)
		if err != nil {
			return err
		}
	}
	return nil
}

// owner is the account of an object; "" when there is none such.
func owner(q Reader, kind, id string) (account string, err error) {
	row, err := q.queryRow(`SELECT account FROM objects WHERE kind = ? AND id = ?`, kind, id)
	if err != nil {
		return "", err
	}
	if err = row.Scan(&account); errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return account, err
}

// Marshal marshals a package's own types, which always can be.
func Marshal(v any) []byte {
	doc, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return doc
}
