package verify

import (
	"strings"
	"time"

	"paymenthub/internal/payment"
	"paymenthub/internal/risk"
)

// Grace beyond the promised times: timers fire late, and the hub may have been
// restarting.
const (
	expiryGrace  = 10 * time.Minute
	overdueGrace = 30 * time.Minute
)

// amounts checks the payment's amounts against each other and its status.
func (f *findings) amounts(d *dossier) {
	p := d.intent
	f.hold(AmountsWithinLimits, p.AmountCapturable >= 0 && p.AmountCaptured >= 0 && p.AmountCaptured+p.AmountCapturable <= p.Amount,
		p.ID, "held %d and captured %d of an amount of %d", p.AmountCapturable, p.AmountCaptured, p.Amount)
	f.hold(AmountsWithinLimits, p.AmountRefunded >= 0 && p.AmountRefundPending >= 0 && p.AmountRefunded+p.AmountRefundPending <= p.AmountCaptured,
		p.ID, "refunded %d and refunding %d of %d captured", p.AmountRefunded, p.AmountRefundPending, p.AmountCaptured)

	f.hold(AmountsMatchStatus, (p.AmountCaptured > 0) == (p.Status == payment.Succeeded),
		p.ID, "status %s with %d captured", p.Status, p.AmountCaptured)
	f.hold(AmountsMatchStatus, (p.AmountCapturable > 0) == d.holds(),
		p.ID, "status %s with %d held", p.Status, p.AmountCapturable)
	f.hold(AmountsMatchStatus, p.Status == payment.Succeeded || p.AmountRefunded == 0 && p.AmountRefundPending == 0,
		p.ID, "status %s with %d refunded and %d being refunded", p.Status, p.AmountRefunded, p.AmountRefundPending)
}

// holds reports whether the gateway holds an amount in the payment's state: it
// waits for capture, or for the outcome of a capture or void.
func (d *dossier) holds() bool {
	switch d.intent.Status {
	case payment.RequiresCapture:
		return true
	case payment.Processing:
		call := d.pending()
		return call != nil && (call.Kind == payment.Capture || call.Kind == payment.Void) && d.attempt(call.AttemptID).Status == payment.AttemptAuthorized
	default:
		return false
	}
}

// pending is the gateway call that the payment names as under way, nil if none
// of its calls is it.
func (d *dossier) pending() *payment.Transaction {
	for i, t := range d.transactions {
		if t.ID == d.intent.PendingTransaction && t.ID != "" {
			return &d.transactions[i]
		}
	}
	return nil
}

// attempt returns an attempt of the payment, empty if it has none of this id.
func (d *dossier) attempt(id string) payment.Attempt {
	for _, a := range d.attempts {
		if a.ID == id {
			return a
		}
	}
	return payment.Attempt{}
}

// state checks what is under way against the status.
func (f *findings) state(d *dossier) {
	p := d.intent
	if p.Status.Terminal() {
		f.hold(TerminalIsFinal, p.PendingTransaction == "", p.ID, "status %s with the call %s under way", p.Status, p.PendingTransaction)
	} else {
		waits := p.Status == payment.Processing || p.Status == payment.RequiresAction
		call := d.pending()
		f.hold(PendingCall, waits == (p.PendingTransaction != ""), p.ID, "status %s with call under way %q", p.Status, p.PendingTransaction)
		f.hold(PendingCall, p.PendingTransaction == "" || call != nil && call.Status == payment.TransactionPending && call.Kind != payment.RefundOfSale,
			p.ID, "the call under way, %s, is no pending call of this payment", p.PendingTransaction)
	}
	f.hold(TerminalIsFinal, p.Status.Terminal() == p.DueAt.IsZero(), p.ID, "status %s is due at %s", p.Status, moment(p.DueAt))
	for _, t := range d.transactions {
		if t.Status == payment.TransactionPending && t.Kind != payment.RefundOfSale && t.ID != p.PendingTransaction {
			f.hold(PendingCall, d.abandoned(t), p.ID, "the %s %s is pending and nobody waits for it", t.Kind, t.ID)
		}
	}
}

// abandoned reports whether an authorization is open because it is being voided
// while the shopper was to act.
func (d *dossier) abandoned(t payment.Transaction) bool {
	a := d.attempt(t.AttemptID)
	call := d.pending()
	return a.Status == payment.AttemptRequiresAction && call != nil && call.Kind == payment.Void && call.AttemptID == a.ID
}

func moment(t time.Time) string {
	if t.IsZero() {
		return "no time"
	}
	return t.Format(time.RFC3339)
}

// times checks that nothing is late.
func (f *findings) times(d *dossier, now time.Time) {
	p := d.intent
	switch p.Status {
	case payment.RequiresConfirmation, payment.RequiresPaymentMethod, payment.RequiresAction:
		f.hold(ExpiryKept, !now.After(p.ExpiresAt.Add(expiryGrace)), p.ID, "status %s, but it should have expired at %s", p.Status, moment(p.ExpiresAt))
	case payment.RequiresCapture:
		f.hold(ExpiryKept, !now.After(p.AuthorizedUntil.Add(expiryGrace)), p.ID, "still held, but it should have been voided at %s", moment(p.AuthorizedUntil))
	}
	if !p.Status.Terminal() && !p.DueAt.IsZero() {
		f.late(p.ID, p.DueAt, now)
	}
}

