package e2e

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	beat  = 10 * time.Millisecond
	slack = 20 * time.Millisecond // that a beat may be late on a machine that does other things
)

// stood is for how long this process has stood still so far, in nanoseconds.
var stood atomic.Int64

// metronome measures for how long this process stands still, and with it what runs beside
// it: on a busy machine that can be seconds. It has no end.
func metronome() {
	for last := time.Now(); ; {
		time.Sleep(beat)
		now := time.Now()
		if late := now.Sub(last) - beat; late > slack {
			stood.Add(int64(late))
		}
		last = now
	}
}

// stopwatch measures time without that in which this process stood still: what the hub
// promises of time it promises for a machine that goes on.
type stopwatch struct {
	began time.Time
	stood int64
}

func startWatch() stopwatch { return stopwatch{time.Now(), stood.Load()} }

func (w stopwatch) elapsed() time.Duration {
	took := time.Since(w.began)
	if took > time.Second { // the metronome may have to count yet what has just ended
		time.Sleep(2 * beat)
	}
	return took - time.Duration(stood.Load()-w.stood)
}

// promptly is await for what is promised to happen within limit.
func promptly(t testing.TB, limit time.Duration, what string, done func() bool) {
	t.Helper()
	watch := startWatch()
	await(t, settleLimit, what, done)
	require.Less(t, watch.elapsed(), limit, what)
}
