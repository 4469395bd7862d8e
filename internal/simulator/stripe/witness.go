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
	return witnessed(ctx, w, `SELECT seq, doc FROM disputes ORDER BY seq`, (*dispute).witnessed)
}

// PaymentMethods implements simulator.Witness. What only one payment used was
// never kept: it is left out.
func (w witness) PaymentMethods(ctx context.Context) iter.Seq2[simulator.PaymentMethod, error] {
	return witnessed(ctx, w, `SELECT seq, doc FROM payment_methods WHERE customer IS NOT NULL OR outcome = 'detached' ORDER BY seq`,
		(*paymentMethod).witnessed)
}

// Customers implements simulator.Witness.
func (w witness) Customers(ctx context.Context) iter.Seq2[simulator.Customer, error] {
	return witnessed(ctx, w, `SELECT seq, doc FROM customers ORDER BY seq`, (*customer).witnessed)
}

// witnessed reads a table's objects as they go.
func witnessed[D, V any](ctx context.Context, w witness, query string, view func(*D, int64) V) iter.Seq2[V, error] {
	return func(yield func(V, error) bool) {
		var none V
		rows, err := w.store.readers.QueryContext(ctx, query)
		if err != nil {
			yield(none, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			var seq int64
			var doc []byte
			object := new(D)
			err := rows.Scan(&seq, &doc)
			if err == nil {
				err = json.Unmarshal(doc, object)
			}
			if !yield(view(object, seq), err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(none, err)
		}
	}
}

func (m *paymentMethod) witnessed(seq int64) simulator.PaymentMethod {
	seen := simulator.PaymentMethod{ID: m.ID, Last4: m.Card.Last4, Metadata: mustMarshal(m.Metadata), CreatedAt: time.UnixMicro(seq).UTC()}
	if m.Customer != nil {
		seen.Customer = *m.Customer
	}
	return seen
}

func (cu *customer) witnessed(seq int64) simulator.Customer {
	return simulator.Customer{ID: cu.ID, Metadata: mustMarshal(cu.Metadata), CreatedAt: time.UnixMicro(seq).UTC()}
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
