package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"paymenthub/internal/store/pgtest"
	"paymenthub/workflows"
)

// Bounds of what a client waits for.
const (
	healthLimit = 3 * time.Second // a check may take 2 s
	readLimit   = 5 * time.Second // of reads, whatever is down beside them
	awayLimit   = 8 * time.Second // of writes while Temporal is away: a start may take 5 s

	admissionLimit = 2 * time.Second // that a request waits for its turn before it is shed
)

// writesOf are one write of each kind, twice over, on payments made for them.
func writesOf(t *testing.T, s shop, key string) []write {
	t.Helper()
	var all []write
	for i := range 2 {
		name := func(kind string) string { return fmt.Sprintf("%s %s %d", key, kind, i) }
		fresh, held, given, done := s.create(t, nil).ID, s.authorized(t, 900).ID, s.authorized(t, 900).ID, s.paid(t, 1000).ID
		all = append(all,
			write{name: name("create"), path: intents, body: order()},
			write{name: name("pay"), path: intents, body: order(paidWith(visa))},
			write{name: name("hold"), path: intents, body: order(paidWith(visa), object{"capture_method": "manual"})},
			write{name: name("confirm"), path: intents + "/" + fresh + "/confirm", body: with(visa)},
			write{name: name("capture"), path: intents + "/" + held + "/capture", body: object{"amount": 900}},
			write{name: name("cancel"), path: intents + "/" + given + "/cancel"},
			write{name: name("refund"), path: refunds, body: object{"intent_id": done, "amount": 400}})
	}
	return all
}

// madeBy is how many payments the merchant has when each of the writes acted once.
const paymentsPerRound = 2 * 7

// sendAll sends the writes at once and returns what came of each.
func sendAll(t *testing.T, c client, writes []write) []reply {
	t.Helper()
	replies := make([]reply, len(writes))
	var all sync.WaitGroup
	for i, w := range writes {
		all.Go(func() { replies[i] = w.send(t, c) })
	}
	all.Wait()
	return replies
}

// requireShed holds that each reply came in time and says when to come again.
func requireShed(t *testing.T, what string, replies []reply, limit time.Duration) {
	t.Helper()
	var longest time.Duration
	for i, r := range replies {
		longest = max(longest, r.took)
		if !r.shed() || r.took > limit {
			t.Errorf("%s, write %d: %s", what, i, r)
		}
	}
	t.Logf("%s: %d writes were shed, the last after %s", what, len(replies), longest.Round(time.Millisecond))
}

// readsOf are paths whose answers need the database alone.
func readsOf(t *testing.T, s shop) []string {
	t.Helper()
	return []string{intents, intents + "/" + s.paid(t, 700).ID, refunds, events, "/v3/ledger/balances", "/v3/ledger/entries"}
}

// requireReads holds that reads are answered in time until stop is closed.
func requireReads(t *testing.T, c client, paths []string, stop <-chan struct{}) {
	var longest time.Duration
	count := 0
	for ; ; time.Sleep(20 * time.Millisecond) {
		select {
		case <-stop:
			t.Logf("%d reads were answered, the slowest after %s", count, longest.Round(time.Millisecond))
			return
		default:
		}
		r := c.timed(t, http.MethodGet, paths[count%len(paths)], nil)
		if r.err != nil || r.status != http.StatusOK || r.took > readLimit {
			t.Errorf("GET %s: %s", paths[count%len(paths)], r)
		}
		count++
		longest = max(longest, r.took)
	}
}

// requireDown holds that health names what is down, in time.
func (p *parts) requireDown(t *testing.T, want ...string) {
	t.Helper()
	promptly(t, 2*healthLimit, "health tells of it", func() bool {
		r, down := p.health(t)
		require.Less(t, r.took, healthLimit)
		return slices.Equal(want, down)
	})
}

