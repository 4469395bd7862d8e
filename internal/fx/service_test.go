package fx_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/fx"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
)

var scope = merchant.Scope{MerchantID: "mch_1", Environment: merchant.Sandbox}

// desk keeps quotes, and what the merchant wants to be settled in.
type desk struct {
	quotes map[string]fx.Quote
	wants  money.Currency
}

func (d *desk) PutQuote(_ context.Context, q fx.Quote) (fx.Quote, error) {
	d.quotes[q.ID] = q
	return q, nil
}

func (d *desk) Quote(_ context.Context, scope merchant.Scope, quoteID string) (fx.Quote, error) {
	if q, ok := d.quotes[quoteID]; ok && q.Scope == scope {
		return q, nil
	}
	return fx.Quote{}, fault.New(fault.NotFound, "No such FX quote.")
}

func (d *desk) Settings(context.Context, merchant.Scope) (merchant.Settings, error) {
	return merchant.Settings{SettlementCurrency: d.wants}, nil
}

func newDesk(rate string) (*fx.Service, *desk, *clock.Manual) {
	at, d := clock.NewManual(day), &desk{quotes: map[string]fx.Quote{}}
	source := published{name: "ecb", from: "AED", to: "USD", rate: rate, asOf: day.Add(-time.Hour)}
	return fx.NewService(fx.Options{
		Rates: fx.NewRates([]fx.Source{source}, 96*time.Hour, at), Quotes: d, Settings: d, MarginBPS: 50, QuoteFor: 15 * time.Minute, Clock: at,
	}), d, at
}

func asked(amount int64, side fx.Side) fx.Asked {
	return fx.Asked{ID: id.New(id.FXQuote), Scope: scope, From: "AED", To: "USD", Amount: amount, Side: side}
}

func TestAQuoteIsMadeOnce(t *testing.T) {
	s, _, at := newDesk("0.272294")
	a := asked(12_000, fx.SideFrom)
	q, err := s.Quote(t.Context(), a)
	require.NoError(t, err)
	require.Equal(t, "0.27093253", q.Rate.String())
	require.Equal(t, "0.272294", q.Mid.String())
	require.EqualValues(t, 3251, q.ToAmount)
	require.Equal(t, day.Add(15*time.Minute), q.ExpiresAt)
	at.Advance(200 * time.Hour) // its rates are out of date by then
	again, err := s.Quote(t.Context(), a)
	require.NoError(t, err)
	require.Equal(t, q, again)
}

// TestQuotesHoldWhatTheySay: the amounts of a quote follow from its rate, on either side.
func TestQuotesHoldWhatTheySay(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s, _, _ := newDesk(rapid.SampledFrom([]string{"0.272294", "3.6725", "0.000001", "1"}).Draw(r, "rate"))
		amount, side := rapid.Int64Range(1, money.MaxAmount).Draw(r, "amount"), rapid.SampledFrom([]fx.Side{fx.SideFrom, fx.SideTo}).Draw(r, "side")
		q, err := s.Quote(t.Context(), asked(amount, side))
		if err != nil {
			require.Equal(r, "amount", fault.From(err).Param)
			return
		}
		got, err := q.Rate.Convert(money.New(q.FromAmount, q.From), q.To)
		require.NoError(r, err)
		require.Equal(r, q.ToAmount, got.Minor)
		if side == fx.SideFrom {
			require.Equal(r, amount, q.FromAmount)
		} else {
			require.GreaterOrEqual(r, q.ToAmount, amount)
		}
	})
}

func TestALockIsMadeOfWhatIsWanted(t *testing.T) {
	s, d, _ := newDesk("0.272294")
	paymentID := id.New(id.Payment)
	want := func(to money.Currency) fx.Wanted {
		return fx.Wanted{PaymentID: paymentID, Scope: scope, Amount: money.New(12_000, "AED"), To: to}
	}
	for _, to := range []money.Currency{"", "AED"} {
		lock, err := s.Lock(t.Context(), want(to))
		require.NoError(t, err)
		require.False(t, lock.Promises(), "nothing is to be converted")
	}
	lock, err := s.Lock(t.Context(), want("USD"))
	require.NoError(t, err)
	require.True(t, lock.Made)
	require.Equal(t, paymentID, lock.Quote.PaymentID)
	require.EqualValues(t, 12_000, lock.Quote.FromAmount)
	require.Empty(t, d.quotes, "it is stored with its payment")

	d.wants = "USD"
	byDefault, err := s.Lock(t.Context(), want(""))
	require.NoError(t, err)
	require.Equal(t, lock, byDefault)
	lock, err = s.Lock(t.Context(), want("AED"))
	require.NoError(t, err)
	require.False(t, lock.Promises(), "the intent's own currency overrides the settings")

	_, err = s.Lock(t.Context(), want("EUR"))
	require.Equal(t, "settlement_currency", fault.From(err).Param)
	tiny := want("USD")
	tiny.Amount.Minor = 1
	_, err = s.Lock(t.Context(), tiny)
	require.Equal(t, "amount", fault.From(err).Param)
}

