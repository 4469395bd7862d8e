package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
	"paymenthub/internal/merchant"
	"paymenthub/internal/webhook"
)

// realTime has events bear about the time that is in their ids, which replays go by.
func (w *World) realTime() { w.Clock.Advance(time.Since(w.Clock.Now()).Truncate(time.Microsecond)) }

// failedAreReplayed in pages, each once.
func failedAreReplayed(t *testing.T, w *World) {
	hooks := w.Store.Webhooks()
	e := w.Asking(t)
	w.tell(t, 5)
	var failed []webhook.Delivery
	for i, task := range w.claim(t, "one", 10, 10) {
		d := task.Delivery
		if i == 0 {
			w.record(t, w.Answered(d, 200))
			continue
		}
		failed = append(failed, d.Refused(w.now()))
		w.record(t, webhook.Result{Before: d, After: failed[len(failed)-1]})
	}
	wanted := w.replay(e, webhook.ReplayFailed)
	wanted.From = failed[1].EndedAt
	stored, err := hooks.CreateReplay(ctx, wanted)
	require.NoError(t, err)
	require.Equal(t, 3, stored.Total)
	again, err := hooks.CreateReplay(ctx, wanted)
	require.NoError(t, err)
	require.Equal(t, stored, again, "stored once")
	_, err = hooks.CreateReplay(ctx, w.replay(e, webhook.ReplayFailed))
	require.True(t, fault.Is(err, fault.InvalidState), err)
	require.ErrorContains(t, err, "Another replay is running")

	now := w.now()
	moved, retrying, err := hooks.Advance(ctx, stored.ID, 2, now)
	require.NoError(t, err)
	require.Equal(t, webhook.Replay{
		ID: stored.ID, Scope: w.Scope, EndpointID: e.ID, Kind: webhook.ReplayFailed, From: stored.From, To: stored.To, Status: webhook.ReplayRunning,
		Total: 3, Seen: 2, Queued: 2, Cursor: failed[2].ID, CreatedAt: stored.CreatedAt, UpdatedAt: now,
	}, moved)
	require.Empty(t, retrying)
	for _, d := range failed[1:3] {
		got, err := hooks.Delivery(ctx, w.Scope, d.ID)
		require.NoError(t, err)
		require.Equal(t, d.Again(now), got)
	}
	d := w.claim(t, "one", 1, 1)[0].Delivery
	w.record(t, webhook.Result{Before: d, After: d.Refused(w.now())}) // fails again, and is not seen again
	moved, _, err = hooks.Advance(ctx, stored.ID, 2, w.now())
	require.NoError(t, err)
	require.Equal(t, webhook.ReplayCompleted, moved.Status)
	require.Equal(t, 3, moved.Queued)
	still, _, err := hooks.Advance(ctx, stored.ID, 2, w.now())
	require.NoError(t, err)
	require.Equal(t, moved, still, "it has ended")
	found, err := hooks.Replay(ctx, w.Scope, stored.ID)
	require.NoError(t, err)
	require.Equal(t, moved, found)
	list, more, err := hooks.ListReplays(ctx, w.Scope, e.ID, webhook.Page{Limit: 5})
	require.NoError(t, err)
	require.False(t, more)
	require.Equal(t, []webhook.Replay{moved}, list)
	w.elsewhere(t, func(other merchant.Scope) {
		_, err := hooks.Replay(ctx, other, stored.ID)
		require.True(t, fault.Is(err, fault.NotFound), err)
		list, _, err := hooks.ListReplays(ctx, other, e.ID, webhook.Page{Limit: 5})
		require.NoError(t, err)
		require.Empty(t, list)
	})
}

