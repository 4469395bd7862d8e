package dispatch_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/clock"
	"paymenthub/internal/event"
	"paymenthub/internal/webhook"
)

// What comes from the server that an endpoint has left, or from before it was enabled
// again, is no word on how it is now.
func TestOutdatedAnswersAreNotHeldAgainstAnEndpoint(t *testing.T) {
	t.Parallel()
	moved := func(e *webhook.Endpoint) {
		e.URL, e.Version, e.Health = "https://new.example", e.Version+1, webhook.Health{}
	}
	again := func(e *webhook.Endpoint) { e.Version, e.Health = e.Version+2, webhook.Health{} }
	for name, c := range map[string]struct {
		code   int
		change func(*webhook.Endpoint)
	}{
		"410, moved": {410, moved}, "410, enabled again": {410, again}, "500, moved": {500, moved}, "500, enabled again": {500, again},
	} {
		bubble(t, name, func(t *testing.T) {
			w := newWorld(t, func(_, eventID string, _ int) reply {
				if eventID <= "evt_000008" {
					return reply{c.code, 5 * time.Second, 0}
				}
				return reply{200, time.Millisecond, 0}
			})
			e := w.queue.endpoint("mch_1", "we_1")
			d := w.dispatcher("a")
			defer run(d)()
			for n := range 8 {
				w.tell(d, "we_1", fmt.Sprint("pi_", n), 1)
			}
			time.Sleep(3 * time.Second)
			w.queue.set(func(*queue) { c.change(e) })
			if c.code == 500 { // one message that the process sees the change by, and that waits for a place
				w.tell(d, "we_1", "pi_8", 1)
				time.Sleep(2*time.Second + 50*time.Millisecond)
				require.Equal(t, 1, w.queue.count("we_1", webhook.Succeeded), "it is not paused")
			}
			time.Sleep(3 * time.Second)
			require.Equal(t, 8, w.queue.count("we_1", webhook.Retrying), "as after any failure")
			require.Len(t, w.retrier.ids(), 8)
			require.True(t, e.Enabled())
			require.Zero(t, e.Health)
			before := w.queue.count("we_1", webhook.Succeeded)
			w.tell(d, "we_1", "pi_9", 1)
			time.Sleep(50 * time.Millisecond)
			require.Equal(t, before+1, w.queue.count("we_1", webhook.Succeeded))
		})
	}
}

// What the hub fails to write leaves the endpoint as it is: the next message is sent at once.
func TestTheHubsDefectsAreNotHeldAgainstAnEndpoint(t *testing.T) {
	t.Parallel()
	bubble(t, "unwritten", func(t *testing.T) {
		w := newWorld(t, always(200))
		e := w.queue.endpoint("mch_1", "we_1")
		d := w.dispatcher("a")
		defer run(d)()
		for n := range 2 * webhook.FailuresToPause {
			_, tasks := w.queue.write("a", "we_1", fmt.Sprint("pi_", n), clock.System{}.Now())
			tasks[0].Event.Type = event.RefundFailed
			d.Hand(tasks)
		}
		time.Sleep(time.Second)
		require.Equal(t, 2*webhook.FailuresToPause, w.queue.count("we_1", webhook.Retrying))
		require.Zero(t, e.Health)
		w.tell(d, "we_1", "pi_well", 1)
		time.Sleep(50 * time.Millisecond)
		require.Equal(t, 1, w.queue.count("we_1", webhook.Succeeded))
	})
}
