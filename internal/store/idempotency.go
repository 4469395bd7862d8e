package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"gorm.io/gorm"

	"paymenthub/internal/fault"
	"paymenthub/internal/idempotency"
)

// Idempotency implements idempotency.Store.
type Idempotency struct{ store *Store }

// Idempotency returns the store of remembered requests.
func (s *Store) Idempotency() Idempotency { return Idempotency{s} }

var _ idempotency.Store = Idempotency{}

// requestRow is a row of idempotency_requests.
type requestRow struct {
	MerchantID     string
	Environment    string
	Slot           string
	Method         string
	Path           string
	Key            string
	Digest         []byte
	OperationID    string
	LockedUntil    instant
	ExpiresAt      instant
	ResponseStatus *int
	KeyVersion     *int
	SealedResponse []byte
}

// TableName implements schema.Tabler.
func (requestRow) TableName() string { return "idempotency_requests" }

func (r requestRow) columns() []column {
	return append([]column{
		{"merchant_id", r.MerchantID}, {"environment", r.Environment}, {"slot", r.Slot},
		{"method", r.Method}, {"path", r.Path}, {"key", r.Key},
	}, r.changes()...)
}

// changes lists what differs between the requests that hold a slot in turn.
func (r requestRow) changes() []column {
	return []column{
		{"digest", r.Digest}, {"operation_id", r.OperationID}, {"locked_until", r.LockedUntil}, {"expires_at", r.ExpiresAt},
		{"response_status", r.ResponseStatus}, {"key_version", r.KeyVersion}, {"sealed_response", r.SealedResponse},
	}
}

func newRequestRow(r idempotency.Request) requestRow {
	row := requestRow{
		MerchantID: r.Scope.MerchantID, Environment: string(r.Scope.Environment), Slot: slotName(r.Slot),
		Method: r.Method, Path: r.Path, Key: r.Key, Digest: r.Digest, OperationID: r.OperationID,
		LockedUntil: at(r.LockedUntil), ExpiresAt: at(r.ExpiresAt),
	}
	if r.Response != nil {
		row.ResponseStatus, row.KeyVersion, row.SealedResponse = &r.Response.Status, &r.Response.KeyVersion, r.Response.Sealed
	}
	return row
}

func (r requestRow) request() (idempotency.Request, error) {
	request := idempotency.Request{
		Slot:   idempotency.Slot{Scope: scopeOf(r.MerchantID, r.Environment), Method: r.Method, Path: r.Path, Key: r.Key},
		Digest: r.Digest, OperationID: r.OperationID, LockedUntil: r.LockedUntil.Time, ExpiresAt: r.ExpiresAt.Time,
	}
	if r.ResponseStatus != nil && r.KeyVersion != nil {
		request.Response = &idempotency.Response{Status: *r.ResponseStatus, KeyVersion: *r.KeyVersion, Sealed: r.SealedResponse}
	}
	return request, nil
}

// slotName is short whatever the path and the key are. The parts cannot run
// into each other: a NUL is in none of them.
func slotName(s idempotency.Slot) string {
	sum := sha256.Sum256([]byte(s.Method + "\x00" + s.Path + "\x00" + s.Key))
	return hex.EncodeToString(sum[:])
}

// in selects the row of a slot.
func in(db *gorm.DB, s idempotency.Slot) *gorm.DB {
	return within(db.Model(&requestRow{}), s.Scope).Where("slot = ?", slotName(s))
}

// unanswered selects the row of a slot whose request has no response.
func unanswered(db *gorm.DB, s idempotency.Slot) *gorm.DB {
	return in(db, s).Where("response_status IS NULL")
}

// reserveTries bounds how often Reserve tries again because the request that
// held the slot was forgotten before it could be read.
const reserveTries = 5

// Reserve stores r unless its slot is taken by a request that has not expired
// at now, and returns the request that holds the slot and whether it is r.
func (r Idempotency) Reserve(ctx context.Context, request idempotency.Request, now time.Time) (held idempotency.Request, mine bool, err error) {
	err = r.store.write(ctx, "reserve request", func(db *gorm.DB) error {
		for range reserveTries {
			text, values := insertion(overExpired, []requestRow{newRequestRow(request)})
			done := db.Exec(text, append(values, at(now))...)
			if done.Error != nil {
				return done.Error
			}
			if mine = done.RowsAffected == 1; mine {
				held = request
				return nil
			}
			held, err = one(in(db, request.Slot), "request", request.Key, requestRow.request)
			if !fault.Is(err, fault.NotFound) {
				return err
			}
		}
		return errors.New("the slot is reserved and forgotten over and over")
	})
	return held, mine, err
}

// overExpired writes over the request that holds the slot when it has expired
// at a time.
var overExpired = onConflict("merchant_id, environment, slot", requestRow{}.changes(), "idempotency_requests.expires_at <= ?")

// TakeOver moves the end of the lock of a request without a response, if it still
// is what the caller saw; zero means unlocked. Of simultaneous calls one wins.
func (r Idempotency) TakeOver(ctx context.Context, s idempotency.Slot, seen, until time.Time) (mine bool, err error) {
	err = r.store.write(ctx, "take over request", func(db *gorm.DB) error {
		held := unanswered(db, s).Where("locked_until = ?", at(seen))
		if seen.IsZero() {
			held = unanswered(db, s).Where("locked_until IS NULL")
		}
		done := held.Update("locked_until", at(until))
		mine = done.RowsAffected == 1
		return done.Error
	})
	return mine, err
}

// Complete stores the response; the first one stays.
func (r Idempotency) Complete(ctx context.Context, s idempotency.Slot, response idempotency.Response) error {
	return r.store.write(ctx, "complete request", func(db *gorm.DB) error {
		return unanswered(db, s).Updates(map[string]any{
			"response_status": response.Status, "key_version": response.KeyVersion, "sealed_response": response.Sealed,
			"locked_until": nil,
		}).Error
	})
}

// Unlock ends the lock and keeps the request, so that a retry goes on at once.
func (r Idempotency) Unlock(ctx context.Context, s idempotency.Slot) error {
	return r.store.write(ctx, "unlock request", func(db *gorm.DB) error {
		return unanswered(db, s).Update("locked_until", nil).Error
	})
}

// Forget removes a request without a response: nothing happened.
func (r Idempotency) Forget(ctx context.Context, s idempotency.Slot) error {
	return r.store.write(ctx, "forget request", func(db *gorm.DB) error {
		return unanswered(db, s).Delete(&requestRow{}).Error
	})
}

// DeleteExpired removes up to limit requests that expired before now. One that
// is reserved anew meanwhile stays.
func (r Idempotency) DeleteExpired(ctx context.Context, now time.Time, limit int) (deleted int64, err error) {
	err = r.store.write(ctx, "delete expired requests", func(db *gorm.DB) error {
		done := db.Exec(`DELETE FROM idempotency_requests WHERE expires_at < ? AND (merchant_id, environment, slot) IN (
			SELECT merchant_id, environment, slot FROM idempotency_requests WHERE expires_at < ? ORDER BY expires_at LIMIT ?)`,
			at(now), at(now), limit)
		deleted = done.RowsAffected
		return done.Error
	})
	return deleted, err
}
