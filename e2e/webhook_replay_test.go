package e2e

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// replay is a replay as the API shows it.
type replay struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Total  int    `json:"total"`
	Seen   int    `json:"seen"`
	Queued int    `json:"queued"`
}

// ended waits until a replay has ended.
func (c client) ended(t testing.TB, replayID string) (r replay) {
	t.Helper()
	await(t, settleLimit, "the replay ends", func() bool {
		r = read[replay](t, c.get(t, "/v3/webhook_replays/"+replayID), http.StatusOK)
		return r.Status != "running"
	})
	return r
}

func TestWhatFailedIsSentAgainWhenAsked(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		r := newReceiver(t, nil)
		e := s.tell(t, r)
		path := webhookEndpoints + "/" + e.ID
		began := time.Now().Add(-time.Second)
		first, second := s.create(t, nil), s.create(t, nil)
		recorded := func() bool { return len(s.deliveriesOf(t, path+"/deliveries?status=succeeded")) == 2 }
		await(t, deliverLimit, "both are told", func() bool { return len(r.messages()) == 2 && recorded() })
		told := r.of(first.ID)[0]

		s.post(t, path+"/redeliver", object{"event_id": told.ID}).failure(t, http.StatusBadRequest, "validation_failed")
		again := read[delivery](t, s.post(t, path+"/redeliver", object{"event_id": told.ID}, idempotent("one")), http.StatusOK)
		require.Equal(t, 2, again.Round)
		await(t, deliverLimit, "it comes again", func() bool { return len(r.of(first.ID)) == 2 && recorded() })
		require.Equal(t, told.ID, r.of(first.ID)[1].ID)
		read[delivery](t, s.post(t, path+"/redeliver", object{"event_id": told.ID}, idempotent("one")), http.StatusOK)

		ranged := read[replay](t, s.post(t, path+"/redeliver", object{
			"from": began.Format(time.RFC3339Nano), "to": time.Now().Add(time.Second).Format(time.RFC3339Nano),
		}, idempotent("range")), http.StatusOK)
		done := s.ended(t, ranged.ID)
		require.Equal(t, "completed", done.Status)
		require.Equal(t, 2, done.Total)
		require.Equal(t, 2, done.Queued)
		await(t, deliverLimit, "both come again", func() bool { return len(r.of(first.ID)) == 3 && len(r.of(second.ID)) == 2 })

		nothing := read[replay](t, s.post(t, path+"/redeliver", object{"failed_since": began.Format(time.RFC3339Nano)}, idempotent("failed")), http.StatusOK)
		require.Equal(t, 0, s.ended(t, nothing.ID).Queued, "nothing has failed")
	})
}

// After an outage most of what was missed waits for its next attempt.
func TestWhatIsToBeTriedAgainIsSentWhenAsked(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		var down atomic.Bool
		r := newReceiver(t, func(message) int {
			if down.Load() {
				return http.StatusInternalServerError
			}
			return http.StatusOK
		})
		// The first pause of this dialect is five minutes.
		e := s.tell(t, r, object{"dialect": "acquiring", "event_types": []string{"payment.captured"}})
		path := webhookEndpoints + "/" + e.ID
		began := time.Now().Add(-time.Second)
		for i, asked := range []func() object{
			func() object { return object{"failed_since": began.Format(time.RFC3339Nano)} },
			func() object {
				return object{"from": began.Format(time.RFC3339Nano), "to": time.Now().Add(time.Second).Format(time.RFC3339Nano)}
			},
		} {
			down.Store(true)
			s.createAll(t, 2, paidWith(visa))
			await(t, deliverLimit, "both wait for their next attempt", func() bool { return len(s.deliveriesOf(t, path+"/deliveries?status=retrying")) == 2 })
			down.Store(false)
			begun := read[replay](t, s.post(t, path+"/redeliver", asked(), idempotent(fmt.Sprint("outage ", i))), http.StatusOK)
			require.Equal(t, 2+2*i, s.ended(t, begun.ID).Queued, "what came of the outage before is an event of the range, too")
			await(t, deliverLimit, "both are told", func() bool { return len(s.deliveriesOf(t, path+"/deliveries?status=succeeded")) == 2+2*i })
		}
	})
}

