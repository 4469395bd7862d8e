package dispatch

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"paymenthub/internal/webhook"
)

// signal wakes one goroutine, also when it was given before that began to wait.
type signal chan struct{}

func newSignal() signal { return make(signal, 1) }

func (s signal) give() {
	select {
	case s <- struct{}{}:
	default:
	}
}

// pause waits for a time, and reports whether ctx lasted.
func pause(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// outage tells of the first of failures in a row.
type outage struct {
	what    string
	failed  func(what string, err error)
	lasting atomic.Bool
}

func (o *outage) note(err error) {
	if before := o.lasting.Swap(err != nil); err != nil && !before {
		o.failed(o.what, err)
	}
}

const (
	retriesAtOnce = 8
	// retriesHeld bounds the deliveries whose retries are to be started. The sweep
	// starts those that did not fit.
	retriesHeld  = 2_048
	retryTimeout = 10 * time.Second
)

var errRetriesHeld = errors.New("too many wait to be started: the sweep starts them when they are late")

// retries starts the retries of deliveries in the background.
type retries struct {
	ctx    context.Context // ends when no more are started
	start  func(context.Context, webhook.Delivery) error
	outage outage

	mu      sync.Mutex
	queue   fifo[webhook.Delivery]
	working int
	workers sync.WaitGroup
}

// add has the retries of a delivery started.
func (r *retries) add(d webhook.Delivery) {
	if !r.hold(d) {
		r.outage.note(errRetriesHeld)
	}
}

func (r *retries) hold(d webhook.Delivery) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.queue.len() >= retriesHeld {
		return false
	}
	r.queue.push(d)
	if r.working < retriesAtOnce {
		r.working++
		r.workers.Go(r.work)
	}
	return true
}

// work starts retries until none waits.
func (r *retries) work() {
	for {
		r.mu.Lock()
		d, ok := r.queue.pop()
		if !ok || r.ctx.Err() != nil {
			r.working--
			r.mu.Unlock()
			return
		}
		r.mu.Unlock()
		ctx, cancel := context.WithTimeout(r.ctx, retryTimeout)
		err := r.start(ctx, d)
		cancel()
		r.outage.note(err)
	}
}

// wait returns once none is started any more.
func (r *retries) wait() { r.workers.Wait() }
