package dispatch_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/clock"
	"paymenthub/internal/webhook"
	"paymenthub/internal/webhook/dispatch"
)

func TestAttemptsThatAreAskedFor(t *testing.T) {
	t.Parallel()
	bubble(t, "a retry is made during a pause and frees the lane", func(t *testing.T) {
		var dead atomic.Bool
		dead.Store(true)
		w := newWorld(t, func(_, _ string, _ int) reply {
			if dead.Load() {
				return reply{500, time.Millisecond, 0}
			}
			return reply{200, time.Millisecond, 0}
		})
		w.queue.endpoint("mch_1", "we_1")
		d := w.dispatcher("a")
		defer run(d)()
		for n := range 8 {
			w.tell(d, "we_1", fmt.Sprint("pi_", n), 1)
		}
		time.Sleep(time.Second)
		require.Len(t, w.retrier.ids(), 8)
		task, err := w.queue.Task(t.Context(), "whd_000001")
		require.NoError(t, err)
		after, err := d.Attempt(t.Context(), task)
		require.NoError(t, err)
		require.Equal(t, webhook.Retrying, after.Status)
		require.Equal(t, 2, after.Attempts)
		require.Len(t, w.retrier.ids(), 8, "its workflow runs already")
		dead.Store(false)
		task, err = w.queue.Task(t.Context(), "whd_000001")
		require.NoError(t, err)
		after, err = d.Attempt(t.Context(), task)
		require.NoError(t, err)
		require.Equal(t, webhook.Succeeded, after.Status)
		w.tell(d, "we_1", "pi_9", 1)
		time.Sleep(50 * time.Millisecond)
		require.Equal(t, 2, w.queue.count("we_1", webhook.Succeeded))

		_, err = d.Attempt(t.Context(), task)
		require.ErrorIs(t, err, webhook.ErrStale, "the delivery has moved on")
	})
	bubble(t, "a test is tried once", func(t *testing.T) {
		w := newWorld(t, always(500))
		w.queue.endpoint("mch_1", "we_1")
		d := w.dispatcher("a")
		defer run(d)()
		_, tasks := w.queue.write("a", "we_1", "we_1", clock.System{}.Now())
		w.queue.set(func(q *queue) { q.byID[tasks[0].Delivery.ID].Delivery.Trigger = webhook.ByTest })
		tasks[0].Delivery.Trigger = webhook.ByTest
		after, err := d.Attempt(t.Context(), tasks[0])
		require.NoError(t, err)
		require.Equal(t, webhook.Failed, after.Status)
		require.Empty(t, w.retrier.ids())
	})
	bubble(t, "within the lane's bounds", func(t *testing.T) {
		w := newWorld(t, func(_, _ string, _ int) reply { return reply{200, time.Second, 0} })
		e := w.queue.endpoint("mch_1", "we_1")
		e.Health.Failures = webhook.FailuresToPause
		d := w.dispatcher("a")
		defer run(d)()
		synctest.Wait()
		var tasks []webhook.Task
		for n := range 300 {
			id, _ := w.queue.write("", "we_1", fmt.Sprint("pi_", n), clock.System{}.Now())
			w.queue.set(func(q *queue) { q.byID[id].Delivery.Status = webhook.Retrying })
			task, err := w.queue.Task(t.Context(), id)
			require.NoError(t, err)
			tasks = append(tasks, task)
		}
		answers := make(chan error, len(tasks))
		for _, task := range tasks {
			go func() { _, err := d.Attempt(t.Context(), task); answers <- err }()
		}
		time.Sleep(100 * time.Millisecond)
		require.Equal(t, 1, w.sender.under(""), "one message while the endpoint is probed")
		require.Len(t, answers, 300-1-256)
		require.ErrorIs(t, <-answers, dispatch.ErrBusy)
		time.Sleep(1500 * time.Millisecond)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		id, _ := w.queue.write("", "we_1", "pi_late", clock.System{}.Now())
		w.queue.set(func(q *queue) { q.byID[id].Delivery.Status = webhook.Retrying })
		late, err := w.queue.Task(t.Context(), id)
		require.NoError(t, err)
		_, err = d.Attempt(ctx, late)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		time.Sleep(2 * time.Minute)
		require.Equal(t, 257, w.queue.count("we_1", webhook.Succeeded))
	})
}

func TestWhoAsksForAnAttemptIsTold(t *testing.T) {
	t.Parallel()
	// retrying makes three deliveries that are retried, at an endpoint that is sent one at a time.
	retrying := func(t *testing.T, w *world) (tasks []webhook.Task) {
		w.queue.endpoint("mch_1", "we_1").Health.Failures = webhook.FailuresToPause
		for n := range 3 {
			id, _ := w.queue.write("", "we_1", fmt.Sprint("pi_", n), clock.System{}.Now())
			w.queue.set(func(q *queue) { q.byID[id].Delivery.Status = webhook.Retrying })
			task, err := w.queue.Task(t.Context(), id)
			require.NoError(t, err)
			tasks = append(tasks, task)
		}
		return tasks
	}
	// ask asks for an attempt, and returns once it runs or waits.
	ask := func(d *dispatch.Dispatcher, task webhook.Task) <-chan error {
		told := make(chan error, 1)
		go func() { _, err := d.Attempt(context.Background(), task); told <- err }()
		synctest.Wait()
		return told
	}
	bubble(t, "that the dispatcher stops", func(t *testing.T) {
		w := newWorld(t, func(_, eventID string, _ int) reply {
			return reply{200, map[string]time.Duration{"evt_000001": time.Minute}[eventID], 0}
		})
		tasks := retrying(t, w)
		d := w.dispatcher("a")
		stop := run(d)
		running, waiting := ask(d, tasks[0]), ask(d, tasks[1])
		require.ErrorIs(t, <-ask(d, tasks[0]), dispatch.ErrUnderWay)
		stop()
		require.ErrorIs(t, <-running, dispatch.ErrStopped, "it was cut off")
		require.ErrorIs(t, <-waiting, dispatch.ErrStopped)
		require.ErrorIs(t, <-ask(d, tasks[2]), dispatch.ErrStopped)
		require.Equal(t, 3, w.queue.count("we_1", webhook.Retrying))
	})
	bubble(t, "that the database was away for too long", func(t *testing.T) {
		w := newWorld(t, always(200))
		tasks := retrying(t, w)
		d := w.dispatcher("a")
		defer run(d)()
		w.queue.set(func(q *queue) { q.away = true })
		require.ErrorIs(t, <-ask(d, tasks[0]), dispatch.ErrUnrecorded)
	})
}
