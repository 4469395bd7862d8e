package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestEventsAreTold(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		r := newReceiver(t, nil)
		e := s.tell(t, r, object{"headers": object{"X-Shop-Token": "a merchant's own"}})
		paid := s.create(t, paidWith(visa))
		await(t, deliverLimit, "both events arrive", func() bool { return len(r.of(paid.ID)) == 2 })
		told := r.of(paid.ID)
		require.Equal(t, []string{"payment_intent.created", "payment_intent.succeeded"}, typesOf(told))
		for _, m := range told {
			require.True(t, m.signedBy(e.Secret), "%v", m.header)
			require.False(t, m.signedBy("whsec_other"))
			require.Equal(t, "/webhooks", m.path)
			require.Equal(t, "a merchant's own", m.header.Get("X-Shop-Token"))
			require.Equal(t, m.ID, m.header.Get("Webhook-Id"))
			require.Equal(t, string(s.get(t, events+"/"+m.ID).raw), string(m.body), "the event as the API shows it")
		}

		r.answers(func(m message) int {
			if strings.HasPrefix(m.Type, "refund.") {
				return http.StatusNoContent
			}
			return http.StatusOK
		})
		refunded := s.post(t, refunds, object{"intent_id": paid.ID}).refund(t)
		await(t, deliverLimit, "the refund is told", func() bool { return len(r.of(refunded.ID)) == 2 })
		require.Equal(t, []string{"refund.created", "refund.completed"}, typesOf(r.of(refunded.ID)))
		await(t, deliverLimit, "all are recorded", func() bool {
			return len(s.deliveriesOf(t, webhookEndpoints+"/"+e.ID+"/deliveries?status=succeeded")) == 4
		})
		require.Equal(t, "healthy", s.endpoint(t, e.ID).Health.State)
	})
}

func TestAnEndpointHearsWhatItAsksFor(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		exact, group, off, other := newReceiver(t, nil), newReceiver(t, nil), newReceiver(t, nil), newReceiver(t, nil)
		s.tell(t, exact, object{"event_types": []string{"payment_intent.succeeded"}})
		s.tell(t, group, object{"event_types": []string{"refund.*"}})
		s.tell(t, off, object{"enabled": false})
		newShop(t, h).tell(t, other) // another merchant's
		elsewhere := s.newKey(t, "--environment", "live")
		elsewhere.post(t, webhookEndpoints, object{"url": other.URL, "event_types": []string{"*"}}).failure(t, http.StatusBadRequest, "validation_failed")
		live := read[endpoint](t, elsewhere.post(t, webhookEndpoints, object{"url": "https://hooks.invalid/", "event_types": []string{"*"}}), http.StatusOK)
		paid := s.create(t, paidWith(visa))
		refunded := s.post(t, refunds, object{"intent_id": paid.ID}).refund(t)
		await(t, deliverLimit, "who asked has heard", func() bool { return len(exact.messages()) == 1 && len(group.messages()) == 2 })
		require.Equal(t, []string{"payment_intent.succeeded"}, typesOf(exact.messages()))
		require.Len(t, group.of(refunded.ID), 2)
		require.Empty(t, off.messages())
		require.Empty(t, other.messages())
		require.Empty(t, elsewhere.deliveriesOf(t, webhookEndpoints+"/"+live.ID+"/deliveries"))
	})
}

