package verify

import (
	"paymenthub/internal/account"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

// judge holds what the providers have of a payment against what the hub has.
// It is not settled while the hub itself does not know the outcome; then only
// what must hold at any time is checked.
func (s *spool) judge(d *dossier, rec *record) (f findings, settled bool) {
	f = newFindings()
	p := d.intent
	live := rec.live()
	f.hold(ProviderOneCharge, len(live) <= 1, p.ID, "the provider has %d charges that are not voided: %s", len(live), names(live))
	for _, c := range rec.charges {
		f.origin(d, c)
	}
	settled = p.Status != payment.Processing && (p.Status != payment.RequiresAction || len(live) == 0)
	if !settled {
		return f, false
	}
	f.standing(d, live, s.witnessed(p.Gateway))
	if d.awaited {
		return f, false // it may tell of the very thing that is amiss
	}
	f.returned(d, rec, live, s.witnessed(p.Gateway))
	f.disputed(d, rec, s.witnessed)
	return f, true
}

// live are the charges that hold or took money.
func (r *record) live() []charge {
	var list []charge
	for _, c := range r.charges {
		if c.Status != chargeVoided {
			list = append(list, c)
		}
	}
	return list
}

func names(charges []charge) (text string) {
	for i, c := range charges {
		if i > 0 {
			text += ", "
		}
		text += c.ID
	}
	return text
}

// origin checks what never changes of a charge.
func (f *findings) origin(d *dossier, c charge) {
	p := d.intent
	amount, ok := hubAmount(c.gateway, c.Amount, c.Currency)
	f.hold(ProviderChargeAgrees, ok && amount == p.Money(), p.ID, "charge %s is of %d %s at the provider, not of %s", c.ID, c.Amount, c.Currency, p.Money())
	owner := (c.Metadata.MerchantID == "" || c.Metadata.MerchantID == p.Scope.MerchantID) &&
		(c.Metadata.Environment == "" || c.Metadata.Environment == string(p.Scope.Environment))
	f.hold(ProviderChargeAgrees, owner, p.ID, "charge %s names the merchant %s in %s", c.ID, c.Metadata.MerchantID, c.Metadata.Environment)
}

// standing checks that the provider holds or took what the hub says.
func (f *findings) standing(d *dossier, live []charge, witnessed bool) {
	p := d.intent
	paid := p.Status == payment.RequiresCapture || p.Status == payment.Succeeded
	if paid && witnessed {
		f.hold(ProviderChargePresent, len(live) > 0, p.ID, "status %s, but the provider has no charge for it", p.Status)
	}
	for _, c := range live {
		if !paid || c.gateway != account.ProviderOf(p.Gateway) {
			f.hold(ProviderChargeAgrees, false, p.ID, "status %s at %s, but %s has the charge %s, %s", p.Status, p.Gateway, c.gateway, c.ID, c.Status)
			continue
		}
		captured, ok := hubAmount(c.gateway, c.AmountCaptured, c.Currency)
		held := c.Status == chargeAuthorized
		f.hold(ProviderChargeAgrees, ok && captured.Minor == p.AmountCaptured && held == (p.Status == payment.RequiresCapture), p.ID,
			"status %s with %d captured, but charge %s is %s with %d captured", p.Status, p.AmountCaptured, c.ID, c.Status, c.AmountCaptured)
		f.hold(ProviderChargeAgrees, d.made(c), p.ID, "charge %s was made by another call (%s of %s) than the hub's", c.ID, c.Metadata.TransactionID, c.PaymentIntent)
	}
}

// made reports whether a successful authorization or sale of the payment made
// the charge.
func (d *dossier) made(c charge) bool {
	for _, t := range d.charges("") {
		called := c.Metadata.TransactionID == "" || c.Metadata.TransactionID == t.ID
		referred := c.PaymentIntent == "" || c.PaymentIntent == d.attempt(t.AttemptID).GatewayReference
		if t.Status == payment.TransactionSucceeded && called && referred {
			return true
		}
	}
	return false
}

// returned checks that the provider gave back what the hub says.
func (f *findings) returned(d *dossier, rec *record, live []charge, witnessed bool) {
	p := d.intent
	given, open, failed := map[string]int{}, map[string]int{}, map[string]int{}
	for _, r := range rec.refunds {
		ours, known := d.refund(r.Metadata.RefundID)
		f.hold(ProviderRefundKnown, known, r.ID, "the provider refunded %d %s of payment %s without a refund of the hub (%q)", r.Amount, r.Currency, p.ID, r.Metadata.RefundID)
		if !known {
			continue
		}
		amount, ok := hubAmount(r.gateway, r.Amount, r.Currency)
		f.hold(ProviderRefundAgrees, ok && amount == money.New(ours.Amount, ours.Currency), ours.ID,
			"is of %d %s, but the provider's refund %s of %d %s", ours.Amount, ours.Currency, r.ID, r.Amount, r.Currency)
		switch r.Status {
		case refundSucceeded:
			given[ours.ID]++
		case refundFailed, refundCanceled:
			failed[ours.ID]++
		default:
			open[ours.ID]++
		}
	}
	if !witnessed {
		return
	}
	for _, r := range d.refunds {
		n := given[r.ID]
		agrees := n == 1 || n == 0 && r.Status != payment.RefundSucceeded
		f.hold(ProviderRefundAgrees, agrees && (n == 0 || r.Status != payment.RefundFailed), r.ID, "%s, but the provider carried it out %d times", r.Status, n)
		f.hold(ProviderRefundAgrees, r.Status != payment.RefundFailed || open[r.ID] == 0, r.ID, "%s, but the provider may still carry it out", r.Status)
		f.hold(ProviderRefundAgrees, r.ReversedAt.IsZero() || failed[r.ID] > 0, r.ID, "taken back, but it did not fail at the provider")
	}
	for _, c := range live {
		back, ok := hubAmount(c.gateway, c.AmountRefunded, c.Currency)
		f.hold(ProviderRefundAgrees, ok && back.Minor >= p.AmountRefunded && back.Minor <= p.AmountRefunded+p.AmountRefundPending, p.ID,
			"refunded %d and refunding %d, but the provider gave back %d of charge %s", p.AmountRefunded, p.AmountRefundPending, c.AmountRefunded, c.ID)
	}
}

func (d *dossier) refund(id string) (payment.Refund, bool) {
	for _, r := range d.refunds {
		if r.ID == id {
			return r, true
		}
	}
	return payment.Refund{}, false
}
