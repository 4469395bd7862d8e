package verify

import (
	"paymenthub/internal/account"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

// disputeWords are the providers' words for the states of a dispute. No word means
// one thing at one of them and another at another.
var disputeWords = map[string]payment.DisputeStatus{
	"warning_needs_response": payment.DisputeInquiry,
	"warning_under_review":   payment.DisputeInquiry,
	"warning_closed":         payment.DisputeInquiryClosed,
	"needs_response":         payment.DisputeNeedsResponse,
	"under_review":           payment.DisputeUnderReview,
	"won":                    payment.DisputeWon,
	"lost":                   payment.DisputeLost,
	"inquiry":                payment.DisputeInquiry,
	"inquiry_closed":         payment.DisputeInquiryClosed,
	"evidence_required":      payment.DisputeNeedsResponse,
	"evidence_under_review":  payment.DisputeUnderReview,
}

// disputed checks that provider and hub have the same disputes of a payment.
func (f *findings) disputed(d *dossier, rec *record, witnessed func(gateway string) bool) {
	theirs := map[string]bool{}
	for _, x := range rec.disputes {
		ours, known := d.dispute(x)
		f.hold(ProviderDisputeKnown, known, x.ID, "the provider has a dispute of %d %s of payment %s, %s, which the hub does not know",
			x.Amount, x.Currency, d.intent.ID, x.Status)
		if !known {
			continue
		}
		theirs[ours.ID] = true
		amount, ok := hubAmount(x.gateway, x.Amount, x.Currency)
		f.hold(ProviderDisputeAgrees, ok && amount == money.New(ours.Amount, ours.Currency), ours.ID,
			"is of %d %s, but the provider's dispute %s of %d %s", ours.Amount, ours.Currency, x.ID, x.Amount, x.Currency)
		f.hold(ProviderDisputeAgrees, disputeWords[x.Status] == ours.Status, ours.ID, "%s, but the provider's dispute %s is %s", ours.Status, x.ID, x.Status)
		without, ok := hubAmount(x.gateway, x.Withdrawn, x.Currency)
		f.hold(ProviderDisputeAgrees, ok && without.Minor == withheld(ours), ours.ID,
			"keeps %d %s from the merchant, but the provider's dispute %s keeps %d", withheld(ours), ours.Currency, x.ID, x.Withdrawn)
	}
	for _, ours := range d.disputes {
		if witnessed(ours.Gateway) {
			f.hold(ProviderDisputeAgrees, theirs[ours.ID], ours.ID, "%s, but the provider has no dispute %q of payment %s",
				ours.Status, ours.GatewayReference, d.intent.ID)
		}
	}
}

// dispute returns the hub's record of a provider's dispute.
func (d *dossier) dispute(theirs dispute) (payment.Dispute, bool) {
	for _, x := range d.disputes {
		if x.GatewayReference == theirs.ID && account.ProviderOf(x.Gateway) == theirs.gateway {
			return x, true
		}
	}
	return payment.Dispute{}, false
}
