package verify_test

import (
	"fmt"
	"slices"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fx"
	"paymenthub/internal/id"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
	"paymenthub/internal/store"
	"paymenthub/internal/verify"
)

// convert leads payments that are settled in another currency through what can become
// of them.
func (w *town) convert() {
	dollars, less, francs := money.New(5000, "USD"), money.New(4500, "EUR"), money.New(4400, "CHF")
	w.name("converted", w.exchange(&dollars))
	w.name("converting", payment.Aggregate{Intent: w.Insert(w.t, w.Converted())})

	a := w.exchange(&less)
	today := &fx.Exchange{Rate: fx.MustRate("0.93"), Source: "ecb", AsOf: w.now(), Currency: "EUR"}
	a, _ = w.giveBack(a, 1000, today)
	a, last := w.giveBack(a, 700, today)
	reversed, err := a.Intent.ReverseRefund(*last.Refund, *last.Transaction, payment.NewDecline(payment.DeclineExpiredCard), w.now())
	a = w.apply(reversed, err)
	w.record.refund(*reversed.Refund)
	w.name("converted and refunded in part", a)

	a, _ = w.giveBack(w.exchange(&less), 3333, nil)
	a, _ = w.giveBack(a, 1667, today)
	w.name("converted and refunded", a)

	w.exchangeDisputed("settled elsewhere", w.exchange(&francs))
}

// exchange sells a payment that is promised euros, and is told what the gateway settles.
func (w *town) exchange(told *money.Money) payment.Aggregate {
	n := w.Converted()
	n.Gateway = "stripe"
	return w.tell(w.try(payment.Aggregate{Intent: w.Insert(w.t, n)}), payment.Outcome{Class: payment.OutcomeSucceeded, Settled: told})
}

func (w *town) giveBack(a payment.Aggregate, amount int64, e *fx.Exchange) (payment.Aggregate, payment.Change) {
	opened, err := a.Intent.OpenRefund(*a.Attempt, payment.NewRefund{ID: id.New(id.Refund), Amount: amount, Exchange: e}, w.now())
	a = w.apply(opened, err)
	done, err := a.Intent.RecordRefund(*opened.Refund, *opened.Transaction, payment.Outcome{
		Class: payment.OutcomeSucceeded, Amount: amount, TransactionReference: "re_" + opened.Refund.ID,
	}, w.now())
	a = w.apply(done, err)
	if e == nil || amount != 700 {
		w.record.refund(*done.Refund)
	}
	return a, done
}

// exchangeDisputed leads a dispute of a converted payment to where it is won.
func (w *town) exchangeDisputed(name string, a payment.Aggregate) {
	report := payment.DisputeReport{
		Reference: "du_" + a.Intent.ID, Amount: money.New(1201, "USD"), Reason: "fraudulent", Status: payment.DisputeNeedsResponse, Withdrawn: true, OpenedAt: w.now(),
	}
	lost := w.Disputed(w.t, a.Intent, nil, report)
	a = w.apply(lost, nil)
	report.Status, report.Reinstated = payment.DisputeWon, true
	won := w.Disputed(w.t, a.Intent, lost.Dispute, report)
	w.name(name, w.apply(won, nil))
	w.disputes[name] = *won.Dispute
}

// rewrite replaces a text in a JSON column of the named payment.
func (w *town) rewrite(name, old, replacement string) {
	column := "replace(conversion, '%s', '%s')"
	if w.Store.Dialect() == store.Postgres {
		column = "replace(conversion::text, '%s', '%s')::json"
	}
	w.set(name, "conversion = "+fmt.Sprintf(column, old, replacement))
	var changed string
	require.NoError(w.t, w.SQL.QueryRow("SELECT conversion FROM payment_intents WHERE id = '"+w.id(name)+"'").Scan(&changed))
	require.Contains(w.t, changed, replacement)
}

func (w *town) setQuote(name, columns string) {
	w.force(fmt.Sprintf("UPDATE fx_quotes SET %s WHERE id = '%s'", columns, w.named[name].Intent.Conversion.QuoteID))
}

// exchangeWays are the ways to break the rules of converted payments.
var exchangeWays = []broken{
	{rule: verify.FXQuote, damage: func(w *town) { w.setQuote("converting", "rate = '0.911249'") }},
	{rule: verify.FXQuote, damage: func(w *town) { w.setQuote("converted", "payment_id = 'pi_other'") }},
	{rule: verify.FXQuote, damage: func(w *town) { w.setQuote("converted", "environment = 'live'") }},
	{rule: verify.FXQuote, damage: func(w *town) { w.setQuote("converted", "id = 'fxq_other'") }},
	{rule: verify.FXAgrees, damage: func(w *town) { w.set("converting", "settled_amount = 4556, settled_currency = 'EUR'") }},
	{rule: verify.LedgerPostings, damage: func(w *town) { w.set("converted", "settled_amount = 4555") }},
	{rule: verify.FXAgrees, damage: func(w *town) { w.set("converted and refunded", "settled_amount = 4499") }},
	{rule: verify.FXAgrees, damage: func(w *town) { w.rewrite("converted and refunded in part", `"returned":911`, `"returned":912`) }},
	{rule: verify.FXAgrees, damage: func(w *town) { w.rewrite("settled elsewhere", `"amount":4400`, `"amount":4401`) }},
	{rule: verify.FXAgrees, damage: func(w *town) {
		in := " AND currency = 'EUR' AND payment_id = '" + w.id("converted") + "'"
		w.force("UPDATE ledger_entries SET amount = amount - 1 WHERE account = 'fx_clearing'"+in,
			"UPDATE ledger_entries SET amount = amount + 1 WHERE account = 'gateway_receivable'"+in,
			"UPDATE ledger_accounts SET balance = balance - 1 WHERE account = 'fx_clearing' AND currency = 'EUR'",
			"UPDATE ledger_accounts SET balance = balance + 1 WHERE account = 'gateway_receivable' AND currency = 'EUR'")
	}},
	{rule: verify.LedgerPostings, damage: func(w *town) { w.unbook("conversion_settled", w.id("settled elsewhere")) }},
	{rule: verify.LedgerPostings, damage: func(w *town) { w.unbook("refund_conversion_reversed", w.id("converted and refunded in part")) }},
	{rule: verify.LedgerPostings, damage: func(w *town) { w.unbook("dispute_conversion_reversed", w.id("settled elsewhere")) }},
	{rule: verify.LedgerPostings, damage: func(w *town) { w.unbook("converted", w.id("converted and refunded")) }},
}

func allWays() []broken { return slices.Concat(ways, exchangeWays, webhookWays) }
