package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/ledger"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

// Disputed makes the change that records a provider's dispute of a payment;
// known is nil for a new one.
func (w *World) Disputed(t testing.TB, p payment.Intent, known *payment.Dispute, r payment.DisputeReport) payment.Change {
	c, changed, err := p.RecordDispute(known, id.New(id.Dispute), r, w.now())
	require.NoError(t, err)
	require.True(t, changed)
	return c
}

// report is a dispute of 1200 that took the money and cost a fee of 1500.
func (w *World) report(reference string, status payment.DisputeStatus) payment.DisputeReport {
	fee := money.New(1500, "USD")
	return payment.DisputeReport{
		Reference: reference, Amount: money.New(1200, "USD"), Reason: "fraudulent — “not me”", Status: status, Withdrawn: true,
		Fee: &fee, RespondBy: w.now().Add(7 * 24 * time.Hour), OpenedAt: w.now(),
	}
}

func refOf(d payment.Dispute) payment.DisputeRef {
	return payment.DisputeRef{Environment: d.Scope.Environment, Gateway: d.Gateway, Reference: d.GatewayReference, PaymentID: d.PaymentID}
}

func disputeReadsBack(t *testing.T, w *World) {
	sold := w.Sold(t, w.Wanted())
	opened := w.Disputed(t, sold.Intent, nil, w.report("du_1", payment.DisputeNeedsResponse))
	require.NoError(t, w.Payments.Apply(ctx, opened))

	got, err := w.Payments.Dispute(ctx, w.Scope, opened.Dispute.ID)
	require.NoError(t, err)
	require.Equal(t, *opened.Dispute, got)
	found, err := w.Payments.FindDispute(ctx, refOf(got))
	require.NoError(t, err)
	require.Equal(t, opened.Dispute, found)

	for name, change := range map[string]func(*payment.DisputeRef){
		"reference":   func(r *payment.DisputeRef) { r.Reference = "du_2" },
		"gateway":     func(r *payment.DisputeRef) { r.Gateway = "connect" },
		"environment": func(r *payment.DisputeRef) { r.Environment = merchant.Live },
	} {
		other := refOf(got)
		change(&other)
		found, err := w.Payments.FindDispute(ctx, other)
		require.NoError(t, err)
		require.Nil(t, found, "another "+name)
	}

	report := w.report("du_1", payment.DisputeWon)
	report.Reinstated, report.RespondBy = true, time.Time{}
	won := w.Disputed(t, opened.Intent, opened.Dispute, report)
	behind := won
	stale := *won.Dispute
	stale.Version++
	behind.Dispute = &stale
	require.ErrorIs(t, w.Payments.Apply(ctx, behind), payment.ErrStale, "the dispute has its own guard")
	require.Equal(t, opened.Intent, w.load(t, sold.Intent.ID).Intent, "and the payment is not changed without it")

	require.NoError(t, w.Payments.Apply(ctx, won))
	got, err = w.Payments.Dispute(ctx, w.Scope, opened.Dispute.ID)
	require.NoError(t, err)
	require.Equal(t, *won.Dispute, got)
	require.Equal(t, map[ledger.AccountKind]int64{
		ledger.Sales: -5000, ledger.GatewayFees: 175 + 1500, ledger.Disputes: 0, ledger.GatewayReceivable: 5000 - 175 - 1500,
	}, w.requireBooks(t, w.Scope))
	events, err := w.Store.Events().FindEvent(ctx, w.Scope, won.Events[0].ID)
	require.NoError(t, err)
	require.Equal(t, won.Events[0], events)

	_, err = w.Payments.Dispute(ctx, w.Scope, "dp_none")
	require.True(t, fault.Is(err, fault.NotFound))
}

