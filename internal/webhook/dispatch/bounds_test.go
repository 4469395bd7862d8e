package dispatch_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/webhook"
)

func TestASlowEndpointDelaysNoOther(t *testing.T) {
	t.Parallel()
	bubble(t, "of the same merchant", func(t *testing.T) {
		w := newWorld(t, func(url, _ string, _ int) reply {
			if url == "https://we_slow.example" {
				return reply{200, 14 * time.Second, 0}
			}
			return reply{200, time.Millisecond, 0}
		})
		w.queue.endpoint("mch_1", "we_slow")
		w.queue.endpoint("mch_1", "we_quick")
		d := w.dispatcher("a")
		defer run(d)()
		for n := range 100 {
			w.tell(d, "we_slow", fmt.Sprint("pi_", n), 1)
			w.tell(d, "we_quick", fmt.Sprint("pi_", n), 1)
		}
		time.Sleep(100 * time.Millisecond)
		require.Equal(t, 100, w.queue.count("we_quick", webhook.Succeeded))
		require.Equal(t, 8, w.sender.peak("https://we_slow.example"))
		time.Sleep(15 * time.Second)
		require.Equal(t, 2, w.sender.under("https://we_slow.example"), "a slow endpoint is sent two at once")
		time.Sleep(12 * time.Minute)
		require.Equal(t, 100, w.queue.count("we_slow", webhook.Succeeded), "claims are renewed meanwhile")
		require.Len(t, w.sender.told(""), 200)
	})
	bubble(t, "nor does one merchant another", func(t *testing.T) {
		w := newWorld(t, func(url, _ string, _ int) reply {
			if url == "https://we_other.example" {
				return reply{200, time.Millisecond, 0}
			}
			return reply{200, 10 * time.Second, 0}
		})
		for n := range 20 {
			w.queue.endpoint("mch_1", fmt.Sprint("we_", n))
		}
		w.queue.endpoint("mch_2", "we_other")
		d := w.dispatcher("a")
		defer run(d)()
		for n := range 400 {
			w.tell(d, fmt.Sprint("we_", n%20), fmt.Sprint("pi_", n), 1)
		}
		time.Sleep(time.Second)
		require.Equal(t, 64, w.sender.under(""))
		w.tell(d, "we_other", "pi_1", 3)
		time.Sleep(10 * time.Millisecond)
		require.Len(t, w.sender.told("https://we_other.example"), 3)
		time.Sleep(10 * time.Minute)
		require.Equal(t, 403, w.queue.count("", webhook.Succeeded))
		require.Len(t, w.sender.told(""), 403)
	})
}

func TestMerchantsTakeTurns(t *testing.T) {
	bubble(t, "where all places are taken", func(t *testing.T) {
		w := newWorld(t, func(_, _ string, _ int) reply { return reply{200, time.Second, 0} })
		d := w.dispatcher("a")
		for m := range 12 {
			for n := range 10 {
				w.queue.endpoint(fmt.Sprint("mch_", m), fmt.Sprintf("we_%d_%d", m, n))
			}
		}
		defer run(d)()
		for m := range 12 {
			for n := range 100 {
				w.tell(d, fmt.Sprintf("we_%d_%d", m, n%10), fmt.Sprint("pi_", n), 1)
			}
		}
		w.queue.endpoint("mch_late", "we_late")
		w.tell(d, "we_late", "pi_1", 1)
		time.Sleep(1500 * time.Millisecond)
		require.Equal(t, 512, w.sender.peak(""))
		require.Equal(t, 1, w.sender.under("https://we_late.example")+len(w.sender.told("https://we_late.example")), "the last to come has the first free place")
		time.Sleep(time.Minute)
		require.Equal(t, 1201, w.queue.count("", webhook.Succeeded))
	})
}

