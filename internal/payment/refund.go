package payment

import (
	"fmt"
	"time"

	"paymenthub/internal/event"
	"paymenthub/internal/fx"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
)

// RefundStatus is where a refund stands.
type RefundStatus string

// The states of a refund; the last two are final.
const (
	RefundPending   RefundStatus = "pending"
	RefundSucceeded RefundStatus = "succeeded"
	RefundFailed    RefundStatus = "failed"
)

// RefundReason is why a merchant refunds.
type RefundReason string

// RefundReasons lists the reasons the contract knows.
var RefundReasons = []RefundReason{"requested_by_customer", "duplicate", "fraudulent", "other"}

// Valid reports whether r is one of RefundReasons.
func (r RefundReason) Valid() bool {
	for _, known := range RefundReasons {
		if r == known {
			return true
		}
	}
	return false
}

// Refund gives back part or all of a captured payment. From its creation its
// amount is reserved on the payment, so that refunds never exceed the capture.
type Refund struct {
	ID            string         `json:"id"` // rf_…
	Scope         merchant.Scope `json:"scope"`
	PaymentID     string         `json:"payment_id"`
	TransactionID string         `json:"transaction_id"`
	Amount        int64          `json:"amount"` // minor units
	Currency      money.Currency `json:"currency"`
	Reason        RefundReason   `json:"reason,omitempty"`
	Note          string         `json:"note,omitempty"` // the merchant's own words, for audit
	Status        RefundStatus   `json:"status"`
	Failure       *Decline       `json:"failure,omitempty"`
	Exchange      *fx.Exchange   `json:"exchange,omitempty"` // of a converted payment; nil otherwise
	// ReversedAt is when the gateway took a settled refund back; zero when it
	// did not. The refund is failed then.
	ReversedAt time.Time `json:"reversed_at,omitzero"`
	Attention  string    `json:"attention,omitempty"` // why an operator must look
	CreatedAt  time.Time `json:"created_at"`
	UpdatedAt  time.Time `json:"updated_at"`
	DueAt      time.Time `json:"due_at,omitzero"` // past it the sweeper looks after the refund; zero when final
	Version    int64     `json:"version"`
}

// NewRefund is what a merchant asks for.
type NewRefund struct {
	ID     string
	Amount int64 // minor units, 1 to what is refundable
	Reason RefundReason
	Note   string // the merchant's own words, at most 500 characters
	// Exchange is what it costs today, of a converted payment; nil: its promised rate.
	Exchange *fx.Exchange
}

// OpenRefund reserves the amount on the payment and writes the refund and its
// transaction down before the gateway hears of them. a is the attempt that
// captured the payment.
func (p Intent) OpenRefund(a Attempt, n NewRefund, now time.Time) (Change, error) {
	if p.Status != Succeeded || n.Amount < 1 || n.Amount > p.Refundable() {
		return Change{}, fmt.Errorf("payment %s: cannot refund %d of %d in state %q", p.ID, n.Amount, p.Refundable(), p.Status)
	}
	c := p.begin()
	key := c.Intent.nextKey(RefundOfSale)
	c.Intent.AmountRefundPending += n.Amount
	c.Transaction = &Transaction{
		ID: TransactionID(id.Suffix(n.ID)), Scope: p.Scope, PaymentID: p.ID, AttemptID: a.ID, RefundID: n.ID, Kind: RefundOfSale,
		Status: TransactionPending, Amount: n.Amount, Currency: p.Currency, Gateway: a.Gateway,
		IdempotencyKey: key, CreatedAt: now, UpdatedAt: now,
	}
	c.Refund = &Refund{
		ID: n.ID, Scope: p.Scope, PaymentID: p.ID, TransactionID: c.Transaction.ID, Amount: n.Amount,
		Currency: p.Currency, Reason: n.Reason, Note: n.Note, Status: RefundPending, Exchange: n.Exchange, CreatedAt: now,
	}
	if p.Conversion != nil && n.Exchange == nil {
		locked := p.Conversion.LockedExchange()
		c.Refund.Exchange = &locked
	}
	return c.sealRefund(now, event.RefundCreated)
}

// RecordRefund writes down what became of a refund and ends its reservation.
func (p Intent) RecordRefund(r Refund, t Transaction, o Outcome, now time.Time) (Change, error) {
	if r.Status != RefundPending {
		return Change{}, fmt.Errorf("refund %s: already %q", r.ID, r.Status)
	}
	c := p.begin()
	c.Refund, c.Transaction = &r, &t
	t.UpdatedAt = now
	c.Intent.AmountRefundPending -= r.Amount
	r.Attention = ""
	switch o.Class {
	case OutcomeDeclined:
		t.Status, t.Decline = TransactionDeclined, o.Decline
		r.Status, r.Failure = RefundFailed, o.Decline.ofRefund()
		return c.sealRefund(now, event.RefundFailed)
	case OutcomeSucceeded:
		if o.Amount != r.Amount {
			return Change{}, fmt.Errorf("refund %s: %w: asked for %d, got %d", r.ID, ErrDisagrees, r.Amount, o.Amount)
		}
		t.Status, t.GatewayReference = TransactionSucceeded, o.TransactionReference
		r.Status = RefundSucceeded
		source := c.source(t, now)
		c.Ledger = append(c.Ledger, source.Refund(c.money(r.Amount)))
		if err := c.returnExchanged(source, &r); err != nil {
			return Change{}, err
		}
		c.Intent.AmountRefunded += r.Amount
		return c.sealRefund(now, event.RefundCompleted)
	default:
		return Change{}, fmt.Errorf("refund %s: outcome %q decides nothing", r.ID, o.Class)
	}
}

// ReverseRefund writes down that the gateway took a settled refund back: the
// shopper's bank did not accept it, and the money is the merchant's again.
func (p Intent) ReverseRefund(r Refund, t Transaction, d Decline, now time.Time) (Change, error) {
	if r.Status != RefundSucceeded {
		return Change{}, fmt.Errorf("refund %s: is %q, not settled", r.ID, r.Status)
	}
	c := p.begin()
	c.Refund, c.Transaction = &r, &t
	t.UpdatedAt, t.Status, t.Decline = now, TransactionDeclined, &d
	r.Status, r.Failure, r.ReversedAt = RefundFailed, d.ofRefund(), now
	c.Intent.AmountRefunded -= r.Amount
	source := c.source(t, now)
	c.Ledger = append(c.Ledger, source.RefundReversal(c.money(r.Amount)))
	c.reverseExchanged(source, r)
	return c.sealRefund(now, event.RefundFailed)
}

// RaiseRefund marks the refund for an operator and changes nothing else.
func (p Intent) RaiseRefund(r Refund, why string, now time.Time) (Change, error) {
	c := p.begin()
	r.Attention = why
	c.Refund = &r
	return c.sealRefund(now)
}

// sealRefund stamps payment and refund and writes the refund's events.
func (c Change) sealRefund(now time.Time, types ...event.Type) (Change, error) {
	r := c.Refund
	r.UpdatedAt, r.DueAt = now, time.Time{}
	if r.Status == RefundPending {
		r.DueAt = now.Add(GraceOfStep)
	}
	r.Version++
	for _, kind := range types {
		events, err := event.Add(c.Events, r.Scope, kind, r.ID, *r, now)
		if err != nil {
			return Change{}, err
		}
		c.Events = events
	}
	return c, c.seal(now, nil)
}
