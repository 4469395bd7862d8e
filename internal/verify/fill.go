package verify

import (
	"context"
	"database/sql"
	"fmt"
)

// counts are how many rows the providers' records have.
type counts struct{ charges, refunds, disputes int64 }

// filling is the spool while the witnesses are read anew.
type filling struct {
	tx     *sql.Tx
	wanted map[string]suspect // payments; nil wants all
	read   counts
	told   func(rows int64) // of each row
}

// fill reads all witnesses anew and keeps the rows of the wanted payments; nil
// wants all. told hears how many rows are read.
func (s *spool) fill(ctx context.Context, wanted map[string]suspect, told func(rows int64)) (counts, error) {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return counts{}, fmt.Errorf("verify: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	f := &filling{tx: tx, wanted: wanted, told: told}
	if _, err := tx.ExecContext(ctx, "DELETE FROM charges; DELETE FROM refunds; DELETE FROM disputes"); err != nil {
		return counts{}, fmt.Errorf("verify: %w", err)
	}
	for _, w := range s.witnesses {
		// Disputes first: the charge that one names is there when charges are read.
		if err := f.disputes(ctx, w); err != nil {
			return counts{}, err
		}
		if err := f.charges(ctx, w); err != nil {
			return counts{}, err
		}
		if err := f.refunds(ctx, w); err != nil {
			return counts{}, err
		}
	}
	if err := f.assign(ctx); err != nil {
		return counts{}, err
	}
	return f.read, tx.Commit()
}

func (f *filling) counted(rows *int64) {
	*rows++
	f.told(f.read.charges + f.read.refunds + f.read.disputes)
}

func (f *filling) unwanted(m metadata) bool {
	_, want := f.wanted[m.PaymentID]
	return f.wanted != nil && !want
}

func (f *filling) charges(ctx context.Context, w Witness) error {
	keep, err := f.tx.PrepareContext(ctx, "INSERT INTO charges VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	defer func() { _ = keep.Close() }()
	return records(ctx, w, "charges", func(c charge) error {
		f.counted(&f.read.charges)
		if f.unwanted(c.Metadata) {
			return nil
		}
		_, err := keep.ExecContext(ctx, c.Metadata.PaymentID, w.Name, c.ID, c.PaymentIntent, c.Amount, c.Currency, c.Status,
			c.AmountCaptured, c.AmountRefunded, c.Metadata.TransactionID, c.Metadata.MerchantID, c.Metadata.Environment)
		return err
	})
}

func (f *filling) refunds(ctx context.Context, w Witness) error {
	keep, err := f.tx.PrepareContext(ctx, "INSERT INTO refunds VALUES (?, ?, ?, ?, ?, ?, ?)")
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	defer func() { _ = keep.Close() }()
	return records(ctx, w, "refunds", func(r refund) error {
		f.counted(&f.read.refunds)
		if f.unwanted(r.Metadata) {
			return nil
		}
		_, err := keep.ExecContext(ctx, r.Metadata.PaymentID, w.Name, r.ID, r.Amount, r.Currency, r.Status, r.Metadata.RefundID)
		return err
	})
}

func (f *filling) disputes(ctx context.Context, w Witness) error {
	keep, err := f.tx.PrepareContext(ctx, "INSERT INTO disputes VALUES ('', ?, ?, ?, ?, ?, ?, ?)")
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	defer func() { _ = keep.Close() }()
	return records(ctx, w, "disputes", func(x dispute) error {
		f.counted(&f.read.disputes)
		_, err := keep.ExecContext(ctx, w.Name, x.ID, x.Charge, x.Amount, x.Currency, x.Status, x.Withdrawn)
		return err
	})
}

// assign gives each dispute to the payment that its charge names, and drops
// those of payments that are not wanted: their charges were not kept either.
func (f *filling) assign(ctx context.Context) error {
	const byCharge = "SELECT c.payment_id FROM charges c WHERE c.id = disputes.charge AND c.gateway = disputes.gateway"
	_, err := f.tx.ExecContext(ctx, "UPDATE disputes SET payment_id = coalesce(("+byCharge+"), '')")
	if err == nil && f.wanted != nil {
		_, err = f.tx.ExecContext(ctx, "DELETE FROM disputes WHERE payment_id = ''")
	}
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	return nil
}
