package paypal_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"paymenthub/internal/gateway/gatewaytest"
)

// TestConformance runs the suite of all adapters against the simulator.
func TestConformance(t *testing.T) {
	core, logs := observer.New(zapcore.DebugLevel)
	gatewaytest.Run(t, startProvider(t).harness(t, zap.New(core)))
	require.NotZero(t, logs.Len())
	for _, entry := range logs.All() {
		for _, secret := range []string{account["client_secret"], "Bearer"} {
			require.NotContains(t, entry.ContextMap(), secret)
		}
	}
}
