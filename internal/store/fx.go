package store

import (
	"context"

	"gorm.io/gorm"

	"paymenthub/internal/fx"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
)

// FX implements the repositories of exchange rates and their quotes.
type FX struct{ store *Store }

// FX returns the repository of exchange rates and quotes.
func (s *Store) FX() FX { return FX{s} }

var (
	_ fx.TableRepository = FX{}
	_ fx.QuoteRepository = FX{}
)

// rateRow is a row of fx_rates.
type rateRow struct {
	ID           string
	FromCurrency string
	ToCurrency   string
	Rate         string
	SetBy        string
	SetAt        instant
}

// TableName implements schema.Tabler.
func (rateRow) TableName() string { return "fx_rates" }

func (r rateRow) columns() []column {
	return []column{
		{"id", r.ID}, {"from_currency", r.FromCurrency}, {"to_currency", r.ToCurrency}, {"rate", r.Rate},
		{"set_by", r.SetBy}, {"set_at", r.SetAt},
	}
}

func (r rateRow) rate() (fx.TableRate, error) {
	t := fx.TableRate{
		ID: r.ID, From: money.Currency(r.FromCurrency), To: money.Currency(r.ToCurrency), SetBy: r.SetBy, SetAt: r.SetAt.Time,
	}
	return t, t.Rate.UnmarshalText([]byte(r.Rate))
}

// SetRate stores a rate; those before it stay.
func (r FX) SetRate(ctx context.Context, t fx.TableRate) error {
	row := rateRow{
		ID: t.ID, FromCurrency: string(t.From), ToCurrency: string(t.To), Rate: t.Rate.String(), SetBy: t.SetBy, SetAt: at(t.SetAt),
	}
	return r.store.write(ctx, "set exchange rate", func(db *gorm.DB) error {
		_, err := insert(db, "", row)
		return err
	})
}

// Rate returns the newest rate of a pair. Errors: fault.NotFound.
func (r FX) Rate(ctx context.Context, from, to money.Currency) (found fx.TableRate, err error) {
	err = r.store.view(ctx, "read exchange rate", func(db *gorm.DB) error {
		newest := db.Where("from_currency = ? AND to_currency = ?", string(from), string(to)).Order("id DESC")
		found, err = one(newest, "exchange rate", string(from)+" "+string(to), rateRow.rate)
		return err
	})
	return found, err
}

// Rates lists the newest rate of each pair, by currencies.
func (r FX) Rates(ctx context.Context) (found []fx.TableRate, err error) {
	err = r.store.view(ctx, "list exchange rates", func(db *gorm.DB) error {
		var rows []rateRow
		err := db.Where(`id = (SELECT max(id) FROM fx_rates AS newer
			WHERE newer.from_currency = fx_rates.from_currency AND newer.to_currency = fx_rates.to_currency)`).
			Order("from_currency, to_currency").Find(&rows).Error
		if err != nil {
			return err
		}
		found, err = convert(rows, rateRow.rate)
		return err
	})
	return found, err
}

// quoteRow is a row of fx_quotes.
type quoteRow struct {
	ID           string
	MerchantID   string
	Environment  string
	FromCurrency string
	ToCurrency   string
	Rate         string
	MidRate      string
	MarginBps    int64
	Source       string
	RatesAsOf    instant
	FromAmount   int64
	ToAmount     int64
	PaymentID    string
	CreatedAt    instant
	ExpiresAt    instant
}

// TableName implements schema.Tabler.
func (quoteRow) TableName() string { return "fx_quotes" }

func (r quoteRow) columns() []column {
	return []column{
		{"id", r.ID}, {"merchant_id", r.MerchantID}, {"environment", r.Environment},
		{"from_currency", r.FromCurrency}, {"to_currency", r.ToCurrency}, {"rate", r.Rate}, {"mid_rate", r.MidRate},
		{"margin_bps", r.MarginBps}, {"source", r.Source}, {"rates_as_of", r.RatesAsOf},
		{"from_amount", r.FromAmount}, {"to_amount", r.ToAmount}, {"payment_id", r.PaymentID},
		{"created_at", r.CreatedAt}, {"expires_at", r.ExpiresAt},
	}
}

func newQuoteRow(q fx.Quote) quoteRow {
	return quoteRow{
		ID: q.ID, MerchantID: q.Scope.MerchantID, Environment: string(q.Scope.Environment),
		FromCurrency: string(q.From), ToCurrency: string(q.To), Rate: q.Rate.String(), MidRate: q.Mid.String(),
		MarginBps: q.MarginBPS, Source: q.Source, RatesAsOf: at(q.AsOf), FromAmount: q.FromAmount, ToAmount: q.ToAmount,
		PaymentID: q.PaymentID, CreatedAt: at(q.CreatedAt), ExpiresAt: at(q.ExpiresAt),
	}
}

func (r quoteRow) quote() (fx.Quote, error) {
	q := fx.Quote{
		ID: r.ID, Scope: scopeOf(r.MerchantID, r.Environment), From: money.Currency(r.FromCurrency), To: money.Currency(r.ToCurrency),
		MarginBPS: r.MarginBps, Source: r.Source, AsOf: r.RatesAsOf.Time, FromAmount: r.FromAmount, ToAmount: r.ToAmount,
		PaymentID: r.PaymentID, CreatedAt: r.CreatedAt.Time, ExpiresAt: r.ExpiresAt.Time,
	}
	if err := q.Rate.UnmarshalText([]byte(r.Rate)); err != nil {
		return fx.Quote{}, err
	}
	return q, q.Mid.UnmarshalText([]byte(r.MidRate))
}

// PutQuote stores a quote and returns what is stored under its id: the first one.
func (r FX) PutQuote(ctx context.Context, q fx.Quote) (fx.Quote, error) {
	err := r.store.write(ctx, "put quote", func(db *gorm.DB) error {
		_, err := insert(db, "ON CONFLICT (id) DO NOTHING", newQuoteRow(q))
		return err
	})
	if err != nil {
		return fx.Quote{}, err
	}
	return r.Quote(ctx, q.Scope, q.ID)
}

// Quote returns a quote of the scope. Errors: fault.NotFound.
func (r FX) Quote(ctx context.Context, scope merchant.Scope, quoteID string) (found fx.Quote, err error) {
	err = r.store.view(ctx, "read quote", func(db *gorm.DB) error {
		found, err = one(within(db, scope).Where("id = ?", quoteID), "FX quote", quoteID, quoteRow.quote)
		return err
	})
	return found, err
}

// storeLock stores the quote that was made for a payment, or marks the one that it
// uses up. Errors: fault.InvalidState when another payment has used it.
func storeLock(tx *gorm.DB, lock fx.Lock, paymentID string) error {
	switch {
	case lock.Made:
		_, err := insert(tx, "", newQuoteRow(lock.Quote))
		return err
	case lock.Quote.FromAmount == 0:
		return nil
	}
	written, err := update(tx, quoteRow{}.TableName(), []column{{"payment_id", paymentID}}, "id = ? AND payment_id = ''", lock.Quote.ID)
	return atLeastOne(written, err, fx.Used(lock.Quote.ID))
}
