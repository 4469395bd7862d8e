package dispatch_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paymenthub/internal/clock"
	"paymenthub/internal/webhook"
)

// inOrder says what is wrong with the order in which each object's first attempts were made.
func (w *world) inOrder() string {
	type key struct{ url, object string }
	last, ended := map[key]string{}, map[key]time.Time{}
	object := map[string]string{}
	w.queue.set(func(q *queue) {
		for _, row := range q.rows {
			object[row.Event.ID] = row.Event.ObjectID
		}
	})
	log := w.sender.told("")
	slices.SortStableFunc(log, func(a, b sent) int { return a.from.Compare(b.from) })
	for _, m := range log {
		k := key{m.url, object[m.eventID]}
		if m.eventID <= last[k] {
			return fmt.Sprintf("%s was told of %s after %s", m.url, m.eventID, last[k])
		}
		if m.from.Before(ended[k]) {
			return fmt.Sprintf("%s was told of %s while the one before was under way", m.url, m.eventID)
		}
		last[k], ended[k] = m.eventID, m.to
	}
	return ""
}

func TestObjectsKeepTheirOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		type step struct{ process, endpoint, object, delay, hold int }
		steps := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) step {
			return step{
				process: rapid.IntRange(0, 2).Draw(rt, "process"), endpoint: rapid.IntRange(0, 2).Draw(rt, "endpoint"),
				object: rapid.IntRange(0, 3).Draw(rt, "object"), delay: rapid.IntRange(0, 40).Draw(rt, "delay"),
				hold: rapid.IntRange(0, 30).Draw(rt, "hold"),
			}
		}), 1, 60).Draw(rt, "steps")
		delays := rapid.SliceOfN(rapid.IntRange(1, 300), 8, 8).Draw(rt, "delays")
		fails := rapid.IntRange(2, 30).Draw(rt, "fails") // each so many messages
		var wrong string
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, func(_, _ string, n int) reply {
				code := 200
				if n%fails == 0 {
					code = 500
				}
				return reply{code: code, after: time.Duration(delays[n%len(delays)]) * time.Millisecond}
			})
			for n := range 3 {
				w.queue.endpoint(fmt.Sprint("mch_", n%2), fmt.Sprint("we_", n))
			}
			a, b := w.dispatcher("a"), w.dispatcher("b")
			defer run(a)()
			defer run(b)()
			for _, s := range steps {
				time.Sleep(time.Duration(s.delay) * time.Millisecond)
				of := []string{"", "a", "b"}[s.process]
				_, tasks := w.queue.write(of, fmt.Sprint("we_", s.endpoint), fmt.Sprint("pi_", s.object), clock.System{}.Now())
				go func() { // commits overtake each other
					time.Sleep(time.Duration(s.hold) * time.Millisecond)
					switch of {
					case "a":
						a.Hand(tasks)
					case "b":
						b.Hand(tasks)
					}
				}()
			}
			time.Sleep(2 * time.Minute)
			if wrong = w.inOrder(); wrong == "" && w.queue.count("", webhook.Pending) > 0 {
				wrong = fmt.Sprint(w.queue.count("", webhook.Pending), " are still pending")
			}
		})
		if wrong != "" {
			rt.Fatal(wrong)
		}
	})
}

func TestThePredecessor(t *testing.T) {
	t.Parallel()
	bubble(t, "in the lane is waited for", func(t *testing.T) {
		w := newWorld(t, func(_, _ string, _ int) reply { return reply{200, 3 * time.Second, 0} })
		w.queue.endpoint("mch_1", "we_1")
		d := w.dispatcher("a")
		defer run(d)()
		w.tell(d, "we_1", "pi_1", 2)
		time.Sleep(2 * time.Second)
		require.Equal(t, 1, w.sender.under(""))
		time.Sleep(5 * time.Second)
		require.Equal(t, w.events(1, 2), w.sender.events(""))
		require.Empty(t, w.queue.released("whd_000002"))
	})
	bubble(t, "recorded lets go", func(t *testing.T) {
		w := newWorld(t, always(200))
		w.queue.endpoint("mch_1", "we_1")
		d := w.dispatcher("a")
		defer run(d)()
		_, first := w.queue.write("a", "we_1", "pi_1", clock.System{}.Now())
		_, second := w.queue.write("a", "we_1", "pi_1", clock.System{}.Now())
		require.Equal(t, first[0].Delivery.ID, second[0].After)
		d.Hand(first)
		time.Sleep(10 * time.Millisecond)
		d.Hand(second)
		time.Sleep(10 * time.Millisecond)
		require.Equal(t, w.events(1, 2), w.sender.events(""))
	})
	bubble(t, "unknown sends the task back", func(t *testing.T) {
		w := newWorld(t, always(200))
		w.queue.endpoint("mch_1", "we_1")
		d := w.dispatcher("a")
		defer run(d)()
		synctest.Wait()
		_, first := w.queue.write("a", "we_1", "pi_1", clock.System{}.Now())
		_, second := w.queue.write("a", "we_1", "pi_1", clock.System{}.Now())
		d.Hand(second)
		time.Sleep(50 * time.Millisecond)
		require.Empty(t, w.sender.told(""))
		require.Len(t, w.queue.released(second[0].Delivery.ID), 1)
		d.Hand(first)
		time.Sleep(time.Second)
		require.Equal(t, w.events(1, 2), w.sender.events(""))
	})
}
