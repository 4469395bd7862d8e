package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
	"paymenthub/internal/store"
	"paymenthub/internal/webhook"
)

// quickly is how long a poll may take on a busy machine.
const quickly = 200 * time.Millisecond

// pile has n deliveries wait for an endpoint, which began at a time, of so many objects.
// from numbers them, from 1.
func (w *World) pile(t testing.TB, e webhook.Endpoint, from, n, objects int, began time.Time) {
	numbers := fmt.Sprintf("WITH RECURSIVE k (n) AS (SELECT %d UNION ALL SELECT n + 1 FROM k WHERE n < %d)", from, from+n-1)
	at := began.UTC().Format("2006-01-02T15:04:05.000000Z")
	unchecked := "SET LOCAL session_replication_role = replica" // what the rows refer to is there: looking it up takes half of the time
	if w.Store.Dialect() == store.SQLite {
		unchecked = "PRAGMA cache_size = -65536" // the references are not looked up here; the indexes fit in memory
	}
	tx, err := w.SQL.Begin()
	require.NoError(t, err)
	for _, statement := range []string{
		unchecked,
		fmt.Sprintf(`INSERT INTO events (id, merchant_id, environment, type, object_id, object, created_at) %s
			SELECT 'evt_' || (1000000 + n), '%s', 'sandbox', 'payment_intent.created', 'pi_' || (1000000 + n %% %d), '{}', '%s' FROM k`,
			numbers, w.Scope.MerchantID, objects, at),
		fmt.Sprintf(`INSERT INTO webhook_deliveries (id, merchant_id, environment, event_id, endpoint_id, object_id, type, status, triggered_by, round,
				round_started_at, attempts, round_attempts, next_attempt_at, why, last_code, created_at, updated_at, claimed_by, claimed_until) %s
			SELECT 'whd_' || (1000000 + n), '%s', 'sandbox', 'evt_' || (1000000 + n), '%s', 'pi_' || (1000000 + n %% %d), 'payment_intent.created',
				'pending', 'event', 1, '%s', 0, 0, '%s', '', 0, '%s', '%s', '', '%s' FROM k`,
			numbers, w.Scope.MerchantID, e.ID, objects, at, at, at, at, at),
	} {
		_, err := tx.Exec(statement)
		require.NoError(t, err)
	}
	require.NoError(t, tx.Commit())
}

// ailing says how an endpoint fares, as attempts would have.
func (w *World) ailing(t testing.TB, e webhook.Endpoint, failures int, pausedUntil time.Time) {
	_, err := w.SQL.Exec(fmt.Sprintf("UPDATE webhook_endpoints SET failures = %d, failing_since = created_at, failed_at = created_at, paused_until = '%s' WHERE id = '%s'",
		failures, pausedUntil.UTC().Format("2006-01-02T15:04:05.000000Z"), e.ID))
	require.NoError(t, err)
}

// polls is of how many the quickest is measured: a machine may stall at some of them.
const polls = 10

// polled claims for a process a few times, and returns what it got each time and how
// long the quickest took.
func (w *World) polled(t testing.TB, by string) (got [][]webhook.Task, quickest time.Duration) {
	quickest = time.Hour
	for range polls {
		began := time.Now()
		tasks := w.claim(t, by, 32, 256)
		quickest = min(quickest, time.Since(began))
		got = append(got, tasks)
	}
	return got, quickest
}

