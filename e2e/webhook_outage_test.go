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
	"go.temporal.io/api/workflowservice/v1"

	"paymenthub/internal/store/pgtest"
)

// startingLimit is for how long a process tries to start the retries of a delivery.
const startingLimit = 6 * time.Second

var onLoopback = []string{"PAYMENTHUB_WEBHOOKS_ALLOW_LOOPBACK=true"}

// Temporal is away while first attempts fail, so that nobody keeps their retries. The
// sweep finds them: a minute after they were due, at its next round.
func TestRetriesOutliveTemporal(t *testing.T) {
	onParts(t, onLoopback, func(t *testing.T, p *parts) {
		s := newShop(t, p.hub)
		released, down := make(chan struct{}), atomic.Bool{}
		release := sync.OnceFunc(func() { close(released) })
		down.Store(true)
		r := newReceiver(t, func(message) int {
			if down.Load() {
				<-released
				return http.StatusServiceUnavailable
			}
			return http.StatusOK
		})
		t.Cleanup(release) // before the receiver is closed, which waits for its answers
		e := s.tell(t, r)
		made := []intent{s.create(t, nil), s.create(t, nil), s.create(t, nil)}
		await(t, deliverLimit, "first attempts are made", func() bool { return len(r.messages()) == len(made) })
		p.engine.kill()
		release()
		path := webhookEndpoints + "/" + e.ID + "/deliveries?status="
		await(t, deliverLimit, "they are recorded", func() bool { return len(s.deliveriesOf(t, path+"retrying")) == len(made) })
		down.Store(false)
		time.Sleep(startingLimit)
		p.startEngine(t)
		back := time.Now()

		paid := write{name: "paid", path: intents, body: order(paidWith(visa))}.again(t, s.client).intent(t)
		require.Equal(t, "succeeded", paid.Status)
		await(t, deliverLimit, "what is new is told", func() bool { return len(r.of(paid.ID)) == 2 })
		if p.databaseURL == "" { // once is enough to wait for the minute
			for _, d := range s.deliveriesOf(t, path+"retrying") {
				p.update(t, "UPDATE webhook_deliveries SET revive_at = strftime('%Y-%m-%dT%H:%M:%S.000000Z', created_at, '-2 minutes') WHERE id = $1", d.ID)
			}
		}
		await(t, 2*settleLimit, "what has failed is told", func() bool { return len(s.deliveriesOf(t, path+"retrying")) == 0 })
		t.Logf("%s after Temporal came back", time.Since(back).Round(time.Millisecond))
		for _, one := range made {
			require.Equal(t, []string{"payment_intent.created", "payment_intent.created"}, typesOf(r.of(one.ID)), "once in vain, once more")
		}
	})
}

// retriesOf counts the workflows that retry deliveries of the shop's.
func (s shop) retriesOf(t *testing.T) int64 {
	t.Helper()
	found, err := s.hub.temporal(t).CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{
		Query: fmt.Sprintf("MerchantId = '%s' AND WorkflowType = 'WebhookDeliveryWorkflow'", s.id),
	})
	require.NoError(t, err)
	return found.Count
}

// createAll makes payments, eight at a time.
func (s shop) createAll(t *testing.T, number int, fields object) []intent {
	t.Helper()
	made := make([]intent, number)
	var callers sync.WaitGroup
	for i := range 8 {
		callers.Go(func() {
			for j := i; j < number; j += 8 {
				made[j] = s.createOnce(t, fields)
			}
		})
	}
	callers.Wait()
	return made
}

// A server that nobody answers at is left alone after its first failures: what happens
// meanwhile waits without a workflow, and comes once it is back.
func TestADeadEndpointComesBack(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		address := quietAddress(t)
		other := newReceiver(t, nil)
		s.tell(t, other)
		e := read[endpoint](t, s.post(t, webhookEndpoints, object{"url": "http://" + address + "/hook", "event_types": []string{"*"}}), http.StatusOK)
		const payments = 100
		made := s.createAll(t, payments, paidWith(visa))
		await(t, deliverLimit, "the other endpoint hears all", func() bool { return len(other.seen()) == 2*payments })
		require.Equal(t, 2*payments, len(other.messages()))
		path := webhookEndpoints + "/" + e.ID + "/deliveries?limit=100&status="
		retried := map[string]delivery{} // those whose first attempt failed, which have lost their place
		note := func() (now []delivery) {
			now = s.deliveriesOf(t, path+"retrying")
			for _, d := range now {
				retried[d.ID] = d
			}
			return now
		}
		await(t, deliverLimit, "a retry fails, too", func() bool {
			return slices.ContainsFunc(note(), func(d delivery) bool { return d.Attempts > 1 })
		})
		now := s.endpoint(t, e.ID)
		require.True(t, now.Enabled)
		require.NotEqual(t, "healthy", now.Health.State)
		require.Less(t, len(retried), 20, "the rest waits")
		require.LessOrEqual(t, s.retriesOf(t), int64(len(retried)))

		r := newReceiverAt(t, address, nil)
		began := time.Now()
		await(t, 2*settleLimit, "what waited comes", func() bool { waiting := note(); return len(r.seen()) >= 2*payments-len(waiting) })
		t.Logf("%d events came within %s; %d were retried; %d failures in a row before", len(r.seen()), time.Since(began).Round(time.Millisecond), len(retried), now.Health.Failures)
		require.Equal(t, "healthy", s.endpoint(t, e.ID).Health.State)
		late := map[string]bool{}
		for _, d := range retried {
			late[d.ObjectID] = true
		}
		for _, d := range note() {
			s.post(t, webhookDeliveries+"/"+d.ID+"/redeliver", nil, idempotent(d.ID))
		}
		// An attempt that found no place while the endpoint was probed comes within a minute.
		await(t, settleLimit, "the retried ones come when asked for", func() bool { return len(r.seen()) == 2*payments })
		require.LessOrEqual(t, len(r.messages()), 2*payments+len(retried), "each came once, but for those that came by themselves while they were asked for")
		for _, one := range made {
			if !late[one.ID] {
				require.Equal(t, []string{"payment_intent.created", "payment_intent.succeeded"}, typesOf(r.of(one.ID)))
			}
		}
		require.LessOrEqual(t, s.retriesOf(t), int64(len(retried)), "what waited for the end of the pause has no workflow")
	})
}

