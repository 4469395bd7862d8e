package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"go.uber.org/zap"

	"paymenthub/config"
	"paymenthub/internal/app"
	"paymenthub/internal/datadir"
	"paymenthub/internal/merchant"
	"paymenthub/internal/simulator/chassis"
	"paymenthub/internal/temporal/attribute"
	"paymenthub/internal/temporal/codec"
	"paymenthub/internal/temporal/devserver"
)

// codecPath is where the Temporal UI has payloads decoded, on the API's address.
const codecPath = "/temporal/codec"

// stack is everything that development mode runs in one process.
type stack struct {
	dir       datadir.Dir
	config    config.Config
	log       *zap.Logger
	listener  net.Listener // of the API
	simulated []string     // the providers whose simulators are to run
	running   []*simulator
	temporal  *devserver.Server // nil with --temporal-address
	hub       *app.Hub
	handler   http.Handler
	stopHub   func()
	info      datadir.Info
	temporalOptions
}

// temporalOptions say where the embedded Temporal server answers.
type temporalOptions struct {
	address   string
	uiAddress string // "" leaves the UI out
}

func temporalFlags(flags *pflag.FlagSet, o *temporalOptions) {
	flags.StringVar(&o.address, "temporal-addr", "127.0.0.1:7233", "address of the embedded Temporal server")
	flags.StringVar(&o.uiAddress, "temporal-ui-addr", "127.0.0.1:8233", "address of the Temporal UI")
}

// startStack starts the parts, slow ones beside each other.
func startStack(ctx context.Context, s *stack) error {
	began := time.Now()
	say := func(what string) {
		s.log.Info(what, zap.Duration("after", time.Since(began).Round(time.Millisecond)))
	}
	if err := s.listen(ctx); err != nil {
		return err
	}
	keys, err := config.DevKeys(s.dir.Keys())
	if err != nil {
		return err
	}
	s.config.Keys = keys
	temporal := make(chan error, 1)
	go func() { temporal <- s.startTemporal(ctx) }()
	err = errors.Join(s.migrate(ctx), s.startSimulators(ctx), <-temporal)
	if err != nil {
		return err
	}
	say("Temporal, database and simulators are ready")
	if err := s.config.Validate(); err != nil {
		return err
	}
	if s.hub, err = app.Open(ctx, s.config, Version, s.log); err != nil {
		return err
	}
	if s.stopHub, err = s.hub.StartWorker(); err != nil {
		return err
	}
	api, err := s.hub.Handler(func() string { return s.info.MerchantID })
	if err != nil {
		return err
	}
	s.handler, err = s.withCodec(api)
	say("the hub is ready")
	return err
}

// listen takes the API's address first: whoever starts a second hub is told at once.
func (s *stack) listen(ctx context.Context) (err error) {
	if s.listener, err = listen(ctx, s.config.Server.Addr, "--addr"); err != nil {
		return err
	}
	s.config.Server.Addr = s.listener.Addr().String()
	return nil
}

func (s *stack) startTemporal(ctx context.Context) (err error) {
	if s.config.Temporal.Address != "" {
		return nil
	}
	s.temporal, err = devserver.Start(ctx, devserver.Options{
		DataFile: s.dir.TemporalDatabase(), Address: s.address, UIAddress: s.uiAddress,
		Namespace: s.config.Temporal.Namespace, SearchAttributes: attribute.Types(),
		CodecEndpoint: s.baseURL() + codecPath, Logger: s.log,
	})
	if err != nil {
		return fmt.Errorf("%w (--temporal-addr and --temporal-ui-addr choose where it answers)", err)
	}
	s.config.Temporal.Address = s.temporal.Address()
	return nil
}

func (s *stack) migrate(ctx context.Context) error {
	db, err := app.OpenStore(ctx, s.config, s.log)
	if err != nil {
		return err
	}
	return errors.Join(db.Migrate(ctx), db.Close())
}

