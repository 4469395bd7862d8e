package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paymenthub/internal/id"
	"paymenthub/internal/ledger"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

// randomHistories takes payments of one merchant through random lives, with
// stale repetitions in between, and checks after each that the books agree with
// the payments.
func randomHistories(t *testing.T, w *World) {
	rapid.Check(t, func(rt *rapid.T) {
		w.Scope = w.NewMerchant(t)
		var lives []payment.Aggregate
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			which := rapid.IntRange(0, len(lives)).Draw(rt, "payment")
			if which == len(lives) {
				lives = append(lives, payment.Aggregate{Intent: w.Insert(t, w.randomPayment(rt))})
				continue
			}
			lives[which] = w.randomStep(t, rt, lives[which])
		}
		books := w.requireBooks(t, w.Scope)
		var held, captured, refunded int64
		for _, life := range lives {
			require.Equal(t, life.Intent, w.load(t, life.Intent.ID).Intent)
			held += life.Intent.AmountCapturable
			captured += life.Intent.AmountCaptured
			refunded += life.Intent.AmountRefunded
		}
		require.Equal(t, held, books[ledger.Authorizations])
		require.Equal(t, -captured, books[ledger.Sales])
		require.Equal(t, refunded, books[ledger.Refunds])
		require.Equal(t, captured-refunded-books[ledger.GatewayFees], books[ledger.GatewayReceivable])
	})
}

func (w *World) randomPayment(rt *rapid.T) payment.New {
	n := w.Wanted()
	n.Amount = rapid.Int64Range(1, 10_000).Draw(rt, "amount")
	n.CaptureMethod = rapid.SampledFrom([]payment.CaptureMethod{payment.CaptureAutomatic, payment.CaptureManual}).Draw(rt, "capture")
	return n
}

// randomStep makes the next step of a payment, sends it twice, and returns the
// payment after it.
func (w *World) randomStep(t *testing.T, rt *rapid.T, a payment.Aggregate) payment.Aggregate {
	c, err := w.nextChange(t, rt, a)
	require.NoError(t, err)
	if c.Intent.ID == "" {
		return a
	}
	require.NoError(t, w.Payments.Apply(ctx, c))
	require.ErrorIs(t, w.Payments.Apply(ctx, c), payment.ErrStale)
	if c.Refund != nil { // settle it at once: two changes of the payment in a row
		o := randomOutcome(rt, c.Refund.Amount, c.Intent.Currency)
		settled, err := c.Intent.RecordRefund(*c.Refund, *c.Transaction, o, w.now())
		require.NoError(t, err)
		require.NoError(t, w.Payments.Apply(ctx, settled))
		if settled.Refund.Status == payment.RefundSucceeded && rapid.IntRange(0, 2).Draw(rt, "reverse") == 0 {
			settled, err = settled.Intent.ReverseRefund(*settled.Refund, *settled.Transaction, payment.NewDecline(payment.DeclineGeneric), w.now())
			require.NoError(t, err)
			require.NoError(t, w.Payments.Apply(ctx, settled))
		}
		return payment.Aggregate{Intent: settled.Intent, Attempt: a.Attempt}
	}
	next := payment.Aggregate{Intent: c.Intent, Attempt: a.Attempt, Transaction: c.Transaction}
	if c.Attempt != nil {
		next.Attempt = c.Attempt
	}
	return next
}

// nextChange draws what happens to a payment next; an empty change is nothing.
func (w *World) nextChange(t *testing.T, rt *rapid.T, a payment.Aggregate) (payment.Change, error) {
	p := a.Intent
	switch p.Status {
	case payment.RequiresConfirmation, payment.RequiresPaymentMethod:
		if rapid.IntRange(0, 9).Draw(rt, "cancel") == 0 {
			return p.Cancel("requested_by_customer", id.NewSuffix(), w.now())
		}
		return w.Begun(t, p), nil
	case payment.Processing:
		o := randomOutcome(rt, a.Transaction.Amount, p.Currency)
		switch a.Transaction.Kind {
		case payment.Capture:
			return p.RecordCapture(*a.Attempt, *a.Transaction, o, w.now())
		case payment.Void:
			return p.RecordVoid(*a.Attempt, *a.Transaction, o, w.now())
		default:
			return p.RecordAuthorization(*a.Attempt, *a.Transaction, o, w.now())
		}
	case payment.RequiresCapture:
		if rapid.Bool().Draw(rt, "void") {
			return p.BeginVoid(*a.Attempt, payment.VoidCanceled, "", id.NewSuffix(), w.now())
		}
		return p.BeginCapture(*a.Attempt, rapid.Int64Range(1, p.AmountCapturable).Draw(rt, "part"), id.NewSuffix(), w.now())
	case payment.Succeeded:
		if p.Refundable() > 0 {
			return w.refunding(t, a, rapid.Int64Range(1, p.Refundable()).Draw(rt, "refund")), nil
		}
	}
	return payment.Change{}, nil
}

func randomOutcome(rt *rapid.T, amount int64, currency money.Currency) payment.Outcome {
	if rapid.IntRange(0, 3).Draw(rt, "decline") == 0 {
		return payment.Declined(payment.NewDecline(payment.DeclineGeneric))
	}
	fee := money.New(rapid.Int64Range(0, amount).Draw(rt, "fee"), currency)
	return payment.Outcome{Class: payment.OutcomeSucceeded, Amount: amount, Fee: &fee}
}
