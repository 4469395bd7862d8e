package adyen

import (
	"errors"
	"strings"
	"time"

	"paymenthub/internal/simulator"
	"paymenthub/internal/simulator/chassis"
)

// defensePeriod is how long a dispute can be answered.
const defensePeriod = 40 * 24 * time.Hour

// The states of a dispute.
const (
	disputeInquiry  = "inquiry"
	disputeNeeds    = "needs_response"
	disputeReviewed = "under_review"
	disputeWon      = "won"
	disputeLost     = "lost"
)

// dispute is an object of chassis.KindDispute, under its pspReference.
type dispute struct {
	PSP     string    `json:"psp"`
	Payment string    `json:"payment"`
	Amount  amount    `json:"amount"`
	Reason  string    `json:"reason"`
	Code    string    `json:"code"`
	Status  string    `json:"status"`
	Taken   bool      `json:"taken"` // the merchant is without the amount now
	EndsAt  time.Time `json:"ends_at"`
}

// openDispute has the owner of the card object. An inquiry is a request for information.
func openDispute(tx *chassis.Tx, psp string, about chassis.Complaint) (string, error) {
	p, found, err := chassis.Find[payment](tx, tx.Account, chassis.KindPayment, psp)
	if err != nil || !found {
		return "", err
	}
	left := p.Captured - p.Refunded
	if left <= 0 {
		return "", chassis.Conflict("payment", "has nothing that could be disputed")
	}
	d := &dispute{
		PSP: newPSP(), Payment: p.PSP, Amount: amount{p.Amount.Currency, left}, Reason: "Merchandise/Services Not Received", Code: "13.1",
		Status: disputeInquiry, EndsAt: tx.Now().Add(defensePeriod),
	}
	if about.Reason != "" {
		d.Reason = about.Reason
	}
	if about.Amount > 0 {
		part, err := fromMinor(about.Amount, d.Amount.Currency)
		if err != nil || part.Value > left {
			return "", chassis.Conflict("amount", "is no amount of what was captured and not refunded")
		}
		d.Amount = part
	}
	if about.Inquiry {
		return d.PSP, errors.Join(d.save(tx), d.tell(tx, p, "REQUEST_FOR_INFORMATION", "Undefended"))
	}
	d.Status, d.Taken = disputeNeeds, true
	return d.PSP, errors.Join(d.save(tx),
		d.tell(tx, p, "NOTIFICATION_OF_CHARGEBACK", "Undefended"), d.tell(tx, p, "CHARGEBACK", "Undefended"))
}

// moveDispute brings a dispute into another state.
func moveDispute(tx *chassis.Tx, id, status string) error {
	d, found, err := chassis.Find[dispute](tx, tx.Account, chassis.KindDispute, id)
	if err != nil || !found {
		return err
	}
	p, found, err := chassis.Find[payment](tx, tx.Account, chassis.KindPayment, d.Payment)
	if err != nil || !found {
		return err
	}
	type step struct{ event, said string }
	var steps []step
	switch {
	case d.Status == disputeInquiry || d.Status == disputeWon || d.Status == disputeLost:
		return chassis.Conflict("status", "can change no more")
	case status == disputeReviewed:
		steps = []step{{"INFORMATION_SUPPLIED", "Pending"}}
	case status == disputeWon:
		d.Taken = false
		steps = []step{{"CHARGEBACK_REVERSED", "Pending"}, {"ISSUER_RESPONSE_TIMEFRAME_EXPIRED", "Won"}}
	case status == disputeLost:
		steps = []step{{"DISPUTE_DEFENSE_PERIOD_ENDED", "Lost"}}
	default:
		return &simulator.FieldError{Field: "status", Message: "must be under_review, won or lost"}
	}
	d.Status = status
	err = d.save(tx)
	for _, s := range steps {
		err = errors.Join(err, d.tell(tx, p, s.event, s.said))
	}
	return err
}

func (d *dispute) save(tx *chassis.Tx) error {
	minor, err := d.Amount.minor()
	w := simulator.Dispute{
		ID: d.PSP, Charge: d.Payment, PaymentIntent: d.Payment, Amount: minor, Currency: strings.ToLower(d.Amount.Currency), Status: d.Status,
	}
	if d.Taken {
		w.Withdrawn = minor
	}
	return errors.Join(err, tx.Save(chassis.KindDispute, d.PSP, d), tx.WitnessDispute(w))
}

func (d *dispute) tell(tx *chassis.Tx, p *payment, event, said string) error {
	return p.tell(tx, notification{
		EventCode: event, PSPReference: d.PSP, OriginalReference: p.PSP, MerchantReference: p.Reference, Amount: d.Amount,
		Success: done, Reason: d.Reason,
		AdditionalData: map[string]string{
			"chargebackReasonCode": d.Code, "chargebackSchemeCode": p.Card.Brand, "disputeStatus": said,
			"defensePeriodEndsAt": d.EndsAt.Format(time.RFC3339), "defendable": "true",
		},
	})
}
