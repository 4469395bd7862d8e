package stripe

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"

	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

func TestDisputesInTheHubsWords(t *testing.T) {
	withdrawn := &stripe.BalanceTransaction{Amount: -12_000, Fee: 1_500, Currency: "eur"}
	reinstated := &stripe.BalanceTransaction{Amount: 12_000, Fee: -500, Currency: "eur"}
	inBooks := func(books ...*stripe.BalanceTransaction) []*stripe.BalanceTransaction { return books }
	fee := func(minor int64) *money.Money { m := money.New(minor, "EUR"); return &m }
	for _, c := range []struct {
		status stripe.DisputeStatus
		books  []*stripe.BalanceTransaction
		want   payment.DisputeReport
	}{
		{"warning_needs_response", nil, payment.DisputeReport{Status: payment.DisputeInquiry}},
		{"warning_under_review", inBooks(nil), payment.DisputeReport{Status: payment.DisputeInquiry}},
		{"warning_closed", nil, payment.DisputeReport{Status: payment.DisputeInquiryClosed}},
		{"needs_response", inBooks(withdrawn), payment.DisputeReport{Status: payment.DisputeNeedsResponse, Withdrawn: true, Fee: fee(1_500)}},
		{"needs_response", nil, payment.DisputeReport{Status: payment.DisputeNeedsResponse}},
		{"under_review", inBooks(withdrawn), payment.DisputeReport{Status: payment.DisputeUnderReview, Withdrawn: true, Fee: fee(1_500)}},
		{"lost", inBooks(withdrawn), payment.DisputeReport{Status: payment.DisputeLost, Withdrawn: true, Fee: fee(1_500)}},
		{"won", inBooks(withdrawn, reinstated), payment.DisputeReport{Status: payment.DisputeWon, Withdrawn: true, Reinstated: true, Fee: fee(1_000)}},
		{"charge_refunded", inBooks(withdrawn, reinstated), payment.DisputeReport{Status: payment.DisputeWon, Withdrawn: true, Reinstated: true, Fee: fee(1_000)}},
		{"prevented", nil, payment.DisputeReport{Status: payment.DisputeInquiryClosed}},
		{"prevented", inBooks(withdrawn), payment.DisputeReport{Status: payment.DisputeLost, Withdrawn: true, Fee: fee(1_500)}},
	} {
		got, err := ofDispute(&stripe.Dispute{
			ID: "du_1", Amount: 50_000, Currency: "isk", Created: 1_767_225_600, Reason: "fraudulent", Status: c.status,
			BalanceTransactions: c.books, EvidenceDetails: &stripe.DisputeEvidenceDetails{DueBy: 1_767_830_400},
		})
		require.NoError(t, err, c.status)
		c.want.Reference, c.want.Amount, c.want.Reason = "du_1", money.New(500, "ISK"), "fraudulent"
		c.want.OpenedAt = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		c.want.RespondBy = time.Date(2026, 1, 8, 0, 0, 0, 0, time.UTC)
		require.Equal(t, c.want, got, c.status)
	}
}

func TestDisputesThatSayNothing(t *testing.T) {
	for why, d := range map[string]stripe.Dispute{
		"a new status":              {ID: "du_1", Amount: 1, Currency: "usd", Status: "4242424242424242 appealed"},
		"an amount without meaning": {ID: "du_1", Amount: 250, Currency: "isk", Status: "lost"},
		"a currency that is none":   {ID: "du_1", Amount: 250, Currency: "usdc", Status: "lost"},
	} {
		report, err := ofDispute(&d)
		require.Error(t, err, why)
		require.Zero(t, report, why)
		require.NotContains(t, err.Error(), "4242")
	}
}

func TestWordsOfADispute(t *testing.T) {
	for _, odd := range []stripe.DisputeReason{"", "4242424242424242", "Fraud", "not as described", "credit-not-processed"} {
		require.Equal(t, "general", disputeReason(odd), odd)
	}
	require.Equal(t, "product_not_received", disputeReason(stripe.DisputeReasonProductNotReceived))
	r, err := ofDispute(&stripe.Dispute{ID: "du_1", Amount: 1, Currency: "usd", Status: "lost"})
	require.NoError(t, err)
	require.Zero(t, r.RespondBy, "the issuer takes no answer")
	require.Nil(t, disputeFee([]*stripe.BalanceTransaction{{Fee: 1, Currency: "usd"}, {Fee: 1, Currency: "eur"}}), "fees of two currencies have no sum")
}
