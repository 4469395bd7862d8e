package merchant

import (
	"context"
	"time"

	"paymenthub/internal/money"
)

// Settings are what a merchant has chosen for one environment.
type Settings struct {
	Scope       Scope            `json:"-"`
	DisplayName string           `json:"display_name,omitempty"` // as shoppers know it; "": the merchant's name
	BrandColor  string           `json:"brand_color,omitempty"`  // "#rrggbb"; "": the hub's own
	Currencies  []money.Currency `json:"currencies,omitempty"`   // taken by the acquiring façade; empty: USD, EUR and MAD
	Logo        *Logo            `json:"logo,omitempty"`
	// SettlementCurrency is what payments are settled in unless they say otherwise;
	// "": each in its own.
	SettlementCurrency money.Currency `json:"settlement_currency,omitempty"`
	// NotificationEmail is where notices to the merchant go; "": nowhere.
	NotificationEmail string    `json:"notification_email,omitempty"`
	UpdatedAt         time.Time `json:"-"` // zero: never set
}

// AcquiringCurrencies are what the acquiring façade takes unless the settings say
// otherwise (contracts/acquiring.md).
var AcquiringCurrencies = []money.Currency{"USD", "EUR", "MAD"}

// SettingsRepository keeps settings.
type SettingsRepository interface {
	// Settings returns a scope's settings, with the merchant's name where they
	// give none. What was never set is empty. Errors: fault.NotFound.
	Settings(ctx context.Context, scope Scope) (Settings, error)
	// PutSettings stores a scope's settings over what was there.
	PutSettings(ctx context.Context, s Settings) error
}
