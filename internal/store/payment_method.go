package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"paymenthub/internal/card"
	"paymenthub/internal/customer"
	"paymenthub/internal/merchant"
	"paymenthub/internal/vault"
)

// methodRow is a row of payment_methods.
type methodRow struct {
	ID                   string
	MerchantID           string
	Environment          string
	CustomerID           string
	Status               string
	Gateway              string
	GatewayCustomer      string
	GatewayReference     string
	NetworkTransactionID string
	CardToken            string
	CardBrand            string
	CardBIN              string `gorm:"column:card_bin"`
	CardLast4            string `gorm:"column:card_last4"`
	CardExpMonth         int
	CardExpYear          int
	CardFingerprint      string
	Refusal              *string
	ConsentedAt          instant
	PaymentID            string
	CreatedAt            instant
	DetachedAt           instant
	ForgottenAt          instant
	DueAt                instant
	Attention            string
}

// TableName implements schema.Tabler.
func (methodRow) TableName() string { return "payment_methods" }

func (r methodRow) columns() []column {
	return []column{
		{"id", r.ID}, {"merchant_id", r.MerchantID}, {"environment", r.Environment}, {"customer_id", r.CustomerID},
		{"status", r.Status}, {"gateway", r.Gateway}, {"gateway_customer", r.GatewayCustomer}, {"gateway_reference", r.GatewayReference},
		{"network_transaction_id", r.NetworkTransactionID}, {"card_token", r.CardToken}, {"card_brand", r.CardBrand},
		{"card_bin", r.CardBIN}, {"card_last4", r.CardLast4}, {"card_exp_month", r.CardExpMonth}, {"card_exp_year", r.CardExpYear},
		{"card_fingerprint", r.CardFingerprint}, {"refusal", r.Refusal}, {"consented_at", r.ConsentedAt},
		{"payment_id", r.PaymentID}, {"created_at", r.CreatedAt}, {"detached_at", r.DetachedAt}, {"forgotten_at", r.ForgottenAt},
		{"due_at", r.DueAt}, {"attention", r.Attention},
	}
}

func newMethodRow(m customer.PaymentMethod) (methodRow, error) {
	refusal, err := toJSON(m.Refusal)
	return methodRow{
		ID: m.ID, MerchantID: m.Scope.MerchantID, Environment: string(m.Scope.Environment), CustomerID: m.CustomerID,
		Status: string(m.Status), Gateway: m.Gateway, GatewayCustomer: m.GatewayCustomer, GatewayReference: m.GatewayReference,
		NetworkTransactionID: m.NetworkTransactionID, CardToken: m.CardToken, CardBrand: m.Card.Brand, CardBIN: m.Card.BIN,
		CardLast4: m.Card.Last4, CardExpMonth: m.Card.ExpMonth, CardExpYear: m.Card.ExpYear, CardFingerprint: m.Card.Fingerprint,
		Refusal: refusal, ConsentedAt: at(m.ConsentedAt), PaymentID: m.PaymentID, CreatedAt: at(m.CreatedAt),
		DetachedAt: at(m.DetachedAt), ForgottenAt: at(m.ForgottenAt), DueAt: at(m.DueAt), Attention: m.Attention,
	}, err
}

func (r methodRow) method() (customer.PaymentMethod, error) {
	refusal, err := fromJSON[customer.Refusal](r.Refusal)
	return customer.PaymentMethod{
		ID: r.ID, Scope: scopeOf(r.MerchantID, r.Environment), CustomerID: r.CustomerID, Status: customer.MethodStatus(r.Status),
		Gateway: r.Gateway, GatewayCustomer: r.GatewayCustomer, GatewayReference: r.GatewayReference,
		NetworkTransactionID: r.NetworkTransactionID, CardToken: r.CardToken,
		Card: card.Summary{
			Brand: r.CardBrand, BIN: r.CardBIN, Last4: r.CardLast4, ExpMonth: r.CardExpMonth, ExpYear: r.CardExpYear, Fingerprint: r.CardFingerprint,
		},
		Refusal: refusal, ConsentedAt: r.ConsentedAt.Time, PaymentID: r.PaymentID, CreatedAt: r.CreatedAt.Time,
		DetachedAt: r.DetachedAt.Time, ForgottenAt: r.ForgottenAt.Time, DueAt: r.DueAt.Time, Attention: r.Attention,
	}, err
}

// keepMethod stores what a payment saved. A method that is stored already, by its
// id or its token, stays as it is.
func keepMethod(tx *gorm.DB, m customer.PaymentMethod) error {
	row, err := newMethodRow(m)
	if err != nil {
		return err
	}
	written, err := insert(tx, "ON CONFLICT DO NOTHING", row)
	if err != nil || written == 0 {
		return err
	}
	return defaultIfFirst(tx, m.CustomerID, m.ID, m.CreatedAt)
}

// defaultIfFirst makes a method the default of a customer who has none.
func defaultIfFirst(tx *gorm.DB, customerID, methodID string, when time.Time) error {
	_, err := update(tx, customerRow{}.TableName(), []column{{"default_payment_method", methodID}, {"updated_at", at(when)}},
		"id = ? AND default_payment_method = ''", customerID)
	return err
}

// lookedAfter are the columns of a method that waits for nothing any more.
var lookedAfter = []column{{"due_at", at(time.Time{})}, {"attention", ""}}

