package stripe

import (
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"errors"
	"net/http"
	"sync"
	"time"
)

// idempotencyRetention is how long an answer can be replayed. Stripe promises
// at least 24 hours.
const idempotencyRetention = 30 * 24 * time.Hour

// inflight holds the idempotency keys of calls that are running now.
type inflight struct {
	mu   sync.Mutex
	keys map[inflightKey]struct{}
}

type inflightKey struct {
	account int64
	key     string
}

// acquire refuses a key that another call is using at this moment.
func (f *inflight) acquire(account int64, key string) (release func(), err error) {
	if key == "" {
		return func() {}, nil
	}
	entry := inflightKey{account, key}
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, busy := f.keys[entry]; busy {
		e := invalid("idempotency_key_in_use", "", "There is currently another in-progress request using this Stripe-Idempotency key (that probably means you submitted twice, and the other request is still going through). Please try again later.")
		e.Type, e.status = typeIdempotency, http.StatusConflict
		return nil, e
	}
	f.keys[entry] = struct{}{}
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.keys, entry)
	}, nil
}

// execute runs an effect and keeps its answer under the call's idempotency key
// in the same transaction; or replays the answer that is kept there already.
func (s *Simulator) execute(c *call, run effect) (answer, error) {
	var done answer
	var tx *transaction
	fingerprint := s.paramsFingerprint(c)
	err := s.store.update(func(conn *connection) error {
		if c.idempotencyKey != "" {
			found, err := replay(conn, c, fingerprint, &done)
			if found || err != nil {
				return err
			}
		}
		tx = &transaction{connection: conn, call: c}
		doc, err := run(tx)
		if err == nil {
			doc, err = c.expand.apply(tx, c.account, doc)
		}
		done = answer{status: http.StatusOK, body: doc, requestID: c.requestID}
		if err != nil {
			var stripeErr *apiError
			if !errors.As(err, &stripeErr) || !stripeErr.executed {
				return err
			}
			done = s.failure(stripeErr, c.requestID)
		}
		if err := tx.flushEvents(); err != nil {
			return err
		}
		if c.idempotencyKey == "" {
			return nil
		}
		return conn.exec(`INSERT INTO idempotency_keys (seq, account, key, params, request_id, status, body) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			s.seq.next(), c.account, c.idempotencyKey, fingerprint, done.requestID, done.status, done.body)
	})
	if err == nil && tx != nil {
		tx.finish()
	}
	return done, err
}

func replay(conn *connection, c *call, fingerprint []byte, done *answer) (found bool, err error) {
	row, err := conn.queryRow(`SELECT params, request_id, status, body FROM idempotency_keys WHERE account = ? AND key = ?`, c.account, c.idempotencyKey)
	if err != nil {
		return false, err
	}
	var params []byte
	kept := answer{replayed: true}
	switch err := row.Scan(&params, &kept.requestID, &kept.status, &kept.body); {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, err
	case !hmac.Equal(params, fingerprint):
		return true, &apiError{
			Type: typeIdempotency, status: http.StatusBadRequest,
			Message: "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than the one of the first request if you meant to execute a different request.",
		}
	}
	*done = kept
	return true, nil
}

// paramsFingerprint is a keyed hash of endpoint and parameters: card data can
// be in them, so that nothing else of them is kept.
func (s *Simulator) paramsFingerprint(c *call) []byte {
	if c.idempotencyKey == "" {
		return nil
	}
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte(c.r.Method + " " + c.r.URL.Path + "\n"))
	mac.Write([]byte(c.form.values.Encode())) // sorted by name
	return mac.Sum(nil)[:16]
}

// forgetOldKeys drops the answers that are past their retention.
func (s *Simulator) forgetOldKeys(now time.Time) error {
	return s.store.update(func(conn *connection) error {
		return conn.exec(`DELETE FROM idempotency_keys WHERE seq < ?`, now.Add(-idempotencyRetention).UnixMicro())
	})
}
