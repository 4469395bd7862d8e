package stripe

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76"
	"go.uber.org/zap"

	"paymenthub/internal/gateway"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

// disputeStatuses maps Dispute.status, except "prevented".
// Source: docs.stripe.com/api/disputes/object.
var disputeStatuses = map[stripe.DisputeStatus]payment.DisputeStatus{
	stripe.DisputeStatusWarningNeedsResponse: payment.DisputeInquiry,
	stripe.DisputeStatusWarningUnderReview:   payment.DisputeInquiry,
	stripe.DisputeStatusWarningClosed:        payment.DisputeInquiryClosed,
	stripe.DisputeStatusNeedsResponse:        payment.DisputeNeedsResponse,
	stripe.DisputeStatusUnderReview:          payment.DisputeUnderReview,
	stripe.DisputeStatusWon:                  payment.DisputeWon,
	stripe.DisputeStatusLost:                 payment.DisputeLost,
	// What was won although the charge was refunded; "won" since 2014-11-20.
	// Source: docs.stripe.com/changelog, "Disputes are now reported as won even if
	// the charge is refunded".
	"charge_refunded": payment.DisputeWon,
}

// disputePrevented is the status of a dispute that the network settled before it
// became one. It does not tell in whose favor: the money does.
const disputePrevented stripe.DisputeStatus = "prevented"

// Dispute implements gateway.Gateway.
func (a *Adapter) Dispute(ctx context.Context, d gateway.DisputeLookup) (report payment.DisputeReport, err error) {
	if !isWord(d.Reference) {
		return payment.DisputeReport{}, errors.New("stripe: that is no reference of a dispute")
	}
	defer func(started time.Time) {
		a.log.Debug("stripe call", zap.String("operation", "dispute"), zap.String("dispute_reference", d.Reference),
			zap.String("status", string(report.Status)), zap.Error(err), zap.Duration("took", time.Since(started)))
	}(time.Now())
	call := a.begin(ctx)
	defer call.cancel()
	dispute, err := a.api.Disputes.Get(d.Reference, &stripe.DisputeParams{Params: stripe.Params{Context: call.ctx}})
	if err != nil {
		return payment.DisputeReport{}, fmt.Errorf("stripe: dispute %s: %s", d.Reference, unreadBecause(call, err))
	}
	if dispute.ID != d.Reference {
		return payment.DisputeReport{}, fmt.Errorf("stripe: dispute %s: the answer is not this dispute", d.Reference)
	}
	return ofDispute(dispute)
}

func ofDispute(dispute *stripe.Dispute) (payment.DisputeReport, error) {
	amount, err := fromStripe(dispute.Amount, string(dispute.Currency))
	if err != nil {
		return payment.DisputeReport{}, fmt.Errorf("stripe: dispute %s: %w", dispute.ID, err)
	}
	r := payment.DisputeReport{
		Reference: dispute.ID, Amount: amount, Reason: disputeReason(dispute.Reason),
		OpenedAt: time.Unix(dispute.Created, 0).UTC(),
	}
	if details := dispute.EvidenceDetails; details != nil && details.DueBy > 0 {
		r.RespondBy = time.Unix(details.DueBy, 0).UTC()
	}
	for _, books := range dispute.BalanceTransactions {
		if books != nil {
			r.Withdrawn = r.Withdrawn || books.Amount < 0
			r.Reinstated = r.Reinstated || books.Amount > 0
		}
	}
	r.Fee = disputeFee(dispute.BalanceTransactions)
	if r.Status, err = disputeStatus(dispute.Status, r); err != nil {
		return payment.DisputeReport{}, fmt.Errorf("stripe: dispute %s: %w", dispute.ID, err)
	}
	return r, nil
}

func disputeStatus(s stripe.DisputeStatus, r payment.DisputeReport) (payment.DisputeStatus, error) {
	known, ok := disputeStatuses[s]
	switch {
	case ok:
		return known, nil
	case s == disputePrevented && r.Withdrawn && !r.Reinstated:
		return payment.DisputeLost, nil
	case s == disputePrevented:
		return payment.DisputeInquiryClosed, nil
	default:
		return "", fmt.Errorf("it has the status %s, which the hub does not know", word(string(s)))
	}
}

// disputeReason keeps Stripe's word for the reason, as far as it is one.
func disputeReason(r stripe.DisputeReason) string {
	if s := string(r); isWord(s) && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") == "" {
		return s
	}
	return string(stripe.DisputeReasonGeneral)
}

// disputeFee is what Stripe's books say that it keeps, nil when that is nothing,
// or cannot be read exactly: reconciliation settles that.
func disputeFee(books []*stripe.BalanceTransaction) *money.Money {
	var sum *money.Money
	for _, b := range books {
		if b == nil || b.Fee == 0 {
			continue
		}
		fee, err := fromStripe(b.Fee, string(b.Currency))
		if err == nil && sum != nil {
			fee, err = sum.Add(fee)
		}
		if err != nil {
			return nil
		}
		sum = &fee
	}
	if sum == nil || sum.Minor <= 0 {
		return nil
	}
	return sum
}
