package stripe

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"maps"
)

func (tx *transaction) loadIntent(id string) (*intent, error) {
	seq, _ := parseID("pi_", id)
	doc, err := find(tx, tx.call.account, "payment_intents", "pi_", id)
	if err != nil {
		return nil, err
	}
	if doc == nil {
		return nil, missing("payment_intent", id, "intent")
	}
	row, err := tx.queryRow(`SELECT return_url FROM payment_intents WHERE seq = ?`, seq)
	if err != nil {
		return nil, err
	}
	pi := &intent{}
	if err := row.Scan(&pi.returnURL); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(doc, &pi.paymentIntent); err != nil {
		return nil, err
	}
	pi.indexed = pi.Metadata
	return pi, nil
}

// saveIntent writes the intent as it is now and answers with its doc.
func (tx *transaction) saveIntent(pi *intent) ([]byte, error) {
	doc := mustMarshal(&pi.paymentIntent)
	seq := seqOf(pi.ID)
	var err error
	if pi.created {
		err = tx.exec(`INSERT INTO payment_intents (seq, account, customer, return_url, doc) VALUES (?, ?, ?, ?, ?)`,
			seq, tx.call.account, customerSeq(pi.Customer), pi.returnURL, doc)
	} else {
		err = tx.exec(`UPDATE payment_intents SET customer = ?, return_url = ?, doc = ? WHERE seq = ?`,
			customerSeq(pi.Customer), pi.returnURL, doc, seq)
	}
	if err == nil && !pi.created && !maps.Equal(pi.indexed, pi.Metadata) {
		err = indexMetadata(tx.connection, tx.call.account, seq, pi.Metadata)
	}
	pi.created, pi.indexed = false, pi.Metadata
	return doc, err
}

// indexMetadata makes an intent findable by its metadata as it is now. What it
// had before stays in the index: a search checks the intents that it finds.
func indexMetadata(conn *connection, account, seq int64, metadata map[string]string) error {
	for key, value := range metadata {
		err := conn.exec(`INSERT OR IGNORE INTO intent_metadata (hash, intent) VALUES (?, ?)`, metadataHash(account, key, value), seq)
		if err != nil {
			return err
		}
	}
	return nil
}

// indexBatch bounds how long indexing keeps payments waiting.
const indexBatch = 500

// catchUp brings the search index up to date: payments do not pay for it.
func (s *Simulator) catchUp() error {
	for full := true; full; {
		err := s.store.update(func(conn *connection) (err error) {
			full, err = indexNext(conn)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// indexNext indexes the next intents, and tells whether there may be more.
func indexNext(conn *connection) (full bool, err error) {
	rows, err := conn.query(`SELECT seq, account, doc FROM payment_intents
		WHERE seq > (SELECT intent FROM indexed_until) ORDER BY seq LIMIT ?`, indexBatch)
	if err != nil {
		return false, err
	}
	type entry struct {
		seq, account int64
		metadata     map[string]string
	}
	var batch []entry
	for rows.Next() {
		var next entry
		var doc []byte
		if err := rows.Scan(&next.seq, &next.account, &doc); err != nil {
			return false, errors.Join(err, rows.Close())
		}
		field, _ := findField(doc, "metadata")
		if err := json.Unmarshal(doc[field.from:field.to], &next.metadata); err != nil {
			return false, errors.Join(err, rows.Close())
		}
		batch = append(batch, next)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil || len(batch) == 0 {
		return false, err
	}
	for _, next := range batch {
		if err := indexMetadata(conn, next.account, next.seq, next.metadata); err != nil {
			return false, err
		}
	}
	err = conn.exec(`UPDATE indexed_until SET intent = ?`, batch[len(batch)-1].seq)
	return len(batch) == indexBatch, err
}

// metadataHash is the index entry of one metadata value of an account.
func metadataHash(account int64, key, value string) int64 {
	text := make([]byte, 16, 16+len(key)+len(value))
	binary.BigEndian.PutUint64(text, uint64(account))
	binary.BigEndian.PutUint64(text[8:], uint64(len(key)))
	sum := sha256.Sum256(append(append(text, key...), value...))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}
