package checkout

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"go.uber.org/zap"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

// disputeStatuses maps the status of a dispute, except "resolved".
// Source: api-reference.checkout.com, "Get dispute details".
var disputeStatuses = map[string]payment.DisputeStatus{
	"evidence_required":        payment.DisputeNeedsResponse,
	"evidence_under_review":    payment.DisputeUnderReview,
	"arbitration_under_review": payment.DisputeUnderReview,
	"won":                      payment.DisputeWon,
	"arbitration_won":          payment.DisputeWon,
	"canceled":                 payment.DisputeWon, // by the issuer
	"lost":                     payment.DisputeLost,
	"arbitration_lost":         payment.DisputeLost,
	"accepted":                 payment.DisputeLost, // by the merchant
	"expired":                  payment.DisputeLost, // without an answer
}

// A dispute that Checkout.com ends by itself: by a refund, as the merchant agreed to
// beforehand, or because there was nothing to dispute.
const (
	disputeResolved        = "resolved"
	rapidDisputeResolution = "rapid_dispute_resolution"
)

// disputeAnswer is a dispute as Checkout.com has it.
type disputeAnswer struct {
	ID                 string `json:"id"`
	Category           string `json:"category"`
	Status             string `json:"status"`
	ResolvedReason     string `json:"resolved_reason"`
	Amount             int64  `json:"amount"`
	Currency           string `json:"currency"`
	EvidenceRequiredBy string `json:"evidence_required_by"`
	ReceivedOn         string `json:"received_on"`
}

// Dispute implements gateway.Gateway. Checkout.com does not say with a dispute what
// it keeps for it.
func (a *Adapter) Dispute(ctx context.Context, d gateway.DisputeLookup) (report payment.DisputeReport, err error) {
	if !isWord(d.Reference) {
		return payment.DisputeReport{}, errors.New("checkout: that is no reference of a dispute")
	}
	defer func(started time.Time) {
		a.log.Debug("checkout call", zap.String("operation", "dispute"), zap.String("dispute_reference", d.Reference),
			zap.String("status", string(report.Status)), zap.Error(err), zap.Duration("took", time.Since(started)))
	}(time.Now())
	call := a.begin(ctx)
	defer call.cancel()
	var found disputeAnswer
	if err := a.exchange(call, http.MethodGet, "/disputes/"+d.Reference, "", nil, &found); err != nil {
		return payment.DisputeReport{}, fmt.Errorf("checkout: dispute %s: %s", d.Reference, unreadBecause(call, err))
	}
	if found.ID != d.Reference {
		return payment.DisputeReport{}, fmt.Errorf("checkout: dispute %s: the answer is not this dispute", d.Reference)
	}
	return ofDispute(found)
}

// ofDispute reads a dispute. The merchant is without the amount from the moment at
// which Checkout.com tells of it, and has it back when they win.
// Source: checkout.com/docs/developer-resources/event-notifications/event-types.
func ofDispute(d disputeAnswer) (payment.DisputeReport, error) {
	amount, err := fromCheckout(d.Amount, d.Currency)
	if err != nil {
		return payment.DisputeReport{}, fmt.Errorf("checkout: dispute %s: %w", d.ID, err)
	}
	status, known := disputeStatuses[d.Status]
	if d.Status == disputeResolved {
		status, known = payment.DisputeWon, true
		if d.ResolvedReason == rapidDisputeResolution {
			status = payment.DisputeLost
		}
	}
	if !known {
		return payment.DisputeReport{}, fmt.Errorf("checkout: dispute %s: it has the status %s, which the hub does not know", d.ID, word(d.Status))
	}
	return payment.DisputeReport{
		Reference: d.ID, Amount: amount, Reason: disputeReason(d.Category), Status: status, Withdrawn: true,
		Reinstated: status == payment.DisputeWon, RespondBy: moment(d.EvidenceRequiredBy), OpenedAt: moment(d.ReceivedOn),
	}, nil
}

// disputeReason keeps Checkout.com's word for the reason, as far as it is one.
func disputeReason(category string) string {
	if isWord(category) && strings.Trim(category, "abcdefghijklmnopqrstuvwxyz_") == "" {
		return category
	}
	return "general"
}
