package fx

import (
	"context"
	"errors"
	"time"

	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
)

// Settings tells what merchants have chosen.
type Settings interface {
	Settings(ctx context.Context, scope merchant.Scope) (merchant.Settings, error)
}

// Options of a Service.
type Options struct {
	Rates     *Rates
	Quotes    QuoteRepository
	Settings  Settings
	MarginBPS int64         // taken off the middle rate, 0 to 9,999
	QuoteFor  time.Duration // how long a quote can be taken up
	Clock     clock.Clock
}

// Service quotes rates and locks them for payments.
type Service struct{ o Options }

// NewService wires a service.
func NewService(o Options) *Service { return &Service{o} }

// Quote makes a quote. a.ID decides its identity: asking for the same id again returns
// the first.
//
// Errors: fault.Invalid naming "to" or "amount", fault.Unavailable when rates are stale.
func (s *Service) Quote(ctx context.Context, a Asked) (Quote, error) {
	if known, err := s.o.Quotes.Quote(ctx, a.Scope, a.ID); err == nil || !fault.Is(err, fault.NotFound) {
		return known, err
	}
	if a.From == a.To {
		return Quote{}, fault.Field("to", "Field 'to' must be another currency than 'from'.")
	}
	q, err := s.quote(ctx, a, "to")
	if err != nil {
		return Quote{}, err
	}
	return s.o.Quotes.PutQuote(ctx, q)
}

// quote makes a quote and stores it nowhere. param is the field that names To.
func (s *Service) quote(ctx context.Context, a Asked, param string) (Quote, error) {
	mid, err := s.o.Rates.Mid(ctx, a.From, a.To)
	if errors.Is(err, ErrNoRate) {
		return Quote{}, fault.Field(param, "Field '%s': there is no exchange rate of %s in %s.", param, a.From, a.To)
	}
	if err != nil {
		return Quote{}, err
	}
	return quoteOf(a, mid, s.o.MarginBPS, s.o.Clock.Now(), s.o.QuoteFor)
}

// GetQuote returns a quote. Errors: fault.NotFound.
func (s *Service) GetQuote(ctx context.Context, scope merchant.Scope, quoteID string) (Quote, error) {
	if !id.Valid(id.FXQuote, quoteID) {
		return Quote{}, fault.New(fault.NotFound, "There is no FX quote '%s'.", quoteID)
	}
	return s.o.Quotes.Quote(ctx, scope, quoteID)
}

// Wanted is what a payment wants to be settled in.
type Wanted struct {
	PaymentID string
	Scope     merchant.Scope
	Amount    money.Money
	To        money.Currency // "": the quote's, or else what the merchant's settings say
	QuoteID   string         // "": a quote is made
}

// Lock is the quote that a new payment is promised. It is stored, or marked as used,
// together with the payment. Its zero value promises nothing.
type Lock struct {
	Quote Quote
	Made  bool // for this payment alone, and not stored yet
}

// Promises reports whether there is a rate.
func (l Lock) Promises() bool { return l.Quote.ID != "" }

// Lock promises a payment a rate, or nothing when it is not to be converted.
//
// Errors: fault.Invalid naming "settlement_currency", "fx_quote_id" or "amount",
// fault.InvalidState when the quote has expired or was used, fault.Unavailable when
// rates are stale.
func (s *Service) Lock(ctx context.Context, w Wanted) (Lock, error) {
	if w.QuoteID != "" {
		return s.lockQuoted(ctx, w)
	}
	if w.To == "" {
		settings, err := s.o.Settings.Settings(ctx, w.Scope)
		if err != nil {
			return Lock{}, err
		}
		w.To = settings.SettlementCurrency
	}
	if w.To == "" || w.To == w.Amount.Currency {
		return Lock{}, nil
	}
	q, err := s.quote(ctx, Asked{
		ID: quoteFor(w.PaymentID), Scope: w.Scope, From: w.Amount.Currency, To: w.To, Amount: w.Amount.Minor, Side: SideFrom,
	}, "settlement_currency")
	if err != nil {
		return Lock{}, err
	}
	q.PaymentID = w.PaymentID
	return Lock{Quote: q, Made: true}, nil
}

func (s *Service) lockQuoted(ctx context.Context, w Wanted) (Lock, error) {
	q, err := s.GetQuote(ctx, w.Scope, w.QuoteID)
	if fault.Is(err, fault.NotFound) {
		return Lock{}, quoteField("There is no FX quote '%s'.", w.QuoteID)
	}
	if err != nil {
		return Lock{}, err
	}
	if w.To == "" {
		w.To = q.To
	}
	if err := q.usableBy(w.PaymentID, w.Amount, w.To, s.o.Clock.Now()); err != nil {
		return Lock{}, err
	}
	return Lock{Quote: q}, nil
}

// Exchange is the exchange of a refund at today's middle rate, or at the payment's own
// where no source has a fresh one: money that a shopper is owed waits for no rate.
func (s *Service) Exchange(ctx context.Context, c Conversion, from money.Currency) (Exchange, error) {
	to := c.Position.Currency
	mid, err := s.o.Rates.Mid(ctx, from, to)
	switch {
	case errors.Is(err, ErrNoRate), errors.Is(err, ErrStale):
		return c.LockedExchange(), nil
	case err != nil:
		return Exchange{}, err
	}
	return Exchange{Rate: mid.Ratio.Less(0), Source: mid.Source, AsOf: mid.AsOf, Currency: to}, nil
}
