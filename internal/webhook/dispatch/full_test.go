package dispatch_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/clock"
	"paymenthub/internal/event"
	"paymenthub/internal/merchant"
	"paymenthub/internal/webhook"
	"paymenthub/internal/webhook/dispatch"
)

// pile writes deliveries to ten endpoints of a merchant, each of an object of its own:
// the process has claimed them, or nobody.
func (w *world) pile(by, merchantID string, n int) (tasks []webhook.Task) {
	now := clock.System{}.Now()
	for e := range 10 {
		w.queue.endpoint(merchantID, fmt.Sprint("we_", merchantID, "_", e))
	}
	w.queue.set(func(q *queue) {
		for i := range n {
			e := q.endpoints[fmt.Sprint("we_", merchantID, "_", i%10)]
			id := fmt.Sprintf("%06d", len(q.rows)+1)
			t := &webhook.Task{
				Event: event.Event{ID: "evt_" + id, Scope: e.Scope, Type: event.PaymentSucceeded, ObjectID: "pi_" + id, CreatedAt: now},
				Delivery: webhook.Delivery{
					ID: "whd_" + id, Scope: e.Scope, EventID: "evt_" + id, EndpointID: e.ID, ObjectID: "pi_" + id, Type: string(event.PaymentSucceeded),
					Status: webhook.Pending, Trigger: webhook.ByEvent, Round: 1, RoundStartedAt: now, CreatedAt: now, ClaimedBy: by, ClaimedUntil: now,
				},
			}
			if by != "" {
				t.Delivery.ClaimedUntil = now.Add(webhook.ClaimFor)
			}
			q.rows, q.byID[t.Delivery.ID] = append(q.rows, t), t
			tasks = append(tasks, *t)
			tasks[i].Endpoint = *e
		}
	})
	return tasks
}

// slow endpoints are all but one merchant's.
func slow(url, _ string, _ int) reply {
	if url == "https://we_other.example" {
		return reply{200, time.Millisecond, 0}
	}
	return reply{200, 3 * time.Second, 0}
}

func TestMerchantsWithSlowEndpointsStopNoOther(t *testing.T) {
	t.Parallel()
	bubble(t, "whose messages are handed over", func(t *testing.T) {
		w := newWorld(t, slow)
		d := w.dispatcher("a")
		for m := range 10 {
			d.Hand(w.pile("a", fmt.Sprint("mch_", m), 1_800))
		}
		require.Equal(t, 16_384, d.Held()["tasks"])
		for m := range 3 {
			d.Hand(w.pile("a", fmt.Sprint("mch_late_", m), 100))
			require.Equal(t, 16_384+64*(m+1), d.Held()["tasks"], "whoever has little gets in, with little")
		}
		defer run(d)()
		w.queue.endpoint("mch_other", "we_other")
		w.tell(d, "we_other", "pi_1", 10)
		w.queue.write("", "we_other", "pi_2", clock.System{}.Now()) // which a poll finds
		time.Sleep(4 * time.Second)
		require.Equal(t, 11, w.queue.count("we_other", webhook.Succeeded))
	})
	bubble(t, "whose messages lie in the database behind theirs", func(t *testing.T) {
		w := newWorld(t, slow)
		q := &polled{queue: w.queue}
		d := w.dispatcherWith("a", q, w.sender)
		d.Hand(w.pile("a", "mch_1", 2_048))
		w.pile("", "mch_1", 1_200)
		w.queue.endpoint("mch_other", "we_other")
		w.queue.write("", "we_other", "pi_1", clock.System{}.Now())
		defer run(d)()
		time.Sleep(100 * time.Millisecond)
		require.Equal(t, 1, w.queue.count("we_other", webhook.Succeeded))
		w.pile("", "mch_1", 6_000)
		before := q.claims.Load()
		time.Sleep(5 * time.Second)
		require.Less(t, q.claims.Load()-before, int64(80), "what does not fit is not looked for without end")
	})
}

// polled counts polls.
type polled struct {
	*queue
	claims atomic.Int64
}

func (p *polled) Claim(ctx context.Context, by string, now, until time.Time, perEndpoint, limit int) ([]webhook.Task, error) {
	p.claims.Add(1)
	return p.queue.Claim(ctx, by, now, until, perEndpoint, limit)
}

func TestMemoryIsBoundedHoweverManyMerchantsThereAre(t *testing.T) {
	t.Parallel()
	w := newWorld(t, slow)
	d := w.dispatcher("a")
	tasks := w.pile("a", "mch", 70)
	for m := range 1_500 {
		mine, before := make([]webhook.Task, len(tasks)), d.Held()["tasks"]
		for i, task := range tasks {
			task.Delivery.ID = fmt.Sprint(task.Delivery.ID, "_", m)
			task.Endpoint.ID = fmt.Sprint(task.Endpoint.ID, "_", m)
			task.Endpoint.Scope = merchant.Scope{MerchantID: fmt.Sprint("mch_", m), Environment: merchant.Live}
			mine[i] = task
		}
		d.Hand(mine)
		if got := d.Held()["tasks"] - before; m < 1_000 {
			require.Positive(t, got, "merchant %d of many that all have more than there is room for", m)
		}
	}
	require.LessOrEqual(t, d.Held()["tasks"], 32_768)
}

func TestMerchantsAlternate(t *testing.T) {
	t.Parallel()
	var tasks []webhook.Task
	for i, merchantID := range []string{"a", "a", "a", "b", "a", "c", "b"} {
		task := webhook.Task{Delivery: webhook.Delivery{ID: fmt.Sprint(i)}}
		task.Endpoint.Scope.MerchantID = merchantID
		tasks = append(tasks, task)
	}
	var order []string
	for _, task := range dispatch.InTurns(tasks) {
		order = append(order, task.Delivery.ID)
	}
	require.Equal(t, []string{"0", "3", "5", "1", "6", "2", "4"}, order)
}
