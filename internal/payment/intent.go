package payment

import (
	"time"

	"paymenthub/internal/fx"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
)

// Intent is a merchant's wish to take an amount once.
type Intent struct {
	ID     string         `json:"id"` // pi_…
	Scope  merchant.Scope `json:"scope"`
	Status Status         `json:"status"`

	Amount        int64          `json:"amount"` // minor units, 1 to money.MaxAmount
	Currency      money.Currency `json:"currency"`
	CaptureMethod CaptureMethod  `json:"capture_method"`

	AmountCapturable    int64 `json:"amount_capturable"`
	AmountCaptured      int64 `json:"amount_captured"`
	AmountRefunded      int64 `json:"amount_refunded"`
	AmountRefundPending int64 `json:"amount_refund_pending"` // reserved by refunds not yet settled

	CustomerID          string            `json:"customer_id,omitempty"`
	Routing             string            `json:"routing"` // "auto" or a gateway's name
	Gateway             string            `json:"gateway"` // chosen; says who took the payment once one did
	ReturnURL           string            `json:"return_url,omitempty"`
	Checkout            *Checkout         `json:"checkout,omitempty"` // nil: not meant for the hosted page
	Customer            Customer          `json:"customer,omitzero"`
	Description         string            `json:"description,omitempty"`
	StatementDescriptor string            `json:"statement_descriptor,omitempty"`
	Metadata            map[string]string `json:"metadata,omitempty"`

	Attempts           int      `json:"attempts"`            // tries at gateways so far
	Failovers          int      `json:"failovers,omitempty"` // those of them that followed another one at once
	AttemptLimit       int      `json:"attempt_limit"`       // confirmations, 1 to MaxAttempts
	CurrentAttemptID   string   `json:"current_attempt_id,omitempty"`
	PendingTransaction string   `json:"pending_transaction,omitempty"` // the gateway call under way
	Operations         int      `json:"operations"`                    // gateway operations so far; numbers idempotency keys
	RedirectURL        string   `json:"redirect_url,omitempty"`        // where the shopper must act
	LastError          *Decline `json:"last_error,omitempty"`
	CancellationReason string   `json:"cancellation_reason,omitempty"`
	CanceledBy         string   `json:"canceled_by,omitempty"` // id of the operation that asked for it
	Attention          string   `json:"attention,omitempty"`   // why an operator must look; empty when nobody must

	SettledAmount   *int64         `json:"settled_amount,omitempty"`
	SettledCurrency money.Currency `json:"settled_currency,omitempty"`
	Conversion      *fx.Conversion `json:"conversion,omitempty"` // nil: settled in whatever currency the gateway settles in

	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	ExpiresAt time.Time `json:"expires_at"` // when it expires unless authorized
	// AuthorizedUntil is when the authorization is voided unless captured; zero
	// while nothing is authorized.
	AuthorizedUntil time.Time `json:"authorized_until,omitzero"`
	// DueAt is when something should have happened by: past it, the sweeper
	// looks after the payment. Zero in terminal states.
	DueAt   time.Time `json:"due_at,omitzero"`
	Version int64     `json:"version"` // counts changes; guards each of them
}

// Customer is what the merchant told of the shopper, in the merchant's words.
type Customer struct {
	Reference string `json:"reference,omitempty"` // the merchant's id of the customer
	Email     string `json:"email,omitempty"`
	Name      string `json:"name,omitempty"`
	// ShopperEmail is what the shopper told when they last tried to pay, where the
	// merchant told nothing.
	ShopperEmail string `json:"shopper_email,omitempty"`
}

// Money returns the intent's whole amount.
func (p *Intent) Money() money.Money { return money.New(p.Amount, p.Currency) }

// Refundable is what can still be refunded, in minor units.
func (p *Intent) Refundable() int64 {
	return p.AmountCaptured - p.AmountRefunded - p.AmountRefundPending
}

// GraceOfStep is how long a gateway call may be under way before the sweeper
// looks whether its workflow still knows of it.
const GraceOfStep = 30 * time.Second

// Confirmations is how often the shopper has tried: a confirmation that fails over
// is one, however many gateways were tried for it.
func (p *Intent) Confirmations() int { return p.Attempts - p.Failovers }

func (p *Intent) touch(now time.Time) {
	p.UpdatedAt = now
	p.Version++
	switch p.Status {
	case RequiresConfirmation, RequiresPaymentMethod, RequiresAction:
		p.DueAt = p.ExpiresAt.Add(GraceOfStep)
	case RequiresCapture:
		p.DueAt = p.AuthorizedUntil.Add(GraceOfStep)
	case Processing:
		p.DueAt = now.Add(GraceOfStep)
	default:
		p.DueAt = time.Time{}
	}
}
