package payment_test

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
	"paymenthub/internal/ledger"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

// lockAt promises a payment a rate into a currency.
func lockAt(rate string, to money.Currency) fx.Lock {
	return fx.Lock{Made: true, Quote: fx.Quote{
		ID: id.New(id.FXQuote), Scope: scope, From: "USD", To: to, Rate: fx.MustRate(rate), Mid: fx.MustRate(rate), Source: fx.TableSource, AsOf: start,
	}}
}

// drawLock promises some payments a rate.
func drawLock(t *rapid.T) fx.Lock {
	if rapid.Bool().Draw(t, "not converted") {
		return fx.Lock{}
	}
	return lockAt(rapid.SampledFrom([]string{"0.92", "1.1", "0.333333", "0.000007", "2"}).Draw(t, "rate"),
		rapid.SampledFrom([]money.Currency{"EUR", "JPY", "KWD"}).Draw(t, "to"))
}

// drawSettled is what a gateway says it settles of an amount: nothing, the payment's
// own currency, the one that was promised, or a third.
func drawSettled(t *rapid.T, amount int64) *money.Money {
	currency := rapid.SampledFrom([]money.Currency{"", "USD", "EUR", "JPY", "KWD", "CHF"}).Draw(t, "settled in")
	if currency == "" {
		return nil
	}
	settled := money.New(rapid.Int64Range(1, min(2*amount+10, money.MaxAmount)).Draw(t, "settled"), currency)
	return &settled
}

// post keeps account of each currency.
func (b *book) post(all []ledger.Transaction) {
	for _, tx := range all {
		for _, e := range tx.Entries {
			if b.positions[e.Currency] == nil {
				b.positions[e.Currency] = map[ledger.AccountKind]int64{}
			}
			b.positions[e.Currency][e.Account] += e.Amount
		}
	}
}

// checkConverted holds after every change: what was exchanged is in the clearing
// accounts, less what refunds took back of it, and every currency balances.
func (b *book) checkConverted() {
	p := b.now.Intent
	for currency, accounts := range b.positions {
		var sum int64
		for _, balance := range accounts {
			sum += balance
		}
		require.Zero(b.t, sum, "%s balances", currency)
	}
	if p.Conversion == nil || p.Conversion.Position == nil {
		for currency, accounts := range b.positions {
			require.Zero(b.t, accounts[ledger.FXClearing], currency)
			require.Zero(b.t, accounts[ledger.FXGainLoss], currency)
		}
		return
	}
	v := *p.Conversion
	held := v.Position.Currency
	require.Equal(b.t, p.AmountCaptured-p.AmountRefunded, b.positions[p.Currency][ledger.FXClearing])
	require.Equal(b.t, v.Returned-v.Position.Minor, b.positions[held][ledger.FXClearing])
	require.Zero(b.t, b.positions[p.Currency][ledger.GatewayReceivable], "nothing is owed in the payment's currency any more")
	if p.AmountRefunded == 0 {
		require.Zero(b.t, v.Returned, "all that was taken back of refunds was given back")
		require.Equal(b.t, *p.SettledAmount, b.positions[p.SettledCurrency][ledger.GatewayReceivable], "what is owed is what is settled")
	}
	if p.AmountRefunded == p.AmountCaptured {
		require.Equal(b.t, v.Position.Minor, v.Returned, "refunds of everything take everything back, to the unit")
	}
}

// reverse takes a settled refund back, maybe.
func (b *book) reverse(t *rapid.T, now time.Time) bool {
	for _, r := range b.refunds {
		if r.Status != payment.RefundSucceeded || !rapid.Bool().Draw(t, "take back") {
			continue
		}
		change, err := b.now.Intent.ReverseRefund(r, b.txns[r.TransactionID], payment.NewDecline(payment.DeclineExpiredCard), now)
		require.NoError(t, err)
		b.apply(change)
		return true
	}
	return false
}

// drawExchange is the exchange of a refund at a rate of its day, or at the promised one.
func (b *book) drawExchange(t *rapid.T) *fx.Exchange {
	if b.now.Intent.Conversion == nil || rapid.Bool().Draw(t, "no rate today") {
		return nil
	}
	return &fx.Exchange{
		Rate: fx.MustRate(rapid.SampledFrom([]string{"0.9", "0.00001", "3"}).Draw(t, "rate of the day")), Source: fx.TableSource, AsOf: start,
		Currency: b.now.Intent.Conversion.Position.Currency,
	}
}

