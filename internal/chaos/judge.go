package chaos

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
)

// Evidence is all that is known at the end: what clients were told on the way,
// and what the hub and the provider say when everything is quiet.
type Evidence struct {
	Payments []Payment // of the plan
	Told     []Told
	// Intents, Refunds and Disputes are what the hub's lists of each merchant hold.
	Intents  [Merchants][]Intent
	Refunds  [Merchants][]Refund
	Disputes [Merchants][]Dispute
	// Charges, Returns and Complaints are the provider's own record.
	Charges    []Charge
	Returns    []Return
	Complaints []Complaint
	// ClockMoved: payments may have expired.
	ClockMoved bool
}

// Judge says which promises did not hold.
func Judge(e Evidence) []Violation {
	j := &judge{Evidence: e, final: map[string]Intent{}, refunds: map[string]Refund{}}
	for m := range Merchants {
		for _, p := range e.Intents[m] {
			j.final[p.ID] = p
		}
		for _, r := range e.Refunds[m] {
			j.refunds[r.ID] = r
		}
	}
	j.answers()
	j.sameAnswers()
	j.order()
	j.known()
	for _, id := range j.ids() {
		j.payment(id)
	}
	j.provider()
	j.disputed()
	return j.found
}

type judge struct {
	Evidence
	final   map[string]Intent
	refunds map[string]Refund
	found   []Violation
}

func (j *judge) hold(ok bool, rule, object, format string, args ...any) {
	if !ok {
		j.found = append(j.found, Violation{Rule: rule, Object: object, What: fmt.Sprintf(format, args...)})
	}
}

// answers holds each answer against what the contract lets a client expect.
func (j *judge) answers() {
	for _, t := range j.Told {
		ok := t.Status == http.StatusOK
		declined := t.Status == http.StatusPaymentRequired && t.Intent != nil
		tooMuch := t.Status == http.StatusBadRequest && t.Param == "amount"
		switch t.Act {
		case ActPay:
			ok = ok || declined
		case ActConfirm, ActCancel:
			ok = ok || declined || t.refused()
		case ActCapture:
			ok = ok || declined || t.refused() || tooMuch
		case ActRefund:
			ok = ok || t.refused() || tooMuch
		}
		j.hold(ok, "answer", t.Path, "step %d, %s, was answered %d %s", t.Step, t.Act, t.Status, t.Raw)
		if t.Act.confirms() && t.Status == http.StatusOK && t.Intent != nil {
			j.hold(t.Intent.Status != requiresConfirmation, "answer", t.Intent.ID,
				"step %d confirmed and was told %s: its attempt is not mentioned", t.Step, t.Intent.Status)
		}
		if t.Act == ActCapture && t.took() && t.Asked > 0 {
			j.hold(t.Intent.AmountCaptured == t.Asked, "answer", t.Intent.ID, "step %d captured %d and was told %d", t.Step, t.Asked, t.Intent.AmountCaptured)
		}
		if t.Refund != nil && t.Asked > 0 {
			j.hold(t.Refund.Amount == t.Asked, "answer", t.Refund.ID, "step %d refunded %d and was told %d", t.Step, t.Asked, t.Refund.Amount)
		}
	}
}

// refused reports whether the answer is that the payment's state forbids it.
func (t Told) refused() bool { return t.Status == http.StatusConflict && t.Code == "invalid_state" }

// took reports whether the answer is that money was taken.
func (t Told) took() bool {
	return t.Status == http.StatusOK && t.Intent != nil && t.Intent.Status == succeeded
}

// binding reports whether the answer must come again, byte for byte, whenever
// its request is sent again.
func (t Told) binding() bool {
	return t.Key != "" && (t.Status == http.StatusOK || t.Status == http.StatusPaymentRequired)
}

// sameAnswers: a request that is sent again under its key gets its first answer.
func (j *judge) sameAnswers() {
	first := map[string]Told{}
	for _, t := range j.Told {
		if !t.binding() {
			continue
		}
		before, seen := first[t.Key]
		if !seen {
			first[t.Key] = t
			continue
		}
		j.hold(before.Status == t.Status && bytes.Equal(before.Raw, t.Raw), "same_answer", t.Path,
			"%q was answered %d %s and then %d %s", t.Key, before.Status, before.Raw, t.Status, t.Raw)
	}
}

// follows says in which states a payment may be after it was told to be in one.
var follows = map[string][]string{
	requiresConfirmation:  {requiresConfirmation, requiresPaymentMethod, requiresAction, processing, requiresCapture, succeeded, failed, canceled, expired},
	requiresPaymentMethod: {requiresPaymentMethod, requiresAction, processing, requiresCapture, succeeded, failed, canceled, expired},
	requiresAction:        {requiresPaymentMethod, requiresAction, processing, requiresCapture, succeeded, failed, canceled, expired},
	processing:            {requiresPaymentMethod, requiresAction, processing, requiresCapture, succeeded, failed, canceled, expired},
	requiresCapture:       {requiresCapture, processing, succeeded, canceled, expired},
	succeeded:             {succeeded},
	failed:                {failed},
	canceled:              {canceled},
	expired:               {expired},
}

// order: a payment never goes back behind what a client was told before it asked again.
func (j *judge) order() {
	byPayment := map[string][]Told{}
	for _, t := range j.Told {
		if t.Intent != nil && !t.Replayed {
			byPayment[t.Intent.ID] = append(byPayment[t.Intent.ID], t)
		}
	}
	for id, told := range byPayment {
		for _, a := range told {
			for _, b := range told {
				if a.EndedAt < b.BeganAt && !a.Intent.precedes(*b.Intent) {
					j.hold(false, "backwards", id, "step %d was told %s, and step %d after it %s", a.Step, a.Intent, b.Step, b.Intent)
				}
			}
		}
	}
}

// precedes reports whether a payment that was p may be q later.
func (p Intent) precedes(q Intent) bool {
	same := p.Amount == q.Amount && p.Currency == q.Currency && p.CaptureMethod == q.CaptureMethod && p.ClientSecret == q.ClientSecret
	grown := q.AmountCaptured >= p.AmountCaptured && (p.Status != succeeded || q.AmountCaptured == p.AmountCaptured)
	return same && grown && slices.Contains(follows[p.Status], q.Status)
}

// String says where the payment stands.
func (p Intent) String() string {
	return fmt.Sprintf("%s (%d %s, captured %d, refunded %d)", p.Status, p.Amount, p.Currency, p.AmountCaptured, p.AmountRefunded)
}

// known: what clients were told of exists, and nothing else does.
func (j *judge) known() {
	payments, refunds := map[string]bool{}, map[string]bool{}
	for _, t := range j.Told {
		if t.Intent != nil && t.Key != "" {
			_, there := j.final[t.Intent.ID]
			j.hold(there || payments[t.Intent.ID], "lost", t.Intent.ID, "step %d was told of it, and it is not there", t.Step)
			payments[t.Intent.ID] = true
		}
		if t.Refund != nil && t.Key != "" {
			_, there := j.refunds[t.Refund.ID]
			j.hold(there || refunds[t.Refund.ID], "lost", t.Refund.ID, "step %d was told of it, and it is not there", t.Step)
			refunds[t.Refund.ID] = true
		}
	}
	for id := range j.final {
		j.hold(payments[id], "stranger", id, "no client was told of this payment")
	}
	for id := range j.refunds {
		j.hold(refunds[id], "stranger", id, "no client was told of this refund")
	}
}

// ids are the payments of the hub, in their order.
func (j *judge) ids() []string {
	var ids []string
	for id := range j.final {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}
