package dispatch

import (
	"context"
	"slices"
	"time"

	"paymenthub/internal/webhook"
)

const (
	// recordMost bounds the results of one transaction, which costs much the same for one as
	// for some: those that nobody waits for are gathered for recordEvery after the last one.
	recordMost  = 64
	recordEvery = 25 * time.Millisecond
	// recordFirst doubles with each failure of a result alone up to recordLongest.
	recordFirst   = 50 * time.Millisecond
	recordLongest = 5 * time.Second
	// recordFor is how long a result is tried to be recorded. Then it is dropped, and its
	// delivery is sent again by whoever claims it.
	recordFor = 5 * time.Minute
)

// outcome is a result that is to be recorded.
type outcome struct {
	item   *item
	result webhook.Result
	at     time.Time // when it was there

	wait  time.Duration // between the last tries, once it was set aside
	again time.Time     // when it is tried then
}

// urgent reports whether something waits for the result to be recorded: who asked for the
// attempt, the next message of its object, or the end of an endpoint that is gone.
func (o outcome) urgent() bool {
	return o.item.asked != nil || o.item.found || o.item.line.items.len() > 1 || gone(o.result.Attempt)
}

// finish hands an attempt's result to the recorder and makes room for the next attempt.
func (d *Dispatcher) finish(it *item, r webhook.Result) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.Clock.Now()
	l := it.lane
	l.running--
	l.unrecorded++
	d.turn.leave(it)
	d.results.push(outcome{item: it, result: r, at: now})
	d.resulted.give()
	if r.Attempt != nil {
		l.learn(*r.Attempt, now)
		if l.paused(now) {
			d.clear(l, now)
		}
	}
	d.turn.offer(l)
	d.pump(now)
}

// interrupted leaves a task whose attempt was cut off to be released, or asked for again.
func (d *Dispatcher) interrupted(it *item) {
	d.mu.Lock()
	defer d.mu.Unlock()
	it.lane.running--
	d.turn.leave(it)
	if it.asked != nil {
		d.answer(it, answer{err: ErrStopped})
	}
}

// record writes results down, one batch after another: what comes while one is written,
// or soon after, is in the next. last is closed when no more come; ctx ends when it must
// give up.
func (d *Dispatcher) record(ctx context.Context, last <-chan struct{}) {
	failing := outage{what: "record what came of webhooks", failed: d.Failed}
	most, wait, closed := recordMost, time.Duration(0), false
	var gathered <-chan time.Time // nil: what there is is recorded at once
	for {
		batch, next := d.take(most, gathered != nil)
		if len(batch) == 0 {
			if closed && next == nil {
				return
			}
			select {
			case <-d.resulted:
			case <-next:
			case <-gathered:
				gathered = nil
			case <-last:
				closed, last, gathered = true, nil, nil
			case <-ctx.Done():
				d.unsettle()
				return
			}
			continue
		}
		written, err := d.write(ctx, batch)
		if !closed {
			gathered = time.After(recordEvery)
		}
		switch {
		case err == nil:
			failing.note(nil)
			d.settle(batch, written)
			most, wait = min(2*most, recordMost), 0
		case len(batch) == 1 && d.setAside(ctx, batch[0], err):
			failing.note(nil)
			if batch[0].wait == 0 { // it may be what spoiled those before
				most, wait = recordMost, 0
			}
		default: // one result may spoil its batch: smaller ones let the others through
			failing.note(err)
			if most, wait = max(1, len(batch)/2), min(2*wait, recordLongest); len(batch) > 1 || wait == 0 {
				wait = recordFirst
			}
			d.keepTrying(batch)
			if !pause(ctx, wait) {
				d.unsettle()
				return
			}
		}
	}
}

// take takes the results that are recorded next: one that was set aside and is due, or
// else the oldest, none of them while they may be gathered. next tells when one that was
// set aside is due; nil: none is left.
func (d *Dispatcher) take(most int, gather bool) (batch []outcome, next <-chan time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if batch, next = d.due(d.Clock.Now()); len(batch) > 0 {
		d.writing = len(batch)
		return batch, nil
	}
	if gather && d.results.len() < most && !slices.ContainsFunc(d.results.all(), outcome.urgent) {
		return nil, next
	}
	d.writing = min(most, d.results.len())
	for range d.writing {
		o, _ := d.results.pop()
		batch = append(batch, o)
	}
	return batch, next
}

func (d *Dispatcher) write(ctx context.Context, batch []outcome) (written []webhook.Result, err error) {
	results := make([]webhook.Result, 0, len(batch))
	for _, o := range batch {
		results = append(results, o.result)
	}
	err = d.call(ctx, func(ctx context.Context) error {
		written, err = d.Queue.Record(ctx, d.Clock.Now(), results)
		return err
	})
	return written, err
}

// settle lets what was behind recorded deliveries go on. Those that are not among the
// written have moved on without this attempt.
func (d *Dispatcher) settle(batch []outcome, written []webhook.Result) {
	after := make(map[string]*webhook.Delivery, len(written))
	for i := range written {
		after[written[i].After.ID] = &written[i].After
	}
	d.mu.Lock()
	now := d.Clock.Now()
	d.writing, d.broken = 0, false
	for _, o := range batch {
		d.settled(o, after[o.result.Before.ID], now)
	}
	d.pump(now)
	d.mu.Unlock()
	for _, o := range batch {
		if recorded := after[o.result.Before.ID]; o.item.asked == nil && recorded != nil && recorded.Status == webhook.Retrying {
			d.retries.add(*recorded)
		}
	}
}

// settled ends a task. after is the delivery as it was recorded; nil: it was not.
func (d *Dispatcher) settled(o outcome, after *webhook.Delivery, now time.Time) {
	it, l := o.item, o.item.lane
	l.unrecorded--
	l.learnedAt = now
	d.recorded.add(it.task.Delivery.ID)
	if it.asked != nil {
		a := answer{err: webhook.ErrStale}
		if after != nil {
			a = answer{delivery: *after}
		}
		d.answer(it, a)
	} else {
		delete(d.held, it.task.Delivery.ID)
		d.turn.let(l)
		l.part(it)
	}
	if it.found {
		d.followed.give()
	}
	if after != nil && gone(o.result.Attempt) { // the rest comes back from the database, to be refused
		d.clear(l, now)
	}
	d.turn.offer(l)
}

// keepTrying puts results that could not be recorded behind the others. Until some can
// be, no attempt is begun: what it sent would have to be sent again.
func (d *Dispatcher) keepTrying(batch []outcome) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.Clock.Now()
	d.writing = 0
	for _, o := range batch {
		if now.Sub(o.at) < recordFor {
			d.results.push(o)
		} else {
			d.dropped(o, now)
		}
	}
	d.broken = d.results.len() > 0
	d.pump(now)
}

// unsettle drops all results when the dispatcher must stop without them.
func (d *Dispatcher) unsettle() {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.Clock.Now()
	for o, ok := d.results.pop(); ok; o, ok = d.results.pop() {
		d.dropped(o, now)
	}
	for _, o := range d.aside {
		d.dropped(o, now)
	}
	d.aside = nil
}

// dropped gives a delivery back whose result was not recorded: it is sent again.
func (d *Dispatcher) dropped(o outcome, now time.Time) {
	o.item.lane.unrecorded--
	if o.item.asked != nil {
		d.answer(o.item, answer{err: ErrUnrecorded})
		return
	}
	d.cut(o.item, now)
}
