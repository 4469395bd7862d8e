package payment

import (
	"fmt"
	"time"

	"paymenthub/internal/customer"
	"paymenthub/internal/id"
	"paymenthub/internal/risk"
	"paymenthub/internal/routing"
)

// Confirmation asks for an attempt with a card that is in the vault, or one that
// a gateway keeps.
type Confirmation struct {
	// OperationID is the ULID of the request; the attempt and its transaction
	// carry it in their ids, so that a repeated request finds them.
	OperationID       string      `json:"operation_id"`
	Method            MethodType  `json:"method,omitempty"` // "" means a card
	CardToken         string      `json:"card_token"`       // "" with SavedMethod, and where Method is not a card
	Card              CardSummary `json:"card"`
	ReturnURL         string      `json:"return_url,omitempty"`
	SavedMethod       string      `json:"saved_method,omitempty"` // pm_…
	Save              bool        `json:"save,omitempty"`         // keep the card for the payment's customer
	MerchantInitiated bool        `json:"merchant_initiated,omitempty"`
	BillingCountry    string      `json:"billing_country,omitempty"` // ISO 3166-1 alpha-2, to route by
}

// AttemptID is the id of the attempt that this confirmation leads to.
func (c Confirmation) AttemptID() string { return id.Join(id.Attempt, c.OperationID) }

// key is the idempotency key of the payment's next gateway operation.
func (p *Intent) nextKey(kind TransactionKind) string {
	p.Operations++
	return fmt.Sprintf("%s-%s-%d", p.ID, kind, p.Operations)
}

// BeginAttempt writes an attempt and its transaction down, with the judgment of
// it and the choice of its gateway, before the gateway hears of them. One that risk
// refuses never reaches it.
func (p Intent) BeginAttempt(conf Confirmation, chosen routing.Decision, judged risk.Assessment, now time.Time) (Change, error) {
	c := p.begin()
	c.attempt(Attempt{
		ID: conf.AttemptID(), Gateway: chosen.Gateway(), Method: conf.Method,
		CardToken: conf.CardToken, Card: conf.Card, ReturnURL: conf.ReturnURL, Risk: &judged, Routing: &chosen,
		SavedMethod: conf.SavedMethod, Save: conf.Save, MerchantInitiated: conf.MerchantInitiated,
	}, now)
	return c.take(StepAuthorize, now)
}

// attempt adds a new attempt and its transaction to the change.
func (c *Change) attempt(a Attempt, now time.Time) {
	p := &c.Intent
	kind := Sale
	if p.CaptureMethod == CaptureManual {
		kind = Authorization
	}
	p.Attempts++
	a.PaymentID, a.Number, a.Status, a.CreatedAt, a.UpdatedAt = p.ID, p.Attempts, AttemptPending, now, now
	t := Transaction{
		ID: TransactionID(id.Suffix(a.ID)), Scope: p.Scope, PaymentID: p.ID, AttemptID: a.ID, Kind: kind,
		Status: TransactionPending, Amount: p.Amount, Currency: p.Currency, Gateway: a.Gateway,
		IdempotencyKey: p.nextKey(kind), CreatedAt: now, UpdatedAt: now,
	}
	c.Attempt, c.Transaction = &a, &t
	p.CurrentAttemptID, p.PendingTransaction = a.ID, t.ID
	p.Gateway, p.LastError, p.RedirectURL = a.Gateway, nil, ""
}

// RecordAuthorization writes down what became of an attempt. An absent one was
// never carried out: it counts as declined because the gateway was not there.
// Outcomes that leave the end open, and Accepted ones, change nothing and are an error here.
func (p Intent) RecordAuthorization(a Attempt, t Transaction, o Outcome, now time.Time) (Change, error) {
	c := p.begin()
	c.Attempt, c.Transaction = &a, &t
	t.UpdatedAt = now
	a.answered(o, now)
	c.EraseCard = a.CardToken
	c.keep(a, o, now)
	if o.Class == OutcomeActionRequired && a.MerchantInitiated {
		// Nobody is there to act, and nobody learns where: the gateway's payment ends unpaid.
		return c.refuse(&a, &t, NewDecline(DeclineAuthenticationNeeded), now)
	}
	switch o.Class {
	case OutcomeActionRequired:
		a.Status = AttemptRequiresAction
		c.Intent.RedirectURL = o.RedirectURL
		return c.take(StepRequireAction, now)
	case OutcomeAbsent:
		t.AbsentAt = now
		return c.refuse(&a, &t, NewDecline(DeclineGatewayUnavailable), now)
	case OutcomeDeclined:
		return c.refuse(&a, &t, *o.Decline, now)
	case OutcomeSucceeded:
		return c.approve(&a, &t, o, now)
	default:
		return Change{}, fmt.Errorf("payment %s: outcome %q decides nothing", p.ID, o.Class)
	}
}

