package interleave

import (
	"context"
	"time"

	"paymenthub/internal/customer"
	"paymenthub/internal/merchant"
	"paymenthub/internal/vault"
)

// Customers decorates the calls of a repository that keeping cards makes; the
// others pass.
type Customers struct {
	customer.Repository
	Hook Hook
}

// OpenMethod implements customer.Repository.
func (c Customers) OpenMethod(ctx context.Context, m customer.PaymentMethod, sealed vault.Record) error {
	return c.Hook.around(ctx, "open method", func() error { return c.Repository.OpenMethod(ctx, m, sealed) })
}

// RecordMethod implements customer.Repository.
func (c Customers) RecordMethod(ctx context.Context, s customer.Stored) error {
	return c.Hook.around(ctx, "record method", func() error { return c.Repository.RecordMethod(ctx, s) })
}

// DetachMethod implements customer.Repository.
func (c Customers) DetachMethod(ctx context.Context, scope merchant.Scope, methodID string, at time.Time) error {
	return c.Hook.around(ctx, "detach method", func() error { return c.Repository.DetachMethod(ctx, scope, methodID, at) })
}

// ForgetMethod implements customer.Repository.
func (c Customers) ForgetMethod(ctx context.Context, methodID string, at time.Time) error {
	return c.Hook.around(ctx, "forget method", func() error { return c.Repository.ForgetMethod(ctx, methodID, at) })
}

// LoadMethod implements customer.Repository.
func (c Customers) LoadMethod(ctx context.Context, methodID string) (found customer.PaymentMethod, err error) {
	err = c.Hook.around(ctx, "load method", func() (err error) {
		found, err = c.Repository.LoadMethod(ctx, methodID)
		return err
	})
	return found, err
}

// Reference implements customer.Repository.
func (c Customers) Reference(ctx context.Context, customerID, gateway string) (found string, err error) {
	err = c.Hook.around(ctx, "reference", func() (err error) {
		found, err = c.Repository.Reference(ctx, customerID, gateway)
		return err
	})
	return found, err
}
