package chassis

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"paymenthub/internal/simulator"
)

// The kinds of rows in the witness record.
const (
	witnessCharge   = "charge"
	witnessRefund   = "refund"
	witnessDispute  = "dispute"
	witnessMethod   = "payment_method"
	witnessCustomer = "customer"
)

// WitnessCharge writes down a charge as it is now; its status follows from its
// amounts, and from voided. Set IdempotencyKey only when it is first written: an
// empty one leaves what is there. A declined attempt is no charge.
func (tx *Tx) WitnessCharge(ch simulator.Charge, voided bool) error {
	switch {
	case ch.Amount <= 0 || ch.AmountCaptured < 0 || ch.AmountCaptured > ch.Amount,
		ch.AmountRefunded < 0 || ch.AmountRefunded > ch.AmountCaptured, voided && ch.AmountCaptured > 0:
		return fmt.Errorf("charge %s cannot be: %d of %d taken, %d given back", ch.ID, ch.AmountCaptured, ch.Amount, ch.AmountRefunded)
	case voided:
		ch.Status = simulator.Voided
	case ch.AmountCaptured == 0:
		ch.Status = simulator.Authorized
	case ch.AmountRefunded == 0:
		ch.Status = simulator.Captured
	case ch.AmountRefunded < ch.AmountCaptured:
		ch.Status = simulator.PartiallyRefunded
	default:
		ch.Status = simulator.Refunded
	}
	ch.Metadata = orEmpty(ch.Metadata)
	return tx.witness(witnessCharge, ch.ID, ch)
}

// WitnessRefund writes down a refund as it is now.
func (tx *Tx) WitnessRefund(r simulator.Refund) error {
	r.Metadata = orEmpty(r.Metadata)
	return tx.witness(witnessRefund, r.ID, r)
}

// WitnessDispute writes down a dispute as it is now.
func (tx *Tx) WitnessDispute(d simulator.Dispute) error { return tx.witness(witnessDispute, d.ID, d) }

// WitnessMethod writes down a card that is kept, or, without a customer, was.
func (tx *Tx) WitnessMethod(m simulator.PaymentMethod) error {
	m.Metadata = orEmpty(m.Metadata)
	return tx.witness(witnessMethod, m.ID, m)
}

// WitnessCustomer writes down a customer.
func (tx *Tx) WitnessCustomer(c simulator.Customer) error {
	c.Metadata = orEmpty(c.Metadata)
	return tx.witness(witnessCustomer, c.ID, c)
}

func orEmpty(metadata json.RawMessage) json.RawMessage {
	if len(metadata) == 0 {
		return json.RawMessage(`{}`)
	}
	return metadata
}

// witness writes a row; one that is there keeps its place.
func (tx *Tx) witness(kind, id string, row any) error {
	return tx.exec(`INSERT INTO witness (seq, kind, id, doc) VALUES (?, ?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET
		doc = json_set(excluded.doc, '$.idempotency_key', COALESCE(NULLIF(excluded.doc ->> '$.idempotency_key', ''), witness.doc ->> '$.idempotency_key'))`,
		tx.sim.seq.next(), kind, id, string(Marshal(row)))
}

// record reads what was really charged, refunded and disputed.
type record struct{ store *store }

// Charges implements simulator.Witness.
func (r record) Charges(ctx context.Context) iter.Seq2[simulator.Charge, error] {
	return rows(ctx, r, witnessCharge, func(ch *simulator.Charge, at time.Time) { ch.CreatedAt = at })
}

// Refunds implements simulator.Witness.
func (r record) Refunds(ctx context.Context) iter.Seq2[simulator.Refund, error] {
	return rows(ctx, r, witnessRefund, func(made *simulator.Refund, at time.Time) { made.CreatedAt = at })
}

// Disputes implements simulator.Witness.
func (r record) Disputes(ctx context.Context) iter.Seq2[simulator.Dispute, error] {
	return rows(ctx, r, witnessDispute, func(d *simulator.Dispute, at time.Time) { d.CreatedAt = at })
}

// PaymentMethods implements simulator.Witness.
func (r record) PaymentMethods(ctx context.Context) iter.Seq2[simulator.PaymentMethod, error] {
	return rows(ctx, r, witnessMethod, func(m *simulator.PaymentMethod, at time.Time) { m.CreatedAt = at })
}

// Customers implements simulator.Witness.
func (r record) Customers(ctx context.Context) iter.Seq2[simulator.Customer, error] {
	return rows(ctx, r, witnessCustomer, func(c *simulator.Customer, at time.Time) { c.CreatedAt = at })
}

// rows reads a kind's rows as they go, oldest first.
func rows[T any](ctx context.Context, r record, kind string, made func(*T, time.Time)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		found, err := r.store.readers.QueryContext(ctx, `SELECT seq, doc FROM witness WHERE kind = ? ORDER BY seq`, kind)
		if err != nil {
			yield(none, err)
			return
		}
		defer found.Close()
		for found.Next() {
			var seq int64
			var doc []byte
			row := none
			err := found.Scan(&seq, &doc)
			if err == nil {
				err = json.Unmarshal(doc, &row)
			}
			made(&row, time.UnixMicro(seq).UTC())
			if !yield(row, err) || err != nil {
				return
			}
		}
		if err := found.Err(); err != nil {
			yield(none, err)
		}
	}
}
