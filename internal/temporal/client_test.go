package temporal_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"paymenthub/internal/temporal"
)

// early is well before the 10 s that Dial takes by itself: the contexts here end sooner.
const early = 9 * time.Second

func TestDialNamesTheServerThatDoesNotAnswer(t *testing.T) {
	const address = "127.0.0.1:1" // which no test is ever given
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	begin := time.Now()
	_, err := temporal.Dial(ctx, temporal.Options{
		Address: address, Namespace: "default", DataConverter: converter.GetDefaultDataConverter(),
	})
	require.ErrorContains(t, err, "cannot reach Temporal at "+address)
	require.Less(t, time.Since(begin), early)
}

func TestDialGivesUpOnASilentServer(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts, never answers
	require.NoError(t, err)
	defer silent.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	begin := time.Now()
	_, err = temporal.Dial(ctx, temporal.Options{Address: silent.Addr().String(), Namespace: "default"})
	require.ErrorContains(t, err, "cannot reach Temporal at")
	require.Less(t, time.Since(begin), early)
}

func TestLoggerKeepsTheSDKQuiet(t *testing.T) {
	core, logged := observer.New(zap.DebugLevel)
	l := log.With(temporal.NewLogger(zap.New(core)), "Namespace", "default")
	l.Info("Started Worker", "TaskQueue", "payments")
	l.Warn("odd number of values", "Attempt")
	l.Error("failed", "Attempt", 2)

	entries := logged.All()
	require.Equal(t, zap.DebugLevel, entries[0].Level)
	require.Equal(t, map[string]any{"Namespace": "default", "TaskQueue": "payments"}, entries[0].ContextMap())
	require.Contains(t, levels(entries), zap.WarnLevel)
	require.Contains(t, levels(entries), zap.ErrorLevel)
}

func levels(entries []observer.LoggedEntry) []any {
	all := make([]any, len(entries))
	for i, e := range entries {
		all[i] = e.Level
	}
	return all
}