func disputeIsStoredOnce(t *testing.T, w *World) {
	sold := w.Sold(t, w.Wanted())
	opened := w.Disputed(t, sold.Intent, nil, w.report("du_1", payment.DisputeNeedsResponse))
	require.NoError(t, w.Payments.Apply(ctx, opened))
	books := w.requireBooks(t, w.Scope)

	// whoever looked for the dispute before it was stored, and for the payment after
	again := w.Disputed(t, opened.Intent, nil, w.report("du_1", payment.DisputeNeedsResponse))
	require.ErrorIs(t, w.Payments.Apply(ctx, again), payment.ErrExists)
	same := w.Disputed(t, opened.Intent, nil, w.report("du_2", payment.DisputeNeedsResponse))
	same.Dispute.ID = opened.Dispute.ID
	require.ErrorIs(t, w.Payments.Apply(ctx, same), payment.ErrExists, "its id")
	require.Equal(t, books, w.requireBooks(t, w.Scope))

	// at the same moment, from the same state of the payment
	const n = 20
	changes := make([]payment.Change, n)
	for i := range changes {
		changes[i] = w.Disputed(t, opened.Intent, nil, w.report("du_3", payment.DisputeUnderReview))
	}
	won := 0
	for _, err := range together(n, func(i int) error { return w.Payments.Apply(ctx, changes[i]) }) {
		if err == nil {
			won++
		} else {
			require.ErrorIs(t, err, payment.ErrStale)
		}
	}
	require.Equal(t, 1, won)

	// and where the guard of the payment does not help: each names another one
	for i := range changes {
		changes[i] = w.Disputed(t, w.Sold(t, w.Wanted()).Intent, nil, w.report("du_4", payment.DisputeUnderReview))
	}
	won = 0
	for _, err := range together(n, func(i int) error { return w.Payments.Apply(ctx, changes[i]) }) {
		if err == nil {
			won++
		} else {
			require.ErrorIs(t, err, payment.ErrExists)
		}
	}
	require.Equal(t, 1, won)
	require.Equal(t, 3, w.count(t, "disputes"))
	require.EqualValues(t, 3*1200, w.requireBooks(t, w.Scope)[ledger.Disputes])

	// live is another world
	live := w.Wanted()
	live.Scope.Environment = merchant.Live
	require.NoError(t, w.Payments.Apply(ctx, w.Disputed(t, w.Sold(t, live).Intent, nil, w.report("du_1", payment.DisputeInquiry))))
}

func disputesByFilter(t *testing.T, w *World) {
	sold, other := w.Sold(t, w.Wanted()), w.Sold(t, w.Wanted())
	var all []payment.Dispute // oldest first
	for i, p := range []payment.Intent{sold.Intent, other.Intent, other.Intent} {
		status := payment.DisputeLost
		if i == 2 {
			p, status = w.load(t, p.ID).Intent, payment.DisputeUnderReview
		}
		c := w.Disputed(t, p, nil, w.report("du_"+string(rune('a'+i)), status))
		c.Dispute.ID = id.Join(id.Dispute, "01J000000000000000000000A"+string(rune('0'+i)))
		c.Ledger = nil
		require.NoError(t, w.Payments.Apply(ctx, c))
		all = append(all, *c.Dispute)
	}
	for name, c := range map[string]struct {
		filter payment.DisputeFilter
		want   []payment.Dispute
		more   bool
	}{
		"all":               {payment.DisputeFilter{Page: payment.Page{Limit: 10}}, []payment.Dispute{all[2], all[1], all[0]}, false},
		"first page":        {payment.DisputeFilter{Page: payment.Page{Limit: 2}}, []payment.Dispute{all[2], all[1]}, true},
		"next page":         {payment.DisputeFilter{Page: payment.Page{Limit: 2, StartingAfter: all[1].ID}}, all[:1], false},
		"page before":       {payment.DisputeFilter{Page: payment.Page{Limit: 2, EndingBefore: all[1].ID}}, all[2:], false},
		"payment":           {payment.DisputeFilter{PaymentID: other.Intent.ID, Page: payment.Page{Limit: 10}}, []payment.Dispute{all[2], all[1]}, false},
		"status":            {payment.DisputeFilter{Status: payment.DisputeLost, Page: payment.Page{Limit: 10}}, []payment.Dispute{all[1], all[0]}, false},
		"payment, status":   {payment.DisputeFilter{PaymentID: other.Intent.ID, Status: payment.DisputeLost, Page: payment.Page{Limit: 10}}, all[1:2], false},
		"of nobody's money": {payment.DisputeFilter{PaymentID: "pi_none", Page: payment.Page{Limit: 10}}, []payment.Dispute{}, false},
	} {
		got, more, err := w.Payments.Disputes(ctx, w.Scope, c.filter)
		require.NoError(t, err, name)
		require.Equal(t, c.want, got, name)
		require.Equal(t, c.more, more, name)
	}
	for _, scope := range []merchant.Scope{w.NewMerchant(t), {MerchantID: w.Scope.MerchantID, Environment: merchant.Live}, {}} {
		_, err := w.Payments.Dispute(ctx, scope, all[0].ID)
		require.True(t, fault.Is(err, fault.NotFound), err)
		got, _, err := w.Payments.Disputes(ctx, scope, payment.DisputeFilter{Page: payment.Page{Limit: 10}})
		require.NoError(t, err)
		require.Empty(t, got)
	}

	open := all[2]
	due := func(at time.Time) []payment.Dispute {
		list, err := w.Payments.OverdueDisputes(ctx, at, 10)
		require.NoError(t, err)
		return list
	}
	require.Empty(t, due(open.DueAt.Add(-time.Microsecond)))
	require.Equal(t, []payment.Dispute{open}, due(open.DueAt), "a closed one is never due")
	require.NoError(t, w.Payments.PostponeDispute(ctx, open.ID, open.DueAt.Add(-time.Minute)), "never to an earlier time")
	require.NoError(t, w.Payments.PostponeDispute(ctx, all[0].ID, open.DueAt.Add(time.Hour)))
	require.Equal(t, []payment.Dispute{open}, due(open.DueAt.Add(2*time.Hour)))
	until := open.DueAt.Add(time.Hour)
	require.NoError(t, w.Payments.PostponeDispute(ctx, open.ID, until))
	require.Empty(t, due(until.Add(-time.Microsecond)))
	open.DueAt = until
	require.Equal(t, []payment.Dispute{open}, due(until), "nothing else changed")
}

