package dispatch

import (
	"context"
	"time"

	"paymenthub/internal/webhook"
)

const (
	renewEvery  = 5 * time.Second
	renewBefore = 15 * time.Second // a claim ends
	renewAtOnce = 512              // claims in one call

	// overflowFor is how long a delivery for which there was no room is left alone, and
	// unknownFor one whose predecessor is not here.
	overflowFor = time.Second
	unknownFor  = 100 * time.Millisecond
	// releaseStep is what times of releases are rounded up to, so that those of one
	// moment are one call.
	releaseStep = 50 * time.Millisecond
)

// keep renews the claims of what is in memory, and forgets lanes that have nothing to do.
func (d *Dispatcher) keep(ctx context.Context) {
	failing := outage{what: "renew claims of webhooks", failed: d.Failed}
	for pause(ctx, renewEvery) {
		now := d.Clock.Now()
		ending := d.ending(now)
		for len(ending) > 0 && ctx.Err() == nil {
			n := min(len(ending), renewAtOnce)
			until := d.Clock.Now().Add(webhook.ClaimFor)
			var kept []string
			err := d.call(ctx, func(ctx context.Context) (err error) {
				kept, err = d.Queue.Renew(ctx, d.Options.Instance, ending[:n], until)
				return err
			})
			failing.note(err)
			if err != nil {
				break // those that are left have two more tries
			}
			d.renewed(ending[:n], kept, until)
			ending = ending[n:]
		}
		d.forget(now)
	}
}

// ending are the deliveries whose claims are about to end. Those whose claims have
// ended may be another's.
func (d *Dispatcher) ending(now time.Time) (ids []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for id, it := range d.held {
		if it.task.Delivery.Status == webhook.Pending && now.Before(it.until) && it.until.Sub(now) <= renewBefore {
			ids = append(ids, id)
		}
	}
	return ids
}

// renewed notes until when claims are kept. One that is not has ended now, so that the
// delivery is not attempted here, unless that has begun.
func (d *Dispatcher) renewed(ids, kept []string, until time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now, mine := d.Clock.Now(), make(map[string]bool, len(kept))
	for _, id := range kept {
		mine[id] = true
	}
	for _, id := range ids {
		switch it := d.held[id]; {
		case it == nil:
		case mine[id]:
			it.until = until
		case !it.begun:
			it.until = now
		}
	}
}

func (d *Dispatcher) forget(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for id, l := range d.lanes {
		switch {
		case l.busy():
			l.idleSince = now
		case now.Sub(l.idleSince) >= forgetAfter:
			delete(d.lanes, id)
			d.turn.forget(l)
		}
	}
}

// release has the claim of a delivery given up, by a caller who holds the lock.
func (d *Dispatcher) release(deliveryID string, from time.Time) {
	from = from.Add(releaseStep - 1).Truncate(releaseStep)
	d.releases[from] = append(d.releases[from], deliveryID)
	d.released.give()
}

// giveBack gives claims up. Where that fails they end by themselves.
func (d *Dispatcher) giveBack(ctx context.Context) {
	failing := outage{what: "release claims of webhooks", failed: d.Failed}
	for {
		select {
		case <-d.released:
			failing.note(d.releaseNow(context.WithoutCancel(ctx)))
		case <-ctx.Done():
			return
		}
	}
}

func (d *Dispatcher) releaseNow(ctx context.Context) (first error) {
	d.mu.Lock()
	releases := d.releases
	d.releases = map[time.Time][]string{}
	d.mu.Unlock()
	for from, ids := range releases {
		for len(ids) > 0 {
			n := min(len(ids), renewAtOnce)
			err := d.call(ctx, func(ctx context.Context) error {
				return d.Queue.Release(ctx, d.Options.Instance, ids[:n], from)
			})
			if first == nil {
				first = err
			}
			ids = ids[n:]
		}
	}
	return first
}

// releaseAll gives up the claims of all that is in memory, for good.
func (d *Dispatcher) releaseAll(ctx context.Context) {
	d.mu.Lock()
	d.phase = stopped
	now := d.Clock.Now()
	for id, it := range d.held {
		if it.asked == nil {
			d.release(id, now)
		}
	}
	clear(d.held)
	clear(d.lanes)
	d.turn = newTurn()
	d.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	if err := d.releaseNow(ctx); err != nil {
		d.Failed("release claims of webhooks", err)
	}
}

// call bounds one call of the Queue.
func (d *Dispatcher) call(ctx context.Context, query func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	return query(ctx)
}
