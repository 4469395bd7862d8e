package storetest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/event"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/webhook"
)

// tell makes n events, each of a payment of its own.
func (w *World) tell(t testing.TB, n int) {
	for range n {
		w.Insert(t, w.Wanted())
	}
}

func ids(tasks []webhook.Task) (list []string) {
	for _, task := range tasks {
		list = append(list, task.Delivery.ID)
	}
	return list
}

// claimsAreFair: of each endpoint its oldest, and all endpoints in turn.
func claimsAreFair(t *testing.T, w *World) {
	endpoints := []webhook.Endpoint{w.Asking(t), w.Asking(t), w.Asking(t)}
	require.Empty(t, w.claim(t, "one", 10, 10))
	w.tell(t, 4)
	of := map[string][]webhook.Delivery{}
	for _, e := range endpoints {
		of[e.ID] = w.deliveries(t, webhook.DeliveryFilter{EndpointID: e.ID})
		require.Len(t, of[e.ID], 4)
	}
	tasks := w.claim(t, "one", 2, 6)
	require.Len(t, tasks, 6)
	taken := map[string]int{}
	for _, task := range tasks {
		e := task.Endpoint
		require.Equal(t, of[e.ID][taken[e.ID]].ID, task.Delivery.ID, "oldest first")
		require.Equal(t, "one", task.Delivery.ClaimedBy)
		require.Equal(t, w.Clock.Now().Add(webhook.ClaimFor), task.Delivery.ClaimedUntil)
		require.Equal(t, w.endpoint(t, e.ID), e)
		require.Equal(t, task.Delivery.EventID, task.Event.ID)
		require.Equal(t, task.Delivery.ObjectID, task.Event.ObjectID)
		taken[e.ID]++
	}
	for _, e := range endpoints {
		require.Equal(t, 2, taken[e.ID])
	}
	seen := map[string]bool{}
	for range 3 { // one at a time: each endpoint has its turn
		next := w.claim(t, "two", 10, 1)
		require.Len(t, next, 1)
		seen[next[0].Endpoint.ID] = true
	}
	require.Len(t, seen, 3)
	require.Len(t, w.claim(t, "two", 10, 10), 3)
	require.Empty(t, w.claim(t, "two", 10, 10), "everything is claimed")

	w.Clock.Advance(webhook.ClaimFor)
	require.Len(t, w.claim(t, "two", 10, 100), 12, "claims pass")
}

// claimsKeepOrder: of one object's deliveries to an endpoint the oldest alone.
func claimsKeepOrder(t *testing.T, w *World) {
	w.Asking(t)
	p := w.Insert(t, w.Wanted())
	canceled, err := p.Cancel("", id.NewSuffix(), w.now())
	require.NoError(t, err)
	require.NoError(t, w.Payments.Apply(ctx, canceled))
	w.tell(t, 1)
	first := w.deliveries(t, webhook.DeliveryFilter{Type: "payment_intent.created"})
	later := w.deliveries(t, webhook.DeliveryFilter{Type: "payment_intent.canceled"})
	require.Len(t, first, 2)
	require.Len(t, later, 1)

	tasks := w.claim(t, "one", 10, 10)
	require.Equal(t, []string{first[0].ID, first[1].ID}, ids(tasks))
	require.Empty(t, w.claim(t, "one", 10, 10), "the first is under way")
	for _, task := range tasks {
		w.record(t, w.Answered(task.Delivery, 500))
	}
	require.Equal(t, []string{later[0].ID}, ids(w.claim(t, "two", 10, 10)), "one that retries holds nothing up")
}

