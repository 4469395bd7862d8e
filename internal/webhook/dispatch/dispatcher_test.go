package dispatch_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/clock"
	"paymenthub/internal/event"
	"paymenthub/internal/vault"
	"paymenthub/internal/webhook"
	"paymenthub/internal/webhook/dispatch"
)

// world is a database, a network and processes with a dispatcher each. Tests run in a
// bubble: its time passes when everybody waits, and it ends only when no goroutine is left.
type world struct {
	t       testing.TB
	queue   *queue
	sender  *sender
	retrier *retrier

	mu        sync.Mutex
	failures  []string
	attempted []webhook.Attempt
}

func newWorld(t testing.TB, answers func(url, eventID string, n int) reply) *world {
	return &world{t: t, queue: newQueue(), sender: newSender(answers), retrier: &retrier{}}
}

func (w *world) dispatcher(instance string) *dispatch.Dispatcher {
	return w.dispatcherWith(instance, w.queue, w.sender)
}

func (w *world) dispatcherWith(instance string, q webhook.Queue, s webhook.Sender) *dispatch.Dispatcher {
	return dispatch.New(dispatch.Options{
		Queue: q, Sender: s, Renderer: renderer{}, Sealer: plain{}, Retrier: w.retrier, Clock: clock.System{}, Instance: instance,
		Failed: func(what string, err error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.failures = append(w.failures, what+": "+err.Error())
		},
		Attempted: func(_ webhook.Task, a webhook.Attempt) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.attempted = append(w.attempted, a)
		},
	})
}

// run runs a dispatcher until the returned function is called, which waits for its end.
func run(d *dispatch.Dispatcher) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); d.Run(ctx) }()
	return func() { cancel(); <-ended }
}

// tell writes n events of an object for an endpoint and hands them over.
func (w *world) tell(d *dispatch.Dispatcher, endpointID, objectID string, n int) (ids []string) {
	for range n {
		id, tasks := w.queue.write(d.Instance(), endpointID, objectID, clock.System{}.Now())
		d.Hand(tasks)
		ids = append(ids, id)
	}
	return ids
}

func (w *world) events(from, to int) (ids []string) {
	for n := from; n <= to; n++ {
		ids = append(ids, fmt.Sprintf("evt_%06d", n))
	}
	return ids
}

func (w *world) failed() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.failures)
}

func (w *world) attempts() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.attempted)
}

func bubble(t *testing.T, name string, test func(t *testing.T)) {
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, test)
	})
}

func TestDeliversAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, always(200))
		e := w.queue.endpoint("mch_1", "we_1")
		require.NoError(t, e.Seal(plain{}, webhook.Private{Secret: webhook.NewSecret(), Headers: map[string]vault.Secret{"X-Shop": "s3cret"}}))
		d := w.dispatcher("a")
		stop := run(d)
		defer stop()
		synctest.Wait()
		begun := time.Now()
		w.tell(d, "we_1", "pi_1", 1)
		time.Sleep(2 * time.Millisecond)
		require.Equal(t, 1, w.queue.count("we_1", webhook.Succeeded))

		m := w.sender.told("")[0]
		require.Equal(t, begun, m.from, "no poll is waited for")
		require.Equal(t, []string{"X-Shop"}, m.masked)
		require.Contains(t, m.header, webhook.Header{Name: "Content-Type", Value: "application/json"})
		require.Contains(t, m.header, webhook.Header{Name: "X-Shop", Value: "s3cret"})
		require.Contains(t, m.header, webhook.Header{Name: "webhook-id", Value: "evt_000001"})
		var a webhook.Attempt
		w.queue.set(func(q *queue) { a = q.attempts["whd_000001"][0] })
		require.Equal(t, 1, a.Number)
		require.Equal(t, 1, a.Round)
		require.Equal(t, "whd_000001", a.DeliveryID)
		require.Equal(t, 1, w.attempts())
		require.Empty(t, w.retrier.ids())
		require.Empty(t, w.failed())
	})
}

func TestAFailedFirstAttemptStartsRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, always(500))
		w.queue.endpoint("mch_1", "we_1")
		d := w.dispatcher("a")
		defer run(d)()
		w.tell(d, "we_1", "pi_1", 1)
		time.Sleep(time.Second)
		require.Equal(t, []string{"whd_000001"}, w.retrier.ids())
		require.Equal(t, 1, w.queue.count("we_1", webhook.Retrying))

		w.retrier.fail(errAway)
		w.tell(d, "we_1", "pi_2", 2)
		time.Sleep(time.Second)
		require.Equal(t, []string{"start retries of webhooks: the database is away"}, w.failed(), "told once of an outage")
	})
}

func TestWhatIsWrittenElsewhereIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, always(200))
		w.queue.endpoint("mch_1", "we_1")
		defer run(w.dispatcher("a"))()
		for n := range 6 {
			w.queue.write("", "we_1", fmt.Sprint("pi_", n%2), clock.System{}.Now())
		}
		time.Sleep(time.Second)
		require.Equal(t, 6, w.queue.count("we_1", webhook.Succeeded), "the next of an object is looked for as soon as the one before is recorded")
	})
}

func TestTheStaleAndTheRefusedAreNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, always(200))
		w.queue.endpoint("mch_1", "we_1").Disabled = webhook.ByMerchant
		w.queue.endpoint("mch_1", "we_2").Dialect = webhook.Acquiring
		d := w.dispatcher("a")
		defer run(d)()
		w.tell(d, "we_1", "pi_1", 1)
		_, tasks := w.queue.write("", "we_2", "pi_1", clock.System{}.Now().Add(-25*time.Hour))
		require.Empty(t, tasks)
		time.Sleep(time.Second)
		require.Equal(t, 1, w.queue.count("we_1", webhook.Failed))
		require.Equal(t, 1, w.queue.count("we_2", webhook.Failed))
		require.Empty(t, w.sender.told(""))
		require.Zero(t, w.attempts())
	})
}

func TestGoneRefusesTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, always(410))
		w.queue.endpoint("mch_1", "we_1")
		d := w.dispatcher("a")
		defer run(d)()
		w.tell(d, "we_1", "pi_1", 5)
		time.Sleep(10 * time.Second)
		require.Equal(t, 5, w.queue.count("we_1", webhook.Failed))
		require.Len(t, w.sender.told(""), 1)
	})
}

func TestWhatCannotBeSentIsTriedAgain(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		spoil func(*webhook.Task)
		why   string
	}{
		"secret":  {func(t *webhook.Task) { t.Endpoint.Sealed = []byte("broken") }, "The hub could not read the endpoint's secret."},
		"message": {func(t *webhook.Task) { t.Event.Type = event.RefundFailed }, "The hub could not write the message."},
		"panic":   {func(t *webhook.Task) { t.Event.Type = event.DisputeClosed }, "The hub could not write the message."},
	}
	for name, c := range cases {
		bubble(t, name, func(t *testing.T) {
			w := newWorld(t, always(200))
			w.queue.endpoint("mch_1", "we_1")
			d := w.dispatcher("a")
			defer run(d)()
			_, tasks := w.queue.write("a", "we_1", "pi_1", clock.System{}.Now())
			c.spoil(&tasks[0])
			d.Hand(tasks)
			time.Sleep(time.Second)
			require.Len(t, w.failed(), 1)
			require.Empty(t, w.sender.told(""))
			task, err := w.queue.Task(t.Context(), tasks[0].Delivery.ID)
			require.NoError(t, err)
			require.Equal(t, webhook.Retrying, task.Delivery.Status)
			require.Equal(t, c.why, task.Delivery.Why)
			require.Equal(t, []string{tasks[0].Delivery.ID}, w.retrier.ids())
		})
	}
}

func TestShutdown(t *testing.T) {
	t.Parallel()
	bubble(t, "running attempts end and the rest is released", func(t *testing.T) {
		w := newWorld(t, func(_, eventID string, _ int) reply {
			return map[bool]reply{true: {200, time.Minute, 0}, false: {200, time.Second, 0}}[eventID == "evt_000002"]
		})
		w.queue.endpoint("mch_1", "we_1")
		d := w.dispatcher("a")
		w.tell(d, "we_1", "pi_1", 1) // handed before Run
		stop := run(d)
		synctest.Wait()
		w.tell(d, "we_1", "pi_2", 1)
		w.tell(d, "we_1", "pi_1", 3)
		begun := time.Now()
		stop()
		require.Equal(t, 2*time.Second, time.Since(begun))
		require.Equal(t, 1, w.queue.count("we_1", webhook.Succeeded))
		require.Equal(t, 4, w.queue.count("we_1", webhook.Pending), "an attempt that was cut off is no failure")
		w.queue.set(func(q *queue) {
			for _, row := range q.rows {
				require.Empty(t, row.Delivery.ClaimedBy)
			}
		})
		w.tell(d, "we_1", "pi_3", 1) // too late: its claim runs out
		_, err := d.Attempt(t.Context(), webhook.Task{})
		require.ErrorIs(t, err, dispatch.ErrStopped)

		w.sender.answer(always(200))
		defer run(w.dispatcher("b"))()
		time.Sleep(time.Second)
		require.Equal(t, 5, w.queue.count("we_1", webhook.Succeeded))
		time.Sleep(webhook.ClaimFor)
		require.Equal(t, 6, w.queue.count("we_1", webhook.Succeeded))
	})
	bubble(t, "it ends without the database", func(t *testing.T) {
		w := newWorld(t, always(200))
		w.queue.endpoint("mch_1", "we_1")
		d := w.dispatcher("a")
		stop := run(d)
		w.tell(d, "we_1", "pi_1", 2)
		w.queue.set(func(q *queue) { q.away = true })
		time.Sleep(10 * time.Second)
		begun := time.Now()
		stop()
		require.LessOrEqual(t, time.Since(begun), 10*time.Second)
		require.Len(t, w.sender.told(""), 1, "the next of the object waits")
	})
}
