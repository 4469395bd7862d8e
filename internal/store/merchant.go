package store

import (
	"context"
	"maps"
	"slices"
	"time"

	"gorm.io/gorm"

	"paymenthub/internal/merchant"
)

// Merchants implements merchant.Repository.
type Merchants struct{ store *Store }

// Merchants returns the repository of merchants and their keys.
func (s *Store) Merchants() Merchants { return Merchants{s} }

var _ merchant.Repository = Merchants{}

// merchantRow is a row of merchants.
type merchantRow struct {
	ID        string
	Name      string
	CreatedAt instant
}

// TableName implements schema.Tabler.
func (merchantRow) TableName() string { return "merchants" }

func (r merchantRow) merchant() (merchant.Merchant, error) {
	return merchant.Merchant{ID: r.ID, Name: r.Name, CreatedAt: r.CreatedAt.Time}, nil
}

// keyRow is a row of api_keys.
type keyRow struct {
	ID          string
	MerchantID  string
	Environment string
	Kind        string
	Name        string
	Prefix      string
	Hash        string
	Permissions string
	CreatedAt   instant
	LastUsedAt  instant
	ExpiresAt   instant
	RevokedAt   instant
}

// TableName implements schema.Tabler.
func (keyRow) TableName() string { return "api_keys" }

func (r keyRow) key() (merchant.Key, error) {
	permissions, err := fromJSON[[]merchant.Permission](&r.Permissions)
	if err != nil {
		return merchant.Key{}, err
	}
	return merchant.Key{
		ID: r.ID, Scope: scopeOf(r.MerchantID, r.Environment), Kind: merchant.KeyKind(r.Kind), Name: r.Name,
		Prefix: r.Prefix, Hash: r.Hash, Permissions: *permissions, CreatedAt: r.CreatedAt.Time,
		LastUsedAt: r.LastUsedAt.Time, ExpiresAt: r.ExpiresAt.Time, RevokedAt: r.RevokedAt.Time,
	}, nil
}

func insertKey(db *gorm.DB, k merchant.Key) error {
	permissions, err := toJSON(&k.Permissions)
	if err != nil {
		return err
	}
	return db.Create(&keyRow{
		ID: k.ID, MerchantID: k.Scope.MerchantID, Environment: string(k.Scope.Environment), Kind: string(k.Kind),
		Name: k.Name, Prefix: k.Prefix, Hash: k.Hash, Permissions: *permissions, CreatedAt: at(k.CreatedAt),
		LastUsedAt: at(k.LastUsedAt), ExpiresAt: at(k.ExpiresAt), RevokedAt: at(k.RevokedAt),
	}).Error
}

// CreateMerchant stores a new merchant.
func (r Merchants) CreateMerchant(ctx context.Context, m merchant.Merchant) error {
	return r.store.write(ctx, "create merchant", func(db *gorm.DB) error {
		return db.Create(&merchantRow{ID: m.ID, Name: m.Name, CreatedAt: at(m.CreatedAt)}).Error
	})
}

// Merchant returns one merchant. Errors: fault.NotFound.
func (r Merchants) Merchant(ctx context.Context, merchantID string) (found merchant.Merchant, err error) {
	err = r.store.view(ctx, "read merchant", func(db *gorm.DB) error {
		found, err = one(db.Where("id = ?", merchantID), "merchant", merchantID, merchantRow.merchant)
		return err
	})
	return found, err
}

// CreateKey stores a new key.
func (r Merchants) CreateKey(ctx context.Context, k merchant.Key) error {
	return r.store.write(ctx, "create key", func(db *gorm.DB) error { return insertKey(db, k) })
}

// ReplaceKey stores successor and lets the old key end at a time, together. Of
// simultaneous calls one wins. Errors: fault.NotFound when there is no such key
// that was neither replaced nor revoked.
func (r Merchants) ReplaceKey(ctx context.Context, oldID string, endsAt time.Time, successor merchant.Key) error {
	return r.store.transact(ctx, "replace key", func(tx *gorm.DB) error {
		ended := tx.Model(&keyRow{}).Where("id = ? AND expires_at IS NULL AND revoked_at IS NULL", oldID).Update("expires_at", at(endsAt))
		if err := atLeastOne(ended.RowsAffected, ended.Error, missing("usable key", oldID)); err != nil {
			return err
		}
		return insertKey(tx, successor)
	})
}

// RevokeKey ends a key; one that is revoked keeps its time. Errors: fault.NotFound.
func (r Merchants) RevokeKey(ctx context.Context, keyID string, when time.Time) error {
	return r.store.write(ctx, "revoke key", func(db *gorm.DB) error {
		ended := db.Model(&keyRow{}).Where("id = ?", keyID).Update("revoked_at", gorm.Expr("COALESCE(revoked_at, ?)", at(when)))
		return atLeastOne(ended.RowsAffected, ended.Error, missing("key", keyID))
	})
}

// Key returns one key. Errors: fault.NotFound.
func (r Merchants) Key(ctx context.Context, keyID string) (found merchant.Key, err error) {
	err = r.store.view(ctx, "read key", func(db *gorm.DB) error {
		found, err = one(db.Where("id = ?", keyID), "key", keyID, keyRow.key)
		return err
	})
	return found, err
}

// KeysByPrefix returns the keys that begin with prefix.
func (r Merchants) KeysByPrefix(ctx context.Context, prefix string) ([]merchant.Key, error) {
	return r.keys(ctx, "prefix = ?", prefix)
}

// KeysOf lists a merchant's keys, newest first.
func (r Merchants) KeysOf(ctx context.Context, merchantID string) ([]merchant.Key, error) {
	return r.keys(ctx, "merchant_id = ?", merchantID)
}

func (r Merchants) keys(ctx context.Context, condition, value string) (found []merchant.Key, err error) {
	err = r.store.view(ctx, "list keys", func(db *gorm.DB) error {
		var rows []keyRow
		if err := db.Where(condition, value).Order("id DESC").Find(&rows).Error; err != nil {
			return err
		}
		found, err = convert(rows, keyRow.key)
		return err
	})
	return found, err
}

// TouchKeys writes when keys were last used, by key id. A time never goes back.
func (r Merchants) TouchKeys(ctx context.Context, usedAt map[string]time.Time) error {
	return r.store.transact(ctx, "touch keys", func(tx *gorm.DB) error {
		for _, keyID := range slices.Sorted(maps.Keys(usedAt)) {
			used := at(usedAt[keyID])
			err := tx.Model(&keyRow{}).Where("id = ? AND (last_used_at IS NULL OR last_used_at < ?)", keyID, used).
				Update("last_used_at", used).Error
			if err != nil {
				return err
			}
		}
		return nil
	})
}
