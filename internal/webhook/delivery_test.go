package webhook_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paymenthub/internal/webhook"
)

func fresh() webhook.Delivery {
	return webhook.Delivery{
		ID: "whd_1", EventID: "evt_1", EndpointID: "we_1", Status: webhook.Pending, Trigger: webhook.ByEvent, Round: 1, RoundStartedAt: began,
		NextAttemptAt: began, CreatedAt: began, ClaimedBy: "p1", ClaimedUntil: began.Add(30 * time.Second),
	}
}

func answered(code int) webhook.Attempt { return webhook.Attempt{Code: code} }

// atOnce and atMost are the ends of what a spread returns.
func atOnce(time.Duration) time.Duration      { return 0 }
func atMost(most time.Duration) time.Duration { return most - 1 }

func TestASuccessEndsADelivery(t *testing.T) {
	t.Parallel()
	for _, code := range []int{200, 201, 204, 299} {
		d := fresh().Next(answered(code), webhook.Hub, began, atOnce)
		require.Equal(t, webhook.Succeeded, d.Status)
		require.True(t, d.Status.Ended())
		require.Equal(t, began, d.EndedAt)
		require.Zero(t, d.NextAttemptAt)
		require.Empty(t, d.Why)
		require.Empty(t, d.ClaimedBy)
		require.Equal(t, code, d.LastCode)
		require.Equal(t, 1, d.Attempts)
	}
}

func TestWhyAnAttemptFailedIsSaid(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		attempt webhook.Attempt
		want    string
	}{
		{answered(500), "The endpoint answered 500."},
		{answered(199), "The endpoint answered 199."},
		{answered(302), "The endpoint answered 302: redirects are not followed."},
		{answered(304), "The endpoint answered 304."},
		{webhook.Attempt{Error: "The endpoint did not answer within 15 seconds."}, "The endpoint did not answer within 15 seconds."},
	} {
		d := fresh().Next(c.attempt, webhook.Hub, began, atOnce)
		require.Equal(t, webhook.Retrying, d.Status)
		require.Equal(t, c.want, d.Why)
		require.Equal(t, c.attempt.Code, d.LastCode)
		require.Zero(t, d.EndedAt)
	}
}

// failing makes attempts until the delivery ends and returns the pauses before each
// retry and the last state.
func failing(t *testing.T, dialect webhook.Dialect, spread func(time.Duration) time.Duration) ([]time.Duration, webhook.Delivery) {
	t.Helper()
	d, now := fresh(), began
	var pauses []time.Duration
	for range 50 {
		d = d.Next(answered(503), dialect, now, spread)
		if d.Status.Ended() {
			return pauses, d
		}
		pauses = append(pauses, d.NextAttemptAt.Sub(now))
		now = d.NextAttemptAt
	}
	t.Fatal("it never ends")
	return nil, d
}

func TestADeliveryThatOnlyFailsFollowsItsSchedule(t *testing.T) {
	t.Parallel()
	for _, dialect := range webhook.Dialects {
		pauses, d := failing(t, dialect, atOnce)
		require.Equal(t, dialect.Schedule(), pauses, dialect)
		require.Equal(t, webhook.Failed, d.Status)
		require.Equal(t, len(dialect.Schedule())+1, d.Attempts)
		require.Equal(t, "The endpoint answered 503.", d.Why)
		require.Zero(t, d.NextAttemptAt)
	}
	pauses, _ := failing(t, webhook.Acquiring, atMost)
	require.Equal(t, []time.Duration{5 * time.Minute, 15 * time.Minute, time.Hour, 6 * time.Hour}, pauses, "to the second, whatever chance says")
	pauses, _ = failing(t, webhook.Hub, atMost)
	for i, pause := range pauses {
		require.Greater(t, pause, webhook.Hub.Schedule()[i], "retries are spread")
		require.Less(t, pause, webhook.Hub.Schedule()[i]*11/10)
	}
}

