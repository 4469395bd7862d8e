package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"paymenthub/internal/customer"
	"paymenthub/internal/merchant"
)

// Customers implements customer.Repository.
type Customers struct{ store *Store }

// Customers returns the repository of customers and their payment methods.
func (s *Store) Customers() Customers { return Customers{s} }

var _ customer.Repository = Customers{}

// customerRow is a row of customers.
type customerRow struct {
	ID                   string
	MerchantID           string
	Environment          string
	Email                string
	Name                 string
	Description          string
	Metadata             *string
	DefaultPaymentMethod string
	CreatedAt            instant
	UpdatedAt            instant
}

// TableName implements schema.Tabler.
func (customerRow) TableName() string { return "customers" }

func (r customerRow) columns() []column {
	return []column{
		{"id", r.ID}, {"merchant_id", r.MerchantID}, {"environment", r.Environment}, {"email", r.Email}, {"name", r.Name},
		{"description", r.Description}, {"metadata", r.Metadata}, {"default_payment_method", r.DefaultPaymentMethod},
		{"created_at", r.CreatedAt}, {"updated_at", r.UpdatedAt},
	}
}

func newCustomerRow(c customer.Customer) (customerRow, error) {
	metadata, err := toJSON(given(c.Metadata))
	return customerRow{
		ID: c.ID, MerchantID: c.Scope.MerchantID, Environment: string(c.Scope.Environment), Email: c.Email, Name: c.Name,
		Description: c.Description, Metadata: metadata, DefaultPaymentMethod: c.DefaultPaymentMethod,
		CreatedAt: at(c.CreatedAt), UpdatedAt: at(c.UpdatedAt),
	}, err
}

func (r customerRow) customer() (customer.Customer, error) {
	c := customer.Customer{
		ID: r.ID, Scope: scopeOf(r.MerchantID, r.Environment), Email: r.Email, Name: r.Name, Description: r.Description,
		DefaultPaymentMethod: r.DefaultPaymentMethod, CreatedAt: r.CreatedAt.Time, UpdatedAt: r.UpdatedAt.Time,
	}
	metadata, err := fromJSON[map[string]string](r.Metadata)
	if metadata != nil {
		c.Metadata = *metadata
	}
	return c, err
}

// referenceRow is a row of customer_references.
type referenceRow struct {
	CustomerID string
	Gateway    string
	Reference  string
	CreatedAt  instant
}

// TableName implements schema.Tabler.
func (referenceRow) TableName() string { return "customer_references" }

func (r referenceRow) columns() []column {
	return []column{{"customer_id", r.CustomerID}, {"gateway", r.Gateway}, {"reference", r.Reference}, {"created_at", r.CreatedAt}}
}

// insertReference stores how a gateway knows a customer; what is stored stays.
func insertReference(tx *gorm.DB, r customer.Reference) error {
	if r.Reference == "" {
		return nil
	}
	_, err := insert(tx, "ON CONFLICT (customer_id, gateway) DO NOTHING", referenceRow{
		CustomerID: r.CustomerID, Gateway: r.Gateway, Reference: r.Reference, CreatedAt: at(r.CreatedAt),
	})
	return err
}

// InsertCustomer stores a customer; one with the same id stays as it is.
func (r Customers) InsertCustomer(ctx context.Context, c customer.Customer) error {
	row, err := newCustomerRow(c)
	if err != nil {
		return translate("insert customer", err)
	}
	return r.store.write(ctx, "insert customer", func(db *gorm.DB) error {
		_, err := insert(db, "ON CONFLICT (id) DO NOTHING", row)
		return err
	})
}

// Customer returns a customer of the scope. Errors: fault.NotFound.
func (r Customers) Customer(ctx context.Context, scope merchant.Scope, customerID string) (found customer.Customer, err error) {
	err = r.store.view(ctx, "read customer", func(db *gorm.DB) error {
		found, err = one(within(db, scope).Where("id = ?", customerID), "customer", customerID, customerRow.customer)
		return err
	})
	return found, err
}

// Customers lists the scope's customers newest first.
func (r Customers) Customers(ctx context.Context, scope merchant.Scope, f customer.Filter) (found []customer.Customer, more bool, err error) {
	err = r.store.view(ctx, "list customers", func(db *gorm.DB) error {
		query := within(db, scope)
		if f.Email != "" {
			query = query.Where("email = ? AND email <> ''", f.Email)
		}
		rows, any, err := list[customerRow](query, cursor(f.Page))
		if err != nil {
			return err
		}
		more = any
		found, err = convert(rows, customerRow.customer)
		return err
	})
	return found, more, err
}

// UpdateCustomer changes a customer. Errors: fault.NotFound.
func (r Customers) UpdateCustomer(ctx context.Context, scope merchant.Scope, customerID string, c customer.Changes, when time.Time) error {
	columns := []column{{"updated_at", at(when)}}
	for _, field := range []struct {
		name  string
		value *string
	}{{"email", c.Email}, {"name", c.Name}, {"description", c.Description}} {
		if field.value != nil {
			columns = append(columns, column{field.name, *field.value})
		}
	}
	if c.Metadata != nil {
		metadata, err := toJSON(given(*c.Metadata))
		if err != nil {
			return translate("update customer", err)
		}
		columns = append(columns, column{"metadata", metadata})
	}
	return r.store.write(ctx, "update customer", func(db *gorm.DB) error {
		written, err := update(db, customerRow{}.TableName(), columns, "id = ? AND merchant_id = ? AND environment = ?",
			customerID, scope.MerchantID, string(scope.Environment))
		return atLeastOne(written, err, missing("customer", customerID))
	})
}

// SetDefault makes an active method of the customer the default. Errors:
// fault.NotFound when there is none of this id. The method is locked before the
// customer, as DetachMethod does: one that is being detached does not become the
// default behind its back.
func (r Customers) SetDefault(ctx context.Context, scope merchant.Scope, customerID, methodID string, when time.Time) error {
	return r.store.transact(ctx, "set default payment method", func(tx *gorm.DB) error {
		active := within(tx, scope).Where("id = ? AND customer_id = ? AND status = 'active'", methodID, customerID)
		if tx.Name() == string(Postgres) { // writes of SQLite come one after another
			active = active.Clauses(clause.Locking{Strength: clause.LockingStrengthShare})
		}
		if _, err := one(active, "payment method", methodID, methodRow.method); err != nil {
			return err
		}
		written, err := update(tx, customerRow{}.TableName(), []column{{"default_payment_method", methodID}, {"updated_at", at(when)}},
			"id = ? AND merchant_id = ? AND environment = ?", customerID, scope.MerchantID, string(scope.Environment))
		return atLeastOne(written, err, missing("customer", customerID))
	})
}

// Reference returns the customer as the gateway knows them, "" when it does not.
func (r Customers) Reference(ctx context.Context, customerID, gateway string) (reference string, err error) {
	err = r.store.view(ctx, "read customer reference", func(db *gorm.DB) error {
		var row referenceRow
		err := db.Where("customer_id = ? AND gateway = ?", customerID, gateway).Take(&row).Error
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return nil
		}
		reference = row.Reference
		return err
	})
	return reference, err
}

// ForgetReference ends a reference that the gateway does not know any more. A newer
// one stays.
func (r Customers) ForgetReference(ctx context.Context, gone customer.Reference) error {
	return r.store.write(ctx, "forget customer reference", func(db *gorm.DB) error {
		return db.Exec("DELETE FROM customer_references WHERE customer_id = ? AND gateway = ? AND reference = ?",
			gone.CustomerID, gone.Gateway, gone.Reference).Error
	})
}
