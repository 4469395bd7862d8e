package activities

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"paymenthub/internal/clock"
	"paymenthub/internal/customer"
	"paymenthub/internal/event"
	"paymenthub/internal/idempotency"
	"paymenthub/internal/payment"
	"paymenthub/internal/vault"
	"paymenthub/internal/webhook"
)

// Sweep is the step that looks after what was left behind.
const Sweep Name[SweepOptions, Swept] = "Sweep"

// What one sweep does of a kind at most; what is left waits for the next. Mail is slow.
const (
	sweepBatch = 500
	mailBatch  = 20
)

// SweepOptions say what a sweep takes.
type SweepOptions struct {
	// Ahead takes also what will be due within this time. A hub that starts looks
	// at once at all that was under way when the last one ended.
	Ahead time.Duration `json:"ahead,omitempty"`
}

// Swept says what a sweep did.
type Swept struct {
	Payments         int   `json:"payments"`          // whose workflow was made sure of
	Refunds          int   `json:"refunds"`           // whose workflow was made sure of
	Disputes         int   `json:"disputes"`          // whose workflow was made sure of
	PaymentMethods   int   `json:"payment_methods"`   // whose workflow was made sure of
	Notifications    int   `json:"notifications"`     // of gateways, that waited to be applied
	CardData         int64 `json:"card_data"`         // erased: numbers and security codes
	IdempotencyKeys  int64 `json:"idempotency_keys"`  // forgotten
	Forgotten        int64 `json:"forgotten"`         // notifications past their time
	Sightings        int64 `json:"sightings"`         // of shoppers, past their time
	Webhooks         int   `json:"webhooks"`          // deliveries whose workflow was made sure of
	WebhookReplays   int   `json:"webhook_replays"`   // whose workflow was made sure of
	CanceledWebhooks int64 `json:"canceled_webhooks"` // that deleted endpoints were to be told
	Events           int64 `json:"events"`            // past their time, with their deliveries
	Mails            int   `json:"mails"`             // of notices, that went out
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
	Webhooks      Backlog
	Notices       Mail
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

// Mail is what is still to be mailed to merchants; notice.Courier sends it.
type Mail interface {
	SendDue(ctx context.Context, limit int) (int, error)
}

// Backlog is what is still to be told to merchants' endpoints, and who carries it on.
type Backlog struct {
	Queue    webhook.Queue
	Replays  webhook.Replays
	Retrier  webhook.Retrier
	Replayer webhook.Replayer
}

// Sweep makes sure that every overdue payment, refund, dispute, payment method, webhook
// and replay has its workflow, which knows what the database knows, and erases what is
// past its time. It is safe to run beside everything else.
func (s *Sweeper) Sweep(ctx context.Context, in SweepOptions) (Swept, error) {
	now := s.Clock.Now()
	var done Swept
	payments, paymentsErr := s.payments(ctx, now.Add(in.Ahead))
	refunds, refundsErr := s.refunds(ctx, now.Add(in.Ahead))
	disputes, disputesErr := s.disputes(ctx, now)
	methods, methodsErr := s.methods(ctx, now.Add(in.Ahead))
	done.Payments, done.Refunds, done.Disputes, done.PaymentMethods = payments, refunds, disputes, methods
	var toldErr, cardsErr, keysErr, oldErr, seenErr, webhooksErr, replaysErr, canceledErr, eventsErr, mailErr error
	done.Notifications, toldErr = s.Notifications.ApplyDue(ctx, sweepBatch)
	done.CardData, cardsErr = s.Vault.EraseOld(ctx)
	done.IdempotencyKeys, keysErr = inBatches(func() (int64, error) { return s.Idempotency.DeleteExpired(ctx, now, sweepBatch) })
	done.Forgotten, oldErr = s.Notifications.DeleteOld(ctx, sweepBatch)
	done.Sightings, seenErr = inBatches(func() (int64, error) { return s.Sightings.DeleteOldSightings(ctx, sweepBatch) })
	done.Webhooks, webhooksErr = s.webhooks(ctx, now)
	done.WebhookReplays, replaysErr = s.replays(ctx, now)
	done.CanceledWebhooks, canceledErr = inBatches(func() (int64, error) { return s.Webhooks.Queue.CancelDeleted(ctx, now, sweepBatch) })
	done.Events, eventsErr = s.events(ctx, now)
	done.Mails, mailErr = s.Notices.SendDue(ctx, mailBatch)
	return done, errors.Join(paymentsErr, refundsErr, disputesErr, methodsErr, toldErr, cardsErr, keysErr, oldErr, seenErr, webhooksErr, replaysErr, canceledErr, eventsErr, mailErr)
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
	// attemptGrace is how late an attempt at a webhook may be, and replayGrace how long a
	// replay may rest, before its workflow is taken to be lost.
	attemptGrace = time.Minute
	replayGrace  = 2 * time.Minute
)

// webhooksFor is how long one sweep begins batches of webhooks: when Temporal was away
// there are as many as were written meanwhile, and a sweep has half a minute for all.
const webhooksFor = 5 * time.Second

func (s *Sweeper) webhooks(ctx context.Context, now time.Time) (revived int, err error) {
	for began := s.Clock.Now(); s.Clock.Now().Sub(began) < webhooksFor && ctx.Err() == nil; {
		waiting, err := s.Webhooks.Queue.Waiting(ctx, now.Add(-attemptGrace), sweepBatch)
		if err != nil {
			return revived, err
		}
		batch, err := sweepEach(ctx, waiting, func(d webhook.Delivery) error {
			s.Logger.Info("webhook delivery swept", zap.String("delivery_id", d.ID))
			return s.Webhooks.Retrier.AttemptNow(ctx, d)
		}, func(d webhook.Delivery, after time.Duration) error {
			return s.Webhooks.Queue.Postpone(ctx, d.ID, now.Add(after))
		})
		revived += batch
		if err != nil || len(waiting) < sweepBatch {
			return revived, err
		}
	}
	return revived, ctx.Err()
}

// replays starts the workflows of replays that rest. One that goes on is touched by
// that, so nothing is postponed.
func (s *Sweeper) replays(ctx context.Context, now time.Time) (int, error) {
	resting, err := s.Webhooks.Replays.StaleReplays(ctx, now.Add(-replayGrace), sweepBatch)
	if err != nil {
		return 0, err
	}
	return sweepEach(ctx, resting, func(r webhook.Replay) error {
		s.Logger.Info("webhook replay swept", zap.String("replay_id", r.ID))
		return s.Webhooks.Replayer.StartReplay(ctx, r)
	}, func(webhook.Replay, time.Duration) error { return nil })
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

// eventsFor is how long one sweep removes events: as many come to their end in half a
// minute as were written in one, which has no bound, and each has its deliveries.
const eventsFor = 10 * time.Second

func (s *Sweeper) events(ctx context.Context, now time.Time) (deleted int64, err error) {
	for began := s.Clock.Now(); s.Clock.Now().Sub(began) < eventsFor && ctx.Err() == nil; {
		batch, err := s.Webhooks.Queue.DeleteOld(ctx, now.Add(-event.KeptFor), sweepBatch)
		deleted += batch
		if err != nil || batch < sweepBatch {
			return deleted, err
		}
	}
	return deleted, ctx.Err()
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
