package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"paymenthub/internal/merchant"
	"paymenthub/internal/vault"
)

// Vault implements vault.Store. It sees sealed data only. SQLite overwrites what
// is erased (secure_delete); Postgres drops it when it vacuums the table.
type Vault struct{ store *Store }

// Vault returns the sealed cards.
func (s *Store) Vault() Vault { return Vault{s} }

var _ vault.Store = Vault{}

// cardRow is a row of vault_cards.
type cardRow struct {
	Token       string
	MerchantID  string
	Environment string
	KeyVersion  int
	Sealed      []byte
	SealedCVC   []byte `gorm:"column:sealed_cvc"`
	Fingerprint string
	Brand       string
	BIN         string `gorm:"column:bin"`
	Last4       string `gorm:"column:last4"`
	ExpMonth    int
	ExpYear     int
	CreatedAt   instant
}

// TableName implements schema.Tabler.
func (cardRow) TableName() string { return "vault_cards" }

func (r cardRow) columns() []column {
	return []column{
		{"token", r.Token}, {"merchant_id", r.MerchantID}, {"environment", r.Environment}, {"key_version", r.KeyVersion},
		{"sealed", r.Sealed}, {"sealed_cvc", r.SealedCVC}, {"fingerprint", r.Fingerprint}, {"brand", r.Brand}, {"bin", r.BIN},
		{"last4", r.Last4}, {"exp_month", r.ExpMonth}, {"exp_year", r.ExpYear}, {"created_at", r.CreatedAt},
	}
}

func newCardRow(r vault.Record) cardRow {
	return cardRow{
		Token: r.Token, MerchantID: r.Scope.MerchantID, Environment: string(r.Scope.Environment), KeyVersion: r.KeyVersion,
		Sealed: r.Sealed, SealedCVC: r.SealedCVC, Fingerprint: r.Fingerprint, Brand: r.Brand, BIN: r.BIN, Last4: r.Last4,
		ExpMonth: r.ExpMonth, ExpYear: r.ExpYear, CreatedAt: at(r.CreatedAt),
	}
}

func (r cardRow) record() (vault.Record, error) {
	return vault.Record{
		Token: r.Token, Scope: scopeOf(r.MerchantID, r.Environment), KeyVersion: r.KeyVersion,
		Sealed: r.Sealed, SealedCVC: r.SealedCVC, Fingerprint: r.Fingerprint, Brand: r.Brand, BIN: r.BIN, Last4: r.Last4,
		ExpMonth: r.ExpMonth, ExpYear: r.ExpYear, CreatedAt: r.CreatedAt.Time,
	}, nil
}

// PutCard stores a record; storing the same token again changes nothing.
func (r Vault) PutCard(ctx context.Context, record vault.Record) error {
	return r.store.write(ctx, "store card", func(db *gorm.DB) error { return insertCard(db, record) })
}

func insertCard(db *gorm.DB, record vault.Record) error {
	_, err := insert(db, "ON CONFLICT (token) DO NOTHING", newCardRow(record))
	return err
}

// Card returns a record. Errors: fault.NotFound.
func (r Vault) Card(ctx context.Context, token string) (found vault.Record, err error) {
	err = r.store.view(ctx, "read card", func(db *gorm.DB) error {
		found, err = one(db.Where("token = ?", token), "card", token, cardRow.record)
		return err
	})
	return found, err
}

// eraseCard ends a card's data; its summary stays. A card that is erased or was
// never there is no error.
func eraseCard(tx *gorm.DB, scope merchant.Scope, token string) error {
	return tx.Exec("UPDATE vault_cards SET sealed = NULL, sealed_cvc = NULL "+
		"WHERE token = ? AND merchant_id = ? AND environment = ? AND sealed IS NOT NULL",
		token, scope.MerchantID, string(scope.Environment)).Error
}

// EraseOld erases the security codes of cards stored before one time, and all
// data of cards stored before another, and says how many of both.
func (r Vault) EraseOld(ctx context.Context, codesBefore, cardsBefore time.Time) (erased int64, err error) {
	err = r.store.write(ctx, "erase old card data", func(db *gorm.DB) error {
		codes := db.Model(&cardRow{}).Where("sealed_cvc IS NOT NULL AND created_at < ?", at(codesBefore)).Update("sealed_cvc", nil)
		if codes.Error != nil {
			return codes.Error
		}
		cards := db.Model(&cardRow{}).Where("sealed IS NOT NULL AND created_at < ?", at(cardsBefore)).Update("sealed", nil)
		erased = codes.RowsAffected + cards.RowsAffected
		return cards.Error
	})
	return erased, err
}
