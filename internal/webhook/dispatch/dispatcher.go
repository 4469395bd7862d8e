// Package dispatch makes the attempts at deliveries: each endpoint has a lane of its
// own, so that a slow or dead one delays no other; deliveries of one object keep their
// order in it; and merchants take turns where there is not room for all.
package dispatch

import (
	"context"
	"sync"
	"time"

	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/webhook"
)

// The bounds of a dispatcher. What does not fit in memory waits in the database.
const (
	attemptsAtOnce   = 512    // of all lanes
	perMerchant      = 64     // of those, of one merchant
	perHost          = 16     // of those, to one host and port
	heldMost         = 16_384 // tasks in memory, but for heldApart
	heldPerMerchant  = 2_048  // of those, of one merchant
	heldApart        = 16_384 // tasks above heldMost, of merchants that have few in memory
	apartParts       = heldApart / perMerchant
	unrecordedAtMost = 1_024 // attempts made whose results are not written yet; above it none is begun
)

const (
	// grace is how long running attempts may take once the dispatcher stops; recordGrace
	// is for writing down what came of them, and for starting their retries.
	grace       = 2 * time.Second
	recordGrace = 3 * time.Second
	// queryTimeout bounds one call of the Queue.
	queryTimeout = 10 * time.Second
)

// Errors of Attempt: all pass, and what is asked again later finds what came of it.
var (
	ErrBusy       error = later("Too many messages wait for this endpoint already.")
	ErrUnderWay   error = later("A message to this endpoint is being sent already.")
	ErrStopped    error = later("The hub is stopping.")
	ErrUnrecorded error = later("What came of the message could not be recorded yet.")
)

func later(why string) *fault.Error {
	return fault.New(fault.Unavailable, "%s Retry the request.", why).After(time.Second)
}

// Options are what a dispatcher works with. All are needed.
type Options struct {
	Queue    webhook.Queue
	Sender   webhook.Sender
	Renderer webhook.Renderer
	Sealer   webhook.Sealer
	Retrier  webhook.Retrier
	Clock    clock.Clock
	// Instance names this process in claims; no two that run at once share one.
	Instance string
	// Failed is told of what went wrong in the background and is tried again. Of one
	// outage of the database it is told once for each kind of work.
	Failed func(what string, err error)
	// Attempted is told of each attempt when it has ended, before it is recorded.
	Attempted func(webhook.Task, webhook.Attempt)
}

// phase is where a dispatcher is in its life.
type phase int

const (
	waiting  phase = iota // for Run
	running               // begins attempts
	stopping              // begins none
	stopped
)

// Dispatcher makes attempts at deliveries. It is safe for concurrent use.
type Dispatcher struct {
	Options

	mu       sync.Mutex
	phase    phase
	lanes    map[string]*lane // by endpoint
	turn     turn
	held     map[string]*item // by delivery: all that is in memory
	recorded recent
	results  fifo[outcome] // to be recorded
	writing  int           // results that are being recorded
	aside    []outcome     // to be recorded later than those, the next one first
	broken   bool          // the last Record failed, and not for the one result alone
	releases map[time.Time][]string
	awaiting fifo[*lane] // endpoints to be read again

	sending  context.Context // of running attempts
	attempts sync.WaitGroup
	resulted signal // there may be results
	released signal // there may be releases
	followed signal // there may be more to claim
	aged     signal // there may be lanes in awaiting
	retries  retries
}

// New makes a dispatcher that begins its work with Run.
func New(o Options) *Dispatcher {
	return &Dispatcher{
		Options: o, lanes: map[string]*lane{}, turn: newTurn(), held: map[string]*item{}, recorded: newRecent(),
		releases: map[time.Time][]string{}, resulted: newSignal(), released: newSignal(), followed: newSignal(), aged: newSignal(),
		retries: retries{start: o.Retrier.StartRetries, outage: outage{what: "start retries of webhooks", failed: o.Failed}},
	}
}

// Instance names this process in claims.
func (d *Dispatcher) Instance() string { return d.Options.Instance }

// Run makes attempts until ctx ends: those handed to it, and those that it finds in the
// database. Then it lets running ones end for a while, records them, gives the claims
// that it still holds to other processes, and returns. It is called once.
func (d *Dispatcher) Run(ctx context.Context) {
	rest := context.WithoutCancel(ctx)
	sending, cut := context.WithCancel(rest)
	defer cut()
	recording, giveUp := context.WithCancel(rest)
	defer giveUp()
	ended, end := context.WithCancel(rest)
	defer end()
	last := make(chan struct{})

	d.begin(sending, recording)
	var polling, keeping, recorder sync.WaitGroup
	polling.Go(func() { d.poll(ctx) })
	polling.Go(func() { d.refresh(ctx) })
	keeping.Go(func() { d.keep(ended) })
	keeping.Go(func() { d.giveBack(ended) })
	recorder.Go(func() { d.record(recording, last) })

	<-ctx.Done()
	d.stop()
	cutting := time.AfterFunc(grace, cut)
	d.attempts.Wait()
	cutting.Stop()
	close(last)
	givingUp := time.AfterFunc(recordGrace, giveUp)
	recorder.Wait()
	d.retries.wait()
	givingUp.Stop()
	polling.Wait()
	end()
	keeping.Wait()
	d.releaseAll(rest)
}

func (d *Dispatcher) begin(sending, starting context.Context) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.phase, d.sending, d.retries.ctx = running, sending, starting
	d.pump(d.Clock.Now())
}

// stop begins no attempt any more, and tells those who wait for one.
func (d *Dispatcher) stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.phase = stopping
	for _, l := range d.lanes {
		for it, ok := l.asked.pop(); ok; it, ok = l.asked.pop() {
			d.answer(it, answer{err: ErrStopped})
		}
	}
}

// Hand gives the dispatcher deliveries that this process has claimed, as soon as the
// transaction that wrote them is committed. It never waits and never fails: what there
// is no room for goes back to the database.
func (d *Dispatcher) Hand(tasks []webhook.Task) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.Clock.Now()
	for i := range tasks {
		d.add(&tasks[i], false, now)
	}
	d.pump(now)
}

// pump begins attempts for as long as there is room and something to attempt.
func (d *Dispatcher) pump(now time.Time) {
	for d.phase == running && !d.broken && d.turn.running < attemptsAtOnce && d.results.len()+d.writing+len(d.aside) < unrecordedAtMost {
		l := d.turn.next()
		if l == nil {
			return
		}
		if l.outdated(now) {
			d.await(l)
			continue
		}
		it := l.take()
		if it.asked == nil && !now.Before(it.until) { // another process may have it by now
			d.cut(it, now)
		} else {
			it.begun, it.task.Endpoint = true, l.endpoint
			l.running++
			d.turn.enter(it)
			d.attempts.Go(func() { d.attempt(it) })
		}
		d.turn.offer(l)
	}
}
