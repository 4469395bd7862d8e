package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	// slowCall is how long the provider takes while the hub is asked to stop: longer than
	// the 2 s that development mode gives to requests that run, and so short that no
	// workflow task is over meanwhile (workflows.TaskTimeout).
	slowCall = 3 * time.Second
	// stopTime bounds the end of a hub beside what it waits for.
	stopTime = 5 * time.Second
)

// taskOver is what Temporal's SDK logs of a payment whose step took longer than a task may,
// on a machine that stands still: the step is made once more, and its answer comes later.
const taskOver = "TMPRL1104"

// terminate asks the process to end, as an orchestrator does, and returns when
// it did.
func (p *process) terminate(t *testing.T) time.Time {
	t.Helper()
	require.NoError(t, p.command.Process.Signal(syscall.SIGTERM))
	return time.Now()
}

// awaitEnd waits for the process's end, which must be within stopTime, and returns its
// exit status.
func (p *process) awaitEnd(t *testing.T) int {
	t.Helper()
	promptly(t, stopTime, "the process ends", func() bool { return closed(p.ended) })
	return p.command.ProcessState.ExitCode()
}

// awaitHeard waits until the hub, which was asked to end, refuses requests, and returns
// the last one of those that found that out.
func awaitHeard(t *testing.T, c client) (last reply) {
	t.Helper()
	for deadline := time.Now().Add(startLimit); time.Now().Before(deadline); {
		if last = c.timed(t, http.MethodGet, intents, nil); last.err != nil || last.status != http.StatusOK {
			return last
		}
	}
	t.Fatalf("the hub has not heard within %s that it is to end", startLimit)
	return last
}

func TestTerminatedHubLosesNoRequest(t *testing.T) {
	// What is slow here may be slower yet on a busy machine, and is waited for.
	onParts(t, []string{"PAYMENTHUB_GATEWAYS_TIMEOUT=30s"}, func(t *testing.T, p *parts) {
		s := newShop(t, p.hub)
		started := startSlow(t, p, s, "started", 20)

		standing := stood.Load()
		asked := p.process.terminate(t)
		stop := make(chan struct{})
		late := []reply{awaitHeard(t, s.client)}
		var knocking sync.WaitGroup
		knocking.Go(func() {
			for n := 0; !closed(stop); n++ {
				w := write{name: fmt.Sprint("late ", n), path: intents, body: order(paidWith(visa))}
				late = append(late, w.send(t, s.client))
				time.Sleep(10 * time.Millisecond)
			}
		})
		for i, r := range started.replies(t) {
			require.NoError(t, r.err, "request %d was sent before the hub was asked to end", i)
			if made := r.intent(t); made.Status != "succeeded" {
				require.Contains(t, p.process.wrote(made.ID), taskOver, "%s is %s", made.ID, made.Status)
			}
		}
		require.Zero(t, p.process.awaitEnd(t))
		t.Logf("ended %s after SIGTERM, with calls of %s under way", time.Since(asked).Round(time.Millisecond), slowCall)
		close(stop)
		knocking.Wait()
		refused := requireRefused(t, late)
		t.Logf("%d late requests were told to come again, %d found nobody", refused, len(late)-refused)
		if stood.Load() == standing { // the address is open for a moment only
			require.Positive(t, refused)
		}

		p.startServe(t)
		made := s.payments(t)
		require.Len(t, made, len(started.writes), "who was refused has no payment")
		for _, paymentID := range made {
			require.Equal(t, "succeeded", s.resolved(t, paymentID).Status)
		}
		secondSignal(t, p, s)
		requireAgreement(t, s)
		p.verify(t)
	})
}

// requireRefused holds that nobody who came late was let in, and returns how
// many were told so.
func requireRefused(t *testing.T, late []reply) (told int) {
	t.Helper()
	for _, r := range late {
		if r.err == nil {
			require.True(t, r.shed(), "%s", r)
			require.Less(t, r.took, admissionLimit)
			told++
		}
	}
	return told
}

// burst is requests on their way.
type burst struct {
	writes []write
	came   chan []reply
}

