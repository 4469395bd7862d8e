package activities_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"paymenthub/activities"
	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/webhook"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// hall is a queue of one delivery, and who makes its attempts.
type hall struct {
	webhook.Queue
	webhook.Replays
	task     webhook.Task
	missing  bool // the delivery is kept no longer
	stale    bool // something else is written meanwhile, always
	recorded []webhook.Result
	attempt  func(webhook.Task) (webhook.Delivery, error)
	advanced func(limit int, now time.Time) (webhook.Replay, []webhook.Delivery, error)
	hurried  []string
	away     error // why nothing is hurried
}

func (h *hall) Task(_ context.Context, deliveryID string) (webhook.Task, error) {
	if h.missing || deliveryID != h.task.Delivery.ID {
		return webhook.Task{}, fault.New(fault.NotFound, "There is no such delivery.")
	}
	return h.task, nil
}

func (h *hall) Record(_ context.Context, _ time.Time, results []webhook.Result) ([]webhook.Result, error) {
	if h.stale {
		return nil, nil
	}
	h.recorded = append(h.recorded, results...)
	return results, nil
}

func (h *hall) Attempt(_ context.Context, t webhook.Task) (webhook.Delivery, error) {
	return h.attempt(t)
}

func (h *hall) Advance(_ context.Context, _ string, limit int, now time.Time) (webhook.Replay, []webhook.Delivery, error) {
	return h.advanced(limit, now)
}

func (h *hall) StartRetries(context.Context, webhook.Delivery) error { return nil }

func (h *hall) AttemptNow(_ context.Context, d webhook.Delivery) error {
	h.hurried = append(h.hurried, d.ID)
	return h.away
}

// newHall has a delivery that waits for its third attempt, and the step that makes it.
func newHall() (*hall, *activities.Webhooks, activities.WebhookAttempt) {
	h := &hall{task: webhook.Task{
		Endpoint: webhook.Endpoint{ID: "we_1", Dialect: webhook.Hub},
		Delivery: webhook.Delivery{
			ID: "whd_1", EndpointID: "we_1", Status: webhook.Retrying, Round: 1, RoundStartedAt: noon, Attempts: 2, RoundAttempts: 2, NextAttemptAt: noon,
		},
	}}
	h.attempt = func(t webhook.Task) (webhook.Delivery, error) {
		return t.Delivery.Next(webhook.Attempt{Code: http.StatusTeapot}, t.Endpoint.Dialect, noon, func(time.Duration) time.Duration { return 0 }), nil
	}
	w := &activities.Webhooks{Queue: h, Replays: h, Attempter: h, Retrier: h, Clock: clock.NewManual(noon)}
	return h, w, activities.WebhookAttempt{DeliveryID: "whd_1", EndpointID: "we_1", MerchantID: "mch_1", Round: 1, Attempts: 2}
}

func TestAnAttemptSaysWhenTheNextOneIs(t *testing.T) {
	t.Parallel()
	_, w, in := newHall()
	progress, err := w.Attempt(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, activities.WebhookProgress{
		Status: webhook.Retrying, Round: 1, Attempts: 3, LastCode: http.StatusTeapot, NextAttemptAt: noon.Add(30 * time.Minute), Pause: 30 * time.Minute,
	}, progress)
}

// Only the attempt that is named is made: whatever else happened to the delivery is told.
func TestAnotherAttemptIsNotMade(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*webhook.Delivery){
		"made already":       func(d *webhook.Delivery) { d.Attempts = 3 },
		"another round":      func(d *webhook.Delivery) { d.Round = 2 },
		"to be claimed":      func(d *webhook.Delivery) { d.Status = webhook.Pending },
		"it has succeeded":   func(d *webhook.Delivery) { d.Status = webhook.Succeeded },
		"its endpoint is no": func(d *webhook.Delivery) { d.Status = webhook.Canceled },
	} {
		h, w, in := newHall()
		change(&h.task.Delivery)
		h.attempt = func(webhook.Task) (webhook.Delivery, error) { panic("an attempt") }
		progress, err := w.Attempt(t.Context(), in)
		require.NoError(t, err, name)
		require.Equal(t, activities.NewWebhookProgress(h.task.Delivery, noon), progress, name)
	}
}

func TestADeliveryThatIsGoneIsNoFailure(t *testing.T) {
	t.Parallel()
	h, w, in := newHall()
	h.missing = true
	progress, err := w.Attempt(t.Context(), in)
	require.NoError(t, err)
	require.Zero(t, progress)
	require.False(t, progress.Retrying(1))
}

