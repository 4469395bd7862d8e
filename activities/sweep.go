package activities

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"paymenthub/internal/clock"
	"paymenthub/internal/customer"
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
	Disputes        int   `json:"disputes"`         // whose workflow was made sure of
	PaymentMethods  int   `json:"payment_methods"`  // whose workflow was made sure of
	Notifications   int   `json:"notifications"`    // of gateways, that waited to be applied
	CardData        int64 `json:"card_data"`        // erased: numbers and security codes
	IdempotencyKeys int64 `json:"idempotency_keys"` // forgotten
	Forgotten       int64 `json:"forgotten"`        // notifications past their time
	Sightings       int64 `json:"sightings"`        // of shoppers, past their time
}

// Sweeper holds what a sweep works with.
type Sweeper struct {
	Repository    payment.Repository
	Orchestrator  payment.Orchestrator
	Methods       customer.Repository
	Keeper        customer.Orchestrator
	Notifications Notifications
	Vault         *vault.Vault
	Idempotency   idempotency.Store
	Sightings     Sightings
	Clock         clock.Clock
	Logger        *zap.Logger
}

// Notifications are the gateways' notifications; notification.Receiver is it.
type Notifications interface {
	ApplyDue(ctx context.Context, limit int) (int, error)
	DeleteOld(ctx context.Context, limit int) (int64, error)
}

// Sightings are what was seen of shoppers; risk.Engine keeps them.
type Sightings interface {
	DeleteOldSightings(ctx context.Context, limit int) (int64, error)
}

// Sweep makes sure that every overdue payment, refund, dispute and payment method has
// its workflow, which knows what the database knows, and erases what is past its
// time. It is safe to run beside everything else.
func (s *Sweeper) Sweep(ctx context.Context, in SweepOptions) (Swept, error) {
	now := s.Clock.Now()
	var done Swept
	payments, paymentsErr := s.payments(ctx, now.Add(in.Ahead))
	refunds, refundsErr := s.refunds(ctx, now.Add(in.Ahead))
	disputes, disputesErr := s.disputes(ctx, now)
	methods, methodsErr := s.methods(ctx, now.Add(in.Ahead))
	done.Payments, done.Refunds, done.Disputes, done.PaymentMethods = payments, refunds, disputes, methods
	var toldErr, cardsErr, keysErr, oldErr, seenErr error
	done.Notifications, toldErr = s.Notifications.ApplyDue(ctx, sweepBatch)
	done.CardData, cardsErr = s.Vault.EraseOld(ctx)
	done.IdempotencyKeys, keysErr = inBatches(func() (int64, error) { return s.Idempotency.DeleteExpired(ctx, now, sweepBatch) })
	done.Forgotten, oldErr = s.Notifications.DeleteOld(ctx, sweepBatch)
	done.Sightings, seenErr = inBatches(func() (int64, error) { return s.Sightings.DeleteOldSightings(ctx, sweepBatch) })
	return done, errors.Join(paymentsErr, refundsErr, disputesErr, methodsErr, toldErr, cardsErr, keysErr, oldErr, seenErr)
}

func (s *Sweeper) payments(ctx context.Context, now time.Time) (int, error) {
	overdue, err := s.Repository.Overdue(ctx, now, sweepBatch)
	if err != nil {
		return 0, err
	}
	return sweepEach(ctx, overdue, func(p payment.Intent) error {
		current, err := s.Repository.Load(ctx, p.ID)
		if err != nil || current.Intent.Status.Terminal() {
			return err
		}
		s.Logger.Info("payment swept", zap.String("payment_id", p.ID), zap.String("status", string(p.Status)))
		return s.Orchestrator.Revive(ctx, current.Snapshot())
	}, func(p payment.Intent, after time.Duration) error {
		return s.Repository.Postpone(ctx, p.ID, now.Add(after))
	})
}

func (s *Sweeper) refunds(ctx context.Context, now time.Time) (int, error) {
	overdue, err := s.Repository.OverdueRefunds(ctx, now, sweepBatch)
	if err != nil {
		return 0, err
	}
	return sweepEach(ctx, overdue, func(r payment.Refund) error {
		s.Logger.Info("refund swept", zap.String("refund_id", r.ID))
		return s.Orchestrator.StartRefund(ctx, r)
	}, func(r payment.Refund, after time.Duration) error {
		return s.Repository.PostponeRefund(ctx, r.ID, now.Add(after))
	})
}

func (s *Sweeper) disputes(ctx context.Context, now time.Time) (int, error) {
	overdue, err := s.Repository.OverdueDisputes(ctx, now, sweepBatch)
	if err != nil {
		return 0, err
	}
	return sweepEach(ctx, overdue, func(d payment.Dispute) error {
		s.Logger.Info("dispute swept", zap.String("dispute_id", d.ID))
		return s.Orchestrator.LookUpDispute(ctx, d.Ref())
	}, func(d payment.Dispute, after time.Duration) error {
		return s.Repository.PostponeDispute(ctx, d.ID, now.Add(after))
	})
}

func (s *Sweeper) methods(ctx context.Context, now time.Time) (int, error) {
	overdue, err := s.Methods.OverdueMethods(ctx, now, sweepBatch)
	if err != nil {
		return 0, err
	}
	return sweepEach(ctx, overdue, func(m customer.PaymentMethod) error {
		s.Logger.Info("payment method swept", zap.String("payment_method_id", m.ID), zap.String("status", string(m.Status)))
		return s.Keeper.ReviveMethod(ctx, m)
	}, func(m customer.PaymentMethod, after time.Duration) error {
		return s.Methods.PostponeMethod(ctx, m.ID, now.Add(after))
	})
}

const (
	// sweepAgain is when an object that is still not done is looked at again, and
	// sweepSoon when one that could not be looked after is.
	sweepAgain = 10 * time.Minute
	sweepSoon  = time.Minute
	// sweepFailures ends a round: it is not the object then, but the hub.
	sweepFailures = 5
)

// maxBatches bounds the batches of one sweep: there is a key and a sighting for
// every attempt, and so many of them expire in half a minute.
const maxBatches = 20

// inBatches deletes batch by batch, so that other writes come in between.
func inBatches(remove func() (int64, error)) (deleted int64, err error) {
	for range maxBatches {
		batch, err := remove()
		deleted += batch
		if err != nil || batch < sweepBatch {
			return deleted, err
		}
	}
	return deleted, nil
}

// sweepEach looks after each object and says how many it did. One that cannot
// be looked after does not keep those behind it waiting.
func sweepEach[T any](ctx context.Context, all []T, look func(T) error, postpone func(T, time.Duration) error) (done int, err error) {
	var failures []error
	failed := 0
	for _, one := range all {
		again := sweepAgain
		if err := look(one); err != nil {
			failures = append(failures, err)
			if failed++; failed >= sweepFailures || ctx.Err() != nil {
				break
			}
			again = sweepSoon
		} else {
			done++
		}
		if err := postpone(one, again); err != nil {
			failures = append(failures, err)
		}
	}
	return done, errors.Join(failures...)
}