func (b burst) replies(t *testing.T) []reply {
	t.Helper()
	select {
	case replies := <-b.came:
		return replies
	case <-time.After(retryLimit):
		t.Fatal("requests hang")
		return nil
	}
}

// startSlow sends payments and returns when all of them are at the provider,
// which takes its time.
func startSlow(t *testing.T, p *parts, s shop, name string, count int) burst {
	t.Helper()
	b := burst{came: make(chan []reply, 1)}
	for strike := range strikes {
		p.slow(t, count, slowCall)
		var writes []write
		for i := range count {
			writes = append(writes, write{name: fmt.Sprint(name, " ", strike, " ", i), path: intents, body: order(paidWith(visa))})
		}
		b.writes = append(b.writes, writes...)
		began := time.Now()
		go func() { b.came <- sendAll(t, s.client, writes) }()
		await(t, settleLimit, "the payments are under way", p.noFaults(t))
		if time.Since(began) < slowCall {
			return b
		}
		b.replies(t) // of which some are over: these were too slow
	}
	require.Fail(t, "the payments are never under way together")
	return b
}

// secondSignal holds that a hub which is asked twice does not wait, and that
// what it cut off is taken up again.
func secondSignal(t *testing.T, p *parts, s shop) {
	t.Helper()
	made := len(s.payments(t))
	cut := startSlow(t, p, s, "cut", 3)
	p.process.terminate(t)
	awaitHeard(t, s.client)
	require.False(t, p.ended())
	again := time.Now()
	await(t, stopTime, "it ends", func() bool { // the first signal may not have had all its effect
		_ = p.process.command.Process.Signal(syscall.SIGTERM)
		return p.ended()
	})
	require.NotZero(t, p.process.awaitEnd(t), "it did not end in order")
	t.Logf("ended %s after the second SIGTERM", time.Since(again).Round(time.Millisecond))
	for _, r := range cut.replies(t) {
		require.Error(t, r.err)
	}
	p.startServe(t)
	var all sync.WaitGroup
	for _, w := range cut.writes {
		all.Go(func() { w.again(t, s.client) })
	}
	all.Wait()
	require.Len(t, s.payments(t), made+len(cut.writes))
}

// TestTerminatedUnderLoadAnswersWhatItTook asks the hub to end while clients pay
// without a pause: whoever was taken in is answered.
func TestTerminatedUnderLoadAnswersWhatItTook(t *testing.T) {
	onParts(t, nil, func(t *testing.T, p *parts) {
		s := newShop(t, p.hub)
		type sent struct {
			write
			reply
			at, until time.Time
		}
		var mu sync.Mutex
		var all []sent
		var clients sync.WaitGroup
		for i := range loadClients {
			clients.Go(func() {
				for n := 0; ; n++ {
					w := write{name: fmt.Sprint("client ", i, " payment ", n), path: intents, body: order(paidWith(visa))}
					at := time.Now()
					r := w.send(t, s.client)
					mu.Lock()
					all = append(all, sent{w, r, at, time.Now()})
					mu.Unlock()
					if r.err != nil || r.status != http.StatusOK {
						return
					}
				}
			})
		}
		time.Sleep(time.Second)
		asked := p.process.terminate(t)
		clients.Wait()
		require.Zero(t, p.process.awaitEnd(t))
		t.Logf("ended %s after SIGTERM; %d requests", time.Since(asked).Round(time.Millisecond), len(all))
		var writes []write
		underWay := 0
		for _, r := range all {
			writes = append(writes, r.write)
			switch {
			case r.err != nil: // nobody was there any more: the hub knows nothing of it
				require.Equal(t, "0", p.stored(t, "SELECT COUNT(*) FROM idempotency_requests WHERE key = $1", r.name), "%s, sent %s before SIGTERM: %s", r.name, asked.Sub(r.at), r.reply)
			case r.status != http.StatusOK: // it was not taken in; what was is answered with 200
				require.True(t, r.shed() && strings.Contains(string(r.raw), "The service is restarting."), "%s", r.reply)
			case r.at.Before(asked) && r.until.After(asked):
				underWay++
			}
		}
		require.NotZero(t, underWay, "no request was under way")
		p.startServe(t)
		requireAllOnce(t, s, writes, len(writes))
	})
}