// claimsAreKept: only by the process that has them.
func claimsAreKept(t *testing.T, w *World) {
	queue := w.Store.Webhooks()
	w.Asking(t)
	w.tell(t, 2)
	tasks := w.claim(t, "one", 10, 10)
	require.Len(t, tasks, 2)
	mine, both := ids(tasks)[:1], ids(tasks)
	long := w.Clock.Now().Add(time.Hour)
	renew := func(by string, ids []string) []string {
		kept, err := queue.Renew(ctx, by, ids, long)
		require.NoError(t, err)
		return kept
	}
	require.Empty(t, renew("one", nil))
	require.Empty(t, renew("two", both), "another's")
	require.NoError(t, queue.Release(ctx, "two", both, w.Clock.Now()))
	require.Equal(t, mine, renew("one", mine))
	w.Clock.Advance(webhook.ClaimFor)
	require.Equal(t, both[1:], ids(w.claim(t, "two", 10, 10)))
	later := w.Clock.Now().Add(time.Minute)
	require.NoError(t, queue.Release(ctx, "one", both, later))
	require.Empty(t, w.claim(t, "two", 10, 10), "not before the time")
	w.Clock.Advance(time.Minute)
	require.Equal(t, both, ids(w.claim(t, "three", 10, 10)))

	w.record(t, w.Answered(tasks[0].Delivery, 200))
	require.Equal(t, both[1:], renew("three", both), "one that has ended stays so")
	d, err := queue.Delivery(ctx, w.Scope, both[0])
	require.NoError(t, err)
	require.Equal(t, webhook.Succeeded, d.Status)
}

// claimsAreNotShared: processes that claim at the same time never get the same.
func claimsAreNotShared(t *testing.T, w *World) {
	w.Asking(t)
	w.Asking(t)
	w.tell(t, 30)
	var mu sync.Mutex
	owner := map[string]string{}
	now := w.Clock.Now()
	for _, err := range together(8, func(i int) error {
		by := fmt.Sprint("process ", i)
		for range 20 {
			tasks, err := w.Claim(ctx, by, now, now.Add(time.Minute), 3, 5)
			if err != nil {
				return err
			}
			mu.Lock()
			for _, task := range tasks {
				if other, taken := owner[task.Delivery.ID]; taken {
					err = fmt.Errorf("%s and %s have %s", other, by, task.Delivery.ID)
				}
				owner[task.Delivery.ID] = by
			}
			mu.Unlock()
			if err != nil {
				return err
			}
		}
		return nil
	}) {
		require.NoError(t, err)
	}
	require.Len(t, owner, 60)
}

// unhealthyEndpointsAreProbed: a paused endpoint is left alone, and tried with one
// message first by one process; a disabled one is not left to wait.
func unhealthyEndpointsAreProbed(t *testing.T, w *World) {
	e := w.Asking(t)
	w.tell(t, 3)
	for i := range webhook.FailuresToPause { // of retries
		w.tell(t, 1)
		tasks := w.claim(t, "one", 1, 1)
		require.Len(t, tasks, 1, i)
		w.record(t, w.Answered(tasks[0].Delivery, 500))
	}
	paused := w.endpoint(t, e.ID).Health
	require.Equal(t, webhook.FailuresToPause, paused.Failures)
	require.True(t, paused.Paused(w.Clock.Now()))
	require.Empty(t, w.claim(t, "one", 10, 10))

	w.Clock.Advance(time.Minute)
	probe := w.claim(t, "one", 10, 10)
	require.Len(t, probe, 1)
	require.Empty(t, w.claim(t, "two", 10, 10), "it is being tried")
	w.record(t, w.Answered(probe[0].Delivery, 503))
	require.Empty(t, w.claim(t, "two", 10, 10))
	w.Clock.Advance(2 * time.Minute)
	probe = w.claim(t, "two", 10, 10)
	require.Len(t, probe, 1)
	w.tell(t, 1)
	w.record(t, w.Answered(probe[0].Delivery, 204))
	require.Zero(t, w.endpoint(t, e.ID).Health)
	require.Len(t, w.claim(t, "two", 10, 10), 2, "and the rest is free")

	w.tell(t, 1)
	_, err := w.SQL.Exec("UPDATE webhook_endpoints SET failures = 9, disabled = 'merchant', paused_until = '2027-03-01T13:00:00.000000Z'")
	require.NoError(t, err)
	refused := w.claim(t, "two", 10, 10)
	require.Len(t, refused, 1)
	require.False(t, refused[0].Endpoint.Enabled())
	d := refused[0].Delivery
	require.Len(t, w.record(t, webhook.Result{Before: d, After: d.Refused(w.now())}), 1)
}

