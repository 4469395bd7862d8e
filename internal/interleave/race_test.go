package interleave_test

import (
	"context"
	"errors"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"paymenthub/activities"
	"paymenthub/internal/clock"
	"paymenthub/internal/gateway"
	"paymenthub/internal/id"
	"paymenthub/internal/interleave"
	"paymenthub/internal/merchant"
	"paymenthub/internal/notice"
	"paymenthub/internal/notification"
	"paymenthub/internal/payment"
	"paymenthub/internal/risk"
)

const amount = 1000 // of every payment, in cents

// race is one payment that several workers act on at once.
type race struct {
	*town
	t         *testing.T
	random    *rand.Rand
	clock     *clock.Manual
	steps     *activities.Payments
	service   *payment.Service
	sweeper   *activities.Sweeper
	scheduler *interleave.Scheduler // of the race; what comes before it is not scheduled
	id        string
	refunds   []string
	troubles  int  // how many more things go wrong
	atOnce    bool // no scheduler: the workers really run at the same time, and nothing goes wrong
	leaving   bool // nobody looks pending calls up
	still     bool // no time passes at calls
	pastHour  bool // calls are not sent again: the intent's hour is over
	// crowded: several workers may send one refund, and connections are not
	// refused. Only the time since it was opened tells a refund's first sender
	// that it may conclude from that, which holds for one workflow alone.
	crowded  bool
	receiver *notification.Receiver
	// telling: the provider's webhooks are delivered. deaf: look-ups mostly fail.
	telling, deaf bool
	racing        bool
	spawned       sync.WaitGroup // what was begun in a race without a scheduler
	mu            sync.Mutex
	told          []payment.Snapshot // ends of the payment that somebody was told of
	lives         map[string]bool    // workflows that run; true: asked to look again
	parked        []func(context.Context)
	mistaken      map[string]bool // events that tell what never happened
	failures      []any           // what tasks panicked with, without a scheduler
}

// newRace opens a payment and makes ready what acts on it.
func newRace(t *testing.T, w *town, method payment.CaptureMethod, scenario string, seed int) *race {
	t.Helper()
	name := fnv.New64a()
	_, _ = name.Write([]byte(scenario))
	r := &race{
		town: w, t: t, random: rand.New(rand.NewPCG(name.Sum64(), uint64(seed))), clock: clock.NewManual(start),
		id: id.New(id.Payment), scheduler: &interleave.Scheduler{},
		lives: map[string]bool{}, mistaken: map[string]bool{},
	}
	w.races[r.id] = raceName(scenario, seed)
	repository := interleave.Repository{Repository: w.db.Payments(), Hook: r.hook}
	gateways := gateway.NewRegistry()
	require.NoError(t, gateways.Register(merchant.Sandbox, interleave.Gateway{Gateway: w.provider, Hook: r.hook}))
	cards := newVault(t, w.db.Vault(), r.clock)
	router, engine, retries := interleave.Routing(gateways, w.db.Routing(), r.clock)
	r.steps = &activities.Payments{
		Repository: repository, Customers: w.db.Customers(), Gateways: gateways, Router: router, Observer: engine, Retries: retries, Risk: interleave.Trusting{}, Vault: cards, Watcher: payment.NewWatcher(),
		Clock: r.clock, ReturnURL: func(string) string { return "https://hub.example/return" }, Logger: zap.NewNop(),
		Notifications: interleave.Notifications{Repository: w.db.Notifications(), Hook: r.hook},
	}
	r.service = payment.NewService(repository, w.db.Customers(), revival{race: r}, r.steps.Router, cards, r.steps.Watcher, r.clock, payment.Options{Wait: time.Second, Poll: time.Second})
	r.receiver = r.newReceiver()
	r.sweeper = &activities.Sweeper{
		Repository: repository, Orchestrator: revival{race: r}, Methods: w.db.Customers(), Vault: cards, Idempotency: w.db.Idempotency(), Clock: r.clock, Logger: zap.NewNop(),
		Notifications: r.receiver, Sightings: risk.NewEngine(risk.Options{Repository: w.db.Risk(), Clock: r.clock}),
		Webhooks: activities.Backlog{Queue: w.db.Webhooks(), Replays: w.db.Webhooks()},
		Notices:  &notice.Courier{Outbox: w.db.Notices(), Settings: w.db.Merchants(), Clock: r.clock},
	}
	change, err := payment.Open(payment.New{
		ID: r.id, Scope: w.scope, Amount: amount, Currency: "USD", CaptureMethod: method, Routing: "auto", Gateway: w.provider.Provider(),
	}, start)
	require.NoError(t, err)
	require.NoError(t, w.db.Payments().Insert(t.Context(), change))
	return r
}

