package stripe

import (
	"fmt"
	"slices"
	"time"
)

const (
	// evidenceWindow is how long a merchant has to answer a dispute.
	evidenceWindow = 7 * 24 * time.Hour
	// disputeFee is in minor units, whatever the currency. It is kept also when
	// the merchant wins.
	disputeFee = 1500
)

// complaint is what a shopper says to the issuer.
type complaint struct {
	reason  string // empty: none
	inquiry bool
}

// dispute opens a dispute of amount, in minor units, on a captured charge. An
// inquiry takes nothing from the merchant.
func (tx *transaction) dispute(ch *charge, amount int64, about complaint) ([]byte, error) {
	seq := tx.call.sim.seq.next()
	d := &dispute{
		ID: newID("du_", seq), Object: "dispute", Amount: amount, BalanceTransactions: []balanceTransaction{}, Charge: ch.ID,
		Created: seconds(seq), Currency: ch.Currency, Evidence: make(map[string]*string, len(evidenceFields)),
		EvidenceDetails:    evidenceDetails{DueBy: time.UnixMicro(seq).Add(evidenceWindow).Unix()},
		IsChargeRefundable: about.inquiry, Metadata: map[string]string{}, PaymentIntent: ch.PaymentIntent,
		Reason: about.reason, Status: needsResponse,
	}
	for _, name := range evidenceFields {
		d.Evidence[name] = nil
	}
	card := ch.PaymentMethodDetails.Card
	d.PaymentMethodDetails = disputedMethod{Type: "card", Card: disputedCard{Brand: card.Brand}}
	if card.Brand == "visa" {
		d.NetworkReasonCode = optional(disputeReasons[about.reason])
		d.PaymentMethodDetails.Card.NetworkReasonCode = d.NetworkReasonCode
	}
	if about.inquiry {
		d.Status = warningNeedsResponse
	} else if err := tx.bookDispute(d, -amount, disputeFee); err != nil {
		return nil, err
	}
	ch.Disputed = true
	if _, err := tx.updateCharge(ch); err != nil {
		return nil, err
	}
	doc := mustMarshal(d)
	tx.emit("charge.dispute.created", doc)
	if !about.inquiry {
		tx.emit("charge.dispute.funds_withdrawn", doc)
	}
	return doc, tx.exec(`INSERT INTO disputes (seq, account, charge, intent, doc) VALUES (?, ?, ?, ?, ?)`,
		seq, tx.call.account, seqOf(ch.ID), seqOf(ch.PaymentIntent), doc)
}

// complain opens the dispute that the owner of a test card begins as soon as the
// money is captured, if any.
func (tx *transaction) complain(ch *charge, issuer testOutcome) error {
	if issuer.complaint.reason == "" {
		return nil
	}
	_, err := tx.dispute(ch, ch.AmountCaptured, issuer.complaint)
	return err
}

// bookDispute takes the disputed amount from the merchant, or gives it back.
func (tx *transaction) bookDispute(d *dispute, amount, fee int64) error {
	category, what := "dispute", "withdrawal"
	if amount > 0 {
		category, what = "dispute_reversal", "reversal"
	}
	booked, err := tx.bookWhole(booking{
		kind: "adjustment", category: category, amount: amount, fee: fee, feeName: "Dispute fee", currency: d.Currency,
		source: d.ID, description: pointer(fmt.Sprintf("Chargeback %s for %s", what, d.Charge)),
	})
	d.BalanceTransactions = append(d.BalanceTransactions, booked)
	return err
}

func (d *dispute) open() bool { return disputeMoves[d.Status] != nil }
func (d *dispute) inquiry() bool {
	return d.Status == warningNeedsResponse || d.Status == warningUnderReview
}

// move changes the status, with what follows from it. The caller has made sure
// that the status can change so.
func (tx *transaction) move(d *dispute, status string) ([]byte, error) {
	if !slices.Contains(disputeMoves[d.Status], status) {
		return nil, fmt.Errorf("a dispute cannot change from %s to %s", d.Status, status)
	}
	d.Status = status
	if status == disputeWon {
		d.IsChargeRefundable = true
		if err := tx.bookDispute(d, d.Amount, 0); err != nil {
			return nil, err
		}
	}
	doc, err := tx.updateDispute(d)
	if d.open() {
		tx.emit("charge.dispute.updated", doc)
		return doc, err
	}
	tx.emit("charge.dispute.closed", doc)
	if status == disputeWon {
		tx.emit("charge.dispute.funds_reinstated", doc)
	}
	return doc, err
}

func (tx *transaction) updateDispute(d *dispute) ([]byte, error) {
	doc := mustMarshal(d)
	return doc, tx.exec(`UPDATE disputes SET doc = ? WHERE seq = ?`, doc, seqOf(d.ID))
}

// checkDisputed refuses the refund of a charge whose money the shopper's bank
// has, or may have, taken.
func (tx *transaction) checkDisputed(ch *charge) error {
	if !ch.Disputed {
		return nil
	}
	docs, err := readDocs(tx, `SELECT doc FROM disputes WHERE charge = ?`, seqOf(ch.ID))
	if err != nil {
		return err
	}
	for _, doc := range docs {
		if field, _ := findField(doc, "is_charge_refundable"); string(doc[field.from:field.to]) != "true" {
			e := invalid("charge_disputed", "", "Charge %s has been charged back; cannot issue a refund.", ch.ID)
			e.Charge, e.executed = ch.ID, true
			return e
		}
	}
	return nil
}
