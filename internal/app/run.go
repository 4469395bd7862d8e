package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	sdktemporal "go.temporal.io/sdk/temporal"
	"go.uber.org/zap"

	"paymenthub/activities"
	"paymenthub/api"
	"paymenthub/api/dialect"
	"paymenthub/api/hub"
	"paymenthub/api/middleware"
	"paymenthub/config"
	"paymenthub/internal/payment"
	"paymenthub/internal/temporal"
	"paymenthub/internal/temporal/codec"
	"paymenthub/worker"
	"paymenthub/workflows"
)

// Bounds of running and stopping.
const (
	slowQuery       = 500 * time.Millisecond
	pollInterval    = 250 * time.Millisecond
	idempotencyWait = 3 * time.Second
	flushInterval   = 30 * time.Second
	sweepInterval   = 30 * time.Second
	lastCall        = 250 * time.Millisecond // from the first refusal until the address is closed
	closeTimeout    = 500 * time.Millisecond
	scheduleTimeout = 20 * time.Second // of a Temporal that begins, too
	headerTimeout   = 5 * time.Second
	readTimeout     = 30 * time.Second
	writeTimeout    = 15 * time.Second // to record an answer and to send it
)

func dial(ctx context.Context, h *Hub, t config.Temporal) (client.Client, error) {
	converter := codec.NewDataConverter(h.codec)
	o := temporal.Options{
		Address: t.Address, Namespace: t.Namespace, DataConverter: converter,
		FailureConverter: codec.NewFailureConverter(converter), Logger: h.log, APIKey: t.APIKey.Reveal(),
	}
	if t.TLS {
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	tracer, err := h.tracing.TemporalInterceptor()
	if err != nil {
		return nil, err
	}
	if tracer != nil {
		o.Interceptors = append(o.Interceptors, tracer)
	}
	return temporal.Dial(ctx, o)
}

// gatewayClient carries calls to providers.
func (h *Hub) gatewayClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	return &http.Client{
		Transport:     h.tracing.HTTPTransport(transport),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (h *Hub) publicURL() string {
	if url := string(h.config.Server.PublicURL); url != "" {
		return url
	}
	scheme := "http"
	if h.config.Server.TLSCert != "" {
		scheme = "https"
	}
	return scheme + "://" + reachable(h.config.Server.Addr)
}

// reachable is an address that a browser on this machine can open.
func reachable(address string) string {
	if a, err := netip.ParseAddrPort(address); err == nil && a.Addr().IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", strconv.Itoa(int(a.Port())))
	}
	return address
}

// StartWorker runs the hub's workflows and steps, and tells merchants of the events that
// they bring, until the returned function is called.
func (h *Hub) StartWorker() (stop func(), err error) {
	w := worker.New(h.temporal, worker.Options{
		Payments: h.steps(), Webhooks: h.webhookSteps(), Sweeper: h.sweeper(), StopTimeout: h.workerTimeout(),
	})
	stopDispatcher := h.startDispatcher()
	stop = func() { w.Stop(); stopDispatcher() }
	if err := w.Start(); err != nil {
		stopDispatcher()
		return nil, err
	}
	if err := h.scheduleSweep(); err != nil {
		stop()
		return nil, err
	}
	return stop, nil
}

// workerTimeout is how long steps that run may take to end when the worker
// stops: as long as a call to a gateway takes, and at most half of the time in
// which the hub ends.
func (h *Hub) workerTimeout() time.Duration {
	return min(h.config.Gateways.Timeout+time.Second, h.config.Server.DrainTimeout/2)
}

// scheduleSweep sees to it that the sweep runs twice a minute, once at a time,
// whatever number of workers there is, and looks now at all that was under way
// when the last hub ended.
func (h *Hub) scheduleSweep() error {
	ctx, cancel := context.WithTimeout(context.Background(), scheduleTimeout)
	defer cancel()
	_, err := h.temporal.ScheduleClient().Create(ctx, client.ScheduleOptions{
		ID:      workflows.SweepScheduleID,
		Spec:    client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: sweepInterval}}},
		Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_SKIP,
		Action: &client.ScheduleWorkflowAction{
			ID: "sweep", Workflow: workflows.SweepWorkflow, TaskQueue: workflows.TaskQueue,
			Args:                     []any{activities.SweepOptions{}},
			WorkflowExecutionTimeout: 10 * time.Minute,
			WorkflowTaskTimeout:      workflows.TaskTimeout,
			StaticSummary:            "Looks after payments and refunds that should have moved on",
		},
	})
	if err != nil && !errors.Is(err, sdktemporal.ErrScheduleAlreadyRunning) {
		return fmt.Errorf("the sweep could not be scheduled: %w", err)
	}
	_, err = h.temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: "sweep-at-start", TaskQueue: workflows.TaskQueue,
		WorkflowExecutionTimeout: 10 * time.Minute, WorkflowTaskTimeout: workflows.TaskTimeout,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING,
		StaticSummary:            "Looks after what was under way when the hub ended",
	}, workflows.SweepWorkflow, activities.SweepOptions{Ahead: payment.GraceOfStep})
	return err
}

