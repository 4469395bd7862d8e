// Package temporal connects the hub to a Temporal cluster: the client with its
// encrypted payloads, and the search attributes operators query by. The embedded
// development server is in devserver, payload encryption in codec, the domain's
// way to workflows in orchestrator.
package temporal

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.uber.org/zap"
)

const (
	// connectTimeout bounds Dial, and with it the start of the hub.
	connectTimeout = 10 * time.Second
	// healthTimeout bounds HealthCheck, which answers readiness probes.
	healthTimeout = 2 * time.Second
)

// Options of a client. Address, Namespace and DataConverter are required.
type Options struct {
	// Address of the frontend, host:port.
	Address string
	// Namespace that the hub's workflows live in; it must exist.
	Namespace string
	// DataConverter and FailureConverter seal what leaves the process (package codec).
	DataConverter    converter.DataConverter
	FailureConverter converter.FailureConverter
	// Logger receives the SDK's own messages. Nil silences them.
	Logger *zap.Logger
	// TLS of the connection; nil connects in clear unless APIKey is set.
	TLS *tls.Config
	// APIKey of Temporal Cloud; empty for none.
	APIKey string
	// Interceptors of client calls, tracing for one.
	Interceptors []interceptor.ClientInterceptor
	// Identity that histories show for this process; empty takes pid@host.
	Identity string
}

// Dial connects to the cluster and checks that the namespace is there. It gives
// up after 10 s, or earlier when ctx ends.
func Dial(ctx context.Context, o Options) (client.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	logger := o.Logger
	if logger == nil {
		logger = zap.NewNop()
	}
	options := client.Options{
		HostPort:         o.Address,
		Namespace:        o.Namespace,
		Identity:         o.Identity,
		Logger:           NewLogger(logger),
		DataConverter:    o.DataConverter,
		FailureConverter: o.FailureConverter,
		Interceptors:     o.Interceptors,
		ConnectionOptions: client.ConnectionOptions{
			TLS:                  o.TLS,
			GetSystemInfoTimeout: connectTimeout,
		},
	}
	if o.APIKey != "" {
		options.Credentials = client.NewAPIKeyStaticCredentials(o.APIKey)
	}
	if isLoopback(o.Address) {
		// Compressing for the same machine costs more than it saves.
		options.ConnectionOptions.GrpcCompression = &client.GrpcCompressionNone{}
	}
	c, err := client.DialContext(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("cannot reach Temporal at %s: %w", o.Address, err)
	}
	if err := checkNamespace(ctx, c, o.Namespace); err != nil {
		c.Close()
		return nil, fmt.Errorf("temporal at %s: %w", o.Address, err)
	}
	return c, nil
}

func checkNamespace(ctx context.Context, c client.Client, namespace string) error {
	_, err := c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: namespace})
	var notFound *serviceerror.NamespaceNotFound
	if errors.As(err, &notFound) {
		return fmt.Errorf("namespace %q does not exist; create it with: temporal operator namespace create %s", namespace, namespace)
	}
	if err != nil {
		return fmt.Errorf("namespace %q: %w", namespace, err)
	}
	return nil
}

// HealthCheck asks the frontend whether it serves. It answers within 2 s.
func HealthCheck(ctx context.Context, c client.Client) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	if _, err := c.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
		return fmt.Errorf("temporal is not serving: %w", err)
	}
	return nil
}

func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