// The whole life of any delivery at any endpoint: it is tried at most as often as its
// schedule says, and as somebody asks for besides, never before the pause that is due, at
// most a tenth after it unless the endpoint asked for longer, and it ends.
func TestAnyLifeOfADeliveryKeepsItsBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		dialect := rapid.SampledFrom(webhook.Dialects).Draw(t, "dialect")
		spread := func(most time.Duration) time.Duration {
			return time.Duration(rapid.Int64Range(0, int64(most)-1).Draw(t, "spread"))
		}
		d, now := fresh(), began
		for extra := 0; !d.Status.Ended(); {
			if d.Attempts-extra > len(dialect.Schedule()) {
				t.Fatalf("another attempt after %d of a schedule of %d pauses", d.Attempts-extra, len(dialect.Schedule()))
			}
			if d.Status == webhook.Retrying && rapid.IntRange(0, 2).Draw(t, "asked for") == 0 {
				now = d.NextAttemptAt.Add(-rapid.SampledFrom([]time.Duration{2 * time.Second, 5 * time.Second, 4 * time.Minute}).Draw(t, "early"))
				extra++
			}
			a := webhook.Attempt{
				Code:       rapid.SampledFrom([]int{0, 200, 301, 404, 410, 429, 500, 503, 503, 503, 503, 503}).Draw(t, "code"),
				RetryAfter: time.Duration(rapid.SampledFrom([]int64{0, 0, 0, int64(time.Minute), int64(7 * time.Hour), int64(48 * time.Hour)}).Draw(t, "retry after")),
			}
			before := d
			d = d.Next(a, dialect, now, spread)
			holdNext(t, dialect, before, d, a, now)
			now = d.NextAttemptAt.Add(time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "late")))
		}
	})
}

// holdNext holds what is true of every delivery after every attempt.
func holdNext(t *rapid.T, dialect webhook.Dialect, before, d webhook.Delivery, a webhook.Attempt, now time.Time) {
	t.Helper()
	early, counted := before.Status == webhook.Retrying && now.Before(before.NextAttemptAt), 1
	if early {
		counted = 0
	}
	if d.Attempts != before.Attempts+1 || d.RoundAttempts != before.RoundAttempts+counted || d.UpdatedAt != now || d.ClaimedBy != "" {
		t.Fatalf("after %+v: %+v", before, d)
	}
	if d.Status.Ended() {
		if !d.NextAttemptAt.IsZero() || d.EndedAt != now || (d.Status == webhook.Succeeded) != a.OK() {
			t.Fatalf("ended badly: %+v after %+v", d, a)
		}
		return
	}
	if d.Status != webhook.Retrying || a.OK() || a.Code == 410 {
		t.Fatalf("%+v goes on after %+v", d, a)
	}
	if early {
		if d.NextAttemptAt != before.NextAttemptAt {
			t.Fatalf("the attempt that was asked for moved the next one: %+v after %+v", d, before)
		}
		return
	}
	due := dialect.Schedule()[before.RoundAttempts]
	asked := min(a.RetryAfter, 24*time.Hour)
	if dialect == webhook.Acquiring && !now.Add(asked).Before(began.Add(24*time.Hour)) {
		asked = 0
	}
	least, most := max(due, asked), max(due*11/10, asked)
	if dialect == webhook.Acquiring {
		most = least
		if d.NextAttemptAt.Sub(began) >= 24*time.Hour {
			t.Fatalf("an attempt after the delivery expires: %+v", d)
		}
	}
	if pause := d.NextAttemptAt.Sub(now); pause < least || pause > most {
		t.Fatalf("pause of %s, not %s to %s", pause, least, most)
	}
}

func TestRetryAfterIsHonouredWhereItIsLonger(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ asked, want time.Duration }{
		{time.Second, 5 * time.Second},
		{time.Hour, time.Hour},
		{1000 * time.Hour, 24 * time.Hour},
	} {
		a := answered(429)
		a.RetryAfter = c.asked
		require.Equal(t, began.Add(c.want), fresh().Next(a, webhook.Hub, began, atOnce).NextAttemptAt)
	}
}

