// Package traceid names the trace that a log line belongs to.
package traceid

import (
	"context"

	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"
)

// Field is the log field "trace_id" of the trace that ctx belongs to, and
// nothing where there is none.
func Field(ctx context.Context) zap.Field {
	span := trace.SpanContextFromContext(ctx)
	if !span.HasTraceID() {
		return zap.Skip()
	}
	return zap.String("trace_id", span.TraceID().String())
}
