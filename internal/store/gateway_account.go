package store

import (
	"context"

	"gorm.io/gorm"

	"paymenthub/internal/account"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/routing"
)

// GatewayAccounts implements account.Repository.
type GatewayAccounts struct{ store *Store }

// GatewayAccounts returns the repository of the accounts at providers that merchants
// have connected.
func (s *Store) GatewayAccounts() GatewayAccounts { return GatewayAccounts{s} }

var _ account.Repository = GatewayAccounts{}

// gatewayAccountRow is a row of gateway_accounts. Its id is what the name ends in,
// so that rows of all providers sort by creation.
type gatewayAccountRow struct {
	ID              string
	Name            string
	Provider        string
	ProviderAccount string
	MerchantID      string
	Environment     string
	Label           string
	Status          string
	Priority        int
	Fees            *string
	Shown           string
	Secrets         string
	KeyVersion      int
	Sealed          []byte
	Version         int
	CreatedAt       instant
	UpdatedAt       instant
}

// TableName implements schema.Tabler.
func (gatewayAccountRow) TableName() string { return "gateway_accounts" }

func (r gatewayAccountRow) columns() []column {
	return append([]column{
		{"id", r.ID}, {"name", r.Name}, {"provider", r.Provider}, {"provider_account", r.ProviderAccount}, {"merchant_id", r.MerchantID}, {"environment", r.Environment},
		{"created_at", r.CreatedAt},
	}, r.changes()...)
}

func (r gatewayAccountRow) changes() []column {
	return []column{
		{"label", r.Label}, {"status", r.Status}, {"priority", r.Priority}, {"fees", r.Fees}, {"shown", r.Shown}, {"secrets", r.Secrets},
		{"key_version", r.KeyVersion}, {"sealed", r.Sealed}, {"version", r.Version}, {"updated_at", r.UpdatedAt},
	}
}

// feeColumn is a row of a price list as it is stored.
type feeColumn struct {
	Method      string         `json:"method,omitempty"`
	Currency    money.Currency `json:"currency,omitempty"`
	Brand       string         `json:"brand,omitempty"`
	Region      string         `json:"region,omitempty"`
	BasisPoints int64          `json:"basis_points"`
	Fixed       money.Money    `json:"fixed"`
}

func newGatewayAccountRow(a account.Account) (gatewayAccountRow, error) {
	r := gatewayAccountRow{
		ID: id.Suffix(a.Name), Name: a.Name, Provider: a.Provider, ProviderAccount: a.ProviderAccount,
		MerchantID: a.Scope.MerchantID, Environment: string(a.Scope.Environment),
		Label: a.Label, Status: string(a.Status), Priority: a.Priority, KeyVersion: a.KeyVersion, Sealed: a.Sealed, Version: a.Version,
		CreatedAt: at(a.CreatedAt), UpdatedAt: at(a.UpdatedAt),
	}
	if a.Fees != nil {
		fees := make([]feeColumn, 0, len(a.Fees))
		for _, f := range a.Fees {
			fees = append(fees, feeColumn(f))
		}
		text, err := toJSON(&fees)
		if err != nil {
			return r, err
		}
		r.Fees = text
	}
	shown, err := toJSON(&a.Public)
	if err != nil {
		return r, err
	}
	secrets, err := toJSON(&a.Secrets)
	if err != nil {
		return r, err
	}
	r.Shown, r.Secrets = *shown, *secrets
	return r, nil
}

func (r gatewayAccountRow) account() (account.Account, error) {
	a := account.Account{
		Name: r.Name, Provider: r.Provider, ProviderAccount: r.ProviderAccount, Scope: scopeOf(r.MerchantID, r.Environment),
		Label: r.Label, Status: account.Status(r.Status),
		Priority: r.Priority, KeyVersion: r.KeyVersion, Sealed: r.Sealed, Version: r.Version,
		CreatedAt: r.CreatedAt.Time, UpdatedAt: r.UpdatedAt.Time,
	}
	fees, err := fromJSON[[]feeColumn](r.Fees)
	if err != nil {
		return a, err
	}
	if fees != nil {
		a.Fees = make(routing.Fees, 0, len(*fees))
		for _, f := range *fees {
			a.Fees = append(a.Fees, routing.Fee(f))
		}
	}
	shown, err := fromJSON[map[string]string](&r.Shown)
	if err != nil {
		return a, err
	}
	secrets, err := fromJSON[[]string](&r.Secrets)
	if err != nil {
		return a, err
	}
	a.Public, a.Secrets = *shown, *secrets
	return a, nil
}