// OpenMethod stores a pending method with its sealed card; one with the same id
// stays as it is, and so does its card.
func (r Customers) OpenMethod(ctx context.Context, m customer.PaymentMethod, sealed vault.Record) error {
	row, err := newMethodRow(m)
	if err != nil {
		return translate("open payment method", err)
	}
	return r.store.transact(ctx, "open payment method", func(tx *gorm.DB) error {
		written, err := insert(tx, "ON CONFLICT (id) DO NOTHING", row)
		if err != nil || written == 0 {
			return err
		}
		return insertCard(tx, sealed)
	})
}

// RecordMethod writes down what the gateway said of a pending method. One that is
// not pending stays as it is.
func (r Customers) RecordMethod(ctx context.Context, s customer.Stored) error {
	refusal, err := toJSON(s.Refusal)
	if err != nil {
		return translate("record payment method", err)
	}
	return r.store.transact(ctx, "record payment method", func(tx *gorm.DB) error {
		m, err := one(tx.Where("id = ?", s.MethodID), "payment method", s.MethodID, methodRow.method)
		if err != nil {
			return err
		}
		columns := []column{{"status", string(customer.MethodActive)}, {"gateway_customer", s.GatewayCustomer}, {"gateway_reference", s.GatewayReference}}
		if s.NetworkTransactionID != "" {
			columns = append(columns, column{"network_transaction_id", s.NetworkTransactionID})
		}
		if s.Refusal != nil {
			columns = []column{{"status", string(customer.MethodDeclined)}, {"gateway_customer", s.GatewayCustomer}, {"refusal", refusal}}
		}
		written, err := update(tx, methodRow{}.TableName(), append(columns, lookedAfter...), "id = ? AND status = 'pending'", s.MethodID)
		if err != nil || written == 0 {
			return err
		}
		reference := customer.Reference{CustomerID: m.CustomerID, Gateway: m.Gateway, Reference: s.GatewayCustomer, CreatedAt: s.At}
		if err := insertReference(tx, reference); err != nil {
			return err
		}
		if err := eraseCard(tx, m.Scope, m.CardToken); err != nil || s.Refusal != nil {
			return err
		}
		return defaultIfFirst(tx, m.CustomerID, m.ID, s.At)
	})
}

// DetachMethod ends an active method at the hub. One that is not active stays as it is.
func (r Customers) DetachMethod(ctx context.Context, scope merchant.Scope, methodID string, when time.Time) error {
	return r.store.transact(ctx, "detach payment method", func(tx *gorm.DB) error {
		columns := []column{{"status", string(customer.MethodDetached)}, {"detached_at", at(when)}, {"due_at", at(when.Add(customer.Unattended))}}
		written, err := update(tx, methodRow{}.TableName(), columns,
			"id = ? AND merchant_id = ? AND environment = ? AND status = 'active'", methodID, scope.MerchantID, string(scope.Environment))
		if err != nil || written == 0 {
			return err
		}
		_, err = update(tx, customerRow{}.TableName(), []column{{"default_payment_method", ""}, {"updated_at", at(when)}},
			"id = (SELECT customer_id FROM payment_methods WHERE payment_methods.id = ?) AND default_payment_method = ?", methodID, methodID)
		return err
	})
}

// ForgetMethod writes down that the gateway does not keep a detached card any more.
func (r Customers) ForgetMethod(ctx context.Context, methodID string, when time.Time) error {
	return r.store.write(ctx, "forget payment method", func(db *gorm.DB) error {
		_, err := update(db, methodRow{}.TableName(), append([]column{{"forgotten_at", at(when)}}, lookedAfter...),
			"id = ? AND status = 'detached' AND forgotten_at IS NULL", methodID)
		return err
	})
}

// RaiseMethod shows a method that waits for its gateway to operators.
func (r Customers) RaiseMethod(ctx context.Context, methodID, why string, due time.Time) error {
	return r.store.write(ctx, "raise payment method", func(db *gorm.DB) error {
		_, err := update(db, methodRow{}.TableName(), []column{{"due_at", at(due)}, {"attention", why}},
			"id = ? AND (status = 'pending' OR status = 'detached' AND forgotten_at IS NULL)", methodID)
		return err
	})
}

// Method returns a payment method of the scope. Errors: fault.NotFound.
func (r Customers) Method(ctx context.Context, scope merchant.Scope, methodID string) (found customer.PaymentMethod, err error) {
	err = r.store.view(ctx, "read payment method", func(db *gorm.DB) error {
		found, err = one(within(db, scope).Where("id = ?", methodID), "payment method", methodID, methodRow.method)
		return err
	})
	return found, err
}

// Methods lists active payment methods of the scope newest first.
func (r Customers) Methods(ctx context.Context, scope merchant.Scope, f customer.MethodFilter) (found []customer.PaymentMethod, more bool, err error) {
	err = r.store.view(ctx, "list payment methods", func(db *gorm.DB) error {
		query := within(db, scope)
		if f.CustomerID != "" {
			query = query.Where("customer_id = ?", f.CustomerID)
		}
		rows, any, err := list[methodRow](query.Where("status = 'active'"), cursor(f.Page))
		if err != nil {
			return err
		}
		more = any
		found, err = convert(rows, methodRow.method)
		return err
	})
	return found, more, err
}

// LoadMethod returns a payment method of any scope. Errors: fault.NotFound.
func (r Customers) LoadMethod(ctx context.Context, methodID string) (found customer.PaymentMethod, err error) {
	err = r.store.view(ctx, "load payment method", func(db *gorm.DB) error {
		found, err = one(db.Where("id = ?", methodID), "payment method", methodID, methodRow.method)
		return err
	})
	return found, err
}