// workerLost is how long it takes at least until a step is given to another
// worker.
const workerLost = 3 * time.Second

// requestGone is when a request that has not arrived never will.
const requestGone = 3 * time.Minute

var errTrouble = errors.New("the database did not answer")

// death ends a worker: it panics with it.
type death struct{}

// hook makes each call a point, lets time pass, and has things go wrong.
func (r *race) hook(ctx context.Context, call string, after bool) error {
	if ctx.Err() != nil || r.atOnce {
		return ctx.Err()
	}
	at := "before "
	if after {
		at = "after "
	}
	interleave.Point(ctx, at+call)
	if !r.still && r.random.IntN(8) == 0 {
		r.clock.Advance(3 * time.Second)
	}
	if r.troubles == 0 || r.random.IntN(8) != 0 {
		return nil
	}
	r.troubles--
	if strings.HasPrefix(call, "gateway") || r.random.IntN(2) == 0 {
		r.scheduler.Note("%s%s: the worker dies", at, call)
		panic(death{})
	}
	r.scheduler.Note("%s%s: error", at, call)
	return errTrouble
}

// fault is what goes wrong with the next request to the provider.
func (r *race) fault(call string) interleave.Fault {
	if r.deaf && call == "look up" && r.random.IntN(4) > 0 {
		return interleave.LostAnswer
	}
	if r.troubles == 0 || r.random.IntN(4) != 0 {
		return interleave.NoFault
	}
	r.troubles--
	fault := interleave.Fault(1 + r.random.IntN(4))
	if r.crowded && fault == interleave.Refused {
		fault = interleave.LostRequest
	}
	r.scheduler.Note("%s: %v", call, fault)
	return fault
}

// runner is a racer at the start.
type runner struct {
	name string
	do   func(context.Context)
}

// run runs the racers, and a network that delivers late requests.
func (r *race) run(runners []runner) {
	ctx, err := interleave.ActivityContext()
	r.must(err)
	r.provider.Plan(r.fault)
	r.troubles = r.random.IntN(4)
	r.scheduler = interleave.NewScheduler(r.random)
	for _, one := range runners {
		r.scheduler.Go(one.name, one.do)
	}
	r.scheduler.Go("network", func(ctx context.Context) {
		for range 8 {
			interleave.Point(ctx, "late requests")
			r.provider.Deliver()
		}
	})
	r.racing = true
	err = r.scheduler.Run(ctx)
	r.racing = false
	r.demand(err == nil, "%v", err)
	r.settle(ctx)
	r.check()
}

// runAtOnce has the racers run at the same time, as the machine and the
// database will have it.
func (r *race) runAtOnce(runners []runner) {
	ctx, err := interleave.ActivityContext()
	r.must(err)
	r.atOnce, r.racing = true, true
	for _, one := range runners {
		r.spawn(ctx, one.name, one.do)
	}
	r.spawned.Wait()
	r.racing = false
	r.demand(len(r.failures) == 0, "%v", r.failures)
	r.settle(ctx)
	r.check()
}

// spawn has a task done beside the others, at once when there is no race.
func (r *race) spawn(ctx context.Context, name string, do func(context.Context)) {
	switch {
	case !r.racing:
		do(ctx)
	case !r.atOnce:
		r.scheduler.Go(name, do)
	default:
		r.spawned.Go(func() {
			defer func() {
				if failure := recover(); failure != nil {
					r.mu.Lock()
					defer r.mu.Unlock()
					r.failures = append(r.failures, name, failure)
				}
			}()
			do(ctx)
		})
	}
}
