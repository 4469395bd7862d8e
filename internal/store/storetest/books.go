package storetest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/id"
	"paymenthub/internal/ledger"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
	"paymenthub/internal/store"
)

// allEntries reads the scope's entries page by page.
func (w *World) allEntries(t testing.TB, scope merchant.Scope) []ledger.PostedEntry {
	var all []ledger.PostedEntry
	for page := (ledger.Page{Limit: 7}); ; page.StartingAfter = all[len(all)-1].ID {
		entries, more, err := w.Store.Ledger().Entries(ctx, scope, ledger.EntryFilter{Page: page})
		require.NoError(t, err)
		all = append(all, entries...)
		if !more {
			return all
		}
	}
}

// requireBooks checks that balances are the sums of entries and that each
// transaction sums to zero.
func (w *World) requireBooks(t testing.TB, scope merchant.Scope) map[ledger.AccountKind]int64 {
	type account struct {
		kind     ledger.AccountKind
		currency money.Currency
	}
	sums, transactions := map[account]int64{}, map[string]int64{}
	for _, e := range w.allEntries(t, scope) {
		sums[account{e.Account, e.Currency}] += e.Amount
		transactions[e.TransactionID+string(e.Currency)] += e.Amount
	}
	for transaction, sum := range transactions {
		require.Zero(t, sum, transaction)
	}
	balances, err := w.Store.Ledger().Balances(ctx, scope)
	require.NoError(t, err)
	byKind := map[ledger.AccountKind]int64{}
	for _, b := range balances {
		require.Equal(t, sums[account{b.Account, b.Currency}], b.Amount, b.Account)
		delete(sums, account{b.Account, b.Currency})
		byKind[b.Account] += b.Amount
	}
	require.Empty(t, sums, "entries without an account")
	return byKind
}

func balancesAreSums(t *testing.T, w *World) {
	sold := w.Sold(t, w.Wanted())
	refund := w.refunding(t, sold, 2000)
	require.NoError(t, w.Payments.Apply(ctx, refund))
	done, err := refund.Intent.RecordRefund(*refund.Refund, *refund.Transaction, payment.Outcome{Class: payment.OutcomeSucceeded, Amount: 2000}, w.now())
	require.NoError(t, err)
	require.NoError(t, w.Payments.Apply(ctx, done))

	require.Equal(t, map[ledger.AccountKind]int64{
		ledger.Sales: -5000, ledger.GatewayFees: 175, ledger.Refunds: 2000, ledger.GatewayReceivable: 5000 - 175 - 2000,
	}, w.requireBooks(t, w.Scope))

	entries := w.allEntries(t, w.Scope)
	require.Len(t, entries, 6)
	posted := done.Ledger[0]
	for _, e := range posted.Entries {
		require.Contains(t, entries, ledger.PostedEntry{
			Entry: e, TransactionID: posted.ID, TransactionKind: ledger.Refunded, PaymentID: sold.Intent.ID,
			SourceID: refund.Transaction.ID, CreatedAt: posted.CreatedAt,
		})
	}
}

func unbalancedIsRefused(t *testing.T, w *World) {
	a := w.Apply(t, w.Begun(t, w.Insert(t, w.Wanted())))
	for name, spoil := range map[string]func(*ledger.Transaction){
		"a cent too much": func(l *ledger.Transaction) { l.Entries[0].Amount++ },
		"two currencies":  func(l *ledger.Transaction) { l.Entries[0].Currency = "EUR" },
		"no entries":      func(l *ledger.Transaction) { l.Entries = nil },
		"a zero entry":    func(l *ledger.Transaction) { l.Entries[0].Amount = 0 },
	} {
		c := w.Captured(t, a)
		spoil(&c.Ledger[1])
		require.Error(t, w.Payments.Apply(ctx, c), name)
	}
	require.Equal(t, a, w.load(t, a.Intent.ID))
	require.Zero(t, w.count(t, "ledger_transactions")+w.count(t, "ledger_entries")+w.count(t, "ledger_accounts"))

	if w.Store.Dialect() != store.Postgres {
		return
	}
	// Postgres checks for itself, at commit.
	captured := w.Captured(t, a)
	w.Apply(t, captured)
	tx, err := w.SQL.Begin()
	require.NoError(t, err)
	_, err = tx.Exec(`INSERT INTO ledger_entries (id, transaction_id, merchant_id, environment, currency, account, payment_id, amount)
		SELECT 'len_forged', transaction_id, merchant_id, environment, currency, account, payment_id, 1 FROM ledger_entries LIMIT 1`)
	require.NoError(t, err)
	require.ErrorContains(t, tx.Commit(), "does not sum to zero")
}

