package chaos

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// session is one plan being carried out in its world.
type session struct {
	plan     Plan
	world    *World
	diary    *diary
	clients  *clients
	provider *provider

	slots []slot // of the plan's payments
	marks []mark // of the plan's steps
	acts  sync.WaitGroup
	fault chan struct{} // closed when the last fault is over; nil before the first
	count counters
}

// slot is what the clients know of a payment.
type slot struct {
	mu       sync.Mutex
	id       string
	answered bool // the shopper has answered the issuer's challenge
}

func (s *slot) name() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.id
}

// mark says how far a step is.
type mark struct {
	sent, done chan struct{}
	once       *sync.Once // of sent
}

func newSession(w *World, p Plan) *session {
	d := &diary{began: time.Now()}
	s := &session{
		plan: p, world: w, diary: d, clients: newClients(w, d), provider: newProvider(w.provider),
		slots: make([]slot, len(p.Payments)), marks: make([]mark, len(p.Steps)),
	}
	for i := range s.marks {
		s.marks[i] = mark{sent: make(chan struct{}), done: make(chan struct{}), once: &sync.Once{}}
	}
	return s
}

// carryOut takes the plan's steps in their order, each after its gap. It returns
// when all are begun and the last fault is over; operations go on. acting bounds
// these.
func (s *session) carryOut(ctx, acting context.Context) error {
	if err := s.provider.webhooks(ctx, s.plan.Webhooks); err != nil {
		return err
	}
	failed := make(chan error, len(s.plan.Steps))
	for i, step := range s.plan.Steps {
		pause(ctx, step.Gap)
		if ctx.Err() != nil {
			break
		}
		if step.Operation != nil {
			s.acts.Go(func() {
				defer close(s.marks[i].done)
				s.perform(acting, i, *step.Operation)
			})
			continue
		}
		s.awaitFault(ctx)
		over := make(chan struct{})
		s.fault = over
		s.count.strike(*step.Fault)
		go func() {
			defer close(over)
			if err := s.strike(ctx, *step.Fault); err != nil && ctx.Err() == nil {
				failed <- fmt.Errorf("step %d, %s: %w", i, step.Fault.Kind, err)
			}
		}()
	}
	s.awaitFault(ctx)
	select {
	case err := <-failed:
		return err
	default:
		return ctx.Err()
	}
}

// awaitFault returns when no fault is under way. A fault ends soon once ctx has.
func (s *session) awaitFault(context.Context) {
	if s.fault != nil {
		<-s.fault
	}
}

// awaitActs waits until every operation has ended, at most until ctx ends.
func (s *session) awaitActs(ctx context.Context) bool {
	ended := make(chan struct{})
	go func() {
		s.acts.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return true
	case <-ctx.Done():
		return false
	}
}

// counters are what a session did.
type counters struct {
	kills, restarts, faults int
}

func (c *counters) strike(f Fault) {
	c.faults++
	c.kills += kills[f.Kind]
	c.restarts += restarts[f.Kind]
}
