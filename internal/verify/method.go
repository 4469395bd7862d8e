package verify

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"paymenthub/internal/account"
)

// keptCard is a card that a provider keeps, or kept.
type keptCard struct {
	ID       string `json:"id"`
	Customer string `json:"customer"` // "" when it is not kept any more
}

// defaults checks that a customer's default payment method is one to pay with.
func (r *run) defaults(ctx context.Context) error {
	return within(ctx, r.Store, func(s *snapshot) error {
		if err := s.patient(); err != nil {
			return err
		}
		return s.each(func(scan scan) error {
			var customerID, methodID string
			var theirs bool
			if err := scan(&customerID, &methodID, &theirs); err != nil {
				return err
			}
			r.hold(DefaultMethod, theirs, customerID, "has the default payment method %s, which is no active one of theirs", methodID)
			return nil
		}, `SELECT c.id, c.default_payment_method, m.id IS NOT NULL FROM customers c LEFT JOIN payment_methods m
				ON m.id = c.default_payment_method AND m.customer_id = c.id AND m.merchant_id = c.merchant_id
				AND m.environment = c.environment AND m.status = 'active'
			WHERE c.default_payment_method <> ''`)
	})
}

// waiting checks that methods that wait for their gateway are looked after, and counts
// those that wait for an operator.
func (r *run) waiting(ctx context.Context) error {
	now := r.Clock.Now()
	return within(ctx, r.Store, func(s *snapshot) error {
		if err := s.patient(); err != nil {
			return err
		}
		return s.each(func(scan scan) error {
			var methodID string
			var due time.Time
			var raised bool
			if err := scan(&methodID, instant{&due}, &raised); err != nil {
				return err
			}
			if raised {
				r.report.NeedsOperator.Methods++
			}
			r.late(methodID, due, now) // the zero time is late too
			return nil
		}, `SELECT id, due_at, attention <> '' FROM payment_methods
			WHERE status = 'pending' OR status = 'detached' AND forgotten_at IS NULL`)
	})
}

// Which methods there are is read first and the providers' record after it: a card
// that is detached meanwhile seems to be missing, so the hub is asked again before
// anything is concluded. It detaches a card before the provider hears of it.

// methods checks that providers keep the cards that can be paid with, and no longer
// those that they were told to forget.
func (r *run) methods(ctx context.Context) error {
	if r.spool == nil {
		return nil
	}
	if err := r.spoolMethods(ctx); err != nil {
		return err
	}
	return r.spool.each(ctx, func(scan scan) error {
		var methodID, token string
		var forgotten, agrees bool
		if err := scan(&methodID, &token, &forgotten, &agrees); err != nil {
			return err
		}
		if !agrees && !forgotten {
			still, err := r.active(ctx, methodID)
			if err != nil || !still {
				return err
			}
		}
		what := "can be paid with, but the provider does not keep %s for its customer"
		if forgotten {
			what = "is forgotten, but the provider still keeps %s"
		}
		r.hold(ProviderMethodKept, agrees, methodID, what, token)
		return nil
	}, `SELECT m.id, m.token, m.forgotten, CASE WHEN m.forgotten THEN k.id IS NULL ELSE k.customer IS m.customer END
		FROM methods m LEFT JOIN kept k ON k.gateway = m.gateway AND k.id = m.token`)
}

// spoolMethods writes into the spool what the hub has, and then what providers keep.
func (r *run) spoolMethods(ctx context.Context) error {
	tx, err := r.spool.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := r.copyMethods(ctx, tx); err != nil {
		return err
	}
	for _, w := range r.Witnesses {
		err := records(ctx, w, "payment_methods", func(k keptCard) error {
			if k.Customer == "" {
				return nil
			}
			_, err := tx.ExecContext(ctx, "INSERT INTO kept VALUES (?, ?, ?)", w.Name, k.ID, k.Customer)
			return err
		})
		if err != nil {
			return err
		}
	}
	return tx.Commit()
}

func (r *run) copyMethods(ctx context.Context, tx *sql.Tx) error {
	return within(ctx, r.Store, func(s *snapshot) error {
		if err := s.patient(); err != nil {
			return err
		}
		return s.each(func(scan scan) error {
			var methodID, gateway, customer, token string
			var forgotten bool
			if err := scan(&methodID, &gateway, &customer, &token, &forgotten); err != nil {
				return err
			}
			if !r.spool.witnessed(gateway) {
				return nil
			}
			_, err := tx.ExecContext(ctx, "INSERT INTO methods VALUES (?, ?, ?, ?, ?)", methodID, account.ProviderOf(gateway), customer, token, forgotten)
			return err
		}, `SELECT id, gateway, gateway_customer, gateway_reference, forgotten_at IS NOT NULL FROM payment_methods
			WHERE status = 'active' OR forgotten_at IS NOT NULL`)
	})
}

// active reports whether a method can be paid with now.
func (r *run) active(ctx context.Context, methodID string) (active bool, err error) {
	err = within(ctx, r.Store, func(s *snapshot) error {
		return s.each(func(scan) error {
			active = true
			return nil
		}, "SELECT id FROM payment_methods WHERE id = ? AND status = 'active'", methodID)
	})
	return active, err
}
