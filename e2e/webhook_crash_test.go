package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestKilledHubTellsEverything kills a hub over and over while it takes payments and tells
// of them, with a receiver that now and then refuses: every event that is written reaches
// it at least once.
func TestKilledHubTellsEverything(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	t.Parallel()
	for _, d := range dialects(t) {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			h := idleHub(t, d)
			require.NoError(t, h.start())
			s := newShop(t, h)
			var mu sync.Mutex
			refused := map[string]bool{}
			r := newReceiver(t, func(m message) int {
				mu.Lock()
				defer mu.Unlock()
				if m.ID[len(m.ID)-1] < '4' && !refused[m.ID] { // one in eight, once
					refused[m.ID] = true
					return http.StatusInternalServerError
				}
				return http.StatusOK
			})
			s.tell(t, r)
			l := &load{shop: s, stop: make(chan struct{})}
			var clients sync.WaitGroup
			for i := range 4 {
				clients.Go(func() { l.run(t, i) })
			}
			for range crashes {
				time.Sleep(betweenKills)
				h.process.kill()
				require.NoError(t, h.start())
			}
			time.Sleep(betweenKills)
			close(l.stop)
			clients.Wait()
			if t.Failed() {
				return
			}
			written := s.allEvents(t)
			await(t, settleLimit, "every event arrives", func() bool {
				seen := r.seen()
				for _, id := range written {
					if seen[id] == 0 {
						return false
					}
				}
				return true
			})
			total, twice := 0, 0
			for _, n := range r.seen() {
				total += n
				twice += n - 1
			}
			t.Logf("%d events over %d crashes, told in %d messages (%d again)", len(written), crashes, total, twice)
			h.verify(t)
		})
	}
}

// allEvents lists the ids of all events, oldest last.
func (c client) allEvents(t testing.TB) (ids []string) {
	t.Helper()
	for after := ""; ; {
		query := url.Values{"limit": {"100"}}
		if after != "" {
			query.Set("starting_after", after)
		}
		page := read[struct {
			Data []struct {
				ID string `json:"id"`
			} `json:"data"`
			HasMore bool `json:"has_more"`
		}](t, c.get(t, events+"?"+query.Encode()), http.StatusOK)
		for _, e := range page.Data {
			ids = append(ids, e.ID)
		}
		if !page.HasMore {
			return ids
		}
		after = ids[len(ids)-1]
	}
}

// A hub is killed while a message is on its way, and another process of the same hub
// sends it when the claim of the dead one has run out.
func TestAnotherProcessTellsWhatADeadOneClaimed(t *testing.T) {
	onParts(t, []string{"PAYMENTHUB_WEBHOOKS_ALLOW_LOOPBACK=true"}, func(t *testing.T, p *parts) {
		s := newShop(t, p.hub)
		released := make(chan struct{})
		release := sync.OnceFunc(func() { close(released) })
		r := newReceiver(t, func(message) int {
			<-released
			return http.StatusOK
		})
		t.Cleanup(release) // before the receiver is closed, which waits for its answers
		s.tell(t, r)
		paid := s.create(t, nil)
		await(t, deliverLimit, "the message is on its way", func() bool { return len(r.of(paid.ID)) == 1 })
		p.process.kill()
		second := p.startSecond(t)
		release()
		heard := len(r.of(paid.ID))
		await(t, settleLimit, "it is sent again", func() bool { return len(r.of(paid.ID)) > heard })
		other := client{api: second, key: s.key}
		await(t, deliverLimit, "and recorded", func() bool {
			found := other.deliveriesOf(t, fmt.Sprintf("%s/%s/deliveries", events, r.of(paid.ID)[0].ID))
			return len(found) == 1 && found[0].Status == "succeeded"
		})
	})
}
