package chaos

import (
	"net/http"
	"slices"
	"strings"
)

// payment holds one payment's end against all that was told of it.
func (j *judge) payment(id string) {
	end := j.final[id]
	var told []Told
	for _, t := range j.Told {
		if t.Intent != nil && t.Intent.ID == id || t.Refund != nil && t.Refund.IntentID == id || strings.Contains(t.Path, id) {
			told = append(told, t)
		}
	}
	for _, t := range told {
		if t.Intent == nil {
			continue
		}
		j.hold(t.Intent.precedes(end), "promise", id, "step %d was told %s, and in the end it is %s", t.Step, t.Intent, end)
	}
	j.hold(end.Status != processing, "unknown", id, "its outcome is still not known")
	j.hold(end.Status != requiresAction, "unknown", id, "its shopper has answered, and the hub does not know")
	j.explained(end, told)
	j.given(end, told)
}

// explained: every end of a payment is one that a client asked for and was told of.
func (j *judge) explained(end Intent, told []Told) {
	said := func(acts []Act, ok func(Told) bool) bool {
		return slices.ContainsFunc(told, func(t Told) bool {
			return slices.Contains(acts, t.Act) && t.Status == http.StatusOK && t.Intent != nil && ok(t)
		})
	}
	confirmed := said([]Act{ActPay, ActConfirm}, func(Told) bool { return true })
	switch end.Status {
	case requiresCapture:
		j.hold(confirmed, "unasked", end.ID, "money is held, and every confirmation was told that it is not")
	case succeeded:
		j.hold(confirmed, "unasked", end.ID, "money was taken, and every confirmation was told that it was not")
		captured := end.CaptureMethod != "manual" || said([]Act{ActCapture}, func(t Told) bool {
			all := t.Asked == end.AmountCaptured || t.Asked == 0 && end.AmountCaptured == end.Amount
			return all && (t.Intent.Status == succeeded || t.Intent.Status == processing)
		})
		j.hold(captured, "unasked", end.ID, "%d was captured, and no capture was told so", end.AmountCaptured)
	case canceled:
		j.hold(said([]Act{ActCancel}, func(Told) bool { return true }), "unasked", end.ID, "it is canceled, and no client was told so")
	case expired:
		j.hold(j.ClockMoved, "unasked", end.ID, "it has expired, and no clock was moved")
	}
	if end.CaptureMethod != "manual" && end.Status == succeeded {
		j.hold(end.AmountCaptured == end.Amount, "amount", end.ID, "%d of %d was taken", end.AmountCaptured, end.Amount)
	}
	if end.Status != succeeded {
		j.hold(end.AmountCaptured == 0, "amount", end.ID, "is %s, and %d was taken", end.Status, end.AmountCaptured)
	}
}

// given holds a payment's refunds against what was told of them.
func (j *judge) given(end Intent, told []Told) {
	for _, t := range told {
		if t.Refund == nil {
			continue
		}
		now, there := j.refunds[t.Refund.ID]
		if !there {
			continue // known has said so
		}
		same := now.Amount == t.Refund.Amount && now.Currency == t.Refund.Currency && now.IntentID == t.Refund.IntentID
		// A refund that was carried out may still come back from the shopper's bank.
		moved := t.Refund.Status == pending || t.Refund.Status == now.Status || t.Refund.Status == succeeded && now.Status == failed
		j.hold(same && moved, "promise", now.ID, "step %d was told %s of %d %s, and in the end it is %s of %d %s",
			t.Step, t.Refund.Status, t.Refund.Amount, t.Refund.Currency, now.Status, now.Amount, now.Currency)
	}
	var sum int64
	for _, r := range j.refunds {
		if r.IntentID != end.ID {
			continue
		}
		j.hold(r.Status != pending, "unknown", r.ID, "it is still not known whether it was carried out")
		if r.Status == succeeded {
			sum += r.Amount
		}
	}
	j.hold(sum == end.AmountRefunded && sum <= end.AmountCaptured, "amount", end.ID,
		"%d was captured, %d given back by its refunds, and it says %d", end.AmountCaptured, sum, end.AmountRefunded)
}

