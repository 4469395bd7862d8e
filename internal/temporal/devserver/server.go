//go:build !slim

package devserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/metrics"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/temporal"
	"go.uber.org/zap"

	hubtemporal "paymenthub/internal/temporal"
)

const (
	// readyTimeout bounds the wait for a started server to answer.
	readyTimeout = 20 * time.Second
	readyPolling = 10 * time.Millisecond
	// stopTimeout bounds Stop. Whatever is still draining then is abandoned: every
	// answered request is in the database already.
	stopTimeout = 3 * time.Second
)

// Server is a running Temporal server.
type Server struct {
	address  endpoint
	temporal temporal.Server
	ui       *ui
	stopping atomic.Bool
}

// Start runs a server and returns when it answers and its namespace and search
// attributes are there. A port in use is an error that names the address.
func Start(ctx context.Context, o Options) (*Server, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	var uiListener net.Listener
	if o.UIAddress != "" {
		if uiListener, err = listen("the Temporal UI", o.UIAddress); err != nil {
			return nil, err
		}
	}
	s, err := start(ctx, o, uiListener)
	if err != nil && uiListener != nil {
		_ = uiListener.Close()
	}
	return s, err
}

func start(ctx context.Context, o Options, uiListener net.Listener) (*Server, error) {
	services, err := reserveServices(o.Address)
	if err != nil {
		return nil, err
	}
	databases, err := openStores(o)
	if err != nil {
		return nil, err
	}
	s := &Server{address: services[primitives.FrontendService]}
	if s.temporal, err = runTemporal(serverConfig(o, databases, services), services, serverLogger(o.Logger, &s.stopping)); err != nil {
		return nil, fmt.Errorf("embedded Temporal at %s: %w", s.address, err)
	}
	if err := s.awaitReady(ctx, o); err != nil {
		s.Stop()
		return nil, fmt.Errorf("embedded Temporal at %s: %w", s.address, err)
	}
	if uiListener != nil {
		if s.ui, err = startUI(uiListener, s.address.String(), o); err != nil {
			s.Stop()
			return nil, fmt.Errorf("the Temporal UI: %w", err)
		}
	}
	return s, nil
}

// Address is the frontend's host:port.
func (s *Server) Address() string { return s.address.String() }

// UIAddress is the UI's host:port, empty when it was left out.
func (s *Server) UIAddress() string {
	if s.ui == nil {
		return ""
	}
	return s.ui.address
}

// Stop ends the server within about 3 s. Stop workers and close clients first:
// the frontend waits a second for connections that are still open.
func (s *Server) Stop() {
	if s.stopping.Swap(true) {
		return
	}
	if s.ui != nil {
		s.ui.stop()
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		_ = s.temporal.Stop() // its services log their own errors
	}()
	select {
	case <-stopped:
	case <-time.After(stopTimeout):
	}
}

// runTemporal builds and starts the four services. Temporal logs start-up
// failures as fatal and means to end the process with that; here they become a
// panic, caught and returned as an error.
func runTemporal(cfg *config.Config, services serviceEndpoints, logger log.Logger) (server temporal.Server, err error) {
	defer func() {
		if failure := recover(); failure != nil {
			err = fmt.Errorf("start failed: %v", failure)
		}
	}()
	hosts := make(map[primitives.ServiceName]static.Hosts, len(services))
	for name, address := range services {
		hosts[name] = static.SingleLocalHost(address.String())
	}
	server, err = temporal.NewServer(
		temporal.WithConfig(cfg),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithStaticHosts(hosts),
		temporal.WithDynamicConfigClient(dynamicConfig()),
		temporal.WithLogger(logger),
		temporal.WithCustomMetricsHandler(metrics.NoopMetricsHandler),
		temporal.WithAuthorizer(authorization.NewNoopAuthorizer()),
		temporal.WithClaimMapper(func(*config.Config) authorization.ClaimMapper {
			return authorization.NewNoopClaimMapper()
		}),
	)
	if err != nil {
		return nil, err
	}
	return server, server.Start()
}

// awaitReady returns when the frontend answers for the namespace and the search
// attributes can be used.
func (s *Server) awaitReady(ctx context.Context, o Options) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	c, err := client.NewLazyClient(client.Options{
		HostPort:  s.address.String(),
		Namespace: o.Namespace,
		Logger:    hubtemporal.NewLogger(zap.NewNop()), // refusals are expected until it serves
	})
	if err != nil {
		return err
	}
	defer c.Close()
	for {
		err := probe(ctx, c, o.Namespace)
		if err == nil {
			break
		}
		select {
		case <-ctx.Done():
			return errors.Join(errors.New("did not begin to serve"), err)
		case <-time.After(readyPolling):
		}
	}
	return hubtemporal.RegisterSearchAttributes(ctx, c, o.Namespace, o.SearchAttributes)
}

func probe(ctx context.Context, c client.Client, namespace string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_, err := c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: namespace})
	return err
}
