package payment_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/id"
	"paymenthub/internal/payment"
	"paymenthub/internal/risk"
	"paymenthub/internal/routing"
)

// requireTold holds that each event of a change about a payment tells the payment and its
// attempt as the change leaves them, and of the attempt nothing that leads anywhere.
func requireTold(t require.TestingT, c payment.Change) {
	for _, e := range c.Events {
		if !strings.HasPrefix(string(e.Type), "payment_intent.") {
			continue
		}
		var told payment.Told
		require.NoError(t, json.Unmarshal(e.Object, &told))
		require.Equal(t, c.Intent.Status, told.Status, e.Type)
		require.Equal(t, c.Intent.Version, told.Version, e.Type)
		require.Equal(t, c.Attempt != nil, told.Attempt != nil, e.Type)
		if a := c.Attempt; a != nil {
			require.Equal(t, payment.Attempt{
				ID: a.ID, PaymentID: a.PaymentID, Number: a.Number, Gateway: a.Gateway, Status: a.Status, Method: a.Method,
				Card: payment.CardSummary{Brand: a.Card.Brand, Last4: a.Card.Last4, ExpMonth: a.Card.ExpMonth, ExpYear: a.Card.ExpYear},
				Risk: &risk.Assessment{Score: a.Risk.Score, Action: a.Risk.Action}, AuthCode: a.AuthCode, ResponseCode: a.ResponseCode,
				Decline: a.Decline, CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt,
			}, *told.Attempt, e.Type)
		}
	}
}

func TestAnApprovalIsToldWithItsCard(t *testing.T) {
	b := newBook(t, payment.CaptureManual, 500)
	shown := card
	shown.BIN = "42424242"
	judged := risk.Assessment{Score: 31, Action: risk.Allow, Reasons: []risk.Reason{{Rule: "countries differ"}}}
	change, err := b.now.Intent.BeginAttempt(payment.Confirmation{
		OperationID: id.NewSuffix(), CardToken: "tok_1", Card: shown, ReturnURL: "https://shop.example/back",
	}, routing.Decision{Strategy: routing.Named, Choices: []routing.Choice{{Gateway: "stripe"}}}, judged, start)
	require.NoError(t, err)
	b.apply(change)
	change, err = b.now.Record(payment.Outcome{
		Class: payment.OutcomeSucceeded, Amount: 500, GatewayReference: "pi_remote", AuthCode: "831000", ResponseCode: "00",
	}, start)
	require.NoError(t, err)
	b.apply(change)
	require.Len(t, change.Events, 1)
	text := string(change.Events[0].Object)
	for _, secret := range []string{"tok_1", "42424242", `"fingerprint":"f"`, "shop.example", "pi_remote", "countries differ", "choices"} {
		require.NotContains(t, text, secret)
	}
	var told payment.Told
	require.NoError(t, json.Unmarshal([]byte(text), &told))
	require.Equal(t, []any{"4242", "831000", "00", 31}, []any{told.Attempt.Card.Last4, told.Attempt.AuthCode, told.Attempt.ResponseCode, told.Attempt.Risk.Score})
}
