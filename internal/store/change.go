package store

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"paymenthub/internal/payment"
)

// Insert stores a new payment and all that its change holds. Errors: ErrExists
// when its id is stored already.
func (r Payments) Insert(ctx context.Context, c payment.Change) error {
	if c.FromVersion != 0 {
		return fmt.Errorf("store: payment %s is not new: its change starts from version %d", c.Intent.ID, c.FromVersion)
	}
	return r.commit(ctx, "insert payment", c, func(tx *gorm.DB, row paymentRow) error {
		written, err := insert(tx, "ON CONFLICT (id) DO NOTHING", row)
		return atLeastOne(written, err, payment.ErrExists)
	})
}

// Apply stores a change in one transaction. Errors: ErrStale when the payment
// is not in the state and version the change started from, ErrExists when the
// change brings an attempt, a transaction, a refund or a dispute that is stored already.
func (r Payments) Apply(ctx context.Context, c payment.Change) error {
	return r.commit(ctx, "apply payment change", c, func(tx *gorm.DB, row paymentRow) error {
		written, err := update(tx, row.TableName(), row.changes(),
			"id = ? AND status = ? AND version = ? AND merchant_id = ? AND environment = ?",
			row.ID, string(c.From), c.FromVersion, row.MerchantID, row.Environment)
		return atLeastOne(written, err, payment.ErrStale)
	})
}

// commit writes the intent with its own statement and then the rest of the change, and
// hands on what is to be told of it. Balances, which all payments of a merchant share,
// come last: their rows are locked for the shortest time, and in the same order by everyone.
func (r Payments) commit(ctx context.Context, operation string, c payment.Change, intent func(*gorm.DB, paymentRow) error) error {
	row, err := newPaymentRow(c.Intent)
	if err != nil {
		return translate(operation, err)
	}
	postings, err := newPostings(c.Ledger)
	if err != nil {
		return translate(operation, err)
	}
	var out outbox
	err = r.store.transact(ctx, operation, func(tx *gorm.DB) error {
		if err := intent(tx, row); err != nil {
			return err
		}
		if err := storeParts(tx, c); err != nil {
			return err
		}
		out = r.store.newOutbox()
		if err := insertEvents(tx, &out, c.Events); err != nil {
			return err
		}
		return postings.insert(tx)
	})
	if err == nil {
		out.send()
	}
	return err
}

// storeParts writes what belongs to the payment; what refers comes after what
// it refers to.
func storeParts(tx *gorm.DB, c payment.Change) error {
	if c.Card != nil {
		if err := insertCard(tx, *c.Card); err != nil {
			return err
		}
	}
	if c.Sighting != nil {
		if err := insertSighting(tx, *c.Sighting); err != nil {
			return err
		}
	}
	if c.Refused != nil {
		if err := storeRefused(tx, *c.Refused); err != nil {
			return err
		}
	}
	if c.Attempt != nil {
		if err := storeAttempt(tx, *c.Attempt); err != nil {
			return err
		}
	}
	if c.Refund != nil {
		if err := storeRefund(tx, *c.Refund); err != nil {
			return err
		}
	}
	if c.Dispute != nil {
		if err := storeDispute(tx, *c.Dispute); err != nil {
			return err
		}
	}
	if c.Transaction != nil {
		if err := storeTransaction(tx, *c.Transaction); err != nil {
			return err
		}
	}
	if err := storeKept(tx, c); err != nil {
		return err
	}
	if c.Abandoned != "" {
		if err := abandonTransaction(tx, c.Abandoned, c.Intent.UpdatedAt); err != nil {
			return err
		}
	}
	if c.Lock.Promises() {
		if err := storeLock(tx, c.Lock, c.Intent.ID); err != nil {
			return err
		}
	}
	if c.EraseCard != "" {
		return eraseCard(tx, c.Intent.Scope, c.EraseCard)
	}
	return nil
}

// storeRefused writes an attempt that another one follows at once.
func storeRefused(tx *gorm.DB, r payment.Refused) error {
	if err := storeAttempt(tx, r.Attempt); err != nil {
		return err
	}
	return storeTransaction(tx, r.Transaction)
}

// storeKept writes what the gateway keeps of customer and card from now on.
func storeKept(tx *gorm.DB, c payment.Change) error {
	if c.Customer != nil {
		if err := insertReference(tx, *c.Customer); err != nil {
			return err
		}
	}
	if c.PaymentMethod != nil {
		return keepMethod(tx, *c.PaymentMethod)
	}
	return nil
}
