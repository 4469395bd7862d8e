package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/event"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/ledger"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
	"paymenthub/internal/routing"
)

func paymentReadsBack(t *testing.T, w *World) {
	n := w.Wanted()
	n.Amount, n.Currency, n.CaptureMethod = money.MaxAmount, "JPY", payment.CaptureManual
	n.CustomerID, n.Routing, n.Gateway = "cus_1", "stripe", "stripe"
	n.ReturnURL, n.Description, n.StatementDescriptor = "https://shop.example/ø?a=1&b='2'", "Naïve “quotes” \\ 🧾", "ÆRØ BOOKS"
	n.Metadata = map[string]string{"order": "7", "": "empty key", "emoji": "🧾\n", "nul": "a\u0000b"}
	n.Checkout = &payment.Checkout{SuccessURL: "https://shop.example/thanks", CancelURL: "https://shop.example/cart", OrderID: "7"}
	n.Customer, n.AttemptLimit = payment.Customer{Reference: "c-1", Email: "ada@example.com", Name: "Ada Łovelace"}, 1
	c := w.Opened(t, n)
	require.NoError(t, w.Payments.Insert(ctx, c))

	got, err := w.Payments.Payment(ctx, w.Scope, n.ID)
	require.NoError(t, err)
	require.Equal(t, c.Intent, got)

	for _, metadata := range []map[string]string{nil, {}} {
		plain := w.Wanted()
		plain.Metadata = metadata
		want := w.Insert(t, plain)
		got, err := w.Payments.Payment(ctx, w.Scope, plain.ID)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func aggregateReadsBack(t *testing.T, w *World) {
	p := w.Insert(t, w.Wanted())
	require.Equal(t, payment.Aggregate{Intent: p}, w.load(t, p.ID))

	begun := w.Begun(t, p)
	a := w.Apply(t, begun)
	require.Equal(t, payment.Aggregate{Intent: begun.Intent, Attempt: begun.Attempt, Transaction: begun.Transaction}, a)

	decline := payment.NewDecline(payment.DeclineInsufficientFunds)
	decline.IssuerCode, decline.NetworkAdvice, decline.GatewayCode = "51", "03", "insufficient_funds"
	declined, err := a.Intent.RecordAuthorization(*a.Attempt, *a.Transaction, payment.Outcome{
		Class: payment.OutcomeDeclined, Decline: &decline, GatewayReference: "pi_1", AuthCode: "A1", ResponseCode: "51",
	}, w.now())
	require.NoError(t, err)
	a = w.Apply(t, declined)
	require.Equal(t, declined.Intent, a.Intent)
	require.Equal(t, declined.Attempt, a.Attempt)
	require.Nil(t, a.Transaction, "nothing is under way")

	second := w.Begun(t, a.Intent)
	captured := w.Captured(t, w.Apply(t, second))
	a = w.Apply(t, captured)
	require.Equal(t, captured.Intent, a.Intent)
	require.NotNil(t, a.Intent.SettledAmount)

	attempts, err := w.Payments.Attempts(ctx, w.Scope, p.ID)
	require.NoError(t, err)
	require.Equal(t, []payment.Attempt{*declined.Attempt, *captured.Attempt}, attempts)

	for transactionID, has := range map[string]bool{begun.Transaction.ID: true, second.Transaction.ID: true, "txn_other": false} {
		got, err := w.Payments.HasTransaction(ctx, p.ID, transactionID)
		require.NoError(t, err)
		require.Equal(t, has, got, transactionID)
	}
	got, err := w.Payments.HasTransaction(ctx, "pi_other", begun.Transaction.ID)
	require.NoError(t, err)
	require.False(t, got, "a transaction of another payment")

	events, _, err := w.Store.Events().ListEvents(ctx, w.Scope, event.Filter{ObjectID: p.ID, Limit: 10})
	require.NoError(t, err)
	require.Len(t, events, 3)
	stored := map[string]event.Event{}
	for _, e := range events {
		stored[e.ID] = e
	}
	require.Equal(t, captured.Events[0], stored[captured.Events[0].ID])
	found, err := w.Store.Events().FindEvent(ctx, w.Scope, captured.Events[0].ID)
	require.NoError(t, err)
	require.Equal(t, captured.Events[0], found)

	_, err = w.Payments.Load(ctx, "pi_none")
	require.True(t, fault.Is(err, fault.NotFound))
}

func refundReadsBack(t *testing.T, w *World) {
	sold := w.Sold(t, w.Wanted())
	opened := w.refunding(t, sold, 2000)
	require.NoError(t, w.Payments.Apply(ctx, opened))

	got, err := w.Payments.Refund(ctx, w.Scope, opened.Refund.ID)
	require.NoError(t, err)
	require.Equal(t, *opened.Refund, got)
	a, err := w.Payments.LoadRefund(ctx, opened.Refund.ID)
	require.NoError(t, err)
	require.Equal(t, payment.RefundAggregate{
		Refund: *opened.Refund, Intent: opened.Intent, Attempt: *sold.Attempt, Transaction: *opened.Transaction,
	}, a)

	decline := payment.NewDecline(payment.DeclineState)
	failed, err := a.Intent.RecordRefund(a.Refund, a.Transaction, payment.Declined(decline), w.now())
	require.NoError(t, err)

	behind := failed
	stale := *failed.Refund
	stale.Version++
	behind.Refund = &stale
	require.ErrorIs(t, w.Payments.Apply(ctx, behind), payment.ErrStale, "the refund has its own guard")
	require.Equal(t, opened.Intent, w.load(t, sold.Intent.ID).Intent, "and the payment is not changed without it")

	require.NoError(t, w.Payments.Apply(ctx, failed))
	a, err = w.Payments.LoadRefund(ctx, opened.Refund.ID)
	require.NoError(t, err)
	require.Equal(t, *failed.Refund, a.Refund)
	require.Equal(t, *failed.Transaction, a.Transaction)
	require.Equal(t, failed.Intent, a.Intent)

	_, err = w.Payments.LoadRefund(ctx, "rf_none")
	require.True(t, fault.Is(err, fault.NotFound))
}

func readsStayInScope(t *testing.T, w *World) {
	sold := w.Sold(t, w.Wanted())
	refund := w.refunding(t, sold, 100)
	require.NoError(t, w.Payments.Apply(ctx, refund))
	other := w.NewMerchant(t)
	live := merchant.Scope{MerchantID: w.Scope.MerchantID, Environment: merchant.Live}
	for _, scope := range []merchant.Scope{other, live, {}} {
		_, err := w.Payments.Payment(ctx, scope, sold.Intent.ID)
		require.True(t, fault.Is(err, fault.NotFound), err)
		_, err = w.Payments.Attempts(ctx, scope, sold.Intent.ID)
		require.True(t, fault.Is(err, fault.NotFound), err)
		_, err = w.Payments.Refund(ctx, scope, refund.Refund.ID)
		require.True(t, fault.Is(err, fault.NotFound), err)
		_, err = w.Store.Events().FindEvent(ctx, scope, refund.Events[0].ID)
		require.True(t, fault.Is(err, fault.NotFound), err)

		payments, more, err := w.Payments.Payments(ctx, scope, payment.Filter{Page: payment.Page{Limit: 10}})
		require.NoError(t, err)
		require.Empty(t, payments)
		require.False(t, more)
		refunds, _, err := w.Payments.Refunds(ctx, scope, payment.RefundFilter{PaymentID: sold.Intent.ID, Page: payment.Page{Limit: 10}})
		require.NoError(t, err)
		require.Empty(t, refunds)
		events, _, err := w.Store.Events().ListEvents(ctx, scope, event.Filter{Limit: 10})
		require.NoError(t, err)
		require.Empty(t, events)
		balances, err := w.Store.Ledger().Balances(ctx, scope)
		require.NoError(t, err)
		require.Empty(t, balances)
		entries, _, err := w.Store.Ledger().Entries(ctx, scope, ledger.EntryFilter{Page: ledger.Page{Limit: 10}})
		require.NoError(t, err)
		require.Empty(t, entries)
	}
	// a write that names another scope than the stored payment's finds nothing
	foreign := w.Begun(t, w.Insert(t, w.Wanted()))
	foreign.Intent.Scope = live
	require.ErrorIs(t, w.Payments.Apply(ctx, foreign), payment.ErrStale)
}

func overdue(t *testing.T, w *World) {
	first, second := w.Insert(t, w.Wanted()), w.Insert(t, w.Wanted())
	sold := w.Sold(t, w.Wanted())
	refund := w.refunding(t, sold, 100)
	require.NoError(t, w.Payments.Apply(ctx, refund))

	due := func(at time.Time, limit int) []payment.Intent {
		list, err := w.Payments.Overdue(ctx, at, limit)
		require.NoError(t, err)
		return list
	}
	require.Empty(t, due(first.DueAt.Add(-time.Microsecond), 10))
	require.Equal(t, []payment.Intent{first}, due(first.DueAt, 10))
	require.Equal(t, []payment.Intent{first, second}, due(second.DueAt.Add(time.Hour), 10), "a finished payment is never due")
	require.Equal(t, []payment.Intent{first}, due(second.DueAt, 1))

	until := second.DueAt.Add(time.Hour)
	require.NoError(t, w.Payments.Postpone(ctx, first.ID, until))
	require.NoError(t, w.Payments.Postpone(ctx, second.ID, second.DueAt.Add(-time.Minute)), "never to an earlier time")
	require.NoError(t, w.Payments.Postpone(ctx, sold.Intent.ID, until))
	postponed := first
	postponed.DueAt = until
	require.Equal(t, []payment.Intent{second}, due(second.DueAt, 10))
	require.Equal(t, []payment.Intent{second, postponed}, due(until, 10), "nothing else changed")

	refunds, err := w.Payments.OverdueRefunds(ctx, refund.Refund.DueAt, 10)
	require.NoError(t, err)
	require.Equal(t, []payment.Refund{*refund.Refund}, refunds)
	require.NoError(t, w.Payments.PostponeRefund(ctx, refund.Refund.ID, until))
	refunds, err = w.Payments.OverdueRefunds(ctx, until.Add(-time.Microsecond), 10)
	require.NoError(t, err)
	require.Empty(t, refunds)
}

func staleIsRefused(t *testing.T, w *World) {
	p := w.Insert(t, w.Wanted())
	c := w.Begun(t, p)
	wrongStatus, wrongVersion, missing := c, c, c
	wrongStatus.From = payment.RequiresCapture
	wrongVersion.FromVersion++
	missing.Intent.ID = id.New(id.Payment)
	for _, change := range []payment.Change{wrongStatus, wrongVersion, missing} {
		require.ErrorIs(t, w.Payments.Apply(ctx, change), payment.ErrStale)
	}
	require.Equal(t, payment.Aggregate{Intent: p}, w.load(t, p.ID))
	require.Zero(t, w.count(t, "payment_attempts")+w.count(t, "payment_transactions")+w.count(t, "vault_cards"))
	require.Equal(t, 1, w.count(t, "events"))

	w.Apply(t, c)
	require.ErrorIs(t, w.Payments.Apply(ctx, c), payment.ErrStale, "the same change twice")
}

func existingIsRefused(t *testing.T, w *World) {
	c := w.Opened(t, w.Wanted())
	require.NoError(t, w.Payments.Insert(ctx, c))
	require.ErrorIs(t, w.Payments.Insert(ctx, c), payment.ErrExists)
	require.Equal(t, 1, w.count(t, "events"), "the refused one left nothing")

	// the same operation asked for again, after it was declined
	begun := w.Begun(t, c.Intent)
	a := w.Apply(t, begun)
	declined, err := a.Intent.RecordAuthorization(*a.Attempt, *a.Transaction, payment.Declined(payment.NewDecline(payment.DeclineGeneric)), w.now())
	require.NoError(t, err)
	a = w.Apply(t, declined)
	conf := payment.Confirmation{OperationID: id.Suffix(begun.Attempt.ID), CardToken: begun.Attempt.CardToken, Card: summary}
	again, err := a.Intent.BeginAttempt(conf, routing.Decision{Strategy: routing.Named, Choices: []routing.Choice{{Gateway: "stripe"}}}, allowed, w.now())
	require.NoError(t, err)
	require.ErrorIs(t, w.Payments.Apply(ctx, again), payment.ErrExists)
	again.Attempt = nil
	require.ErrorIs(t, w.Payments.Apply(ctx, again), payment.ErrExists, "the transaction alone")
	require.Equal(t, declined.Intent, w.load(t, c.Intent.ID).Intent)

	sold := w.Sold(t, w.Wanted())
	refund := w.refunding(t, sold, 100)
	require.NoError(t, w.Payments.Apply(ctx, refund))
	twice, err := refund.Intent.OpenRefund(*sold.Attempt, payment.NewRefund{ID: refund.Refund.ID, Amount: 200, Reason: "other"}, w.now())
	require.NoError(t, err)
	require.ErrorIs(t, w.Payments.Apply(ctx, twice), payment.ErrExists)
	stale := twice
	stale.FromVersion--
	require.ErrorIs(t, w.Payments.Apply(ctx, stale), payment.ErrStale, "the payment's guard comes first")
}

func canceledWritesNothing(t *testing.T, w *World) {
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	err := w.Payments.Insert(canceled, w.Opened(t, w.Wanted()))
	require.True(t, fault.Is(err, fault.Unavailable), err)
	require.NotContains(t, fault.From(err).Message, "INSERT")
	require.NotZero(t, fault.From(err).RetryAfter)
	require.Zero(t, w.count(t, "payment_intents"))
}
