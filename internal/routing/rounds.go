package routing

import (
	"cmp"
	"context"
	"errors"
	"time"
)

// HealthRecord is what the processes share of an account.
type HealthRecord struct {
	Account
	Forced  Forced
	Breaker Breaker
}

// SignalRecord is what one process saw of an account within the last minute.
type SignalRecord struct {
	Account
	Process string
	Signals
	At time.Time
}

// HealthRepository is how processes tell each other; store.Routing is it.
type HealthRepository interface {
	// Health returns all accounts that there is a record of.
	Health(ctx context.Context) ([]HealthRecord, error)
	// PutBreaker stores a breaker in the place of the version before its own, the first
	// where there is none, and reports whether that one was there still.
	PutBreaker(ctx context.Context, a Account, b Breaker, at time.Time) (mine bool, err error)
	// PutSignals stores what a process saw, over what it said before.
	PutSignals(ctx context.Context, rows []SignalRecord) error
	// SignalsOfOthers returns what other processes said since a time.
	SignalsOfOthers(ctx context.Context, process string, since time.Time) ([]SignalRecord, error)
}

// settling is how long after a breaker closed the others may still tell of what was before.
const settling = 5 * time.Second

// Exchange tells the others what this process saw and learns what they did. It is
// called about once a second, by one goroutine.
func (h *Health) Exchange(ctx context.Context, repository HealthRepository, now time.Time) error {
	if err := repository.PutSignals(ctx, h.ownSignals(now)); err != nil {
		return err
	}
	told, err := repository.SignalsOfOthers(ctx, h.process, now.Add(-signalWindow))
	if err != nil {
		return err
	}
	records, err := repository.Health(ctx)
	if err != nil {
		return err
	}
	h.learn(told, records, now)
	var errs []error
	for a, b := range h.changes(now) {
		next := b
		next.Version++
		mine, err := repository.PutBreaker(ctx, a, next, now)
		errs = append(errs, err)
		h.kept(a, b, next, mine, err)
	}
	return errors.Join(errs...)
}

// ownSignals are those that the others must hear of.
func (h *Health) ownSignals(now time.Time) []SignalRecord {
	h.mu.Lock()
	defer h.mu.Unlock()
	var rows []SignalRecord
	for a, p := range h.known {
		if s := p.own.sum(now); s != (Signals{}) {
			rows = append(rows, SignalRecord{Account: a, Process: h.process, Signals: s, At: now})
		}
	}
	return rows
}

// learn takes over what others wrote. A change that this process has made since it
// last looked stands until it turns out whether it was the first to make one.
func (h *Health) learn(told []SignalRecord, records []HealthRecord, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	kept := map[Account]bool{}
	for _, r := range records {
		kept[r.Account] = true
		p := h.of(r.Account)
		p.forced = r.Forced
		if !p.changed || r.Breaker.Version != p.breaker.Version {
			p.changed = false
			p.take(r.Breaker)
		}
	}
	for a, p := range h.known {
		p.others = Signals{}
		if !kept[a] {
			p.forced = NotForced
		}
	}
	for _, r := range told {
		p := h.of(r.Account)
		if r.At.After(p.breaker.Since.Add(settling)) {
			p.others = p.others.plus(r.Signals)
		}
	}
	for _, p := range h.known {
		p.judge(now)
	}
}

// changes are the breakers that this process has changed and not written down yet, and
// the probes that its payments wait for.
func (h *Health) changes(now time.Time) map[Account]Breaker {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := map[Account]Breaker{}
	for a, p := range h.known {
		switch {
		case p.changed:
			all[a] = p.breaker
		case p.wanted && p.breaker.Due(now):
			all[a] = p.breaker.Claim(h.process, now)
			p.wanted = false
		}
	}
	return all
}

// kept takes in whether a change was written down. One that was not first is dropped:
// the next exchange tells what came before it. One that may or may not be written
// down is tried again then.
func (h *Health) kept(a Account, before, next Breaker, mine bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.of(a)
	switch {
	case err != nil:
	case !mine:
		p.changed = false
	case p.changed && p.breaker != before: // changed again meanwhile
		p.breaker.Version = next.Version
	default:
		p.changed = false
		p.take(next)
	}
}

func compareAccounts(a, b Account) int {
	return cmp.Or(cmp.Compare(a.Environment, b.Environment), cmp.Compare(a.Gateway, b.Gateway))
}
