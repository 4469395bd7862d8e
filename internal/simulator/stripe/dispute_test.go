package stripe

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v76"

	"paymenthub/internal/simulator"
)

func (h *harness) witnessedDisputes() []simulator.Dispute {
	h.t.Helper()
	var record struct{ Disputes []simulator.Dispute }
	h.get("/_sim/disputes", &record)
	return record.Disputes
}

func (h *harness) disputeOf(pi *stripego.PaymentIntent) *stripego.Dispute {
	h.t.Helper()
	list := h.Disputes.List(&stripego.DisputeListParams{PaymentIntent: &pi.ID})
	require.True(h.t, list.Next(), "there is a dispute")
	found := list.Dispute()
	require.False(h.t, list.Next())
	return found
}

func (h *harness) balance() int64 {
	h.t.Helper()
	balance, err := h.Balance.Get(nil)
	require.NoError(h.t, err)
	return balance.Available[0].Amount
}

// openDispute is POST /_sim/disputes; it must succeed.
func (h *harness) openDispute(body string) dispute {
	h.t.Helper()
	status, text := h.post("/_sim/disputes", body)
	require.Equal(h.t, http.StatusCreated, status, text)
	var opened dispute
	decode(h.t, text, &opened)
	return opened
}

func (h *harness) moveDispute(id, status string) (int, string) {
	h.t.Helper()
	return h.post("/_sim/disputes/"+id, `{"status":"`+status+`"}`)
}

func TestDisputingCards(t *testing.T) {
	for _, c := range []struct {
		number string
		name   string
		manual bool
	}{
		{"4000000000002685", "sale", false},
		{"4000000000002685", "capture", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			shop := receive(t, "whsec_shop")
			h := start(t, Options{Webhooks: []Webhook{{URL: shop.URL, Secret: "whsec_shop", Events: []string{"charge.dispute.created", "charge.dispute.funds_withdrawn"}}}})
			p := payment(c.number)
			captured, net := int64(9999), int64(9999-320)
			if c.manual {
				p.CaptureMethod = stripego.String("manual")
			}
			pi, err := h.PaymentIntents.New(p)
			require.NoError(t, err)
			if c.manual {
				require.Empty(t, h.witnessedDisputes(), "nothing is taken yet")
				captured, net = 4000, 4000-146
				_, err = h.PaymentIntents.Capture(pi.ID, &stripego.PaymentIntentCaptureParams{AmountToCapture: &captured})
				require.NoError(t, err)
			}
			shop.received(t, "charge.dispute.created", "charge.dispute.funds_withdrawn")
			found := h.disputeOf(pi)
			require.Equal(t, captured, found.Amount)
			require.Equal(t, stripego.DisputeReasonProductNotReceived, found.Reason)
			require.Equal(t, stripego.DisputeStatusNeedsResponse, found.Status)
			require.Equal(t, pi.ID, found.PaymentIntent.ID)
			require.False(t, found.IsChargeRefundable)
			require.Equal(t, found.Created+7*24*3600, found.EvidenceDetails.DueBy)
			require.NotEmpty(t, found.NetworkReasonCode)
			require.Len(t, found.BalanceTransactions, 1)
			require.Equal(t, -captured, found.BalanceTransactions[0].Amount)
			require.Equal(t, int64(1500), found.BalanceTransactions[0].Fee)
			require.Equal(t, net-captured-1500, h.balance())

			get := &stripego.DisputeParams{}
			get.AddExpand("charge")
			got, err := h.Disputes.Get(found.ID, get)
			require.NoError(t, err)
			require.True(t, got.Charge.Disputed)
			byCharge := h.Disputes.List(&stripego.DisputeListParams{Charge: &got.Charge.ID})
			require.True(t, byCharge.Next())
			witnessed := h.witnessedDisputes()
			require.Equal(t, []simulator.Dispute{{
				ID: found.ID, Charge: got.Charge.ID, PaymentIntent: pi.ID, Amount: captured, Currency: "usd", Status: "needs_response",
				Withdrawn: captured, Fee: 1500, CreatedAt: witnessed[0].CreatedAt,
			}}, witnessed)
			_, err = h.Refunds.New(&stripego.RefundParams{PaymentIntent: &pi.ID})
			require.Equal(t, stripego.ErrorCodeChargeDisputed, stripeError(t, err).Code)
			_, err = h.as("sk_test_two").Disputes.Get(found.ID, nil)
			require.Equal(t, http.StatusNotFound, stripeError(t, err).HTTPStatusCode)
		})
	}
}