func TestADeliveryEndsWithoutAnAttempt(t *testing.T) {
	t.Parallel()
	for why, change := range map[string]func(*webhook.Task){
		"disabled": func(task *webhook.Task) { task.Endpoint.Disabled = webhook.Failing },
		"expired": func(task *webhook.Task) {
			task.Endpoint.Dialect, task.Delivery.RoundStartedAt = webhook.Acquiring, noon.Add(-24*time.Hour)
		},
	} {
		h, w, in := newHall()
		change(&h.task)
		h.attempt = func(webhook.Task) (webhook.Delivery, error) { panic("an attempt") }
		progress, err := w.Attempt(t.Context(), in)
		require.NoError(t, err)
		require.Equal(t, webhook.Failed, progress.Status)
		require.Equal(t, 2, progress.Attempts)
		require.Len(t, h.recorded, 1)
		require.Equal(t, h.task.Delivery, h.recorded[0].Before)
		require.Nil(t, h.recorded[0].Attempt)
		require.Contains(t, h.recorded[0].After.Why, why)
		h.stale = true
		_, err = w.Attempt(t.Context(), in)
		require.ErrorIs(t, err, webhook.ErrStale, "looked at again")
	}
}

// An attempt that was not written down because something else was is no progress.
func TestAnAttemptThatWasNotWrittenDownIsRepeated(t *testing.T) {
	t.Parallel()
	h, w, in := newHall()
	h.attempt = func(t webhook.Task) (webhook.Delivery, error) { return t.Delivery, nil }
	_, err := w.Attempt(t.Context(), in)
	require.ErrorIs(t, err, webhook.ErrStale)
	h.attempt = func(webhook.Task) (webhook.Delivery, error) { return webhook.Delivery{}, errors.New("no") }
	_, err = w.Attempt(t.Context(), in)
	require.EqualError(t, err, "no")
}

// requireBusy checks that an attempt found no place, is made within a minute, and worries nobody.
func requireBusy(t *testing.T, err error) {
	t.Helper()
	var failed *temporal.ApplicationError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, temporal.ApplicationErrorCategoryBenign, failed.Category())
	require.False(t, failed.NonRetryable())
	require.GreaterOrEqual(t, failed.NextRetryDelay(), 5*time.Second)
	require.LessOrEqual(t, failed.NextRetryDelay(), time.Minute)
}

// stuck is attempts that hold their places until they are released.
type stuck struct {
	t       *testing.T
	w       *activities.Webhooks
	begun   chan struct{}
	release chan struct{}
	ended   chan error
	running int
}

// stick has all attempts of a hall take until they are released.
func stick(t *testing.T, h *hall, w *activities.Webhooks) *stuck {
	s := &stuck{t: t, w: w, begun: make(chan struct{}), release: make(chan struct{}), ended: make(chan error)}
	quick := h.attempt
	h.attempt = func(task webhook.Task) (webhook.Delivery, error) {
		s.begun <- struct{}{}
		<-s.release
		return quick(task)
	}
	return s
}

// attempt begins an attempt, and returns once it holds its place or has ended without one.
func (s *stuck) attempt(in activities.WebhookAttempt) (begun bool, err error) {
	go func() {
		_, err := s.w.Attempt(context.Background(), in)
		s.ended <- err
	}()
	select {
	case <-s.begun:
		s.running++
		return true, nil
	case err := <-s.ended:
		return false, err
	}
}

// begin begins an attempt that finds a place.
func (s *stuck) begin(in activities.WebhookAttempt) {
	s.t.Helper()
	begun, err := s.attempt(in)
	require.NoError(s.t, err)
	require.True(s.t, begun)
}

// busy checks that an attempt finds no place.
func (s *stuck) busy(in activities.WebhookAttempt) {
	s.t.Helper()
	begun, err := s.attempt(in)
	require.False(s.t, begun)
	requireBusy(s.t, err)
}

// end lets all that run end well.
func (s *stuck) end() {
	s.t.Helper()
	close(s.release)
	for range s.running {
		require.NoError(s.t, <-s.ended)
	}
	s.running, s.release = 0, make(chan struct{})
}

// However many retries to a dead endpoint are due, they hold few of the worker's places.
func TestADeadEndpointHoldsFewPlaces(t *testing.T) {
	t.Parallel()
	h, w, in := newHall()
	s := stick(t, h, w)
	for range 8 {
		s.begin(in)
	}
	s.busy(in)
	elsewhere := in
	elsewhere.EndpointID, elsewhere.DeliveryID = "we_2", "whd_2"
	_, err := w.Attempt(t.Context(), elsewhere)
	require.NoError(t, err, "other endpoints do not wait")
	s.end()
	s.begin(in) // the places are free again
	s.end()
}