// Handler is the hub's HTTP surface. With console, whose value is the merchant whom it
// acts for, there are pages without a sign-in, for whoever reaches this machine's loopback.
func (h *Hub) Handler(console func() string) (http.Handler, error) {
	s, limits := h.config.Server, h.config.RateLimits
	return api.New(api.Options{
		Console:  h.console(console),
		Payments: h.payments, Customers: h.customers, Accounts: h.accounts, Notifications: h.receiver, Webhooks: h.webhooks, Renderer: dialect.Renderer{}, Notices: h.store.Notices(), Events: h.store.Events(), Ledger: h.store.Ledger(), Risk: h.risk, FX: h.fx, Routing: h.routing, Authenticator: h.auth,
		Idempotency: h.guard(), Secrets: h.secrets, Settings: h.store.Merchants(),
		PublicURL: h.publicURL(), Clock: h.clock,
		Health: []hub.Check{
			{Name: "database", Check: h.store.Ping},
			{Name: "temporal", Check: func(ctx context.Context) error { return temporal.HealthCheck(ctx, h.temporal) }},
		},
		Version: h.version, Logger: h.log, Metrics: h.metrics.Registry(),
		TracerProvider: h.tracing.Provider(), TrustedProxies: s.TrustedProxies,
		HubLimit: api.RateLimit(limits.Hub), PublicLimit: api.RateLimit(limits.Public), ConnectLimit: api.RateLimit(limits.GatewayAccounts), RedeliverLimit: api.RateLimit(limits.Redeliveries), Acquiring: api.AcquiringLimits(limits.Acquiring),
		RequestTimeout: s.RequestTimeout, MaxInFlight: s.MaxInFlight,
	})
}

// Serve answers on the listener until ctx ends; then it refuses new requests,
// lets those that run end within server.drain_timeout, and returns.
func (h *Hub) Serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	var drain middleware.Drain
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout,
		WriteTimeout: readTimeout + h.config.Server.RequestTimeout + writeTimeout,
		IdleTimeout:  2 * time.Minute, MaxHeaderBytes: 64 << 10, ErrorLog: zap.NewStdLog(h.log),
		BaseContext: func(net.Listener) context.Context { return drain.Context(context.Background()) },
	}
	flushing, stopFlushing := context.WithCancel(context.Background())
	defer stopFlushing()
	go h.flushKeyUse(flushing)
	failed := make(chan error, 1)
	go func() {
		if cert, key := h.config.Server.TLSCert, h.config.Server.TLSKey; cert != "" {
			server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
			failed <- server.ServeTLS(listener, cert, key)
			return
		}
		failed <- server.Serve(listener)
	}()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	return h.shutDown(server, &drain)
}

// shutDown ends a server. For a moment the address stays open and who comes is
// told to come again: a connection that the kernel has taken and nobody has
// accepted would be reset. Then it is closed, and the requests that run end.
func (h *Hub) shutDown(server *http.Server, drain *middleware.Drain) error {
	ctx, cancel := context.WithTimeout(context.Background(), h.config.Server.DrainTimeout)
	defer cancel()
	drain.Begin()
	time.Sleep(lastCall)
	if err := server.Shutdown(ctx); err != nil {
		h.log.Warn("requests were still running at the end", zap.Error(err))
		return server.Close()
	}
	return nil
}

// flushKeyUse writes now and then when keys were last used.
func (h *Hub) flushKeyUse(ctx context.Context) {
	ticker := time.NewTicker(flushInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if err := h.auth.Flush(ctx); err != nil {
				h.log.Warn("last-used times of keys were not written", zap.Error(err))
			}
		case <-ctx.Done():
			return
		}
	}
}
