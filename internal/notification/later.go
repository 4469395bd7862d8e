package notification

import (
	"context"
	"sync"
	"time"
)

const (
	// laterMost bounds what waits in memory; what does not fit waits in the
	// database for the sweep.
	laterMost = 2048
	// laterAtOnce bounds what runs at once.
	laterAtOnce = 8
	// laterTimeout bounds one run.
	laterTimeout = 10 * time.Second
)

// later runs things in the background after a while.
type later struct {
	ctx     context.Context
	cancel  context.CancelFunc
	places  chan struct{}
	running chan struct{}
	all     sync.WaitGroup
}

func newLater() *later {
	ctx, cancel := context.WithCancel(context.Background())
	return &later{ctx: ctx, cancel: cancel, places: make(chan struct{}, laterMost), running: make(chan struct{}, laterAtOnce)}
}

// after runs do after a while, unless too much waits already or close came first.
func (l *later) after(wait time.Duration, do func(context.Context)) {
	select {
	case l.places <- struct{}{}:
	default:
		return
	}
	l.all.Go(func() {
		defer func() { <-l.places }()
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-l.ctx.Done():
			return
		}
		select {
		case l.running <- struct{}{}:
		case <-l.ctx.Done():
			return
		}
		defer func() { <-l.running }()
		ctx, cancel := context.WithTimeout(l.ctx, laterTimeout)
		defer cancel()
		do(ctx)
	})
}

// close drops what waits and returns once nothing runs.
func (l *later) close() {
	l.cancel()
	l.all.Wait()
}
