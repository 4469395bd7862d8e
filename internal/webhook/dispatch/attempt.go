package dispatch

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"paymenthub/internal/webhook"
)

// What an attempt failed of that was not sent; merchants read it.
const (
	unreadable = "The hub could not read the endpoint's secret."
	unrendered = "The hub could not write the message."
)

// attempt makes an attempt at a task and hands on what came of it.
func (d *Dispatcher) attempt(it *item) {
	result, made := d.make(&it.task, it.lane)
	if !made {
		d.interrupted(it)
		return
	}
	if result.Attempt != nil {
		d.Attempted(it.task, *result.Attempt)
	}
	d.finish(it, result)
}

// make makes an attempt, unless the delivery ends without one. It reports false when
// the attempt was cut off because the dispatcher stops: nobody knows what came of it.
func (d *Dispatcher) make(t *webhook.Task, l *lane) (webhook.Result, bool) {
	now := d.Clock.Now()
	before := t.Delivery
	switch {
	case t.Endpoint.Disabled == webhook.Deleted: // as the delivery was written
		return webhook.Result{Before: before, After: before.Abandoned(now)}, true
	case !t.Endpoint.Enabled():
		return webhook.Result{Before: before, After: before.Refused(now)}, true
	}
	if after, late := before.Late(t.Endpoint.Dialect, now); late {
		return webhook.Result{Before: before, After: after}, true
	}
	a := d.send(t, l, now)
	if a.Code == 0 && d.sending.Err() != nil {
		return webhook.Result{}, false
	}
	a.DeliveryID, a.Number, a.Round = before.ID, before.Attempts+1, before.Round
	a.Outdated = d.outdated(a, &t.Endpoint, l)
	after := before.Next(a, t.Endpoint.Dialect, d.Clock.Now(), spread)
	return webhook.Result{Before: before, Attempt: &a, Version: t.Endpoint.Version, After: after}, true
}

// outdated reports whether an attempt tells nothing of its endpoint any more, which was
// moved or enabled again while it was made. Before it ends a delivery the endpoint is read
// again: the server that it has left may well answer 410.
func (d *Dispatcher) outdated(a webhook.Attempt, begun *webhook.Endpoint, l *lane) bool {
	d.mu.Lock()
	known := l.endpoint
	d.mu.Unlock()
	if a.Gone() {
		err := d.call(d.sending, func(ctx context.Context) error {
			found, err := d.Queue.Refresh(ctx, []string{begun.ID})
			if len(found) > 0 {
				known = found[0]
			}
			return err
		})
		if err != nil {
			d.Failed("read "+begun.ID+" again, which is gone", err)
		}
	}
	return known.ResetSince(begun.URL, begun.Version)
}

// spread returns a time from 0 to less than most, at random.
func spread(most time.Duration) time.Duration {
	return rand.N(most) //nolint:gosec // it keeps retries apart, and nothing secret
}

// send sends a task's message. A message that cannot be made is an attempt that failed:
// it is tried again, when the defect may be mended. A panic costs the attempt alone: the
// process would meet the same message again after it has restarted.
func (d *Dispatcher) send(t *webhook.Task, l *lane, now time.Time) (a webhook.Attempt) {
	failed := webhook.Attempt{URL: t.Endpoint.URL, StartedAt: now, Error: unrendered, Unsent: true}
	defer func() {
		if defect := recover(); defect != nil {
			d.Failed("make a webhook of "+t.Delivery.EventID, fmt.Errorf("panic: %v", defect))
			a = failed
		}
	}()
	o, err := d.open(&t.Endpoint, l)
	if err != nil {
		d.Failed("open the secret of "+t.Endpoint.ID, err)
		failed.Error = unreadable
		return failed
	}
	body, err := d.Renderer.Render(t.Endpoint.Dialect, t.Delivery.Type, t.Event)
	if err != nil {
		d.Failed("render "+t.Delivery.EventID+" as a webhook", err)
		return failed
	}
	signature := webhook.Sign(t.Endpoint.Dialect, t.Delivery.EventID, now, body, t.Endpoint.Secrets(o.private, now))
	return d.Sender.Send(d.sending, t.Endpoint.URL, slices.Concat(o.header, signature), o.masked, body)
}

// opened is what is known of an endpoint once its sealed part is open.
type opened struct {
	version, keyVersion int // of the endpoint, and the key that it is sealed under
	private             webhook.Private
	header              []webhook.Header // all but the signature
	masked              []string
}

// open opens an endpoint's sealed part. Its lane remembers the last one.
func (d *Dispatcher) open(e *webhook.Endpoint, l *lane) (*opened, error) {
	if o := l.opened.Load(); o != nil && o.version == e.Version && o.keyVersion == e.KeyVersion {
		return o, nil
	}
	private, err := e.Open(d.Sealer)
	if err != nil {
		return nil, err
	}
	if private.Secret == "" {
		return nil, errors.New("it has none")
	}
	o := &opened{
		version: e.Version, keyVersion: e.KeyVersion, private: private, masked: slices.Sorted(maps.Keys(private.Headers)),
		header: []webhook.Header{{Name: "Content-Type", Value: "application/json"}},
	}
	for _, name := range o.masked {
		o.header = append(o.header, webhook.Header{Name: name, Value: private.Headers[name].Reveal()})
	}
	l.opened.Store(o)
	return o, nil
}