// pollsAreQuick, however much waits: for an endpoint that is to be probed, one that is
// probed and one that is well.
func pollsAreQuick(t *testing.T, w *World) {
	sick := w.Asking(t)
	w.pile(t, sick, 1, 100_000, 100_000, w.now())
	w.ailing(t, sick, 9, w.now())
	w.now()
	well := w.Asking(t, "payment_intent.created")
	tasks := w.claim(t, "one", 32, 256)
	require.Equal(t, []string{"whd_1000001"}, ids(tasks))
	probe := tasks[0].Delivery

	w.tell(t, 1) // for both
	got, took := w.polled(t, "two")
	require.Len(t, got[0], 1, "the other is being tried")
	require.Equal(t, well.ID, got[0][0].Endpoint.ID)
	require.Less(t, took, quickly)

	w.record(t, w.Answered(probe, 200))
	got, took = w.polled(t, "two")
	for i, tasks := range got {
		require.Len(t, tasks, 32)
		require.Equal(t, fmt.Sprint("whd_", 1_000_002+i*32), tasks[0].Delivery.ID, "oldest first")
	}
	require.Less(t, took, quickly)

	w.ailing(t, sick, 9, w.now().Add(time.Hour))
	got, took = w.polled(t, "two")
	require.Empty(t, slices.Concat(got...), "paused")
	require.Less(t, took, quickly)
}

// oneObjectIsQuick: of many deliveries of one object all but one wait.
func oneObjectIsQuick(t *testing.T, w *World) {
	w.pile(t, w.Asking(t), 1, 100_000, 1, w.now())
	got, took := w.polled(t, "one")
	require.Equal(t, []string{"whd_1000001"}, ids(slices.Concat(got...)))
	require.Less(t, took, quickly/2)
}

// lateAreNoProbe: what is too late to be sent ends, also while nothing is sent, and the
// one message that is tried first is another.
func lateAreNoProbe(t *testing.T, w *World) {
	e := w.NewEndpoint()
	e.Dialect = webhook.Acquiring
	require.NoError(t, w.Store.Webhooks().CreateEndpoint(ctx, e))
	hub := w.Asking(t)
	now := w.Clock.Now()
	w.pile(t, e, 1, 300, 300, now.Add(-e.Dialect.Expiry()))
	w.pile(t, e, 301, 10, 10, now.Add(time.Millisecond-e.Dialect.Expiry()))
	w.pile(t, hub, 311, 1, 1, now.Add(-48*time.Hour))
	w.ailing(t, e, 9, now.Add(time.Second))
	_, err := w.SQL.Exec("UPDATE webhook_deliveries SET claimed_by = 'gone' WHERE id <= 'whd_1000020'")
	require.NoError(t, err)
	const ended = "webhook_deliveries WHERE status = 'failed'"

	require.Equal(t, []string{"whd_1000311"}, ids(w.claim(t, "one", 32, 256)), "another dialect's are never late")
	require.Equal(t, 276, w.count(t, ended), "in batches, while it is paused")
	_, err = w.SQL.Exec("UPDATE webhook_endpoints SET paused_until = NULL")
	require.NoError(t, err)
	require.Equal(t, []string{"whd_1000301"}, ids(w.claim(t, "one", 32, 256)))
	require.Equal(t, 300, w.count(t, ended))
	require.Empty(t, w.claim(t, "two", 32, 256), "it is being tried")
	d, err := w.Store.Webhooks().Delivery(ctx, w.Scope, "whd_1000001")
	require.NoError(t, err)
	want, late := webhook.Delivery{
		ID: d.ID, Scope: w.Scope, EventID: d.EventID, EndpointID: e.ID, ObjectID: d.ObjectID, Type: d.Type, Trigger: webhook.ByEvent, Round: 1,
		RoundStartedAt: d.RoundStartedAt, CreatedAt: d.CreatedAt,
	}.Late(e.Dialect, now)
	require.True(t, late)
	require.Equal(t, want, d)
	w.Clock.Advance(time.Second)
	require.Empty(t, w.claim(t, "two", 32, 256), "it is being tried")
	require.Equal(t, 309, w.count(t, ended), "whoever tries it ends its own")
}

// brokenEndpointsAreSkipped: what cannot be read is said, and the rest is claimed.
func brokenEndpointsAreSkipped(t *testing.T, w *World) {
	broken, good := w.Asking(t), w.Asking(t)
	w.tell(t, 1)
	_, err := w.SQL.Exec("UPDATE webhook_endpoints SET event_types = '{}' WHERE id = '" + broken.ID + "'")
	require.NoError(t, err)
	now := w.Clock.Now()
	tasks, err := w.Claim(ctx, "one", now, now.Add(time.Minute), 10, 10)
	require.ErrorContains(t, err, broken.ID)
	require.Len(t, tasks, 1)
	require.Equal(t, good.ID, tasks[0].Endpoint.ID)
}