func TestAFailedMessageComesAgain(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		var refused atomic.Bool
		r := newReceiver(t, nil)
		r.answers(func(m message) int {
			if m.Type == "payment_intent.succeeded" && refused.CompareAndSwap(false, true) {
				return http.StatusServiceUnavailable
			}
			return http.StatusOK
		})
		e := s.tell(t, r)
		paid := s.create(t, paidWith(visa))
		await(t, deliverLimit, "the first attempt failed", func() bool { return refused.Load() })
		failing := s.deliveriesOf(t, webhookEndpoints+"/"+e.ID+"/deliveries?status=retrying")
		if len(failing) == 1 { // the retry is 5 s away
			require.NotNil(t, failing[0].NextAttemptAt)
		}
		await(t, deliverLimit, "it comes again", func() bool { return len(r.of(paid.ID)) == 3 })
		told := r.of(paid.ID)
		first, again := told[1], told[2]
		require.Equal(t, first.ID, again.ID)
		require.Equal(t, string(first.body), string(again.body))
		require.True(t, again.signedBy(e.Secret))
		require.NotEqual(t, first.header.Get("Webhook-Timestamp"), again.header.Get("Webhook-Timestamp"), "each attempt is signed anew")
		of := s.deliveriesOf(t, events+"/"+again.ID+"/deliveries")
		require.Len(t, of, 1)
		await(t, deliverLimit, "it is recorded", func() bool {
			return s.deliveriesOf(t, events+"/"+again.ID+"/deliveries")[0].Status == "succeeded"
		})
		attempts := read[struct{ Attempts []sending }](t, s.get(t, webhookDeliveries+"/"+of[0].ID), http.StatusOK).Attempts
		require.Len(t, attempts, 2)
		slices.SortFunc(attempts, func(a, b sending) int { return a.Number - b.Number })
		require.GreaterOrEqual(t, attempts[1].StartedAt.Sub(attempts[0].StartedAt), 5*time.Second)
		ended := history(t, h.temporal(t), fmt.Sprintf("webhook/%s/1", of[0].ID), "")
		require.NotEmpty(t, ended, "the retries are a workflow that operators can look at")
		for _, e := range ended {
			if timer := e.GetTimerStartedEventAttributes(); timer != nil {
				require.Less(t, timer.StartToFireTimeout.AsDuration(), 10*time.Second)
			}
		}
	})
}

func TestAnEndpointThatIsGoneIsDisabled(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		gone, other := newReceiver(t, always(http.StatusGone)), newReceiver(t, nil)
		e := s.tell(t, gone)
		s.tell(t, other, object{"event_types": []string{"webhook_endpoint.*"}})
		s.create(t, nil)
		await(t, deliverLimit, "the other endpoint hears of it", func() bool { return len(other.messages()) == 1 })
		require.Equal(t, []string{"webhook_endpoint.disabled"}, typesOf(other.of(e.ID)))
		require.NotContains(t, string(other.messages()[0].body), e.Secret)
		now := s.endpoint(t, e.ID)
		require.False(t, now.Enabled)
		require.Equal(t, "gone", now.DisabledReason)
		notices := s.get(t, "/v3/notices")
		require.Contains(t, string(notices.raw), e.ID)

		gone.answers(nil)
		heard := len(gone.messages())
		missed := s.create(t, nil)
		s.post(t, webhookEndpoints+"/"+e.ID, object{"enabled": true})
		again := s.create(t, nil)
		await(t, deliverLimit, "it hears again once enabled", func() bool { return len(gone.of(again.ID)) == 1 })
		require.Empty(t, gone.of(missed.ID))
		require.Len(t, gone.messages(), heard+1)
	})
}

// A receiver that answers after 10 s, and one where nobody listens, stand beside one that
// answers at once.
func TestASlowEndpointDelaysNoOther(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		ended := make(chan struct{})
		slow := newReceiver(t, func(message) int {
			select {
			case <-time.After(10 * time.Second):
			case <-ended:
			}
			return http.StatusOK
		})
		t.Cleanup(func() { close(ended) })
		dead := newReceiver(t, nil)
		dead.Close()
		s.tell(t, slow)
		s.tell(t, dead)
		quick := newReceiver(t, nil)
		s.tell(t, quick)
		const payments = 30
		made := make([]intent, payments)
		var callers sync.WaitGroup
		for i := range payments {
			callers.Go(func() { made[i] = s.createOnce(t, nil) })
		}
		callers.Wait()
		created := time.Now()
		promptly(t, 5*time.Second, "the quick one has heard all", func() bool { return len(quick.seen()) == payments })
		t.Logf("%d events to the quick endpoint within %s of the last", payments, time.Since(created).Round(time.Millisecond))
		require.Less(t, len(slow.messages()), payments, "the slow one gets a bounded number at once")
	})
}

func TestEventsOfAnObjectComeInOrder(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		r := newReceiver(t, func(m message) int {
			if m.Type == "payment_intent.created" {
				time.Sleep(300 * time.Millisecond) // the next event is there long before
			}
			return http.StatusOK
		})
		s.tell(t, r)
		var callers sync.WaitGroup
		made := make([]intent, 10)
		for i := range made {
			callers.Go(func() { made[i] = s.create(t, paidWith(visa)) })
		}
		callers.Wait()
		for _, p := range made {
			await(t, deliverLimit, "both events arrive", func() bool { return len(r.of(p.ID)) == 2 })
			require.Equal(t, []string{"payment_intent.created", "payment_intent.succeeded"}, typesOf(r.of(p.ID)))
		}
	})
}
