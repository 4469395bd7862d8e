package paypal

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"paymenthub/internal/simulator"
	"paymenthub/internal/simulator/chassis"
)

// respondWithin is how long a merchant has to respond; chargebackFee is what a claim
// costs, in the smallest unit.
const (
	respondWithin = 10 * 24 * time.Hour
	chargebackFee = 2_000
)

// Statuses that /_sim can bring a dispute into.
const (
	toNeedsResponse = "needs_response"
	toUnderReview   = "under_review"
	toWon           = "won"
	toLost          = "lost"
	toClosed        = "inquiry_closed"
)

// dispute is a shopper's objection.
type dispute struct {
	ID        string    `json:"id"`
	Order     string    `json:"order"`
	Capture   string    `json:"capture"`
	Amount    int64     `json:"amount"`
	Reason    string    `json:"reason"`
	Inquiry   bool      `json:"inquiry"` // still one
	Status    string    `json:"status"`  // as /_sim brought it there
	Debited   bool      `json:"debited"`
	Credited  bool      `json:"credited"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// openDispute has the shopper object to what was captured of an order.
func openDispute(tx *chassis.Tx, id string, about chassis.Complaint) (string, error) {
	o, err := load(tx, id)
	if err != nil {
		return "", err
	}
	if len(o.Captures) == 0 || o.Captures[0].Pending {
		return "", chassis.Conflict("payment", "is not captured")
	}
	c := o.Captures[0]
	d := &dispute{
		ID: "PP-R-" + chassis.NewID("", "ABCDEFGHJKLMNPQRSTUVWXYZ", 3) + "-" + chassis.NewID("", "0123456789", 10), Order: o.ID, Capture: c.ID,
		Amount: c.Amount - o.refunded(c.ID), Reason: "MERCHANDISE_OR_SERVICE_NOT_RECEIVED", Inquiry: about.Inquiry, Status: toNeedsResponse,
		Debited: !about.Inquiry, CreatedAt: tx.Now(), UpdatedAt: tx.Now(),
	}
	if about.Amount > 0 {
		if about.Amount%perUnit(o.Currency) != 0 || about.Amount/perUnit(o.Currency) > d.Amount {
			return "", &simulator.FieldError{Field: "amount", Message: "must not be more than was captured, and in units of PayPal's"}
		}
		d.Amount = about.Amount / perUnit(o.Currency)
	}
	if about.Reason != "" {
		d.Reason = strings.ToUpper(about.Reason)
	}
	if d.Amount == 0 {
		return "", chassis.Conflict("payment", "is refunded")
	}
	return d.ID, d.keep(tx, o, "CUSTOMER.DISPUTE.CREATED")
}

// moveDispute brings a dispute into another status.
func moveDispute(tx *chassis.Tx, id, status string) error {
	d, ok, err := chassis.Find[dispute](tx, tx.Account, chassis.KindDispute, id)
	if err != nil || !ok {
		return errors.Join(err, chassis.NotFound("id"))
	}
	o, err := load(tx, d.Order)
	if err != nil {
		return err
	}
	event := "CUSTOMER.DISPUTE.UPDATED"
	switch {
	case d.over():
		return chassis.Conflict("status", "is decided already")
	case status == toClosed && d.Inquiry:
		event = "CUSTOMER.DISPUTE.RESOLVED"
	case status == toNeedsResponse, status == toUnderReview:
		d.Debited, d.Inquiry = true, false // an inquiry becomes a claim
	case status == toWon && !d.Inquiry:
		event, d.Credited = "CUSTOMER.DISPUTE.RESOLVED", true
	case status == toLost && !d.Inquiry:
		event = "CUSTOMER.DISPUTE.RESOLVED"
	default:
		return &simulator.FieldError{Field: "status", Message: "must be needs_response, under_review, won or lost; of an inquiry, inquiry_closed"}
	}
	d.Status, d.UpdatedAt = status, tx.Now()
	return d.keep(tx, o, event)
}

func (d *dispute) over() bool { return d.Status == toWon || d.Status == toLost || d.Status == toClosed }

// keep saves the dispute, writes it down and tells of it.
func (d *dispute) keep(tx *chassis.Tx, o *order, event string) error {
	row := simulator.Dispute{
		ID: d.ID, Charge: o.charge(), PaymentIntent: o.ID, Amount: minor(d.Amount, o.Currency), Currency: strings.ToLower(o.Currency),
		Status: d.Status, CreatedAt: d.CreatedAt,
	}
	if d.Inquiry {
		row.Status = "inquiry"
		if d.over() {
			row.Status = toClosed
		}
	}
	if d.Debited {
		row.Fee = minor(chargebackFee, o.Currency)
		if !d.Credited {
			row.Withdrawn = row.Amount
		}
	}
	return errors.Join(tx.Save(chassis.KindDispute, d.ID, d), tx.WitnessDispute(row), tell(tx, event, "dispute", "A dispute is told of", d.view(o)))
}

// getDispute is GET /v1/customer/disputes/{id}.
func getDispute(q chassis.Reader, r *chassis.Request) (chassis.Answer, error) {
	d, ok, err := chassis.Find[dispute](q, r.Account, chassis.KindDispute, r.PathValue("id"))
	if err != nil {
		return chassis.Answer{}, err
	}
	if !ok {
		return chassis.Answer{}, missing()
	}
	o, _, err := chassis.Find[order](q, r.Account, chassis.KindPayment, d.Order)
	if err != nil {
		return chassis.Answer{}, err
	}
	return chassis.JSON(http.StatusOK, d.view(o)), nil
}

func (d *dispute) view(o *order) object {
	stage, channel := "CHARGEBACK", "EXTERNAL"
	if d.Inquiry {
		stage, channel = "INQUIRY", "INTERNAL"
	}
	view := object{
		"dispute_id": d.ID, "create_time": stamp(d.CreatedAt), "update_time": stamp(d.UpdatedAt), "reason": d.Reason,
		"dispute_amount": money(d.Amount, o.Currency), "dispute_life_cycle_stage": stage, "dispute_channel": channel,
		"disputed_transactions": []object{{
			"seller_transaction_id": d.Capture, "custom": o.CustomID, "invoice_number": o.InvoiceID, "gross_amount": money(d.Amount, o.Currency),
		}},
	}
	switch d.Status {
	case toNeedsResponse:
		view["status"], view["seller_response_due_date"] = "WAITING_FOR_SELLER_RESPONSE", stamp(d.CreatedAt.Add(respondWithin))
	case toUnderReview:
		view["status"] = "UNDER_REVIEW"
	default:
		view["status"] = "RESOLVED"
		view["dispute_outcome"] = object{"outcome_code": map[string]string{
			toWon: "RESOLVED_SELLER_FAVOUR", toLost: "RESOLVED_BUYER_FAVOUR", toClosed: "CANCELED_BY_BUYER",
		}[d.Status]}
	}
	if d.Debited {
		view["fund_movements"] = d.funds(o)
	}
	return view
}

// funds are the movements of the merchant's funds.
func (d *dispute) funds(o *order) []object {
	moved := []object{
		{"party": "SELLER", "type": "DEBIT", "reason": "DISPUTE_SETTLEMENT", "amount": money(d.Amount, o.Currency), "initiated_time": stamp(d.CreatedAt)},
		{"party": "SELLER", "type": "DEBIT", "reason": "CHARGEBACK_FEE", "amount": money(chargebackFee, o.Currency), "initiated_time": stamp(d.CreatedAt)},
	}
	if d.Credited {
		moved = append(moved, object{
			"party": "SELLER", "type": "CREDIT", "reason": "DISPUTE_SETTLEMENT", "amount": money(d.Amount, o.Currency), "initiated_time": stamp(d.UpdatedAt),
		})
	}
	return moved
}