// One merchant with dead endpoints leaves the other merchants places.
func TestAMerchantHoldsAQuarterOfThePlaces(t *testing.T) {
	t.Parallel()
	h, w, in := newHall()
	s := stick(t, h, w)
	at := func(endpoint int) activities.WebhookAttempt {
		in := in
		in.EndpointID = fmt.Sprintf("we_%d", endpoint)
		h.task.Endpoint.ID = in.EndpointID // whose message it is
		return in
	}
	for n := range 64 {
		s.begin(at(n % 8))
	}
	s.busy(at(9))
	theirs := at(10)
	theirs.MerchantID = "mch_2"
	s.begin(theirs)
	s.end()
	s.begin(at(9))
	s.end()
}

// An endpoint that is tried by one message is tried by one retry at a time: the others
// would wait for it in the worker's places.
func TestAnEndpointThatIsProbedHoldsOnePlace(t *testing.T) {
	t.Parallel()
	h, w, in := newHall()
	h.task.Endpoint.Health = webhook.Health{FailingSince: noon, FailedAt: noon, Failures: webhook.FailuresToPause}
	s := stick(t, h, w)
	s.begin(in)
	for range 3 {
		s.busy(in)
	}
	h.task.Endpoint.Disabled = webhook.ByMerchant
	progress, err := w.Attempt(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, webhook.Failed, progress.Status, "what is not sent needs no place")
	h.task.Endpoint.Disabled = ""
	s.end()
	s.begin(in)
	s.end()

	h.task.Endpoint.Health = webhook.Health{}
	s.begin(in)
	s.begin(in)
	s.end()
}

// An attempt before its time is one more: the workflow hears how long is left of the pause.
func TestAfterAnEarlyAttemptTheRestOfThePauseIsAhead(t *testing.T) {
	t.Parallel()
	h, w, in := newHall()
	in.Early = true
	h.task.Delivery.NextAttemptAt = noon.Add(20 * time.Minute)
	progress, err := w.Attempt(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, activities.WebhookProgress{
		Status: webhook.Retrying, Round: 1, Attempts: 3, LastCode: http.StatusTeapot, NextAttemptAt: noon.Add(20 * time.Minute), Pause: 20 * time.Minute,
	}, progress)
}

// The workflow has waited for the pause: that the clock of whoever made the last attempt is
// ahead makes the next one no attempt that somebody asked for.
func TestAScheduledAttemptIsSoByAnyClock(t *testing.T) {
	t.Parallel()
	h, w, in := newHall()
	h.task.Delivery.NextAttemptAt = noon.Add(3 * time.Second)
	progress, err := w.Attempt(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, 30*time.Minute, progress.Pause, "the next pause of the schedule")
}

func TestAReplayAdvancesByAPage(t *testing.T) {
	t.Parallel()
	h, w, _ := newHall()
	h.advanced = func(limit int, now time.Time) (webhook.Replay, []webhook.Delivery, error) {
		require.Equal(t, webhook.ReplayRate, limit)
		require.Equal(t, noon, now)
		return webhook.Replay{Status: webhook.ReplayRunning, Total: 120, Seen: 50, Queued: 49}, []webhook.Delivery{{ID: "whd_1"}, {ID: "whd_2"}}, nil
	}
	state, err := w.Advance(t.Context(), activities.WebhookReplayRef{ReplayID: "whr_1"})
	require.NoError(t, err)
	require.Equal(t, activities.WebhookReplayState{Status: webhook.ReplayRunning, Total: 120, Seen: 50, Queued: 49}, state)
	require.Equal(t, []string{"whd_1", "whd_2"}, h.hurried)
	h.hurried, h.away = nil, errors.New("no")
	state, err = w.Advance(t.Context(), activities.WebhookReplayRef{ReplayID: "whr_1"})
	require.NoError(t, err, "the page is queued, and what waits is swept")
	require.Equal(t, 50, state.Seen)
	require.Equal(t, []string{"whd_1"}, h.hurried)
	h.advanced = func(int, time.Time) (webhook.Replay, []webhook.Delivery, error) {
		return webhook.Replay{}, nil, fault.New(fault.NotFound, "There is no such replay.")
	}
	state, err = w.Advance(t.Context(), activities.WebhookReplayRef{ReplayID: "whr_1"})
	require.NoError(t, err)
	require.Equal(t, webhook.ReplayStopped, state.Status)
}
