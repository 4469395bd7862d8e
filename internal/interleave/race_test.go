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
	"paymenthub/internal/notification"
	"paymenthub/internal/payment"
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
	crowded bool
	mu      sync.Mutex
	told    []payment.Snapshot // ends of the payment that somebody was told of
}

// newRace opens a payment and makes ready what acts on it.
func newRace(t *testing.T, w *town, method payment.CaptureMethod, scenario string, seed int) *race {
	t.Helper()
	name := fnv.New64a()
	_, _ = name.Write([]byte(scenario))
	r := &race{
		town: w, t: t, random: rand.New(rand.NewPCG(name.Sum64(), uint64(seed))), clock: clock.NewManual(start),
		id: id.New(id.Payment), scheduler: &interleave.Scheduler{},
	}
	w.races[r.id] = raceName(scenario, seed)
	repository := interleave.Repository{Repository: w.db.Payments(), Hook: r.hook}
	gateways := gateway.NewRegistry()
	require.NoError(t, gateways.Register(merchant.Sandbox, interleave.Gateway{Gateway: w.provider, Hook: r.hook}))
	cards := newVault(t, w.db.Vault(), r.clock)
	r.steps = &activities.Payments{
		Repository: repository, Gateways: gateways, Router: gateways, Vault: cards, Watcher: payment.NewWatcher(),
		Clock: r.clock, ReturnURL: func(string) string { return "https://hub.example/return" }, Logger: zap.NewNop(),
	}
	r.service = payment.NewService(repository, revival{race: r}, gateways, cards, r.steps.Watcher, r.clock, payment.Options{Wait: time.Second, Poll: time.Second})
	r.sweeper = &activities.Sweeper{
		Repository: repository, Orchestrator: revival{race: r}, Vault: cards, Idempotency: w.db.Idempotency(), Clock: r.clock, Logger: zap.NewNop(),
		Notifications: notification.NewReceiver(notification.Options{Repository: w.db.Notifications(), Payments: repository, Clock: r.clock}),
	}
	change, err := payment.Open(payment.New{
		ID: r.id, Scope: w.scope, Amount: amount, Currency: "USD", CaptureMethod: method, Routing: "auto", Gateway: w.provider.Name(),
	}, start)
	require.NoError(t, err)
	require.NoError(t, w.db.Payments().Insert(t.Context(), change))
	return r
}

// revival is an orchestrator that has what it starts done at once, by whoever
// asks for it.
type revival struct {
	payment.Orchestrator
	race *race
}

func (o revival) Revive(ctx context.Context, s payment.Snapshot) error {
	o.race.follow(ctx, s)
	return nil
}

// StartRefund leaves the refund to its racer.
func (revival) StartRefund(context.Context, payment.Refund) error { return nil }

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
	if r.atOnce {
		return nil
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
	err = r.scheduler.Run(ctx)
	r.demand(err == nil, "%v", err)
	r.settle(ctx)
	r.check()
}

// runAtOnce has the racers run at the same time, as the machine and the
// database will have it.
func (r *race) runAtOnce(runners []runner) {
	ctx, err := interleave.ActivityContext()
	r.must(err)
	r.atOnce = true
	failures := make([]any, len(runners))
	var all sync.WaitGroup
	for i, one := range runners {
		all.Go(func() {
			defer func() { failures[i] = recover() }()
			one.do(ctx)
		})
	}
	all.Wait()
	for i, failure := range failures {
		r.demand(failure == nil, "%s: %v", runners[i].name, failure)
	}
	r.settle(ctx)
	r.check()
}
