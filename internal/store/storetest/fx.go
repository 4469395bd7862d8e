package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
	"paymenthub/internal/fx"
	"paymenthub/internal/id"
	"paymenthub/internal/ledger"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

// Quoted is a quote of the world's merchant, of USD in EUR, for an amount or, with 0,
// for any.
func (w *World) Quoted(amount int64) fx.Quote {
	q := fx.Quote{
		ID: id.New(id.FXQuote), Scope: w.Scope, From: "USD", To: "EUR", Rate: fx.MustRate("0.911248"), Mid: fx.MustRate("0.92"),
		MarginBPS: 95, Source: fx.TableSource, AsOf: w.now().Add(-time.Hour), FromAmount: amount, CreatedAt: w.now(), ExpiresAt: w.now().Add(15 * time.Minute),
	}
	if amount != 0 {
		got, _ := q.Rate.Convert(money.New(amount, "USD"), "EUR")
		q.ToAmount = got.Minor
	}
	return q
}

// Converted is an ordinary payment that is to be settled in EUR.
func (w *World) Converted() payment.New {
	n := w.Wanted()
	quote := w.Quoted(n.Amount)
	quote.PaymentID = n.ID
	n.Lock = fx.Lock{Quote: quote, Made: true}
	return n
}

func ratesReadBack(t *testing.T, w *World) {
	rates := w.Store.FX()
	_, err := rates.Rate(ctx, "USD", "EUR")
	require.True(t, fault.Is(err, fault.NotFound), err)
	set := func(from, to money.Currency, rate string) fx.TableRate {
		r := fx.TableRate{ID: id.New(id.FXRate), From: from, To: to, Rate: fx.MustRate(rate), SetBy: "ada", SetAt: w.now()}
		require.NoError(t, rates.SetRate(ctx, r))
		return r
	}
	first := set("USD", "EUR", "0.91")
	time.Sleep(2 * time.Millisecond) // ids sort by the millisecond
	newer := set("USD", "EUR", "0.920000000001")
	other := set("AED", "USD", "0.272294")
	got, err := rates.Rate(ctx, "USD", "EUR")
	require.NoError(t, err)
	require.Equal(t, newer, got)
	_, err = rates.Rate(ctx, "EUR", "USD")
	require.True(t, fault.Is(err, fault.NotFound), "the other direction is another pair")
	all, err := rates.Rates(ctx)
	require.NoError(t, err)
	require.Equal(t, []fx.TableRate{other, newer}, all)
	require.Equal(t, 3, w.count(t, "fx_rates"), "the one of before stays on record: %s", first.ID)
}

func quotesReadBack(t *testing.T, w *World) {
	quotes, q := w.Store.FX(), w.Quoted(5000)
	stored, err := quotes.PutQuote(ctx, q)
	require.NoError(t, err)
	require.Equal(t, q, stored)
	again := q
	again.Rate = fx.MustRate("0.5")
	stored, err = quotes.PutQuote(ctx, again)
	require.NoError(t, err)
	require.Equal(t, q, stored, "the first one stays")
	other := w.Scope
	other.Environment = "live"
	for _, c := range []struct {
		scope fx.Quote
		id    string
	}{{fx.Quote{Scope: other}, q.ID}, {fx.Quote{Scope: w.NewMerchant(t)}, q.ID}, {q, id.New(id.FXQuote)}} {
		_, err = quotes.Quote(ctx, c.scope.Scope, c.id)
		require.True(t, fault.Is(err, fault.NotFound), err)
	}
}

func quoteIsUsedOnce(t *testing.T, w *World) {
	quotes, q, free := w.Store.FX(), w.Quoted(5000), w.Quoted(0)
	for _, one := range []fx.Quote{q, free} {
		_, err := quotes.PutQuote(ctx, one)
		require.NoError(t, err)
	}
	opened := func(of fx.Quote) payment.Change {
		n := w.Wanted()
		n.Lock = fx.Lock{Quote: of}
		return w.Opened(t, n)
	}
	changes := []payment.Change{opened(q), opened(q), opened(q), opened(q)}
	var winner string
	for i, err := range together(len(changes), func(i int) error { return w.Payments.Insert(ctx, changes[i]) }) {
		if err == nil {
			require.Empty(t, winner, "a second payment used the quote")
			winner = changes[i].Intent.ID
			continue
		}
		require.True(t, fault.Is(err, fault.InvalidState), err)
		_, err = w.Payments.Payment(ctx, w.Scope, changes[i].Intent.ID)
		require.True(t, fault.Is(err, fault.NotFound), "nothing of it is stored")
	}
	require.NotEmpty(t, winner)
	used, err := quotes.Quote(ctx, w.Scope, q.ID)
	require.NoError(t, err)
	require.Equal(t, winner, used.PaymentID)

	for range 2 {
		require.NoError(t, w.Payments.Insert(ctx, opened(free)))
	}
	used, err = quotes.Quote(ctx, w.Scope, free.ID)
	require.NoError(t, err)
	require.Equal(t, free, used, "one without an amount is for many")
}

func conversionReadsBack(t *testing.T, w *World) {
	n := w.Converted()
	opened := w.Opened(t, n)
	require.NoError(t, w.Payments.Insert(ctx, opened))
	quote, err := w.Store.FX().Quote(ctx, w.Scope, n.Lock.Quote.ID)
	require.NoError(t, err)
	require.Equal(t, n.Lock.Quote, quote, "stored with its payment")

	a := w.Apply(t, w.Begun(t, opened.Intent))
	settled := money.New(4500, "EUR") // 4556 were promised
	sold, err := a.Intent.RecordAuthorization(*a.Attempt, *a.Transaction, payment.Outcome{
		Class: payment.OutcomeSucceeded, Amount: 5000, GatewayReference: "pi_remote", TransactionReference: "ch_remote", Settled: &settled,
	}, w.now())
	require.NoError(t, err)
	require.Equal(t, sold.Intent, w.Apply(t, sold).Intent)

	sold.Attempt.Status = payment.AttemptCaptured
	refunding, err := sold.Intent.OpenRefund(*sold.Attempt, payment.NewRefund{ID: id.New(id.Refund), Amount: 5000, Exchange: &fx.Exchange{
		Rate: fx.MustRate("0.93"), Source: "ecb", AsOf: w.now(), Currency: "EUR",
	}}, w.now())
	require.NoError(t, err)
	w.Apply(t, refunding)
	refunded, err := refunding.Intent.RecordRefund(*refunding.Refund, *refunding.Transaction, payment.Outcome{Class: payment.OutcomeSucceeded, Amount: 5000}, w.now())
	require.NoError(t, err)
	require.Equal(t, refunded.Intent, w.Apply(t, refunded).Intent)
	stored, err := w.Payments.Refund(ctx, w.Scope, refunding.Refund.ID)
	require.NoError(t, err)
	require.Equal(t, *refunded.Refund, stored)
	require.Equal(t, map[ledger.AccountKind]int64{
		ledger.Sales: -5000, ledger.Refunds: 5000, ledger.FXClearing: 0, ledger.FXGainLoss: 56 + 94, ledger.GatewayReceivable: 4500 - 4650,
	}, w.requireBooks(t, w.Scope))

	reversed, err := refunded.Intent.ReverseRefund(*refunded.Refund, *refunded.Transaction, payment.NewDecline(payment.DeclineExpiredCard), w.now())
	require.NoError(t, err)
	w.Apply(t, reversed)
	require.EqualValues(t, 4500, w.requireBooks(t, w.Scope)[ledger.GatewayReceivable])
}
