// Package bench measures what a payment costs beside what Temporal costs: each
// shape of payment over HTTP, and the floor (a workflow with one local activity
// that does nothing) on the same server in the same run; and then what webhooks take
// from payments, and how many of them arrive how soon.
package bench

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"go.temporal.io/sdk/client"
)

// rounds is how often floor and shapes take turns, so that a machine whose
// speed drifts slows all of them alike.
const rounds = 10

// warmUp is run before each measurement and not counted.
const warmUp = 150 * time.Millisecond

// Options of a run.
type Options struct {
	Duration    time.Duration // per shape, over all rounds
	Concurrency int           // callers
	API         string        // base URL of the hub
	Key         string        // secret key
	RoutedKey   string        // secret key of who gets gateways and rules of their own
	Temporal    client.Client
	Hub         Hub
	// Progress is told what is being measured; nil: nobody.
	Progress func(shape string, round, of int)
}

// Figures of one shape.
type Figures struct {
	PerSecond float64 `json:"per_second"`
	Ratio     float64 `json:"ratio,omitempty"` // PerSecond to the floor's
	P50       float64 `json:"p50_ms"`
	P95       float64 `json:"p95_ms"`
	P99       float64 `json:"p99_ms"`
	Errors    int     `json:"errors"`
	// FirstError says what went wrong first; it is not part of the JSON.
	FirstError string `json:"-"`
}

// Floor is Figures without what only shapes have.
type Floor struct {
	PerSecond float64 `json:"per_second"`
	P50       float64 `json:"p50_ms"`
	P95       float64 `json:"p95_ms"`
	P99       float64 `json:"p99_ms"`
}

// Report is the result of a run.
type Report struct {
	Floor       Floor              `json:"floor"`
	Shapes      map[string]Figures `json:"shapes"`
	WebhookCost Cost               `json:"webhook_cost"`
	Webhooks    []Delivered        `json:"webhooks"`
}

// Shapes lists the measured shapes in order.
var Shapes = []string{"one_shot", "routed", "sale", "authorize", "two_step", "auth_capture", "create", "get"}

// Run measures the floor, every shape, and webhooks.
func Run(ctx context.Context, o Options) (Report, error) {
	stop, err := startFloorWorker(o.Temporal)
	if err != nil {
		return Report{}, err
	}
	defer stop()
	client := &http.Client{
		Timeout:   30 * time.Second,
		Transport: &http.Transport{MaxIdleConnsPerHost: o.Concurrency, MaxConnsPerHost: o.Concurrency},
	}
	shapes, err := (&merchant{base: o.API, key: o.Key, http: client}).shapes(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("the hub does not take payments: %w", err)
	}
	routed := &merchant{base: o.API, key: o.RoutedKey, http: client}
	if err := routed.connect(ctx); err != nil {
		return Report{}, fmt.Errorf("the hub does not route payments: %w", err)
	}
	shapes["routed"] = routed.oneShot
	floor := &samples{}
	measured := map[string]*samples{}
	for round := 1; round <= rounds; round++ {
		o.report("floor", round, rounds)
		floor.run(ctx, o, func(ctx context.Context) error { return runFloor(ctx, o.Temporal) })
		for _, name := range Shapes {
			if measured[name] == nil {
				measured[name] = &samples{}
			}
			o.report(name, round, rounds)
			measured[name].run(ctx, o, shapes[name])
		}
		if ctx.Err() != nil {
			return Report{}, ctx.Err()
		}
	}
	r, err := report(floor, measured)
	if err != nil {
		return r, err
	}
	if r.WebhookCost, err = measureCost(ctx, o, client); err != nil {
		return r, err
	}
	r.Webhooks, err = measureWebhooks(ctx, o)
	return r, err
}

func (o Options) report(shape string, round, of int) {
	if o.Progress != nil {
		o.Progress(shape, round, of)
	}
}

func report(floor *samples, measured map[string]*samples) (Report, error) {
	base := floor.figures()
	if base.Errors > 0 || base.PerSecond == 0 {
		return Report{}, fmt.Errorf("the floor could not be measured: %d errors, first: %s", base.Errors, base.FirstError)
	}
	r := Report{
		Floor:  Floor{PerSecond: base.PerSecond, P50: base.P50, P95: base.P95, P99: base.P99},
		Shapes: map[string]Figures{},
	}
	for name, s := range measured {
		f := s.figures()
		f.Ratio = round2(f.PerSecond / base.PerSecond)
		r.Shapes[name] = f
	}
	return r, nil
}