// startSimulators starts the providers' simulators and makes them the gateways of
// both environments, where no real ones are configured.
func (s *stack) startSimulators(ctx context.Context) error {
	before := s.info.Simulators
	s.info.Simulators = map[string]string{}
	for _, kind := range simulatorKinds {
		if !slices.Contains(s.simulated, kind.provider) {
			continue
		}
		if err := s.startSimulator(ctx, kind, strings.TrimPrefix(before[kind.provider], "http://")); err != nil {
			return fmt.Errorf("cannot start %s's simulator: %w", kind.title, err)
		}
	}
	return nil
}

// startSimulator starts one. It keeps its address over restarts where it can:
// shoppers may be on its pages.
func (s *stack) startSimulator(ctx context.Context, kind simulatorKind, previous string) error {
	var network net.ListenConfig
	listener, err := network.Listen(ctx, "tcp", previous)
	if previous == "" || err != nil {
		if listener, err = network.Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
			return err
		}
	}
	url := "http://" + listener.Addr().String()
	s.info.Simulators[kind.provider] = url
	options := chassis.Options{DataFile: s.dir.SimulatorDatabase(kind.provider), Logger: s.log}
	gateways := &s.config.Gateways
	for env, accounts := range map[merchant.Environment]*config.Accounts{merchant.Sandbox: &gateways.Sandbox, merchant.Live: &gateways.Live} {
		if slices.Contains(gateways.Connected(*accounts), kind.provider) {
			continue // a real one
		}
		credentials := kind.credentials(string(env))
		accounts.Connect(kind.provider, credentials, url)
		options.Webhooks = append(options.Webhooks, chassis.Webhook{
			Credentials: credentials, URL: s.baseURL() + "/webhooks/" + kind.provider + "/" + string(env),
		})
	}
	sim, err := kind.start(listener, options)
	if err != nil {
		return err
	}
	s.running = append(s.running, sim)
	return nil
}

// baseURL is where the API is reached from this machine: an address that stands for all of
// its networks (0.0.0.0, ::) is none that a browser opens.
func (s *stack) baseURL() string {
	scheme := "http://"
	if s.config.Server.TLSCert != "" {
		scheme = "https://"
	}
	address := s.config.Server.Addr
	if listening, err := netip.ParseAddrPort(address); err == nil && listening.Addr().IsUnspecified() {
		address = net.JoinHostPort("127.0.0.1", strconv.Itoa(int(listening.Port())))
	}
	return scheme + address
}

// withCodec lets the Temporal UI read payloads through this process, from this
// machine only.
func (s *stack) withCodec(api http.Handler) (http.Handler, error) {
	if s.temporal == nil || s.temporal.UIAddress() == "" {
		return api, nil
	}
	payloads, err := app.Codec(s.config)
	if err != nil {
		return nil, err
	}
	ui := s.temporal.UIAddress()
	origins := []string{"http://" + ui}
	if host, port, err := net.SplitHostPort(ui); err == nil && host == "127.0.0.1" {
		origins = append(origins, "http://localhost:"+port)
	}
	decoder := http.StripPrefix(codecPath, codec.Handler(payloads, origins, nil))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, codecPath+"/") {
			decoder.ServeHTTP(w, r)
			return
		}
		api.ServeHTTP(w, r)
	}), nil
}

// serve answers until ctx ends.
func (s *stack) serve(ctx context.Context) error { return s.hub.Serve(ctx, s.listener, s.handler) }

// stop ends what was started, in the opposite order.
func (s *stack) stop() {
	var errs []error
	if s.stopHub != nil {
		s.stopHub()
	}
	if s.hub != nil {
		errs = append(errs, s.hub.Close())
	}
	if s.temporal != nil {
		s.temporal.Stop()
	}
	errs = append(errs, stopAll(s.running))
	if s.listener != nil {
		_ = s.listener.Close() // closed already when it was served on
	}
	if err := errors.Join(errs...); err != nil {
		s.log.Warn("not everything was closed", zap.Error(err))
	}
}
