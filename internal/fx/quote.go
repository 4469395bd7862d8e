package fx

import (
	"context"
	"time"

	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
)

// Quote promises a rate for a while. One with amounts is for a single payment of
// exactly its amount; one without may be used by many.
type Quote struct {
	ID        string         `json:"id"` // fxq_…
	Scope     merchant.Scope `json:"scope"`
	From      money.Currency `json:"from"`
	To        money.Currency `json:"to"`
	Rate      Rate           `json:"rate"` // Mid less the margin: what amounts are converted at
	Mid       Rate           `json:"mid_rate"`
	MarginBPS int64          `json:"margin_bps"`
	Source    string         `json:"source"`
	AsOf      time.Time      `json:"rates_as_of"`
	// FromAmount and ToAmount are minor units, and 0 in a quote without amounts.
	FromAmount int64     `json:"from_amount"`
	ToAmount   int64     `json:"to_amount"`
	PaymentID  string    `json:"payment_id,omitempty"` // that used a quote with amounts; "": none yet
	CreatedAt  time.Time `json:"created_at"`
	ExpiresAt  time.Time `json:"expires_at"`
}

// Side says which amount of a quote was asked for.
type Side string

// The sides.
const (
	SideFrom Side = "from" // what is given is known
	SideTo   Side = "to"   // what is to come of it at least is known
)

// Asked is what a quote is asked for.
type Asked struct {
	ID     string
	Scope  merchant.Scope
	From   money.Currency
	To     money.Currency
	Amount int64 // minor units, 1 to money.MaxAmount; 0: none
	Side   Side  // what Amount is of; SideFrom unless said otherwise
}

// QuoteRepository keeps quotes.
type QuoteRepository interface {
	// PutQuote stores a quote and returns what is stored under its id: the first one.
	PutQuote(ctx context.Context, q Quote) (Quote, error)
	// Quote returns a quote of the scope. Errors: fault.NotFound.
	Quote(ctx context.Context, scope merchant.Scope, quoteID string) (Quote, error)
}

// quoteOf makes the quote that was asked for of a rate.
func quoteOf(a Asked, mid Mid, marginBPS int64, now time.Time, valid time.Duration) (Quote, error) {
	q := Quote{
		ID: a.ID, Scope: a.Scope, From: a.From, To: a.To, Rate: mid.Ratio.Less(marginBPS), Mid: mid.Ratio.Less(0), MarginBPS: marginBPS,
		Source: mid.Source, AsOf: mid.AsOf, CreatedAt: now, ExpiresAt: now.Add(valid),
	}
	if a.Amount == 0 {
		return q, nil
	}
	given, got, err := q.amounts(a)
	if err != nil || got.Minor < 1 || got.Minor > money.MaxAmount {
		return Quote{}, fault.Field("amount", "Field 'amount' is too small or too large to be exchanged from %s into %s.", a.From, a.To)
	}
	q.FromAmount, q.ToAmount = given.Minor, got.Minor
	return q, nil
}

// amounts are what is given and what comes of it.
func (q Quote) amounts(a Asked) (given, got money.Money, err error) {
	given = money.New(a.Amount, a.From)
	if a.Side == SideTo {
		if given, err = q.Rate.Least(money.New(a.Amount, a.To), a.From); err != nil {
			return given, got, err
		}
	}
	got, err = q.Rate.Convert(given, a.To)
	return given, got, err
}

// usableBy reports, as an error for the caller, why a payment cannot use the quote.
func (q Quote) usableBy(paymentID string, amount money.Money, to money.Currency, now time.Time) error {
	switch {
	case q.From != amount.Currency || q.To != to:
		return quoteField("FX quote '%s' is for %s in %s, not for %s in %s.", q.ID, q.From, q.To, amount.Currency, to)
	case q.FromAmount != 0 && q.FromAmount != amount.Minor:
		return quoteField("FX quote '%s' is for an amount of %d, not of %d.", q.ID, q.FromAmount, amount.Minor)
	case q.FromAmount != 0 && q.PaymentID != "" && q.PaymentID != paymentID:
		return Used(q.ID)
	case !now.Before(q.ExpiresAt):
		return fault.New(fault.InvalidState, "FX quote '%s' expired at %s. Ask for another one.", q.ID, q.ExpiresAt.UTC().Format(time.RFC3339))
	default:
		return nil
	}
}

// Used is the failure of a second payment that wants a quote with an amount.
func Used(quoteID string) error {
	return fault.New(fault.InvalidState, "FX quote '%s' was used by another payment intent. Ask for another one.", quoteID)
}

func quoteField(format string, args ...any) error {
	return fault.Field("fx_quote_id", format, args...)
}

// quoteFor is the id of the quote that a payment makes for itself.
func quoteFor(paymentID string) string { return id.Join(id.FXQuote, id.Suffix(paymentID)) }
