package webhook_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paymenthub/internal/webhook"
)

func TestFiveFailuresInARowPauseAnEndpoint(t *testing.T) {
	t.Parallel()
	var h webhook.Health
	now := began
	for range webhook.FailuresToPause - 1 {
		h = h.AfterFailure(now, 0)
		require.False(t, h.Paused(now))
		require.False(t, h.Probing())
	}
	for _, pause := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 5 * time.Minute, 5 * time.Minute, 5 * time.Minute} {
		h = h.AfterFailure(now, 0)
		require.True(t, h.Probing())
		require.Equal(t, now.Add(pause), h.PausedUntil)
		require.True(t, h.Paused(now.Add(pause-time.Nanosecond)))
		require.False(t, h.Paused(now.Add(pause)), "the pause ends when it ends")
		now = h.PausedUntil
	}
	require.Equal(t, began, h.FailingSince, "since the first failure")
}

// Attempts that ran at once, and retries that do not wait for the end of a pause, fail for
// the same reason: a server that restarts is not left alone for minutes because of them.
func TestFailuresOfOneOutagePauseForAsLongAsItLasts(t *testing.T) {
	t.Parallel()
	var h webhook.Health
	for range 16 {
		h = h.AfterFailure(began, 0)
	}
	require.Equal(t, began.Add(30*time.Second), h.PausedUntil)
	for range 16 {
		h = h.AfterFailure(began.Add(5*time.Second), 0)
	}
	require.Equal(t, began.Add(40*time.Second), h.PausedUntil)
	h = h.AfterFailure(began.Add(-time.Second), 0)
	require.Equal(t, began.Add(40*time.Second), h.PausedUntil, "another process's clock is behind")
}

func TestTheFirstFailuresPauseForAsLongAsTheEndpointAsks(t *testing.T) {
	t.Parallel()
	h := webhook.Health{}.AfterFailure(began, 90*time.Second)
	require.Equal(t, began.Add(90*time.Second), h.PausedUntil)
	require.False(t, h.Probing())
	h = webhook.Health{}.AfterFailure(began, 8*time.Hour)
	require.Equal(t, began.Add(5*time.Minute), h.PausedUntil, "not for longer than the longest pause")
	require.Equal(t, h.PausedUntil, h.AfterFailure(began, time.Second).PausedUntil, "a later answer does not shorten it")
}

func TestAnEndpointIsGivenUpAfterThreeDaysOfFailures(t *testing.T) {
	t.Parallel()
	h := webhook.Health{}.AfterFailure(began, 0)
	require.False(t, h.GivenUp(began))
	h = h.AfterFailure(began.Add(36*time.Hour), 0)
	h = h.AfterFailure(began.Add(72*time.Hour-time.Nanosecond), 0)
	require.False(t, h.GivenUp(began.Add(72*time.Hour-time.Nanosecond)))
	h = h.AfterFailure(began.Add(72*time.Hour), 0)
	require.True(t, h.GivenUp(began.Add(72*time.Hour)))
	require.False(t, webhook.Health{}.GivenUp(began.Add(1000*time.Hour)), "a success has begun anew")
}

// A failure of last week says nothing of the days since, in which nothing was sent.
func TestAFailureAfterALongRestIsTheFirstOne(t *testing.T) {
	t.Parallel()
	var h webhook.Health
	for range webhook.FailuresToPause {
		h = h.AfterFailure(began, 0)
	}
	again := began.Add(7 * 24 * time.Hour)
	h = h.AfterFailure(again, 0)
	require.Equal(t, webhook.Health{FailingSince: again, FailedAt: again, Failures: 1, PausedUntil: began.Add(30 * time.Second)}, h)
	require.False(t, h.GivenUp(again))
	require.False(t, h.Paused(again))

	rested := again.Add(48 * time.Hour)
	require.Equal(t, again, h.AfterFailure(rested, 0).FailingSince, "two days are no long rest")
	require.Equal(t, rested.Add(time.Nanosecond), h.AfterFailure(rested.Add(time.Nanosecond), 0).FailingSince)
	require.Equal(t, again, h.AfterFailure(began, 0).FailedAt, "another process's clock is behind")
}

// One message that fails each time it is tried is three days of failures, however its
// retries are spread.
func TestOneMessageThatOnlyFailsGivesItsEndpointUp(t *testing.T) {
	t.Parallel()
	for _, spread := range []func(time.Duration) time.Duration{atOnce, atMost} {
		var h webhook.Health
		d, now := fresh(), began
		for !d.Status.Ended() {
			d = d.Next(answered(503), webhook.Hub, now, spread)
			h = h.AfterFailure(now, 0)
			require.Equal(t, d.Status == webhook.Failed, h.GivenUp(now))
			now = d.NextAttemptAt
		}
		require.Equal(t, began, h.FailingSince)
	}
}

// Whatever fails in whatever rhythm: an endpoint is never left alone for longer than five
// minutes after a failure, failures are counted one by one, and the first is remembered.
func TestHealthKeepsItsBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var h webhook.Health
		now := began
		for n := range rapid.IntRange(1, 40).Draw(t, "failures") {
			before := h
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(10*time.Minute)).Draw(t, "later")))
			asked := time.Duration(rapid.Int64Range(0, int64(48*time.Hour)).Draw(t, "retry after"))
			h = h.AfterFailure(now, asked)
			if h.Failures != n+1 || h.PausedUntil.After(now.Add(5*time.Minute)) || h.PausedUntil.Before(before.PausedUntil) {
				t.Fatalf("after %+v: %+v", before, h)
			}
			if n > 0 && h.FailingSince != before.FailingSince {
				t.Fatalf("the first failure was forgotten: %+v", h)
			}
			if h.Probing() && h.PausedUntil.Before(now.Add(30*time.Second)) {
				t.Fatalf("paused too briefly: %+v", h)
			}
		}
	})
}

func TestWhatWasSentBeforeAnEndpointBeganAnewTellsNothingOfIt(t *testing.T) {
	t.Parallel()
	e := webhook.Endpoint{URL: "https://new.example", Version: 5}
	for _, c := range []struct {
		url     string
		version int
		reset   bool
	}{
		{"https://new.example", 5, false},
		{"https://new.example", 4, false}, // another description, or secret
		{"https://new.example", 3, true},  // perhaps disabled and enabled
		{"https://old.example", 4, true},  // moved
		{"https://new.example", 6, false}, // newer than what is known
	} {
		require.Equal(t, c.reset, e.ResetSince(c.url, c.version), c)
	}
}
