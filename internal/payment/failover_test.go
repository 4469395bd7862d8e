package payment_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/id"
	"paymenthub/internal/payment"
)

var doNotHonor = payment.Declined(payment.NewDecline(payment.DeclineDoNotHonor))

// tried is a payment whose first attempt is under way.
func tried(t *testing.T) *book {
	t.Helper()
	b := newBook(t, payment.CaptureAutomatic, 500)
	change, err := b.now.Intent.BeginAttempt(payment.Confirmation{OperationID: id.NewSuffix(), CardToken: "tok_1", Card: card}, among(start), allowed, start)
	require.NoError(t, err)
	b.apply(change)
	return b
}

func TestARefusedAttemptIsFollowedInOneChange(t *testing.T) {
	b := tried(t)
	first, key := *b.now.Attempt, b.now.Transaction.IdempotencyKey
	next, ok := b.now.Next(doNotHonor, start)
	require.True(t, ok)
	require.Equal(t, "checkout", next)
	change, err := b.now.FailOver(doNotHonor, next, start)
	require.NoError(t, err)
	require.Empty(t, change.EraseCard, "the card is needed once more")
	require.Empty(t, change.Events, "nothing has become of the payment yet")
	again, err := b.now.FailOver(doNotHonor, next, start)
	require.NoError(t, err)
	require.Equal(t, change.Attempt.ID, again.Attempt.ID, "whoever repeats the step makes the same attempt")
	b.apply(change)

	p := b.now.Intent
	require.Equal(t, []any{payment.Processing, "checkout", 2, 1, 1}, []any{p.Status, p.Gateway, p.Attempts, p.Failovers, p.Confirmations()})
	require.Equal(t, []any{first.ID, "tok_1", payment.AttemptPending, 2}, []any{b.now.Attempt.After, b.now.Attempt.CardToken, b.now.Attempt.Status, b.now.Attempt.Number})
	require.NotEqual(t, key, b.now.Transaction.IdempotencyKey)
	require.Equal(t, payment.AttemptDeclined, b.attempts[first.ID].Status)
	require.Equal(t, payment.DeclineDoNotHonor, b.attempts[first.ID].Decline.Code)

	change, err = b.now.Record(payment.Outcome{Class: payment.OutcomeSucceeded, Amount: 500}, start)
	require.NoError(t, err)
	b.apply(change)
	require.Equal(t, payment.Succeeded, b.now.Intent.Status)
	require.Nil(t, b.now.Intent.LastError)
}

func TestOneConfirmationIsTriedAtThreeGateways(t *testing.T) {
	b := tried(t)
	var at []string
	for {
		next, ok := b.now.Next(doNotHonor, start)
		if !ok {
			break
		}
		change, err := b.now.FailOver(doNotHonor, next, start)
		require.NoError(t, err)
		b.apply(change)
		at = append(at, next)
	}
	require.Equal(t, []string{"checkout", "adyen"}, at)
	change, err := b.now.Record(doNotHonor, start)
	require.NoError(t, err)
	b.apply(change)
	require.Equal(t, payment.RequiresPaymentMethod, b.now.Intent.Status, "the shopper has two more tries")
}

func TestWhatNoOtherGatewayMayTry(t *testing.T) {
	answered := func(code payment.DeclineCode, change func(*payment.Decline)) payment.Outcome {
		d := payment.NewDecline(code)
		if change != nil {
			change(&d)
		}
		return payment.Declined(d)
	}
	for name, c := range map[string]struct {
		outcome payment.Outcome
		change  func(*payment.Aggregate)
		at      time.Duration
		ok      bool
	}{
		"a soft decline":            {outcome: doNotHonor, ok: true},
		"nothing was charged":       {outcome: answered(payment.DeclineGatewayUnavailable, nil), ok: true},
		"just in time":              {outcome: doNotHonor, at: payment.FailoverWindow - time.Nanosecond, ok: true},
		"too late":                  {outcome: doNotHonor, at: payment.FailoverWindow},
		"the outcome is unknown":    {outcome: payment.Unknown("no answer")},
		"a look-up found nothing":   {outcome: payment.Outcome{Class: payment.OutcomeAbsent}},
		"the shopper is asked for":  {outcome: payment.Outcome{Class: payment.OutcomeActionRequired}},
		"no funds":                  {outcome: answered(payment.DeclineInsufficientFunds, nil)},
		"a stolen card":             {outcome: answered(payment.DeclineLostOrStolen, nil)},
		"risk refused":              {outcome: answered(payment.DeclineFraud, nil)},
		"Visa: never again":         {outcome: answered(payment.DeclineGeneric, func(d *payment.Decline) { d.IssuerCode = "14" })},
		"Mastercard: do not retry":  {outcome: answered(payment.DeclineGeneric, func(d *payment.Decline) { d.NetworkAdvice = "03" }), change: mastercard},
		"Mastercard: cancelled":     {outcome: answered(payment.DeclineGeneric, func(d *payment.Decline) { d.NetworkAdvice = "21" }), change: mastercard},
		"another network's code":    {outcome: answered(payment.DeclineGeneric, func(d *payment.Decline) { d.IssuerCode = "14" }), change: mastercard, ok: true},
		"the gateway says never":    {outcome: answered(payment.DeclineGeneric, func(d *payment.Decline) { d.Advice = payment.AdviceNeverRetry })},
		"a saved method":            {outcome: doNotHonor, change: func(a *payment.Aggregate) { a.Attempt.SavedMethod = "pm_1" }},
		"after 3-D Secure":          {outcome: doNotHonor, change: func(a *payment.Aggregate) { a.Intent.Status = payment.RequiresAction }},
		"a capture":                 {outcome: doNotHonor, change: func(a *payment.Aggregate) { a.Transaction.Kind = payment.Capture }},
		"from before there was any": {outcome: doNotHonor, change: func(a *payment.Aggregate) { a.Attempt.Routing = nil }},
		"the intent has expired":    {outcome: doNotHonor, change: func(a *payment.Aggregate) { a.Intent.ExpiresAt = start }},
	} {
		t.Run(name, func(t *testing.T) {
			now := tried(t).now
			if c.change != nil {
				c.change(&now)
			}
			_, ok := now.Next(c.outcome, start.Add(c.at))
			require.Equal(t, c.ok, ok)
		})
	}
}

func mastercard(a *payment.Aggregate) { a.Attempt.Card.Brand = "mastercard" }