// resultsAreRecordedOnce: a delivery that has moved on since is left out.
func resultsAreRecordedOnce(t *testing.T, w *World) {
	queue := w.Store.Webhooks()
	e := w.Asking(t)
	w.tell(t, 1)
	d := w.claim(t, "one", 1, 1)[0].Delivery
	failed := w.Answered(d, 0)
	failed.Attempt.RetryAfter = 3 * time.Second
	require.Equal(t, []webhook.Result{failed}, w.record(t, failed))
	require.Empty(t, w.record(t, failed))
	require.Empty(t, w.record(t, w.Answered(d, 200)))

	stored, err := queue.Delivery(ctx, w.Scope, d.ID)
	require.NoError(t, err)
	require.Equal(t, failed.After, stored)
	won := w.Answered(stored, 200)
	winners := 0
	var mu sync.Mutex
	for _, err := range together(10, func(int) error {
		written, err := queue.Record(ctx, w.Clock.Now(), []webhook.Result{won})
		mu.Lock()
		defer mu.Unlock()
		winners += len(written)
		return err
	}) {
		require.NoError(t, err)
	}
	require.Equal(t, 1, winners)
	stored, err = queue.Delivery(ctx, w.Scope, d.ID)
	require.NoError(t, err)
	require.Equal(t, won.After, stored)
	attempts, err := queue.Attempts(ctx, w.Scope, d.ID)
	require.NoError(t, err)
	require.Equal(t, []webhook.Attempt{*failed.Attempt, *won.Attempt}, attempts)
	buckets, err := queue.Activity(ctx, w.Scope, "", d.CreatedAt)
	require.NoError(t, err)
	require.Equal(t, []webhook.Bucket{{
		EndpointID: e.ID, At: d.CreatedAt.Truncate(webhook.BucketLength), Succeeded: 1, Failed: 1, Took: 40 * time.Millisecond,
	}}, buckets)

	w.elsewhere(t, func(other merchant.Scope) {
		_, err := queue.Delivery(ctx, other, d.ID)
		require.True(t, fault.Is(err, fault.NotFound), err)
		attempts, err := queue.Attempts(ctx, other, d.ID)
		require.NoError(t, err)
		require.Empty(t, attempts)
		buckets, err := queue.Activity(ctx, other, e.ID, d.CreatedAt)
		require.NoError(t, err)
		require.Empty(t, buckets)
		list, _, err := queue.ListDeliveries(ctx, other, webhook.DeliveryFilter{EndpointID: e.ID})
		require.NoError(t, err)
		require.Empty(t, list)
	})
}

// deadEndpointsAreDisabled: with an event, which other endpoints hear of, and a notice.
func deadEndpointsAreDisabled(t *testing.T, w *World) {
	h := w.handing("one")
	gone, failing := w.Asking(t, "payment_intent.*"), w.Asking(t, "payment_intent.*")
	listening := w.Asking(t, "webhook_endpoint.disabled")
	w.tell(t, 3)
	tasks := h.taken()
	require.Len(t, tasks, 6)
	var results []webhook.Result
	for _, task := range tasks {
		code := 500
		if task.Endpoint.ID == gone.ID {
			code = 410
		}
		results = append(results, w.Answered(task.Delivery, code))
	}
	w.Clock.Advance(time.Second)
	require.Len(t, w.record(t, results[:2]...), 2)
	require.Equal(t, webhook.Gone, w.endpoint(t, gone.ID).Disabled)
	require.True(t, w.endpoint(t, failing.ID).Enabled())
	told := h.taken()
	require.Len(t, told, 1)
	require.Equal(t, listening.ID, told[0].Endpoint.ID)
	require.Equal(t, event.WebhookEndpointDisabled, told[0].Event.Type)
	require.Equal(t, gone.ID, told[0].Event.ObjectID)
	require.Contains(t, string(told[0].Event.Object), `"gone"`)
	require.NotContains(t, string(told[0].Event.Object), "ealed")
	stored := w.endpoint(t, gone.ID)
	require.Equal(t, gone.Version+1, stored.Version, "no change at the same moment enables it again")

	w.Clock.Advance(webhook.GiveUpAfter / 2)
	require.Len(t, w.record(t, results[2:4]...), 2)
	require.True(t, w.endpoint(t, failing.ID).Enabled())
	w.Clock.Advance(webhook.GiveUpAfter / 2)
	require.Len(t, w.record(t, results[4:]...), 2)
	require.Equal(t, webhook.Failing, w.endpoint(t, failing.ID).Disabled)
	require.Len(t, h.taken(), 1)
	require.Equal(t, 2, w.count(t, "notices"))
	require.Equal(t, 2, w.count(t, "events WHERE type = 'webhook_endpoint.disabled'"))
	rows, err := w.SQL.Query("SELECT object_id, text FROM notices ORDER BY id")
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var object, text string
		require.NoError(t, rows.Scan(&object, &text))
		require.Contains(t, text, object)
		require.Contains(t, text, "was disabled")
	}
	require.NoError(t, rows.Err())
}

