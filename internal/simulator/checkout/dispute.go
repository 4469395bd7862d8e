package checkout

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"paymenthub/internal/simulator"
	"paymenthub/internal/simulator/chassis"
)

// The statuses of a dispute.
const (
	evidenceRequired    = "evidence_required"
	evidenceUnderReview = "evidence_under_review"
	disputeWon          = "won"
	disputeLost         = "lost"
)

// evidenceWindow is how long a merchant has to answer a dispute.
const evidenceWindow = 7 * 24 * time.Hour

// categories are the reasons of disputes, with Visa's codes for them.
var categories = map[string]string{
	"fraudulent": "10.4", "unrecognized": "10.4", "canceled_recurring": "13.2", "product_service_not_received": "13.1",
	"not_as_described": "13.3", "credit_not_issued": "13.7", "duplicate": "12.6.1", "incorrect_amount": "12.5", "general": "13.1",
}

// dispute is one dispute as the API answers it.
type dispute struct {
	ID                 string          `json:"id"`
	Category           string          `json:"category"`
	Amount             int64           `json:"amount"`
	Currency           string          `json:"currency"`
	ReasonCode         string          `json:"reason_code"`
	Status             string          `json:"status"`
	EvidenceRequiredBy *time.Time      `json:"evidence_required_by,omitempty"`
	ReceivedOn         time.Time       `json:"received_on"`
	LastUpdate         time.Time       `json:"last_update"`
	Payment            disputedPayment `json:"payment"`
}

type disputedPayment struct {
	ID          string    `json:"id"`
	ActionID    string    `json:"action_id"`
	Amount      int64     `json:"amount"`
	Currency    string    `json:"currency"`
	Method      string    `json:"method"`
	ProcessedOn time.Time `json:"processed_on"`
}

// disputeData is what a webhook says of a dispute.
type disputeData struct {
	ID              string    `json:"id"`
	Category        string    `json:"category"`
	Status          string    `json:"status"`
	Amount          int64     `json:"amount"`
	Currency        string    `json:"currency"`
	ReasonCode      string    `json:"reason_code"`
	Date            time.Time `json:"date"`
	PaymentID       string    `json:"payment_id"`
	PaymentActionID string    `json:"payment_action_id"`
	PaymentMethod   string    `json:"payment_method"`
}

// moves are the statuses that can follow, with the events that tell of them.
var (
	moves = map[string][]string{
		evidenceRequired:    {evidenceUnderReview, disputeWon, disputeLost},
		evidenceUnderReview: {disputeWon, disputeLost},
	}
	disputeEvents = map[string]string{
		evidenceRequired: "dispute_evidence_required", evidenceUnderReview: "dispute_evidence_submitted",
		disputeWon: "dispute_won", disputeLost: "dispute_lost",
	}
)

// dispute opens a dispute on a captured payment.
func (p *payment) dispute(tx *chassis.Tx, amount int64, category string) (*dispute, error) {
	now := tx.Now()
	due := now.Add(evidenceWindow)
	i := slices.IndexFunc(p.Actions, func(a action) bool { return a.Type == typeCapture && a.Result.approved() })
	d := &dispute{
		ID: chassis.NewID("dsp_", chassis.Base32, 22), Category: category, Amount: amount, Currency: p.Currency, ReasonCode: categories[category],
		Status: evidenceRequired, EvidenceRequiredBy: &due, ReceivedOn: now,
		Payment: disputedPayment{ID: p.ID, ActionID: p.Actions[i].ID, Amount: p.Amount, Currency: p.Currency, Method: schemes[p.Card.Brand], ProcessedOn: p.RequestedOn},
	}
	return d, d.save(tx)
}

// save writes the dispute and tells of it.
func (d *dispute) save(tx *chassis.Tx) error {
	d.LastUpdate = tx.Now()
	withdrawn := minor(d.Amount, d.Currency)
	if d.Status == disputeWon {
		withdrawn = 0
	}
	return errors.Join(
		tx.Save(chassis.KindDispute, d.ID, d, "payment:"+d.Payment.ID),
		tx.WitnessDispute(simulator.Dispute{
			ID: d.ID, Charge: d.Payment.ID, PaymentIntent: d.Payment.ID, Amount: minor(d.Amount, d.Currency),
			Currency: strings.ToLower(d.Currency), Status: d.Status, Withdrawn: withdrawn,
		}),
		emit(tx, disputeEvents[d.Status], d.ID, disputeData{
			ID: d.ID, Category: d.Category, Status: d.Status, Amount: d.Amount, Currency: d.Currency, ReasonCode: d.ReasonCode,
			Date: d.LastUpdate, PaymentID: d.Payment.ID, PaymentActionID: d.Payment.ActionID, PaymentMethod: d.Payment.Method,
		}))
}

// openDispute is POST /_sim/disputes: a shopper objects to a payment, once.
func openDispute(tx *chassis.Tx, id string, about chassis.Complaint) (string, error) {
	if about.Reason == "" {
		about.Reason = "fraudulent"
	}
	if _, known := categories[about.Reason]; !known {
		return "", &simulator.FieldError{Field: "reason", Message: "is not one of Checkout.com's categories"}
	}
	if about.Inquiry {
		return "", &simulator.FieldError{Field: "inquiry", Message: "Checkout.com tells of no inquiries"}
	}
	p, err := load(tx, tx.Account, id)
	if err != nil {
		return "", err
	}
	before, err := chassis.List(tx, chassis.Listing{Account: tx.Account, Kind: chassis.KindDispute, Ref: "payment:" + id})
	left := p.total(typeCapture, false) - p.total(typeRefund, true)
	amount := about.Amount * perMinor(p.Currency)
	if amount == 0 {
		amount = left
	}
	switch {
	case err != nil:
		return "", err
	case len(before) > 0:
		return "", chassis.Conflict("payment", "is disputed already")
	case left == 0:
		return "", chassis.Conflict("payment", "nothing of it is captured and not refunded")
	case amount > left:
		return "", chassis.Conflict("amount", "is more than is captured and not refunded")
	}
	d, err := p.dispute(tx, amount, about.Reason)
	if err != nil {
		return "", err
	}
	return d.ID, nil
}

// moveDispute is POST /_sim/disputes/{id}: the issuer decides, or looks at it.
func moveDispute(tx *chassis.Tx, id, status string) error {
	if status == "under_review" {
		status = evidenceUnderReview
	}
	if !slices.Contains(moves[evidenceRequired], status) {
		return &simulator.FieldError{Field: "status", Message: "must be won, lost or under_review"}
	}
	d, _, err := chassis.Find[dispute](tx, tx.Account, chassis.KindDispute, id)
	switch {
	case err != nil:
		return err
	case d.Status == status:
		return nil
	case !slices.Contains(moves[d.Status], status):
		return chassis.Conflict("status", "cannot follow "+d.Status)
	}
	d.Status = status
	return d.save(tx)
}

func getDispute(q chassis.Reader, r *chassis.Request) (chassis.Answer, error) {
	d, ok, err := chassis.Find[dispute](q, r.Account, chassis.KindDispute, r.PathValue("id"))
	if err == nil && !ok {
		err = notFound
	}
	return chassis.JSON(http.StatusOK, d), err
}
