package paypal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"go.uber.org/zap"

	"paymenthub/internal/fault"
	"paymenthub/internal/gateway"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

const disputesPath = "/v1/customer/disputes/"

// dispute is a dispute as PayPal answers it.
// Source: developer.paypal.com/docs/api/customer-disputes/v1, "dispute".
type dispute struct {
	ID           string    `json:"dispute_id"`
	Reason       string    `json:"reason"`
	Status       string    `json:"status"`
	Stage        string    `json:"dispute_life_cycle_stage"`
	Amount       amount    `json:"dispute_amount"`
	CreateTime   time.Time `json:"create_time"`
	RespondBy    time.Time `json:"seller_response_due_date"`
	Transactions []struct {
		SellerTransactionID string `json:"seller_transaction_id"` // of the capture
		Custom              string `json:"custom"`                // its custom_id
	} `json:"disputed_transactions"`
	Outcome struct {
		Code string `json:"outcome_code"`
	} `json:"dispute_outcome"`
	Funds []funds `json:"fund_movements"`
	// Money is what older answers have in place of Funds.
	Money []funds `json:"money_movements"`
}

// funds is money that went to or from a party because of the dispute.
type funds struct {
	Party         string  `json:"party"`
	AffectedParty string  `json:"affected_party"`
	Type          string  `json:"type"` // DEBIT, CREDIT
	Reason        string  `json:"reason"`
	Amount        *amount `json:"amount"`
}

const settlement = "DISPUTE_SETTLEMENT"

// feeReasons are the reasons of funds that PayPal keeps.
// Source: there, "money_movement_reason".
var feeReasons = map[string]bool{"DISPUTE_FEE": true, "CHARGEBACK_FEE": true, "DISPUTE_SETTLEMENT_FEE": true}

// outcomes maps dispute_outcome.outcome_code of a dispute that is resolved.
// Source: there, "dispute_outcome".
var outcomes = map[string]payment.DisputeStatus{
	"RESOLVED_SELLER_FAVOUR": payment.DisputeWon,
	"RESOLVED_WITH_PAYOUT":   payment.DisputeWon, // PayPal pays the shopper
	"CANCELED_BY_BUYER":      payment.DisputeWon,
	"DENIED":                 payment.DisputeWon,
	"RESOLVED_BUYER_FAVOUR":  payment.DisputeLost,
	"ACCEPTED":               payment.DisputeLost,
}

// openStatuses maps the status of a dispute that is a claim, and not resolved.
// Source: there, "status".
var openStatuses = map[string]payment.DisputeStatus{
	"OPEN":                        payment.DisputeNeedsResponse,
	"WAITING_FOR_SELLER_RESPONSE": payment.DisputeNeedsResponse,
	"WAITING_FOR_BUYER_RESPONSE":  payment.DisputeUnderReview,
	"UNDER_REVIEW":                payment.DisputeUnderReview,
	"OTHER":                       payment.DisputeUnderReview,
}

// Dispute implements gateway.Gateway.
func (a *Adapter) Dispute(ctx context.Context, d gateway.DisputeLookup) (report payment.DisputeReport, err error) {
	if !isWord(d.Reference) {
		return payment.DisputeReport{}, errors.New("paypal: that is no reference of a dispute")
	}
	defer func(started time.Time) {
		a.log.Debug("paypal call", zap.String("operation", "dispute"), zap.String("dispute_reference", d.Reference),
			zap.String("status", string(report.Status)), zap.Error(err), zap.Duration("took", time.Since(started)))
	}(time.Now())
	at := a.begin(ctx)
	defer at.cancel()
	var found dispute
	if err := a.send(at, request{method: http.MethodGet, path: disputesPath + d.Reference}, &found); err != nil {
		return payment.DisputeReport{}, fmt.Errorf("paypal: dispute %s: %s", d.Reference, because(at, err))
	}
	if found.ID != d.Reference {
		return payment.DisputeReport{}, fmt.Errorf("paypal: dispute %s: the answer is not this dispute", d.Reference)
	}
	return found.report()
}

