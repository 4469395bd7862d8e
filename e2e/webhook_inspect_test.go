package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// One event is told to servers that take it, put it off, are gone and say nothing; and its
// maker sees in lists what became of each.
func TestListedDeliveriesShowTheLastAttempt(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s, stranger := newShop(t, h), newShop(t, h)
		ended := make(chan struct{})
		defer close(ended)
		servers := map[string]*receiver{
			"succeeded": newReceiver(t, nil), "retrying": newReceiver(t, always(http.StatusServiceUnavailable)),
			"failed": newReceiver(t, always(http.StatusGone)), "pending": newReceiver(t, func(message) int { <-ended; return http.StatusOK }),
		}
		endpoints := map[string]endpoint{}
		asks := object{"event_types": []string{"payment_intent.created"}, "headers": object{"X-Shop-Token": "a merchant's own"}}
		for status, server := range servers {
			server.says = "I have " + status
			endpoints[status] = s.tell(t, server, asks)
		}
		theirs := stranger.tell(t, newReceiver(t, nil), asks)
		eventID := s.eventsOf(t, s.create(t, nil).ID)[0].ID
		other := stranger.create(t, nil)

		of := func(status string) string { return webhookEndpoints + "/" + endpoints[status].ID + "/deliveries" }
		await(t, deliverLimit, "the silent server is asked", func() bool { return len(servers["pending"].messages()) == 1 })
		waits := s.deliveriesOf(t, of("pending")+"?status=pending")
		require.Len(t, waits, 1)
		require.Nil(t, waits[0].LastAttempt, "it is being made")

		for status, code := range map[string]int{"succeeded": http.StatusOK, "retrying": http.StatusServiceUnavailable, "failed": http.StatusGone} {
			await(t, deliverLimit, "it is recorded", func() bool { return len(s.deliveriesOf(t, of(status)+"?status="+status)) == 1 })
			d := s.deliveriesOf(t, of(status)+"?status="+status)[0]
			require.Equal(t, status == "retrying", d.NextAttemptAt != nil)
			last := d.LastAttempt
			require.NotNil(t, last, status)
			require.Equal(t, []any{d.Attempts, 1, code, "I have " + status, ""}, []any{last.Number, last.Round, last.Response.StatusCode, last.Response.Body, last.Error})
			require.WithinDuration(t, time.Now(), last.StartedAt, time.Minute)
			require.Positive(t, last.Took)
			told := servers[status].messages()[0]
			require.Equal(t, []any{endpoints[status].URL, string(told.body), true}, []any{last.Request.URL, last.Request.Body, last.Request.BodyMatches})
			require.Equal(t, []string{"[redacted]", eventID}, []string{last.Request.Headers["X-Shop-Token"], last.Request.Headers["Webhook-Id"]})
		}

		told := s.deliveriesOf(t, events+"/"+eventID+"/deliveries")
		require.Len(t, told, len(servers))
		for _, d := range told {
			require.Equal(t, d.Attempts > 0, d.LastAttempt != nil, d.Status)
			if d.LastAttempt != nil {
				require.Equal(t, d.Attempts, d.LastAttempt.Number, "what the delivery says and its last attempt belong together")
			}
			if d.EndpointID == endpoints["succeeded"].ID {
				again := read[delivery](t, s.post(t, webhookDeliveries+"/"+d.ID+"/redeliver", nil, idempotent("again")), http.StatusOK)
				require.Equal(t, []any{2, d.LastAttempt}, []any{again.Round, again.LastAttempt}, "of the round before")
			}
		}

		for _, path := range []string{of("succeeded"), events + "/" + eventID + "/deliveries"} {
			stranger.get(t, path).failure(t, http.StatusNotFound, "not_found")
		}
		await(t, deliverLimit, "others hear of their own", func() bool {
			return len(stranger.deliveriesOf(t, webhookEndpoints+"/"+theirs.ID+"/deliveries?status=succeeded")) == 1
		})
		own := stranger.get(t, webhookEndpoints+"/"+theirs.ID+"/deliveries")
		require.Contains(t, string(own.raw), other.ID)
		require.NotContains(t, string(own.raw), eventID)
		require.NotContains(t, string(own.raw), "I have")
	})
}