func TestInquiryTakesNothing(t *testing.T) {
	shop := receive(t, "whsec_shop")
	h := start(t, Options{Webhooks: []Webhook{{URL: shop.URL, Secret: "whsec_shop"}}})
	pi, err := h.PaymentIntents.New(payment("4000000000001976"))
	require.NoError(t, err)
	shop.received(t, append(paid, "charge.dispute.created")...)
	found := h.disputeOf(pi)
	require.Equal(t, stripego.DisputeStatusWarningNeedsResponse, found.Status)
	require.True(t, found.IsChargeRefundable)
	require.Empty(t, found.BalanceTransactions)
	require.Equal(t, int64(9999-320), h.balance())
	require.Zero(t, h.witnessedDisputes()[0].Withdrawn)
	_, err = h.Refunds.New(&stripego.RefundParams{PaymentIntent: &pi.ID, Amount: stripego.Int64(100)})
	require.NoError(t, err)
	shop.received(t, "charge.refunded", "refund.created", "charge.refund.updated")

	status, text := h.moveDispute(found.ID, "won")
	require.Equal(t, http.StatusConflict, status, text)
	p := &stripego.DisputeParams{Evidence: &stripego.DisputeEvidenceParams{ProductDescription: stripego.String("Two books")}}
	answered, err := h.Disputes.Update(found.ID, p)
	require.NoError(t, err)
	require.Equal(t, stripego.DisputeStatusWarningUnderReview, answered.Status)
	shop.received(t, "charge.dispute.updated")
	status, text = h.moveDispute(found.ID, "warning_closed")
	require.Equal(t, http.StatusOK, status, text)
	shop.received(t, "charge.dispute.closed")
}

func TestEvidenceDecides(t *testing.T) {
	for _, c := range []struct {
		evidence string
		status   stripego.DisputeStatus
		balance  int64
		events   []string
	}{
		{"winning_evidence", stripego.DisputeStatusWon, 9999 - 320 - 1500, []string{"charge.dispute.updated", "charge.dispute.closed", "charge.dispute.funds_reinstated"}},
		{"losing_evidence", stripego.DisputeStatusLost, -320 - 1500, []string{"charge.dispute.updated", "charge.dispute.closed"}},
		{"We sent it.", stripego.DisputeStatusUnderReview, -320 - 1500, []string{"charge.dispute.updated"}},
	} {
		t.Run(c.evidence, func(t *testing.T) {
			shop := receive(t, "whsec_shop")
			h := start(t, Options{Webhooks: []Webhook{{URL: shop.URL, Secret: "whsec_shop", Events: []string{
				"charge.dispute.updated", "charge.dispute.closed", "charge.dispute.funds_reinstated",
			}}}})
			pi, err := h.PaymentIntents.New(payment("4000000000002685"))
			require.NoError(t, err)
			id := h.disputeOf(pi).ID
			staged, err := h.Disputes.Update(id, &stripego.DisputeParams{
				Evidence: &stripego.DisputeEvidenceParams{CustomerName: stripego.String("Ada")}, Submit: stripego.Bool(false),
			})
			require.NoError(t, err)
			require.Equal(t, stripego.DisputeStatusNeedsResponse, staged.Status)
			require.True(t, staged.EvidenceDetails.HasEvidence)
			shop.received(t, "charge.dispute.updated")

			answered, err := h.Disputes.Update(id, &stripego.DisputeParams{
				Evidence: &stripego.DisputeEvidenceParams{UncategorizedText: &c.evidence}, Submit: stripego.Bool(true),
			})
			require.NoError(t, err)
			require.Equal(t, c.status, answered.Status)
			require.Equal(t, "Ada", answered.Evidence.CustomerName)
			require.Equal(t, int64(1), answered.EvidenceDetails.SubmissionCount)
			require.Equal(t, c.balance, h.balance())
			shop.received(t, c.events...)
			if c.status == stripego.DisputeStatusWon {
				require.Len(t, answered.BalanceTransactions, 2)
				require.Equal(t, int64(9999), answered.BalanceTransactions[1].Net)
				require.Zero(t, h.witnessedDisputes()[0].Withdrawn)
				booked := h.BalanceTransactions.List(&stripego.BalanceTransactionListParams{Source: &id})
				require.True(t, booked.Next())
				require.True(t, booked.Next())
				require.False(t, booked.Next())
				_, err = h.Refunds.New(&stripego.RefundParams{PaymentIntent: &pi.ID})
				require.NoError(t, err)
			}
			_, err = h.Disputes.Update(id, &stripego.DisputeParams{Evidence: &stripego.DisputeEvidenceParams{CustomerName: stripego.String("Bob")}})
			require.Equal(t, http.StatusBadRequest, stripeError(t, err).HTTPStatusCode)
		})
	}
}