func TestWhatHappenedWhileDisabledCanBeReplayed(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		r := newReceiver(t, nil)
		e := s.tell(t, r, object{"enabled": false})
		began := time.Now().Add(-time.Second)
		missed := s.create(t, nil)
		s.post(t, webhookEndpoints+"/"+e.ID, object{"enabled": true})
		asked := read[replay](t, s.post(t, webhookEndpoints+"/"+e.ID+"/redeliver", object{
			"from": began.Format(time.RFC3339Nano), "to": time.Now().Add(time.Second).Format(time.RFC3339Nano),
		}, idempotent("missed")), http.StatusOK)
		require.Equal(t, 1, s.ended(t, asked.ID).Queued)
		await(t, deliverLimit, "it is told", func() bool { return len(r.of(missed.ID)) == 1 })
	})
}

func TestASecretIsRotatedWithoutAGap(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		r := newReceiver(t, nil)
		e := s.tell(t, r)
		path := webhookEndpoints + "/" + e.ID
		rotated := read[endpoint](t, s.post(t, path+"/rotate_secret", nil), http.StatusOK)
		require.NotEqual(t, e.Secret, rotated.Secret)
		both := s.create(t, nil)
		await(t, deliverLimit, "it is told", func() bool { return len(r.of(both.ID)) == 1 })
		m := r.of(both.ID)[0]
		require.True(t, m.signedBy(e.Secret) && m.signedBy(rotated.Secret), "both secrets verify: %v", m.header)

		s.post(t, path+"/rotate_secret", nil).failure(t, http.StatusConflict, "invalid_state")
		ended := read[endpoint](t, s.post(t, path+"/rotate_secret", object{"revoke_previous": true}), http.StatusOK)
		alone := s.create(t, nil)
		await(t, deliverLimit, "it is told", func() bool { return len(r.of(alone.ID)) == 1 })
		m = r.of(alone.ID)[0]
		require.True(t, m.signedBy(ended.Secret))
		require.False(t, m.signedBy(e.Secret) || m.signedBy(rotated.Secret), "the old ones end at once: %v", m.header)
	})
}

func TestATestShowsWhatCameOfIt(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		r := newReceiver(t, always(http.StatusTeapot))
		e := s.tell(t, r)
		tried := read[struct {
			delivery
			Attempts []struct {
				Response struct {
					StatusCode int `json:"status_code"`
				} `json:"response"`
			} `json:"attempts"`
		}](t, s.post(t, webhookEndpoints+"/"+e.ID+"/test", nil), http.StatusOK)
		require.Equal(t, "failed", tried.Status)
		require.Len(t, r.messages(), 1)
		require.Equal(t, "webhook_endpoint.test", r.messages()[0].Type)
		require.True(t, r.messages()[0].signedBy(e.Secret))
		require.Equal(t, "healthy", s.endpoint(t, e.ID).Health.State, "a test says nothing of the endpoint's health")
	})
}

// What a merchant's server must not be: something inside of the hub's network.
func TestWebhooksStayOutside(t *testing.T) {
	onOwn(t, []string{"PAYMENTHUB_WEBHOOKS_ALLOW_LOOPBACK=false"}, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		for _, url := range []string{
			"http://example.com/hook", "https://127.0.0.1/hook", "http://127.0.0.1:8080/", "https://localhost/hook", "https://10.0.0.1/", "https://192.168.1.1/",
			"https://169.254.169.254/latest/meta-data", "https://[::1]/", "https://[::ffff:10.0.0.1]/", "https://2130706433/", "https://0x7f.1/",
			"https://user:pass@example.com/", "https://example.com:22/", "ftp://example.com/", "https://example.com/#part", "example.com", "",
			"https://metadata.internal/", "https://example.com/\r\nHost: other",
		} {
			f := s.post(t, webhookEndpoints, object{"url": url, "event_types": []string{"*"}}).failure(t, http.StatusBadRequest, "validation_failed")
			require.Equal(t, "url", f.Param, "%s", url)
		}
		made := read[endpoint](t, s.post(t, webhookEndpoints, object{"url": "https://hooks.invalid/", "event_types": []string{"*"}}), http.StatusOK)
		s.create(t, nil)
		await(t, deliverLimit, "the attempt fails in words", func() bool {
			found := s.deliveriesOf(t, webhookEndpoints+"/"+made.ID+"/deliveries?status=retrying")
			return len(found) == 1
		})
	})
}