// waitingAreReplayed: what waits for its next attempt is to be attempted now, by whoever
// moves the replay or else by whoever looks for what is Waiting.
func waitingAreReplayed(t *testing.T, w *World) {
	hooks := w.Store.Webhooks()
	w.realTime()
	e := w.Asking(t)
	w.tell(t, 5)
	tasks := w.claim(t, "one", 10, 10)
	require.Len(t, tasks, 5)
	before := w.record(t, w.Answered(tasks[0].Delivery, 500))[0].After
	since := w.now()
	waits := w.record(t, w.Answered(tasks[1].Delivery, 500))[0].After
	ended := tasks[2].Delivery.Refused(w.now())
	w.record(t, w.Answered(tasks[3].Delivery, 200), webhook.Result{Before: tasks[2].Delivery, After: ended}) // the fifth is pending

	wanted := w.replay(e, webhook.ReplayFailed)
	wanted.From = since
	r, err := hooks.CreateReplay(ctx, wanted)
	require.NoError(t, err)
	require.Equal(t, 2, r.Total)
	later := w.record(t, w.Answered(tasks[4].Delivery, 500))[0].After
	now := w.now()
	r, retrying, err := hooks.Advance(ctx, r.ID, 1, now)
	require.NoError(t, err)
	require.Equal(t, []webhook.Delivery{waits}, retrying)
	require.Equal(t, []int{1, 1}, []int{r.Seen, r.Queued})
	stored, err := hooks.Delivery(ctx, w.Scope, waits.ID)
	require.NoError(t, err)
	require.Equal(t, waits, stored, "its next attempt keeps its time")
	found, err := hooks.Waiting(ctx, now.Add(time.Second), 5)
	require.NoError(t, err)
	require.Equal(t, []webhook.Delivery{waits}, found)
	w.record(t, w.Answered(waits, 500))
	found, err = hooks.Waiting(ctx, now.Add(time.Second), 5)
	require.NoError(t, err)
	require.Empty(t, found, "it was attempted")
	for r.Status == webhook.ReplayRunning {
		r, retrying, err = hooks.Advance(ctx, r.ID, 1, w.now())
		require.NoError(t, err)
		require.Empty(t, retrying)
	}
	require.Equal(t, []int{2, 2}, []int{r.Seen, r.Queued})

	r, err = hooks.CreateReplay(ctx, w.replay(e, webhook.ReplayRange))
	require.NoError(t, err)
	r, retrying, err = hooks.Advance(ctx, r.ID, 5, w.now())
	require.NoError(t, err)
	require.Equal(t, []string{before.ID, waits.ID, later.ID}, []string{retrying[0].ID, retrying[1].ID, retrying[2].ID})
	require.Equal(t, 4, r.Queued, "one has begun another round already")
}

// rareTypesAreFound: a page looks at more than it queues, and queues no more than it may.
func rareTypesAreFound(t *testing.T, w *World) {
	hooks := w.Store.Webhooks()
	w.realTime()
	e, none := w.Asking(t, "payment_intent.created"), w.Asking(t, "refund.created")
	w.tell(t, 21)
	r, err := hooks.CreateReplay(ctx, w.replay(none, webhook.ReplayRange))
	require.NoError(t, err)
	r, _, err = hooks.Advance(ctx, r.ID, 1, w.now())
	require.NoError(t, err)
	require.Equal(t, []int{20, 0}, []int{r.Seen, r.Queued})
	r, _, err = hooks.Advance(ctx, r.ID, 1, w.now())
	require.NoError(t, err)
	require.Equal(t, webhook.ReplayCompleted, r.Status)
	require.Equal(t, 21, r.Seen)

	for _, task := range w.claim(t, "one", 21, 21) {
		w.record(t, w.Answered(task.Delivery, 200))
	}
	r, err = hooks.CreateReplay(ctx, w.replay(e, webhook.ReplayRange))
	require.NoError(t, err)
	for queued := 2; queued < 21; queued += 2 {
		r, _, err = hooks.Advance(ctx, r.ID, 2, w.now())
		require.NoError(t, err)
		require.Equal(t, []int{queued, queued}, []int{r.Seen, r.Queued})
	}
	r, _, err = hooks.Advance(ctx, r.ID, 2, w.now())
	require.NoError(t, err)
	require.Equal(t, webhook.ReplayCompleted, r.Status)
	require.Equal(t, []int{21, 21}, []int{r.Seen, r.Queued})
}