func TestDisputeIsGivenUp(t *testing.T) {
	h := start(t, Options{})
	pi, err := h.PaymentIntents.New(payment("4000000000002685"))
	require.NoError(t, err)
	id := h.disputeOf(pi).ID
	closed, err := h.Disputes.Close(id, nil)
	require.NoError(t, err)
	require.Equal(t, stripego.DisputeStatusLost, closed.Status)
	_, err = h.Disputes.Close(id, nil)
	require.Equal(t, http.StatusBadRequest, stripeError(t, err).HTTPStatusCode)
	_, err = h.Disputes.Close("du_unknown", nil)
	require.Equal(t, http.StatusNotFound, stripeError(t, err).HTTPStatusCode)
	_, err = h.Disputes.Update(id, &stripego.DisputeParams{Metadata: map[string]string{"case": "7"}})
	require.NoError(t, err)
	require.Equal(t, "7", h.disputeOf(pi).Metadata["case"])
}

func TestDisputesOnDemand(t *testing.T) {
	h := start(t, Options{})
	pi, err := h.PaymentIntents.New(payment(visa))
	require.NoError(t, err)
	_, err = h.Refunds.New(&stripego.RefundParams{PaymentIntent: &pi.ID, Amount: stripego.Int64(999)})
	require.NoError(t, err)
	held, err := h.PaymentIntents.New(payment(visa, manual))
	require.NoError(t, err)
	for _, wrong := range []struct {
		body   string
		status int
		field  string
	}{
		{`{"payment_intent":"pi_unknown"}`, http.StatusNotFound, "payment_intent"},
		{`{"payment_intent":"` + held.ID + `"}`, http.StatusConflict, "payment_intent"},
		{`{"payment_intent":"` + pi.ID + `","amount":9001}`, http.StatusConflict, "amount"},
		{`{"payment_intent":"` + pi.ID + `","amount":-1}`, http.StatusBadRequest, "amount"},
		{`{"payment_intent":"` + pi.ID + `","reason":"mood"}`, http.StatusBadRequest, "reason"},
		{`{"payment_intent":"` + pi.ID + `","inquiry":"yes"}`, http.StatusBadRequest, "inquiry"},
	} {
		status, text := h.post("/_sim/disputes", wrong.body)
		require.Equal(t, wrong.status, status, wrong.body)
		require.Contains(t, text, `"field":"`+wrong.field+`"`, wrong.body)
	}
	require.Empty(t, h.witnessedDisputes())

	opened := h.openDispute(`{"payment_intent":"` + pi.ID + `","amount":5000,"reason":"duplicate"}`)
	require.Equal(t, int64(5000), opened.Amount)
	require.Equal(t, "duplicate", opened.Reason)
	status, text := h.post("/_sim/disputes", `{"payment_intent":"`+pi.ID+`"}`)
	require.Equal(t, http.StatusConflict, status, text)

	for _, step := range []struct {
		to     string
		status int
	}{
		{"sunk", http.StatusBadRequest}, {"warning_closed", http.StatusConflict}, {"under_review", http.StatusOK}, {"under_review", http.StatusOK},
		{"won", http.StatusOK}, {"lost", http.StatusConflict}, {"won", http.StatusOK},
	} {
		status, text := h.moveDispute(opened.ID, step.to)
		require.Equal(t, step.status, status, text)
	}
	require.Zero(t, h.witnessedDisputes()[0].Withdrawn)
	require.Equal(t, "won", h.witnessedDisputes()[0].Status)
	status, _ = h.moveDispute("du_unknown", "won")
	require.Equal(t, http.StatusNotFound, status)

	whole, err := h.PaymentIntents.New(payment(visa))
	require.NoError(t, err)
	opened = h.openDispute(`{"payment_intent":"` + whole.ID + `","inquiry":true}`)
	require.Equal(t, int64(9999), opened.Amount)
	require.Equal(t, "fraudulent", opened.Reason)
	require.Equal(t, "warning_needs_response", opened.Status)
}
