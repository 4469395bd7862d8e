package middleware

import (
	"github.com/gin-gonic/gin"
	"go.opentelemetry.io/contrib/instrumentation/github.com/gin-gonic/gin/otelgin"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Tracing makes a span of each request, and continues the caller's trace where
// there is one (W3C Trace Context).
func Tracing(provider trace.TracerProvider) gin.HandlerFunc {
	return otelgin.Middleware("paymenthub",
		otelgin.WithTracerProvider(provider),
		otelgin.WithPropagators(propagation.TraceContext{}),
		otelgin.WithFilter(traceable))
}
