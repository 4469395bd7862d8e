package stripe

import "net/http"

func createRefund(c *call) (effect, error) {
	f := c.form
	intentID, chargeID := f.optional("payment_intent"), f.optional("charge")
	if intentID == nil && chargeID == nil {
		f.fail(invalid("parameter_missing", "payment_intent", "One of the following params should be provided for this request: payment_intent or charge."))
	}
	amount := f.optionalAmount("amount")
	created := &refund{
		Object: "refund", Metadata: f.metadata(nil), Status: refundSucceeded,
		Reason: optional(f.choice("reason", "", "duplicate", "fraudulent", "requested_by_customer")),
		DestinationDetails: destinationDetails{Type: "card", Card: cardDestination{
			ReferenceStatus: "pending", ReferenceType: "acquirer_reference_number", Type: "refund",
		}},
	}
	return func(tx *transaction) ([]byte, error) {
		ch, err := tx.refundable(intentID, chargeID)
		if err != nil {
			return nil, err
		}
		created.Amount = amount
		if amount == 0 {
			created.Amount = ch.Amount - ch.AmountRefunded
		}
		if err := ch.checkRefund(created.Amount); err != nil {
			return nil, err
		}
		return tx.refund(ch, created)
	}, nil
}

// refundable finds the captured charge that the parameters mean.
func (tx *transaction) refundable(intentID, chargeID *string) (*charge, error) {
	if intentID != nil {
		pi, err := tx.loadIntent(*intentID)
		if err != nil {
			if e, ok := err.(*apiError); ok {
				e.status, e.Param = http.StatusBadRequest, "payment_intent"
			}
			return nil, err
		}
		if pi.Status != succeeded {
			e := invalid("charge_not_refundable", "payment_intent", "This PaymentIntent (%s) does not have a successful charge to refund.", pi.ID)
			e.executed = true
			return nil, e
		}
		if chargeID != nil && *chargeID != *pi.LatestCharge {
			return nil, invalid("", "charge", "The charge does not belong to the PaymentIntent.")
		}
		chargeID = pi.LatestCharge
	}
	ch, err := tx.loadCharge(*chargeID)
	if err != nil {
		return nil, err
	}
	if !ch.Captured {
		e := invalid("charge_not_refundable", "charge", "The charge %s has not been captured: cancel its PaymentIntent instead.", ch.ID)
		e.executed = true
		return nil, e
	}
	return ch, tx.checkDisputed(ch)
}

func (ch *charge) checkRefund(amount int64) error {
	left := ch.Amount - ch.AmountRefunded
	var e *apiError
	switch {
	case left == 0:
		e = invalid("charge_already_refunded", "", "Charge %s has already been refunded.", ch.ID)
		e.Charge = ch.ID
	case amount > left:
		e = invalid("", "amount", "Refund amount (%d) is greater than unrefunded amount on charge (%d).", amount, left)
	default:
		return nil
	}
	e.executed = true
	return e
}

func (tx *transaction) refund(ch *charge, created *refund) ([]byte, error) {
	seq := tx.call.sim.seq.next()
	created.ID, created.Created = newID("re_", seq), seconds(seq)
	created.Charge, created.PaymentIntent, created.Currency = ch.ID, &ch.PaymentIntent, ch.Currency
	issuer, err := tx.outcomeOfMethod(ch.PaymentMethod)
	if err != nil {
		return nil, err
	}
	if issuer.refund.first != "" {
		created.Status = issuer.refund.first
	}
	// The fee of the charge is not given back: a refund has none of its own.
	id, err := tx.book(booking{kind: "refund", amount: -created.Amount, currency: ch.Currency, source: created.ID, description: pointer("REFUND FOR CHARGE")})
	if err != nil {
		return nil, err
	}
	created.BalanceTransaction = &id
	ch.AmountRefunded += created.Amount
	ch.Refunded = ch.AmountRefunded == ch.Amount
	chargeDoc, err := tx.updateCharge(ch)
	if err != nil {
		return nil, err
	}
	doc := mustMarshal(created)
	err = tx.exec(`INSERT INTO refunds (seq, account, charge, intent, idempotency_key, doc) VALUES (?, ?, ?, ?, ?, ?)`,
		seq, tx.call.account, seqOf(ch.ID), seqOf(ch.PaymentIntent), tx.call.idempotencyKey, doc)
	if err == nil && issuer.refund.last != "" {
		err = tx.scheduleSettlement(seq, issuer.refund.last)
	}
	if err != nil {
		return nil, err
	}
	tx.emit("charge.refunded", chargeDoc)
	tx.emit("refund.created", doc)
	tx.emit("charge.refund.updated", doc)
	return doc, nil
}

func getRefund(c *call, q querier) ([]byte, error) {
	id := c.r.PathValue("id")
	doc, err := find(q, c.account, "refunds", "re_", id)
	if err == nil && doc == nil {
		err = missing("refund", id, "id")
	}
	if err != nil {
		return nil, err
	}
	return c.expand.apply(q, c.account, doc)
}
