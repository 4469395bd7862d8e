package mollie

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/VictorAvelar/mollie-api-go/v4/mollie"
	"go.uber.org/zap"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

// noReason is the reason of a chargeback without one: Mollie has it only from the
// banks of direct debits.
// Source: docs.mollie.com/reference/get-chargeback, "reason".
const noReason = "general"

// disputeReference names a chargeback, which Mollie knows only beside its payment.
func disputeReference(paymentReference, chargeback string) string {
	if !isWord(paymentReference) || !isWord(chargeback) {
		return ""
	}
	return paymentReference + "." + chargeback
}

// Dispute implements gateway.Gateway: a dispute is a chargeback of Mollie's. The money
// is gone with it, nobody is asked for evidence by API, and it either stays so or is
// reversed: it is lost until it is won.
// Source: docs.mollie.com/reference/get-chargeback.
func (a *Adapter) Dispute(ctx context.Context, d gateway.DisputeLookup) (report payment.DisputeReport, err error) {
	of, chargeback, _ := strings.Cut(d.Reference, ".")
	if disputeReference(of, chargeback) == "" {
		return payment.DisputeReport{}, errors.New("mollie: that is no reference of a chargeback")
	}
	defer func(started time.Time) {
		a.log.Debug("mollie call", zap.String("operation", "dispute"), zap.String("dispute_reference", d.Reference),
			zap.String("status", string(report.Status)), zap.Error(err), zap.Duration("took", time.Since(started)))
	}(time.Now())
	at := a.begin(ctx)
	defer at.cancel()
	var read mollie.Chargeback
	if err := a.exchange(at, http.MethodGet, paymentsPath+"/"+of+"/chargebacks/"+chargeback, "", nil, &read); err != nil {
		return payment.DisputeReport{}, fmt.Errorf("mollie: chargeback %s: %s", d.Reference, unreadBecause(at, err))
	}
	if disputeReference(read.PaymentID, read.ID) != d.Reference {
		return payment.DisputeReport{}, fmt.Errorf("mollie: chargeback %s: the answer is not this chargeback", d.Reference)
	}
	return ofChargeback(&read, d.Reference)
}

func ofChargeback(c *mollie.Chargeback, reference string) (payment.DisputeReport, error) {
	amount, err := fromMollie(c.Amount)
	if err != nil {
		return payment.DisputeReport{}, fmt.Errorf("mollie: chargeback %s: %w", reference, err)
	}
	if c.CreatedAt == nil {
		return payment.DisputeReport{}, fmt.Errorf("mollie: chargeback %s: it does not say when it was made", reference)
	}
	r := payment.DisputeReport{
		Reference: reference, Amount: amount, Reason: noReason, Status: payment.DisputeLost, Withdrawn: true, OpenedAt: c.CreatedAt.UTC(),
	}
	if c.Reason != nil && isWord(c.Reason.Code) {
		r.Reason = strings.ToLower(c.Reason.Code)
	}
	if c.ReversedAt != nil {
		r.Status, r.Reinstated = payment.DisputeWon, true
	}
	return r, nil
}