// pausesEndWithoutRewriting what waited, however it ends.
func pausesEndWithoutRewriting(t *testing.T, w *World) {
	hooks := w.Store.Webhooks()
	h := w.handing("one")
	e := w.Asking(t)
	w.tell(t, 1)
	probe := h.taken()[0].Delivery
	w.ailing(t, e, 9, w.now().Add(time.Minute))
	w.tell(t, 3)
	require.Empty(t, h.taken())
	waiting := w.deliveries(t, webhook.DeliveryFilter{})[1:]
	w.record(t, w.Answered(probe, 200))
	require.Equal(t, waiting, w.deliveries(t, webhook.DeliveryFilter{})[1:])
	tasks := w.claim(t, "one", 10, 10)
	require.Len(t, tasks, 3)

	w.ailing(t, e, 9, w.now().Add(time.Minute))
	require.NoError(t, hooks.Release(ctx, "one", ids(tasks), w.Clock.Now()))
	require.Empty(t, w.claim(t, "one", 10, 10))
	waiting = w.deliveries(t, webhook.DeliveryFilter{})[1:]
	e.Version, e.URL, e.UpdatedAt = 2, "https://shop.example/moved", w.now()
	require.NoError(t, hooks.UpdateEndpoint(ctx, e))
	require.Equal(t, waiting, w.deliveries(t, webhook.DeliveryFilter{})[1:])
	require.Len(t, w.claim(t, "one", 10, 10), 3)
}

// deletedAreCanceled: a few at once, the others later, and none is told meanwhile.
func deletedAreCanceled(t *testing.T, w *World) {
	hooks := w.Store.Webhooks()
	e, other := w.Asking(t), w.Asking(t)
	w.tell(t, 1)
	retried := w.claim(t, "one", 1, 1)[0].Delivery
	require.Equal(t, e.ID, retried.EndpointID)
	w.record(t, w.Answered(retried, 500))
	w.pile(t, e, 1, 2600, 2600, w.now())
	at := w.now()
	require.NoError(t, hooks.DeleteEndpoint(ctx, w.Scope, e.ID, at))
	const canceled = "webhook_deliveries WHERE status = 'canceled'"
	require.Equal(t, 2000, w.count(t, canceled))
	require.Equal(t, []string{other.ID}, []string{w.claim(t, "one", 10, 10)[0].Endpoint.ID})
	require.Empty(t, w.claim(t, "one", 10, 10), "those that wait are told to nobody")

	_, err := w.SQL.Exec("UPDATE webhook_deliveries SET status = 'retrying', ended_at = NULL, next_attempt_at = created_at, revive_at = created_at WHERE id = '" + retried.ID + "'")
	require.NoError(t, err)
	task, err := hooks.Task(ctx, retried.ID)
	require.NoError(t, err)
	require.Equal(t, webhook.Canceled, task.Delivery.Status, "a retry finds it so before it is written down")
	require.Equal(t, at, task.Delivery.EndedAt)
	left := 2601 - w.count(t, canceled)
	for left > 0 {
		n, err := hooks.CancelDeleted(ctx, w.Clock.Now(), 500)
		require.NoError(t, err)
		require.EqualValues(t, min(left, 500), n)
		left -= int(n)
	}
	n, err := hooks.CancelDeleted(ctx, w.Clock.Now(), 500)
	require.NoError(t, err)
	require.Zero(t, n)
	require.Equal(t, 2601, w.count(t, canceled))
	d, err := hooks.Delivery(ctx, w.Scope, retried.ID)
	require.NoError(t, err)
	require.Equal(t, webhook.Canceled, d.Status)
	require.Equal(t, 1, d.Attempts)
	_, err = hooks.Redeliver(ctx, w.Scope, d.ID, at)
	require.True(t, fault.Is(err, fault.InvalidState), err)
}