// during runs f while reads go on.
func during(t *testing.T, c client, paths []string, f func()) {
	t.Helper()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		requireReads(t, c, paths, stop)
	}()
	f()
	close(stop)
	<-stopped
}

// requireAllOnce sends the writes again until they are answered and holds that
// each acted once.
func requireAllOnce(t *testing.T, s shop, writes []write, payments int) {
	t.Helper()
	var all sync.WaitGroup
	for _, w := range writes {
		all.Go(func() { w.again(t, s.client) })
	}
	all.Wait()
	require.Len(t, s.payments(t), payments)
	requireAgreement(t, s)
	s.hub.verify(t)
}

func TestTemporalAwayIsShed(t *testing.T) {
	onParts(t, []string{"PAYMENTHUB_PAYMENTS_WAIT=4s"}, func(t *testing.T, p *parts) {
		s := newShop(t, p.hub)
		reads, payments := readsOf(t, s), 1
		for _, away := range []struct {
			how        string
			goes, back func()
		}{
			{"is killed", func() { p.engine.kill() }, func() { p.startEngine(t) }},
			{"hangs", func() { freeze(t, p.engine) }, func() { thaw(t, p.engine) }},
		} {
			writes := writesOf(t, s, away.how)
			payments += paymentsPerRound
			away.goes()
			during(t, s.client, reads, func() {
				replies := make(chan []reply)
				go func() { replies <- sendAll(t, s.client, writes) }()
				p.requireDown(t, "temporal")
				requireShed(t, "Temporal "+away.how, <-replies, awayLimit)
			})
			away.back()
			back := time.Now()
			requireAllOnce(t, s, writes, payments)
			t.Logf("all was well %s after Temporal, which %s, came back", time.Since(back).Round(time.Millisecond), away.how)
			p.requireDown(t)
		}
	})
}

// lockedLimit bounds writes while a table is locked: 5 s until a connection is
// free, 5 s for the lock, 5 s to write down how it ended.
const lockedLimit = 16 * time.Second

func TestLockedTableIsShed(t *testing.T) {
	onParts(t, []string{"PAYMENTHUB_DATABASE_MAX_CONNS=4"}, func(t *testing.T, p *parts) {
		s := newShop(t, p.hub)
		reads := readsOf(t, s)
		var writes []write
		for i := range 50 {
			writes = append(writes,
				write{name: fmt.Sprint("create ", i), path: intents, body: order()},
				write{name: fmt.Sprint("pay ", i), path: intents, body: order(paidWith(visa))})
		}
		lock := p.hold(t, "payment_intents")
		during(t, s.client, reads, func() {
			requireShed(t, "table locked", sendAll(t, s.client, writes), lockedLimit)
			p.requireDown(t) // nothing: the database can be read
		})
		lock.release(t)
		back := time.Now()
		requireAllOnce(t, s, writes, len(writes)+1)
		t.Logf("all was well %s after the lock was given back", time.Since(back).Round(time.Millisecond))
	})
}

