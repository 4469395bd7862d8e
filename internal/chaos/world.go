package chaos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// The simulator's accounts, and the secret that signs its webhooks.
const (
	sandboxKey    = "sk_test_paymenthub_chaos"
	liveKey       = "sk_live_paymenthub_chaos"
	webhookSecret = "whsec_paymenthub_chaos"
)

// Times of the hubs of a world. A provider that hangs is given up soon, so that
// outcomes are unknown often.
const (
	gatewayTimeout = "2s"
	paymentsWait   = "5s"
	requestTimeout = "10s"
)

const clockVariable = "PAYMENTHUB_CLOCK_OFFSET"

// commandLimit bounds a command of the hub's that the campaign runs.
const commandLimit = 60 * time.Second

// worldOptions are what a world is made with.
type worldOptions struct {
	Binary   string                    // the hub's program
	Folder   string                    // of this world alone
	Prepare  func(folder string) error // makes a data folder with its keys
	Database database
	Plan     Plan
}

// World is the processes of one seed.
type World struct {
	options  worldOptions
	data     string // the data folder
	hubAddr  string
	hub      string // base URL
	provider string // the simulator's base URL
	ports    []int

	temporalAddr string

	temporal, simulator, serve, worker *process

	merchants [Merchants]merchant
	mu        sync.Mutex
	offset    time.Duration // of the hub's clock
}

// merchant is one client of the hub.
type merchant struct {
	id, key string // secret key
}

// openWorld starts everything and returns when it answers.
func openWorld(ctx context.Context, o worldOptions) (*World, error) {
	ports, err := reservePorts(3)
	if err != nil {
		return nil, err
	}
	address := func(n int) string { return fmt.Sprintf("127.0.0.1:%d", ports[n]) }
	w := &World{
		options: o, data: filepath.Join(o.Folder, "data"), ports: ports,
		hubAddr: address(0), hub: "http://" + address(0), provider: "http://" + address(1), temporalAddr: address(2),
	}
	temporal := w.temporalAddr
	program := func(name, ready string, args ...string) *process {
		return newProcess(o.Folder, o.Binary, name, ready, w.hubEnv(), args...)
	}
	state := append([]string{"--data-dir", w.data}, o.Database.flags()...)
	w.temporal = program("temporal", "Temporal: ", "temporal", "--data-dir", w.data, "--temporal-addr", temporal, "--temporal-ui-addr", "")
	w.simulator = program("simulator", "simulator: ", "simulator", "--data-dir", w.data, "--addr", address(1),
		"--webhook-url", w.hub+"/webhooks/stripe/sandbox", "--webhook-secret", webhookSecret)
	w.serve = program("serve", `"serving"`, append([]string{"serve", "--addr", w.hubAddr, "--temporal-address", temporal}, state...)...)
	w.worker = program("worker", `"working"`, append([]string{"worker", "--temporal-address", temporal}, state...)...)
	if err := w.open(ctx, state); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *World) open(ctx context.Context, state []string) error {
	if err := w.options.Prepare(w.data); err != nil {
		return err
	}
	if err := errors.Join(w.temporal.start(), w.simulator.start()); err != nil {
		return err
	}
	if err := w.settle(ctx, state); err != nil {
		return err
	}
	if err := errors.Join(w.temporal.awaitFirst(ctx), w.simulator.awaitFirst(ctx)); err != nil {
		return err
	}
	if err := errors.Join(w.serve.start(), w.worker.start()); err != nil {
		return err
	}
	return errors.Join(w.serve.awaitFirst(ctx), w.worker.awaitFirst(ctx))
}

// settle makes the tables and the merchants.
func (w *World) settle(ctx context.Context, state []string) error {
	run := func(args ...string) (string, error) {
		out, err := w.command(ctx, commandLimit, append(args, state...)...)
		return strings.TrimSpace(out), err
	}
	if _, err := run("migrate", "up"); err != nil {
		return err
	}
	for i := range w.merchants {
		m := &w.merchants[i]
		var err error
		if m.id, err = run("merchant", "create", "--name", fmt.Sprintf("Shop %d", i)); err != nil {
			return err
		}
		printed, err := run("key", "create", "--merchant", m.id)
		if err != nil {
			return err
		}
		_, key, found := strings.Cut(printed, " ")
		if !found {
			return fmt.Errorf("key create printed no key")
		}
		m.key = key
	}
	return nil
}

// hubEnv is the environment of every process: the person's own settings of the
// hub do not count.
func (w *World) hubEnv() []string {
	var env []string
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "PAYMENTHUB_") {
			env = append(env, variable)
		}
	}
	env = append(env,
		"PAYMENTHUB_LOG_LEVEL=info", "PAYMENTHUB_LOG_FORMAT=json", "PAYMENTHUB_SERVER_PUBLIC_URL="+w.hub,
		"PAYMENTHUB_GATEWAYS_SANDBOX_STRIPE_SECRET_KEY="+sandboxKey, "PAYMENTHUB_GATEWAYS_SANDBOX_STRIPE_BASE_URL="+w.provider,
		"PAYMENTHUB_GATEWAYS_SANDBOX_STRIPE_WEBHOOK_SECRET="+webhookSecret,
		"PAYMENTHUB_GATEWAYS_LIVE_STRIPE_SECRET_KEY="+liveKey, "PAYMENTHUB_GATEWAYS_LIVE_STRIPE_BASE_URL="+w.provider,
		"PAYMENTHUB_GATEWAYS_TIMEOUT="+gatewayTimeout, "PAYMENTHUB_PAYMENTS_WAIT="+paymentsWait,
		"PAYMENTHUB_SERVER_REQUEST_TIMEOUT="+requestTimeout, clockVariable+"="+w.clockOffset().String(),
	)
	for _, limit := range []string{"HUB", "PUBLIC"} {
		env = append(env, "PAYMENTHUB_RATE_LIMITS_"+limit+"_PER_MINUTE=1000000", "PAYMENTHUB_RATE_LIMITS_"+limit+"_BURST=1000000")
	}
	if n := w.options.Plan.MaxConns; n > 0 {
		env = append(env, fmt.Sprintf("PAYMENTHUB_DATABASE_MAX_CONNS=%d", n))
	}
	return env
}

func (w *World) clockOffset() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.offset
}

// setClock changes the time of the hub and the worker that are started next.
func (w *World) setClock(offset time.Duration) {
	w.mu.Lock()
	w.offset = offset
	w.mu.Unlock()
	w.serve.setEnv(clockVariable, offset.String())
	w.worker.setEnv(clockVariable, offset.String())
}

func (w *World) processes() []*process {
	return []*process{w.serve, w.worker, w.temporal, w.simulator}
}

// stopHub lets hub and worker end as an operator would. Errors: they do not end,
// or not well.
func (w *World) stopHub() error {
	errs := make(chan error, 2)
	for _, p := range []*process{w.serve, w.worker} {
		go func() { errs <- p.terminate() }()
	}
	return errors.Join(<-errs, <-errs)
}

// close kills what still runs. Nothing outlives it.
func (w *World) close() {
	for _, p := range w.processes() {
		p.retire()
	}
	releasePorts(w.ports)
}