// sold leads a new payment of 1000 USD cents to its capture.
func sold(t *testing.T, lock fx.Lock, told *money.Money) *book {
	b := newConvertedBook(t, payment.CaptureAutomatic, 1000, lock)
	change, err := b.now.Intent.BeginAttempt(payment.Confirmation{OperationID: id.NewSuffix(), Card: card}, toStripe, allowed, start)
	require.NoError(t, err)
	b.apply(change)
	change, err = b.now.Record(payment.Outcome{Class: payment.OutcomeSucceeded, Amount: 1000, Settled: told}, start)
	require.NoError(t, err)
	b.apply(change)
	return b
}

func moneyIn(minor int64, c money.Currency) *money.Money {
	m := money.New(minor, c)
	return &m
}

func TestWhatAConvertedPaymentIsSettledIn(t *testing.T) {
	for name, c := range map[string]struct {
		told          *money.Money
		settled       money.Money
		gain          int64
		owedElsewhere int64
	}{
		"not told yet":                     {nil, money.New(920, "EUR"), 0, 0},
		"told, to the cent":                {moneyIn(920, "EUR"), money.New(920, "EUR"), 0, 0},
		"told, less":                       {moneyIn(911, "EUR"), money.New(911, "EUR"), -9, 0},
		"told, more":                       {moneyIn(925, "EUR"), money.New(925, "EUR"), 5, 0},
		"told in the payment's currency":   {moneyIn(1000, "USD"), money.New(920, "EUR"), 0, 0},
		"told in a third currency":         {moneyIn(870, "CHF"), money.New(870, "CHF"), 0, -920},
		"told something that is no amount": {moneyIn(0, "EUR"), money.New(920, "EUR"), 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b := sold(t, lockAt("0.92", "EUR"), c.told)
			p := b.now.Intent
			require.Equal(t, c.settled, money.New(*p.SettledAmount, p.SettledCurrency))
			require.Equal(t, c.settled.Minor, b.positions[c.settled.Currency][ledger.GatewayReceivable])
			require.Equal(t, -c.gain, b.positions["EUR"][ledger.FXGainLoss])
			require.Equal(t, int64(1000), b.positions["USD"][ledger.FXClearing])
			if c.owedElsewhere != 0 {
				require.Zero(t, b.positions["EUR"][ledger.GatewayReceivable], "nothing is expected in what was promised")
				require.Equal(t, money.New(870, "CHF"), *p.Conversion.Position)
			}
		})
	}
}

// refunded opens and settles a refund.
func (b *book) refunded(t *testing.T, amount int64, e *fx.Exchange) payment.Refund {
	now := b.now.Intent.UpdatedAt.Add(time.Second)
	opened, err := b.now.Intent.OpenRefund(payment.Attempt{ID: "att_1", Gateway: "stripe"}, payment.NewRefund{ID: id.New(id.Refund), Amount: amount, Exchange: e}, now)
	require.NoError(t, err)
	b.apply(opened)
	settled, err := b.now.Intent.RecordRefund(*opened.Refund, *opened.Transaction, payment.Outcome{Class: payment.OutcomeSucceeded, Amount: amount}, now)
	require.NoError(t, err)
	b.apply(settled)
	return *settled.Refund
}

func TestRefundsOfAConvertedPayment(t *testing.T) {
	b := sold(t, lockAt("0.333333", "EUR"), nil) // 333 cents
	day := fx.Exchange{Rate: fx.MustRate("0.4"), Source: "ecb", AsOf: start, Currency: "EUR"}
	first := b.refunded(t, 334, &day)
	require.Equal(t, int64(111), first.Exchange.Share)
	require.Equal(t, int64(134), first.Exchange.Value, "133.6 at the rate of the day")
	require.Equal(t, int64(23), b.positions["EUR"][ledger.FXGainLoss], "a loss")
	second := b.refunded(t, 333, nil)
	require.Equal(t, fx.Locked, second.Exchange.Source)
	require.Equal(t, second.Exchange.Share, second.Exchange.Value)
	require.Equal(t, int64(111), second.Exchange.Share)
	third := b.refunded(t, 333, nil)
	require.Equal(t, int64(111), third.Exchange.Share, "the last takes the rest")
	require.Zero(t, b.positions["EUR"][ledger.FXClearing])
	require.Zero(t, b.positions["USD"][ledger.FXClearing])

	change, err := b.now.Intent.ReverseRefund(first, b.txns[first.TransactionID], payment.NewDecline(payment.DeclineExpiredCard), start)
	require.NoError(t, err)
	b.apply(change)
	require.Zero(t, b.positions["EUR"][ledger.FXGainLoss], "its loss is taken back with it")
	require.Equal(t, int64(-111), b.positions["EUR"][ledger.FXClearing])
}

