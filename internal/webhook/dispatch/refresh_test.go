package dispatch_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/clock"
	"paymenthub/internal/merchant"
	"paymenthub/internal/vault"
	"paymenthub/internal/webhook"
)

// heedsWithin is how long after a change messages may still be begun as before it.
const heedsWithin = time.Second

// backlog is a world whose one endpoint takes 3 s for a message, so that it is sent two at
// once, and has 100 in memory. It ends 10 s after they came.
func backlog(t *testing.T) (w *world, e *webhook.Endpoint, stop func()) {
	w = newWorld(t, func(_, _ string, _ int) reply { return reply{200, 3 * time.Second, 0} })
	e = w.queue.endpoint("mch_1", "we_1")
	d := w.dispatcher("a")
	stop = run(d)
	for n := range 100 {
		w.tell(d, "we_1", fmt.Sprint("pi_", n), 1)
	}
	time.Sleep(10*time.Second + 500*time.Millisecond)
	require.Equal(t, 100, d.Held()["tasks"]+w.queue.count("", webhook.Succeeded))
	return w, e, stop
}

// since are the messages that were begun once a change must be heeded.
func (w *world) since(changed time.Time) (log []sent) {
	for _, m := range w.sender.told("") {
		if m.from.After(changed.Add(heedsWithin)) {
			log = append(log, m)
		}
	}
	return log
}

func TestChangesAreHeededAtOnce(t *testing.T) {
	t.Parallel()
	bubble(t, "disabled", func(t *testing.T) {
		w, e, stop := backlog(t)
		defer stop()
		changed := time.Now()
		w.queue.set(func(*queue) { e.Disabled, e.Version = webhook.ByMerchant, 2 })
		time.Sleep(5 * time.Second)
		require.Empty(t, w.since(changed))
		require.Zero(t, w.queue.count("", webhook.Pending), "what was in memory is refused")
		require.Equal(t, 100, w.queue.count("", webhook.Failed)+w.queue.count("", webhook.Succeeded))
	})
	bubble(t, "moved", func(t *testing.T) {
		w, e, stop := backlog(t)
		defer stop()
		changed := time.Now()
		w.queue.set(func(*queue) { e.URL, e.Version = "https://new.example", 2 })
		time.Sleep(time.Minute)
		require.NotEmpty(t, w.since(changed))
		for _, m := range w.since(changed) {
			require.Equal(t, "https://new.example", m.url)
		}
	})
	bubble(t, "another secret", func(t *testing.T) {
		w, e, stop := backlog(t)
		defer stop()
		changed, secret := time.Now(), webhook.NewSecret()
		w.queue.set(func(*queue) {
			e.Version = 2
			require.NoError(t, e.Seal(plain{}, webhook.Private{Secret: secret}))
		})
		time.Sleep(time.Minute)
		require.NotEmpty(t, w.since(changed))
		for _, m := range w.since(changed) {
			for _, line := range webhook.Sign(webhook.Hub, m.eventID, m.from, []byte(m.eventID), []vault.Secret{secret}) {
				require.Contains(t, m.header, line)
			}
		}
	})
}

// remove does what the transaction does that deletes an endpoint.
func (q *queue) remove(e *webhook.Endpoint) {
	q.set(func(*queue) {
		*e = webhook.Endpoint{ID: e.ID, Scope: e.Scope, Dialect: e.Dialect, Disabled: webhook.Deleted, Version: e.Version + 1}
		for _, row := range q.rows {
			if !row.Delivery.Status.Ended() {
				row.Delivery = row.Delivery.Abandoned(clock.System{}.Now())
			}
		}
	})
}

