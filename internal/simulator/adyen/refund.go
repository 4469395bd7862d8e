package adyen

import (
	"errors"
	"maps"
	"strings"

	"paymenthub/internal/simulator"
	"paymenthub/internal/simulator/chassis"
)

// The states of a refund in the record.
const (
	refundPending   = "pending"
	refundSucceeded = "succeeded"
	refundFailed    = "failed"
)

// refund gives back, now or later.
func (m *movement) refund(tx *chassis.Tx, p *payment) error {
	left, why := p.Captured-p.Refunded-p.Refunding, ""
	switch {
	case p.Captured == 0:
		why = "Transaction hasn't been captured, refund not possible"
	case left == 0:
		why = "Payment is already refunded"
	case m.Amount.Value > left:
		why = "Insufficient balance on payment"
	}
	if why != "" {
		m.Status = refundFailed
		return errors.Join(m.save(tx), m.witness(tx, p), m.tell(tx, p, "REFUND", m.Amount, why))
	}
	p.Refunding, m.Carried = p.Refunding+m.Amount.Value, true
	if err := errors.Join(p.save(tx), m.save(tx)); err != nil {
		return err
	}
	switch p.Card.Issuer.Meaning {
	case chassis.PendingRefund:
		return tx.Later(chassis.Task{Kind: taskSettle, Object: m.PSP}, tx.SettleAfter())
	case chassis.FailedRefund:
		return errors.Join(settleRefund(tx, m.PSP, true), tx.Later(chassis.Task{Kind: taskFail, Object: m.PSP}, tx.SettleAfter()))
	default:
		return settleRefund(tx, m.PSP, true)
	}
}

// settleRefund ends a refund. One that ended already is only ever taken back.
func settleRefund(tx *chassis.Tx, id string, succeeded bool) error {
	m, found, err := chassis.Find[movement](tx, tx.Account, kindRefund, id)
	if err != nil || !found {
		return err
	}
	p, found, err := chassis.Find[payment](tx, tx.Account, chassis.KindPayment, m.Payment)
	if err != nil || !found {
		return err
	}
	if m.Status == refundFailed || m.Status == refundSucceeded && succeeded {
		return nil
	}
	if m.Carried { // else it is settled before its time
		p.Refunding, m.Carried = p.Refunding-m.Amount.Value, false
	}
	event, why := "REFUND", ""
	switch {
	case m.Status == refundSucceeded:
		p.Refunded -= m.Amount.Value
		m.Status, event = refundFailed, "REFUND_FAILED" // which itself is done
	case succeeded:
		p.Refunded += m.Amount.Value
		m.Status = refundSucceeded
	default:
		m.Status, why = refundFailed, "Refund Failed"
	}
	return errors.Join(tx.Forget(id), m.save(tx), p.save(tx), p.witness(tx), m.witness(tx, p), m.tell(tx, p, event, m.Amount, why))
}

// witness writes a refund down.
func (m *movement) witness(tx *chassis.Tx, p *payment) error {
	minor, err := m.Amount.minor()
	if err != nil {
		return err
	}
	metadata := map[string]string{}
	maps.Copy(metadata, p.Metadata)
	metadata["refund_id"] = m.Reference[strings.LastIndex(m.Reference, "-")+1:]
	return tx.WitnessRefund(simulator.Refund{
		ID: m.PSP, Charge: p.PSP, PaymentIntent: p.PSP, Amount: minor, Currency: strings.ToLower(m.Amount.Currency), Status: m.Status,
		IdempotencyKey: m.Key, Metadata: chassis.Marshal(metadata),
	})
}
