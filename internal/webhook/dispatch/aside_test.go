package dispatch_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/webhook"
	"paymenthub/internal/webhook/dispatch"
)

// poisoned is a world of two merchants whose first result cannot be recorded.
func poisoned(t *testing.T) (*world, *dispatch.Dispatcher) {
	w := newWorld(t, always(200))
	w.queue.endpoint("mch_1", "we_1")
	w.queue.endpoint("mch_2", "we_2")
	w.queue.set(func(q *queue) { q.poison = "whd_000001" })
	return w, w.dispatcher("a")
}

func TestAResultThatCannotBeRecordedStopsNothing(t *testing.T) {
	t.Parallel()
	bubble(t, "however long it is tried", func(t *testing.T) {
		w, d := poisoned(t)
		defer run(d)()
		w.tell(d, "we_1", "pi_1", 1)
		time.Sleep(5 * time.Second)
		for n := range 20 {
			w.tell(d, "we_2", fmt.Sprint("pi_", n), 1)
			time.Sleep(100 * time.Millisecond)
			require.Equal(t, n+1, w.queue.count("we_2", webhook.Succeeded))
			time.Sleep(10 * time.Second)
		}
		require.Len(t, w.sender.told("https://we_1.example"), 1)
		require.Equal(t, []string{"record what came of whd_000001: the database is away"}, w.failed(), "told once")
		w.queue.set(func(q *queue) { q.poison = "" })
		time.Sleep(31 * time.Second)
		require.Equal(t, 1, w.queue.count("we_1", webhook.Succeeded))
		require.Len(t, w.sender.told("https://we_1.example"), 1, "it was not sent again")
	})
	bubble(t, "also after the database was away", func(t *testing.T) {
		w, d := poisoned(t)
		defer run(d)()
		w.tell(d, "we_1", "pi_1", 1)
		time.Sleep(5 * time.Second)
		w.queue.set(func(q *queue) { q.away = true })
		time.Sleep(time.Minute)
		w.queue.set(func(q *queue) { q.away = false })
		time.Sleep(10 * time.Second)
		w.tell(d, "we_2", "pi_1", 1)
		time.Sleep(100 * time.Millisecond)
		require.Equal(t, 1, w.queue.count("we_2", webhook.Succeeded))
	})
	bubble(t, "and is sent again in the end", func(t *testing.T) {
		w, d := poisoned(t)
		defer run(d)()
		w.tell(d, "we_1", "pi_1", 1)
		time.Sleep(4 * time.Minute)
		require.Len(t, w.sender.told(""), 1)
		time.Sleep(2 * time.Minute)
		require.Len(t, w.sender.told(""), 2)
		w.queue.set(func(q *queue) { q.poison = "" })
		time.Sleep(time.Minute)
		require.Equal(t, 1, w.queue.count("we_1", webhook.Succeeded))
	})
	bubble(t, "but too many do", func(t *testing.T) {
		w := newWorld(t, always(200))
		d := w.dispatcherWith("a", unwritten{w.queue}, w.sender)
		defer run(d)()
		for m := range 10 {
			d.Hand(w.pile("a", fmt.Sprint("mch_", m), 200))
		}
		time.Sleep(2 * time.Minute)
		require.InDelta(t, 64, d.Held()["aside"], 1, "one of them may be tried")
		sent := len(w.sender.told(""))
		require.Less(t, sent, 2_000)
		time.Sleep(2 * time.Minute)
		require.Len(t, w.sender.told(""), sent, "what is sent now might have to be sent again")
	})
}

// unwritten is a database that records nothing, and does all else.
type unwritten struct{ *queue }

func (unwritten) Record(context.Context, time.Time, []webhook.Result) ([]webhook.Result, error) {
	return nil, errAway
}
