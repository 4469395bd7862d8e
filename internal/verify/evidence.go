package verify

import (
	"time"

	"paymenthub/internal/payment"
)

// evidence checks that the gateway's answers on record bear out the status.
func (f *findings) evidence(d *dossier) {
	p := d.intent
	var charged, captures, voids []payment.Transaction
	for _, t := range d.transactions {
		if t.Status != payment.TransactionSucceeded {
			continue
		}
		if charging(t) {
			charged = append(charged, t)
		}
		switch t.Kind {
		case payment.Sale, payment.Capture:
			captures = append(captures, t)
		case payment.Void:
			voids = append(voids, t)
		}
	}
	f.hold(OneCharge, len(charged) <= 1, p.ID, "%d of its authorizations and sales succeeded", len(charged))
	f.captured(d, captures)
	f.released(d, charged, voids)
	f.declined(d)
}

// captured checks the proof that a payment was paid.
func (f *findings) captured(d *dossier, captures []payment.Transaction) {
	p := d.intent
	if p.Status != payment.Succeeded {
		f.hold(CaptureEvidence, len(captures) == 0, p.ID, "status %s, but %d captures succeeded", p.Status, len(captures))
		return
	}
	f.hold(CaptureEvidence, len(captures) == 1, p.ID, "succeeded with %d captures", len(captures))
	for _, t := range captures {
		f.hold(CaptureEvidence, t.GatewayReference != "" && d.attempt(t.AttemptID).GatewayReference != "",
			p.ID, "the %s %s has no reference of the provider", t.Kind, t.ID)
		f.hold(CaptureEvidence, t.Amount == p.AmountCaptured && t.Currency == p.Currency,
			p.ID, "captured %d %s, but the %s %s was of %d %s", p.AmountCaptured, p.Currency, t.Kind, t.ID, t.Amount, t.Currency)
	}
}

// released checks the proof that what was held for a payment was given up.
func (f *findings) released(d *dossier, charged, voids []payment.Transaction) {
	p := d.intent
	ended := p.Status == payment.Canceled || p.Status == payment.Expired
	held := len(charged) > 0
	for _, a := range d.attempts {
		held = held || a.Status == payment.AttemptVoided
	}
	if !ended {
		f.hold(ReleaseEvidence, len(voids) == 0, p.ID, "status %s, but a void succeeded", p.Status)
		return
	}
	if !held {
		f.hold(ReleaseEvidence, len(voids) == 0, p.ID, "nothing was held, but a void succeeded")
		return
	}
	f.hold(ReleaseEvidence, len(voids) == 1, p.ID, "status %s after an authorization, with %d voids that succeeded", p.Status, len(voids))
	for _, t := range voids {
		f.hold(ReleaseEvidence, t.Reason == string(p.Status) && d.attempt(t.AttemptID).Status == payment.AttemptVoided,
			p.ID, "status %s, but the void %s was made for %q and its attempt is %s", p.Status, t.ID, t.Reason, d.attempt(t.AttemptID).Status)
	}
}

// declined checks the proof of every refusal.
func (f *findings) declined(d *dossier) {
	p := d.intent
	if p.Status == payment.Failed || p.Status == payment.RequiresPaymentMethod {
		f.hold(DeclineEvidence, p.LastError != nil, p.ID, "status %s without a reason", p.Status)
	}
	for _, a := range d.attempts {
		for _, t := range d.charges(a.ID) {
			abandoned := a.Status == payment.AttemptVoided && t.Decline != nil && t.Decline.Code == payment.DeclineAuthentication
			f.hold(DeclineEvidence, (a.Status == payment.AttemptDeclined || abandoned) == (t.Status == payment.TransactionDeclined),
				p.ID, "attempt %s is %s, but its %s is %s", a.ID, a.Status, t.Kind, t.Status)
		}
		f.hold(DeclineEvidence, (a.Status == payment.AttemptDeclined) == (a.Decline != nil), p.ID, "attempt %s is %s, reason given: %t", a.ID, a.Status, a.Decline != nil)
	}
	for _, t := range d.transactions {
		f.hold(DeclineEvidence, (t.Status == payment.TransactionDeclined) == (t.Decline != nil),
			p.ID, "the %s %s is %s, reason given: %t", t.Kind, t.ID, t.Status, t.Decline != nil)
		f.hold(DeclineEvidence, t.AbsentAt.IsZero() || t.Decline != nil && t.Decline.Code == payment.DeclineGatewayUnavailable,
			p.ID, "the provider never carried the %s %s out, but it is %s", t.Kind, t.ID, t.Status)
	}
}

