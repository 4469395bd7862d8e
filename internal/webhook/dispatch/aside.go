package dispatch

import (
	"context"
	"slices"
	"time"

	"paymenthub/internal/webhook"
)

const (
	// asideMost bounds the results that are set aside: those that cannot be recorded
	// though the database can be written to. Such a one is tried again after
	// recordFirst, which doubles up to asideLongest.
	asideMost    = 64
	asideLongest = 30 * time.Second
)

// setAside takes a result that could not be recorded alone out of the way of the others.
// It reports false when there is no place for it, or it is not the result that is at
// fault, but the database.
func (d *Dispatcher) setAside(ctx context.Context, o outcome, why error) bool {
	if !d.writable(ctx, o.result.Before.ID) || !d.place(o) {
		return false
	}
	if o.wait == 0 {
		d.Failed("record what came of "+o.result.Before.ID, why)
	}
	return true
}

// place puts a result where it waits for its next try, or drops it when it was tried
// for too long. It reports false when there is no room.
func (d *Dispatcher) place(o outcome) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.aside) >= asideMost {
		return false
	}
	now := d.Clock.Now()
	d.writing = 0
	d.broken = d.broken && o.wait > 0 && d.results.len() > 0 // one that was set aside before tells nothing of those
	if now.Sub(o.at) < recordFor {
		o.wait = min(max(2*o.wait, recordFirst), asideLongest)
		o.again = now.Add(o.wait)
		place, _ := slices.BinarySearchFunc(d.aside, o, func(a, b outcome) int { return a.again.Compare(b.again) })
		d.aside = slices.Insert(d.aside, place, o)
	} else {
		d.dropped(o, now)
	}
	d.pump(now)
	return true
}

// writable reports whether the database can be written to: the claim of a delivery is
// renewed there, which is due while its result is not recorded.
func (d *Dispatcher) writable(ctx context.Context, deliveryID string) bool {
	return nil == d.call(ctx, func(ctx context.Context) error {
		_, err := d.Queue.Renew(ctx, d.Options.Instance, []string{deliveryID}, d.Clock.Now().Add(webhook.ClaimFor))
		return err
	})
}

// due takes out the result that is tried again next, if it is time; otherwise it returns
// when that will be. Its caller holds the lock.
func (d *Dispatcher) due(now time.Time) (batch []outcome, next <-chan time.Time) {
	if len(d.aside) == 0 {
		return nil, nil
	}
	if wait := d.aside[0].again.Sub(now); wait > 0 {
		return nil, time.After(wait)
	}
	batch = []outcome{d.aside[0]}
	d.aside = slices.Delete(d.aside, 0, 1)
	return batch, nil
}