// heldEndpointsHoldNothing: results are recorded while somebody else has the endpoint,
// and its health is told by the next attempt.
func heldEndpointsHoldNothing(t *testing.T, w *World) {
	if w.Store.Dialect() != store.Postgres {
		return // SQLite has no locks
	}
	held, free := w.Asking(t), w.Asking(t)
	w.tell(t, 2)
	tasks := w.claim(t, "one", 10, 10)
	require.Len(t, tasks, 4)
	slices.SortFunc(tasks, func(a, b webhook.Task) int { return a.Event.CreatedAt.Compare(b.Event.CreatedAt) })
	var first, second []webhook.Result
	for i, task := range tasks {
		if result := w.Answered(task.Delivery, 500); i < 2 {
			first = append(first, result)
		} else {
			second = append(second, result)
		}
	}
	letGo := w.hold(t, held)
	began := time.Now()
	require.Len(t, w.record(t, first...), 2)
	require.Less(t, time.Since(began), 5*time.Second, "whoever waits for a lock that long fails")
	require.Equal(t, 1, w.endpoint(t, free.ID).Health.Failures)
	require.Zero(t, w.endpoint(t, held.ID).Health)
	require.Equal(t, 2, w.count(t, "webhook_attempts"))

	letGo()
	require.Len(t, w.record(t, second...), 2)
	require.Equal(t, 2, w.endpoint(t, free.ID).Health.Failures)
	require.Equal(t, 1, w.endpoint(t, held.ID).Health.Failures, "by the next attempt")
	for tries := 0; !w.toldWhileHeldBriefly(t); tries++ {
		require.Less(t, tries, 10, "the machine stalls at each of them")
	}
}

// hold locks an endpoint until the returned function is called.
func (w *World) hold(t testing.TB, e webhook.Endpoint) (letGo func()) {
	tx, err := w.SQL.Begin()
	require.NoError(t, err)
	_, err = tx.Exec("SELECT id FROM webhook_endpoints WHERE id = '" + e.ID + "' FOR NO KEY UPDATE")
	require.NoError(t, err)
	return func() { require.NoError(t, tx.Rollback()) }
}

// toldWhileHeldBriefly holds that an attempt tells of its endpoint where somebody else has
// that for less time than is waited. It reports false when it took longer than that.
func (w *World) toldWhileHeldBriefly(t *testing.T) bool {
	const waited = 250 * time.Millisecond
	e := w.Asking(t)
	w.tell(t, 1)
	result := w.Answered(w.deliveries(t, webhook.DeliveryFilter{EndpointID: e.ID})[0], 500)
	letGo := w.hold(t, e)
	began, recorded := time.Now(), make(chan []webhook.Result, 1)
	go func() {
		written, _ := w.Store.Webhooks().Record(ctx, w.now(), []webhook.Result{result})
		recorded <- written
	}()
	time.Sleep(waited / 5)
	letGo()
	require.Len(t, <-recorded, 1)
	if time.Since(began) >= waited {
		return false
	}
	require.Equal(t, 1, w.endpoint(t, e.ID).Health.Failures)
	return true
}

// replaysKeepOrder of what one object's events tell, however many are queued at once.
func replaysKeepOrder(t *testing.T, w *World) {
	hooks := w.Store.Webhooks()
	w.realTime()
	began := w.now()
	for range 5 {
		w.Sold(t, w.Wanted())
	}
	e := w.Asking(t)
	wanted := w.replay(e, webhook.ReplayRange)
	wanted.From = began
	r, err := hooks.CreateReplay(ctx, wanted)
	require.NoError(t, err)
	for r.Status == webhook.ReplayRunning {
		r, _, err = hooks.Advance(ctx, r.ID, 4, w.Clock.Now())
		require.NoError(t, err)
	}
	var told []string
	for _, d := range w.deliveries(t, webhook.DeliveryFilter{EndpointID: e.ID}) {
		told = append(told, d.EventID)
	}
	require.GreaterOrEqual(t, len(told), 10)
	require.True(t, slices.IsSorted(told), told)
}
