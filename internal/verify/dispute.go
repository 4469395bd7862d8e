package verify

import (
	"context"
	"time"

	"paymenthub/internal/payment"
)

// disputes checks the disputes against the payment. What is booked for them is
// checked with the books.
func (f *findings) disputes(d *dossier, now time.Time) {
	p := d.intent
	for _, x := range d.disputes {
		f.hold(DisputeEvidence, x.Amount > 0 && x.Amount <= p.AmountCaptured && x.Currency == p.Currency, x.ID,
			"is of %d %s, but %d %s of payment %s are captured", x.Amount, x.Currency, p.AmountCaptured, p.Currency, p.ID)
		f.hold(DisputeEvidence, x.Gateway == p.Gateway && x.GatewayReference != "", x.ID,
			"is %q at %s, but payment %s was made at %s", x.GatewayReference, x.Gateway, p.ID, p.Gateway)
		f.hold(DisputeEvidence, x.Status.Closed() == x.DueAt.IsZero(), x.ID, "%s, due at %s", x.Status, moment(x.DueAt))
		f.hold(DisputeEvidence, moneyFits(x), x.ID, "%s, withdrawn: %t, reinstated: %t", x.Status, x.Withdrawn, x.Reinstated)
		if !x.Status.Closed() && !x.DueAt.IsZero() {
			f.late(x.ID, x.DueAt, now)
		}
	}
}

// moneyFits reports whether the dispute's money can be where it is: only what
// was taken is given back, and an inquiry keeps nothing.
func moneyFits(x payment.Dispute) bool {
	switch x.Status {
	case payment.DisputeInquiry:
		return !x.Withdrawn && !x.Reinstated
	case payment.DisputeInquiryClosed: // the network may have settled it, with the money back
		return x.Withdrawn == x.Reinstated
	default:
		return x.Withdrawn || !x.Reinstated
	}
}

// taken is what gateways took back from a payment and did not give back since.
func (d *dossier) taken() (sum int64) {
	for _, x := range d.disputes {
		sum += withheld(x)
	}
	return sum
}

// withheld is what the merchant is without because of a dispute.
func withheld(x payment.Dispute) int64 {
	if x.Withdrawn && !x.Reinstated {
		return x.Amount
	}
	return 0
}

// disputeOwners finds disputes that are filed under another owner than their
// payment's, where no payment of that owner would find them.
func (r *run) disputeOwners(ctx context.Context) error {
	return within(ctx, r.Store, func(s *snapshot) error {
		if err := s.patient(); err != nil {
			return err
		}
		return s.each(func(scan scan) error {
			var id, paymentID, merchantID, environment string
			if err := scan(&id, &paymentID, &merchantID, &environment); err != nil {
				return err
			}
			r.hold(DisputeEvidence, false, id, "merchant %s does not have its payment %s in %s", merchantID, paymentID, environment)
			return nil
		}, `SELECT d.id, d.payment_id, d.merchant_id, d.environment FROM disputes d WHERE NOT EXISTS (
				SELECT 1 FROM payment_intents p WHERE p.id = d.payment_id AND p.merchant_id = d.merchant_id AND p.environment = d.environment)`)
	})
}
