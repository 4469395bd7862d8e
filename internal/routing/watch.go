package routing

import (
	"context"
	"errors"
	"time"

	"paymenthub/internal/clock"
)

// exchangeInterval is how often processes tell each other what they saw.
const exchangeInterval = time.Second

// retention is how long what was seen is kept: as long as statistics reach back.
const (
	retention     = 24 * time.Hour
	cleanInterval = 5 * time.Minute
	cleanBatch    = 1000
)

// WatchRepository keeps what the processes tell each other; store.Routing is it.
type WatchRepository interface {
	HealthRepository
	OutcomeRepository
	// DeleteOldOutcomes removes up to limit buckets from before a minute, and signals of
	// processes that have said nothing since.
	DeleteOldOutcomes(ctx context.Context, before int64, limit int) (int64, error)
}

// Watch keeps Health and Outcomes what all processes have seen.
type Watch struct {
	Repository WatchRepository
	Health     *Health
	Outcomes   *Outcomes
	Clock      clock.Clock
	// Failed is told when an exchange did not succeed; the next one makes up for it.
	Failed func(error)

	cleaned time.Time
}

// Exchange does one round. It is called before the first decision, so that what an
// operator switched off gets nothing.
func (w *Watch) Exchange(ctx context.Context) error {
	now := w.Clock.Now()
	err := errors.Join(w.Health.Exchange(ctx, w.Repository, now), w.Outcomes.Exchange(ctx, w.Repository, now))
	if now.Sub(w.cleaned) < cleanInterval {
		return err
	}
	w.cleaned = now
	for {
		deleted, failed := w.Repository.DeleteOldOutcomes(ctx, minuteOf(now.Add(-retention)), cleanBatch)
		if failed != nil || deleted < cleanBatch {
			return errors.Join(err, failed)
		}
	}
}

// Run exchanges about once a second until ctx ends, and once more then.
func (w *Watch) Run(ctx context.Context) {
	ticker := time.NewTicker(exchangeInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), exchangeInterval)
			defer cancel()
			w.report(w.Exchange(last))
			return
		}
		w.report(w.Exchange(ctx))
	}
}

func (w *Watch) report(err error) {
	if err != nil {
		w.Failed(err)
	}
}