func TestADeletedEndpointIsToldNothing(t *testing.T) {
	t.Parallel()
	bubble(t, "of what is in memory", func(t *testing.T) {
		w := newWorld(t, func(_, _ string, _ int) reply { return reply{200, 3 * time.Second, 0} })
		e := w.queue.endpoint("mch_1", "we_1")
		d := w.dispatcher("a")
		defer run(d)()
		for n := range 100 {
			w.tell(d, "we_1", fmt.Sprint("pi_", n), 1)
		}
		retries := make(chan error, 30)
		for n := range cap(retries) {
			id, _ := w.queue.write("", "we_1", fmt.Sprint("pi_again_", n), clock.System{}.Now())
			w.queue.set(func(q *queue) { q.byID[id].Delivery.Status = webhook.Retrying })
			task, err := w.queue.Task(t.Context(), id)
			require.NoError(t, err)
			go func() { _, err := d.Attempt(t.Context(), task); retries <- err }()
		}
		time.Sleep(10500 * time.Millisecond)
		changed := time.Now()
		w.queue.remove(e)
		time.Sleep(5 * time.Second)
		require.Empty(t, w.since(changed))
		require.Zero(t, d.Held()["tasks"])
		stale := 0
		for range cap(retries) {
			if err := <-retries; err != nil {
				require.ErrorIs(t, err, webhook.ErrStale)
				stale++
			}
		}
		require.Positive(t, stale)
		require.Equal(t, 130, w.queue.count("", webhook.Canceled)+w.queue.count("", webhook.Succeeded), "none was written anew")
	})
	bubble(t, "of what was written at that moment", func(t *testing.T) {
		w := newWorld(t, func(_, _ string, _ int) reply { return reply{200, 3 * time.Second, 0} })
		e := w.queue.endpoint("mch_1", "we_1")
		d := w.dispatcher("a")
		defer run(d)()
		for n := range 9 {
			w.tell(d, "we_1", fmt.Sprint("pi_", n), 1)
		}
		_, soon := w.queue.write("a", "we_1", "pi_10", clock.System{}.Now())
		_, late := w.queue.write("a", "we_1", "pi_11", clock.System{}.Now())
		w.queue.remove(e)
		w.queue.set(func(q *queue) { // their transactions did not see the other
			q.rows[9].Delivery, q.rows[10].Delivery = soon[0].Delivery, late[0].Delivery
		})
		time.Sleep(3200 * time.Millisecond)
		d.Hand(soon)
		time.Sleep(5 * time.Second)
		d.Hand(late)
		time.Sleep(time.Second)
		require.Len(t, w.sender.told(""), 8)
		require.Zero(t, d.Held()["tasks"])
		task, err := w.queue.Task(t.Context(), soon[0].Delivery.ID)
		require.NoError(t, err)
		require.Equal(t, webhook.Canceled, task.Delivery.Status)
		require.Len(t, w.queue.released(late[0].Delivery.ID), 1, "and left to CancelDeleted")
	})
}

func TestEndpointsAreReadAgainOnlyWhereNeeded(t *testing.T) {
	t.Parallel()
	reads := func(w *world) (n int) {
		w.queue.set(func(q *queue) { n = len(q.reads) })
		return n
	}
	bubble(t, "never under load, nor while nothing is sent", func(t *testing.T) {
		w := newWorld(t, func(_, _ string, _ int) reply { return reply{200, 300 * time.Millisecond, 0} })
		w.queue.endpoint("mch_1", "we_1")
		d := w.dispatcher("a")
		defer run(d)()
		for n := range 1_000 {
			w.tell(d, "we_1", fmt.Sprint("pi_", n), 1)
			time.Sleep(45 * time.Millisecond)
		}
		time.Sleep(50 * time.Second)
		require.Equal(t, 1_000, w.queue.count("", webhook.Succeeded))
		require.Zero(t, reads(w))
	})
	bubble(t, "many at once, and each once in a second at most", func(t *testing.T) {
		w := newWorld(t, func(_, _ string, _ int) reply { return reply{200, 500 * time.Millisecond, 0} })
		d := w.dispatcher("a")
		defer run(d)()
		for n := range 30 {
			w.queue.endpoint(fmt.Sprint("mch_", n), fmt.Sprint("we_", n))
			for m := range 80 {
				w.tell(d, fmt.Sprint("we_", n), fmt.Sprint("pi_", m), 1)
			}
		}
		time.Sleep(10 * time.Second)
		require.Equal(t, 2_400, w.queue.count("", webhook.Succeeded))
		require.Positive(t, reads(w))
		require.LessOrEqual(t, reads(w), 15, "80 messages, 8 at once, take 5 s")
		w.queue.set(func(q *queue) {
			n := len(slices.Concat(q.reads...))
			require.GreaterOrEqual(t, n, 30*2)
			require.LessOrEqual(t, n, 30*5)
		})
	})
}

// unread is a queue whose endpoints cannot be read again.
type unread struct {
	*queue
	until time.Time
}

func (u unread) Refresh(ctx context.Context, ids []string) ([]webhook.Endpoint, error) {
	if time.Now().Before(u.until) {
		return nil, errAway
	}
	return u.queue.Refresh(ctx, ids)
}

