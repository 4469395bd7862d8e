package dispatch_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/clock"
)

// A claim that was not renewed is another's, or the delivery has ended: it is not
// attempted, and neither is what was to follow it.
func TestLostClaimsAreNotAttempted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(string, string, int) reply { return reply{code: 200, after: 25 * time.Second} })
		e := w.queue.endpoint("mch_1", "we_1")
		d := w.dispatcher("a")
		stop := run(d)
		defer stop()
		ids := w.tell(d, e.ID, "pi_1", 3)
		synctest.Wait()
		w.queue.mu.Lock()
		lost := &w.queue.byID[ids[1]].Delivery
		lost.ClaimedBy, lost.ClaimedUntil = "b", clock.System{}.Now().Add(time.Hour)
		w.queue.mu.Unlock()
		time.Sleep(2 * time.Minute)
		require.Equal(t, w.events(1, 1), w.sender.events(e.URL), "the first was under way, and kept")
	})
}
