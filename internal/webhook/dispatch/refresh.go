package dispatch

import (
	"context"
	"time"

	"paymenthub/internal/webhook"
)

const (
	// freshFor is how old what a lane knows of its endpoint may be when an attempt begins:
	// so soon all processes heed what the merchant changes. Tasks as they come bring it
	// along, and only a lane that has waited for longer has it read again.
	freshFor = time.Second
	// knownFor is how old it may be while it cannot be read.
	knownFor = 10 * time.Second
	// refreshMost bounds the endpoints of one read; refreshEvery is between reads.
	refreshMost  = 512
	refreshEvery = 20 * time.Millisecond
)

// await has a lane wait until its endpoint is read again, by a caller who holds the lock.
func (d *Dispatcher) await(l *lane) {
	l.awaited = true
	d.awaiting.push(l)
	d.aged.give()
}

// refresh reads endpoints again whose lanes wait for it: many in one read, and one read
// at a time.
func (d *Dispatcher) refresh(ctx context.Context) {
	failing := outage{what: "read endpoints of webhooks again", failed: d.Failed}
	wait := refreshEvery
	for {
		lanes := d.toRefresh()
		if len(lanes) == 0 {
			select {
			case <-d.aged:
				continue
			case <-ctx.Done():
				return
			}
		}
		readAt := d.Clock.Now()
		known, err := d.read(ctx, lanes)
		if ctx.Err() != nil {
			return
		}
		if failing.note(err); err == nil {
			wait = refreshEvery
		} else {
			wait = min(2*wait, pollMost)
		}
		d.refreshed(lanes, known, readAt)
		if !pause(ctx, wait) {
			return
		}
	}
}

// toRefresh takes the lanes whose endpoints are read next.
func (d *Dispatcher) toRefresh() (lanes []*lane) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(lanes) < refreshMost {
		l, ok := d.awaiting.pop()
		if !ok {
			break
		}
		if l.wanted() {
			lanes = append(lanes, l)
		} else { // it has nothing to attempt any more
			l.awaited = false
		}
	}
	return lanes
}

// read reads the endpoints of lanes, by their ids; nil when they could not be read.
func (d *Dispatcher) read(ctx context.Context, lanes []*lane) (known map[string]*webhook.Endpoint, err error) {
	ids := make([]string, 0, len(lanes))
	d.mu.Lock()
	for _, l := range lanes {
		ids = append(ids, l.endpoint.ID)
	}
	d.mu.Unlock()
	err = d.call(ctx, func(ctx context.Context) error {
		found, err := d.Queue.Refresh(ctx, ids)
		if err != nil {
			return err
		}
		known = make(map[string]*webhook.Endpoint, len(found))
		for i := range found {
			known[found[i].ID] = &found[i]
		}
		return nil
	})
	return known, err
}

// refreshed lets lanes go on with what was read. Where nothing could be read those go on
// that know enough for a while longer, and the others wait for the next read.
func (d *Dispatcher) refreshed(lanes []*lane, known map[string]*webhook.Endpoint, readAt time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.Clock.Now()
	for _, l := range lanes {
		l.triedAt = now
		if e := known[l.endpoint.ID]; e != nil {
			d.heed(l, e, readAt, now)
		}
		if l.outdated(now) {
			d.awaiting.push(l)
			continue
		}
		l.awaited = false
		d.turn.offer(l)
	}
	d.pump(now)
}

// heed has a lane heed what was read of its endpoint. What waits for one that is deleted
// or paused goes back to the database, where it is canceled or waits.
func (d *Dispatcher) heed(l *lane, e *webhook.Endpoint, readAt, now time.Time) {
	d.see(l, e, readAt)
	deleted := l.endpoint.Disabled == webhook.Deleted
	if deleted || l.paused(now) {
		d.clear(l, now)
	}
	for deleted && l.asked.len() > 0 {
		it, _ := l.asked.pop()
		d.answer(it, answer{err: webhook.ErrStale})
	}
}
