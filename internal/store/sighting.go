package store

import (
	"context"

	"gorm.io/gorm"

	"paymenthub/internal/risk"
	"paymenthub/internal/vault"
)

// sightingRow is a row of risk_sightings.
type sightingRow struct {
	OperationID    string
	MerchantID     string
	Environment    string
	PaymentID      string
	Fingerprint    string
	BIN            string `gorm:"column:bin"`
	IP             string `gorm:"column:ip"`
	Email          string
	EmailByShopper bool
	BillingCountry string
	NameDiffers    bool
	CreatedAt      instant
}

// TableName implements schema.Tabler.
func (sightingRow) TableName() string { return "risk_sightings" }

func (r sightingRow) columns() []column {
	return []column{
		{"operation_id", r.OperationID}, {"merchant_id", r.MerchantID}, {"environment", r.Environment}, {"payment_id", r.PaymentID},
		{"fingerprint", r.Fingerprint}, {"bin", r.BIN}, {"ip", r.IP}, {"email", r.Email}, {"email_by_shopper", r.EmailByShopper}, {"billing_country", r.BillingCountry},
		{"name_differs", r.NameDiffers}, {"created_at", r.CreatedAt},
	}
}

func (r sightingRow) sighting() (risk.Sighting, error) {
	return risk.Sighting{
		OperationID: r.OperationID, Scope: scopeOf(r.MerchantID, r.Environment), PaymentID: r.PaymentID,
		Fingerprint: r.Fingerprint, BIN: r.BIN, IP: r.IP, Email: r.Email, EmailByShopper: r.EmailByShopper, BillingCountry: r.BillingCountry,
		NameDiffers: r.NameDiffers, CreatedAt: r.CreatedAt.Time,
	}, nil
}

func insertSighting(tx *gorm.DB, s risk.Sighting) error {
	_, err := insert(tx, "ON CONFLICT (operation_id) DO NOTHING", sightingRow{
		OperationID: s.OperationID, MerchantID: s.Scope.MerchantID, Environment: string(s.Scope.Environment), PaymentID: s.PaymentID,
		Fingerprint: s.Fingerprint, BIN: s.BIN, IP: s.IP, Email: s.Email, EmailByShopper: s.EmailByShopper, BillingCountry: s.BillingCountry,
		NameDiffers: s.NameDiffers, CreatedAt: at(s.CreatedAt),
	})
	return err
}

// Present stores what came with a confirmation: the sealed card where there is one, and
// what was seen of the shopper, whose e-mail address is kept with the payment where
// nobody else told one.
func (r Payments) Present(ctx context.Context, card *vault.Record, seen risk.Sighting) error {
	return r.store.transact(ctx, "present a card", func(tx *gorm.DB) error {
		if card != nil {
			if err := insertCard(tx, *card); err != nil {
				return err
			}
		}
		if err := insertSighting(tx, seen); err != nil || !seen.EmailByShopper {
			return err
		}
		_, err := update(tx, paymentRow{}.TableName(), []column{{"shopper_email", seen.Email}},
			"id = ? AND merchant_id = ? AND environment = ?",
			seen.PaymentID, seen.Scope.MerchantID, string(seen.Scope.Environment))
		return err
	})
}