// Insert stores an account; one with the same name stays as it is.
func (r GatewayAccounts) Insert(ctx context.Context, a account.Account) error {
	row, err := newGatewayAccountRow(a)
	if err != nil {
		return translate("insert gateway account", err)
	}
	return r.store.write(ctx, "insert gateway account", func(db *gorm.DB) error {
		_, err := insert(db, "ON CONFLICT (id) DO NOTHING", row)
		return err
	})
}

// Account returns an account of the scope. Errors: fault.NotFound.
func (r GatewayAccounts) Account(ctx context.Context, scope merchant.Scope, name string) (found account.Account, err error) {
	err = r.store.view(ctx, "read gateway account", func(db *gorm.DB) error {
		found, err = one(within(db, scope).Where("name = ?", name), "gateway account", name, gatewayAccountRow.account)
		return err
	})
	return found, err
}

// Accounts lists the scope's accounts newest first, and says whether there are more.
func (r GatewayAccounts) Accounts(ctx context.Context, scope merchant.Scope, p account.Page) (found []account.Account, more bool, err error) {
	page := cursor{Limit: p.Limit}
	if p.StartingAfter != "" {
		page.StartingAfter = id.Suffix(p.StartingAfter)
	}
	if p.EndingBefore != "" {
		page.EndingBefore = id.Suffix(p.EndingBefore)
	}
	err = r.store.view(ctx, "list gateway accounts", func(db *gorm.DB) error {
		rows, any, err := list[gatewayAccountRow](within(db, scope), page)
		if err != nil {
			return err
		}
		more = any
		found, err = convert(rows, gatewayAccountRow.account)
		return err
	})
	return found, more, err
}

// Update stores an account over the version before its own, and reports whether that
// one was there still.
func (r GatewayAccounts) Update(ctx context.Context, a account.Account) (mine bool, err error) {
	row, err := newGatewayAccountRow(a)
	if err != nil {
		return false, translate("update gateway account", err)
	}
	err = r.store.write(ctx, "update gateway account", func(db *gorm.DB) error {
		written, err := update(db, row.TableName(), row.changes(), "id = ? AND merchant_id = ? AND environment = ? AND version = ?",
			row.ID, row.MerchantID, row.Environment, row.Version-1)
		mine = written == 1
		return err
	})
	return mine, err
}

// Count says how many accounts a scope has, disabled ones included.
func (r GatewayAccounts) Count(ctx context.Context, scope merchant.Scope) (count int, err error) {
	err = r.store.view(ctx, "count gateway accounts", func(db *gorm.DB) error {
		var rows int64
		err := within(db, scope).Table(gatewayAccountRow{}.TableName()).Count(&rows).Error
		count = int(rows)
		return err
	})
	return count, err
}

// Find returns an account of any scope. Errors: fault.NotFound.
func (r GatewayAccounts) Find(ctx context.Context, name string) (found account.Account, err error) {
	err = r.store.view(ctx, "find gateway account", func(db *gorm.DB) error {
		found, err = one(db.Where("name = ?", name), "gateway account", name, gatewayAccountRow.account)
		return err
	})
	return found, err
}

// Preferred returns the scope's active accounts: the highest priority first, of equal
// ones the oldest.
func (r GatewayAccounts) Preferred(ctx context.Context, scope merchant.Scope) (found []account.Account, err error) {
	err = r.store.view(ctx, "list active gateway accounts", func(db *gorm.DB) error {
		var rows []gatewayAccountRow
		query := within(db, scope).Where("status = 'active'").Order("priority DESC, id").Limit(account.MaxAccounts)
		if err := query.Find(&rows).Error; err != nil {
			return err
		}
		found, err = convert(rows, gatewayAccountRow.account)
		return err
	})
	return found, err
}