func TestAcquiringsDeliveriesEndADayAfterTheirRoundBegan(t *testing.T) {
	t.Parallel()
	a := answered(503)
	a.RetryAfter = 24*time.Hour - time.Second
	d := fresh().Next(a, webhook.Acquiring, began, atOnce)
	require.Equal(t, webhook.Retrying, d.Status, "a second before it expires is in time")

	last := began.Add(24*time.Hour - 5*time.Minute)
	d = fresh().Next(answered(503), webhook.Acquiring, last.Add(-time.Nanosecond), atOnce)
	require.Equal(t, webhook.Retrying, d.Status)
	d = fresh().Next(answered(503), webhook.Acquiring, last, atOnce)
	require.Equal(t, webhook.Failed, d.Status)
	require.Contains(t, d.Why, "deliveries end after 24 hours")
	require.Equal(t, webhook.Retrying, fresh().Next(answered(503), webhook.Hub, last, atOnce).Status, "the hub's do not expire")

	_, late := fresh().Late(webhook.Acquiring, began.Add(24*time.Hour-time.Nanosecond))
	require.False(t, late)
	d, late = fresh().Late(webhook.Acquiring, began.Add(24*time.Hour))
	require.True(t, late)
	require.Equal(t, webhook.Failed, d.Status)
	require.Zero(t, d.Attempts, "it ended without one")
	_, late = fresh().Late(webhook.Hub, began.Add(1000*time.Hour))
	require.False(t, late)
}

// An endpoint that asks for longer than a delivery lives is tried on schedule: it would
// be told nothing otherwise.
func TestRetryAfterEndsNoDelivery(t *testing.T) {
	t.Parallel()
	for _, asked := range []time.Duration{24 * time.Hour, 1000 * time.Hour} {
		a := answered(503)
		a.RetryAfter = asked
		d := fresh().Next(a, webhook.Acquiring, began, atOnce)
		require.Equal(t, webhook.Retrying, d.Status)
		require.Equal(t, began.Add(5*time.Minute), d.NextAttemptAt)
		require.Equal(t, began.Add(24*time.Hour), fresh().Next(a, webhook.Hub, began, atOnce).NextAttemptAt)
	}
	_, schedule := failing(t, webhook.Acquiring, atOnce)
	d, now := fresh(), began
	for d.Status != webhook.Failed {
		a := answered(503)
		a.RetryAfter = 24 * time.Hour
		d = d.Next(a, webhook.Acquiring, now, atOnce)
		now = d.NextAttemptAt
	}
	require.Equal(t, schedule.Attempts, d.Attempts, "all of them are made")
}

// Attempts that somebody asks for are made besides the schedule's, and none of those is
// used up.
func TestAnAttemptBeforeItsTimeIsOneMore(t *testing.T) {
	t.Parallel()
	waiting := fresh().Next(answered(500), webhook.Acquiring, began, atOnce)
	due := waiting.NextAttemptAt
	d := waiting
	for n := range 20 {
		now := began.Add(time.Duration(n) * 3 * time.Second)
		a := answered(502)
		a.RetryAfter = time.Hour
		d = d.Next(a, webhook.Acquiring, now, atOnce)
		require.Equal(t, webhook.Retrying, d.Status)
		require.Equal(t, due, d.NextAttemptAt)
		require.Equal(t, []int{n + 2, 1}, []int{d.Attempts, d.RoundAttempts})
		require.Equal(t, []any{502, "The endpoint answered 502.", now}, []any{d.LastCode, d.Why, d.UpdatedAt})
	}
	for i, pause := range webhook.Acquiring.Schedule() {
		require.Equal(t, i+1, d.RoundAttempts)
		if i > 0 {
			require.Equal(t, pause, d.NextAttemptAt.Sub(d.UpdatedAt))
		}
		d = d.Next(answered(500), webhook.Acquiring, d.NextAttemptAt, atOnce)
	}
	require.Equal(t, webhook.Failed, d.Status)
	require.Equal(t, 25, d.Attempts)

	early := due.Add(-time.Second - time.Nanosecond)
	require.Equal(t, due, waiting.Next(answered(500), webhook.Acquiring, early, atOnce).NextAttemptAt)
	d = waiting.Next(answered(500), webhook.Acquiring, due.Add(-time.Second), atOnce)
	require.Equal(t, due.Add(15*time.Minute-time.Second), d.NextAttemptAt, "a second before it is on time")
	require.Equal(t, webhook.Succeeded, waiting.Next(answered(200), webhook.Acquiring, early, atOnce).Status)
	d = waiting.Next(answered(410), webhook.Acquiring, early, atOnce)
	require.Equal(t, []any{webhook.Failed, "The endpoint answered 410."}, []any{d.Status, d.Why})
}