// settledAs is what the status of a refund says of its transaction.
var settledAs = map[payment.RefundStatus]payment.TransactionStatus{
	payment.RefundPending:   payment.TransactionPending,
	payment.RefundSucceeded: payment.TransactionSucceeded,
	payment.RefundFailed:    payment.TransactionDeclined,
}

// refunds checks the refunds against the payment and their transactions.
func (f *findings) refunds(d *dossier, now time.Time) {
	p := d.intent
	sums := map[payment.RefundStatus]int64{}
	movements := map[string]payment.Transaction{}
	for _, t := range d.transactions {
		if t.Kind == payment.RefundOfSale {
			movements[t.RefundID] = t
		}
	}
	for _, r := range d.refunds {
		sums[r.Status] += r.Amount
		t, known := movements[r.ID]
		delete(movements, r.ID)
		f.hold(RefundEvidence, known && t.ID == r.TransactionID && t.Status == settledAs[r.Status] && t.Amount == r.Amount && t.Currency == r.Currency,
			r.ID, "%s with %d %s, but its transaction %s is %q with %d %s", r.Status, r.Amount, r.Currency, r.TransactionID, t.Status, t.Amount, t.Currency)
		settled := r.Status == payment.RefundSucceeded || !r.ReversedAt.IsZero()
		f.hold(RefundEvidence, !settled || t.GatewayReference != "", r.ID, "settled without a reference of the provider")
		f.hold(RefundEvidence, r.ReversedAt.IsZero() || r.Status == payment.RefundFailed, r.ID, "%s, but taken back at %s", r.Status, moment(r.ReversedAt))
		f.hold(RefundEvidence, (r.Status == payment.RefundFailed) == (r.Failure != nil), r.ID, "%s, reason given: %t", r.Status, r.Failure != nil)
		f.hold(RefundEvidence, (r.Status == payment.RefundPending) == !r.DueAt.IsZero(), r.ID, "%s, due at %s", r.Status, moment(r.DueAt))
		f.hold(RefundEvidence, r.Scope == p.Scope && r.Currency == p.Currency, r.ID, "its owner or currency is not that of payment %s", p.ID)
		if r.Status == payment.RefundPending && !r.DueAt.IsZero() {
			f.late(r.ID, r.DueAt, now)
		}
	}
	for _, t := range movements {
		f.hold(RefundEvidence, false, p.ID, "the transaction %s refunds %d %s without a refund", t.ID, t.Amount, t.Currency)
	}
	f.hold(RefundSums, sums[payment.RefundSucceeded] == p.AmountRefunded, p.ID, "refunded %d, but its refunds sum to %d", p.AmountRefunded, sums[payment.RefundSucceeded])
	f.hold(RefundSums, sums[payment.RefundPending] == p.AmountRefundPending, p.ID, "refunding %d, but its pending refunds sum to %d", p.AmountRefundPending, sums[payment.RefundPending])
}

// cards checks that card data ended with the gateway's answer.
func (f *findings) cards(d *dossier) {
	for i, a := range d.attempts {
		if a.Status != payment.AttemptPending && !d.followed(i) {
			f.hold(CardErased, !d.sealed[a.CardToken], d.intent.ID, "attempt %s is %s, but its card %s is still in the vault", a.ID, a.Status, a.CardToken)
		}
	}
}