func TestNothingIsSentToWhatIsUnknown(t *testing.T) {
	bubble(t, "while endpoints cannot be read", func(t *testing.T) {
		w := newWorld(t, func(_, _ string, _ int) reply { return reply{200, 500 * time.Millisecond, 0} })
		w.queue.endpoint("mch_1", "we_1")
		begun := time.Now()
		d := w.dispatcherWith("a", unread{w.queue, begun.Add(20 * time.Second)}, w.sender)
		defer run(d)()
		for n := range 250 {
			w.tell(d, "we_1", fmt.Sprint("pi_", n), 1)
		}
		time.Sleep(8250 * time.Millisecond)
		require.Equal(t, 8, w.sender.under(""), "it goes on with what it knows for a while")
		time.Sleep(3 * time.Second)
		require.Zero(t, w.sender.under(""))
		sent := len(w.sender.told(""))
		time.Sleep(9 * time.Second)
		require.Len(t, w.sender.told(""), sent)
		time.Sleep(30 * time.Second)
		require.Equal(t, 250, w.queue.count("", webhook.Succeeded))
		require.Equal(t, []string{"read endpoints of webhooks again: the database is away"}, w.failed())
	})
}

func TestOneHostIsNotOverrun(t *testing.T) {
	t.Parallel()
	shared := func(w *world, merchantID string, n int) *webhook.Endpoint {
		e := w.queue.endpoint(merchantID, fmt.Sprintf("we_%s_%d", merchantID, n))
		e.URL = []string{"https://shop.example/", "https://SHOP.example:443/"}[n%2] + e.ID
		return e
	}
	bubble(t, "by the endpoints of one merchant, which take turns", func(t *testing.T) {
		w := newWorld(t, func(_, _ string, _ int) reply { return reply{200, time.Second, 0} })
		d := w.dispatcher("a")
		var all []*webhook.Endpoint
		for n := range 20 {
			e := shared(w, "mch_1", n)
			all = append(all, e)
			for m := range 16 {
				w.tell(d, e.ID, fmt.Sprint("pi_", m), 1)
			}
		}
		defer run(d)()
		time.Sleep(100 * time.Millisecond)
		require.Equal(t, 16, w.sender.under(""))
		w.queue.endpoint("mch_1", "we_elsewhere")
		other := shared(w, "mch_2", 0)
		other.Scope.Environment = merchant.Sandbox
		w.tell(d, "we_elsewhere", "pi_1", 1)
		w.tell(d, other.ID, "pi_1", 1)
		time.Sleep(100 * time.Millisecond)
		require.Equal(t, 1, w.sender.under("https://we_elsewhere.example"), "only its own lanes wait")
		require.Equal(t, 1, w.sender.under(other.URL), "another merchant may send there")
		time.Sleep(9900 * time.Millisecond)
		for _, e := range all {
			told := len(w.sender.told(e.URL))
			require.GreaterOrEqual(t, told, 6, "each of 20 had 8 of the 160 places")
			require.LessOrEqual(t, told, 10)
		}
		time.Sleep(15 * time.Second)
		require.Equal(t, 322, w.queue.count("", webhook.Succeeded))
		require.Equal(t, 18, w.sender.peak(""))
		time.Sleep(70 * time.Second)
		require.Equal(t, nothing, d.Held())
	})
	bubble(t, "and who leaves it need not wait", func(t *testing.T) {
		w := newWorld(t, func(url, _ string, _ int) reply {
			return reply{200, map[bool]time.Duration{true: time.Millisecond, false: 14 * time.Second}[url == "https://new.example"], 0}
		})
		d := w.dispatcher("a")
		defer run(d)()
		for n := range 2 {
			for m := range 8 {
				w.tell(d, shared(w, "mch_1", n).ID, fmt.Sprint("pi_", m), 1)
			}
		}
		time.Sleep(100 * time.Millisecond)
		e := shared(w, "mch_1", 2)
		w.tell(d, e.ID, "pi_1", 1)
		time.Sleep(100 * time.Millisecond)
		require.Equal(t, 16, w.sender.under(""))
		w.queue.set(func(*queue) { e.URL, e.Version = "https://new.example", 2 })
		w.tell(d, e.ID, "pi_2", 1)
		time.Sleep(100 * time.Millisecond)
		require.Len(t, w.sender.told("https://new.example"), 2)
		time.Sleep(time.Minute)
		require.Equal(t, 18, w.queue.count("", webhook.Succeeded))
	})
}