// pausesAreTold to who asks for what waits for their end.
func pausesAreTold(t *testing.T, w *World) {
	hooks := w.Store.Webhooks()
	e := w.Asking(t)
	w.tell(t, 3)
	tasks := w.claim(t, "one", 1, 1)
	ended := w.record(t, w.Answered(tasks[0].Delivery, 200))[0].After
	waits := w.claim(t, "one", 1, 1)[0].Delivery
	until := w.now().Add(time.Minute)
	w.ailing(t, e, webhook.FailuresToPause, until)
	requirePaused := func(_ webhook.Delivery, err error) {
		t.Helper()
		require.True(t, fault.Is(err, fault.InvalidState), err)
		require.ErrorContains(t, err, "paused after failures")
		require.ErrorContains(t, err, until.Format(time.RFC3339))
	}
	requirePaused(hooks.Redeliver(ctx, w.Scope, waits.ID, w.now()))
	requirePaused(hooks.Address(ctx, w.Scope, waits.EventID, e.ID, w.now()))
	again, err := hooks.Redeliver(ctx, w.Scope, ended.ID, w.now())
	require.NoError(t, err, "it had ended")
	require.Equal(t, 2, again.Round)
	same, err := hooks.Redeliver(ctx, w.Scope, waits.ID, until)
	require.NoError(t, err, "the pause has ended")
	require.Equal(t, waits, same)
}

// rangesAreReplayed: also what was told before, and what was never told.
func rangesAreReplayed(t *testing.T, w *World) {
	hooks := w.Store.Webhooks()
	w.realTime()
	before := w.now()
	w.tell(t, 2)
	e := w.Asking(t, "payment_intent.created")
	w.tell(t, 2)
	sold := w.Sold(t, w.Wanted()) // more events than the endpoint asks for
	tasks := w.claim(t, "one", 2, 2)
	w.record(t, w.Answered(tasks[0].Delivery, 200))
	wanted := w.replay(e, webhook.ReplayRange)
	wanted.From = before
	stored, err := hooks.CreateReplay(ctx, wanted)
	require.NoError(t, err)
	require.Equal(t, w.count(t, "events"), stored.Total)
	steps := 0
	for ; stored.Status == webhook.ReplayRunning; steps++ {
		stored, _, err = hooks.Advance(ctx, stored.ID, 2, w.now())
		require.NoError(t, err)
	}
	require.Equal(t, 2, steps, "of each event of two that are sent again many others are looked at")
	require.Equal(t, stored.Total, stored.Seen)
	require.Equal(t, 3, stored.Queued, "two are under way")
	require.False(t, stored.EndedAt.IsZero())
	require.Len(t, w.deliveries(t, webhook.DeliveryFilter{Status: webhook.Pending}), 5)
	for _, d := range w.deliveries(t, webhook.DeliveryFilter{}) {
		require.Equal(t, "payment_intent.created", d.Type)
	}
	require.NotEmpty(t, sold.Intent.ID)

	none := w.replay(e, webhook.ReplayRange)
	none.From, none.To = before.Add(-2*time.Hour), before
	stored, err = hooks.CreateReplay(ctx, none)
	require.NoError(t, err)
	require.Zero(t, stored.Total)
}

// replaysStop with their endpoint, and lost ones are found.
func replaysStop(t *testing.T, w *World) {
	hooks := w.Store.Webhooks()
	e := w.Asking(t)
	r, err := hooks.CreateReplay(ctx, w.replay(e, webhook.ReplayRange))
	require.NoError(t, err)
	lost, err := hooks.StaleReplays(ctx, r.UpdatedAt, 5)
	require.NoError(t, err)
	require.Empty(t, lost)
	lost, err = hooks.StaleReplays(ctx, r.UpdatedAt.Add(time.Second), 5)
	require.NoError(t, err)
	require.Equal(t, []webhook.Replay{r}, lost)

	e.Version, e.Disabled, e.DisabledAt = 2, webhook.ByMerchant, w.now()
	require.NoError(t, hooks.UpdateEndpoint(ctx, e))
	r, _, err = hooks.Advance(ctx, r.ID, 5, w.now())
	require.NoError(t, err)
	require.Equal(t, webhook.ReplayStopped, r.Status)
	require.Equal(t, w.Clock.Now(), r.EndedAt)
	lost, err = hooks.StaleReplays(ctx, w.now().Add(time.Hour), 5)
	require.NoError(t, err)
	require.Empty(t, lost)
	_, err = hooks.CreateReplay(ctx, w.replay(e, webhook.ReplayRange))
	require.True(t, fault.Is(err, fault.InvalidState), err)
	e.ID = "we_none"
	_, err = hooks.CreateReplay(ctx, w.replay(e, webhook.ReplayRange))
	require.True(t, fault.Is(err, fault.NotFound), err)
	_, _, err = hooks.Advance(ctx, "whr_none", 5, w.now())
	require.True(t, fault.Is(err, fault.NotFound), err)
}
