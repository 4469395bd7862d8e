package bench

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"
)

// samples are the latencies of one shape.
type samples struct {
	mu        sync.Mutex
	latencies []time.Duration
	elapsed   time.Duration
	errors    int
	first     string
}

// run calls do from every caller for its share of the duration.
func (s *samples) run(ctx context.Context, o Options, do func(context.Context) error) {
	s.load(ctx, o.Concurrency, warmUp, do, false)
	s.load(ctx, o.Concurrency, o.Duration/rounds, do, true)
}

func (s *samples) load(ctx context.Context, callers int, d time.Duration, do func(context.Context) error, count bool) {
	start := time.Now()
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for time.Since(start) < d && ctx.Err() == nil {
				began := time.Now()
				err := do(ctx)
				if count {
					s.add(time.Since(began), err)
				}
			}
		})
	}
	wg.Wait()
	if count {
		s.elapsed += time.Since(start)
	}
}

func (s *samples) add(d time.Duration, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		if s.errors++; s.first == "" {
			s.first = err.Error()
		}
		return
	}
	s.latencies = append(s.latencies, d)
}

func (s *samples) figures() Figures {
	slices.Sort(s.latencies)
	f := Figures{Errors: s.errors, FirstError: s.first}
	if s.elapsed > 0 {
		f.PerSecond = round2(float64(len(s.latencies)) / s.elapsed.Seconds())
	}
	f.P50, f.P95, f.P99 = s.percentile(50), s.percentile(95), s.percentile(99)
	return f
}

// lag is the two percentiles that tell of a delay.
func (s *samples) lag() Lag {
	f := s.figures()
	return Lag{P50: f.P50, P95: f.P95}
}

// percentile is the nearest-rank percentile in milliseconds.
func (s *samples) percentile(p int) float64 {
	if len(s.latencies) == 0 {
		return 0
	}
	rank := (len(s.latencies)*p + 99) / 100
	return round2(float64(s.latencies[max(rank-1, 0)].Microseconds()) / 1000)
}

func round2(f float64) float64 { return math.Round(f*100) / 100 }

// team does things beside each other until one of them fails.
type team struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	work   sync.WaitGroup
}

func newTeam(ctx context.Context) *team {
	t := &team{}
	t.ctx, t.cancel = context.WithCancelCause(ctx)
	return t
}

func (t *team) do(work func(context.Context) error) {
	t.work.Go(func() {
		if err := work(t.ctx); err != nil {
			t.cancel(err)
		}
	})
}

// wait waits for all of them and returns the first error.
func (t *team) wait() error {
	t.work.Wait()
	defer t.cancel(nil)
	return context.Cause(t.ctx)
}