func reversedRefund(t *testing.T, w *World) {
	sold := w.Sold(t, w.Wanted())
	opened := w.refunding(t, sold, 2000)
	require.NoError(t, w.Payments.Apply(ctx, opened))
	done, err := opened.Intent.RecordRefund(*opened.Refund, *opened.Transaction, payment.Outcome{Class: payment.OutcomeSucceeded, Amount: 2000}, w.now())
	require.NoError(t, err)
	require.NoError(t, w.Payments.Apply(ctx, done))
	back, err := done.Intent.ReverseRefund(*done.Refund, *done.Transaction, payment.NewDecline(payment.DeclineGeneric), w.now())
	require.NoError(t, err)
	require.NoError(t, w.Payments.Apply(ctx, back))

	a, err := w.Payments.LoadRefund(ctx, opened.Refund.ID)
	require.NoError(t, err)
	require.Equal(t, *back.Refund, a.Refund)
	require.False(t, a.Refund.ReversedAt.IsZero())
	require.Equal(t, *back.Transaction, a.Transaction)
	require.Equal(t, map[ledger.AccountKind]int64{
		ledger.Sales: -5000, ledger.GatewayFees: 175, ledger.Refunds: 0, ledger.GatewayReceivable: 5000 - 175,
	}, w.requireBooks(t, w.Scope))
	require.ErrorIs(t, w.Payments.Apply(ctx, back), payment.ErrStale)
}

// sourcesExist: a posting names a movement or a dispute of its own payment.
func sourcesExist(t *testing.T, w *World) {
	sold, other := w.Sold(t, w.Wanted()), w.Sold(t, w.Wanted())
	dispute := w.Disputed(t, other.Intent, nil, w.report("du_1", payment.DisputeLost))
	require.NoError(t, w.Payments.Apply(ctx, dispute))
	before := w.requireBooks(t, w.Scope)
	for _, sourceID := range []string{"txn_none", "dp_none", other.Transaction.ID, dispute.Dispute.ID} {
		raised, err := sold.Intent.Raise("looks odd", w.now())
		require.NoError(t, err)
		source := ledger.Source{Scope: w.Scope, PaymentID: sold.Intent.ID, TransactionID: sourceID, At: w.now()}
		raised.Ledger = []ledger.Transaction{source.DisputeReinstated(money.New(1, "USD"))}
		require.ErrorContains(t, w.Payments.Apply(ctx, raised), "no such source", sourceID)
	}
	require.Equal(t, before, w.requireBooks(t, w.Scope))
	twice, err := dispute.Intent.Raise("looks odd", w.now())
	require.NoError(t, err)
	twice.Ledger = dispute.Ledger[:1]
	require.Error(t, w.Payments.Apply(ctx, twice), "a dispute is withdrawn once")

	never := w.Disputed(t, w.load(t, other.Intent.ID).Intent, nil, w.report("du_2", payment.DisputeWon))
	never.Dispute.Withdrawn, never.Dispute.Reinstated, never.Ledger = false, true, nil
	require.Error(t, w.Payments.Apply(ctx, never), "what was never taken is not given back")
}
