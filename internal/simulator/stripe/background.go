package stripe

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

// startBackground begins the rounds, unless the simulator is frozen. Each round
// tells how long to wait for the next one; wake cuts that short.
func (s *Simulator) startBackground(round func(context.Context) time.Duration) *background {
	ctx, stop := context.WithCancel(context.Background())
	b := &background{wakeups: make(chan struct{}, 1), stop: stop, stopped: make(chan struct{})}
	if s.options.Frozen {
		close(b.stopped)
		return b
	}
	go b.run(ctx, round)
	return b
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

// close ends the rounds, the running one included.
func (b *background) close() {
	b.stop()
	<-b.stopped
}

// untilDue is the pause until the time in microseconds that a query tells, at
// most a minute.
func (s *Simulator) untilDue(query string) time.Duration {
	const longest, shortest = time.Minute, 50 * time.Millisecond
	row, err := s.store.queryRow(query)
	if err != nil {
		return longest
	}
	var next int64
	if row.Scan(&next) != nil {
		return longest // nothing is waiting
	}
	return min(longest, max(shortest, time.UnixMicro(next).Sub(s.now())))
}