// late checks that an object that was due is looked after.
func (f *findings) late(objectID string, due, now time.Time) {
	f.hold(LookedAfter, !now.After(due.Add(overdueGrace)), objectID, "was due at %s and nobody has looked after it", moment(due))
}

// fits are the states that the last attempt may be in, by the payment's status.
// A payment that was never tried has none.
var fits = map[payment.Status][]payment.AttemptStatus{
	payment.RequiresConfirmation:  {},
	payment.RequiresPaymentMethod: {payment.AttemptDeclined},
	payment.RequiresAction:        {payment.AttemptRequiresAction},
	payment.Processing:            {payment.AttemptPending, payment.AttemptRequiresAction, payment.AttemptAuthorized},
	payment.RequiresCapture:       {payment.AttemptAuthorized},
	payment.Succeeded:             {payment.AttemptCaptured},
	payment.Failed:                {payment.AttemptDeclined},
	payment.Canceled:              {payment.AttemptDeclined, payment.AttemptVoided},
	payment.Expired:               {payment.AttemptDeclined, payment.AttemptVoided},
}

// attempts checks the attempts against the payment.
func (f *findings) attempts(d *dossier) {
	p := d.intent
	f.hold(AttemptsAddUp, p.Attempts == len(d.attempts) && p.Confirmations() <= p.AttemptLimit,
		p.ID, "counts %d attempts and has %d, at most %d confirmations are allowed", p.Attempts, len(d.attempts), p.AttemptLimit)
	f.hold(AttemptsAddUp, len(d.attempts) == 0 || d.attempts[len(d.attempts)-1].ID == p.CurrentAttemptID,
		p.ID, "its current attempt %q is not its last", p.CurrentAttemptID)
	switch p.Status {
	case payment.Failed:
		f.hold(AttemptsAddUp, p.Confirmations() == p.AttemptLimit, p.ID, "failed after %d of %d confirmations", p.Confirmations(), p.AttemptLimit)
	case payment.RequiresPaymentMethod:
		f.hold(AttemptsAddUp, p.Confirmations() < p.AttemptLimit, p.ID, "asks for a card after all its attempts were declined")
	}
	for i, a := range d.attempts {
		f.hold(AttemptsAddUp, a.Number == i+1, p.ID, "attempt %s has number %d instead of %d", a.ID, a.Number, i+1)
		f.refusal(d, a)
		f.hold(AttemptsAddUp, len(d.charges(a.ID)) == 1, p.ID, "attempt %s has %d authorizations and sales", a.ID, len(d.charges(a.ID)))
		if i < len(d.attempts)-1 {
			f.hold(AttemptsAddUp, a.Status == payment.AttemptDeclined, p.ID, "attempt %s is %s, and another followed", a.ID, a.Status)
		} else {
			f.hold(AttemptsAddUp, contains(fits[p.Status], a.Status), p.ID, "status %s, but its last attempt is %s", p.Status, a.Status)
		}
	}
	untried := p.Status == payment.RequiresConfirmation || p.Status == payment.Canceled || p.Status == payment.Expired
	f.hold(AttemptsAddUp, len(d.attempts) > 0 || untried, p.ID, "status %s without an attempt", p.Status)
}

// refusal checks that risk's word stood.
func (f *findings) refusal(d *dossier, a payment.Attempt) {
	refused := a.Risk != nil && a.Risk.Action == risk.Decline
	reached := a.GatewayReference != ""
	for _, t := range d.charges(a.ID) {
		reached = reached || t.Status == payment.TransactionSucceeded || t.GatewayReference != ""
	}
	f.hold(RiskRefusal, !refused || !reached, d.intent.ID, "attempt %s was refused as too risky, and the gateway knows it", a.ID)
}

// charges are the authorizations and sales of an attempt; "" means of all.
func (d *dossier) charges(attemptID string) []payment.Transaction {
	var list []payment.Transaction
	for _, t := range d.transactions {
		if charging(t) && (attemptID == "" || t.AttemptID == attemptID) {
			list = append(list, t)
		}
	}
	return list
}

func charging(t payment.Transaction) bool {
	return t.Kind == payment.Authorization || t.Kind == payment.Sale
}

func contains[T comparable](list []T, wanted T) bool {
	for _, one := range list {
		if one == wanted {
			return true
		}
	}
	return false
}

// keys checks the idempotency keys. Each begins with its payment's id, so keys
// that differ within a payment differ everywhere.
func (f *findings) keys(d *dossier) {
	p := d.intent
	seen := make(map[string]bool, len(d.transactions))
	for _, t := range d.transactions {
		f.hold(IdempotencyKeys, strings.HasPrefix(t.IdempotencyKey, p.ID+"-") && !seen[t.IdempotencyKey],
			p.ID, "the %s %s has the key %q, which is not its own", t.Kind, t.ID, t.IdempotencyKey)
		seen[t.IdempotencyKey] = true
		f.hold(TransactionOwner, t.Scope == p.Scope, p.ID, "the %s %s belongs to %s in %s", t.Kind, t.ID, t.Scope.MerchantID, t.Scope.Environment)
	}
	f.hold(IdempotencyKeys, p.Operations == len(d.transactions), p.ID, "numbered %d calls and has %d", p.Operations, len(d.transactions))
}
