package payment

import (
	"fmt"
	"time"

	"paymenthub/internal/event"
	"paymenthub/internal/ledger"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
)

// DisputeStatus is where a dispute stands.
type DisputeStatus string

// The states of a dispute. An inquiry takes no money; it may become a dispute.
const (
	DisputeInquiry       DisputeStatus = "inquiry"
	DisputeInquiryClosed DisputeStatus = "inquiry_closed"
	DisputeNeedsResponse DisputeStatus = "needs_response"
	DisputeUnderReview   DisputeStatus = "under_review"
	DisputeWon           DisputeStatus = "won"
	DisputeLost          DisputeStatus = "lost"
)

// DisputeStatuses lists every state.
var DisputeStatuses = []DisputeStatus{
	DisputeInquiry, DisputeInquiryClosed, DisputeNeedsResponse, DisputeUnderReview, DisputeWon, DisputeLost,
}

// Closed reports whether the provider has decided. It may open the dispute again.
func (s DisputeStatus) Closed() bool {
	return s == DisputeInquiryClosed || s == DisputeWon || s == DisputeLost
}

// Dispute is a cardholder's objection to a payment, as the provider tells it.
type Dispute struct {
	ID               string         `json:"id"` // dp_…
	Scope            merchant.Scope `json:"scope"`
	PaymentID        string         `json:"payment_id"`
	Gateway          string         `json:"gateway"`
	GatewayReference string         `json:"gateway_reference"` // the provider's id of the dispute
	Amount           int64          `json:"amount"`            // minor units
	Currency         money.Currency `json:"currency"`
	Reason           string         `json:"reason"` // the provider's word, "fraudulent"
	Status           DisputeStatus  `json:"status"`
	// Withdrawn says that the provider has taken the amount back, Reinstated
	// that it has given it back since.
	Withdrawn  bool      `json:"withdrawn"`
	Reinstated bool      `json:"reinstated"`
	RespondBy  time.Time `json:"respond_by,omitzero"`
	CreatedAt  time.Time `json:"created_at"`
	UpdatedAt  time.Time `json:"updated_at"`
	DueAt      time.Time `json:"due_at,omitzero"` // past it the sweeper looks after the dispute; zero when closed
	Version    int64     `json:"version"`
}

// Ref names the dispute at its provider.
func (d Dispute) Ref() DisputeRef {
	return DisputeRef{Environment: d.Scope.Environment, Gateway: d.Gateway, Reference: d.GatewayReference, PaymentID: d.PaymentID}
}

// DisputeReport is a dispute as the provider has it now.
type DisputeReport struct {
	Reference  string        `json:"reference"`
	Amount     money.Money   `json:"amount"`
	Reason     string        `json:"reason"`
	Status     DisputeStatus `json:"status"`
	Withdrawn  bool          `json:"withdrawn"`     // ever taken
	Reinstated bool          `json:"reinstated"`    // and given back
	Fee        *money.Money  `json:"fee,omitempty"` // what the provider kept for it; nil when it has not said
	RespondBy  time.Time     `json:"respond_by,omitzero"`
	OpenedAt   time.Time     `json:"opened_at"`
}

// DisputePatience is how long an open dispute may go without being looked at.
const DisputePatience = 26 * time.Hour

// RecordDispute writes down what the provider has of a dispute of this payment.
// known is the dispute as the hub has it, nil for a new one, which gets the id.
// changed is false when there is nothing new.
//
// Errors: ErrDisagrees when it cannot be a dispute of this payment.
func (p Intent) RecordDispute(known *Dispute, id string, r DisputeReport, now time.Time) (c Change, changed bool, err error) {
	switch {
	case r.Amount.Currency != p.Currency || r.Amount.Minor < 1 || r.Amount.Minor > p.AmountCaptured:
		return Change{}, false, fmt.Errorf("payment %s: %w: %s of %d captured is disputed", p.ID, ErrDisagrees, r.Amount, p.AmountCaptured)
	case known != nil && known.PaymentID != p.ID:
		return Change{}, false, fmt.Errorf("payment %s: %w: dispute %s is of payment %s", p.ID, ErrDisagrees, known.ID, known.PaymentID)
	case r.Reinstated && !r.Withdrawn:
		return Change{}, false, fmt.Errorf("payment %s: %w: given back without having been withdrawn", p.ID, ErrDisagrees)
	}
	d := Dispute{
		ID: id, Scope: p.Scope, PaymentID: p.ID, Gateway: p.Gateway, GatewayReference: r.Reference,
		Amount: r.Amount.Minor, Currency: p.Currency, CreatedAt: now,
	}
	if known != nil {
		d = *known
	}
	before := d
	d.Reason, d.Status, d.RespondBy = r.Reason, r.Status, r.RespondBy.UTC().Truncate(time.Microsecond)
	d.Withdrawn, d.Reinstated = d.Withdrawn || r.Withdrawn, d.Reinstated || r.Reinstated
	switch {
	case known != nil && r.Amount.Minor != known.Amount:
		return Change{}, false, fmt.Errorf("dispute %s: %w: it was of %d, and is of %d", d.ID, ErrDisagrees, known.Amount, r.Amount.Minor)
	case d == before && known != nil:
		return Change{}, false, nil
	}
	c = p.begin()
	c.Dispute = &d
	source := ledger.Source{Scope: p.Scope, PaymentID: p.ID, TransactionID: d.ID, At: now}
	if d.Withdrawn && !before.Withdrawn {
		c.Ledger = append(c.Ledger, source.DisputeWithdrawn(c.money(d.Amount)))
		c.exchangeDisputed(source, d.Amount, false)
		if r.Fee != nil && r.Fee.Minor > 0 {
			c.Ledger = append(c.Ledger, source.DisputeFee(*r.Fee))
		}
	}
	if d.Reinstated && !before.Reinstated {
		c.Ledger = append(c.Ledger, source.DisputeReinstated(c.money(d.Amount)))
		c.exchangeDisputed(source, d.Amount, true)
	}
	change, err := c.sealDispute(now, disputeEvents(known == nil, before.Status, d.Status)...)
	return change, true, err
}

// disputeEvents are the events of a dispute that went from one state to another.
func disputeEvents(isNew bool, before, after DisputeStatus) []event.Type {
	var types []event.Type
	switch {
	case isNew:
		types = append(types, event.DisputeCreated)
	case before != after && !after.Closed():
		types = append(types, event.DisputeUpdated)
	}
	if before != after && after.Closed() {
		types = append(types, event.DisputeClosed)
	}
	return types
}

func (c Change) sealDispute(now time.Time, types ...event.Type) (Change, error) {
	d := c.Dispute
	d.UpdatedAt, d.DueAt = now, time.Time{}
	if !d.Status.Closed() {
		d.DueAt = now.Add(DisputePatience)
	}
	d.Version++
	for _, kind := range types {
		events, err := event.Add(c.Events, d.Scope, kind, d.ID, *d, now)
		if err != nil {
			return Change{}, err
		}
		c.Events = events
	}
	return c, c.seal(now, nil)
}
