package dispatch

import (
	"context"
	"time"

	"paymenthub/internal/webhook"
)

// add takes a task into memory, by a caller who holds the lock, and reports whether
// there was a place for it. found says that it was claimed in the database: it is the
// oldest of its object there. Tasks that another process has claimed are left to that.
func (d *Dispatcher) add(t *webhook.Task, found bool, now time.Time) bool {
	if d.phase == stopped || t.Delivery.ClaimedBy != d.Options.Instance {
		return false
	}
	if it := d.held[t.Delivery.ID]; it != nil { // its claim had ended, and is this process's again
		it.until = t.Delivery.ClaimedUntil
		return false
	}
	l := d.lane(&t.Endpoint, t.Delivery.ClaimedUntil.Add(-webhook.ClaimFor), now)
	switch {
	case l.paused(now):
		d.release(t.Delivery.ID, now)
	case l.held >= laneHeld || d.turn.full(l):
		d.release(t.Delivery.ID, now.Add(overflowFor))
	case !found && !d.follows(t, l):
		d.release(t.Delivery.ID, now.Add(unknownFor))
	default:
		it := &item{task: *t, lane: l, until: t.Delivery.ClaimedUntil, found: found}
		d.held[t.Delivery.ID] = it
		d.turn.hold(l)
		l.join(it)
		if it.line.items.len() > 1 {
			d.resulted.give() // of the one before it, perhaps, which waited for others until now
		}
		d.turn.offer(l)
		return true
	}
	return false
}

// follows reports whether a task is in its place at the end of its object's line: its
// predecessor is in it, or done.
func (d *Dispatcher) follows(t *webhook.Task, l *lane) bool {
	if t.After == "" || d.recorded.has(t.After) {
		return true
	}
	before := d.held[t.After]
	return before != nil && before.asked == nil && before.lane == l
}

// lane finds or makes the lane of an endpoint, which was read at a time.
func (d *Dispatcher) lane(e *webhook.Endpoint, readAt, now time.Time) *lane {
	l := d.lanes[e.ID]
	if l != nil {
		d.see(l, e, readAt)
		return l
	}
	l = &lane{
		endpoint: *e, readAt: readAt, tenant: d.turn.tenant(e.Scope.MerchantID), lines: map[string]*line{},
		health: e.Health, idleSince: now,
	}
	d.lanes[e.ID] = l
	d.turn.aim(l)
	return l
}

// see tells a lane what was read of its endpoint, which may have moved to another host.
func (d *Dispatcher) see(l *lane, e *webhook.Endpoint, readAt time.Time) {
	before := l.endpoint.URL
	if l.see(e, readAt); l.endpoint.URL != before {
		d.turn.aim(l)
	}
}

// clear gives back what waits in a lane.
func (d *Dispatcher) clear(l *lane, from time.Time) { d.putBack(l.clear(), from) }

// cut gives back a task that is the first of its line and not to be attempted here, and
// those that were to follow it.
func (d *Dispatcher) cut(it *item, now time.Time) {
	d.putBack(it.lane.cut(it), now.Add(unknownFor))
}

func (d *Dispatcher) putBack(items []*item, from time.Time) {
	for _, it := range items {
		delete(d.held, it.task.Delivery.ID)
		d.turn.let(it.lane)
		d.release(it.task.Delivery.ID, from)
	}
}

// Attempt makes one attempt at a delivery that is retried or a test, now: it waits for a
// place in its endpoint's lane alone, and neither for the end of a pause nor for other
// deliveries of its object. It returns the delivery as it was recorded. The attempt is
// not taken back when ctx ends while it is made; what comes of it is recorded then.
//
// Errors: ErrBusy and ErrUnderWay when nothing was sent; ErrStopped when nothing was sent
// or the attempt was cut off; webhook.ErrStale when the delivery has moved on meanwhile,
// so that the attempt was not recorded; ErrUnrecorded; and that of ctx.
func (d *Dispatcher) Attempt(ctx context.Context, t webhook.Task) (webhook.Delivery, error) {
	if err := ctx.Err(); err != nil {
		return webhook.Delivery{}, err
	}
	asked := make(chan answer, 1)
	it := &item{task: t, until: t.Delivery.ClaimedUntil, asked: asked}
	if err := d.ask(it); err != nil {
		return webhook.Delivery{}, err
	}
	select {
	case a := <-asked:
		return a.delivery, a.err
	case <-ctx.Done():
		d.withdraw(it)
		return webhook.Delivery{}, ctx.Err()
	}
}

func (d *Dispatcher) ask(it *item) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.phase >= stopping {
		return ErrStopped
	}
	if d.held[it.task.Delivery.ID] != nil {
		return ErrUnderWay
	}
	now := d.Clock.Now()
	it.lane = d.lane(&it.task.Endpoint, now, now)
	if it.lane.asked.len() >= laneHeld {
		return ErrBusy
	}
	d.held[it.task.Delivery.ID] = it
	it.lane.asked.push(it)
	d.turn.offer(it.lane)
	d.pump(now)
	return nil
}

// withdraw takes an attempt back that has not begun.
func (d *Dispatcher) withdraw(it *item) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !it.begun && d.held[it.task.Delivery.ID] == it {
		delete(d.held, it.task.Delivery.ID)
		it.lane.withdraw(it)
	}
}

// answer tells who waits for an attempt what came of it.
func (d *Dispatcher) answer(it *item, a answer) {
	delete(d.held, it.task.Delivery.ID)
	it.asked <- a
}
