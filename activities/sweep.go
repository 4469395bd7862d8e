package activities

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"paymenthub/internal/clock"
	"paymenthub/internal/idempotency"
	"paymenthub/internal/payment"
	"paymenthub/internal/vault"
)

// Sweep is the step that looks after what was left behind.
const Sweep Name[SweepOptions, Swept] = "Sweep"

// sweepBatch bounds one sweep; what is left waits for the next.
const sweepBatch = 500

// SweepOptions say what a sweep takes.
type SweepOptions struct {
	// Ahead takes also what will be due within this time. A hub that starts looks
	// at once at all that was under way when the last one ended.
	Ahead time.Duration `json:"ahead,omitempty"`
}

// Swept says what a sweep did.
type Swept struct {
	Payments        int   `json:"payments"`         // whose workflow was made sure of
	Refunds         int   `json:"refunds"`          // whose workflow was made sure of
	CardData        int64 `json:"card_data"`        // erased: numbers and security codes
	IdempotencyKeys int64 `json:"idempotency_keys"` // forgotten
}

// Sweeper holds what a sweep works with.
type Sweeper struct {
	Repository   payment.Repository
	Orchestrator payment.Orchestrator
	Vault        *vault.Vault
	Idempotency  idempotency.Store
	Clock        clock.Clock
	Logger       *zap.Logger
}

// Sweep makes sure that every overdue payment and refund has its workflow, which
// knows what the database knows, and erases what is past its time. It is safe
// to run beside everything else.
func (s *Sweeper) Sweep(ctx context.Context, in SweepOptions) (Swept, error) {
	now := s.Clock.Now()
	var done Swept
	payments, paymentsErr := s.payments(ctx, now.Add(in.Ahead))
	refunds, refundsErr := s.refunds(ctx, now.Add(in.Ahead))
	done.Payments, done.Refunds = payments, refunds
	var cardsErr, keysErr error
	done.CardData, cardsErr = s.Vault.EraseOld(ctx)
	done.IdempotencyKeys, keysErr = s.Idempotency.DeleteExpired(ctx, now, sweepBatch)
	return done, errors.Join(paymentsErr, refundsErr, cardsErr, keysErr)
}

func (s *Sweeper) payments(ctx context.Context, now time.Time) (int, error) {
	overdue, err := s.Repository.Overdue(ctx, now, sweepBatch)
	if err != nil {
		return 0, err
	}
	for i, p := range overdue {
		current, err := s.Repository.Load(ctx, p.ID)
		if err != nil {
			return i, err
		}
		if current.Intent.Status.Terminal() {
			continue
		}
		if err := s.Orchestrator.Revive(ctx, current.Snapshot()); err != nil {
			return i, err
		}
		if err := s.Repository.Postpone(ctx, p.ID, now.Add(sweepAgain)); err != nil {
			return i, err
		}
		s.Logger.Info("payment swept", zap.String("payment_id", p.ID), zap.String("status", string(p.Status)))
	}
	return len(overdue), nil
}

// sweepAgain is when a payment that is still not done is looked at again.
const sweepAgain = 10 * time.Minute

func (s *Sweeper) refunds(ctx context.Context, now time.Time) (int, error) {
	overdue, err := s.Repository.OverdueRefunds(ctx, now, sweepBatch)
	if err != nil {
		return 0, err
	}
	for i, r := range overdue {
		if err := s.Orchestrator.StartRefund(ctx, r); err != nil {
			return i, err
		}
		if err := s.Repository.PostponeRefund(ctx, r.ID, now.Add(sweepAgain)); err != nil {
			return i, err
		}
		s.Logger.Info("refund swept", zap.String("refund_id", r.ID))
	}
	return len(overdue), nil
}
