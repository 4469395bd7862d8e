package telemetry

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	temporaltracing "go.temporal.io/sdk/contrib/opentelemetry"
	"go.temporal.io/sdk/interceptor"
	"go.uber.org/zap"
)

const (
	service = "paymenthub"
	// exportTimeout bounds one delivery to the receiver.
	exportTimeout = 10 * time.Second
)

// TracingOptions of a Tracing.
type TracingOptions struct {
	// Endpoint is the URL of an OTLP/HTTP receiver, "http://host:4318"; a path
	// replaces "/v1/traces". Empty turns tracing off.
	Endpoint string
	// Version of the hub, for the attribute service.version.
	Version string
	// SamplePercent is the share of traces that begin here and are kept, 0 to
	// 100. A trace that a caller began is kept if the caller keeps it.
	SamplePercent int
	// Logger hears of spans that could not be delivered. Nil silences that.
	Logger *zap.Logger
}

// Tracing makes spans and sends them to a receiver in the background. A nil
// Tracing is tracing turned off: its methods may be called and cost nothing.
type Tracing struct {
	provider *sdktrace.TracerProvider
}

// NewTracing makes a Tracing; nil when there is no endpoint. It does not connect:
// a receiver that is down loses spans, never payments.
func NewTracing(ctx context.Context, o TracingOptions) (*Tracing, error) {
	if o.Endpoint == "" {
		return nil, nil //nolint:nilnil // a nil Tracing is tracing turned off
	}
	u, err := url.Parse(o.Endpoint)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("tracing: the endpoint must be an address such as http://host:4318")
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/v1/traces"
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(u.String()), otlptracehttp.WithTimeout(exportTimeout))
	if err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	if o.Logger != nil {
		otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { o.Logger.Warn("tracing", zap.Error(err)) }))
	}
	return &Tracing{provider: sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter),
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(float64(o.SamplePercent)/100))),
		sdktrace.WithResource(resource.NewSchemaless(
			attribute.String("service.name", service), attribute.String("service.version", o.Version))),
	)}, nil
}

// Provider makes tracers, for middleware that takes one.
func (t *Tracing) Provider() trace.TracerProvider {
	if t == nil {
		return noop.NewTracerProvider()
	}
	return t.provider
}

// Propagator reads and writes W3C trace context. Baggage is left out: what
// callers put in it is no business of ours to pass on.
func (t *Tracing) Propagator() propagation.TextMapPropagator { return propagation.TraceContext{} }

// TemporalInterceptor traces workflows and activities. Given to a client, it
// serves the workers made from it too. It is nil when tracing is off.
func (t *Tracing) TemporalInterceptor() (interceptor.Interceptor, error) {
	if t == nil {
		return nil, nil //nolint:nilnil // no tracing, no interceptor
	}
	i, err := temporaltracing.NewTracingInterceptor(temporaltracing.TracerOptions{
		Tracer: t.provider.Tracer(service + "/temporal"), TextMapPropagator: t.Propagator(), DisableBaggage: true,
	})
	if err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	return i, nil
}

// HTTPTransport traces calls to gateways; nil base means http.DefaultTransport.
// The trace is not made known to the gateway.
func (t *Tracing) HTTPTransport(base http.RoundTripper) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	if t == nil {
		return base
	}
	return otelhttp.NewTransport(base,
		otelhttp.WithTracerProvider(t.provider),
		otelhttp.WithPropagators(propagation.NewCompositeTextMapPropagator()),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string { return r.Method + " " + r.URL.Host }))
}

// Close delivers the spans that are waiting, until ctx ends.
func (t *Tracing) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}