func TestATestIsTriedOnce(t *testing.T) {
	t.Parallel()
	d := fresh()
	d.Trigger = webhook.ByTest
	require.Equal(t, webhook.Failed, d.Next(answered(500), webhook.Hub, began, atOnce).Status)
	require.Equal(t, webhook.Succeeded, d.Next(answered(200), webhook.Hub, began, atOnce).Status)
}

func TestGoneEndsADelivery(t *testing.T) {
	t.Parallel()
	for _, dialect := range webhook.Dialects {
		d := fresh().Next(answered(410), dialect, began, atOnce)
		require.Equal(t, webhook.Failed, d.Status)
		require.Equal(t, "The endpoint answered 410.", d.Why)
	}
}

func TestARedeliveryBeginsAnotherRound(t *testing.T) {
	t.Parallel()
	_, d := failing(t, webhook.Acquiring, atOnce)
	later := began.Add(10 * 24 * time.Hour)
	again := d.Again(later)
	require.Equal(t, webhook.Pending, again.Status)
	require.Equal(t, webhook.ByRedelivery, again.Trigger)
	require.Equal(t, 2, again.Round)
	require.Equal(t, 5, again.Attempts, "attempts are numbered over all rounds")
	require.Zero(t, again.RoundAttempts)
	require.Equal(t, later, again.RoundStartedAt)
	require.Equal(t, later, again.NextAttemptAt)
	require.Zero(t, again.EndedAt)
	require.Empty(t, again.ClaimedBy)
	require.Equal(t, later, again.ClaimedUntil, "whoever comes first may take it")

	_, late := again.Late(webhook.Acquiring, later.Add(time.Hour))
	require.False(t, late, "a round expires a day after it began, not after the event")
	for range webhook.Acquiring.Schedule() {
		again = again.Next(answered(503), webhook.Acquiring, again.NextAttemptAt, atOnce)
		require.Equal(t, webhook.Retrying, again.Status)
	}
	again = again.Next(answered(503), webhook.Acquiring, again.NextAttemptAt, atOnce)
	require.Equal(t, webhook.Failed, again.Status)
	require.Equal(t, 10, again.Attempts)
}

func TestARefusedDeliverySaysHowToGoOn(t *testing.T) {
	t.Parallel()
	d := fresh().Refused(began.Add(time.Minute))
	require.Equal(t, webhook.Failed, d.Status)
	require.Equal(t, "The endpoint is disabled. Enable it and ask for a redelivery.", d.Why)
	require.Equal(t, began.Add(time.Minute), d.EndedAt)
	require.Zero(t, d.Attempts)
	require.Empty(t, d.ClaimedBy)
}

func TestStatusesSayWhatHasEnded(t *testing.T) {
	t.Parallel()
	ended := map[webhook.Status]bool{webhook.Pending: false, webhook.Retrying: false, webhook.Succeeded: true, webhook.Failed: true, webhook.Canceled: true}
	require.Len(t, webhook.Statuses, len(ended))
	for _, s := range webhook.Statuses {
		require.Equal(t, ended[s], s.Ended(), s)
	}
}

// What the server answers that the endpoint has left does not end the delivery.
func TestAnOutdatedAnswerIsTriedAgain(t *testing.T) {
	t.Parallel()
	gone := answered(410)
	require.Equal(t, webhook.Failed, fresh().Next(gone, webhook.Hub, began, atOnce).Status)
	gone.Outdated = true
	d := fresh().Next(gone, webhook.Hub, began, atOnce)
	require.Equal(t, webhook.Retrying, d.Status)
	require.Equal(t, began.Add(5*time.Second), d.NextAttemptAt)
	require.Equal(t, "The endpoint answered 410.", d.Why)
}
