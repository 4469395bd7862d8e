package dispatch

import (
	"context"
	"slices"
	"time"

	"paymenthub/internal/webhook"
)

const (
	pollEvery = 500 * time.Millisecond
	// pollAgain is how soon after a claimed delivery was recorded the next of its object
	// is looked for.
	pollAgain   = 25 * time.Millisecond
	pollMost    = 5 * time.Second // between polls that fail
	perEndpoint = 32              // deliveries of one poll
	perPoll     = 256
	// idlePolls is how many polls of which nothing fits in memory are followed by another
	// at once, while there is more in the database: behind what does not fit may lie what does.
	idlePolls = 4
)

// poll claims what lies in the database: what other processes left behind, and what
// waited for the end of a pause.
func (d *Dispatcher) poll(ctx context.Context) {
	failing := outage{what: "claim webhooks", failed: d.Failed}
	wait, idle := pollEvery, 0
	for ctx.Err() == nil {
		claimed, kept, err := d.claim(ctx)
		if ctx.Err() != nil {
			return
		}
		failing.note(err)
		switch {
		case err != nil && kept == 0:
			pause(ctx, wait)
			wait = min(2*wait, pollMost)
			continue
		case kept > 0:
			continue
		case claimed >= perPoll && idle < idlePolls:
			idle++
			continue
		}
		wait = pollEvery
		timer := time.NewTimer(pollEvery)
		select {
		case <-timer.C:
			idle = 0
		case <-d.followed:
			pause(ctx, pollAgain)
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// claim claims deliveries once, and returns how many and for how many of them there was
// room. It may fail for some endpoints alone.
func (d *Dispatcher) claim(ctx context.Context) (claimed, kept int, err error) {
	if !d.room() {
		return 0, 0, nil
	}
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	now := d.Clock.Now()
	tasks, err := d.Queue.Claim(ctx, d.Options.Instance, now, now.Add(webhook.ClaimFor), perEndpoint, perPoll)
	if len(tasks) == 0 {
		return 0, 0, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	now = d.Clock.Now()
	for _, t := range inTurns(tasks) {
		if d.add(t, true, now) {
			kept++
		}
	}
	d.pump(now)
	return len(tasks), kept, err
}

// inTurns has merchants alternate; the tasks of each keep their order.
func inTurns(tasks []webhook.Task) []*webhook.Task {
	var rounds [][]*webhook.Task
	count := map[string]int{}
	for i := range tasks {
		merchantID := tasks[i].Endpoint.Scope.MerchantID
		n := count[merchantID]
		if count[merchantID]++; n == len(rounds) {
			rounds = append(rounds, nil)
		}
		rounds[n] = append(rounds[n], &tasks[i])
	}
	return slices.Concat(rounds...)
}

// room reports whether any merchant's task may fit in memory.
func (d *Dispatcher) room() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.turn.held < heldMost+heldApart && !d.broken
}