// Postgres ends in the middle of everything, twice. What was promised is told.
func TestADatabaseRestartLosesNoMessage(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	t.Parallel()
	needPostgres(t)
	own, err := pgtest.Start()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, own.Stop()) })
	require.NoError(t, own.Exec(t.Context(), "CREATE DATABASE hub"))
	p := newParts(t, own.URL("hub"), onLoopback...)
	s := newShop(t, p.hub)
	r := newReceiver(t, nil)
	s.tell(t, r)
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for i := range 4 {
		clients.Go(func() {
			for n := 0; !closed(stop); n++ {
				write{name: fmt.Sprint("payment ", i, " ", n), path: intents, body: order(paidWith(visa))}.persist(t, s.client)
			}
		})
	}
	for range 2 {
		time.Sleep(time.Second)
		require.NoError(t, own.Restart())
	}
	time.Sleep(time.Second)
	close(stop)
	clients.Wait()
	for _, paymentID := range s.payments(t) { // an answer may have come before its end, which is an event
		s.resolved(t, paymentID)
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
	t.Logf("%d events, %d messages", len(written), len(r.messages()))
	require.Equal(t, len(written), len(r.seen()), "nothing is told that is not written")
	for _, paymentID := range s.payments(t) {
		requireInOrder(t, r.of(paymentID))
	}
	p.verify(t)
}

// requireInOrder holds that a payment's events came in their order, each at least once.
func requireInOrder(t *testing.T, told []message) {
	t.Helper()
	var order []string
	seen := map[string]bool{}
	for _, m := range told {
		if !seen[m.ID] {
			order = append(order, m.Type)
		}
		seen[m.ID] = true
	}
	require.True(t, strings.HasPrefix("payment_intent.created payment_intent.succeeded", strings.Join(order, " ")), "%v", order)
}

// A process stands still for longer than its claims hold, with a message on its way.
// Another one sends it. When the first goes on, what it knows is old, and does no harm.
func TestAProcessThatStoodStillDoesNoHarm(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	t.Parallel()
	p := partsOn(t, postgres, onLoopback...)
	s := newShop(t, p.hub)
	other := client{api: p.startSecond(t), key: s.key}
	released, first := make(chan struct{}), atomic.Bool{}
	release := sync.OnceFunc(func() { close(released) })
	r := newReceiver(t, func(message) int {
		if first.CompareAndSwap(false, true) {
			<-released
			return http.StatusInternalServerError // which nobody may believe any more
		}
		return http.StatusOK
	})
	t.Cleanup(release) // before the receiver is closed, which waits for its answers
	e := s.tell(t, r)
	held := s.create(t, nil)
	await(t, deliverLimit, "the message is on its way", func() bool { return len(r.of(held.ID)) == 1 })
	freeze(t, p.process)
	frozen := time.Now()
	elsewhere := write{name: "elsewhere", path: intents, body: order(paidWith(visa))}.again(t, other).intent(t)
	await(t, settleLimit, "others are told meanwhile", func() bool { return len(r.of(elsewhere.ID)) == 2 })
	require.Equal(t, []string{"payment_intent.created", "payment_intent.succeeded"}, typesOf(r.of(elsewhere.ID)))
	await(t, settleLimit, "the other process sends it", func() bool { return len(r.of(held.ID)) == 2 })
	t.Logf("sent by the other process after %s", time.Since(frozen).Round(time.Millisecond))
	release()
	thaw(t, p.process)
	again := write{name: "again", path: intents, body: order(paidWith(visa))}.again(t, s.client).intent(t)
	await(t, deliverLimit, "the first process goes on", func() bool { return len(r.of(again.ID)) == 2 })

	path := fmt.Sprintf("%s/%s/deliveries", events, r.of(held.ID)[0].ID)
	await(t, deliverLimit, "it is recorded as it was", func() bool { return s.deliveriesOf(t, path)[0].Status == "succeeded" })
	time.Sleep(time.Second)
	require.Equal(t, "succeeded", s.deliveriesOf(t, path)[0].Status)
	require.Equal(t, 2, len(r.of(held.ID)))
	require.Equal(t, "healthy", s.endpoint(t, e.ID).Health.State)
	require.Zero(t, s.retriesOf(t), "nothing is retried")
}
