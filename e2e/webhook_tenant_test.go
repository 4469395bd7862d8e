package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A merchant asks for another one's events at an endpoint of its own, and for its
// sandbox's at one of the live environment.
func TestNobodyIsToldAnothersEvents(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		owner := newShop(t, h)
		eventID := owner.eventsOf(t, owner.create(t, nil).ID)[0].ID
		at := map[string]object{"the other environment": {"url": "https://hooks.invalid/"}} // live ones are on no loopback
		for name, stranger := range map[string]client{"another merchant": newShop(t, h).client, "the other environment": owner.newKey(t, "--environment", "live")} {
			r := newReceiver(t, nil)
			e := stranger.tell(t, r, at[name])
			again := func(body object, key string) answer {
				return stranger.post(t, webhookEndpoints+"/"+e.ID+"/redeliver", body, idempotent(key))
			}
			again(object{"event_id": eventID}, "one").failure(t, http.StatusNotFound, "not_found")
			asked := read[replay](t, again(object{
				"from": time.Now().Add(-time.Hour).Format(time.RFC3339), "to": time.Now().Add(time.Second).Format(time.RFC3339Nano),
			}, "all"), http.StatusOK)
			done := stranger.ended(t, asked.ID)
			require.Equal(t, []int{0, 0}, []int{done.Total, done.Queued}, name)
			require.Empty(t, stranger.deliveriesOf(t, webhookEndpoints+"/"+e.ID+"/deliveries"), name)
			own := stranger.create(t, nil)
			await(t, deliverLimit, "its own are for it", func() bool {
				told := stranger.deliveriesOf(t, webhookEndpoints+"/"+e.ID+"/deliveries")
				return len(told) == 1 && told[0].ObjectID == own.ID
			})
		}
		require.Empty(t, owner.deliveriesOf(t, events+"/"+eventID+"/deliveries"))
	})
}
