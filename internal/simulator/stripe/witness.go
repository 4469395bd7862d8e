package stripe

import (
	"context"
	"encoding/json"
	"iter"
	"time"

	"paymenthub/internal/simulator"
)

// witness reads the record of what was really charged, refunded and disputed.
type witness struct{ store *store }

// Charges implements simulator.Witness. Declined attempts are not charges.
func (w witness) Charges(ctx context.Context) iter.Seq2[simulator.Charge, error] {
	return func(yield func(simulator.Charge, error) bool) {
		rows, err := w.store.readers.QueryContext(ctx, `SELECT seq, id, payment_intent, amount, currency, status, amount_captured,
			amount_refunded, idempotency_key, metadata FROM charges WHERE status <> ? ORDER BY seq`, string(failed))
		if err != nil {
			yield(simulator.Charge{}, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			var ch simulator.Charge
			var seq int64
			var metadata []byte
			err := rows.Scan(&seq, &ch.ID, &ch.PaymentIntent, &ch.Amount, &ch.Currency, &ch.Status, &ch.AmountCaptured,
				&ch.AmountRefunded, &ch.IdempotencyKey, &metadata)
			ch.Metadata, ch.CreatedAt = metadata, time.UnixMicro(seq).UTC()
			if !yield(ch, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(simulator.Charge{}, err)
		}
	}
}

// Refunds implements simulator.Witness.
func (w witness) Refunds(ctx context.Context) iter.Seq2[simulator.Refund, error] {
	return func(yield func(simulator.Refund, error) bool) {
		rows, err := w.store.readers.QueryContext(ctx, `SELECT seq, idempotency_key, doc FROM refunds ORDER BY seq`)
		if err != nil {
			yield(simulator.Refund{}, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			var made simulator.Refund
			var seq int64
			var key string
			var doc []byte
			err := rows.Scan(&seq, &key, &doc)
			if err == nil {
				err = json.Unmarshal(doc, &made) // the fields have the names that Stripe gives them
			}
			made.IdempotencyKey, made.CreatedAt = key, time.UnixMicro(seq).UTC()
			if !yield(made, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(simulator.Refund{}, err)
		}
	}
}

// Disputes implements simulator.Witness.
func (w witness) Disputes(ctx context.Context) iter.Seq2[simulator.Dispute, error] {
	return func(yield func(simulator.Dispute, error) bool) {
		rows, err := w.store.readers.QueryContext(ctx, `SELECT seq, doc FROM disputes ORDER BY seq`)
		if err != nil {
			yield(simulator.Dispute{}, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			var seq int64
			var doc []byte
			var d dispute
			err := rows.Scan(&seq, &doc)
			if err == nil {
				err = json.Unmarshal(doc, &d)
			}
			if !yield(d.witnessed(seq), err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(simulator.Dispute{}, err)
		}
	}
}

func (d *dispute) witnessed(seq int64) simulator.Dispute {
	seen := simulator.Dispute{
		ID: d.ID, Charge: d.Charge, PaymentIntent: d.PaymentIntent, Amount: d.Amount, Currency: d.Currency, Status: d.Status,
		CreatedAt: time.UnixMicro(seq).UTC(),
	}
	for _, booked := range d.BalanceTransactions {
		seen.Withdrawn -= booked.Amount
		seen.Fee += booked.Fee
	}
	return seen
}
