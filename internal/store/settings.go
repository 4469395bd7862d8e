package store

import (
	"context"

	"gorm.io/gorm"

	"paymenthub/internal/fault"
	"paymenthub/internal/merchant"
)

var _ merchant.SettingsRepository = Merchants{}

// settingsRow is a row of merchant_settings.
type settingsRow struct {
	MerchantID  string
	Environment string
	Settings    string
	Logo        []byte
	UpdatedAt   instant
}

// TableName implements schema.Tabler.
func (settingsRow) TableName() string { return "merchant_settings" }

func (r settingsRow) columns() []column {
	return append([]column{{"merchant_id", r.MerchantID}, {"environment", r.Environment}}, r.changes()...)
}

func (r settingsRow) changes() []column {
	return []column{{"settings", r.Settings}, {"logo", r.Logo}, {"updated_at", r.UpdatedAt}}
}

func (r settingsRow) settings() (merchant.Settings, error) {
	kept, err := fromJSON[merchant.Settings](&r.Settings)
	if err != nil {
		return merchant.Settings{}, err
	}
	if kept.Logo != nil {
		kept.Logo.Data = r.Logo
	}
	kept.Scope, kept.UpdatedAt = scopeOf(r.MerchantID, r.Environment), r.UpdatedAt.Time
	return *kept, nil
}

// Settings returns a scope's settings, with the merchant's name where they give
// none. What was never set is empty. Errors: fault.NotFound.
func (r Merchants) Settings(ctx context.Context, scope merchant.Scope) (found merchant.Settings, err error) {
	owner, err := r.Merchant(ctx, scope.MerchantID)
	if err != nil {
		return merchant.Settings{}, err
	}
	err = r.store.view(ctx, "read settings", func(db *gorm.DB) error {
		found, err = one(within(db, scope), "settings", scope.MerchantID, settingsRow.settings)
		if fault.Is(err, fault.NotFound) {
			found, err = merchant.Settings{Scope: scope}, nil
		}
		return err
	})
	if found.DisplayName == "" {
		found.DisplayName = owner.Name
	}
	return found, err
}

// overSettings replaces what a scope had.
var overSettings = onConflict("merchant_id, environment", settingsRow{}.changes(), "TRUE")

// PutSettings stores a scope's settings over what was there.
func (r Merchants) PutSettings(ctx context.Context, s merchant.Settings) error {
	text, err := toJSON(&s)
	if err != nil {
		return err
	}
	row := settingsRow{
		MerchantID: s.Scope.MerchantID, Environment: string(s.Scope.Environment), Settings: *text, UpdatedAt: at(s.UpdatedAt),
	}
	if s.Logo != nil {
		row.Logo = s.Logo.Data
	}
	return r.store.write(ctx, "put settings", func(db *gorm.DB) error {
		_, err := insert(db, overSettings, row)
		return err
	})
}