func TestDatabaseRestartIsShed(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	t.Parallel()
	needPostgres(t)
	own, err := pgtest.Start()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, own.Stop()) })
	require.NoError(t, own.Exec(t.Context(), "CREATE DATABASE hub"))
	p := newParts(t, own.URL("hub"))
	s := newShop(t, p.hub)

	var mu sync.Mutex
	var sent []write
	var shed int
	var slowest time.Duration
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for i := range loadClients {
		clients.Go(func() {
			for n := 0; !closed(stop); n++ {
				w := write{name: fmt.Sprint("client ", i, " payment ", n), path: intents, body: order(paidWith(visa))}
				r := w.send(t, s.client)
				if !r.shed() && (r.err != nil || r.status != http.StatusOK) {
					t.Errorf("%s: %s", w.name, r)
				}
				mu.Lock()
				sent, slowest = append(sent, w), max(slowest, r.took)
				if r.shed() {
					shed++
				}
				mu.Unlock()
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
	t.Logf("%d payments, %d shed, the slowest answer after %s", len(sent), shed, slowest.Round(time.Millisecond))
	require.Less(t, slowest, lockedLimit)
	p.requireDown(t)
	requireAllOnce(t, s, sent, len(sent))
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// inFlight is how many requests the hub of TestTooManyRequestsAreShed runs at
// once; a quarter of them is for reads.
const inFlight = 4

func TestTooManyRequestsAreShed(t *testing.T) {
	env := []string{fmt.Sprintf("PAYMENTHUB_SERVER_MAX_IN_FLIGHT=%d", inFlight)}
	onParts(t, env, func(t *testing.T, p *parts) {
		s := newShop(t, p.hub)
		reads := readsOf(t, s)
		p.slow(t, 1000, 4*time.Second)
		var writes []write
		for i := range 40 {
			writes = append(writes, write{name: fmt.Sprint("pay ", i), path: intents, body: order(paidWith(visa))})
		}
		var replies []reply
		during(t, s.client, reads, func() {
			answered := make(chan []reply)
			go func() { answered <- sendAll(t, s.client, writes) }()
			p.requireDown(t) // nothing: overload is no reason to take the hub away
			replies = <-answered
		})
		done, atOnce := 0, 0
		for _, r := range replies {
			switch {
			case r.err == nil && r.status == http.StatusOK:
				done++
			case r.shed() && r.took < admissionLimit:
				atOnce++
			default:
				require.True(t, r.shed() && r.took < readLimit, "%s", r)
			}
		}
		t.Logf("%d of %d payments were made, %d shed at once", done, len(writes), atOnce)
		require.Equal(t, inFlight-inFlight/4, done)
		require.GreaterOrEqual(t, atOnce, len(writes)-4*inFlight)
		p.clearFaults(t)
		requireAllOnce(t, s, writes, len(writes)+1)
	})
}

// slow makes the provider take that long for each of the next calls.
func (h *hub) slow(t testing.TB, count int, each time.Duration) {
	t.Helper()
	a := h.simulator(t, http.MethodPost, "/_sim/faults", object{"operation": "*", "fault": "slow", "count": count, "delay_ms": each.Milliseconds()})
	require.Equal(t, http.StatusCreated, a.status, "%s", a.raw)
}

func TestPartsComeAndGo(t *testing.T) {
	onParts(t, impatient, func(t *testing.T, p *parts) {
		s := newShop(t, p.hub)
		p.startWorker(t)
		await(t, startLimit, "both processes work", func() bool { return p.workers(t) == 2 })
		hear := p.deafen(t)
		pay := func() answer { return s.pay(t, visa, nil) }
		left := p.unknown(t, "create_payment_intent", "timeout_after", pay)
		p.process.kill()
		hear()
		killed := time.Now()
		await(t, settleLimit, "the worker finds out what became of the payment", func() bool {
			return p.stored(t, "SELECT status FROM payment_intents WHERE id = '"+left.ID+"'") == "succeeded"
		})
		t.Logf("a worker alone settled the payment %s after the API was killed", time.Since(killed).Round(time.Millisecond))
		p.startServe(t)
		require.Equal(t, "succeeded", s.intent(t, left.ID).Status)

		left = p.unknown(t, "create_payment_intent", "timeout_after", pay)
		p.worker.kill()
		s.taken(t, 500)
		require.Equal(t, "succeeded", s.resolved(t, left.ID).Status)
		requireAgreement(t, s)
		p.verify(t)
	})
}

// workers is how many processes ask Temporal for the hub's work.
func (p *parts) workers(t *testing.T) int {
	t.Helper()
	queue, err := p.temporal(t).DescribeTaskQueue(t.Context(), workflows.TaskQueue, enumspb.TASK_QUEUE_TYPE_WORKFLOW)
	require.NoError(t, err)
	who := map[string]bool{}
	for _, poller := range queue.Pollers {
		who[poller.Identity] = true
	}
	return len(who)
}
