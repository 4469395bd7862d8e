// Package interleave is for tests alone. It runs several tasks one at a time,
// in an order that a seed decides, switching between them where they touch the
// outside world: at each call of a repository, a gateway, an orchestrator. The
// same seed gives the same order, so what fails once can be looked at again.
//
// It also holds what such tests stand on: decorators that turn the calls of
// ports into points, and a payment provider in memory that is the witness of
// what really happened.
package interleave

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// stuck is how long a task may run from one point to the next.
const stuck = 30 * time.Second

// Scheduler runs tasks one at a time. Tasks are added before Run, or by the task
// whose turn it is, and by no other goroutine.
type Scheduler struct {
	random *rand.Rand
	// stay is how often, of 100 choices, the task that ran goes on: low values
	// mix the tasks finely, high ones make few and far switches.
	stay  int
	ready []*task
	ctx   context.Context // of the run: tasks that are added in it begin at once
	trace []string
}

type task struct {
	name string
	do   func(context.Context)
	turn chan struct{} // the scheduler lets the task go on
	back chan string   // the task is at a point, named, or has ended: ""
	fail any           // what the task panicked with
}

type taskKey struct{}

// NewScheduler makes a scheduler whose choices follow from random.
func NewScheduler(random *rand.Rand) *Scheduler {
	return &Scheduler{random: random, stay: []int{0, 30, 60, 90}[random.IntN(4)]}
}

// Go adds a task. It runs from one point to the next when its turn comes.
func (s *Scheduler) Go(name string, do func(context.Context)) {
	t := &task{name: name, do: do, turn: make(chan struct{}), back: make(chan string)}
	s.ready = append(s.ready, t)
	if s.ctx != nil {
		go t.run(s.ctx)
	}
}

// Run runs all tasks to their ends. It gives up, and the tasks with it, when one
// panics or waits for another, which cannot move.
func (s *Scheduler) Run(ctx context.Context) error {
	s.ctx = ctx
	for _, t := range s.ready {
		go t.run(ctx)
	}
	for current := 0; len(s.ready) > 0; {
		if current >= len(s.ready) || s.random.IntN(100) >= s.stay {
			current = s.random.IntN(len(s.ready))
		}
		t := s.ready[current]
		t.turn <- struct{}{}
		var at string
		select {
		case at = <-t.back:
		case <-time.After(stuck):
			return fmt.Errorf("interleave: %s waits for something that only another task could do", t.name)
		}
		if t.fail != nil {
			return fmt.Errorf("interleave: %s: %v", t.name, t.fail)
		}
		if at == "" {
			s.trace = append(s.trace, t.name+": ended")
			s.ready = slices.Delete(s.ready, current, current+1)
			continue
		}
		s.trace = append(s.trace, t.name+": "+at)
	}
	return nil
}

func (t *task) run(ctx context.Context) {
	<-t.turn
	defer func() {
		t.fail = recover()
		t.back <- ""
	}()
	t.do(context.WithValue(ctx, taskKey{}, t))
}

// Note writes something that happened into the trace. Only the task whose turn
// it is may call it.
func (s *Scheduler) Note(format string, values ...any) {
	s.trace = append(s.trace, "  "+fmt.Sprintf(format, values...))
}

// Trace tells the order in which the tasks came to their points.
func (s *Scheduler) Trace() string { return strings.Join(s.trace, "\n") }

// Point is where a task may be interrupted for another. Outside of a task it
// does nothing.
func Point(ctx context.Context, name string) {
	if t, ok := ctx.Value(taskKey{}).(*task); ok {
		t.back <- name
		<-t.turn
	}
}