func TestWhatDoesNotFitWaitsInTheDatabase(t *testing.T) {
	bubble(t, "and comes back", func(t *testing.T) {
		w := newWorld(t, func(_, _ string, _ int) reply { return reply{200, 100 * time.Millisecond, 0} })
		w.queue.endpoint("mch_1", "we_1")
		d := w.dispatcher("a")
		defer run(d)()
		for n := range 400 {
			w.tell(d, "we_1", fmt.Sprint("pi_", n), 1)
		}
		time.Sleep(50 * time.Millisecond)
		w.queue.set(func(q *queue) { require.Len(t, q.releases, 400-256) })
		time.Sleep(30 * time.Second)
		require.Equal(t, 400, w.queue.count("we_1", webhook.Succeeded))
		require.Len(t, w.sender.told(""), 400)
	})
}

func TestADeadEndpoint(t *testing.T) {
	bubble(t, "is paused, probed and drained in order", func(t *testing.T) {
		var dead atomic.Bool
		dead.Store(true)
		w := newWorld(t, func(_, _ string, _ int) reply {
			if dead.Load() {
				return reply{0, 10 * time.Millisecond, 0}
			}
			return reply{200, 10 * time.Millisecond, 0}
		})
		w.queue.endpoint("mch_1", "we_1")
		d := w.dispatcher("a")
		defer run(d)()
		for n := range 40 {
			w.tell(d, "we_1", fmt.Sprint("pi_", n%10), 1)
		}
		time.Sleep(time.Second)
		first := len(w.sender.told(""))
		require.GreaterOrEqual(t, first, webhook.FailuresToPause)
		require.LessOrEqual(t, first, webhook.FailuresToPause+8)
		require.Equal(t, first, w.queue.count("we_1", webhook.Retrying))
		for _, id := range w.retrier.ids() {
			require.Empty(t, w.queue.released(id), "what was under way when the pause began was not given up")
		}
		time.Sleep(20 * time.Second)
		require.Len(t, w.sender.told(""), first, "nothing is sent during the pause")
		time.Sleep(15 * time.Minute)
		probes := len(w.sender.told("")) - first
		require.GreaterOrEqual(t, probes, 3)
		require.LessOrEqual(t, probes, 7, "one message after each pause")
		dead.Store(false)
		time.Sleep(6 * time.Minute)
		require.Zero(t, w.queue.count("we_1", webhook.Pending))
		require.Empty(t, w.inOrder())
		require.Equal(t, nothing, d.Held())
	})
}

func TestOneMerchantDoesNotFillTheMemory(t *testing.T) {
	bubble(t, "however many endpoints it has", func(t *testing.T) {
		w := newWorld(t, func(url, _ string, _ int) reply {
			if url == "https://we_other.example" {
				return reply{200, time.Millisecond, 0}
			}
			return reply{200, time.Second, 0}
		})
		d := w.dispatcher("a")
		stop := run(d)
		defer stop()
		for n := range 15 {
			w.queue.endpoint("mch_1", fmt.Sprint("we_", n))
		}
		w.queue.endpoint("mch_2", "we_other")
		for n := range 2_400 {
			w.tell(d, fmt.Sprint("we_", n%15), fmt.Sprint("pi_", n), 1)
		}
		require.Equal(t, 2_048, d.Held()["tasks"])
		w.tell(d, "we_other", "pi_1", 1)
		time.Sleep(10 * time.Millisecond)
		require.Equal(t, 1, w.queue.count("we_other", webhook.Succeeded))
		time.Sleep(5 * time.Minute)
		require.Equal(t, 2_401, w.queue.count("", webhook.Succeeded))
	})
}

var nothing = map[string]int{"lanes": 0, "merchants": 0, "tasks": 0, "places": 0, "running": 0, "aside": 0}

func TestIdleLanesAreForgotten(t *testing.T) {
	bubble(t, "and all that was in memory", func(t *testing.T) {
		w := newWorld(t, always(200))
		d := w.dispatcher("a")
		defer run(d)()
		for n := range 50 {
			w.queue.endpoint(fmt.Sprint("mch_", n%5), fmt.Sprint("we_", n))
			w.tell(d, fmt.Sprint("we_", n), "pi_1", 3)
		}
		require.Equal(t, 50, d.Held()["lanes"])
		require.Equal(t, 150, d.Held()["tasks"])
		time.Sleep(70 * time.Second)
		require.Equal(t, nothing, d.Held())
		require.Equal(t, 150, w.queue.count("", webhook.Succeeded))
	})
}