func doubleBookingIsRefused(t *testing.T, w *World) {
	sold := w.Sold(t, w.Wanted())
	before := w.requireBooks(t, w.Scope)
	again, err := sold.Intent.Raise("looks odd", w.now())
	require.NoError(t, err)
	source := ledger.Source{Scope: w.Scope, PaymentID: sold.Intent.ID, TransactionID: sold.Transaction.ID, At: w.now()}
	again.Ledger = []ledger.Transaction{source.Capture(money.New(5000, "USD"))}
	require.Error(t, w.Payments.Apply(ctx, again))
	require.Equal(t, before, w.requireBooks(t, w.Scope))
	require.Equal(t, sold.Intent, w.load(t, sold.Intent.ID).Intent)
}

func appendOnly(t *testing.T, w *World) {
	w.Sold(t, w.Wanted())
	before := w.allEntries(t, w.Scope)
	for _, table := range []string{"ledger_transactions", "ledger_entries"} {
		for _, statement := range []string{"DELETE FROM " + table, "UPDATE " + table + " SET payment_id = 'pi_other'"} {
			_, err := w.SQL.Exec(statement)
			require.ErrorContains(t, err, "append only", statement)
		}
	}
	require.Equal(t, before, w.allEntries(t, w.Scope))
}

func impossibleAmounts(t *testing.T, w *World) {
	sold := w.Sold(t, w.Wanted())
	for _, column := range []string{
		"amount_captured = amount + 1", "amount_captured = -1", "amount_capturable = 1", "amount_refunded = amount_captured + 1",
		"amount_refunded = 3000, amount_refund_pending = 2001", "amount_refund_pending = -1", "status = 'paid'", "version = 0",
	} {
		_, err := w.SQL.Exec(fmt.Sprintf("UPDATE payment_intents SET %s WHERE id = '%s'", column, sold.Intent.ID))
		require.Error(t, err, column)
		require.Contains(t, strings.ToLower(err.Error()), "check constraint", column)
	}

	// a second capture of the same payment, whatever wrote it
	_, err := w.SQL.Exec(`INSERT INTO payment_transactions (id, payment_id, attempt_id, kind, status, amount, currency, gateway,
			gateway_reference, idempotency_key, reason, created_at, updated_at)
		SELECT 'txn_forged', payment_id, attempt_id, 'capture', 'succeeded', 1, currency, gateway, '', 'forged', '', created_at, updated_at
		FROM payment_transactions`)
	require.Error(t, err)
	require.Contains(t, strings.ToLower(err.Error()), "unique")
}

func entryFilters(t *testing.T, w *World) {
	usd := w.Sold(t, w.Wanted())
	wanted := w.Wanted()
	wanted.Currency = "EUR"
	eur := w.Sold(t, wanted)
	entries := func(f ledger.EntryFilter) []ledger.PostedEntry {
		f.Page.Limit = 100
		list, more, err := w.Store.Ledger().Entries(ctx, w.Scope, f)
		require.NoError(t, err)
		require.False(t, more)
		return list
	}
	require.Len(t, entries(ledger.EntryFilter{}), 8)
	for _, e := range entries(ledger.EntryFilter{PaymentID: usd.Intent.ID}) {
		require.Equal(t, usd.Intent.ID, e.PaymentID)
		require.EqualValues(t, "USD", e.Currency)
	}
	require.Len(t, entries(ledger.EntryFilter{PaymentID: usd.Intent.ID}), 4)
	require.Len(t, entries(ledger.EntryFilter{Currency: "EUR"}), 4)
	require.Len(t, entries(ledger.EntryFilter{Account: ledger.GatewayReceivable}), 4)
	both := entries(ledger.EntryFilter{Account: ledger.Sales, Currency: "EUR"})
	require.Len(t, both, 1)
	require.Equal(t, eur.Intent.ID, both[0].PaymentID)
	require.Empty(t, entries(ledger.EntryFilter{PaymentID: id.New(id.Payment)}))
}
