package bench

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"syscall"
	"time"

	"paymenthub/internal/clock"
	domain "paymenthub/internal/merchant"
)

// Cost is what an endpoint that hears of everything takes from one-shot payments: two
// events of each are delivered. The receiver is in this process, and its share is in it;
// what is left out on both sides is the collection of garbage.
type Cost struct {
	Without CostFigures `json:"without"`
	With    CostFigures `json:"with"`
	Ratio   float64     `json:"ratio"` // With to Without, payments per second
}

// CostFigures are Figures and what a payment takes of the machine: where other programs
// run too, that says more than how many payments there was room for.
type CostFigures struct {
	Figures
	CPU float64 `json:"cpu_ms"` // processor time of this process for each payment, in milliseconds
}

// measureCost takes payments of two merchants in turn, of which one has an endpoint.
func measureCost(ctx context.Context, o Options, client *http.Client) (Cost, error) {
	s, err := openSink()
	if err != nil {
		return Cost{}, err
	}
	defer s.close()
	without, _, err := o.Hub.newShop(ctx, o.API, client)
	if err != nil {
		return Cost{}, err
	}
	with, scope, err := o.Hub.newShop(ctx, o.API, client)
	if err != nil {
		return Cost{}, err
	}
	if err := o.Hub.addEndpoint(ctx, scope, s.url); err != nil {
		return Cost{}, fmt.Errorf("the hub does not take webhook endpoints: %w", err)
	}
	sides := []*side{{name: "no webhooks", shop: without}, {name: "webhooks", shop: with}}
	for round := 1; round <= rounds; round++ {
		for n := range sides {
			side := sides[(n+round)%2] // each goes first as often
			o.report(side.name, round, rounds)
			side.run(ctx, o)
		}
		if ctx.Err() != nil {
			return Cost{}, ctx.Err()
		}
	}
	c := Cost{Without: sides[0].figures(), With: sides[1].figures()}
	if c.Without.PerSecond > 0 {
		c.Ratio = round2(c.With.PerSecond / c.Without.PerSecond)
	}
	return c, nil
}

// side is one of the two that are compared.
type side struct {
	name     string
	shop     *merchant
	measured samples
	cpu      time.Duration
}

// run takes payments for a round's share of the duration. Garbage is collected before it:
// a collection takes longer than many payments, and would fall on either side by chance.
func (s *side) run(ctx context.Context, o Options) {
	runtime.GC()
	s.measured.load(ctx, o.Concurrency, warmUp, s.shop.oneShot, false)
	before := processorTime()
	s.measured.load(ctx, o.Concurrency, o.Duration/rounds, s.shop.oneShot, true)
	s.cpu += processorTime() - before
}

func (s *side) figures() CostFigures {
	payments := max(len(s.measured.latencies), 1)
	return CostFigures{Figures: s.measured.figures(), CPU: round2(float64(s.cpu.Microseconds()) / 1000 / float64(payments))}
}

// processorTime is what this process has used of the processors.
func processorTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0 // never, with these arguments
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// newShop makes a merchant that calls the hub.
func (h Hub) newShop(ctx context.Context, api string, client *http.Client) (*merchant, domain.Scope, error) {
	scope, err := h.newMerchant(ctx)
	if err != nil {
		return nil, scope, err
	}
	_, key, err := domain.NewKeys(h.Merchants, clock.System{}).Create(ctx, scope, domain.SecretKey, "bench", nil)
	return &merchant{base: api, key: key, http: client}, scope, err
}