// lostRetriesAreFound: those whose next attempt was due long ago.
func lostRetriesAreFound(t *testing.T, w *World) {
	queue := w.Store.Webhooks()
	w.Asking(t)
	w.tell(t, 2)
	var all []webhook.Delivery
	for _, task := range w.claim(t, "one", 10, 10) {
		all = append(all, w.record(t, w.Answered(task.Delivery, 500))[0].After)
		w.Clock.Advance(time.Second)
	}
	lost := func(before time.Time, limit int) []webhook.Delivery {
		list, err := queue.Waiting(ctx, before, limit)
		require.NoError(t, err)
		return list
	}
	require.Empty(t, lost(all[0].NextAttemptAt, 10))
	end := all[1].NextAttemptAt.Add(time.Microsecond)
	require.Equal(t, all, lost(end, 10))
	require.Equal(t, all[:1], lost(end, 1))
	require.NoError(t, queue.Postpone(ctx, all[0].ID, end.Add(time.Minute)))
	require.Equal(t, all[1:], lost(end, 10))
	require.NoError(t, queue.Postpone(ctx, all[0].ID, end), "never to before")
	require.Equal(t, []webhook.Delivery{all[1], all[0]}, lost(end.Add(time.Hour), 10), "nothing else changed")
	w.record(t, w.Answered(all[0], 200))
	require.NoError(t, queue.Postpone(ctx, all[0].ID, end.Add(time.Hour)))
	require.Equal(t, all[1:], lost(end.Add(time.Hour), 10))
}

// oldEventsGo: with all that was made of them.
func oldEventsGo(t *testing.T, w *World) {
	queue := w.Store.Webhooks()
	w.Asking(t)
	w.tell(t, 3)
	tasks := w.claim(t, "one", 10, 10)
	slices.SortFunc(tasks, func(a, b webhook.Task) int { return a.Event.CreatedAt.Compare(b.Event.CreatedAt) })
	w.record(t, w.Answered(tasks[0].Delivery, 410))
	deleted := func(before time.Time, limit int) int64 {
		n, err := queue.DeleteOld(ctx, before, limit)
		require.NoError(t, err)
		return n
	}
	require.Zero(t, deleted(tasks[0].Event.CreatedAt, 10), "before is exclusive")
	require.EqualValues(t, 1, deleted(tasks[2].Event.CreatedAt, 1))
	require.Zero(t, w.count(t, "webhook_attempts"))
	require.Equal(t, 2, w.count(t, "webhook_deliveries"))
	require.EqualValues(t, 1, deleted(tasks[2].Event.CreatedAt, 10), "also one that is pending")
	require.Equal(t, 1, w.count(t, "notices"))
	w.Clock.Advance(time.Hour)
	require.EqualValues(t, 2, deleted(w.Clock.Now(), 10))
	for _, table := range []string{"events", "webhook_deliveries", "webhook_activity", "notices"} {
		require.Zero(t, w.count(t, table), table)
	}
}

// forgottenDeliveriesFail: a delivery whose event was removed meanwhile.
func forgottenDeliveriesFail(t *testing.T, w *World) {
	w.Asking(t)
	w.tell(t, 1)
	d := w.deliveries(t, webhook.DeliveryFilter{})[0]
	_, err := w.SQL.Exec("DELETE FROM events")
	require.NoError(t, err)
	require.Empty(t, w.claim(t, "one", 10, 10))
	d, err = w.Store.Webhooks().Delivery(ctx, w.Scope, d.ID)
	require.NoError(t, err)
	require.Equal(t, webhook.Failed, d.Status)
	require.Contains(t, d.Why, "kept no longer")
	require.Equal(t, w.Clock.Now(), d.EndedAt)
	_, err = w.Store.Webhooks().Task(ctx, d.ID)
	require.True(t, fault.Is(err, fault.NotFound), err)
	_, err = w.Store.Webhooks().Redeliver(ctx, w.Scope, d.ID, w.now())
	require.True(t, fault.Is(err, fault.InvalidState), err)
}
