package chassis

import (
	"context"
	"time"
)

// background is work that the simulator does by itself, round after round.
type background struct {
	wakeups chan struct{}
	stop    context.CancelFunc
	stopped chan struct{}
}

func newBackground() *background {
	return &background{wakeups: make(chan struct{}, 1)}
}

// start begins the rounds. Each round tells how long to wait for the next one;
// wake cuts that short.
func (b *background) start(round func(context.Context) time.Duration) {
	ctx, stop := context.WithCancel(context.Background())
	b.stop, b.stopped = stop, make(chan struct{})
	go b.run(ctx, round)
}

func (b *background) run(ctx context.Context, round func(context.Context) time.Duration) {
	defer close(b.stopped)
	for ctx.Err() == nil {
		pause := round(ctx)
		if pause <= 0 {
			continue
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-b.wakeups:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// wake begins the next round now.
func (b *background) wake() {
	select {
	case b.wakeups <- struct{}{}:
	default: // awake already
	}
}

// close ends the rounds, the running one included, if they ever began.
func (b *background) close() {
	if b.stop == nil {
		return
	}
	b.stop()
	<-b.stopped
}

// untilDue is the pause until the time in microseconds that a query tells, at
// most a minute.
func (c *Chassis) untilDue(query string) time.Duration {
	const longest, shortest = time.Minute, 50 * time.Millisecond
	row, err := c.store.queryRow(query)
	if err != nil {
		return longest
	}
	var next int64
	if row.Scan(&next) != nil {
		return longest // nothing is waiting
	}
	return min(longest, max(shortest, time.UnixMicro(next).Sub(c.now())))
}
