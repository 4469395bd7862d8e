package stripe

import (
	"time"

	"paymenthub/internal/simulator"
)

// captureWindow is how long an authorization can be captured.
const captureWindow = 7 * 24 * time.Hour

// failed is the status of a declined attempt, which is no charge to the witness.
const failed simulator.ChargeStatus = "failed"

func (tx *transaction) newCharge(pi *intent, m *method, result testOutcome) *charge {
	seq := tx.call.sim.seq.next()
	return &charge{
		ID: newID("ch_", seq), Object: "charge", Amount: pi.Amount, Currency: pi.Currency, Created: seconds(seq),
		BillingDetails: m.BillingDetails, Customer: pi.Customer, Description: pi.Description, Metadata: pi.Metadata,
		Outcome: result.outcome(m.Card.Fingerprint), PaymentIntent: pi.ID, PaymentMethod: m.ID, ReceiptEmail: pi.ReceiptEmail,
		Shipping: pi.Shipping, StatementDescriptor: pi.StatementDescriptor, DescriptorSuffix: pi.DescriptorSuffix,
		CalculatedStatementDescriptor: pi.descriptor(), TransferGroup: pi.TransferGroup,
		PaymentMethodDetails: paymentMethodDetails{Type: "card", Card: m.charged()},
	}
}

// descriptor is what the shopper's statement shows.
func (pi *intent) descriptor() *string {
	switch {
	case pi.StatementDescriptor != nil:
		return pi.StatementDescriptor
	case pi.DescriptorSuffix != nil:
		return pointer("SIMULATOR* " + *pi.DescriptorSuffix)
	default:
		return pointer("SIMULATOR")
	}
}

func (m *method) charged() chargedCard {
	unavailable := featureStatus{"unavailable"}
	return chargedCard{
		Brand: m.Card.Brand, Checks: m.Card.Checks, Country: m.Card.Country, ExpMonth: m.Card.ExpMonth, ExpYear: m.Card.ExpYear,
		Fingerprint: m.Card.Fingerprint, Funding: m.Card.Funding, Last4: m.Card.Last4, Network: m.Card.Brand,
		ExtendedAuthorization: featureStatus{"disabled"}, IncrementalAuthorization: unavailable, Multicapture: unavailable,
		Overcapture: overcapture{Status: "unavailable"},
	}
}

// authorize marks the amount as held until the end of the capture window.
func (ch *charge) authorize(seq int64) {
	ch.Status, ch.Paid = "succeeded", true
	details := &ch.PaymentMethodDetails.Card
	details.AmountAuthorized = &ch.Amount
	details.CaptureBefore = pointer(time.UnixMicro(seq).Add(captureWindow).Unix())
	details.Overcapture.MaximumAmountCapturable = ch.Amount
	details.AuthorizationCode = pointer(randomAuthorizationCode())
	details.NetworkTransactionID = pointer(randomText(15))
}

// settle takes amount of the authorized charge and releases the rest, which
// Stripe counts as refunded: amount_refunded is then amount minus amount_captured.
func (tx *transaction) settle(ch *charge, amount int64) error {
	ch.Captured, ch.AmountCaptured, ch.AmountRefunded = true, amount, ch.Amount-amount
	booked := booking{kind: "charge", amount: amount, fee: feeOf(amount), feeName: "Stripe processing fees", currency: ch.Currency, source: ch.ID, description: ch.Description}
	id, err := tx.book(booked)
	ch.BalanceTransaction = &id
	return err
}

// givenBack is what refunds returned of what was captured.
func (ch *charge) givenBack() int64 {
	if !ch.Captured {
		return 0
	}
	return ch.AmountRefunded - (ch.Amount - ch.AmountCaptured)
}

// witnessed is the charge's status in the witness record.
func (ch *charge) witnessed() simulator.ChargeStatus {
	switch back := ch.givenBack(); {
	case ch.Status == "failed":
		return failed
	case !ch.Captured && ch.Refunded:
		return simulator.Voided
	case !ch.Captured:
		return simulator.Authorized
	case back == 0:
		return simulator.Captured
	case back < ch.AmountCaptured:
		return simulator.PartiallyRefunded
	default:
		return simulator.Refunded
	}
}

func (tx *transaction) insertCharge(ch *charge) ([]byte, error) {
	doc := mustMarshal(ch)
	return doc, tx.exec(`INSERT INTO charges (seq, account, intent, customer, id, payment_intent, status, amount, currency,
		amount_captured, amount_refunded, idempotency_key, metadata, doc) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		seqOf(ch.ID), tx.call.account, seqOf(ch.PaymentIntent), customerSeq(ch.Customer), ch.ID, ch.PaymentIntent, string(ch.witnessed()),
		ch.Amount, ch.Currency, ch.AmountCaptured, ch.givenBack(), tx.call.idempotencyKey, string(mustMarshal(ch.Metadata)), doc)
}

func (tx *transaction) updateCharge(ch *charge) ([]byte, error) {
	doc := mustMarshal(ch)
	return doc, tx.exec(`UPDATE charges SET status = ?, amount_captured = ?, amount_refunded = ?, doc = ? WHERE seq = ?`,
		string(ch.witnessed()), ch.AmountCaptured, ch.givenBack(), doc, seqOf(ch.ID))
}

func (tx *transaction) loadCharge(id string) (*charge, error) {
	ch, ok, err := object[charge](tx, tx.call.account, "charges", "ch_", id)
	if err == nil && !ok {
		err = missingParam("charge", id, "charge")
	}
	return ch, err
}

func getCharge(c *call, q querier) ([]byte, error) {
	id := c.r.PathValue("id")
	doc, err := find(q, c.account, "charges", "ch_", id)
	if err == nil && doc == nil {
		err = missing("charge", id, "id")
	}
	if err != nil {
		return nil, err
	}
	return c.expand.apply(q, c.account, doc)
}

// authorizationCharacters are those of the issuer's six-character approval code
// (ISO 8583 field 38).
const authorizationCharacters = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"

func randomAuthorizationCode() string {
	text := []byte(randomText(6))
	for i, b := range text {
		text[i] = authorizationCharacters[int(b)%len(authorizationCharacters)]
	}
	return string(text)
}
