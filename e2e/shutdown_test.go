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
	// slowCall is how long the provider takes while the hub is asked to stop:
	// longer than the 2 s that development mode gives to requests that run.
	slowCall = 3 * time.Second
	// signalTime is how long a signal may take to be heard, and a request that was
	// sent to arrive.
	signalTime = 200 * time.Millisecond
	// stopTime bounds the end of a hub beside what it waits for.
	stopTime = 5 * time.Second
)

// terminate asks the process to end, as an orchestrator does, and returns when
// it did.
func (p *process) terminate(t *testing.T) time.Time {
	t.Helper()
	require.NoError(t, p.command.Process.Signal(syscall.SIGTERM))
	return time.Now()
}

// awaitEnd waits for the process's end and returns its exit status.
func (p *process) awaitEnd(t *testing.T, limit time.Duration) int {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(limit):
		t.Fatalf("the process did not end within %s", limit)
	}
	return p.command.ProcessState.ExitCode()
}

func TestTerminatedHubLosesNoRequest(t *testing.T) {
	onParts(t, nil, func(t *testing.T, p *parts) {
		s := newShop(t, p.hub)
		started := startSlow(t, p, s, "started", 20)

		asked := p.process.terminate(t)
		time.Sleep(signalTime)
		stop := make(chan struct{})
		var late []reply
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
			require.Equal(t, "succeeded", r.intent(t).Status)
		}
		require.Zero(t, p.process.awaitEnd(t, stopTime))
		t.Logf("ended %s after SIGTERM, with calls of %s under way", time.Since(asked).Round(time.Millisecond), slowCall)
		close(stop)
		knocking.Wait()
		refused := requireRefused(t, late)
		t.Logf("%d late requests were told to come again, %d found nobody", refused, len(late)-refused)
		require.Positive(t, refused)

		p.startServe(t)
		require.Len(t, s.payments(t), len(started.writes), "who was refused has no payment")
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
	p.slow(t, count, slowCall)
	b := burst{came: make(chan []reply, 1)}
	for i := range count {
		b.writes = append(b.writes, write{name: fmt.Sprint(name, " ", i), path: intents, body: order(paidWith(visa))})
	}
	go func() { b.came <- sendAll(t, s.client, b.writes) }()
	await(t, slowCall, "the payments are under way", p.noFaults(t))
	return b
}

// secondSignal holds that a hub which is asked twice does not wait, and that
// what it cut off is taken up again.
func secondSignal(t *testing.T, p *parts, s shop) {
	t.Helper()
	made := len(s.payments(t))
	cut := startSlow(t, p, s, "cut", 3)
	p.process.terminate(t)
	time.Sleep(500 * time.Millisecond)
	require.False(t, p.ended())
	again := p.process.terminate(t)
	require.NotZero(t, p.process.awaitEnd(t, time.Second), "it did not end in order")
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
			at time.Time
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
					all = append(all, sent{w, r, at})
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
		require.Zero(t, p.process.awaitEnd(t, stopTime))
		t.Logf("ended %s after SIGTERM; %d requests", time.Since(asked).Round(time.Millisecond), len(all))
		var writes []write
		underWay := 0
		for _, r := range all {
			writes = append(writes, r.write)
			switch {
			case r.err != nil: // nobody was there any more
				require.True(t, r.at.After(asked.Add(-signalTime)), "%s, sent %s before SIGTERM: %s", r.name, asked.Sub(r.at), r.reply)
			case r.status != http.StatusOK: // it was not taken in; what was is answered with 200
				require.True(t, r.shed() && strings.Contains(string(r.raw), "The service is restarting."), "%s", r.reply)
			case r.at.Before(asked) && r.at.Add(r.took).After(asked):
				underWay++
			}
		}
		require.NotZero(t, underWay, "no request was under way")
		p.startServe(t)
		requireAllOnce(t, s, writes, len(writes))
	})
}
