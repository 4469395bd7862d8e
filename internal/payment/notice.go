package payment

import (
	"fmt"
	"time"

	"paymenthub/internal/money"
)

// NoticeSubject is the kind of object that a provider tells of.
type NoticeSubject string

// The subjects. NoticeOfOther is what concerns the hub in no way.
const (
	NoticeOfPayment NoticeSubject = "payment"
	NoticeOfRefund  NoticeSubject = "refund"
	NoticeOfDispute NoticeSubject = "dispute"
	NoticeOfOther   NoticeSubject = "other"
)

// NoticeState is the state of a payment or refund at the provider, in the
// hub's words.
type NoticeState string

// The states. NoticeReady: the shopper has agreed, and the provider waits for the hub.
// NoticeOpen says nothing about the end: the provider waits for the
// shopper, or is at work.
const (
	NoticeOpen       NoticeState = "open"
	NoticeReady      NoticeState = "ready"
	NoticeAuthorized NoticeState = "authorized"
	NoticeCaptured   NoticeState = "captured"
	NoticeReleased   NoticeState = "released" // voided or expired: nothing is held
	NoticeDeclined   NoticeState = "declined"
	NoticeRefunded   NoticeState = "refunded" // of a refund: carried out
	NoticeFailed     NoticeState = "failed"   // of a refund: not carried out, or taken back
)

// Notice is what a provider says of a payment without being asked: the content
// of one of its webhooks. It may come twice, late, out of order, or before the
// answer to the hub's own call.
type Notice struct {
	ID      string        `json:"id"`   // the provider's id of the event
	Type    string        `json:"type"` // the provider's word for it
	Subject NoticeSubject `json:"subject"`
	State   NoticeState   `json:"state,omitempty"` // of a payment or refund
	// PaymentID, TransactionID and RefundID are ours, as the provider gives them
	// back; empty when it does not. TransactionID is that of the authorization or
	// sale, or of the refund; and of a capture or void where the provider tells of
	// those by themselves.
	PaymentID     string `json:"payment_id,omitempty"`
	TransactionID string `json:"transaction_id,omitempty"`
	RefundID      string `json:"refund_id,omitempty"`
	// GatewayReference and DisputeReference are the provider's ids of the
	// payment and of the dispute.
	GatewayReference string `json:"gateway_reference,omitempty"`
	DisputeReference string `json:"dispute_reference,omitempty"`
	// Amount is the whole amount of the payment, refund or dispute; of the capture or
	// void where TransactionID is that of one. Captured is
	// what was taken of a captured payment, in minor units.
	Amount   money.Money `json:"amount"`
	Captured int64       `json:"captured,omitempty"`
	At       time.Time   `json:"at"` // when it happened, by the provider's clock
}

// Verdict is what a notice means for the object that it tells of.
type Verdict struct {
	// Look: the outcome is open; the provider is to be asked now.
	Look bool
	// Disagrees says for an operator why the notice contradicts what the hub
	// has; empty when it does not. It is never applied then.
	Disagrees string
}

// Judge compares a notice of this payment with what the hub has of it. made
// are the payment's authorizations and sales, and the capture or void that the notice
// is of.
func (a Aggregate) Judge(n Notice, made []Transaction) Verdict {
	p := a.Intent
	var of *Transaction
	amount := p.Money()
	for i := range made {
		if made[i].ID == n.TransactionID {
			of, amount = &made[i], made[i].Money()
		}
	}
	if n.Amount != amount {
		return disagrees("the provider has %s, the hub %s", n.Amount, amount)
	}
	switch {
	case of != nil && (of.Kind == Capture || of.Kind == Void):
		return of.judgeMovement(n)
	case of == nil:
		return disagrees("the provider made it for the transaction %q, which this payment does not have", n.TransactionID)
	case of.Status == TransactionPending:
		return Verdict{Look: n.State != NoticeOpen}
	case of.Status == TransactionDeclined:
		if n.State == NoticeCaptured || n.State == NoticeAuthorized && !a.abandoned(*of) {
			return disagrees("it is %s at the provider, but the hub has it as declined", n.State)
		}
		return Verdict{}
	case p.PendingTransaction != "":
		// What was authorized is being captured or voided: that it was authorized says
		// nothing about that.
		return Verdict{Look: n.State != NoticeAuthorized && n.State != NoticeOpen}
	default:
		return p.judgeSettled(n)
	}
}

// judgeMovement judges a notice of a capture or void.
func (t Transaction) judgeMovement(n Notice) Verdict {
	carriedOut := n.State == NoticeCaptured || n.State == NoticeReleased
	switch {
	case t.Status == TransactionPending:
		return Verdict{Look: n.State != NoticeOpen}
	case t.Status == TransactionDeclined && carriedOut:
		return disagrees("the %s %s was carried out at the provider, but the hub has it as declined", t.Kind, t.ID)
	case t.Status == TransactionSucceeded && n.State == NoticeDeclined:
		return disagrees("the %s %s has failed at the provider, but the hub has it as succeeded", t.Kind, t.ID)
	default:
		return Verdict{}
	}
}

// abandoned reports whether a void ended the transaction while the hub thought
// that the shopper had not acted yet. They may have before the void, and what
// was held then is released.
func (a Aggregate) abandoned(t Transaction) bool {
	return a.Attempt != nil && a.Attempt.ID == t.AttemptID && a.Attempt.Status == AttemptVoided
}

// judgeSettled judges a notice of the authorization or sale that succeeded,
// with no gateway call under way. Notices of earlier states are merely late.
func (p Intent) judgeSettled(n Notice) Verdict {
	switch n.State {
	case NoticeCaptured:
		if p.Status != Succeeded || n.Captured != p.AmountCaptured {
			return disagrees("%s is captured at the provider, but the hub has it as %s with %d captured",
				money.New(n.Captured, p.Currency), p.Status, p.AmountCaptured)
		}
	case NoticeReleased:
		if p.Status == RequiresCapture || p.Status == Succeeded {
			return disagrees("it is released at the provider, but the hub has it as %s", p.Status)
		}
	case NoticeDeclined:
		return disagrees("it is declined at the provider, but the hub has it as %s", p.Status)
	}
	return Verdict{}
}

// Judge compares a notice of this refund with what the hub has of it.
func (r Refund) Judge(n Notice) Verdict {
	switch amount := money.New(r.Amount, r.Currency); {
	case n.Amount != amount:
		return disagrees("the provider has %s, the hub %s", n.Amount, amount)
	case r.Status == RefundPending:
		return Verdict{Look: n.State != NoticeOpen}
	default:
		// Taken back, or carried out after all, or only late: the provider has the
		// last word.
		return Verdict{Look: r.Status == RefundSucceeded && n.State == NoticeFailed ||
			r.Status == RefundFailed && n.State == NoticeRefunded && r.ReversedAt.IsZero()}
	}
}

// JudgeDispute compares a notice of a dispute with the payment that it is
// about. The dispute itself is always looked up: only the provider knows which
// of its notices is the latest.
func (p Intent) JudgeDispute(n Notice) Verdict {
	most := p.AmountCaptured
	if !p.Status.Terminal() {
		most = p.Amount // its outcome is not known yet
	}
	if n.Amount.Currency != p.Currency || n.Amount.Minor < 1 || n.Amount.Minor > most {
		return disagrees("%s is disputed, but the hub has %s captured", n.Amount, money.New(p.AmountCaptured, p.Currency))
	}
	return Verdict{Look: true}
}

func disagrees(format string, args ...any) Verdict {
	return Verdict{Disagrees: fmt.Sprintf(format, args...)}
}