func TestAQuoteIsLockedByWhomItIsFor(t *testing.T) {
	s, d, at := newDesk("0.272294")
	q, err := s.Quote(t.Context(), asked(12_000, fx.SideFrom))
	require.NoError(t, err)
	free, err := s.Quote(t.Context(), asked(0, fx.SideFrom))
	require.NoError(t, err)
	fits := fx.Wanted{PaymentID: id.New(id.Payment), Scope: scope, Amount: money.New(12_000, "AED"), QuoteID: q.ID}
	lock, err := s.Lock(t.Context(), fits)
	require.NoError(t, err)
	require.Equal(t, fx.Lock{Quote: q}, lock, "the quote says in which currency")

	refused := func(why string, code fault.Code, change func(*fx.Wanted)) {
		w := fits
		change(&w)
		_, err := s.Lock(t.Context(), w)
		require.True(t, fault.Is(err, code), "%s: %v", why, err)
		if code == fault.Invalid {
			require.Equal(t, "fx_quote_id", fault.From(err).Param, why)
		}
	}
	refused("another amount", fault.Invalid, func(w *fx.Wanted) { w.Amount.Minor++ })
	refused("another currency", fault.Invalid, func(w *fx.Wanted) { w.Amount.Currency = "SAR" })
	refused("another settlement currency", fault.Invalid, func(w *fx.Wanted) { w.To = "EUR" })
	refused("none such", fault.Invalid, func(w *fx.Wanted) { w.QuoteID = id.New(id.FXQuote) })
	refused("another merchant's", fault.Invalid, func(w *fx.Wanted) { w.Scope.MerchantID = "mch_2" })
	refused("of the other environment", fault.Invalid, func(w *fx.Wanted) { w.Scope.Environment = merchant.Live })
	used := q
	used.PaymentID = id.New(id.Payment)
	d.quotes[q.ID] = used
	refused("used by another", fault.InvalidState, func(*fx.Wanted) {})
	refused("for any amount, but expired", fault.InvalidState, func(w *fx.Wanted) { w.QuoteID = free.ID; at.Advance(15 * time.Minute) })
	at.Advance(-time.Second)
	fits.QuoteID = free.ID
	_, err = s.Lock(t.Context(), fits)
	require.NoError(t, err)
}

func TestARefundsExchange(t *testing.T) {
	s, _, at := newDesk("0.272294")
	position := money.New(3251, "USD")
	promised := fx.Conversion{To: "USD", Rate: fx.MustRate("0.27093253"), AsOf: day, Captured: 12_000, Position: &position}
	e, err := s.Exchange(t.Context(), promised, "AED")
	require.NoError(t, err)
	require.Equal(t, fx.Exchange{Rate: fx.MustRate("0.272294"), Source: "ecb", AsOf: day.Add(-time.Hour), Currency: "USD"}, e, "at the middle rate")
	at.Advance(200 * time.Hour)
	e, err = s.Exchange(t.Context(), promised, "AED")
	require.NoError(t, err, "money that a shopper is owed waits for no rate")
	require.Equal(t, promised.LockedExchange(), e)
}

// TestPartsOfAConversionSumToIt: however a payment is refunded, all of it takes all back.
func TestPartsOfAConversionSumToIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		position := money.New(rapid.Int64Range(0, money.MaxAmount).Draw(t, "position"), "USD")
		c := fx.Conversion{Rate: fx.MustRate("1"), Captured: rapid.Int64Range(1, money.MaxAmount).Draw(t, "captured"), Position: &position}
		var refunded int64
		for refunded < c.Captured {
			part := rapid.Int64Range(1, c.Captured-refunded).Draw(t, "part")
			e, err := c.Settle(c.LockedExchange(), money.New(part, "AED"), refunded)
			require.NoError(t, err)
			require.GreaterOrEqual(t, e.Share, int64(0))
			require.Equal(t, e.Share, e.Value)
			refunded, c.Returned = refunded+part, c.Returned+e.Share
		}
		require.Equal(t, position.Minor, c.Returned)
	})
}
