package chassis

import (
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"sync"
	"time"
)

// keyRetention is how long an answer can be given again: no provider here
// promises more.
const keyRetention = 30 * 24 * time.Hour

// inflight holds the idempotency keys of calls that are running now.
type inflight struct {
	mu   sync.Mutex
	keys map[inflightKey]struct{}
}

type inflightKey struct{ account, key string }

// acquire is not free for a key that another call is using at this moment.
func (f *inflight) acquire(account, key string) (release func(), free bool) {
	if key == "" {
		return func() {}, true
	}
	entry := inflightKey{account, key}
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, busy := f.keys[entry]; busy {
		return nil, false
	}
	f.keys[entry] = struct{}{}
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.keys, entry)
	}, true
}

// execute runs an effect and keeps its answer under the call's idempotency key
// in the same transaction; or gives the answer that is kept there already.
func (c *Chassis) execute(r *Request, effect Effect) (done Answer, err error) {
	fingerprint := c.requestFingerprint(r)
	err = c.transact(func(tx *Tx) error {
		tx.Account, tx.Key, tx.BaseURL = r.Account, r.Key, r.BaseURL
		if r.Key != "" {
			found, err := c.replay(tx, r, fingerprint, &done)
			if found || err != nil {
				return err
			}
		}
		if done, err = effect(tx); err != nil || r.Key == "" {
			return err
		}
		return tx.exec(`INSERT INTO idempotency_keys (seq, account, key, fingerprint, status, header, body) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			c.seq.next(), r.Account, r.Key, fingerprint, done.Status, string(Marshal(done.Header)), append([]byte{}, done.Body...))
	})
	return done, err
}

func (c *Chassis) replay(tx *Tx, r *Request, fingerprint []byte, done *Answer) (found bool, err error) {
	row, err := tx.queryRow(`SELECT fingerprint, status, header, body FROM idempotency_keys WHERE account = ? AND key = ?`, r.Account, r.Key)
	if err != nil {
		return false, err
	}
	var first, header []byte
	switch err := row.Scan(&first, &done.Status, &header, &done.Body); {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, err
	case c.provider.KeyReused != nil && !hmac.Equal(first, fingerprint):
		*done = c.provider.KeyReused(r)
		return true, nil
	}
	if err := json.Unmarshal(header, &done.Header); err != nil {
		return false, err
	}
	if done.Header == nil {
		done.Header = map[string]string{}
	}
	for name, value := range c.provider.Replayed {
		done.Header[name] = value
	}
	return true, nil
}

// requestFingerprint is a keyed hash of endpoint and parameters: card data can be
// in them, so that nothing else of them is kept.
func (c *Chassis) requestFingerprint(r *Request) []byte {
	mac := hmac.New(sha256.New, c.secret)
	mac.Write([]byte("request " + r.Method + " " + r.URL.RequestURI() + "\n"))
	mac.Write(r.Body)
	return mac.Sum(nil)[:16]
}

// forgetOldKeys drops the answers that are past their retention.
func (c *Chassis) forgetOldKeys() error {
	return c.store.update(func(conn *connection) error {
		return conn.exec(`DELETE FROM idempotency_keys WHERE seq < ?`, c.now().Add(-keyRetention).UnixMicro())
	})
}
