package activities

import (
	"context"
	"time"

	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/webhook"
)

// The steps of webhooks.
const (
	AttemptWebhook       Name[WebhookAttempt, WebhookProgress]      = "AttemptWebhook"
	AdvanceWebhookReplay Name[WebhookReplayRef, WebhookReplayState] = "AdvanceWebhookReplay"
)

// WebhookAttempt names the next attempt at a delivery.
type WebhookAttempt struct {
	DeliveryID string `json:"delivery_id"`
	EndpointID string `json:"endpoint_id"`
	MerchantID string `json:"merchant_id"`
	Round      int    `json:"round"`
	// Attempts is how many the workflow knows of. The step makes the one after them and
	// no other: a step that is repeated because its answer was lost makes none.
	Attempts int `json:"attempts"`
	// Early says that somebody asked for the attempt before its time: it is one more.
	Early bool `json:"early,omitempty"`
}

// WebhookProgress is where a delivery is.
type WebhookProgress struct {
	Status        webhook.Status `json:"status,omitempty"` // "" once the delivery is kept no longer
	Round         int            `json:"round"`
	Attempts      int            `json:"attempts"` // in all rounds
	LastCode      int            `json:"last_code,omitempty"`
	NextAttemptAt time.Time      `json:"next_attempt_at,omitzero"`
	// Pause is how long that was ahead. The workflow waits for it, and not until the time:
	// Temporal's clock may differ from the hub's.
	Pause time.Duration `json:"pause,omitempty"`
}

// NewWebhookProgress says where a delivery was at a time.
func NewWebhookProgress(d webhook.Delivery, at time.Time) WebhookProgress {
	p := WebhookProgress{Status: d.Status, Round: d.Round, Attempts: d.Attempts, LastCode: d.LastCode, NextAttemptAt: d.NextAttemptAt}
	if d.Status == webhook.Retrying {
		p.Pause = max(d.NextAttemptAt.Sub(at), 0)
	}
	return p
}

// Retrying reports whether the round has another attempt to come.
func (p WebhookProgress) Retrying(round int) bool {
	return p.Status == webhook.Retrying && p.Round == round
}

// WebhookReplayRef names a replay.
type WebhookReplayRef struct {
	ReplayID string `json:"replay_id"`
}

// WebhookReplayState is where a replay is.
type WebhookReplayState struct {
	Status webhook.ReplayStatus `json:"status"`
	Total  int                  `json:"total"`
	Seen   int                  `json:"seen"`
	Queued int                  `json:"queued"`
}

// Webhooks holds what the steps of webhooks work with.
type Webhooks struct {
	Queue     webhook.Queue
	Replays   webhook.Replays
	Attempter webhook.Attempter
	Retrier   webhook.Retrier
	Clock     clock.Clock

	held    places // by merchant and by endpoint
	sending places // by endpoint, while a message is sent
}

// Attempt makes the next attempt of a round, and says where the delivery is after it.
func (w *Webhooks) Attempt(ctx context.Context, in WebhookAttempt) (WebhookProgress, error) {
	bounds := []bound{{in.MerchantID, attemptsPerMerchant}, {in.EndpointID, attemptsPerEndpoint}}
	if !w.held.take(bounds...) {
		return WebhookProgress{}, busy()
	}
	defer w.held.give(bounds...)
	task, err := w.Queue.Task(ctx, in.DeliveryID)
	if fault.Is(err, fault.NotFound) {
		return WebhookProgress{}, nil
	}
	if err != nil {
		return WebhookProgress{}, err
	}
	d := task.Delivery
	if d.Status == webhook.Retrying && d.Round == in.Round && d.Attempts == in.Attempts {
		if now := w.Clock.Now(); !in.Early && now.Before(d.NextAttemptAt) {
			// The workflow has waited for the pause. The time is of whoever made the last attempt,
			// whose clock may be ahead.
			task.Delivery.NextAttemptAt = now
		}
		if d, err = w.attempt(ctx, task); err != nil {
			return WebhookProgress{}, err
		}
		if d.Status == webhook.Retrying && d.Round == in.Round && d.Attempts == in.Attempts {
			return WebhookProgress{}, webhook.ErrStale // something else was written meanwhile
		}
	}
	return NewWebhookProgress(d, w.Clock.Now()), nil
}

// attempt makes an attempt at a delivery, or ends it where none may be made any more.
func (w *Webhooks) attempt(ctx context.Context, t webhook.Task) (webhook.Delivery, error) {
	now := w.Clock.Now()
	if !t.Endpoint.Enabled() {
		return w.end(ctx, t.Delivery, t.Delivery.Refused(now), now)
	}
	if late, is := t.Delivery.Late(t.Endpoint.Dialect, now); is {
		return w.end(ctx, t.Delivery, late, now)
	}
	place := bound{t.Endpoint.ID, attemptsPerEndpoint}
	if t.Endpoint.Health.Probing() {
		place.most = attemptsProbing
	}
	if !w.sending.take(place) {
		return webhook.Delivery{}, busy()
	}
	defer w.sending.give(place)
	return w.Attempter.Attempt(ctx, t)
}

// end writes down that a delivery has ended without an attempt.
func (w *Webhooks) end(ctx context.Context, before, after webhook.Delivery, now time.Time) (webhook.Delivery, error) {
	written, err := w.Queue.Record(ctx, now, []webhook.Result{{Before: before, After: after}})
	if err == nil && len(written) == 0 {
		err = webhook.ErrStale
	}
	return after, err
}

// hurryFor bounds how long a step has deliveries attempted: less than a step may take, so
// that the next page comes after its pause and not because this one was given up.
const hurryFor = 4 * time.Second

// Advance queues the next page of a replay, and has those of it that retry attempted now.
func (w *Webhooks) Advance(ctx context.Context, in WebhookReplayRef) (WebhookReplayState, error) {
	r, retrying, err := w.Replays.Advance(ctx, in.ReplayID, webhook.ReplayRate, w.Clock.Now())
	if fault.Is(err, fault.NotFound) {
		return WebhookReplayState{Status: webhook.ReplayStopped}, nil
	}
	if err != nil {
		return WebhookReplayState{}, err
	}
	w.hurry(ctx, retrying)
	return WebhookReplayState{Status: r.Status, Total: r.Total, Seen: r.Seen, Queued: r.Queued}, nil
}

// hurry has deliveries attempted now. Those that it does not come to are left to the sweep,
// which finds them Waiting: the page is queued, and to fail would be to queue another.
func (w *Webhooks) hurry(ctx context.Context, retrying []webhook.Delivery) {
	ctx, cancel := context.WithTimeout(ctx, hurryFor)
	defer cancel()
	for _, d := range retrying {
		if err := w.Retrier.AttemptNow(ctx, d); err != nil {
			return
		}
	}
}