// The provider's words for where the money of a charge is.
const (
	chargeAuthorized = "authorized"
	chargeVoided     = "voided"
)

// provider holds the provider's own record against the hub's, both ways.
func (j *judge) provider() {
	live := map[string][]Charge{}
	for _, c := range j.Charges {
		if _, there := j.final[c.Metadata.PaymentID]; !there {
			j.hold(false, "provider_stranger", c.ID, "the provider charged for %q, which no client knows", c.Metadata.PaymentID)
		} else if c.Status != chargeVoided {
			live[c.Metadata.PaymentID] = append(live[c.Metadata.PaymentID], c)
		}
	}
	for _, id := range j.ids() {
		j.charged(j.final[id], live[id])
	}
	done := map[string]int{}
	for _, r := range j.Returns {
		ours, there := j.refunds[r.Metadata.RefundID]
		if !there {
			j.hold(false, "provider_stranger", r.ID, "the provider gave back %d for %q, which no client knows", r.Amount, r.Metadata.RefundID)
			continue
		}
		j.hold(r.Amount == ours.Amount && strings.EqualFold(r.Currency, ours.Currency), "provider_amount", ours.ID,
			"is of %d %s, and the provider gave back %d %s", ours.Amount, ours.Currency, r.Amount, r.Currency)
		if r.Status == succeeded {
			done[ours.ID]++
		}
	}
	for _, r := range j.refunds {
		want := 0
		if r.Status == succeeded {
			want = 1
		}
		j.hold(r.Status == pending || done[r.ID] == want, "provider_refund", r.ID, "is %s, and the provider carried it out %d times", r.Status, done[r.ID])
	}
}

// charged holds one payment against the charges that hold or took its money.
func (j *judge) charged(p Intent, live []Charge) {
	j.hold(len(live) <= 1, "charged_twice", p.ID, "the provider has %d charges for it", len(live))
	if p.Status != requiresCapture && p.Status != succeeded {
		j.hold(len(live) == 0 || p.Status == processing, "charged", p.ID, "is %s, and the provider holds or took money for it", p.Status)
		return
	}
	if len(live) == 0 {
		j.hold(false, "not_charged", p.ID, "is %s, and the provider has no charge for it", p.Status)
		return
	}
	c := live[0]
	j.hold(c.Amount == p.Amount && strings.EqualFold(c.Currency, p.Currency) && c.AmountCaptured == p.AmountCaptured && c.AmountRefunded == p.AmountRefunded,
		"provider_amount", p.ID, "is %s, and the provider has %d %s, captured %d, refunded %d", p, c.Amount, c.Currency, c.AmountCaptured, c.AmountRefunded)
	j.hold((c.Status == chargeAuthorized) == (p.Status == requiresCapture), "provider_state", p.ID, "is %s, and the provider's charge %s", p.Status, c.Status)
}

// disputed holds the disputes of hub and provider against each other.
func (j *judge) disputed() {
	payments := map[string]string{} // of charges
	for _, c := range j.Charges {
		payments[c.ID] = c.Metadata.PaymentID
	}
	ours := map[string]Dispute{}
	for m := range Merchants {
		for _, d := range j.Disputes[m] {
			_, twice := ours[d.Reference]
			j.hold(!twice, "dispute", d.ID, "the provider's dispute %s is there twice", d.Reference)
			ours[d.Reference] = d
		}
	}
	for _, c := range j.Complaints {
		d, there := ours[c.ID]
		if !there {
			j.hold(false, "dispute", c.ID, "payment %s is disputed at the provider, and the hub does not know", payments[c.Charge])
			continue
		}
		delete(ours, c.ID)
		j.hold(d.IntentID == payments[c.Charge] && d.Amount == c.Amount && strings.EqualFold(d.Currency, c.Currency) && d.Withdrawn == (c.Withdrawn > 0),
			"dispute", d.ID, "is %+v, and the provider has %+v", d, c)
	}
	for reference, d := range ours {
		j.hold(false, "dispute", d.ID, "the provider does not have the dispute %q", reference)
	}
}
