package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"

	"paymenthub/internal/telemetry"
	"paymenthub/internal/telemetry/traceid"
)

func TestJSONLog(t *testing.T) {
	var out bytes.Buffer
	log, err := telemetry.NewLogger("info", "json", &out)
	require.NoError(t, err)
	ctx := trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}}))
	log.Debug("not this")
	log.Named("api").Warn("slow", zap.String("payment_id", "pi_1"), traceid.Field(ctx), traceid.Field(context.Background()))

	var line map[string]string
	require.NoError(t, json.Unmarshal(out.Bytes(), &line), "one line, one object")
	ts, err := time.Parse(time.RFC3339, line["ts"])
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), ts, time.Minute)
	require.Equal(t, time.UTC, ts.Location())
	delete(line, "ts")
	require.Equal(t, map[string]string{
		"level": "warn", "logger": "api", "msg": "slow", "payment_id": "pi_1", "trace_id": "01000000000000000000000000000000",
	}, line)
}

func TestConsoleLogAndWrongSettings(t *testing.T) {
	var out bytes.Buffer
	log, err := telemetry.NewLogger("debug", "console", &out)
	require.NoError(t, err)
	log.Debug("hello", zap.Int("n", 1))
	require.Contains(t, out.String(), "DEBUG  hello  {\"n\": 1}")
	_, err = telemetry.NewLogger("loud", "json", &out)
	require.ErrorContains(t, err, "want debug, info, warn or error")
	_, err = telemetry.NewLogger("info", "xml", &out)
	require.ErrorContains(t, err, "want json or console")
}