func (d *dispute) report() (payment.DisputeReport, error) {
	sum, err := d.Amount.money()
	if err != nil {
		return payment.DisputeReport{}, fmt.Errorf("paypal: dispute %s: %w", d.ID, err)
	}
	r := payment.DisputeReport{Reference: d.ID, Amount: sum, Reason: d.reason(), OpenedAt: d.CreateTime.UTC(), Fee: d.fee()}
	if !d.RespondBy.IsZero() {
		r.RespondBy = d.RespondBy.UTC()
	}
	for _, f := range d.sellers() {
		r.Withdrawn = r.Withdrawn || f.Reason == settlement && f.Type == "DEBIT"
		r.Reinstated = r.Reinstated || f.Reason == settlement && f.Type == "CREDIT"
	}
	r.Reinstated = r.Reinstated && r.Withdrawn
	if r.Status, err = d.state(r); err != nil {
		return payment.DisputeReport{}, fmt.Errorf("paypal: dispute %s: %w", d.ID, err)
	}
	return r, nil
}

// state is where the dispute stands. In its first stage, in which shopper and merchant
// talk, it is an inquiry. A claim that ended without a word for how is told by the money.
func (d *dispute) state(r payment.DisputeReport) (payment.DisputeStatus, error) {
	const inquiry, resolved = "INQUIRY", "RESOLVED"
	gone := r.Withdrawn && !r.Reinstated
	switch open, known := openStatuses[d.Status]; {
	case known && d.Stage == inquiry:
		return payment.DisputeInquiry, nil
	case known:
		return open, nil
	case d.Status != resolved:
		return "", fmt.Errorf("it has the status %s, which the hub does not know", word(d.Status))
	case d.Stage == inquiry && !gone:
		return payment.DisputeInquiryClosed, nil
	}
	if end, ok := outcomes[d.Outcome.Code]; ok {
		return end, nil
	}
	if gone {
		return payment.DisputeLost, nil
	}
	return payment.DisputeWon, nil
}

// sellers are the movements of the merchant's own funds.
func (d *dispute) sellers() (own []funds) {
	all := d.Funds
	if len(all) == 0 {
		all = d.Money
	}
	for _, f := range all {
		if f.Party == "SELLER" || f.AffectedParty == "SELLER" {
			own = append(own, f)
		}
	}
	return own
}

// fee is what PayPal keeps for the dispute, nil when that is nothing, or cannot be read
// exactly: reconciliation settles that.
func (d *dispute) fee() *money.Money {
	var sum *money.Money
	for _, f := range d.sellers() {
		if !feeReasons[f.Reason] {
			continue
		}
		fee := told(f.Amount)
		if fee == nil {
			return nil
		}
		if f.Type == "CREDIT" {
			fee.Minor = -fee.Minor
		}
		if sum != nil {
			total, err := sum.Add(*fee)
			if err != nil {
				return nil
			}
			fee = &total
		}
		sum = fee
	}
	if sum == nil || sum.Minor <= 0 {
		return nil
	}
	return sum
}

// reason is PayPal's word for it in lower case, as far as it is one.
func (d *dispute) reason() string {
	reason := strings.ToLower(d.Reason)
	if isWord(reason) && strings.Trim(reason, "abcdefghijklmnopqrstuvwxyz_") == "" {
		return reason
	}
	return "other"
}

// notice tells of a dispute of one of the hub's payments, and names the capture.
func (d *dispute) notice(n payment.Notice) (payment.Notice, string) {
	if len(d.Transactions) == 0 || !isReference(d.Transactions[0].SellerTransactionID) {
		return n, ""
	}
	names, ok := readOurs(d.Transactions[0].Custom)
	sum, err := d.Amount.money()
	if !ok || err != nil {
		return n, ""
	}
	n.Subject, n.DisputeReference, n.Amount, n.PaymentID = payment.NoticeOfDispute, d.ID, sum, names.payment
	return n, d.Transactions[0].SellerTransactionID
}

// orderOf reads the order of a capture.
// Errors: fault.Unavailable.
func (a *Adapter) orderOf(captureID string) (string, error) {
	at := a.begin(context.Background())
	defer at.cancel()
	var taken capture
	err := a.send(at, request{method: http.MethodGet, path: capturesPath + captureID}, &taken)
	if id := taken.SupplementaryData.RelatedIDs.OrderID; err == nil && taken.ID == captureID && isReference(id) {
		return id, nil
	}
	if err == nil {
		err = errUnreadable
	}
	return "", fault.New(fault.Unavailable, "PayPal did not say which payment is disputed. Send the event again.").Because(errors.New(because(at, err))).After(time.Minute)
}