func TestADisputeTakesItsShareAtThePromisedRate(t *testing.T) {
	b := sold(t, lockAt("0.92", "EUR"), moneyIn(900, "EUR"))
	report := payment.DisputeReport{Reference: "du_1", Amount: money.New(500, "USD"), Status: payment.DisputeNeedsResponse, Withdrawn: true}
	lost, _, err := b.now.Intent.RecordDispute(nil, id.New(id.Dispute), report, start)
	require.NoError(t, err)
	b.post(lost.Ledger)
	require.Equal(t, int64(900-460), b.positions["EUR"][ledger.GatewayReceivable])
	require.Zero(t, b.positions["USD"][ledger.GatewayReceivable])
	require.Equal(t, int64(20), b.positions["EUR"][ledger.FXGainLoss], "of the settlement alone")
	report.Status, report.Reinstated = payment.DisputeWon, true
	won, _, err := lost.Intent.RecordDispute(lost.Dispute, lost.Dispute.ID, report, start)
	require.NoError(t, err)
	b.post(won.Ledger)
	require.Equal(t, int64(900), b.positions["EUR"][ledger.GatewayReceivable])
}

// promises is a source of locks that counts, and fails when it is told to.
type promises struct {
	lock fx.Lock
	err  error
	of   fx.Wanted
}

func (p *promises) Lock(_ context.Context, w fx.Wanted) (fx.Lock, error) {
	p.of = w
	return p.lock, p.err
}

func (p *promises) Exchange(context.Context, fx.Conversion, money.Currency) (fx.Exchange, error) {
	return fx.Exchange{}, p.err
}

// drawer is a repository of one payment.
type drawer struct {
	payment.Repository
	stored *payment.Change
}

func (s *drawer) Insert(_ context.Context, c payment.Change) error {
	if s.stored != nil {
		return payment.ErrExists
	}
	s.stored = &c
	return nil
}

func (s *drawer) Payment(_ context.Context, _ merchant.Scope, paymentID string) (payment.Intent, error) {
	if s.stored == nil || s.stored.Intent.ID != paymentID {
		return payment.Intent{}, fault.New(fault.NotFound, "none")
	}
	return s.stored.Intent, nil
}

func TestARepeatedRequestKeepsThePromiseOfItsFirst(t *testing.T) {
	given, repo := &promises{lock: lockAt("0.92", "EUR")}, &drawer{}
	s := payment.NewService(repo, nil, slow{}, routed{}, nil, payment.NewWatcher(), clock.System{},
		payment.Options{Wait: time.Second, Poll: time.Second, Conversions: given})
	n := payment.New{ID: id.New(id.Payment), Scope: scope, Amount: 1000, Currency: "USD", SettlementCurrency: "EUR", FXQuoteID: "fxq_1", Routing: "auto"}
	_, err := s.Create(t.Context(), n, nil)
	require.NoError(t, err)
	require.Equal(t, fx.Wanted{PaymentID: n.ID, Scope: scope, Amount: money.New(1000, "USD"), To: "EUR", QuoteID: "fxq_1"}, given.of)
	require.Equal(t, given.lock, repo.stored.Lock)
	require.Equal(t, "0.92", repo.stored.Intent.Conversion.Rate.String())

	given.lock, given.err = fx.Lock{}, fault.New(fault.Unavailable, "stale")
	again, err := s.Create(t.Context(), n, nil)
	require.NoError(t, err)
	require.Equal(t, repo.stored.Intent, again, "its rate stands")
	n.ID = id.New(id.Payment)
	_, err = s.Create(t.Context(), n, nil)
	require.Equal(t, given.err, err, "a new one is refused")
}