// keep writes down what the gateway keeps of an attempt that was to save its card:
// the customer as it knows them, and once it is authorized, the card.
func (c *Change) keep(a Attempt, o Outcome, now time.Time) {
	if !a.Save || o.Kept == nil || o.Kept.CustomerReference == "" {
		return
	}
	c.Customer = &customer.Reference{CustomerID: c.Intent.CustomerID, Gateway: a.Gateway, Reference: o.Kept.CustomerReference, CreatedAt: now}
	if o.Class != OutcomeSucceeded || o.Kept.MethodReference == "" {
		return
	}
	c.PaymentMethod = &customer.PaymentMethod{
		ID: id.Join(id.PaymentMethod, id.Suffix(a.ID)), Scope: c.Intent.Scope, CustomerID: c.Intent.CustomerID, Status: customer.MethodActive,
		Gateway: a.Gateway, GatewayCustomer: o.Kept.CustomerReference, GatewayReference: o.Kept.MethodReference,
		NetworkTransactionID: o.Kept.NetworkTransactionID, Card: a.Card, ConsentedAt: a.CreatedAt, PaymentID: a.PaymentID, CreatedAt: now,
	}
}

func (c Change) refuse(a *Attempt, t *Transaction, d Decline, now time.Time) (Change, error) {
	a.Status, a.Decline = AttemptDeclined, &d
	t.Status, t.Decline = TransactionDeclined, &d
	c.Intent.LastError, c.Intent.PendingTransaction, c.Intent.RedirectURL = &d, "", ""
	if c.Intent.Confirmations() >= c.Intent.AttemptLimit {
		return c.take(StepFailed, now)
	}
	return c.take(StepDeclined, now)
}

func (c Change) approve(a *Attempt, t *Transaction, o Outcome, now time.Time) (Change, error) {
	if o.Amount != t.Amount {
		return Change{}, fmt.Errorf("payment %s: %w: asked for %d, got %d", c.Intent.ID, ErrDisagrees, t.Amount, o.Amount)
	}
	t.Status, t.GatewayReference = TransactionSucceeded, o.TransactionReference
	c.Intent.PendingTransaction, c.Intent.RedirectURL, c.Intent.Attention = "", "", ""
	if t.Kind == Authorization {
		a.Status = AttemptAuthorized
		c.Intent.AmountCapturable = o.Amount
		c.Intent.AuthorizedUntil = now.Add(AuthorizationWindow)
		if !o.AuthorizedUntil.IsZero() && o.AuthorizedUntil.Before(c.Intent.AuthorizedUntil) {
			c.Intent.AuthorizedUntil = o.AuthorizedUntil
		}
		c.Ledger = append(c.Ledger, c.source(*t, now).Hold(c.money(o.Amount)))
		return c.take(StepAuthorized, now)
	}
	a.Status = AttemptCaptured
	if err := c.captured(*t, o, now); err != nil {
		return Change{}, err
	}
	return c.take(StepCaptured, now)
}

// captured books a capture, the gateway's fee and what it settles.
func (c *Change) captured(t Transaction, o Outcome, now time.Time) error {
	source := c.source(t, now)
	c.Intent.AmountCaptured, c.Intent.AmountCapturable = o.Amount, 0
	c.Ledger = append(c.Ledger, source.Capture(c.money(o.Amount)))
	if o.Fee != nil && o.Fee.Minor > 0 {
		c.Ledger = append(c.Ledger, source.Fee(*o.Fee))
	}
	return c.settle(source, c.money(o.Amount), o.Settled)
}
